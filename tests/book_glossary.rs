//! Each term of the glossary is a link at its first use in the book.
//!
//! With `BLESS=1` in the environment, the test makes the link.

use std::collections::HashSet;
use std::{env, fs, mem};

use chapter_checks::chapter::{Chapter, chapters};
use chapter_checks::glossary::{self, Entry, Finder, Use};

#[test]
fn every_term_is_linked_at_its_first_use() {
    let glossary = Chapter::read(glossary::FILE);
    let entries = glossary::entries(&glossary);
    let finder = Finder::new(&entries);
    let mut is_used = vec![false; entries.len()];
    let mut found = Vec::new();
    for chapter in chapters() {
        if chapter.file == glossary::FILE {
            continue;
        }
        let mut unlinked = Vec::new();
        for word in finder.uses(&chapter).unwrap_or_else(|lost| panic!("{lost:#?}")) {
            let entry = &entries[word.entry];
            let is_first = !mem::replace(&mut is_used[word.entry], true);
            let is_form = entry.spellings().any(|spelling| spelling == word.words);
            let (place, words) = (chapter.place(word.line), &word.words);
            if word.is_link && !is_form {
                found.push(format!("{place}: {words:?} is not a form of {:?}", entry.term));
            } else if is_first && !word.is_link {
                let link = link(&chapter, &word, entry);
                found.push(format!("{place}: {words:?} is used first here: make it {link}"));
                unlinked.push((word, link));
            }
        }
        if env::var_os("BLESS").is_some() {
            bless(&chapter, unlinked);
        }
    }
    let unused = entries.iter().zip(is_used).filter(|(_, is_used)| !is_used);
    found.extend(unused.map(|(entry, _)| {
        let place = glossary.place(entry.line);
        format!("{place}: no chapter says {}", entry.forms.join(" or "))
    }));
    let advice = "BLESS=1 cargo test --test book_glossary makes the links";
    assert!(found.is_empty(), "\n{}\n\n{advice}", found.join("\n"));
}

/// The word as a link to its entry, in the form for this chapter.
fn link(chapter: &Chapter, word: &Use, entry: &Entry) -> String {
    let up = "../".repeat(chapter.file.matches('/').count());
    let target = format!("{up}{}#{}", glossary::FILE, entry.anchor());
    format!("[{}]({target})", word.words)
}

/// Writes links into a chapter.
fn bless(chapter: &Chapter, links: Vec<(Use, String)>) {
    let mut lines: Vec<_> = chapter.text.lines().map(str::to_owned).collect();
    // From the end, so that the earlier places do not move.
    for (word, link) in links.into_iter().rev() {
        lines[word.line - 1].replace_range(word.place, &link);
    }
    fs::write(chapter.path(), lines.join("\n") + "\n").expect("the chapter can be written");
}

#[test]
fn the_glossary_is_in_the_order_of_the_alphabet() {
    let glossary = Chapter::read(glossary::FILE);
    let entries = glossary::entries(&glossary);
    assert!(!entries.is_empty());
    let (mut letter, mut last) = (String::new(), String::new());
    for (line, text) in (1..).zip(glossary.text.lines()) {
        if let Some(heading) = text.strip_prefix("## ") {
            letter = heading.to_lowercase();
        }
        if let Some(entry) = entries.iter().find(|entry| entry.line == line) {
            let term = entry.term.to_lowercase();
            let place = glossary.place(line);
            assert!(term.starts_with(&letter), "{place}: {term} is under {letter}");
            assert!(last < term, "{place}: {term} comes after {last}");
            last = term;
        }
    }
}

#[test]
fn no_two_entries_have_the_same_form() {
    let mut seen = HashSet::new();
    for entry in glossary::entries(&Chapter::read(glossary::FILE)) {
        for form in entry.forms {
            assert!(!seen.contains(&form), "{form:?} is a form of two entries");
            seen.insert(form);
        }
    }
}
