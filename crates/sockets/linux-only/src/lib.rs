//! An empty library with a build script, which says in one sentence that this workspace needs
//! Linux.
//!
//! Each crate that needs Linux depends on it, directly or through others. So on another system,
//! cargo runs the script before it compiles any of them, and shows nothing but the sentence.
