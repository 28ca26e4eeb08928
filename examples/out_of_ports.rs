//! Connects to one server until no port is left for the client's end, and then to another one.
//! The kernel chooses from ip_local_port_range (ip(7)).

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

fn main() -> io::Result<()> {
    let first = TcpListener::bind("127.0.0.1:5001")?;
    let second = TcpListener::bind("127.0.0.1:5002")?;
    let to_first = connect_all(first.local_addr()?)?;
    let to_second = connect_all(second.local_addr()?)?;
    println!("{} connections in all", to_first.len() + to_second.len());
    Ok(())
}

/// Connects until that fails, and prints the ports of the client's ends.
fn connect_all(server: SocketAddr) -> io::Result<Vec<TcpStream>> {
    let mut clients = Vec::new();
    let mut ports = Vec::new();
    let error = loop {
        match TcpStream::connect(server) {
            Ok(client) => {
                ports.push(client.local_addr()?.port());
                clients.push(client);
            }
            Err(error) => break error,
        }
    };
    ports.sort_unstable();
    println!("to {server} from {ports:?}, then: {error}");
    Ok(clients)
}
