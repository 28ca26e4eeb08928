//! The four kinds of broadcast in IPv4. Two are no longer used, and one seldom leaves its network.

use crate::class::classful_network;
use crate::subnet::{self, highest};

/// The receivers that a broadcast was meant to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broadcast {
    /// All hosts on this link, whatever their network (RFC 919).
    Limited,
    /// All hosts of one subnet (RFC 922).
    Subnet,
    /// All hosts of a network by its class, if it has no subnets.
    Net,
    /// All subnets of a network by its class (RFC 922, RFC 1812).
    AllSubnets,
}

impl Broadcast {
    /// All kinds.
    pub const ALL: [Broadcast; 4] =
        [Broadcast::Limited, Broadcast::Subnet, Broadcast::Net, Broadcast::AllSubnets];

    // ANCHOR: address
    /// The address of this kind for a host with this address and prefix, if there is one.
    ///
    /// If a network by its class has subnets, it has [`AllSubnets`](Self::AllSubnets); if it has
    /// none, it has [`Net`](Self::Net). Both have the same address, so a host outside cannot tell
    /// which one is meant.
    pub fn address(self, host: u32, prefix: u8) -> Option<u32> {
        let net = classful_network(host);
        let is_subnet = net.is_some_and(|net| prefix > net.prefix());
        match self {
            Broadcast::Limited => Some(u32::MAX),
            Broadcast::Subnet => subnet::broadcast(host, prefix),
            Broadcast::Net if is_subnet => None,
            Broadcast::AllSubnets if !is_subnet => None,
            Broadcast::Net | Broadcast::AllSubnets => {
                net.map(|net| highest(net.address(), net.prefix()))
            }
        }
    }
    // ANCHOR_END: address

    /// The name of this kind.
    pub fn name(self) -> &'static str {
        match self {
            Broadcast::Limited => "limited",
            Broadcast::Subnet => "subnet",
            Broadcast::Net => "net",
            Broadcast::AllSubnets => "all-subnets",
        }
    }

    /// Whether devices on today's networks obey it.
    pub fn is_alive(self) -> bool {
        matches!(self, Broadcast::Limited | Broadcast::Subnet)
    }
}
