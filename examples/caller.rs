//! A client: it connects to a server, says a line and shows the answer.
//! Has a bug: `lessons/bugs/caller.md`.

use std::io::{self, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};

// ANCHOR: program
fn main() -> io::Result<()> {
    let arguments: Vec<_> = std::env::args().collect();
    let [_, server, line] = &arguments[..] else {
        return Err(io::Error::other("want HOST:PORT and a line"));
    };
    print!("{}", ask(server, line)?);
    Ok(())
}

/// Returns the server's whole answer to a line.
fn ask(server: impl ToSocketAddrs, line: &str) -> io::Result<String> {
    let mut addresses = server.to_socket_addrs()?;
    let address = addresses.next().ok_or(io::ErrorKind::NotFound)?;
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(format!("{line}\n").as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    io::read_to_string(stream)
}
// ANCHOR_END: program

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener};
    use std::thread;

    use super::*;

    // ANCHOR: test
    #[test]
    fn a_server_may_have_two_addresses() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let listens = listener.local_addr().unwrap();
        let refuses = SocketAddr::from(([127, 0, 0, 2], listens.port()));
        thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            client.write_all(b"hello to you\n").unwrap();
            io::copy(&mut client, &mut io::sink())
        });
        let answer = ask(&[refuses, listens][..], "hello").unwrap();
        assert_eq!(answer, "hello to you\n");
    }
    // ANCHOR_END: test
}
