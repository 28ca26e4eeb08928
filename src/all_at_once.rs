//! Several styles on every service at once, and the book: the program starts them if it has no
//! command.
//!
//! Each [`Server`] is a process of its own. The launcher waits for all of them and for signals in
//! one loop. Only the launcher tells the servers to stop: Ctrl-C reaches it, and none of them.
//!
//! As PID 1, the first process of a container, the launcher also inherits orphans, such as the
//! children of a fork server that was killed. It reaps every child that ends, its own or not.
//!
//! Two things are left out on purpose. There are no threads: the kernel tells the servers of the
//! end of each thread (`--ends-with`), and the second time they would not say goodbye. And the
//! launcher does not restart a server that has ended.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use anstream::AutoStream;
use drivers::children::{deaths, reap};
use launch::{Arrivals, Problem, Style};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use protocol::{CATALOGUE, Entry};

use crate::server::{LAUNCHER, Server, State, print, say};
use crate::table::{summary, table};
use crate::uploads::Uploads;

/// Starts the servers of these styles, and the book if `has_book`. Then shows where each listens,
/// and passes their logs on until a signal tells it to stop. Uploads go to `directory`, or to a new
/// one.
///
/// Returns the exit status: 0 after one signal, 128 + signal after a second one, and 1 if all
/// servers have ended without a signal.
pub(crate) fn serve(
    host: IpAddr,
    styles: &[&'static Style],
    has_book: bool,
    directory: Option<&Path>,
) -> ExitCode {
    if !host.is_loopback() {
        // `eprintln!` would panic if standard error is closed.
        let _ = writeln!(
            io::stderr(),
            "note: other machines can reach these servers at {host}; without --host only this one can"
        );
    }
    let lived = Launcher::start(host, styles, has_book, directory).and_then(Launcher::run);
    lived.unwrap_or_else(|error| Problem::world(error).report())
}

struct Launcher {
    /// One for each signal that tells the launcher to stop.
    arrivals: Vec<Arrivals>,
    /// A signal has arrived, and the loop has not handled it yet. If another one comes, the
    /// launcher ends at once, since it is stuck in a write that no program reads. The servers end
    /// with it.
    is_signalled: Arc<AtomicBool>,
    /// Bytes for the children that have ended.
    deaths: UnixStream,
    styles: Vec<&'static Style>,
    /// For each style in turn all its services, and after them the book.
    servers: Vec<Server>,
    uploads: Uploads,
    is_shown: bool,
    is_stopping: bool,
}

/// The things that the launcher can read from.
enum Ready {
    /// A signal that tells the launcher to stop: its index in the list.
    Signal(usize),
    /// Children have ended.
    Deaths,
    /// The output of a server: its index in the list.
    Server(usize),
}

impl Launcher {
    fn start(
        host: IpAddr,
        styles: &[&'static Style],
        has_book: bool,
        directory: Option<&Path>,
    ) -> io::Result<Launcher> {
        let is_signalled = Arc::default();
        let arrivals = Arrivals::of_each(&is_signalled)?;
        let (deaths, _handlers_end) = deaths()?;
        let uploads = Uploads::into(directory)?;
        let of_style = |style| CATALOGUE.iter().map(move |service| (style, service));
        let places = styles.iter().flat_map(|style| of_style(*style));
        let servers = places.map(|(style, service)| server(style, service, host, uploads.path()));
        let book = has_book.then(|| book_server(host)).flatten();
        let servers = servers.chain(book).collect();
        Ok(Launcher {
            arrivals,
            is_signalled,
            deaths,
            styles: styles.to_vec(),
            servers,
            uploads,
            is_shown: false,
            is_stopping: false,
        })
    }

    fn run(mut self) -> io::Result<ExitCode> {
        while !self.servers.iter().all(Server::is_over) {
            for ready in self.wait()? {
                match ready {
                    Ready::Server(number) => self.servers[number].hear(),
                    Ready::Deaths => self.reap()?,
                    Ready::Signal(number) => {
                        let Arrivals { signal, bytes } = &mut self.arrivals[number];
                        bytes.read_exact(&mut [0])?;
                        self.is_signalled.store(false, SeqCst);
                        if self.is_stopping {
                            let signal = *signal;
                            return Ok(self.kill(signal));
                        }
                        self.stop();
                    }
                }
            }
            self.show();
        }
        if !self.is_stopping {
            return Ok(ExitCode::FAILURE);
        }
        self.say_summary("stopped");
        Ok(ExitCode::SUCCESS)
    }

    fn wait(&self) -> io::Result<Vec<Ready>> {
        let signals = self.arrivals.iter().enumerate();
        let signals = signals.map(|(number, of)| (Ready::Signal(number), of.bytes.as_fd()));
        let deaths = [(Ready::Deaths, self.deaths.as_fd())];
        let servers = self.servers.iter().enumerate();
        let servers =
            servers.filter_map(|(number, server)| Some((Ready::Server(number), server.output()?)));
        let interests = signals.chain(deaths).chain(servers);
        let interests = interests.map(|(ready, fd)| (ready, PollFd::new(fd, PollFlags::POLLIN)));
        let (names, mut descriptors): (Vec<Ready>, Vec<PollFd<'_>>) = interests.unzip();
        match poll(&mut descriptors, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let ready = names.into_iter().zip(descriptors).filter(|(_, fd)| fd.any() == Some(true));
        Ok(ready.map(|(ready, _)| ready).collect())
    }

    /// Reaps all children that have ended. A server's status is kept for the end of its output.
    fn reap(&mut self) -> io::Result<()> {
        let mut scrap = [0; 64];
        while self.deaths.read(&mut scrap).is_ok_and(|count| count > 0) {}
        while let Some((pid, status)) = reap() {
            if let Some(server) = self.servers.iter_mut().find(|server| server.pid() == Some(pid)) {
                server.was_reaped(status);
            }
        }
        Ok(())
    }

    /// Shows where the servers listen, as soon as that is known for all.
    fn show(&mut self) {
        let is_known = |server: &Server| *server.state() != State::Starting;
        if !self.is_shown && !self.is_stopping && self.servers.iter().all(is_known) {
            self.is_shown = true;
            // If standard output is closed, no program wants the table.
            let table = table(&self.styles, &self.servers, self.uploads.path());
            let _ = anstream::stdout().write_all(table.as_bytes());
        }
    }

    /// Tells every server to stop. Each says goodbye to its clients, and ends.
    fn stop(&mut self) {
        self.is_stopping = true;
        self.servers.iter_mut().for_each(Server::stop);
        say(LAUNCHER, "stopping; Ctrl-C again to stop at once");
    }

    /// Ends every server at once.
    fn kill(mut self, signal: Signal) -> ExitCode {
        self.servers.iter().for_each(Server::kill);
        for server in &mut self.servers {
            server.wait();
        }
        self.say_summary("stopped at once");
        ExitCode::from(u8::try_from(128 + signal as i32).unwrap_or(u8::MAX))
    }

    /// Says how many clients the servers have had: one table, instead of a line of each server.
    fn say_summary(&self, how: &str) {
        say(LAUNCHER, how);
        let summary = summary(&self.styles, &self.servers);
        let colours = AutoStream::choice(&io::stderr());
        let mut printed = AutoStream::new(Vec::new(), colours);
        // Writing to memory cannot fail.
        let _ = write!(printed, "\n{}", summary.trim_end());
        print(&String::from_utf8_lossy(&printed.into_inner()));
    }
}

/// Starts the server of a style for a service. If it keeps files, they go to `directory`.
fn server(style: &Style, service: &Entry, host: IpAddr, directory: &Path) -> Server {
    let address = SocketAddr::new(host, style.port(service));
    let name = format!("{} {}", style.name, service.name);
    let address_text = address.to_string();
    let mut arguments: Vec<OsString> =
        [service.name, "--listen", &address_text].map(OsString::from).into();
    if service.stores {
        arguments.extend(["--directory".into(), directory.into()]);
    }
    Server::start(name, address.port(), style.process_name, &arguments)
}

/// Starts the book, if this program has been built with it.
#[cfg(feature = "book")]
fn book_server(host: IpAddr) -> Option<Server> {
    let arguments = ["--host", &host.to_string()];
    Some(Server::start("book".to_owned(), book_server::PORT, book_server::NAME, &arguments))
}

#[cfg(not(feature = "book"))]
fn book_server(_host: IpAddr) -> Option<Server> {
    None
}
