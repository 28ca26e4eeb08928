//! A directory for the files of unknown clients: it follows no symbolic links, replaces no files,
//! and leaves no unfinished files behind.
//!
//! A file is made without a name (O_TMPFILE, open(2)), written, synced, and only then linked into
//! the directory (linkat(2)). This has three advantages:
//!
//! - Other programs see only whole files in the directory.
//! - A file without a name is gone with its last descriptor. If a client hangs up, a child is
//!   killed or the server crashes, no program has to clean up, neither then nor at the next start.
//! - Linking fails if the name is taken, even by a symbolic link to nowhere. rename(2) would
//!   replace it, and a check before it would be a race.
//!
//! The directory stays open, and every call uses its descriptor. So the directory may be moved
//! while the server runs, and no other one can take its place.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, FcntlArg, OFlag, fcntl, open, openat};
use nix::sys::stat::{Mode, fstatat};
use nix::unistd::{UnlinkatFlags, fsync, linkat, unlinkat};
use protocol::{Draft, FileName, NotStored, Store};

/// A directory for uploaded files.
#[derive(Clone, Debug)]
pub struct Directory(Arc<OwnedFd>);

/// A file that has no name yet.
#[derive(Debug)]
struct Unnamed {
    file: File,
    name: FileName,
    directory: Directory,
}

impl Directory {
    /// Opens the directory, and checks that files can be stored there. `path` itself may be a
    /// symbolic link, since it comes from the operator and not from a client.
    ///
    /// # Errors
    ///
    /// It is not a directory, is not writable, or is in a file system without O_TMPFILE, such as
    /// NFS.
    pub fn open(path: &Path) -> io::Result<Directory> {
        let flags = OFlag::O_DIRECTORY | OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        let directory = Directory(Arc::new(open(path, flags, Mode::empty())?));
        match directory.create() {
            Ok(file) if path_of(&file).exists() => Ok(directory),
            Ok(_) => Err(io::Error::other(
                "/proc is not mounted, and a finished file gets its name through /proc",
            )),
            Err(Errno::EOPNOTSUPP | Errno::EISDIR) => Err(io::Error::other(
                "its file system has no files without a name (O_TMPFILE); ext4, XFS, Btrfs and \
                 tmpfs do",
            )),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Makes a file without a name.
    fn create(&self) -> nix::Result<OwnedFd> {
        let flags = OFlag::O_TMPFILE | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
        let mode = Mode::S_IRUSR | Mode::S_IWUSR | Mode::S_IRGRP | Mode::S_IROTH;
        openat(&*self.0, ".", flags, mode)
    }
}

impl Store for Directory {
    fn begin(&self, name: &FileName) -> Result<Box<dyn Draft>, NotStored> {
        // This early check saves a client from sending megabytes in vain. linkat(2) decides at the
        // end.
        match fstatat(&*self.0, name.as_str(), AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(_) => return Err(NotStored::Exists),
            Err(Errno::ENOENT) => {}
            Err(errno) => return Err(why(errno.into())),
        }
        let file = self.create().map(out_of_the_way);
        Ok(Box::new(Unnamed {
            file: file.map_err(|errno| why(errno.into()))?.into(),
            name: name.clone(),
            directory: self.clone(),
        }))
    }
}

impl Draft for Unnamed {
    fn write(&mut self, bytes: &[u8]) -> Result<(), NotStored> {
        self.file.write_all(bytes).map_err(why)
    }

    fn keep(self: Box<Self>) -> Result<(), NotStored> {
        self.link().map_err(|errno| why(errno.into()))
    }
}

impl Unnamed {
    // ANCHOR: link
    /// Gives the file its name once the data is on the disk. The file is stored once the name is on
    /// the disk too (fsync(2) says why that takes the directory's descriptor).
    fn link(&self) -> nix::Result<()> {
        let (directory, name) = (&*self.directory.0, self.name.as_str());
        fsync(&self.file)?;
        // The file's name in /proc. linkat(2) also has a flag for a descriptor, AT_EMPTY_PATH, but
        // not every process may use it.
        let unnamed = path_of(&self.file);
        linkat(AT_FDCWD, &unnamed, directory, name, AtFlags::AT_SYMLINK_FOLLOW)?;
        fsync(directory).inspect_err(|_| {
            let _ = unlinkat(directory, name, UnlinkatFlags::NoRemoveDir);
        })
    }
    // ANCHOR_END: link
}

/// The name in /proc of a file that has no other name (proc_pid_fd(5)).
fn path_of(file: &impl AsRawFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// Moves a file's descriptor out of the range that select(2) can watch, so that a server can use
/// the descriptors below 1,024 for clients. If the limit of descriptors is too low, it stays where
/// it is.
#[allow(unsafe_code)]
fn out_of_the_way(file: OwnedFd) -> OwnedFd {
    const FD_SETSIZE: i32 = 1024;
    match fcntl(file.as_fd(), FcntlArg::F_DUPFD_CLOEXEC(FD_SETSIZE)) {
        // SAFETY: fcntl(2) has just made this descriptor, so no other value owns it.
        Ok(descriptor) => unsafe { OwnedFd::from_raw_fd(descriptor) },
        Err(_) => file,
    }
}

/// The reason that the server tells the client.
fn why(error: io::Error) -> NotStored {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EEXIST) => NotStored::Exists,
        Some(Errno::ENOSPC | Errno::EDQUOT) => NotStored::Full,
        Some(errno) => NotStored::Failed(errno.desc().to_owned()),
        None => NotStored::Failed(error.to_string()),
    }
}
