//! A worker that waits at a listener which it shares with others.

// ANCHOR: next_client
use std::io::{self, ErrorKind};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Waits for the next client of a listener that does not block, and that others share. `None` once
/// `stop` is readable.
///
/// # Errors
///
/// Errors of poll(2) and accept(2).
pub fn next_client(listener: &TcpListener, stop: &impl AsFd) -> io::Result<Option<TcpStream>> {
    loop {
        let mut watched = [
            PollFd::new(stop.as_fd(), PollFlags::POLLIN),
            PollFd::new(listener.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut watched, PollTimeout::NONE) {
            Err(Errno::EINTR) => continue,
            polled => polled?,
        };
        if watched[0].any() == Some(true) {
            return Ok(None);
        }
        match listener.accept() {
            Ok((client, _)) => return Ok(Some(client)),
            // Another one was faster, or the client has gone again.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
// ANCHOR_END: next_client

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;

    const SOON: Duration = Duration::from_secs(30);

    #[test]
    fn each_client_goes_to_one_worker_and_all_workers_stop() {
        const WORKERS: usize = 4;
        const CLIENTS: usize = 40;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, mut order) = io::pipe().unwrap();
        let (accepted, clients) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..WORKERS {
                let accepted = accepted.clone();
                let (listener, stop) = (&listener, &stop);
                scope.spawn(move || {
                    while let Some(client) = next_client(listener, stop).unwrap() {
                        accepted.send(client).unwrap();
                    }
                });
            }
            drop(accepted);
            // One client wakes all workers, and all but one of them find nobody.
            for _ in 0..CLIENTS {
                let client = TcpStream::connect(address).unwrap();
                let accepted = clients.recv_timeout(SOON).unwrap();
                assert_eq!(accepted.peer_addr().unwrap(), client.local_addr().unwrap());
            }
            order.write_all(b"s").unwrap();
            // The channel ends when all workers have.
            assert_eq!(
                clients.recv_timeout(SOON).unwrap_err(),
                mpsc::RecvTimeoutError::Disconnected
            );
        });
    }

    #[test]
    fn the_order_to_stop_comes_before_a_client() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let _waits = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stop, mut order) = io::pipe().unwrap();
        order.write_all(b"s").unwrap();
        assert!(next_client(&listener, &stop).unwrap().is_none());
    }
}
