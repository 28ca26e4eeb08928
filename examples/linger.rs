//! SO_LINGER with a time of zero makes close(2) a reset (socket(7)).

use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use socket2::SockRef;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    // ANCHOR: linger
    for linger in [None, Some(Duration::ZERO)] {
        let mut client = TcpStream::connect(listener.local_addr()?)?;
        let (server, _) = listener.accept()?;
        SockRef::from(&server).set_linger(linger)?;
        drop(server);
        println!(
            "linger {linger:?}: the client's read gives {:?}",
            client.read(&mut [0]).map_err(|error| error.kind())
        );
    }
    // ANCHOR_END: linger
    Ok(())
}
