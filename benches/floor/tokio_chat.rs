//! A chat that takes ten minutes to write with tokio: a broadcast channel, and one write for each
//! line.
//!
//! It has no names, no commands, no history and no limits. If a member does not read, the channel
//! forgets the lines that the member has not heard.

use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::select;
use tokio::sync::broadcast;

/// How many lines are kept for a member that is behind.
const LINES: usize = 1024;

#[tokio::main]
pub(crate) async fn serve(listener: std::net::TcpListener) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("it does not block");
    let (room, _) = broadcast::channel(LINES);
    loop {
        let (stream, address) = listener.accept().await.expect("a client");
        tokio::spawn(converse(stream, address, room.clone()));
    }
}

async fn converse(
    mut stream: TcpStream,
    address: SocketAddr,
    room: broadcast::Sender<(SocketAddr, String)>,
) -> std::io::Result<()> {
    let mut talk = room.subscribe();
    let (reader, mut writer) = stream.split();
    writer.write_all(b"* welcome\r\n").await?;
    let mut lines = BufReader::new(reader).lines();
    loop {
        select! {
            line = lines.next_line() => match line? {
                Some(line) => drop(room.send((address, format!("[{address}] {line}\r\n")))),
                None => return Ok(()),
            },
            heard = talk.recv() => {
                if let Ok((speaker, line)) = heard && speaker != address {
                    writer.write_all(line.as_bytes()).await?;
                }
            }
        }
    }
}
