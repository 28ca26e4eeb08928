//! A soak: every service of every style under mixed load for some time, from polite clients that
//! check every byte, and from hostile ones; afterwards every server must have its first state
//! again.
//!
//! ```text
//! cargo test --test soak                             # ten seconds, as in CI
//! SOAK_MINUTES=10 cargo test --release --test soak   # by hand
//! SOAK_SEED=4711 cargo test --test soak              # a seed for the clients' actions
//! ```
//!
//! With `-- --nocapture` it prints the load of each server. A failure prints its seed. The seed
//! determines what each client does; the system determines what happens at the same time.

mod hostile;
mod polite;
mod room;
mod visits;
mod watched;

use std::env;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use protocol::CATALOGUE;
use test_kit::{Chance, Directory, Style, each_style};
use visits::Visits;
use watched::Watched;

each_style!(every_server_has_its_first_state_again_when_all_clients_have_left);

/// The duration of a soak unless `SOAK_MINUTES` is set.
const SHORT: Duration = Duration::from_secs(9);

/// The longest duration of its first part, after which a server has allocated its memory.
const LONGEST_WARM_UP: Duration = Duration::from_secs(60);

/// The number of polite clients that a server has at once, and that of hostile ones: each of these
/// comes again as soon as it has left. If a style serves one client at a time, the others wait.
const AT_ONCE: usize = 2;

fn every_server_has_its_first_state_again_when_all_clients_have_left(style: Style) {
    let (seed, time) = (seed(), time());
    // The test harness shows it if the test fails.
    eprintln!("repeat the clients' actions: SOAK_SEED={seed}");
    let directory = Directory::default();
    let services = CATALOGUE.iter();
    let mut servers: Vec<_> =
        services.map(|service| Watched::start(style, service, &directory)).collect();
    let warm_up = LONGEST_WARM_UP.min(time / 3);
    load(&servers, seed, "warm-up", warm_up);
    let before: Vec<_> = servers.iter().map(Watched::memory_at_rest).collect();
    let visits = load(&servers, seed, "soak", time - warm_up);
    for ((server, before), visits) in servers.iter_mut().zip(before).zip(visits) {
        server.expect_as_it_was(before, &visits);
        server.expect_stop();
    }
    assert_eq!(directory.names(), [""; 0], "incomplete files are not kept");
}

/// Lets clients visit each server until the time is over and all have left.
fn load(servers: &[Watched], seed: u64, part: &str, time: Duration) -> Vec<Visits> {
    let over = Instant::now() + time;
    let has_failed = AtomicBool::new(false);
    let visits: Vec<Visits> = servers.iter().map(|_| Visits::default()).collect();
    thread::scope(|scope| {
        for (server, visits) in servers.iter().zip(&visits) {
            for number in 0..AT_ONCE {
                let has_failed = &has_failed;
                let come = move |kind: &str, come: fn(&Visits, &Watched, &mut Chance)| {
                    let _fails = SetOnPanic(has_failed);
                    let mut chance = Chance::new(seed, &format!("{server} {kind} {number} {part}"));
                    while Instant::now() < over && !has_failed.load(SeqCst) {
                        come(visits, server, &mut chance);
                    }
                };
                scope.spawn(move || come("polite", Visits::come_politely));
                scope.spawn(move || come("hostile", Visits::come_as_a_nuisance));
            }
        }
    });
    visits
}

/// Set when its thread panics, so that the other threads stop.
struct SetOnPanic<'a>(&'a AtomicBool);

impl Drop for SetOnPanic<'_> {
    fn drop(&mut self) {
        self.0.fetch_or(thread::panicking(), SeqCst);
    }
}

fn seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("1970 is over");
    number_in("SOAK_SEED").unwrap_or(now.as_millis() as u64)
}

fn time() -> Duration {
    number_in("SOAK_MINUTES").map_or(SHORT, |minutes| Duration::from_secs(60 * minutes))
}

fn number_in(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}
