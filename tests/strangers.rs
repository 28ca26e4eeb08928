//! Strangers who flood a room, read nothing and come back after each cut hold up themselves alone.
//!
//! `cargo bench --bench strangers` measures by how much. Here the bounds are such that a busy machine
//! does not break them, and a room that waits for the strangers does.

use std::time::Duration;

use test_kit::chat::{join, room};
use test_kit::strangers::{Strangers, delays};
use test_kit::{Server, Style, does_not_apply, each_style};

each_style!(
    one_stranger_holds_up_nobody (row 45),
    twenty_strangers_hold_up_nobody (row 45),
    three_hundred_strangers_hold_up_nobody (row 45),
);

/// Commands with short answers and with long ones, speech, and all of them.
const FLOODS: [&[&str]; 4] = [
    &["/help\r\n"],
    &["/who\r\n"],
    &["and now me\r\n"],
    &["/help\r\n", "and now me\r\n", "/nick\r\n"],
];

/// How many words are exchanged.
const WORDS: usize = 101;

/// What a word may take beside strangers, in the middle: a room that waited for them, as it did once,
/// took from 84 to 318 ms in three of the styles.
const MEDIAN: Duration = Duration::from_millis(50);

/// Or so many times as much as without them, on a machine where that is more.
const TIMES: u32 = 10;

fn one_stranger_holds_up_nobody(style: Style) {
    check(style, 1, &FLOODS);
}

fn twenty_strangers_hold_up_nobody(style: Style) {
    check(style, 20, &FLOODS);
}

fn three_hundred_strangers_hold_up_nobody(style: Style) {
    check(style, 300, &FLOODS[..1]);
}

fn check(style: Style, count: usize, floods: &[&[&str]]) {
    if !style.serves_many() {
        return the_next_waits(style);
    }
    for flood in floods {
        let server = Server::start_with(style, "chat", &["--log-file", "/dev/null"]);
        let [ada, bob] = room(&server, ["ada", "bob"]);
        let quiet = delays(&ada, &bob, WORDS)[WORDS / 2];
        let strangers = Strangers::come(&server, count, flood);
        let median = delays(&ada, &bob, WORDS)[WORDS / 2];
        let most = MEDIAN.max(quiet * TIMES);
        assert!(median <= most, "{flood:?}: {median:?} beside {count}, and {quiet:?} without");
        // A newcomer has its welcome before the deadline of each read, which is what a busy machine
        // allows to be said.
        server.connect().skip_to_line(|line| line.starts_with("* welcome, "));
        drop(strangers);
    }
}

/// Where one client is served at a time, a stranger is alone with itself, and the next waits for it.
fn the_next_waits(style: Style) {
    let server = Server::start(style, "chat");
    let stranger = join(&server, 1);
    let mut next = server.connect();
    assert!(next.has_nothing());
    drop(stranger);
    next.skip_to_line(|line| line.starts_with("* welcome, "));
    does_not_apply("it serves one client at a time");
}
