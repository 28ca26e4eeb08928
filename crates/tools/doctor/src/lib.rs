//! Tells what this machine cannot show, page by page of the book, and what to type to change it.
//!
//! Each [`Need`] tries the thing itself where that is possible: it makes namespaces, traces a
//! process, binds an address. A setting of the kernel says only why something has failed.

mod abilities;
mod command;
mod need;
mod pages;
mod programs;
mod report;

pub use command::{Command, run};
pub use need::{Found, NEEDS, Need};
pub use pages::{Page, pages};
