//! The client that sends frames and files, against every style.

mod talking;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;

use talking::{PROGRAM, Talked, talk_under};
use test_kit::{Client, Directory, Server, Style, each_style, require_tool};

each_style!(
    each_line_is_a_frame,
    a_line_that_is_too_long_for_a_frame_is_reported,
    a_file_is_stored_as_it_is,
    a_refusal_says_what_to_do,
    a_refusal_is_read_while_the_file_is_still_sent,
);

fn frames(server: &Server, input: &[u8]) -> Talked {
    talk_under(&[], &["frames", &server.address().to_string()], input)
}

#[track_caller]
fn check_error(talked: &Talked, words: &[&str]) {
    assert_eq!((talked.status, &*talked.output), (Some(1), ""), "{talked:?}");
    let [error] = &talked.errors[..] else {
        panic!("not one line: {talked:?}");
    };
    for word in words {
        assert!(error.contains(word), "{error}");
    }
}

fn each_line_is_a_frame(style: Style) {
    let server = Server::start(style, "frames");
    // An empty line is a frame as well, and so is a line without an end; the longest has 1 MiB.
    let longest = "x".repeat(1 << 20);
    for said in ["hello\n", "\n", "one\r\n\n汉语\nthe end", &longest] {
        let talked = frames(&server, said.as_bytes());
        let lines = said.strip_suffix('\n').unwrap_or(said);
        assert_eq!(talked.status, Some(0), "{:?}", talked.errors);
        assert!(talked.output == format!("{lines}\n"), "{}", talked.output.len());
        assert_eq!(talked.errors, [""; 0]);
    }
    assert_eq!(frames(&server, b"").output, "");
}

fn a_line_that_is_too_long_for_a_frame_is_reported(style: Style) {
    let server = Server::start(style, "frames");
    let talked = frames(&server, &vec![b'x'; (1 << 20) + 1]);
    check_error(&talked, &["1048576 bytes at most"]);
}

/// A server that sends this and finishes, whatever it receives.
fn check_frames_said(said: &'static [u8], words: &[&str]) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("bound").to_string();
    let saying = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("it is called");
        let mut sent = Vec::new();
        stream.read_to_end(&mut sent).expect("it half-closes");
        stream.write_all(said).expect("it reads");
        sent
    });
    let talked = talk_under(&[], &["frames", &address], b"hi\n");
    assert_eq!(saying.join().expect("it was called"), b"\0\0\0\x01\0\0\0\x02hi");
    let [error] = &talked.errors[..] else {
        panic!("not one line: {talked:?}");
    };
    assert_eq!(talked.status, Some(1));
    for word in words {
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn an_incomplete_or_wrong_frame_is_reported() {
    check_frames_said(b"", &["one had no answer"]);
    check_frames_said(b"\0\0\0\x01\0", &["in the middle of a frame"]);
    check_frames_said(b"\0\0\0\x01\0\0\0\x02h", &["in the middle of a frame"]);
    check_frames_said(b"\0\0\0\x02\0\0\0\x02hi", &["is it the right port?"]);
    check_frames_said(b"\0\0\0\x01\0\x10\0\x01hi", &["is it the right port?"]);
    check_frames_said(b"* welcome", &["service frames", "is it the right port?"]);
    // A reason comes from a stranger, and is shown in a terminal.
    check_frames_said(b"\0\0\0\0\0\0\0\x06no \x1b[m", &["refused: no \u{fffd}[m"]);
}

/// A server of files, the directory that it fills, and a directory of files to send.
struct Uploads {
    stored: Directory,
    files: Directory,
    server: Server,
}

impl Uploads {
    fn start(style: Style, options: &[&str]) -> Uploads {
        let stored = Directory::default();
        let place = ["--directory", stored.as_str()];
        let server = Server::start_with(style, "upload", &[&place, options].concat());
        Uploads { stored, files: Directory::default(), server }
    }

    /// Writes a file, and returns its path.
    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.files.file(name);
        fs::write(&path, bytes).expect("it can be written");
        path.to_str().expect("UTF-8").to_owned()
    }

    fn upload(&self, file: &str, options: &[&str]) -> Talked {
        let address = self.server.address().to_string();
        talk_under(&[], &[&["upload", &address, file], options].concat(), b"")
    }
}

fn a_file_is_stored_as_it_is(style: Style) {
    let uploads = Uploads::start(style, &[]);
    let all: Vec<u8> = (0..=255).cycle().take(1_000_003).collect();
    for (name, bytes) in [("empty", &b""[..]), ("汉语 Hànyǔ", &all), ("-rf", b"\n")] {
        let file = uploads.file(name, bytes);
        for options in [&[][..], &["--name", "again"]] {
            let talked = uploads.upload(&file, options);
            let name = options.last().unwrap_or(&name);
            assert_eq!(talked.status, Some(0), "{talked:?}");
            assert_eq!(talked.output, format!("stored {name} {}\n", bytes.len()));
            // Without a terminal there is no bar.
            assert_eq!(talked.errors, [""; 0]);
            let stored = fs::read(uploads.stored.file(name)).expect("it is there");
            assert!(stored == bytes, "{} bytes", stored.len());
        }
        fs::remove_file(uploads.stored.file("again")).expect("it is there");
    }
}

fn a_refusal_says_what_to_do(style: Style) {
    let uploads = Uploads::start(style, &["--max-size", "10"]);
    let file = uploads.file(".hidden", b"hello");
    let another = "--name NAME sends it under another name";
    for name in ["", ".", "..", "../x", "a/b", "a\\b", ".x", "a\u{1b}b"] {
        check_error(&uploads.upload(&file, &["--name", name]), &[another]);
    }
    let hidden = uploads.upload(&file, &[]);
    check_error(&hidden, &["a name does not begin with a dot", another]);
    assert_eq!(uploads.stored.names(), [""; 0]);

    assert_eq!(uploads.upload(&file, &["--name", "x"]).status, Some(0));
    let again = uploads.upload(&file, &["--name", "x"]);
    check_error(&again, &["there is a file of this name already", another]);

    let large = uploads.upload(&uploads.file("large", b"eleven byte"), &[]);
    check_error(&large, &["at most 10 bytes", "--max-size"]);
    assert_eq!(uploads.stored.names(), ["x"]);
}

fn a_refusal_is_read_while_the_file_is_still_sent(style: Style) {
    let uploads = Uploads::start(style, &[]);
    // It does not matter if the server discards more in the same time: no test waits for that.
    let file = uploads.file("large", b"");
    let long = File::options().write(true).open(&file);
    long.and_then(|file| file.set_len(1 << 30)).expect("a file may have holes");
    let talked = uploads.upload(&file, &["--trace"]);
    assert_eq!(talked.status, Some(1));
    let sends = talked.errors.iter().filter(|line| line.starts_with("send("));
    assert!(sends.count() < (1 << 30) / (16 << 10), "all of it was sent");
    let last = talked.errors.last().expect("there is an error");
    assert!(last.contains("1073741824 were announced"), "{last}");
}

/// The iterative server is busy with another client, so the upload waits in the middle, and the
/// file changes its size.
#[track_caller]
fn check_changed(change: impl FnOnce(&File)) {
    const SIZE: u64 = 32 << 20;
    let uploads = Uploads::start(Style::ITERATIVE, &["--max-size", "64M"]);
    let first: Client = uploads.server.connect();
    let path = uploads.file("changing", b"");
    let file = File::options().append(true).open(&path).expect("it is there");
    file.set_len(SIZE).expect("a file may have holes");
    let mut talk = Command::new(PROGRAM)
        .args(["talk", "upload", "--trace"])
        .args([&uploads.server.address().to_string(), &path])
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut errors = BufReader::new(talk.stderr.take().expect("piped")).lines();
    let is_sent = |line: &str| line.starts_with("send(");
    assert!(errors.any(|line| is_sent(&line.expect("UTF-8"))));
    change(&file);
    let size = file.metadata().expect("it is there").len();
    assert_ne!(size, SIZE);
    drop(first);
    let last = errors.last().expect("it fails").expect("UTF-8");
    assert!(
        last.contains(&format!("{SIZE} bytes were announced, but it has {size} now")),
        "{last}"
    );
    let ended = talk.wait_with_output().expect("it ends");
    assert_eq!((ended.status.code(), &*ended.stdout), (Some(1), &b""[..]));
    uploads.server.wait_for_log(|line| line.contains("the input ended after"));
    assert_eq!(uploads.stored.names(), [""; 0]);
}

#[test]
fn a_file_that_grows_or_shrinks_while_it_is_sent_is_not_stored() {
    check_changed(|mut file| file.write_all(b"!").expect("it grows"));
    check_changed(|file| file.set_len(20 << 20).expect("it shrinks"));
}

/// The server has stored all announced bytes when the file grows, and says so.
#[test]
fn a_file_that_grows_behind_its_announced_size_is_reported() {
    let files = Directory::default();
    let path = files.file("growing");
    fs::write(&path, b"hello\n").expect("it can be written");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("bound").to_string();
    let grown = path.clone();
    let storing = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("it is called");
        let mut sent = [0; 19];
        stream.read_exact(&mut sent).expect("it sends the file");
        let mut file = File::options().append(true).open(grown).expect("it is there");
        file.write_all(b"and more").expect("it grows");
        stream.write_all(b"stored growing 6\r\n").expect("it reads");
        sent
    });
    let file = path.to_str().expect("UTF-8");
    let talked = talk_under(&[], &["upload", &address, file], b"");
    assert_eq!(&storing.join().expect("it was called"), b"growing\n\0\0\0\x06\nhello\n");
    check_error(&talked, &[file, "the first 6 bytes are stored, but it has 14 now"]);
}

#[test]
fn an_unusable_file_is_reported_before_the_client_connects() {
    let files = Directory::default();
    let path = |name: &str| files.file(name).to_str().expect("UTF-8").to_owned();
    let (pipe, large) = (path("pipe"), path("large"));
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("coreutils").success());
    let long = File::create(&large).and_then(|file| file.set_len(1 << 32));
    long.expect("a file may have holes");
    // No program listens there, but that is not the reported error.
    let upload = |file: &str| talk_under(&[], &["upload", "127.77.7.7:9", file], b"");
    check_error(&upload(files.as_str()), &["it is not a regular file"]);
    check_error(&upload(&pipe), &["it is not a regular file"]);
    check_error(&upload("/dev/zero"), &["it is not a regular file"]);
    check_error(&upload(&path("none")), &["none", "No such file"]);
    check_error(&upload(&large), &["a size of 4 bytes is at most 4294967295"]);

    let two_lines = path("two\nlines");
    fs::write(&two_lines, "").expect("it can be written");
    let talked = upload(&two_lines);
    assert_eq!(talked.status, Some(2));
    assert!(talked.errors[0].contains("--name"), "{talked:?}");
    fs::write(path("file"), "").expect("it can be written");
    check_error(&upload(&path("file")), &["connection refused"]);
}

#[test]
fn a_server_of_another_service_does_not_get_the_whole_file() {
    let files = Directory::default();
    let large = files.file("large");
    let long = File::create(&large).and_then(|file| file.set_len(1 << 30));
    long.expect("a file may have holes");
    for service in ["echo", "chat", "frames", "fortune"] {
        let server = Server::start(Style::THREAD, service);
        let address = server.address().to_string();
        let file = large.to_str().expect("UTF-8");
        let talked = talk_under(&[], &["upload", &address, file], b"");
        check_error(&talked, &["service upload", "is it the right port?"]);
    }
}

#[test]
fn on_a_terminal_a_bar_shows_the_progress() {
    if !require_tool("script") {
        return;
    }
    let uploads = Uploads::start(Style::ASYNC, &[]);
    let file = uploads.file("file", &[b'x'; 1 << 20]);
    let address = uploads.server.address();
    let on_a_terminal = |options: &str| {
        let command = format!("{PROGRAM} talk upload {address} {file} {options}");
        let shown = Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .stdin(Stdio::null())
            .output()
            .expect("it starts");
        String::from_utf8(shown.stdout).expect("UTF-8")
    };
    let shown = on_a_terminal("");
    assert!(shown.contains("of 1.00 MiB"), "{shown}");
    assert!(shown.ends_with("stored file 1048576\r\n"), "{shown:?}");
    // The trace writes on the same lines.
    let shown = on_a_terminal("--trace --name other");
    assert!(!shown.contains("of 1.00 MiB") && shown.contains("send("));
}
