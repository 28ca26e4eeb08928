//! One client's task, and what it is made of.

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::task::{Poll, ready};
use std::time::Duration;

use protocol::{Answer, Client, PLAIN_READ, Service};
use sockets::{LINGER, Limits};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::select;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

// ANCHOR: converse
/// Reads, lets the session answer, and writes, until one side has no more to say.
pub(crate) async fn converse(
    client: Client,
    mut stream: TcpStream,
    service: Service,
    limits: Limits,
    mut stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut session = service.session(client);
    let (mut reader, mut writer) = stream.split();
    let mut idle = IdleClock::start(limits.idle_timeout);
    let mut stopped = pin!(stopping.wait_for(|stopping| *stopping));
    let mut answered = Answered::send(&writer, &session.greet())?;
    loop {
        if !answered.unsent.is_empty() {
            write_all(&mut writer, &answered.unsent, &limits).await?;
        }
        if answered.finish {
            break;
        }
        if !answered.is_empty {
            idle.restart();
        }
        answered = select! {
            // In this order: what has arrived is answered, also when the server stops.
            biased;
            answered = read(&mut reader, PLAIN_READ, |input| {
                Answered::send(&writer, &session.receive(input))
            }) => answered??,
            _ = &mut stopped => break,
            () = idle.expired() => {
                Answered::send(&writer, &session.idle(limits.idle_seconds()))?
            }
        };
    }
    finish(&mut reader, &mut writer).await
}
// ANCHOR_END: converse

/// Says that nothing more comes, and waits until the client has closed too, or the linger time is
/// over. Dropping the stream after that is safe: see `sockets::LINGER`.
async fn finish(reader: &mut ReadHalf<'_>, writer: &mut WriteHalf<'_>) -> io::Result<()> {
    writer.shutdown().await?;
    let discard =
        async { while read(reader, PLAIN_READ, <[u8]>::len).await.is_ok_and(|n| n > 0) {} };
    let _ = timeout(LINGER, discard).await;
    Ok(())
}

/// An answer after what could be sent of it at once was sent.
struct Answered {
    is_empty: bool,
    finish: bool,
    unsent: Vec<u8>,
}

impl Answered {
    /// Sends as much of an answer as the socket takes. Mostly that is all, and nothing is copied.
    fn send(writer: &WriteHalf<'_>, answer: &Answer<'_>) -> io::Result<Answered> {
        let mut sent = 0;
        if !answer.send.is_empty() {
            sent = match writer.try_write(&answer.send) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                result => result?,
            };
        }
        let unsent = answer.send[sent..].to_vec();
        Ok(Answered { is_empty: answer.is_empty(), finish: answer.finish, unsent })
    }
}

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
        let written = in_time(limits.idle_timeout, writer.write(bytes)).await?;
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

// ANCHOR: read
thread_local! {
    /// Where every read of this thread's tasks goes.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; PLAIN_READ]);
}

/// Reads once, at most `size` bytes, and gives them to `take`; none at all are the end of input.
///
/// The buffer is borrowed from the thread when there is something to read and given back before
/// the task can be suspended: a client that says nothing costs no buffer. That is why the future
/// is written by hand. Dropping it loses nothing: what it has read, it has given to `take`.
pub(crate) async fn read<T>(
    reader: &mut ReadHalf<'_>,
    size: usize,
    mut take: impl FnMut(&[u8]) -> T,
) -> io::Result<T> {
    poll_fn(|context| {
        BUFFER.with_borrow_mut(|buffer| {
            let mut input = ReadBuf::new(&mut buffer[..size]);
            ready!(Pin::new(&mut *reader).poll_read(context, &mut input))?;
            Poll::Ready(Ok(take(input.filled())))
        })
    })
    .await
}
// ANCHOR_END: read

/// Tells when a client has completed nothing for too long.
pub(crate) struct IdleClock {
    timeout: Option<Duration>,
    completed: Instant,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl IdleClock {
    pub(crate) fn start(timeout: Option<Duration>) -> IdleClock {
        let completed = Instant::now();
        let alarm = timeout.map(|timeout| Box::pin(sleep_until(completed + timeout)));
        IdleClock { timeout, completed, alarm }
    }

    /// The client has completed something. The alarm stays as it was set: to set it anew with each
    /// message would cost more than to find, now and then, that it has rung too early.
    pub(crate) fn restart(&mut self) {
        self.completed = Instant::now();
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
