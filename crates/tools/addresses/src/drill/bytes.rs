//! Questions about byte order.

use super::{Answer, Mistake, Numbers, Question};
use crate::byte_order::{Integer, Order, bytes, number, to_network};
use crate::working;

const WRONG_ORDER: Mistake =
    Mistake { name: "wrong-order", says: "you took the bytes the wrong way round" };
const NOT_SWAPPED: Mistake = Mistake {
    name: "not-swapped",
    says: "you changed nothing, which is right only on a big-endian machine",
};
const SWAPPED_HALVES: Mistake = Mistake {
    name: "swapped-halves",
    says: "you swapped the 16-bit halves, and left the bytes in each as they were",
};
const SWAPPED_IN_HALVES: Mistake = Mistake {
    name: "swapped-in-halves",
    says: "you swapped the bytes of each 16-bit half, and left the halves in place",
};
const REVERSED_DIGITS: Mistake = Mistake {
    name: "reversed-digits",
    says: "you reversed the hexadecimal digits, but a byte is two digits",
};
const REVERSED_BITS: Mistake = Mistake {
    name: "reversed-bits",
    says: "you reversed the bits, but the bits of a byte keep their order",
};
const ADDED: Mistake = Mistake {
    name: "added",
    says: "you added the bytes, but each counts 256 times as much as the next",
};
const HEX_AS_DECIMAL: Mistake =
    Mistake { name: "hex-as-decimal", says: "you read the hexadecimal digits as decimal ones" };
const DECIMAL_AS_HEX: Mistake = Mistake {
    name: "decimal-as-hex",
    says: "you wrote each byte in decimal, but the question asks for hexadecimal",
};
const SIGN: Mistake = Mistake {
    name: "sign",
    says: "you took the highest bit for a sign, but an unsigned number has none",
};
const NO_SIGN: Mistake = Mistake { name: "no-sign", says: "you forgot the sign" };
const SIGN_AND_MAGNITUDE: Mistake = Mistake {
    name: "sign-and-magnitude",
    says: "you took the highest bit for a minus sign; in two's complement it is -2^15",
};
const ONES_COMPLEMENT: Mistake =
    Mistake { name: "ones-complement", says: "you inverted the bits but did not add 1" };

pub(super) const MISTAKES: &[Mistake] = &[
    WRONG_ORDER,
    NOT_SWAPPED,
    SWAPPED_HALVES,
    SWAPPED_IN_HALVES,
    REVERSED_DIGITS,
    REVERSED_BITS,
    ADDED,
    HEX_AS_DECIMAL,
    DECIMAL_AS_HEX,
    SIGN,
    NO_SIGN,
    SIGN_AND_MAGNITUDE,
    ONES_COMPLEMENT,
];

/// Draws a question. In this order it takes:
///
/// 1. below 3, the form: read, write, to the network;
/// 2. below 3, the type: u16, u32, i16; for the form to the network below 2: u16, u32;
/// 3. below 2, the order: big, little; also if the form does not use it;
/// 4. each byte of the number, the most significant first: for a u32 below 16, so that you can
///    compute it by hand, otherwise below 256.
pub(super) fn draw(numbers: &mut Numbers) -> AboutBytes {
    let form = [Form::Read, Form::Write, Form::ToNetwork][numbers.below(3) as usize];
    let integer = match form {
        Form::ToNetwork => [Integer::U16, Integer::U32][numbers.below(2) as usize],
        _ => [Integer::U16, Integer::U32, Integer::I16][numbers.below(3) as usize],
    };
    let order = [Order::Big, Order::Little][numbers.below(2) as usize];
    let limit = if integer == Integer::U32 { 16 } else { 256 };
    let drawn = (0..integer.bits() / 8).map(|_| numbers.below(limit) as u8);
    let drawn: Vec<_> = drawn.collect();
    AboutBytes { form, integer, order, number: number(&drawn, integer, Order::Big) }
}

#[derive(Debug)]
pub(super) struct AboutBytes {
    form: Form,
    integer: Integer,
    order: Order,
    number: i128,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    /// From bytes to the number.
    Read,
    /// From a number to its bytes.
    Write,
    /// The result of htons or htonl on a little-endian machine.
    ToNetwork,
}

impl Question for AboutBytes {
    fn text(&self) -> String {
        let (number, name) = (self.number, self.integer.name());
        match (self.form, self.order) {
            (Form::Read, order) => format!(
                "Which {name} is {}, read as {} endian?",
                Answer::Bytes(self.bytes(order)),
                order.name()
            ),
            (Form::Write, Order::Big) => {
                format!("What are the hex bytes of the {name} {number} on the wire?")
            }
            (Form::Write, Order::Little) => {
                format!("What are the hex bytes of the {name} {number} in little-endian memory?")
            }
            (Form::ToNetwork, _) => {
                let [function, _] = self.integer.c_names();
                format!("What is {function}({number}) on a little-endian machine?")
            }
        }
    }

    fn right(&self) -> Answer {
        match self.form {
            Form::Read => Answer::Number(self.number),
            Form::Write => Answer::Bytes(self.bytes(self.order)),
            Form::ToNetwork => Answer::Number(to_network(self.number, self.integer, Order::Little)),
        }
    }

    fn slips(&self) -> Vec<(Mistake, Answer)> {
        // The bytes as the reader sees them, from left to right; mistakes rearrange them.
        let seen = match self.form {
            Form::Read => self.bytes(self.order),
            Form::Write | Form::ToNetwork => self.bytes(Order::Big),
        };
        let as_number = |bytes: &[u8]| Answer::Number(number(bytes, self.integer, Order::Big));
        let answer = |bytes: Vec<u8>| match self.form {
            Form::Write => Answer::Bytes(bytes),
            Form::Read | Form::ToNetwork => as_number(&bytes),
        };
        let unchanged = match self.form {
            Form::ToNetwork => NOT_SWAPPED,
            Form::Read | Form::Write => WRONG_ORDER,
        };
        let mut slips = vec![
            (unchanged, answer(seen.clone())),
            (WRONG_ORDER, answer(reversed(&seen))),
            (REVERSED_DIGITS, answer(reversed_digits(&seen))),
            (REVERSED_BITS, answer(reversed_bits(&seen))),
        ];
        if let [a, b, c, d] = seen[..] {
            slips.push((SWAPPED_HALVES, answer(vec![c, d, a, b])));
            slips.push((SWAPPED_IN_HALVES, answer(vec![b, a, d, c])));
        }
        match self.form {
            Form::Read => slips.extend(self.misread(&seen)),
            Form::Write => slips.extend(self.miswritten()),
            Form::ToNetwork => slips.extend(self.wrong_sign()),
        }
        slips
    }

    fn working(&self) -> String {
        match self.form {
            Form::Read => working::reading(&self.bytes(self.order), self.integer, self.order),
            Form::Write => working::writing(self.number, self.integer, self.order),
            Form::ToNetwork => working::to_network(self.number, self.integer),
        }
    }
}

impl AboutBytes {
    fn bytes(&self, order: Order) -> Vec<u8> {
        bytes(self.number, self.integer, order)
    }

    fn misread(&self, seen: &[u8]) -> Vec<(Mistake, Answer)> {
        let sum = seen.iter().copied().map(i128::from).sum();
        let mut slips = vec![(ADDED, Answer::Number(sum))];
        slips.extend(self.wrong_sign());
        if let Some(digits) = hex_as_decimal(seen) {
            let number = number(&digits, self.integer, self.order);
            slips.push((HEX_AS_DECIMAL, Answer::Number(number)));
        }
        if self.number < 0 {
            let magnitude = self.number - self.integer.least();
            slips.push((SIGN_AND_MAGNITUDE, Answer::Number(-magnitude)));
        }
        slips
    }

    fn miswritten(&self) -> Vec<(Mistake, Answer)> {
        let bytes = |number| Answer::Bytes(bytes(number, self.integer, self.order));
        let mut slips = Vec::new();
        if let Some(digits) = decimal_as_hex(&self.bytes(self.order)) {
            slips.push((DECIMAL_AS_HEX, Answer::Bytes(digits)));
        }
        if self.number < 0 {
            slips.push((NO_SIGN, bytes(-self.number)));
            // The inverted bits of 5 are those of -6; one more is -5.
            slips.push((ONES_COMPLEMENT, bytes(self.number - 1)));
        }
        slips
    }

    /// The right number with a sign that it should not have, or without the sign that it should
    /// have.
    fn wrong_sign(&self) -> Option<(Mistake, Answer)> {
        let Answer::Number(right) = self.right() else {
            return None;
        };
        let all = 1 << self.integer.bits();
        if right < 0 {
            Some((NO_SIGN, Answer::Number(right + all)))
        } else if right >= all / 2 {
            Some((SIGN, Answer::Number(right - all)))
        } else {
            None
        }
    }
}

fn reversed(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().rev().copied().collect()
}

/// Swaps the digits of each byte: 12 34 becomes 43 21.
fn reversed_digits(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().rev().map(|byte| byte.rotate_left(4)).collect()
}

fn reversed_bits(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().rev().map(|byte| byte.reverse_bits()).collect()
}

/// The bytes if their hexadecimal digits are read as decimal ones, or none if a digit is not
/// decimal.
fn hex_as_decimal(bytes: &[u8]) -> Option<Vec<u8>> {
    let read = |byte: &u8| {
        let (tens, ones) = (byte >> 4, byte & 15);
        (tens < 10 && ones < 10).then_some(10 * tens + ones)
    };
    bytes.iter().map(read).collect()
}

/// The bytes if decimal digits stand in place of hexadecimal ones, if two are enough for each.
fn decimal_as_hex(bytes: &[u8]) -> Option<Vec<u8>> {
    let write = |byte: &u8| (*byte < 100).then(|| 16 * (byte / 10) + byte % 10);
    bytes.iter().map(write).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::{Verdict, judge};

    #[track_caller]
    fn check(
        form: Form,
        integer: Integer,
        order: Order,
        number: i128,
        answer: &str,
        mistake: Mistake,
    ) {
        let question = AboutBytes { form, integer, order, number };
        let answer = question.right().read_alike(answer).unwrap();
        assert_eq!(judge(&question, &answer), Verdict::Wrong(Some(mistake)));
    }

    #[test]
    fn a_wrongly_read_number_tells_the_mistake() {
        use Integer::{I16, U16, U32};
        use Order::{Big, Little};
        let read = |integer, order, number, answer, mistake| {
            check(Form::Read, integer, order, number, answer, mistake);
        };
        // 00 ff, read as big endian.
        read(U16, Big, 255, "65280", WRONG_ORDER);
        // 01 00 00 00, read as little endian.
        read(U32, Little, 1, "16777216", WRONG_ORDER);
        // 04 03 02 01, read as little endian.
        read(U32, Little, 0x0102_0304, "0x02010403", SWAPPED_HALVES);
        read(U32, Little, 0x0102_0304, "0x03040102", SWAPPED_IN_HALVES);
        read(U32, Little, 0x0102_0304, "0x10203040", REVERSED_DIGITS);
        read(U32, Little, 0x0102_0304, "10", ADDED);
        // 12 34, read as big endian.
        read(U16, Big, 0x1234, "0x4321", REVERSED_DIGITS);
        read(U16, Big, 0x1234, "0x2c48", REVERSED_BITS);
        read(U16, Big, 0x1234, "3106", HEX_AS_DECIMAL);
        read(U16, Big, 65534, "-2", SIGN);
        read(I16, Big, -2, "65534", NO_SIGN);
        read(I16, Big, -2, "-32766", SIGN_AND_MAGNITUDE);
    }

    #[test]
    fn wrongly_written_bytes_tell_the_mistake() {
        use Integer::{I16, U32};
        use Order::{Big, Little};
        let write = |integer, order, number, answer, mistake| {
            check(Form::Write, integer, order, number, answer, mistake);
        };
        write(U32, Big, 16_909_060, "04 03 02 01", WRONG_ORDER);
        write(U32, Little, 16_909_060, "01 02 03 04", WRONG_ORDER);
        write(U32, Big, 16_909_060, "03 04 01 02", SWAPPED_HALVES);
        write(U32, Big, 16_909_060, "02 01 04 03", SWAPPED_IN_HALVES);
        write(U32, Big, 0x0a0b_0c0d, "10 11 12 13", DECIMAL_AS_HEX);
        write(I16, Big, -2, "00 02", NO_SIGN);
        write(I16, Big, -2, "ff fd", ONES_COMPLEMENT);
    }

    #[test]
    fn a_wrong_result_of_htonl_tells_the_mistake() {
        let call = |integer, number, answer, mistake| {
            check(Form::ToNetwork, integer, Order::Little, number, answer, mistake);
        };
        call(Integer::U32, 0x0102_0304, "0x01020304", NOT_SWAPPED);
        call(Integer::U32, 0x0102_0304, "0x03040102", SWAPPED_HALVES);
        call(Integer::U32, 0x0102_0304, "0x02010403", SWAPPED_IN_HALVES);
        call(Integer::U16, 0x1234, "0x4321", REVERSED_DIGITS);
        call(Integer::U16, 255, "-256", SIGN);
    }
}
