//! The book beside the servers, as people run it: with real processes and real HTTP.
//!
//! Each test has its own address in 127.0.0.0/8, all of which is this machine.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use test_kit::{
    BROWSER_PAUSE, Directory, Ended, Process, Running, deadline, repository, wait_until,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

#[test]
fn the_book_is_served_beside_the_servers_and_the_table_says_where() {
    let program = start(&["--host", "127.102.1.1"]);
    assert_eq!(row(&program, "The book"), "http://127.102.1.1:3000/");
    let page = get("127.102.1.1:3000", "/");
    assert_eq!(page.status, "200 OK");
    assert!(page.text().contains("<title>After accept"), "{}", page.text());
    stop(program);
}

#[test]
fn if_its_port_is_in_use_it_takes_the_next_one_and_the_table_says_so() {
    let _taken = TcpListener::bind("127.102.1.2:3000").unwrap();
    let program = start(&["--host", "127.102.1.2"]);
    assert_eq!(row(&program, "The book"), "http://127.102.1.2:3001/, since 3000 is taken");
    assert_eq!(get("127.102.1.2:3001", "/").status, "200 OK");
    stop(program);
}

#[test]
fn it_never_takes_the_port_of_a_server() {
    let host = "127.102.1.3";
    let _taken: Vec<_> =
        (3000..3007).map(|port| TcpListener::bind((host, port)).unwrap()).collect();
    let program = start(&["--host", host]);
    assert_eq!(row(&program, "The book"), "failed; its line above says why");
    assert!(row(&program, "◆ fork ").starts_with("3007 "));
    stop(program);
}

#[test]
fn no_book_leaves_it_out() {
    let program = start(&["--host", "127.102.1.4", "--no-book"]);
    row(&program, "● iterative");
    assert!(!program.output().iter().any(|line| line.contains("book")));
    assert!(!children(&program).iter().any(|(_, name)| name.contains("book")));
    assert!(TcpStream::connect("127.102.1.4:3000").is_err());
    stop(program);
}

#[test]
fn it_is_a_process_of_its_own_that_ends_with_the_others() {
    let program = start(&["--host", "127.102.1.5"]);
    row(&program, "The book");
    let children = children(&program);
    let mut book = children.iter().filter(|(_, name)| name == "book-server");
    let (book, _) = book.next().unwrap_or_else(|| panic!("{children:?}"));
    let comm = fs::read_to_string(format!("/proc/{}/comm", book.0)).unwrap();
    assert_eq!(comm, "book-server\n");
    let book = *book;
    let ended = stop(program);
    // A bad end would be a line of its own, and the summary has the clients of the servers only.
    assert!(!ended.errors.iter().any(|line| line.starts_with("book | ")), "{:#?}", ended.errors);
    assert_eq!(book.state(), None);
}

#[test]
fn a_requested_page_is_still_sent_when_the_server_stops() {
    let program = start(&["book", "--listen", "127.102.1.11:0"]);
    let page = request(&address(&program), "/");
    // The server accepts clients in order: a page for the second client shows that the first is
    // accepted.
    assert_eq!(get(&address(&program), "/").status, "200 OK");
    stop(program);
    assert!(Answer::read(page).text().ends_with("</html>\n"));
}

#[test]
fn a_killed_launcher_takes_the_book_along() {
    let mut program = start(&["--host", "127.102.1.6"]);
    row(&program, "The book");
    program.process().signal(Signal::SIGKILL);
    program.wait();
    wait_until("no process listens any more", || TcpStream::connect("127.102.1.6:3000").is_err());
}

#[test]
fn a_command_serves_the_book_alone() {
    let program = start(&["book", "--listen", "127.102.1.7:0"]);
    assert_eq!(get(&address(&program), "/").status, "200 OK");
    let log = stop(program).errors;
    let [first, last] = &log[..] else { panic!("{log:#?}") };
    assert!(first.contains("listening on 127.102.1.7:") && last.ends_with("stopped"), "{log:#?}");
}

#[test]
fn without_the_books_sources_the_servers_still_run() {
    let elsewhere = Directory::default();
    // The book.toml of another book may name programs to run, so it is not used instead.
    fs::create_dir(elsewhere.file("lessons")).unwrap();
    fs::write(elsewhere.file("lessons/SUMMARY.md"), "# Summary\n").unwrap();
    fs::write(elsewhere.file("book.toml"), "[book]\ntitle = \"Another\"\n").unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(["--host", "127.102.1.8"]);
    let program = start_in(elsewhere.path(), command);
    assert_eq!(row(&program, "The book"), "failed; its line above says why");
    assert!(row(&program, "● iterative").starts_with("2007 "));
    let log = stop(program).errors;
    // The line is longer than a narrow terminal, and so goes on below.
    let why: String = log.iter().filter_map(|line| line.strip_prefix("book | ")).collect();
    assert_eq!(why.matches("error: ").count(), 1, "{log:#?}");
    assert!(why.contains("the book is not here") && why.contains("repository"), "{why:?}");
}

#[test]
fn an_installed_program_says_that_it_lacks_the_book() {
    let elsewhere = Directory::default();
    let mut command = Command::new(PROGRAM);
    command.arg("book");
    let ended = start_in(elsewhere.path(), command).end();
    ended.expect_refusal(1, &["the book is not here: its sources are in the repository"]);
}

#[test]
fn below_the_top_of_the_repository_it_is_found() {
    let mut command = Command::new(PROGRAM);
    command.args(["book", "--listen", "127.102.1.12:0"]);
    let program = start_in(&repository().join("crates/book/book-server"), command);
    assert_eq!(get(&address(&program), "/").status, "200 OK");
    stop(program);
}

#[test]
fn no_file_is_left_whenever_the_server_is_stopped() {
    for is_built in [false, true] {
        let place = Directory::default();
        let mut command = Command::new(PROGRAM);
        command.args(["book", "--listen", "127.102.1.13:0"]);
        command.env("TMPDIR", place.path());
        let program = start_in(repository(), command);
        let address = address(&program);
        if is_built {
            assert_eq!(get(&address, "/").status, "200 OK");
            assert_eq!(place.names(), [""; 0], "the pages are in memory");
        }
        stop(program);
        assert_eq!(place.names(), [""; 0]);
    }
}

#[test]
fn an_empty_tmpdir_means_tmp() {
    let mut command = Command::new(PROGRAM);
    command.args(["book", "--listen", "127.102.1.14:0"]).env("TMPDIR", "");
    // No directory can be made in /proc, not even by root.
    command.current_dir("/proc").env("CARGO_MANIFEST_DIR", repository()).process_group(0);
    let program = Running::spawn(command);
    assert_eq!(get(&address(&program), "/").status, "200 OK");
    stop(program);
}

#[test]
fn a_book_that_cannot_be_built_says_why() {
    let elsewhere = Directory::default();
    fs::create_dir(elsewhere.file("lessons")).unwrap();
    let summary = "# Summary\n\n- [Gone](gone.md)\n";
    fs::write(elsewhere.file("lessons/SUMMARY.md"), summary).unwrap();
    fs::copy(repository().join("book.toml"), elsewhere.file("book.toml")).unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(["book", "--listen", "127.102.1.9:0"]);
    let program = start_in(elsewhere.path(), command);
    let answer = get(&address(&program), "/");
    assert_eq!(answer.status, "500 Internal Server Error");
    assert!(answer.text().contains("gone.md"), "{}", answer.text());
    let log = stop(program).errors;
    assert!(log.iter().any(|line| line.contains("gone.md")), "{log:#?}");
}

#[test]
fn only_pages_can_be_requested() {
    #[track_caller]
    fn check(address: &str, path: &str, status: &str, kind: &str) {
        let answer = get(address, path);
        let seen = (&answer.status[..], answer.header("content-type"));
        assert_eq!(seen, (status, Some(kind)), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(!answer.text().contains("[workspace]"), "{path}");
    }
    let program = start(&["book", "--listen", "127.102.1.10:0"]);
    let address = address(&program);
    let html = "text/html; charset=utf-8";
    check(&address, "/", "200 OK", html);
    check(&address, "/index.html", "200 OK", html);
    check(&address, "/start/services.html?asked=1", "200 OK", html);
    check(&address, "/start/%66ive-minutes.html", "200 OK", html);
    check(&address, "/%73tart%2Fservices%2ehtml", "200 OK", html);
    for nowhere in [
        "/no/such/page.html",
        "/start",
        "/Cargo.toml",
        "//Cargo.toml",
        "/./Cargo.toml",
        "/../Cargo.toml",
        "/../../Cargo.toml",
        "/start/../../Cargo.toml",
        "/..%2fCargo.toml",
        "/%2e%2e/Cargo.toml",
        "/..%5c..%5cCargo.toml",
        "/%2e%2e%2fCargo.toml",
        "/start/services.html%00",
        "/start/%ff.html",
        "/%",
        "/etc/passwd",
        "//etc/passwd",
    ] {
        check(&address, nowhere, "404 Not Found", html);
    }
    let page = get(&address, "/start/services.html").text();
    for (link, kind) in [
        ("rel=\"stylesheet\" href=\"..", "text/css; charset=utf-8"),
        ("<script src=\"..", "text/javascript; charset=utf-8"),
        ("rel=\"icon\" href=\"..", "image/svg+xml"),
    ] {
        let (_, path) = page.split_once(link).expect(link);
        check(&address, path.split('"').next().unwrap(), "200 OK", kind);
    }
    stop(program);
}

#[test]
fn a_method_that_is_not_allowed_names_those_that_are() {
    let program = start(&["book", "--listen", "127.102.1.15:0"]);
    let address = address(&program);
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
        let head = format!("{method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0");
        let answer = Answer::read(send(&address, &head));
        assert_eq!(answer.status, "405 Method Not Allowed", "{method}");
        assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method}");
    }
    let answer = Answer::read(send(&address, "HEAD / HTTP/1.1\r\nHost: a"));
    assert_eq!((&*answer.status, answer.body), ("200 OK", vec![]));
    stop(program);
}

#[test]
fn a_request_of_http_1_1_has_one_host() {
    let program = start(&["book", "--listen", "127.102.1.16:0"]);
    let address = address(&program);
    for (head, status) in [
        ("GET / HTTP/1.1", "400 Bad Request"),
        ("POST / HTTP/1.1", "400 Bad Request"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b", "400 Bad Request"),
        ("GET / HTTP/1.1\r\nHost: a", "200 OK"),
        ("GET / HTTP/1.1\r\nHost:", "200 OK"),
        ("GET / HTTP/1.0", "200 OK"),
    ] {
        assert_eq!(Answer::read(send(&address, head)).status, status, "{head}");
    }
    stop(program);
}

/// But a browser that has connected has the time it needs.
#[test]
fn silent_connections_give_way_to_others_and_end() {
    let mut command = Command::new("sh");
    // The descriptors suffice for 36 connections.
    let server = format!("ulimit -n 100 && exec {PROGRAM} book --listen 127.102.1.17:0");
    command.args(["-c", &server]);
    let program = start_in(repository(), command);
    let address = address(&program);
    let silent: Vec<_> = ["", "G", "GET / HTTP/1.1\r\nX-Slow: 1"]
        .into_iter()
        .cycle()
        .take(1_017)
        .map(|beginning| {
            let mut connection = TcpStream::connect(&address).unwrap();
            // The server may have closed the connection in favour of a later one.
            let _ = connection.write_all(beginning.as_bytes());
            connection
        })
        .collect();
    let start = Instant::now();
    assert_eq!(get(&address, "/").status, "200 OK");
    for mut connection in silent {
        connection.set_read_timeout(Some(deadline())).unwrap();
        if let Err(error) = connection.read_to_end(&mut Vec::new()) {
            // The server has not read all that was sent, so the close is a reset.
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        }
    }
    assert!(start.elapsed() > BROWSER_PAUSE);
    stop(program);
}

/// A response to a request.
struct Answer {
    status: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

impl Answer {
    fn read(mut connection: TcpStream) -> Answer {
        let mut bytes = Vec::new();
        connection.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an empty line");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n").map(str::to_owned);
        let status = lines.next().unwrap().replace("HTTP/1.1 ", "").replace("HTTP/1.0 ", "");
        Answer { status, headers: lines.collect(), body: bytes[end + 4..].to_vec() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

#[track_caller]
fn get(address: &str, path: &str) -> Answer {
    Answer::read(request(address, path))
}

#[track_caller]
fn request(address: &str, path: &str) -> TcpStream {
    send(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}"))
}

/// Sends a request with this head, whose response ends with the connection.
#[track_caller]
fn send(address: &str, head: &str) -> TcpStream {
    let mut connection = TcpStream::connect(address).unwrap();
    // The first answer comes when the book is built, and these tests build a dozen at once.
    connection.set_read_timeout(Some(4 * deadline())).unwrap();
    connection.write_all(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    connection
}

/// Starts the program, in its own process group.
fn start(arguments: &[&str]) -> Running {
    let mut command = Command::new(PROGRAM);
    command.args(arguments);
    start_in(repository(), command)
}

fn start_in(directory: &Path, mut command: Command) -> Running {
    command.current_dir(directory).env_remove("CARGO_MANIFEST_DIR").process_group(0);
    Running::spawn(command)
}

/// Waits for the whole table. Returns the text of the row that begins with `title`.
#[track_caller]
fn row(program: &Running, title: &str) -> String {
    program.wait_for_output(|line| line.contains("Ctrl-C"));
    let lines = program.output();
    let row = lines.iter().find_map(|line| line.strip_prefix(title));
    row.unwrap_or_else(|| panic!("no {title}: {lines:#?}")).trim().to_owned()
}

/// Waits until the program listens. Returns its address.
#[track_caller]
fn address(program: &Running) -> String {
    let line = program.wait_for_output(|line| line.starts_with("listening on "));
    line["listening on ".len()..].to_owned()
}

/// The names of the processes that the program has started.
fn children(program: &Running) -> Vec<(Process, String)> {
    let name = |child: Process| fs::read_to_string(format!("/proc/{}/cmdline", child.0)).unwrap();
    let names = program.process().children().into_iter().map(|child| (child, name(child)));
    names.map(|(child, name)| (child, name.split('\0').next().unwrap().to_owned())).collect()
}

/// Stops the whole process group, like Ctrl-C. Returns the last output.
#[track_caller]
fn stop(program: Running) -> Ended {
    killpg(Pid::from_raw(program.process().0), Signal::SIGINT).unwrap();
    let ended = program.end();
    assert_eq!(ended.status.code(), Some(0), "{ended:#?}");
    ended
}
