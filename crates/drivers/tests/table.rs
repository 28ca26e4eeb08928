//! Tests of the table of an event loop, between its turns.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use drivers::table::Table;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use protocol::{CATALOGUE, ClientId, Settings};
use socket2::SockRef;
use sockets::{Arrival, Limits};

/// No event wakes the loop here, so the table's deadline has to: there is something to tell.
#[test]
fn a_member_found_gone_while_the_room_is_told_is_announced_at_once() {
    let mut table = table();
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

fn table() -> Table {
    let chat = CATALOGUE.iter().find(|entry| entry.name == "chat").unwrap();
    let limits = Limits { max_clients: 3, idle_timeout: None, grace: Duration::from_secs(1) };
    Table::new((chat.open)(Settings::built_in(1)), limits)
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
