use super::{bits, dotted};
use crate::broadcast::Broadcast;
use crate::class::{Class, classful_network};
use crate::subnet::Network;

/// The four kinds of broadcast for a host with this address and prefix.
pub fn broadcasts(host: u32, prefix: u8) -> String {
    let net = classful_network(host);
    let mut text = format!("broadcasts for {}/{prefix}\n\n", dotted(host));
    let border = |kind: Broadcast| match kind {
        Broadcast::Limited => Some(0),
        Broadcast::Subnet => Some(prefix),
        Broadcast::Net | Broadcast::AllSubnets => net.map(Network::prefix),
    };
    for kind in Broadcast::ALL {
        let row = match kind.address(host, prefix).zip(border(kind)) {
            Some((address, border)) => {
                format!("{:<16} {}", dotted(address), bits(address, border))
            }
            None => "none".to_owned(),
        };
        let alive = if kind.is_alive() { "alive" } else { "dead" };
        text += &format!("  {:<12} {alive:<6} {row}\n", kind.name());
    }
    let subnet = Network::of(host, prefix);
    let by_class = match net {
        Some(net) => format!("{net}, by class {:?}", Class::of(host)),
        None => "no network, by its class".to_owned(),
    };
    text + &format!(
        "
why
  limited      All 32 bits are 1: everyone on this link, whatever the network.
               No router passes it on (RFC 919). A host that has no address
               yet asks for one in this way (DHCP).
  subnet       The host bits are 1: everyone in {subnet}.
               It works on the link itself. From elsewhere a router could be
               asked to let it out there, and one packet brought back hundreds
               (smurf, 1998). Since then routers drop it unless they are told
               otherwise (RFC 2644).
  net          The same for {by_class},
               if that is not divided. Without classes it is the broadcast
               of a prefix like any other (RFC 1812, section 5.3.5).
  all-subnets  The same address, if it is divided: everyone in each part.
               No host outside can tell which is meant, and without
               classes it means nothing at all (RFC 1812, section 5.3.5.3).

  IPv6 has no broadcast. The group ff02::1 is everyone on the link.
"
    )
}
