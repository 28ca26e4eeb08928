//! Buffers that tasks borrow and give back: a silent client holds none.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

/// How many buffers are kept for the next task. Usually one task at a time needs one.
const KEPT: usize = 4;

/// Buffers of one size that no task uses now.
#[derive(Debug)]
pub(crate) struct Buffers {
    size: usize,
    free: RefCell<Vec<Box<[u8]>>>,
}

/// A lent buffer. Dropping it gives it back.
pub(crate) struct Lent {
    bytes: Box<[u8]>,
    buffers: Rc<Buffers>,
}

impl Buffers {
    pub(crate) fn new(size: usize) -> Rc<Buffers> {
        Rc::new(Buffers { size, free: RefCell::default() })
    }

    /// Lends a buffer.
    pub(crate) fn lend(self: &Rc<Self>) -> Lent {
        let free = self.free.borrow_mut().pop();
        let bytes = free.unwrap_or_else(|| vec![0; self.size].into());
        Lent { bytes, buffers: Rc::clone(self) }
    }
}

impl Deref for Lent {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut free = self.buffers.free.borrow_mut();
        if free.len() < KEPT {
            free.push(std::mem::take(&mut self.bytes));
        }
    }
}
