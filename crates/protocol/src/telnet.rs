//! Telnet's own commands (RFC 854), and their removal from a client's input.
//!
//! A telnet client hides commands in the bytes that it sends: each begins with IAC, the byte 255,
//! and may stand anywhere, even in the middle of a UTF-8 character.
//! They have to be removed before any other code looks at the bytes.

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WILL: u8 = 251;
const SUBNEGOTIATION: u8 = 250;
const SUBNEGOTIATION_END: u8 = 240;

/// "Do you hear me?" (RFC 860). Telnet sends it with Ctrl-C and stays mute until it is answered.
const TIMING_MARK: u8 = 6;
/// IAC WON'T TIMING-MARK: telnet accepts any answer, and this one promises nothing.
pub(crate) const WONT_TIMING_MARK: [u8; 3] = [IAC, 252, TIMING_MARK];

/// The place of the next byte in a command. Reads may cut a command anywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Telnet {
    /// Outside a command: bytes are data.
    #[default]
    Data,
    /// After IAC.
    Command,
    /// After IAC and this one of WILL, WONT, DO, DONT.
    Option(u8),
    /// Between IAC SB and IAC SE: an option's parameters, of any length.
    Parameters,
    /// After an IAC in an option's parameters.
    ParametersCommand,
}

/// The meaning of one byte from a telnet client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Heard {
    /// Data.
    Byte(u8),
    /// The end of DO TIMING-MARK, which wants an answer.
    TimingMark,
    /// A part of a command that needs no reaction.
    Nothing,
}

impl Telnet {
    /// Takes the next byte.
    pub(crate) fn hear(&mut self, byte: u8) -> Heard {
        use Heard::*;
        // ANCHOR: hear
        let (next, heard) = match (*self, byte) {
            (Telnet::Data, IAC) => (Telnet::Command, Nothing),
            (Telnet::Data, _) => (Telnet::Data, Byte(byte)),
            (Telnet::Command, IAC) => (Telnet::Data, Byte(IAC)),
            (Telnet::Command, WILL..=DONT) => (Telnet::Option(byte), Nothing),
            (Telnet::Command, SUBNEGOTIATION) => (Telnet::Parameters, Nothing),
            (Telnet::Command, _) => (Telnet::Data, Nothing),
            (Telnet::Option(DO), TIMING_MARK) => (Telnet::Data, TimingMark),
            (Telnet::Option(_), _) => (Telnet::Data, Nothing),
            (Telnet::Parameters, IAC) => (Telnet::ParametersCommand, Nothing),
            (Telnet::Parameters, _) => (Telnet::Parameters, Nothing),
            (Telnet::ParametersCommand, SUBNEGOTIATION_END) => (Telnet::Data, Nothing),
            (Telnet::ParametersCommand, _) => (Telnet::Parameters, Nothing),
        };
        // ANCHOR_END: hear
        *self = next;
        heard
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[track_caller]
    fn check(input: &[u8], data: &[u8], timing_marks: usize) {
        let mut telnet = Telnet::default();
        let heard: Vec<_> = input.iter().map(|&byte| telnet.hear(byte)).collect();
        let bytes: Vec<u8> = heard
            .iter()
            .filter_map(|h| if let Heard::Byte(b) = h { Some(*b) } else { None })
            .collect();
        assert_eq!(bytes, data);
        assert_eq!(heard.iter().filter(|h| **h == Heard::TimingMark).count(), timing_marks);
    }

    #[test]
    fn commands_are_taken_out() {
        check(b"a\xff\xf1b", b"ab", 0);
        check(b"a\xff\xfb\x01b\xff\xfc\x02c\xff\xfd\x03d\xff\xfe\xffe", b"abcde", 0);
        check(b"a\xff\xfa\x18\0xterm\xff\xff\xf0\xff\xf0b", b"ab", 0);
        check(b"two \xff\xff one", b"two \xff one", 0);
    }

    #[test]
    fn ctrl_c_asks_for_a_timing_mark() {
        check(b"\xff\xf4\xff\xfd\x06after", b"after", 1);
    }

    #[test]
    fn only_do_wants_an_answer() {
        check(b"\xff\xfb\x06\xff\xfc\x06\xff\xfe\x06", b"", 0);
    }
}
