//! A thread server whose threads share a list: a client sends a number, and gets that word.
//! One client asks for a word that is not there (std::sync::Mutex, "Poisoning").

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::thread;

static WORDS: Mutex<[&str; 3]> = Mutex::new(["zero", "one", "two"]);

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:4100")?;
    println!("listening on 127.0.0.1:4100");
    loop {
        let (stream, _) = listener.accept()?;
        thread::spawn(move || answer(&stream));
    }
}

fn answer(mut stream: &TcpStream) {
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let number: usize = line.parse().unwrap_or_default();
        let words = WORDS.lock().unwrap();
        let _ = writeln!(stream, "{}", words[number]);
    }
}
