use super::{bits, dotted, grouped};
use crate::class::{Class, classful_network};
use crate::subnet::{hosts, mask};

/// The class of an address, beside the others, and why classes are no longer used.
pub fn class(address: u32) -> String {
    let class = Class::of(address);
    let leading = class.leading_bits();
    let dotted_address = dotted(address);
    let mut text = format!("{dotted_address} is of class {class:?}\n\n");
    let border = class.prefix().unwrap_or(leading.len() as u8);
    text += &format!("  {dotted_address:<16} {}\n", bits(address, border));
    let by_these = format!("{leading:<4} begins class {class:?}");
    text += &format!("  {:<16} {by_these}\n\n", "");
    text += "  class  bits  first octet  prefix    networks  hosts in each\n";
    for row in Class::ALL {
        let (least, most) = row.first_octets();
        let first = format!("{least} to {most}");
        let rest = match (row.prefix(), row.networks()) {
            (Some(prefix), Some(networks)) => format!(
                "{:<7} {:>10}  {:>13}",
                format!("/{prefix}"),
                grouped(networks),
                grouped(hosts(prefix))
            ),
            _ if row == Class::D => format!("{:<33}", "multicast groups, no networks"),
            _ => format!("{:<33}", "reserved"),
        };
        let mark = if row == class { "  <" } else { "" };
        let line = format!("  {row:?}      {:<5} {first:<12} {rest}{mark}", row.leading_bits());
        text += &format!("{}\n", line.trim_end());
    }
    text += "\nwhy\n";
    text += &match classful_network(address) {
        Some(network) => {
            let (own, prefix) = (network.address(), network.prefix());
            format!(
                "  The first octet is {:08b}: {}.\n\
                 \x20 So the network was {}, its mask {},\n\
                 \x20 and the host in it {}.\n",
                address >> 24,
                said(class),
                dotted(own),
                dotted(mask(prefix)),
                dotted(address - own),
            )
        }
        None => format!("  The first octet is {:08b}: {}.\n", address >> 24, said(class)),
    };
    text += "
why they died
  A host's address told its network's size, so there were three sizes.
  For most a C (254 hosts) was too small and a B (65,534) far too large;
  they took a B, and the Bs were running out. Or they took many Cs, and every
  router of the Internet had to know each.
  Since 1993 the prefix is written beside the address (CIDR, RFC 1519, now
  RFC 4632): a network has the size that is needed, and many networks can be
  told to the world as one. Only D and E are still what they were.
";
    text
}

fn said(class: Class) -> &'static str {
    match class {
        Class::A => "it begins with 0",
        Class::B => "one 1, then 0",
        Class::C => "two 1s, then 0",
        Class::D => "three 1s, then 0, a multicast group (RFC 5771)",
        Class::E => "four 1s, reserved (RFC 1112, section 4)",
    }
}
