//! The table that the launcher shows: where each server listens, how to talk to it, and where the
//! book is.

use std::env;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use launch::Style;
use protocol::CATALOGUE;

use crate::server::{Server, State};

/// The width of a narrow terminal.
pub(crate) const WIDTH: usize = 80;

/// The table: a row for each style, a column for each service, and in it the port. Below it stand
/// the next steps. `servers` are in the order of the rows, followed by the book, if there is one.
///
/// The host is the same everywhere, so it stands once: with it in each cell, six services would
/// need more than the 80 columns of a narrow terminal. If the columns do not fit, the table goes on
/// below, with the names of the styles again.
pub(crate) fn table(styles: &[&Style], servers: &[Server], uploads: &Path) -> String {
    let (servers, book) = servers.split_at(styles.len() * CATALOGUE.len());
    let mut header = vec![String::new()];
    header.extend(CATALOGUE.iter().map(|service| service.name.to_owned()));
    header.push(String::new());
    let rows = styles.iter().zip(servers.chunks(CATALOGUE.len()));
    let rows = rows.map(|(style, row)| {
        let mut cells = vec![style.label()];
        cells.extend(row.iter().map(cell));
        cells.push(style.answer.to_owned());
        cells
    });
    let rows: Vec<_> = [header].into_iter().chain(rows).collect();
    let host = example(servers).map(|address| format!("Listening on {}\n\n", address.ip()));
    let table = host.unwrap_or_default() + &painted(&in_columns(&rows), styles);
    let book: String = book.iter().map(the_book).collect();
    format!("\n{table}\n{book}{}", next(servers, uploads))
}

/// The table of how many clients each server has had, as the last lines of the servers say. One that
/// has not said so has a question mark.
pub(crate) fn summary(styles: &[&Style], servers: &[Server]) -> String {
    let servers = &servers[..styles.len() * CATALOGUE.len()];
    let mut header = vec!["clients".to_owned()];
    header.extend(CATALOGUE.iter().map(|service| service.name.to_owned()));
    let count = |server: &Server| match (server.served(), server.state()) {
        (Some(count), _) => count.to_string(),
        (None, State::Failed(_)) => "-".to_owned(),
        (None, _) => "?".to_owned(),
    };
    let rows = styles
        .iter()
        .zip(servers.chunks(CATALOGUE.len()))
        .map(|(style, row)| [style.label()].into_iter().chain(row.iter().map(count)).collect());
    let rows: Vec<Vec<_>> = [header].into_iter().chain(rows).collect();
    let is_unknown = rows.iter().flatten().any(|cell| cell == "?");
    let note = "\n?  this server ended before it said how many clients it had\n";
    painted(&in_columns(&rows), styles) + if is_unknown { note } else { "" }
}

/// The table, with the name of each style in its colour.
fn painted(table: &str, styles: &[&Style]) -> String {
    let paint = |line: &str| {
        let named =
            styles.iter().find_map(|style| Some((style, line.strip_prefix(&style.label())?)));
        match named {
            Some((style, rest)) => style.painted(&style.label()) + rest,
            None => line.to_owned(),
        }
    };
    table.split_inclusive('\n').map(paint).collect()
}

/// The line that says where the book is.
fn the_book(server: &Server) -> String {
    match server.state() {
        State::Listening(address) if address.port() == server.port => {
            format!("The book                http://{}/\n", nearest(*address))
        }
        State::Listening(address) => {
            let (near, wanted) = (nearest(*address), server.port);
            format!("The book                http://{near}/, since {wanted} is taken\n")
        }
        _ => "The book                failed; its line above says why\n".to_owned(),
    }
}

/// The port on which the server listens, or why it does not.
fn cell(server: &Server) -> String {
    match server.state() {
        State::Listening(address) => address.port().to_string(),
        _ if is_port_taken(server) => "taken".to_owned(),
        _ => "failed".to_owned(),
    }
}

/// Whether another process listens on the server's port.
fn is_port_taken(server: &Server) -> bool {
    // The C library's text for EADDRINUSE.
    matches!(server.state(), State::Failed(why) if why.contains("ddress already in use"))
}

/// Lays cells out, each column as wide as its widest cell. Columns that do not fit beside the first
/// one follow below, beside the first one again.
fn in_columns(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell: &String| cell.chars().count())
            .max()
    };
    let widths: Vec<_> = (0..columns).filter_map(width).collect();
    let part = |columns: Vec<usize>| -> String {
        let lines = rows.iter().map(|row| {
            let cells = columns.iter().map(|&at| format!("{:width$}", row[at], width = widths[at]));
            cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned() + "\n"
        });
        // A part with only answers has no header.
        lines.skip_while(|line| line == "\n").collect()
    };
    parts(&widths).into_iter().map(part).collect::<Vec<_>>().join("\n")
}

/// The space between two columns.
const GAP: &str = "  ";

/// The columns of each part: the first one, and as many of the others as there is room for.
fn parts(widths: &[usize]) -> Vec<Vec<usize>> {
    let mut parts = vec![vec![0]];
    let mut width = widths[0];
    for (column, own) in widths.iter().enumerate().skip(1) {
        if width + GAP.len() + own > WIDTH && width > widths[0] {
            parts.push(vec![0]);
            width = widths[0];
        }
        width += GAP.len() + own;
        parts.last_mut().expect("there is a first").push(column);
    }
    parts
}

/// The next steps.
fn next(servers: &[Server], uploads: &Path) -> String {
    let program = this_program();
    let mut lines = String::new();
    if let Some(address) = example(servers) {
        let near = nearest(address);
        let (host, port) = (near.ip(), near.port());
        lines += &format!("From another terminal   nc {host} {port}\n");
        lines += &format!("                   or   {program} talk {near}\n");
        if near != address {
            lines += "From another machine    the same, to this one's address: ip -brief address\n";
        }
        lines += &format!("Uploads land in         {}\n", uploads.display());
        lines += "To stop them all        Ctrl-C\n";
    }
    if let Some(taken) = servers.iter().find(|server| is_port_taken(server)) {
        let port = taken.port;
        lines += &format!("See who uses the port   ss -tlnp 'sport = :{port}'\n");
        lines += &format!("Use free ports          {program} --host 127.0.0.2\n");
    }
    lines
}

/// A server to begin with: fork's chat, as in the README, or otherwise the first that listens.
fn example(servers: &[Server]) -> Option<SocketAddr> {
    let mut listening = servers.iter().filter_map(|server| match server.state() {
        State::Listening(address) => Some((server.port, *address)),
        _ => None,
    });
    let first = listening.clone().next();
    let (_, address) = listening.find(|(port, _)| *port == 3026).or(first)?;
    Some(address)
}

/// The address at which a client on this machine reaches a server that listens on every address.
fn nearest(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, address.port())
}

/// The command with which the reader has started this program.
fn this_program() -> &'static str {
    // Cargo sets this variable for a program that it runs.
    match env::var_os("CARGO_MANIFEST_DIR") {
        Some(_) => "cargo run --",
        None => "after-accept",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table with these services and styles, laid out as in [`table`].
    fn made_up(services: &[&str], styles: &[(&str, usize, &str)]) -> String {
        let header = [""].iter().chain(services).chain(&[""]);
        let header: Vec<_> = header.map(|cell| (*cell).to_owned()).collect();
        let rows = styles.iter().map(|(name, thousand, answer)| {
            let ports = (0..services.len()).map(|number| thousand * 1000 + 30 + number);
            let ports = ports.map(|port| port.to_string());
            let name = [(*name).to_owned()].into_iter();
            name.chain(ports).chain([(*answer).to_owned()]).collect()
        });
        in_columns(&[header].into_iter().chain(rows).collect::<Vec<_>>())
    }

    #[test]
    fn columns_that_fit_stand_in_one_part() {
        let styles = [("fork", 3, "one process a client"), ("poll", 10, "one loop for all")];
        let expected = "      echo   chat
fork  3030   3031   one process a client
poll  10030  10031  one loop for all
";
        assert_eq!(made_up(&["echo", "chat"], &styles), expected);
    }

    #[test]
    fn answers_without_room_beside_the_ports_stand_below() {
        let answer = "an answer that has more to say than one line of the table has room for";
        let expected = format!("      echo\nfork  3030\n\nfork  {answer}\n");
        assert_eq!(made_up(&["echo"], &[("fork", 3, answer)]), expected);
    }

    #[test]
    fn ten_services_and_eleven_styles_fit_a_narrow_terminal() {
        let services = [
            "echo", "fortune", "chat", "lines", "frames", "upload", "daytime", "discard", "proxy",
            "chargen",
        ];
        let styles = [
            ("iterative", 2, "one client at a time"),
            ("fork", 3, "one process a client"),
            ("thread", 4, "one thread a client"),
            ("select", 5, "one loop for all"),
            ("async", 6, "one task a client"),
            ("poll", 10, "one loop for all"),
            ("epoll", 11, "one loop for all"),
            ("preforked", 12, "some processes for all"),
            ("pool", 13, "some threads for all"),
            ("uring", 14, "one ring for all"),
            ("reuseport", 64, "some loops for all"),
        ];
        let shown = made_up(&services, &styles);
        let lines: Vec<_> = shown.lines().collect();
        assert!(lines.iter().all(|line| line.len() <= WIDTH), "{shown}");
        let parts: Vec<_> = lines.split(|line| line.is_empty()).collect();
        let ends = parts.iter().map(|part| [part[0], part[1], part[styles.len()]]);
        let expected = [
            [
                "           echo   fortune  chat   lines  frames  upload  daytime  discard  proxy",
                "iterative  2030   2031     2032   2033   2034    2035    2036     2037     2038",
                "reuseport  64030  64031    64032  64033  64034   64035   64036    64037    64038",
            ],
            [
                "           chargen",
                "iterative  2039     one client at a time",
                "reuseport  64039    some loops for all",
            ],
        ];
        assert_eq!(ends.collect::<Vec<_>>(), expected, "{shown}");
    }
}
