//! Strangers that flood a room, and come back after each cut, delay only themselves: those that read
//! nothing, and those that reset their connections.
//!
//! `cargo bench --bench strangers` measures the delays. The bounds here are so wide that a busy
//! machine does not break them, but a room that waits for the strangers does.

use std::io;
use std::thread;
use std::time::Duration;

use protocol::MEMBER_READ;
use test_kit::chat::{join, room};
use test_kit::strangers::{Strangers, delays};
use test_kit::{Client, Server, Style, does_not_apply, each_style};

each_style!(
    one_stranger_delays_no_other_member (row 45),
    twenty_strangers_delay_no_other_member (row 45),
    three_hundred_strangers_delay_no_other_member (row 45),
    strangers_that_reset_their_connections_drop_no_other_member (row 45),
    strangers_that_reset_their_connections_leave_no_memory_behind (row 45),
);

/// Commands with short answers and with long ones, speech, a line without an end, and a mix.
const FLOODS: [&[&str]; 5] = [
    &["/help\r\n"],
    &["/who\r\n"],
    &["and now me\r\n"],
    &["and on and on "],
    &["/help\r\n", "and now me\r\n", "/nick\r\n"],
];

/// The number of words that are exchanged.
const WORDS: usize = 101;

/// The median time of a word beside strangers: a room that waited for them, as an earlier version
/// did, took from 84 to 318 ms in three of the styles.
const MEDIAN: Duration = Duration::from_millis(50);

/// Or this many times the time without them, on a machine where that is more.
const TIMES: u32 = 10;

fn one_stranger_delays_no_other_member(style: Style) {
    check(style, 1, &FLOODS);
}

fn twenty_strangers_delay_no_other_member(style: Style) {
    check(style, 20, &FLOODS);
}

fn three_hundred_strangers_delay_no_other_member(style: Style) {
    check(style, 300, &FLOODS[..1]);
}

/// They are gone before the room has heard their words. An earlier version told the members all of
/// these words at once: their mailboxes were full, and the room dropped members that read.
fn strangers_that_reset_their_connections_drop_no_other_member(style: Style) {
    if !style.serves_many() {
        return the_next_waits(style);
    }
    let server = Server::start_with(style, "chat", &["--log-file", "/dev/null"]);
    let [ada, bob] = room(&server, ["ada", "bob"]);
    let flood = b"x\n".repeat(MEMBER_READ / 2);
    thread::scope(|scope| {
        let strangers = scope.spawn(|| {
            for _ in 0..20 {
                let mut strangers = [(); 20].map(|()| server.connect());
                for stranger in &mut strangers {
                    // The server may have cut it off.
                    let _ = stranger.try_send(&flood);
                }
                strangers[0].wait_until_read();
                strangers.into_iter().for_each(Client::reset);
            }
        });
        // Both read all the time.
        while !strangers.is_finished() {
            delays(&ada, &bob, WORDS);
        }
    });
    delays(&ada, &bob, WORDS);
}

/// They send far more than the room hears. An earlier version read all of it from a lost connection,
/// and kept it until the room had heard it: 75 MB beside twenty strangers, and more beside more.
fn strangers_that_reset_their_connections_leave_no_memory_behind(style: Style) {
    /// How much more memory the server may need at any moment, in KiB: the mailboxes of all members.
    const MORE: u64 = 12 * 1024;

    if !style.serves_many() {
        return the_next_waits(style);
    }
    let server = Server::start_with(style, "chat", &["--log-file", "/dev/null"]);
    let listener = join(&server, 1);
    let mut listening = listener.stream().try_clone().expect("a descriptor is left");
    // The room talks as fast as it can, whether this member keeps up or not.
    thread::spawn(move || io::copy(&mut listening, &mut io::sink()));
    let flood = format!("{}\r\n", "x".repeat(150)).repeat(400);
    let before = server.process().vm_hwm();
    for _ in 0..30 {
        let mut strangers = [(); 20].map(|()| Client::connect_with_buffer(server.address(), 2304));
        for stranger in &mut strangers {
            let _ = stranger.try_send("hello\r\n");
            stranger.stream().set_nonblocking(true).expect("it is open");
        }
        strangers[0].wait_until_read();
        for stranger in &mut strangers {
            // The connection takes only a part of it, since the server does not read all.
            let _ = stranger.try_send(&flood);
        }
        strangers.into_iter().for_each(Client::reset);
    }
    let most = server.process().vm_hwm();
    assert!(most <= before + MORE, "its memory grew from {before} to {most} KiB");
}

fn check(style: Style, count: usize, floods: &[&[&str]]) {
    if !style.serves_many() {
        return the_next_waits(style);
    }
    // A worker serves one member at a time: ada, bob and a newcomer need a place beside them.
    let count = if style.has_workers() { style.at_once(count + 3) - 3 } else { count };
    for flood in floods {
        let server = Server::start_with(style, "chat", &["--log-file", "/dev/null"]);
        let [ada, bob] = room(&server, ["ada", "bob"]);
        let quiet = delays(&ada, &bob, WORDS)[WORDS / 2];
        let strangers = Strangers::come(&server, count, flood);
        let median = delays(&ada, &bob, WORDS)[WORDS / 2];
        let most = MEDIAN.max(quiet * TIMES);
        assert!(median <= most, "{flood:?}: {median:?} beside {count}, and {quiet:?} without");
        // A newcomer gets its welcome before the deadline of each read; a busy machine allows no
        // stricter bound.
        server.connect().skip_to_line(|line| line.starts_with("* welcome, "));
        drop(strangers);
    }
}

/// If one client is served at a time, a stranger delays only the next client, which waits for it.
fn the_next_waits(style: Style) {
    let server = Server::start(style, "chat");
    let stranger = join(&server, 1);
    let mut next = server.connect();
    assert!(next.has_nothing());
    drop(stranger);
    next.skip_to_line(|line| line.starts_with("* welcome, "));
    does_not_apply("it serves one client at a time");
}
