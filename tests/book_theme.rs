//! The colours of the book, computed: each is readable in every theme, and colour-blind readers can
//! distinguish the styles.

use std::collections::BTreeMap;
use std::fs;

use chapter_checks::chapter::lessons;
use launch::Style;
use regex::Regex;

/// The themes in mdBook's menu.
const THEMES: [&str; 5] = ["light", "rust", "coal", "navy", "ayu"];

const FILE: &str = "lessons/theme/colours.css";

/// The names of the styles' colours, which are those of the styles.
fn styles() -> impl Iterator<Item = &'static str> {
    Style::ALL.into_iter().map(|style| style.name)
}

/// The other colours for text.
const TEXT: [&str; 8] = ["ink", "muted", "accent", "network", "host", "lost", "right", "wrong"];

#[test]
fn every_colour_is_readable_on_both_backgrounds_of_every_theme() {
    for theme in THEMES {
        let colours = colours(theme);
        for ground in ["paper", "wash"] {
            for name in TEXT.into_iter().chain(styles()) {
                // WCAG 2.2, 1.4.3, level AA.
                let contrast = of(&colours, name).contrast(colours[ground]);
                assert!(
                    contrast >= 4.5,
                    "{FILE}: in the theme {theme}, --{name} on --{ground} has {contrast:.2} to 1: \
                     choose a colour with 4.5 or more"
                );
            }
            // WCAG 2.2, 1.4.11: contrast of graphics.
            let contrast = colours["edge"].contrast(colours[ground]);
            assert!(contrast >= 3.0, "{theme}: an edge on {ground} has {contrast:.2} to 1");
        }
    }
}

#[test]
fn colour_blind_readers_can_distinguish_the_styles() {
    let mut too_near = Vec::new();
    for theme in THEMES {
        let colours = colours(theme);
        let pairs = [styles().collect(), vec!["network", "host"]].map(|names: Vec<&str>| {
            let pairs = names.iter().enumerate().flat_map(|(number, one)| {
                names[number + 1..].iter().map(move |other| (*one, *other))
            });
            pairs.collect::<Vec<_>>()
        });
        for (one, other) in pairs.concat() {
            for (sight, matrix) in SIGHTS {
                let seen = |name: &str| of(&colours, name).seen_through(matrix);
                let distance = seen(one).distance(seen(other));
                // About 2 can just be distinguished side by side.
                if distance < 18.0 {
                    too_near.push(format!(
                        "{FILE}: in the theme {theme}, --{one} and --{other} are {distance:.1} apart \
                         with {sight}"
                    ));
                }
            }
        }
    }
    let all = too_near.join("\n");
    assert!(too_near.is_empty(), "choose colours that are 18 apart or more:\n{all}");
}

/// The effect of complete colour blindness of each kind on linear red, green and blue (Machado,
/// Oliveira and Fernandes, 2009).
const SIGHTS: [(&str, [[f64; 3]; 3]); 4] = [
    ("normal sight", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanopia",
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    ),
];

/// Red, green and blue, from 0 to 1, as amounts of light.
#[derive(Clone, Copy, Debug)]
struct Light([f64; 3]);

impl Light {
    /// Reads `#rrggbb`.
    fn read(text: &str) -> Light {
        let channel = |at: usize| {
            let value = u8::from_str_radix(&text[at..at + 2], 16).expect("two hexadecimal digits");
            let value = f64::from(value) / 255.0;
            // The inverse of the encoding of sRGB.
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        Light([1, 3, 5].map(channel))
    }

    fn seen_through(self, matrix: [[f64; 3]; 3]) -> Light {
        let Light([red, green, blue]) = self;
        let mixed = matrix.map(|row| row[0] * red + row[1] * green + row[2] * blue);
        Light(mixed.map(|channel| channel.clamp(0.0, 1.0)))
    }

    /// The contrast as WCAG defines it, from 1 to 21.
    fn contrast(self, other: Light) -> f64 {
        let [one, other] = [self.luminance() + 0.05, other.luminance() + 0.05];
        one.max(other) / one.min(other)
    }

    fn luminance(self) -> f64 {
        let Light([red, green, blue]) = self;
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// The distance in CIELAB (CIE 1976), where equal distances look equally different.
    fn distance(self, other: Light) -> f64 {
        let (one, other) = (self.lab(), other.lab());
        let squares = (0..3).map(|axis| (one[axis] - other[axis]).powi(2));
        squares.sum::<f64>().sqrt()
    }

    fn lab(self) -> [f64; 3] {
        let Light([red, green, blue]) = self;
        let eye = |value: f64| {
            if value > 0.008856 { value.cbrt() } else { 7.787 * value + 16.0 / 116.0 }
        };
        let x = eye((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047);
        let y = eye(self.luminance());
        let z = eye((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }
}

/// The colour of this name in a theme.
fn of(colours: &BTreeMap<String, Light>, name: &str) -> Light {
    *colours.get(name).unwrap_or_else(|| {
        panic!(
            "{FILE}: {name:?} has no colour: add --{name}, once for light themes and once for dark"
        )
    })
}

/// The colours of a theme: those of `html`, replaced by those of each rule that names the theme.
fn colours(theme: &str) -> BTreeMap<String, Light> {
    let css = std::fs::read_to_string(lessons().join("theme/colours.css")).expect("it is there");
    let comment = Regex::new(r"(?s)/\*.*?\*/").unwrap();
    let css = comment.replace_all(&css, "");
    let rule = Regex::new(r"([^{};]+)\{([^{}]*)\}").unwrap();
    let colour = Regex::new("--([a-z]+): *(#[0-9a-f]{6});").unwrap();
    let class = format!(".{theme}");
    let mut colours = BTreeMap::new();
    for rule in rule.captures_iter(&css) {
        let is_ours = |selector: &str| selector == "html" || selector == class;
        if rule[1].split(',').map(str::trim).any(is_ours) {
            let found = colour.captures_iter(&rule[2]);
            colours.extend(found.map(|found| (found[1].to_owned(), Light::read(&found[2]))));
        }
    }
    colours
}

/// So the browser need not look at the colours at each width (tests/browser/pages.mjs). On the two
/// backgrounds every colour is readable.
#[test]
fn only_the_two_backgrounds_depend_on_the_width_of_the_window() {
    let rule = Regex::new(r"(?s)@media[^{]*width[^{]*\{(.*?)\n\}").unwrap();
    let colour = Regex::new(r"(?m)[;{\s](color|background(-color)?|opacity|filter)\s*:").unwrap();
    let backgrounds = Regex::new(r"background: var\(--(paper|wash)\);").unwrap();
    let mut rules = 0;
    for file in
        ["theme/book.css", "theme/colours.css", "widgets/widgets.css", "widgets/side-by-side.css"]
    {
        let text = fs::read_to_string(lessons().join(file)).unwrap();
        for found in rule.captures_iter(&text) {
            rules += 1;
            let others = backgrounds.replace_all(&found[1], "");
            let coloured = colour.find(&others).map(|found| found.as_str().trim());
            assert_eq!(coloured, None, "{file}: a colour depends on the width: {}", &found[0]);
        }
    }
    assert!(rules > 3, "{rules} rules for a width");
}

#[test]
fn each_theme_has_its_own_colours() {
    let grounds = THEMES.map(|theme| colours(theme)["paper"].luminance());
    for (number, ground) in grounds.iter().enumerate() {
        assert!(!grounds[..number].contains(ground), "{}", THEMES[number]);
    }
    assert!((Light::read("#000000").contrast(Light::read("#ffffff")) - 21.0).abs() < 0.01);
}
