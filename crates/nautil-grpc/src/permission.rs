//! What keeps this process from a file, where the operating system says no more than "permission denied"; and what lets it in.
//!
//! A file may hold a secret. So nobody is told to open one to everybody: only to this process's user, or to a group. A
//! directory may be entered by everybody, because that opens none of the files in it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::process::geteuid;

use crate::printable::escaped;

/// Why a file cannot be read, and which of its directories it is that cannot be entered, if it is one.
///
/// `shown` is the path as messages name it.
#[must_use]
pub fn unreadable(path: &Path, shown: &Path, error: &io::Error) -> (PathBuf, String) {
    if error.kind() != io::ErrorKind::PermissionDenied {
        return (shown.to_owned(), error.to_string());
    }
    let user = geteuid().as_raw();
    let Some((above, part, metadata)) = obstacle(path) else {
        return (shown.to_owned(), may_not_read(user));
    };
    // Both paths end alike: what is so many levels up in one is so in the other, as far as it goes.
    let shown = shown.ancestors().nth(above);
    let shown = shown
        .filter(|shown| !shown.as_os_str().is_empty())
        .unwrap_or(part);
    let closed = if above == 0 {
        may_not_read(user)
    } else {
        may_not_enter(user, shown)
    };
    let reason = format!(
        "{closed}; it belongs to user id {owner} with mode {mode:o}",
        owner = metadata.uid(),
        mode = metadata.mode() & 0o7777,
    );
    (shown.to_owned(), reason)
}

/// That `user`, who runs this process, may not read a file, and what lets them.
pub(crate) fn may_not_read(user: u32) -> String {
    format!(
        "this process, which runs as user id {user}, may not read it; give it to that user (chown {user}), or make it readable \
         by a group of theirs (chmod g+r)"
    )
}

/// That `user`, who runs this process, may not enter a directory, and what lets them.
pub(crate) fn may_not_enter(user: u32, directory: &Path) -> String {
    format!(
        "this process, which runs as user id {user}, may not enter the directory `{}`; let it (chmod a+x)",
        escaped(directory.display())
    )
}

/// The outermost directory on the way to a file that this process cannot enter.
#[must_use]
pub fn closed_directory(path: &Path) -> Option<&Path> {
    match obstacle(path) {
        None | Some((0, ..)) => None,
        Some((_, directory, _)) => Some(directory),
    }
}

/// The outermost part of a path that is closed to this process, and how many levels it is above the file.
fn obstacle(path: &Path) -> Option<(usize, &Path, fs::Metadata)> {
    let parts: Vec<&Path> = path
        .ancestors()
        .filter(|part| !part.as_os_str().is_empty())
        .collect();
    parts.iter().enumerate().rev().find_map(|(above, part)| {
        let wanted = if above == 0 {
            Access::READ_OK
        } else {
            Access::EXEC_OK
        };
        let closed = access(*part, wanted).is_err();
        let metadata = closed.then(|| fs::metadata(part).ok()).flatten()?;
        Some((above, *part, metadata))
    })
}
