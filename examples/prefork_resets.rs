//! Two listeners of one port, and one of them is closed while clients wait there (socket(7),
//! SO_REUSEPORT).

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};

use socket2::{Domain, Socket, Type};

fn main() -> io::Result<()> {
    let first = listen("127.0.0.1:0".parse().expect("an address"))?;
    let address = first.local_addr()?;
    let second = listen(address)?;
    let clients: Vec<TcpStream> =
        (0..20).map(|_| TcpStream::connect(address)).collect::<io::Result<_>>()?;

    // The worker of the second listener dies, and the kernel closes its descriptors.
    drop(second);
    let mut lost = 0;
    for client in &clients {
        client.set_nonblocking(true)?;
        let peeked = client.peek(&mut [0]);
        lost += u32::from(peeked.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    }
    println!("{lost} of 20 clients have lost their connection");
    Ok(())
}

/// Listens beside other listeners of the same port.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_port(true)?;
    socket.bind(&address.into())?;
    socket.listen(128)?;
    Ok(socket.into())
}
