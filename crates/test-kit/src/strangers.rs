//! Strangers in a room: they flood it, read nothing, and come back after each cut.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::{Client, Server, again, deadline, wait_until};

/// The smallest receive buffer that the kernel gives (socket(7), SO_RCVBUF): only this much is on
/// its way to a stranger before the server has to keep the rest.
const BUFFER: usize = 2304;

/// How many times a stranger's line is in one write.
const AT_ONCE: usize = 500;

/// Strangers that flood a server until this is dropped.
#[derive(Debug)]
pub struct Strangers {
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Strangers {
    /// Connects `count` strangers to the server, and returns when each has sent something. The
    /// first sends the first of `lines` over and over, the second the second, and so on.
    #[track_caller]
    pub fn come(server: &Server, count: usize, lines: &[&str]) -> Strangers {
        let (address, is_over) = (server.address(), Arc::<AtomicBool>::default());
        let arrived = Arc::<AtomicUsize>::default();
        let stranger = |number: usize| {
            let flood = lines[number % lines.len()].repeat(AT_ONCE).into_bytes();
            let (is_over, arrived) = (Arc::clone(&is_over), Arc::clone(&arrived));
            let work = move || {
                let mut is_new = true;
                while !is_over.load(SeqCst) {
                    // This ends with an error each time, since the server cuts the stranger off.
                    let _ = say(address, &flood, &is_over, || {
                        arrived.fetch_add(usize::from(is_new), SeqCst);
                        is_new = false;
                    });
                }
            };
            let thread = Builder::new().stack_size(64 * 1024).spawn(work);
            thread.expect("a thread is left")
        };
        let threads = (0..count).map(stranger).collect();
        wait_until("all strangers have come", || arrived.load(SeqCst) == count);
        Strangers { is_over, threads }
    }
}

impl Drop for Strangers {
    fn drop(&mut self) {
        self.is_over.store(true, SeqCst);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Connects and sends the flood again and again, until the server cuts it off or `is_over` holds.
fn say(
    server: SocketAddr,
    flood: &[u8],
    is_over: &AtomicBool,
    mut has_said: impl FnMut(),
) -> io::Result<()> {
    let socket = Socket::new(Domain::for_address(server), Type::STREAM, None)?;
    socket.set_recv_buffer_size(BUFFER)?;
    socket.connect_timeout(&server.into(), deadline())?;
    socket.set_write_timeout(Some(Duration::from_millis(100)))?;
    let mut stream = TcpStream::from(socket);
    while !is_over.load(SeqCst) {
        match stream.write(flood) {
            Ok(_) => has_said(),
            // The server does not read from it now, for a while or any more.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// How long words take from one member to another, sorted from short to long times. Each word is
/// sent when the one before it has been heard.
///
/// # Panics
///
/// A word is not heard before the [`deadline()`].
#[track_caller]
pub fn delays(speaker: &Client, listener: &Client, words: usize) -> Vec<Duration> {
    let copy = |client: &Client| client.stream().try_clone().expect("a descriptor is left");
    let (mut speaking, mut deaf, heard) = (copy(speaker), copy(speaker), copy(listener));
    // The speaker has to read the others' lines, or the room would cut it off too.
    let mut is_heard =
        move || again(|| deaf.read(&mut [0; 64 * 1024])).is_ok_and(|count| count > 0);
    let read = move || while is_heard() {};
    Builder::new().spawn(read).expect("a thread is left");
    heard.set_read_timeout(Some(deadline())).expect("it may be set");
    let (mut heard, mut line) = (BufReader::new(heard), Vec::new());
    let mut delay = |number: usize| {
        let word = format!("word-{number}\r\n");
        let begun = Instant::now();
        speaking.write_all(word.as_bytes()).expect("it is heard");
        while !line.ends_with(word.as_bytes()) {
            line.clear();
            let count = heard.read_until(b'\n', &mut line).expect("it is heard in time");
            assert!(count > 0, "the listener is cut off");
        }
        begun.elapsed()
    };
    let mut delays: Vec<_> = (0..words).map(&mut delay).collect();
    delays.sort();
    delays
}
