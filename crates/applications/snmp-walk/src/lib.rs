//! A walk of an SNMP agent's tree over an ordinary UDP socket: no raw sockets, no root.
//!
//! An agent's values are rows of one long list. The name of each row consists of numbers (an OID).
//! A walk asks for the row after a name, then for the row after that one, until it leaves the
//! wanted part of the list.
//!
//! [`Walk`] does this without I/O: its caller passes in the answers and the time, and it says what
//! to do next. [`print`](print()) turns a row into a line, like `snmpwalk -On` of net-snmp. A short
//! loop around the two has the socket. Messages are written and read by `async-snmp`, whose own
//! sockets are not used.
//!
//! Left out on purpose: SNMPv3, traps, Set, and MIB files, which would translate names into words.

#![forbid(unsafe_code)]

mod ask;
mod command;
mod message;
mod name;
mod print;
mod target;
mod walk;

pub use command::{Command, run};
pub use name::{Names, named, parse};
pub use print::print;
pub use target::Target;
pub use walk::{End, Failure, Line, Plan, Question, Step, Walk};
