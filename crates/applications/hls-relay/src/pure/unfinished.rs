//! The unfinished units of an encoder that ends in the middle of a unit.

use std::collections::{HashMap, HashSet};

use mpeg2ts_reader::packet::Packet;
use mpeg2ts_reader::pes::{PesHeader, PesLength};

use super::packets::PACKET;

/// The latest unit of a PID: its picture, or its piece of sound.
struct Unit {
    /// The number of its first packet.
    begin: usize,
    /// Its full size in bytes, if it says so.
    size: Option<usize>,
    received: usize,
}

/// Leaves out the latest unit of each PID, unless it is known to be complete. (Most encoders do not
/// give the length of a picture, so it is known to be complete only when the next one begins.)
///
/// `is_table` says which PIDs have no units. Returns the rest of the bytes, and the PIDs that have
/// lost something.
pub(crate) fn without_unfinished(
    bytes: &[u8],
    is_table: impl Fn(u16) -> bool,
) -> (Vec<u8>, HashSet<u16>) {
    let packets = || bytes.chunks_exact(PACKET).filter_map(Packet::try_new).enumerate();
    let mut units: HashMap<u16, Unit> = HashMap::new();
    for (number, packet) in packets() {
        let (pid, payload) = (u16::from(packet.pid()), packet.payload().unwrap_or_default());
        if is_table(pid) {
            continue;
        }
        if packet.payload_unit_start_indicator() {
            units.insert(pid, Unit { begin: number, size: size(payload), received: payload.len() });
        } else if let Some(unit) = units.get_mut(&pid) {
            unit.received += payload.len();
        }
    }
    units.retain(|_, unit| unit.size.is_none_or(|size| unit.received < size));
    let is_kept = |number: usize, packet: &Packet<'_>| {
        units.get(&u16::from(packet.pid())).is_none_or(|unit| number < unit.begin)
    };
    let kept = packets().filter(|(number, packet)| is_kept(*number, packet));
    let kept = kept.flat_map(|(_, packet)| packet.buffer().iter().copied()).collect();
    (kept, units.into_keys().collect())
}

/// The size in bytes of a unit that begins with this payload, including its header.
fn size(payload: &[u8]) -> Option<usize> {
    match PesHeader::from_bytes(payload)?.pes_packet_length() {
        PesLength::Bounded(length) => Some(6 + usize::from(length.get())),
        PesLength::Unbounded => None,
    }
}
