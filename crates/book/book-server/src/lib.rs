//! The book, as a server: it builds the pages from their sources, and serves them.
//!
//! It listens before it builds, so that its starter need not wait; a request waits until there are
//! pages. The pages are kept in memory, so nothing is left in the file system, and no request can
//! reach files.

mod command;
mod pages;
mod serve;
mod sources;

pub use command::{NAME, PORT, command, main, run};
pub use pages::Pages;
pub use sources::find;
