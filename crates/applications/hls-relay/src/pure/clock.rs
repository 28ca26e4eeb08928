//! The clock of a stream: 90,000 ticks a second, in 33 bits, so that it starts again after 26.5
//! hours (ISO/IEC 13818-1, 2.4.3.7).

use std::time::Duration;

use mpeg2ts_reader::pes::{PesContents, PesHeader, PtsDts};

/// Ticks in a second.
pub(crate) const SECOND: i64 = 90_000;

/// After this many ticks the clock starts again.
pub(crate) const WRAP: u64 = 1 << 33;

/// How many ticks `later` comes after `earlier`; negative if it comes before. Of the two ways
/// around the clock, it takes the shorter one.
pub(crate) fn since(later: u64, earlier: u64) -> i64 {
    let ahead = (later + WRAP - earlier) % WRAP;
    let ahead = i64::try_from(ahead).expect("33 bits");
    if ahead < 1 << 32 { ahead } else { ahead - (1 << 33) }
}

/// Ticks as a time. Negative ticks give zero.
pub(crate) fn duration(ticks: i64) -> Duration {
    Duration::from_micros(u64::try_from(ticks).unwrap_or(0) * 100 / 9)
}

/// A time in ticks.
pub(crate) fn ticks(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros() * 9 / 100).unwrap_or(i64::MAX)
}

/// The time at which the unit that begins with this payload is decoded; in an undamaged stream,
/// that never goes back. If it does not give that, the time at which it is presented. `None` if it
/// gives neither.
pub(crate) fn time_of(payload: &[u8]) -> Option<u64> {
    let PesContents::Parsed(Some(parsed)) = PesHeader::from_bytes(payload)?.contents() else {
        return None;
    };
    match parsed.pts_dts().ok()? {
        PtsDts::Both { dts: Ok(time), .. } | PtsDts::PtsOnly(Ok(time)) => Some(time.value()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_begins_again_and_time_goes_on() {
        let table = [(0, 0, 0), (90, 0, 90), (0, 90, -90), (10, WRAP - 10, 20), (WRAP - 1, 0, -1)];
        for (later, earlier, expected) in table {
            assert_eq!(since(later, earlier), expected, "{later} after {earlier}");
        }
    }

    #[test]
    fn ticks_are_times() {
        assert_eq!(duration(4 * SECOND), Duration::from_secs(4));
        assert_eq!(duration(3600), Duration::from_millis(40));
        assert_eq!(duration(-1), Duration::ZERO);
        assert_eq!(ticks(Duration::from_millis(40)), 3600);
    }
}
