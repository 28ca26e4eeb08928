//! IPv6 prefixes: the same idea as IPv4's, with 128 bits (RFC 4291).
//!
//! Two things are simpler: there is no broadcast, so every address can be a host's, and hosts are
//! not counted, since each link has 64 bits for its own.

use std::fmt;
use std::net::Ipv6Addr;

/// The mask of a prefix: that many ones, and zeros for the rest.
///
/// # Panics
///
/// If the prefix is longer than 128.
pub const fn mask(prefix: u8) -> u128 {
    assert!(prefix <= 128, "an IPv6 address has 128 bits");
    if prefix == 0 { 0 } else { u128::MAX << (128 - prefix) }
}

/// The lowest address: the subnet-router anycast address (RFC 4291, section 2.6.1).
pub const fn lowest(address: u128, prefix: u8) -> u128 {
    address & mask(prefix)
}

/// The highest address, which has no special meaning.
pub const fn highest(address: u128, prefix: u8) -> u128 {
    address | !mask(prefix)
}

/// The number of bits, from the left, that two addresses have in common.
pub fn common_prefix(one: u128, other: u128) -> u8 {
    (one ^ other).leading_zeros() as u8
}

/// A network: its lowest address and its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: u128,
    prefix: u8,
}

impl Network {
    /// The network with this prefix that holds the address.
    ///
    /// # Panics
    ///
    /// If the prefix is longer than 128.
    pub const fn of(address: u128, prefix: u8) -> Network {
        Network { address: lowest(address, prefix), prefix }
    }

    /// The lowest address.
    pub fn address(self) -> u128 {
        self.address
    }

    /// The number of bits that name the network.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether the network contains the address.
    pub fn holds(self, address: u128) -> bool {
        lowest(address, self.prefix) == self.address
    }

    /// Splits the network into networks with this prefix; into none if the prefix is shorter than
    /// its own, or longer than 128.
    ///
    /// There may be more of them than you can wait for: take as many as you need.
    pub fn split(self, prefix: u8) -> impl Iterator<Item = Network> {
        let fits = (self.prefix..=128).contains(&prefix);
        let first = fits.then(|| Network::of(self.address, prefix));
        std::iter::successors(first, move |part| {
            let next = highest(part.address, prefix).checked_add(1)?;
            self.holds(next).then(|| Network::of(next, prefix))
        })
    }

    /// The network that consists of exactly these two: they must be its halves.
    pub fn join(self, other: Network) -> Option<Network> {
        (self.prefix == other.prefix && self.buddy() == Some(other))
            .then(|| Network::of(self.address, self.prefix - 1))
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

/// Like 2001:db8::/32, shortened according to RFC 5952.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}/{}", Ipv6Addr::from_bits(self.address), self.prefix);
        f.pad(&text)
    }
}
