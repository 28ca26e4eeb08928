//! An agent that answers correctly.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use async_snmp::pdu::PduType;
use async_snmp::{Oid, Version};

use crate::{Answer, Question, Row};

/// How many bytes of rows an answer has at most, so that it passes an Ethernet without fragments.
const ROOM: usize = 1_400;

/// noSuchName (RFC 1157, section 4.1.6).
const NO_SUCH_NAME: i32 = 2;

/// A tree whose rows never change.
#[derive(Clone, Debug)]
pub struct Frozen {
    community: Vec<u8>,
    /// The rows, encoded.
    rows: BTreeMap<Oid, Vec<u8>>,
}

impl Frozen {
    /// A tree of these rows, for the community `public`. If two rows have the same name, the later
    /// one counts.
    pub fn new(rows: impl IntoIterator<Item = Row>) -> Frozen {
        let rows = rows.into_iter().map(|row| (row.oid.clone(), row.encode()));
        Frozen { community: b"public".to_vec(), rows: rows.collect() }
    }

    /// The number of its rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Answers like an agent, which does not answer another community.
    pub fn answer(&self, question: &Question) -> Vec<Vec<u8>> {
        if question.community != self.community {
            return Vec::new();
        }
        vec![match question.kind {
            PduType::GetRequest => self.get(question),
            _ => self.next(question),
        }]
    }

    fn get(&self, question: &Question) -> Vec<u8> {
        match self.rows.get(&question.oid) {
            Some(row) => Answer { rows: row.clone(), ..Answer::to(question) }.encode(),
            None if question.version == Version::V1 => question.refusal(NO_SUCH_NAME),
            None => question.answer([Row { tag: 0x80, ..Row::null(question.oid.clone()) }]),
        }
    }

    fn next(&self, question: &Question) -> Vec<u8> {
        let mut following = self.rows.range((Excluded(&question.oid), Unbounded));
        let mut answer = Answer::to(question);
        let mut last = question.oid.clone();
        for _ in 0..question.repetitions.max(1) {
            let Some((oid, row)) = following.next() else {
                return match question.version {
                    Version::V1 => question.refusal(NO_SUCH_NAME),
                    _ => answer.with([Row::end_of_mib_view(last)]).encode(),
                };
            };
            if !answer.rows.is_empty() && answer.rows.len() + row.len() > ROOM {
                break;
            }
            answer.rows.extend(row);
            last = oid.clone();
        }
        answer.encode()
    }
}
