//! A directory replaced as a whole: it has its former content or the new one, never a mixture.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::Error;

/// Makes `directory` hold `files` and nothing else.
pub(crate) fn replace(directory: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) -> Result<(), Error> {
    let directory = resolve(directory)?;
    let parent = directory.parent().unwrap_or(&directory);
    fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    // On the same file system as the directory, so that a rename moves nothing; removed at the end, whatever happens.
    let scratch = tempfile::Builder::new()
        .prefix(".generated-")
        .tempdir_in(parent)
        .map_err(Error::io("write in", parent))?;
    // Not the scratch directory itself, which only its owner may read.
    let fresh = scratch.path().join("fresh");
    fs::create_dir(&fresh).map_err(Error::io("create", &fresh))?;
    for (path, content) in files {
        write(&directory.join(path), &fresh.join(path), content)?;
    }

    let former = scratch.path().join("former");
    let had_former = match fs::rename(&directory, &former) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(source) => {
            return Err(Error::Io {
                action: "replace",
                path: directory,
                source,
            });
        }
    };
    let Err(source) = fs::rename(&fresh, &directory) else {
        return Ok(());
    };
    if had_former && fs::rename(&former, &directory).is_err() {
        let kept = scratch.keep().join("former");
        return Err(Error::Stranded {
            directory,
            kept,
            source,
        });
    }
    Err(Error::Io {
        action: "replace",
        path: directory,
        source,
    })
}

/// The directory itself where the path is a link to it: the link stays.
fn resolve(directory: &Path) -> Result<PathBuf, Error> {
    match fs::canonicalize(directory) {
        Ok(path) => Ok(path),
        Err(_) => std::path::absolute(directory).map_err(Error::io("find", directory)),
    }
}

fn write(former: &Path, fresh: &Path, content: &[u8]) -> Result<(), Error> {
    if let Some(parent) = fresh.parent() {
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    }
    if fs::read(former).is_ok_and(|found| found == content) && carry_over(former, fresh).is_ok() {
        return Ok(());
    }
    fs::write(fresh, content).map_err(Error::io("write", fresh))
}

/// Puts the very same file into the new directory, with its time of modification.
fn carry_over(former: &Path, fresh: &Path) -> io::Result<()> {
    // Some file systems have no hard links.
    fs::hard_link(former, fresh).or_else(|_| {
        let modified = fs::metadata(former)?.modified()?;
        fs::copy(former, fresh)?;
        File::options()
            .write(true)
            .open(fresh)?
            .set_modified(modified)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    /// A set that cannot be written: `a` is to be a file and a directory.
    fn impossible() -> BTreeMap<PathBuf, Vec<u8>> {
        [("a", "new"), ("a/b", "new")]
            .map(|(path, text)| (path.into(), text.into()))
            .into()
    }

    #[test]
    fn a_failure_leaves_the_directory_untouched_and_nothing_beside_it() {
        let project = tempfile::tempdir().unwrap();
        let directory = project.path().join("generated");
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("a"), "old").unwrap();

        replace(&directory, &impossible()).unwrap_err();

        assert_eq!(fs::read_to_string(directory.join("a")).unwrap(), "old");
        assert_eq!(fs::read_dir(project.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_the_directory_stays_a_link() {
        let project = tempfile::tempdir().unwrap();
        let (real, link) = (
            project.path().join("real"),
            project.path().join("generated"),
        );
        fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();

        replace(&link, &[("a".into(), b"new".to_vec())].into()).unwrap();

        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(real.join("a")).unwrap(), "new");
    }
}
