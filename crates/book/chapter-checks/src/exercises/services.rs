//! A program that is a member of a room.

// ANCHOR: greet
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;

/// Joins a room as `greeter` and greets every new member, until the server has finished.
///
/// # Errors
///
/// The connection breaks, or the received bytes are not UTF-8.
pub fn greet(room: &TcpStream) -> io::Result<()> {
    let mut writer = room;
    writer.write_all(b"/nick greeter\r\n")?;
    for line in BufReader::new(room).lines() {
        if let Some(name) = newcomer(&line?) {
            writer.write_all(format!("hello, {name}\r\n").as_bytes())?;
        }
    }
    Ok(())
}

/// The new member, if a line of the room announces one.
///
/// A line that begins with `* ` is the server's own: lines of members begin with `[`.
pub fn newcomer(line: &str) -> Option<&str> {
    line.strip_prefix("* ")?.strip_suffix(" joined")
}
// ANCHOR_END: greet

#[cfg(test)]
mod tests {
    use std::net::Shutdown;
    use std::thread;

    use test_kit::chat::join;
    use test_kit::{Server, Style};

    use super::*;

    #[test]
    fn every_new_member_is_greeted() {
        for style in Style::ALL.into_iter().copied().filter(|style| style.serves_many()) {
            let server = Server::start(style, "chat");
            let mut ada = join(&server, 1);
            let room = TcpStream::connect(server.address()).unwrap();
            let address = room.local_addr().unwrap();
            let end = room.try_clone().unwrap();
            let greeter = thread::spawn(move || greet(&room));
            ada.expect_line(format!("* {address} joined"));
            ada.expect_line(format!("* {address} is now greeter"));
            let mut bob = join(&server, 3);
            bob.expect_line(format!("[greeter] hello, {}", bob.name()));
            ada.expect_line(format!("* {} joined", bob.name()));
            ada.expect_line(format!("[greeter] hello, {}", bob.name()));
            end.shutdown(Shutdown::Both).unwrap();
            greeter.join().unwrap().unwrap();
        }
    }

    #[test]
    fn a_member_cannot_forge_an_arrival() {
        assert_eq!(newcomer("* ada joined"), Some("ada"));
        assert_eq!(newcomer("[ada] * bob joined"), None);
        assert_eq!(newcomer("* ada left"), None);
    }
}
