//! The walk itself: what to ask next, and when it is over.

use std::collections::VecDeque;
use std::time::Instant;

use async_snmp::{Oid, VarBind};
use bytes::Bytes;

use crate::message::{self, Heard};

pub use crate::message::{Failure, Plan, Question};

/// A walk without a socket and without a clock.
///
/// Call [`step`](Walk::step) and do what it says, again and again, and pass every datagram that
/// comes meanwhile to [`hear`](Walk::hear).
#[derive(Debug)]
pub struct Walk {
    plan: Plan,
    /// The current question, until it is answered.
    question: Question,
    request_id: i32,
    /// How often the question has been sent.
    tries: u32,
    /// Until when to wait for the answer, once the question has been sent.
    until: Option<Instant>,
    /// The name of the last row, or of the root at first.
    last: Oid,
    /// The number of rows so far.
    rows: u64,
    /// The number of questions that have been answered.
    answered: u64,
    /// How many datagrams did not answer the current question.
    strays: u64,
    /// The lines to print.
    lines: VecDeque<Line>,
    end: Option<Result<End, Failure>>,
}

/// The next step of a walk.
#[derive(Debug)]
pub enum Step {
    /// Print this.
    Print(Line),
    /// Send this datagram to the agent. It is sent again if it is not answered in time.
    Send(Bytes),
    /// Wait until a datagram comes, or until this time.
    Wait(Instant),
    /// It is over.
    End(Result<End, Failure>),
}

/// A line that a walk prints.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// A row.
    Row(VarBind),
    /// The agent has no further row; SNMPv1 says so by an error (noSuchName).
    EndOfMib,
}

/// How a complete walk has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All rows have been printed.
    All,
    /// The agent has neither rows below the name nor a row of that name.
    Nothing,
    /// The largest wanted number of rows has been printed, and there may be more.
    Enough,
}

impl Walk {
    /// A walk that numbers its questions from `request_id` on.
    ///
    /// # Errors
    ///
    /// The root cannot be sent: the text says why.
    pub fn new(plan: Plan, request_id: i32) -> Result<Walk, String> {
        let last = sendable(&plan.root);
        let question = Question::next(&plan, last.clone());
        let walk = Walk {
            question,
            request_id: request_id & i32::MAX,
            tries: 0,
            until: None,
            last,
            rows: 0,
            answered: 0,
            strays: 0,
            lines: VecDeque::new(),
            end: None,
            plan,
        };
        walk.encoded().map(|_| walk)
    }

    /// The next step at the time `now`.
    pub fn step(&mut self, now: Instant) -> Step {
        if let Some(line) = self.lines.pop_front() {
            return Step::Print(line);
        }
        if let Some(end) = &self.end {
            return Step::End(end.clone());
        }
        match self.until {
            Some(until) if now < until => Step::Wait(until),
            _ if self.tries <= self.plan.retries => self.send(now),
            _ => {
                self.end = Some(Err(self.silence()));
                self.step(now)
            }
        }
    }

    /// Takes a datagram from the agent's address. If it does not answer the current question, it
    /// changes nothing: it is a late answer to an earlier question, or comes from another program.
    pub fn hear(&mut self, datagram: &[u8]) {
        if self.end.is_some() || self.until.is_none() {
            return;
        }
        match message::read(datagram, &self.plan, self.request_id) {
            Heard::Foreign => self.strays += 1,
            Heard::Undecodable(why) => {
                self.fail(Failure::Undecodable { question: self.question.clone(), why })
            }
            Heard::Refusal(status) => self.refused(status),
            Heard::Rows(rows) => self.answered(rows),
        }
    }

    /// Whether the agent has answered anything so far.
    pub fn has_heard(&self) -> bool {
        self.answered > 0
    }

    /// How many times the current question has been sent.
    pub fn tries(&self) -> u32 {
        self.tries
    }

    fn send(&mut self, now: Instant) -> Step {
        match self.encoded() {
            Ok(datagram) => {
                self.tries += 1;
                self.until = Some(now + self.plan.timeout);
                Step::Send(datagram)
            }
            // This happens only if the agent has sent a name that no message can contain.
            Err(why) => {
                self.fail(Failure::Unaskable { after: self.last.clone(), why });
                self.step(now)
            }
        }
    }

    fn encoded(&self) -> Result<Bytes, String> {
        message::write(&self.plan, &self.question, self.request_id)
    }

    fn answered(&mut self, rows: Vec<VarBind>) {
        if rows.is_empty() {
            return self.fail(Failure::Empty { question: self.question.clone() });
        }
        if let Question::Get(_) = self.question {
            self.lines.extend(rows.into_iter().map(Line::Row));
            return self.end(End::All);
        }
        for row in rows {
            self.take(row);
            // The row may have ended the walk, or made it ask for the root itself.
            if self.end.is_some() || self.until.is_none() {
                return;
            }
        }
        self.ask(Question::next(&self.plan, self.last.clone()));
    }

    // ANCHOR: take
    /// Takes a row, which must follow the last one, or ends the walk.
    fn take(&mut self, row: VarBind) {
        let is_below = row.oid.starts_with(&self.plan.root);
        if !is_below && (row.oid > self.last || self.plan.allow_unordered) {
            return self.leave();
        }
        if row.value.is_exception() {
            self.rows += 1;
            self.lines.push_back(Line::Row(row));
            return self.end(End::All);
        }
        let after = std::mem::replace(&mut self.last, row.oid.clone());
        if is_below {
            self.rows += 1;
            self.lines.push_back(Line::Row(row));
        }
        if self.last <= after && !self.plan.allow_unordered {
            self.fail(Failure::Unordered { after, came: self.last.clone() });
        } else if self.plan.max_rows == Some(self.rows) {
            self.end(End::Enough);
        }
    }
    // ANCHOR_END: take

    /// Handles the end of the rows below the root. If there were none, the root may be a row
    /// itself, so the walk asks for it.
    fn leave(&mut self) {
        match self.rows {
            0 => self.ask(Question::Get(sendable(&self.plan.root))),
            _ => self.end(End::All),
        }
    }

    fn refused(&mut self, status: i32) {
        match (&self.question, status) {
            (Question::Get(_), NO_SUCH_NAME) => self.end(End::Nothing),
            (_, NO_SUCH_NAME) => {
                self.lines.push_back(Line::EndOfMib);
                self.leave();
            }
            _ => self.fail(Failure::Refused { question: self.question.clone(), status }),
        }
    }

    fn ask(&mut self, question: Question) {
        self.question = question;
        self.answered += 1;
        self.request_id = self.request_id.wrapping_add(1) & i32::MAX;
        self.until = None;
        self.tries = 0;
        self.strays = 0;
    }

    fn silence(&self) -> Failure {
        Failure::Silence {
            question: self.question.clone(),
            tries: self.tries,
            timeout: self.plan.timeout,
            answered: self.answered,
            strays: self.strays,
        }
    }

    fn end(&mut self, end: End) {
        self.answered += 1;
        self.end = Some(Ok(end));
    }

    fn fail(&mut self, failure: Failure) {
        self.end = Some(Err(failure));
    }
}

/// There is no row with this name, or no row after it (RFC 1157, section 4.1).
const NO_SUCH_NAME: i32 = 2;

/// The name in a form that a message can contain: the first two numbers of a name share a byte
/// (X.690, 8.19.4).
fn sendable(root: &Oid) -> Oid {
    match root.arcs() {
        [] => Oid::from_slice(&[0, 0]),
        [one] => Oid::from_slice(&[*one, 0]),
        _ => root.clone(),
    }
}
