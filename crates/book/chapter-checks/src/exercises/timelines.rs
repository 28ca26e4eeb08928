//! The waiting times of clients that are served one after the other.

// ANCHOR: waits
/// The time until an iterative server accepts each client, in milliseconds. For each client, in
/// this order, `clients` contains the time when it comes and the duration of its conversation.
pub fn waits(clients: &[(u64, u64)]) -> Vec<u64> {
    let mut free_at = 0;
    let wait = |&(comes, takes): &(u64, u64)| {
        let accepted = free_at.max(comes);
        free_at = accepted + takes;
        accepted - comes
    };
    clients.iter().map(wait).collect()
}
// ANCHOR_END: waits

#[cfg(test)]
mod tests {
    use std::fs;

    use ::timelines::{Record, SCENARIO};

    use super::waits;
    use crate::chapter::lessons;

    #[test]
    fn a_client_waits_for_the_rest_of_the_conversation_before_it() {
        assert_eq!(waits(&[(0, 500), (100, 150), (200, 150)]), [0, 400, 450]);
        assert_eq!(waits(&[(0, 100), (100, 50), (300, 50)]), [0, 0, 0]);
        assert!(waits(&[]).is_empty());
    }

    /// The server in the picture has waited for nothing else.
    #[test]
    fn the_drawn_run_had_the_same_waits() {
        let text = fs::read_to_string(lessons().join("figures/timelines/iterative.jsonl"));
        let record = Record::parse(&text.expect("it is readable")).expect("it is a record");
        let planned: Vec<_> = SCENARIO.iter().map(|part| (part.connects, part.takes())).collect();
        for (client, wait) in record.clients().iter().zip(waits(&planned)) {
            let more = client.accepted - client.connects - wait as f64;
            assert!((-1.0..50.0).contains(&more), "{}: {more} ms", client.name);
        }
    }
}
