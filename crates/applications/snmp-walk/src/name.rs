//! Names of rows: numbers, and words for the few that every agent has.

use std::fmt::Write;

use async_snmp::Oid;

/// How a row's name is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// `.1.3.6.1.2.1.1.1.0`, as `snmpwalk -On` does.
    Numbers,
    /// `sysDescr.0` in the system group, and numbers elsewhere.
    Words,
}

/// The system group: agents describe their host and themselves in it (RFC 3418).
const SYSTEM: &[u32] = &[1, 3, 6, 1, 2, 1, 1];

/// The tree of all standard objects, which RFC 1213 started.
const MIB_2: &[u32] = &[1, 3, 6, 1, 2, 1];

/// The objects of the system group, by their numbers below it.
const OBJECTS: &[(&str, &[u32])] = &[
    ("sysDescr", &[1]),
    ("sysObjectID", &[2]),
    ("sysUpTime", &[3]),
    ("sysContact", &[4]),
    ("sysName", &[5]),
    ("sysLocation", &[6]),
    ("sysServices", &[7]),
    ("sysORLastChange", &[8]),
    ("sysORIndex", &[9, 1, 1]),
    ("sysORID", &[9, 1, 2]),
    ("sysORDescr", &[9, 1, 3]),
    ("sysORUpTime", &[9, 1, 4]),
    ("sysORTable", &[9]),
];

/// The default root of a walk.
pub(crate) fn mib_2() -> Oid {
    Oid::from_slice(MIB_2)
}

/// Reads a name: `.1.3.6.1.2.1.1`, the same without the first dot, `mib-2`, `system`, or an object
/// of the system group with or without an instance (`sysDescr`, `sysDescr.0`,
/// `SNMPv2-MIB::sysDescr.0`). `.` alone is the whole tree.
///
/// # Errors
///
/// One line that says what is expected.
pub fn parse(text: &str) -> Result<Oid, String> {
    if text == "." {
        return Ok(Oid::empty());
    }
    let word = text.strip_prefix("SNMPv2-MIB::").unwrap_or(text);
    let (word, rest) = word.split_once('.').unwrap_or((word, ""));
    let oid = match known(word) {
        Some(arcs) if rest.is_empty() => Ok(Oid::new(arcs)),
        Some(arcs) => Oid::parse(rest).map(|rest| {
            let rest = rest.arcs().iter().copied();
            Oid::new(arcs.into_iter().chain(rest))
        }),
        None => Oid::parse(text),
    };
    let is_whole = !text.ends_with('.') && !text.starts_with("..");
    oid.ok().filter(|oid| !oid.is_empty() && is_whole).ok_or_else(|| WANTED.to_owned())
}

const WANTED: &str = "want numbers and dots, like .1.3.6.1.2.1.1, or a name of the system group, \
                      like system or sysDescr.0: no MIB files are read here";

fn known(word: &str) -> Option<Vec<u32>> {
    match word {
        "mib-2" => Some(MIB_2.to_vec()),
        "system" => Some(SYSTEM.to_vec()),
        _ => {
            let (_, below) = OBJECTS.iter().find(|(name, _)| *name == word)?;
            Some([SYSTEM, below].concat())
        }
    }
}

/// Appends a row's name.
pub fn named(oid: &Oid, names: Names, line: &mut String) {
    let arcs = oid.arcs();
    let below = arcs.strip_prefix(SYSTEM).filter(|_| names == Names::Words);
    let word = below.and_then(|below| {
        OBJECTS.iter().find_map(|(name, object)| Some((name, below.strip_prefix(*object)?)))
    });
    let rest = match word {
        None => arcs,
        Some((name, rest)) => {
            line.push_str(name);
            rest
        }
    };
    for arc in rest {
        let _ = write!(line, ".{arc}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, arcs: &[u32]) {
        assert_eq!(parse(text), Ok(Oid::from_slice(arcs)));
    }

    #[test]
    fn numbers_and_words_are_read() {
        check(".1.3.6.1.2.1.1", SYSTEM);
        check("1.3.6.1.2.1.1", SYSTEM);
        check("system", SYSTEM);
        check("mib-2", MIB_2);
        check("mib-2.1", SYSTEM);
        check("sysDescr", &[1, 3, 6, 1, 2, 1, 1, 1]);
        check("sysName.0", &[1, 3, 6, 1, 2, 1, 1, 5, 0]);
        check("SNMPv2-MIB::sysORDescr.3", &[1, 3, 6, 1, 2, 1, 1, 9, 1, 3, 3]);
        check(".1", &[1]);
        check(".", &[]);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "..1",
            "1..3",
            "1.",
            ".1.3.",
            "ifTable",
            "sysName.",
            "sysName.x",
            "-1",
            "1.-3",
            "1.4294967296",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn names_printed_in_words_can_be_read_again() {
        for (name, below) in OBJECTS {
            let oid = Oid::new([SYSTEM, below, &[0]].concat());
            let mut line = String::new();
            named(&oid, Names::Words, &mut line);
            assert_eq!(line, format!("{name}.0"));
            assert_eq!(parse(&line), Ok(oid));
        }
    }

    #[test]
    fn other_groups_have_numbers() {
        let mut line = String::new();
        named(&Oid::from_slice(&[1, 3, 6, 1, 2, 1, 2, 1, 0]), Names::Words, &mut line);
        assert_eq!(line, ".1.3.6.1.2.1.2.1.0");
    }
}
