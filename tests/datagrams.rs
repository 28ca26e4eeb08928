//! The services that answer datagrams, as real processes: their answers, and what they drop.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use test_kit::{Host, Running, Server, Wire, again, deadline, of_datagrams, require_tool};
use test_kit::{skip, wait_until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

/// The number of answers that an address gets at once, and a second after that.
const AT_ONCE: u64 = 1_000;
const A_SECOND: u64 = 100;

of_datagrams!(
    echo_gives_back_every_size_that_there_is (row 40),
    datagrams_without_two_bytes_are_dropped_and_counted (row 40),
    a_source_that_cannot_have_asked_gets_no_answer (row 40),
    two_echoes_that_answer_each_other_stop (row 40),
    echo_and_increment_that_answer_each_other_stop (row 40),
    increment_and_echo_that_answer_each_other_stop (row 40),
    two_increments_that_answer_each_other_stop (row 40),
    failures_of_the_network_are_survived (row 41),
);

fn start(service: &str) -> Server {
    start_at(service, "127.0.0.1:0")
}

#[track_caller]
fn start_at(service: &str, listen: &str) -> Server {
    start_under(Command::new(PROGRAM), service, listen)
}

/// Starts a service with a command that runs this program.
#[track_caller]
fn start_under(mut command: Command, service: &str, listen: &str) -> Server {
    command.args(["datagrams", service, "--listen", listen]);
    Server::from_command(command).unwrap_or_else(|ended| panic!("{service}: {ended:#?}"))
}

/// A client bound to `from`, which receives only from this server.
fn client_from(from: &str, server: SocketAddr) -> UdpSocket {
    let client = UdpSocket::bind(from).expect("a port is free");
    client.connect(server).expect("there is a way");
    client.set_read_timeout(Some(deadline())).expect("not zero");
    client
}

fn client(server: SocketAddr) -> UdpSocket {
    let host = if server.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" };
    client_from(host, server)
}

/// The answer to a datagram.
#[track_caller]
fn ask(client: &UdpSocket, question: &[u8]) -> Vec<u8> {
    client.send(question).expect("it is sent");
    let mut answer = vec![0; 65_536];
    let length = again(|| client.recv(&mut answer)).expect("an answer comes");
    answer.truncate(length);
    answer
}

/// The last log line of a service that is stopped: the numbers of answered and dropped datagrams.
#[track_caller]
fn stop(mut server: Server) -> String {
    assert_eq!(server.stop().code(), Some(0));
    let last = server.wait_for_log(|line| line.contains(": stopped; "));
    last.split_once(": stopped; ").expect("it is in it").1.to_owned()
}

fn echo_gives_back_every_size_that_there_is() {
    let server = start("echo");
    let client = client(server.address());
    for size in [0, 1, 2, 1_472, 1_473, 40_000, 65_507] {
        let question: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
        assert!(ask(&client, &question) == question, "{size} bytes");
    }
    // One byte more fits into no datagram: the client's own system refuses it.
    let error = client.send(&[0; 65_508]).expect_err("it is too long");
    assert_eq!(error.raw_os_error(), Some(nix::errno::Errno::EMSGSIZE as i32));
    assert_eq!(stop(server), "7 answered, 0 dropped");
}

#[test]
fn echo_gives_back_twenty_bytes_more_over_ipv6() {
    if UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        return skip("there is no IPv6 here");
    }
    let server = start_at("echo", "[::1]:0");
    let client = client(server.address());
    let question = vec![7; 65_527];
    assert!(ask(&client, &question) == question);
    assert_eq!(ask(&client, b""), b"");
}

#[test]
fn increment_adds_one_and_wraps() {
    let server = start("increment");
    let client = client(server.address());
    for (number, next) in [(41, 42), (255, 256), (-1, 0), (0, 1), (i16::MAX, i16::MIN)] {
        let answer = ask(&client, &i16::to_be_bytes(number));
        assert_eq!(answer, i16::to_be_bytes(next), "{number}");
    }
}

fn datagrams_without_two_bytes_are_dropped_and_counted() {
    let server = start("increment");
    let client = client(server.address());
    for wrong in [&b""[..], b"1", b"123", &[0; 60_000]] {
        client.send(wrong).expect("it is sent");
    }
    // Datagrams keep their order here, so an answer to one of those would have come before.
    assert_eq!(ask(&client, &[0, 41]), [0, 42]);
    let told = server.wait_for_log(|line| line.contains("dropped"));
    let source = client.local_addr().expect("bound").to_string();
    assert!(told.contains("of a wrong size") && told.ends_with(&source), "{told}");
    assert_eq!(stop(server), "1 answered, 4 dropped: 4 of a wrong size");
}

#[test]
fn the_answer_comes_from_the_address_that_was_asked() {
    let server = start_at("echo", "0.0.0.0:0");
    for host in ["127.0.0.1", "127.0.0.2", "127.3.2.1"] {
        let address = SocketAddr::new(host.parse().unwrap(), server.address().port());
        // From a socket bound to the wildcard, the answer would come from 127.0.0.1, and a client
        // connected to another address would not receive it.
        assert_eq!(ask(&client(address), b"hello"), b"hello", "{host}");
    }
}

#[test]
fn one_socket_serves_both_families() {
    if UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        return skip("there is no IPv6 here");
    }
    let server = start_at("increment", "[::]:0");
    for host in ["127.0.0.1", "127.0.0.2", "::1"] {
        let address = SocketAddr::new(host.parse().unwrap(), server.address().port());
        assert_eq!(ask(&client(address), &[0, 41]), [0, 42], "{host}");
    }
}

#[test]
fn an_address_gets_a_thousand_answers_at_once_and_others_are_still_answered() {
    let server = start("echo");
    let (greedy, modest) = (client(server.address()), client_from("127.0.0.2:0", server.address()));
    let begin = Instant::now();
    for _ in 0..30 {
        for _ in 0..100 {
            greedy.send(b"x").expect("it is sent");
        }
        // So the server's socket always has room, and no datagram is lost.
        assert_eq!(ask(&modest, b"hello"), b"hello");
    }
    let most = AT_ONCE + A_SECOND * (begin.elapsed().as_secs() + 1);
    let told = stop(server);
    let all: u64 = told.split(' ').next().unwrap().parse().expect("a number");
    let all = all - 30;
    assert!((AT_ONCE..=most).contains(&all), "{told}, and at most {most}");
    assert!(told.contains("over the rate of their address"), "{told}");
}

/// strace(1) imitates failures of the network.
fn failures_of_the_network_are_survived() {
    if !require_tool("strace") {
        return;
    }
    for (call, error) in [
        ("sendmsg", "ENOBUFS"),
        ("sendmsg", "ENETUNREACH"),
        ("sendmsg", "EPERM"),
        ("recvmsg", "ECONNREFUSED"),
        ("recvmsg", "ENOMEM"),
        ("recvmsg", "EINTR"),
    ] {
        let mut strace = Command::new("strace");
        strace.args(["-D", "-f", "-qq", "-o", "/dev/null", "-e"]);
        strace.arg(format!("trace={call}"));
        strace.args(["-e", &format!("inject={call}:error={error}:when=1..3"), PROGRAM]);
        let server = start_under(strace, "echo", "127.0.0.1:0");
        let client = client(server.address());
        // A question asked while nothing could be sent gets no answer, as with any datagram.
        client.set_read_timeout(Some(Duration::from_millis(100))).expect("not zero");
        let by = Instant::now() + deadline();
        loop {
            client.send(b"hello").expect("it is sent");
            match client.recv(&mut [0; 5]) {
                Ok(_) => break,
                Err(_) => assert!(Instant::now() < by, "{call} {error}"),
            }
        }
        let told = stop(server);
        let unsent = told.contains("3 whose answer could not be sent");
        assert_eq!(unsent, call == "sendmsg", "{error}: {told}");
    }
}

/// The program refuses this command line with this status, and one line that contains these words.
#[track_caller]
fn check_refused(arguments: &[&str], status: i32, words: &[&str]) {
    let mut command = Command::new(PROGRAM);
    command.arg("datagrams").args(arguments);
    let ended = Running::spawn(command).end();
    ended.expect_refusal(status, &[&["error: "], words].concat());
}

#[test]
fn a_service_that_cannot_start_says_why_in_one_line() {
    let server = start("echo");
    let address = server.address().to_string();
    let words = [&*address, "in use", "--listen"];
    check_refused(&["increment", "--listen", &address], 1, &words);
    check_refused(&["echo", "--listen", "192.0.2.1:0"], 1, &["192.0.2.1:0", "no such address"]);
    check_refused(&["echo", "--listen", "127.0.0.1"], 2, &["--listen", "want HOST:PORT"]);
    check_refused(&["ecko"], 2, &["ecko", "echo", "increment"]);
}

#[test]
fn independent_clients_are_answered() {
    let (echo, increment) = (start("echo"), start("increment"));
    let socat = "printf '\\0\\51' | socat -t 30 - UDP:127.0.0.1:$PORT,readbytes=2 | xxd -p";
    if let Some(answer) = increment.shell(&["socat", "xxd"], socat) {
        assert_eq!(answer, b"002a\n");
    }
    let python = "python3 -c 'import os, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(30)
for size in 0, 5, 65507:
    sent = os.urandom(size)
    s.sendto(sent, (\"127.0.0.1\", int(os.environ[\"PORT\"])))
    assert s.recvfrom(65536)[0] == sent
print(\"ok\")'";
    if let Some(said) = echo.shell(&["python3"], python) {
        assert_eq!(said, b"ok\n");
    }
}

// The following tests have senders with forged addresses, which need their own network.

/// A service on a host of its own.
#[track_caller]
fn start_on(host: &Host, service: &str, listen: &str) -> Server {
    start_under(host.command(PROGRAM), service, listen)
}

/// Sends datagrams from this host with a forged source address.
#[track_caller]
fn forge(host: &Host, from: SocketAddr, to: SocketAddr, count: u32, bytes: &str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign_clients/forge.py");
    host.run(&format!("python3 {script} {from} {to} {count} {bytes}"));
}

/// The number of datagrams that this host has sent, including its own (RFC 4113, udpOutDatagrams).
#[track_caller]
fn sent(host: &Host) -> u64 {
    let udp =
        host.run("awk '/^Udp:/ { number = $5 } END { print number }' <(grep ^Udp: /proc/net/snmp)");
    udp.trim().parse().expect("a number")
}

fn a_source_that_cannot_have_asked_gets_no_answer() {
    if !require_tool("python3") {
        return;
    }
    let Some(wire) = Wire::new() else { return };
    let host = &wire.left;
    let server = start_on(host, "echo", "0.0.0.0:0");
    let port = server.address().port();
    let own = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
    let on_wire = SocketAddr::new(Ipv4Addr::new(10, 0, 0, 1).into(), port);
    for (from, to, words) in [
        ("127.0.0.1:0", own, "1 from a port below 1024"),
        ("127.0.0.1:7", own, "2 from a port below 1024"),
        ("10.0.0.2:1023", own, "3 from a port below 1024"),
        ("224.202.20.30:54321", own, "1 from a group or a broadcast address"),
        ("255.255.255.255:54321", own, "2 from a group or a broadcast address"),
        // Only the kernel knows that this is a broadcast address, and refuses to send the answer.
        ("10.0.0.255:54321", own, "1 whose answer could not be sent"),
        (&*own.to_string(), own, "1 from the service itself"),
        (&*format!("127.1.2.3:{port}"), own, "2 from the service itself"),
        (&*on_wire.to_string(), own, "3 from the service itself"),
        (&*own.to_string(), on_wire, "4 from the service itself"),
    ] {
        forge(host, from.parse().unwrap(), to, 1, "6869");
        server.wait_for_log(|line| line.contains(words));
    }
    // The other host has a service on the same port, and the two may talk.
    assert!(stop(server).starts_with("0 answered, 10 dropped: "));
}

/// Two services that forged datagrams make answer each other have stopped by themselves after a
/// second.
#[track_caller]
fn check_storm(places: [(&Host, &str, &str); 2], count: u32) {
    let [one, other] = places.map(|(host, service, listen)| start_on(host, service, listen));
    // They may be on the same host, which is counted only once then.
    let hosts = match places.map(|(host, ..)| host) {
        [one, other] if std::ptr::eq(one, other) => vec![one],
        both => both.to_vec(),
    };
    let sent = || -> u64 { hosts.iter().map(|host| sent(host)).sum() };
    let before = sent();
    forge(places[0].0, other.address(), one.address(), count, "0029");
    // The service that drops the last datagram ends the storm; it can be either.
    wait_until("one service has had enough", || {
        let logs = [one.log(), other.log()].concat();
        logs.iter().any(|line| line.contains("over the rate"))
    });
    // Time itself is the subject here: a storm must be over within a second, and in the next second
    // its remaining datagrams are counted.
    thread::sleep(Duration::from_secs(1));
    let (after_one, begin) = (sent(), Instant::now());
    thread::sleep(Duration::from_secs(1));
    let rate = (sent() - after_one) as f64 / begin.elapsed().as_secs_f64();
    assert!(rate < 200.0, "{rate} datagrams a second");
    // It did happen: each has answered the other until the limit.
    assert!(after_one - before > AT_ONCE, "{}", after_one - before);
    // All others still get answers.
    for (server, (host, service, _)) in [&one, &other].into_iter().zip(places) {
        let answer = host.run(&format!(
            "printf '\\0\\51' | \
             socat -t 30 - UDP:{},bind=127.0.0.9,readbytes=2 | xxd -p",
            server.address()
        ));
        let expected = if service == "echo" { "0029" } else { "002a" };
        assert_eq!(answer.trim_end(), expected, "{service}");
    }
}

fn storm(one: &str, other: &str) {
    if !["python3", "socat", "xxd"].into_iter().all(require_tool) {
        return;
    }
    let Some(Wire { left, right }) = Wire::new() else {
        return;
    };
    for count in [1, 3_000] {
        check_storm([(&left, one, "127.0.0.1:0"), (&left, other, "127.0.0.1:0")], count);
    }
    // Here even the ports are the same, and each service is right that the other is not itself.
    check_storm([(&left, one, "10.0.0.1:8007"), (&right, other, "10.0.0.2:8007")], 1);
}

fn two_echoes_that_answer_each_other_stop() {
    storm("echo", "echo");
}

fn echo_and_increment_that_answer_each_other_stop() {
    storm("echo", "increment");
}

fn increment_and_echo_that_answer_each_other_stop() {
    storm("increment", "echo");
}

fn two_increments_that_answer_each_other_stop() {
    storm("increment", "increment");
}
