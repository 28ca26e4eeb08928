//! The walk itself: what to ask next, and when it is over.

use std::collections::VecDeque;
use std::time::Instant;

use async_snmp::{Oid, VarBind};
use bytes::Bytes;

use crate::message::{self, Heard};

pub use crate::message::{Failure, Plan, Question};

/// A walk without a socket and without a clock.
///
/// Do what [`step`](Walk::step) says, again and again, and give every datagram that comes meanwhile
/// to [`hear`](Walk::hear).
#[derive(Debug)]
pub struct Walk {
    plan: Plan,
    /// What is asked now, until it is answered.
    question: Question,
    request_id: i32,
    /// How often the question has been sent.
    tries: u32,
    /// Until when it is waited for an answer, once the question has been sent.
    until: Option<Instant>,
    /// The name of the last row, or where the walk begins.
    last: Oid,
    /// How many rows there have been.
    rows: u64,
    /// How many questions have been answered.
    answered: u64,
    /// How many datagrams were no answer to the question that is asked now.
    strays: u64,
    /// What is to be printed.
    lines: VecDeque<Line>,
    end: Option<Result<End, Failure>>,
}

/// What to do next.
#[derive(Debug)]
pub enum Step {
    /// Print this.
    Print(Line),
    /// Send this datagram to the agent. It is sent again if it is not answered in time.
    Send(Bytes),
    /// Wait until a datagram comes, or until then.
    Wait(Instant),
    /// It is over.
    End(Result<End, Failure>),
}

/// What a walk prints.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// A row.
    Row(VarBind),
    /// That the agent has no row that follows, which SNMPv1 says by an error (noSuchName).
    EndOfMib,
}

/// How a walk has ended that has seen all that it was to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All rows have been printed.
    All,
    /// The agent has nothing there: neither rows below the name nor one of that name.
    Nothing,
    /// As many rows have been printed as were wanted at most, and there may be more.
    Enough,
}

impl Walk {
    /// A walk, which numbers its questions from `request_id` on.
    ///
    /// # Errors
    ///
    /// The name to begin at cannot be sent: the text says why.
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

    /// What to do next, if it is `now`.
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

    /// Takes a datagram from the agent's address. One that is no answer to what is asked now changes
    /// nothing: it is the late answer to an earlier question, or somebody else's.
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

    /// How often the question that is asked now has been sent.
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
            // Only where the agent has given a name that no message may carry.
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
            // The row may have ended the walk, or have it ask for the root itself.
            if self.end.is_some() || self.until.is_none() {
                return;
            }
        }
        self.ask(Question::next(&self.plan, self.last.clone()));
    }

    // ANCHOR: take
    /// Takes a row, which has to follow the last one, or ends the walk.
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

    /// There is nothing more below the root. If there was nothing at all, the root may be a row
    /// itself, and is asked for.
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

/// There is no row of this name, or none that follows it (RFC 1157, section 4.1).
const NO_SUCH_NAME: i32 = 2;

/// The name as a message can carry it: the first two numbers of one share a byte (X.690, 8.19.4).
fn sendable(root: &Oid) -> Oid {
    match root.arcs() {
        [] => Oid::from_slice(&[0, 0]),
        [one] => Oid::from_slice(&[*one, 0]),
        _ => root.clone(),
    }
}
