//! Two people talk, each with a program of another project; other programs use echo.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

use test_kit::{Server, Style, deadline, each_style, require_tool, wait_until};

each_style!(
    two_people_talk_by_netcat,
    two_people_talk_by_ncat,
    two_people_talk_by_socat,
    two_people_talk_by_telnet,
    enter_ends_a_line_of_telnet_in_character_mode,
    two_people_talk_by_python,
    two_people_talk_by_our_own_client,
    eight_megabytes_come_back_to_ncat,
    eight_megabytes_come_back_to_socat,
    eight_megabytes_come_back_to_our_own_client (row 31),
    python_gets_its_bytes_back,
    redis_benchmark_is_echoed,
);

const TEXT: &str = "汉语/漢語 Hànyǔ";

/// A program that runs beside the test. Dropping it kills it.
struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Program {
    /// Starts a program with these arguments.
    fn start(program: &str, arguments: &[&str]) -> Program {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {program}: {error}"));
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            let lines = stdout.lines().map_while(Result::ok);
            lines.for_each(|line| drop(sender.send(line)));
        });
        Program { child, stdin, lines }
    }

    /// Types a line.
    #[track_caller]
    fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("it is open");
        writeln!(stdin, "{line}").expect("it reads what is typed");
    }

    /// Waits until it shows a line with this end.
    #[track_caller]
    fn expect(&self, end: &str) {
        self.expect_line(end, |line| line.trim_end_matches('\r').ends_with(end));
    }

    /// Waits until it shows a line that `is_it` accepts; `what` describes it.
    #[track_caller]
    fn expect_line(&self, what: &str, is_it: impl Fn(&str) -> bool) {
        let by = Instant::now() + deadline();
        loop {
            let left = by.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if is_it(&line) => return,
                Ok(_) => {}
                Err(why) => panic!("never shown: {what:?} ({why})"),
            }
        }
    }

    /// Ends the input, and waits until the program has ended successfully.
    #[track_caller]
    fn finish(mut self) {
        drop(self.stdin.take());
        let mut status = None;
        wait_until("the program has ended", || {
            status = self.child.try_wait().expect("it is our child");
            status.is_some()
        });
        assert!(status.is_some_and(|status| status.success()), "{status:?}");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // This fails only if the program has been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Two people talk with this program: one after the other if the style serves one client at a time.
fn check_conversation(style: Style, program: &str, arguments: &[&str]) {
    let server = Server::start(style, "chat");
    let address = server.address().to_string();
    let port = server.address().port().to_string();
    let arguments: Vec<String> = arguments
        .iter()
        .map(|part| part.replace("ADDRESS", &address).replace("PORT", &port))
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let join = |name: &str| {
        let mut person = Program::start(program, &arguments);
        person.expect(" here");
        person.say(&format!("/nick {name}"));
        person.expect(&format!(" is now {name}"));
        person
    };
    let quit = |mut person: Program| {
        person.say("/quit");
        person.expect("* goodbye");
        person.finish();
    };
    let mut ada = join("ada");
    if style.serves_many() {
        let mut bob = join("bob");
        ada.expect(" is now bob");
        ada.say(TEXT);
        bob.expect(&format!("[ada] {TEXT}"));
        bob.say("你好");
        ada.expect("[bob] 你好");
        // He ends the connection without a goodbye.
        bob.finish();
        ada.expect("* bob left");
        quit(ada);
    } else {
        ada.say(TEXT);
        quit(ada);
        let bob = Program::start(program, &arguments);
        bob.expect(&format!("[ada] {TEXT}"));
        bob.finish();
    }
}

fn two_people_talk_by_netcat(style: Style) {
    if require_tool("nc") {
        check_conversation(style, "nc", &["-N", "127.0.0.1", "PORT"]);
    }
}

fn two_people_talk_by_ncat(style: Style) {
    if require_tool("ncat") {
        check_conversation(style, "ncat", &["127.0.0.1", "PORT"]);
    }
}

fn two_people_talk_by_socat(style: Style) {
    if require_tool("socat") {
        // By default it waits only half a second after its own input has ended.
        check_conversation(style, "socat", &["-t60", "-", "TCP:ADDRESS"]);
    }
}

fn two_people_talk_by_our_own_client(style: Style) {
    check_conversation(style, OUR_OWN, &["talk", "ADDRESS"]);
}

/// The path of a script beside this file.
fn script(name: &str) -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign_clients");
    directory.join(name).to_str().expect("UTF-8").to_owned()
}

/// Runs a script that makes two people talk, and prints "heard" when each has received the other's
/// line.
fn check_script(style: Style, program: &str, script: &str, more: &[&str]) {
    let server = Server::start(style, "chat");
    let port = server.address().port().to_string();
    let how = if style.serves_many() { "at-once" } else { "in-turn" };
    let mut arguments = vec![script, "127.0.0.1", &port, how];
    arguments.extend(more);
    let talk = Program::start(program, &arguments);
    talk.expect("heard");
    talk.finish();
}

fn two_people_talk_by_telnet(style: Style) {
    if require_tool("telnet") && require_tool("expect") {
        let seconds = deadline().as_secs().to_string();
        check_script(style, "expect", &script("telnet.exp"), &[&seconds]);
    }
}

fn enter_ends_a_line_of_telnet_in_character_mode(style: Style) {
    if !require_tool("telnet") || !require_tool("expect") {
        return;
    }
    let seconds = deadline().as_secs().to_string();
    for service in ["chat", "lines"] {
        let server = Server::start(style, service);
        let port = server.address().port().to_string();
        let script = script("telnet_characters.exp");
        let person = Program::start("expect", &[&script, "127.0.0.1", &port, service, &seconds]);
        person.expect("heard");
        person.finish();
    }
}

fn two_people_talk_by_python(style: Style) {
    if require_tool("python3") {
        check_script(style, "python3", &script("chat_pair.py"), &[]);
    }
}

/// A program gets everything back from echo, and then ends by itself.
fn check_echo(style: Style, program: &str, arguments: impl Fn(&str) -> Vec<String>) {
    let server = Server::start(style, "echo");
    let sent = TEXT.repeat(8_000_000 / TEXT.len()).into_bytes();
    let mut child = Command::new(program)
        .args(arguments(&server.address().to_string()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be started");
    let mut stdin = child.stdin.take().expect("piped");
    let mut stdout = child.stdout.take().expect("piped");
    let (sender, ended) = mpsc::channel();
    let receiving = thread::spawn(move || {
        let mut received = Vec::new();
        let read = stdout.read_to_end(&mut received);
        let _ = sender.send(read.map(|_| received));
    });
    thread::scope(|scope| {
        scope.spawn(|| {
            stdin.write_all(&sent).expect("it reads its input");
            drop(stdin);
        });
        let received = ended.recv_timeout(deadline());
        // Otherwise the test would wait for it.
        let _ = received.is_err().then(|| child.kill());
        let received = received.expect("it ends in time").expect("readable");
        assert!(received == sent, "{} of {} bytes", received.len(), sent.len());
    });
    receiving.join().expect("no panic");
    assert!(child.wait().expect("it is our child").success());
}

fn eight_megabytes_come_back_to_ncat(style: Style) {
    if require_tool("ncat") {
        check_echo(style, "ncat", |address| {
            let (host, port) = address.split_once(':').expect("HOST:PORT");
            vec![host.to_owned(), port.to_owned()]
        });
    }
}

fn eight_megabytes_come_back_to_socat(style: Style) {
    if require_tool("socat") {
        check_echo(style, "socat", |address| {
            vec!["-t60".to_owned(), "-".to_owned(), format!("TCP:{address}")]
        });
    }
}

/// The binary of the root program, which is also the client.
const OUR_OWN: &str = env!("CARGO_BIN_EXE_after-accept");

fn eight_megabytes_come_back_to_our_own_client(style: Style) {
    check_echo(style, OUR_OWN, |address| vec!["talk".to_owned(), address.to_owned()]);
}

fn python_gets_its_bytes_back(style: Style) {
    if !require_tool("python3") {
        return;
    }
    let server = Server::start(style, "echo");
    let port = server.address().port().to_string();
    let client = Program::start("python3", &[&script("echo_client.py"), "127.0.0.1", &port]);
    client.expect("the same");
    client.finish();
}

/// redis-benchmark takes its own request, which echo returns, for the answer: in redis's protocol a
/// request looks like an array of two strings.
fn redis_benchmark_is_echoed(style: Style) {
    if !require_tool("redis-benchmark") {
        return;
    }
    let server = Server::start(style, "echo");
    let port = server.address().port().to_string();
    // With more than one, the first would wait forever for the others to connect.
    let clients = style.at_once(20).to_string();
    let arguments = ["-p", &port, "-c", &clients, "-n", "5000", "--csv", "ECHO", TEXT];
    let benchmark = Program::start("redis-benchmark", &arguments);
    benchmark.expect_line("how many", |line| line.starts_with("\"ECHO "));
    benchmark.finish();
}
