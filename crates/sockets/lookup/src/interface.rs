//! Links, and the interfaces that lead to them.

use std::net::Ipv6Addr;

use nix::net::if_::{if_nameindex, if_nametoindex};

/// Whether the address belongs to one link or to one interface (RFC 4291, sections 2.5.6 and 2.7).
/// The kernel needs to know the interface for these, and ignores it for all others.
pub fn is_of_one_link(address: Ipv6Addr) -> bool {
    let scope = address.segments()[0] & 0xf;
    address.is_unicast_link_local() || (address.is_multicast() && matches!(scope, 1 | 2))
}

/// The index of the interface with this name or index, if it exists. If a name looks like a number,
/// the name is preferred, as getaddrinfo(3) does.
pub(crate) fn index(zone: &str) -> Option<u32> {
    let by_name = || if_nametoindex(zone).ok();
    let by_index = || {
        let index: u32 = zone.parse().ok()?;
        let exists = if_nameindex().ok()?.iter().any(|interface| interface.index() == index);
        exists.then_some(index)
    };
    by_name().or_else(by_index)
}

/// The names of the interfaces of this machine, made safe to show: Linux allows all bytes but `/`,
/// `:` and white space in them.
pub(crate) fn names() -> Vec<String> {
    let interfaces = if_nameindex();
    let interfaces = interfaces.iter().flat_map(|interfaces| interfaces.iter());
    let shown = |name: &std::ffi::CStr| name.to_string_lossy().escape_debug().to_string();
    interfaces.map(|interface| shown(interface.name())).collect()
}
