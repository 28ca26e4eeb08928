//! Two tasks on one thread. Both give the thread back while they wait.

use std::time::Duration;

use tokio::time::sleep;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let slow = tokio::spawn(async {
        println!("slow: I wait for half a second");
        sleep(Duration::from_millis(500)).await;
        println!("slow: done");
    });
    let quick = tokio::spawn(async {
        println!("quick: I wait for a hundredth");
        sleep(Duration::from_millis(10)).await;
        println!("quick: done");
    });
    let _ = tokio::join!(slow, quick);
}
