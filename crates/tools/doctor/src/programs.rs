//! Programs, and which of several programs has a name.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::Found;

/// The directories of programs for root, which are not in every user's search path.
const FOR_ROOT: &str = "/usr/sbin:/sbin";

/// Looks for a program, which Debian has in `package`.
pub(crate) fn look(name: &str, package: &str) -> Found {
    match path_of(name) {
        Some(_) => Found::Yes(String::new()),
        None => missing(package),
    }
}

/// Looks for OpenBSD's netcat, since the pages type its options: others have the same name.
pub(crate) fn netcat(name: &str, package: &str) -> Found {
    let Some(path) = path_of(name) else {
        return missing(package);
    };
    let help = Command::new(path).arg("-h").stdin(Stdio::null()).output();
    let help = help.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
    match kind_of_netcat(&String::from_utf8_lossy(&help)) {
        "OpenBSD's" => Found::Yes("OpenBSD's".to_owned()),
        other => Found::No {
            why: format!("nc is {other}, and the pages type the options of OpenBSD's"),
            try_this: "sudo apt install netcat-openbsd && \
                       sudo update-alternatives --set nc /bin/nc.openbsd"
                .to_owned(),
        },
    }
}

/// Which netcat has this help.
fn kind_of_netcat(help: &str) -> &'static str {
    let kinds = [
        ("OpenBSD", "OpenBSD's"),
        ("Ncat", "nmap's Ncat"),
        ("BusyBox", "BusyBox's"),
        ("[v1.10", "the traditional one"),
        ("GNU netcat", "GNU's"),
    ];
    let found = kinds.iter().find(|(mark, _)| help.contains(mark));
    found.map_or("an unknown one", |(_, kind)| kind)
}

fn missing(package: &str) -> Found {
    Found::No {
        why: "it is not installed".to_owned(),
        try_this: format!("sudo apt install {package}"),
    }
}

fn path_of(name: &str) -> Option<PathBuf> {
    let path = env::var("PATH").unwrap_or_default();
    let all = format!("{path}:{FOR_ROOT}");
    env::split_paths(&all).map(|directory| directory.join(name)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_netcat_is_known_by_its_help() {
        let check = |help, expected| assert_eq!(kind_of_netcat(help), expected);
        check("OpenBSD netcat (Debian patchlevel 1.229-1)\nusage: nc [-46CDdFhklNn", "OpenBSD's");
        check("Ncat 7.95 ( https://nmap.org/ncat )\nUsage: ncat [options]", "nmap's Ncat");
        check("[v1.10-48]\nconnect to somewhere:\tnc [-options] hostname", "the traditional one");
        check("BusyBox v1.37.0 (Debian 1:1.37.0-6) multi-call binary.", "BusyBox's");
        check("", "an unknown one");
    }

    #[test]
    fn a_program_is_found_or_its_package_is_named() {
        assert_eq!(look("sh", "dash"), Found::Yes(String::new()));
        let Found::No { try_this, .. } = look("no-such-program", "a-package") else {
            panic!("it is there");
        };
        assert_eq!(try_this, "sudo apt install a-package");
    }
}
