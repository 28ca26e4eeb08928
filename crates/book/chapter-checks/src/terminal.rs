//! A terminal with a command, for a test that types and waits for output.

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

/// A pseudoterminal (pty(7)) and the command that runs at it.
#[derive(Debug)]
pub struct Terminal {
    command: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    /// Output that was not waited for yet.
    printed: Vec<u8>,
    is_over: bool,
}

const SIZE: Winsize = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };

impl Terminal {
    pub(crate) fn start(mut command: Command) -> io::Result<Terminal> {
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
        command.stdin(theirs(&pty.slave)?).stdout(theirs(&pty.slave)?).stderr(pty.slave);
        test_kit::hear_interrupts();
        let started = command.spawn()?;
        // The command holds the slave side, and while it is open there is no end to read.
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

    /// Types a line, and waits for the terminal's echo, if echo is on.
    ///
    /// # Errors
    ///
    /// The output that came instead of the echo.
    pub fn type_line(&mut self, line: &str, patience: Duration) -> Result<(), Vec<String>> {
        let is_echoed = tcgetattr(&self.keyboard)
            .is_ok_and(|settings| settings.local_flags.contains(LocalFlags::ECHO));
        let typed = self.keyboard.write_all(format!("{line}\n").as_bytes());
        typed.map_err(|error| vec![format!("the terminal does not accept it: {error}")])?;
        match is_echoed {
            true => self.wait_for(&[line.to_owned()], patience),
            false => Ok(()),
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

    /// Waits until the command has ended. Returns the output since the last wait.
    ///
    /// # Errors
    ///
    /// The command does not end; the error contains its output.
    pub fn wait_for_end(&mut self, patience: Duration) -> Result<Vec<String>, Vec<String>> {
        let by = Instant::now() + patience;
        while self.hear(by) {}
        let printed = self.all_lines();
        match self.is_over && waited_for(&mut self.command, patience) {
            true => Ok(printed),
            false => Err(printed),
        }
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

/// The contents of a terminal, as the book writes it: without the prompt `> ` of programs that ask
/// for a line, which may come before or after the typed line, and without the echo of Ctrl-C.
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

/// The lines of a text, as a terminal shows them: without spaces at the end.
pub fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// Waits until a process has ended, and returns whether it has.
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
