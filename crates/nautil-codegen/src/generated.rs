//! The generated files in memory: compared with a directory, and written to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::{Difference, Error, Runtime, replace};

/// The file that holds the descriptors.
pub(crate) const DESCRIPTOR_SET: &str = "descriptor_set.bin";

/// The file that the others hang from.
pub(crate) const ROOT: &str = "mod.rs";

/// Every file of `generated/`, with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Generated {
    pub(crate) fn new(files: BTreeMap<PathBuf, Vec<u8>>) -> Self {
        Self { files }
    }

    /// The files, sorted by path; paths are relative to the directory they are for.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &[u8])> {
        self.files
            .iter()
            .map(|(path, content)| (path.as_path(), content.as_slice()))
    }

    /// What in `directory` is not as generated, sorted by path; empty if the directory is fresh.
    ///
    /// A directory that is not there lacks every file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the directory or a file in it cannot be read.
    pub fn differences(&self, directory: &Path) -> Result<Vec<Difference>, Error> {
        let title = PathBuf::from(directory.file_name().unwrap_or_default());
        let mut differences = Vec::new();
        for (path, content) in &self.files {
            let file = directory.join(path);
            match fs::read(&file) {
                Ok(found) if found == *content => {}
                Ok(_) => differences.push(Difference::Changed(title.join(path))),
                Err(error) if is_absence(&error) => {
                    differences.push(Difference::Missing(title.join(path)));
                }
                Err(source) => {
                    return Err(Error::Io {
                        action: "read",
                        path: file,
                        source,
                    });
                }
            }
        }
        let found = files_in(directory)?;
        let stale = found
            .into_iter()
            .filter(|path| !self.files.contains_key(path));
        differences.extend(stale.map(|path| Difference::Stale(title.join(path))));
        differences.sort_by(|a, b| a.path().cmp(b.path()));
        Ok(differences)
    }

    /// Makes `directory` what was generated, and says what that changed: empty if it was fresh, and then nothing is touched.
    ///
    /// The files are written to a directory beside it, which then takes its place, so a failure leaves everything as it was.
    /// A file that is as generated already keeps its modification time: cargo has no reason to compile it again.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if a file cannot be read or written; [`Error::Foreign`] if `directory` holds other files and was not
    /// written by this generator, as their loss cannot be meant.
    pub fn write(&self, directory: &Path) -> Result<Vec<Difference>, Error> {
        let differences = self.differences(directory)?;
        if differences.is_empty() {
            return Ok(differences);
        }
        let stale = differences
            .iter()
            .find(|difference| matches!(difference, Difference::Stale(_)));
        if let Some(stale) = stale.filter(|_| !was_generated(directory)) {
            let (directory, file) = (directory.to_path_buf(), stale.path().to_path_buf());
            return Err(Error::Foreign { directory, file });
        }
        replace::replace(directory, &self.files)?;
        Ok(differences)
    }
}

/// Whether this generator wrote the directory, for either runtime: a project may go from one to the other.
fn was_generated(directory: &Path) -> bool {
    let headers = [Runtime::Nautil, Runtime::NautilGrpc].map(Runtime::header);
    fs::read_to_string(directory.join(ROOT))
        .is_ok_and(|text| headers.iter().any(|header| text.contains(header)))
}

/// The files below a directory, relative to it; none if there is no directory.
fn files_in(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    let mut pending = vec![PathBuf::new()];
    while let Some(inner) = pending.pop() {
        let path = directory.join(&inner);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && inner.as_os_str().is_empty() =>
            {
                return Ok(files);
            }
            Err(source) => {
                return Err(Error::Io {
                    action: "read",
                    path,
                    source,
                });
            }
        };
        for entry in entries {
            let entry = entry.map_err(Error::io("read", &path))?;
            let kind = entry.file_type().map_err(Error::io("read", entry.path()))?;
            let found = inner.join(entry.file_name());
            if kind.is_dir() {
                pending.push(found);
            } else {
                files.push(found);
            }
        }
    }
    Ok(files)
}

/// Also where a parent of the file is a file itself, or the file's place is taken by a directory.
fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory
    )
}
