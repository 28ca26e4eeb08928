//! Connects to a listener that never accepts, until its queue is full. Then the server's kernel
//! does not refuse: it drops the SYN, as if it had not come (listen(2), tcp(7)).

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

fn main() -> io::Result<()> {
    // ANCHOR: calls
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    let anywhere: SocketAddr = ([127, 0, 0, 1], 0).into();
    listener.bind(&anywhere.into())?;
    listener.listen(2)?;
    let address = listener.local_addr()?.as_socket().expect("it is TCP");

    let mut queue = Vec::new();
    loop {
        match TcpStream::connect_timeout(&address, Duration::from_millis(500)) {
            Ok(client) => queue.push(client),
            Err(error) => {
                println!("call {}: {error}", queue.len() + 1);
                return Ok(());
            }
        }
        println!("call {}: connected", queue.len());
    }
    // ANCHOR_END: calls
}
