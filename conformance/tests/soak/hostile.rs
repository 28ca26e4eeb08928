//! Clients that do what no client should do. The server may treat them in any way, but none may
//! wait for longer than a moment.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use socket2::SockRef;
use test_kit::upload::header;
use test_kit::{Chance, Client, again};

use crate::polite::{frame, text};
use crate::watched::Watched;

/// How long a client waits for a server that does not read, or does not answer.
const MOMENT: Duration = Duration::from_millis(100);

/// The largest number of bytes that a client sends.
const MOST: usize = 1 << 20;

/// The largest amount of speech with which a client floods the room. The room drops a member that
/// reads less than a megabyte in a second, even if it reads, and on a busy machine polite ones do.
const MOST_SPEECH: usize = 64 << 10;

/// The ways to misbehave: a client sends one of these, if anything, and leaves in this way.
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
    /// The beginning of a request.
    Part,
    /// Much data without a line end.
    EndlessLine,
    /// Random bytes.
    Noise,
    /// One request again and again, without reading the answers.
    Flood,
    /// A request with out-of-band bytes (tcp(7), MSG_OOB).
    Urgent,
}

#[derive(Clone, Copy)]
enum Leaves {
    /// Closes. With unread data this becomes a reset.
    Politely,
    /// Resets the connection at any point.
    WithReset,
    /// Half-closes, and reads as long as data comes.
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
    // Errors of sending do not matter.
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
            while again(|| client.stream().read(&mut scrap)).is_ok_and(|count| count > 0)
                && Instant::now() < by
            {}
        }
    }
}

/// A request that a service might get, or should not. It announces more than it sends.
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
