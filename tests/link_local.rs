//! Link-local addresses, by the name and by the index of their interface, in every program that
//! takes an address.
//!
//! Two network namespaces are joined by a wire: `fe80::1%wire` on the left, `fe80::2%wire` on the
//! right.

use std::net::SocketAddr;
use std::process::Command;

use test_kit::{Ended, Host, Running, Server, Wire, require_tool};

const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

/// Each command line that takes an address, with `ADDRESS` where `[HOST%zone]:PORT` stands.
const LISTENING: [&[&str]; 7] = [
    &["fork", "echo", "--listen", "ADDRESS"],
    &["async", "chat", "--listen", "ADDRESS"],
    &["datagrams", "echo", "--listen", "ADDRESS"],
    &["talk", "--listen", "ADDRESS"],
    &["hls-relay", "--http", "ADDRESS", "--ingest", "127.0.0.1:0"],
    &["hls-relay", "--ingest", "ADDRESS", "--http", "127.0.0.1:0"],
    &["book", "--listen", "ADDRESS"],
];

const CONNECTING: [&[&str]; 6] = [
    &["talk", "ADDRESS"],
    &["talk", "echo", "ADDRESS"],
    &["talk", "echo", "--udp", "ADDRESS"],
    &["talk", "upload", "ADDRESS", "/etc/hostname"],
    &["load", "echo", "ADDRESS", "--duration", "0.1"],
    &["snmp-walk", "ADDRESS"],
];

fn command(host: &Host, arguments: &[&str], address: &str) -> Command {
    let mut command = host.command(PROGRAM);
    let put_in = |argument: &&str| argument.replace("ADDRESS", address);
    command.args(arguments.iter().map(put_in));
    command
}

#[track_caller]
fn end(host: &Host, arguments: &[&str], address: &str) -> Ended {
    Running::spawn(command(host, arguments, address)).end()
}

/// `wire`, and its index, which stands for the same.
fn zones(host: &Host) -> [String; 2] {
    let index = host.run("cat /sys/class/net/wire/ifindex || ip -o link show wire | cut -d: -f1");
    ["wire".to_owned(), index.trim().to_owned()]
}

#[test]
fn servers_listen_on_a_link_local_address() {
    let Some(wire) = Wire::new() else { return };
    let [name, index] = zones(&wire.left);
    let expected: SocketAddr = format!("[fe80::1%{index}]:4007").parse().unwrap();
    for arguments in LISTENING.iter().filter(|arguments| arguments[0] != "talk") {
        for zone in [&name, &index] {
            let command = command(&wire.left, arguments, &format!("[fe80::1%{zone}]:4007"));
            let server = Server::from_command(command)
                .unwrap_or_else(|ended| panic!("{arguments:?} {zone}: {ended:#?}"));
            let announced = server.output().join("\n");
            assert!(announced.contains(&expected.to_string()), "{announced}");
        }
    }
}

#[test]
fn clients_reach_a_link_local_address() {
    let Some(wire) = Wire::new() else { return };
    if !require_tool("bash") {
        return;
    }
    let listen = |arguments: &[&str]| {
        let command = command(&wire.right, arguments, "[fe80::2%wire]:4007");
        Server::from_command(command).unwrap_or_else(|ended| panic!("{ended:#?}"))
    };
    let stream = listen(&["fork", "echo", "--listen", "ADDRESS"]);
    let _datagrams = listen(&["datagrams", "echo", "--listen", "ADDRESS"]);
    for zone in zones(&wire.left) {
        let address = format!("[fe80::2%{zone}]:4007");
        for talk in ["talk echo", "talk echo --udp", "talk"] {
            let said = wire.left.run(&format!("echo hello | {PROGRAM} {talk} '{address}'"));
            assert_eq!(said, "hello\n", "{talk} {address}");
        }
        let said = wire.left.run(&format!("echo hello | {PROGRAM} talk fe80::2%{zone} 4007"));
        assert_eq!(said, "hello\n", "{address}");
        stream.wait_for_log(|line| line.contains("connected from [fe80::1%"));
        let load = end(&wire.left, &["load", "echo", "ADDRESS", "--duration", "0.1"], &address);
        assert!(load.status.success(), "{load:#?}");
        // Nothing listens on this port, and a host that answers says so.
        let address = format!("[fe80::2%{zone}]:4161");
        let walk = end(&wire.left, &["snmp-walk", "ADDRESS"], &address);
        walk.expect_refusal(1, &["[fe80::2%", "]:4161"]);
    }
}

#[test]
fn a_caller_reaches_talk_on_a_link_local_address() {
    let Some(wire) = Wire::new() else { return };
    let mut listening = wire.left.command(PROGRAM);
    listening.args(["talk", "--listen", "[fe80::1%wire]:4007"]);
    let mut listening = Running::spawn(listening);
    // The caller tries until talk listens. Nothing is typed there, so it ends its side.
    let call = format!("until echo hello | {PROGRAM} talk '[fe80::1%wire]:4007'; do :; done");
    wire.right.run(&call);
    assert!(listening.wait().success());
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let Some(wire) = Wire::new() else { return };
    let check = |address: &str, words: &[&str]| {
        for arguments in LISTENING.iter().chain(&CONNECTING) {
            let ended = end(&wire.left, arguments, address);
            assert_eq!(ended.status.code(), Some(1), "{arguments:?} {ended:#?}");
            let told = ended.errors.join("\n");
            for word in words {
                assert!(told.contains(word), "{arguments:?}: no {word:?}: {told}");
            }
            assert!(!told.contains("is it spelled right"), "{arguments:?}: {told}");
        }
    };
    check("[fe80::1]:4007", &["add the interface: [fe80::1%wire]:4007", "lo, wire"]);
    check("[fe80::1%v0]:4007", &["there is no interface v0 for [fe80::1%v0]:4007", "lo, wire"]);
    check("[fe80::1%77]:4007", &["there is no interface 77 for [fe80::1%77]:4007"]);
    check("[::1%lo]:4007", &["::1 is no link-local address", "leave %lo out"]);
}

#[test]
fn the_launcher_refuses_a_link_local_address() {
    for host in ["fe80::1", "fe80::1%wire"] {
        let mut launcher = Command::new(PROGRAM);
        launcher.args(["--host", host, "--no-book"]);
        let words = ["one server alone", "--listen '[fe80::1%eth0]:3007'"];
        Running::spawn(launcher).end().expect_refusal(2, &words);
    }
}

#[test]
fn a_group_takes_its_interface_or_refuses_another() {
    let Some(wire) = Wire::new() else { return };
    let receive = ["datagrams", "multicast", "receive", "--group", "ADDRESS"];
    let send = ["datagrams", "multicast", "send", "hello", "--count", "1", "--group", "ADDRESS"];
    let of_lo = ["--interface", "lo"];
    for zone in zones(&wire.right) {
        let group = format!("[ff02::4a14:1e%{zone}]:54321");
        let member = Server::from_command(command(&wire.right, &receive, &group));
        let member = member.unwrap_or_else(|ended| panic!("{ended:#?}"));
        let group = "[ff02::4a14:1e%wire]:54321";
        let sent = end(&wire.left, &send, group);
        assert!(sent.status.success(), "{sent:#?}");
        member.wait_for_output(|line| line.starts_with("[fe80::1%") && line.ends_with(" hello"));
        for task in [&receive[..], &send] {
            let both = [task, &of_lo].concat();
            end(&wire.left, &both, group).expect_refusal(2, &["wire", "--interface is lo"]);
            let same = [task, &["--interface", "v0"]].concat();
            end(&wire.left, &same, group).expect_refusal(1, &["there is no interface v0"]);
        }
    }
    for task in [&receive[..], &send] {
        let wrong = end(&wire.left, task, "[ff02::4a14:1e%77]:54321");
        wrong.expect_refusal(1, &["there is no interface 77"]);
        let wrong = end(&wire.left, task, "[ff05::4a14:1e%wire]:54321");
        wrong.expect_refusal(2, &["use --interface"]);
    }
}
