//! The programs and abilities that pages of the book need.

use crate::{abilities, programs};

/// Something that pages need.
#[derive(Debug)]
pub struct Need {
    /// A program's name, or one word for an ability of the system.
    pub name: &'static str,
    /// How to find out whether it is there.
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// A program in the search path: Debian's package that has it, and how to look for it there.
    Program(&'static str, fn(&str, &str) -> Found),
    /// An ability, which is tried.
    Ability(fn() -> Found),
}

/// The result of a look.
#[derive(Debug, PartialEq)]
pub enum Found {
    /// It is there, with a remark for some.
    Yes(String),
    /// It is missing.
    No {
        /// The reason.
        why: String,
        /// A command that changes it, or another way out.
        try_this: String,
    },
}

impl Need {
    /// Debian's package, if it is a program.
    pub fn package(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Program(package, _) => Some(package),
            Kind::Ability(_) => None,
        }
    }

    /// Looks whether this machine has it.
    pub fn look(&self) -> Found {
        match self.kind {
            Kind::Program(package, look) => look(self.name, package),
            Kind::Ability(look) => look(),
        }
    }
}

const fn ability(name: &'static str, look: fn() -> Found) -> Need {
    Need { name, kind: Kind::Ability(look) }
}

const fn program(name: &'static str, package: &'static str) -> Need {
    Need { name, kind: Kind::Program(package, programs::look) }
}

/// All needs: the abilities of the system, then programs by name.
pub const NEEDS: &[Need] = &[
    ability("namespaces", abilities::namespaces),
    ability("trace", abilities::trace),
    ability("trace-others", abilities::trace_others),
    ability("capture", abilities::capture),
    ability("descriptors", abilities::descriptors),
    ability("processors", abilities::processors),
    ability("IPv6", abilities::ipv6),
    ability("multicast-route", abilities::multicast_route),
    ability("io_uring", abilities::io_uring),
    program("curl", "curl"),
    program("diff", "diffutils"),
    program("ffmpeg", "ffmpeg"),
    program("ffprobe", "ffmpeg"),
    program("ip", "iproute2"),
    Need { name: "nc", kind: Kind::Program("netcat-openbsd", programs::netcat) },
    program("od", "coreutils"),
    program("pgrep", "procps"),
    program("pkill", "procps"),
    program("prlimit", "util-linux"),
    program("ps", "procps"),
    program("python3", "python3"),
    program("snmpd", "snmpd"),
    program("snmpwalk", "snmp"),
    program("socat", "socat"),
    program("ss", "iproute2"),
    program("strace", "strace"),
    program("taskset", "util-linux"),
    program("tcpdump", "tcpdump"),
    program("telnet", "telnet"),
    program("unshare", "util-linux"),
    program("xxd", "xxd"),
];
