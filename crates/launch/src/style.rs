use std::fmt;

use protocol::Entry;

/// What there is to know about a style of server, beside its code.
///
/// All that lists the styles is made of these rows: command lines, help, the start table, tests and
/// pictures. How a style serves is no fact, but a function of its crate, which builds on this one:
/// so `crates/all-styles` names it.
#[derive(Clone, Copy, PartialEq)]
pub struct Style {
    /// Its name, which is also the subcommand's, and that of its colour and of its chapter.
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
    /// What each client has of its own while it is served.
    pub own: Own,
    /// How many clients it serves at once if it is not told otherwise, and what it can at most.
    pub max_clients: MaxClients,
    /// Whether several can be in its room at once. Only there may a member listen for ever:
    /// elsewhere that keeps everybody else out.
    pub room_of_many: bool,
    /// Whether `cargo run` starts it if nobody says which styles to start.
    pub starts_by_default: bool,
}

/// What each client has of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// Nothing: it is the only one.
    Nothing,
    /// A process.
    Process,
    /// A thread.
    Thread,
    /// A slot in the table of a loop that serves all of them.
    Slot,
    /// A task.
    Task,
}

/// How many clients a style serves at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxClients {
    /// So many, and it can be changed.
    Default(usize),
    /// So many, which can be less and not more, and why.
    AtMost(usize, &'static str),
    /// As many as there may be open descriptors, less these.
    DescriptorsLess(usize),
}

/// Makes a constant of each row, and [`Style::ALL`] of all of them.
macro_rules! styles {
    ($($(#[$about:meta])* $row:ident { $($facts:tt)* })*) => {
        impl Style {
            /// All of them, in the order in which they are always listed: each leaves behind what
            /// limited the one before it.
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
        answer: "one client at a time",
        so: "the next waits in the backlog",
        thousand: 2,
        own: Own::Nothing,
        max_clients: MaxClients::AtMost(1, "an iterative server has one client at a time"),
        room_of_many: false,
        starts_by_default: true,
    }
    /// One process a client.
    FORK {
        name: "fork",
        process_name: "fork-server",
        sign: "◆",
        answer: "one process a client",
        so: "their parent reaps them and carries the talk",
        thousand: 3,
        own: Own::Process,
        max_clients: MaxClients::Default(1000),
        room_of_many: true,
        starts_by_default: true,
    }
    /// One thread a client.
    THREAD {
        name: "thread",
        process_name: "thread-server",
        sign: "▲",
        answer: "one thread a client",
        so: "they meet through channels",
        thousand: 4,
        own: Own::Thread,
        max_clients: MaxClients::Default(4000),
        room_of_many: true,
        starts_by_default: true,
    }
    /// One loop for all.
    SELECT {
        name: "select",
        process_name: "select-server",
        sign: "■",
        answer: "one loop for all",
        so: "it waits for whoever is ready",
        thousand: 5,
        own: Own::Slot,
        max_clients: MaxClients::AtMost(
            1000,
            "select(2) cannot watch a descriptor of 1024 (FD_SETSIZE) or more",
        ),
        room_of_many: true,
        starts_by_default: true,
    }
    /// One task a client.
    ASYNC {
        name: "async",
        process_name: "async-server",
        sign: "✚",
        answer: "one task a client",
        so: "it is suspended while it waits",
        thousand: 6,
        own: Own::Task,
        max_clients: MaxClients::DescriptorsLess(64),
        room_of_many: true,
        starts_by_default: true,
    }
}

impl Style {
    /// Where it serves a service: its own thousand plus the service's well-known port.
    // ANCHOR: port
    pub fn port(&self, service: &Entry) -> u16 {
        self.thousand * 1000 + service.port
    }
    // ANCHOR_END: port

    /// Whether it serves more than one client at a time.
    ///
    /// Where it does not, a test asserts the opposite of what holds for the others: the second
    /// client waits.
    pub fn serves_many(&self) -> bool {
        self.own != Own::Nothing
    }

    /// Where its crate stands, below the top of the repository: `crates/styles/fork-server`.
    pub fn folder(&self) -> String {
        format!("crates/styles/{}", self.process_name)
    }
}

/// Its name: the facts would fill a screen.
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
    fn no_two_styles_share_a_name_a_sign_or_a_thousand() {
        check_each_has_its_own("name", |style| style.name);
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
    fn names_are_those_of_the_binary_and_of_what_a_client_has() {
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
