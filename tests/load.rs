//! `after-accept load` as people run it, against real servers of every style, and against faulty
//! ones that lose, double, swap and change bytes.

use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use load::{Faults, Report};
use test_kit::{
    Ended, Process, Running, Server, Signal, Style, can_open, each_style, require_tool, wait_until,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

each_style!(
    every_style_is_measured,
    an_open_loop_shows_the_stall_that_a_closed_loop_hides,
    lost_doubled_swapped_and_changed_bytes_are_reported,
    a_room_that_loses_doubles_swaps_or_changes_lines_is_reported,
    fortunes_that_are_cut_off_are_reported,
);

fn command(service: &str, server: &Server, options: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["load", service, &server.address().to_string()]);
    command.args(options);
    command
}

fn run(service: &str, server: &Server, options: &[&str]) -> Ended {
    Running::spawn(command(service, server, options)).end()
}

/// Runs it, and returns its report and its exit status.
#[track_caller]
fn measure(service: &str, server: &Server, options: &[&str]) -> (Report, i32) {
    let ended = run(service, server, &[options, &["--json"]].concat());
    let report = serde_json::from_str(&ended.output.join("\n"));
    let report = report.unwrap_or_else(|error| panic!("{error}: {ended:#?}"));
    (report, ended.status.code().expect("no signal"))
}

/// The number of clients that the style can have at once in these tests.
fn some_clients(style: Style) -> &'static str {
    if style.serves_many() { "8" } else { "1" }
}

fn every_style_is_measured(style: Style) {
    let clients = some_clients(style);
    for (service, options) in [
        ("echo", &[][..]),
        ("echo", &["--size", "100K", "--depth", "3"]),
        ("echo", &["--reconnect"]),
        ("echo", &["--rate", "200"]),
        ("fortune", &[]),
        ("fortune", &["--rate", "50"]),
        ("chat", &[]),
        ("chat", &["--depth", "10", "--speakers", "3", "--size", "1024"]),
        ("chat", &["--rate", "100"]),
    ] {
        let server = Server::start(style, service);
        let options = [options, &["--connections", clients, "--duration", "0.3"]].concat();
        let (report, status) = measure(service, &server, &options);
        assert_eq!(status, 0, "{service} {options:?}: {report:#?}");
        assert!(report.is_right() && report.answers > 0, "{report:#?}");
        let latency = report.latency_ns.expect("there are answers");
        let ordered =
            [latency.min, latency.p50, latency.p90, latency.p99, latency.p99_9, latency.max];
        assert!(ordered.is_sorted() && latency.min > 0, "{latency:?}");
        let fairness = report.fairness;
        assert!(fairness.fewest_answers > 0, "{fairness:?}");
        assert!(fairness.fewest_answers <= fairness.median_answers);
        assert!(fairness.median_answers <= fairness.most_answers);
        assert!(fairness.fastest_mean_ns <= fairness.slowest_mean_ns);
        assert!(report.generator_core > 0.0, "{report:#?}");
    }
}

/// For people, the report has a bar for each part of the latencies; for programs, it has none.
#[test]
fn a_histogram_shows_where_the_latencies_are() {
    let server = Server::start(Style::ASYNC, "echo");
    let options = ["--connections", "8", "--duration", "0.5"];
    let ended = run("echo", &server, &options);
    assert!(ended.output.iter().all(|line| line.chars().count() <= 80), "{ended:#?}");
    let bars: Vec<_> = ended.output.iter().filter(|line| line.contains(" up to ")).collect();
    assert!((1..=12).contains(&bars.len()), "{ended:#?}");
    let longest = bars.iter().map(|bar| bar.matches('█').count()).max();
    assert_eq!(longest, Some(40), "{bars:#?}");
    let percents = bars.iter().filter_map(|bar| {
        let (number, _) = bar.split_once(" %")?;
        number.rsplit(' ').next()?.parse::<f64>().ok()
    });
    let sum: f64 = percents.sum();
    assert!((98.0..=100.6).contains(&sum), "{sum} %: {bars:#?}");
    // Whatever the port is, it is not one that the launcher gives.
    assert!(!ended.output.iter().any(|line| line.contains("to judge by its port")), "{ended:#?}");
    let json = run("echo", &server, &[&options[..], &["--json"]].concat()).output.join("\n");
    assert!(!json.contains("bars") && !json.contains("up_to"), "{json}");
}

/// All processes of a server.
fn family(server: &Server) -> Vec<Process> {
    let mut family = vec![server.process()];
    family.extend(server.process().children());
    family
}

/// Waits until messages have woken the server this many more times.
#[track_caller]
fn wait_for_wakeups(server: &Server, count: u64) {
    let wakeups = || family(server).into_iter().map(Process::wakeups).sum::<u64>();
    let before = wakeups();
    wait_until("it is being served", || wakeups() >= before + count);
}

fn an_open_loop_shows_the_stall_that_a_closed_loop_hides(style: Style) {
    const STALL: Duration = Duration::from_secs(1);
    let measure = |pace: &[&str], wakeups: u64| -> Report {
        let server = Server::start(style, "echo");
        let options = [&["--duration", "600", "--json"], pace].concat();
        let running = Running::spawn(command("echo", &server, &options));
        server.wait_for_log(|line| line.contains("client 1 connected"));
        wait_for_wakeups(&server, wakeups);
        let signal = |signal| family(&server).iter().for_each(|process| process.signal(signal));
        signal(Signal::SIGSTOP);
        // The stall is what is measured, so time itself has to pass.
        thread::sleep(STALL);
        signal(Signal::SIGCONT);
        wait_for_wakeups(&server, 10);
        running.process().signal(Signal::SIGINT);
        let ended = running.end();
        assert!(ended.status.success(), "{ended:#?}");
        serde_json::from_str(&ended.output.join("\n")).unwrap()
    };
    let most = STALL.as_nanos() as u64 * 9 / 10;

    // While the server is stopped, the only client waits for one answer, one of a thousand.
    let closed = measure(&["--depth", "1"], 1000);
    let latency = closed.latency_ns.unwrap();
    assert!(latency.max >= most, "{closed:#?}");
    assert!(latency.p99 < most / 4, "{closed:#?}");

    // Messages still become due, and each of them waits.
    let open = measure(&["--rate", "500"], 10);
    let latency = open.latency_ns.unwrap();
    assert!(latency.max >= most, "{open:#?}");
    assert!(latency.p90 >= most / 4, "{open:#?}");
    assert!((open.answers + open.late_answers) as f64 >= 500.0 * open.seconds - 1.0);
}

/// Runs a load against a server with this fault in every tenth read, and checks the report.
#[track_caller]
fn check_fault(style: Style, service: &str, fault: &str, options: &[&str], of: Count) {
    let server = Server::start_faulty(style, service, fault);
    let options = [options, &["--duration", "0.5"]].concat();
    // The fault happens to every tenth read. On a busy machine a read holds many messages, so there
    // are few reads, and all that are changed may be changed in their heads, which counts as lost.
    for _ in 0..5 {
        let (report, status) = measure(service, &server, &options);
        assert_eq!(status, i32::from(!report.is_right()), "{fault}: {report:#?}");
        if of(&report.faults) > 0 {
            return assert!(!report.is_right());
        }
    }
    panic!("{fault} is not reported in five runs");
}

/// The number of faults of one kind.
type Count = fn(&Faults) -> u64;

const FAULTS: [(&str, Count); 4] = [
    ("lose", |faults| faults.lost),
    ("double", |faults| faults.doubled),
    ("swap", |faults| faults.misordered),
    ("change", |faults| faults.changed),
];

fn lost_doubled_swapped_and_changed_bytes_are_reported(style: Style) {
    for (fault, of) in FAULTS {
        check_fault(style, "echo", fault, &["--rate", "300"], of);
    }
    // In a closed loop, a client that loses a message never sends another one.
    let closed = &["--depth", "1"];
    check_fault(style, "echo", "lose", closed, |faults| faults.lost);
    check_fault(style, "echo", "change", closed, |faults| faults.changed);
}

fn a_room_that_loses_doubles_swaps_or_changes_lines_is_reported(style: Style) {
    let members = if style.serves_many() { "3" } else { "1" };
    let options = ["--rate", "300", "--connections", members];
    for (fault, of) in FAULTS {
        check_fault(style, "chat", fault, &options, of);
    }
}

fn fortunes_that_are_cut_off_are_reported(style: Style) {
    // The generator does not know which fortune to expect, so it finds only those that are cut off.
    check_fault(style, "fortune", "lose", &[], |faults| faults.lost);
}

/// A broker that we did not write: its room is measured like ours.
#[test]
fn a_room_at_a_nats_server_is_measured() {
    if !require_tool("nats-server") {
        return;
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = Command::new("nats-server");
    command.args(["-a", "127.0.0.1", "-p", &free.port().to_string()]);
    let _broker = Running::spawn(command);
    wait_until("the broker listens", || TcpStream::connect(free).is_ok());
    for options in [
        &["--connections", "8", "--depth", "10", "--speakers", "3", "--size", "1024"][..],
        &["--connections", "1"],
        &["--connections", "20", "--rate", "200"],
    ] {
        let mut command = Command::new(PROGRAM);
        command.args(["load", "nats", &free.to_string(), "--duration", "0.3", "--json"]);
        command.args(options);
        let ended = Running::spawn(command).end();
        let report: Report = serde_json::from_str(&ended.output.join("\n")).unwrap();
        assert!(report.is_right() && report.answers > 10, "{options:?}: {report:?}");
        assert!(ended.status.success());
    }
}

#[test]
fn the_costs_of_a_server_include_all_its_descendants() {
    for (style, processes, threads) in [
        (Style::ITERATIVE, 1, 1),
        (Style::FORK, 6, 6),
        (Style::THREAD, 1, 6),
        (Style::SELECT, 1, 1),
    ] {
        let clients = if style.serves_many() { "5" } else { "1" };
        let server = Server::start(style, "echo");
        let pid = server.pid().to_string();
        let options = ["--connections", clients, "--duration", "0.5", "--pid", &pid];
        let (report, status) = measure("echo", &server, &options);
        assert_eq!(status, 0);
        let costs = report.costs.expect("it was asked for");
        assert_eq!((costs.processes, costs.threads), (processes, threads), "{style:?}");
        assert!(costs.descriptors > clients.parse().unwrap());
        assert!(costs.processor_seconds() > 0.0, "{costs:#?}");
        assert!(costs.voluntary_switches > 0, "{costs:#?}");
        assert!(costs.memory_at_rest > 0 && costs.peak_memory >= costs.memory_at_the_end);
        if style == Style::FORK {
            assert!(costs.memory_with_clients > costs.memory_at_rest, "{costs:#?}");
        }
        let text = run("echo", &server, &options).output.join("\n");
        for row in ["rate ", "latency ", "errors     none", "processor ", "memory ", "switches "] {
            assert!(text.contains(&format!("\n  {row}")), "{text}");
        }
    }
}

#[test]
fn a_process_that_is_not_the_server_is_warned_of() {
    let server = Server::start(Style::SELECT, "echo");
    let another = Server::start(Style::FORK, "echo");
    let warnings = |pid: i32| {
        let pid = pid.to_string();
        let ended = run("echo", &server, &["--duration", "0.2", "--pid", &pid]);
        assert!(ended.status.success(), "{ended:#?}");
        ended.errors
    };
    let told = warnings(another.pid());
    let expected = format!("warning: process {} and its children", another.pid());
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with(&expected), "{told:?}");
    assert!(told[0].contains(&server.address().to_string()), "{told:?}");
    assert_eq!(warnings(server.pid()), [""; 0]);
    // The test is the parent of the server.
    assert_eq!(warnings(std::process::id().cast_signed()), [""; 0]);
}

#[test]
fn the_time_of_children_that_have_ended_counts() {
    let server = Server::start(Style::FORK, "fortune");
    let pid = server.pid().to_string();
    let before = server.process().cpu_time();
    let (report, _) = measure("fortune", &server, &["--duration", "0.5", "--pid", &pid]);
    let costs = report.costs.expect("it was asked for");
    let parent = (server.process().cpu_time() - before).as_secs_f64();
    assert!(costs.processor_seconds() > parent, "{costs:?}, and the parent used {parent} s");
}

#[test]
fn idle_clients_are_connected_and_silent() {
    let server = Server::start(Style::THREAD, "echo");
    let pid = server.pid().to_string();
    let options = ["--idle", "200", "--duration", "0.3", "--pid", &pid];
    let (report, status) = measure("echo", &server, &options);
    assert_eq!((status, report.idle, report.connections), (0, 200, 1));
    let costs = report.costs.expect("it was asked for");
    assert_eq!(costs.threads, 202);
    assert!(costs.memory_with_clients - costs.memory_at_rest > 200 * 4096, "{costs:?}");
}

#[test]
fn nearly_twenty_thousand_connections_are_possible() {
    // A system may give its processes 20,000 descriptors, and a server needs some for itself.
    if !can_open(20_000) {
        return;
    }
    let server = Server::start(Style::ASYNC, "echo");
    let options = ["--connections", "100", "--idle", "19700", "--duration", "0.5"];
    let (report, status) = measure("echo", &server, &options);
    assert_eq!(status, 0, "{report:#?}");
    assert!(report.answers > 0);
    // One address does not have that many ports.
    server.wait_for_log(|line| line.contains("connected from 127.0.0.1:"));
    server.wait_for_log(|line| line.contains("connected from 127.0.0.2:"));
}

#[test]
fn clients_come_from_the_given_number_of_addresses() {
    let server = Server::start(Style::SELECT, "echo");
    let options = ["--connections", "3", "--sources", "3", "--duration", "0.1"];
    let (_, status) = measure("echo", &server, &options);
    assert_eq!(status, 0);
    for last in 1..=3 {
        let from = format!("connected from 127.0.0.{last}:");
        server.wait_for_log(|line| line.contains(&from));
    }
}

#[test]
fn a_ramp_takes_its_time() {
    let server = Server::start(Style::ASYNC, "echo");
    let begun = Instant::now();
    let options = ["--connections", "20", "--ramp", "1", "--duration", "0.1"];
    assert_eq!(measure("echo", &server, &options).1, 0);
    assert!(begun.elapsed() >= Duration::from_millis(950));
}

#[test]
fn a_server_that_does_not_let_all_clients_in_is_named() {
    let server = Server::start(Style::ITERATIVE, "echo");
    let ended = run("echo", &server, &["--connections", "2"]);
    let told = format!(
        "error: {} has let 1 of 2 clients in, and no more (its --max-clients, or another service?)",
        server.address()
    );
    ended.expect_refusal(1, &[&told]);
}

#[test]
fn a_server_that_does_not_listen_is_named() {
    let mut server = Server::start(Style::SELECT, "echo");
    server.stop();
    let ended = run("echo", &server, &[]);
    let told = format!(
        "error: cannot connect to {}: Connection refused (no program listens there)",
        server.address()
    );
    ended.expect_refusal(1, &[&told]);
}

#[test]
fn a_server_that_ends_is_reported_with_its_answers_so_far() {
    for (service, options) in [
        ("echo", &[][..]),
        ("echo", &["--reconnect"]),
        ("fortune", &["--rate", "1000"]),
        ("chat", &["--connections", "2", "--rate", "1000"]),
    ] {
        let server = Server::start(Style::SELECT, service);
        let pid = server.pid().to_string();
        let options = [options, &["--duration", "600", "--pid", &pid]].concat();
        let running = Running::spawn(command(service, &server, &options));
        server.wait_for_log(|line| line.contains("client 1 connected"));
        wait_for_wakeups(&server, 100);
        server.process().signal(Signal::SIGKILL);
        // It does not wait for the ten minutes to be over.
        let ended = running.end();
        let text = ended.output.join("\n");
        assert_eq!(ended.status.code(), Some(1), "{ended:#?}");
        assert!(text.contains("  latency    min "), "{ended:#?}");
        assert!(text.contains(" broken: "), "{ended:#?}");
    }
}

#[test]
fn a_name_leads_to_the_address_of_the_server() {
    // It has ::1 as well, if this machine has IPv6, and no program listens there.
    let server = Server::start(Style::SELECT, "echo");
    let address = format!("localhost:{}", server.address().port());
    let mut command = Command::new(PROGRAM);
    command.args(["load", "echo", &address, "--duration", "0.1"]);
    let ended = Running::spawn(command).end();
    assert!(ended.status.success(), "{ended:#?}");
    let heading = format!("echo at {}: 1 client, 64 bytes", server.address());
    assert!(ended.output[0].starts_with(&heading), "{ended:#?}");
}

#[test]
fn after_ctrl_c_there_is_still_a_report() {
    let server = Server::start(Style::SELECT, "echo");
    let options = ["--duration", "600", "--json"];
    let running = Running::spawn(command("echo", &server, &options));
    server.wait_for_log(|line| line.contains("client 1 connected"));
    wait_for_wakeups(&server, 100);
    running.process().signal(Signal::SIGINT);
    let ended = running.end();
    let report: Report = serde_json::from_str(&ended.output.join("\n")).unwrap();
    assert!(report.seconds < 600.0 && report.answers > 0 && report.is_right());
    assert!(ended.status.success());
}

/// The output for a person who runs it at a terminal.
fn shown_at_a_terminal(server: &Server, options: &str) -> String {
    let line = format!("{PROGRAM} load echo {} {options}", server.address());
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]);
    Running::spawn(script).end().output.join("\n")
}

#[test]
fn a_terminal_shows_progress_and_a_pipe_does_not() {
    if !require_tool("script") {
        return;
    }
    let server = Server::start(Style::SELECT, "echo");
    assert_eq!(run("echo", &server, &["--duration", "1"]).errors, [""; 0]);
    let shown = shown_at_a_terminal(&server, "--duration 1");
    assert!(shown.contains("\r\x1b[K") && shown.contains(" s of 1: "), "{shown:?}");
    assert!(shown.contains("errors     none"), "{shown:?}");
}

#[test]
fn an_error_does_not_share_its_line_with_the_progress() {
    if !require_tool("script") {
        return;
    }
    let server = Server::start(Style::ITERATIVE, "echo");
    let shown = shown_at_a_terminal(&server, "--connections 2");
    assert!(shown.contains("1 of 2 clients are in"), "{shown:?}");
    assert!(shown.contains("\r\x1b[Kerror: "), "{shown:?}");
}

#[test]
fn wrong_usage_is_reported_in_one_line() {
    let server = Server::start(Style::SELECT, "echo");
    for (service, options, told) in [
        ("echo", &["--rate", "1", "--depth", "2"][..], "cannot be used with"),
        ("echo", &["--rate", "0"], "a number of messages a second"),
        ("echo", &["--rate", "1000001"], "up to 1000000"),
        ("echo", &["--duration", "soon"], "number of seconds"),
        ("echo", &["--duration", "0"], "seconds above 0"),
        ("echo", &["--connections", "0"], "from 1 to 1000000"),
        ("echo", &["--idle", "18446744073709551615"], "from 0 to 1000000"),
        ("echo", &["--depth", "9999999999"], "from 1 to 1000000"),
        ("chat", &["--speakers", "65537"], "from 1 to 65536"),
        ("echo", &["--size", "0"], "1 or more"),
        ("chat", &["--size", "10"], "24..=1024"),
        ("fortune", &["--idle", "3"], "--idle"),
        ("fortune", &["--depth", "2"], "use more --connections"),
        ("echo", &["--reconnect", "--depth", "2"], "use more --connections"),
    ] {
        run(service, &server, options).expect_refusal(2, &[told]);
    }
}
