//! A record in words: everything that its picture shows, for readers who cannot see it.

use crate::record::{Client, Kind, Lane, Record, Spell};

/// A line for each client, and one for each thread of the server that did something for them.
pub fn tell(record: &Record) -> Vec<String> {
    clients(record).into_iter().chain(lanes(record)).collect()
}

/// A line for each client.
pub(crate) fn clients(record: &Record) -> Vec<String> {
    record.clients().iter().map(client).collect()
}

fn client(client: &Client) -> String {
    let Client { name, .. } = client;
    let sends = client.sends.iter();
    let sends = sends.map(|(at, text)| format!("“{}” at {}", text.trim(), time(*at)));
    let waits = match &client.waits_for[..] {
        [] => String::new(),
        others => {
            format!("waits {} for {}, is ", time(client.accepted - client.connects), list(others))
        }
    };
    let is = if waits.is_empty() { "is " } else { "" };
    format!(
        "{name} connects at {}, and sends {}. It {waits}{is}accepted at {}, answered at {}, and hangs up at {}.",
        time(client.connects),
        list(&sends.collect::<Vec<_>>()),
        time(client.accepted),
        time(client.answered),
        time(client.hangs_up),
    )
}

/// A line for each thread of the server that did something for a client, and the number of others.
pub(crate) fn lanes(record: &Record) -> Vec<String> {
    let lanes = record.lanes().iter();
    let mut lines: Vec<_> = lanes.map(|one| lane(record, one)).collect();
    match record.others() {
        0 => {}
        1 => lines.push("1 more thread does nothing for a client.".to_owned()),
        count => lines.push(format!("{count} more threads do nothing for a client.")),
    }
    lines
}

fn lane(record: &Record, lane: &Lane) -> String {
    let kind = match lane.kind {
        Kind::Process => "process",
        Kind::Thread => "thread",
    };
    let spells: Vec<_> = record.spells(lane).iter().map(spell).collect();
    let mut does = vec![format!("serves {}", list(&spells))];
    if lane.from.round() > 0.0 {
        does.insert(0, format!("begins at {}", time(lane.from)));
    }
    if lane.to < record.ends() {
        does.push(format!("ends at {}", time(lane.to)));
    }
    let sleeps = match record.sleeps_in(lane) {
        Some(call) => format!(" It sleeps in {call}."),
        None => String::new(),
    };
    format!("The {kind} {} {}.{sleeps}", lane.name, list(&does))
}

fn spell(spell: &Spell<'_>) -> String {
    let (from, to) = (spell.from, spell.to);
    match to - from < 10.0 {
        true => format!("{} at {}", spell.client, time(from)),
        false => format!("{} from {from:.0} to {}", spell.client, time(to)),
    }
}

pub(crate) fn time(millis: f64) -> String {
    format!("{millis:.0} ms")
}

/// A, B and C.
pub(crate) fn list(items: &[String]) -> String {
    match items {
        [] => "nobody".to_owned(),
        [only] => only.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}
