//! A project in a temporary directory.

use std::fs;
use std::path::{Path, PathBuf};

use nautil_codegen::{Error, Generated, Options, Runtime, generate};
use tempfile::TempDir;

pub(crate) struct Project {
    directory: TempDir,
}

impl Project {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    /// The two contracts of the article, as they are in this repository.
    pub(crate) fn article() -> Self {
        Self::new()
            .with(
                "proto/currency/message.proto",
                include_str!("../../../../proto/currency/message.proto"),
            )
            .with(
                "proto/currency/service.proto",
                include_str!("../../../../proto/currency/service.proto"),
            )
    }

    pub(crate) fn with(self, path: &str, text: &str) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    pub(crate) fn options(&self, services: &[&str]) -> Options {
        Options {
            root: self.directory.path().to_path_buf(),
            services: services.iter().copied().map(str::to_owned).collect(),
            imports: Vec::new(),
            runtime: Runtime::Nautil,
        }
    }

    pub(crate) fn try_generate(&self, services: &[&str]) -> Result<Generated, Error> {
        generate(&self.options(services))
    }

    pub(crate) fn generate(&self, services: &[&str]) -> Generated {
        self.try_generate(services)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// What is wrong, with the project's own place left out.
    pub(crate) fn complaint(&self, services: &[&str]) -> String {
        let error = self.try_generate(services).unwrap_err();
        error
            .to_string()
            .replace(&format!("{}/", self.directory.path().display()), "")
    }
}

pub(crate) fn paths(generated: &Generated) -> Vec<&str> {
    generated
        .files()
        .map(|(path, _)| path.to_str().unwrap())
        .collect()
}

pub(crate) fn bytes<'a>(generated: &'a Generated, path: &str) -> &'a [u8] {
    let file = generated.files().find(|(file, _)| *file == Path::new(path));
    file.unwrap_or_else(|| panic!("no {path} among {:?}", paths(generated)))
        .1
}

pub(crate) fn text<'a>(generated: &'a Generated, path: &str) -> &'a str {
    std::str::from_utf8(bytes(generated, path)).unwrap()
}

/// Asserts that the file holds the code, however it is laid out.
pub(crate) fn assert_code(generated: &Generated, path: &str, code: &str) {
    let text = text(generated, path);
    assert!(
        plain(text).contains(&plain(code)),
        "{path} has no {code}:\n{text}"
    );
}

fn plain(code: &str) -> String {
    let code: String = code.split_whitespace().collect();
    code.replace(",)", ")")
        .replace(",>", ">")
        .replace(",]", "]")
        .replace(",}", "}")
}
