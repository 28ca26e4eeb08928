//! Iterative: after accept(2) returns, serve this client to the end. The next one waits.
//!
//! One stack frame holds the whole state of the one conversation, so there is nothing to share and
//! nothing to lock.
//! The room is a bulletin board behind a single telephone line: it outlives its callers, and each
//! caller reads the messages of those before.

#![forbid(unsafe_code)]

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

use drivers::blocking::{Buffer, Connection, Input};
use drivers::catch_panic;
use nix::poll::PollFlags;
use protocol::{Answer, Hub, Outbox, OutboxMailbox, OutboxState, Service};
use sockets::{Acceptor, Arrival, Limits, Stop, StopFlag, log_end, poll};

/// Serves one client after the other until `stop`, and the current client until it has its answers.
///
/// # Errors
///
/// The server cannot wait for its listener. The failure of a client is not an error of the server.
pub fn serve(
    listener: TcpListener,
    service: Service,
    limits: Limits,
    stop: Stop,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let mut acceptor = Acceptor::new(listener);
    let mut hub = Hub::default();
    // ANCHOR: main_loop
    while !stop.flag().is_raised() {
        wait(&mut acceptor, &stop)?;
        if let Some(arrival) = acceptor.accept() {
            let client = arrival.client;
            let ended = catch_panic(|| converse(arrival, &service, &mut hub, &limits, stop.flag()));
            hub.leave(client);
            // The room hears the last words before the next client joins.
            while hub.advance(Duration::ZERO).is_some() {}
            log_end(client, &ended);
        }
    }
    // ANCHOR_END: main_loop
    acceptor.log_summary();
    Ok(())
}

// ANCHOR: wait
/// Waits until a client connects, or a signal tells the server to stop.
fn wait(acceptor: &mut Acceptor<TcpListener>, stop: &Stop) -> io::Result<()> {
    let deadline = acceptor.paused_until();
    let mut interests = vec![((), stop.as_fd(), PollFlags::POLLIN)];
    if let Some(listener) = acceptor.listener() {
        interests.push(((), listener.as_fd(), PollFlags::POLLIN));
    }
    poll(interests, deadline)?;
    Ok(())
}
// ANCHOR_END: wait

// ANCHOR: converse
/// Reads, lets the session answer, and writes, until one side has no more to say.
fn converse(
    Arrival { client, peer, stream }: Arrival<TcpStream>,
    service: &Service,
    hub: &mut Hub<OutboxMailbox>,
    limits: &Limits,
    stop: &StopFlag,
) -> io::Result<()> {
    let outbox = Outbox::default();
    if service.has_room() {
        hub.join(client, peer.to_string(), outbox.mailbox());
    }
    let mut session = service.session(client);
    let mut buffer = Buffer::new(service.read_size());
    let _woken = stop.wakes(&stream);
    let mut connection = Connection::new(&stream, limits, stop);

    let greeting = session.greet();
    connection.write_all(&greeting.send)?;
    let mut finished = greeting.finish;
    // ANCHOR: read_answer_write
    while !finished {
        send(&outbox, &mut connection)?;
        let answer = match connection.read(&mut buffer)? {
            Input::Bytes(bytes) => session.receive(bytes),
            Input::Idle(seconds) => session.idle(seconds),
            Input::Stop => {
                hub.stop();
                Answer::finish()
            }
        };
        if !answer.completes_nothing() {
            connection.restart_idle_clock();
        }
        connection.write_all(&answer.send)?;
        hub.post(client, answer.posts);
        // There is no other member to wait for, so the hub's clock may stand still.
        while hub.advance(Duration::ZERO).is_some() {
            send(&outbox, &mut connection)?;
        }
        if answer.finish {
            hub.leave(client);
        }
        finished = answer.finish || outbox.state() != OutboxState::Open;
    }
    // ANCHOR_END: read_answer_write
    send(&outbox, &mut connection)?;
    connection.finish(&mut *session)
}
// ANCHOR_END: converse

// ANCHOR: send
/// Sends the room's lines for the client.
fn send(outbox: &Outbox, connection: &mut Connection<'_>) -> io::Result<()> {
    let mut queue = outbox.queue();
    while let Some(line) = queue.front() {
        connection.write_all(line)?;
        let sent = line.len();
        queue.advance(sent);
    }
    Ok(())
}
// ANCHOR_END: send
