//! Publishing files: bytes go in, a file appears under its name complete and durable, or not at all.
//!
//! Order, always: write under a temporary name, sync the file, rename, sync the folder (docs/storage-format.md, section 9).

use super::{Vfs, VfsFile, retry, write_all_at};
use crate::error::Error;
use nigh_format::layout::TEMP_SUFFIX;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a file was not published.
#[derive(Debug)]
pub enum PublishError {
    /// What was there before is still there, for sure.
    NotPublished(io::Error),
    /// Old or new: only a reopen tells.
    InDoubt(io::Error),
}

impl PublishError {
    /// `Io` or `NoSpace` if nothing changed, `Poisoned` if it is not known.
    pub(crate) fn into_error(self, path: &Path) -> Error {
        match self {
            PublishError::NotPublished(e) => Error::io("write", path, e),
            PublishError::InDoubt(e) => {
                Error::Poisoned { cause: format!("publishing {} failed: {e}", path.display()) }
            }
        }
    }
}

/// Puts `bytes` under `path`, replacing what was there in one step. Durable when this returns.
pub fn publish(vfs: &dyn Vfs, path: &Path, bytes: &[u8]) -> Result<(), PublishError> {
    let temp = write_temp(vfs, path).map_err(PublishError::NotPublished)?;
    if let Err(e) = write_all_at(temp.as_ref(), bytes, 0) {
        // Without its name the bytes are only space; what stays behind is removed at the next open.
        drop(vfs.remove_file(&temp_path(path)));
        return Err(PublishError::NotPublished(e));
    }
    publish_file(vfs, temp.as_ref(), path).map_err(PublishError::InDoubt)
}

/// Starts the file that [`publish_file`] will give the name `path`. What a dead process left there is replaced.
pub fn write_temp(vfs: &dyn Vfs, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
    let temp = temp_path(path);
    match retry(|| vfs.create(&temp)) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            retry(|| vfs.remove_file(&temp))?;
            retry(|| vfs.create(&temp))
        }
        other => other,
    }
}

/// Syncs the file that [`write_temp`] started, gives it its name and syncs the folder.
pub fn publish_file(vfs: &dyn Vfs, temp: &dyn VfsFile, path: &Path) -> io::Result<()> {
    temp.sync()?;
    retry(|| vfs.rename(&temp_path(path), path))?;
    match path.parent() {
        Some(dir) => vfs.sync_dir(dir),
        None => Ok(()),
    }
}

/// Removes a folder and all below it; a folder that is not there is fine.
pub fn remove_tree(vfs: &dyn Vfs, dir: &Path) -> io::Result<()> {
    let entries = match retry(|| vfs.list(dir)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for entry in entries {
        let path = dir.join(&entry.name);
        if entry.is_dir {
            remove_tree(vfs, &path)?;
        } else {
            retry(|| vfs.remove_file(&path))?;
        }
    }
    retry(|| vfs.remove_dir(dir))
}

fn temp_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(TEMP_SUFFIX);
    PathBuf::from(name)
}
