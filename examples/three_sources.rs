//! Waits for two listeners and the keyboard at once, for a given time: every select loop has this
//! form (select(2)).

use std::fs::File;
use std::io::{self, Read};
use std::net::TcpListener;
use std::os::fd::AsFd;

use nix::sys::select::{FdSet, select};
use nix::sys::time::{TimeVal, TimeValLike};

fn main() -> io::Result<()> {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let seconds = seconds.unwrap_or(60);
    let front = TcpListener::bind("127.0.0.1:5001")?;
    let back = TcpListener::bind("127.0.0.1:5002")?;
    // A file, since `io::stdin` reads ahead into a buffer that select cannot see.
    let mut keyboard = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    println!("waiting at two doors and the keyboard");
    // ANCHOR: loop
    loop {
        // The call changes the set and the timeout, so each turn makes both again.
        let mut readable = FdSet::new();
        readable.insert(front.as_fd());
        readable.insert(back.as_fd());
        readable.insert(keyboard.as_fd());
        let mut time = TimeVal::seconds(seconds);
        if select(None, &mut readable, None, None, &mut time)? == 0 {
            println!("nothing for {seconds} s");
            return Ok(());
        }
        if readable.contains(front.as_fd()) {
            front.accept()?;
            println!("a client at the front door");
        }
        if readable.contains(back.as_fd()) {
            back.accept()?;
            println!("a client at the back door");
        }
        if readable.contains(keyboard.as_fd()) {
            let mut line = [0; 100];
            match keyboard.read(&mut line)? {
                0 => return Ok(()),
                count => println!("{count} bytes typed"),
            }
        }
    }
    // ANCHOR_END: loop
}
