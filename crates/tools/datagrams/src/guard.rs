//! Decides which datagrams get an answer.
//!
//! A sender can write any source address on a datagram: there was no handshake. So an attacker can
//! make a service send answers to a host that did not ask, and two services that answer each other
//! never stop (CERT CA-1996-01, CVE-2024-2169). Rules about addresses and ports cannot know every
//! service, so the last of the guards counts answers: it ends a storm, whatever services take part.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// The number of answers that one address gets at once, after a pause: 1,000.
///
/// chrony's `ratelimit` lets 8 through at once, and then one in eight seconds; BIND's
/// `responses-per-second` is off unless it is given a number. Ours is larger than clients of a time
/// or name service need, since people try these services with scripts.
pub const AT_ONCE: u32 = 1_000;

/// The number of answers a second that one address gets in the long run: 100.
pub const A_SECOND: u32 = 100;

/// The number of addresses that are remembered at the same time: 10,000, in about a megabyte.
///
/// If more addresses ask, the guard forgets those that have asked for the least. So an honest
/// question is answered beside any number of forged ones, and the address of a storm, which asks
/// for much, is remembered.
const SOURCES: usize = 10_000;

/// The time after which an address may be answered again, in the long run.
const PER_ANSWER: Duration = Duration::from_micros(1_000_000 / A_SECOND as u64);

/// The reason why a datagram gets no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is not a question to this service.
    Size,
    /// Its source port is 0, which means that no program waits for an answer (RFC 768), or below
    /// 1024: services there would answer the answer.
    Port,
    /// Its source is a group or a broadcast address, so the source is forged.
    Group,
    /// Its source is this very service.
    Itself,
    /// This address has been answered often enough.
    Rate,
}

impl Refusal {
    /// All reasons, in the order in which they are defined.
    pub const ALL: [Refusal; 5] =
        [Refusal::Size, Refusal::Port, Refusal::Group, Refusal::Itself, Refusal::Rate];

    /// The words after a number of such datagrams.
    pub fn words(self) -> &'static str {
        match self {
            Refusal::Size => "of a wrong size",
            Refusal::Port => "from a port below 1024",
            Refusal::Group => "from a group or a broadcast address",
            Refusal::Itself => "from the service itself",
            Refusal::Rate => "over the rate of their address",
        }
    }
}

/// Decides which datagrams get an answer.
#[derive(Debug)]
pub struct Guard {
    own_port: u16,
    /// For each address that was answered lately, the time when its bucket will be full of tokens
    /// again.
    full_at: HashMap<IpAddr, Instant>,
}

impl Guard {
    /// A guard for a service that is bound to this port.
    pub fn new(own_port: u16) -> Guard {
        Guard { own_port, full_at: HashMap::new() }
    }

    // ANCHOR: admit
    /// Whether a datagram with this `source` may be answered `now`. If so, it counts as answered.
    ///
    /// `is_ours` says whether an address belongs to this machine, whatever the port. It is called
    /// only for sources with the service's own port.
    ///
    /// # Errors
    ///
    /// The reason why it may not be answered.
    pub fn admit(
        &mut self,
        source: SocketAddr,
        now: Instant,
        is_ours: impl FnOnce(SocketAddr) -> bool,
    ) -> Result<(), Refusal> {
        // A socket of both families writes an IPv4 address as an IPv6 one.
        let address = source.ip().to_canonical();
        if source.port() < 1024 {
            return Err(Refusal::Port);
        }
        if address.is_multicast() || address == Ipv4Addr::BROADCAST {
            return Err(Refusal::Group);
        }
        if source.port() == self.own_port && is_ours(source) {
            return Err(Refusal::Itself);
        }
        self.take_token(address, now)
    }
    // ANCHOR_END: admit

    /// Takes a token from the bucket of this address.
    ///
    /// A bucket is stored as one moment: the time when it will be full again. Each token taken
    /// delays that by the time in which one token comes. The bucket is empty if it would take the
    /// time of a whole bucket to fill it.
    fn take_token(&mut self, address: IpAddr, now: Instant) -> Result<(), Refusal> {
        if !self.full_at.contains_key(&address) {
            self.make_room(now);
        }
        let full_at = self.full_at.entry(address).or_insert(now);
        let then = (*full_at).max(now) + PER_ANSWER;
        if then - now > PER_ANSWER * AT_ONCE {
            return Err(Refusal::Rate);
        }
        *full_at = then;
        Ok(())
    }

    /// Makes room for one more address: if there are too many, forgets half of them, so that this
    /// is seldom necessary.
    fn make_room(&mut self, now: Instant) {
        if self.full_at.len() < SOURCES {
            return;
        }
        // A full bucket is the same as the bucket of an unknown address.
        self.full_at.retain(|_, full_at| *full_at > now);
        let mut surplus = self.full_at.len().saturating_sub(SOURCES / 2);
        if surplus > 0 {
            let mut moments: Vec<Instant> = self.full_at.values().copied().collect();
            let (_, &mut last, _) = moments.select_nth_unstable(surplus - 1);
            self.full_at.retain(|_, full_at| {
                let is_forgotten = surplus > 0 && *full_at <= last;
                surplus -= usize::from(is_forgotten);
                !is_forgotten
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN_PORT: u16 = 8007;

    /// Checks an answer, on a machine whose addresses begin with 127 or are `::1`.
    #[track_caller]
    fn check(source: &str, expected: Result<(), Refusal>) {
        let is_ours = |source: SocketAddr| source.ip().to_canonical().is_loopback();
        let admitted = Guard::new(OWN_PORT).admit(source.parse().unwrap(), Instant::now(), is_ours);
        assert_eq!(admitted, expected, "{source}");
    }

    #[test]
    fn ports_of_services_and_no_port_get_no_answer() {
        for host in ["192.0.2.1", "[2001:db8::1]", "[::ffff:192.0.2.1]"] {
            check(&format!("{host}:0"), Err(Refusal::Port));
            check(&format!("{host}:7"), Err(Refusal::Port));
            check(&format!("{host}:1023"), Err(Refusal::Port));
            check(&format!("{host}:1024"), Ok(()));
            check(&format!("{host}:65535"), Ok(()));
        }
    }

    #[test]
    fn a_group_or_broadcast_source_gets_no_answer() {
        for host in [
            "224.0.0.1",
            "239.255.255.255",
            "255.255.255.255",
            "[ff02::1]",
            "[::ffff:224.0.0.1]",
            "[::ffff:255.255.255.255]",
        ] {
            check(&format!("{host}:54321"), Err(Refusal::Group));
        }
    }

    #[test]
    fn a_service_does_not_answer_itself_but_another_like_it() {
        for host in ["127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]"] {
            check(&format!("{host}:{OWN_PORT}"), Err(Refusal::Itself));
            check(&format!("{host}:8008"), Ok(()));
        }
        check(&format!("192.0.2.1:{OWN_PORT}"), Ok(()));
    }

    fn host(number: usize) -> SocketAddr {
        let address = Ipv4Addr::from(0x0a00_0000 + u32::try_from(number).unwrap());
        SocketAddr::new(address.into(), 54321)
    }

    /// The number of datagrams of one address that are answered at this moment, out of `many`.
    fn answered(guard: &mut Guard, source: SocketAddr, now: Instant, many: u32) -> u32 {
        let admitted = (0..many).map(|_| guard.admit(source, now, |_| false).is_ok());
        admitted.map(u32::from).sum()
    }

    #[test]
    fn a_full_bucket_holds_a_thousand_and_a_hundred_a_second_come_back() {
        let (mut guard, start) = (Guard::new(OWN_PORT), Instant::now());
        let second = Duration::from_secs(1);
        assert_eq!(answered(&mut guard, host(1), start, 5_000), AT_ONCE);
        assert_eq!(
            answered(&mut guard, host(2), start, 10),
            10,
            "the other address has its own bucket"
        );
        assert_eq!(answered(&mut guard, host(1), start + second / 200, 10), 0);
        assert_eq!(answered(&mut guard, host(1), start + second, 5_000), A_SECOND);
        assert_eq!(answered(&mut guard, host(1), start + second, 5_000), 0);
        // A bucket never holds more, however long the pause.
        assert_eq!(answered(&mut guard, host(1), start + 60 * second, 5_000), AT_ONCE);
    }

    #[test]
    fn another_port_of_the_same_address_has_no_tokens_of_its_own() {
        let (mut guard, start) = (Guard::new(OWN_PORT), Instant::now());
        assert_eq!(answered(&mut guard, host(1), start, 5_000), AT_ONCE);
        let other = SocketAddr::new(host(1).ip(), 1024);
        assert_eq!(answered(&mut guard, other, start, 1), 0);
    }

    #[test]
    fn a_crowd_makes_the_guard_forget_those_that_asked_for_the_least() {
        let (mut guard, start) = (Guard::new(OWN_PORT), Instant::now());
        for number in 0..SOURCES {
            assert_eq!(guard.admit(host(number), start, |_| false), Ok(()));
        }
        // An address that has asked for much is remembered, whatever other addresses come.
        assert_eq!(answered(&mut guard, host(7), start, 5_000), AT_ONCE - 1);
        for number in SOURCES..20 * SOURCES {
            assert_eq!(guard.admit(host(number), start, |_| false), Ok(()), "{number}");
            assert!(guard.full_at.len() <= SOURCES);
        }
        assert_eq!(answered(&mut guard, host(7), start, 10), 0);
        // Addresses whose buckets are full again are forgotten first.
        let later = start + PER_ANSWER;
        for number in 0..SOURCES {
            assert_eq!(guard.admit(host(number), later, |_| false), Ok(()), "{number}");
        }
        assert!(guard.full_at.contains_key(&host(7).ip()));
    }
}
