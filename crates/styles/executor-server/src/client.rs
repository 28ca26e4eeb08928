//! The task of one client, and its helpers.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::ops::Deref;
use std::os::fd::AsFd;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use protocol::{Answer, ClientId, Service, Session};
use sockets::{LINGER, Limits};

use crate::buffers::{Buffers, Lent};
use crate::executor::{first, yield_now};
use crate::reactor::{Reactor, Sleep, Source};

/// The things that the tasks of all clients share.
pub(crate) struct Conditions {
    pub(crate) service: Service,
    pub(crate) limits: Limits,
    pub(crate) reactor: Rc<Reactor>,
    pub(crate) buffers: Rc<Buffers>,
    /// The server stops. It wakes all tasks when it sets this.
    pub(crate) is_stopping: Cell<bool>,
}

/// The things that a task waits for.
pub(crate) enum Event {
    /// The client has sent something, or read(2) has failed.
    Read(io::Result<Input>),
    /// The client has completed nothing for too long.
    Idle,
    /// The server stops.
    Stop,
}

// ANCHOR: converse
/// Reads, lets the session answer, and writes, until one side has no more to say.
pub(crate) async fn converse(
    client: ClientId,
    stream: Source<TcpStream>,
    conditions: Rc<Conditions>,
) -> io::Result<()> {
    let Conditions { service, limits, reactor, buffers, is_stopping } = &*conditions;
    let mut session = service.session(client);
    let mut idle = IdleClock::start(reactor, limits.idle_timeout);

    let mut finished = {
        let greeting = session.greet();
        write_all(&stream, &greeting.send, limits, reactor).await?;
        greeting.finish
    };
    while !finished {
        let input;
        // The order matters. Input that has arrived is answered even if the server stops. The clock
        // comes first: a client that always sends, but completes nothing, counts as idle.
        let event = match idle.is_over() {
            true => Event::Idle,
            false => {
                first([
                    pin!(async { Event::Read(read(&stream, buffers).await) }),
                    pin!(stopping(is_stopping)),
                    pin!(idle.expired()),
                ])
                .await
            }
        };
        let answer = match event {
            Event::Idle => session.idle(limits.idle_seconds()),
            Event::Read(read) => {
                input = read?;
                session.receive(&input)
            }
            Event::Stop => break,
        };
        idle.hear(&answer);
        write_all(&stream, &answer.send, limits, reactor).await?;
        finished = answer.finish;
        // A client that always sends never has to wait, so the other tasks would never run.
        if !stream.is_drained() {
            yield_now().await;
        }
    }
    Box::pin(finish(&stream, &mut *session, reactor)).await
}
// ANCHOR_END: converse

/// Waits until the server stops. It leaves no waker: the server wakes all tasks then.
async fn stopping(is_stopping: &Cell<bool>) -> Event {
    poll_fn(|_| if is_stopping.get() { Poll::Ready(Event::Stop) } else { Poll::Pending }).await
}

/// Shuts the sending side, and waits until the client has closed too or the linger time is over.
/// After that, dropping the stream is safe: see `sockets::LINGER`. The session hears how much input
/// was discarded meanwhile.
async fn finish(
    stream: &Source<TcpStream>,
    session: &mut dyn Session,
    reactor: &Rc<Reactor>,
) -> io::Result<()> {
    stream.socket().shutdown(Shutdown::Write)?;
    let discard = async {
        while let Some(count) = discard(stream).await {
            session.discarded(count);
            yield_now().await;
        }
        Ok(())
    };
    let _ = in_time(reactor, Some(LINGER), discard).await;
    session.finished();
    Ok(())
}

/// Reads once, and returns how much that was. `None` means that the client has closed or its
/// connection is broken.
async fn discard(stream: &Source<TcpStream>) -> Option<usize> {
    loop {
        stream.readable().await;
        // Made after the wait: a value that lives across an `.await` is a part of the task.
        let mut scrap = [0; 4 * 1024];
        match stream.try_to_read(scrap.len(), |mut stream| stream.read(&mut scrap)) {
            Ok(None) => {}
            Ok(Some(count)) => return (count > 0).then_some(count),
            Err(_) => return None,
        }
    }
}

// ANCHOR: write_all
/// Sends all of `bytes`.
///
/// # Errors
///
/// The errors of send(2); `TimedOut` if the client took nothing for as long as it may be idle.
async fn write_all(
    stream: &Source<TcpStream>,
    mut bytes: &[u8],
    limits: &Limits,
    reactor: &Rc<Reactor>,
) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.try_to_write(|mut stream| stream.write(bytes))? {
            Some(written) => bytes = &bytes[written..],
            // Only now does the task have to wait for the client, with a timeout. This wait stands in a
            // box of its own: otherwise each idle task would have room for it.
            None => Box::pin(in_time(reactor, limits.idle_timeout, stream.writable())).await?,
        }
    }
    Ok(())
}
// ANCHOR_END: write_all

/// Runs an action that waits for the client, for no longer than `limit`.
pub(crate) async fn in_time<T>(
    reactor: &Rc<Reactor>,
    limit: Option<Duration>,
    action: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let Some(limit) = limit else { return action.await };
    first([
        pin!(action),
        pin!(async {
            reactor.sleep_until(Instant::now() + limit).await;
            Err(ErrorKind::TimedOut.into())
        }),
    ])
    .await
}

/// The bytes of one read: a buffer, and the length of its part that is in use.
pub(crate) struct Input {
    buffer: Lent,
    count: usize,
}

impl Deref for Input {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.buffer[..self.count]
    }
}

// ANCHOR: read
/// Reads once. No bytes mean the end of input.
///
/// The buffer is lent when there is something to read, and given back when that is answered: a silent
/// client holds none. Dropping the future loses no input, since reading is its last step.
pub(crate) async fn read<S>(stream: &Source<S>, buffers: &Rc<Buffers>) -> io::Result<Input>
where
    S: AsFd,
    for<'socket> &'socket S: Read,
{
    loop {
        stream.readable().await;
        let mut buffer = buffers.lend();
        let read = stream.try_to_read(buffer.len(), |mut stream| stream.read(&mut buffer))?;
        if let Some(count) = read {
            return Ok(Input { buffer, count });
        }
    }
}
// ANCHOR_END: read

/// Tells when a client has completed nothing for too long.
pub(crate) struct IdleClock {
    timeout: Option<Duration>,
    completed: Instant,
    /// Since then the client has sent something that completes nothing.
    sends_in_vain: bool,
    alarm: Option<Sleep>,
    reactor: Rc<Reactor>,
}

impl IdleClock {
    pub(crate) fn start(reactor: &Rc<Reactor>, timeout: Option<Duration>) -> IdleClock {
        let completed = Instant::now();
        let alarm = timeout.map(|timeout| reactor.sleep_until(completed + timeout));
        let reactor = Rc::clone(reactor);
        IdleClock { timeout, completed, sends_in_vain: false, alarm, reactor }
    }

    /// Notes the answer to what the client has sent. If that completes something, the clock starts
    /// again. The alarm is not moved: moving it for each message would cost more than finding, now
    /// and then, that it rang too early.
    pub(crate) fn hear(&mut self, answer: &Answer<'_>) {
        self.sends_in_vain = answer.completes_nothing();
        if !self.sends_in_vain && self.timeout.is_some() {
            self.completed = Instant::now();
        }
    }

    /// Whether the client sends, but has completed nothing for too long.
    pub(crate) fn is_over(&self) -> bool {
        let is_late = |timeout| self.completed.elapsed() >= timeout;
        self.sends_in_vain && self.timeout.is_some_and(is_late)
    }

    /// Completes when the client has been idle for too long.
    pub(crate) async fn expired(&mut self) -> Event {
        let (Some(timeout), Some(alarm)) = (self.timeout, &mut self.alarm) else {
            return pending().await;
        };
        loop {
            (&mut *alarm).await;
            let deadline = self.completed + timeout;
            if deadline <= Instant::now() {
                return Event::Idle;
            }
            *alarm = self.reactor.sleep_until(deadline);
        }
    }
}
