//! Upload: one file a connection, framed by both a character and a length.
//!
//! ```text
//! hello.txt ⏎ 0 0 0 6 ⏎ h e l l o ⏎          stored hello.txt 6
//! └ name      │       │ └ this many bytes
//!             └ size  └ LF
//! ```
//!
//! The name ends with an LF. The size is a u32 in big-endian. Each of its four bytes may look like
//! an LF, so the size is never read as a line. The LF behind it shows early if the client has sent
//! something else. The answer is one line, `stored NAME SIZE` or `refused: REASON`.
//!
//! The server does not trust a client's announcement. It checks the name and the size before it
//! creates anything, reserves nothing for a size, and gives the file its name only when every byte
//! is on the disk.
//!
//! The session writes to the disk, and that is the trap of this service: a server cannot wait until
//! a regular file is ready. poll(2), select(2) and epoll(7) report it as always ready, and then a
//! write to it, or the sync at the end, blocks all the same. All clients on the same thread wait
//! with it: no other client in a forked process or on a client's own thread, all clients in a loop,
//! and the tasks that share the worker thread in an asynchronous runtime.

use alloc::{borrow::Cow, boxed::Box, format, string::String, sync::Arc, vec::Vec};
use core::mem;

use tracing::info;

use crate::frames::{hint, take};
use crate::store::NAME_BYTES;
use crate::{Answer, ClientId, Draft, FileName, Session, Store};

/// The default limit of a file's size: 16 MiB.
///
/// nginx takes 1 MB (client_max_body_size), PHP 2 MB (upload_max_filesize).
pub const DEFAULT_MAX_SIZE: u32 = 16 * 1024 * 1024;

/// The size and the LF behind it.
const SIZE_BYTES: usize = size_of::<u32>() + 1;

const LF: u8 = b'\n';

/// One client's conversation.
#[derive(Debug)]
pub struct Upload {
    client: ClientId,
    store: Option<Arc<dyn Store>>,
    max_size: u32,
    place: Place,
    /// How many bytes have come behind the file that is stored.
    surplus: u64,
}

/// Where in the upload the next byte belongs.
#[derive(Debug)]
enum Place {
    /// In the name, of which these bytes have come.
    Name(Vec<u8>),
    /// In the size and the LF behind it.
    Size(FileName, Vec<u8>),
    /// In the file.
    File(File),
    /// After the answer, which is that the file is stored.
    Stored,
    /// After a refusal.
    Over,
}

/// A file that is being sent.
#[derive(Debug)]
struct File {
    name: FileName,
    size: u32,
    /// How many bytes are still to come.
    left: u32,
    draft: Box<dyn Draft>,
}

impl Upload {
    /// The conversation with a client whose file, of `max_size` bytes at most, goes to `store`. A
    /// server without a store refuses every file.
    pub fn new(client: ClientId, store: Option<Arc<dyn Store>>, max_size: u32) -> Upload {
        Upload { client, store, max_size, place: Place::Name(Vec::new()), surplus: 0 }
    }

    /// Takes input. Returns the answer if the file is stored now, or the reason why it is refused.
    fn take(&mut self, mut input: &[u8]) -> Result<Option<String>, String> {
        loop {
            // After an error, the place is `Over`.
            self.place = match mem::replace(&mut self.place, Place::Over) {
                Place::Name(mut name) => {
                    let end = input.iter().position(|&byte| byte == LF);
                    let most = NAME_BYTES + 1 - name.len();
                    name.extend(take(&mut input, end.unwrap_or(most).min(most)));
                    // Now the name is too long, or the LF comes next, or the input ends here.
                    if name.len() <= NAME_BYTES && take(&mut input, 1).is_empty() {
                        self.place = Place::Name(name);
                        return Ok(None);
                    }
                    Place::Size(FileName::new(&name)?, Vec::new())
                }
                Place::Size(name, mut bytes) => {
                    bytes.extend(take(&mut input, SIZE_BYTES - bytes.len()));
                    let Some(size) = read_size(&bytes, self.max_size) else {
                        self.place = Place::Size(name, bytes);
                        return Ok(None);
                    };
                    Place::File(self.begin(name, size?)?)
                }
                Place::File(mut file) => {
                    let bytes = take(&mut input, file.left as usize);
                    file.draft.write(bytes).map_err(|why| format!("{why}"))?;
                    file.left -= bytes.len() as u32;
                    if file.left > 0 {
                        self.place = Place::File(file);
                        return Ok(None);
                    }
                    let stored = self.keep(file)?;
                    self.place = Place::Stored;
                    self.discarded(input.len());
                    return Ok(Some(stored));
                }
                over @ (Place::Stored | Place::Over) => {
                    self.place = over;
                    self.discarded(input.len());
                    return Ok(None);
                }
            }
        }
    }

    fn begin(&self, name: FileName, size: u32) -> Result<File, String> {
        let store = self.store.as_ref().ok_or("the server has no place for files")?;
        let draft = store.begin(&name).map_err(|why| format!("{why}"))?;
        Ok(File { name, size, left: size, draft })
    }

    fn keep(&self, file: File) -> Result<String, String> {
        let File { name, size, draft, .. } = file;
        draft.keep().map_err(|why| format!("{why}"))?;
        info!("{} stored {:?}, {size} bytes", self.client, name.as_str());
        Ok(format!("stored {} {size}\r\n", name.as_str()))
    }

    /// Says why a file is not stored, and ends the conversation.
    fn refuse(&mut self, reason: &str) -> Answer<'static> {
        self.place = Place::Over;
        info!("{} is refused: {reason}", self.client);
        Answer {
            send: Cow::Owned(format!("refused: {reason}\r\n").into_bytes()),
            ..Answer::finish()
        }
    }

    /// The part that is missing if the input ends or stops here.
    fn missing(&self) -> Option<String> {
        match &self.place {
            Place::Name(_) => Some("in the name; after it come LF, the size and LF".into()),
            Place::Size(..) => Some("in the size, which is 4 bytes in big-endian and LF".into()),
            Place::File(File { size, left, .. }) => {
                Some(format!("after {} of {size} bytes", size - left))
            }
            Place::Stored | Place::Over => None,
        }
    }
}

impl Session for Upload {
    fn receive<'a>(&mut self, input: &'a [u8]) -> Answer<'a> {
        if input.is_empty() {
            return match self.missing() {
                Some(place) => self.refuse(&format!("the input ended {place}")),
                None => Answer::finish(),
            };
        }
        let was_in_file = matches!(self.place, Place::File(_));
        match self.take(input) {
            Err(reason) => self.refuse(&reason),
            Ok(Some(stored)) => {
                Answer { send: Cow::Owned(stored.into_bytes()), ..Answer::finish() }
            }
            Ok(None) => Answer {
                finish: matches!(self.place, Place::Stored | Place::Over),
                completed: Some(!was_in_file && matches!(self.place, Place::File(_))),
                ..Answer::default()
            },
        }
    }

    /// Counts the input behind the file. After a refusal, a client may still send the file that it
    /// has announced.
    fn discarded(&mut self, count: usize) {
        if matches!(self.place, Place::Stored) {
            self.surplus += count as u64;
        }
    }

    /// The client may have sent more while the connection was finished, so the sum is known now.
    fn finished(&mut self) {
        if self.surplus > 0 {
            info!("{} sent {} bytes more than it announced", self.client, self.surplus);
        }
    }

    fn idle(&mut self, seconds: u64) -> Answer<'static> {
        match self.missing() {
            Some(place) => self.refuse(&format!("idle for {seconds} s {place}")),
            None => Answer::finish(),
        }
    }
}

/// The size, if all its bytes have come, or why it is wrong.
fn read_size(bytes: &[u8], max_size: u32) -> Option<Result<u32, String>> {
    let &[a, b, c, d, end] = bytes else {
        return None;
    };
    let digits = [a, b, c, d];
    let size = u32::from_be_bytes(digits);
    let hint = match digits[0].is_ascii_digit() {
        true => "; did you send it as text?",
        false => hint(size, |size| size <= max_size),
    };
    Some(if end != LF {
        Err(format!("after the 4 bytes of the size comes LF (0x0a), not 0x{end:02x}{hint}"))
    } else if size > max_size {
        Err(format!("a file has at most {max_size} bytes, and {size} were announced{hint}"))
    } else {
        Ok(size)
    })
}
