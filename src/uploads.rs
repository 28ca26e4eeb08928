//! The directory for the uploads of all these servers. There is only one, so a name that one server
//! has given to a file is taken for the others.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nix::unistd::mkdtemp;

/// The directory.
pub(crate) struct Uploads {
    path: PathBuf,
    /// This program has made it, so it removes it again if it is empty.
    is_ours: bool,
}

impl Uploads {
    /// The directory that the command line names, or a new one that only this user can read.
    ///
    /// # Errors
    ///
    /// No directory can be made. The text says where, and what to do.
    pub(crate) fn into(directory: Option<&Path>) -> io::Result<Uploads> {
        if let Some(path) = directory {
            let path = path.to_owned();
            let is_ours = false;
            return Ok(Uploads { path, is_ours });
        }
        let place = launch::temporary_directory();
        let path = mkdtemp(&place.join("after-accept-XXXXXX")).map_err(|errno| {
            let (place, why) = (place.display(), io::Error::from(errno));
            io::Error::other(format!(
                "cannot make a directory for uploads in {place}: {why}; name one with --directory"
            ))
        })?;
        let is_ours = true;
        Ok(Uploads { path, is_ours })
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Uploads {
    fn drop(&mut self) {
        if self.is_ours {
            // This fails if there are files in it, and those should stay.
            let _ = fs::remove_dir(&self.path);
        }
    }
}
