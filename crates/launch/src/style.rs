use std::fmt;

use anstyle::AnsiColor;
use protocol::Entry;

/// The facts about a style of server, apart from its code.
///
/// Everything that lists the styles is made from these rows: command lines, help, the start table,
/// tests and pictures. The rows do not contain the `serve` function of a style: its crate depends
/// on this one, so `crates/all-styles` joins the two.
#[derive(Clone, Copy, PartialEq)]
pub struct Style {
    /// Its name, which is also the name of its subcommand, its colour and its chapter.
    pub name: &'static str,
    /// Its name in `ps`, which is also the name of its binary.
    pub process_name: &'static str,
    /// The sign beside its colour in every picture, for readers who do not see colours.
    pub sign: &'static str,
    /// The colour of its name in a terminal, which is like the one in the book.
    pub look: anstyle::Style,
    /// How it serves a client once accept(2) has returned, in four words.
    pub answer: &'static str,
    /// The consequence of that.
    pub so: &'static str,
    /// The first digits of its ports: 3 for 3007, 3017 and 3026.
    pub thousand: u16,
    /// The thing that each client has to itself while it is served.
    pub own: Own,
    /// How many clients it serves at once by default, and how many at most.
    pub max_clients: MaxClients,
    /// Whether its room can have several members at once. If not, there is an idle timeout: a
    /// member that only listens would keep all others out.
    pub room_of_many: bool,
    /// Whether it needs io_uring(7), which some systems do not have or do not allow.
    pub needs_ring: bool,
    /// Whether `cargo run` starts it without `--styles`.
    pub starts_by_default: bool,
}

/// The thing that each client has to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// Nothing: it is the only client.
    Nothing,
    /// A process.
    Process,
    /// A thread.
    Thread,
    /// A process that was there before it, and serves others after it.
    WorkerProcess,
    /// A thread that was there before it, and serves others after it.
    WorkerThread,
    /// A slot in the table of a loop that serves all of them.
    Slot,
    /// A task.
    Task,
}

/// How many clients a style serves at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxClients {
    /// This many, unless the command line says otherwise.
    Default(usize),
    /// This many or fewer, and why not more.
    AtMost(usize, &'static str),
    /// The limit of open descriptors, less this many.
    DescriptorsLess(usize),
}

/// Makes a constant of each row, and [`Style::ALL`] of all of them.
macro_rules! styles {
    ($($(#[$about:meta])* $row:ident { $($facts:tt)* })*) => {
        impl Style {
            /// All styles, in the order in which they are always listed, which is that of their
            /// ports. Of the five that start by default, each removes a limit of the one before it.
            pub const ALL: [&Style; [$(stringify!($row)),*].len()] = [$(&Style::$row),*];

            $($(#[$about])* pub const $row: Style = Style { $($facts)* };)*
        }
    };
}

styles! {
    /// One client at a time.
    ITERATIVE {
        name: "iterative",
        process_name: "iterative-server",
        sign: "●",
        look: anstyle::Style::new().bold(),
        answer: "one client at a time",
        so: "the next waits in the backlog",
        thousand: 2,
        own: Own::Nothing,
        max_clients: MaxClients::AtMost(1, "an iterative server has one client at a time"),
        room_of_many: false,
        needs_ring: false,
        starts_by_default: true,
    }
    /// One process a client.
    FORK {
        name: "fork",
        process_name: "fork-server",
        sign: "◆",
        look: AnsiColor::Blue.on_default(),
        answer: "one process a client",
        so: "the parent reaps them and carries the talk",
        thousand: 3,
        own: Own::Process,
        max_clients: MaxClients::Default(1000),
        room_of_many: true,
        needs_ring: false,
        starts_by_default: true,
    }
    /// One thread a client.
    THREAD {
        name: "thread",
        process_name: "thread-server",
        sign: "▲",
        look: AnsiColor::Green.on_default(),
        answer: "one thread a client",
        so: "the threads talk through channels",
        thousand: 4,
        own: Own::Thread,
        max_clients: MaxClients::Default(4000),
        room_of_many: true,
        needs_ring: false,
        starts_by_default: true,
    }
    /// One loop for all.
    SELECT {
        name: "select",
        process_name: "select-server",
        sign: "■",
        look: AnsiColor::Yellow.on_default(),
        answer: "one loop for all",
        so: "it serves each client that is ready",
        thousand: 5,
        own: Own::Slot,
        max_clients: MaxClients::AtMost(
            1000,
            "select(2) cannot watch a descriptor of 1024 (FD_SETSIZE) or more",
        ),
        room_of_many: true,
        needs_ring: false,
        starts_by_default: true,
    }
    /// One task a client.
    ASYNC {
        name: "async",
        process_name: "async-server",
        sign: "✚",
        look: AnsiColor::Magenta.on_default(),
        answer: "one task a client",
        so: "it is suspended while it waits",
        thousand: 6,
        own: Own::Task,
        max_clients: MaxClients::DescriptorsLess(64),
        room_of_many: true,
        needs_ring: false,
        starts_by_default: true,
    }
    /// Processes that are there before their clients.
    PREFORK {
        name: "prefork",
        process_name: "prefork-server",
        sign: "⬟",
        look: AnsiColor::BrightBlue.on_default(),
        answer: "processes kept ready",
        so: "each accepts for itself; the next client waits in the backlog",
        thousand: 7,
        own: Own::WorkerProcess,
        max_clients: MaxClients::Default(16),
        room_of_many: true,
        needs_ring: false,
        starts_by_default: false,
    }
    /// Threads that are there before their clients.
    POOL {
        name: "pool",
        process_name: "pool-server",
        sign: "⬢",
        look: AnsiColor::BrightGreen.on_default(),
        answer: "threads kept ready",
        so: "each takes the next client from a queue",
        thousand: 9,
        own: Own::WorkerThread,
        max_clients: MaxClients::Default(64),
        room_of_many: true,
        needs_ring: false,
        starts_by_default: false,
    }
    /// One loop for all, without select's limit.
    POLL {
        name: "poll",
        process_name: "poll-server",
        sign: "▼",
        look: AnsiColor::Red.on_default(),
        answer: "one list for all",
        so: "the kernel goes through it in each turn",
        thousand: 10,
        own: Own::Slot,
        max_clients: MaxClients::DescriptorsLess(64),
        room_of_many: true,
        needs_ring: false,
        starts_by_default: false,
    }
    /// One loop for all, and a list that the kernel keeps.
    EPOLL {
        name: "epoll",
        process_name: "epoll-server",
        sign: "★",
        look: AnsiColor::Cyan.on_default(),
        answer: "a list in the kernel",
        so: "each turn gets only the clients that are ready",
        thousand: 11,
        own: Own::Slot,
        max_clients: MaxClients::DescriptorsLess(64),
        room_of_many: true,
        needs_ring: false,
        starts_by_default: false,
    }
    /// One task a client, without a runtime from elsewhere.
    EXECUTOR {
        name: "executor",
        process_name: "executor-server",
        sign: "◈",
        look: AnsiColor::BrightMagenta.on_default(),
        answer: "a task, run by hand",
        so: "the server itself wakes and polls it",
        thousand: 12,
        own: Own::Task,
        max_clients: MaxClients::DescriptorsLess(64),
        room_of_many: true,
        needs_ring: false,
        starts_by_default: false,
    }
    /// One loop for all, and a kernel that does what it orders.
    URING {
        name: "uring",
        process_name: "uring-server",
        sign: "◐",
        look: AnsiColor::BrightCyan.on_default(),
        answer: "orders to the kernel",
        so: "the server hears when one is done",
        thousand: 13,
        own: Own::Slot,
        max_clients: MaxClients::DescriptorsLess(64),
        room_of_many: true,
        needs_ring: true,
        starts_by_default: false,
    }
}

impl Style {
    /// The port on which it serves a service: its own thousand plus the service's well-known port.
    // ANCHOR: port
    pub fn port(&self, service: &Entry) -> u16 {
        self.thousand * 1000 + service.port
    }
    // ANCHOR_END: port

    /// Its sign and its name, by which it is known in every picture.
    pub fn label(&self) -> String {
        format!("{} {}", self.sign, self.name)
    }

    /// The text in the style's colour, for a terminal; see [`print()`](crate::print).
    pub fn painted(&self, text: &str) -> String {
        let look = self.look;
        format!("{look}{text}{look:#}")
    }

    /// Whether it serves more than one client at a time.
    ///
    /// If it does not, tests assert the opposite of the other styles: the second client waits.
    pub fn serves_many(&self) -> bool {
        self.own != Own::Nothing
    }

    /// Whether its processes or threads are there before its clients.
    pub fn has_workers(&self) -> bool {
        matches!(self.own, Own::WorkerProcess | Own::WorkerThread)
    }

    /// How many of `wanted` clients it serves at once, unless the command line or the limit of
    /// descriptors says otherwise.
    pub fn at_once(&self, wanted: usize) -> usize {
        match self.max_clients {
            MaxClients::Default(most) | MaxClients::AtMost(most, _) => wanted.min(most),
            MaxClients::DescriptorsLess(_) => wanted,
        }
    }

    /// How many child processes it has when it has no clients.
    pub fn worker_processes(&self) -> usize {
        if self.own == Own::WorkerProcess { self.at_once(usize::MAX) } else { 0 }
    }

    /// How many threads it has for clients when it has no clients.
    pub fn worker_threads(&self) -> usize {
        if self.own == Own::WorkerThread { self.at_once(usize::MAX) } else { 0 }
    }

    /// The folder of its crate, below the top of the repository: `crates/styles/fork-server`.
    pub fn folder(&self) -> String {
        format!("crates/styles/{}", self.process_name)
    }
}

/// Shows only its name, since all its facts would fill a screen.
impl fmt::Debug for Style {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fmt::Display;

    use protocol::CATALOGUE;

    use super::*;

    const FILE: &str = "crates/launch/src/style.rs";

    #[test]
    fn no_two_styles_share_a_name_a_sign_a_colour_or_a_thousand() {
        check_each_has_its_own("name", |style| style.name);
        check_each_has_its_own("look", |style| style.painted(""));
        check_each_has_its_own("process_name", |style| style.process_name);
        check_each_has_its_own("sign", |style| style.sign);
        check_each_has_its_own("thousand", |style| style.thousand);
    }

    fn check_each_has_its_own<T: Ord + Display>(fact: &str, of: impl Fn(&Style) -> T) {
        let mut owners = BTreeMap::new();
        for style in Style::ALL {
            let value = of(style);
            if let Some(owner) = owners.get(&value) {
                panic!("{FILE}: {owner:?} and {style:?} have the same {fact}, {value}");
            }
            owners.insert(value, style);
        }
    }

    #[test]
    fn every_service_has_a_port_in_every_style() {
        let highest = CATALOGUE.iter().map(|service| service.port).max().unwrap_or(0);
        for style in Style::ALL {
            let port = u32::from(style.thousand) * 1000 + u32::from(highest);
            assert!(
                (1024..=65535).contains(&port),
                "{FILE}: {style:?} has the thousand {}: choose one from 2 to 64",
                style.thousand
            );
        }
    }

    #[test]
    fn the_facts_of_each_style_agree_with_each_other() {
        for style in Style::ALL {
            let expected = format!("{}-server", style.name);
            assert_eq!(style.process_name, expected, "{FILE}: the process_name of {style:?}");
            let one = matches!(style.max_clients, MaxClients::AtMost(1, _));
            assert_eq!(
                one,
                style.own == Own::Nothing,
                "{FILE}: {style:?} serves one client at a time, or it does not: \
                 own and max_clients differ"
            );
            assert!(
                style.serves_many() || !style.room_of_many,
                "{FILE}: {style:?} serves one client at a time, so it has no room_of_many"
            );
        }
    }
}
