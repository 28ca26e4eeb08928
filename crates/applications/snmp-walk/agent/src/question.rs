//! Questions to an agent, and its answers.

use std::net::SocketAddr;

use async_snmp::ber::EncodeBuf;
use async_snmp::message::CommunityMessage;
use async_snmp::pdu::PduType;
use async_snmp::{Oid, Version};
use bytes::Bytes;

use crate::Row;

/// A question to an agent.
#[derive(Clone, Debug)]
pub struct Question {
    /// The sender of the question.
    pub from: SocketAddr,
    /// SNMPv1 or SNMPv2c.
    pub version: Version,
    /// The community, which serves as a password.
    pub community: Vec<u8>,
    /// The number that the answer must have.
    pub request_id: i32,
    /// Get, GetNext or GetBulk.
    pub kind: PduType,
    /// How many rows a GetBulk asks for at most; 1 for other questions.
    pub repetitions: u32,
    /// The name of the wanted row or, for GetNext and GetBulk, of the row before.
    pub oid: Oid,
}

impl Question {
    /// Reads a request for one variable. `None` if the datagram is anything else.
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

    /// The answer with these rows.
    pub fn answer(&self, rows: impl IntoIterator<Item = Row>) -> Vec<u8> {
        Answer::to(self).with(rows).encode()
    }

    /// The answer with an error status, which gives back the row of the question (RFC 1157, section
    /// 4.1.3): 2 is noSuchName, 5 genErr.
    pub fn refusal(&self, status: i32) -> Vec<u8> {
        let asked = Row::null(self.oid.clone());
        Answer { status, index: 1, ..Answer::to(self).with([asked]) }.encode()
    }
}

/// An answer of an agent. A test can make every field wrong.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The version, as its number on the wire: 0 is v1, 1 is v2c.
    pub version: i32,
    /// The community.
    pub community: Vec<u8>,
    /// The tag of the PDU, 0xa2 for a response.
    pub tag: u8,
    /// The number of the question that it answers.
    pub request_id: i32,
    /// The error status; 0 is none.
    pub status: i32,
    /// The variable that the error is about, from 1 on.
    pub index: i32,
    /// The rows, each encoded.
    pub rows: Vec<u8>,
}

impl Answer {
    /// An answer to this question, without rows.
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

    /// The same answer with these rows added at the end.
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
        encoded.expect("its length can be encoded");
        buffer.finish_vec()
    }
}
