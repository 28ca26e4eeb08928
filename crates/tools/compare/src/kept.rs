//! A comparison that was kept, and its tables and plots as files for the chapters of the book.
//!
//! They are made only from the file of measurements, so that a test can make them again and find
//! changes by hand.

use std::fmt::Write;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use launch::Style;
use serde::de::DeserializeOwned;

use crate::about::About;
use crate::chart::{Series, bars, lines};
use crate::loads::{
    FIGURES, Figure, Kind, Load, MAX, MEMORY, P50, P99, P99_9, PROCESSOR, RATE, loads,
};
use crate::page::{escape, switches};
use crate::part::Part;
use crate::reports::Reports;
use crate::runs::Runs;
use crate::stevens::Session;
use crate::summary::{Cell, Spread};

/// A comparison whose measurements exist, on whatever machine they were made.
pub struct Kept {
    about: About,
    runs: Runs,
    kind: Kind,
    loads: Vec<Load>,
    styles: Vec<&'static Style>,
}

/// The part of its core that the load generator used. If this is nearly all, the generator may be
/// the limit, not the server.
const GENERATOR: Figure = Figure {
    name: "the generator's core",
    of: |report| Some(report.generator_core * 100.0),
    write: |percent| format!("{percent:.0} %"),
};

/// What an answer costs the load generator.
const GENERATOR_TIME: Figure = Figure {
    name: "the generator's time an answer",
    of: |report| Some(report.generator_core * 1e9 / report.rate()),
    write: load::time,
};

impl Kept {
    /// Reads the `runs.jsonl` that `compare` has written.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is not such a file.
    pub fn read(file: &Path, styles: &[&'static Style]) -> io::Result<Kept> {
        let (about, runs) = Runs::read(file)?;
        let is_measured = |load: &Load| runs.samples.iter().any(|sample| sample.load == load.name);
        let all_are_measured = |kind: &Kind| loads(*kind).iter().all(is_measured);
        let kind = [Kind::TwoProcessors, Kind::Full].into_iter().find(all_are_measured);
        let kind = kind.unwrap_or(Kind::Full);
        let loads = loads(kind).into_iter().filter(is_measured).collect();
        // The measurements do not contain styles that are newer than they are.
        let is_measured =
            |style: &&Style| runs.samples.iter().any(|sample| sample.style == style.name);
        let styles = styles.iter().copied().filter(is_measured).collect();
        Ok(Kept { about, runs, kind, loads, styles })
    }

    /// The median of a figure, as in the tables: in nanoseconds, bytes or percent. `None` if the
    /// style could not do it.
    ///
    /// # Panics
    ///
    /// There is no figure, load or style of this name.
    pub fn median(&self, load: &str, style: &str, figure: &str) -> Option<f64> {
        Some(self.spread(load, style, figure)?.median)
    }

    /// Whether the rounds show that one style has more of a figure than another: their ranges do not
    /// overlap.
    ///
    /// # Panics
    ///
    /// As [`Kept::median`].
    pub fn shows_more(&self, load: &str, figure: &str, [more, less]: [&str; 2]) -> bool {
        let spread = |style| self.spread(load, style, figure);
        spread(more).zip(spread(less)).is_some_and(|(more, less)| more.min > less.max)
    }

    /// The median of a figure, and its lowest and highest round. `None` if the style could not do it.
    ///
    /// # Panics
    ///
    /// As [`Kept::median`].
    pub fn spread(&self, load: &str, style: &str, figure: &str) -> Option<Spread> {
        let load = self.find(|found| found.name == load).expect("a load");
        let mut styles = self.styles.iter();
        let style = styles.find(|found| found.name == style).expect("a style");
        let mut figures = FIGURES.iter().chain([&GENERATOR, &GENERATOR_TIME]);
        let figure = figures.find(|found| found.name == figure).expect("figure");
        self.cell(load, style).figure(figure)
    }

    /// The styles that were measured.
    pub fn styles(&self) -> &[&'static Style] {
        &self.styles
    }

    /// The names of all loads.
    pub fn loads(&self) -> impl Iterator<Item = &str> {
        self.loads.iter().map(|load| &*load.name)
    }

    /// All tables and plots.
    pub fn parts(&self) -> Vec<Part> {
        if self.kind == Kind::TwoProcessors {
            return self.parts_on_two_processors();
        }
        let mut parts = vec![Part::new("about.html", self.about())];
        parts.push(Part::new(
            "legend.html",
            switches(&self.styles, ".content", |style| style.name.to_owned()),
        ));
        let all = |_: &Load| true;
        let stays = |load: &Load| load.clients() >= 100 && !load.reconnects();
        parts.push(Part::new("rate.html", self.table(&RATE, all)));
        parts.push(Part::new("latency.html", self.table(&P99, all)));
        parts.push(Part::new("processor.html", self.table(&PROCESSOR, all)));
        parts.push(Part::new("memory.html", self.table(&MEMORY, stays)));
        parts.push(Part::new("generator.html", self.table(&GENERATOR, all)));
        parts.push(Part::new("generator-time.html", self.table(&GENERATOR_TIME, all)));
        parts.push(Part::new("cannot.html", self.reasons()));
        let uring = self.styles.iter().find(|style| style.name == "uring");
        let epoll = self.styles.iter().find(|style| style.name == "epoll");
        if let (Some(uring), Some(epoll)) = (uring, epoll) {
            parts.push(Part::new("uring-epoll.html", self.beside([uring, epoll])));
        }
        for service in ["echo", "fortune", "chat"] {
            let name = format!("rate-{service}.svg");
            parts.push(Part::new(&name, self.rate(service)));
        }
        let hundred = self.find(|load| load.service == "echo" && load.connections == 100);
        parts.extend(hundred.map(|load| Part::new("latency-echo.svg", self.latency(load))));
        let idle = self.loads.iter().max_by_key(|load| load.idle);
        parts.extend(idle.map(|load| Part::new("memory.svg", self.bars(load, &MEMORY))));
        let anew = self.find(|load| load.service == "echo" && load.reconnects());
        parts.extend(anew.map(|load| Part::new("connection.svg", self.bars(load, &PROCESSOR))));
        parts
    }

    /// The tables of a comparison of one processor with two.
    fn parts_on_two_processors(&self) -> Vec<Part> {
        let table = |name: &str, figure| Part::new(name, self.table(figure, |_| true));
        vec![
            Part::new("two-about.html", self.about()),
            table("two-rate.html", &RATE),
            table("two-processor.html", &PROCESSOR),
        ]
    }

    /// Two styles, and by how much the first differs from the second where the rounds show it.
    fn beside(&self, styles: [&Style; 2]) -> String {
        let mut table = String::from(
            "<div class=\"figures\" tabindex=\"0\" role=\"region\" aria-label=\"uring beside \
             epoll\">\n<table>\n<caption>uring beside epoll</caption>\n<thead><tr><th \
             scope=\"col\">load</th>",
        );
        for figure in [&RATE, &PROCESSOR] {
            for style in styles {
                let _ = write!(
                    table,
                    "<th scope=\"col\"><span class=\"style-{0}\">{0}</span>: {1}</th>",
                    style.name, figure.name
                );
            }
            table += "<th scope=\"col\">difference</th>";
        }
        table += "</tr></thead>\n<tbody>\n";
        for load in &self.loads {
            let _ = write!(table, "<tr><th scope=\"row\">{}</th>", load.name);
            for figure in [&RATE, &PROCESSOR] {
                let cells = styles.map(|style| self.cell(load, style));
                table.extend(cells.iter().map(|cell| entry(load, cell, figure, false)));
                let _ = write!(table, "<td>{}</td>", difference(load, &cells, figure));
            }
            table += "</tr>\n";
        }
        table + "</tbody>\n</table>\n</div>\n"
    }

    /// The data that you need to measure it again.
    fn about(&self) -> String {
        let (about, samples) = (&self.about, &self.runs.samples);
        let machine = &about.machine;
        let rounds = samples.iter().map(|sample| sample.round).max();
        let rounds = rounds.unwrap_or(0);
        let seconds = about.seconds;
        let option = match self.kind {
            Kind::TwoProcessors => "--two-processors ",
            Kind::Full | Kind::Quick => "",
        };
        let times = samples.iter().map(|sample| &*sample.at);
        let (begin, end) = (times.clone().min(), times.max());
        let busy = Spread::of(samples.iter().map(|sample| sample.load_average));
        let busy = busy.map_or(String::new(), |busy| {
            let Spread { median, min, max } = busy;
            format!("{median:.1} in the median, {min:.1} to {max:.1}")
        });
        let rows = [
            (
                "command",
                format!(
                    "<code>cargo run --release -- compare {option}--rounds {rounds} --duration \
                     {seconds}</code>"
                ),
            ),
            ("commit", format!("<code>{}</code>", escape(&machine.commit))),
            (
                "measured",
                format!(
                    "{} to {}, {} measurements",
                    begin.unwrap_or_default(),
                    end.unwrap_or_default(),
                    samples.len()
                ),
            ),
            ("placement", escape(&about.placement)),
            (
                "processor",
                format!("{}, {} of them", escape(&machine.processor), machine.processors),
            ),
            ("memory", escape(&machine.memory)),
            ("kernel", format!("Linux {}", escape(&machine.kernel))),
            ("load average", busy),
        ];
        let rows = rows.map(|(name, value)| {
            format!("<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>\n")
        });
        format!(
            "<table class=\"about\">\n\
             <thead><tr><th scope=\"col\">setting</th><th scope=\"col\">value</th></tr></thead>\n\
             <tbody>\n{}</tbody>\n</table>\n",
            rows.concat()
        )
    }

    /// A figure of each style under each load.
    fn table(&self, figure: &Figure, is_shown: impl Fn(&Load) -> bool) -> String {
        let name = figure.name;
        let mut text = format!(
            "<div class=\"figures\" tabindex=\"0\" role=\"region\" aria-label=\"{name}\">\n\
             <table>\n<caption>{name}</caption>\n<thead><tr><th scope=\"col\">load</th>"
        );
        for style in &self.styles {
            let name = style.name;
            let _ =
                write!(text, "<th scope=\"col\"><span class=\"style-{name}\">{name}</span></th>");
        }
        text += "</tr></thead>\n<tbody>\n";
        for load in self.loads.iter().filter(|load| is_shown(load)) {
            let _ = write!(text, "<tr><th scope=\"row\">{}</th>", load.name);
            let cells: Vec<_> = self.styles.iter().map(|style| self.cell(load, style)).collect();
            let best = best(load, &cells, figure);
            for cell in &cells {
                let is_best = best.is_some_and(|best| may_be_best(load, cell, best, figure));
                text += &entry(load, cell, figure, is_best);
            }
            text += "</tr>\n";
        }
        text + "</tbody>\n</table>\n</div>\n"
    }

    /// The reason for each word in place of a figure, and the rounds that failed although others
    /// did not.
    fn reasons(&self) -> String {
        let mut text = "<ul>\n".to_owned();
        for style in &self.styles {
            let name = format!("<span class=\"style-{0}\">{0}</span>", style.name);
            let mut reasons: Vec<String> = Vec::new();
            for load in &self.loads {
                let cell = self.cell(load, style);
                let reason = match (cell.cannot(), cell.failures.first()) {
                    (Some(reason), _) => escape(reason),
                    (None, Some(first)) => {
                        let (count, why) = (cell.failures.len(), escape(first));
                        format!("in {count} of the rounds of {}: {why}", load.name)
                    }
                    (None, None) => continue,
                };
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
            if !reasons.is_empty() {
                let _ = writeln!(text, "<li>{name}: {}</li>", reasons.join("; "));
            }
        }
        text + "</ul>\n"
    }

    /// Answers a second, by the number of clients.
    fn rate(&self, service: &str) -> String {
        let loads = self.loads.iter();
        let loads: Vec<&Load> =
            loads.filter(|load| load.service == service && load.is_plain()).collect();
        let places = loads.iter().map(|load| load.connections.to_string());
        let series = self.each_style(|style| {
            let figure = |load: &&Load| self.cell(load, style).figure(&RATE);
            loads.iter().map(figure).collect()
        });
        let title = format!("{service}: answers a second, by the number of clients");
        self.lines(&format!("rate-{service}"), &title, &places.collect::<Vec<_>>(), &series, &RATE)
    }

    /// The times that the slow answers took.
    fn latency(&self, load: &Load) -> String {
        const PERCENTILES: [Figure; 4] = [P50, P99, P99_9, MAX];
        let places = PERCENTILES.map(|figure| figure.name.to_owned());
        let series = self.each_style(|style| {
            let cell = self.cell(load, style);
            let figure = |figure| cell.figure(figure);
            PERCENTILES.iter().map(figure).collect()
        });
        let title = format!("{}: how long answers took", load.name);
        self.lines(&format!("latency-{}", load.service), &title, &places, &series, &P50)
    }

    fn lines(
        &self,
        id: &str,
        title: &str,
        places: &[String],
        series: &[Series<Vec<Option<Spread>>>],
        figure: &Figure,
    ) -> String {
        let svg = lines(title, places, series, figure.write);
        let at = |place: usize| {
            let values = series.iter().map(|one| told(one.name, one.values[place], figure));
            format!("{}: {}. ", places[place], values.collect::<Vec<_>>().join(", "))
        };
        let said: String = (0..places.len()).map(at).collect();
        labelled(&svg, id, title, said.trim_end())
    }

    fn bars(&self, load: &Load, figure: &Figure) -> String {
        let series = self.each_style(|style| self.cell(load, style).figure(figure));
        let title = format!("{}: {}", load.name, figure.name);
        let svg = bars(&title, &series, figure.write);
        let said = series.iter().map(|one| told(one.name, one.values, figure));
        let id = format!("{}-{}", figure.name.replace(' ', "-"), load.clients());
        labelled(&svg, &id, &title, &(said.collect::<Vec<_>>().join(", ") + "."))
    }

    fn find(&self, is_it: impl Fn(&Load) -> bool) -> Option<&Load> {
        self.loads.iter().find(|load| is_it(load))
    }

    fn cell(&self, load: &Load, style: &Style) -> Cell<'_> {
        Cell::of(&self.runs, load, style)
    }

    fn each_style<T>(&self, values: impl Fn(&'static Style) -> T) -> Vec<Series<T>> {
        Series::of_each(&self.styles, values)
    }
}

/// All parts that can be made from the files of a directory: the measurements of `compare`
/// (`runs.jsonl`, and `two.jsonl` on two processors), those of `cargo bench --bench stevens` (`stevens.json`), and single reports of
/// `load` (`reports.json`).
///
/// # Errors
///
/// One of the files exists but cannot be read, or is a different kind of file.
pub fn parts_of(directory: &Path, styles: &[&'static Style]) -> io::Result<Vec<Part>> {
    let mut parts = Kept::read(&directory.join("runs.jsonl"), styles)?.parts();
    let two = directory.join("two.jsonl");
    if two.exists() {
        parts.extend(Kept::read(&two, styles)?.parts());
    }
    if let Some(session) = read::<Session>(&directory.join("stevens.json"))? {
        parts.push(Part::new("stevens.html", session.table()));
        parts.push(Part::new("stevens-about.html", session.about()));
    }
    if let Some(reports) = read::<Reports>(&directory.join("reports.json"))? {
        parts.extend(reports.parts());
    }
    Ok(parts)
}

/// The contents of a JSON file, if there is one.
fn read<T: DeserializeOwned>(file: &Path) -> io::Result<Option<T>> {
    match fs::read_to_string(file) {
        Ok(text) => {
            let value = serde_json::from_str(&text);
            let say = |error| io::Error::other(format!("{}: {error}", file.display()));
            value.map(Some).map_err(say)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The best figure of a row. `None` if there is no better and worse, or only one style can do it, or
/// the client was the limit of all.
fn best(load: &Load, cells: &[Cell], figure: &Figure) -> Option<Spread> {
    let is_limit = cells.iter().all(|cell| is_least(load, cell, figure));
    if [GENERATOR.name, GENERATOR_TIME.name].contains(&figure.name) || is_limit {
        return None;
    }
    let mut spreads: Vec<_> = cells.iter().filter_map(|cell| cell.figure(figure)).collect();
    spreads.sort_by(|one, other| one.median.total_cmp(&other.median));
    let best = if is_more_better(figure) { spreads.last() } else { spreads.first() };
    best.copied().filter(|_| spreads.len() > 1)
}

/// Whether these rounds do not show that the best style is better than this one: their ranges
/// overlap, or the load generator was the limit here.
fn may_be_best(load: &Load, cell: &Cell, best: Spread, figure: &Figure) -> bool {
    cell.figure(figure).is_some_and(|spread| match is_more_better(figure) {
        true => spread.max >= best.min || is_least(load, cell, figure),
        false => spread.min <= best.max,
    })
}

fn is_more_better(figure: &Figure) -> bool {
    figure.name == RATE.name
}

/// Whether the client was the limit, so that the server can do at least this much: it used its whole
/// core, or had no free port.
fn is_least(load: &Load, cell: &Cell, figure: &Figure) -> bool {
    let core = cell.figure(&GENERATOR).filter(|_| figure.name == RATE.name);
    core.is_some_and(|core| load.takes_ports() || core.median > 100.0 * load::NEARLY_ALL)
}

/// By how much a figure of the first differs from that of the second, if the rounds show it.
fn difference(load: &Load, cells: &[Cell; 2], figure: &Figure) -> String {
    let [Some(one), Some(other)] = cells.each_ref().map(|cell| cell.figure(figure)) else {
        return String::new();
    };
    match () {
        () if cells.iter().any(|cell| is_least(load, cell, figure)) => {
            "the client's limit".to_owned()
        }
        () if one.min <= other.max && other.min <= one.max => "they overlap".to_owned(),
        () => {
            let percent = (one.median / other.median - 1.0) * 100.0;
            format!("{percent:+.0} %").replace('-', "−")
        }
    }
}

/// A figure, and the spread of its rounds. A star marks one that may be the best of its row.
fn entry(load: &Load, cell: &Cell, figure: &Figure, is_best: bool) -> String {
    let Some(Spread { median, min, max }) = cell.figure(figure) else {
        let why = if cell.cannot().is_some() { "cannot" } else { "–" };
        return format!("<td class=\"cannot\">{why}</td>");
    };
    let [median, min, max] = [median, min, max].map(figure.write);
    let least = if is_least(load, cell, figure) { "≥ " } else { "" };
    let (class, star) = if is_best { (" class=\"best\"", "★ ") } else { ("", "") };
    format!("<td{class}>{star}{least}{median}<span class=\"spread\">{min} to {max}</span></td>")
}

/// A figure in words.
fn told(style: &str, value: Option<Spread>, figure: &Figure) -> String {
    match value {
        Some(value) => format!("{style} {}", (figure.write)(value.median)),
        None => format!("{style} cannot"),
    }
}

/// A plot with a description in words, for readers who cannot see it.
fn labelled(svg: &str, id: &str, title: &str, said: &str) -> String {
    let (_, drawn) = svg.split_once("</title>\n").unwrap_or_default();
    let begin = svg.split_once('>').map_or("", |(begin, _)| begin);
    format!(
        "{begin} aria-labelledby=\"{id}-title {id}-desc\">\n\
         <title id=\"{id}-title\">{title}</title>\n<desc id=\"{id}-desc\">{said}</desc>\n{drawn}"
    )
}
