//! An echo service without protection, made to answer another echo service: one of its own, or the
//! one at the given address. It counts its answers until there is silence, or 5,000 (CERT
//! CA-1996-01).

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};
use std::{env, thread};

/// After this many answers, the storm is shown.
const ENOUGH: u32 = 5_000;

// ANCHOR: storm
fn main() -> io::Result<()> {
    let echo = UdpSocket::bind("127.0.0.1:0")?;
    let other: SocketAddr = match env::args().nth(1) {
        Some(address) => address.parse().map_err(io::Error::other)?,
        None => start_another()?,
    };
    // An attacker would forge a datagram with our address as its sender. To the other service it
    // looks like this one, which needs no root.
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
