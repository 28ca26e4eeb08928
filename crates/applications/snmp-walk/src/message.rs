//! The messages to an agent and from it, and the failures of a walk.

use std::fmt;
use std::time::Duration;

use async_snmp::ber::Decoder;
use async_snmp::message::CommunityMessage;
use async_snmp::pdu::{GetBulkPdu, Pdu, PduType, RequestPdu};
use async_snmp::version::CommunityVersion;
use async_snmp::{ErrorStatus, Oid, VarBind, Version};
use bytes::Bytes;

/// The settings of a walk.
#[derive(Clone, Debug)]
pub struct Plan {
    /// SNMPv1 (RFC 1157) or SNMPv2c (RFC 1901).
    pub version: CommunityVersion,
    /// The community: a password that the agent asks for, and that anyone on the way can read.
    pub community: Vec<u8>,
    /// How many rows an answer may have at most (GetBulk, SNMPv2c only). `None` asks for one row
    /// after the other.
    pub bulk: Option<u32>,
    /// The beginning of the names of all wanted rows.
    pub root: Oid,
    /// How long to wait for an answer before the question is sent again.
    pub timeout: Duration,
    /// How many times to send a question again.
    pub retries: u32,
    /// The number of rows after which to stop.
    pub max_rows: Option<u64>,
    /// Whether a row may come again, or before one that came earlier.
    pub allow_unordered: bool,
}

/// A question to an agent.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// The row of this name.
    Get(Oid),
    /// The row after this name.
    Next(Oid),
    /// At most this many rows after this name.
    Bulk(Oid, u32),
}

impl Question {
    pub(crate) fn next(plan: &Plan, after: Oid) -> Question {
        match plan.bulk {
            None => Question::Next(after),
            Some(most) => Question::Bulk(after, most),
        }
    }
}

/// Shows the kind of message, and the row that it asks for.
impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Question::Get(of) => write!(f, "Get of .{of}"),
            Question::Next(after) => write!(f, "GetNext after .{after}"),
            Question::Bulk(after, most) => write!(f, "GetBulk of {most} rows after .{after}"),
        }
    }
}

/// Why a walk has ended too early.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// No answer has come.
    Silence {
        /// The question.
        question: Question,
        /// How many times it was sent.
        tries: u32,
        /// How long the walk waited for an answer each time.
        timeout: Duration,
        /// How many questions had been answered before.
        answered: u64,
        /// How many datagrams came that were not the answer to this question.
        strays: u64,
    },
    /// The answer has come, and cannot be read.
    Undecodable {
        /// The question.
        question: Question,
        /// The error in the answer.
        why: String,
    },
    /// The agent has refused to answer.
    Refused {
        /// The question.
        question: Question,
        /// Its error status (RFC 3416, section 3).
        status: i32,
    },
    /// The answer has no rows.
    Empty {
        /// The question.
        question: Question,
    },
    /// A row does not follow the one before it, so the walk may never end.
    Unordered {
        /// The row before.
        after: Oid,
        /// The row that came.
        came: Oid,
    },
    /// The agent has sent a name that no question can contain.
    Unaskable {
        /// The name.
        after: Oid,
        /// The reason why it cannot be sent.
        why: String,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Silence { question, tries, timeout, answered, strays } => {
                let times = if *tries == 1 { "once" } else { &*format!("{tries} times") };
                write!(f, "no answer to {question}, asked {times}, {timeout:?} each: ")?;
                f.write_str(meaning(*answered, *strays))
            }
            Failure::Undecodable { question, why } => write!(
                f,
                "the answer to {question} came and cannot be decoded, so that all of its rows are \
                 lost: {why}"
            ),
            Failure::Refused { question, status } => {
                write!(f, "the agent refuses {question}: {}", ErrorStatus::from_i32(*status))?;
                match *status {
                    TOO_BIG => write!(f, "; a smaller --bulk asks for less at once"),
                    _ => Ok(()),
                }
            }
            Failure::Empty { question } => write!(f, "the answer to {question} has no rows in it"),
            Failure::Unordered { after, came } => write!(
                f,
                "the names do not increase: .{came} came after .{after}; a walk of such an agent \
                 may never end (--allow-unordered with --max-rows goes on)"
            ),
            Failure::Unaskable { after, why } => {
                write!(f, "cannot ask for what follows .{after}: {why}")
            }
        }
    }
}

impl std::error::Error for Failure {}

/// The answer would not fit into a message (RFC 3416, section 3).
const TOO_BIG: i32 = 1;

/// The possible reasons for silence, after `answered` answers and `strays` datagrams that were not
/// answers.
fn meaning(answered: u64, strays: u64) -> &'static str {
    match (answered, strays) {
        (0, 0) => {
            "an agent says nothing to a wrong community or version; or none is there, or a firewall \
             swallows what is sent"
        }
        (_, 0) => {
            "it has answered before, so it has stopped, or datagrams are lost; a longer --timeout \
             may help"
        }
        _ => {
            "only datagrams came that answer something else (another request id, version or \
             community); a longer --timeout helps if they are late"
        }
    }
}

/// The kinds of received datagrams.
pub(crate) enum Heard {
    /// It does not answer the question.
    Foreign,
    /// It seems to be the answer, but cannot be decoded.
    Undecodable(String),
    /// The answer is an error status.
    Refusal(i32),
    /// The rows of the answer.
    Rows(Vec<VarBind>),
}

/// The datagram with a question. An error says why it cannot be encoded.
pub(crate) fn write(plan: &Plan, question: &Question, request_id: i32) -> Result<Bytes, String> {
    let version = Version::from(plan.version);
    let pdu: Result<Pdu, _> = match question {
        Question::Get(of) => {
            RequestPdu::get(version, request_id, std::slice::from_ref(of)).map(Pdu::from)
        }
        Question::Next(after) => {
            RequestPdu::get_next(version, request_id, std::slice::from_ref(after)).map(Pdu::from)
        }
        Question::Bulk(after, most) => {
            let after = vec![VarBind::null(after.clone())];
            GetBulkPdu::new(version, request_id, 0, *most, after).map(Pdu::from)
        }
    };
    let community = plan.community.as_slice();
    let message = pdu.and_then(|pdu| CommunityMessage::new(plan.version, community, pdu));
    message.and_then(|message| message.encode()).map_err(|error| error.to_string())
}

// ANCHOR: read
/// The kind of a datagram, for a walk that waits for the answer with this number.
pub(crate) fn read(datagram: &[u8], plan: &Plan, request_id: i32) -> Heard {
    let decoded = CommunityMessage::decode(Bytes::copy_from_slice(datagram), <_>::default());
    let message = match decoded {
        Ok(decoded) => decoded.value,
        Err(error) if claims_to_answer(datagram, plan, request_id) => {
            return Heard::Undecodable(error.to_string());
        }
        Err(_) => return Heard::Foreign,
    };
    let (version, community, pdu) = message.into_parts();
    let Some(pdu) = pdu.standard() else { return Heard::Foreign };
    let is_ours = version == Version::from(plan.version)
        && community.as_bytes() == plan.community
        && pdu.pdu_type() == PduType::Response
        && pdu.request_id() == request_id;
    match pdu.error_status() {
        _ if !is_ours => Heard::Foreign,
        0 => Heard::Rows(pdu.varbinds().to_vec()),
        status => Heard::Refusal(status),
    }
}
// ANCHOR_END: read

/// Whether the beginning of a datagram, up to the request id, is that of the answer.
fn claims_to_answer(datagram: &[u8], plan: &Plan, request_id: i32) -> bool {
    let mut decoder = Decoder::from_slice(datagram);
    let mut head = || {
        decoder.expect_tag(async_snmp::ber::tag::universal::SEQUENCE)?;
        let version = decoder.read_integer()?;
        let community = decoder.read_octet_string()?;
        decoder.expect_tag(PduType::Response.tag())?;
        let is_ours = version == Version::from(plan.version).as_i32()
            && community == plan.community
            && decoder.read_integer()? == request_id;
        Ok::<_, Box<async_snmp::Error>>(is_ours)
    };
    head().unwrap_or(false)
}
