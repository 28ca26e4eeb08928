#!/usr/bin/env python3
"""Checks that a dependency is compiled once: after `cargo build`, no command compiles it again.

Cargo compiles a crate again for each set of features, and a package that is built alone asks for
fewer features than the whole workspace. So the features are named once, in the table of the top
Cargo.toml, and this script shows where that is not enough:

    python3 tests/compiled_once.py

It runs `cargo build`, then builds the targets of each command in the book and the README, and
compares the files that cargo names: a file with another hash is another compilation. Older files in
the target directory do not matter, and no time is measured.
Under each crate that is compiled again, it prints the features that differ.
"""

import json
import os
import subprocess
import sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

# The packages that `cargo run`, `cargo run -p NAME` and `cargo run --example NAME` select.
STYLES = sorted(os.listdir("crates/styles"))
RUNS = (
    [["build", "--bin", "after-accept"]]
    + [["build", "-p", style] for style in STYLES]
    + [["build", "-p", "side-by-side"], ["build", "--example", "zombie"]]
)
# Commands that a test or a contributor runs between two runs of all tests.
TESTS = [
    ["build", *(word for style in STYLES for word in ("--bin", style)), "--bin", "faulty-server"],
    ["build", "--examples"],
    ["test", "--no-run", "--example", "zombie"],
    ["test", "--no-run", "--test", "echo"],
]
# Crates that only tests need: `cargo test` compiles these for the first time.
ONLY_FOR_TESTS = {
    "asn1-rs",
    "asn1-rs-derive",
    "asn1-rs-impl",
    "assoc",
    "bitvec",
    "chacha20",
    "const-siphasher",
    "core_detect",
    "corosensei",
    "displaydoc",
    "funty",
    "getrandom",
    "ipnet",
    "minimal-lexical",
    "nom",
    "owo-colors",
    "ppv-lite86",
    "proptest",
    "radium",
    "rand",
    "rand_chacha",
    "rand_core",
    "rand_pcg",
    "rand_xorshift",
    "rquickjs",
    "rquickjs-core",
    "rquickjs-sys",
    "rusticata-macros",
    "scoped-tls",
    "shuttle",
    "shuttle-engine",
    "shuttle-schedulers",
    "shuttle-std",
    "snmp-parser",
    "synstructure",
    "tap",
    "unarray",
    "wyz",
    "zerocopy",
    "zerocopy-derive",
}


def artifacts(arguments):
    """The artifacts that cargo compiles for this command, or has compiled: messages, by a file."""
    command = ["cargo", *arguments, "--message-format", "json", "--quiet"]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    messages = (json.loads(line) for line in said.splitlines() if line.startswith("{"))
    built = [message for message in messages if message["reason"] == "compiler-artifact"]
    return {file(message): message for message in built}


def file(message):
    """The file that identifies an artifact: one with a hash, if cargo names one."""
    names = message["filenames"]
    return next((name for name in names if name.endswith(".rmeta")), names[0])


def name(message):
    """The package name of an artifact: `path+file:///a/b#0.1.0`, `...#b@0.1.0`."""
    place, _, version = message["package_id"].rpartition("#")
    return version.split("@")[0] if "@" in version else place.rpartition("/")[2]


def is_ours(message):
    """Whether a package of this workspace was compiled."""
    return message["package_id"].startswith("path+file:")


def is_allowed(message, is_test):
    """Whether a command may compile this: examples, tests, and the crates that only tests need."""
    if is_ours(message):
        return message["profile"]["test"] or message["target"]["kind"] == ["example"]
    return is_test and name(message) in ONLY_FOR_TESTS


def again(known, arguments, is_test=False):
    """Counts and prints the artifacts of this command that are not among the known ones."""
    built = artifacts(arguments)
    different = [
        message
        for file, message in built.items()
        if (file not in known or not message["fresh"]) and not is_allowed(message, is_test)
    ]
    theirs = sum(not is_ours(message) for message in different)
    print(f"{len(different):5} of {len(built):3} again, {theirs:3} of them dependencies: "
          f"cargo {' '.join(arguments)}")
    for message in sorted(different, key=name):
        before = [
            set(other["features"])
            for other in known.values()
            if (name(other), other["target"]) == (name(message), message["target"])
        ]
        features = set(message["features"])
        if not before:
            print(f"        {name(message)}: `cargo build` does not build it")
        elif features not in before:
            nearest = min(before, key=lambda other: len(other ^ features))
            more, fewer = sorted(features - nearest), sorted(nearest - features)
            print(f"        {name(message)}: with {more}, without {fewer}")
    return len(different)


def main():
    known = artifacts(["build"])
    print(f"{len(known):5} artifacts: cargo build")
    found = sum(again(known, run) for run in RUNS)
    found += again(known, ["test", "--no-run"], is_test=True)
    known |= artifacts(["test", "--no-run"])
    found += sum(again(known, run, is_test=True) for run in TESTS)
    if found:
        sys.exit("a crate is compiled again: give it the missing features, in the table "
                 "of Cargo.toml, or where a crate that all packages need is named")


if __name__ == "__main__":
    main()
