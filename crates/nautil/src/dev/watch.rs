//! The files under the project's directories, watched by the operating system.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use notify::{EventKind, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{
    DebounceEventResult, DebouncedEvent, Debouncer, RecommendedCache, new_debouncer_opt,
};
use tokio::sync::mpsc;

use super::changes::{Changes, Places};
use super::project::Project;

/// How long no file may change before the changes count: an editor writes a file in several steps, and a checkout writes many.
const DEBOUNCE: Duration = Duration::from_millis(50);

/// The watched project.
#[derive(Debug)]
pub(super) struct Watch {
    debouncer: Debouncer<RecommendedWatcher, RecommendedCache>,
    events: mpsc::UnboundedReceiver<DebounceEventResult>,
    places: Places,
    /// The directories of packages. Not they themselves are watched with all that is below them, but each of their entries: so the
    /// directory that cargo writes, which is one of the entries, causes no events.
    packages: BTreeSet<PathBuf>,
}

/// The files cannot be watched.
#[derive(Debug, thiserror::Error)]
#[error("cannot watch the project's files{}", hint(.0))]
pub(super) struct Error(#[from] notify::Error);

impl Watch {
    pub(super) fn start(project: &Project, places: Places) -> Result<Self, Error> {
        let (sender, events) = mpsc::unbounded_channel();
        let heard = move |result| {
            // The loop that listened has ended, and `dev` with it.
            let _ = sender.send(result);
        };
        // The system tells of a directory by the way on which it was entered last. By a link, that would be one to files that do not
        // matter.
        let config = notify::Config::default().with_follow_symlinks(false);
        let cache = RecommendedCache::new();
        let debouncer = new_debouncer_opt(DEBOUNCE, None, heard, cache, config)?;
        let mut watch = Self {
            debouncer,
            events,
            places,
            packages: project.packages.iter().cloned().collect(),
        };
        for package in watch.packages.clone() {
            watch
                .debouncer
                .watch(&package, RecursiveMode::NonRecursive)?;
            for entry in fs::read_dir(&package).map_err(notify::Error::io)? {
                watch.enter(&entry.map_err(notify::Error::io)?.path())?;
            }
        }
        if !watch.places.config.starts_with(&watch.places.root) {
            let config = watch.places.config.clone();
            watch.debouncer.watch(&config, RecursiveMode::Recursive)?;
        }
        Ok(watch)
    }

    /// Waits until a file that matters has changed.
    pub(super) async fn next(&mut self) -> Result<Changes, Error> {
        loop {
            let Some(result) = self.events.recv().await else {
                return Err(Error(notify::Error::generic("the watcher has ended")));
            };
            let events = result.map_err(|errors| {
                let error = errors.into_iter().next();
                Error(error.unwrap_or_else(|| notify::Error::generic("without a reason")))
            })?;
            let mut changes = Changes::default();
            for event in events {
                self.note(&event, &mut changes)?;
            }
            if !changes.is_empty() {
                return Ok(changes);
            }
        }
    }

    fn note(&mut self, event: &DebouncedEvent, changes: &mut Changes) -> Result<(), Error> {
        if matches!(event.kind, EventKind::Access(_)) {
            return Ok(());
        }
        for path in &event.paths {
            changes.note(path, &self.places);
            let is_new = matches!(event.kind, EventKind::Create(_) | EventKind::Modify(_));
            let beside_sources = path
                .parent()
                .is_some_and(|parent| self.packages.contains(parent));
            if is_new && beside_sources && self.enter(path)? {
                for file in files_below(path) {
                    changes.note(&file, &self.places);
                }
            }
        }
        Ok(())
    }

    /// Watches a directory inside of a package, unless a tool writes it. Says whether it is watched.
    fn enter(&mut self, path: &Path) -> Result<bool, Error> {
        let name = path.file_name().unwrap_or_default();
        let is_tools = name.as_encoded_bytes().starts_with(b".")
            || path == self.places.target
            || name == OsStr::new("target")
            || name == OsStr::new("node_modules")
            || self.packages.contains(path);
        if is_tools || !path.is_dir() {
            return Ok(false);
        }
        self.debouncer.watch(path, RecursiveMode::Recursive)?;
        Ok(true)
    }
}

/// The files below a new directory. They were written before it was watched, so there are no events for them.
fn files_below(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let paths = entries.filter_map(io::Result::ok).map(|entry| entry.path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

fn hint(error: &notify::Error) -> &'static str {
    match error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            ": the system watches no more; raise fs.inotify.max_user_watches"
        }
        _ => "",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::time::Duration;

    use super::Watch;
    use crate::dev::changes::Places;
    use crate::dev::project::Project;

    #[tokio::test]
    async fn a_link_to_the_sources_hides_no_change_of_them() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        for name in ["app/src", "links/a", "links/z", "config"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        fs::write(root.join("app/src/lib.rs"), "").unwrap();
        symlink("../../app", root.join("links/a/app")).unwrap();
        symlink("../../app", root.join("links/z/app")).unwrap();
        let project = Project {
            root: root.clone(),
            target: root.join("target"),
            packages: vec![root.clone()],
            binary: "app".to_owned(),
        };
        let places = Places {
            root: root.clone(),
            target: root.join("target"),
            generated: root.join("generated"),
            config: root.join("config"),
        };
        let mut watch = Watch::start(&project, places).unwrap();
        let source = Path::new("app/src/lib.rs");
        fs::write(root.join(source), "//! Changed.").unwrap();
        let changes = tokio::time::timeout(Duration::from_secs(10), watch.next()).await;
        let changes = changes.expect("the change was not seen").unwrap();
        assert!(changes.sources);
        assert!(changes.files.contains(source), "{changes:?}");
    }
}
