//! Refuses to build for any system but Linux.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let system = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if system != "linux" {
        println!(
            "cargo::error=After accept is about Linux (fork, signals, /proc, SEQPACKET), and cannot \
             be built for {system}: use a Linux machine, a virtual one or a container."
        );
    }
}
