//! Properties of every datagram, from any source and at any time.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use datagrams::{A_SECOND, AT_ONCE, Guard, Refusal, Service};
use proptest::collection::vec;
use proptest::prelude::*;

fn service() -> impl Strategy<Value = Service> {
    prop_oneof![Just(Service::Echo), Just(Service::Increment)]
}

proptest! {
    #[test]
    fn echo_changes_nothing(bytes in vec(any::<u8>(), 0..2_000)) {
        let mut datagram = bytes.clone();
        prop_assert_eq!(Service::Echo.answer(&mut datagram), Ok(()));
        prop_assert_eq!(datagram, bytes);
    }

    #[test]
    fn increment_answers_two_bytes_and_nothing_else(bytes in vec(any::<u8>(), 0..5)) {
        let mut datagram = bytes.clone();
        let answered = Service::Increment.answer(&mut datagram);
        match bytes[..] {
            [high, low] => {
                let number = i32::from(high as i8) * 256 + i32::from(low);
                let next = if number == 32767 { -32768 } else { number + 1 };
                prop_assert_eq!(answered, Ok(()));
                prop_assert_eq!(i32::from(datagram[0] as i8) * 256 + i32::from(datagram[1]), next);
            }
            _ => {
                prop_assert_eq!(answered, Err(Refusal::Size));
                prop_assert_eq!(datagram, bytes);
            }
        }
    }

    #[test]
    fn a_source_that_cannot_be_a_client_is_not_answered(
        octets in any::<[u8; 16]>(),
        is_ipv4: bool,
        port: u16,
        own_port: u16,
        ours: bool,
    ) {
        let address = if is_ipv4 {
            IpAddr::from([octets[0], octets[1], octets[2], octets[3]])
        } else {
            IpAddr::from(octets)
        };
        let source = SocketAddr::new(address, port);
        let admitted = Guard::new(own_port).admit(source, Instant::now(), |_| ours);
        let is_group = address.is_multicast() || address == Ipv4Addr::BROADCAST;
        let is_itself = ours && port == own_port;
        prop_assert_eq!(admitted.is_err(), port < 1024 || is_group || is_itself);
    }

    /// Compared with token buckets as textbooks describe them: a number of tokens, and more with
    /// time.
    #[test]
    fn tokens_are_those_of_a_bucket(
        asked in vec((0..4_u8, 0..400_u64, 0..1_500_u32), 1..60),
    ) {
        // A token takes 10 ms to come, so one token is ten of these units.
        const FULL: u64 = AT_ONCE as u64 * 10;
        let start = Instant::now();
        let mut guard = Guard::new(1);
        let mut buckets = HashMap::new();
        let mut now = 0;
        for (host, pause, many) in asked {
            now += pause;
            let source = SocketAddr::from(([192, 0, 2, host], 54321));
            let (tokens, since) = buckets.entry(host).or_insert((FULL, now));
            *tokens = (*tokens + (now - *since) * u64::from(A_SECOND) / 100).min(FULL);
            *since = now;
            for _ in 0..many {
                let admitted = guard.admit(source, start + Duration::from_millis(now), |_| false);
                if *tokens >= 10 {
                    *tokens -= 10;
                    prop_assert_eq!(admitted, Ok(()));
                } else {
                    prop_assert_eq!(admitted, Err(Refusal::Rate));
                }
            }
        }
    }

    /// Two services and a lossless wire: they stop, whatever datagram is put on it.
    #[test]
    fn two_that_answer_each_other_stop(
        services in (service(), service()),
        forged in vec(vec(any::<u8>(), 0..4), 1..2_000),
        micros in 1..200_u64,
    ) {
        let start = Instant::now();
        let services = [services.0, services.1];
        let places = [1_u8, 2].map(|host| SocketAddr::from(([192, 0, 2, host], 8007)));
        let mut guards = [Guard::new(8007), Guard::new(8007)];
        let mut wire: VecDeque<_> = forged.into_iter().map(|bytes| (0, bytes)).collect();
        let mut answered = 0_u64;
        let mut now = start;
        while let Some((to, mut bytes)) = wire.pop_front() {
            now += Duration::from_micros(micros);
            let from = 1 - to;
            let admitted = guards[to].admit(places[from], now, |_| false);
            if admitted.and_then(|()| services[to].answer(&mut bytes)).is_ok() {
                answered += 1;
                wire.push_back((from, bytes));
            }
            let seconds = (now - start).as_secs() + 1;
            let most = 2 * (u64::from(AT_ONCE) + u64::from(A_SECOND) * seconds);
            prop_assert!(answered <= most, "{} after {} s", answered, seconds);
        }
    }
}

/// A storm between two services is remembered beside a million forged addresses, and honest
/// questions are still answered.
#[test]
fn a_crowd_hides_no_storm_and_blocks_no_client() {
    let start = Instant::now();
    let mut guard = Guard::new(1);
    let source = |number: u32| SocketAddr::from((Ipv4Addr::from(0x0a00_0000 + number), 54321));
    let storm = source(0);
    let answered = (0..2 * AT_ONCE).filter(|_| guard.admit(storm, start, |_| false).is_ok());
    assert_eq!(answered.count(), AT_ONCE as usize);
    for number in 1..1_000_000 {
        assert_eq!(guard.admit(source(number), start, |_| false), Ok(()), "{number}");
        if number % 1_000 == 0 {
            assert!(guard.admit(storm, start, |_| false).is_err(), "{number}");
        }
    }
}
