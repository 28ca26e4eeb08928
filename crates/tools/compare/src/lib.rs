//! Measures all styles under all loads, in turns, and makes a page that shows them side by side.
//!
//! Every measurement has its own server. The load generator loads it from another processor. Styles
//! take turns, and everything is repeated: so slow changes of the machine (the frequency, the
//! temperature, other programs) affect all styles equally, and the spread shows their size.
//!
//! Deliberately absent: verdicts. The reader decides which difference matters.

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
