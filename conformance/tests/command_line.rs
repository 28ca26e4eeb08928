//! A server's answer to a wrong command line: one line that names the error, and the right exit
//! status.

use std::fs;

use test_kit::{Directory, MaxClients, Server, Signal, Style, each_style, run};

each_style!(
    wrong_usage_is_named,
    numbers_out_of_range_are_named,
    missing_hosts_files_and_directories_are_named,
    a_file_without_fortunes_is_named,
    files_that_hold_no_text_are_refused_by_name,
    more_clients_than_the_style_can_serve_are_refused,
    the_largest_numbers_are_refused_or_obeyed,
    help_and_version_are_not_errors,
    the_log_goes_to_the_file_that_is_asked_for,
    log_lines_have_time_level_process_and_place,
);

/// The server refuses this command line with this status, and one line that contains these words.
#[track_caller]
fn check(style: Style, arguments: &[&str], status: i32, words: &[&str]) {
    run(style, arguments).expect_refusal(status, words);
}

fn wrong_usage_is_named(style: Style) {
    check(style, &[], 2, &["SERVICE"]);
    check(
        style,
        &["finger"],
        2,
        &["finger", "echo", "fortune", "chat", "lines", "frames", "upload"],
    );
    check(style, &["echo", "chat"], 2, &["chat"]);
    for option in ["--port", "--host", "--bind", "-p"] {
        check(style, &["echo", option, "7"], 2, &[option, "tip: write --listen HOST:PORT"]);
    }
    for address in [
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:http",
        ":0",
        "::1:0",
        "[::1:0",
        "",
    ] {
        let words = ["--listen", address];
        check(style, &["echo", "--listen", address], 2, &words);
    }
    for option in [
        "--listen",
        "--max-clients",
        "--idle-timeout",
        "--grace",
        "--fortunes",
        "--seed",
        "--directory",
        "--max-size",
        "--log-file",
    ] {
        check(style, &["echo", option], 2, &[option]);
    }
}

fn numbers_out_of_range_are_named(style: Style) {
    let too_large = "18446744073709551616";
    for option in ["--max-clients", "--idle-timeout", "--grace", "--seed"] {
        for number in ["many", "1.5", "", too_large, "0x10", "1s"] {
            let words = [option, number, "want "];
            check(style, &["echo", option, number], 2, &words);
        }
        check(style, &["echo", option, "-1"], 2, &["-1"]);
    }
    for (option, number) in [("--max-clients", "0"), ("--max-size", "4G"), ("--max-size", "1 MB")] {
        check(style, &["echo", option, number], 2, &[option, number]);
    }
}

fn missing_hosts_files_and_directories_are_named(style: Style) {
    for address in ["no-such-host.invalid:0", "192.0.2.1:0", "[2001:db8::1]:0"] {
        check(style, &["echo", "--listen", address], 1, &[address]);
    }
    for (option, file) in [
        ("--fortunes", "/no/such/fortunes"),
        ("--fortunes", "/"),
        ("--log-file", "/no/such/directory/log"),
        ("--log-file", "/"),
    ] {
        check(style, &["fortune", option, file], 1, &[file]);
    }
    // Not a directory, not writable, or files without names.
    for directory in ["/no/such/directory", "/dev/null", "/proc", "/sys"] {
        check(style, &["upload", "--directory", directory], 1, &[directory]);
    }
    check(style, &["upload"], 2, &["upload", "--directory <DIR>"]);
}

fn a_file_without_fortunes_is_named(style: Style) {
    let directory = Directory::default();
    let path = directory.file("no-fortunes");
    let file = path.to_str().expect("its name is UTF-8");
    for content in [String::new(), "%\n\n%\n".to_owned(), "x".repeat(600)] {
        fs::write(&path, content).expect("a temporary file");
        check(style, &["fortune", "--fortunes", file], 1, &[file]);
    }
}

fn files_that_hold_no_text_are_refused_by_name(style: Style) {
    let directory = Directory::default();
    let text = "汉语\n%\ntwo\n";
    let in_utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let index = [2, 2, 7, 4, 0, u32::from(b'%') << 24, 0, 9, 13].map(u32::to_be_bytes).concat();
    let large = "x\n%\n".repeat((16 << 20) / 4 + 1).into_bytes();
    for (name, bytes, why) in [
        ("fortunes.dat", index, "strfile"),
        ("marked", [b"\xff\xfe".to_vec(), in_utf16.clone()].concat(), "UTF-16"),
        ("unmarked", in_utf16, "UTF-16"),
        ("large", large, "more than 16 MiB"),
    ] {
        let path = directory.file(name);
        fs::write(&path, bytes).expect("a temporary file");
        let file = path.to_str().expect("its name is UTF-8");
        check(style, &["fortune", "--fortunes", file], 1, &[file, why]);
    }
    let pipe = directory.file("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("coreutils").success());
    for file in [pipe.to_str().expect("its name is UTF-8"), "/dev/zero", "/dev/tty", "/"] {
        check(style, &["fortune", "--fortunes", file], 1, &[file, "not a regular file"]);
    }
}

fn more_clients_than_the_style_can_serve_are_refused(style: Style) {
    match style.max_clients {
        MaxClients::AtMost(most, why) => {
            let more = (most + 1).to_string();
            let words = [&more, "--max-clients", &most.to_string(), why];
            check(style, &["echo", "--max-clients", &more], 2, &words);
            Server::start_with(style, "echo", &["--max-clients", &most.to_string()]);
        }
        MaxClients::Default(_) | MaxClients::DescriptorsLess(_) => {
            drop(Server::start_with(style, "echo", &["--max-clients", "1001"]));
        }
    }
}

/// A user with such a number means "forever". The server may refuse it, but not crash.
fn the_largest_numbers_are_refused_or_obeyed(style: Style) {
    let most = u64::MAX.to_string();
    for option in ["--idle-timeout", "--grace", "--seed"] {
        let Ok(mut server) = Server::try_start_under(&[], style, "echo", &[option, &most]) else {
            check(style, &["echo", option, &most], 2, &[option, &most]);
            continue;
        };
        let mut client = server.connect();
        client.send("hello\r\n");
        client.expect_line("hello");
        server.process().signal(Signal::SIGTERM);
        client.expect_end();
        drop(client);
        assert_eq!(server.wait().code(), Some(0), "{option}");
        let log = server.log().join("\n");
        assert!(!log.contains("panicked"), "{option}: {log}");
    }
}

fn help_and_version_are_not_errors(style: Style) {
    for (argument, word) in [("--help", "--listen"), ("--version", style.process_name)] {
        let ended = run(style, &[argument]);
        assert_eq!(ended.status.code(), Some(0));
        assert_eq!(ended.errors, [""; 0]);
        let said = ended.output.join("\n");
        assert!(said.contains(word), "{said}");
        assert!(said.contains(style.process_name), "{said}");
    }
}

fn the_log_goes_to_the_file_that_is_asked_for(style: Style) {
    let directory = Directory::default();
    let path = directory.file("log");
    let file = path.to_str().expect("its name is UTF-8");
    for _ in 0..2 {
        let mut server = Server::start_with(style, "echo", &["--log-file", file]);
        let mut client = server.connect();
        client.half_close();
        client.expect_end();
        drop(client);
        assert_eq!(server.stop().code(), Some(0));
        assert_eq!(server.log(), [""; 0]);
    }
    let log = fs::read_to_string(&path).expect("the log is there");
    // The server appends to the file.
    assert_eq!(log.matches("listening on").count(), 2, "{log}");
    assert_eq!(log.matches("client 1 connected").count(), 2, "{log}");
    assert_eq!(log.matches("stopped; 1 client served").count(), 2, "{log}");
}

fn log_lines_have_time_level_process_and_place(style: Style) {
    let server = Server::start(style, "echo");
    let mut client = server.connect();
    client.half_close();
    client.expect_end();
    drop(client);
    server.wait_for_log(|line| line.contains("client 1 left"));
    for line in server.log() {
        let words: Vec<_> = line.split_whitespace().collect();
        let [time, level, pid, place, ..] = words[..] else {
            panic!("too short: {line}");
        };
        // Such as 2026-01-31T23:59:59.999Z.
        assert_eq!((time.len(), &time[10..11], &time[19..20]), (24, "T", "."), "{line}");
        assert!(time.ends_with('Z'), "{line}");
        assert!(["INFO", "WARN", "ERROR"].contains(&level), "{line}");
        assert!(pid.parse::<i32>().is_ok_and(|pid| pid > 0), "{line}");
        assert!(place.ends_with(':'), "{line}");
    }
}
