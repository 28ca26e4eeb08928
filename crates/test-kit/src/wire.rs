//! Two hosts and a wire between them, all in one kernel.

use std::process::{Command, Output, Stdio};

use crate::{Namespaces, deadline, require_tool, skip};

/// Two hosts, each a network namespace, joined by a wire (veth(4)), which is `wire` on both.
///
/// The left one is 10.0.0.1/24, fe80::1 and 02:00:00:00:00:01, the right one ends in 2. There is
/// nothing else: no router, no route but to each other.
#[derive(Debug)]
pub struct Wire {
    /// 10.0.0.1.
    pub left: Host,
    /// 10.0.0.2.
    pub right: Host,
}

/// One of the two.
#[derive(Debug)]
pub struct Host(Namespaces);

const OWN: &[&str] = &["--net"];

impl Wire {
    /// Joins two hosts. `None` if that is not possible here: then the test has to be skipped.
    #[track_caller]
    pub fn new() -> Option<Wire> {
        let tools = ["bash", "ip", "nsenter", "unshare"];
        if !tools.into_iter().all(require_tool) {
            return None;
        }
        if !Namespaces::are_possible(OWN) {
            skip("no namespaces may be made here");
            return None;
        }
        let left = Namespaces::open(OWN).expect("it was possible just now");
        let right = left.open_beside().expect("one more is possible");
        let wire = Wire { left: Host(left), right: Host(right) };
        wire.put_in();
        Some(wire)
    }

    /// Puts the wire in between, with its addresses.
    #[track_caller]
    pub fn put_in(&self) {
        let Wire { left, right } = self;
        left.run(&format!("ip link add wire type veth peer name wire netns {}", right.0.first().0));
        for (host, number) in [(left, 1), (right, 2)] {
            // Without addrgenmode the kernel would add an address of its own, after a while.
            host.run(&format!(
                "ip link set wire address 02:00:00:00:00:0{number} addrgenmode none up &&
                 ip address add 10.0.0.{number}/24 broadcast 10.0.0.255 dev wire &&
                 ip address add fe80::{number}/64 dev wire nodad"
            ));
        }
        self.wait_until_up();
    }

    /// Waits until both ends carry frames. They need a moment after they have been switched on, and
    /// frames sent meanwhile are lost without an error.
    #[track_caller]
    pub fn wait_until_up(&self) {
        for host in [&self.left, &self.right] {
            host.run("until ip link show wire | grep -q 'state UP'; do sleep 0.01; done");
        }
    }

    /// Takes it out. Its addresses and memberships are lost.
    #[track_caller]
    pub fn take_out(&self) {
        self.left.run("ip link delete wire");
    }
}

impl Host {
    /// The command that starts a program on this host. Add the program's arguments.
    pub fn command(&self, program: &str) -> Command {
        let mut command = self.0.enter();
        command.arg(program);
        command
    }

    /// Runs these commands in a shell, checks that they succeed, and returns their output.
    #[track_caller]
    pub fn run(&self, commands: &str) -> String {
        let output = self.try_run(commands);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{commands}: {errors}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Runs these commands in a shell to their end, which may be a failure.
    pub fn try_run(&self, commands: &str) -> Output {
        self.command("timeout")
            .arg(deadline().as_secs().to_string())
            .args(["bash", "-c", commands])
            .stdin(Stdio::null())
            .output()
            .expect("there is a shell")
    }
}
