//! Where the files land that all these servers are sent: one directory, so that a name that one
//! server has given away is taken at the next.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nix::unistd::mkdtemp;

/// The directory.
pub(crate) struct Uploads {
    path: PathBuf,
    /// It was made here, so it is removed again if nobody has put anything into it.
    is_ours: bool,
}

impl Uploads {
    /// The directory that was asked for, or else a new one that only this user can look into.
    ///
    /// # Errors
    ///
    /// None can be made. The text says where, and what to do.
    pub(crate) fn into(directory: Option<&Path>) -> io::Result<Uploads> {
        if let Some(path) = directory {
            let path = path.to_owned();
            let is_ours = false;
            return Ok(Uploads { path, is_ours });
        }
        let place = env::temp_dir();
        let path = mkdtemp(&place.join("after-accept-XXXXXX")).map_err(|errno| {
            let (place, why) = (place.display(), io::Error::from(errno));
            io::Error::other(format!(
                "cannot make a directory for uploads in {place}: {why}; name one by --directory"
            ))
        })?;
        let is_ours = true;
        Ok(Uploads { path, is_ours })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Uploads {
    fn drop(&mut self) {
        if self.is_ours {
            // It fails where there are files in it, and they shall stay.
            let _ = fs::remove_dir(&self.path);
        }
    }
}
