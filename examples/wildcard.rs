//! Listens at one address, then at all of them: 0.0.0.0, the wildcard (ip(7), INADDR_ANY).
//! All of 127.0.0.0/8 is this machine, so a client can choose among several addresses.

use std::io;
use std::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    // ANCHOR: listen
    for address in ["127.0.0.1:0", "0.0.0.0:0"] {
        let listener = TcpListener::bind(address)?;
        let port = listener.local_addr()?.port();
        println!("listening at {address}");
        for host in ["127.0.0.1", "127.0.0.2"] {
            match TcpStream::connect((host, port)) {
                Err(error) => println!("  called at {host}: {error}"),
                Ok(_client) => {
                    let (accepted, _) = listener.accept()?;
                    let own = accepted.local_addr()?.ip();
                    println!("  called at {host}: accepted, and its own address is {own}");
                }
            }
        }
    }
    // ANCHOR_END: listen
    Ok(())
}
