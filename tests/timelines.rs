//! The timelines of the book: they show what is true in every run, and they are drawn from the
//! records beside them, which follow the scenario.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use chapter_checks::chapter::lessons;
use launch::Style;
use regex::Regex;
use test_kit::{Directory, Ended, Running, each_style, require_tool};
use timelines::{Record, SCENARIO, Tempo, bars, pictures, play};

const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

const ANEW: &str = "cargo run -- timelines --into lessons/figures/timelines";

each_style!(a_client_that_waits_in_the_record_waits_in_every_run);

fn a_client_that_waits_in_the_record_waits_in_every_run(style: Style) {
    if !require_tool("strace") {
        return;
    }
    let (tempo, waits) = match style.serves_many() {
        true => (Tempo::QuickOnesAreAnswered, [&[][..], &[], &[]]),
        false => (Tempo::AllHaveCalled, [&[][..], &["A"], &["A", "B"]]),
    };
    let played = play(Path::new(PROGRAM), &style, tempo).expect("it is played");
    let shown = recorded(&style);
    assert_eq!(told(&shown), told(&played), "played: {played:#?}");
    let relations = played.relations();
    let told = relations.iter().map(|relation| &relation.waits_for[..]);
    assert_eq!(told.collect::<Vec<_>>(), waits);
}

/// The clients of a record. Any worker may have taken a client, so they have no numbers.
fn told(record: &Record) -> String {
    let told = format!("{:?}", record.relations());
    let worker = Regex::new(r"worker-\d+").expect("it is valid");
    worker.replace_all(&told, "worker").into_owned()
}

#[test]
fn every_picture_is_drawn_from_its_record() {
    let records = Style::ALL.map(|style| (style, recorded(style)));
    for (style, record) in &records {
        let text = fs::read_to_string(record_of(style)).expect("it is readable");
        assert!(record.text() == text, "{} was edited", style.name);
    }
    let pictures = pictures(&records);
    let mut names: Vec<_> = pictures.iter().map(|(name, _)| name.clone()).collect();
    names.sort();
    assert_eq!(shown("svg"), names, "the drawn pictures, and the files");
    for (name, svg) in &pictures {
        let shown = fs::read_to_string(figures().join(name)).expect("it is readable");
        assert!(shown == *svg, "{name} is out of date: {ANEW} --redraw");
    }
}

#[test]
fn every_picture_has_a_description_of_its_contents() {
    let text = Regex::new("<text [^>]*>([^<]*)</text>").expect("it is valid");
    let waits = Regex::new("^waits for (.*)$").expect("it is valid");
    for name in shown("svg") {
        let svg = fs::read_to_string(figures().join(&name)).expect("it is readable");
        let (words, picture) = svg.split_once("</desc>").expect("it has words");
        let texts = text.captures_iter(picture).map(|found| found[1].to_owned());
        // After them come the axis and the legend.
        let texts: Vec<_> = texts.take_while(|text| text != "0 ms").collect();
        assert!(texts.len() > 5, "{name}: {texts:?}");
        for shown in texts {
            let told = match (waits.captures(&shown), shown.strip_prefix("in ")) {
                (Some(found), _) => format!(" ms for {}, is accepted at", &found[1]),
                (_, Some(call)) => format!("sleeps in {call}"),
                _ if shown == "served" => "is accepted at".to_owned(),
                // The sign adds nothing to the name.
                _ => shown.trim_start_matches(|c: char| !c.is_ascii()).trim().to_owned(),
            };
            assert!(words.contains(&told), "{name}: {told:?} is not in {words}");
        }
    }
}

#[test]
fn every_record_follows_the_scenario() {
    for style in Style::ALL {
        let record = recorded(style);
        assert_eq!(record.style(), style.name);
        assert_eq!(record.clients().len(), SCENARIO.len());
        for (client, part) in record.clients().iter().zip(SCENARIO) {
            let sent: Vec<_> = client.sends.iter().map(|(_, text)| &text[..]).collect();
            assert_eq!((&client.name[..], &sent[..]), (part.name, part.sends));
            let hesitates =
                client.sends.windows(2).map(|two| (two[1].0 - two[0].0, part.hesitates));
            let connects = [(client.connects, part.connects)].into_iter();
            let stays = [(client.hangs_up - client.answered, part.stays)];
            for (took, planned) in connects.chain(hesitates).chain(stays) {
                let late = took - planned as f64;
                // Earlier by at most the interval between two looks at the clock.
                assert!(
                    (-1.0..20.0).contains(&late),
                    "{}: {} is {late} ms late; on an idle machine: {ANEW}",
                    style.name,
                    part.name
                );
            }
        }
    }
}

#[test]
fn bars_in_the_terminal_show_the_record_in_80_columns() {
    let escapes = Regex::new("\x1b\\[[0-9;]*m").expect("it is valid");
    for style in Style::ALL {
        let drawn = bars(style, &recorded(style));
        let plain = escapes.replace_all(&drawn, "");
        assert!(plain.lines().all(|line| line.chars().count() <= 80), "{plain}");
        let row = |name: &str| {
            let row = plain.lines().find(|line| line.split(' ').next() == Some(name));
            row.unwrap_or_else(|| panic!("no {name} in {plain}")).chars().collect::<Vec<_>>()
        };
        let place = |name: &str, sign| row(name).iter().position(|c| *c == sign);
        // A begins, and only a server of one client at a time lets the others wait for it.
        assert_eq!(place("A", '>'), Some(21), "{plain}");
        assert_eq!(row("B").contains(&'░'), !style.serves_many(), "{plain}");
        let [a, b] = ["A", "B"].map(|client| place(client, '<').expect("it is answered"));
        // If A sends and is answered in one column, the second mark stands behind the first.
        assert_eq!(b + 1 >= a, !style.serves_many(), "{plain}");
        for lane in recorded(style).lanes() {
            let name = lane.name.split(' ').next().unwrap_or_default();
            assert!(row(name).iter().any(|c| ['A', 'B', 'C'].contains(c)), "{plain}");
        }
    }
}

#[test]
fn the_command_names_its_pictures_and_draws_them_again() {
    if !require_tool("strace") {
        return;
    }
    let directory = Directory::default();
    let timelines = |arguments: &[&str]| -> Ended {
        let mut command = Command::new(PROGRAM);
        command.arg("timelines").args(arguments);
        command.arg("--into").arg(directory.path());
        // An empty TMPDIR means /tmp: no directory can be made in /proc.
        command.env("TMPDIR", "").current_dir("/proc");
        Running::spawn(command).end()
    };
    let ended = timelines(&["iterative"]);
    assert!(ended.status.success(), "{ended:#?}");
    assert_eq!(ended.output[0], "● iterative:");
    let [picture, record] =
        ["iterative.svg", "iterative.jsonl"].map(|name| directory.path().join(name));
    let drawn = fs::read_to_string(&picture).expect("it is drawn");
    for sentence in &ended.output[1..9] {
        assert!(drawn.contains(sentence.trim()), "{sentence} is not in {drawn}");
    }
    assert!(ended.output[4].contains(" for A, is accepted at "), "{ended:#?}");

    fs::remove_file(&picture).expect("it is there");
    let ended = timelines(&["--redraw"]);
    let place = directory.path().display();
    assert_eq!(ended.output, [format!("1 picture drawn in {place}")]);
    assert_eq!(fs::read_to_string(&picture).expect("it is drawn again"), drawn);

    fs::write(&record, "{}\n").expect("it is writable");
    let ended = timelines(&["--redraw"]);
    assert_eq!(ended.status.code(), Some(1));
    let problem = format!("error: {} is not a record:  ", record.display());
    assert!(ended.errors[0].starts_with(&problem), "{ended:#?}");
}

fn recorded(style: &Style) -> Record {
    let text = fs::read_to_string(record_of(style)).unwrap_or_else(|error| {
        panic!(
            "lessons/figures/timelines/{name}.jsonl: {error}: the style {name:?} has no timeline; \
             on an idle machine, this command writes one: \
             cargo run -- timelines {name} --into lessons/figures/timelines",
            name = style.name
        )
    });
    Record::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", style.name))
}

fn record_of(style: &Style) -> PathBuf {
    figures().join(format!("{}.jsonl", style.name))
}

/// The names of all files of a kind beside the records, in order.
fn shown(extension: &str) -> Vec<String> {
    let entries = fs::read_dir(figures()).expect("it is readable");
    let names = entries.map(|entry| entry.expect("it is readable").file_name());
    let mut names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.retain(|name| name.ends_with(&format!(".{extension}")));
    names.sort();
    names
}

fn figures() -> PathBuf {
    lessons().join("figures/timelines")
}
