//! The glossary, and the places where the chapters use its terms.
//!
//! An entry is a term on its own line, with its meaning in the lines below, after a colon. If the
//! chapters use other forms of the term, a comment lists all forms:
//!
//! ```text
//! half-close <!-- half-close, half-closes, half-closed -->
//! : To end one direction of a connection and keep the other.
//! ```
//!
//! A form that begins with a small letter may also begin with a capital. A form with emphasis, such
//! as `*ready*`, is found only where the word is used as a term.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::chapter::Chapter;

/// The file of the glossary, in `lessons/`.
pub const FILE: &str = "appendix/glossary.md";

/// A term of the glossary.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The term as written in the glossary: `descriptor (file descriptor)`.
    pub term: String,
    /// The forms in which chapters use it.
    pub forms: Vec<String>,
    /// The line of the glossary that contains it, from 1.
    pub line: usize,
}

/// A term in the prose of a chapter.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// The number of its entry.
    pub entry: usize,
    /// The line of the chapter, from 1.
    pub line: usize,
    /// The place on the line, with its link if it has one, in bytes.
    pub place: Range<usize>,
    /// The words in that place.
    pub words: String,
    /// Whether they are a link to the entry.
    pub is_link: bool,
}

/// Reads the entries of the glossary.
pub fn entries(glossary: &Chapter) -> Vec<Entry> {
    static TERM: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("^([^ :<][^<]*?)(?: <!-- (.+) -->)?$").expect("it is valid"));
    let lines: Vec<_> = glossary.text.lines().collect();
    let entry = |(line, pair): (usize, &[&str])| {
        let found = TERM.captures(pair[0])?;
        let forms = found.get(2).or(found.get(1))?.as_str();
        pair[1].starts_with(": ").then(|| Entry {
            term: found[1].to_owned(),
            forms: forms.split(", ").map(str::to_owned).collect(),
            line,
        })
    };
    (1..).zip(lines.windows(2)).filter_map(entry).collect()
}

impl Entry {
    /// The id of its place on the page, which mdBook makes from the term.
    pub fn anchor(&self) -> String {
        let is_kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
        let kept: String = self.term.chars().filter(is_kept).collect();
        kept.to_lowercase().replace(' ', "-")
    }

    /// Its forms, as written inside a sentence and at its beginning.
    pub fn spellings(&self) -> impl Iterator<Item = String> {
        let with_capital = |form: &str| {
            let at = form.find(|c| c != '*').unwrap_or(0);
            let first = form[at..].chars().take(1).flat_map(char::to_uppercase);
            let rest = form[at..].chars().skip(1);
            form[..at].chars().chain(first).chain(rest).collect()
        };
        let both = move |form: &String| [form.clone(), with_capital(form)];
        self.forms.iter().flat_map(both)
    }
}

/// Finds terms in the prose of chapters.
#[derive(Debug)]
pub struct Finder {
    words: Regex,
    entries: HashMap<String, usize>,
    anchors: HashMap<String, usize>,
}

impl Finder {
    /// A finder of these entries, each identified by its index.
    pub fn new(entries: &[Entry]) -> Finder {
        let numbered = || entries.iter().enumerate();
        let spelled = numbered()
            .flat_map(|(number, entry)| entry.spellings().map(move |spelling| (spelling, number)));
        let spelled: HashMap<_, _> = spelled.collect();
        // If two forms begin at the same place, the longer one is meant.
        let mut forms: Vec<_> = spelled.keys().collect();
        forms.sort_by_key(|form| Reverse(form.len()));
        let forms: Vec<_> = forms.into_iter().map(|form| whole(form)).collect();
        Finder {
            words: Regex::new(&forms.join("|")).expect("what could be special is escaped"),
            entries: spelled,
            anchors: numbered().map(|(number, entry)| (entry.anchor(), number)).collect(),
        }
    }

    /// The terms in the prose of a chapter, in reading order.
    ///
    /// # Errors
    ///
    /// Links to the glossary that lead to no entry, each with its place.
    pub fn uses(&self, chapter: &Chapter) -> Result<Vec<Use>, Vec<String>> {
        let mut uses = Vec::new();
        let mut lost = Vec::new();
        for (line, mut text) in prose(chapter) {
            let begins = uses.len();
            for link in links(&text) {
                match self.anchors.get(&link.anchor) {
                    Some(&entry) => uses.push(Use {
                        entry,
                        line,
                        place: link.place.clone(),
                        words: link.words,
                        is_link: true,
                    }),
                    None => lost.push(format!("{}: no #{}", chapter.place(line), link.anchor)),
                }
                blank(&mut text, link.place);
            }
            let words = self.words.find_iter(&text);
            uses.extend(words.filter(|found| stands_alone(&text, found.range())).map(|found| {
                Use {
                    entry: self.entries[found.as_str()],
                    line,
                    place: found.range(),
                    words: found.as_str().to_owned(),
                    is_link: false,
                }
            }));
            uses[begins..].sort_by_key(|found| found.place.start);
        }
        if lost.is_empty() { Ok(uses) } else { Err(lost) }
    }
}

/// A pattern for a form that is not part of a longer word.
fn whole(form: &str) -> String {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let edge = |c| if is_word(c) { r"\b" } else { "" };
    let (first, last) = (form.chars().next(), form.chars().next_back());
    format!("{}{}{}", edge(first), regex::escape(form), edge(last))
}

/// Whether the text in this place is not part of a word with hyphens, nor the name of a manual
/// page.
fn stands_alone(text: &str, place: Range<usize>) -> bool {
    let (before, after) = (&text[..place.start], &text[place.end..]);
    let goes_on = after.starts_with('-') && after[1..].starts_with(char::is_alphanumeric);
    !before.ends_with('-') && !goes_on && !after.starts_with('(')
}

/// A link to the glossary.
struct Link {
    place: Range<usize>,
    words: String,
    anchor: String,
}

fn links(text: &str) -> Vec<Link> {
    static LINK: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\[([^\]]+)\]\([^)#]*\bglossary\.md#([^)]+)\)").expect("it is valid")
    });
    let found = LINK.captures_iter(text).map(|found| Link {
        place: found.get(0).expect("it is the whole").range(),
        words: found[1].to_owned(),
        anchor: found[2].to_owned(),
    });
    found.collect()
}

/// The lines of running text, with their numbers: no headings, tables, figures or code, nothing
/// that is closed at first, and no questions, since a link would help to answer them. Only links to
/// the glossary are kept; everything else that is not prose is blank.
pub fn prose(chapter: &Chapter) -> Vec<(usize, String)> {
    static NO_PROSE: LazyLock<Regex> = LazyLock::new(|| {
        let patterns = ["`+[^`]*`+", "<span[^>]*>.*?</span>", "<[^>]*>", r"\[[^\]]*\]\([^)]*\)"];
        Regex::new(&patterns.join("|")).expect("it is valid")
    });
    let blocks = chapter.blocks();
    let is_code = |line: usize| {
        let mut blocks = blocks.iter();
        blocks.any(|block| (block.line..=block.line + block.lines.len() + 1).contains(&line))
    };
    let mut ends_with = None;
    let mut prose = Vec::new();
    for (number, line) in (1..).zip(chapter.text.lines()) {
        if ends_with.is_none() {
            ends_with = match line {
                _ if line.starts_with("<div class=\"question\">") => Some("</div>"),
                _ if line.starts_with("<details") => Some("</details>"),
                _ => None,
            };
        }
        if ends_with == Some(line) {
            ends_with = None;
        } else if ends_with.is_none() && !is_code(number) && !line.starts_with(['#', '<', '{', '|'])
        {
            let mut text = line.to_owned();
            for found in NO_PROSE.find_iter(line) {
                if links(found.as_str()).is_empty() {
                    blank(&mut text, found.range());
                }
            }
            prose.push((number, text));
        }
    }
    prose
}

/// Makes a range of a text blank, so that other ranges keep their places.
fn blank(text: &mut String, place: Range<usize>) {
    let blank = "~".repeat(place.len());
    text.replace_range(place, &blank);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chapter(text: &str) -> Chapter {
        Chapter { file: "a/b.md".to_owned(), text: text.to_owned() }
    }

    fn glossary() -> Vec<Entry> {
        entries(&chapter(
            "# Glossary\n\n\
             FIN\n: The end of a direction.\n  It is no *packet*.\n: [Closing](c.md)\n\n\
             half-close <!-- half-close, half-closed -->\n: To send a FIN.\n\n\
             link (of a network) <!-- *link*, one link -->\n: A wire.\n\n\
             poll <!-- poll, poll(2) -->\n: A call.\n",
        ))
    }

    #[test]
    fn entries_have_their_forms() {
        let told: Vec<_> = glossary()
            .into_iter()
            .map(|entry| (entry.anchor(), entry.line, entry.forms.join("|")))
            .collect();
        let expected = [
            ("fin", 3, "FIN"),
            ("half-close", 8, "half-close|half-closed"),
            ("link-of-a-network", 11, "*link*|one link"),
            ("poll", 14, "poll|poll(2)"),
        ];
        let expected = expected.map(|(anchor, line, forms)| (anchor.into(), line, forms.into()));
        assert_eq!(told, expected);
    }

    /// Checks the terms that are found in a text; a `+` marks those that are a link.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let uses = Finder::new(&glossary()).uses(&chapter(text)).unwrap();
        let told = |found: &Use| {
            let line = text.lines().nth(found.line - 1).unwrap();
            assert!(line[found.place.clone()].contains(&found.words), "{found:?}");
            format!("{}{}", found.words, if found.is_link { "+" } else { "" })
        };
        assert_eq!(uses.iter().map(told).collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn a_term_is_found_in_all_its_forms() {
        check("It is half-closed by a FIN.\nPoll it.", &["half-closed", "FIN", "Poll"]);
        check("A *link* is a link, and one link.", &["*link*", "one link"]);
        check("By poll(2), not by poll(3).", &["poll(2)"]);
        check("A fin, FINs, polling, a poll-loop, SYN-FIN", &[]);
    }

    #[test]
    fn links_to_the_glossary_are_distinguished_from_others() {
        let link = "an [half-close](../appendix/glossary.md#half-close), a [FIN](c.md), poll";
        check(link, &["half-close+", "poll"]);
        let lost = Finder::new(&glossary()).uses(&chapter("a\n[FIN](../appendix/glossary.md#fim)"));
        assert_eq!(lost, Err(vec!["lessons/a/b.md:2: no #fim".to_owned()]));
    }

    #[test]
    fn only_running_text_is_prose() {
        check("# FIN\n\n| FIN |\n\n```text\nFIN\n```\n\n`FIN` <b title=\"FIN\">FIN</b>", &["FIN"]);
        check("<div class=\"question\">\n\nFIN?\n\n</div>\n\nPoll.", &["Poll"]);
        check("<details><summary>FIN</summary>\n\nFIN\n\n</details>\n\nPoll.", &["Poll"]);
        check("> **FIN.**\n\n- poll", &["FIN", "poll"]);
    }
}
