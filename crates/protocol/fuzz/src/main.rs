//! The program that the fuzzer runs again and again: CONTRIBUTING.md says how.

#[path = "../../tests/fuzzed/mod.rs"]
mod fuzzed;
#[path = "../../tests/wire/mod.rs"]
mod wire;

fn main() {
    afl::fuzz!(|input: &[u8]| fuzzed::play(input));
}
