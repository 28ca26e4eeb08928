//! What a server asks of the system for what it does, counted by strace(1).

use std::fs;
use std::path::PathBuf;

use test_kit::chat::{join, quit};
use test_kit::{Client, Server, Style, each_style, require_tool, wait_until};

each_style!(
    echo_takes_a_read_and_a_write_a_message,
    chat_takes_a_write_a_member,
);

/// A server whose reads and writes are recorded.
struct Traced {
    server: Server,
    record: PathBuf,
}

/// Reads from clients and writes to them, with what they were about.
#[derive(Debug, Default)]
struct Calls {
    reads: Vec<String>,
    writes: Vec<String>,
}

impl Traced {
    fn start(style: Style, service: &str) -> Traced {
        let record = std::env::temp_dir().join(format!(
            "after-accept-{}-{style:?}-{service}.strace",
            std::process::id()
        ));
        let calls = "--trace=read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg";
        let shown = record.to_str().expect("it is UTF-8");
        // -yy tells a connection to a client from all else; -D leaves the server the child that
        // the kit started.
        let strace = [
            "strace", "-D", "-f", "-qq", "-yy", "-s", "200", calls, "-o", shown,
        ];
        Traced {
            server: Server::start_under(&strace, style, service, &[]),
            record,
        }
    }

    /// Ends the server, and gives the calls since one client's read that brought `first`.
    #[track_caller]
    fn calls_since(self, first: &str) -> Calls {
        let Traced { server, record } = self;
        // Killed, so that what stopping takes is not counted.
        drop(server);
        let is_over = |record: &str| record.contains("+++ killed by SIGKILL +++");
        let mut all = String::new();
        wait_until("all is recorded", || {
            all = fs::read_to_string(&record).expect("it is readable");
            is_over(&all)
        });
        let _ = fs::remove_file(&record);
        let mut calls = Calls::default();
        let lines = all.lines().skip_while(|line| !line.contains(first));
        for line in lines {
            // 4711  sendto(9<TCP:[127.0.0.1:2007->127.0.0.1:40404]>, "hello", 5, MSG_NOSIGNAL, …
            let Some((_, call)) = line.split_once(' ') else {
                continue;
            };
            let Some((name, arguments)) = call.trim_start().split_once('(') else {
                continue;
            };
            let Some((descriptor, _)) = arguments.split_once(',') else {
                continue;
            };
            match name {
                _ if !descriptor.contains("<TCP:[") => {}
                "read" | "readv" | "recvfrom" | "recvmsg" => calls.reads.push(line.to_owned()),
                _ => calls.writes.push(line.to_owned()),
            }
        }
        calls
    }
}

fn echo_takes_a_read_and_a_write_a_message(style: Style) {
    const MESSAGES: usize = 1_000;
    if !require_tool("strace") {
        return;
    }
    let traced = Traced::start(style, "echo");
    let mut client = traced.server.connect();
    client.send("begin");
    assert_eq!(client.read_exact(5), b"begin");
    for n in 0..MESSAGES {
        let message = format!("{n:064}");
        client.send(&message);
        assert_eq!(client.read_exact(64), message.as_bytes());
    }
    let Calls { reads, writes } = traced.calls_since("\"begin\"");
    // The first message, and a read that was waiting for one more when the server was killed.
    assert!(reads.len() <= MESSAGES + 2, "{} reads", reads.len());
    assert!(writes.len() <= MESSAGES + 1, "{} writes", writes.len());
}

fn chat_takes_a_write_a_member(style: Style) {
    if !require_tool("strace") {
        return;
    }
    let traced = Traced::start(style, "chat");
    let count = if style.serves_many() { 100 } else { 1 };
    let mut members: Vec<Client> = (1..=count).map(|here| join(&traced.server, here)).collect();
    let names: Vec<_> = members.iter().map(Client::name).collect();
    for (n, member) in members.iter_mut().enumerate() {
        let later = &names[n + 1..];
        later
            .iter()
            .for_each(|name| member.expect_line(format!("* {name} joined")));
    }
    let mut speaker = members.remove(0);
    speaker.send("a line for everybody\r\n");
    for member in &mut members {
        member.expect_line(format!("[{}] a line for everybody", names[0]));
    }
    if !style.serves_many() {
        quit(speaker);
        // The next caller gets the welcome and the line that was left for it, two writes or less.
        let mut next = join(&traced.server, 1);
        next.expect_line(format!("[{}] a line for everybody", names[0]));
        let Calls { writes, .. } = traced.calls_since("/quit");
        // One of them is the goodbye to the caller before.
        return assert!(writes.len() <= 3, "{writes:#?}");
    }
    let Calls { writes, .. } = traced.calls_since("a line for everybody");
    assert_eq!(writes.len(), members.len(), "{writes:#?}");
    // Nothing else was said, so each of them was the line.
    let of_the_line = writes
        .iter()
        .filter(|call| call.contains("] a line for everybody"));
    assert_eq!(of_the_line.count(), members.len(), "{writes:#?}");
}
