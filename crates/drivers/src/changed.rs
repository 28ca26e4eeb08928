use std::cell::RefCell;
use std::mem;
use std::rc::Rc;

use protocol::{ClientId, Line, Mailbox, OutboxMailbox, TooSlow};

/// The clients for which something has changed in this turn. The loop adds some of them, and the
/// room adds others, by their mailboxes.
#[derive(Debug, Default)]
pub(crate) struct Changed(Rc<RefCell<Vec<ClientId>>>);

impl Changed {
    pub(crate) fn add(&self, client: ClientId) {
        let mut clients = self.0.borrow_mut();
        // Several changes for one client often follow each other.
        if clients.last() != Some(&client) {
            clients.push(client);
        }
    }

    /// Takes the clients out: each once, in order.
    pub(crate) fn take(&self) -> Vec<ClientId> {
        let mut clients = mem::take(&mut *self.0.borrow_mut());
        clients.sort_unstable();
        clients.dedup();
        clients
    }

    /// A mailbox that adds its client when there is something to do for it.
    pub(crate) fn mailbox(&self, client: ClientId, mailbox: OutboxMailbox) -> ChangedMailbox {
        ChangedMailbox { client, mailbox, changed: Changed(Rc::clone(&self.0)) }
    }
}

/// A mailbox that adds its client to the changed ones.
#[derive(Debug)]
pub(crate) struct ChangedMailbox {
    client: ClientId,
    mailbox: OutboxMailbox,
    changed: Changed,
}

impl Mailbox for ChangedMailbox {
    fn offer(&mut self, line: &Line) -> Result<usize, TooSlow> {
        // If a line waits already, the client was added for that one, or the kernel will say when
        // its socket takes more.
        if self.mailbox.waiting() == 0 {
            self.changed.add(self.client);
        }
        self.mailbox.offer(line)
    }

    fn waiting(&self) -> usize {
        self.mailbox.waiting()
    }

    /// From now on the loop may read from the client again.
    fn heard(&mut self) {
        self.changed.add(self.client);
    }
}

/// The hub drops the mailbox of a member that leaves or is too slow.
impl Drop for ChangedMailbox {
    fn drop(&mut self) {
        self.changed.add(self.client);
    }
}

#[cfg(test)]
mod tests {
    use protocol::Outbox;

    use super::*;

    #[test]
    fn a_client_changes_with_its_first_line_and_with_the_end_of_its_mailbox() {
        let (changed, outbox) = (Changed::default(), Outbox::default());
        let mut mailbox = changed.mailbox(ClientId(7), outbox.mailbox());
        assert_eq!(changed.take(), []);
        for expected in [vec![ClientId(7)], vec![]] {
            mailbox.offer(&Line::from(&b"line\n"[..])).unwrap();
            assert_eq!(changed.take(), expected);
        }
        drop(mailbox);
        assert_eq!(changed.take(), [ClientId(7)]);
    }

    #[test]
    fn changed_clients_are_taken_once_and_in_order() {
        let changed = Changed::default();
        for number in [3, 3, 1, 3, 2, 1] {
            changed.add(ClientId(number));
        }
        assert_eq!(changed.take(), [1, 2, 3].map(ClientId));
        assert_eq!(changed.take(), []);
    }
}
