//! The solutions of the exercises: a module a chapter, each with the tests that hold it.

pub mod async_lines;
pub mod bits;
pub mod broadcast;
pub mod closing;
pub mod connection;
pub mod endianness;
pub mod errors;
pub mod ethernet;
pub mod families;
pub mod five_minutes;
pub mod fork;
pub mod ip;
pub mod iterative;
pub mod multicast;
pub mod names;
pub mod options;
pub mod pipe_to_socket;
pub mod seeing;
pub mod processes;
pub mod select;
pub mod services;
pub mod streams;
pub mod subnetting;
pub mod thread;
pub mod two_machines;
pub mod waiting;
