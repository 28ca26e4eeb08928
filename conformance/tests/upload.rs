//! Upload: a file arrives completely and under its name, or not at all.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::symlink;

use test_kit::upload::{answer, header, upload};
use test_kit::{Directory, Own, Server, Style, does_not_apply, each_style};

each_style!(
    a_file_arrives,
    a_hundred_megabytes_arrive_bit_exact,
    every_cut_of_an_upload_is_answered_alike (rows 22, 43),
    a_client_need_not_half_close,
    bytes_after_the_file_are_discarded_and_counted,
    wrong_names_are_refused (row 43),
    wrong_sizes_are_refused (row 43),
    an_upload_that_ends_early_leaves_nothing_behind (row 43),
    no_file_is_replaced_and_no_link_followed (row 43),
    of_two_uploads_of_one_name_exactly_one_wins (row 43),
    a_refusal_arrives_though_its_reader_sends_a_megabyte_first,
    the_second_is_stored_while_the_first_is_held_open_or_waits,
    silent_clients_get_the_reason,
    many_uploads_are_open_at_once,
    netcat_and_printf_can_upload,
    socat_can_upload,
    python_can_upload,
);

/// A server that stores files in its own directory.
struct Uploads {
    directory: Directory,
    server: Server,
}

impl Uploads {
    fn start(style: Style, options: &[&str]) -> Uploads {
        let directory = Directory::default();
        let place = ["--directory", directory.as_str()];
        let options = [&place, options].concat();
        let server = Server::start_with(style, "upload", &options);
        Uploads { directory, server }
    }

    /// Uploads these bytes, and returns the answer.
    #[track_caller]
    fn upload(&self, sent: &[u8]) -> String {
        let mut client = self.server.connect();
        client.send(sent);
        answer(&mut client)
    }

    #[track_caller]
    fn check_refused(&self, sent: &[u8], reason: &str) {
        assert_eq!(self.upload(sent), format!("refused: {reason}"));
        assert_eq!(self.directory.names(), [""; 0]);
    }

    #[track_caller]
    fn check_stored(&self, name: &str, bytes: &[u8]) {
        let stored = fs::read(self.directory.file(name)).expect("it is there");
        assert!(stored == bytes, "{} of {} bytes", stored.len(), bytes.len());
    }
}

/// Bytes that do not repeat soon, so that a lost or doubled byte is noticed.
fn bytes(count: usize) -> Vec<u8> {
    let words = 0..count.div_ceil(4) as u32;
    let mut bytes: Vec<u8> =
        words.flat_map(|n| n.wrapping_mul(0x9e37_79b9).to_le_bytes()).collect();
    bytes.truncate(count);
    bytes
}

fn a_file_arrives(style: Style) {
    let uploads = Uploads::start(style, &[]);
    let all: Vec<u8> = (0..=255).collect();
    let longest = "x".repeat(32);
    let files = [
        ("hello.txt", &b"hello\n"[..]),
        ("empty", b""),
        ("汉语 Hànyǔ", &all),
        (&longest, b"\n\n\n"),
        ("-rf", &bytes(100_000)),
    ];
    for (name, bytes) in files {
        let answer = uploads.upload(&upload(name, bytes));
        assert_eq!(answer, format!("stored {name} {}", bytes.len()));
        uploads.check_stored(name, bytes);
    }
    assert_eq!(uploads.directory.names().len(), files.len());
    uploads.server.wait_for_log(|line| line.contains("client 1 stored \"hello.txt\", 6 bytes"));
}

fn a_hundred_megabytes_arrive_bit_exact(style: Style) {
    const SIZE: usize = 100 << 20;
    let uploads = Uploads::start(style, &["--max-size", "100M"]);
    let piece = bytes(1 << 20);
    let mut client = uploads.server.connect();
    client.send(header("large", SIZE));
    for n in 0..100_u8 {
        client.send([&[n], &piece[1..]].concat());
    }
    assert_eq!(answer(&mut client), format!("stored large {SIZE}"));
    let mut file = File::open(uploads.directory.file("large")).expect("it is there");
    let mut stored = vec![0; piece.len()];
    for n in 0..100_u8 {
        file.read_exact(&mut stored).expect("it is as long");
        assert!(stored[0] == n && stored[1..] == piece[1..], "megabyte {n}");
    }
    assert_eq!(file.read(&mut stored).expect("readable"), 0);
}

fn every_cut_of_an_upload_is_answered_alike(style: Style) {
    let uploads = Uploads::start(style, &[]);
    let sent = upload("name", b"\n\0\n");
    let two = (1..sent.len()).map(|cut| vec![&sent[..cut], &sent[cut..]]);
    for reads in two.chain([sent.chunks(1).collect()]) {
        let mut client = uploads.server.connect();
        for read in &reads {
            client.send_apart(read);
        }
        assert_eq!(answer(&mut client), "stored name 3");
        uploads.check_stored("name", b"\n\0\n");
        fs::remove_file(uploads.directory.file("name")).expect("it is there");
    }
}

fn a_client_need_not_half_close(style: Style) {
    let uploads = Uploads::start(style, &[]);
    // Neither after the last byte of the file, nor after a header that is refused.
    assert_eq!(uploads.upload(&upload("name", b"hello")), "stored name 5");
    assert_eq!(uploads.upload(b"\n"), "refused: a name has 1 to 32 characters");
}

fn bytes_after_the_file_are_discarded_and_counted(style: Style) {
    let uploads = Uploads::start(style, &[]);
    let expect_in_log = |line: &str| {
        let client = line.split(" sent").next().unwrap();
        uploads.server.wait_for_log(|logged| logged.contains(line));
        uploads.server.wait_for_log(|logged| logged.contains(&format!("{client} left")));
    };
    // In the same read.
    let sent = [&upload("name", b"hello")[..], b" and more"].concat();
    assert_eq!(uploads.upload(&sent), "stored name 5");
    uploads.check_stored("name", b"hello");
    expect_in_log("client 1 sent 9 bytes more than it announced");
    // In the reads that follow, most of them after the answer.
    let mut client = uploads.server.connect();
    client.send([&upload("other", b"hello")[..], &[b'x'; 100_000]].concat());
    assert_eq!(answer(&mut client), "stored other 5");
    drop(client);
    expect_in_log("client 2 sent 100000 bytes more than it announced");
    // After the answer.
    let mut client = uploads.server.connect();
    client.send(upload("third", b"hello"));
    assert_eq!(client.read_line(), "stored third 5");
    client.send(b"one");
    client.send(b"two");
    client.expect_end();
    drop(client);
    expect_in_log("client 3 sent 6 bytes more than it announced");
    uploads.check_stored("third", b"hello");
    // A client that is refused has announced what it still sends.
    let mut client = uploads.server.connect();
    client.send([&upload("third", b"hello")[..], b" and more"].concat());
    assert!(answer(&mut client).starts_with("refused: "));
    drop(client);
    uploads.server.wait_for_log(|line| line.contains("client 4 left"));
    assert!(!uploads.server.log().iter().any(|line| line.contains("client 4 sent")));
}

fn wrong_names_are_refused(style: Style) {
    let uploads = Uploads::start(style, &[]);
    let length = "a name has 1 to 32 characters";
    let path = r"a name is not a path: it contains no / and no \";
    let dot = "a name does not begin with a dot";
    let control = "a name has no control characters in it";
    let too_long = "x".repeat(33);
    let names = [
        (&b""[..], length),
        (too_long.as_bytes(), length),
        (&[b'x'; 70_000], length),
        (b".", dot),
        (b"..", dot),
        (b".ssh", dot),
        (b"/etc/passwd", path),
        (b"../outside", path),
        (br"..\outside", path),
        (b"a/b", path),
        (b"name\0.txt", control),
        (b"\x1b]52;c;eA==\x07", control),
        (b"x\r", "a name ends with LF, without a CR before it"),
        (b"\xff", "a name is UTF-8"),
    ];
    for (name, reason) in names {
        uploads.check_refused(&[&header(name, 5)[..], b"hello"].concat(), reason);
    }
    assert_eq!(uploads.upload(&upload("good", b"hello")), "stored good 5");
    assert_eq!(uploads.directory.names(), ["good"]);
}

fn wrong_sizes_are_refused(style: Style) {
    let uploads = Uploads::start(style, &["--max-size", "1K"]);
    let too_large = "a file has at most 1024 bytes, and";
    let sizes = [
        (*b"\0\0\x04\x01", "1025 were announced"),
        (*b"\xff\xff\xff\xff", "4294967295 were announced"),
        (*b"\x05\0\0\0", "83886080 were announced; did you send it little-endian?"),
        (*b"1234", "825373492 were announced; did you send it as text?"),
    ];
    for (size, reason) in sizes {
        let sent = [b"name\n", &size[..], b"\nhello"].concat();
        uploads.check_refused(&sent, &format!("{too_large} {reason}"));
    }
    uploads.check_refused(
        b"name\n\0\0\0\x05hello",
        "after the 4 bytes of the size comes LF (0x0a), not 0x68",
    );
    let sent = upload("name", &bytes(1024));
    assert_eq!(uploads.upload(&sent), "stored name 1024");
}

fn an_upload_that_ends_early_leaves_nothing_behind(style: Style) {
    let uploads = Uploads::start(style, &[]);
    let sent = upload("name", b"abc");
    for end in 0..sent.len() {
        let heard = uploads.server.connect().exchange(&sent[..end]);
        let heard = String::from_utf8(heard).expect("UTF-8");
        assert!(heard.starts_with("refused: the input ended "), "{heard}");
        let mut gone = uploads.server.connect();
        gone.send(&sent[..end]);
        gone.reset();
        let gone = format!("client {} ", 2 * end + 2);
        uploads.server.wait_for_log(|line| {
            line.contains(&gone) && (line.contains(" left") || line.contains(" was lost"))
        });
        assert_eq!(uploads.directory.names(), [""; 0], "after {end} bytes");
    }
    assert_eq!(uploads.upload(&sent), "stored name 3");
}

fn no_file_is_replaced_and_no_link_followed(style: Style) {
    let outside = Directory::default();
    let uploads = Uploads::start(style, &[]);
    fs::write(uploads.directory.file("file"), "first").expect("writable");
    fs::create_dir(uploads.directory.file("directory")).expect("writable");
    for (target, link) in [("file", "link"), ("nothing", "dangling")] {
        symlink(outside.file(target), uploads.directory.file(link)).expect("writable");
    }
    fs::write(outside.file("file"), "outside").expect("writable");
    for name in ["file", "directory", "link", "dangling"] {
        let answer = uploads.upload(&upload(name, b"second"));
        assert_eq!(answer, "refused: there is a file of this name already");
    }
    uploads.check_stored("file", b"first");
    uploads.check_stored("link", b"outside");
    assert_eq!(outside.names(), ["file"]);
}

fn of_two_uploads_of_one_name_exactly_one_wins(style: Style) {
    if !style.serves_many() {
        return does_not_apply("it serves one client at a time");
    }
    let uploads = Uploads::start(style, &[]);
    for n in 0..20 {
        let name = format!("name{n}");
        let mut clients = [b"one", b"two"].map(|bytes| {
            let mut client = uploads.server.connect();
            client.send_apart(&upload(&name, bytes)[..name.len() + 8]);
            client
        });
        // Both have begun, and now both end.
        clients[0].send(b"e");
        clients[1].send(b"o");
        let mut answers = clients.each_mut().map(answer);
        answers.sort();
        let refused = "refused: there is a file of this name already".to_owned();
        assert_eq!(answers, [refused, format!("stored {name} 3")]);
        let stored = fs::read(uploads.directory.file(&name)).expect("it is there");
        assert!([&b"one"[..], b"two"].contains(&&stored[..]), "{stored:?}");
    }
    assert_eq!(uploads.directory.names().len(), 20);
}

fn a_refusal_arrives_though_its_reader_sends_a_megabyte_first(style: Style) {
    let uploads = Uploads::start(style, &[]);
    let mut client = uploads.server.connect();
    client.send(upload("../name", &bytes(1 << 20)));
    let reason = r"a name is not a path: it contains no / and no \";
    assert_eq!(answer(&mut client), format!("refused: {reason}"));
}

fn the_second_is_stored_while_the_first_is_held_open_or_waits(style: Style) {
    let uploads = Uploads::start(style, &["--max-size", "100M"]);
    let (large, small) = (upload("large", &bytes(8 << 20)), upload("small", &bytes(1024)));
    let (one_half, other_half) = large.split_at(large.len() / 2);
    let mut first = uploads.server.connect();
    first.send_apart(one_half);
    let mut second = uploads.server.connect();
    second.send(small);
    if style.serves_many() {
        assert_eq!(answer(&mut second), "stored small 1024");
        assert_eq!(uploads.directory.names(), ["small"]);
    } else {
        assert!(second.has_nothing(), "the second client waits");
        assert_eq!(uploads.directory.names(), [""; 0]);
    }
    first.send(other_half);
    assert_eq!(answer(&mut first), format!("stored large {}", 8 << 20));
    drop(first);
    if !style.serves_many() {
        assert_eq!(answer(&mut second), "stored small 1024");
    }
    assert_eq!(uploads.directory.names(), ["large", "small"]);
}

fn silent_clients_get_the_reason(style: Style) {
    let uploads = Uploads::start(style, &["--idle-timeout", "1"]);
    let sent = upload("name", b"hello");
    for (end, place) in [
        (0, "in the name; after it come LF, the size and LF"),
        (6, "in the size, which is 4 bytes in big-endian and LF"),
        (12, "after 2 of 5 bytes"),
    ] {
        uploads.check_refused(&sent[..end], &format!("idle for 1 s {place}"));
    }
}

/// Each upload takes two descriptors: more than half of select(2)'s set are for clients.
fn many_uploads_are_open_at_once(style: Style) {
    let count = match style.own {
        Own::Nothing => 1,
        Own::Slot => 700,
        _ => style.at_once(50),
    };
    if !test_kit::can_open(2 * count + 100) {
        return;
    }
    let uploads = Uploads::start(style, &[]);
    let begin = |n| {
        let mut client = uploads.server.connect();
        client.send_apart(header(format!("file{n}"), 5));
        client
    };
    let mut clients: Vec<_> = (0..count).map(begin).collect();
    // A disk takes milliseconds to store a file for good, so only one in ten sends its bytes.
    let is_whole = |n| n % 10 == 0;
    for (n, client) in clients.iter_mut().enumerate() {
        match is_whole(n) {
            true => client.send("hello"),
            false => client.half_close(),
        }
    }
    for (n, client) in clients.iter_mut().enumerate() {
        let expected = match is_whole(n) {
            true => format!("stored file{n} 5"),
            false => "refused: the input ended after 0 of 5 bytes".to_owned(),
        };
        assert_eq!(answer(client), expected);
    }
    let stored = (0..count).filter(|n| is_whole(*n)).count();
    assert_eq!(uploads.directory.names().len(), stored);
}

fn netcat_and_printf_can_upload(style: Style) {
    let uploads = Uploads::start(style, &[]);
    let command = r"(printf 'hello.txt\n\0\0\0\6\nhello\n') | nc 127.0.0.1 $PORT";
    if let Some(shown) = uploads.server.shell(&["nc"], command) {
        assert_eq!(String::from_utf8_lossy(&shown), "stored hello.txt 6\r\n");
        uploads.check_stored("hello.txt", b"hello\n");
    }
}

fn socat_can_upload(style: Style) {
    let uploads = Uploads::start(style, &[]);
    let source = Directory::default();
    let bytes = bytes(1 << 20);
    fs::write(source.file("source"), &bytes).expect("writable");
    let command = format!(
        "cd {} && (printf 'megabyte\\n'; printf '%08x' $(stat -c %s source) | xxd -r -p; echo; \
         cat source) | socat -t60 - TCP:127.0.0.1:$PORT",
        source.as_str()
    );
    if let Some(shown) = uploads.server.shell(&["socat", "xxd"], &command) {
        assert_eq!(String::from_utf8_lossy(&shown), "stored megabyte 1048576\r\n");
        uploads.check_stored("megabyte", &bytes);
    }
}

fn python_can_upload(style: Style) {
    let uploads = Uploads::start(style, &[]);
    let command = r#"python3 -c '
import os, socket, struct
for name, size in [("one", 0x0a0a), ("two", 10), ("one", 5), ("../x", 5)]:
    connection = socket.create_connection(("127.0.0.1", os.environ["PORT"]))
    connection.sendall(name.encode() + b"\n" + struct.pack("!I", size) + b"\n" + bytes(size))
    print(connection.makefile().read(), end="")
'"#;
    if let Some(shown) = uploads.server.shell(&["python3"], command) {
        let expected = "stored one 2570\nstored two 10\n\
            refused: there is a file of this name already\n\
            refused: a name is not a path: it contains no / and no \\\n";
        assert_eq!(String::from_utf8_lossy(&shown), expected);
        uploads.check_stored("one", &[0; 2570]);
    }
}
