//! Rows for the tests of a walk.

use async_snmp::{Oid, Value};

use crate::Row;

/// The system group (RFC 3418).
pub fn system() -> Vec<Row> {
    let text = |number: u32, text: &str| value(1, number, &Value::from(text));
    vec![
        text(1, "Linux attic 6.1.0 x86_64"),
        value(1, 2, &Value::ObjectIdentifier(oid(&[1, 3, 6, 1, 4, 1, 8072, 3, 2, 10]))),
        value(1, 3, &Value::TimeTicks(12_345_678)),
        text(4, "ada@example.org"),
        text(5, "attic"),
        text(6, "below the roof"),
        value(1, 7, &Value::Integer(72)),
    ]
}

/// At least one row of every type that net-snmp can print, in each way in which it prints the type.
pub fn every_type() -> Vec<Row> {
    const FEW: &[(u8, &[u8])] = &[
        (0x02, &[0x80, 0, 0, 0]),
        (0x02, &[0xff]),
        (0x02, &[0x7f, 0xff, 0xff, 0xff]),
        (0x03, &[0x00, 0x80]),
        (0x03, &[0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x81]),
        (0x04, b""),
        (0x04, b"plain"),
        (0x04, b"a \"quoted\" back\\slash"),
        (0x04, b"ends with nothing\0"),
        (0x04, b"0123456789abcde\xff"),
        (0x04, b"0123456789abcdef\xff"),
        (0x04, b"0123456789abcdef0123456789abcdef\x01"),
        (0x04, "caf\u{e9}".as_bytes()),
        (0x04, b"\x1b[2Jcleared"),
        (0x04, b"\x7f"),
        (0x04, b"~ "),
        (0x05, b""),
        (0x06, &[0x00]),
        (0x06, &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xbf, 0x08]),
        (0x06, &[0x88, 0x37, 0x03]),
        (0x40, &[127, 0, 0, 1]),
        (0x41, &[0]),
        (0x41, &[0, 0xff, 0xff, 0xff, 0xff]),
        (0x42, &[0x64]),
        (0x42, &[0, 0xff, 0xff, 0xff, 0xff]),
        (0x43, &[0]),
        (0x43, &[0x63]),
        (0x43, &[0x00, 0x83, 0xd6, 0x00]),
        (0x43, &[0x01, 0x07, 0xac, 0x00]),
        (0x43, &[0, 0xff, 0xff, 0xff, 0xff]),
        (0x44, &[1, 2]),
        (0x44, &[]),
        (0x44, &[0x9f, 0x78, 4, 0x40, 0xfc, 0xf7, 0xcf]),
        (0x44, &[0x9f, 0x79, 8, 0x40, 0x09, 0x21, 0xfb, 0x54, 0x44, 0x2d, 0x18]),
        (0x44, &[0x9f, 0x76, 2, 0x01, 0x02]),
        (0x44, &[0x9f, 0x7a, 1, 0xfb]),
        (0x44, &[0x9f, 0x7b, 2, 0x01, 0x02]),
        (0x44, b"a string, but opaque, and of more than sixteen bytes"),
        (0x46, &[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        (0x46, &[0]),
        (0x47, &[0x2a]),
    ];
    let numbered = (1..).zip(FEW);
    let row = |(number, (tag, content)): (u32, &(u8, &[u8]))| Row {
        oid: oid(&[1, 3, 6, 1, 2, 1, 200, number, 0]),
        tag: *tag,
        content: content.to_vec(),
    };
    numbered.map(row).collect()
}

/// `count` rows of a table, like that of a switch with many ports: texts, numbers and counters.
pub fn many(count: u32) -> Vec<Row> {
    let row = |number: u32| {
        let (column, index) = (1 + number % 16, 1 + number / 16);
        let value = match column {
            1..=4 => Value::from(format!("port {index} of column {column}")),
            5..=8 => Value::Integer(number as i32 - 8_000),
            9..=11 => Value::Counter32(number.wrapping_mul(2_654_435_761)),
            12..=14 => Value::Gauge32(number),
            15 => Value::TimeTicks(number * 1_001),
            _ => Value::from(vec![number as u8, 0, 0xff, (number >> 8) as u8].as_slice()),
        };
        Row::of(oid(&[1, 3, 6, 1, 2, 1, 201, 1, 1, column, index]), &value)
    };
    (0..count).map(row).collect()
}

fn value(group: u32, number: u32, value: &Value) -> Row {
    Row::of(oid(&[1, 3, 6, 1, 2, 1, group, number, 0]), value)
}

fn oid(arcs: &[u32]) -> Oid {
    Oid::from_slice(arcs)
}
