//! A server that counts words: a client sends the name of a text, LF, the text's size as a u32 in
//! big-endian, LF, and the text.
//! Has a bug: `lessons/bugs/words.md`.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

// ANCHOR: program
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:7102")?;
    println!("listening on 127.0.0.1:7102");
    serve(&listener)
}

fn serve(listener: &TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept()?;
        if let Err(error) = count(&stream) {
            println!("lost: {error}");
        }
    }
}

fn count(mut stream: &TcpStream) -> io::Result<()> {
    let mut input = BufReader::new(stream);
    let name = line(&mut input)?;
    let size = number(&line(&mut input)?);
    let mut text = Vec::new();
    input.take(size).read_to_end(&mut text)?;
    let words = String::from_utf8_lossy(&text).split_whitespace().count();
    let name = String::from_utf8_lossy(&name);
    stream.write_all(format!("{name}: {size} bytes, {words} words\r\n").as_bytes())
}

/// The number that these bytes are in big-endian.
fn number(bytes: &[u8]) -> u64 {
    let shift = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    bytes.iter().fold(0, shift)
}

/// Reads a line, without its end.
fn line(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    input.read_until(b'\n', &mut line)?;
    line.pop_if(|last| *last == b'\n');
    Ok(line)
}
// ANCHOR_END: program

#[cfg(test)]
mod tests {
    use std::thread;

    use test_kit::Client;

    use super::*;

    // ANCHOR: test
    #[test]
    fn a_text_may_have_any_size() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        thread::spawn(move || serve(&listener));
        for size in 1..=300_u32 {
            let mut client = Client::connect(server);
            let text = vec![b'x'; size as usize];
            client.send([b"text\n", &size.to_be_bytes()[..], b"\n", &text].concat());
            client.expect_line(format!("text: {size} bytes, 1 words"));
        }
    }
    // ANCHOR_END: test
}
