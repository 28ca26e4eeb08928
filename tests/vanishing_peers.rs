//! A client without a network sends nothing any more, not even a goodbye: its idle time ends it,
//! or, if there is none, the kernel's keepalive (tcp(7)).

use std::process::{Child, Stdio};

use test_kit::{Host, Server, Signal, Style, Wire, each_style, require_tool, wait_until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

each_style!(
    the_idle_time_ends_a_client_whose_network_is_gone (row 29),
    the_kernel_ends_a_member_whose_network_is_gone (row 29),
);

fn the_idle_time_ends_a_client_whose_network_is_gone(style: Style) {
    let Some(wire) = wire() else { return };
    let server = start(&wire.left, style, "echo", &["--idle-timeout", "1"]);
    let _client = connect(&wire.right, &server);
    server.wait_for_log(|line| line.contains("client 1 connected"));
    wire.right.run("ip link set wire down");
    expect_next_served(&wire, server);
}

/// Members of a room may be silent forever, so only the kernel can notice. It probes after a minute
/// of silence, and gives up some minutes later: the test checks that its timer runs.
fn the_kernel_ends_a_member_whose_network_is_gone(style: Style) {
    let Some(wire) = wire() else { return };
    let server = start(&wire.left, style, "chat", &["--idle-timeout", "0"]);
    let _client = connect(&wire.right, &server);
    server.wait_for_log(|line| line.contains("client 1 connected"));
    let timers = "ss --tcp --no-header --options state established";
    wait_until("the kernel's timer runs", || wire.left.run(timers).contains("timer:(keepalive,"));
    let shown = wire.left.run(timers);
    let is_a_minute = ["timer:(keepalive,1min", "timer:(keepalive,5", "timer:(keepalive,4"];
    assert!(
        is_a_minute.iter().any(|time| shown.contains(time)),
        "it probes after a minute: {shown}"
    );
}

/// After the client is gone, the next one is served, and the server stops.
#[track_caller]
fn expect_next_served(wire: &Wire, mut server: Server) {
    server
        .wait_for_log(|line| line.contains("client 1 left") || line.contains("client 1 was lost"));
    wire.right.run("ip link set wire up");
    wire.wait_until_up();
    wire.right.run("ip address replace 10.0.0.2/24 broadcast 10.0.0.255 dev wire");
    let port = server.address().port();
    let said = wire.right.run(&format!("echo hello | nc -N -w 20 10.0.0.1 {port}"));
    assert_eq!(said, "hello\n");
    server.process().signal(Signal::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
}

fn wire() -> Option<Wire> {
    if !require_tool("nc") { None } else { Wire::new() }
}

#[track_caller]
fn start(host: &Host, style: Style, service: &str, options: &[&str]) -> Server {
    let mut command = host.command(PROGRAM);
    command.args([style.name, service, "--listen", "10.0.0.1:0"]).args(options);
    Server::from_command(command).unwrap_or_else(|ended| panic!("{service}: {ended:#?}"))
}

/// A client that sends nothing, as long as its standard input is open.
fn connect(host: &Host, server: &Server) -> Silent {
    let mut nc = host.command("nc");
    nc.args(["10.0.0.1", &server.address().port().to_string()]);
    nc.stdin(Stdio::piped()).stdout(Stdio::null());
    Silent(nc.spawn().expect("nc runs"))
}

struct Silent(Child);

impl Drop for Silent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
