//! Echo (RFC 862): every byte comes back, unchanged and in order.

use test_kit::{Server, Style, each_style};

each_style!(every_byte_comes_back);

fn every_byte_comes_back(style: Style) {
    let server = Server::start(style, "echo");
    let mut client = server.connect();
    let bytes: Vec<u8> = (0..=255).collect();
    client.send(&bytes);
    assert_eq!(client.read_exact(256), bytes);
}
