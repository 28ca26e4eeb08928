//! The loads and figures of a comparison.

use load::Report;

/// One load for every style.
#[derive(Debug)]
pub(crate) struct Load {
    /// The name in all tables and files.
    pub(crate) name: String,
    pub(crate) service: &'static str,
    /// The number of clients that talk.
    pub(crate) connections: usize,
    /// The number of idle clients in addition.
    pub(crate) idle: usize,
    /// Further options of `load`.
    pub(crate) options: &'static [&'static str],
    /// The number of processors that the servers may use.
    pub(crate) processors: usize,
    /// The number of servers. Several share one port, by SO_REUSEPORT (socket(7)).
    pub(crate) servers: usize,
}

/// Which loads a comparison has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Full,
    /// Fewer, which are quickly measured.
    Quick,
    /// Some loads on one processor, and the same on two.
    TwoProcessors,
}

/// The numbers of talking clients in the series of loads that becomes a line in a plot.
const CONNECTIONS: [usize; 4] = [1, 10, 100, 1000];

/// The numbers of idle clients beside the ten that talk.
const IDLE: [usize; 2] = [1000, 10_000];

/// The loads of a comparison, in the order of its tables.
pub(crate) fn loads(kind: Kind) -> Vec<Load> {
    let (connections, idle) = match kind {
        Kind::Full => (&CONNECTIONS[..], &IDLE[..]),
        Kind::Quick => (&CONNECTIONS[..3], &IDLE[..1]),
        Kind::TwoProcessors => return on_two_processors(),
    };
    let mut loads = Vec::new();
    for service in ["echo", "fortune", "chat"] {
        for &connections in connections {
            loads.push(Load::new(service, connections, 0));
        }
        if service == "echo" {
            loads.extend(idle.iter().map(|&idle| Load::new(service, 10, idle)));
            loads.push(Load {
                name: "echo, 10 clients, a connection for each message".to_owned(),
                options: &["--reconnect"],
                ..Load::new(service, 10, 0)
            });
        }
    }
    loads
}

/// A hundred clients of each service: the server on one processor and then on two, and two servers
/// that share the port. Two servers would be two rooms, so there are none for chat.
fn on_two_processors() -> Vec<Load> {
    let mut loads = Vec::new();
    for service in ["echo", "fortune", "chat"] {
        loads.push(Load::new(service, 100, 0));
        let name = |more| format!("{service}, 100 clients, {more}");
        let two =
            Load { name: name("two processors"), processors: 2, ..Load::new(service, 100, 0) };
        loads.push(two);
        if service != "chat" {
            loads.push(Load {
                name: name("two processors, two servers"),
                processors: 2,
                servers: 2,
                ..Load::new(service, 100, 0)
            });
        }
    }
    loads
}

impl Load {
    fn new(service: &'static str, connections: usize, idle: usize) -> Load {
        let clients = if connections == 1 { "client" } else { "clients" };
        let mut name = format!("{service}, {connections} {clients}");
        if idle > 0 {
            name += &format!(" and {idle} idle ones");
        }
        Load { name, service, connections, idle, options: &[], processors: 1, servers: 1 }
    }

    /// Whether this load differs from the other plain ones only by the number of clients.
    pub(crate) fn is_plain(&self) -> bool {
        self.idle == 0 && self.options.is_empty() && self.processors == 1
    }

    /// Whether each message has its own connection.
    pub(crate) fn reconnects(&self) -> bool {
        self.service == "fortune" || self.options.contains(&"--reconnect")
    }

    /// Whether the client may have had no free port in the run that is kept. Each message takes one:
    /// the client closes first, so the kernel keeps the port for a second (TIME_WAIT), and one address
    /// has some 14,000 of them. When the kernel keeps as many as it may (tcp_max_tw_buckets, tcp(7)), it
    /// gives them out at once: so the rate of a style depends on the styles before it.
    ///
    /// Since then, the clients come from several addresses.
    pub(crate) fn takes_ports(&self) -> bool {
        self.options.contains(&"--reconnect")
    }

    /// The number of clients that a server has at once.
    pub(crate) fn clients(&self) -> usize {
        self.connections + self.idle
    }
}

/// A figure of every measurement.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) of: fn(&Report) -> Option<f64>,
    /// Formats the figure.
    pub(crate) write: fn(f64) -> String,
}

/// All figures, in the order of the tables.
pub(crate) const FIGURES: [Figure; 8] = [RATE, P50, P99, P99_9, MAX, PROCESSOR, SWITCHES, MEMORY];

pub(crate) const RATE: Figure = Figure {
    name: "answers a second",
    of: |report| Some(report.rate()),
    write: |rate| load::amount(rate, 1000.0).trim_end().to_owned(),
};
pub(crate) const P50: Figure = latency("p50", |report| Some(report.latency_ns?.p50 as f64));
pub(crate) const P99: Figure = latency("p99", |report| Some(report.latency_ns?.p99 as f64));
pub(crate) const P99_9: Figure = latency("p99.9", |report| Some(report.latency_ns?.p99_9 as f64));
pub(crate) const MAX: Figure = latency("max", |report| Some(report.latency_ns?.max as f64));
pub(crate) const PROCESSOR: Figure = Figure {
    name: "processor time an answer",
    of: Report::processor_ns_an_answer,
    write: load::time,
};
pub(crate) const SWITCHES: Figure = Figure {
    name: "switches an answer",
    of: Report::switches_an_answer,
    write: |switches| format!("{switches:.2}"),
};
pub(crate) const MEMORY: Figure = Figure {
    name: "memory a client",
    of: Report::memory_a_client,
    write: |bytes| load::amount(bytes, 1024.0) + "B",
};

/// The time within which this percentage of answers arrived.
const fn latency(name: &'static str, of: fn(&Report) -> Option<f64>) -> Figure {
    let write = load::time;
    Figure { name, of, write }
}
