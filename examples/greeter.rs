//! A server that greets: each line is a name, and the server answers it with a line.
//! Has a bug: `lessons/bugs/greeter.md`.
//!
//! `nc 127.0.0.1 7101` can be the client.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

// ANCHOR: program
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:7101")?;
    println!("listening on 127.0.0.1:7101");
    serve(&listener)
}

fn serve(listener: &TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept()?;
        if let Err(error) = greet(stream) {
            println!("lost: {error}");
        }
    }
}

fn greet(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 100];
    loop {
        let size = stream.read(&mut buffer)?;
        if size == 0 {
            return Ok(());
        }
        let name = String::from_utf8_lossy(&buffer[..size]);
        stream.write_all(format!("hello, {}\r\n", name.trim()).as_bytes())?;
    }
}
// ANCHOR_END: program

#[cfg(test)]
mod tests {
    use std::thread;

    use test_kit::Client;

    use super::*;

    // ANCHOR: test
    #[test]
    fn a_name_comes_when_it_comes() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = Client::connect(listener.local_addr().unwrap());
        thread::spawn(move || serve(&listener));
        client.send_apart("An");
        client.send("n\n");
        client.expect_line("hello, Ann");
    }
    // ANCHOR_END: test
}
