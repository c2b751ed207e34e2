//! A project in a directory of its own, and a kernel out of the bootloaders that a test lists.

use std::path::Path;
use std::sync::Arc;

use nautil::testing::{Called, TestKernel};
use nautil::{Bootloaders, Kernel};
use tempfile::TempDir;

/// The kernel `rates 1.0.0` of these bootloaders.
pub(crate) struct App<F> {
    bootloaders: F,
    /// Kept, so that the directory is there as long as the kernel.
    _directory: Arc<TempDir>,
}

impl<F: Fn() -> Bootloaders> Kernel for App<F> {
    const NAME: &'static str = "rates";
    const VERSION: &'static str = "1.0.0";

    fn bootloaders(&self) -> Bootloaders {
        (self.bootloaders)()
    }
}

/// A directory with a `config/`.
pub(crate) struct Project {
    directory: Arc<TempDir>,
}

impl Project {
    pub(crate) fn new() -> Self {
        let project = Project {
            directory: Arc::new(tempfile::tempdir().unwrap()),
        };
        std::fs::create_dir(project.path().join("config")).unwrap();
        project
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes `config/<name>`.
    pub(crate) fn config(self, name: &str, text: &str) -> Self {
        let path = self.path().join("config").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn kernel<F: Fn() -> Bootloaders>(&self, bootloaders: F) -> TestKernel<App<F>> {
        let app = App {
            bootloaders,
            _directory: Arc::clone(&self.directory),
        };
        TestKernel::of(app).root(self.path())
    }
}

/// A call that was done, with this result and no word beside it.
#[track_caller]
pub(crate) fn assert_done(called: &Called, out: &str) {
    assert_eq!(called.err, "");
    assert_eq!(called.out, out);
    assert_eq!(called.code, nautil::console::Code::Done);
}

/// A call that failed with this exit code, these words on standard error, and no result.
#[track_caller]
pub(crate) fn assert_refused(called: &Called, code: nautil::console::Code, err: &str) {
    assert_eq!(called.err, err);
    assert_eq!(called.out, "");
    assert_eq!(called.code, code);
}
