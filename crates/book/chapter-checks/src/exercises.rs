//! The solutions of the exercises: one module for each chapter, with tests.

pub mod async_lines;
pub mod bits;
pub mod broadcast;
pub mod chat;
pub mod closing;
pub mod connection;
pub mod datagrams;
pub mod endianness;
pub mod epoll;
pub mod errors;
pub mod ethernet;
pub mod executor;
pub mod families;
pub mod five_minutes;
pub mod fork;
pub mod framing;
pub mod hls_relay;
pub mod ip;
pub mod iterative;
pub mod load_generator;
pub mod multicast;
pub mod multicast_on_the_wire;
pub mod names;
pub mod not_read;
pub mod options;
pub mod own_service;
pub mod pipe_to_socket;
pub mod poll;
pub mod pool;
pub mod prefork;
pub mod processes;
pub mod reading_benchmarks;
pub mod seeing;
pub mod select;
pub mod services;
pub mod snmp_walk;
pub mod stevens;
pub mod stopping;
pub mod streams;
pub mod subnetting;
pub mod table;
pub mod thread;
pub mod timelines;
pub mod two_machines;
pub mod upload;
pub mod uring;
pub mod waiting;
pub mod what_to_measure;

/// The two ends of a connection, the client's and the server's.
#[cfg(test)]
fn connected() -> (std::net::TcpStream, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}
