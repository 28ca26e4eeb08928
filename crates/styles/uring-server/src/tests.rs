//! The ring alone, with real sockets.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use drivers::table::Connection;
use protocol::{ClientId, Line, Queue};

use crate::connection::RingConnection;
use crate::ring::{Done, Ring};

/// A ring with buffers of this size, or none where the system refuses it. Then the test is skipped;
/// with `CI=true` it fails.
fn ring(size: usize) -> Option<Rc<Ring>> {
    match Ring::new(size) {
        Ok(ring) => Some(Rc::new(ring)),
        Err(error) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "there is no ring: {error}");
            eprintln!("skipped: there is no ring: {error}");
            None
        }
    }
}

/// A client, and its connection in the ring.
fn connected(ring: &Rc<Ring>, number: u64) -> (TcpStream, RingConnection) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let (stream, _) = listener.accept().unwrap();
    (client, RingConnection::new(ring, ClientId(number), stream))
}

const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for what is done, and fails if nothing is for too long. A wait may end with nothing for the
/// server to hear, as after a short send.
fn wait(ring: &Ring) -> Vec<Done> {
    let by = Instant::now() + PATIENCE;
    loop {
        let done = ring.wait(Some(by)).unwrap();
        if !done.is_empty() {
            return done;
        }
        assert!(Instant::now() < by, "nothing is done");
    }
}

#[test]
fn an_input_is_not_longer_than_a_buffer() {
    let Some(ring) = ring(16) else { return };
    let (mut client, connection) = connected(&ring, 7);
    client.write_all(&[b'x'; 40]).unwrap();
    let mut lengths = Vec::new();
    while lengths.iter().sum::<usize>() < 40 {
        connection.receive();
        for done in wait(&ring) {
            let Done::Received(ClientId(7), Ok(input)) = done else { panic!("another completion") };
            assert!(input.iter().all(|byte| *byte == b'x'));
            lengths.push(input.len());
        }
    }
    assert_eq!(lengths, [16, 16, 8]);
}

#[test]
fn more_buffers_come_if_all_are_in_use() {
    const CLIENTS: u64 = 100;
    let Some(ring) = ring(64) else { return };
    let mut clients: Vec<_> = (0..CLIENTS).map(|number| connected(&ring, number)).collect();
    for (number, (client, connection)) in clients.iter_mut().enumerate() {
        client.write_all(number.to_string().as_bytes()).unwrap();
        connection.receive();
    }
    // Nothing is given back meanwhile.
    let mut all = Vec::new();
    while all.len() < clients.len() {
        all.extend(wait(&ring));
    }
    for done in all {
        let Done::Received(ClientId(number), Ok(input)) = done else {
            panic!("another completion")
        };
        assert_eq!(&input[..], number.to_string().as_bytes());
    }
}

#[test]
fn one_buffer_after_another_is_used_again() {
    let Some(ring) = ring(64) else { return };
    let (mut client, connection) = connected(&ring, 7);
    for number in 0..5_000_u32 {
        client.write_all(&number.to_be_bytes()).unwrap();
        connection.receive();
        let done = wait(&ring);
        let [Done::Received(_, Ok(input))] = &done[..] else { panic!("another completion") };
        assert_eq!(input[..], number.to_be_bytes());
    }
}

#[test]
fn what_waits_is_sent_in_its_order_however_slowly_the_client_reads() {
    let Some(ring) = ring(64) else { return };
    let (mut client, mut connection) = connected(&ring, 7);
    let texts: Vec<Vec<u8>> = (0..60).map(|n| vec![b'A' + n; 200_000]).collect();
    let expected = texts.concat();
    let reader = thread::spawn(move || {
        let (mut all, mut piece) = (Vec::new(), [0; 3_000]);
        while let Ok(count @ 1..) = client.read(&mut piece) {
            all.extend_from_slice(&piece[..count]);
        }
        all
    });
    for text in texts {
        let mut queue = Queue::default();
        queue.push(Line::from(&text[..])).unwrap();
        connection.send_queue(&mut queue).unwrap();
        assert!(queue.is_empty(), "nothing is under way, so it takes the line");
        let mut second = Queue::default();
        second.push(Line::from(&b"!"[..])).unwrap();
        connection.send_queue(&mut second).unwrap();
        assert!(!second.is_empty(), "while a line is under way, another one waits");
        assert!(matches!(wait(&ring)[..], [Done::Sent(ClientId(7), Ok(()))]));
    }
    connection.finish().unwrap();
    assert!(reader.join().unwrap() == expected, "all bytes, in their order");
}

/// An order keeps the socket open, so its connection has to end it.
#[test]
fn a_dropped_connection_is_closed_although_an_order_is_under_way() {
    let Some(ring) = ring(64) else { return };
    let (mut client, connection) = connected(&ring, 7);
    connection.receive();
    assert!(ring.wait(Some(Instant::now())).unwrap().is_empty(), "the client is silent");
    drop(connection);
    assert!(ring.wait(Some(Instant::now())).unwrap().is_empty(), "nobody is told of the end");
    assert_eq!(client.read(&mut [0; 1]).unwrap(), 0, "the client reads the end");
}

#[test]
fn a_lost_client_is_told_once() {
    let Some(ring) = ring(64) else { return };
    let (client, connection) = connected(&ring, 7);
    connection.receive();
    drop(client);
    let done = wait(&ring);
    assert!(matches!(&done[..], [Done::Received(ClientId(7), Ok(input))] if input.is_empty()));
}

#[test]
fn more_orders_than_the_ring_has_room_for_are_carried_out() {
    const CLIENTS: u64 = 400;
    let Some(ring) = ring(64) else { return };
    let mut clients: Vec<_> = (0..CLIENTS).map(|number| connected(&ring, number)).collect();
    for (_, connection) in &mut clients {
        connection.send(b"hello").unwrap();
        connection.receive();
    }
    let mut sent = 0;
    while sent < clients.len() {
        let done = wait(&ring);
        assert!(done.iter().all(|done| matches!(done, Done::Sent(_, Ok(())))));
        sent += done.len();
    }
    for (client, _) in &mut clients {
        let mut text = [0; 5];
        client.read_exact(&mut text).unwrap();
        assert_eq!(&text, b"hello");
    }
}
