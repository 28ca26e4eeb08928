//! A service of your own, which answers in capital letters. The argument names the style that
//! serves it: `shout iterative`, `shout fork`, and so on.

// ANCHOR: uses
use std::borrow::Cow;
use std::time::Duration;
use std::{env, io};

use protocol::{Answer, Service, Session};
use sockets::{Limits, Stop, listen};
// ANCHOR_END: uses

// ANCHOR: session
struct Shout;

impl Session for Shout {
    fn receive<'a>(&mut self, input: &'a [u8]) -> Answer<'a> {
        Answer {
            send: Cow::Owned(input.to_ascii_uppercase()),
            finish: input.is_empty(),
            ..Answer::default()
        }
    }
}
// ANCHOR_END: session

// ANCHOR: main
fn main() -> io::Result<()> {
    let style = env::args().nth(1);
    let found = all_styles::find(|known| style.as_deref() == Some(known.name));
    let (_, serve) = found.ok_or_else(|| io::Error::other("want the name of a style"))?;
    let limits = Limits {
        max_clients: 100,
        idle_timeout: Some(Duration::from_secs(60)),
        ..Limits::default()
    };
    let stop = Stop::at_first_signal()?;
    let listener = listen("127.0.0.1:7100")?;
    println!("listening on {}", listener.local_addr()?);
    serve(listener, Service::alone(|_| Box::new(Shout)), limits, stop)
}
// ANCHOR_END: main
