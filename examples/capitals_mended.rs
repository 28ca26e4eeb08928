//! A server that answers each read at once, in capital letters.
//! `capitals` without its bug: `lessons/bugs/capitals.md`.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

// ANCHOR: program
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:7103")?;
    println!("listening on 127.0.0.1:7103");
    serve(&listener)
}

fn serve(listener: &TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept()?;
        if let Err(error) = shout(stream) {
            println!("lost: {error}");
        }
    }
}

fn shout(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    let mut waiting = Vec::new();
    loop {
        let size = stream.read(&mut buffer)?;
        if size == 0 {
            return stream.write_all(&in_capitals(&waiting));
        }
        waiting.extend(&buffer[..size]);
        let rest = waiting.split_off(whole(&waiting));
        stream.write_all(&in_capitals(&waiting))?;
        waiting = rest;
    }
}

fn in_capitals(bytes: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(bytes).to_uppercase().into_bytes()
}

/// The number of bytes before a character of which only the beginning has come.
fn whole(bytes: &[u8]) -> usize {
    let rest = bytes.utf8_chunks().last().map_or(&[][..], |chunk| chunk.invalid());
    match str::from_utf8(rest) {
        Err(error) if error.error_len().is_none() => bytes.len() - rest.len(),
        _ => bytes.len(),
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
    fn a_text_may_be_cut_anywhere() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        thread::spawn(move || serve(&listener));
        let text = "a café\n";
        for cut in 0..=text.len() {
            let mut client = Client::connect(server);
            let (first, rest) = text.as_bytes().split_at(cut);
            client.send_apart(first);
            client.send(rest);
            client.half_close();
            let answer = String::from_utf8(client.read_to_end()).unwrap();
            assert_eq!(answer, "A CAFÉ\n", "the text was cut after {cut} bytes");
        }
    }
    // ANCHOR_END: test
}
