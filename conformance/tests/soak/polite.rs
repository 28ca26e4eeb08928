//! Polite clients that check every byte.

use std::collections::BTreeSet;
use std::fs;
use std::sync::OnceLock;

use protocol::fortune::Fortunes;
use protocol::{ClientId, frames};
use test_kit::upload::{answer, upload};
use test_kit::{Chance, Client};

use crate::room;
use crate::watched::Watched;

/// The seed of a server's fortunes, as on its command line.
pub(crate) const SEED: &str = "7";

/// A client comes, sends requests, checks the answers, and leaves.
pub(crate) fn visit(server: &Watched, chance: &mut Chance) {
    match server.service.name {
        "echo" => echo(server.connect(), chance),
        "fortune" => fortune(server.connect()),
        "chat" if server.style.room_of_many => room::talk(server, chance),
        "chat" => room::talk_alone(server, chance),
        "lines" => lines(server.connect(), chance),
        "frames" => frames(server.connect(), chance),
        "upload" => store(server, chance),
        other => panic!("write a client that checks the answers of {other}"),
    }
}

/// Some send and receive at the same time, others wait for each answer.
fn echo(mut client: Client, chance: &mut Chance) {
    if chance.below(2) == 0 {
        let size = *chance.pick(&[0, 1, 1000, 300_000]);
        let bytes = chance.bytes(size);
        assert!(client.exchange(&bytes) == bytes, "{size} bytes come back changed");
        return;
    }
    for _ in 0..10 {
        let size = 1 + chance.below(2000);
        let bytes = chance.bytes(size);
        client.send(&bytes);
        assert_eq!(client.read_exact(size), bytes);
    }
    client.half_close();
    client.expect_end();
}

fn fortune(mut client: Client) {
    static FORTUNES: OnceLock<BTreeSet<String>> = OnceLock::new();
    let all = FORTUNES.get_or_init(|| {
        let fortunes = Fortunes::built_in(SEED.parse().expect("a number"));
        // There are about fifty, so this many draws contain all of them.
        (1..10_000).map(|client| fortunes.draw(ClientId(client)).to_owned()).collect()
    });
    let told = String::from_utf8(client.read_to_end()).expect("fortunes are UTF-8");
    assert!(all.contains(&told), "{told:?} is not a fortune");
}

fn lines(mut client: Client, chance: &mut Chance) {
    let lines: Vec<String> = (0..chance.below(500)).map(|_| text(chance)).collect();
    let asked: String = lines.iter().flat_map(|line| [line, "\r\n"]).collect();
    let expected: String = lines.iter().flat_map(|line| ["=> ", line, "\r\n"]).collect();
    let answered = client.exchange(asked.as_bytes());
    assert!(answered == expected.as_bytes(), "{} lines have other answers", lines.len());
}

/// A line of up to 200 letters.
pub(crate) fn text(chance: &mut Chance) -> String {
    let length = chance.below(200);
    chance.letters(length)
}

fn frames(mut client: Client, chance: &mut Chance) {
    let frames: Vec<u8> = (0..chance.below(5)).flat_map(|_| frame(chance)).collect();
    assert!(client.exchange(&frames) == frames, "{} bytes of frames differ", frames.len());
}

/// A frame that the server answers separately.
pub(crate) fn frame(chance: &mut Chance) -> Vec<u8> {
    let size = *chance.pick(&[0, 1, 5000, 100_000]);
    let header = [frames::VERSION, size as u32].map(u32::to_be_bytes).concat();
    [header, chance.bytes(size)].concat()
}

fn store(server: &Watched, chance: &mut Chance) {
    let name = chance.letters(20);
    let size = *chance.pick(&[0, 1, 5000, 200_000]);
    let bytes = chance.bytes(size);
    let mut client = server.connect();
    client.send(upload(&name, &bytes));
    assert_eq!(answer(&mut client), format!("stored {name} {size}"));
    let file = server.directory.join(name);
    assert!(fs::read(&file).expect("it is stored") == bytes, "{file:?} differs");
    fs::remove_file(file).expect("it is there");
}
