//! The side that closes first keeps the connection for a minute, in the state TIME-WAIT. A
//! restarted server needs SO_REUSEADDR to get its port back meanwhile (socket(7)).

use std::io::{self, Read};
use std::net::{SocketAddr, TcpStream};

use socket2::{Domain, Socket, Type};

fn main() -> io::Result<()> {
    // ANCHOR: again
    for (port, reuse) in [(5001, false), (5002, true)] {
        let address: SocketAddr = ([127, 0, 0, 1], port).into();
        let listener = listen(address, reuse)?;
        let mut client = TcpStream::connect(address)?;
        let (server, _) = listener.accept()?;
        drop(server); // the server closes first ...
        assert_eq!(client.read(&mut [0])?, 0);
        drop(client);
        drop(listener); // ... and ends
        match listen(address, reuse) {
            Ok(_) => println!("SO_REUSEADDR {reuse}: listening again"),
            Err(error) => println!("SO_REUSEADDR {reuse}: {error}"),
        }
    }
    // ANCHOR_END: again
    Ok(())
}

fn listen(address: SocketAddr, reuse: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_address(reuse)?;
    socket.bind(&address.into())?;
    socket.listen(1)?;
    Ok(socket)
}
