//! The worked examples in full, and the width of every text.
//!
//! The tests of the program run the files under `worked` as commands.

use addresses::byte_order::{Integer, Order};
use addresses::multicast::{mac_of_group, mac_of_ipv6_group};
use addresses::{ipv6, read, subnet, working};
use proptest::prelude::*;

#[test]
fn each_worked_example_is_printed_as_its_file_says() {
    #[track_caller]
    fn check(text: &str, file: &str) {
        let (_command, expected) = file.split_once('\n').unwrap();
        assert_eq!(text, expected);
    }
    let ipv4 = |text| read::ipv4(text).unwrap();
    check(
        &working::bytes(16_909_060, Integer::U32, Order::Little),
        include_str!("worked/bytes-u32.txt"),
    );
    check(&working::bytes(-2, Integer::I16, Order::Little), include_str!("worked/bytes-i16.txt"));
    check(&working::subnet(ipv4("10.0.0.0"), 24), include_str!("worked/subnet-24.txt"));
    check(&working::subnet(ipv4("200.201.145.128"), 26), include_str!("worked/subnet-26.txt"));
    check(&working::class(ipv4("150.164.34.99")), include_str!("worked/class.txt"));
    check(&working::mac_of_group(ipv4("224.202.20.30")).unwrap(), include_str!("worked/mac.txt"));
}

#[test]
fn on_a_big_endian_machine_htonl_changes_nothing() {
    let text = working::bytes(16_909_060, Integer::U32, Order::Big);
    for line in [
        "  this machine's (big)    01 02 03 04  to_ne_bytes",
        "  htonl(16909060)                = 16909060",
    ] {
        assert!(text.lines().any(|other| other == line), "{text}");
    }
}

proptest! {
    #[test]
    fn every_text_fits_80_columns(
        address in any::<u32>(),
        other in any::<u32>(),
        prefix in 0..=32_u8,
        more in 0..=32_u8,
        other_prefix in 0..=32_u8,
        distance in 0..=32_u32,
    ) {
        let near = address ^ other.checked_shr(distance).unwrap_or(0);
        let whole = subnet::Network::of(address, prefix);
        check(&working::subnet(address, prefix))?;
        check(&working::same(address, near, prefix))?;
        check(&working::split(whole, (prefix + more).min(32)))?;
        check(&working::join(whole, subnet::Network::of(near, other_prefix)))?;
        check(&working::join(whole, subnet::Network::of(near, prefix)))?;
        check(&working::class(address))?;
        check(&working::broadcasts(address, prefix))?;
        let group = 0xe000_0000 | address >> 4;
        check(&working::mac_of_group(group).unwrap())?;
        check(&working::groups(mac_of_group(group).unwrap()).unwrap())?;
    }

    #[test]
    fn every_text_about_ipv6_fits_80_columns(
        address in any::<u128>(),
        other in any::<u128>(),
        prefix in 0..=128_u8,
        more in 0..=128_u8,
        other_prefix in 0..=128_u8,
        distance in 0..=128_u32,
    ) {
        let near = address ^ other.checked_shr(distance).unwrap_or(0);
        let whole = ipv6::Network::of(address, prefix);
        check(&working::subnet_ipv6(address, prefix))?;
        check(&working::same_ipv6(address, near, prefix))?;
        check(&working::split_ipv6(whole, prefix.saturating_add(more).min(128)))?;
        check(&working::join_ipv6(whole, ipv6::Network::of(near, other_prefix)))?;
        check(&working::join_ipv6(whole, ipv6::Network::of(near, prefix)))?;
        let group = 0xff << 120 | address >> 8;
        check(&working::mac_of_ipv6_group(group).unwrap())?;
        check(&working::groups(mac_of_ipv6_group(group).unwrap()).unwrap())?;
    }

    #[test]
    fn every_text_about_bytes_fits_80_columns(number in any::<u64>(), shift in 0..64) {
        for integer in Integer::ALL {
            let number = i128::from(number >> shift) & integer.most();
            for number in [number, integer.least() + number, integer.most()] {
                for order in [Order::Big, Order::Little] {
                    check(&working::bytes(number, integer, order))?;
                }
            }
        }
    }
}

#[test]
fn the_longest_special_range_fits_too() {
    for row in addresses::special::IPV4 {
        check(&working::subnet(row.range.address(), row.range.prefix())).unwrap();
    }
    for row in addresses::special::IPV6 {
        check(&working::subnet_ipv6(row.range.address(), row.range.prefix())).unwrap();
    }
}

fn check(text: &str) -> Result<(), TestCaseError> {
    for line in text.lines() {
        prop_assert!(line.chars().count() <= 80, "{}\n{}", line, text);
        prop_assert_eq!(line, line.trim_end());
    }
    prop_assert!(text.ends_with('\n'));
    Ok(())
}
