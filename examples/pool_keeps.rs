//! A pool of three workers that go on after a panic: a client sends a number, and gets that word.
//! Three clients ask for a word that is not there (std::panic::catch_unwind).

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::panic::catch_unwind;
use std::thread;
use std::time::Duration;

use crossbeam_channel::bounded;

const WORDS: [&str; 3] = ["zero", "one", "two"];

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (queue, waiting) = bounded(8);
    for _ in 0..3 {
        let waiting = waiting.clone();
        let serve = |client| drop(catch_unwind(|| answer(client)));
        thread::spawn(move || waiting.iter().for_each(serve));
    }
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let _ = queue.send(client);
        }
    });

    for number in [1, 7, 7, 7, 1] {
        let answer = ask(address, number).unwrap_or_else(|_| "nothing within 3 seconds".to_owned());
        println!("{number}: {answer}");
    }
    Ok(())
}

fn answer(client: TcpStream) {
    let line = BufReader::new(&client).lines().next();
    let number: usize = line.and_then(|line| line.ok()?.parse().ok()).unwrap_or_default();
    let _ = writeln!(&client, "{}", WORDS[number]);
}

fn ask(address: SocketAddr, number: usize) -> io::Result<String> {
    let server = TcpStream::connect(address)?;
    server.set_read_timeout(Some(Duration::from_secs(3)))?;
    writeln!(&server, "{number}")?;
    BufReader::new(server).lines().next().unwrap_or_else(|| Ok("the end".to_owned()))
}
