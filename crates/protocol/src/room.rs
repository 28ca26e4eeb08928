//! Chat, the room's half: the members, the audience of each line, and the commands.
//!
//! The room decides and the [hub](crate::Hub) delivers.
//! This file contains every text that a member can read, except those that all services of lines
//! share.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::{format, string::String, vec::Vec};

use tracing::info;

use crate::line::{goodbye_to_idle, too_long};
use crate::telnet::WONT_TIMING_MARK;
use crate::{ClientId, LINE_COST, Post, Posts};

/// How many lines of speech the room shows to a new member.
///
/// At most 62 KB, well below [`MAILBOX_LIMIT`](crate::MAILBOX_LIMIT): otherwise a new member could
/// be cut off for joining.
pub const HISTORY: usize = 20;

/// How many bytes of consecutive lines are joined into one delivery: 16 KiB.
///
/// The posts of one read are delivered together: one line or a hundred cost every member one write.
pub const JOINED_LIMIT: usize = 16 * 1024;

/// How many names `/who` shows.
const NAMES_SHOWN: usize = 100;

/// The longest name that a member can choose. IRC allows 9 characters (RFC 2812).
const NAME_LIMIT: usize = 16;

const HELP: &str = "\
* /nick NAME: take a name of 1 to 16 letters, digits, _ or -\r\n\
* /who: see who is here\r\n\
* /quit: leave\r\n\
* //TEXT: say a TEXT that begins with a /\r\n\
* /help: see this\r\n";

/// The members, and the last lines of speech.
#[derive(Debug, Default)]
pub(crate) struct Room {
    /// In the order of joining, since clients are numbered in that order.
    names: BTreeMap<ClientId, String>,
    /// The last lines of speech as they were said, oldest first.
    history: VecDeque<String>,
}

/// An action that the room asks of the hub.
#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    /// Tell these members these bytes, which are complete lines.
    Tell(Audience, Vec<u8>),
    /// Finish this member, which is no longer here: it still gets the lines that it was told.
    Part(ClientId),
}

impl Effect {
    /// The bytes of a mailbox that it takes up.
    fn cost(&self) -> usize {
        match self {
            Effect::Tell(_, lines) => lines.len() + LINE_COST,
            Effect::Part(_) => 0,
        }
    }
}

/// The members that hear a line: those that are here when it is delivered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Audience {
    /// Only this one.
    Only(ClientId),
    /// All but this one.
    Others(ClientId),
    /// All.
    Everybody,
}
use Audience::{Everybody, Only, Others};

impl Room {
    /// Lets a client join, under `name` until it chooses another.
    pub(crate) fn join(&mut self, client: ClientId, name: String, effects: &mut Vec<Effect>) {
        info!("{client} joined as {name}");
        let here = self.names.len() + 1;
        tell(effects, Only(client), format!("* welcome, {name}; {here} here\r\n"));
        for speech in &self.history {
            tell(effects, Only(client), speech);
        }
        tell(effects, Others(client), format!("* {name} joined\r\n"));
        self.names.insert(client, name);
    }

    /// Hears a client's posts, if the client is here. Stops once the effects take up `enough` of a
    /// mailbox, and returns the rest of the posts.
    pub(crate) fn post(
        &mut self,
        client: ClientId,
        posts: &Posts,
        enough: usize,
        effects: &mut Vec<Effect>,
    ) -> Posts {
        for (heard, post) in posts.iter().enumerate() {
            if !self.names.contains_key(&client) {
                break;
            }
            if effects.iter().map(Effect::cost).sum::<usize>() >= enough {
                return posts.without_first(heard);
            }
            match post {
                Post::Line("") => {}
                Post::Line(line) => match line.strip_prefix('/') {
                    None => self.speak(client, line, effects),
                    Some(text) if text.starts_with('/') => self.speak(client, text, effects),
                    Some(_) => self.obey(client, line, effects),
                },
                Post::TooLong => tell(effects, Only(client), too_long()),
                Post::TimingMark => tell(effects, Only(client), WONT_TIMING_MARK),
                Post::Idle(seconds) => {
                    self.part(client, &goodbye_to_idle(seconds), ": idle", effects);
                }
            }
        }
        Posts::default()
    }

    /// Lets a client leave that has no mailbox any more. `why` is the reason, such as ": too slow",
    /// or empty.
    pub(crate) fn leave(&mut self, client: ClientId, why: &str, effects: &mut Vec<Effect>) {
        if let Some(name) = self.names.remove(&client) {
            info!("{client}, {name}, left the room{why}");
            tell(effects, Everybody, format!("* {name} left{why}\r\n"));
        }
    }

    /// Says goodbye to all members and finishes them, since the server stops.
    pub(crate) fn stop(&mut self, effects: &mut Vec<Effect>) {
        tell(effects, Everybody, "* the server is stopping, goodbye\r\n");
        effects.extend(self.names.keys().map(|&client| Effect::Part(client)));
        self.names.clear();
    }

    fn speak(&mut self, client: ClientId, text: &str, effects: &mut Vec<Effect>) {
        let name = &self.names[&client];
        info!("{name} said {text:?}");
        let speech = format!("[{name}] {text}\r\n");
        tell(effects, Others(client), &speech);
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(speech);
    }

    /// Runs the command in a line that begins with a slash.
    fn obey(&mut self, client: ClientId, line: &str, effects: &mut Vec<Effect>) {
        let (word, argument) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "/nick" => self.rename(client, argument.trim_matches(' '), effects),
            "/who" => tell(effects, Only(client), self.who()),
            "/help" => tell(effects, Only(client), HELP),
            "/quit" => self.part(client, "* goodbye\r\n", "", effects),
            _ => tell(effects, Only(client), format!("* no command {word}; try /help\r\n")),
        }
    }

    fn rename(&mut self, client: ClientId, wanted: &str, effects: &mut Vec<Effect>) {
        let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let is_name = (1..=NAME_LIMIT).contains(&wanted.len()) && wanted.bytes().all(is_name_byte);
        let holder = self.names.iter().find(|(_, name)| name.eq_ignore_ascii_case(wanted));
        match holder {
            _ if !is_name => {
                tell(effects, Only(client), "* a name is 1 to 16 letters, digits, _ or -\r\n");
            }
            Some((&other, _)) if other != client => {
                tell(effects, Only(client), format!("* the name {wanted} is taken\r\n"));
            }
            Some((_, name)) if name == wanted => {
                tell(effects, Only(client), format!("* you are {wanted} already\r\n"));
            }
            _ => {
                let old = self.names.insert(client, wanted.to_owned()).unwrap_or_default();
                info!("{client}, {old}, is now {wanted}");
                tell(effects, Everybody, format!("* {old} is now {wanted}\r\n"));
            }
        }
    }

    fn who(&self) -> String {
        let shown: Vec<_> = self.names.values().take(NAMES_SHOWN).map(String::as_str).collect();
        let more = match self.names.len() - shown.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("* here: {}{more}\r\n", shown.join(", "))
    }

    /// Lets a client leave with a goodbye for itself.
    fn part(&mut self, client: ClientId, goodbye: &str, why: &str, effects: &mut Vec<Effect>) {
        tell(effects, Only(client), goodbye);
        effects.push(Effect::Part(client));
        self.leave(client, why, effects);
    }
}

/// Adds a line for an audience, and joins it to the lines before if those have the same audience.
fn tell(effects: &mut Vec<Effect>, audience: Audience, line: impl AsRef<[u8]>) {
    let line = line.as_ref();
    match effects.last_mut() {
        Some(Effect::Tell(same, lines))
            if *same == audience && lines.len() + line.len() <= JOINED_LIMIT =>
        {
            lines.extend_from_slice(line);
        }
        _ => effects.push(Effect::Tell(audience, line.to_vec())),
    }
}
