//! Lines: each is answered with a line, wherever reads cut the input.

use test_kit::{Server, Style, each_style};

each_style!(
    each_line_is_answered,
    the_end_of_input_ends_the_last_line,
    lines_follow_the_rules_of_chat,
    every_cut_of_the_input_is_answered_alike (row 22),
    many_lines_at_once_are_all_answered,
    the_second_client_is_served_meanwhile_or_waits,
    netcat_and_printf_are_answered,
    socat_is_answered,
    python_is_answered,
);

const TEXT: &str = "汉语/漢語 Hànyǔ";

fn each_line_is_answered(style: Style) {
    let server = Server::start(style, "lines");
    let mut client = server.connect();
    for (line, answer) in [
        ("hello\n", "=> hello"),
        ("hello\r\n", "=> hello"),
        ("hello\r\0", "=> hello"),
        ("\n", "=> "),
        ("\r\0", "=> "),
    ] {
        client.send(line);
        client.expect_line(answer);
    }
    client.send("one\ntwo\r\nthr");
    client.expect_line("=> one");
    client.expect_line("=> two");
    client.send("ee\n");
    client.expect_line("=> three");
    client.half_close();
    client.expect_end();
}

fn the_end_of_input_ends_the_last_line(style: Style) {
    let server = Server::start(style, "lines");
    let heard = server.connect().exchange(b"one\ntwo");
    assert_eq!(String::from_utf8_lossy(&heard), "=> one\r\n=> two\r\n");
}

fn lines_follow_the_rules_of_chat(style: Style) {
    let server = Server::start(style, "lines");
    let mut client = server.connect();
    client.send(TEXT.to_owned() + "\n/who\n");
    client.expect_line(format!("=> {TEXT}"));
    client.expect_line("=> /who");
    client.send(b"caf\xc3\xff\xf1\xa9 \x1b[2J \xfe \xff\xff\n");
    client.expect_line("=> café \u{fffd}[2J \u{fffd} \u{fffd}");
    let longest = "x".repeat(1024);
    client.send(format!("{longest}\n{longest}x\n{longest}\r\n"));
    client.expect_line(format!("=> {longest}"));
    client.expect_line("* a line has at most 1024 bytes; that one was dropped");
    client.expect_line(format!("=> {longest}"));
    // Ctrl-C in telnet, which shows nothing until it is answered.
    client.send(b"\xff\xf4\xff\xfd\x06");
    assert_eq!(client.read_exact(3), b"\xff\xfc\x06");
}

fn every_cut_of_the_input_is_answered_alike(style: Style) {
    const INPUT: &[u8] = b"one\r\n\xe6\xb1\xff\xf1\x89\n\ntwo\r\0last \xff\xfd\x06line";
    const ANSWER: &str = "=> one\r\n=> 汉\r\n=> \r\n=> two\r\n";
    let server = Server::start(style, "lines");
    let two = (1..INPUT.len()).map(|cut| vec![&INPUT[..cut], &INPUT[cut..]]);
    for reads in two.chain([INPUT.chunks(1).collect()]) {
        let mut client = server.connect();
        for read in &reads {
            client.send_apart(read);
        }
        client.half_close();
        let expected = [ANSWER.as_bytes(), b"\xff\xfc\x06=> last line\r\n"].concat();
        assert_eq!(client.read_to_end(), expected, "cut after {}", reads[0].len());
    }
}

/// An empty line has the longest answer in proportion to its length.
fn many_lines_at_once_are_all_answered(style: Style) {
    const LINES: usize = 500_000;
    let server = Server::start(style, "lines");
    let heard = server.connect().exchange(&b"\n".repeat(LINES));
    assert!(heard == b"=> \r\n".repeat(LINES), "{} bytes", heard.len());
}

fn the_second_client_is_served_meanwhile_or_waits(style: Style) {
    let server = Server::start(style, "lines");
    let [mut first, mut second] = [server.connect(), server.connect()];
    first.send("half of ");
    second.send("second\n");
    if !style.serves_many() {
        assert!(second.has_nothing(), "the second client waits");
        first.send("a line\n");
        first.expect_line("=> half of a line");
        drop(first);
    }
    second.expect_line("=> second");
}

/// The output of the command for these two lines.
#[track_caller]
fn check_foreign(style: Style, programs: &[&str], command: &str) {
    let server = Server::start(style, "lines");
    if let Some(heard) = server.shell(programs, command) {
        let expected = format!("=> {TEXT}\r\n=> bye\r\n");
        assert_eq!(String::from_utf8_lossy(&heard), expected);
    }
}

fn netcat_and_printf_are_answered(style: Style) {
    let command = format!("printf '{TEXT}\\nbye' | nc -N 127.0.0.1 $PORT");
    check_foreign(style, &["nc"], &command);
}

fn socat_is_answered(style: Style) {
    let command = format!("printf '{TEXT}\\r\\nbye\\r\\n' | socat -t60 - TCP:127.0.0.1:$PORT");
    check_foreign(style, &["socat"], &command);
}

fn python_is_answered(style: Style) {
    let command = format!(
        "python3 -c '
import os, socket, sys
stream = socket.create_connection((\"127.0.0.1\", os.environ[\"PORT\"])).makefile(\"rw\", newline=\"\")
for line in [\"{TEXT}\", \"bye\"]:
    print(line, file=stream, flush=True)
    sys.stdout.write(stream.readline())
'"
    );
    check_foreign(style, &["python3"], &command);
}
