//! Tests that a task lets others run, however much its client sends.

use std::io::{Read, Write};
use std::net::{self, Shutdown};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use protocol::{Answer, ClientId, LINES_READ, Service, Session};
use sockets::Limits;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::spawn;
use tokio::sync::watch;
use tokio::task::yield_now;

use crate::client::converse;

/// An echo that counts its reads.
struct Counting(Arc<AtomicUsize>);

impl Session for Counting {
    fn receive<'a>(&mut self, input: &'a [u8]) -> Answer<'a> {
        self.0.fetch_add(1, SeqCst);
        Answer { send: input.into(), finish: input.is_empty(), ..Answer::default() }
    }
}

#[test]
fn a_client_that_always_sends_lets_others_take_turns() {
    const READS: usize = 64;
    /// Each read costs 16 units for its 8 KiB, and a few more for the read and the write.
    const READS_A_TURN: usize = 8;
    let reads = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&reads);
    let service = Service::alone(move |_| Box::new(Counting(Arc::clone(&counted))));
    let service = service.reading(LINES_READ);
    let longest = block_on(async move {
        let (mut client, stream) = connection().await;
        // All input is there before the first read, and a reader makes room for the answers.
        client.write_all(&vec![b'x'; READS * LINES_READ]).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let reader = thread::spawn(move || client.read_to_end(&mut Vec::new()));
        let (_stop, stopping) = watch::channel(false);
        let flood = spawn(converse(ClientId(1), stream, service, limits(), stopping));
        let (mut before, mut longest) = (0, 0);
        while !flood.is_finished() {
            yield_now().await;
            let now = reads.load(SeqCst);
            longest = longest.max(now - before);
            before = now;
        }
        assert!(flood.await.is_ok_and(|ended| ended.is_ok()));
        let echoed = reader.join().unwrap().unwrap();
        assert_eq!(echoed, READS * LINES_READ);
        longest
    });
    assert!(longest <= READS_A_TURN, "{longest} reads in one turn");
}

fn limits() -> Limits {
    Limits { max_clients: 1, ..Limits::default() }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

async fn connection() -> (net::TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().await.unwrap().0)
}
