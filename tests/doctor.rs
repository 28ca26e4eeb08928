//! `after-accept doctor`: what it says on machines that lack something, and its list of pages.

use std::fs;
use std::path::Path;
use std::process::Command;

use chapter_checks::chapter::{Chapter, chapters};
use chapter_checks::needs::needs;
use doctor::NEEDS;
use test_kit::{Ended, Running, require_tool, skip};

const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

/// Runs the doctor below another command, and checks the exit status and some lines of the report.
#[track_caller]
fn check(below: &[&str], arguments: &[&str], status: i32, lines: &[&str]) -> Ended {
    let all = [below, &[PROGRAM, "doctor"], arguments].concat();
    let mut command = Command::new(all[0]);
    command.args(&all[1..]);
    let ended = Running::spawn(command).end();
    assert_eq!(ended.status.code(), Some(status), "{ended:#?}");
    let printed: Vec<_> = ended.output.iter().map(|line| line.trim()).collect();
    for line in lines {
        assert!(printed.iter().any(|printed| printed.starts_with(line)), "no {line}: {ended:#?}");
    }
    ended
}

#[test]
fn with_few_descriptors_it_tells_the_limit_and_the_pages() {
    if !require_tool("prlimit") {
        return;
    }
    let lines = [
        "NO   descriptors",
        "a process may have 64 descriptors, and some pages need 1040",
        "-> sudo prlimit --pid $$ --nofile=524288",
        "pages that do not work as they are",
        "measuring/table.md",
    ];
    check(&["prlimit", "--nofile=64"], &[], 1, &lines);
}

/// A namespace in which a shell changes a setting before it runs the rest.
fn changed(setting: &str) -> Option<Vec<String>> {
    let script = format!("ip link set lo up && {setting} && exec \"$@\"");
    let below = ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", &script, "sh"];
    if !["unshare", "ip"].into_iter().all(require_tool) {
        return None;
    }
    let tried = Command::new(below[0]).args(&below[1..]).arg("true").status();
    if !tried.is_ok_and(|status| status.success()) {
        skip("this setting cannot be changed here");
        return None;
    }
    Some(below.map(str::to_owned).to_vec())
}

#[track_caller]
fn check_changed(setting: &str, page: &str, status: i32, lines: &[&str]) {
    let Some(below) = changed(setting) else { return };
    let below: Vec<&str> = below.iter().map(String::as_str).collect();
    check(&below, &[page], status, lines);
}

#[test]
fn without_ipv6_it_tells_the_setting() {
    let setting = "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6";
    let lines = ["NO   IPv6", "-> sudo sysctl net.ipv6.conf.all.disable_ipv6=0"];
    check_changed(setting, "addresses/ethernet.md", 1, &lines);
}

#[test]
fn without_network_namespaces_it_tells_the_setting() {
    let setting = "echo 0 > /proc/sys/user/max_net_namespaces";
    let lines = [
        "NO   namespaces",
        "-> sudo sysctl user.max_net_namespaces=10000",
        "addresses/two-machines.md",
    ];
    check_changed(setting, "addresses/two-machines.md", 1, &lines);
}

#[test]
fn tracing_is_found_where_strace_works() {
    if !require_tool("strace") {
        return;
    }
    let strace = Command::new("strace").args(["-o", "/dev/null", "true"]).status();
    let works = strace.is_ok_and(|status| status.success());
    let ended = check(&["env"], &["styles/thread"], i32::from(!works), &[]);
    let line = if works { "  yes  trace" } else { "  NO   trace" };
    assert!(ended.output.iter().any(|printed| printed.trim_end() == line), "{ended:#?}");
}

#[test]
fn a_program_that_is_missing_is_told_with_its_package() {
    let lines = [
        "NO   strace",
        "-> sudo apt install strace",
        "NO   nc",
        "-> sudo apt install netcat-openbsd",
    ];
    check(&["env", "PATH=/nowhere"], &[], 1, &lines);
}

#[test]
fn one_page_is_asked_for_by_each_of_its_names() {
    for name in
        ["styles/thread", "styles/thread.md", "lessons/styles/thread.md", "styles/thread.html"]
    {
        let ended = check(&["env", "PATH=/nowhere"], &[name], 1, &["NO   strace"]);
        assert!(!ended.output.iter().any(|line| line.contains("IPv6")), "{ended:#?}");
    }
    let mut command = Command::new(PROGRAM);
    command.args(["doctor", "no/page"]);
    Running::spawn(command).end().expect_refusal(2, &["no page no/page needs anything"]);
}

/// With `BLESS=1` in the environment, the list is written anew.
#[test]
fn its_list_has_what_the_commands_of_each_page_need() {
    let line = |chapter: &Chapter| match needs(chapter)[..] {
        [] => String::new(),
        ref needs => format!("{}: {}\n", chapter.file, needs.join(" ")),
    };
    let expected: String = chapters().iter().map(line).collect();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/tools/doctor/pages.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, &expected).expect("it is writable");
    }
    assert_eq!(fs::read_to_string(file).expect("it is readable"), expected);
}

#[test]
fn it_looks_for_every_need_of_a_page() {
    let known: Vec<_> = NEEDS.iter().map(|need| need.name).collect();
    for page in doctor::pages() {
        for need in page.needs {
            assert!(known.contains(&need), "{}: {need}", page.file);
        }
    }
}

/// The line below a page's title: what it needs, and where to ask for it.
fn shown(chapter: &Chapter) -> Option<String> {
    let needs = needs(chapter);
    let up = "../".repeat(chapter.file.matches('/').count());
    let codes: Vec<_> = needs.iter().map(|need| format!("<code>{need}</code>")).collect();
    let link = format!(
        "<a href=\"{up}start/how-to-use.md#what-your-machine-lacks\">does your machine have that?</a>"
    );
    (!needs.is_empty()).then(|| format!("<p class=\"needs\">Uses {}: {link}</p>", codes.join(", ")))
}

/// With `BLESS=1` in the environment, the lines are written into the pages.
#[test]
fn each_page_that_needs_something_says_so_and_links_to_the_doctor() {
    let mut wrong = Vec::new();
    for chapter in chapters() {
        let lines: Vec<_> = chapter.text.lines().collect();
        let own = lines.iter().position(|line| line.starts_with("<p class=\"needs\">"));
        let expected = shown(&chapter);
        if own.map(|at| lines[at]) == expected.as_deref() {
            continue;
        }
        if std::env::var_os("BLESS").is_some() {
            let mut lines: Vec<_> = lines.iter().map(|line| line.to_string()).collect();
            if let Some(at) = own {
                lines.drain(at..at + 2);
            }
            if let Some(expected) = expected {
                lines.splice(2..2, [expected, String::new()]);
            }
            fs::write(chapter.path(), lines.join("\n") + "\n").expect("it is writable");
            continue;
        }
        wrong.push(format!("{}: {expected:?}", chapter.file));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
