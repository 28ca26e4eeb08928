//! Sets options and reads them back: the kernel may choose another value (socket(7)).

use std::io;
use std::net::{TcpListener, TcpStream};

use socket2::SockRef;

fn main() -> io::Result<()> {
    // ANCHOR: options
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let stream = TcpStream::connect(listener.local_addr()?)?;
    let socket = SockRef::from(&stream);

    println!("SO_SNDBUF at first: {}", socket.send_buffer_size()?);
    for size in [10_000, 1, 1_000_000_000] {
        socket.set_send_buffer_size(size)?;
        println!("set to {size}: {}", socket.send_buffer_size()?);
    }

    SockRef::from(&listener).set_keepalive(true)?;
    let _another = TcpStream::connect(listener.local_addr()?)?;
    for when in ["before", "after"] {
        let (accepted, _) = listener.accept()?;
        let keepalive = SockRef::from(&accepted).keepalive()?;
        println!("connected {when} the listener's option was set: {keepalive}");
    }
    // ANCHOR_END: options
    Ok(())
}
