//! The work of a child: it serves the client that it was forked for.

use std::io;
use std::net::TcpStream;

use drivers::blocking::{Buffer, Connection, converse};
use drivers::catch_panic;
use drivers::children::{Newborn, exit_at_once};
use drivers::link::{self, ChildEnd};
use protocol::{ClientId, Service};
use sockets::{Limits, Stop, StopFlag, log_end};

/// The data that a child needs.
pub(crate) struct Child {
    pub(crate) client: ClientId,
    pub(crate) stream: TcpStream,
    pub(crate) service: Service,
    pub(crate) buffer: Buffer,
    pub(crate) limits: Limits,
    pub(crate) link: Option<ChildEnd>,
    pub(crate) newborn: Newborn,
}

impl Child {
    // ANCHOR: run
    /// Serves the client, and exits at once. It frees nothing: to free memory is to write to it, and
    /// the kernel copies each page to which a child writes.
    pub(crate) fn run(mut self, stop: Stop) -> ! {
        let ended = catch_panic(|| self.serve(stop));
        log_end(self.client, &ended);
        exit_at_once(ended.is_err().into())
    }
    // ANCHOR_END: run

    // ANCHOR: serve
    fn serve(&mut self, stop: Stop) -> io::Result<()> {
        let stop = self.newborn.settle(&format!("client-{}", self.client.0), stop)?;
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
