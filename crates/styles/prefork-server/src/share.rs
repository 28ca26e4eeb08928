//! The five ways to share a port, and how a worker waits for its next client in each.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::poll::{PollFlags, PollTimeout};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};
use socket2::SockRef;
use sockets::{Acceptor, Arrival, Limits, Share, listen_beside, poll, wait_out};

/// The listeners, and a set for epoll: all that the parent prepares for its workers.
pub(crate) struct Listeners {
    share: Share,
    /// One that all workers share, or one for each worker.
    listeners: Vec<TcpListener>,
    /// The set that all workers share.
    set: Option<Epoll>,
}

impl Listeners {
    // ANCHOR: share
    /// Prepares a listener for the workers.
    ///
    /// # Errors
    ///
    /// There are no descriptors left, or the port cannot be shared.
    pub(crate) fn share(listener: TcpListener, limits: &Limits) -> io::Result<Listeners> {
        let share = limits.share;
        let mut set = None;
        let mut listeners = vec![listener];
        match share {
            Share::Accept | Share::NonBlocking | Share::Exclusive => {}
            // A child inherits the descriptor of a set, and with it the set itself.
            Share::Epoll => set = Some(set_of(&listeners[0], EpollFlags::EPOLLIN)?),
            Share::ReusePort => {
                // socket(7) wants the option before bind(2), but Linux takes it afterwards, too.
                SockRef::from(&listeners[0]).set_reuse_port(true)?;
                // The parent keeps all of them open: if a worker's listener closed with the worker,
                // the kernel would reset the clients that wait there.
                for _ in 1..limits.max_clients {
                    listeners.push(listen_beside(&listeners[0])?);
                }
            }
        }
        for listener in &listeners {
            listener.set_nonblocking(share != Share::Accept)?;
        }
        Ok(Listeners { share, listeners, set })
    }
    // ANCHOR_END: share

    // ANCHOR: close
    /// Ends the listeners for all processes that share them: the kernel wakes each worker that waits
    /// there, and resets the clients in the backlog.
    ///
    /// To close them would end nothing: a socket lives as long as one process has it open.
    pub(crate) fn close(self) {
        for listener in &self.listeners {
            let _ = SockRef::from(listener).shutdown(Shutdown::Both);
        }
    }
    // ANCHOR_END: close

    /// The listener of a worker, and the way in which it waits there.
    ///
    /// # Errors
    ///
    /// There are no descriptors left.
    pub(crate) fn of_worker(mut self, number: usize) -> io::Result<Door> {
        let number = if self.share == Share::ReusePort { number } else { 0 };
        let listener = self.listeners.swap_remove(number);
        let exclusive = EpollFlags::EPOLLIN | EpollFlags::EPOLLEXCLUSIVE;
        let wait = match self.share {
            Share::Accept => Wait::Accept,
            Share::NonBlocking | Share::ReusePort => Wait::Poll,
            Share::Epoll => Wait::Set(self.set.expect("it was made")),
            Share::Exclusive => Wait::Set(set_of(&listener, exclusive)?),
        };
        Ok(Door { listener, wait })
    }
}

/// A set with one listener in it (epoll(7)).
fn set_of(listener: &TcpListener, flags: EpollFlags) -> io::Result<Epoll> {
    let set = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    set.add(listener, EpollEvent::new(flags, 0))?;
    Ok(set)
}

/// The place where a worker waits for its next client.
pub(crate) struct Door {
    listener: TcpListener,
    wait: Wait,
}

/// The call in which a worker sleeps.
enum Wait {
    Accept,
    Poll,
    Set(Epoll),
}

/// The result of waiting at the door.
pub(crate) enum Next {
    Client(Arrival<TcpStream>),
    /// Another worker was faster, a signal came, or accepting pauses.
    Nobody,
    /// The server stops.
    Stop,
}

impl Door {
    /// Whether clients can still come.
    pub(crate) fn is_open(&self) -> bool {
        SockRef::from(&self.listener).is_listener().unwrap_or(false)
    }

    // ANCHOR: next
    /// Waits for a client and accepts it.
    pub(crate) fn next(&self, acceptor: &mut Acceptor<()>) -> io::Result<Next> {
        if acceptor.listener().is_none() {
            let nothing: [((), _, _); 0] = [];
            poll(nothing, acceptor.paused_until())?;
            return Ok(Next::Nobody);
        }
        let is_ready = match &self.wait {
            // accept(2) itself waits.
            Wait::Accept => true,
            Wait::Poll => {
                let ready = poll([((), self.listener.as_fd(), PollFlags::POLLIN)], None)?;
                !ready.is_empty()
            }
            Wait::Set(set) => match set.wait(&mut [EpollEvent::empty()], PollTimeout::NONE) {
                Ok(count) => count > 0,
                Err(errno) => wait_out(errno).map(|()| false)?,
            },
        };
        if !is_ready {
            return Ok(Next::Nobody);
        }
        match self.listener.accept() {
            // The parent has ended the listener.
            Err(error) if error.raw_os_error() == Some(Errno::EINVAL as i32) => Ok(Next::Stop),
            accepted => Ok(acceptor.admit(accepted).map_or(Next::Nobody, Next::Client)),
        }
    }
    // ANCHOR_END: next
}
