use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use protocol::ClientId;

/// When to look at each client, if nothing happens before: the earliest is found without asking all
/// of them.
///
/// The idle clock of a client begins anew with each message. To move its deadline each time would
/// cost each message something, so a deadline that moves away stays: when it has passed, the caller
/// finds nothing to do, and sets the later one.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    by_time: BTreeSet<(Instant, ClientId)>,
    by_client: BTreeMap<ClientId, Instant>,
}

impl Deadlines {
    /// The earliest deadline.
    pub(crate) fn first(&self) -> Option<Instant> {
        self.by_time.first().map(|(deadline, _)| *deadline)
    }

    /// Sets a client's deadline, unless an earlier one stands.
    pub(crate) fn set(&mut self, client: ClientId, deadline: Option<Instant>) {
        let Some(deadline) = deadline else { return };
        match self.by_client.get(&client) {
            Some(standing) if *standing <= deadline => {}
            _ => {
                self.forget(client);
                self.by_client.insert(client, deadline);
                self.by_time.insert((deadline, client));
            }
        }
    }

    pub(crate) fn forget(&mut self, client: ClientId) {
        if let Some(standing) = self.by_client.remove(&client) {
            self.by_time.remove(&(standing, client));
        }
    }

    /// Takes out a deadline that has passed, and returns its client.
    pub(crate) fn pass(&mut self, now: Instant) -> Option<ClientId> {
        let &(_, client) = self.by_time.first().filter(|(deadline, _)| *deadline <= now)?;
        self.forget(client);
        Some(client)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn deadlines_pass_in_their_order_and_the_earlier_one_of_a_client_stands() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut deadlines = Deadlines::default();
        deadlines.set(ClientId(1), Some(at(3)));
        deadlines.set(ClientId(2), Some(at(2)));
        deadlines.set(ClientId(3), Some(at(1)));
        deadlines.set(ClientId(1), Some(at(9)));
        deadlines.set(ClientId(2), Some(at(1)));
        deadlines.set(ClientId(4), None);
        deadlines.forget(ClientId(3));
        assert_eq!(deadlines.first(), Some(at(1)));
        assert_eq!(deadlines.pass(at(0)), None);
        assert_eq!(deadlines.pass(at(3)), Some(ClientId(2)));
        assert_eq!(deadlines.pass(at(3)), Some(ClientId(1)));
        assert_eq!(deadlines.pass(at(99)), None);
        assert_eq!(deadlines.first(), None);
    }
}
