//! Tests of the table of an event loop, between its turns.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use drivers::table::{Connection, Interest, Table};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use protocol::{CATALOGUE, ClientId, MEMBER_READ, Queue, Settings};
use socket2::SockRef;
use sockets::{Arrival, Limits};

/// No event wakes the loop here, so the table's deadline has to: there is something to tell.
#[test]
fn a_member_found_gone_while_the_room_is_told_is_announced_at_once() {
    let mut table = table("chat");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let [mut ada, bob] = [1, 2].map(|number| join(&mut table, &listener, number));
    table.turn();

    // Bob is gone, and his socket has the reset, before the room tells of the next member.
    SockRef::from(&bob).set_linger(Some(Duration::ZERO)).unwrap();
    let name = bob.local_addr().unwrap();
    drop(bob);
    wait_for_reset(&table, ClientId(2));
    let _cyd = join(&mut table, &listener, 3);
    table.turn();

    let due = table.deadline().expect("something is due");
    assert!(due <= Instant::now(), "in {:?}", due - Instant::now());
    table.turn();
    ada.set_nonblocking(true).unwrap();
    let mut heard = vec![0; 1000];
    let count = ada.read(&mut heard).unwrap();
    let heard = String::from_utf8_lossy(&heard[..count]);
    assert!(heard.ends_with(&format!("* {name} left\r\n")), "{heard}");
}

/// A loop that tells the kernel what changes needs each change, and only once.
#[test]
fn the_interest_in_a_client_changes_when_its_output_has_to_wait_and_when_it_is_gone() {
    let mut table = table("echo");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut ada = join(&mut table, &listener, 1);
    let (nothing, read, write) =
        (interest(false, false), interest(true, false), interest(false, true));
    assert_eq!(turn(&mut table), [(1, nothing, read)]);
    assert_eq!(turn(&mut table), []);

    // Ada sends, and does not read the echo.
    ada.set_nonblocking(true).unwrap();
    let mut sent = 0;
    let mut changes = Vec::new();
    while changes.is_empty() {
        sent += ada.write(&[b'x'; 64 * 1024]).unwrap_or(0);
        table.receive(ClientId(1));
        changes = turn(&mut table);
    }
    assert_eq!(changes, [(1, read, write)]);
    assert_eq!(turn(&mut table), []);

    // She reads all of it.
    ada.set_nonblocking(false).unwrap();
    ada.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let (mut got, by) = (0, Instant::now() + Duration::from_secs(30));
    let mut changes = Vec::new();
    while got < sent {
        assert!(Instant::now() < by, "{got} of {sent} bytes have come back");
        got += ada.read(&mut [0; 64 * 1024]).unwrap_or(0);
        table.unblock(ClientId(1));
        changes.extend(turn(&mut table));
        if changes.last().is_some_and(|(_, _, now)| *now == read) {
            table.receive(ClientId(1));
            changes.extend(turn(&mut table));
        }
    }
    // Each change begins where the one before ended.
    assert_eq!(changes.first(), Some(&(1, write, read)));
    assert!(changes.windows(2).all(|two| two[0].2 == two[1].1), "{changes:?}");
    assert_eq!(changes.last().unwrap().2, read);

    table.lose(ClientId(1), io::Error::other("the loop cannot watch it"));
    assert_eq!((turn(&mut table), table.len()), (vec![], 0));
}

/// A member is not read from until the room has heard it, and then it is again.
#[test]
fn the_interest_in_a_member_comes_back_when_the_room_has_heard_it() {
    let mut table = table("chat");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let [mut ada, _bob] = [1, 2].map(|number| join(&mut table, &listener, number));
    let (nothing, read) = (interest(false, false), interest(true, false));
    turn(&mut table);
    // More than the room hears in one turn.
    ada.write_all(&b"x\n".repeat(MEMBER_READ / 2)).unwrap();
    table.receive(ClientId(1));
    assert_eq!(turn(&mut table), [(1, read, nothing)]);
    let mut changes = Vec::new();
    for _ in 0..100 {
        changes.extend(turn(&mut table));
    }
    assert_eq!(changes, [(1, nothing, read)]);
}

/// A loop that orders to read may have done so before the end of the conversation, while the client's
/// last answers were still under way.
#[test]
fn what_is_received_after_the_end_gets_no_answer() {
    let mut table: Table<Unsent> = new_table("echo");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut ada = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, peer) = listener.accept().unwrap();
    table.new_connection(Arrival { client: ClientId(1), peer, stream: Unsent(stream) });
    table.received(ClientId(1), Ok(b"before"));
    // The end of the input is the end of an echo.
    table.received(ClientId(1), Ok(b""));
    table.turn();
    assert!(!table.is_empty(), "its answer is still under way");
    table.received(ClientId(1), Ok(b"after"));
    table.turn();

    ada.set_nonblocking(true).unwrap();
    let mut heard = [0; 100];
    let count = ada.read(&mut heard).unwrap();
    assert_eq!(&heard[..count], b"before");
    assert_eq!(ada.read(&mut heard).unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

/// A connection whose bytes are always under way.
struct Unsent(TcpStream);

impl Connection for Unsent {
    fn open(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn send_queue(&mut self, _: &mut Queue) -> io::Result<()> {
        Ok(())
    }

    fn has_sent(&self) -> bool {
        false
    }

    fn finish(&mut self) -> io::Result<()> {
        panic!("it has not sent everything")
    }
}

impl AsFd for Unsent {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn interest(read: bool, write: bool) -> Interest {
    Interest { read, write }
}

/// Ends a turn, and returns the changes: the client's number, its interest before, and now.
fn turn(table: &mut Table) -> Vec<(u64, Interest, Interest)> {
    table.turn();
    table.changes().map(|change| (change.client.0, change.before, change.now)).collect()
}

fn table(service: &str) -> Table {
    new_table(service)
}

fn new_table<C: Connection>(service: &str) -> Table<C> {
    let entry = CATALOGUE.iter().find(|entry| entry.name == service).unwrap();
    let limits = Limits { max_clients: 3, ..Limits::default() };
    Table::new((entry.open)(Settings::built_in(1)), limits)
}

fn join(table: &mut Table, listener: &TcpListener, number: u64) -> TcpStream {
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, peer) = listener.accept().unwrap();
    table.new_connection(Arrival { client: ClientId(number), peer, stream });
    client
}

fn wait_for_reset(table: &Table, client: ClientId) {
    let (_, socket, _) = table.interests().find(|(here, _, _)| *here == client).unwrap();
    let mut socket = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
    let ready = poll(&mut socket, PollTimeout::from(30_000_u16)).unwrap();
    assert_eq!(ready, 1, "the reset has not arrived");
    assert!(socket[0].revents().unwrap().contains(PollFlags::POLLERR));
}
