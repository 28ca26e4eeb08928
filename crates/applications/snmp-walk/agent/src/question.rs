//! What an agent is asked, and what it says.

use std::net::SocketAddr;

use async_snmp::ber::EncodeBuf;
use async_snmp::message::CommunityMessage;
use async_snmp::pdu::PduType;
use async_snmp::{Oid, Version};
use bytes::Bytes;

use crate::Row;

/// What an agent is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// Who asks.
    pub from: SocketAddr,
    /// SNMPv1 or SNMPv2c.
    pub version: Version,
    /// The community, which stands for a password.
    pub community: Vec<u8>,
    /// The number that the answer has to bear.
    pub request_id: i32,
    /// Get, GetNext or GetBulk.
    pub kind: PduType,
    /// How many rows a GetBulk asks for at most; 1 for the others.
    pub repetitions: u32,
    /// Which row is asked for, or after which one.
    pub oid: Oid,
}

impl Question {
    /// Reads a request of one variable; anything else is none.
    pub fn read(datagram: &[u8], from: SocketAddr) -> Option<Question> {
        let decoded = CommunityMessage::decode(Bytes::copy_from_slice(datagram), <_>::default());
        let (version, community, pdu) = decoded.ok()?.value.into_parts();
        let pdu = pdu.standard()?;
        let [asked] = pdu.varbinds() else { return None };
        Some(Question {
            from,
            version,
            community: community.as_bytes().to_vec(),
            request_id: pdu.request_id(),
            kind: pdu.pdu_type(),
            repetitions: pdu.get_bulk_fields().map_or(1, |(_, repetitions)| repetitions),
            oid: asked.oid.clone(),
        })
    }

    /// The answer of these rows.
    pub fn answer(&self, rows: impl IntoIterator<Item = Row>) -> Vec<u8> {
        Answer::to(self).with(rows).encode()
    }

    /// The answer that says what is wrong, and gives back the row that was asked for (RFC 1157,
    /// section 4.1.3): 2 is noSuchName, 5 genErr.
    pub fn refusal(&self, status: i32) -> Vec<u8> {
        let asked = Row::null(self.oid.clone());
        Answer { status, index: 1, ..Answer::to(self).with([asked]) }.encode()
    }
}

/// What an agent says. Every field can be made wrong.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The version, as its number on the wire: 0 is v1, 1 is v2c.
    pub version: i32,
    /// The community.
    pub community: Vec<u8>,
    /// The tag of the PDU, 0xa2 for a response.
    pub tag: u8,
    /// Which question it answers.
    pub request_id: i32,
    /// The error status; 0 is none.
    pub status: i32,
    /// Which variable the error is about, from 1 on.
    pub index: i32,
    /// The rows, each encoded.
    pub rows: Vec<u8>,
}

impl Answer {
    /// The answer to this question, so far without rows.
    pub fn to(question: &Question) -> Answer {
        Answer {
            version: question.version.as_i32(),
            community: question.community.clone(),
            tag: PduType::Response.tag(),
            request_id: question.request_id,
            status: 0,
            index: 0,
            rows: Vec::new(),
        }
    }

    /// The same with these rows behind those that it has.
    pub fn with(mut self, rows: impl IntoIterator<Item = Row>) -> Answer {
        for row in rows {
            self.rows.extend(row.encode());
        }
        self
    }

    /// The datagram. The buffer is written from its end to its beginning.
    pub fn encode(&self) -> Vec<u8> {
        let mut buffer = EncodeBuf::with_capacity(self.rows.len() + 64);
        let encoded = buffer.push_sequence(|buffer| {
            buffer.push_constructed(self.tag, |buffer| {
                buffer.push_sequence(|buffer| {
                    buffer.push_bytes(&self.rows);
                    Ok(())
                })?;
                buffer.push_integer(self.index);
                buffer.push_integer(self.status);
                buffer.push_integer(self.request_id);
                Ok(())
            })?;
            buffer.push_octet_string(&self.community)?;
            buffer.push_integer(self.version);
            Ok(())
        });
        encoded.expect("it is no longer than a length can say");
        buffer.finish_vec()
    }
}
