//! Whole conversations as a script: each step of a client, and below it the lines that the clients
//! hear.
//!
//! [`check`] plays the steps of a script and compares the lines.
//!
//! ```text
//! ada connects            from an address that is "ada", unless `from ADDRESS` says otherwise
//! ada > hello             she sends a line, with LF after it as nc does
//! ada >> hel              she sends only these bytes; \xff, \r, \n and \u{202e} stand for bytes
//! ada > hello (20 times)  she does it 20 times, each in a read of its own
//! ada half-closes         she sends no more, but reads on
//! ada resets              she is gone without a goodbye
//! ada is idle for 300 s   her idle timeout is over
//! ada stops reading       her lines stay in her mailbox
//! ada reads again
//! the server stops
//!     bob < [ada] hello   bob hears a line that ends with CR LF
//!     bob << \xff         bob hears bytes that are not such a line
//!     bob is finished     bob has got all his lines, and the server shuts its side
//!     bob is cut off      the server gives up on bob
//! ```
//!
//! After a step stands everything that it made the clients hear, in the order of connecting. So if
//! nothing is written there, no client hears anything.

use std::fmt::Write;

use protocol::ClientId;

use super::{End, Wire};

/// Plays the script to a server of the service `name`.
#[track_caller]
pub(crate) fn check(name: &str, script: &str) {
    check_wire(Wire::new(name), script);
}

/// Plays the script to this server.
#[track_caller]
pub(crate) fn check_wire(wire: Wire, script: &str) {
    let expected: Vec<_> = script.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut play = Play { wire, cast: Vec::new() };
    let mut actual = Vec::new();
    for step in expected.iter().filter(|line| !is_heard(line)) {
        actual.push((*step).to_owned());
        play.step(step);
        play.hear(&mut actual);
    }
    if expected != actual {
        let same = expected.iter().zip(&actual).take_while(|(e, a)| e == a);
        actual.insert(same.count(), "--- here it differs:".to_owned());
        panic!("the clients heard this instead:\n{}", actual.join("\n"));
    }
}

/// Whether a line of a script is something that a client hears, and not a step.
fn is_heard(line: &str) -> bool {
    let (_, what) = line.split_once(' ').unwrap_or_default();
    what.starts_with('<') || what == "is finished" || what == "is cut off"
}

struct Play {
    wire: Wire,
    /// In the order of connecting. If a person connects again, that is another client.
    cast: Vec<Part>,
}

struct Part {
    name: String,
    client: ClientId,
    has_ended: bool,
}

impl Play {
    fn step(&mut self, step: &str) {
        if step == "the server stops" {
            return self.wire.stop();
        }
        let (who, what) = step.split_once(' ').expect("who does what");
        if let Some(address) = what.strip_prefix("connects") {
            let address = address.strip_prefix(" from ").unwrap_or(who);
            let part =
                Part { name: who.to_owned(), client: self.wire.connect(address), has_ended: false };
            return self.cast.push(part);
        }
        let named = self.cast.iter().rfind(|part| part.name == who);
        let client = named.expect("one who has connected").client;
        match what {
            "half-closes" => self.wire.half_close(client),
            "resets" => self.wire.reset(client),
            "stops reading" => self.wire.set_reads(client, false),
            "reads again" => self.wire.set_reads(client, true),
            _ => {
                if let Some(seconds) = what.strip_prefix("is idle for ") {
                    let seconds = seconds.trim_end_matches(" s").parse().expect("seconds");
                    self.wire.idle(client, seconds);
                } else {
                    self.send(client, what);
                }
            }
        }
    }

    fn send(&mut self, client: ClientId, what: &str) {
        let (what, times) = match what.strip_suffix(" times)").map(|w| w.rsplit_once(" (")) {
            Some(Some((what, times))) => (what, times.parse().expect("how often")),
            _ => (what, 1),
        };
        let (text, end) = match what.strip_prefix(">>") {
            Some(bytes) => (bytes, ""),
            None => (what.strip_prefix('>').expect("a step"), "\n"),
        };
        let mut read = unescape(text.strip_prefix(' ').unwrap_or(text));
        read.extend(end.bytes());
        for _ in 0..times {
            self.wire.receive(client, &read);
        }
    }

    /// Writes down everything that the clients have heard since the last call.
    fn hear(&mut self, heard: &mut Vec<String>) {
        for part in &mut self.cast {
            let name = &part.name;
            let bytes = self.wire.take_heard(part.client);
            let lines: Vec<_> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
            for same in lines.chunk_by(|one, two| one == two) {
                let line = match same[0].strip_suffix(b"\r\n") {
                    Some(line) => format!("{name} < {}", escape(line)),
                    None => format!("{name} << {}", escape(same[0])),
                };
                heard.push(match same.len() {
                    1 => line,
                    times => format!("{line} ({times} times)"),
                });
            }
            let end = self.wire.end(part.client);
            if std::mem::replace(&mut part.has_ended, end.is_some()) {
                continue;
            }
            match end {
                Some(End::Finished) => heard.push(format!("{name} is finished")),
                Some(End::CutOff) => heard.push(format!("{name} is cut off")),
                Some(End::Reset) | None => {}
            }
        }
    }
}

/// The bytes for a text in a script.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        bytes.extend(plain.bytes());
        let hexadecimal = |digits| u32::from_str_radix(digits, 16).expect("a hexadecimal number");
        let (kind, after) = escape.split_at(1);
        rest = after;
        match kind {
            "0" => bytes.push(b'\0'),
            "t" => bytes.push(b'\t'),
            "n" => bytes.push(b'\n'),
            "r" => bytes.push(b'\r'),
            "x" => {
                bytes.push(hexadecimal(&after[..2]) as u8);
                rest = &after[2..];
            }
            "u" => {
                let (digits, after) = after[1..].split_once('}').expect("u{...}");
                let c = char::from_u32(hexadecimal(digits)).expect("a character");
                bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
                rest = after;
            }
            _ => panic!("\\{kind} means nothing"),
        }
    }
    bytes.extend(rest.bytes());
    bytes
}

/// The text in a script for these bytes.
fn escape(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\0' => text.push_str("\\0"),
                '\t' | '\n' | '\r' => text.extend(c.escape_default()),
                c if c.is_ascii_control() => write!(text, "\\x{:02x}", u32::from(c)).unwrap(),
                c => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02x}").unwrap();
        }
    }
    match text.strip_suffix(' ') {
        Some(seen) => format!("{seen}\\x20"),
        None => text,
    }
}
