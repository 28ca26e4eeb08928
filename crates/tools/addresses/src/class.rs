//! The classes of IPv4, which ended in 1993 (RFC 1519) and live on in what people say.

use crate::subnet::Network;

/// What the first bits of an address said about it, before prefixes were written beside addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// 0…: 128 huge networks.
    A,
    /// 10…: 16,384 large ones.
    B,
    /// 110…: 2,097,152 small ones.
    C,
    /// 1110…: multicast groups. This class alone still means something (RFC 5771).
    D,
    /// 1111…: reserved ever since (RFC 1112, section 4).
    E,
}

impl Class {
    // ANCHOR: of
    /// The class of an address: how many ones stand before the first zero.
    pub fn of(address: u32) -> Class {
        match address.leading_ones() {
            0 => Class::A,
            1 => Class::B,
            2 => Class::C,
            3 => Class::D,
            _ => Class::E,
        }
    }
    // ANCHOR_END: of

    /// All there are.
    pub const ALL: [Class; 5] = [Class::A, Class::B, Class::C, Class::D, Class::E];

    /// The bits by which it is known.
    pub fn leading_bits(self) -> &'static str {
        match self {
            Class::A => "0",
            Class::B => "10",
            Class::C => "110",
            Class::D => "1110",
            Class::E => "1111",
        }
    }

    /// The least and the greatest first octet.
    pub fn first_octets(self) -> (u8, u8) {
        match self {
            Class::A => (0, 127),
            Class::B => (128, 191),
            Class::C => (192, 223),
            Class::D => (224, 239),
            Class::E => (240, 255),
        }
    }

    /// How many bits named the network. D and E had no networks.
    pub fn prefix(self) -> Option<u8> {
        match self {
            Class::A => Some(8),
            Class::B => Some(16),
            Class::C => Some(24),
            Class::D | Class::E => None,
        }
    }

    /// How many networks it had: those network bits that did not tell the class could vary.
    pub fn networks(self) -> Option<u32> {
        let free = usize::from(self.prefix()?) - self.leading_bits().len();
        Some(1 << free)
    }
}

/// The network that an address belonged to when classes counted.
pub fn classful_network(address: u32) -> Option<Network> {
    let prefix = Class::of(address).prefix()?;
    Some(Network::of(address, prefix))
}
