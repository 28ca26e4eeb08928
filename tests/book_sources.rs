//! The sources of the book: the includes of chapters exist, and their parts have the right form.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use chapter_checks::chapter::{Block, Chapter, chapters, lessons, repository};
use chapter_checks::console;
use regex::Regex;

/// The possible kinds of a block of code.
const KINDS: [&str; 13] = [
    "c",
    "console",
    "css",
    "diff",
    "html",
    "js",
    "python",
    "rust",
    "rust,compile_fail",
    "rust,ignore",
    "rust,should_panic",
    "sh",
    "text",
];

/// Makes each check report all its findings, with file and line.
#[track_caller]
fn nothing(found: Vec<String>) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn every_include_names_a_file_and_an_anchor_with_content() {
    let mut found = Vec::new();
    let mut count = 0;
    for chapter in chapters() {
        for include in chapter.includes() {
            count += 1;
            let place = chapter.place(include.line);
            let is_by_number =
                |anchor: &String| anchor.starts_with(|c: char| !c.is_ascii_alphabetic());
            if include.anchor.as_ref().is_some_and(is_by_number) {
                found.push(format!("{place}: line numbers change; use an anchor: {include:?}"));
            } else if let Err(problem) = chapter.resolve(&include) {
                found.push(format!("{place}: {problem}"));
            }
        }
    }
    println!("{count} includes");
    nothing(found);
}

#[test]
fn every_file_of_the_lessons_is_a_chapter() {
    let listed: BTreeSet<_> = chapters().into_iter().map(|chapter| chapter.path()).collect();
    let mut written = BTreeSet::new();
    walk(&lessons(), &mut |path| {
        if path.extension().is_some_and(|extension| extension == "md") {
            written.insert(path.to_owned());
        }
    });
    written.remove(&lessons().join("SUMMARY.md"));
    assert_eq!(listed, written);
}

#[test]
fn every_block_has_a_kind_that_a_test_checks() {
    let mut found = Vec::new();
    for chapter in chapters() {
        for block in chapter.blocks() {
            let kind = block.info.as_str();
            if !KINDS.contains(&kind) && !console::is_console(&block) {
                found.push(format!(
                    "{}: there is no kind of block called {kind:?}",
                    chapter.place(block.line)
                ));
            }
        }
        for (number, line) in (1..).zip(chapter.text.lines()) {
            if line.trim_start().starts_with("~~~") {
                found.push(format!("{}: a fence is ```", chapter.place(number)));
            }
        }
    }
    nothing(found);
}

/// The stylesheet shows the name to the reader as a tab above the box.
#[test]
fn every_terminal_has_a_name_that_the_stylesheet_knows() {
    let style = fs::read_to_string(lessons().join("theme/book.css")).expect("it is readable");
    let mut found = Vec::new();
    for chapter in chapters() {
        for block in chapter.blocks().into_iter().filter(console::is_console) {
            let words: Vec<_> = block.info.split(',').collect();
            // A shell that runs command after command needs no name of its own.
            let name = match words[1..] {
                [] | ["soon"] => continue,
                [kind] => kind,
                [.., name] => name,
            };
            if !style.contains(&format!("pre:has(> .{name}) {{ --terminal: ")) {
                let place = chapter.place(block.line);
                found.push(format!("{place}: theme/book.css has no name for a terminal {name:?}"));
            }
        }
    }
    nothing(found);
}

#[test]
fn every_console_block_can_be_read() {
    let mut found = Vec::new();
    for chapter in chapters() {
        for block in chapter.blocks().iter().filter(|block| console::is_console(block)) {
            if let Err(problem) = console::read(&chapter, block) {
                found.push(format!("{}: {problem}", chapter.place(block.line)));
            }
        }
    }
    nothing(found);
}

/// In the lab everything is built already, but a reader's folder contains only the programs that
/// the page has built: with `cargo run` or `cargo build`. `cargo run` builds the one program, and
/// none of those that are named after a style.
#[test]
fn every_program_that_is_typed_by_its_path_is_built_by_the_page() {
    let path = Regex::new(r"target/debug/(?:examples/)?([\w-]+)").unwrap();
    let built = Regex::new(r"--example ([\w-]+)").unwrap();
    let mut found = Vec::new();
    let mut count = 0;
    for chapter in chapters() {
        let mut there = BTreeSet::from(["after-accept".to_owned()]);
        for block in chapter.blocks() {
            if !console::is_console(&block) {
                continue;
            }
            for line in block.lines.iter().filter(|line| line.starts_with("$ ")) {
                for program in path.captures_iter(line) {
                    count += 1;
                    if !there.contains(&program[1]) {
                        let place = chapter.place(block.line);
                        found.push(format!("{place}: nothing has built {}", &program[1]));
                    }
                }
                there.extend(built.captures_iter(line).map(|name| name[1].to_owned()));
            }
        }
    }
    assert!(count > 0, "no program is typed by its path");
    nothing(found);
}

/// A block of Rust is either run in the chapter, or included from its source.
#[test]
fn rust_is_run_in_the_chapter_or_included() {
    let mut found = Vec::new();
    for chapter in chapters() {
        for block in chapter.blocks().iter().filter(|block| block.info.starts_with("rust")) {
            let is_include = |line: &String| line.trim_start().starts_with("{{#include ");
            let included = block.lines.iter().filter(|line| is_include(line)).count();
            let whole = included == block.lines.len() && included > 0;
            let wrong = match &block.info[..] {
                "rust,ignore" => !whole,
                _ => included > 0,
            };
            if wrong {
                found.push(chapter.place(block.line));
            }
        }
    }
    nothing(found);
}

/// Below an included listing, a line names its source and its test.
#[test]
fn every_listing_is_followed_by_its_source() {
    let mut found = Vec::new();
    for chapter in chapters() {
        for block in chapter.blocks().iter().filter(|block| block.info == "rust,ignore") {
            let place = chapter.place(block.line);
            let Some(source) = source_below(&chapter, block) else {
                found.push(format!("{place}: there is no <p class=\"source\"> below it"));
                continue;
            };
            for include in chapter.includes().iter().filter(|include| is_in(include.line, block)) {
                let included = tidy(&chapter.path().with_file_name("").join(&include.path));
                if !named(&source).any(|named| repository().join(named) == included) {
                    found.push(format!("{place}: the line below does not name {}", include.path));
                }
            }
        }
        for (number, line) in (1..).zip(chapter.text.lines()) {
            let is_source = line.contains("class=\"source\"");
            let lost = named(line).filter(|named| is_source && !repository().join(named).exists());
            found.extend(lost.map(|lost| format!("{}: no {lost}", chapter.place(number))));
        }
    }
    nothing(found);
}

fn is_in(line: usize, block: &Block) -> bool {
    (block.line..=block.line + block.lines.len()).contains(&line)
}

/// The line that names the source of a block, if it is the first below the block.
fn source_below(chapter: &Chapter, block: &Block) -> Option<String> {
    let below = chapter.text.lines().skip(block.line + block.lines.len() + 1);
    let first = below.map(str::trim).find(|line| !line.is_empty())?;
    first.starts_with("<p class=\"source\">").then(|| first.to_owned())
}

/// The paths that a line contains as code.
fn named(line: &str) -> impl Iterator<Item = &str> {
    static CODE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("<code>([^<]*/[^<]*)</code>").unwrap());
    CODE.captures_iter(line).map(|code| code.get(1).expect("it is in the pattern").as_str())
}

/// A path without `..`.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                tidy.pop();
            }
            part => tidy.push(part),
        }
    }
    tidy
}

#[test]
fn every_question_has_one_right_choice_and_explains_each() {
    let mut found = Vec::new();
    for chapter in chapters() {
        for (line, lines) in questions(&chapter) {
            if let Err(problem) = question(&lines) {
                found.push(format!("{}: {problem}", chapter.place(line)));
            }
        }
    }
    nothing(found);
}

/// The lines between `<div class="question">` and its `</div>`, and where they begin.
fn questions(chapter: &Chapter) -> Vec<(usize, Vec<String>)> {
    let mut questions: Vec<(usize, Vec<String>)> = Vec::new();
    let mut is_open = false;
    for (number, line) in (1..).zip(chapter.text.lines()) {
        if line.contains("class=\"question\"") {
            questions.push((number, Vec::new()));
            is_open = true;
        } else if line.trim() == "</div>" {
            is_open = false;
        } else if let Some((_, question)) = questions.last_mut().filter(|_| is_open) {
            question.push(line.to_owned());
        }
    }
    questions
}

fn question(lines: &[String]) -> Result<(), String> {
    static CHOICE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new("^<details class=\"(right|wrong)\"><summary>(.+)</summary>$").unwrap()
    });
    let begins = lines.iter().position(|line| line.starts_with("<details"));
    let (asked, choices) = lines.split_at(begins.ok_or("there is no choice")?);
    if asked.iter().all(|line| line.trim().is_empty()) {
        return Err("nothing is asked".to_owned());
    }
    let (mut right, mut count) = (0, 0);
    for choice in choices.split(|line| line == "</details>") {
        let mut lines = choice.iter().filter(|line| !line.trim().is_empty());
        let Some(first) = lines.next() else { continue };
        let head =
            CHOICE.captures(first).ok_or_else(|| format!("this is not a choice: {first}"))?;
        if head[2].contains('`') {
            return Err(format!("in {:?} Markdown is not read: <code>", &head[2]));
        }
        count += 1;
        right += usize::from(&head[1] == "right");
        // mdBook reads Markdown in a block of HTML only after an empty line.
        if choice
            .iter()
            .skip_while(|line| *line != first)
            .nth(1)
            .is_none_or(|line| !line.is_empty())
        {
            return Err(format!("below {:?} there has to be an empty line", &head[2]));
        }
        let explained = lines.count();
        if !(1..=6).contains(&explained) {
            return Err(format!("{:?} has {explained} lines of explanation", &head[2]));
        }
    }
    match (right, count) {
        (1, 2..=4) => Ok(()),
        _ => Err(format!("{right} of {count} choices are right")),
    }
}

#[test]
fn every_exercise_has_a_solution_from_tested_code() {
    let mut found = Vec::new();
    for chapter in chapters() {
        let exercises: Vec<_> = chapter.text.split("<div class=\"exercise\">").skip(1).collect();
        for (number, exercise) in (1..).zip(exercises) {
            let solution =
                exercise.split("<details class=\"solution\"><summary>Solution</summary>").nth(1);
            let solution = solution.and_then(|solution| solution.split("</details>").next());
            let is_tested = solution.is_some_and(|solution| {
                solution.contains("crates/book/chapter-checks/src/exercises/")
                    || solution.contains("```console")
            });
            if !is_tested {
                found.push(format!("lessons/{}: exercise {number}", chapter.file));
            }
        }
    }
    nothing(found);
}

#[test]
fn every_figure_has_a_description() {
    let mut found = Vec::new();
    let mut ids = BTreeSet::new();
    walk(&lessons().join("figures"), &mut |path| {
        if path.extension().is_some_and(|extension| extension == "svg") {
            let svg = fs::read_to_string(path).expect("it is readable");
            let name = path.strip_prefix(repository()).expect("it is in the repository").display();
            found.extend(
                figure(&svg, &mut ids).into_iter().map(|problem| format!("{name}: {problem}")),
            );
        }
    });
    nothing(found);
}

/// The problems of a figure. Adds its ids to those of earlier figures.
fn figure(svg: &str, ids: &mut BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    let capture = |pattern: &str| {
        let pattern = Regex::new(pattern).expect("it is valid");
        pattern.captures(svg).map(|found| found[1].trim().to_owned())
    };
    let mut want = |what: &str, is_there: bool| {
        if !is_there {
            found.push(what.to_owned());
        }
    };
    want("begins with <svg", svg.starts_with("<svg"));
    want(
        "no empty line, which would end it in Markdown",
        svg.lines().all(|line| !line.trim().is_empty()),
    );
    want("role=\"img\"", capture("^<svg[^>]*( role=\"img\")").is_some());
    want("a viewBox", capture("^<svg[^>]*( viewBox=\"[^\"]+\")").is_some());
    want("no width of its own", capture("^<svg[^>]*( width=)").is_none());
    let labelled = capture("^<svg[^>]* aria-labelledby=\"([^\"]+)\"").unwrap_or_default();
    for element in ["title", "desc"] {
        let id = capture(&format!("<{element} id=\"([^\"]+)\">"));
        let text = capture(&format!("(?s)<{element}[^>]*>(.*?)</{element}>"));
        want(&format!("a <{element}> with text"), text.is_some_and(|text| !text.is_empty()));
        let is_label = id.is_some_and(|id| labelled.split_whitespace().any(|label| label == id));
        want(&format!("aria-labelledby its <{element}>"), is_label);
    }
    let colour = Regex::new(
        "(?:fill|stroke|color)(?:=\"|: ?)(#|rgb|hsl|black|white|red|green|blue|gr[ea]y)",
    );
    want("colours by name only: var(--ink)", !colour.expect("it is valid").is_match(svg));
    for id in Regex::new(" id=\"([^\"]+)\"").expect("it is valid").captures_iter(svg) {
        if !ids.insert(id[1].to_owned()) {
            found.push(format!("another figure has the id {}", &id[1]));
        }
    }
    found
}

fn walk(directory: &Path, visit: &mut impl FnMut(&Path)) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("it is readable").path();
        match path.is_dir() {
            true => walk(&path, visit),
            false => visit(&path),
        }
    }
}

/// Tests that the checks notice errors.
mod the_checks {
    use super::*;

    #[test]
    fn notice_a_question_without_shape() {
        #[track_caller]
        fn check(text: &str, problem: &str) {
            let lines: Vec<_> = text.lines().map(str::to_owned).collect();
            let said = question(&lines).expect_err(text);
            assert!(said.contains(problem), "{said}");
        }
        let right = "<details class=\"right\"><summary>A</summary>\n\nSo.\n\n</details>\n";
        let wrong = right.replace("right", "wrong");
        let well = format!("\nWhat?\n\n{right}{wrong}");
        assert_eq!(question(&well.lines().map(str::to_owned).collect::<Vec<_>>()), Ok(()));
        check("\nWhat?\n", "no choice");
        check(&format!("\n{right}{wrong}"), "nothing is asked");
        check(&format!("What?\n{wrong}{wrong}"), "0 of 2");
        check(&format!("What?\n{right}{right}"), "2 of 2");
        check(&format!("What?\n{right}"), "1 of 1");
        check(&well.replace("So.", ""), "0 lines");
        check(&well.replace("</summary>\n\n", "</summary>\n"), "empty line");
        check(&well.replace("\"wrong\"", "\"other\""), "this is not a choice");
        check(&well.replace(">A<", ">`A`<"), "<code>");
    }

    #[test]
    fn notice_a_figure_without_words() {
        let well = "<svg role=\"img\" viewBox=\"0 0 9 9\" aria-labelledby=\"a b\">\n\
                    <title id=\"a\">A</title>\n<desc id=\"b\">B</desc>\n\
                    <path stroke=\"var(--ink)\"/>\n</svg>\n";
        assert_eq!(figure(well, &mut BTreeSet::new()), Vec::<String>::new());
        for (from, to) in [
            (" role=\"img\"", ""),
            ("viewBox", "width=\"9\" viewBox"),
            ("a b", "a"),
            (">B<", "> <"),
            ("var(--ink)", "#000"),
            ("<path", "\n<path"),
            ("<path", "<path id=\"a\""),
        ] {
            let ill = well.replace(from, to);
            assert_ne!(figure(&ill, &mut BTreeSet::new()), Vec::<String>::new(), "{ill}");
        }
    }
}
