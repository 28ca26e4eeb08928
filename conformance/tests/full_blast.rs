//! A client that sends and reads as fast as it can does not delay the others.
//!
//! The bound on the median is so wide that a busy machine does not break it. `cargo bench --bench
//! full_blast` measures the 99th percentile, too. (A room has its own file: `strangers`.)

use std::time::Duration;

use test_kit::full_blast::{FullBlast, questions, times};
use test_kit::{Client, Server, Style, does_not_apply, each_style};

each_style!(one_client_at_full_blast_delays_no_other_client (row 37));

/// The number of other clients, and of questions from each of them.
const OTHERS: usize = 50;
const ROUNDS: usize = 4;

/// The longest median that is allowed beside the flood, or ten times the quiet one if that is more.
const MEDIAN: Duration = Duration::from_millis(50);
const TIMES: u32 = 10;

fn one_client_at_full_blast_delays_no_other_client(style: Style) {
    for (service, question, answer) in questions() {
        let server = Server::start(style, service);
        if !style.serves_many() {
            the_next_waits(&server, &question);
            continue;
        }
        // The flood has a place, too.
        let count = style.at_once(OTHERS + 1) - 1;
        let mut others: Vec<Client> = (0..count).map(|_| server.connect()).collect();
        let mut median = || times(&mut others, ROUNDS, &question, answer)[count * ROUNDS / 2];
        let quiet = median();
        let flood = FullBlast::begin(&server, &question);
        let beside = median();
        drop(flood);
        let most = MEDIAN.max(quiet * TIMES);
        assert!(beside <= most, "{service}: {beside:?} beside the flood, and {quiet:?} without");
    }
}

/// If one client is served at a time, the next waits until the flood has ended.
fn the_next_waits(server: &Server, question: &[u8]) {
    let flood = FullBlast::begin(server, question);
    let mut next = server.connect();
    next.send(question);
    assert!(next.has_nothing());
    drop(flood);
    next.read_exact(1);
    does_not_apply("it serves one client at a time");
}
