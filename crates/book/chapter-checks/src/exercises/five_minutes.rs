//! A simple client.

// ANCHOR: ask
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};

/// Sends `text` to a server, ends this side, and returns everything that the server sends.
///
/// # Errors
///
/// No server answers at `address`, or the connection breaks.
pub fn ask(address: impl ToSocketAddrs, text: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(text.as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
// ANCHOR_END: ask

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::TcpListener;

    use test_kit::{Server, Style, each_style};

    use super::ask;

    each_style!(the_sent_text_comes_back);

    fn the_sent_text_comes_back(style: Style) {
        let server = Server::start(style, "echo");
        for text in ["hello\n", "", "汉语/漢語"] {
            assert_eq!(ask(server.address(), text).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn a_room_hears_and_answers() {
        let server = Server::start(Style::ITERATIVE, "chat");
        let answer = ask(server.address(), "/nick ada\n/quit\n").unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.ends_with(" is now ada\r\n* goodbye\r\n"), "{answer}");
    }

    #[test]
    fn without_a_server_there_is_an_error() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
        let error = ask(closed.unwrap(), "hello\n").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }

    /// As the warning under the solution says: 64 MiB are more than all buffers in both directions.
    #[test]
    fn a_client_that_writes_all_before_reading_is_given_up() {
        let server = Server::start_with(Style::ITERATIVE, "echo", &["--idle-timeout", "1"]);
        assert!(ask(server.address(), &"x".repeat(64 << 20)).is_err());
        server.wait_for_log(|line| line.contains("client 1 was lost"));
    }
}
