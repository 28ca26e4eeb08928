//! Faults during an upload: the server is killed, or the disk is full, slow or broken. The
//! directory contains only complete files.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use test_kit::upload::{answer, upload};
use test_kit::{
    Directory, Own, Server, Signal, Style, deadline, each_style, names, require_tool, skip,
};

each_style!(
    an_upload_killed_at_any_moment_leaves_nothing_behind (row 43),
    a_killed_child_loses_only_its_upload,
    a_full_disk_causes_a_refusal_and_the_server_goes_on (row 43),
    a_file_larger_than_the_server_may_write_is_refused,
    a_failed_sync_means_no_stored_file,
    a_slow_disk_delays_clients_on_the_same_thread,
);

fn start(wrapper: &[&str], style: Style, directory: &Directory) -> Server {
    let options = ["--directory", directory.as_str()];
    Server::start_under(wrapper, style, "upload", &options)
}

/// The directory is empty, or contains only the complete file of this name, which is then removed.
#[track_caller]
fn expect_all_or_nothing(directory: &Directory, name: &str, bytes: &[u8]) {
    let names = directory.names();
    if names == [name] {
        let stored = fs::read(directory.file(name)).expect("it is there");
        assert!(stored == bytes, "{} of {} bytes", stored.len(), bytes.len());
        fs::remove_file(directory.file(name)).expect("it is there");
    } else {
        assert_eq!(names, [""; 0]);
    }
}

fn an_upload_killed_at_any_moment_leaves_nothing_behind(style: Style) {
    const KILLS: usize = 100;
    let directory = Directory::default();
    let bytes = vec![b'x'; 200_000];
    let sent = upload("name", &bytes);
    for n in 0..KILLS {
        let mut server = start(&[], style, &directory);
        let mut client = server.connect();
        // From nothing to everything, when the server is in the middle of storing it.
        let end = if n % 4 == 0 { sent.len() } else { (n * n * 7919) % sent.len() };
        client.send(&sent[..end]);
        if n % 2 == 0 {
            server.process().signal(Signal::SIGKILL);
            server.wait();
            // A child of the server ends a moment later.
            client.expect_lost();
        } else {
            client.reset();
            let is_gone = |line: &str| line.contains("client 1 left") || line.contains("was lost");
            server.wait_for_log(is_gone);
        }
        expect_all_or_nothing(&directory, "name", &bytes);
    }
}

fn a_killed_child_loses_only_its_upload(style: Style) {
    if style != Style::FORK {
        // In this style no process belongs to one client.
        return;
    }
    let directory = Directory::default();
    let server = start(&[], style, &directory);
    let [mut ada, mut bob] = [server.connect(), server.connect()];
    ada.send_apart(&upload("ada", b"hello")[..10]);
    bob.send_apart(&upload("bob", b"hello")[..10]);
    // In the order of their numbers, which is that of forking unless the numbers start again.
    let title = |child: &test_kit::Process| child.threads() == ["client-1"];
    let child = server.process().children().into_iter().find(title);
    child.expect("ada has a child").signal(Signal::SIGKILL);
    ada.expect_lost();
    assert_eq!(directory.names(), [""; 0]);
    bob.send(&upload("bob", b"hello")[10..]);
    assert_eq!(answer(&mut bob), "stored bob 5");
    assert_eq!(directory.names(), ["bob"]);
}

/// Runs a program in its own mount namespace, with a disk of 256 KiB on `$0`.
const SMALL_DISK: &str = "mount -t tmpfs -o size=256k none \"$0\" && exec \"$@\"";

fn a_full_disk_causes_a_refusal_and_the_server_goes_on(style: Style) {
    if !require_tool("unshare") {
        return;
    }
    let directory = Directory::default();
    let wrapper = ["unshare", "-rm", "sh", "-c", SMALL_DISK, directory.as_str()];
    let tried =
        Command::new(wrapper[0]).args(&wrapper[1..]).arg("true").stderr(Stdio::null()).status();
    if !tried.is_ok_and(|status| status.success()) {
        return skip("no namespaces may be made here");
    }
    let server = start(&wrapper, style, &directory);
    // The outside does not see the files on that disk directly.
    let inside = format!("/proc/{}/root{}", server.pid(), directory.as_str());
    for n in 0..3 {
        let mut client = server.connect();
        client.send(upload("large", &vec![b'x'; 1 << 20]));
        assert_eq!(answer(&mut client), "refused: the disk is full");
        assert_eq!(names(Path::new(&inside)).len(), n);
        let mut client = server.connect();
        client.send(upload(&format!("small{n}"), &[b'x'; 10_000]));
        assert_eq!(answer(&mut client), format!("stored small{n} 10000"));
    }
}

fn a_file_larger_than_the_server_may_write_is_refused(style: Style) {
    if !require_tool("prlimit") {
        return;
    }
    let directory = Directory::default();
    let server = start(&["prlimit", "--fsize=100000"], style, &directory);
    for n in 0..3 {
        let mut client = server.connect();
        client.send(upload("large", &[b'x'; 200_000]));
        let reason = "the server cannot store it: File too large";
        assert_eq!(answer(&mut client), format!("refused: {reason}"));
        assert_eq!(directory.names().len(), n);
        let mut client = server.connect();
        client.send(upload(&format!("small{n}"), &[b'x'; 100_000]));
        assert_eq!(answer(&mut client), format!("stored small{n} 100000"));
    }
}

fn a_failed_sync_means_no_stored_file(style: Style) {
    if !require_tool("strace") {
        return;
    }
    // The first sync is for the file, and the second for the directory, when the file has its name
    // already.
    for when in ["1", "2"] {
        let directory = Directory::default();
        let inject = format!("inject=fsync:error=EIO:when={when}");
        let mut wrapper = STRACE.to_vec();
        wrapper.extend(["-e", &inject]);
        let server = start(&wrapper, style, &directory);
        let mut client = server.connect();
        client.send(upload("name", b"hello"));
        let reason = "the server cannot store it: I/O error";
        assert_eq!(answer(&mut client), format!("refused: {reason}"));
        assert_eq!(directory.names(), [""; 0]);
    }
}

/// strace(1), with the server as the child of the kit.
const STRACE: [&str; 8] = ["strace", "-D", "-f", "-qq", "-e", "trace=fsync", "-o", "/dev/null"];

/// A regular file is always ready, so the sync blocks: all clients on the same thread wait, too.
fn a_slow_disk_delays_clients_on_the_same_thread(style: Style) {
    if !require_tool("strace") {
        return;
    }
    let is_apart =
        matches!(style.own, Own::Process | Own::Thread | Own::WorkerProcess | Own::WorkerThread);
    // Longer than any step may take, if the test can see at once that other clients do not wait.
    let delay = if is_apart { 2 * deadline() } else { Duration::from_millis(500) };
    let inject = format!("inject=fsync:delay_enter={}", delay.as_micros());
    let mut wrapper = STRACE.to_vec();
    wrapper.extend(["-e", &inject]);
    let directory = Directory::default();
    let server = start(&wrapper, style, &directory);
    let mut first = server.connect();
    let sent = upload("name", b"hello");
    first.send_apart(&sent[..8]);
    first.send(&sent[8..]);
    let mut second = server.connect();
    // This request needs no disk.
    second.send("../name\n");
    let refusal = r"refused: a name is not a path: it contains no / and no \";
    let stored = "stored name 5";
    match style.own {
        Own::Nothing => {
            // The second waits for the first, and the first for the disk.
            assert_eq!(answer(&mut first), stored);
            drop(first);
            assert_eq!(answer(&mut second), refusal);
        }
        Own::Process | Own::Thread | Own::WorkerProcess | Own::WorkerThread => {
            assert_eq!(answer(&mut second), refusal);
            first.wait_until_read();
            assert!(first.has_nothing(), "the disk is not that fast");
            assert_eq!(directory.names(), [""; 0]);
            // Otherwise strace would delay the end of the thread, and of its process, although that
            // has been killed.
            server.process().tracer().expect("strace looks on").signal(Signal::SIGKILL);
        }
        Own::Slot => {
            assert_eq!(answer(&mut second), refusal);
            assert!(!first.has_nothing(), "the loop has been in fsync(2) all the time");
            assert_eq!(answer(&mut first), stored);
        }
        Own::Task => {
            // It depends on the number of workers, and on whether another one is free.
            assert_eq!(answer(&mut second), refusal);
            assert_eq!(answer(&mut first), stored);
        }
    }
}
