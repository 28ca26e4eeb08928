//! Echo (RFC 862): every byte comes back, unchanged and in order.

use alloc::borrow::Cow;

use crate::{Answer, Session};

/// The whole service: it answers the input itself, borrowed, and ends the output when the input
/// ends.
#[derive(Debug)]
pub struct Echo;

// ANCHOR: echo
impl Session for Echo {
    fn receive<'a>(&mut self, input: &'a [u8]) -> Answer<'a> {
        Answer { send: Cow::Borrowed(input), finish: input.is_empty(), ..Answer::default() }
    }
}
// ANCHOR_END: echo

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_comes_back_without_a_copy() {
        let input = b"\0\xff\r\n";
        let answer = Echo.receive(input);
        assert!(matches!(answer.send, Cow::Borrowed(sent) if core::ptr::eq(sent, input)));
        assert!(!answer.finish);
    }

    #[test]
    fn the_end_of_input_is_the_end_of_output() {
        assert!(Echo.receive(b"").finish);
    }
}
