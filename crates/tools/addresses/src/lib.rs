//! Bytes and addresses, by hand: byte order, networks, classes, broadcasts, multicast groups, and
//! drills on them.
//!
//! The arithmetic is the lesson, so it is written out on plain numbers and depends on nothing: see
//! [`byte_order`], [`subnet`], [`ipv6`], [`class`], [`broadcast`] and [`multicast`]. [`working`]
//! makes a text of each result that says why it is so. [`drill`] asks the reader questions, and
//! finds the likely mistake from the answer.
//!
//! The crate is pure: only [`run`] reads standard input or writes to standard output. The functions
//! are small and take plain numbers, so that the book's pages can have the same ones in JavaScript:
//! a test compares the files in `lessons/widgets` with this crate.
//!
//! Deliberately absent: routing tables, names, and the machine's own addresses.

#![forbid(unsafe_code)]

pub mod broadcast;
pub mod byte_order;
pub mod class;
mod command;
pub mod drill;
pub mod ipv6;
pub mod multicast;
mod paint;
pub mod read;
pub mod special;
pub mod subnet;
pub mod working;

pub use command::{Command, run};
