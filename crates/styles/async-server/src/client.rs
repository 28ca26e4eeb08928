//! The task of one client, and its helpers.

use std::future::{pending, ready};
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::time::Duration;

use protocol::{Answer, ClientId, Service, Session};
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
            // The order matters. Input that has arrived is answered even if the server stops. The
            // clock comes first: a client that always sends, but completes nothing, counts as idle.
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
    finish(&mut reader, &mut writer, &mut *session).await
}
// ANCHOR_END: converse

/// Shuts the sending side, and waits until the client has closed too or the linger time is over.
/// After that, dropping the stream is safe: see `sockets::LINGER`. The session hears how much input
/// was discarded meanwhile.
async fn finish(
    reader: &mut ReadHalf<'_>,
    writer: &mut WriteHalf<'_>,
    session: &mut dyn Session,
) -> io::Result<()> {
    writer.shutdown().await?;
    let discard = async {
        while let Ok(input) = read(reader, SCRAP).await
            && !input.is_empty()
        {
            session.discarded(input.len());
        }
    };
    let _ = timeout(LINGER, discard).await;
    session.finished();
    Ok(())
}

/// How many bytes of discarded input to read at once.
const SCRAP: usize = 4 * 1024;

/// Sends all of `bytes`.
///
/// # Errors
///
/// The errors of send(2); `TimedOut` if the client took nothing for as long as it may be idle.
async fn write_all(
    writer: &mut WriteHalf<'_>,
    mut bytes: &[u8],
    limits: &Limits,
) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = match writer.try_write(bytes) {
            // Only now does the task have to wait for the client, with a timeout.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                in_time(limits.idle_timeout, writer.write(bytes)).await?
            }
            result => result?,
        };
        bytes = &bytes[written..];
    }
    Ok(())
}

/// Runs an action that waits for the client, for no longer than `limit`.
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
/// Ends this task's turn if the turn is used up by the `bytes` that the task has just answered.
///
/// If a client always sends, its task never waits, so no other task would run on its thread. Tokio
/// gives each turn a budget of 128 reads and writes, and ends the turn after that. But 128 reads of
/// a flood, with their answers, keep the other tasks waiting for some milliseconds. So bytes cost
/// budget too.
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
/// Reads once, at most `size` bytes. No bytes mean the end of input.
///
/// The buffer is made when there is something to read, and dropped when that is answered: a silent
/// client costs no buffer. Dropping the future loses no input, since reading is its last step.
pub(crate) async fn read(reader: &mut ReadHalf<'_>, size: usize) -> io::Result<Vec<u8>> {
    loop {
        reader.readable().await?;
        let mut input = Vec::with_capacity(size);
        select! {
            biased;
            read = reader.read_buf(&mut input) => return read.map(|_| input),
            // Readiness is only a hint. There is no input yet, so the buffer is dropped.
            () = ready(()) => {}
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
    alarm: Option<Pin<Box<Sleep>>>,
}

impl IdleClock {
    pub(crate) fn start(timeout: Option<Duration>) -> IdleClock {
        let completed = Instant::now();
        let alarm = timeout.map(|timeout| Box::pin(sleep_until(completed + timeout)));
        IdleClock { timeout, completed, sends_in_vain: false, alarm }
    }

    /// Notes the answer to what the client has sent. If that completes something, the clock starts
    /// again. The alarm is not moved: moving it for each message would cost more than finding, now
    /// and then, that it rang too early.
    pub(crate) fn hear(&mut self, answer: &Answer<'_>) {
        self.sends_in_vain = answer.completes_nothing();
        if !self.sends_in_vain {
            self.completed = Instant::now();
        }
    }

    /// Whether the client sends, but has completed nothing for too long.
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
