//! Two orders to send on one socket, both under way at once (io_uring(7)).

use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::thread;

use io_uring::{IoUring, opcode, types::Fd};

/// More than a socket takes at once.
const SIZE: usize = 8 << 20;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    let texts = [vec![b'a'; SIZE], vec![b'b'; SIZE]];
    let mut sent = [0; 2];
    let mut ring = IoUring::new(8)?;

    order(&mut ring, &server, &texts[0], 0)?;
    order(&mut ring, &server, &texts[1], 1)?;
    ring.submit()?;
    let mut under_way = 2;
    let reader = thread::spawn(move || read(client));
    while under_way > 0 {
        ring.submit_and_wait(under_way)?;
        let done: Vec<_> = ring.completion().collect();
        under_way -= done.len();
        for done in done {
            let number = done.user_data() as usize;
            sent[number] += done.result() as usize;
            if sent[number] < SIZE {
                order(&mut ring, &server, &texts[number][sent[number]..], done.user_data())?;
                under_way += 1;
            }
        }
    }
    drop(server);
    println!("the client reads {}", reader.join().expect("no panic")?);
    Ok(())
}

#[allow(unsafe_code)]
fn order(ring: &mut IoUring, server: &TcpStream, text: &[u8], name: u64) -> io::Result<()> {
    let socket = Fd(server.as_raw_fd());
    let order = opcode::Send::new(socket, text.as_ptr(), text.len() as u32).build();
    // SAFETY: the socket and the texts stay until both are sent.
    unsafe { ring.submission().push(&order.user_data(name)) }.map_err(io::Error::other)
}

/// Reads to the end, and returns each letter where another one begins: "a b" if nothing is mixed.
fn read(mut client: TcpStream) -> io::Result<String> {
    let mut all = Vec::new();
    client.read_to_end(&mut all)?;
    all.dedup();
    all.truncate(3);
    let letters: Vec<_> = all.iter().map(|&letter| char::from(letter).to_string()).collect();
    Ok(letters.join(", then "))
}
