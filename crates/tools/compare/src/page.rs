//! The page. It loads nothing from other hosts: it contains its plots and its styles.

use std::fmt::Write;

use launch::Style;

use crate::about::About;
use crate::chart::{Series, bars, lines};
use crate::code::code;
use crate::loads::{FIGURES, Figure, Load, MAX, MEMORY, P50, P99, P99_9, PROCESSOR, RATE};
use crate::runs::Runs;
use crate::summary::{Cell, Spread};

/// The data of all parts of the page.
struct Results<'a> {
    runs: &'a Runs,
    loads: &'a [Load],
    styles: &'a [&'static Style],
}

/// The whole page, as HTML.
pub(crate) fn page(
    about: &About,
    runs: &Runs,
    loads: &[Load],
    styles: &[&'static Style],
) -> String {
    let results = Results { runs, loads, styles };
    let parts = [
        head(),
        introduction(about, runs),
        switches(styles, "body", Style::label),
        results.throughput(),
        results.latency(),
        results.memory(),
        results.processor(),
        results.code(),
        results.tables(),
    ];
    parts.concat() + "</body>\n</html>\n"
}

fn head() -> String {
    let (mut colours, looks) = (colours(), include_str!("page.css"));
    for Style { name, .. } in Style::ALL {
        let _ = writeln!(colours, ".style-{name} {{ color: var(--{name}); }}");
    }
    format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The styles side by side</title>
<style>
{colours}{looks}</style>
</head>
<body>
<h1>The styles side by side</h1>
"#
    )
}

/// The colours of the book: those for light backgrounds, and, if the reader prefers dark ones,
/// those of its theme navy.
fn colours() -> String {
    let book = include_str!("../../../../lessons/theme/colours.css");
    let block = |selector: &str| {
        let (_, rest) = book.split_once(&format!("{selector} {{")).unwrap_or_default();
        rest.split_once('}').unwrap_or_default().0
    };
    let (light, dark, grounds) = (block("\nhtml"), block(".coal, .navy, .ayu"), block("    .navy"));
    format!(
        ":root {{{light}}}\n@media (prefers-color-scheme: dark) {{ :root {{{dark}{grounds}}} }}\n"
    )
}

fn introduction(about: &About, runs: &Runs) -> String {
    let samples = &runs.samples;
    let busy = Spread::of(samples.iter().map(|sample| sample.load_average));
    let busy = busy.map_or("unknown".to_owned(), |busy| {
        let Spread { median, min, max } = busy;
        format!("{median:.1} in the median, {min:.1} to {max:.1}")
    });
    let when = match (samples.first(), samples.last()) {
        (Some(first), Some(last)) => format!("{} to {}", first.at, last.at),
        _ => "never".to_owned(),
    };
    let rounds = samples.iter().map(|sample| sample.round).max().unwrap_or(0);
    let machine = &about.machine;
    let rows = [
        ("measured", when),
        ("rounds", format!("{rounds}, in which clients talked {} s each time", about.seconds)),
        ("placement", about.placement.clone()),
        ("processor", format!("{}, {} of them", machine.processor, machine.processors)),
        ("memory", machine.memory.clone()),
        ("kernel", format!("Linux {}", machine.kernel)),
        ("commit", machine.commit.clone()),
        ("built", machine.built.clone()),
        ("load average", busy),
    ];
    let rows = rows.map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>\n", escape(&value)));
    format!(
        "<p>Every figure is the median of its rounds, beside the least and the most of them: \
         if the ranges of two styles overlap, this run does not show which one is better. \
         All figures come from closed loops. They show what a server can do, but they hide how \
         long people would wait while it stalls.</p>\n<dl>\n{}</dl>\n\
         <p>The load average includes the server and the load generator. If it is well above \
         two, the machine had other work to do.</p>\n",
        rows.concat()
    )
}

/// A box for each style, which shows it in all plots and rows inside `whole`, or hides it. At first
/// the reader sees the styles that start by default: the lines of all would be hard to tell apart.
pub(crate) fn switches(
    styles: &[&'static Style],
    whole: &str,
    label: impl Fn(&Style) -> String,
) -> String {
    let mut rules = String::new();
    let mut boxes = String::new();
    for style in styles {
        let name = style.name;
        let checked = if style.starts_by_default { " checked" } else { "" };
        let _ = writeln!(
            rules,
            "{whole}:has(#show-{name}:not(:checked)) :is(g.style-{name}, tr:has(> .style-{name})) \
             {{ display: none; }}"
        );
        let _ = writeln!(
            boxes,
            "<label class=\"style-{name}\"><input type=\"checkbox\" id=\"show-{name}\"{checked}> \
             {}</label>",
            label(style)
        );
    }
    format!(
        "<style>\n{rules}</style>\n<fieldset class=\"legend\">\n<legend>Show</legend>\n{boxes}</fieldset>\n"
    )
}

impl Results<'_> {
    /// One line for each style: a figure by the number of clients.
    fn throughput(&self) -> String {
        let mut plots = String::new();
        for service in self.services() {
            let loads: Vec<&Load> = self.plain(service).collect();
            let places = loads.iter().map(|load| load.connections.to_string());
            let places: Vec<String> = places.collect();
            let series = self.each_style(|style| {
                loads.iter().map(|load| self.cell(load, style).figure(&RATE)).collect()
            });
            let plot = lines(&format!("{service}: answers a second"), &places, &series, RATE.write);
            plots += &figure(service, &plot);
        }
        let text = "In a room, each member that gets a line counts as an answer.";
        self.section("Answers a second, by the number of clients", text, &plots)
    }

    /// One line for each style: the times that the slow answers took.
    fn latency(&self) -> String {
        const PERCENTILES: [Figure; 4] = [P50, P99, P99_9, MAX];
        let places = PERCENTILES.map(|figure| figure.name.to_owned());
        let mut plots = String::new();
        for service in self.services() {
            for load in self.plain(service).filter(|load| [10, 100].contains(&load.connections)) {
                let series = self.each_style(|style| {
                    let cell = self.cell(load, style);
                    PERCENTILES.iter().map(|figure| cell.figure(figure)).collect()
                });
                plots += &figure(&load.name, &lines(&load.name, &places, &series, P50.write));
            }
        }
        let text = "The times within which these percentages of the answers arrived.";
        self.section("How long answers took", text, &plots)
    }

    fn memory(&self) -> String {
        let text = "The growth of the server's proportional memory (Pss, of all its processes) for \
                    each client. It does not include the memory that the kernel keeps for a \
                    socket, a thread or a process.";
        let is_shown = |load: &&Load| load.clients() >= 100 && load.service != "fortune";
        let loads = self.loads.iter().filter(is_shown);
        let plots: String = loads.map(|load| self.bars(load, &MEMORY)).collect();
        self.section("Memory a client", text, &plots)
    }

    fn processor(&self) -> String {
        let text = "Only of the server, in user mode and in the kernel together.";
        let loads = self.loads.iter().filter(|load| load.connections == 10);
        let plots: String = loads.map(|load| self.bars(load, &PROCESSOR)).collect();
        self.section("Processor time an answer", text, &plots)
    }

    fn bars(&self, load: &Load, shown: &Figure) -> String {
        let series = self.each_style(|style| self.cell(load, style).figure(shown));
        let title = format!("{}: {}", load.name, shown.name);
        figure(&load.name, &bars(&title, &series, shown.write))
    }

    fn code(&self) -> String {
        let exactly = |count: usize| {
            let count = count as f64;
            Spread { median: count, min: count, max: count }
        };
        let count = |number: f64| format!("{number:.0}");
        let lines = self.each_style(|style| Some(exactly(code(style)?.lines)));
        let places = self.each_style(|style| Some(exactly(code(style)?.unsafe_places)));
        let plots = [
            figure("Lines of code", &bars("lines of code", &lines, count)),
            figure("Unsafe places", &bars("unsafe places", &places, count)),
        ];
        let text = "The style's own crate, without comments, empty lines and tests.";
        self.section("Code to read", text, &plots.concat())
    }

    fn tables(&self) -> String {
        let mut text = "<h2>All figures</h2>\n".to_owned();
        for load in self.loads {
            let _ = write!(
                text,
                "<h3>{}</h3>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">\n<table>\n<thead><tr><th>style</th>",
                load.name, load.name
            );
            for figure in &FIGURES {
                let _ = write!(text, "<th>{}</th>", figure.name);
            }
            text += "</tr></thead>\n<tbody>\n";
            for style in self.styles {
                text += &self.row(load, style);
            }
            text += "</tbody>\n</table>\n</div>\n";
            text += &self.failures(load);
        }
        text
    }

    fn row(&self, load: &Load, style: &Style) -> String {
        let (name, sign) = (style.name, style.sign);
        let cell = self.cell(load, style);
        let cells = if let Some(why) = cell.cannot() {
            instead(&format!("cannot: {}", escape(why)))
        } else if cell.figure(&RATE).is_none() {
            instead("not measured yet")
        } else {
            FIGURES.iter().map(|figure| entry(&cell, figure)).collect()
        };
        format!("<tr><th class=\"style-{name}\">{sign} {name}</th>{cells}</tr>\n")
    }

    /// Rounds that failed, if other rounds of the same measurement did not.
    fn failures(&self, load: &Load) -> String {
        let of_style = |style: &&'static Style| {
            let cell = self.cell(load, style);
            let first = cell.failures.first().filter(|_| cell.cannot().is_none())?;
            let (name, count, why) = (style.name, cell.failures.len(), escape(first));
            Some(format!("<p>Rounds of {name} that failed: {count}, the first by: {why}</p>\n"))
        };
        self.styles.iter().filter_map(of_style).collect()
    }

    /// A part of the page, with its plots.
    fn section(&self, title: &str, text: &str, plots: &str) -> String {
        let legend = self.styles.iter().map(|style| {
            let (name, sign) = (style.name, style.sign);
            format!("<span class=\"style-{name}\">{sign} {name}</span> ")
        });
        let legend: String = legend.collect();
        format!(
            "<h2>{title}</h2>\n<p>{text}</p>\n<p class=\"legend\">{legend}</p>\n\
             <div class=\"plots\">\n{plots}</div>\n"
        )
    }

    fn cell(&self, load: &Load, style: &Style) -> Cell<'_> {
        Cell::of(self.runs, load, style)
    }

    /// The loads of a service that form a line.
    fn plain(&self, service: &str) -> impl Iterator<Item = &Load> {
        let loads = self.loads.iter();
        loads.filter(move |load| load.service == service && load.is_plain())
    }

    fn services(&self) -> Vec<&'static str> {
        let mut services: Vec<_> = self.loads.iter().map(|load| load.service).collect();
        services.dedup();
        services
    }

    fn each_style<T>(&self, values: impl Fn(&'static Style) -> T) -> Vec<Series<T>> {
        Series::of_each(self.styles, values)
    }
}

fn figure(caption: &str, plot: &str) -> String {
    format!("<figure>\n<figcaption>{caption}</figcaption>\n{plot}</figure>\n")
}

/// A figure, and the spread of its rounds.
fn entry(cell: &Cell, figure: &Figure) -> String {
    let Some(Spread { median, min, max }) = cell.figure(figure) else {
        return "<td>–</td>".to_owned();
    };
    let is_single = min == max;
    let [median, min, max] = [median, min, max].map(figure.write);
    match is_single {
        true => format!("<td>{median}</td>"),
        false => format!("<td>{median}<span class=\"spread\">{min} to {max}</span></td>"),
    }
}

fn instead(text: &str) -> String {
    format!("<td class=\"cannot\" colspan=\"{}\">{text}</td>", FIGURES.len())
}

/// Escapes a text, so that nothing in it is taken for markup.
pub(crate) fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colours_are_those_of_the_book() {
        let colours = colours();
        let (light, dark) = colours.split_once("@media").unwrap();
        for name in ["ink", "muted", "edge", "accent", "iterative", "fork", "paper", "wash"] {
            let definition = format!("--{name}: #");
            assert!(light.contains(&definition) && dark.contains(&definition), "{name}");
        }
        assert_eq!(colours.matches('{').count(), colours.matches('}').count());
    }

    #[test]
    fn text_is_not_taken_for_markup() {
        assert_eq!(escape("a < b & c > d"), "a &lt; b &amp; c &gt; d");
    }
}
