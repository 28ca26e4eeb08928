//! IPv4 networks: masks, ranges, counts, and which network contains which address (RFC 4632).
//!
//! An address is a number of 32 bits, and a prefix says how many of them, from the left, name the
//! network. Everything else follows from AND, OR and NOT.

use std::fmt;
use std::net::Ipv4Addr;

// ANCHOR: mask
/// The mask of a prefix: that many ones, and zeros for the rest.
///
/// # Panics
///
/// If the prefix is longer than 32.
pub const fn mask(prefix: u8) -> u32 {
    assert!(prefix <= 32, "an IPv4 address has 32 bits");
    if prefix == 0 {
        // A shift by all 32 bits is not defined, neither here nor in C; in JavaScript it shifts
        // nothing.
        0
    } else {
        u32::MAX << (32 - prefix)
    }
}
// ANCHOR_END: mask

// ANCHOR: network
/// The network's own address, which is its lowest: all host bits are 0.
pub const fn network(address: u32, prefix: u8) -> u32 {
    address & mask(prefix)
}

/// The highest address: all host bits are 1. Up to /30 this is the broadcast address.
pub const fn highest(address: u32, prefix: u8) -> u32 {
    address | !mask(prefix)
}
// ANCHOR_END: network

/// The broadcast address, which a /31 (RFC 3021) and a /32 do not have.
pub fn broadcast(address: u32, prefix: u8) -> Option<u32> {
    (prefix <= 30).then(|| highest(address, prefix))
}

/// The first address that a host may have.
pub fn first_host(address: u32, prefix: u8) -> u32 {
    if prefix <= 30 { network(address, prefix) + 1 } else { network(address, prefix) }
}

/// The last address that a host may have.
pub fn last_host(address: u32, prefix: u8) -> u32 {
    if prefix <= 30 { highest(address, prefix) - 1 } else { highest(address, prefix) }
}

/// The number of addresses: 2 to the power of the number of host bits.
pub fn addresses(prefix: u8) -> u64 {
    1 << (32 - prefix)
}

/// The number of hosts: two addresses belong to no host, except in a /31 and a /32.
pub fn hosts(prefix: u8) -> u64 {
    if prefix <= 30 { addresses(prefix) - 2 } else { addresses(prefix) }
}

// ANCHOR: common_prefix
/// The number of bits, from the left, that two addresses have in common: their longest common
/// prefix.
pub fn common_prefix(one: u32, other: u32) -> u8 {
    // XOR leaves a 1 wherever they differ.
    (one ^ other).leading_zeros() as u8
}
// ANCHOR_END: common_prefix

/// A network: its own address and its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: u32,
    prefix: u8,
}

impl Network {
    /// The network with this prefix that holds the address.
    ///
    /// # Panics
    ///
    /// If the prefix is longer than 32.
    pub const fn of(address: u32, prefix: u8) -> Network {
        Network { address: network(address, prefix), prefix }
    }

    /// The network's own address, the lowest.
    pub fn address(self) -> u32 {
        self.address
    }

    /// The number of bits that name the network.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether the network contains the address.
    pub fn holds(self, address: u32) -> bool {
        network(address, self.prefix) == self.address
    }

    /// Splits the network into networks with this prefix; into none if the prefix is shorter than
    /// its own, or longer than 32.
    pub fn split(self, prefix: u8) -> impl Iterator<Item = Network> {
        let parts = match prefix {
            _ if prefix < self.prefix || prefix > 32 => 0,
            _ => 1_u64 << (prefix - self.prefix),
        };
        (0..parts).map(move |part| {
            let begin = u64::from(self.address) + part * addresses(prefix);
            Network::of(begin as u32, prefix)
        })
    }

    /// The network that consists of exactly these two: they must be its halves.
    pub fn join(self, other: Network) -> Option<Network> {
        (self.prefix == other.prefix && self.buddy() == Some(other)).then(|| {
            // The network of all addresses has no other half, so the prefix is at least 1.
            Network::of(self.address, self.prefix - 1)
        })
    }

    /// The other half of the network that this is a half of: only the last bit of the prefix
    /// differs.
    pub fn buddy(self) -> Option<Network> {
        let last_bit = mask(self.prefix) & !mask(self.prefix.checked_sub(1)?);
        Some(Network::of(self.address ^ last_bit, self.prefix))
    }

    /// The smallest network that holds both.
    pub fn around(self, other: Network) -> Network {
        let common = common_prefix(self.address, other.address);
        Network::of(self.address, common.min(self.prefix).min(other.prefix))
    }
}

/// Like 10.0.0.0/8.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}/{}", Ipv4Addr::from_bits(self.address), self.prefix);
        f.pad(&text)
    }
}
