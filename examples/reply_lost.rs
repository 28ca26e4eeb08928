//! Closing a socket that holds unread input resets the connection, and the bytes still on their way
//! to the peer are lost (RFC 2525, 2.17). `finish` shuts the sending side and reads to the end.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

// ANCHOR: ends
fn main() -> io::Result<()> {
    reply("close", drop)?;
    reply("finish", finish)
}

fn finish(mut server: TcpStream) {
    let _ = server.shutdown(Shutdown::Write);
    while server.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {}
}
// ANCHOR_END: ends

fn reply(how: &str, end: fn(TcpStream)) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    client.write_all(b"a question that nobody reads")?;

    let (mut server, _) = listener.accept()?;
    server.set_nonblocking(true)?;
    let taken = server.write(&vec![b'x'; 10_000_000])?;
    server.set_nonblocking(false)?;
    let ending = std::thread::spawn(move || end(server));
    if how == "close" {
        ending.join().expect("it ends");
    }

    let mut arrived = Vec::new();
    match client.read_to_end(&mut arrived) {
        Ok(_) => assert_eq!(arrived.len(), taken),
        Err(error) => {
            assert!(arrived.len() < taken);
            println!("{how}: {taken} bytes taken, {} arrived, then: {error}", arrived.len());
            return Ok(());
        }
    }
    println!("{how}: {taken} bytes taken, and all have arrived");
    Ok(())
}
