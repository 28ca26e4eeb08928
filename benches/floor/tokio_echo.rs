//! An echo that takes ten minutes to write with tokio.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::main]
pub(crate) async fn serve(listener: std::net::TcpListener) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("it does not block");
    loop {
        let (mut stream, _) = listener.accept().await.expect("a client");
        tokio::spawn(async move {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                if stream.write_all(&buffer[..count]).await.is_err() {
                    break;
                }
            }
        });
    }
}
