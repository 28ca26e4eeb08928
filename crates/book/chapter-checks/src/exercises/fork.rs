//! Counts zombies.

// ANCHOR: zombies
use std::{fs, io};

/// The number of children of a process that have ended but have not been waited for.
///
/// # Errors
///
/// There is no such process.
pub fn zombies(parent: u32) -> io::Result<usize> {
    let mut count = 0;
    // A child belongs to the thread that forked it.
    for thread in fs::read_dir(format!("/proc/{parent}/task"))? {
        let children = fs::read_to_string(thread?.path().join("children"))?;
        let is_zombie = |child: &&str| {
            // A child that has disappeared by now does not count.
            let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            let state = stat.rsplit_once(") ").map(|(_, state)| state);
            state.is_some_and(|state| state.starts_with('Z'))
        };
        count += children.split_whitespace().filter(is_zombie).count();
    }
    Ok(count)
}
// ANCHOR_END: zombies

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use test_kit::wait_until;

    use super::*;

    /// A child that ends after its parent has become `cat`: a shell waits for ended children when
    /// it starts another one.
    const ENDS: &str = "sh -c 'until grep -qx cat /proc/$PPID/comm; do :; done' &";

    /// A shell that starts children and then becomes `cat`, which does not wait for children.
    fn start(children: &str) -> Child {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{children} exec cat")]);
        shell.stdin(Stdio::piped()).spawn().unwrap()
    }

    #[track_caller]
    fn check(children: &str, expected: usize) {
        let mut parent = start(children);
        wait_until(&format!("{expected} zombies of {children:?}"), || {
            zombies(parent.id()).unwrap() == expected
        });
        drop(parent.stdin.take());
        parent.wait().unwrap();
        assert!(zombies(parent.id()).is_err());
    }

    #[test]
    fn ended_children_are_counted() {
        check("", 0);
        check(&format!("{ENDS} {ENDS}"), 2);
    }

    #[test]
    fn living_children_are_not_counted() {
        check(&format!("{ENDS} exec 3<&0; cat <&3 &"), 1);
    }

    #[test]
    fn a_name_may_hold_parentheses() {
        check("sh -c 'printf \"%s\" \") S (\" >/proc/$$/comm' &", 1);
    }
}
