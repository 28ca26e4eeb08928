//! A walk of an SNMP agent's tree over an ordinary UDP socket: no raw sockets, no root.
//!
//! An agent's values are rows of one long list, each under a name made of numbers, an OID. A walk
//! asks for the row after a name, then for the row after that one, until it leaves the part of the
//! list that it was to see.
//!
//! [`Walk`] is that, and does no I/O: it is told the answers and the time, and says what to do next.
//! [`print`](print()) makes a line of a row, as `snmpwalk -On` of net-snmp would. A loop
//! of one screen around the two has the socket. Messages are written and read by `async-snmp`, whose
//! own sockets are not used.
//!
//! Deliberately absent: SNMPv3, traps, Set, and MIB files, which would give every name a word.

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
