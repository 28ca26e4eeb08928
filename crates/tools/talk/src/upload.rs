//! A file for an upload server: sends name, size and bytes, and reads one line.
//!
//! The server sends that line when everything is stored, but a refusal as soon as it is known.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};

use crate::converse::{Rest, converse_in};
use crate::screen::clean;
use crate::{Error, Failure, Screen, Stream};

/// The longest answer: `stored`, a name of 255 bytes and a size, or a reason.
const ANSWER_LIMIT: usize = 1024;

/// A file that can be sent.
#[derive(Debug)]
pub(crate) struct Parcel {
    path: PathBuf,
    name: Vec<u8>,
    size: u32,
    file: File,
}

impl Parcel {
    /// Opens a file, which will be stored under its own name unless `name` is given.
    ///
    /// The server decides which names are allowed. Only a name with a line feed is wrong usage
    /// here, since the server would take the rest of it for the size.
    pub(crate) fn open(path: PathBuf, name: Option<String>) -> Result<Parcel, Error> {
        let name = match name {
            Some(name) => name.into_bytes(),
            None => path.file_name().unwrap_or_default().as_bytes().to_vec(),
        };
        if name.contains(&b'\n') {
            let text = "a name ends at its first line feed: choose another one with --name";
            return Err(Error::Usage(text.to_owned()));
        }
        match open(&path) {
            Ok((file, size)) => Ok(Parcel { path, name, size, file }),
            Err(why) => Err(Error::File { path, why }),
        }
    }

    /// Sends the file, and returns the server's answer if it is stored.
    pub(crate) fn send(
        &self,
        stream: &Stream,
        peer: SocketAddr,
        bar: &ProgressBar,
    ) -> Result<String, Error> {
        let size = u64::from(self.size);
        bar.set_length(size);
        let mut sent = 0;
        let mut header = self.header();
        let mut answer = Answer(Vec::new());
        let screen = Screen::raw(&mut answer);
        let sending = converse_in(stream, &self.file, screen, Rest::Left, |piece, outgoing| {
            // Check before the last byte is sent, so that the server does not store the file
            // either.
            if sent < size {
                self.check_size()?;
            }
            let left = usize::try_from(size - sent).unwrap_or(usize::MAX);
            let piece = &piece[..piece.len().min(left)];
            outgoing.append(&mut header);
            outgoing.extend_from_slice(piece);
            sent += piece.len() as u64;
            bar.set_position(sent);
            if sent == size {
                bar.set_message("waiting until the server has it on its disk");
            }
            Ok(())
        });
        if let Some(line) = answer.line() {
            let stored = self.judge(&line, peer)?;
            self.expect_no_more()?;
            return Ok(stored);
        }
        if !answer.is_likely() {
            let service = "upload";
            return Err(Error::Foreign { peer, service });
        }
        Err(match sending {
            Ok(()) => Error::Unfinished { peer, of: "an upload" },
            Err(Failure::Input(error)) => {
                Error::File { path: self.path.clone(), why: error.to_string() }
            }
            Err(failure) => Error::Conversation { peer, failure },
        })
    }

    fn header(&self) -> Vec<u8> {
        [&self.name[..], b"\n", &self.size.to_be_bytes(), b"\n"].concat()
    }

    fn check_size(&self) -> io::Result<()> {
        let size = self.file.metadata()?.len();
        if size == u64::from(self.size) {
            return Ok(());
        }
        Err(io::Error::other(format!(
            "{} bytes were announced, but it has {size} now; send it again when no program writes to it",
            self.size
        )))
    }

    /// Checks that no byte has come to the file behind the announced ones: they are not stored.
    fn expect_no_more(&self) -> Result<(), Error> {
        let announced = u64::from(self.size);
        let why = match self.file.metadata() {
            Ok(file) if file.len() <= announced => return Ok(()),
            Ok(file) => format!(
                "the first {announced} bytes are stored, but it has {} now; send it again under \
                 another name when no program writes to it",
                file.len()
            ),
            Err(error) => error.to_string(),
        };
        Err(Error::File { path: self.path.clone(), why })
    }

    /// Interprets the answer.
    fn judge(&self, line: &[u8], peer: SocketAddr) -> Result<String, Error> {
        let text = clean(line);
        if let Some(reason) = text.strip_prefix("refused: ") {
            let hint = if reason.contains("name") {
                " (--name NAME sends it under another name)"
            } else if reason.contains("at most") {
                " (the server's --max-size sets that)"
            } else {
                ""
            };
            let reason = reason.to_owned();
            return Err(Error::Refused { peer, reason, hint });
        }
        let size = self.size.to_string();
        if line == [b"stored ", &self.name[..], b" ", size.as_bytes()].concat() {
            return Ok(text);
        }
        let service = "upload";
        Err(Error::Foreign { peer, service })
    }
}

/// The file and its size, or the reason why it cannot be sent.
fn open(path: &Path) -> Result<(File, u32), String> {
    let said = |error: io::Error| error.to_string();
    // Opening a named pipe would wait for its writer.
    if !fs::metadata(path).map_err(said)?.is_file() {
        return Err("it is not a regular file, so its size is not known; save it as a file first"
            .to_owned());
    }
    let file = File::open(path).map_err(said)?;
    let size = file.metadata().map_err(said)?.len();
    let size = u32::try_from(size).map_err(|_| {
        format!("it has {size} bytes, but a size of 4 bytes is at most {}", u32::MAX)
    })?;
    Ok((file, size))
}

/// The progress bar, which appears only on a terminal.
pub(crate) fn bar() -> ProgressBar {
    let template = "{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left {msg}";
    let style = ProgressStyle::with_template(template).expect("it is well formed");
    ProgressBar::new(0).with_style(style)
}

/// The server's answer so far.
#[derive(Debug)]
struct Answer(Vec<u8>);

impl Answer {
    /// The line, without its end, once it is complete.
    fn line(&self) -> Option<Vec<u8>> {
        let line = self.0.strip_suffix(b"\n")?;
        Some(line.strip_suffix(b"\r").unwrap_or(line).to_vec())
    }

    /// Whether it can still become an answer to an upload.
    fn is_likely(&self) -> bool {
        let beginnings = [&b"stored "[..], b"refused: "];
        let begins = |word: &&[u8]| self.0.starts_with(word) || word.starts_with(&self.0);
        self.0.len() <= ANSWER_LIMIT && beginnings.iter().any(begins)
    }
}

/// Stops reading from a server of another service: an echo would never end.
impl Write for Answer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        match self.is_likely() {
            true => Ok(bytes.len()),
            false => Err(ErrorKind::InvalidData.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
