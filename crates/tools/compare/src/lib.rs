//! All styles under all loads, by turns, and a page that shows them side by side.
//!
//! Every measurement has a server of its own, which the load generator puts under load from another
//! processor. Styles take turns, and all of it is repeated: so whatever drifts meanwhile (the
//! frequency, the temperature, the neighbours) hits all alike, and the spread tells how much it was.
//!
//! Deliberately absent: verdicts. Which difference matters is for whoever reads the page.

#![forbid(unsafe_code)]

mod about;
mod chart;
mod code;
mod command;
mod kept;
mod loads;
mod measure;
mod page;
mod part;
mod reports;
mod runs;
mod stevens;
mod summary;

pub use about::{Machine, date, load_average};
pub use code::Code;
pub use command::{Command, run};
pub use kept::{Kept, parts_of};
pub use part::Part;
pub use stevens::{Row, Session};
pub use summary::Spread;
