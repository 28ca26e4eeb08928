//! A terminal on which a line is typed while texts arrive: they are printed above the line, and the
//! line stays whole.
//!
//! [`Keyboard`] and [`Paper`] are the two sides of it, and the loop of a conversation reads and
//! writes them as it does files. The terminal gives each key at once and echoes none (termios(3)),
//! and [`Row`] makes lines of them.
//!
//! Ctrl-C and Ctrl-Z are still signals, so they work even while talk waits. A thread waits for
//! signals, since the terminal has to be put back before they end or stop the process.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use launch::heeded;
use nix::sys::signal::Signal::{
    self, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH,
};
use nix::sys::termios::{
    LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr,
};
use nix::unistd::{dup2, getpgrp, tcgetpgrp};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use terminal_size::terminal_size_of;

use crate::edit::{LINE_LIMIT, Row};

/// The most bytes that are read from the terminal at once: the terminal itself keeps no more.
const KEYS: usize = 4096;

/// The prompt on this process's terminal, for texts that are not the server's: the trace.
static PROMPT: Mutex<Option<Arc<Shared>>> = Mutex::new(None);

/// The terminal, as it is while a line is typed. Dropping it puts the terminal back.
#[derive(Debug)]
pub(crate) struct Prompt(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    input: File,
    row: Mutex<Drawn>,
    /// How the terminal was set before, while it is set for single keys.
    before: Mutex<Option<Termios>>,
}

/// The row, and the terminal on which it is drawn.
#[derive(Debug)]
struct Drawn {
    row: Row,
    output: File,
}

/// The lines that are typed at a [`Prompt`].
#[derive(Debug)]
pub(crate) struct Keyboard {
    prompt: Arc<Shared>,
    input: OwnedFd,
}

/// The part of the terminal above a [`Prompt`].
#[derive(Debug)]
pub(crate) struct Paper(Arc<Shared>);

impl Prompt {
    /// Sets the terminal for single keys, if this process may: one in the background must not.
    /// Returns `None` if the terminal stays as it is.
    ///
    /// # Errors
    ///
    /// There are no descriptors or threads left.
    pub(crate) fn open(input: File, output: File) -> io::Result<Option<(Prompt, Keyboard, Paper)>> {
        let keys = input.try_clone()?.into();
        let row = Mutex::new(Drawn { row: Row::default(), output });
        let shared = Arc::new(Shared { input, row, before: Mutex::new(None) });
        let prompt = Prompt(Arc::clone(&shared));
        if !shared.is_in_front() || shared.enter().is_err() {
            return Ok(None);
        }
        watch(&shared)?;
        *lock(&PROMPT) = Some(Arc::clone(&shared));
        Ok(Some((prompt, Keyboard { prompt: Arc::clone(&shared), input: keys }, Paper(shared))))
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        *lock(&PROMPT) = None;
        self.0.leave();
        lock(&self.0.row).end();
    }
}

impl Shared {
    /// Whether this process is in the foreground of the terminal.
    fn is_in_front(&self) -> bool {
        tcgetpgrp(&self.input).is_ok_and(|foreground| foreground == getpgrp())
    }

    /// Lets the terminal give each key at once, without an echo.
    fn enter(&self) -> io::Result<()> {
        let mut before = lock(&self.before);
        let settings = tcgetattr(&self.input)?;
        let mut keys = settings.clone();
        keys.local_flags.remove(LocalFlags::ICANON | LocalFlags::ECHO);
        keys.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
        keys.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
        tcsetattr(&self.input, SetArg::TCSANOW, &keys)?;
        before.get_or_insert(settings);
        Ok(())
    }

    /// Puts the terminal back. It waits for no reader of the terminal.
    fn leave(&self) {
        if let Some(before) = lock(&self.before).take() {
            let _ = tcsetattr(&self.input, SetArg::TCSANOW, &before);
        }
    }

    fn is_entered(&self) -> bool {
        lock(&self.before).is_some()
    }

    /// Handles a signal. It does not return if the signal ends the process.
    fn heed(&self, signal: Signal) {
        match signal {
            // In the background, the terminal belongs to another program.
            SIGCONT if self.is_in_front() && self.enter().is_ok() => self.draw(),
            SIGCONT => {}
            SIGWINCH => self.draw(),
            signal => {
                self.leave();
                if let Ok(mut drawn) = self.row.try_lock() {
                    drawn.end();
                }
                // For SIGTSTP it returns when the process goes on, and SIGCONT comes next.
                let _ = emulate_default_handler(signal as i32);
            }
        }
    }

    /// Draws the row again, unless talk is just printing: then it will be drawn anyway.
    fn draw(&self) {
        if self.is_entered()
            && let Ok(mut drawn) = self.row.try_lock()
        {
            let _ = drawn.print("");
        }
    }

    /// Prints a text of the server above the row.
    fn print(&self, text: &str) -> io::Result<()> {
        let mut drawn = lock(&self.row);
        if !self.is_entered() {
            return drawn.output.write_all(text.as_bytes());
        }
        let columns = drawn.columns();
        let above = drawn.row.hear(text, columns);
        drawn.print(&above)
    }
}

/// Prints a line of this program above the row, if there is a row. Returns whether there is one.
pub(crate) fn print_above(line: &str) -> bool {
    let Some(prompt) = lock(&PROMPT).clone() else {
        return false;
    };
    // If the terminal is closed, the conversation goes on.
    prompt.is_entered() && lock(&prompt.row).print(line).is_ok()
}

impl Drawn {
    fn columns(&self) -> usize {
        terminal_size_of(&self.output).map_or(80, |(width, _)| usize::from(width.0)).max(1)
    }

    /// Prints whole lines in place of the row, and draws the row again below them, in one write.
    fn print(&mut self, above: &str) -> io::Result<()> {
        let (row, behind) = self.row.window(self.columns());
        let back = if behind > 0 { format!("\x1b[{behind}D") } else { String::new() };
        let picture = format!("\r\x1b[K{above}{row}{back}");
        self.output.write_all(picture.as_bytes())
    }

    /// Ends the row, if the user has typed something there.
    fn end(&mut self) {
        if self.row.has_line() {
            let _ = self.output.write_all(b"\n");
        }
    }
}

impl Read for Keyboard {
    /// Reads what is typed: whole lines, or the beginning of one before Ctrl-D.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if the keys have not ended a line, and the errors of read(2).
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // The row, and a replacement character for each byte, have room.
        let most = buffer.len().saturating_sub(LINE_LIMIT) / char::REPLACEMENT_CHARACTER.len_utf8();
        let mut keys = vec![0; most.clamp(1, KEYS)];
        let count = nix::unistd::read(&self.input, &mut keys)?;
        if count == 0 {
            return Ok(0);
        }
        // Back from the background: some shells send SIGCONT only to a job that is stopped.
        if !self.prompt.is_entered() {
            let _ = self.prompt.enter();
        }
        let mut drawn = lock(&self.prompt.row);
        let typed = drawn.row.press(&keys[..count]);
        let bell = if typed.is_full { "\x07" } else { "" };
        drawn.print(&(typed.shown + bell))?;
        if typed.is_over {
            // From here on, this descriptor is ready and at its end, as a terminal is after Ctrl-D.
            dup2(File::open("/dev/null")?, &mut self.input)?;
        }
        if typed.bytes.is_empty() && !typed.is_over {
            return Err(ErrorKind::WouldBlock.into());
        }
        buffer[..typed.bytes.len()].copy_from_slice(&typed.bytes);
        Ok(typed.bytes.len())
    }
}

impl AsFd for Keyboard {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.input.as_fd()
    }
}

impl Write for Paper {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.print(&String::from_utf8_lossy(text))?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts the thread that waits for the signals. It lives as long as the process, since a signal
/// without its thread would be lost.
fn watch(shared: &Arc<Shared>) -> io::Result<()> {
    let signals = heeded(&[SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH])?;
    let mut arrivals = Signals::new(signals.iter().map(|signal| *signal as i32))?;
    let shared = Arc::clone(shared);
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in arrivals.forever().filter_map(|number| Signal::try_from(number).ok()) {
            shared.heed(signal);
        }
    })?;
    Ok(())
}

/// Locks it, even if a thread has panicked with the lock: the terminal has to be put back.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use nix::pty::openpty;

    use super::*;

    fn settings(terminal: &impl AsFd) -> Termios {
        tcgetattr(terminal).unwrap()
    }

    #[test]
    fn a_panic_puts_the_terminal_back() {
        let pty = openpty(None, None).unwrap();
        let before = settings(&pty.slave);
        let input = File::from(pty.slave);
        let shared = Arc::new(Shared {
            row: Mutex::new(Drawn { row: Row::default(), output: input.try_clone().unwrap() }),
            input,
            before: Mutex::new(None),
        });
        shared.enter().unwrap();
        assert!(settings(&shared.input) != before);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _prompt = Prompt(Arc::clone(&shared));
            let _row = lock(&shared.row);
            panic!("as asked");
        }));
        assert!(panicked.is_err());
        assert!(settings(&shared.input) == before);
    }
}
