//! Two talks without a server: one waits for the other.

mod talking;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use talking::{PROGRAM, talk_under};
use test_kit::{Directory, deadline, wait_until};

/// A talk that runs. Dropping it kills it.
struct Talk {
    child: Child,
    errors: BufReader<ChildStderr>,
    lines: Receiver<String>,
}

impl Talk {
    fn start(arguments: &[&str]) -> Talk {
        let mut child = Command::new(PROGRAM)
            .arg("talk")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let errors = BufReader::new(child.stderr.take().expect("piped"));
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            stdout.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        Talk { child, errors, lines }
    }

    /// Waits at a free port, and returns the address, too.
    fn listening(options: &[&str]) -> (Talk, String) {
        let mut talk = Talk::start(&[&["--listen", "127.0.0.1:0"], options].concat());
        loop {
            let line = talk.read_error();
            if let Some(address) = line.strip_prefix("listening on ") {
                return (talk, address.to_owned());
            }
        }
    }

    /// The next line of standard error.
    #[track_caller]
    fn read_error(&mut self) -> String {
        let mut line = String::new();
        self.errors.read_line(&mut line).expect("UTF-8");
        assert_ne!(line, "", "it has ended");
        line.trim_end().to_owned()
    }

    #[track_caller]
    fn say(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().expect("it is open");
        writeln!(stdin, "{line}").expect("it reads what is typed");
    }

    #[track_caller]
    fn expect(&self, line: &str) {
        assert_eq!(self.lines.recv_timeout(deadline()).as_deref(), Ok(line));
    }

    /// Waits until it has ended successfully.
    #[track_caller]
    fn expect_end(mut self) {
        let mut status = None;
        wait_until("talk has ended", || {
            status = self.child.try_wait().expect("it is our child");
            status.is_some()
        });
        assert!(status.is_some_and(|status| status.success()), "{status:?}");
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        // This fails only if it has been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn two_talks_talk_without_a_server() {
    for listener_ends in [false, true] {
        let (mut ann, address) = Talk::listening(&[]);
        let mut bob = Talk::start(&[&address]);
        bob.say("汉语/漢語 Hànyǔ");
        ann.expect("汉语/漢語 Hànyǔ");
        ann.say("你好");
        bob.expect("你好");
        let end = if listener_ends { &mut ann } else { &mut bob };
        drop(end.child.stdin.take());
        ann.expect_end();
        bob.expect_end();
    }
}

/// The one with the shorter input has finished long before, and still reads.
#[test]
fn two_files_arrive_whole_however_long_each_is() {
    let [short, long] = [1 << 10, 16 << 20].map(|size| "0123456789abcde\n".repeat(size / 16));
    for (anns, bobs) in [(&short, &long), (&long, &short), (&long, &long)] {
        for is_piped in [false, true] {
            check_both_arrive(anns, bobs, is_piped);
        }
    }
}

/// Checks that each of two talks gets all that the other one reads, from a file or from cat(1).
#[track_caller]
fn check_both_arrive(anns: &str, bobs: &str, is_piped: bool) {
    let directory = Directory::default();
    let start = |name: &str, said: &str, arguments: &str| {
        fs::write(directory.file(name), said).expect("it can be written");
        let input = if is_piped { "cat \"$1\" |" } else { "<\"$1\"" };
        let mut talk = Command::new("sh");
        talk.args(["-c", &format!("{input} \"$0\" talk {arguments}"), PROGRAM]);
        talk.arg(directory.file(name)).stderr(Stdio::piped());
        let heard = File::create(directory.file(&format!("{name}.heard")));
        let mut child = talk.stdout(heard.expect("it can be written")).spawn().expect("it starts");
        let errors = BufReader::new(child.stderr.take().expect("piped"));
        Talk { child, errors, lines: mpsc::channel().1 }
    };
    let mut ann = start("ann", anns, "--listen 127.0.0.1:0");
    let line = ann.read_error();
    let address = line.strip_prefix("listening on ").expect("its address");
    let bob = start("bob", bobs, address);
    ann.expect_end();
    bob.expect_end();
    for (name, said) in [("ann.heard", bobs), ("bob.heard", anns)] {
        let heard = fs::read_to_string(directory.file(name)).expect("text");
        assert!(heard == *said, "{name} has {} bytes of {}", heard.len(), said.len());
    }
}

#[test]
fn nobody_listens_behind_the_first_caller() {
    let (mut ann, address) = Talk::listening(&[]);
    let mut bob = Talk::start(&[&address]);
    bob.say("hello");
    ann.expect("hello");
    let third = talk_under(&[], &[&address], b"");
    assert_eq!(third.status, Some(1));
    assert!(third.errors[0].contains("connection refused"), "{third:?}");
    ann.say("still here");
    bob.expect("still here");
}

#[test]
fn the_trace_shows_how_a_listener_is_made() {
    let mut ann = Talk::start(&["--listen", "127.0.0.1:0", "--trace"]);
    assert_eq!(ann.read_error(), "socket(AF_INET, SOCK_STREAM) = 3");
    assert_eq!(ann.read_error(), "bind(3, 127.0.0.1:0) = 0");
    assert_eq!(ann.read_error(), "listen(3, 0) = 0");
    let line = ann.read_error();
    let address = line.strip_prefix("listening on ").expect("its address");
    let address: SocketAddr = address.parse().expect("an address");
    let caller = TcpStream::connect(address).expect("it listens");
    let from = caller.local_addr().expect("connected");
    assert_eq!(ann.read_error(), format!("accept(3) = 4, from {from}"));
    drop(caller);
    assert_eq!(ann.read_error(), "recv(4) = 0 bytes");
    ann.expect_end();
}

#[test]
fn an_address_in_use_is_named() {
    let first = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = first.local_addr().expect("bound").to_string();
    let second = talk_under(&[], &["--listen", &address], b"");
    assert_eq!(second.status, Some(1));
    let [error] = &second.errors[..] else {
        panic!("not one line: {second:?}");
    };
    let expected = format!("talk: cannot listen on {address}: Address already in use");
    assert!(error.starts_with(&expected), "{error}");
    assert!(error.contains("another program listens there"), "{error}");
}

#[test]
fn a_word_that_is_no_port_is_named() {
    for (arguments, words) in [
        (
            &["telnet", "127.0.0.1:1"][..],
            &["127.0.0.1:1 is no port, but an address", "talk took telnet before it"][..],
        ),
        (&["localhost", "http"], &["http is no port of localhost", "1 to 65535"]),
        (&["frames", "localhost", "65536"], &["65536 is no port of localhost"]),
        (&["increment", "a:1", "one"], &["'one' for '<NUMBER>'", "want a whole number"]),
        (&["--port", "7", "localhost"], &["--port", "the address is an argument of its own"]),
    ] {
        let talked = talk_under(&[], arguments, b"");
        assert_eq!((talked.status, talked.errors.len()), (Some(2), 1), "{talked:?}");
        for word in words {
            assert!(talked.errors[0].contains(word), "{talked:?}");
        }
    }
}

#[test]
fn a_place_to_listen_is_complete_and_stands_alone() {
    for (arguments, word) in [
        (&["--listen", "127.0.0.1"][..], "HOST:PORT"),
        (&["--listen", "127.0.0.1:0", "127.0.0.1:1"], "cannot be used with"),
        (&["--listen", "127.0.0.1:0", "frames", "127.0.0.1:1"], "cannot be used with"),
        (&["frames", "--listen", "127.0.0.1:0"], "unexpected argument '--listen'"),
    ] {
        let talked = talk_under(&[], arguments, b"");
        assert_eq!((talked.status, &*talked.output), (Some(2), ""), "{talked:?}");
        assert!(talked.errors.join("\n").contains(word), "{talked:?}");
    }
}
