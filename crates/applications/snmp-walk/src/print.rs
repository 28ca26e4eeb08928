//! A row as a line, as `snmpwalk -On` of net-snmp 5.9 prints it.
//!
//! All texts of an agent are escaped or printed as numbers, so that no row can drive a terminal or
//! look like two rows.

use std::fmt::Write;
use std::net::Ipv4Addr;

use async_snmp::{Value, VarBind};

use crate::{Names, named};

/// Appends a row, without the end of its line. Only hexadecimal bytes take several lines.
pub fn print(row: &VarBind, names: Names, line: &mut String) {
    named(&row.oid, names, line);
    line.push_str(" = ");
    value(&row.value, line);
}

fn value(value: &Value, line: &mut String) {
    // Writing into a string never fails.
    let _ = match value {
        Value::Integer(number) => write!(line, "INTEGER: {number}"),
        Value::OctetString(bytes) => return string(bytes, line),
        Value::Null => write!(line, "NULL"),
        Value::ObjectIdentifier(oid) => write!(line, "OID: .{oid}"),
        Value::IpAddress(octets) => write!(line, "IpAddress: {}", Ipv4Addr::from(*octets)),
        Value::Counter32(number) => write!(line, "Counter32: {number}"),
        Value::Gauge32(number) => write!(line, "Gauge32: {number}"),
        Value::UInteger32(number) => write!(line, "{number}"),
        Value::TimeTicks(hundredths) => return ticks(*hundredths, line),
        Value::Counter64(number) => write!(line, "Counter64: {number}"),
        Value::Opaque(bytes) => return opaque(value, bytes, line),
        Value::NoSuchObject => {
            write!(line, "No Such Object available on this agent at this OID")
        }
        Value::NoSuchInstance => {
            write!(line, "No Such Instance currently exists at this OID")
        }
        Value::EndOfMibView => write!(
            line,
            "No more variables left in this MIB View (It is past the end of the MIB tree)"
        ),
        Value::Unknown { tag: BITS, data } => return bits(data, line),
        Value::Unknown { tag, data } => return unknown(*tag, data, line),
        Value::Nsap(bytes) => return unknown(NSAP, bytes, line),
        _ => write!(line, "a type that is not known here"),
    };
}

/// The tag of BITS in SNMPv2's first drafts; today they travel as an OCTET STRING.
const BITS: u8 = 0x03;

/// The tag of an address of OSI's network layer (RFC 1442).
const NSAP: u8 = 0x45;

/// Printable ASCII as text, and anything else in hexadecimal.
fn string(bytes: &[u8], line: &mut String) {
    let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | 9..=13);
    if bytes.is_empty() {
        return line.push_str("\"\"");
    }
    if !bytes.iter().all(is_text) {
        line.push_str("Hex-STRING: ");
        return hexadecimal(bytes, line);
    }
    line.push_str("STRING: \"");
    for byte in bytes {
        match byte {
            b'"' | b'\\' => line.extend(['\\', char::from(*byte)]),
            // net-snmp prints these unchanged, so that the rest looks like another row.
            b'\t' => line.push_str("\\t"),
            b'\n' => line.push_str("\\n"),
            b'\r' => line.push_str("\\r"),
            11 | 12 => line.push_str(if *byte == 11 { "\\v" } else { "\\f" }),
            _ => line.push(char::from(*byte)),
        }
    }
    line.push('"');
}

/// Sixteen bytes a line, and a space after each.
fn hexadecimal(bytes: &[u8], line: &mut String) {
    for (number, byte) in bytes.iter().enumerate() {
        if number > 0 && number % 16 == 0 {
            line.push('\n');
        }
        for digit in [byte >> 4, byte & 15] {
            line.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
        }
        line.push(' ');
    }
}

/// The bytes, and the numbers of the bits that are set: bit 0 is the highest one of the first byte.
fn bits(bytes: &[u8], line: &mut String) {
    line.push_str("BITS: ");
    hexadecimal(bytes, line);
    for number in 0..bytes.len() * 8 {
        if bytes[number / 8] & (0x80 >> (number % 8)) != 0 {
            let _ = write!(line, "{number} ");
        }
    }
}

fn unknown(tag: u8, bytes: &[u8], line: &mut String) {
    let _ = write!(line, "Type 0x{tag:02X}: ");
    hexadecimal(bytes, line);
}

/// The number, and the time that it means.
fn ticks(hundredths: u32, line: &mut String) {
    let seconds = hundredths / 100;
    let _ = write!(line, "Timeticks: ({hundredths}) ");
    let _ = match seconds / 86_400 {
        0 => Ok(()),
        1 => write!(line, "1 day, "),
        days => write!(line, "{days} days, "),
    };
    let (hours, minutes) = (seconds / 3_600 % 24, seconds / 60 % 60);
    let _ = write!(line, "{hours}:{minutes:02}:{:02}.{:02}", seconds % 60, hundredths % 100);
}

/// Numbers that are wrapped in an Opaque, as net-snmp does it; otherwise bytes.
fn opaque(value: &Value, bytes: &[u8], line: &mut String) {
    let _ = if let Some(number) = value.as_opaque_float() {
        floating("Float", f64::from(number), line)
    } else if let Some(number) = value.as_opaque_double() {
        floating("Float", number, line)
    } else if let Some(number) = value.as_opaque_counter64() {
        write!(line, "Opaque: Counter64: {number}")
    } else if let Some(number) = value.as_opaque_i64() {
        write!(line, "Opaque: Int64: {number}")
    } else if let Some(number) = value.as_opaque_u64() {
        write!(line, "Opaque: UInt64: {number}")
    } else {
        line.push_str("OPAQUE: ");
        hexadecimal(bytes, line);
        Ok(())
    };
}

/// Writes a number like printf's `%f`.
fn floating(kind: &str, number: f64, line: &mut String) -> std::fmt::Result {
    match number {
        number if number.is_nan() && number.is_sign_negative() => {
            write!(line, "Opaque: {kind}: -nan")
        }
        number if number.is_nan() => write!(line, "Opaque: {kind}: nan"),
        number => write!(line, "Opaque: {kind}: {number:.6}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: impl Into<Value>, expected: &str) {
        let oid = async_snmp::Oid::from_slice(&[1, 3, 6, 1]);
        let mut line = String::new();
        print(&VarBind::new(oid, value.into()), Names::Numbers, &mut line);
        assert_eq!(line, format!(".1.3.6.1 = {expected}"));
    }

    #[test]
    fn text_is_escaped_and_anything_else_is_hexadecimal() {
        check("", "\"\"");
        check("a \"b\" \\", r#"STRING: "a \"b\" \\""#);
        check("one\r\ntwo\tthree\x0b\x0c", r#"STRING: "one\r\ntwo\tthree\v\f""#);
        check("\x1b[2J", "Hex-STRING: 1B 5B 32 4A ");
        check("0123456789abcdef\0", &format!("Hex-STRING: {}\n00 ", DIGITS));
    }

    const DIGITS: &str = "30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66 ";

    #[test]
    fn time_has_days() {
        check(Value::TimeTicks(0), "Timeticks: (0) 0:00:00.00");
        check(Value::TimeTicks(12_345_678), "Timeticks: (12345678) 1 day, 10:17:36.78");
        check(Value::TimeTicks(u32::MAX), "Timeticks: (4294967295) 497 days, 2:27:52.95");
    }

    #[test]
    fn types_that_net_snmp_does_not_print_are_bytes() {
        check(Value::Nsap(vec![0x47, 0].into()), "Type 0x45: 47 00 ");
        check(Value::Unknown { tag: 0x4c, data: vec![1].into() }, "Type 0x4C: 01 ");
        check(Value::Unknown { tag: 0x03, data: vec![0, 0x81].into() }, "BITS: 00 81 8 15 ");
    }

    #[test]
    fn numbers_in_an_opaque_are_printed() {
        let float = |bytes: [u8; 4]| {
            let content = [&[0x9f, 0x78, 4], &bytes[..]].concat();
            Value::Opaque(content.into())
        };
        check(float(7.905_273_f32.to_be_bytes()), "Opaque: Float: 7.905273");
        check(float(f32::NAN.to_be_bytes()), "Opaque: Float: nan");
        check(float((-f32::NAN).to_be_bytes()), "Opaque: Float: -nan");
        check(float(f32::NEG_INFINITY.to_be_bytes()), "Opaque: Float: -inf");
        check(Value::Opaque(vec![0x9f, 0x78].into()), "OPAQUE: 9F 78 ");
    }
}
