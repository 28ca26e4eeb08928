/// A style of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// One client at a time.
    Iterative,
    /// One process a client.
    Fork,
    /// One thread a client.
    Thread,
    /// One loop for all.
    Select,
    /// One task a client.
    Async,
}

impl Style {
    /// All styles, in the order in which they are always listed.
    pub const ALL: [Style; 5] =
        [Style::Iterative, Style::Fork, Style::Thread, Style::Select, Style::Async];

    /// The name of its binary.
    pub fn binary(self) -> &'static str {
        match self {
            Style::Iterative => "iterative-server",
            Style::Fork => "fork-server",
            Style::Thread => "thread-server",
            Style::Select => "select-server",
            Style::Async => "async-server",
        }
    }

    /// Whether it serves more than one client at a time.
    ///
    /// Where it does not, a test asserts the opposite of what holds for the others: the second
    /// client waits.
    pub fn serves_many(self) -> bool {
        self != Style::Iterative
    }

    /// How many clients it serves at once at most, whatever it is asked for, if there is a limit
    /// of its own.
    pub fn most_clients(self) -> Option<usize> {
        match self {
            Style::Iterative => Some(1),
            Style::Select => Some(1000),
            Style::Fork | Style::Thread | Style::Async => None,
        }
    }
}

/// Makes five tests, one for each [`Style`], of each function that is named.
///
/// The function `fn name(style: Style)` becomes the tests `name::iterative`, `name::fork`, and so
/// on. A function that is left out is never used, which the compiler reports.
#[macro_export]
macro_rules! each_style {
    ($($name:ident),+ $(,)?) => {
        $(
            mod $name {
                #[test]
                fn iterative() {
                    super::$name($crate::Style::Iterative);
                }
                #[test]
                fn fork() {
                    super::$name($crate::Style::Fork);
                }
                #[test]
                fn thread() {
                    super::$name($crate::Style::Thread);
                }
                #[test]
                fn select() {
                    super::$name($crate::Style::Select);
                }
                #[test]
                fn async_() {
                    super::$name($crate::Style::Async);
                }
            }
        )+
    };
}
