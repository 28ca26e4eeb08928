use std::env;
use std::path::PathBuf;

/// The directory for temporary files: TMPDIR (environ(7)), or /tmp.
///
/// An empty TMPDIR is taken for none, as POSIX utilities do: as a path, it would be the current
/// directory.
pub fn temporary_directory() -> PathBuf {
    let named = env::var_os("TMPDIR").filter(|path| !path.is_empty());
    named.map_or_else(|| PathBuf::from("/tmp"), PathBuf::from)
}
