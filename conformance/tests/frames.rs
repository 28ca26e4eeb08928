//! Frames: each frame comes back, and a wrong one is refused with the reason.

use test_kit::{Client, Process, Server, Style, each_style};

each_style!(
    a_frame_comes_back,
    every_cut_of_the_input_is_answered_alike (rows 22, 44),
    the_answer_does_not_wait_for_the_whole_frame,
    a_wrong_frame_is_refused_with_the_reason (row 44),
    four_gigabytes_are_refused_before_they_come (row 44),
    an_end_inside_a_frame_truncates_the_answer_and_is_logged (row 44),
    a_large_frame_takes_no_memory,
    netcat_and_printf_get_their_frame_back,
    socat_gets_its_frame_back,
    python_gets_its_frames_back,
);

const MEBIBYTE: usize = 1 << 20;

fn frame(version: u32, data: &[u8]) -> Vec<u8> {
    let size = u32::try_from(data.len()).expect("a frame");
    [&version.to_be_bytes(), &size.to_be_bytes(), data].concat()
}

/// The client gets a frame of version 0, with this reason, and then the end.
#[track_caller]
fn expect_refusal(client: &mut Client, reason: &str) {
    let heard = client.read_to_end();
    assert_eq!(String::from_utf8_lossy(&heard[8..]), reason);
    assert_eq!(heard, frame(0, reason.as_bytes()));
}

fn a_frame_comes_back(style: Style) {
    let server = Server::start(style, "frames");
    let mut client = server.connect();
    let all: Vec<u8> = (0..=255).collect();
    for data in [&b"hello"[..], b"", &all, &[0; 8], b"\0\0\0\x01\0\0\0\x01"] {
        client.send(frame(1, data));
        assert_eq!(client.read_exact(8 + data.len()), frame(1, data));
    }
    let two = [frame(1, b"two in"), frame(1, b"one segment")].concat();
    assert_eq!(client.exchange(&two), two);
}

fn every_cut_of_the_input_is_answered_alike(style: Style) {
    let server = Server::start(style, "frames");
    let sent = [frame(1, b"abc"), frame(1, b""), frame(1, b"\n")].concat();
    let two = (1..sent.len()).map(|cut| vec![&sent[..cut], &sent[cut..]]);
    for reads in two.chain([sent.chunks(1).collect()]) {
        let mut client = server.connect();
        for read in &reads {
            client.send_apart(read);
        }
        client.half_close();
        assert_eq!(client.read_to_end(), sent, "cut after {}", reads[0].len());
    }
}

fn the_answer_does_not_wait_for_the_whole_frame(style: Style) {
    let server = Server::start(style, "frames");
    let mut client = server.connect();
    let sent = frame(1, &vec![b'x'; MEBIBYTE]);
    let (header, data) = sent.split_at(8);
    client.send(header);
    assert_eq!(client.read_exact(8), header);
    client.send(&data[..1]);
    assert_eq!(client.read_exact(1), &data[..1]);
    assert!(client.exchange(&data[1..]) == data[1..]);
}

fn a_wrong_frame_is_refused_with_the_reason(style: Style) {
    let server = Server::start(style, "frames");
    let cases = [
        (&b"\0\0\0\x02"[..], "version 2 is not known, only 1 is"),
        (b"\x01\0\0\0", "version 16777216 is not known, only 1 is; did you send it little-endian?"),
        (b"GET ", "version 1195725856 is not known, only 1 is"),
    ];
    for (version, reason) in cases {
        let mut client = server.connect();
        client.send([&frame(1, b"good"), version, b"\x05\0\0\0hello"].concat());
        assert_eq!(client.read_exact(12), frame(1, b"good"));
        expect_refusal(&mut client, reason);
    }
}

fn four_gigabytes_are_refused_before_they_come(style: Style) {
    let server = Server::start(style, "frames");
    let cases =
        [(u32::MAX, ""), (MEBIBYTE as u32 + 1, ""), (5 << 24, "; did you send it little-endian?")];
    for (size, hint) in cases {
        let mut client = server.connect();
        client.send([1_u32.to_be_bytes(), size.to_be_bytes()].concat());
        let reason =
            format!("a frame holds at most 1048576 bytes, and {size} were announced{hint}");
        expect_refusal(&mut client, &reason);
    }
}

fn an_end_inside_a_frame_truncates_the_answer_and_is_logged(style: Style) {
    let server = Server::start(style, "frames");
    let sent = frame(1, b"hello");
    for (n, end) in (0..=sent.len()).enumerate() {
        let mut client = server.connect();
        // A header comes back when it is complete, and data as it arrives.
        let expected = if end < 8 { &[][..] } else { &sent[..end] };
        assert_eq!(client.exchange(&sent[..end]), expected);
        drop(client);
        let client = format!("client {} ", n + 1);
        server.wait_for_log(|line| line.contains(&format!("{client}left")));
        let logged = |line: &String| line.contains(&format!("{client}ended inside a"));
        let is_inside = end != 0 && end != sent.len();
        assert_eq!(server.log().iter().any(logged), is_inside, "after {end} bytes");
    }
}

fn a_large_frame_takes_no_memory(style: Style) {
    let server = Server::start(style, "frames");
    let mut client = server.connect();
    // Memory that the server allocates for a first client is allocated from now on.
    let small = frame(1, &[b'x'; 256 * 1024]).repeat(2);
    assert!(roundtrip(&mut client, &small) == small);
    let mut processes = server.process().children();
    processes.push(server.process());
    let memory = |process: &Process| (*process, process.vm_hwm());
    let before: Vec<_> = processes.iter().map(memory).collect();
    let large = frame(1, &vec![b'x'; MEBIBYTE]).repeat(16);
    assert!(roundtrip(&mut client, &large) == large);
    for (process, before) in before {
        let grown = process.vm_hwm() - before;
        assert!(grown < 768, "{process:?} grew by {grown} KiB");
    }
}

/// Sends and receives at the same time, and leaves the connection open.
fn roundtrip(client: &mut Client, sent: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut sending = client.stream().try_clone().expect("a descriptor is left");
    std::thread::scope(|scope| {
        scope.spawn(move || sending.write_all(sent).expect("it is read"));
        client.read_exact(sent.len())
    })
}

fn netcat_and_printf_get_their_frame_back(style: Style) {
    let server = Server::start(style, "frames");
    let command = r"printf '\0\0\0\1\0\0\0\5hello' | nc -N 127.0.0.1 $PORT | xxd -p";
    if let Some(shown) = server.shell(&["nc", "xxd"], command) {
        assert_eq!(String::from_utf8_lossy(&shown), "000000010000000568656c6c6f\n");
    }
}

fn socat_gets_its_frame_back(style: Style) {
    let server = Server::start(style, "frames");
    let command =
        "echo 00000001 00000006 68656c6c6f0a | xxd -r -p | socat -t60 - TCP:127.0.0.1:$PORT";
    if let Some(shown) = server.shell(&["socat", "xxd"], command) {
        assert_eq!(shown, frame(1, b"hello\n"));
    }
}

fn python_gets_its_frames_back(style: Style) {
    let server = Server::start(style, "frames");
    let command = r#"python3 -c '
import os, random, socket, struct
stream = socket.create_connection(("127.0.0.1", os.environ["PORT"])).makefile("rwb")
for n in range(200):
    data = random.randbytes(random.choice([0, 1, 1000, 20_000]))
    stream.write(struct.pack("!II", 1, len(data)) + data)
    stream.flush()
    version, size = struct.unpack("!II", stream.read(8))
    assert (version, stream.read(size)) == (1, data)
stream.write(struct.pack("<II", 1, 5) + b"hello")
stream.flush()
version, size = struct.unpack("!II", stream.read(8))
print(version, stream.read(size).decode())
'"#;
    if let Some(shown) = server.shell(&["python3"], command) {
        let expected =
            "0 version 16777216 is not known, only 1 is; did you send it little-endian?\n";
        assert_eq!(String::from_utf8_lossy(&shown), expected);
    }
}
