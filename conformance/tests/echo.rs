//! Echo (RFC 862): every byte comes back, unchanged and in order, and then the end.

use test_kit::{Client, Server, Style, each_style};

each_style!(
    every_byte_comes_back (row 33),
    bytes_without_a_line_end_come_back_at_once,
    eight_megabytes_come_back_after_a_half_close (row 24),
    eight_megabytes_come_back_to_a_small_receive_buffer (row 23),
    one_byte_at_a_time_comes_back (row 22),
    the_second_client_is_served_meanwhile_or_waits,
);

/// Bytes that do not repeat soon, so that a lost or doubled byte is noticed.
fn megabytes(count: usize) -> Vec<u8> {
    let words = 0..(count << 20) as u32 / 4;
    words.flat_map(|n| n.wrapping_mul(0x9e37_79b9).to_le_bytes()).collect()
}

/// Compares like assert_eq, which would print megabytes.
#[track_caller]
fn assert_same(received: &[u8], sent: &[u8]) {
    let first = received.iter().zip(sent).position(|(a, b)| a != b);
    assert_eq!(first, None, "the first byte that differs");
    assert_eq!(received.len(), sent.len());
}

fn every_byte_comes_back(style: Style) {
    let server = Server::start(style, "echo");
    let mut client = server.connect();
    let telnet = b"\xff\xfd\x06\xff\xf4\r\n\x1b[2J\0";
    let bytes: Vec<u8> = (0..=255).rev().chain(*telnet).chain(0..=255).collect();
    for sent in [&bytes, "汉语/漢語 Hànyǔ".as_bytes(), b"\xff", b"/quit\r\n"] {
        client.send(sent);
        assert_eq!(client.read_exact(sent.len()), sent);
    }
    client.half_close();
    client.expect_end();
}

fn bytes_without_a_line_end_come_back_at_once(style: Style) {
    let server = Server::start(style, "echo");
    let mut client = server.connect();
    client.send("no line end");
    assert_eq!(client.read_exact(11), b"no line end");
}

fn eight_megabytes_come_back_after_a_half_close(style: Style) {
    let server = Server::start(style, "echo");
    let sent = megabytes(8);
    assert_same(&server.connect().exchange(&sent), &sent);
}

fn eight_megabytes_come_back_to_a_small_receive_buffer(style: Style) {
    let server = Server::start(style, "echo");
    let sent = megabytes(8);
    let mut client = Client::connect_with_buffer(server.address(), 4096);
    // The client reads nothing until the server takes no more: by then a write was only partial.
    let count = client.push_until_stuck(&sent);
    client.half_close();
    let pushed: Vec<u8> = sent.iter().copied().cycle().take(count).collect();
    assert_same(&client.read_to_end(), &pushed);
    // And beside a client that reads all the time.
    let mut client = Client::connect_with_buffer(server.address(), 4096);
    assert_same(&client.exchange(&sent), &sent);
}

fn one_byte_at_a_time_comes_back(style: Style) {
    let server = Server::start(style, "echo");
    let mut client = server.connect();
    for byte in 0..=255 {
        client.send([byte]);
        assert_eq!(client.read_exact(1), [byte]);
    }
}

fn the_second_client_is_served_meanwhile_or_waits(style: Style) {
    let server = Server::start(style, "echo");
    let mut first = server.connect();
    let mut second = server.connect();
    second.send("second");
    first.send("first");
    assert_eq!(first.read_exact(5), b"first");
    if !style.serves_many() {
        assert!(second.has_nothing(), "the second client waits");
        drop(first);
    }
    assert_eq!(second.read_exact(6), b"second");
}
