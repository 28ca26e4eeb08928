//! Nothing but a build script, which says in one sentence that this workspace is built on Linux
//! alone.
//!
//! Each crate that needs Linux depends on it, at least by way of others. So elsewhere cargo runs the
//! script before it compiles any of them, and the sentence is all that is seen.
