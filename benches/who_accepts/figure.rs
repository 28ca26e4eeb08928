//! The session as Stevens' table, and as a plot.

use std::fmt::Write;

use crate::{AT_ONCE, Session, Spread, WORKERS};

/// A row for each worker, the one with the most clients first, and a column for each way. The last
/// row has how many workers a client wakes.
pub(crate) fn table(session: &Session) -> String {
    let mut text = String::new();
    let heading = format!("{AT_ONCE} at a time");
    for (heading, spreads) in [("one after another", &session.one), (&heading, &session.ten)] {
        let _ = writeln!(text, "{} clients, {heading}", session.clients);
        let _ = write!(text, "{:10}", "worker");
        for spread in spreads {
            let _ = write!(text, "{:>13}", spread.way);
        }
        for worker in 0..WORKERS {
            let _ = write!(text, "\n{:<10}", worker + 1);
            for spread in spreads {
                let _ = write!(text, "{:>13}", spread.served[worker]);
            }
        }
        if spreads.iter().all(|spread| spread.woken.is_some()) {
            let _ = write!(text, "\n{:10}", "woken");
            for woken in spreads.iter().filter_map(|spread| spread.woken) {
                let _ = write!(text, "{woken:>13.1}");
            }
        }
        text += "\n\n";
    }
    text.trim_end().to_owned() + "\n"
}

const WIDTH: f64 = 480.0;
/// The left edges of the two columns of panels, and the width of a panel.
const COLUMNS: [f64; 2] = [8.0, 252.0];
const PANEL: f64 = 220.0;
/// The height of a panel's bars, and of the whole panel.
const BARS: f64 = 56.0;
const ROW: f64 = 92.0;
const TOP: f64 = 34.0;

/// A panel for each way and each kind of clients, with a bar for each worker.
pub(crate) fn plot(session: &Session) -> String {
    let height = TOP + ROW * session.one.len() as f64 + 36.0;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"who-accepts-title \
         who-accepts-desc\" font-family=\"inherit\" style=\"max-width: 561px\">\n\
         <title id=\"who-accepts-title\">How {} clients spread over {WORKERS} workers, for five ways to share \
         the port</title>\n<desc id=\"who-accepts-desc\">{}</desc>\n",
        session.clients,
        described(session),
    );
    let ten = format!("{AT_ONCE} at a time");
    for (x, (heading, spreads)) in
        COLUMNS.into_iter().zip([("one after another", &session.one), (&ten, &session.ten)])
    {
        text(&mut svg, (x, 20.0), "font-size=\"15\" font-weight=\"700\"", heading);
        let most = spreads.iter().flat_map(|spread| &spread.served).max().copied();
        let scale = BARS / most.unwrap_or(1).max(1) as f64;
        let share = session.clients as f64 / WORKERS as f64 * scale;
        for (row, spread) in spreads.iter().enumerate() {
            panel(&mut svg, (x, TOP + ROW * row as f64), spread, scale, share);
        }
    }
    let share = session.clients / WORKERS;
    let note = format!("The dashed line is an equal share: {share} clients for each worker.");
    text(&mut svg, (8.0, height - 12.0), "font-size=\"14\"", &note);
    svg + "</svg>\n"
}

/// Draws the bars of one server, and says above them how many clients its workers had.
fn panel(svg: &mut String, (x, y): (f64, f64), spread: &Spread, scale: f64, share: f64) {
    let bottom = y + 24.0 + BARS;
    text(svg, (x, y + 16.0), "font-size=\"15\"", &spread.way);
    let place = (x + PANEL, y + 16.0);
    text(svg, place, "font-size=\"14\" text-anchor=\"end\"", &range(spread));
    let step = PANEL / WORKERS as f64;
    for (worker, &clients) in spread.served.iter().enumerate().filter(|(_, clients)| **clients > 0)
    {
        let (left, tall) = (x + step * worker as f64, clients as f64 * scale);
        let _ = writeln!(
            svg,
            "<rect x=\"{left:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{tall:.1}\" fill=\"var(--prefork, \
             #3c00a8)\"/>",
            bottom - tall,
            step - 3.0,
        );
    }
    let right = x + PANEL;
    for (y, style) in [
        (bottom, "stroke=\"var(--ink, #1d2228)\""),
        (bottom - share, "stroke=\"var(--muted, #545c66)\" stroke-dasharray=\"4 3\""),
    ] {
        let _ = writeln!(svg, "<path d=\"M{x} {y:.1}H{right}\" {style} stroke-width=\"1.5\"/>");
    }
}

fn text(svg: &mut String, (x, y): (f64, f64), style: &str, words: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x}\" y=\"{y}\" {style} fill=\"var(--ink, #1d2228)\">{words}</text>"
    );
}

/// The least and the most clients of a worker.
fn range(spread: &Spread) -> String {
    match (spread.served.last(), spread.served.first()) {
        (Some(least), Some(most)) if least == most => format!("{most} each"),
        (Some(least), Some(most)) => format!("{least} to {most}"),
        _ => "no worker".to_owned(),
    }
}

/// The figure in words.
fn described(session: &Session) -> String {
    let words = |spreads: &[Spread]| {
        let ways = spreads.iter().map(|spread| format!("{} {}", spread.way, range(spread)));
        ways.collect::<Vec<_>>().join(", ")
    };
    format!(
        "A panel for each way, with a bar for each worker, the one with the most clients first. One after \
         another: {}. {AT_ONCE} at a time: {}.",
        words(&session.one),
        words(&session.ten),
    )
}
