//! SHUT_RD (shutdown(2)) does not stop a thread that reads from a busy client; a flag that the
//! thread looks at does.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;

static BYTES: AtomicUsize = AtomicUsize::new(0);
static STOP: AtomicBool = AtomicBool::new(false);

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    // The client is always ahead of the reader.
    client.write_all(&[b'x'; 50_000])?;
    let client = thread::spawn(move || while client.write_all(&[b'x'; 1000]).is_ok() {});

    // ANCHOR: stop
    thread::scope(|scope| {
        let reader = scope.spawn(|| read(&server));
        server.shutdown(Shutdown::Read)?;
        let before = BYTES.load(SeqCst);
        while BYTES.load(SeqCst) < before + 40_000 {
            thread::yield_now();
        }
        println!("40,000 bytes since SHUT_RD; has the reader ended? {}", reader.is_finished());
        STOP.store(true, SeqCst);
        println!("after the flag: {:?}", reader.join());
        io::Result::Ok(())
    })?;
    // ANCHOR_END: stop
    drop(server);
    client.join().expect("its writes fail, and it ends");
    Ok(())
}

// ANCHOR: read
/// Reads byte by byte, as a slow server would, until the end or the flag.
fn read(mut server: &TcpStream) -> &'static str {
    let mut byte = [0];
    while let Ok(1) = server.read(&mut byte) {
        BYTES.fetch_add(1, SeqCst);
        if STOP.load(SeqCst) {
            return "stopped by the flag";
        }
    }
    "stopped by SHUT_RD"
}
// ANCHOR_END: read
