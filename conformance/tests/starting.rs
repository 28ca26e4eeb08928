//! A server that cannot serve says why, before it announces its address; and an unusual environment
//! does not prevent it from serving.

use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::Command;

use test_kit::{Directory, Own, Server, Signal, Style};
use test_kit::{each_style, require_tool, run, skip, wait_until};

each_style!(
    with_few_descriptors_it_serves_or_says_why_not (row 53),
    without_proc_it_serves_and_stores_nothing (row 53),
    an_absurd_environment_is_ignored (row 53),
    an_inherited_listener_outlives_the_server,
);

fn with_few_descriptors_it_serves_or_says_why_not(style: Style) {
    let mut served = 0;
    for descriptors in 6..=24 {
        for service in ["echo", "chat"] {
            let limit = format!("--nofile={descriptors}");
            match Server::try_start_under(&["prlimit", &limit], style, service, &[]) {
                Ok(server) => {
                    served += 1;
                    let mut client = server.connect();
                    match service {
                        "chat" => drop(client.skip_to_line(|line| line.starts_with("* welcome"))),
                        _ => assert_eq!(client.exchange(b"hello"), b"hello"),
                    }
                }
                Err(ended) => {
                    ended.expect_refusal(1, &["Too many open files"]);
                    assert_eq!(served, 0, "{descriptors} descriptors are not too few");
                }
            }
        }
    }
    assert!(served > 0, "24 descriptors are enough");
}

fn without_proc_it_serves_and_stores_nothing(style: Style) {
    let hidden = ["unshare", "--map-root-user", "--mount", "sh", "-c"];
    let hide = "mount -t tmpfs none /proc && exec \"$@\"";
    if !require_tool("unshare") {
        return;
    }
    let mut tried = Command::new(hidden[0]);
    tried.args(&hidden[1..]).args([hide, "sh", "true"]);
    if !tried.status().is_ok_and(|status| status.success()) {
        return skip("this system does not allow hiding /proc");
    }
    let hidden = [&hidden[..], &[hide, "sh"]].concat();
    let server = Server::start_under(&hidden, style, "echo", &[]);
    assert_eq!(server.connect().exchange(b"hello"), b"hello");

    let directory = Directory::default();
    let options = ["--directory", directory.as_str()];
    match Server::try_start_under(&hidden, style, "upload", &options) {
        Ok(_) => panic!("it would refuse every file"),
        Err(ended) => ended.expect_refusal(1, &["/proc is not mounted", directory.as_str()]),
    }
}

fn an_absurd_environment_is_ignored(style: Style) {
    for threads in ["0", "abc", "-1", "99999999999999999999"] {
        let threads = format!("TOKIO_WORKER_THREADS={threads}");
        let server = Server::start_under(&["env", &threads], style, "echo", &[]);
        assert_eq!(server.connect().exchange(b"hello"), b"hello");
    }
    for (level, is_told) in [("loud", true), ("error", false), ("", false), ("a=b,off", false)] {
        let level = format!("RUST_LOG={level}");
        let server = Server::start_under(&["env", &level], style, "echo", &[]);
        assert_eq!(server.connect().exchange(b"hello"), b"hello");
        server.wait_for_log(|line| line.contains("client 1 connected"));
        let told = server.log().iter().any(|line| line.contains("RUST_LOG is no level"));
        assert_eq!(told, is_told, "{level}");
    }
}

/// Some systems have no ring, and some refuse it (io_uring_setup(2)).
#[test]
fn a_server_that_gets_no_ring_says_why_before_it_listens() {
    if !require_tool("strace") {
        return;
    }
    for error in ["ENOSYS", "EPERM", "EINVAL", "ENOMEM"] {
        let fault = format!("inject=io_uring_setup:error={error}");
        let strace = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", &fault];
        let started = Server::try_start_under(&strace, Style::URING, "echo", &[]);
        let ended = started.map(drop).expect_err("it has no ring");
        ended.expect_refusal(1, &["io_uring: ", "; try this: "]);
    }
}

/// The program that made the listener goes on with it when the server has stopped, as inetd does.
/// Whether that program lets it block is no matter of the server's.
fn an_inherited_listener_outlives_the_server(style: Style) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.set_nonblocking(true).expect("it is open");
    let copy = OwnedFd::from(listener.try_clone().expect("a descriptor is left"));
    let started = Server::try_start_on(copy, style, "echo");
    let help = run(style, &["--help"]).output.join(" ");
    assert_eq!(help.contains("fd:0"), style.own != Own::WorkerProcess, "{help}");
    if style.own == Own::WorkerProcess {
        let ended = started.map(drop).expect_err("it refuses such a listener");
        return ended.expect_refusal(2, &["prefork takes no inherited listener"]);
    }
    let mut server = started.expect("it listens");
    assert_eq!(server.connect().exchange(b"hello"), b"hello");
    // One that asks again and again for the next client never does.
    wait_until("it sleeps", || server.process().state() == Some('S'));
    server.process().signal(Signal::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
    // A listener that a server has made ends with it.
    let client = TcpStream::connect(listener.local_addr().expect("it is bound"));
    client.expect("the kernel takes the call");
    listener.set_nonblocking(false).expect("it is open");
    listener.accept().expect("it still listens");
}
