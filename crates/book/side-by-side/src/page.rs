//! The parts of the page that are made from the sources.

use std::fmt::Write;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::str::Lines;

use compare::Code;
use serde_json::{Value, json};

use crate::costs::Costs;
use crate::items::Item;
use crate::pair::{Marks, Row, Step, rows, steps};
use launch::Style;

/// The element of the page. It contains the version for readers without JavaScript: the differences
/// between each style and the one before it. It has no empty lines, since Markdown would begin
/// again there.
pub(crate) fn element(items: &[Vec<Item>]) -> String {
    let mut html = "<side-by-side>\n<p>Each style, and what differs from the one before: a line \
                    with - is gone, and one with + is new.</p>\n"
        .to_owned();
    for (place, pair) in items.windows(2).enumerate() {
        let [before, after] = [place, place + 1].map(|place| Style::ALL[place].name);
        let _ = writeln!(
            html,
            "<details id=\"{before}-beside-{after}\"><summary>From \
             <span class=\"style-{before}\">{before}</span> to \
             <span class=\"style-{after}\">{after}</span></summary>"
        );
        differences(&rows(&pair[0], &pair[1]), &mut html);
        html += "</details>\n";
    }
    html + "</side-by-side>\n"
}

/// New and changed items are shown in full; unchanged and removed ones are only named, since the
/// reader has seen them before.
fn differences(rows: &[Row<'_>], html: &mut String) {
    let (mut same, mut gone) = (Vec::new(), Vec::new());
    for row in rows {
        match (row.left, row.right) {
            (Some(left), Some(right)) if left.text == right.text => same.push(&left.name),
            (Some(left), None) => gone.push(&left.name),
            (left, Some(right)) => {
                let before = left.map_or("", |left| &left.text);
                let (name, file) = (escape(&right.name), &right.file);
                let _ = writeln!(
                    html,
                    "<p class=\"side-item\"><code>{name}</code> in <code>{file}</code></p>"
                );
                *html += &difference(before, &right.text);
            }
            (None, None) => unreachable!("there is an item in each row"),
        }
    }
    for (what, names) in [("As they were", same), ("Gone", gone)] {
        let names = names.iter().map(|name| format!("<code>{}</code>", escape(name)));
        let names: Vec<_> = names.collect();
        if !names.is_empty() {
            let _ = writeln!(html, "<p>{what}: {}.</p>", names.join(", "));
        }
    }
}

/// A difference as diff(1) shows it, with the words that differ.
fn difference(before: &str, after: &str) -> String {
    let (mut old, mut new) = (before.lines(), after.lines());
    let mut html = "<pre>".to_owned();
    for Step { same, left, right } in steps(before, after) {
        for line in old.by_ref().take(same) {
            // As an entity, since Markdown treats a line of blanks as empty.
            let _ = writeln!(html, "&#32;{}", escape(line));
        }
        new.by_ref().take(same).for_each(drop);
        html += &differing("del", '-', &left, &mut old);
        html += &differing("ins", '+', &right, &mut new);
    }
    html + "</pre>\n"
}

/// The next lines of one side, each after the sign of that side.
fn differing(element: &str, sign: char, side: &[Marks], text: &mut Lines<'_>) -> String {
    let lines = side.iter().zip(text);
    let lines = lines.map(|(marks, line)| format!("{sign}{}", marked(line, marks)));
    let lines: Vec<_> = lines.collect();
    match lines.is_empty() {
        true => String::new(),
        false => format!("<{element}>{}</{element}>\n", lines.join("\n")),
    }
}

fn marked(line: &str, marks: &Marks) -> String {
    let units: Vec<_> = line.encode_utf16().collect();
    let text = |range: Range<usize>| escape(&String::from_utf16_lossy(&units[range]));
    let mut html = String::new();
    let mut at = 0;
    for mark in marks {
        let _ = write!(html, "{}<b>{}</b>", text(at..mark.start), text(mark.clone()));
        at = mark.end;
    }
    html + &text(at..units.len())
}

/// The data of the chooser: the items of each style, and the rows for every pair of styles.
///
/// A row is `[left, right, steps]`: the indices of two items, or null, and the steps from one text
/// to the other. A step is `[same, left, right]`: the number of equal lines, and then an entry for
/// each differing line of the left and of the right, with the ranges of the words that differ. It
/// is JavaScript and not JSON, since a page that is opened as a file may load only that.
pub(crate) fn data(items: &[Vec<Item>]) -> String {
    let mut script = "// Made from the styles' sources by `cargo run -p side-by-side`.\n\
         afterAccept.sideBySide.data({\n\"styles\": {\n"
        .to_owned();
    let styles = Style::ALL.iter().zip(items).map(|(style, items)| {
        let item = |item: &Item| json!({"name": item.name, "file": item.file, "text": item.text});
        format!("\"{}\": {}", style.name, lines(items.iter().map(item)))
    });
    script += &styles.collect::<Vec<_>>().join(",\n");
    script += "},\n\"pairs\": {\n";
    let mut pairs = Vec::new();
    for (place, left) in items.iter().enumerate() {
        for (other, right) in items.iter().enumerate().skip(place + 1) {
            let rows = rows(left, right);
            let rows = rows.iter().map(|row| row_as_json(row, left, right));
            let [one, other] = [place, other].map(|place| Style::ALL[place].name);
            pairs.push(format!("\"{one} {other}\": {}", lines(rows)));
        }
    }
    script += &pairs.join(",\n");
    script + "}\n});\n"
}

/// A list with one line for each value, so that a small change of the sources changes few lines.
fn lines(values: impl Iterator<Item = Value>) -> String {
    let values: Vec<_> = values.map(|value| value.to_string()).collect();
    format!("[\n{}\n]", values.join(",\n"))
}

fn row_as_json(row: &Row<'_>, left: &[Item], right: &[Item]) -> Value {
    let place = |of: Option<&Item>, items: &[Item]| items.iter().position(|item| Some(item) == of);
    let steps = match (row.left, row.right) {
        (Some(left), Some(right)) => steps(&left.text, &right.text),
        _ => Vec::new(),
    };
    let places = |line: &Marks| -> Vec<usize> {
        line.iter().flat_map(|mark| [mark.start, mark.end]).collect()
    };
    let side = |lines: &[Marks]| lines.iter().map(places).collect::<Vec<_>>();
    let steps = steps.iter().map(|step| json!([step.same, side(&step.left), side(&step.right)]));
    json!([place(row.left, left), place(row.right, right), steps.collect::<Vec<_>>()])
}

/// A table of the costs of each style.
pub(crate) fn costs(root: &Path) -> io::Result<String> {
    let mut html = "<div class=\"table-wrapper\">\n<table class=\"costs\">\n<thead><tr>\
                    <th scope=\"col\">style</th>\
                    <th scope=\"col\">lines of code</th>\
                    <th scope=\"col\">lines of <code>drivers</code></th>\
                    <th scope=\"col\"><code>unsafe</code></th>\
                    <th scope=\"col\">crates that it needs</th>\
                    <th scope=\"col\">system calls a message</th></tr></thead>\n<tbody>\n"
        .to_owned();
    for style in &Style::ALL {
        let Costs { code, drivers, dependencies, system_calls } = Costs::of(style, root)?;
        let listed = |names: &[String]| {
            let codes = names.iter().map(|name| format!("<code>{}</code>", escape(name)));
            format!("{}: {}", names.len(), codes.collect::<Vec<_>>().join(", "))
        };
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\"><span class=\"style-{name}\">{name}</span></th>\
             <td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            code.lines,
            stands_on(&drivers),
            code.unsafe_places + drivers.iter().map(|(_, code)| code.unsafe_places).sum::<usize>(),
            listed(&dependencies),
            listed(&system_calls),
            name = style.name,
        );
    }
    Ok(html + "</tbody>\n</table>\n</div>\n")
}

/// The number of lines of all modules that a style uses, and of each.
fn stands_on(drivers: &[(String, Code)]) -> String {
    let sum: usize = drivers.iter().map(|(_, code)| code.lines).sum();
    let part = |(module, code): &(String, Code)| format!("<code>{module}</code> {}", code.lines);
    let parts = drivers.iter().map(part);
    match drivers {
        [] => "0".to_owned(),
        _ => format!("{sum}: {}", parts.collect::<Vec<_>>().join(", ")),
    }
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}
