//! Address ranges with a special purpose: all those of IANA's registries for IPv4 and IPv6 (RFC 6890),
//! and the multicast groups.

use crate::{ipv6, subnet};

/// A range of addresses with a special purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Special<Network> {
    /// The range.
    pub range: Network,
    /// The purpose.
    pub purpose: &'static str,
    /// The RFC that says so.
    pub rfc: u16,
}

/// The purpose of an IPv4 address; `None` for ordinary addresses of the Internet.
pub fn of_ipv4(address: u32) -> Option<Special<subnet::Network>> {
    IPV4.iter().copied().find(|row| row.range.holds(address))
}

/// The purpose of an IPv6 address; `None` for ordinary addresses of the Internet.
pub fn of_ipv6(address: u128) -> Option<Special<ipv6::Network>> {
    IPV6.iter().copied().find(|row| row.range.holds(address))
}

/// If one range lies in another, the smaller one comes first.
pub const IPV4: &[Special<subnet::Network>] = &[
    ipv4([0, 0, 0, 0], 32, "this host, while it has no address", 1122),
    ipv4([0, 0, 0, 0], 8, "this network, for hosts without address", 791),
    ipv4([10, 0, 0, 0], 8, "private", 1918),
    ipv4([100, 64, 0, 0], 10, "shared, inside of a provider", 6598),
    ipv4([127, 0, 0, 0], 8, "loopback", 1122),
    ipv4([169, 254, 0, 0], 16, "link-local", 3927),
    ipv4([172, 16, 0, 0], 12, "private", 1918),
    ipv4([192, 0, 0, 0], 29, "IPv4 behind an IPv6 network", 7335),
    ipv4([192, 0, 0, 8], 32, "a dummy, as a sender of ICMP errors", 7600),
    ipv4([192, 0, 0, 9], 32, "the nearest PCP server", 7723),
    ipv4([192, 0, 0, 10], 32, "the nearest TURN server", 8155),
    ipv4([192, 0, 0, 170], 31, "how a host finds NAT64", 8880),
    ipv4([192, 0, 0, 0], 24, "protocol assignments", 6890),
    ipv4([192, 0, 2, 0], 24, "documentation", 5737),
    ipv4([192, 31, 196, 0], 24, "AS112, for senseless DNS questions", 7535),
    ipv4([192, 52, 193, 0], 24, "multicast tunnels (AMT)", 7450),
    ipv4([192, 88, 99, 2], 32, "6a44 relays", 6751),
    ipv4([192, 88, 99, 0], 24, "6to4 relays, given up", 7526),
    ipv4([192, 168, 0, 0], 16, "private", 1918),
    ipv4([192, 175, 48, 0], 24, "AS112, for senseless DNS questions", 7534),
    ipv4([198, 18, 0, 0], 15, "benchmarks", 2544),
    ipv4([198, 51, 100, 0], 24, "documentation", 5737),
    ipv4([203, 0, 113, 0], 24, "documentation", 5737),
    ipv4([224, 0, 0, 0], 4, "multicast", 5771),
    ipv4([255, 255, 255, 255], 32, "limited broadcast", 919),
    ipv4([240, 0, 0, 0], 4, "reserved", 1112),
];

/// If one range lies in another, the smaller one comes first.
pub const IPV6: &[Special<ipv6::Network>] = &[
    ipv6([0, 0, 0, 0, 0, 0, 0, 0], 128, "unspecified", 4291),
    ipv6([0, 0, 0, 0, 0, 0, 0, 1], 128, "loopback", 4291),
    ipv6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96, "IPv4-mapped", 4291),
    ipv6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, "NAT64", 6052),
    ipv6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, "NAT64, inside of a network", 8215),
    ipv6([0x100, 0, 0, 0, 0, 0, 0, 0], 64, "discarded", 6666),
    ipv6([0x100, 0, 0, 1, 0, 0, 0, 0], 64, "a dummy that is sent nowhere", 9780),
    ipv6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, "Teredo tunnels", 4380),
    ipv6([0x2001, 1, 0, 0, 0, 0, 0, 1], 128, "the nearest PCP server", 7723),
    ipv6([0x2001, 1, 0, 0, 0, 0, 0, 2], 128, "the nearest TURN server", 8155),
    ipv6([0x2001, 1, 0, 0, 0, 0, 0, 3], 128, "the nearest DNS-SD registrar", 9665),
    ipv6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48, "benchmarks", 5180),
    ipv6([0x2001, 3, 0, 0, 0, 0, 0, 0], 32, "multicast tunnels (AMT)", 7450),
    ipv6([0x2001, 4, 0x112, 0, 0, 0, 0, 0], 48, "AS112, for senseless DNS questions", 7535),
    ipv6([0x2001, 0x10, 0, 0, 0, 0, 0, 0], 28, "ORCHID, given up", 4843),
    ipv6([0x2001, 0x20, 0, 0, 0, 0, 0, 0], 28, "ORCHIDv2: hashes, not places", 7343),
    ipv6([0x2001, 0x30, 0, 0, 0, 0, 0, 0], 28, "identities of drones", 9374),
    ipv6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "protocol assignments", 2928),
    ipv6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "documentation", 3849),
    ipv6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, "6to4", 3056),
    ipv6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48, "AS112, for senseless DNS questions", 7534),
    ipv6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "documentation", 9637),
    ipv6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16, "segment routing", 9602),
    ipv6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, "unique local", 4193),
    ipv6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, "link-local", 4291),
    ipv6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, "multicast", 4291),
];

const fn ipv4(
    octets: [u8; 4],
    prefix: u8,
    purpose: &'static str,
    rfc: u16,
) -> Special<subnet::Network> {
    Special { range: subnet::Network::of(u32::from_be_bytes(octets), prefix), purpose, rfc }
}

const fn ipv6(
    groups: [u16; 8],
    prefix: u8,
    purpose: &'static str,
    rfc: u16,
) -> Special<ipv6::Network> {
    let mut address = 0;
    let mut group = 0;
    while group < 8 {
        address = address << 16 | groups[group] as u128;
        group += 1;
    }
    Special { range: ipv6::Network::of(address, prefix), purpose, rfc }
}
