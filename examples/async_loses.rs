//! A client sends `hello` in two pieces, with a pause between them that is longer than the server's
//! timeout. The bytes that a future has read are lost when it is dropped (tokio, "cancel safety").

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{sleep, timeout};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> io::Result<()> {
    let (mut client, mut server) = duplex(64);
    tokio::spawn(async move {
        client.write_all(b"hel").await?;
        sleep(Duration::from_secs(2)).await;
        client.write_all(b"lo").await
    });
    let mut word = String::new();
    let word = loop {
        match timeout(Duration::from_secs(1), server.read_to_string(&mut word)).await {
            Ok(read) => break read.map(|_| &word)?,
            Err(_) => println!("no word yet; I look at something else, and read on"),
        }
    };
    println!("the word is {word:?}");
    Ok(())
}
