//! The book in a browser: Debian's Chromium, driven by playwright-core.
//!
//! The scripts are in `tests/browser`. With `SCREENSHOTS=1` in the environment they leave pictures
//! of every page, at both widths and in both themes, and of the menu in `target/screenshots`.

use std::fs;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use chapter_checks::chapter::{chapters, repository};
use launch::Style;
use test_kit::{Running, Signal, node, require_tool};

const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

#[test]
fn every_page_is_correct_on_a_desktop() {
    check("pages.mjs", &[("WIDTH", "1280")]);
}

#[test]
fn every_page_is_correct_on_a_phone() {
    check("pages.mjs", &[("WIDTH", "390")]);
}

#[test]
fn every_widget_can_be_used_by_keyboard() {
    check("widgets.mjs", &[]);
}

#[test]
fn the_menu_opens_and_closes_by_mouse_finger_and_key() {
    check("menu.mjs", &[]);
}

#[test]
fn the_controls_around_a_page_work() {
    check("controls.mjs", &[]);
}

#[test]
fn a_reader_gets_to_the_text_and_can_tell_what_to_type_where() {
    check("text.mjs", &[]);
}

#[test]
fn without_javascript_widgets_are_worked_examples() {
    check("without_javascript.mjs", &[]);
}

#[test]
fn the_styles_of_the_plots_can_be_switched() {
    for (page, least) in [("table", "3"), ("choosing", "1")] {
        check("switches.mjs", &[("PAGE", &format!("measuring/{page}.html")), ("LEAST", least)]);
    }
}

#[test]
fn when_printed_everything_is_open_and_nothing_is_cut_off() {
    check("paper.mjs", &[]);
}

/// The parts that all scripts share: the book, served by our own server, and a browser.
struct Shared {
    book: String,
    browser: String,
    running: [Running; 2],
}

impl Shared {
    /// The instance that another script is using, or a new one. The last script ends it.
    fn open() -> Arc<Shared> {
        static IN_USE: Mutex<Weak<Shared>> = Mutex::new(Weak::new());
        let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        in_use.upgrade().unwrap_or_else(|| {
            let shared = Arc::new(Shared::start());
            *in_use = Arc::downgrade(&shared);
            shared
        })
    }

    fn start() -> Shared {
        let said = |running: &Running| {
            let line = running.wait_for_output(|line| line.starts_with("listening on "));
            line["listening on ".len()..].to_owned()
        };
        let mut command = Command::new(PROGRAM);
        command.args(["book", "--listen", "127.0.0.1:0"]).current_dir(repository());
        let server = Running::spawn(command);
        let browser = Running::spawn(node("chromium.mjs").expect("it has been looked for"));
        Shared {
            book: format!("http://{}", said(&server)),
            browser: said(&browser),
            running: [server, browser],
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Not by force: the browser has processes and files of its own, and ends those first.
        for running in &mut self.running {
            running.process().signal(Signal::SIGTERM);
            running.wait();
        }
    }
}

/// Runs a script over all pages of the book.
#[track_caller]
fn check(script: &str, environment: &[(&str, &str)]) {
    if !require_tool("chromium") {
        return;
    }
    let Some(mut node) = node(script) else { return };
    let shared = Shared::open();
    node.args(pages())
        .env("BOOK", &shared.book)
        .env("BROWSER", &shared.browser)
        .env("PROGRAM", PROGRAM)
        .env("STYLES", Style::ALL.len().to_string())
        .envs(environment.iter().copied());
    node.env_remove("SCREENSHOTS");
    if std::env::var_os("SCREENSHOTS").is_some() {
        let pictures = repository().join("target/screenshots");
        fs::create_dir_all(&pictures).expect("target can be written");
        node.env("SCREENSHOTS", pictures);
    }
    let said = node.output().expect("node runs");
    assert!(
        said.status.success(),
        "{script}:\n{}{}",
        String::from_utf8_lossy(&said.stdout),
        String::from_utf8_lossy(&said.stderr)
    );
}

fn pages() -> impl Iterator<Item = String> {
    let page = |file: String| file.replace("README.md", "index.html").replace(".md", ".html");
    chapters().into_iter().map(move |chapter| page(chapter.file)).chain(["404.html".to_owned()])
}
