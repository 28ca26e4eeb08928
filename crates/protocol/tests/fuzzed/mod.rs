//! Checks that hold for any bytes: the target of the fuzzer (`crates/protocol/fuzz`). The test
//! `corpus` plays it with all kept inputs.
//!
//! The first byte of an input chooses a service or a room. For a service, one client sends the other
//! bytes, cut in many places. In a room, the other bytes say what the members do and how time passes.

mod meeting;

use std::sync::Arc;

use protocol::{CATALOGUE, Settings, frames, text};

use crate::wire::{Disk, End, Wire};

/// Plays an input.
///
/// # Panics
///
/// A check fails.
pub(crate) fn play(input: &[u8]) {
    let Some((&choice, input)) = input.split_first() else { return };
    match CATALOGUE.get(usize::from(choice) % (CATALOGUE.len() + 1)) {
        Some(entry) => converse(entry.name, input),
        None => meeting::play(input),
    }
}

/// The most cuts to try with an input: enough to cut a short one everywhere.
const CUTS: usize = 32;

/// One client sends the input to the service and half-closes. The answer does not depend on the cuts
/// of the input, and is as the service promises.
fn converse(service: &str, input: &[u8]) {
    let whole = heard(service, &[input]);
    let bytes = heard(service, &input.chunks(1).collect::<Vec<_>>());
    assert_eq!(bytes, whole, "byte by byte");
    let step = input.len() / CUTS + 1;
    for cut in (1..input.len()).step_by(step) {
        let (first, last) = input.split_at(cut);
        assert_eq!(heard(service, &[first, last]), whole, "cut at {cut}");
    }
    let answer = &whole[0];
    match service {
        "echo" => assert_eq!(answer, input),
        "frames" => check_frames(answer, input),
        "upload" => check_upload(answer, input),
        _ => whole.iter().for_each(|heard| drop(check_lines(heard))),
    }
}

/// The bytes that the client hears, and in a room also those that two others hear: one that was there
/// before, and one that comes after.
fn heard(service: &str, reads: &[&[u8]]) -> [Vec<u8>; 3] {
    let mut wire = Wire::new(service);
    let clients = ["caller", "witness"].map(|name| wire.connect(name));
    for read in reads.iter().filter(|read| !read.is_empty()) {
        wire.receive(clients[0], read);
    }
    wire.half_close(clients[0]);
    assert_eq!(wire.end(clients[0]), Some(End::Finished));
    let newcomer = wire.connect("newcomer");
    [clients[0], clients[1], newcomer].map(|client| wire.take_heard(client))
}

/// The answer to telnet's question after Ctrl-C. Telnet removes it from the text.
const WONT_TIMING_MARK: &[u8] = b"\xff\xfc\x06";

/// Checks that a client hears only whole lines of text without control characters. Returns the lines
/// as telnet shows them.
fn check_lines(heard: &[u8]) -> String {
    let mut rest = heard;
    let mut shown = Vec::new();
    while let Some(first) = rest.first() {
        let mark = rest.strip_prefix(WONT_TIMING_MARK);
        rest = mark.unwrap_or_else(|| {
            shown.push(*first);
            &rest[1..]
        });
    }
    let shown = String::from_utf8(shown).expect("it is UTF-8");
    assert!(shown.is_empty() || shown.ends_with("\r\n"), "{shown:?}");
    for line in shown.split_terminator("\r\n") {
        assert!(!line.chars().any(text::is_unsafe), "{line:?}");
    }
    shown
}

/// Checks that each frame comes back, as far as it has arrived, up to the first invalid header.
fn check_frames(mut answer: &[u8], mut input: &[u8]) {
    while let Some((header, rest)) = input.split_first_chunk::<8>() {
        let [version, size] = [0, 4].map(|at| {
            let number = header[at..].first_chunk().expect("a header has eight bytes");
            u32::from_be_bytes(*number)
        });
        if version != frames::VERSION || size > frames::FRAME_LIMIT {
            let (refusal, reason) = answer.split_first_chunk::<8>().expect("a refusal");
            assert_eq!(refusal[..4], frames::REFUSAL.to_be_bytes());
            assert_eq!(refusal[4..], (reason.len() as u32).to_be_bytes());
            return assert!(!reason.is_empty() && reason.is_ascii(), "{reason:?}");
        }
        let data = &rest[..rest.len().min(size as usize)];
        answer = answer.strip_prefix(header).expect("the header comes back");
        answer = answer.strip_prefix(data).expect("the data comes back");
        input = &rest[data.len()..];
    }
    assert_eq!(answer, b"");
}

/// Checks that the disk has the whole file, or nothing, and that the one line says which.
fn check_upload(answer: &[u8], input: &[u8]) {
    let disk = Disk::default();
    let store = Some(Arc::new(disk.clone()) as _);
    let mut wire = Wire::with("upload", Settings { store, ..Settings::built_in(1) });
    let client = wire.connect("caller");
    wire.receive(client, input);
    wire.half_close(client);
    drop(wire);
    let answer = str::from_utf8(answer).expect("it is UTF-8");
    let line = answer.strip_suffix("\r\n").expect("it is a line");
    assert_eq!(disk.drafts(), 0, "{line}");
    assert!(!line.chars().any(text::is_unsafe), "{line:?}");
    match disk.files().pop_first() {
        None => assert!(line.starts_with("refused: "), "{line}"),
        Some((name, bytes)) => {
            assert_eq!(line, format!("stored {name} {}", bytes.len()));
            assert_eq!(input[..name.len()], *name.as_bytes());
            assert_eq!(input[name.len() + 6..][..bytes.len()], bytes);
            assert!(disk.files().len() == 1, "{line}");
        }
    }
}
