//! A terminal at which a command runs, a reader types, and what is printed is waited for.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::pty::{Winsize, openpty};
use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};

use crate::transcript::{self, Comparison};

/// A pseudoterminal (pty(7)) and the command at it.
#[derive(Debug)]
pub struct Terminal {
    command: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    /// What was printed, and was not waited for yet.
    printed: Vec<u8>,
    is_over: bool,
}

const SIZE: Winsize = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };

impl Terminal {
    pub(crate) fn start(mut command: Command) -> io::Result<Terminal> {
        let pty = openpty(&SIZE, None)?;
        // Else whatever another test starts meanwhile holds this terminal open, and it never ends.
        for side in [&pty.master, &pty.slave] {
            fcntl(side, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
        }
        // Else Ctrl-C flushes the output (termios(3)), and what a command says at once is lost.
        let mut settings = tcgetattr(&pty.slave)?;
        settings.local_flags.insert(LocalFlags::NOFLSH);
        tcsetattr(&pty.slave, SetArg::TCSANOW, &settings)?;
        let theirs = |fd: &OwnedFd| fd.try_clone();
        command.stdin(theirs(&pty.slave)?).stdout(theirs(&pty.slave)?).stderr(pty.slave);
        test_kit::hear_interrupts();
        let started = command.spawn()?;
        // It holds their side, and there is no end to read as long as anybody does.
        drop(command);
        let mut ours = File::from(pty.master);
        let keyboard = ours.try_clone()?;
        let (show, screen) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The end of a terminal is an error, EIO.
            while let Ok(count @ 1..) = ours.read(&mut bytes) {
                if show.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Ok(Terminal { command: started, keyboard, screen, printed: Vec::new(), is_over: false })
    }

    /// Types a line, and waits for the terminal to echo it, if that is how it is set.
    ///
    /// # Errors
    ///
    /// What was printed instead of the echo.
    pub fn type_line(&mut self, line: &str, patience: Duration) -> Result<(), Vec<String>> {
        let is_echoed = tcgetattr(&self.keyboard)
            .is_ok_and(|settings| settings.local_flags.contains(LocalFlags::ECHO));
        let typed = self.keyboard.write_all(format!("{line}\n").as_bytes());
        typed.map_err(|error| vec![format!("the terminal does not take it: {error}")])?;
        if !is_echoed {
            return Ok(());
        }
        let by = Instant::now() + patience;
        loop {
            match self.whole_lines().first() {
                Some(shown) if is_echo(line, shown) => {
                    self.forget(1);
                    return Ok(());
                }
                None if self.hear(by) => {}
                _ => return Err(self.all_lines()),
            }
        }
    }

    /// Presses a key: 3 is Ctrl-C, and 4 Ctrl-D.
    ///
    /// # Errors
    ///
    /// The terminal does not take it.
    pub fn press(&mut self, key: u8) -> io::Result<()> {
        self.keyboard.write_all(&[key])
    }

    /// Waits until `expected` has been printed, next after what was waited for already.
    ///
    /// # Errors
    ///
    /// What was printed instead.
    pub fn wait_for(&mut self, expected: &[String], patience: Duration) -> Result<(), Vec<String>> {
        let by = Instant::now() + patience;
        loop {
            let printed = self.whole_lines();
            match transcript::begins(expected, &printed) {
                Comparison::Same(count) => {
                    self.forget(count);
                    return Ok(());
                }
                Comparison::Unfinished if self.hear(by) => {}
                _ => return Err(self.all_lines()),
            }
        }
    }

    /// Waits until the command has ended. Gives what it has printed since it was last waited for.
    ///
    /// # Errors
    ///
    /// It goes on; this is what it has printed.
    pub fn wait_for_end(&mut self, patience: Duration) -> Result<Vec<String>, Vec<String>> {
        let by = Instant::now() + patience;
        while self.hear(by) {}
        let printed = self.all_lines();
        match self.is_over && waited_for(&mut self.command, patience) {
            true => Ok(printed),
            false => Err(printed),
        }
    }

    /// What is printed until nothing has been for `lull`. Only to write down what a command does:
    /// a test waits for what it knows.
    pub fn listen(&mut self, lull: Duration) -> Vec<String> {
        while self.hear(Instant::now() + lull) {}
        let printed = self.all_lines();
        self.printed.clear();
        printed
    }

    /// Waits for more. Tells whether there was any.
    fn hear(&mut self, by: Instant) -> bool {
        match self.screen.recv_timeout(by.saturating_duration_since(Instant::now())) {
            Ok(bytes) => {
                self.printed.extend(bytes);
                true
            }
            Err(error) => {
                self.is_over = error == mpsc::RecvTimeoutError::Disconnected;
                false
            }
        }
    }

    fn whole_lines(&self) -> Vec<String> {
        let end = self.printed.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        shown(&self.printed[..end])
    }

    fn all_lines(&self) -> Vec<String> {
        let mut lines = shown(&self.printed);
        if lines.last().is_some_and(String::is_empty) && !self.printed.ends_with(b"\n") {
            lines.pop();
        }
        lines
    }

    fn forget(&mut self, lines: usize) {
        let ends = self.printed.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let end = lines.checked_sub(1).and_then(|last| ends.map(|(end, _)| end + 1).nth(last));
        self.printed.drain(..end.unwrap_or(0));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.command.kill();
        let _ = self.command.wait();
    }
}

/// Whether a terminal shows this line because it was typed. A program may print its prompt `> ` at the
/// same moment, and then the prompt stands in the middle of the line.
fn is_echo(typed: &str, shown: &str) -> bool {
    let prompted = |(place, _)| format!("{}> {}", &typed[..place], &typed[place..]) == shown;
    let shown_at_the_end = shown.strip_suffix('>');
    shown == typed || shown_at_the_end == Some(typed) || typed.char_indices().any(prompted)
}

/// What a terminal shows, as the book writes it down: without the prompt `> ` of what asks for a
/// line, which is there before the line is typed or after, and without the echo of Ctrl-C.
fn shown(bytes: &[u8]) -> Vec<String> {
    let lines = lines(&String::from_utf8_lossy(bytes));
    lines
        .iter()
        .map(|line| {
            let mut line = &line[..];
            while let Some(rest) = line.strip_prefix("> ").or(line.strip_prefix("^C")) {
                line = rest;
            }
            line.to_owned()
        })
        .collect()
}

/// The lines of a text, as a terminal would show them: spaces at their end are not seen.
pub fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// Waits until a process has ended, and tells whether it has.
pub(crate) fn waited_for(child: &mut Child, patience: Duration) -> bool {
    let by = Instant::now() + patience;
    loop {
        match child.try_wait() {
            Ok(Some(_)) => return true,
            Ok(None) if Instant::now() < by => thread::sleep(Duration::from_millis(2)),
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_may_stand_anywhere_in_a_typed_line() {
        let echoes = ["ann", "> ann", "a> nn", "an> n", "ann>"];
        assert!(echoes.iter().all(|shown| is_echo("ann", shown)));
        assert!(!["an", "anna", "a>nn", "bob"].iter().any(|shown| is_echo("ann", shown)));
    }
}
