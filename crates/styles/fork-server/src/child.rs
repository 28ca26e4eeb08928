//! The work of a child: it serves the client that it was forked for.

use std::ffi::CString;
use std::io;
use std::net::TcpStream;

use drivers::blocking::{Buffer, Connection, Input};
use drivers::catch_panic;
use drivers::link::{self, ChildEnd};
use nix::libc;
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{Pid, getppid};
use protocol::{Answer, ClientId, Service, Session};
use sockets::{Limits, Stop, StopFlag, log_end};

/// The data that a child needs.
pub(crate) struct Child {
    pub(crate) client: ClientId,
    pub(crate) stream: TcpStream,
    pub(crate) service: Service,
    pub(crate) buffer: Buffer,
    pub(crate) limits: Limits,
    pub(crate) link: Option<ChildEnd>,
    pub(crate) parent: Pid,
    pub(crate) signal_mask: SigSet,
}

impl Child {
    // ANCHOR: run
    /// Serves the client, and exits at once, without exit handlers: those in the child's memory are
    /// copies of the parent's, and only the parent has to run them.
    ///
    /// So it frees nothing: to free memory is to write to it, and the kernel copies each page to
    /// which a child writes.
    #[allow(unsafe_code)]
    pub(crate) fn run(mut self, stop: Stop) -> ! {
        let ended = catch_panic(|| self.serve(stop));
        log_end(self.client, &ended);
        // SAFETY: the child has nothing left to do.
        unsafe { libc::_exit(ended.is_err().into()) }
    }
    // ANCHOR_END: run

    // ANCHOR: serve
    fn serve(&mut self, stop: Stop) -> io::Result<()> {
        // `ps` shows this name, in the form of a thread's name.
        let _ =
            CString::new(format!("client-{}", self.client.0)).map(|name| prctl::set_name(&name));
        let stop = stop.into_child()?;
        self.signal_mask.thread_set_mask()?;
        // The kernel kills the child when the parent ends, even if the child is stuck in a write.
        prctl::set_pdeathsig(Signal::SIGKILL)?;
        if getppid() != self.parent {
            return Err(io::Error::other("the server is gone"));
        }
        // The child never frees it: see `run`.
        let session = Box::leak(self.service.session(self.client));
        let Child { stream, buffer, limits, .. } = self;
        match self.link.take() {
            None => {
                let _woken = stop.wakes(stream);
                converse(Connection::new(stream, limits, &stop), session, buffer)
            }
            Some(link) => {
                // A member stops only when its link ends, since it has to hear the goodbye.
                let never = StopFlag::default();
                let connection = Connection::new(stream, limits, &never);
                link::converse(stream, connection, session, buffer, limits, link)
            }
        }
    }
    // ANCHOR_END: serve
}

// ANCHOR: converse
/// Reads, lets the session answer, and writes, until one side has no more to say.
fn converse(
    mut connection: Connection<'_>,
    session: &mut dyn Session,
    buffer: &mut Buffer,
) -> io::Result<()> {
    let greeting = session.greet();
    connection.write_all(&greeting.send)?;
    let mut finished = greeting.finish;
    while !finished {
        let answer = match connection.read(buffer)? {
            Input::Bytes(bytes) => session.receive(bytes),
            Input::Idle(seconds) => session.idle(seconds),
            Input::Stop => Answer::finish(),
        };
        if !answer.completes_nothing() {
            connection.restart_idle_clock();
        }
        connection.write_all(&answer.send)?;
        finished = answer.finish;
    }
    connection.finish(session)
}
// ANCHOR_END: converse
