//! A record as a picture: SVG, with the colours of the book by name.
//!
//! Time runs to the right, on the same axis in every picture. Each client has a row, and below them
//! each thread of the server that did something for them.

use std::fmt::Write;

use launch::Style;

use crate::record::{Client, Lane, Record};
use crate::scenario::{Part, SCENARIO};
use crate::tell;

/// In units of a bit less than a pixel on a phone.
const WIDTH: f64 = 520.0;
/// The axis is between these two; the names of the rows stand left of it.
const LEFT: f64 = 128.0;
const RIGHT: f64 = 510.0;
/// The height of a client's row, and that of a lane, whose name takes two lines.
const CLIENT: f64 = 34.0;
const LANE: f64 = 40.0;
/// The height of a bar.
const BAR: f64 = 18.0;
/// The approximate width of a letter.
const LETTER: f64 = 7.2;

/// All pictures of these records, with their file names: one for each style, and, if there are
/// several, one of all their clients and one of all their servers. These two have only the styles
/// that start by default, or they would be too long to compare.
pub fn pictures(records: &[(&Style, Record)]) -> Vec<(String, String)> {
    let axis = axis(records);
    let mut pictures = Vec::new();
    for (style, record) in records {
        let mut picture = Picture::new(style.name, axis);
        picture.clients(style, record);
        picture.gap();
        picture.lanes(style, record);
        let title = format!("The {} server and its clients", style.name);
        let words = tell::tell(record).join(" ");
        pictures.push((format!("{}.svg", style.name), picture.end(&title, &words)));
    }
    let together: Vec<_> =
        records.iter().filter(|(style, _)| style.starts_by_default).cloned().collect();
    if together.len() > 1 {
        pictures.extend([
            ("clients.svg".to_owned(), all_clients(&together, axis)),
            ("servers.svg".to_owned(), all_servers(&together, axis)),
        ]);
    }
    pictures
}

/// The length of the axis in milliseconds: long enough for a run in which each client waits for the
/// one before, and for the longest of these runs, plus a margin.
pub(crate) fn axis(records: &[(&Style, Record)]) -> f64 {
    let takes = SCENARIO.iter().map(Part::takes).sum::<u64>() as f64;
    let ends = records.iter().map(|(_, record)| record.ends());
    let longest = ends.fold(takes, f64::max);
    (longest / 50.0).floor() * 50.0 + 50.0
}

fn all_clients(records: &[(&Style, Record)], axis: f64) -> String {
    let mut picture = Picture::new("clients", axis);
    let mut words = Vec::new();
    for (style, record) in records {
        picture.clients(style, record);
        picture.gap();
        words.push(format!("{}:", style.name));
        words.extend(tell::clients(record));
    }
    picture.end("The same clients of every style", &words.join(" "))
}

fn all_servers(records: &[(&Style, Record)], axis: f64) -> String {
    let mut picture = Picture::new("servers", axis);
    let mut words = Vec::new();
    for (style, record) in records {
        picture.heading(style);
        picture.lanes(style, record);
        picture.gap();
        words.push(format!("{}:", style.name));
        words.extend(tell::lanes(record));
    }
    picture.end("What the servers do meanwhile", &words.join(" "))
}

/// A picture that is being drawn, from top to bottom.
struct Picture {
    name: String,
    /// The length of the axis in milliseconds.
    axis: f64,
    /// The top of the next row.
    y: f64,
    has_clients: bool,
    has_lanes: bool,
    marks: String,
}

impl Picture {
    /// `name` makes the ids in the picture unique among all pictures of a page.
    fn new(name: &str, axis: f64) -> Picture {
        Picture {
            name: format!("timeline-{name}"),
            axis,
            y: 8.0,
            has_clients: false,
            has_lanes: false,
            marks: String::new(),
        }
    }

    fn x(&self, millis: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * millis / self.axis
    }

    fn gap(&mut self) {
        self.y += 10.0;
    }

    /// Draws the style's name on its own line.
    fn heading(&mut self, style: &Style) {
        self.style_name(style, self.y + 15.0);
        self.y += 20.0;
    }

    fn style_name(&mut self, style: &Style, y: f64) {
        let (colour, name) = (colour(style), style.label());
        self.mark(&format!(
            r#"<text x="8" y="{y:.1}" font-size="15" font-weight="700" fill="{colour}">{name}</text>"#
        ));
    }

    /// Draws a row for each client: waiting, then served.
    fn clients(&mut self, style: &Style, record: &Record) {
        self.has_clients = true;
        self.style_name(style, self.y + CLIENT / 2.0 + 5.0);
        for client in record.clients() {
            self.client(style, client);
            self.y += CLIENT;
        }
    }

    fn client(&mut self, style: &Style, client: &Client) {
        let top = self.y + (CLIENT - BAR) / 2.0;
        let text_y = top + 14.0;
        self.text(LEFT - 8.0, text_y, "end", INK, &client.name);
        let [connects, accepted, ends] =
            [client.connects, client.accepted, client.ends].map(|time| self.x(time));

        self.bar(connects, accepted, top, &self.waiting());
        if !client.waits_for.is_empty() {
            let whom = tell::list(&client.waits_for);
            let texts = [format!("waits for {whom}"), whom];
            if let Some(text) = longest_within(&texts, accepted - connects) {
                let (middle, wide) = ((connects + accepted) / 2.0, room(text));
                self.mark(&format!(
                    r#"<rect x="{:.1}" y="{:.1}" width="{wide:.1}" height="{:.1}" fill="{PAPER}"/>"#,
                    middle - wide / 2.0,
                    top + 1.0,
                    BAR - 2.0
                ));
                self.text(middle, text_y, "middle", INK, text);
            }
        }
        let colour = colour(style);
        let served = format!(r#"fill="{colour}" stroke="{colour}""#);
        self.bar(accepted, ends, top, &served);
        if let Some(text) = longest_within(&["served"], ends - accepted) {
            self.text((accepted + ends) / 2.0, text_y, "middle", PAPER, text);
        }
        for (at, _) in &client.sends {
            self.mark(&down(self.x(*at), top - 1.0));
        }
        self.mark(&up(self.x(client.answered), top + BAR + 1.0));
    }

    /// Draws a row for each thread of the server that did something for a client.
    fn lanes(&mut self, style: &Style, record: &Record) {
        self.has_lanes = true;
        for lane in record.lanes() {
            self.lane(style, record, lane);
            self.y += LANE;
        }
    }

    fn lane(&mut self, style: &Style, record: &Record, lane: &Lane) {
        let (top, middle) = (self.y + (LANE - BAR) / 2.0, self.y + LANE / 2.0);
        self.text(8.0, self.y + 16.0, "start", INK, &lane.name);
        if let Some(call) = record.sleeps_in(lane) {
            let text = format!("in {call}");
            self.text(8.0, self.y + 32.0, "start", MUTED, &text);
        }
        let [from, to] = [lane.from, lane.to].map(|time| self.x(time));
        self.mark(&format!(
            r#"<path d="M{from:.1} {middle:.1}H{to:.1}" stroke="{MUTED}" stroke-width="1.5"/>"#
        ));
        let (colour, text_y) = (colour(style), top + 14.0);
        for spell in record.spells(lane) {
            let [from, to] = [spell.from, spell.to].map(|time| self.x(time));
            if to - from >= 2.0 * LETTER {
                self.bar(from, to, top, &in_hand(&colour));
                self.text((from + to) / 2.0, text_y, "middle", INK, spell.client);
            } else {
                let to = to.max(from + 2.5);
                self.bar(from, to, top, &format!(r#"fill="{colour}""#));
                // With a border, so that the line behind does not cross it out.
                self.mark(&format!(
                    r#"<text x="{:.1}" y="{text_y:.1}" font-size="14" fill="{INK}" stroke="{PAPER}" stroke-width="4" paint-order="stroke">{}</text>"#,
                    to + 3.0,
                    escape(spell.client)
                ));
            }
        }
    }

    fn bar(&mut self, from: f64, to: f64, top: f64, look: &str) {
        self.mark(&format!(
            r#"<rect x="{from:.1}" y="{top:.1}" width="{:.1}" height="{BAR}" {look}/>"#,
            to - from
        ));
    }

    /// The look of a bar while the client waits.
    fn waiting(&self) -> String {
        format!(r##"fill="url(#{}-waits)" stroke="{INK}""##, self.name)
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, colour: &str, text: &str) {
        let text = escape(text);
        self.mark(&format!(
            r#"<text x="{x:.1}" y="{y:.1}" font-size="14" text-anchor="{anchor}" fill="{colour}">{text}</text>"#
        ));
    }

    fn mark(&mut self, mark: &str) {
        self.marks += mark;
        self.marks.push('\n');
    }

    /// Ends the picture, with the axis behind it and the legend below.
    fn end(mut self, title: &str, words: &str) -> String {
        let bottom = self.y + 4.0;
        let mut axis = String::new();
        let step = (self.axis / 1000.0).ceil() as usize * 100;
        for time in (0..=self.axis as usize).step_by(step) {
            let x = self.x(time as f64);
            let _ = writeln!(
                axis,
                r#"<path d="M{x:.1} 4V{bottom:.1}" stroke="{EDGE}" stroke-opacity="0.4"/>"#
            );
            if time % (2 * step) == 0 {
                let unit = if time == 0 { " ms" } else { "" };
                // The last label must not be cut off.
                let x = x.min(WIDTH - 20.0);
                self.text(x, bottom + 16.0, "middle", MUTED, &format!("{time}{unit}"));
            }
        }
        self.y = bottom + 24.0;
        self.legend();
        let (name, height, words, marks) = (&self.name, self.y, escape(words), &self.marks);
        let span = self.axis;
        format!(
            r#"<svg viewBox="0 0 {WIDTH} {height:.0}" role="img" aria-labelledby="{name}-title {name}-desc" font-family="inherit" style="max-width: 608px; margin-inline: auto">
<title id="{name}-title">{title}</title>
<desc id="{name}-desc">Time runs to the right, from 0 to {span} ms. {words}</desc>
<defs>
<pattern id="{name}-waits" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="{PAPER}"/><path d="M0 0V6" stroke="{LOST}" stroke-width="4"/></pattern>
</defs>
{axis}{marks}</svg>
"#
        )
    }

    fn legend(&mut self) {
        let (from, to) = (8.0, 34.0);
        if self.has_clients {
            let (top, y) = (self.y, self.y + 14.0);
            self.bar(from, to, top, &self.waiting());
            self.text(40.0, y, "start", INK, "connected, waits to be accepted");
            self.mark(&down(300.0, top + 12.0));
            self.text(312.0, y, "start", INK, "sends");
            self.mark(&up(380.0, top + 6.0));
            self.text(392.0, y, "start", INK, "is answered");
            self.y += 26.0;
        }
        if self.has_lanes {
            let (top, y) = (self.y, self.y + 14.0);
            self.bar(from, to, top, &in_hand(INK));
            self.text((from + to) / 2.0, y, "middle", INK, "A");
            let text = "has A in hand: works for it, or sleeps until it says something";
            self.text(40.0, y, "start", INK, text);
            self.y += 26.0;
        }
    }
}

const INK: &str = "var(--ink, #1d2228)";
const PAPER: &str = "var(--paper, #fff)";
const MUTED: &str = "var(--muted, #545c66)";
const EDGE: &str = "var(--edge, #7b838d)";
const WASH: &str = "var(--wash, #f2f4f6)";
const LOST: &str = "var(--lost, #a01f5c)";

fn colour(style: &Style) -> String {
    format!("var(--{}, currentColor)", style.name)
}

/// The look of a bar for the time that a thread spends on one client.
fn in_hand(colour: &str) -> String {
    format!(r#"fill="{WASH}" stroke="{colour}" stroke-width="2""#)
}

/// The first of these texts (the longest is first) that fits this width.
fn longest_within<T: AsRef<str>>(texts: &[T], width: f64) -> Option<&str> {
    let mut texts = texts.iter().map(AsRef::as_ref);
    texts.find(|text| room(text) + 4.0 <= width)
}

/// The approximate width of a text.
fn room(text: &str) -> f64 {
    text.chars().count() as f64 * LETTER
}

/// A small triangle that points down, with its tip at this place.
fn down(x: f64, y: f64) -> String {
    format!(r#"<path d="M{x:.1} {y:.1}l-4 -7h8z" fill="{INK}"/>"#)
}

/// A small triangle that points up.
fn up(x: f64, y: f64) -> String {
    format!(r#"<path d="M{x:.1} {y:.1}l-4 7h8z" fill="{INK}"/>"#)
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}
