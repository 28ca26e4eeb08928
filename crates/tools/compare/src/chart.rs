//! Plots, as SVG. They take their colours from the page, so they follow its theme, and they fit a
//! phone.

use std::fmt::Write;

use launch::Style;

use crate::summary::Spread;

/// In units of about a pixel on a phone.
const WIDTH: f64 = 360.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 34.0;

/// The data of one style.
pub(crate) struct Series<T> {
    /// The style's index.
    pub(crate) style: usize,
    pub(crate) name: &'static str,
    pub(crate) sign: &'static str,
    pub(crate) values: T,
}

impl<T> Series<T> {
    /// One series for each style, in their order.
    pub(crate) fn of_each(
        styles: &[&'static Style],
        values: impl Fn(&'static Style) -> T,
    ) -> Vec<Series<T>> {
        let styles = styles.iter().enumerate();
        let series = styles.map(|(place, style)| Series {
            style: place,
            name: style.name,
            sign: style.sign,
            values: values(style),
        });
        series.collect()
    }
}

/// A mark at each place for each style, on a logarithmic scale. `values` has one value for each of
/// `places`, or none. A line joins the marks if the places are numbers: between two percentiles there
/// is nothing to see.
pub(crate) fn lines(
    title: &str,
    places: &[String],
    series: &[Series<Vec<Option<Spread>>>],
    write: fn(f64) -> String,
) -> String {
    const HEIGHT: f64 = 250.0;
    let all = series.iter().flat_map(|series| series.values.iter().flatten());
    let Some(scale) = Scale::around(all.flat_map(|value| [value.min, value.max])) else {
        return "<p>Nothing was measured that could be shown here.</p>\n".to_owned();
    };
    let bottom = HEIGHT - BOTTOM;
    let step = (WIDTH - LEFT - RIGHT) / places.len() as f64;
    let x = |place: usize| LEFT + step * (place as f64 + 0.5);
    let y = |value: f64| bottom - (bottom - TOP) * scale.part(value);

    let mut svg = begin(title, HEIGHT);
    for tick in scale.ticks() {
        let (at, right) = (y(tick), WIDTH - RIGHT);
        let label = write(tick);
        let _ = writeln!(
            svg,
            r#"<path class="grid" d="M{LEFT} {at:.1}H{right}"/><text class="axis" x="{}" y="{:.1}" text-anchor="end">{label}</text>"#,
            LEFT - 6.0,
            at + 4.0
        );
    }
    for (place, name) in places.iter().enumerate() {
        let (x, y) = (x(place), bottom + 18.0);
        let _ = writeln!(
            svg,
            r#"<text class="axis" x="{x:.1}" y="{y}" text-anchor="middle">{name}</text>"#
        );
    }
    let is_joined = places.iter().all(|place| place.parse::<u64>().is_ok());
    for series in series {
        let told = |place: usize, Spread { median, min, max }: Spread| {
            let [median, min, max] = [median, min, max].map(write);
            format!("{}, {}: {median} ({min} to {max})", series.name, places[place])
        };
        svg += &line(series, is_joined, x, y, told);
    }
    svg + "</svg>\n"
}

/// The line of a style, with the spread and the style's sign at each place. A pointer over the sign
/// shows what is told of it.
fn line(
    Series { style, name, sign, values }: &Series<Vec<Option<Spread>>>,
    is_joined: bool,
    x: impl Fn(usize) -> f64,
    y: impl Fn(f64) -> f64,
    told: impl Fn(usize, Spread) -> String,
) -> String {
    let mut svg = format!("<g class=\"style-{name}\"><title>{name}</title>\n");
    // The styles stand side by side, so that equal values do not hide one another.
    let x = |place| x(place) + (*style as f64 - 2.0) * 5.0;
    let mut pen = 'M';
    let mut path = String::new();
    for (place, value) in values.iter().enumerate() {
        match value {
            Some(value) => {
                let _ = write!(path, "{pen}{:.1} {:.1}", x(place), y(value.median));
                pen = 'L';
            }
            None => pen = 'M',
        }
    }
    if is_joined {
        let _ = writeln!(svg, r#"<path class="line" d="{path}"/>"#);
    }
    for (place, value) in values.iter().enumerate() {
        let Some(value) = value else { continue };
        let (x, low, high) = (x(place), y(value.min), y(value.max));
        let _ = writeln!(
            svg,
            r#"<path class="line" d="M{x:.1} {low:.1}V{high:.1}"/><text class="sign" x="{x:.1}" y="{:.1}">{sign}<title>{}</title></text>"#,
            y(value.median) + 4.0,
            told(place, *value)
        );
    }
    svg + "</g>\n"
}

/// A bar for each style, starting at 0.
pub(crate) fn bars(
    title: &str,
    series: &[Series<Option<Spread>>],
    write: fn(f64) -> String,
) -> String {
    const ROW: f64 = 34.0;
    let height = TOP + ROW * series.len() as f64;
    let values = series.iter().filter_map(|series| series.values.as_ref());
    let most = values.map(|value| value.max).fold(f64::MIN_POSITIVE, f64::max);
    let x = |value: f64| (WIDTH - 2.0) * value / most;
    let mut svg = begin(title, height);
    for (row, Series { name, sign, values, .. }) in series.iter().enumerate() {
        let text_y = TOP + ROW * row as f64 + 8.0;
        let (bar_y, middle) = (text_y + 5.0, text_y + 10.0);
        let text = values.as_ref().map_or("cannot".to_owned(), |value| write(value.median));
        let _ = writeln!(
            svg,
            r#"<g class="style-{name}"><text class="name" x="0" y="{text_y}">{sign} {name}</text><text class="value" x="{}" y="{text_y}" text-anchor="end">{text}</text>"#,
            WIDTH - 2.0
        );
        if let Some(value) = values {
            let (low, high) = (x(value.min), x(value.max));
            let _ = writeln!(
                svg,
                r#"<rect class="bar" x="0" y="{bar_y}" width="{:.1}" height="10"/><path class="spread" d="M{low:.1} {middle}H{high:.1}"/>"#,
                x(value.median)
            );
        }
        svg += "</g>\n";
    }
    svg + "</svg>\n"
}

fn begin(title: &str, height: f64) -> String {
    format!(r#"<svg viewBox="0 0 {WIDTH} {height}" role="img"><title>{title}</title>"#) + "\n"
}

/// A logarithmic scale.
struct Scale {
    from: f64,
    to: f64,
}

impl Scale {
    /// From the step of 1, 2 or 5 below all values to the one above them.
    fn around(values: impl Iterator<Item = f64>) -> Option<Scale> {
        let values = values.filter(|value| *value > 0.0);
        let (low, high) = values.fold((f64::MAX, 0.0), |(low, high): (f64, f64), value| {
            (low.min(value), high.max(value))
        });
        (high > 0.0).then(|| Scale {
            from: steps().rev().find(|step| *step <= low).unwrap_or(low),
            to: steps().find(|step| *step >= high * 1.001).unwrap_or(high),
        })
    }

    /// The position between 0 and 1. A logarithmic scale has no place for 0: it stands at the lower
    /// end.
    fn part(&self, value: f64) -> f64 {
        (value.max(self.from) / self.from).ln() / (self.to / self.from).ln()
    }

    fn ticks(&self) -> Vec<f64> {
        let all = steps().filter(|step| (self.from..=self.to).contains(step));
        let all: Vec<f64> = all.collect();
        match all.len() {
            ..=8 => all,
            // Only powers of ten.
            _ => {
                let is_power = |step: &f64| (step.log10() - step.log10().round()).abs() < 1e-9;
                all.into_iter().filter(is_power).collect()
            }
        }
    }
}

/// 1, 2, 5, 10, 20, 50 and so on.
fn steps() -> impl DoubleEndedIterator<Item = f64> {
    (-3..13).flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_holds_all_values_and_has_few_ticks() {
        let scale = Scale::around([3.0, 42.0].into_iter()).unwrap();
        assert_eq!((scale.from, scale.to), (2.0, 50.0));
        assert_eq!(scale.ticks(), [2.0, 5.0, 10.0, 20.0, 50.0]);
        assert!((scale.part(10.0) - 0.5).abs() < 0.01);
        assert_eq!(scale.part(0.0), 0.0);
        let scale = Scale::around([3.0, 4e6].into_iter()).unwrap();
        let powers: Vec<f64> = (1..=6).map(|power| 10_f64.powi(power)).collect();
        assert_eq!(scale.ticks(), powers);
        assert!(Scale::around([0.0].into_iter()).is_none());
    }

    #[test]
    fn a_missing_measurement_leaves_a_gap() {
        let value = |median| Some(Spread { median, min: median, max: median });
        let series = [Series {
            style: 0,
            name: "iterative",
            sign: "●",
            values: vec![value(1.0), None, value(2.0)],
        }];
        let places = ["1", "10", "100"].map(str::to_owned);
        let svg = lines("rate", &places, &series, |value| value.to_string());
        let line = svg.lines().find(|line| line.starts_with(r#"<path class="line""#)).unwrap();
        assert_eq!((line.matches('M').count(), line.matches('L').count()), (2, 0));
        assert!(lines("rate", &places, &[], |_| String::new()).starts_with("<p>"));
    }

    #[test]
    fn percentiles_are_not_joined_and_each_mark_tells_its_figures() {
        let value = Some(Spread { median: 2.0, min: 1.0, max: 3.0 });
        let values = vec![value, value];
        let series = [Series { style: 1, name: "fork", sign: "◆", values }];
        let draw = |places: [&str; 2]| {
            lines("times", &places.map(str::to_owned), &series, |value| format!("{value} ms"))
        };
        assert_eq!(draw(["p50", "p99"]).matches('L').count(), 0);
        assert_eq!(draw(["1", "10"]).matches('L').count(), 1);
        assert!(draw(["p50", "p99"]).contains("<title>fork, p99: 2 ms (1 ms to 3 ms)</title>"));
    }
}
