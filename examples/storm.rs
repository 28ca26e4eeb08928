//! An echo service without guards, made to answer another one: either one like itself, or the one
//! whose address is given. Counts its answers until there is silence, or enough (CERT CA-1996-01).

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};
use std::{env, thread};

/// After so many answers it has been shown.
const ENOUGH: u32 = 5_000;

// ANCHOR: storm
fn main() -> io::Result<()> {
    let echo = UdpSocket::bind("127.0.0.1:0")?;
    let other: SocketAddr = match env::args().nth(1) {
        Some(address) => address.parse().map_err(io::Error::other)?,
        None => start_another()?,
    };
    // Whoever forges a datagram writes our address where the sender's is. To the other it looks
    // like this one, which saves us from needing a root.
    echo.send_to(b"hello", other)?;
    echo.set_read_timeout(Some(Duration::from_secs(1)))?;
    let began = Instant::now();
    for answers in 0..ENOUGH {
        if answer_one(&echo).is_err() {
            println!("{answers} answers, then silence");
            return Ok(());
        }
    }
    let time = began.elapsed().as_millis();
    println!("{ENOUGH} answers in {time} ms, and no end");
    Ok(())
}

fn answer_one(socket: &UdpSocket) -> io::Result<usize> {
    let mut buffer = [0; 65_535];
    let (size, from) = socket.recv_from(&mut buffer)?;
    socket.send_to(&buffer[..size], from)
}
// ANCHOR_END: storm

/// An echo service that ends with the process.
fn start_another() -> io::Result<SocketAddr> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let address = socket.local_addr();
    thread::spawn(move || while answer_one(&socket).is_ok() {});
    address
}
