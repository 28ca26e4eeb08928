//! The events of a run, and their consequences.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde::{Deserialize, Serialize};

/// One run: all calls of the clients, and the calls of the server's threads for them, ordered by
/// time.
///
/// As text it is a line of JSON with the style and the threads, and one line for each call. All
/// times are milliseconds since the first client called connect(2).
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    head: Head,
    events: Vec<Event>,
    clients: Vec<Client>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Head {
    style: String,
    lanes: Vec<Lane>,
    others: usize,
}

/// A thread of the server that did something for a client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    /// The name in `ps -T`, with a number if several threads have the same.
    pub name: String,
    /// A process or a thread.
    pub kind: Kind,
    /// The time when it began, or 0 if it existed before.
    pub from: f64,
    /// The time when it ended, or the end of the run if it still existed.
    pub to: f64,
}

/// The way in which a thread of the server was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// As a process, by fork(2), or as the first one.
    Process,
    /// As an additional thread of a process.
    Thread,
}

/// A system call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The time of the call.
    pub from: f64,
    /// The time of the return.
    pub to: f64,
    /// The client or the lane that made the call.
    pub who: String,
    /// The name of the call; for the server's calls, that of strace(1).
    pub call: String,
    /// The client whose connection a call of the server used, if it used one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub client: Option<String>,
    /// The text that the client has sent or received.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
}

/// The facts about a client in a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Client {
    /// Its name.
    pub name: String,
    /// The time when it called connect(2).
    pub connects: f64,
    /// The texts that it sent, with their times.
    pub sends: Vec<(f64, String)>,
    /// The time when the server had accepted it.
    pub accepted: f64,
    /// The time when it had its answer.
    pub answered: f64,
    /// The time when it shut down its sending side.
    pub hangs_up: f64,
    /// The time when it had received the server's end.
    pub ends: f64,
    /// The clients that were connected when it called connect(2), and had hung up when it was
    /// accepted.
    pub waits_for: Vec<String>,
    accepted_by: String,
    served_by: BTreeSet<String>,
}

/// The facts that are the same in every run of a style, at any speed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The name of the client.
    pub client: String,
    /// The clients for which it waited before it was accepted.
    pub waits_for: Vec<String>,
    /// The lane that accepted it, without its number if several have the same name.
    pub accepted_by: String,
    /// The lanes that read from it and wrote to it, likewise.
    pub served_by: BTreeSet<String>,
}

/// A time in which a lane worked for one client only.
#[derive(Clone, Debug, PartialEq)]
pub struct Spell<'a> {
    /// The client.
    pub client: &'a str,
    /// The time when it began.
    pub from: f64,
    /// The time when it ended.
    pub to: f64,
}

/// Calls of a server that return what a client has sent, and the completion that does.
const READS: [&str; 5] = ["read", "readv", "recvfrom", "recvmsg", "recv"];

/// Calls of a server that send something to a client, and the completion for that.
const WRITES: [&str; 5] = ["write", "writev", "sendto", "sendmsg", "send"];

impl Record {
    /// Makes a record from the events, in any order.
    ///
    /// # Errors
    ///
    /// A client was not accepted, not answered, or not closed.
    pub fn new(
        style: String,
        lanes: Vec<Lane>,
        others: usize,
        mut events: Vec<Event>,
    ) -> Result<Record, String> {
        events.sort_by(|one, other| one.from.total_cmp(&other.from));
        let connects = events.iter().filter(|event| event.call == "connect");
        let names: Vec<_> = connects.map(|event| event.who.clone()).collect();
        let clients = names.iter().map(|name| {
            let client = client(name, &events);
            client.map_err(|what| format!("client {name} has no {what}"))
        });
        let mut clients = clients.collect::<Result<Vec<_>, _>>()?;
        let all = clients.clone();
        for client in &mut clients {
            let was_there = |other: &&Client| {
                other.accepted < client.accepted
                    && client.connects < other.hangs_up
                    && other.hangs_up <= client.accepted
            };
            let names = all.iter().filter(was_there).map(|other| other.name.clone());
            client.waits_for = names.collect();
        }
        Ok(Record { head: Head { style, lanes, others }, events, clients })
    }

    /// Reads a record.
    ///
    /// # Errors
    ///
    /// The text is not a record.
    pub fn parse(text: &str) -> Result<Record, String> {
        let (first, rest) = text.split_once('\n').ok_or("there is only one line")?;
        let wrong = |error: serde_json::Error| error.to_string();
        let head: Head = serde_json::from_str(first).map_err(wrong)?;
        let events = rest.lines().map(serde_json::from_str);
        let events = events.collect::<Result<_, _>>().map_err(wrong)?;
        Record::new(head.style, head.lanes, head.others, events)
    }

    /// The record as text, with one line for each call.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let line = serde_json::to_string(&self.head);
        let lines = self.events.iter().map(serde_json::to_string);
        for line in std::iter::once(line).chain(lines) {
            let _ = writeln!(text, "{}", line.expect("names and numbers can be written"));
        }
        text
    }

    /// The name of the style.
    pub fn style(&self) -> &str {
        &self.head.style
    }

    /// The threads of the server that did something for a client, in the order in which they began.
    pub fn lanes(&self) -> &[Lane] {
        &self.head.lanes
    }

    /// The number of other threads of the server.
    pub fn others(&self) -> usize {
        self.head.others
    }

    /// All calls, in order of time.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The clients, in the order in which they called.
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// The time when the last client was gone.
    pub fn ends(&self) -> f64 {
        let ends = self.clients.iter().map(|client| client.ends);
        ends.fold(0.0, f64::max)
    }

    /// The facts that are the same in every run.
    pub fn relations(&self) -> Vec<Relation> {
        let relation = |client: &Client| Relation {
            client: client.name.clone(),
            waits_for: client.waits_for.clone(),
            accepted_by: without_number(&client.accepted_by).to_owned(),
            served_by: client
                .served_by
                .iter()
                .map(|lane| without_number(lane).to_owned())
                .collect(),
        };
        self.clients.iter().map(relation).collect()
    }

    /// The spells of a lane. A spell ends when the next client's begins, or when the lane sleeps
    /// until any client comes, if the sleep is long enough to be seen.
    pub fn spells(&self, lane: &Lane) -> Vec<Spell<'_>> {
        const SEEN: f64 = 10.0;
        let mut spells: Vec<Spell<'_>> = Vec::new();
        let mut slept = 0.0;
        for event in self.of(lane) {
            let Some(client) = &event.client else {
                slept += event.to - event.from;
                continue;
            };
            match spells.last_mut() {
                Some(last) if last.client == client && slept < SEEN => last.to = event.to,
                _ => spells.push(Spell { client, from: event.from, to: event.to }),
            }
            slept = 0.0;
        }
        spells
    }

    /// The call in which a lane spent most of its time: the one that it sleeps in.
    pub fn sleeps_in(&self, lane: &Lane) -> Option<&str> {
        let time_in = |call: &str| {
            let events = self.of(lane).filter(|event| event.call == call);
            events.map(|event| event.to - event.from).sum::<f64>()
        };
        let calls: BTreeSet<_> = self.of(lane).map(|event| &event.call[..]).collect();
        let by_time = |one: &&str, other: &&str| time_in(one).total_cmp(&time_in(other));
        calls.into_iter().max_by(by_time)
    }

    fn of(&self, lane: &Lane) -> impl Iterator<Item = &Event> {
        let events = self.events.iter();
        events.filter(|event| event.who == lane.name)
    }
}

/// The facts about a client except for those it waits for; or the fact that is missing.
fn client(name: &str, events: &[Event]) -> Result<Client, &'static str> {
    let own = |call: &'static str| {
        let mut events = events.iter();
        events.find(move |event| event.who == name && event.call == call)
    };
    let about = |calls: &'static [&'static str]| {
        let of_client = |event: &&Event| event.client.as_deref() == Some(name);
        let is_call = |event: &&Event| calls.contains(&&event.call[..]);
        events.iter().filter(of_client).filter(is_call)
    };
    let accept = about(&["accept", "accept4"]).next().ok_or("accept")?;
    let sends = events.iter().filter(|event| event.who == name && event.call == "send");
    let sent = |event: &Event| (event.from, event.text.clone().unwrap_or_default());
    let mut received = events.iter().filter(|event| event.who == name && event.call == "recv");
    let served_by = about(&READS).chain(about(&WRITES));
    Ok(Client {
        name: name.to_owned(),
        connects: own("connect").ok_or("connect")?.from,
        sends: sends.map(sent).collect(),
        accepted: accept.to,
        answered: own("recv").ok_or("answer")?.to,
        hangs_up: own("shutdown").ok_or("shutdown")?.from,
        ends: received.next_back().ok_or("end")?.to,
        waits_for: Vec::new(),
        accepted_by: accept.who.clone(),
        served_by: served_by.map(|event| event.who.clone()).collect(),
    })
}

/// The original name of threads whose names a record has numbered.
fn without_number(name: &str) -> &str {
    name.split(' ').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server of one thread that calls `accept` for a client, waits, and calls `read`.
    fn record(events: &[(&str, &str, f64, f64)]) -> Result<Record, String> {
        let events = events.iter().map(|(who, call, from, to)| {
            let (who, client) = match who.split_once(' ') {
                Some((who, client)) => (who, Some(client.to_owned())),
                None => (*who, None),
            };
            Event {
                from: *from,
                to: *to,
                who: who.to_owned(),
                call: (*call).to_owned(),
                client,
                text: None,
            }
        });
        let lane = Lane { name: "server".to_owned(), kind: Kind::Process, from: 0.0, to: 9.0 };
        Record::new("style".to_owned(), vec![lane], 0, events.collect())
    }

    const A: [(&str, &str, f64, f64); 7] = [
        ("A", "connect", 0.0, 1.0),
        ("A", "send", 1.0, 1.0),
        ("server A", "accept4", 1.0, 2.0),
        ("server A", "recvfrom", 2.0, 5.0),
        ("A", "recv", 2.0, 5.0),
        ("A", "shutdown", 5.0, 5.0),
        ("A", "recv", 5.0, 6.0),
    ];

    /// The same client later, under another name.
    fn later(by: f64) -> impl Iterator<Item = (&'static str, &'static str, f64, f64)> {
        A.into_iter().map(move |(who, call, from, to)| {
            let who = if who == "A" { "B" } else { "server B" };
            (who, call, from + by, to + by)
        })
    }

    #[test]
    fn a_client_that_is_accepted_after_another_hung_up_has_waited_for_it() {
        let mut events: Vec<_> = A.into_iter().chain(later(4.0)).collect();
        let waits = |record: &Record| record.clients().last().unwrap().waits_for.clone();
        assert_eq!(waits(&record(&events).unwrap()), ["A"]);
        // It came after the other had gone.
        let record_of_both = record(&A.into_iter().chain(later(5.0)).collect::<Vec<_>>());
        assert!(waits(&record_of_both.unwrap()).is_empty());
        // It was accepted while the other was still connected.
        events.retain(|(who, call, ..)| (*who, *call) != ("server B", "accept4"));
        assert!(record(&events).is_err());
        events.push(("server B", "accept4", 4.0, 4.5));
        assert!(waits(&record(&events).unwrap()).is_empty());
    }

    #[test]
    fn a_spell_ends_at_another_client_or_in_sleep() {
        let mut events: Vec<_> = A.into_iter().chain(later(4.0)).collect();
        let of = |events: &[_]| {
            let record = record(events).unwrap();
            let spells = record.spells(&record.lanes()[0]);
            let spells =
                spells.iter().map(|spell| format!("{} {} {}", spell.client, spell.from, spell.to));
            spells.collect::<Vec<_>>()
        };
        assert_eq!(of(&events), ["A 1 5", "B 5 9"]);
        events.push(("server", "poll", 5.0, 14.0));
        events.push(("server A", "close", 14.0, 14.0));
        assert_eq!(of(&events[..]), ["A 1 5", "B 5 9", "A 14 14"]);
        let mut events = A.to_vec();
        events.push(("server", "poll", 5.0, 14.0));
        events.push(("server A", "close", 14.0, 14.0));
        assert_eq!(of(&events), ["A 1 14"]);
        events.push(("server", "futex", 5.0, 6.0));
        assert_eq!(of(&events), ["A 1 5", "A 14 14"]);
    }

    #[test]
    fn a_record_can_be_read_back() {
        let record = record(&A).unwrap();
        assert_eq!(Record::parse(&record.text()), Ok(record));
        assert!(Record::parse("").is_err());
        assert!(Record::parse("{}\n").is_err());
    }
}
