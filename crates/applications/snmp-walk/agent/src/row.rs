//! A row of an agent's tree.

use async_snmp::ber::EncodeBuf;
use async_snmp::{Oid, Value};

/// A row: its name, and an encoded value, so that it may have any type.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub oid: Oid,
    /// The value's tag.
    pub tag: u8,
    /// The value's bytes.
    pub content: Vec<u8>,
}

impl Row {
    /// A row of this name, given as `1.3.6.1`.
    ///
    /// # Panics
    ///
    /// The name is not valid.
    pub fn new(name: &str, tag: u8, content: &[u8]) -> Row {
        let oid = Oid::parse(name).expect("a name of numbers and dots");
        Row { oid, tag, content: content.to_vec() }
    }

    /// A row whose value is of a type that can be sent.
    ///
    /// # Panics
    ///
    /// The value can only be received.
    pub fn of(oid: Oid, value: &Value) -> Row {
        let mut buffer = EncodeBuf::new();
        value.encode(&mut buffer).expect("it can be sent");
        let encoded = buffer.finish_vec();
        let header = match encoded[1] {
            short if short < 0x80 => 2,
            long => 2 + usize::from(long & 0x7f),
        };
        Row { oid, tag: encoded[0], content: encoded[header..].to_vec() }
    }

    /// A row without a value.
    pub fn null(oid: Oid) -> Row {
        Row { oid, tag: 0x05, content: Vec::new() }
    }

    /// The row that says that nothing follows this one (RFC 3416, section 4.2.2).
    pub fn end_of_mib_view(oid: Oid) -> Row {
        Row { oid, tag: 0x82, content: Vec::new() }
    }

    /// The encoded row.
    pub fn encode(&self) -> Vec<u8> {
        let mut buffer = EncodeBuf::with_capacity(self.content.len() + 64);
        let encoded = buffer.push_sequence(|buffer| {
            buffer.push_bytes(&self.content);
            buffer.push_length(self.content.len())?;
            buffer.push_tag(self.tag);
            buffer.push_oid(&self.oid)
        });
        encoded.expect("its length can be encoded");
        buffer.finish_vec()
    }
}
