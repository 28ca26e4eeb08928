//! A terminal with an interactive shell, for a test that types commands like a reader.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::LazyLock;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::pty::{Winsize, openpty};
use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
use regex::Regex;

use crate::transcript::{self, Comparison};

/// A pseudoterminal (pty(7)) and the shell at it, which has job control.
#[derive(Debug)]
pub struct Terminal {
    shell: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    /// Output that was not waited for yet.
    printed: Vec<u8>,
}

/// The prompt of the shell. It begins with a control character, since no program prints it.
pub(crate) const PROMPT: &str = "\x1e$ ";

const SIZE: Winsize = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };

impl Terminal {
    /// Starts a shell that has this prompt.
    pub(crate) fn open(mut shell: Command) -> io::Result<Terminal> {
        let pty = openpty(&SIZE, None)?;
        // Otherwise a process that another test starts meanwhile keeps this terminal open, so that
        // it never ends.
        for side in [&pty.master, &pty.slave] {
            fcntl(side, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
        }
        // Otherwise Ctrl-C flushes the output (termios(3)), and the last output of a command is
        // lost.
        let mut settings = tcgetattr(&pty.slave)?;
        settings.local_flags.insert(LocalFlags::NOFLSH);
        tcsetattr(&pty.slave, SetArg::TCSANOW, &settings)?;
        let theirs = |fd: &OwnedFd| fd.try_clone();
        shell.stdin(theirs(&pty.slave)?).stdout(theirs(&pty.slave)?).stderr(pty.slave);
        test_kit::hear_interrupts();
        let started = shell.spawn()?;
        // The command holds the slave side, and while it is open there is no end to read.
        drop(shell);
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
        Ok(Terminal { shell: started, keyboard, screen, printed: Vec::new() })
    }

    /// Types a command at the prompt of the shell.
    ///
    /// # Errors
    ///
    /// The output that came instead of the prompt, since another command still runs, or instead of
    /// the echo.
    pub fn type_command(&mut self, command: &str, patience: Duration) -> Result<(), Vec<String>> {
        self.wait_for_end(patience)?;
        self.printed.clear();
        // A job in the background may print at the same time.
        command.lines().try_for_each(|line| self.type_among(line, patience, true))
    }

    /// Types a command that runs to its end. Returns its output, without what the shell says about
    /// jobs in the background: it says that at any prompt.
    ///
    /// # Errors
    ///
    /// The terminal is not free, or the command does not end; this is the output.
    pub fn run(&mut self, command: &str, patience: Duration) -> Result<Vec<String>, Vec<String>> {
        self.type_command(command, patience)?;
        let mut printed = self.wait_for_end(patience)?;
        printed.retain(|line| !is_about_a_job(line));
        Ok(printed)
    }

    /// Ends the running command with Ctrl-C, as a reader does before the next page.
    ///
    /// # Errors
    ///
    /// The command goes on; this is its output.
    pub fn interrupt(&mut self, patience: Duration) -> Result<(), Vec<String>> {
        while self.hear(Instant::now()) {}
        if !self.is_at_prompt() {
            self.press(3).map_err(|error| vec![error.to_string()])?;
        }
        self.wait_for_end(patience).map(|_| ())
    }

    /// Waits until the shell has no job in the background.
    ///
    /// # Errors
    ///
    /// It still has some; this is the shell's list of them, or the output that came instead.
    pub fn has_no_jobs(&mut self, patience: Duration) -> Result<(), Vec<String>> {
        let by = Instant::now() + patience;
        loop {
            self.type_command("jobs", patience)?;
            let mut jobs = self.wait_for_end(patience)?;
            jobs.retain(|line| {
                is_about_a_job(line) && (line.contains("Running") || line.contains("Stopped"))
            });
            if jobs.is_empty() || Instant::now() >= by {
                return if jobs.is_empty() { Ok(()) } else { Err(jobs) };
            }
        }
    }

    /// Types a line, and waits for the terminal's echo, if echo is on.
    ///
    /// # Errors
    ///
    /// The output that came instead of the echo.
    pub fn type_line(&mut self, line: &str, patience: Duration) -> Result<(), Vec<String>> {
        self.type_among(line, patience, false)
    }

    /// Types a line, and waits for its echo. `others` says whether other lines may come before it.
    fn type_among(
        &mut self,
        line: &str,
        patience: Duration,
        others: bool,
    ) -> Result<(), Vec<String>> {
        let is_echoed = tcgetattr(&self.keyboard)
            .is_ok_and(|settings| settings.local_flags.contains(LocalFlags::ECHO));
        let typed = self.keyboard.write_all(format!("{line}\n").as_bytes());
        typed.map_err(|error| vec![format!("the terminal does not accept it: {error}")])?;
        if !is_echoed {
            return Ok(());
        }
        let by = Instant::now() + patience;
        loop {
            let lines = self.whole_lines();
            match lines.iter().position(|shown| is_echo(line, shown)) {
                Some(place) if place == 0 || others => {
                    self.forget(place + 1);
                    return Ok(());
                }
                None if (lines.is_empty() || others) && self.hear(by) => {}
                _ => return Err(self.all_lines()),
            }
        }
    }

    /// Presses a key: 3 is Ctrl-C, and 4 is Ctrl-D.
    ///
    /// # Errors
    ///
    /// The terminal does not accept it.
    pub fn press(&mut self, key: u8) -> io::Result<()> {
        self.keyboard.write_all(&[key])
    }

    /// Waits until `expected` has been printed, directly after the output that was waited for
    /// before.
    ///
    /// # Errors
    ///
    /// The output that came instead.
    pub fn wait_for(&mut self, expected: &[String], patience: Duration) -> Result<(), Vec<String>> {
        let by = Instant::now() + patience;
        loop {
            // The shell prints an empty line before it reports that a job has stopped.
            while self.printed.starts_with(b"\r\n")
                && expected.first().is_some_and(|line| !line.is_empty())
            {
                self.forget(1);
            }
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

    /// Waits until the shell shows its prompt again. Returns the output since the last wait.
    ///
    /// # Errors
    ///
    /// The command does not end; the error contains its output.
    pub fn wait_for_end(&mut self, patience: Duration) -> Result<Vec<String>, Vec<String>> {
        let by = Instant::now() + patience;
        while !self.is_at_prompt() && self.hear(by) {}
        let mut printed = self.all_lines();
        // If Ctrl-C has ended a program, the shell ends the line with the echo of the key.
        if self.printed.starts_with(b"^C\r\n") {
            printed.remove(0);
        }
        match self.is_at_prompt() {
            true => {
                self.printed = PROMPT.into();
                Ok(printed)
            }
            false => Err(printed),
        }
    }

    /// Whether the shell shows its prompt. A job in the background may have printed more since.
    fn is_at_prompt(&self) -> bool {
        self.printed.windows(PROMPT.len()).any(|bytes| bytes == PROMPT.as_bytes())
    }

    /// The output until there has been none for `lull`. Only for writing down the output of a
    /// command: a test waits for the output that it expects.
    pub fn listen(&mut self, lull: Duration) -> Vec<String> {
        while self.hear(Instant::now() + lull) {}
        let printed = self.all_lines();
        self.printed.clear();
        printed
    }

    /// Waits for more output. Returns whether there was any.
    fn hear(&mut self, by: Instant) -> bool {
        let heard = self.screen.recv_timeout(by.saturating_duration_since(Instant::now()));
        heard.map(|bytes| self.printed.extend(bytes)).is_ok()
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
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// Whether a terminal shows this line because it was typed. A program may print its prompt `> ` at
/// the same moment, so that the prompt is in the middle of the line.
fn is_echo(typed: &str, shown: &str) -> bool {
    let prompted = |(place, _)| format!("{}> {}", &typed[..place], &typed[place..]) == shown;
    let shown_at_the_end = shown.strip_suffix('>');
    shown == typed || shown_at_the_end == Some(typed) || typed.char_indices().any(prompted)
}

/// Whether the shell says this about a job in the background, as in `[1]+  Done`.
fn is_about_a_job(line: &str) -> bool {
    let rest = line.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    rest.is_some_and(|(number, _)| number.parse::<u32>().is_ok())
}

/// The contents of a terminal, as the book writes it: without the prompts of the shell and of
/// programs that ask for a line, which may come before or after the typed line, and without the
/// echo of Ctrl-C.
fn shown(bytes: &[u8]) -> Vec<String> {
    let lines = lines(&String::from_utf8_lossy(bytes));
    lines
        .iter()
        .map(|line| {
            let mut line = &line[..];
            while let Some(rest) = ["> ", "^C", PROMPT, PROMPT.trim_end()]
                .iter()
                .find_map(|prompt| line.strip_prefix(prompt))
            {
                line = rest;
            }
            // The prompt follows the output directly if that has no line end.
            line.split('\x1e').next().unwrap_or_default().trim_end().to_owned()
        })
        .collect()
}

/// The lines of a text, as a terminal shows them: without spaces at the end, without colours, and
/// without a beginning that is erased.
pub fn lines(text: &str) -> Vec<String> {
    static UNSEEN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r".*\r\x1b\[K|\x1b\[[0-9;]*m").expect("it is valid"));
    text.lines().map(|line| UNSEEN.replace_all(line, "").trim_end().to_owned()).collect()
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

    #[test]
    fn the_shell_says_what_becomes_of_a_job() {
        assert!(["[1] 4711", "[12]+  Done   true"].into_iter().all(is_about_a_job));
        assert!(!["[0x01, 0x02]", "1] 2", "[::1]:2007"].into_iter().any(is_about_a_job));
    }

    #[test]
    fn a_prompt_behind_the_last_line_is_no_output() {
        assert_eq!(shown(b"abc\x1e$ "), ["abc"]);
        assert_eq!(shown(b"\x1e$ \x1e$ abc\r\n"), ["abc"]);
    }
}
