//! The four kinds of broadcast in IPv4, of which two are dead and one seldom leaves home.

use crate::class::classful_network;
use crate::subnet::{self, highest};

/// To whom a broadcast was meant to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broadcast {
    /// To all on this link, whatever its network (RFC 919).
    Limited,
    /// To all of one subnet (RFC 922).
    Subnet,
    /// To all of a network by its class, which has no subnets.
    Net,
    /// To all subnets of a network by its class (RFC 922, RFC 1812).
    AllSubnets,
}

impl Broadcast {
    /// All there are.
    pub const ALL: [Broadcast; 4] =
        [Broadcast::Limited, Broadcast::Subnet, Broadcast::Net, Broadcast::AllSubnets];

    // ANCHOR: address
    /// The address of this kind for a host with this address and prefix, if there is one.
    ///
    /// A network by its class has either subnets, then it has [`AllSubnets`](Self::AllSubnets), or
    /// none, then it has [`Net`](Self::Net) and no other: the address is the same, and nobody
    /// outside can tell which is meant.
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

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Broadcast::Limited => "limited",
            Broadcast::Subnet => "subnet",
            Broadcast::Net => "net",
            Broadcast::AllSubnets => "all-subnets",
        }
    }

    /// Whether anything on today's networks obeys it.
    pub fn is_alive(self) -> bool {
        matches!(self, Broadcast::Limited | Broadcast::Subnet)
    }
}
