//! Many clients at once: more than a server accepts, and more than should cost it anything.

use std::iter;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit};
use test_kit::chat::join;
use test_kit::{Client, Crowd, Process, Server, Signal, Style};
use test_kit::{can_open, does_not_apply, each_style, require_tool, run_under, wait_until};

each_style!(
    more_clients_than_a_style_accepts_wait_for_their_turn (rows 8, 17),
    a_descriptor_too_high_for_select_is_refused (row 17),
    a_thousand_idle_clients_cost_no_time,
    members_that_vanish_together_delay_no_other_member (row 50),
);

/// The number of clients of a server that serves a thousand.
const MANY: usize = 1100;

fn more_clients_than_a_style_accepts_wait_for_their_turn(style: Style) {
    let at_once = style.at_once(MANY);
    // All that wait have to fit into the backlog of 1,024.
    let count = MANY.min(at_once + 1000);
    let Some(_descriptors) = Descriptors::take(count + 100) else { return };
    let server = Server::start(style, "echo");
    let mut crowd = Crowd::connect(&server, count);
    crowd.speak();
    expect_echoes(&mut crowd, 0..at_once);
    assert!((at_once..count).all(|number| crowd.waits(number)));
    // Each client that leaves makes room for a waiting one.
    let leave = at_once.min(50);
    crowd.leave(leave);
    let room = at_once..(at_once + leave).min(count);
    expect_echoes(&mut crowd, room.start - leave..room.end - leave);
    assert!((room.end - leave..crowd.len()).all(|number| crowd.waits(number)));
}

fn a_descriptor_too_high_for_select_is_refused(style: Style) {
    let Some(_descriptors) = Descriptors::take(1200) else { return };
    if !require_tool("bash") {
        return;
    }
    let inherit = r#"for n in {100..199}; do eval "exec $n</dev/null"; done; exec "$@""#;
    let wrapper = ["bash", "-c", inherit, "bash"];
    let server = Server::start_under(&wrapper, style, "echo", &[]);
    assert!(server.process().descriptors().len() > 100);
    let count = style.at_once(1000);
    let mut crowd = Crowd::connect(&server, count);
    crowd.speak();
    let refused: Vec<usize> = (0..count).filter(|number| !crowd.is_echoed(*number)).collect();
    if style == Style::SELECT {
        // Of 1,024 descriptors 100 are in use already, and the server needs some itself.
        assert!((76..100).contains(&refused.len()), "{refused:?}");
        wait_until("each refusal is in the log", || {
            let log = server.log();
            let said = log.iter().filter(|line| line.contains("refused: "));
            said.count() == refused.len()
        });
    } else {
        assert_eq!(refused, []);
    }
    // The earlier clients are still served.
    let here = count - refused.len();
    assert!(refused.iter().all(|number| *number >= here));
    crowd.speak();
    expect_echoes(&mut crowd, 0..here);
    crowd.leave(count);
    expect_echo(&mut server.connect());
}

#[test]
fn select_says_that_its_listener_is_too_high_already() {
    if !can_open(1200) || !require_tool("bash") {
        return;
    }
    let inherit = r#"for n in {3..1100}; do eval "exec $n</dev/null"; done; exec "$@""#;
    let wrapper = ["bash", "-c", inherit, "bash"];
    let ended = run_under(&wrapper, Style::SELECT, &["echo", "--listen", "127.0.0.1:0"]);
    assert_eq!(ended.status.code(), Some(1));
    let said = ended.errors.join("\n");
    assert!(said.contains("too many descriptors are open already"), "{said}");
}

fn a_thousand_idle_clients_cost_no_time(style: Style) {
    let Some(_descriptors) = Descriptors::take(1100) else { return };
    let server = Server::start(style, "echo");
    let count = style.at_once(1000);
    let mut crowd = Crowd::connect(&server, count);
    crowd.speak();
    expect_echoes(&mut crowd, 0..count);

    let children = server.process().children();
    let processes = || iter::once(server.process()).chain(children.iter().copied());
    let used = || processes().map(Process::cpu_time).sum::<Duration>();
    let woken = || processes().map(Process::wakeups).sum::<u64>();
    // Each thread's last action was to answer, and then it went to sleep.
    let (mut seen, mut since) = (woken(), Instant::now());
    wait_until("all are asleep", || {
        let now = woken();
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
        since.elapsed() > Duration::from_millis(500)
    });
    let (begun, used_before) = (Instant::now(), used());
    wait_until("ten seconds have passed", || begun.elapsed() > Duration::from_secs(10));
    let (woken, used) = (woken() - seen, used() - used_before);
    assert!(woken < 5, "woken {woken} times in {:?}", begun.elapsed());
    // Two ticks of the clock that counts it.
    assert!(used <= Duration::from_millis(20), "{used:?}");
}

/// A crowd vanishes, and a newcomer is welcomed; a crowd vanishes again, and the server stops at
/// once.
fn members_that_vanish_together_delay_no_other_member(style: Style) {
    if !style.serves_many() {
        let server = Server::start(style, "chat");
        join(&server, 1).reset();
        join(&server, 1);
        return does_not_apply("it serves one client at a time");
    }
    // Ada has a place, too.
    let count = style.at_once(401) - 1;
    let Some(_descriptors) = Descriptors::take(count + 200) else { return };
    // With this grace, only the end of the last member ends the server.
    let mut server = Server::start_with(style, "chat", &["--grace", "3600"]);
    let mut ada = join(&server, 1);
    let vanish = |ada: &mut Client| {
        let mut crowd = Crowd::connect(&server, count);
        for _ in 0..count {
            ada.skip_to_line(|line| line.ends_with(" joined"));
        }
        crowd.leave(count);
    };
    vanish(&mut ada);
    let mut newcomer = server.connect();
    newcomer.skip_to_line(|line| line.starts_with("* welcome, "));
    for _ in 0..count {
        ada.skip_to_line(|line| line.ends_with(" left"));
    }
    newcomer.reset();
    ada.skip_to_line(|line| line.ends_with(" left"));

    vanish(&mut ada);
    server.process().signal(Signal::SIGTERM);
    ada.skip_to_line(|line| line == "* the server is stopping, goodbye");
    drop(ada);
    assert_eq!(server.wait().code(), Some(0));
}

/// A child that frees memory which it has inherited writes to it, and so gets a copy of it: then the
/// last child costs more than the first, by all that the parent knows of the others.
#[test]
fn the_last_child_costs_hardly_more_than_the_first() {
    let Some(_descriptors) = Descriptors::take(1100) else { return };
    let server = Server::start_with(Style::FORK, "echo", &["--max-clients", "1000"]);
    let mut crowd = Crowd::connect(&server, 1000);
    crowd.speak();
    expect_echoes(&mut crowd, 0..1000);
    let children = server.process().children();
    let mean = |children: &[Process]| {
        children.iter().map(|child| child.pss()).sum::<u64>() / children.len() as u64
    };
    let (first, last) = (mean(&children[..100]), mean(&children[900..]));
    assert!(last <= first + 40, "{first} KiB for one of the first, {last} KiB for one of the last");
}

/// Only for the style that accepts this many.
#[test]
fn ten_thousand_idle_tasks_cost_little_memory() {
    let Some(_descriptors) = Descriptors::take(10_200) else { return };
    let server = Server::start(Style::ASYNC, "echo");
    expect_echo(&mut server.connect());
    let before = server.process().vm_rss();
    let mut crowd = Crowd::connect(&server, 10_000);
    // With this many clients a second, the log does not name each of them.
    wait_until("all are accepted", || server.process().footprint().descriptors > 10_000);
    let idle = server.process().vm_rss() - before;
    assert!(idle <= 30 * 1024, "{idle} KiB, when they have connected");
    crowd.speak();
    expect_echoes(&mut crowd, 0..10_000);
    let used = server.process().vm_rss() - before;
    assert!(used <= 30 * 1024, "{used} KiB, when they have been answered");
}

#[track_caller]
fn expect_echo(client: &mut Client) {
    client.send("hello\r\n");
    client.expect_line("hello");
}

#[track_caller]
fn expect_echoes(crowd: &mut Crowd, numbers: std::ops::Range<usize>) {
    for number in numbers {
        assert!(crowd.is_echoed(number), "client {number} is not served");
    }
}

/// Descriptors of this process that are reserved for a test until it is over.
struct Descriptors(usize);

/// The number of reserved descriptors, and a signal when some are returned.
static TAKEN: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

impl Descriptors {
    /// Waits until other crowds have left this many. Most crowds wait for the clock and could run
    /// side by side, but all together they need more descriptors than a process may have.
    ///
    /// Returns `None` if this process may never have this many: the test has to be skipped.
    fn take(wanted: usize) -> Option<Descriptors> {
        if !can_open(wanted) {
            return None;
        }
        let (limit, _) = getrlimit(Resource::RLIMIT_NOFILE).expect("it can be asked");
        let (taken, given_back) = &TAKEN;
        let taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        let is_too_much = |taken: &mut usize| (*taken + wanted) as u64 > limit;
        let waited = given_back.wait_while(taken, is_too_much);
        *waited.unwrap_or_else(PoisonError::into_inner) += wanted;
        Some(Descriptors(wanted))
    }
}

impl Drop for Descriptors {
    fn drop(&mut self) {
        let (taken, given_back) = &TAKEN;
        *taken.lock().unwrap_or_else(PoisonError::into_inner) -= self.0;
        given_back.notify_all();
    }
}
