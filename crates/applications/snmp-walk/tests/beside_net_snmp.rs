//! Tests that `snmp-walk --numeric` prints the same as `snmpwalk -On`, byte for byte.

mod kit;

use std::collections::BTreeSet;
use std::net::{SocketAddr, UdpSocket};
use std::process::Command;

use kit::{agent, frozen, ours, theirs, walk};
use snmp_agent::{Agent, Row, every_type, many, system};
use test_kit::{Directory, Running, require_tool, skip, wait_until};

/// An agent with rows of every type and `count` others.
fn agent_of(count: u32) -> Agent {
    frozen(system().into_iter().chain(every_type()).chain(many(count)))
}

/// Lets both walk this part of the agent's tree in each way, and compares their output.
#[track_caller]
fn check(agent: SocketAddr, root: &str) {
    let address = agent.to_string();
    let pairs: [(&str, &[&str], &[&str]); 4] = [
        ("snmpwalk", &["-v1"], &["-v", "1"]),
        ("snmpwalk", &["-v2c"], &[]),
        ("snmpbulkwalk", &["-v2c"], &["--bulk", "10"]),
        ("snmpbulkwalk", &["-v2c", "-Cr50"], &["--bulk", "50"]),
    ];
    for (program, their_options, our_options) in pairs {
        let wanted = theirs(program, &[their_options, &["-t30", &*address, root]].concat());
        let printed = walk(agent, &[our_options, &["--numeric", root]].concat());
        assert!(
            printed.rows == wanted.rows,
            "{program} {their_options:?} {root}: {wanted:#?} {printed:#?}"
        );
        assert_eq!(printed.status, Some(0), "{printed:#?}");
        assert_eq!(wanted.status, Some(0), "{wanted:#?}");
    }
}

#[test]
fn sixteen_thousand_rows_are_the_same() {
    if !require_tool("snmpwalk") {
        return;
    }
    let agent = agent_of(16_000);
    check(agent.address(), "1.3.6.1.2.1");
}

#[test]
fn parts_and_single_rows_and_nothing_are_the_same() {
    if !require_tool("snmpwalk") {
        return;
    }
    let agent = agent_of(64);
    for root in [
        ".1",
        ".1.3.6.1.2.1.1",
        "1.3.6.1.2.1.1.5",
        ".1.3.6.1.2.1.1.5.0",
        ".1.3.6.1.2.1.1.5.0.1",
        ".1.3.6.1.2.1.200",
        // The last row of all, a name after it, a name between two rows, and a name that begins
        // like another one.
        ".1.3.6.1.2.1.201.1.1.16.4",
        ".1.3.6.1.2.1.201.1.1.17",
        ".1.3.6.1.2.1.100",
        ".1.3.6.1.2.1.20",
        ".2.999",
    ] {
        check(agent.address(), root);
    }
}

#[test]
fn a_row_that_comes_again_is_printed_once_more_and_ends_both() {
    if !require_tool("snmpwalk") {
        return;
    }
    let agent = agent(|question| vec![question.answer([Row::new("1.3.6.1.2.1.1.1.0", 2, &[7])])]);
    let address = agent.address().to_string();
    let root = ".1.3.6.1.2.1.1";
    let wanted = theirs("snmpwalk", &["-v2c", &*address, root]);
    let printed = ours(&["--numeric", &*address, root]);
    assert_eq!((&wanted.rows, wanted.status), (&printed.rows, printed.status));
    assert_eq!(printed.status, Some(1));
    assert!(wanted.errors.contains("OID not increasing"), "{wanted:#?}");
}

/// Debian's own agent, on a port that needs no root, as an ordinary user.
struct Snmpd {
    running: Running,
    address: SocketAddr,
    _directory: Directory,
}

impl Snmpd {
    fn start() -> Snmpd {
        let directory = Directory::default();
        let configuration = directory.file("snmpd.conf");
        std::fs::write(&configuration, "rocommunity public\nsysLocation the attic\n")
            .expect("it can be written");
        // snmpd cannot choose a free port itself.
        let free = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let address = free.expect("there is a free port");
        let mut command = as_anybody(&directory);
        command
            .args(["snmpd", "-f", "-Le", "-C", "-c"])
            .arg(&configuration)
            .arg(address.to_string())
            .env("MIBS", "")
            .env("SNMP_PERSISTENT_DIR", directory.file("state"));
        let running = Running::spawn(command);
        let started = Snmpd { running, address, _directory: directory };
        let address = address.to_string();
        wait_until("snmpd answers", || ours(&[&*address, "sysLocation.0"]).status == Some(0));
        started
    }
}

/// The command that runs a program as an ordinary user: as the user of this test or, if that is
/// root, as the user nobody, who may then write into the directory.
fn as_anybody(directory: &Directory) -> Command {
    let mut command = Command::new("env");
    if is_root() {
        std::os::unix::fs::chown(directory.path(), Some(NOBODY), Some(NOBODY))
            .expect("root may change the owner");
        command.args(["setpriv", "--clear-groups"]);
        command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")]);
    }
    // On Debian, snmpd is in a directory that only root's PATH contains.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin"));
    command
}

const NOBODY: u32 = 65_534;

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|of| std::os::unix::fs::MetadataExt::uid(&of) == 0)
}

#[test]
fn the_agent_of_debian_is_walked_alike() {
    if !require_tool("snmpwalk") || !require_tool("setpriv") {
        return;
    }
    if !std::path::Path::new("/usr/sbin/snmpd").exists() {
        return skip("snmpd is not installed");
    }
    let agent = Snmpd::start();
    let pairs: [(&[&str], &[&str]); 3] =
        [(&["-v1"], &["-v", "1"]), (&["-v2c"], &["-v", "2c"]), (&["-v2c"], &["--bulk", "20"])];
    for (their_options, our_options) in pairs {
        check_masked(their_options, our_options, agent.address);
    }
    assert_ne!(agent.running.process().state(), None);
}

/// How many times two walks may differ, since the host changes between them.
const TRIES: usize = 5;

#[track_caller]
fn check_masked(their_options: &[&str], our_options: &[&str], agent: SocketAddr) {
    let address = agent.to_string();
    let differing = (0..TRIES).map(|_| {
        let wanted = theirs("snmpwalk", &[their_options, &["-t30", &*address]].concat());
        let wanted = masked(&wanted.rows);
        let printed = walk(agent, &[our_options, &["--numeric"]].concat());
        let printed = masked(&printed.rows);
        assert!(wanted.len() > 500, "{} rows", wanted.len());
        wanted.symmetric_difference(&printed).cloned().collect::<Vec<_>>()
    });
    let differing: Vec<_> = differing.take_while(|rows| !rows.is_empty()).collect();
    assert!(differing.len() < TRIES, "{our_options:?}: {differing:#?}");
}

/// Rows that come and go between two walks: neighbours, kinds of received ICMP messages,
/// connections, sockets and processes.
const PASSING: [&str; 8] = [
    ".1.3.6.1.2.1.3.",
    ".1.3.6.1.2.1.4.22.",
    ".1.3.6.1.2.1.4.35.",
    ".1.3.6.1.2.1.5.30.",
    ".1.3.6.1.2.1.6.",
    ".1.3.6.1.2.1.7.",
    ".1.3.6.1.2.1.25.4.",
    ".1.3.6.1.2.1.25.5.",
];

/// The rows, each with all its lines: net-snmp prints a line feed as it is, and the command line of a
/// process may have some.
fn whole_rows(rows: &str) -> impl Iterator<Item = &str> {
    let begins = rows.match_indices(".1.").map(|(place, _)| place);
    let begins = begins.filter(|&place| place == 0 || rows[..place].ends_with('\n'));
    let begins: Vec<usize> = begins.chain([rows.len()]).collect();
    (1..begins.len()).map(move |row| rows[begins[row - 1]..begins[row]].trim_end_matches('\n'))
}

/// The rows without those that come and go, and without values that change: clocks, counters, and
/// the use of the host's resources (RFC 2790).
fn masked(rows: &str) -> BTreeSet<String> {
    let stays = |row: &&str| !PASSING.iter().any(|passing| row.starts_with(passing));
    let rows = whole_rows(rows).filter(stays).map(|row| {
        let Some((name, value)) = row.split_once(" = ") else { return row.to_owned() };
        let kind = value.split_once(": ").map_or("", |(kind, _)| kind);
        let changes = matches!(kind, "Counter32" | "Counter64" | "Gauge32" | "Timeticks")
            || name.starts_with(".1.3.6.1.2.1.25.") && matches!(kind, "INTEGER" | "Hex-STRING");
        if changes { format!("{name} = {kind}") } else { row.to_owned() }
    });
    rows.collect()
}
