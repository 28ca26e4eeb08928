//! One read gets three writes, and three reads get one write: a stream has no borders (tcp(7)).

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut writer = TcpStream::connect(listener.local_addr()?)?;
    let (mut reader, _) = listener.accept()?;

    // ANCHOR: borders
    for piece in ["on", "e\ntwo", "\n"] {
        writer.write_all(piece.as_bytes())?;
        println!("written: {piece:?}");
    }
    let mut large = [0; 100];
    while reader.peek(&mut large)? < 8 {} // until all of it has come
    let count = reader.read(&mut large)?;
    println!("read:    {:?}", String::from_utf8_lossy(&large[..count]));

    writer.write_all(b"one\ntwo\n")?;
    println!("written: {:?}", "one\ntwo\n");
    let mut small = [0; 3];
    for _ in 0..3 {
        let count = reader.read(&mut small)?;
        println!("read:    {:?}", String::from_utf8_lossy(&small[..count]));
    }
    // ANCHOR_END: borders
    Ok(())
}
