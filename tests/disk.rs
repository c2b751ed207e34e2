//! Files and directories, copied and compared.

use std::fs;
use std::path::{Path, PathBuf};

/// Copies a file, or a directory with everything in it; times of modification stay.
pub(crate) fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        fs::copy(from, to).unwrap();
        let modified = fs::metadata(from).unwrap().modified().unwrap();
        let file = fs::File::options().write(true).open(to).unwrap();
        file.set_modified(modified).unwrap();
    }
}

/// Every file below a directory with its content, by its path from there.
pub(crate) fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else {
                let content = fs::read(&path).unwrap();
                found.push((path, content));
            }
        }
    }
    for (path, _) in &mut found {
        *path = path.strip_prefix(directory).unwrap().to_owned();
    }
    found.sort();
    found
}
