use protocol::Entry;

/// What a command line has to know about a style of server.
#[derive(Debug)]
pub struct Style {
    /// Its name, which is also the subcommand's.
    pub name: &'static str,
    /// Its name in `ps`, which is also its binary's.
    pub process_name: &'static str,
    /// What stands beside its colour in every picture, for those who do not see colours.
    pub sign: &'static str,
    /// What it does with a client once accept(2) has returned, in four words.
    pub answer: &'static str,
    /// What follows from that.
    pub so: &'static str,
    /// What its ports begin with: 3 for 3007, 3017 and 3026.
    pub thousand: u16,
    /// How many clients it serves at once if it is not told otherwise, and what it can at most.
    pub max_clients: MaxClients,
    /// Whether a member of a room may listen for ever: not where that keeps everybody else out.
    pub room_waits_for_ever: bool,
}

/// How many clients a style serves at once.
#[derive(Clone, Copy, Debug)]
pub enum MaxClients {
    /// So many, and it can be changed.
    Default(usize),
    /// So many, which can be less and not more, and why.
    AtMost(usize, &'static str),
    /// As many as there may be open descriptors, less these.
    DescriptorsLess(usize),
}

impl Style {
    /// All of them, in the order in which they are always listed.
    pub const ALL: [&Style; 5] =
        [&Style::ITERATIVE, &Style::FORK, &Style::THREAD, &Style::SELECT, &Style::ASYNC];

    /// One client at a time.
    pub const ITERATIVE: Style = Style {
        name: "iterative",
        process_name: "iterative-server",
        sign: "●",
        answer: "one client at a time",
        so: "the next waits in the backlog",
        thousand: 2,
        max_clients: MaxClients::AtMost(1, "an iterative server has one client at a time"),
        room_waits_for_ever: false,
    };
    /// One process a client.
    pub const FORK: Style = Style {
        name: "fork",
        process_name: "fork-server",
        sign: "◆",
        answer: "one process a client",
        so: "their parent reaps them and carries the talk",
        thousand: 3,
        max_clients: MaxClients::Default(1000),
        room_waits_for_ever: true,
    };
    /// One thread a client.
    pub const THREAD: Style = Style {
        name: "thread",
        process_name: "thread-server",
        sign: "▲",
        answer: "one thread a client",
        so: "they meet through channels",
        thousand: 4,
        max_clients: MaxClients::Default(4000),
        room_waits_for_ever: true,
    };
    /// One loop for all.
    pub const SELECT: Style = Style {
        name: "select",
        process_name: "select-server",
        sign: "■",
        answer: "one loop for all",
        so: "it waits for whoever is ready",
        thousand: 5,
        max_clients: MaxClients::AtMost(
            1000,
            "select(2) cannot watch a descriptor of 1024 (FD_SETSIZE) or more",
        ),
        room_waits_for_ever: true,
    };
    /// One task a client.
    pub const ASYNC: Style = Style {
        name: "async",
        process_name: "async-server",
        sign: "✚",
        answer: "one task a client",
        so: "it is suspended while it waits",
        thousand: 6,
        max_clients: MaxClients::DescriptorsLess(64),
        room_waits_for_ever: true,
    };

    /// Where it serves a service: its own thousand plus the service's well-known port.
    // ANCHOR: port
    pub fn port(&self, service: &Entry) -> u16 {
        self.thousand * 1000 + service.port
    }
    // ANCHOR_END: port

    /// Where its crate stands, below the top of the repository: `crates/styles/fork-server`.
    pub fn folder(&self) -> String {
        format!("crates/styles/{}", self.process_name)
    }
}
