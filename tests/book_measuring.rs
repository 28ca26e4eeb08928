//! The part Measuring of the book: its tables and plots come from the kept measurements, and its
//! words agree with them.
//!
//! `after-accept compare --parts-of lessons/measuring/run` makes the tables and plots again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use chapter_checks::chapter::lessons;
use compare::{Kept, Part, Session, parts_of};
use launch::Style;
use serde_json::Value;

/// The kept measurements.
const KEPT: [&str; 5] =
    ["criterion.txt", "reports.json", "runs.jsonl", "stevens.json", "two.jsonl"];

fn directory() -> PathBuf {
    lessons().join("measuring/run")
}

fn kept() -> Kept {
    Kept::read(&directory().join("runs.jsonl"), &Style::ALL).unwrap()
}

fn json(name: &str) -> Value {
    let text = fs::read_to_string(directory().join(name)).expect("it is kept");
    serde_json::from_str(&text).expect("it is JSON")
}

#[test]
fn tables_and_plots_show_the_measurements() {
    let parts = parts_of(&directory(), &Style::ALL).unwrap();
    for Part { name, text } in &parts {
        let there = fs::read_to_string(directory().join(name)).unwrap_or_default();
        assert!(
            there == *text,
            "lessons/measuring/run/{name} does not show the measurements; this command makes all of them again:\n\
             cargo run -- compare --parts-of lessons/measuring/run"
        );
        assert!(!text.contains("\n\n") && text.ends_with('\n'), "{name}");
        for nonsense in ["NaN", "inf ", "unknown"] {
            assert!(!text.contains(nonsense), "{name}: {nonsense}");
        }
    }
    // There are no other files, since no command would make them again.
    let made = parts.iter().map(|part| part.name.as_str());
    let expected: BTreeSet<String> = made.chain(KEPT).map(str::to_owned).collect();
    let entries = fs::read_dir(directory()).unwrap();
    let there = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(there.collect::<BTreeSet<_>>(), expected);
}

#[test]
fn plots_have_descriptions() {
    let parts = parts_of(&directory(), &Style::ALL).unwrap();
    let mut ids = BTreeSet::new();
    let plots = parts.iter().filter(|part| part.name.ends_with(".svg"));
    for Part { name, text } in plots {
        let id = text.split("aria-labelledby=\"").nth(1);
        let id = id.and_then(|rest| rest.split("-title ").next());
        let id = id.unwrap_or_else(|| panic!("{name} has no label"));
        assert!(ids.insert(id.to_owned()), "{name}: {id} is there twice");
        for element in ["title", "desc"] {
            let begin = format!("<{element} id=\"{id}-{element}\">");
            let said = text.split(&begin).nth(1).expect(name);
            assert!(!said.starts_with('<'), "{name}: an empty {element}");
        }
        for style in kept().styles() {
            let (name_of_style, class) = (style.name, format!("class=\"style-{}\"", style.name));
            assert!(text.contains(&class), "{name} has no {name_of_style}");
        }
    }
}

/// The claims about the comparison.
mod the_table {
    use super::*;

    fn median(load: &str, style: &str, figure: &str) -> f64 {
        let median = kept().median(load, style, figure);
        median.unwrap_or_else(|| panic!("{style} has no {figure} under {load}"))
    }

    /// Each style was measured under each load in every round, or failed so often that it was not
    /// tried again.
    #[test]
    fn comes_from_a_complete_run() {
        let lines = fs::read_to_string(directory().join("runs.jsonl")).unwrap();
        let mut cells: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
        for line in lines.lines().skip(1) {
            let sample: Value = serde_json::from_str(line).unwrap();
            let name = |key: &str| sample[key].as_str().unwrap().to_owned();
            let cell = cells.entry((name("load"), name("style"))).or_default();
            match sample["outcome"]["measured"].is_null() {
                true => cell.1 += 1,
                false => cell.0 += 1,
            }
        }
        assert_eq!(cells.len(), 15 * kept().styles().len());
        for (cell, counts) in cells {
            assert!([(4, 0), (0, 2)].contains(&counts), "{cell:?}: {counts:?}");
        }
    }

    #[test]
    fn iterative_and_select_fail_under_the_loads_that_the_page_names() {
        for (load, style) in
            [("echo, 10 clients", "iterative"), ("echo, 10 clients and 1000 idle ones", "select")]
        {
            assert_eq!(kept().median(load, style, "p50"), None, "{load}");
        }
    }

    #[test]
    fn idle_clients_cost_little_except_for_processes_and_stacks() {
        let idle = "echo, 10 clients and 1000 idle ones";
        let memory = |style| median(idle, style, "memory a client");
        assert!(memory("fork") > 2.0 * memory("thread"));
        assert!(memory("thread") > 4.0 * memory("async"));
        // The page about choosing names two figures.
        let kib = |style| {
            median("echo, 10 clients and 10000 idle ones", style, "memory a client") / 1024.0
        };
        assert!((13.85..13.95).contains(&kib("thread")), "{}", kib("thread"));
        assert!((1.85..1.95).contains(&kib("async")), "{}", kib("async"));
        let select = median("echo, 1000 clients", "select", "memory a client");
        assert!(memory("thread") > 4.0 * select);
    }

    #[test]
    fn a_process_for_each_connection_costs_most() {
        let load = "echo, 10 clients, a connection for each message";
        let processor = |style| median(load, style, "processor time an answer");
        for style in ["iterative", "thread", "select", "async"] {
            assert!(processor("fork") > 1.5 * processor(style), "{style}");
        }
    }

    #[test]
    fn with_one_client_the_styles_hardly_differ() {
        let kept = kept();
        let rate = |style: &&Style| median("echo, 1 client", style.name, "answers a second");
        let rates: Vec<f64> = kept.styles().iter().map(rate).collect();
        let most = rates.iter().copied().fold(0.0, f64::max);
        assert!(rates.iter().all(|rate| *rate > most / 2.0), "{rates:?}");
    }

    #[test]
    fn styles_differ_more_with_more_clients() {
        let apart = |load: &str, figure: &str| {
            let of = |style: &str| median(load, style, figure);
            let styles = Style::ALL.into_iter().map(|style| style.name);
            let all: Vec<f64> = styles.filter(|style| *style != "iterative").map(of).collect();
            let most = all.iter().copied().fold(0.0, f64::max);
            most / all.iter().copied().fold(f64::MAX, f64::min)
        };
        for load in ["echo, 10 clients", "echo, 100 clients"] {
            let processor = apart(load, "processor time an answer");
            assert!(processor < 2.5, "{load}: {processor}");
        }
        let [hundred, thousand] = ["echo, 100 clients", "echo, 1000 clients"];
        for figure in ["answers a second", "processor time an answer"] {
            assert!(apart(thousand, figure) > apart(hundred, figure), "{figure}");
            assert!(apart(thousand, figure) > 2.0, "{figure}");
        }
    }

    /// A sentence says that one style is ahead only where the ranges do not overlap.
    #[test]
    fn clients_that_leave_at_once_delay_no_other_client() {
        let kept = kept();
        let is_ahead = |load: &str, styles| kept.shows_more(load, "answers a second", styles);
        let fortunes = ["fortune, 10 clients", "fortune, 100 clients", "fortune, 1000 clients"];
        let loads = [&["echo, 10 clients, a connection for each message"], &fortunes[..]].concat();
        for load in &loads {
            assert!(is_ahead(load, ["iterative", "fork"]), "{load}");
        }
        for load in fortunes {
            for style in ["thread", "select", "async", "poll", "epoll", "executor", "uring"] {
                assert!(is_ahead(load, [style, "iterative"]), "{style}, {load}");
            }
        }
    }

    #[test]
    fn poll_pays_for_idle_clients() {
        let idle = "echo, 10 clients and 10000 idle ones";
        let rate = |style| median(idle, style, "answers a second");
        assert!(rate("poll") < 5_000.0 && rate("epoll") > 200_000.0);
        let figure = "processor time an answer";
        assert!(kept().shows_more(idle, figure, ["poll", "epoll"]));
        let fork = |load| median(load, "fork", "memory a client");
        let [thousand, most] = [fork("echo, 10 clients and 1000 idle ones"), fork(idle)];
        assert!((0.75..1.25).contains(&(most / thousand)), "{most} {thousand}");
    }

    /// The chapter of uring says it, too.
    #[test]
    fn uring_and_epoll_cost_nearly_the_same() {
        let figure = "processor time an answer";
        for load in kept().loads() {
            let ratio = median(load, "uring", figure) / median(load, "epoll", figure);
            assert!((0.85..1.15).contains(&ratio), "{load}: {ratio}");
        }
        let room = "chat, 1000 clients";
        assert!(kept().shows_more(room, figure, ["epoll", "uring"]));
        let ratio = median(room, "uring", figure) / median(room, "epoll", figure);
        assert!((0.90..0.94).contains(&ratio), "{ratio}");
    }

    #[test]
    fn the_generator_reaches_its_limit_under_the_loads_that_the_page_names() {
        let rate = fs::read_to_string(directory().join("rate.html")).unwrap();
        let rows = rate.lines().filter(|line| line.contains("row\">echo"));
        assert!(rows.filter(|row| row.contains("≥ ")).count() >= 3);
    }

    #[test]
    fn async_delays_some_of_a_thousand_clients() {
        let load = "echo, 1000 clients";
        let p99 = |style| median(load, style, "p99");
        let p50 = |style| median(load, style, "p50");
        let all = Style::ALL.into_iter().map(|style| style.name);
        for style in all.filter(|style| !["async", "iterative"].contains(style)) {
            assert!(p99("async") > p99(style), "{style}");
            assert!(kept().shows_more(load, "p99", ["async", style]), "{style}");
            assert!(p50("async") < p50(style), "{style}");
        }
    }

    #[test]
    fn in_a_room_one_loop_delivers_twice_as_much_as_processes() {
        let rate = |style| median("chat, 100 clients", style, "answers a second");
        assert!(rate("select") > 2.0 * rate("fork"));
        assert!(rate("async") > 2.0 * rate("fork"));
    }
}

/// The claims about two processors, and about the cost of a client.
mod floors_and_neighbours {
    use super::*;

    const RATE: &str = "answers a second";
    const TIME: &str = "processor time an answer";

    fn two() -> Kept {
        Kept::read(&directory().join("two.jsonl"), &Style::ALL).unwrap()
    }

    /// A figure of a style on one processor, on two, and of two servers on two.
    fn figures(service: &str, style: &str, figure: &str) -> [Option<f64>; 3] {
        ["", ", two processors", ", two processors, two servers"].map(|more| {
            let load = format!("{service}, 100 clients{more}");
            let two = two();
            let is_there = two.loads().any(|known| known == load);
            is_there.then(|| two.median(&load, style, figure)).flatten()
        })
    }

    /// Whether the ranges of two loads do not overlap: the first is higher.
    fn is_higher(style: &str, figure: &str, [more, less]: [&str; 2]) -> bool {
        let spread = |load: &str| two().spread(load, style, figure).expect("it was measured");
        spread(more).min > spread(less).max
    }

    #[test]
    fn fork_uses_a_second_processor_and_a_loop_does_not() {
        for service in ["echo", "fortune", "chat"] {
            let one = format!("{service}, 100 clients");
            let both = format!("{one}, two processors");
            assert!(is_higher("fork", RATE, [&both, &one]), "{service}");
            for style in ["select", "poll", "epoll", "uring"] {
                let [Some(one), Some(both), _] = figures(service, style, RATE) else { panic!() };
                assert!((0.9..1.1).contains(&(both / one)), "{style}, {service}");
            }
        }
    }

    #[test]
    fn threads_lose_where_two_processors_share_their_memory() {
        let one = "fortune, 100 clients";
        let both = "fortune, 100 clients, two processors";
        assert!(is_higher("thread", RATE, [one, both]));
        let [Some(alone), Some(shared), _] = figures("fortune", "thread", TIME) else { panic!() };
        assert!((1.4..1.8).contains(&(shared / alone)), "{alone} {shared}");
    }

    #[test]
    fn two_servers_on_one_port_help_the_iterative_style_and_no_loop() {
        let [_, Some(one), Some(two)] = figures("fortune", "iterative", RATE) else { panic!() };
        assert!((1.8..2.0).contains(&(two / one)), "{one} {two}");
        for style in ["select", "poll", "epoll", "executor", "uring"] {
            let both = "echo, 100 clients, two processors";
            let twice = "echo, 100 clients, two processors, two servers";
            assert!(is_higher(style, RATE, [both, twice]), "{style}");
        }
        assert_eq!(figures("echo", "prefork", RATE)[2], None);
    }

    /// Where each answer comes over a connection that stays, and the server starts nothing for it.
    #[test]
    fn a_client_costs_about_as_much_as_a_server() {
        let kept = kept();
        for load in ["echo, 10 clients", "echo, 100 clients", "echo, 1000 clients"] {
            for style in ["select", "async", "poll", "epoll", "executor", "uring"] {
                let median = |figure| kept.median(load, style, figure).expect("measured");
                let ratio = median("the generator's time an answer") / median(TIME);
                assert!((0.8..1.25).contains(&ratio), "{load}, {style}: {ratio}");
            }
        }
    }
}

/// The claims about single reports.
mod the_reports {
    use super::*;

    fn entry(name: &str) -> Value {
        let reports = json("reports.json");
        let mut entries = reports["entries"].as_array().unwrap().iter();
        let entry = entries.find(|entry| entry["name"] == name);
        entry.unwrap_or_else(|| panic!("there is no {name}")).clone()
    }

    /// A latency in seconds.
    fn latency(name: &str, percentile: &str) -> f64 {
        let nanoseconds = entry(name)["report"]["latency_ns"][percentile].as_f64();
        nanoseconds.expect("it is a number") / 1e9
    }

    fn rate(name: &str) -> f64 {
        let entry = entry(name);
        let report = &entry["report"];
        let told = || Some(report["answers"].as_f64()? / report["seconds"].as_f64()?);
        entry["rate"].as_f64().or_else(told).expect("it has a rate")
    }

    #[test]
    fn an_open_loop_shows_the_stall_that_a_closed_one_hides() {
        let (closed, open) = ("closed loop", "open loop");
        assert!(latency(closed, "max") > 0.95 && latency(open, "max") > 0.95);
        assert!(latency(closed, "p99.9") < 0.01);
        assert!(rate(closed) * 3.0 > 10_000.0);
        // A third of the messages were slow, and half of those by more than half a second.
        assert!(latency(open, "p50") < 0.01);
        assert!((0.5..0.9).contains(&latency(open, "p90")));
        assert!(latency(open, "p99") > 0.9);
    }

    /// The number of clients and the rate alone give the mean latency.
    #[test]
    fn the_latency_of_a_closed_loop_follows_from_its_rate() {
        for (name, clients) in [("ours, one client", 1.0), ("ours, 50 clients", 50.0)] {
            let (told, computed) = (latency(name, "mean"), clients / rate(name));
            assert!((told / computed - 1.0).abs() < 0.1, "{told} {computed}");
        }
    }

    #[test]
    fn one_processor_is_faster_than_two_by_more_than_styles_differ() {
        let (one, two) = ("one processor", "two processors");
        assert!(latency(two, "p50") > 2.0 * latency(one, "p50"));
        assert!(rate(one) > 2.0 * rate(two));
        let kept = kept();
        let rate_of = |style: &&Style| {
            let rate = kept.median("echo, 1 client", style.name, "answers a second");
            rate.expect("every style can do that")
        };
        let rates: Vec<f64> = kept.styles().iter().map(rate_of).collect();
        let most = rates.iter().copied().fold(0.0, f64::max);
        let least = rates.iter().copied().fold(f64::MAX, f64::min);
        assert!(rate(one) / rate(two) > most / least);
    }

    #[test]
    fn another_generator_agrees_if_neither_is_at_its_limit() {
        let ratio = |clients: &str| {
            rate(&format!("ours, {clients}")) / rate(&format!("redis-benchmark, {clients}"))
        };
        let one = ratio("one client");
        assert!((0.75..1.25).contains(&one), "{one}");
        assert!(ratio("50 clients") > 1.25);
        for (name, limit) in [("one client", 0.0..0.8), ("50 clients", 0.85..1.0)] {
            let ours = &entry(&format!("ours, {name}"))["report"]["generator_core"];
            let others = &entry(&format!("redis-benchmark, {name}"))["core"];
            for core in [ours, others] {
                assert!(limit.contains(&core.as_f64().unwrap()), "{name}: {core}");
            }
        }
    }
}

/// The claims about Stevens' session.
mod the_session {
    use super::*;

    fn over(session: &Session, style: &str) -> f64 {
        let row = session.rows.iter().find(|row| row.style == style);
        row.expect("it was measured").over.median
    }

    #[test]
    fn is_the_one_that_the_page_describes() {
        let session: Session = serde_json::from_value(json("stevens.json")).unwrap();
        let described = (session.connections, session.at_once, session.bytes);
        assert_eq!(described, (5000, 10, 4000));
        assert!(session.rounds >= 5);
    }

    #[test]
    fn a_process_costs_more_than_a_thread_and_less_than_a_millisecond() {
        let session: Session = serde_json::from_value(json("stevens.json")).unwrap();
        let (fork, thread) = (over(&session, "fork"), over(&session, "thread"));
        assert!(fork > 2.0 * thread && thread > 0.0, "{fork} {thread}");
        assert!(fork / (session.connections as f64) < 0.5e-3, "{fork}");
        // Both kinds of workers cost less than a thread for each client, and the pool costs more
        // than the processes.
        let (prefork, pool) = (over(&session, "prefork"), over(&session, "pool"));
        assert!(prefork < pool && pool < 0.75 * thread, "{prefork} {pool} {thread}");
        for row in session.rows[3..].iter().filter(|row| row.style != "pool") {
            assert!(row.over.median < thread / 2.0, "{row:?}");
            let spread = session.rows[0].whole.max - session.rows[0].whole.min;
            assert!(row.over.median < 2.0 * spread, "{row:?} {spread}");
        }
    }
}
