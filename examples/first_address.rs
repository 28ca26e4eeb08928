//! Connects to a name in two ways: to its first address, and to each until one answers
//! (getaddrinfo(3)).

use std::io;
use std::net::{TcpStream, ToSocketAddrs};

fn main() -> io::Result<()> {
    // ANCHOR: connect
    let mut addresses = ("two-doors", 5000).to_socket_addrs()?;
    println!("all:   {:?}", addresses.clone().collect::<Vec<_>>());

    let first = addresses
        .next()
        .expect("a name has an address, or is an error");
    match TcpStream::connect(first) {
        Ok(_) => println!("first: connected to {first}"),
        Err(error) => println!("first: {error}"),
    }
    let stream = TcpStream::connect(("two-doors", 5000))?;
    println!("each:  connected to {}", stream.peer_addr()?);
    // ANCHOR_END: connect
    Ok(())
}
