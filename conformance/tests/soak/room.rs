//! Members of the room that always read, and compare the lines that they received.

use std::io::{BufRead, BufReader};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use test_kit::{Chance, Client, deadline};

use crate::polite::text;
use crate::watched::Watched;

/// Two members talk to each other, in a room in which others may do anything. Each receives every
/// line of the other in order, and both receive the same lines of all others.
pub(crate) fn talk(server: &Watched, chance: &mut Chance) {
    let [mut ada, mut bob] = [Member::join(server), Member::join(server)];
    let (a, b, end) = (chance.letters(12), chance.letters(12), chance.letters(12));
    // The room announces a member's new name to both in the same place: there they begin to
    // compare.
    let begin = ada.rename(&a);
    ada.hear_until(&begin);
    bob.hear_until(&begin);
    bob.rename(&b);
    // No two lines are alike: each waits for the other's last one.
    for n in 0..1 + chance.below(50) {
        ada.say(format!("a{n} {}", text(chance)));
        bob.say(format!("b{n} {}", text(chance)));
    }
    ada.hear_until(&format!("[{b}] {}", bob.said.last().expect("it has spoken")));
    bob.hear_until(&format!("[{a}] {}", ada.said.last().expect("it has spoken")));
    let last = ada.rename(&end);
    ada.hear_until(&last);
    bob.hear_until(&last);
    let (by_ada, by_bob) = (format!("[{a}] "), format!("[{b}] "));
    assert_eq!(ada.heard_from(&begin, &by_bob), bob.said);
    assert_eq!(bob.heard_from(&begin, &by_ada), ada.said);
    assert_eq!(ada.heard_without(&begin, &by_bob), bob.heard_without(&begin, &by_ada));
    ada.quit();
    bob.quit();
}

/// The only member that there can be has no partner.
pub(crate) fn talk_alone(server: &Watched, chance: &mut Chance) {
    let mut member = Member::join(server);
    let name = chance.letters(12);
    let renamed = member.rename(&name);
    member.hear_until(&renamed);
    (0..chance.below(50)).for_each(|_| member.say(text(chance)));
    member.send("/who");
    member.hear_until(&format!("* here: {name}"));
    assert_eq!(member.heard_from(&renamed, "").len(), 2, "{:?}", member.heard);
    member.quit();
}

/// A member whose lines are received by a thread, so that it never makes the room wait.
struct Member {
    client: Client,
    name: String,
    lines: Receiver<String>,
    heard: Vec<String>,
    said: Vec<String>,
}

impl Member {
    fn join(server: &Watched) -> Member {
        let client = server.connect();
        let stream = client.stream().try_clone().expect("descriptors are left");
        let (to_member, lines) = channel();
        thread::spawn(move || {
            // A broken connection is an end without a goodbye, which the member notices.
            let lines = BufReader::new(stream).split(b'\n').map_while(Result::ok);
            lines.map(String::from_utf8).for_each(|line| {
                let line = line.expect("lines are UTF-8");
                let line = line.strip_suffix('\r').expect("lines end with CR LF");
                let _ = to_member.send(line.to_owned());
            });
        });
        let (name, heard, said) = (client.name(), Vec::new(), Vec::new());
        let mut member = Member { client, name, lines, heard, said };
        let welcome = member.hear();
        assert!(welcome.starts_with(&format!("* welcome, {}; ", member.name)), "{welcome:?}");
        member
    }

    fn send(&mut self, line: &str) {
        self.client.send(format!("{line}\r\n"));
    }

    fn say(&mut self, line: String) {
        self.send(&line);
        self.said.push(line);
    }

    /// Takes a new name, and returns the announcement that every member gets.
    fn rename(&mut self, name: &str) -> String {
        self.send(&format!("/nick {name}"));
        let old = std::mem::replace(&mut self.name, name.to_owned());
        format!("* {old} is now {name}")
    }

    fn hear(&mut self) -> String {
        let line = self.lines.recv_timeout(deadline());
        let line = line.unwrap_or_else(|why| panic!("{} hears no more: {why}", self.name));
        assert!(line.starts_with("* ") || line.starts_with('['), "{line:?}");
        self.heard.push(line.clone());
        line
    }

    /// Waits for a line after those it has waited for before.
    fn hear_until(&mut self, line: &str) {
        while self.hear() != line {}
    }

    /// The lines after `after` that begin like this, without the beginning.
    fn heard_from(&self, after: &str, beginning: &str) -> Vec<&str> {
        let heard = self.heard.iter().skip_while(|line| *line != after);
        heard.filter_map(|line| line.strip_prefix(beginning)).collect()
    }

    /// The lines after `after` that do not begin like this.
    fn heard_without(&self, after: &str, beginning: &str) -> Vec<&String> {
        let heard = self.heard.iter().skip_while(|line| *line != after);
        heard.filter(|line| !line.starts_with(beginning)).collect()
    }

    /// Leaves, and gets the goodbye as its last line.
    fn quit(mut self) {
        self.send("/quit");
        while self.hear() != "* goodbye" {}
        let more = self.lines.recv_timeout(deadline());
        assert!(more.is_err(), "{} hears {more:?} after its goodbye", self.name);
    }
}
