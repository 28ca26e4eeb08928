//! The size of a client's task.
//!
//! A value that lives across an `.await` is a part of the task, and so is a future that the task waits
//! for: a buffer of 4 KiB would be, too.

use crate::client::converse;

#[test]
fn a_task_has_less_than_a_kilobyte() {
    fn size<A, B, C, F>(_: impl FnOnce(A, B, C) -> F) -> usize {
        size_of::<F>()
    }
    assert!(size(converse) < 1000, "{} bytes", size(converse));
}
