//! Datagrams between two hosts: the frames on the wire, and their receivers.
//!
//! The hosts are network namespaces that each test makes for itself, as root or, if the system
//! allows it, as any user.

use std::process::Command;

use test_kit::{Ended, Host, Running, Server, Wire, of_datagrams, require_tool, wait_until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

const GROUP: &str = "224.202.20.30:54321";

of_datagrams!(
    without_a_route_the_interface_has_to_be_chosen (row 42),
    the_error_for_an_unusable_interface_names_the_others (row 42),
    an_interface_that_goes_down_and_comes_up_again_receives_again (row 42),
    an_interface_that_is_removed_and_added_again_is_joined_again (row 42),
    every_member_on_a_host_receives_only_its_group (row 42),
    a_failure_that_passes_is_no_reason_to_stop (rows 41, 42),
);

/// Two hosts, or `None` if this machine cannot make them.
#[track_caller]
fn wire() -> Option<Wire> {
    if !["python3", "socat"].into_iter().all(require_tool) {
        return None;
    }
    Wire::new()
}

fn datagrams(host: &Host, arguments: &[&str]) -> Command {
    let mut command = host.command(PROGRAM);
    command.arg("datagrams").args(arguments);
    command
}

/// Starts a program that prints `listening on ADDRESS`.
#[track_caller]
fn listen(host: &Host, arguments: &[&str]) -> Server {
    Server::from_command(datagrams(host, arguments))
        .unwrap_or_else(|ended| panic!("{arguments:?}: {ended:#?}"))
}

/// A member of a group.
#[track_caller]
fn member(host: &Host, group: &str) -> Server {
    let options = ["--group", group, "--interface", "wire"];
    listen(host, &[&["multicast", "receive"], &options[..]].concat())
}

/// Runs a program that ends by itself.
#[track_caller]
fn run(host: &Host, arguments: &[&str]) -> Ended {
    Running::spawn(datagrams(host, arguments)).end()
}

/// Sends a text once, to a group or to a broadcast address.
#[track_caller]
fn send(host: &Host, task: &str, text: &str, options: &[&str]) {
    let arguments = [&[task, "send", text, "--count", "1"], options].concat();
    let ended = run(host, &arguments);
    assert!(ended.status.success(), "{ended:?}");
}

#[track_caller]
fn send_to_group(host: &Host, text: &str, group: &str) {
    let options = ["--group", group, "--interface", "wire"];
    send(host, "multicast", text, &options);
}

/// The texts that the receiver has shown so far, in order, from any sender.
fn heard(receiver: &Server) -> Vec<String> {
    let lines = receiver.output();
    let texts = lines[1..].iter().map(|line| {
        let (_from, text) = line.split_once(' ').expect("FROM TEXT");
        text.to_owned()
    });
    texts.collect()
}

/// Waits for a text from the sender 10.0.0.1.
#[track_caller]
fn expect_from_left(receiver: &Server, text: &str) {
    let line = receiver.wait_for_output(|line| line.ends_with(text));
    assert!(line.starts_with("10.0.0.1:"), "{line}");
    assert_eq!(line.split_once(' ').map(|(_, text)| text), Some(text));
}

/// Captures the frames on a host's end of the wire.
struct Capture(Running);

impl Capture {
    #[track_caller]
    fn start(host: &Host) -> Capture {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign_clients/capture.py");
        let mut python = host.command("python3");
        python.args([script, "wire"]);
        let running = Running::spawn(python);
        running.wait_for_output(|line| line == "ready");
        Capture(running)
    }

    /// Waits for a frame that ends with this text: the payload of its datagram.
    #[track_caller]
    fn wait_for(&self, text: &[u8]) -> Frame {
        self.wait_until(|frame| frame.0.ends_with(text))
    }

    #[track_caller]
    fn wait_until(&self, is_it: impl Fn(&Frame) -> bool) -> Frame {
        let frame = |line: &str| Frame(bytes(line).unwrap_or_default());
        Frame(bytes(&self.0.wait_for_output(|line| is_it(&frame(line)))).expect("a frame"))
    }

    /// The number of such frames so far.
    fn count(&self, is_it: impl Fn(&Frame) -> bool) -> usize {
        let lines = self.0.output();
        let frames = lines.iter().filter_map(|line| bytes(line)).map(Frame);
        frames.filter(|frame| is_it(frame)).count()
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

/// An Ethernet frame: 14 bytes of header, and its payload.
#[derive(Debug)]
struct Frame(Vec<u8>);

impl Frame {
    fn destination(&self) -> String {
        let mac = self.0[..6].iter().map(|byte| format!("{byte:02x}"));
        mac.collect::<Vec<_>>().join(":")
    }

    fn is_from_left(&self) -> bool {
        self.0.get(6..12) == Some(&[2, 0, 0, 0, 0, 1])
    }

    /// The change of a group's membership, if the frame reports one: 4 for joining, 3 for leaving
    /// (RFC 3376, section 4.2.12; the first record is enough for one group).
    fn igmp(&self, group: [u8; 4]) -> Option<u8> {
        let is_ipv4 = self.0.get(12..14)? == [8, 0];
        // The header's length is in words of four bytes, and an option makes it longer.
        let header = usize::from(self.0.get(14)? & 0xf) * 4;
        let (protocol, report) = (*self.0.get(23)?, self.0.get(14 + header..)?);
        let is_report = protocol == 2 && *report.first()? == 0x22;
        (is_ipv4 && is_report && report.get(12..16)? == group).then(|| report[8])
    }

    /// The same for IPv6 (MLD, RFC 3810): ICMPv6 143 after an option header.
    fn mld(&self, group: [u8; 16]) -> Option<u8> {
        let is_ipv6 = self.0.get(12..14)? == [0x86, 0xdd];
        let report = self.0.get(14 + 40 + 8..)?;
        let is_report = *report.first()? == 143;
        (is_ipv6 && is_report && report.get(12..28)? == group).then(|| report[8])
    }
}

/// The number in IGMP and MLD.
const JOINED: u8 = 4;
const LEFT: u8 = 3;

#[test]
fn the_mac_of_a_group_has_23_of_its_bits() {
    let Some(wire) = wire() else { return };
    let capture = Capture::start(&wire.right);
    // The first nine bits are lost, so 32 groups share this address.
    for group in [GROUP, "239.202.20.30:54321", "224.74.20.30:54321"] {
        send_to_group(&wire.left, group, group);
        let frame = capture.wait_for(group.as_bytes());
        assert_eq!(frame.destination(), "01:00:5e:4a:14:1e", "{group}");
        assert!(frame.is_from_left());
        assert_eq!(frame.0[22], 1, "the time to live lets it pass no router");
    }
}

#[test]
fn the_mac_of_an_ipv6_group_has_its_last_32_bits() {
    let Some(wire) = wire() else { return };
    let capture = Capture::start(&wire.right);
    for (group, mac) in [
        ("[ff02::4a14:1e]:54321", "33:33:4a:14:00:1e"),
        ("[ff05::1:4a14:1e]:54321", "33:33:4a:14:00:1e"),
        ("[ff02::1]:54321", "33:33:00:00:00:01"),
    ] {
        send_to_group(&wire.left, group, group);
        let frame = capture.wait_for(group.as_bytes());
        assert_eq!(frame.destination(), mac, "{group}");
        assert_eq!(frame.0[21], 1, "the hop limit lets it pass no router");
    }
}

#[test]
fn joins_and_leaves_are_reported_to_the_network() {
    let Some(wire) = wire() else { return };
    let capture = Capture::start(&wire.left);
    let group = [224, 202, 20, 30];
    let mut receiver = member(&wire.right, GROUP);
    let told = capture.wait_until(|frame| frame.igmp(group) == Some(JOINED));
    assert_eq!(told.destination(), "01:00:5e:00:00:16", "it is for routers");
    assert_eq!(capture.count(|frame| frame.igmp(group) == Some(LEFT)), 0);
    assert_eq!(receiver.stop().code(), Some(0));
    capture.wait_until(|frame| frame.igmp(group) == Some(LEFT));
}

#[test]
fn joins_and_leaves_of_ipv6_are_reported_to_the_network() {
    let Some(wire) = wire() else { return };
    let capture = Capture::start(&wire.left);
    let mut group = [0; 16];
    group[..2].copy_from_slice(&[0xff, 2]);
    group[12..].copy_from_slice(&[0x4a, 0x14, 0, 0x1e]);
    let mut receiver = member(&wire.right, "[ff02::4a14:1e]:54321");
    let told = capture.wait_until(|frame| frame.mld(group) == Some(JOINED));
    assert_eq!(told.destination(), "33:33:00:00:00:16", "it is for routers");
    assert_eq!(receiver.stop().code(), Some(0));
    capture.wait_until(|frame| frame.mld(group) == Some(LEFT));
}

fn every_member_on_a_host_receives_only_its_group() {
    let Some(wire) = wire() else { return };
    let [one, two] = [(); 2].map(|()| member(&wire.right, GROUP));
    // This group has the same MAC address, so the host takes the frame, and the kernel has to
    // distinguish the groups.
    let alias = member(&wire.right, "239.202.20.30:54321");
    let other = member(&wire.right, "224.0.1.20:54321");
    let here = member(&wire.left, GROUP);
    for (text, group) in [
        ("to the alias", "239.202.20.30:54321"),
        ("to another", "224.0.1.20:54321"),
        ("to another port", "224.202.20.30:54322"),
        ("to the group", GROUP),
    ] {
        send_to_group(&wire.left, text, group);
    }
    // Datagrams keep their order: those for other groups would have come before.
    for member in [&one, &two, &here] {
        expect_from_left(member, "to the group");
        assert_eq!(heard(member), ["to the group"]);
    }
    expect_from_left(&alias, "to the alias");
    expect_from_left(&other, "to another");
    // A stray datagram would come after: this message to their own group shows that none came.
    send_to_group(&wire.left, "the end", "239.202.20.30:54321");
    send_to_group(&wire.left, "the end", "224.0.1.20:54321");
    for (member, first) in [(&alias, "to the alias"), (&other, "to another")] {
        expect_from_left(member, "the end");
        assert_eq!(heard(member), [first, "the end"]);
    }
}

#[test]
fn members_of_an_ipv6_group_receive_its_datagrams() {
    let Some(wire) = wire() else { return };
    for group in ["[ff02::4a14:1e]:54321", "[ff05::1:4a14:1e]:54321"] {
        let (one, other) = (member(&wire.right, group), member(&wire.right, "[ff02::99]:54321"));
        send_to_group(&wire.left, "for the group", group);
        let line = one.wait_for_output(|line| line.ends_with(" for the group"));
        assert!(line.starts_with("[fe80::1%"), "{line}");
        send_to_group(&wire.left, "the end", "[ff02::99]:54321");
        other.wait_for_output(|line| line.ends_with(" the end"));
        assert_eq!(heard(&other), ["the end"]);
    }
}

#[test]
fn a_receiver_ends_after_the_given_number_of_datagrams() {
    let Some(wire) = wire() else { return };
    let options = ["multicast", "receive", "--interface", "10.0.0.2", "--count", "2"];
    let mut receiver = listen(&wire.right, &options);
    let sending =
        ["multicast", "send", "--every", "0.01", "--count", "3", "--interface", "10.0.0.1"];
    let sent = run(&wire.left, &sending);
    assert_eq!(sent.status.code(), Some(0));
    let expected = [1, 2, 3].map(|number| format!("sent to {GROUP}: hello {number}"));
    assert_eq!(sent.output, expected);
    assert_eq!(receiver.wait().code(), Some(0));
    // It has ended, but its last output may not have been collected yet.
    receiver.wait_for_output(|line| line.ends_with(" hello 2"));
    assert_eq!(heard(&receiver), ["hello 1", "hello 2"]);
}

#[test]
fn a_sender_goes_on_until_it_is_stopped() {
    let Some(wire) = wire() else { return };
    let receiver = member(&wire.right, GROUP);
    let options = ["multicast", "send", "--every", "0.01", "--interface", "wire"];
    let mut sender = Running::spawn(datagrams(&wire.left, &options));
    expect_from_left(&receiver, "hello 20");
    sender.process().signal(test_kit::Signal::SIGINT);
    assert_eq!(sender.wait().code(), Some(0));
}

#[test]
fn received_control_characters_are_replaced() {
    let Some(wire) = wire() else { return };
    let receiver = member(&wire.right, GROUP);
    wire.left.run(&format!(
        "printf '\\033[2J\\r1.2.3.4:5 forged\\r\\n' |
         socat -u - UDP4-DATAGRAM:{GROUP},ip-multicast-if=10.0.0.1"
    ));
    let line = receiver.wait_for_output(|line| line.contains("forged"));
    assert!(line.ends_with(" \u{fffd}[2J\u{fffd}1.2.3.4:5 forged"), "{line:?}");
}

#[test]
fn broadcast_is_a_frame_for_every_host() {
    let Some(wire) = wire() else { return };
    let capture = Capture::start(&wire.right);
    let everybody = listen(&wire.right, &["broadcast", "receive"]);
    let by_name = listen(&wire.right, &["broadcast", "receive", "--interface", "wire"]);
    let elsewhere = listen(&wire.right, &["broadcast", "receive", "--interface", "lo"]);
    let network = ["broadcast", "receive", "--address", "10.0.0.255:54321"];
    let network = listen(&wire.right, &network);
    let by_address = ["--address", "10.0.0.255:54321"];
    send(&wire.left, "broadcast", "to the network", &by_address);
    send(&wire.left, "broadcast", "to all", &["--interface", "wire"]);
    for text in ["to the network", "to all"] {
        let frame = capture.wait_for(text.as_bytes());
        assert_eq!(frame.destination(), "ff:ff:ff:ff:ff:ff", "{text}");
        assert!(frame.is_from_left());
    }
    for receiver in [&everybody, &by_name] {
        expect_from_left(receiver, "to all");
        assert_eq!(heard(receiver), ["to all"]);
    }
    send(&wire.left, "broadcast", "the end", &by_address);
    expect_from_left(&network, "the end");
    assert_eq!(heard(&network), ["to the network", "the end"]);
    send(&wire.right, "broadcast", "to myself", &["--interface", "lo"]);
    elsewhere.wait_for_output(|line| line.ends_with(" to myself"));
    assert_eq!(heard(&elsewhere), ["to myself"]);
}

/// Makes socat show what it receives at this address. `-u` means one way.
fn socat(host: &Host, address: &str) -> Running {
    let mut socat = host.command("socat");
    socat.args(["-u", address, "-"]);
    Running::spawn(socat)
}

#[test]
fn socat_sends_and_receives() {
    let Some(wire) = wire() else { return };
    let (group, everybody) =
        (member(&wire.right, GROUP), listen(&wire.right, &["broadcast", "receive"]));
    wire.left.run(&format!(
        "printf 'from socat' | socat -u - UDP4-DATAGRAM:{GROUP},ip-multicast-if=10.0.0.1 &&
         printf 'from socat' | socat -u - UDP4-DATAGRAM:255.255.255.255:54321,broadcast,bind=10.0.0.1"
    ));
    expect_from_left(&group, "from socat");
    expect_from_left(&everybody, "from socat");
    drop((group, everybody));

    let member =
        socat(&wire.right, "UDP4-RECV:54321,reuseaddr,ip-add-membership=224.202.20.30:wire");
    let receiver = socat(&wire.right, "UDP4-RECV:54322,broadcast");
    // socat does not say when it has bound its socket, but the system does (proc_net(5)).
    wait_until("socat listens", || {
        let sockets = wire.right.run("cat /proc/net/udp");
        sockets.contains(":D431") && sockets.contains(":D432")
    });
    // Each text ends its line, so that it appears here as a line.
    send_to_group(&wire.left, "to socat's group\n", GROUP);
    let by_address = ["--address", "10.0.0.255:54322"];
    send(&wire.left, "broadcast", "to socat and all\n", &by_address);
    member.wait_for_output(|line| line == "to socat's group");
    receiver.wait_for_output(|line| line == "to socat and all");
}

#[test]
fn an_increment_has_its_high_byte_first_on_the_wire() {
    let Some(wire) = wire() else { return };
    let server = listen(&wire.right, &["increment", "--listen", "10.0.0.2:8008"]);
    let capture = Capture::start(&wire.right);
    let answer = wire.left.run(&format!(
        "printf '\\0\\377' | socat -t 30 - UDP:{},readbytes=2 | od -An -tx1",
        server.address()
    ));
    assert_eq!(answer.trim(), "01 00");
    // After 14 bytes of Ethernet, 20 of IPv4 and 8 of UDP.
    let payload = |from_left: bool| {
        let is_it =
            |frame: &Frame| frame.0.get(23) == Some(&17) && frame.is_from_left() == from_left;
        capture.wait_until(is_it).0[42..44].to_vec()
    };
    assert_eq!(payload(true), [0, 255]);
    assert_eq!(payload(false), [1, 0]);
}

/// The program fails on this host with this status, and one line that contains these words.
#[track_caller]
fn check_refused(host: &Host, arguments: &[&str], status: i32, words: &[&str]) {
    run(host, arguments).expect_refusal(status, words);
}

fn without_a_route_the_interface_has_to_be_chosen() {
    let Some(wire) = wire() else { return };
    let host = &wire.left;
    let choose = "choose one with --interface: lo (127.0.0.1), wire (10.0.0.1)";
    let unreachable = ["Network is unreachable", choose];
    check_refused(host, &["multicast", "send"], 1, &unreachable);
    check_refused(host, &["multicast", "receive"], 1, &["No such device", choose]);
    let of_a_link = ["multicast", "receive", "--group", "[ff02::4a14:1e]:54321"];
    check_refused(host, &of_a_link, 1, &["[ff02::4a14:1e]:54321", choose]);
    check_refused(host, &["broadcast", "send"], 1, &unreachable);
    for task in ["multicast", "broadcast"] {
        for action in ["send", "receive"] {
            for meant in ["eth9", "10.0.0.2", "4711"] {
                let words = [meant, choose];
                check_refused(host, &[task, action, "--interface", meant], 1, &words);
            }
        }
    }
    // With a route there is nothing to choose.
    host.run("ip route add 224.0.0.0/4 dev wire");
    let receiver = member(&wire.right, GROUP);
    send(host, "multicast", "by the route", &[]);
    expect_from_left(&receiver, "by the route");
}

fn the_error_for_an_unusable_interface_names_the_others() {
    let Some(wire) = wire() else { return };
    let host = &wire.left;
    let send = |interface| ["multicast", "send", "--interface", interface];
    host.run("ip link add spare type veth peer name other && ip link set other up");
    let words = ["spare has no IPv4 address", "IPv6"];
    check_refused(host, &send("spare"), 1, &words);
    host.run("ip address add 10.0.1.1/24 dev spare");
    let words = ["spare is down", "ip link set spare up", "wire (10.0.0.1)"];
    check_refused(host, &send("spare"), 1, &words);
    host.run("echo 0 >/proc/sys/net/ipv4/igmp_max_memberships");
    let receive = ["multicast", "receive", "--interface", "wire"];
    check_refused(host, &receive, 1, &["igmp_max_memberships"]);
}

fn an_interface_that_goes_down_and_comes_up_again_receives_again() {
    let Some(wire) = wire() else { return };
    let capture = Capture::start(&wire.left);
    let receiver = member(&wire.right, GROUP);
    let joined = |frame: &Frame| frame.igmp([224, 202, 20, 30]) == Some(JOINED);
    capture.wait_until(joined);
    send_to_group(&wire.left, "before", GROUP);
    expect_from_left(&receiver, "before");

    wire.right.run("ip link set wire down");
    let before = capture.count(joined);
    wire.right.run("ip link set wire up");
    wire.wait_until_up();
    // The kernel has kept the membership, and reports it to the network again.
    wait_until("the membership is reported again", || capture.count(joined) > before);
    send_to_group(&wire.left, "after", GROUP);
    expect_from_left(&receiver, "after");
    assert_eq!(heard(&receiver), ["before", "after"]);
}

fn an_interface_that_is_removed_and_added_again_is_joined_again() {
    let Some(wire) = wire() else { return };
    for group in [GROUP, "[ff02::4a14:1e]:54321"] {
        let receiver = member(&wire.right, group);
        wire.take_out();
        receiver.wait_for_log(|line| line.starts_with("cannot join") && line.contains("wire"));
        wire.put_in();
        receiver.wait_for_log(|line| line == format!("joined {group} again"));
        send_to_group(&wire.left, "after", group);
        receiver.wait_for_output(|line| line.ends_with(" after"));
    }
}

/// strace(1) imitates failures of the network.
fn a_failure_that_passes_is_no_reason_to_stop() {
    let Some(wire) = wire() else { return };
    if !require_tool("strace") {
        return;
    }
    let under_strace = |inject: &str, arguments: &[&str]| {
        let mut strace = wire.left.command("strace");
        let inject = format!("inject={inject}");
        strace.args(["-D", "-f", "-qq", "-o", "/dev/null", "-e", &inject, PROGRAM]);
        strace.arg("datagrams").args(arguments);
        strace
    };
    let sending = ["multicast", "send", "--interface", "wire", "--every", "0.01", "--count", "5"];
    // Two calls come before the first datagram: they ask for the interfaces.
    for (inject, sent, told) in [
        ("sendto:error=ENOBUFS:when=3..4", 3, 1),
        ("sendto:error=ECONNREFUSED:when=3", 4, 1),
        ("sendto:error=ENETUNREACH:when=5..6", 3, 1),
        ("sendto:error=ENETDOWN:when=3", 0, 1),
    ] {
        let ended = Running::spawn(under_strace(inject, &sending)).end();
        assert_eq!(ended.status.success(), sent > 0, "{inject}: {ended:?}");
        assert_eq!(ended.output.len(), sent, "{inject}: {ended:?}");
        assert_eq!(ended.errors.len(), told, "{inject}: {ended:?}");
    }
    for error in ["ECONNREFUSED", "ENOMEM", "EINTR"] {
        let inject = format!("recvfrom:error={error}:when=1..3");
        let receiving = ["multicast", "receive", "--interface", "wire"];
        let receiver = Server::from_command(under_strace(&inject, &receiving)).expect("it listens");
        if error == "ENOMEM" {
            receiver.wait_for_log(|line| line.starts_with("cannot receive for now"));
        }
        send_to_group(&wire.right, error, GROUP);
        receiver.wait_for_output(|line| line.ends_with(error));
    }
}

#[test]
fn interfaces_are_listed() {
    let Some(wire) = wire() else { return };
    let listed = run(&wire.left, &["interfaces"]);
    assert_eq!(listed.status.code(), Some(0));
    let fields: Vec<Vec<&str>> =
        listed.output.iter().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(fields[0], ["name", "index", "up", "multicast", "MAC", "addresses"]);
    let find = |name| fields.iter().find(|fields| fields[0] == name).expect("it is there");
    let loopback = ["yes", "no", "00:00:00:00:00:00", "127.0.0.1/8", "::1/128"];
    assert_eq!(find("lo")[2..], loopback);
    let link = wire.left.run("ip -oneline link show wire");
    let ends = ["yes", "yes", "02:00:00:00:00:01", "10.0.0.1/24", "fe80::1/64"];
    let of_wire = find("wire");
    assert!(link.starts_with(&format!("{}: wire", of_wire[1])), "{link}");
    assert_eq!(of_wire[2..], ends);
}

#[test]
fn the_name_of_an_interface_cannot_control_the_terminal() {
    let Some(wire) = wire() else { return };
    wire.left.run("ip link add name \"$(printf '\\033[31mx')\" type veth peer name other");
    wire.left.run("ip link set up dev other; ip link set up dev \"$(printf '\\033[31mx')\"");
    let listed = run(&wire.left, &["interfaces"]);
    assert!(listed.output.iter().any(|line| line.starts_with("\\u{1b}[31mx ")), "{listed:#?}");
    let refused = run(&wire.left, &["multicast", "send", "--interface", "none"]);
    refused.expect_refusal(1, &["--interface: ", "\\u{1b}[31mx"]);
    assert!(!refused.errors.join("").contains('\u{1b}'), "{refused:#?}");
}
