//! One client's task, and what it is made of.

use std::future::{pending, ready};
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::time::Duration;

use protocol::{Answer, ClientId, Service};
use sockets::{LINGER, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::select;
use tokio::sync::watch;
use tokio::task::coop::{consume_budget, has_budget_remaining};
use tokio::task::yield_now;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

// ANCHOR: converse
/// Reads, lets the session answer, and writes, until one side has no more to say.
pub(crate) async fn converse(
    client: ClientId,
    mut stream: TcpStream,
    service: Service,
    limits: Limits,
    mut stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut session = service.session(client);
    let (mut reader, mut writer) = stream.split();
    let mut idle = IdleClock::start(limits.idle_timeout);
    let mut stopped = pin!(stopping.wait_for(|stopping| *stopping));

    let greeting = session.greet();
    // Nothing has been sent yet, so there is room for it, and no clock is needed.
    writer.write_all(&greeting.send).await?;
    let mut finished = greeting.finish;
    while !finished {
        let mut input = Vec::new();
        let answer = select! {
            // In this order: what has arrived is answered, also when the server stops. But a client
            // that always sends, and completes nothing, is not heard for ever.
            biased;
            () = ready(()), if idle.is_over() => session.idle(limits.idle_seconds()),
            read = read(&mut reader, service.read_size()) => {
                input = read?;
                session.receive(&input)
            }
            _ = &mut stopped => break,
            () = idle.expired() => session.idle(limits.idle_seconds()),
        };
        idle.hear(&answer);
        write_all(&mut writer, &answer.send, &limits).await?;
        finished = answer.finish;
        take_turns(input.len()).await;
    }
    finish(&mut reader, &mut writer).await
}
// ANCHOR_END: converse

/// Says that nothing more comes, and waits until the client has closed too, or the linger time is
/// over. Dropping the stream after that is safe: see `sockets::LINGER`.
async fn finish(reader: &mut ReadHalf<'_>, writer: &mut WriteHalf<'_>) -> io::Result<()> {
    writer.shutdown().await?;
    let discard = async { while read(reader, SCRAP).await.is_ok_and(|input| !input.is_empty()) {} };
    let _ = timeout(LINGER, discard).await;
    Ok(())
}

/// How much to read at once of what is thrown away.
const SCRAP: usize = 4 * 1024;

/// Sends all of `bytes`.
///
/// # Errors
///
/// Those of send(2); `TimedOut` if the client took nothing for as long as it may be idle.
async fn write_all(
    writer: &mut WriteHalf<'_>,
    mut bytes: &[u8],
    limits: &Limits,
) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = match writer.try_write(bytes) {
            // Only now does the client have to be waited for, by a clock.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                in_time(limits.idle_timeout, writer.write(bytes)).await?
            }
            result => result?,
        };
        bytes = &bytes[written..];
    }
    Ok(())
}

/// Does what a client may keep waiting for as long as it may be idle, and not longer.
pub(crate) async fn in_time<T>(
    limit: Option<Duration>,
    action: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    match limit {
        Some(limit) => timeout(limit, action).await?,
        None => action.await,
    }
}

// ANCHOR: take_turns
/// Ends this task's turn if it has used it up, now that it has answered so many bytes.
///
/// A task whose client always sends never waits, so nobody else would run on its thread. Tokio ends
/// its turn after 128 reads and writes, by a budget that is full again at each turn; but 128 reads
/// of a flood, with their answers, keep the others waiting for some milliseconds. So bytes have
/// their price too.
pub(crate) async fn take_turns(bytes: usize) {
    for _ in 0..bytes / BYTES_A_UNIT {
        if !has_budget_remaining() {
            return yield_now().await;
        }
        consume_budget().await;
    }
}

/// How many bytes cost as much of a turn's budget as a read: 512.
const BYTES_A_UNIT: usize = 512;
// ANCHOR_END: take_turns

// ANCHOR: read
/// Reads once, at most `size` bytes; none at all are the end of input.
///
/// The buffer is made when there is something to read, and lives until it is answered: a client
/// that says nothing costs no buffer. Dropping the future loses nothing: it reads last.
pub(crate) async fn read(reader: &mut ReadHalf<'_>, size: usize) -> io::Result<Vec<u8>> {
    loop {
        reader.readable().await?;
        let mut input = Vec::with_capacity(size);
        select! {
            biased;
            read = reader.read_buf(&mut input) => return read.map(|_| input),
            // Readiness is a hint: there is nothing, and the buffer is not to wait for it.
            () = ready(()) => {}
        }
    }
}
// ANCHOR_END: read

/// Tells when a client has completed nothing for too long.
pub(crate) struct IdleClock {
    timeout: Option<Duration>,
    completed: Instant,
    /// The client has sent something since then that completes nothing.
    sends_in_vain: bool,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl IdleClock {
    pub(crate) fn start(timeout: Option<Duration>) -> IdleClock {
        let completed = Instant::now();
        let alarm = timeout.map(|timeout| Box::pin(sleep_until(completed + timeout)));
        IdleClock { timeout, completed, sends_in_vain: false, alarm }
    }

    /// The client has sent something, to which this is the answer. If it completes something, the
    /// clock begins anew. The alarm stays as it was set: to set it anew with each message would
    /// cost more than to find, now and then, that it has rung too early.
    pub(crate) fn hear(&mut self, answer: &Answer<'_>) {
        self.sends_in_vain = answer.completes_nothing();
        if !self.sends_in_vain {
            self.completed = Instant::now();
        }
    }

    /// Whether a client that does send has completed nothing for too long.
    pub(crate) fn is_over(&self) -> bool {
        let is_late = |timeout| self.completed.elapsed() >= timeout;
        self.sends_in_vain && self.timeout.is_some_and(is_late)
    }

    /// Completes when the client has been idle for too long.
    pub(crate) async fn expired(&mut self) {
        let (Some(timeout), Some(alarm)) = (self.timeout, &mut self.alarm) else {
            return pending().await;
        };
        loop {
            alarm.as_mut().await;
            let deadline = self.completed + timeout;
            if deadline <= Instant::now() {
                return;
            }
            alarm.as_mut().reset(deadline);
        }
    }
}
