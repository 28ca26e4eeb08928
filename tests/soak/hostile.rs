//! Clients that do what no client should. Nothing that happens to them matters, but for how long
//! they stay: none waits for longer than a moment.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use socket2::SockRef;
use test_kit::upload::header;
use test_kit::{Chance, Client};

use crate::polite::{frame, text};
use crate::watched::Watched;

/// How long one waits for a server that does not read, or does not answer.
const MOMENT: Duration = Duration::from_millis(100);

/// How much one sends at most.
const MOST: usize = 1 << 20;

/// How much speech one floods the room with. A member that reads is dropped all the same if it reads
/// less than a megabyte in a second, and on a busy machine polite ones do.
const MOST_SPEECH: usize = 64 << 10;

/// Each is a way to be a nuisance: it sends some of this, if anything, and leaves in that way.
const WAYS: &[(Sends, Leaves)] = &[
    (Sends::Nothing, Leaves::Politely),
    (Sends::Nothing, Leaves::WithReset),
    (Sends::Nothing, Leaves::AfterReading),
    (Sends::Part, Leaves::Politely),
    (Sends::Part, Leaves::WithReset),
    (Sends::Part, Leaves::AfterReading),
    (Sends::EndlessLine, Leaves::WithReset),
    (Sends::EndlessLine, Leaves::AfterReading),
    (Sends::Noise, Leaves::WithReset),
    (Sends::Noise, Leaves::AfterReading),
    (Sends::Flood, Leaves::Politely),
    (Sends::Flood, Leaves::WithReset),
    (Sends::Urgent, Leaves::WithReset),
    (Sends::Urgent, Leaves::AfterReading),
];

#[derive(Clone, Copy)]
enum Sends {
    Nothing,
    /// A request that ends somewhere.
    Part,
    /// Much without a line's end.
    EndlessLine,
    /// Bytes by chance.
    Noise,
    /// One request over and over, and nothing of the answers is read.
    Flood,
    /// A request, and bytes out of band in it (tcp(7), MSG_OOB).
    Urgent,
}

#[derive(Clone, Copy)]
enum Leaves {
    /// Closes. What it has not read makes a reset of it.
    Politely,
    /// In the middle of whatever there is.
    WithReset,
    /// Half-closes, and reads for as long as something comes.
    AfterReading,
}

pub(crate) fn visit(server: &Watched, chance: &mut Chance) {
    let client = server.connect();
    for set in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
        set(client.stream(), Some(MOMENT)).expect("it is not zero");
    }
    let (sends, leaves) = *chance.pick(WAYS);
    send(client.stream(), sends, server.service.name, chance);
    leave(client, leaves);
}

fn send(mut stream: &TcpStream, what: Sends, service: &str, chance: &mut Chance) {
    let request = request(service, chance);
    // What cannot be sent is not missed.
    let _ = match what {
        Sends::Nothing => Ok(()),
        Sends::Part => stream.write_all(&request[..chance.below(request.len())]),
        Sends::EndlessLine => stream.write_all(&vec![b'x'; chance.below(MOST)]),
        Sends::Noise => {
            let count = chance.below(50_000);
            stream.write_all(&chance.bytes(count))
        }
        Sends::Flood => {
            let is_speech = service == "chat" && request[0].is_ascii_alphabetic();
            let most = if is_speech { MOST_SPEECH } else { MOST };
            stream.write_all(&request.repeat(chance.below(most) / request.len() + 1))
        }
        Sends::Urgent => {
            let (one, two) = request.split_at(chance.below(request.len()));
            let _ = stream.write_all(one);
            let _ = SockRef::from(stream).send_out_of_band(b"!");
            stream.write_all(two)
        }
    };
}

fn leave(mut client: Client, how: Leaves) {
    match how {
        Leaves::Politely => drop(client),
        Leaves::WithReset => client.reset(),
        Leaves::AfterReading => {
            client.half_close();
            let (by, mut scrap) = (Instant::now() + 10 * MOMENT, [0; 16 * 1024]);
            while client.stream().read(&mut scrap).is_ok_and(|count| count > 0)
                && Instant::now() < by
            {}
        }
    }
}

/// What a client might ask of a service, and what it should not. It announces more than it sends.
fn request(service: &str, chance: &mut Chance) -> Vec<u8> {
    let size = *chance.pick(&[2 * MOST, u32::MAX as usize]);
    match service {
        "chat" => chat_line(chance),
        "frames" => match chance.below(3) {
            0 => frame(chance),
            1 => [1, size as u32].map(u32::to_be_bytes).concat(),
            _ => [1, size as u32].map(u32::to_le_bytes).concat(),
        },
        "upload" => {
            let name = chance.pick(&["hostile", "../up", "/etc/passwd", ".", "a\0b", ""]);
            [header(name, size), vec![b'x'; 5000]].concat()
        }
        _ => [text(chance).as_bytes(), b"\r\n"].concat(),
    }
}

fn chat_line(chance: &mut Chance) -> Vec<u8> {
    let lines: [&[u8]; 10] = [
        b"/help\n",
        b"/who\n",
        b"/nick eve\n",
        b"/nick\n",
        b"/quit\n",
        b"/dance\n",
        b"\n",
        b"\xff\xfd\x06",
        b"\x1b[2J\x9b\xe2\x80\xae\n",
        b"",
    ];
    match *chance.pick(&lines) {
        b"" => [chance.letters(150).as_bytes(), b"\n"].concat(),
        line => line.to_vec(),
    }
}
