//! Properties of all numbers and addresses, compared with other implementations.

use std::net::{Ipv4Addr, Ipv6Addr};

use addresses::broadcast::Broadcast;
use addresses::byte_order::{self, Integer, Order};
use addresses::class::{Class, classful_network};
use addresses::multicast::{
    end_of_ipv6_groups, groups_of_mac, lost_bits, mac_of_group, mac_of_ipv6_group,
};
use addresses::{ipv6, read, special, subnet};
use ipnet::{Ipv4Net, Ipv6Net};
use proptest::prelude::*;

// Byte order, compared with the standard library.

proptest! {
    #[test]
    fn bytes_are_those_of_the_standard_library(number in any::<u64>()) {
        macro_rules! check {
            ($($integer:ident $type:ty,)+) => {$({
                let number = number as $type;
                let integer = Integer::$integer;
                let wide = i128::from(number);
                for (order, bytes) in [
                    (Order::Big, number.to_be_bytes()),
                    (Order::Little, number.to_le_bytes()),
                    (Order::HOST, number.to_ne_bytes()),
                ] {
                    prop_assert_eq!(byte_order::bytes(wide, integer, order), bytes);
                    prop_assert_eq!(byte_order::number(&bytes, integer, order), wide);
                }
                prop_assert_eq!(byte_order::swapped(wide, integer), number.swap_bytes().into());
                let to_network = byte_order::to_network(wide, integer, Order::HOST);
                prop_assert_eq!(to_network, number.to_be().into());
                prop_assert_eq!(integer.least(), <$type>::MIN.into());
                prop_assert_eq!(integer.most(), <$type>::MAX.into());
            })+};
        }
        check!(U16 u16, U32 u32, U64 u64, I16 i16, I32 i32, I64 i64,);
    }
}

#[test]
fn numbers_read_the_wrong_way_round() {
    assert_eq!(byte_order::swapped(255, Integer::U16), 65280);
    assert_eq!(byte_order::swapped(1, Integer::U32), 16_777_216);
    assert_eq!(byte_order::swapped(-2, Integer::I16), -257);
    for (order, expected) in [(Order::Little, 65280), (Order::Big, 255)] {
        let sent = byte_order::to_network(255, Integer::U16, order);
        assert_eq!(sent, expected);
        assert_eq!(byte_order::to_network(sent, Integer::U16, order), 255);
    }
}

// Networks, compared with ipnet.

proptest! {
    #[test]
    fn a_network_is_that_of_ipnet(address in any::<u32>(), prefix in 0..=32_u8) {
        let oracle = Ipv4Net::new(Ipv4Addr::from_bits(address), prefix).unwrap();
        prop_assert_eq!(subnet::mask(prefix), oracle.netmask().to_bits());
        prop_assert_eq!(subnet::network(address, prefix), oracle.network().to_bits());
        prop_assert_eq!(subnet::highest(address, prefix), oracle.broadcast().to_bits());
        // ipnet's hosts are an iterator that knows its ends but, for a /0, not its length.
        let hosts = oracle.hosts();
        let ends = |mut hosts: ipnet::Ipv4AddrRange| (hosts.next(), hosts.next_back());
        let (first, last) = ends(hosts);
        let first = first.unwrap().to_bits();
        prop_assert_eq!(subnet::first_host(address, prefix), first);
        let last = last.map_or(first, Ipv4Addr::to_bits);
        prop_assert_eq!(subnet::last_host(address, prefix), last);
        prop_assert_eq!(subnet::hosts(prefix), u64::from(last - first) + 1);
        let broadcast = (prefix < 31).then(|| oracle.broadcast().to_bits());
        prop_assert_eq!(subnet::broadcast(address, prefix), broadcast);
        prop_assert_eq!(subnet::Network::of(address, prefix).to_string(), oracle.trunc().to_string());
    }

    #[test]
    fn a_network_holds_the_same_addresses_as_in_ipnet(
        address in any::<u32>(),
        prefix in 0..=32_u8,
        other in any::<u32>(),
        distance in 0..=32_u32,
    ) {
        let oracle = Ipv4Net::new(Ipv4Addr::from_bits(address), prefix).unwrap();
        let network = subnet::Network::of(address, prefix);
        // Two random addresses seldom have much in common.
        let near = address ^ other.checked_shr(distance).unwrap_or(0);
        for address in [other, near] {
            prop_assert_eq!(network.holds(address), oracle.contains(&Ipv4Addr::from_bits(address)));
        }
        let common = subnet::common_prefix(address, near);
        prop_assert!(subnet::Network::of(address, common).holds(near));
        if common < 32 {
            prop_assert!(!subnet::Network::of(address, common + 1).holds(near));
        }
    }

    #[test]
    fn a_network_splits_as_ipnet_splits(
        address in any::<u32>(),
        prefix in 0..=32_u8,
        more in 0..=33_u8,
    ) {
        let parts = subnet::Network::of(address, prefix).split(prefix + more).take(300);
        let parts: Vec<_> = parts.map(|part| part.to_string()).collect();
        let oracle = Ipv4Net::new(Ipv4Addr::from_bits(address), prefix).unwrap();
        let expected = oracle.subnets(prefix + more).into_iter().flatten().take(300);
        let expected: Vec<_> = expected.map(|part| part.to_string()).collect();
        prop_assert_eq!(parts, expected);
    }

    #[test]
    fn two_networks_join_if_they_are_halves(
        address in any::<u32>(),
        prefix in 1..=32_u8,
        distance in 0..=32_u32,
        other_prefix in 0..=32_u8,
    ) {
        let one = subnet::Network::of(address, prefix);
        let buddy = one.buddy().unwrap();
        let whole = one.join(buddy).unwrap();
        prop_assert_eq!(buddy.join(one), Some(whole));
        let mut halves = [one, buddy];
        halves.sort_by_key(|half| half.address());
        prop_assert_eq!(whole.split(prefix).collect::<Vec<_>>(), halves);

        let other = address ^ 1_u32.checked_shl(distance).unwrap_or(0);
        let other = subnet::Network::of(other, other_prefix);
        prop_assert_eq!(one.join(other).is_some(), other == buddy);
        let around = one.around(other);
        for part in [one, other] {
            prop_assert!(around.prefix() <= part.prefix() && around.holds(part.address()));
        }
        if around.prefix() < prefix.min(other_prefix) {
            // Any smaller network would contain only one of them.
            let holds_one_of_them = |half: subnet::Network| {
                half.holds(one.address()) != half.holds(other.address())
            };
            prop_assert!(around.split(around.prefix() + 1).all(holds_one_of_them));
        }
    }

    #[test]
    fn an_ipv6_network_is_that_of_ipnet(
        address in any::<u128>(),
        prefix in 0..=128_u8,
        other in any::<u128>(),
        distance in 0..=128_u32,
        more in 0..=10_u8,
    ) {
        let oracle = Ipv6Net::new(Ipv6Addr::from_bits(address), prefix).unwrap();
        prop_assert_eq!(ipv6::mask(prefix), oracle.netmask().to_bits());
        prop_assert_eq!(ipv6::lowest(address, prefix), oracle.network().to_bits());
        prop_assert_eq!(ipv6::highest(address, prefix), oracle.broadcast().to_bits());
        let network = ipv6::Network::of(address, prefix);
        prop_assert_eq!(network.to_string(), oracle.trunc().to_string());
        let near = address ^ other.checked_shr(distance).unwrap_or(0);
        prop_assert_eq!(network.holds(near), oracle.contains(&Ipv6Addr::from_bits(near)));
        let parts = network.split(prefix.saturating_add(more)).map(|part| part.to_string());
        let expected = oracle.subnets(prefix.saturating_add(more)).into_iter().flatten();
        let expected = expected.map(|part| part.to_string());
        prop_assert!(parts.eq(expected));
        if let Some(buddy) = network.buddy() {
            let halves = network.join(buddy).unwrap().split(prefix);
            let mut both = [network, buddy];
            both.sort_by_key(|half| half.address());
            prop_assert_eq!(halves.collect::<Vec<_>>(), both);
        }
    }
}

// Classes, special ranges and broadcasts.

proptest! {
    #[test]
    fn a_class_is_told_by_the_first_octet(address in any::<u32>()) {
        let class = Class::of(address);
        let [first, ..] = address.to_be_bytes();
        let (least, most) = class.first_octets();
        prop_assert!((least..=most).contains(&first));
        let bits = format!("{first:08b}");
        prop_assert!(bits.starts_with(class.leading_bits()));
        prop_assert_eq!(class == Class::D, Ipv4Addr::from_bits(address).is_multicast());
        let network = classful_network(address);
        prop_assert_eq!(network.map(|network| network.prefix()), class.prefix());
        prop_assert!(network.is_none_or(|network| network.holds(address)));
    }

    #[test]
    fn special_ranges_are_those_of_the_standard_library(
        address in special_address(),
        low in any::<u32>(),
    ) {
        for bits in [address, address ^ low >> 16, address ^ low >> 8, low] {
            let address = Ipv4Addr::from_bits(bits);
            let purpose = special::of_ipv4(bits).map(|special| special.purpose);
            prop_assert_eq!(purpose == Some("private"), address.is_private());
            prop_assert_eq!(purpose == Some("loopback"), address.is_loopback());
            prop_assert_eq!(purpose == Some("link-local"), address.is_link_local());
            prop_assert_eq!(purpose == Some("multicast"), address.is_multicast());
            prop_assert_eq!(purpose == Some("documentation"), address.is_documentation());
            prop_assert_eq!(purpose == Some("limited broadcast"), address.is_broadcast());
        }
    }

    #[test]
    fn broadcasts_are_highest_addresses(host in any::<u32>(), prefix in 0..=32_u8) {
        for kind in Broadcast::ALL {
            let Some(address) = kind.address(host, prefix) else { continue };
            prop_assert_eq!(address & 1, 1);
            let reached = match kind {
                Broadcast::Limited => subnet::Network::of(host, 0),
                Broadcast::Subnet => subnet::Network::of(host, prefix),
                Broadcast::Net | Broadcast::AllSubnets => classful_network(host).unwrap(),
            };
            prop_assert_eq!(address, subnet::highest(reached.address(), reached.prefix()));
        }
        let of = |kind: Broadcast| kind.address(host, prefix);
        prop_assert!(of(Broadcast::Net).is_none() || of(Broadcast::AllSubnets).is_none());
    }
}

fn special_address() -> impl Strategy<Value = u32> {
    (0..special::IPV4.len()).prop_map(|row| special::IPV4[row].range.address())
}

/// The blocks of IANA's registries of special-purpose addresses, as of 2025, each with the RFC that
/// defined it first. They come from a copy of the registries, and not from the table that they check.
const REGISTRIES: &str = "
    0.0.0.0/32 1122 / 0.0.0.0/8 791 / 10.0.0.0/8 1918 / 100.64.0.0/10 6598 / 127.0.0.0/8 1122
    169.254.0.0/16 3927 / 172.16.0.0/12 1918 / 192.0.0.0/24 6890 / 192.0.0.0/29 7335
    192.0.0.8/32 7600 / 192.0.0.9/32 7723 / 192.0.0.10/32 8155 / 192.0.0.170/31 8880
    192.0.2.0/24 5737 / 192.31.196.0/24 7535 / 192.52.193.0/24 7450 / 192.88.99.0/24 7526
    192.88.99.2/32 6751 / 192.168.0.0/16 1918 / 192.175.48.0/24 7534 / 198.18.0.0/15 2544
    198.51.100.0/24 5737 / 203.0.113.0/24 5737 / 240.0.0.0/4 1112 / 255.255.255.255/32 919
    ::1/128 4291 / ::/128 4291 / ::ffff:0.0.0.0/96 4291 / 64:ff9b::/96 6052
    64:ff9b:1::/48 8215 / 100::/64 6666 / 100:0:0:1::/64 9780 / 2001::/23 2928 / 2001::/32 4380
    2001:1::1/128 7723 / 2001:1::2/128 8155 / 2001:1::3/128 9665 / 2001:2::/48 5180
    2001:3::/32 7450 / 2001:4:112::/48 7535 / 2001:10::/28 4843 / 2001:20::/28 7343
    2001:30::/28 9374 / 2001:db8::/32 3849 / 2002::/16 3056 / 2620:4f:8000::/48 7534
    3fff::/20 9637 / 5f00::/16 9602 / fc00::/7 4193 / fe80::/10 4291";

#[test]
fn each_block_of_the_registries_has_its_row() {
    let ipv4 = special::IPV4.iter().map(|row| format!("{} {}", row.range, row.rfc));
    let ipv6 = special::IPV6.iter().map(|row| format!("{} {}", row.range, row.rfc));
    let mut rows: Vec<_> = ipv4.chain(ipv6).collect();
    // IANA keeps the groups in registries of their own.
    rows.retain(|row| !row.starts_with("224.0.0.0/4 ") && !row.starts_with("ff00::/8 "));
    let blocks = REGISTRIES.lines().flat_map(|line| line.split(" / ")).map(str::trim);
    let mut blocks: Vec<_> = blocks.filter(|block| !block.is_empty()).collect();
    rows.sort();
    blocks.sort_unstable();
    assert_eq!(rows, blocks);
}

#[test]
fn an_address_has_the_purpose_of_the_smallest_range_that_holds_it() {
    for row in special::IPV4 {
        let (begin, prefix) = (row.range.address(), row.range.prefix());
        for address in [begin, subnet::highest(begin, prefix)] {
            let holding = special::IPV4.iter().filter(|row| row.range.holds(address));
            let smallest = holding.max_by_key(|row| row.range.prefix());
            assert_eq!(special::of_ipv4(address), smallest.copied());
        }
    }
    for row in special::IPV6 {
        let (begin, prefix) = (row.range.address(), row.range.prefix());
        for address in [begin, ipv6::highest(begin, prefix)] {
            let holding = special::IPV6.iter().filter(|row| row.range.holds(address));
            let smallest = holding.max_by_key(|row| row.range.prefix());
            assert_eq!(special::of_ipv6(address), smallest.copied());
        }
    }
    for address in ["200.201.145.128", "2a00::1"] {
        match read::address(address).unwrap() {
            read::Address::V4(address) => assert_eq!(special::of_ipv4(address), None),
            read::Address::V6(address) => assert_eq!(special::of_ipv6(address), None),
        }
    }
}

// Multicast.

proptest! {
    #[test]
    fn a_group_is_one_of_the_32_of_its_mac(low in 0..1_u32 << 28) {
        let group = 0xe000_0000 | low;
        let mac = mac_of_group(group).unwrap();
        let groups = groups_of_mac(mac).unwrap();
        prop_assert_eq!(groups[usize::from(lost_bits(group))], group);
        prop_assert!(groups.is_sorted_by(|one, next| one < next));
        for group in groups {
            prop_assert_eq!(mac_of_group(group), Some(mac));
        }
        prop_assert_eq!(read::mac(&mac.to_string()), Ok(mac));
    }

    #[test]
    fn an_ipv6_group_and_its_mac_end_alike(low in 0..1_u128 << 120) {
        let group = 0xff << 120 | low;
        let mac = mac_of_ipv6_group(group).unwrap();
        prop_assert_eq!(end_of_ipv6_groups(mac), Some(group as u32));
        prop_assert_eq!(groups_of_mac(mac), None);
    }

    #[test]
    fn an_address_that_is_not_a_group_has_no_mac(address in any::<u32>(), wide in any::<u128>()) {
        let is_group = Ipv4Addr::from_bits(address).is_multicast();
        prop_assert_eq!(mac_of_group(address).is_some(), is_group);
        let is_group = Ipv6Addr::from_bits(wide).is_multicast();
        prop_assert_eq!(mac_of_ipv6_group(wide).is_some(), is_group);
    }
}

#[test]
fn three_groups_share_a_mac() {
    let mac = |group: &str| mac_of_group(read::ipv4(group).unwrap()).unwrap().to_string();
    for group in ["224.202.20.30", "239.202.20.30", "224.74.20.30"] {
        assert_eq!(mac(group), "01:00:5e:4a:14:1e");
    }
    let [one, other] = ["224.202.20.30", "224.74.20.30"].map(|group| read::ipv4(group).unwrap());
    assert_eq!(one ^ other, 1 << 23, "only the lost bit differs");
}

// Typed texts.

proptest! {
    #[test]
    fn addresses_are_read_as_the_standard_library_reads_them(
        text in "[0-9.]{0,16}|([0-9]{1,3}[.]){3}[0-9]{1,3}",
        wide in "[0-9a-f:.]{0,20}|([0-9a-f]{1,4}:){1,7}(:[0-9a-f]{1,4}){0,3}",
    ) {
        let expected = text.parse::<Ipv4Addr>().ok().map(Ipv4Addr::to_bits);
        prop_assert_eq!(read::ipv4(&text).ok(), expected);
        if wide.contains(':') {
            let expected = wide.parse::<Ipv6Addr>().ok().map(Ipv6Addr::to_bits);
            prop_assert_eq!(read::address(&wide).ok(), expected.map(read::Address::V6));
        }
    }

    #[test]
    fn any_text_is_read_or_shown_back_with_carets_below(
        text in prop_oneof![any::<String>(), nearly_right()],
    ) {
        for error in errors_of(&text) {
            let shown = error.to_string();
            let drives = |sign: char| sign.is_control() || sign == '\u{202e}';
            let lines: Vec<_> = shown.split('\n').collect();
            prop_assert!(!lines.iter().any(|line| line.contains(drives)), "{}", shown);
            let [_why, _text, carets] = lines[..] else {
                return Err(TestCaseError::fail(shown));
            };
            prop_assert!(carets.trim_start().starts_with('^'), "it does not show where: {}", shown);
        }
    }
}

/// The errors that every reader reports for a text.
fn errors_of(text: &str) -> Vec<read::Wrong> {
    let mut errors = vec![
        read::address(text).err(),
        read::ipv6(text).err(),
        read::address_and_prefix(text).err(),
        read::ipv4_and_prefix(text).err(),
        read::prefix(text, 32).err(),
        read::prefix(text, 128).err(),
        read::number(text).err(),
        read::mac(text).err(),
        read::group(text).err(),
        read::mac_of_groups(text).err(),
        read::bytes(text).err(),
    ];
    errors.extend(Integer::ALL.iter().map(|integer| read::integer(text, *integer).err()));
    errors.into_iter().flatten().collect()
}

/// Texts made of pieces of right ones. They may contain a character of several bytes, so a place in
/// the text can easily be in the middle of a character.
fn nearly_right() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "0",
        "1",
        "255",
        "256",
        "00",
        "0x",
        "0X",
        "-",
        "+",
        ".",
        "..",
        ":",
        "::",
        "/",
        "32",
        "128",
        "129",
        "ff",
        "FF",
        "fe80",
        "01:00:5e",
        "e0",
        "224.",
        "10.0.0.",
        "::ffff:",
        "%eth0",
        " ",
        "_",
        "é",
        "０",
        "🦀",
        "\u{202e}",
        "\n",
        "99999999999999999999999999999999999999999",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 0..12).prop_map(|pieces| pieces.concat())
}
