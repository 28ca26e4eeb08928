//! A disk in memory, which can be full and can fail.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};

use protocol::{Draft, FileName, NotStored, Store};

/// A disk. Its clones share the same contents.
#[derive(Clone, Debug)]
pub(crate) struct Disk(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    files: BTreeMap<String, Vec<u8>>,
    /// How many bytes fit.
    size: usize,
    /// How many bytes files and drafts take up.
    used: usize,
    drafts: usize,
    keeps_nothing: bool,
}

#[derive(Debug)]
struct InMemory {
    disk: Disk,
    name: String,
    bytes: Vec<u8>,
}

impl Default for Disk {
    fn default() -> Disk {
        Disk::of(usize::MAX)
    }
}

impl Disk {
    /// A disk that holds `size` bytes.
    pub(crate) fn of(size: usize) -> Disk {
        Disk(Arc::new(Mutex::new(State {
            files: BTreeMap::new(),
            size,
            used: 0,
            drafts: 0,
            keeps_nothing: false,
        })))
    }

    /// A disk on which a file can be written but not kept.
    pub(crate) fn broken() -> Disk {
        let disk = Disk::default();
        disk.state().keeps_nothing = true;
        disk
    }

    /// The files by name.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.state().files.clone()
    }

    /// How many unfinished files there are.
    pub(crate) fn drafts(&self) -> usize {
        self.state().drafts
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no thread panics while it holds the lock")
    }
}

impl Store for Disk {
    fn begin(&self, name: &FileName) -> Result<Box<dyn Draft>, NotStored> {
        let mut state = self.state();
        if state.files.contains_key(name.as_str()) {
            return Err(NotStored::Exists);
        }
        state.drafts += 1;
        Ok(Box::new(InMemory {
            disk: self.clone(),
            name: name.as_str().to_owned(),
            bytes: Vec::new(),
        }))
    }
}

impl Draft for InMemory {
    fn write(&mut self, bytes: &[u8]) -> Result<(), NotStored> {
        let mut state = self.disk.state();
        if bytes.len() > state.size - state.used {
            return Err(NotStored::Full);
        }
        state.used += bytes.len();
        self.bytes.extend(bytes);
        Ok(())
    }

    fn keep(mut self: Box<Self>) -> Result<(), NotStored> {
        let (name, bytes) = (mem::take(&mut self.name), mem::take(&mut self.bytes));
        let mut state = self.disk.state();
        if state.keeps_nothing {
            return Err(NotStored::Failed("Input/output error".to_owned()));
        }
        if state.files.contains_key(&name) {
            return Err(NotStored::Exists);
        }
        state.files.insert(name, bytes);
        Ok(())
    }
}

impl Drop for InMemory {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        state.drafts -= 1;
        state.used -= self.bytes.len();
    }
}
