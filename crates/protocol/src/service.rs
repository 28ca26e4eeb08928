//! The services, by name.

use alloc::{boxed::Box, sync::Arc};
use core::fmt;

use crate::chat::Chat;
use crate::echo::Echo;
use crate::fortune::{Fortune, Fortunes};
use crate::frames::Frames;
use crate::lines::Lines;
use crate::upload::{DEFAULT_MAX_SIZE, Upload};
use crate::{ClientId, LINES_READ, MEMBER_READ, PLAIN_READ, Session, Store};

/// Every service that there is, in the order in which they are always listed.
///
/// A new service is a file of its own and a row here.
pub const CATALOGUE: &[Entry] = &[
    Entry {
        name: "echo",
        port: 7,
        about: "every byte comes back (RFC 862)",
        stores: false,
        open: |_| Service::alone(|_| Box::new(Echo)),
    },
    Entry {
        name: "fortune",
        port: 17,
        about: "a saying, and goodbye (RFC 865)",
        stores: false,
        open: |settings| {
            let fortunes = settings.fortunes;
            Service::alone(move |client| Box::new(Fortune::new(fortunes.clone(), client)))
        },
    },
    Entry {
        name: "chat",
        port: 26,
        about: "a room for all who are connected",
        stores: false,
        open: |_| Service::together(|_| Box::new(Chat::default())),
    },
    Entry {
        name: "lines",
        port: 27,
        about: "every line is answered by a line",
        stores: false,
        open: |_| Service::alone(|_| Box::new(Lines::default())).reading(LINES_READ),
    },
    Entry {
        name: "frames",
        port: 28,
        about: "every frame (a size, then data) comes back",
        stores: false,
        open: |_| Service::alone(|client| Box::new(Frames::new(client))),
    },
    Entry {
        name: "upload",
        port: 29,
        about: "a file, to be kept in a directory of the server",
        stores: true,
        open: |settings| {
            let Settings { store, max_size, .. } = settings;
            Service::alone(move |client| Box::new(Upload::new(client, store.clone(), max_size)))
        },
    },
];

/// A service as the command line knows it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The name by which it is asked for.
    pub name: &'static str,
    /// Its well-known port. Ports below 1024 are privileged, so a style adds its thousand.
    pub port: u16,
    /// Its description, in a few words.
    pub about: &'static str,
    /// Whether it keeps files, and so needs [`Settings::store`].
    pub stores: bool,
    /// Makes the service that a server can run.
    pub open: fn(Settings) -> Service,
}

/// The settings that the services need before they can be served.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The fortunes that fortune tells.
    pub fortunes: Fortunes,
    /// The place where upload puts files, if there is one.
    pub store: Option<Arc<dyn Store>>,
    /// The largest file that upload takes, in bytes.
    pub max_size: u32,
}

impl Settings {
    /// The default settings, without a place for files. All random choices follow from `seed`.
    pub fn built_in(seed: u64) -> Settings {
        Settings { fortunes: Fortunes::built_in(seed), store: None, max_size: DEFAULT_MAX_SIZE }
    }
}

/// A service as a server runs it: a session for each client, and a room for all of them if they
/// meet.
#[derive(Clone)]
pub struct Service {
    open: Arc<Open>,
    together: bool,
    read_size: usize,
}

type Open = dyn Fn(ClientId) -> Box<dyn Session> + Send + Sync;

impl Service {
    /// A service that answers each client alone. Its sessions post nothing.
    pub fn alone(open: impl Fn(ClientId) -> Box<dyn Session> + Send + Sync + 'static) -> Service {
        Service { open: Arc::new(open), together: false, read_size: PLAIN_READ }
    }

    /// A service whose clients meet in a room. Its sessions post, and send nothing themselves: a
    /// member gets everything from its mailbox, even the greeting.
    pub fn together(
        open: impl Fn(ClientId) -> Box<dyn Session> + Send + Sync + 'static,
    ) -> Service {
        Service { open: Arc::new(open), together: true, read_size: MEMBER_READ }
    }

    /// The same service, with reads of at most `size` bytes. That limits the size of an answer, if
    /// answers may be longer than the input.
    pub fn reading(self, size: usize) -> Service {
        Service { read_size: size, ..self }
    }

    /// The session for a client that has just been accepted.
    pub fn session(&self, client: ClientId) -> Box<dyn Session> {
        (self.open)(client)
    }

    /// Whether the clients meet, so that the server needs a [`Hub`](crate::Hub).
    pub fn has_room(&self) -> bool {
        self.together
    }

    /// How many bytes to read from a client at once, at most.
    pub fn read_size(&self) -> usize {
        self.read_size
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("together", &self.together).finish_non_exhaustive()
    }
}
