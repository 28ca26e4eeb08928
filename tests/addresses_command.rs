//! `after-accept addresses` as people run it: its output, its errors for bad input, and its drills.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{fs, thread};

const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

/// Each file under crates/tools/addresses/tests/worked begins with a command, followed by its
/// output.
///
/// If a command is new or its output has changed on purpose, `BLESS=1 cargo test --test
/// addresses_command` rewrites its file; then review the change.
#[test]
#[cfg_attr(target_endian = "big", ignore = "the files tell of little-endian memory")]
fn worked_examples_print_the_contents_of_their_files() {
    let mut commands = Vec::new();
    for file in worked_examples() {
        let expected = fs::read_to_string(&file).unwrap();
        let (prompt, text) = expected.split_once('\n').unwrap();
        let command = prompt.strip_prefix("$ after-accept addresses ").unwrap();
        let arguments: Vec<_> = command.split(' ').collect();
        let output = run(&arguments, "");
        let printed = String::from_utf8(output.stdout).unwrap();
        if std::env::var_os("BLESS").is_some() {
            fs::write(&file, format!("{prompt}\n{printed}")).unwrap();
        } else {
            assert_eq!(printed, text, "{}", file.display());
        }
        assert_eq!(output.status.code(), Some(0), "{command}");
        assert_eq!(output.stderr, b"", "{command}");
        commands.push(arguments[0].to_owned());
    }
    for command in COMMANDS {
        assert!(commands.iter().any(|name| name == command), "{command}");
    }
}

const COMMANDS: [&str; 9] =
    ["bytes", "subnet", "same", "split", "join", "class", "broadcast", "mac", "groups"];

fn worked_examples() -> Vec<PathBuf> {
    let directory =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/tools/addresses/tests/worked");
    let files = fs::read_dir(directory).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// The results that the book names, in case a file is rewritten without a review.
#[test]
fn worked_examples_contain_the_known_results() {
    #[track_caller]
    fn check(arguments: &[&str], expected: &[&str]) {
        let printed = String::from_utf8(run(arguments, "").stdout).unwrap();
        for words in expected {
            let found = printed.lines().any(|line| {
                let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
                line.contains(words)
            });
            assert!(found, "no {words:?} in\n{printed}");
        }
    }
    check(&["bytes", "16909060"], &["big endian 01 02 03 04", "little endian 04 03 02 01"]);
    check(&["bytes", "-2", "--as", "i16"], &["big endian ff fe"]);
    check(&["bytes", "255", "--as", "u16"], &["u16::from_le_bytes(wire) = 65280"]);
    check(&["bytes", "1"], &["u32::from_le_bytes(wire) = 16777216"]);
    check(
        &["subnet", "200.201.145.128/26"],
        &[
            "mask 255.255.255.192 11111111 11111111 11111111 11|000000",
            "first 200.201.145.129",
            "last 200.201.145.190",
            "broadcast 200.201.145.191",
            "hosts 62 ",
        ],
    );
    check(&["subnet", "10.0.0.0/24"], &["last 10.0.0.254", "broadcast 10.0.0.255", "hosts 254 "]);
    check(
        &["same", "10.10.23.1", "10.100.55.3", "--prefix", "8"],
        &["10.10.23.1 and 10.100.55.3 with /8: the same network"],
    );
    check(&["class", "150.164.34.99"], &["150.164.34.99 is of class B"]);
    for group in ["224.202.20.30", "239.202.20.30", "224.74.20.30"] {
        check(&["mac", group], &[&format!("{group} -> 01:00:5e:4a:14:1e")]);
        check(&["groups", "01:00:5e:4a:14:1e"], &[group]);
    }
    check(&["mac", "ff02::1"], &["ff02::1 -> 33:33:00:00:00:01"]);
}

/// As IANA's registry of special-purpose addresses has them.
#[test]
fn reserved_blocks_are_told_with_their_purpose() {
    #[track_caller]
    fn check(network: &str, expected: &str) {
        let printed = String::from_utf8(run(&["subnet", network], "").stdout).unwrap();
        let line = printed.lines().find(|line| line.starts_with("  range ")).unwrap();
        let line: Vec<_> = line.split_whitespace().collect();
        assert_eq!(line.join(" "), format!("range {expected}"));
    }
    check("2001::1/32", "Teredo tunnels: 2001::/32, RFC 4380");
    check("2001:2::/48", "benchmarks: 2001:2::/48, RFC 5180");
    check("2001:20::/28", "ORCHIDv2: hashes, not places: 2001:20::/28, RFC 7343");
    check("2001:1ff::/32", "protocol assignments: 2001::/23, RFC 2928");
    check("64:ff9b:1::/48", "NAT64, inside of a network: 64:ff9b:1::/48, RFC 8215");
    check("100:0:0:1::/64", "a dummy that is sent nowhere: 100:0:0:1::/64, RFC 9780");
    check("5f00::/16", "segment routing: 5f00::/16, RFC 9602");
    check("2001:200::/32", "public");
    check("4000::/16", "unassigned");
    check("192.0.0.10/32", "the nearest TURN server 192.0.0.10/32, RFC 8155");
    check("192.175.48.1/24", "AS112, for senseless DNS questions 192.175.48.0/24, RFC 7534");
}

#[test]
fn bad_input_is_shown_with_carets_below_the_wrong_part() {
    /// The error as the text with its wrong part between `<` and `>`, and the reason.
    #[track_caller]
    fn check(command: &str, expected: &str) {
        let (before, rest) = expected.split_once('<').unwrap();
        let (wrong, rest) = rest.split_once('>').unwrap();
        let (after, why) = rest.split_once(": ").unwrap();
        let space = " ".repeat(before.len());
        let carets = "^".repeat(wrong.len().max(1));
        check_usage(command, &format!("{why}\n  {before}{wrong}{after}\n  {space}{carets}"));
    }
    #[track_caller]
    fn check_usage(command: &str, expected: &str) {
        let arguments: Vec<_> = command.split(' ').collect();
        let output = run(&arguments, "");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said, format!("error: {expected}\n"));
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(output.stdout, b"");
    }
    check("bytes 65536 --as u16", "<65536>: u16 holds 0 to 65535; try --as u32");
    check("bytes -2", "<-2>: u32 holds 0 to 4294967295; try --as i16");
    check("bytes 12,5", "12<,>5: a number is made of 0 to 9; write 16909060, or 0x01020304");
    check_usage(
        "bytes 1 --as float",
        "invalid value 'float' for '--as <TYPE>' \
         [possible values: u16, u32, u64, i16, i32, i64]; see --help",
    );
    check("subnet 10.0.0.256/24", "10.0.0.<256>/24: one byte holds 0 to 255");
    check("subnet 10.0.0.0", "10.0.0.0<>: a network has a prefix: write 10.0.0.0/24, for example");
    check(
        "subnet 10.0.0.0/33",
        "10.0.0.0/<33>: the prefix of an IPv4 address is a number from 0 to 32",
    );
    check(
        "subnet 2001:db8::/129",
        "2001:db8::/<129>: the prefix of an IPv6 address is a number from 0 to 128",
    );
    check(
        "bytes 96e7",
        "96<e>7: not a decimal digit; 0x96e7 is hexadecimal, and a power of ten is \
         written out, with its zeros",
    );
    check(
        "subnet 10.0.0.1/255.0.255.0",
        "10.0.0.1/<255.0.255.0>: a mask is ones and then zeros, and this has a 1 behind a 0; \
         write a prefix, a number from 0 to 32",
    );
    check(
        "same 10.0.0.1 10.0.0.2 --prefix 0.0.0.255",
        "<0.0.0.255>: this is the opposite of a mask, which access lists of routers call a \
         wildcard; the prefix is 24",
    );
    let octal = "some programs take a number that begins with 0 for an octal one; leave the 0 out";
    for (command, shown) in [
        ("subnet 10.0.0.1/010", "10.0.0.1/<010>"),
        ("subnet ::1/064", "::1/<064>"),
        ("broadcast 10.0.0.1/010", "10.0.0.1/<010>"),
        ("join 10.0.0.0/025 10.0.0.128/25", "10.0.0.0/<025>"),
        ("same 10.0.0.1 10.0.0.2 --prefix 010", "<010>"),
        ("same ::1 ::2 --prefix 064", "<064>"),
        ("split 10.0.0.0/08 --into 2", "10.0.0.0/<08>"),
        ("split 10.0.0.0/8 --into 02", "<02>"),
        ("bytes 010", "<010>"),
        ("bytes -010 --as i16", "-<010>"),
    ] {
        check(command, &format!("{shown}: {octal}"));
    }
    check_usage(
        "drill mac --seed 4294967296",
        "invalid value '4294967296' for '--seed <N>': a seed is a number from 0 to 4294967295; \
         see --help",
    );
    check_usage(
        "drill mac --seed 07",
        &format!("invalid value '07' for '--seed <N>': {octal}; see --help"),
    );
    check(
        "same 10.0.0.1 10.0.0.2 --prefix 40",
        "<40>: the prefix of an IPv4 address is a number from 0 to 32",
    );
    check(
        "same 10.0.0.1 ::1 --prefix 8",
        "<::1>: one is IPv4 and the other is IPv6: no network has both",
    );
    check(
        "split 10.0.0.7/24 --into 4",
        "<10.0.0.7>/24: an address inside a network; the network itself is 10.0.0.0/24",
    );
    check(
        "split 10.0.0.0/24 --into 3",
        "<3>: each bit doubles the parts: 2, 4, 8 and so on; take 4, and keep 1 for later",
    );
    check(
        "split 10.0.0.0/24 --into 512",
        "<512>: a /24 has 2^8 addresses, but this would need 2^9",
    );
    check("split 10.0.0.0/24 --into 0", "<0>: a split makes 2 parts or more");
    check(
        "join 10.0.0.0/25 10.0.0/25",
        "10.0.0<>/25: an IPv4 address has four numbers, and this has 3",
    );
    check(
        "class 150.164.34.x",
        "150.164.34.<x>: not a number; an IPv4 address is written like 192.0.2.1",
    );
    check(
        "broadcast ff02::1/64",
        "<ff02::1/64>: IPv6 has no broadcast; the group ff02::1 is everyone on the link",
    );
    check(
        "broadcast 224.0.0.1/24",
        "<224>.0.0.1/24: no host has an address that begins with 224 or more",
    );
    check(
        "mac 192.168.0.1",
        "<192>.168.0.1: not a multicast group: their first number is 224 to 239",
    );
    check("mac fe80::1", "<fe80>::1: not a multicast group: those of IPv6 begin with ff");
    check(
        "groups 01:00:5e:ca:14:1e",
        "01:00:5e:<ca>:14:1e: not an IPv4 group: after 01:00:5e a byte is at most 7f",
    );
    check(
        "groups 52:54:00:12:34:56",
        "<52:54:00>:12:34:56: not a multicast group of IP: they begin with 01:00:5e or 33:33",
    );
    check(
        "groups 01:00:5e",
        "01:00:5e<>: a MAC address has six bytes, and this has 3; \
         write 01:00:5e:4a:14:1e, for example",
    );
    check_usage(
        "drill chess",
        "invalid value 'chess' for '<SUBJECT>' [possible values: bytes, subnet, ipv6, mac]; see --help",
    );
    check_usage(
        "drill mac --count 0",
        "invalid value '0' for '--count <N>': 0 is not in 1..=4294967295; see --help",
    );
    check_usage(
        "subnets",
        "unrecognized subcommand 'subnets'; tip: a similar subcommand exists: 'subnet' \
         [possible values: bytes, subnet, same, split, join, class, broadcast, mac, groups, \
         drill, help]; see --help",
    );
}

#[test]
fn a_drill_checks_answers_names_mistakes_and_keeps_score() {
    let answers = "\
        80.255.255.255\n\
        5.39.236.255\n\
        90.94.63.300\n\
        90.94.63.255\n\
        1.2.3.4\n\
        \n";
    let expected = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/tools/addresses/tests/drill_subnet.txt"),
    );
    let output = run(&["drill", "subnet", "--seed", "7", "--count", "5"], answers);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected.unwrap());
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stderr, b"");
}

#[test]
fn each_subject_tells_its_mistakes() {
    #[track_caller]
    fn check(subject: &str, answer: &str, mistake: &str) {
        let arguments = ["drill", subject, "--seed", "7", "--count", "1"];
        let output = run(&arguments, &format!("{answer}\n"));
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains(&format!("\nNo: {mistake}.\nIt is ")), "{printed}");
        assert!(
            printed.ends_with("\n0 of 1 right. The same questions again: --seed 7\n"),
            "{printed}"
        );
    }
    check("bytes", "e7 96", "you took the bytes the wrong way round");
    check("bytes", "96 e6", "you inverted the bits but did not add 1");
    check("subnet", "80.128.0.0", "you gave the network's own address, whose host bits are all 0");
    check(
        "ipv6",
        "2001:db8:fa16:9000::",
        "you put the border between two digits, but it is inside one",
    );
    check("mac", "01:00:5e:16:9e:5e", "you used the rule of IPv4: 01:00:5e and 23 bits");
}

#[test]
fn the_end_of_the_input_ends_a_drill_with_its_score() {
    for (answers, score) in [
        ("", "0 of 0 right"),
        ("80.255.255.255\n", "1 of 1 right"),
        // The last line need not have an end.
        ("80.255.255.255\n5.39.236.254", "2 of 2 right"),
    ] {
        let output = run(&["drill", "subnet", "--seed", "7"], answers);
        let printed = String::from_utf8(output.stdout).unwrap();
        let end =
            format!("\nThe input has ended.\n\n{score}. The same questions again: --seed 7\n");
        assert!(printed.ends_with(&end), "{printed}");
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(output.stderr, b"");
    }
}

#[test]
fn a_drill_survives_any_input() {
    let endless_line = "9".repeat(100_000);
    let hostile = format!("\u{1b}[2J\n{endless_line}\n\0\n80.255.255.255\n");
    let mut hostile = hostile.into_bytes();
    hostile.splice(0..0, [0xff, 0xfe, b'\n']);
    let output = run_with(&["drill", "subnet", "--seed", "7", "--count", "1"], hostile);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("\n1 of 1 right. "), "{printed}");
    assert!(!printed.contains('\u{1b}'), "{printed}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_random_seed_is_printed() {
    let output = run(&["drill", "mac", "--count", "1"], "");
    let printed = String::from_utf8(output.stdout).unwrap();
    let seed =
        printed.strip_prefix("drill mac --seed ").and_then(|rest| rest.split(' ').next()).unwrap();
    let again = run(&["drill", "mac", "--count", "1", "--seed", seed], "");
    assert_eq!(String::from_utf8(again.stdout).unwrap(), printed);
}

#[test]
fn a_reader_that_has_read_enough_is_no_failure() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(PROGRAM);
    command.args(["addresses", "subnet", "10.0.0.0/24"]);
    let output = command.stdout(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stderr, b"");
}

#[test]
fn an_output_that_is_full_is_a_failure() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(["addresses", "subnet", "10.0.0.0/24"]);
    let output = command.stdout(full).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "error: cannot write standard output: No space left on device\n");
    assert_eq!(output.status.code(), Some(1));
}

fn run(arguments: &[&str], input: &str) -> Output {
    run_with(arguments, input.into())
}

fn run_with(arguments: &[&str], input: Vec<u8>) -> Output {
    let mut child = Command::new(PROGRAM)
        .arg("addresses")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that does not read its input may end before everything is written.
    let writer = thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}
