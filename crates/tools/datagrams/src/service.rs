use crate::Refusal;

/// A datagram service. It answers each datagram with one of exactly the same length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Answers with the same bytes (RFC 862).
    Echo,
    /// Answers with a big-endian i16, plus one.
    Increment,
}

impl Service {
    /// The default port. No style of server listens on ports from 8000 to 8999.
    pub fn port(self) -> u16 {
        match self {
            Service::Echo => 8007,
            Service::Increment => 8008,
        }
    }

    /// Writes the answer over the question. So it cannot become longer than the question, and an
    /// attacker who forges the source address gains nothing.
    ///
    /// # Errors
    ///
    /// [`Refusal::Size`]: this is not a question.
    pub fn answer(self, datagram: &mut [u8]) -> Result<(), Refusal> {
        match self {
            Service::Echo => Ok(()),
            Service::Increment => {
                let number: &mut [u8; 2] = datagram.try_into().map_err(|_| Refusal::Size)?;
                // The number after 32767 is -32768: all 65,536 have a successor.
                *number = i16::from_be_bytes(*number).wrapping_add(1).to_be_bytes();
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(service: Service, question: &[u8], expected: Result<&[u8], Refusal>) {
        let mut datagram = question.to_vec();
        let answer = service.answer(&mut datagram).map(|()| &datagram[..]);
        assert_eq!(answer, expected);
    }

    #[test]
    fn echo_is_the_same_bytes_or_none() {
        check(Service::Echo, b"", Ok(b""));
        check(Service::Echo, b"\0\xff", Ok(b"\0\xff"));
    }

    #[test]
    fn the_high_byte_comes_first_and_the_last_number_wraps() {
        check(Service::Increment, &[0, 41], Ok(&[0, 42]));
        check(Service::Increment, &[0, 255], Ok(&[1, 0]));
        check(Service::Increment, &[0xff, 0xff], Ok(&[0, 0]));
        check(Service::Increment, &[0x7f, 0xff], Ok(&[0x80, 0]));
    }

    #[test]
    fn a_datagram_without_two_bytes_has_no_answer() {
        for question in [&b""[..], b"1", b"123", b"41\r\n"] {
            check(Service::Increment, question, Err(Refusal::Size));
        }
    }
}
