//! The command line of the server with a bug.

use std::process::Command;

/// The exit status and both outputs for these arguments.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_faulty-server"));
    let ended = command.args(arguments).output().expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (ended.status.code(), text(ended.stdout), text(ended.stderr))
}

#[test]
fn help_tells_how_to_start_it() {
    let (status, output, errors) = run(&["--help"]);
    assert_eq!((status, &*errors), (Some(0), ""));
    for words in ["Usage: faulty-server <STYLE> <SERVICE> <FAULT>", "select-server", "upload"] {
        assert!(output.contains(words), "{output}");
    }
}

#[test]
fn wrong_usage_is_named_in_one_line() {
    for (arguments, words) in [
        (&[][..], "<STYLE> <SERVICE> <FAULT>"),
        (&["select-server", "echo", "burn"], "lose, double"),
        (&["select", "echo", "lose"], "select-server"),
        (&["select-server", "finger", "lose"], "fortune"),
        (&["select-server", "echo", "lose", "more"], "more"),
    ] {
        let (status, output, errors) = run(arguments);
        assert_eq!((status, &*output), (Some(2), ""), "{errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
        assert!(errors.contains(words), "{errors}");
    }
}
