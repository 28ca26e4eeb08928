//! The addresses on which a server listens, and those of its clients in the log.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::process::Command;

use test_kit::chat::{expect_silence, welcome};
use test_kit::{Client, Server, Style, each_style, require_tool, run, run_under, skip};

each_style!(
    one_line_says_where_it_listens,
    a_name_is_resolved,
    a_privileged_port_is_explained,
    an_address_in_use_is_named (row 6),
    a_restart_at_once_works (row 6),
    both_families_are_served (row 7),
    clients_of_either_family_are_known_by_their_own_address (row 7),
    a_host_without_ipv6_gets_an_error_that_says_so,
    if_ipv6_is_disabled_both_families_mean_ipv4 (row 7),
);

fn one_line_says_where_it_listens(style: Style) {
    let mut server = Server::start(style, "echo");
    assert_eq!(server.address().ip(), IpAddr::from(Ipv4Addr::LOCALHOST));
    assert_ne!(server.address().port(), 0);
    server.stop();
    let said = format!("listening on {}", server.address());
    assert_eq!(server.output(), [said]);
}

fn a_name_is_resolved(style: Style) {
    let server = Server::start_with(style, "echo", &["--listen", "localhost:0"]);
    assert!(server.address().ip().is_loopback(), "{}", server.address());
    assert_eq!(server.connect().exchange(b"hello"), b"hello");
}

fn an_address_in_use_is_named(style: Style) {
    let first = Server::start(style, "echo");
    let address = first.address().to_string();
    let second = run(style, &["chat", "--listen", &address]);
    second.expect_refusal(1, &[&address]);
    first.connect().send("it is still there");
}

/// Connections that the server has closed stay in TIME_WAIT, and a client may still be connected.
fn a_restart_at_once_works(style: Style) {
    let mut first = Server::start(style, "fortune");
    let address = first.address().to_string();
    for _ in 0..5 {
        assert!(!first.connect().read_to_end().is_empty());
    }
    let _still_here = first.connect();
    assert_eq!(first.stop().code(), Some(0));
    let second = Server::start_with(style, "fortune", &["--listen", &address]);
    assert_eq!(second.address().to_string(), address);
    assert!(!second.connect().read_to_end().is_empty());
}

/// A server for both address families, unless this machine has only one.
fn dual_stack(style: Style, service: &str) -> Option<(Server, [SocketAddr; 2])> {
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        skip("there is no IPv6 here");
        return None;
    }
    let server = Server::start_with(style, service, &["--listen", "[::]:0"]);
    assert_eq!(server.address().ip(), IpAddr::from(Ipv6Addr::UNSPECIFIED));
    let port = server.address().port();
    let hosts = [Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()];
    let addresses = hosts.map(|host: IpAddr| SocketAddr::new(host, port));
    Some((server, addresses))
}

fn both_families_are_served(style: Style) {
    let Some((_server, addresses)) = dual_stack(style, "echo") else {
        return;
    };
    for address in addresses {
        assert_eq!(Client::connect(address).exchange(b"hello"), b"hello");
    }
}

fn clients_of_either_family_are_known_by_their_own_address(style: Style) {
    let Some((server, addresses)) = dual_stack(style, "chat") else {
        return;
    };
    for (address, host) in addresses.into_iter().zip(["[::1]", "127.0.0.1"]) {
        let mut client = Client::connect(address);
        let port = client.stream().local_addr().expect("connected").port();
        assert_eq!(client.name(), format!("{host}:{port}"));
        client.expect_line(welcome(&client, 1));
        client.send("/who\r\n");
        client.expect_line(format!("* here: {host}:{port}"));
        expect_silence(&mut client);
        server.wait_for_log(|line| line.ends_with(&format!("connected from {host}:{port}")));
        client.send("/quit\r\n");
        client.read_to_end();
    }
    assert!(!server.log().iter().any(|line| line.contains("::ffff:")));
}

/// strace(1) imitates a kernel without IPv6: it makes each socket(2) of that family fail.
fn a_host_without_ipv6_gets_an_error_that_says_so(style: Style) {
    if !require_tool("strace") {
        return;
    }
    let without_ipv6 = [
        "strace",
        "-D",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=socket",
        "-e",
        "inject=socket:error=EAFNOSUPPORT:when=1",
    ];
    let ended = run_under(&without_ipv6, style, &["echo", "--listen", "[::]:0"]);
    ended.expect_refusal(1, &["[::]:0", "IPv6"]);
}

/// Runs a program in its own network namespace, in which IPv6 is disabled.
const DISABLED: [&str; 6] = [
    "unshare",
    "--map-root-user",
    "--net",
    "sh",
    "-c",
    "ip link set lo up; echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; exec \"$0\" \"$@\"",
];

fn if_ipv6_is_disabled_both_families_mean_ipv4(style: Style) {
    if !["unshare", "nsenter", "ip", "nc"].into_iter().all(require_tool) {
        return;
    }
    let can_unshare = Command::new("unshare").args(&DISABLED[1..3]).arg("true").status();
    if !can_unshare.is_ok_and(|status| status.success()) {
        return skip("no namespaces may be made here");
    }
    let refused = run_under(&DISABLED, style, &["echo", "--listen", "[::1]:0"]);
    refused.expect_refusal(1, &["[::1]:0"]);

    let server = Server::start_under(&DISABLED, style, "chat", &["--listen", "[::]:0"]);
    let (pid, port) = (server.pid().to_string(), server.address().port().to_string());
    let netcat = Command::new("nsenter")
        .args(["--user", "--net", "--target", &pid])
        .args(["timeout", "60", "nc", "-N", "127.0.0.1", &port])
        .output()
        .expect("nsenter runs");
    let heard = String::from_utf8(netcat.stdout).expect("UTF-8");
    assert!(heard.starts_with("* welcome, 127.0.0.1:"), "{heard:?}");
}

/// strace(1) imitates an ordinary user, too: root may bind any port.
fn a_privileged_port_is_explained(style: Style) {
    if !require_tool("strace") {
        return;
    }
    let ordinary = "inject=bind:error=EACCES:when=1";
    let strace = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e"];
    let strace = [&strace[..], &["trace=bind", "-e", ordinary]].concat();
    let ended = run_under(&strace, style, &["echo", "--listen", "127.0.0.1:7"]);
    ended.expect_refusal(1, &["127.0.0.1:7", "below 1024"]);
}
