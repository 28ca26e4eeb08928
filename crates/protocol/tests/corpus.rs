//! Every `cargo test` plays the inputs that the fuzzer has found worth keeping, and random changes of
//! them. CONTRIBUTING.md says how to run the fuzzer itself.

mod fuzzed;
mod wire;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;
use wire::hostile::cases;

/// The limits of the corpus: it stays small in the repository, and a test plays it quickly.
const FILES: usize = 200;
const BYTES: usize = 200 * 1024;

#[test]
fn the_corpus_holds() {
    for (name, input) in corpus() {
        // If the test fails, this is the last name in its output.
        println!("{name}");
        fuzzed::play(&input);
    }
}

#[test]
fn the_corpus_is_small() {
    let corpus = corpus();
    assert!((20..FILES).contains(&corpus.len()), "{} files", corpus.len());
    let bytes: usize = corpus.iter().map(|(_, input)| input.len()).sum();
    assert!(bytes < BYTES, "{bytes} bytes");
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn inputs_near_the_corpus_hold(
        of in any::<Index>(),
        other in any::<Index>(),
        changes in prop::collection::vec((any::<Index>(), change()), 1..8),
    ) {
        let corpus = corpus();
        let mut input = of.get(&corpus).1.clone();
        for (at, change) in changes {
            change.make(at.index(input.len() + 1), &mut input, &other.get(&corpus).1);
        }
        fuzzed::play(&input);
    }
}

/// One change of an input, at one place.
#[derive(Clone, Debug)]
enum Change {
    Set(u8),
    Insert(Vec<u8>),
    Remove(usize),
    /// The rest comes from another input.
    Splice,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => any::<u8>().prop_map(Change::Set),
        2 => prop::collection::vec(any::<u8>(), 1..8).prop_map(Change::Insert),
        2 => (1..16_usize).prop_map(Change::Remove),
        1 => Just(Change::Splice),
    ]
}

impl Change {
    fn make(self, at: usize, input: &mut Vec<u8>, other: &[u8]) {
        match self {
            Change::Set(byte) => input.iter_mut().skip(at).take(1).for_each(|there| *there = byte),
            Change::Insert(bytes) => drop(input.splice(at..at, bytes)),
            Change::Remove(count) => drop(input.drain(at..input.len().min(at + count))),
            Change::Splice => {
                input.truncate(at);
                input.extend(other.iter().skip(at));
            }
        }
    }
}

/// The kept inputs and their names.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let entries = fs::read_dir(directory).expect("there is a corpus");
    let mut corpus: Vec<_> = entries
        .map(|entry| {
            let entry = entry.expect("it is readable");
            let input = fs::read(entry.path()).expect("it is readable");
            (entry.file_name().to_string_lossy().into_owned(), input)
        })
        .collect();
    corpus.sort();
    corpus
}
