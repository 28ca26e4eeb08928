//! The book, as a server: it builds the pages from their sources, and serves them.
//!
//! It listens before it builds, so that whoever has started it need not wait; a request does, until
//! there are pages. They are held in memory, so nothing is left in the file system, and no request
//! can reach anything in it.

mod command;
mod pages;
mod serve;
mod sources;

pub use command::{NAME, PORT, command, main, run};
pub use pages::Pages;
pub use sources::find;
