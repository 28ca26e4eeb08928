//! The classes of IPv4. They ended in 1993 (RFC 1519), but people still use their names.

use crate::subnet::Network;

/// The meaning of an address's first bits, before prefixes were written beside addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// 0…: 128 huge networks.
    A,
    /// 10…: 16,384 large ones.
    B,
    /// 110…: 2,097,152 small ones.
    C,
    /// 1110…: multicast groups. Only this class still has a meaning (RFC 5771).
    D,
    /// 1111…: reserved, then and now (RFC 1112, section 4).
    E,
}

impl Class {
    // ANCHOR: of
    /// The class of an address: the number of ones before the first zero.
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

    /// All classes.
    pub const ALL: [Class; 5] = [Class::A, Class::B, Class::C, Class::D, Class::E];

    /// The first bits of each address of this class.
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

    /// The number of bits that name the network. D and E had no networks.
    pub fn prefix(self) -> Option<u8> {
        match self {
            Class::A => Some(8),
            Class::B => Some(16),
            Class::C => Some(24),
            Class::D | Class::E => None,
        }
    }

    /// The number of networks: all bits of the network vary, except those that tell the class.
    pub fn networks(self) -> Option<u32> {
        let free = usize::from(self.prefix()?) - self.leading_bits().len();
        Some(1 << free)
    }
}

/// The network that an address belonged to when classes were used.
pub fn classful_network(address: u32) -> Option<Network> {
    let prefix = Class::of(address).prefix()?;
    Some(Network::of(address, prefix))
}
