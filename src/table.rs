//! What the launcher shows: where each server listens, how to talk to it, and where the book is.

use std::env;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use protocol::CATALOGUE;

use crate::STYLES;
use crate::server::{Server, State};

/// The table: a row for each style, a column for each service, and in it the port. Below it stands
/// what to do next. `servers` stand in the order of the rows, and behind them the book, if there
/// shall be one.
///
/// The host is the same everywhere, so it stands once: with it in each cell, six services would
/// take more than the 80 columns of a narrow terminal.
pub(crate) fn table(servers: &[Server], uploads: &Path) -> String {
    let (servers, book) = servers.split_at(STYLES.len() * CATALOGUE.len());
    let mut header = vec![String::new()];
    header.extend(CATALOGUE.iter().map(|service| service.name.to_owned()));
    let rows = STYLES.iter().zip(servers.chunks(CATALOGUE.len()));
    let rows = rows.map(|((style, _), row)| {
        let mut cells = vec![style.name.to_owned()];
        cells.extend(row.iter().map(cell));
        cells.push(style.answer.to_owned());
        cells
    });
    let rows: Vec<_> = [header].into_iter().chain(rows).collect();
    let host = example(servers).map(|address| format!("Listening on {}\n\n", address.ip()));
    let table = host.unwrap_or_default() + &in_columns(&rows);
    let book: String = book.iter().map(the_book).collect();
    format!("\n{table}\n{book}{}", next(servers, uploads))
}

/// Where to read.
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

/// At which port the server listens, or why not.
fn cell(server: &Server) -> String {
    match server.state() {
        State::Listening(address) => address.port().to_string(),
        _ if is_port_taken(server) => "taken".to_owned(),
        _ => "failed".to_owned(),
    }
}

/// Whether somebody else listens where the server should.
fn is_port_taken(server: &Server) -> bool {
    // The system's own words for EADDRINUSE.
    matches!(server.state(), State::Failed(why) if why.contains("ddress already in use"))
}

/// Lays cells out, each column as wide as its widest cell.
fn in_columns(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column| rows.iter().filter_map(|row| row.get(column)).map(String::len).max();
    let widths: Vec<_> = (0..columns).filter_map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let cells = cells.map(|(cell, &width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// What to do next.
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
        lines += &format!("Who has taken a port    ss -tlnp 'sport = :{port}'\n");
        lines += &format!("Where ports are free    {program} --host 127.0.0.2\n");
    }
    lines
}

/// A server to begin with: fork's chat, as in the README, or else the first that listens.
fn example(servers: &[Server]) -> Option<SocketAddr> {
    let mut listening = servers.iter().filter_map(|server| match server.state() {
        State::Listening(address) => Some((server.port, *address)),
        _ => None,
    });
    let first = listening.clone().next();
    let (_, address) = listening.find(|(port, _)| *port == 3026).or(first)?;
    Some(address)
}

/// Where a client on this machine finds a server that listens on every address of it.
fn nearest(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, address.port())
}

/// How whoever reads this has started this program.
fn this_program() -> &'static str {
    // Cargo tells what it runs where the package is.
    match env::var_os("CARGO_MANIFEST_DIR") {
        Some(_) => "cargo run --",
        None => "after-accept",
    }
}
