//! A mailbox with a bound.

// ANCHOR: bounded
use std::collections::VecDeque;

/// The lines that wait for one member.
#[derive(Debug)]
pub struct Bounded {
    lines: VecDeque<Vec<u8>>,
    /// The number of bytes that still fit, or `None` after it has refused a line.
    left: Option<usize>,
}

/// The member is too far behind.
#[derive(Debug, PartialEq)]
pub struct TooSlow;

impl Bounded {
    /// A queue that holds this many bytes.
    pub fn new(limit: usize) -> Bounded {
        Bounded { lines: VecDeque::new(), left: Some(limit) }
    }

    /// Accepts the line, or refuses it and all later ones.
    pub fn offer(&mut self, line: &[u8]) -> Result<(), TooSlow> {
        self.left = self.left.and_then(|left| left.checked_sub(line.len()));
        if self.left.is_none() {
            return Err(TooSlow);
        }
        self.lines.push_back(line.to_vec());
        Ok(())
    }

    /// Removes the oldest line, for the thread that writes to the client.
    pub fn take(&mut self) -> Option<Vec<u8>> {
        let line = self.lines.pop_front()?;
        self.left = self.left.map(|left| left + line.len());
        Some(line)
    }
}
// ANCHOR_END: bounded

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_in_their_order() {
        let mut mailbox = Bounded::new(9);
        for line in ["one", "two", "six"] {
            assert_eq!(mailbox.offer(line.as_bytes()), Ok(()));
        }
        assert_eq!(mailbox.take().unwrap(), b"one");
        assert_eq!(mailbox.offer(b"ten"), Ok(()));
        let rest: Vec<_> = std::iter::from_fn(|| mailbox.take()).collect();
        assert_eq!(rest, [b"two", b"six", b"ten"]);
    }

    #[test]
    fn a_member_that_was_refused_once_is_always_refused() {
        let mut mailbox = Bounded::new(5);
        assert_eq!(mailbox.offer(b"hello"), Ok(()));
        assert_eq!(mailbox.offer(b"!"), Err(TooSlow));
        assert_eq!(mailbox.take().unwrap(), b"hello");
        assert_eq!(mailbox.offer(b"!"), Err(TooSlow), "there is room again");
    }
}
