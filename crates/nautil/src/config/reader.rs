//! Reads every section once, and keeps what was read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use figment::value::{Dict, Value};
use tracing::debug;

use super::extract::{extract, owner, shown};
use super::layer::{Layer, read_file};
use super::service_link::is_service_link;
use super::{Error, Section};
use crate::container::Bindings;
use crate::environment::{self, Environment};
use crate::suggest;
use nautil_grpc::printable::escaped;

/// The configuration as it was read at start: the value and the origin of each key, and everything that is wrong.
#[derive(Debug, Default)]
pub struct Config {
    sections: Vec<SectionValues>,
    /// Errors that belong to no section, or to all of them.
    errors: Vec<Error>,
    /// Variables that look like keys and are Kubernetes' links to a Service.
    service_links: Vec<String>,
}

#[derive(Debug)]
struct SectionValues {
    name: &'static str,
    entries: Vec<Setting>,
    errors: Vec<Error>,
}

/// One key of the configuration: a line of `config:show`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Section and key path: `server.limits.max_connections`.
    pub key: String,
    /// The effective value, as it would stand in a file. A secret is masked.
    pub value: String,
    /// Where the value comes from: `default`, the path of a file, a variable, or `--set`.
    pub origin: String,
}

/// Where the layers of all sections come from.
#[derive(Debug)]
pub(crate) struct Reader<'sources> {
    pub(crate) directory: &'sources Path,
    /// The directory as messages name it.
    pub(crate) shown: PathBuf,
    pub(crate) environment: &'sources Environment,
    /// `--set` flags, as given.
    pub(crate) assignments: &'sources [String],
}

/// How to read one section without knowing its type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SectionReader {
    pub(crate) name: &'static str,
    pub(crate) bootloader: &'static str,
    variables: &'static [(&'static str, &'static str)],
    read: fn(&SectionReader, &[Layer], Vec<Error>, &mut Bindings) -> SectionValues,
}

/// The errors of a section, as one error for whoever needs it.
#[derive(Debug, thiserror::Error)]
#[error("the config section `{section}` is broken{}", lines(errors))]
pub(crate) struct BrokenSection {
    section: &'static str,
    pub(crate) errors: Vec<Error>,
}

impl SectionReader {
    pub(crate) fn of<T: Section>(bootloader: &'static str) -> Self {
        SectionReader {
            name: T::NAME,
            bootloader,
            variables: T::VARIABLES,
            read: read::<T>,
        }
    }
}

impl Config {
    /// Returns every key of every section that could be read, with its value.
    pub fn entries(&self) -> impl Iterator<Item = &Setting> {
        self.sections.iter().flat_map(|section| &section.entries)
    }

    /// Returns the names of the sections, in the order of the bootloaders that declared them.
    pub fn sections(&self) -> impl Iterator<Item = &'static str> {
        self.sections.iter().map(|section| section.name)
    }

    /// Returns everything that is wrong, each thing once.
    #[must_use]
    pub fn errors(&self) -> Vec<Error> {
        let mut said = BTreeSet::new();
        let sections = self.sections.iter().flat_map(|section| &section.errors);
        self.errors
            .iter()
            .chain(sections)
            .filter(|error| said.insert(error.to_string()))
            .cloned()
            .collect()
    }

    /// Logs which variables were passed over. It cannot be logged where they are read: the config says how to log.
    pub(crate) fn log(&self) {
        for variable in &self.service_links {
            debug!("{variable} is Kubernetes' link to a Service, and no config key");
        }
    }
}

impl Reader<'_> {
    /// Reads all sections and binds `Arc<T>` for each: its values, or why there are none.
    pub(crate) fn read(&self, sections: &[SectionReader], bindings: &mut Bindings) -> Config {
        // What is wrong for every section: none can be read, and each says so to whoever asks for it.
        let mut common = Vec::new();
        common.extend(self.environment.faults().cloned().map(Error::from));
        if !self.directory.is_dir() {
            common.push(Error::Directory {
                path: self.shown.clone(),
            });
        }
        // Variables and flags name their section. One that names none which exists is an error of no section.
        let mut addressed = Vec::new();
        let mut errors = Vec::new();
        for layer in self.variables().chain(self.flags()) {
            match layer {
                Ok((section, layer)) => match known(sections, &section, &layer.origin) {
                    Ok(()) => addressed.push((section, layer)),
                    Err(error) => errors.push(error),
                },
                Err(error) => errors.push(error),
            }
        }
        let mut service_links = Vec::new();
        errors.extend(self.nearly_addressed(sections, &mut service_links));
        for (file, stem) in self.names_of_files() {
            errors.extend(known(sections, &stem, &file).err());
        }
        // The order of the layers is their rank: the later ones win.
        let sections = sections.iter().map(|section| {
            let mut faults = common.clone();
            let mut layers = self.files(section.name, &mut faults);
            layers.extend(self.own_variables(section, &mut faults));
            let mine = addressed.iter().filter(|(name, _)| name == section.name);
            layers.extend(mine.map(|(_, layer)| layer.clone()));
            (section.read)(section, &layers, faults, bindings)
        });
        Config {
            sections: sections.collect(),
            errors: common.iter().cloned().chain(errors).collect(),
            service_links,
        }
    }

    fn files(&self, section: &str, errors: &mut Vec<Error>) -> Vec<Layer> {
        let file = format!("{section}.toml");
        let overlay = Path::new(self.environment.name()).join(&file);
        let mut layers = Vec::new();
        for name in [Path::new(&file), &overlay] {
            let path = self.directory.join(name);
            let shown = self.shown.join(name);
            let read = read_file(&path, &shown, section, self.environment, errors);
            layers.extend(read);
        }
        layers
    }

    /// The `.toml` files in the directory and in that of the environment, with the sections they are named for. They are listed
    /// because a file whose name is mistyped would never be opened, and so be passed over in silence.
    ///
    /// A directory that cannot be listed adds nothing here: that of the config is reported by [`read`](Self::read), and that of
    /// the environment need not exist.
    fn names_of_files(&self) -> Vec<(String, String)> {
        let mut names = Vec::new();
        for below in ["", self.environment.name()] {
            let Ok(entries) = std::fs::read_dir(self.directory.join(below)) else {
                continue;
            };
            for entry in entries.filter_map(Result::ok) {
                let path = PathBuf::from(entry.file_name());
                let is_toml = path
                    .extension()
                    .is_some_and(|extension| extension == "toml");
                if let Some(stem) = path.file_stem().filter(|_| is_toml) {
                    let file = self.shown.join(below).join(&path);
                    names.push((
                        file.display().to_string(),
                        stem.to_string_lossy().into_owned(),
                    ));
                }
            }
        }
        // The system lists files in any order, and errors are to come in the same order each time.
        names.sort();
        names
    }

    /// The variables that the section itself names: [`Section::VARIABLES`].
    fn own_variables(&self, section: &SectionReader, errors: &mut Vec<Error>) -> Vec<Layer> {
        let mut layers = Vec::new();
        for (key, name) in section.variables {
            match self.environment.value(name) {
                Ok(Some(value)) => {
                    let path = key.split('.').map(str::to_owned).collect();
                    layers.push(Layer::of_text(self.variable(name), path, value));
                }
                Ok(None) => {}
                Err(_) => errors.push(self.no_text(name, format!("{}.{key}", section.name))),
            }
        }
        layers
    }

    /// `APP_<SECTION>__<KEY>`.
    fn variables(&self) -> impl Iterator<Item = Result<(String, Layer), Error>> {
        self.environment.all().filter_map(|(name, value)| {
            let (section, key) = name.strip_prefix("APP_")?.split_once("__")?;
            let section = section.to_lowercase();
            let path: Vec<String> = key.to_lowercase().split("__").map(str::to_owned).collect();
            Some(match value {
                Ok(value) => Ok((section, Layer::of_text(self.variable(name), path, value))),
                Err(environment::Error::Value { .. }) => {
                    Err(self.no_text(name, format!("{section}.{}", path.join("."))))
                }
                // A name that is not UTF-8 cannot say which key it means.
                Err(error) => Err(error.clone().into()),
            })
        })
    }

    /// The value of a variable is not UTF-8, and a key is to take it.
    fn no_text(&self, variable: &str, key: String) -> Error {
        Error::Key {
            origin: self.variable(variable),
            key,
            problem: "found bytes that are not UTF-8, expected text".to_owned(),
        }
    }

    /// Variables of the form `APP_<SECTION>_<KEY>`, each an error: with one underscore instead of two they would be passed over
    /// in silence. One that Kubernetes has set as its link to a Service is nobody's mistake, and goes to `service_links`.
    fn nearly_addressed(
        &self,
        sections: &[SectionReader],
        service_links: &mut Vec<String>,
    ) -> Vec<Error> {
        let mut errors = Vec::new();
        for (name, value) in self.environment.all() {
            let rest = name
                .strip_prefix("APP_")
                .filter(|rest| !rest.contains("__"));
            let addressed = sections.iter().find_map(|section| {
                let section = section.name.to_uppercase();
                let key = rest?.strip_prefix(&section)?.strip_prefix('_')?;
                Some((section, key))
            });
            let Some((section, key)) = addressed else {
                continue;
            };
            if value.is_ok_and(|value| is_service_link(name, value)) {
                service_links.push(escaped(name));
                continue;
            }
            errors.push(Error::Underscore {
                origin: self.variable(name),
                meant: format!("APP_{section}__{key}"),
            });
        }
        errors
    }

    /// `--set <section>.<key>=<value>`.
    fn flags(&self) -> impl Iterator<Item = Result<(String, Layer), Error>> {
        self.assignments.iter().zip(1..).map(|(text, number)| {
            let (key, value) = text.split_once('=').ok_or(Error::Assignment { number })?;
            let (section, key) = key
                .split_once('.')
                .filter(|(section, key)| !section.is_empty() && !key.is_empty())
                .ok_or(Error::Assignment { number })?;
            let path = key.split('.').map(str::to_owned).collect();
            let layer = Layer::of_text("--set".to_owned(), path, value);
            Ok((section.to_owned(), layer))
        })
    }

    /// A variable as messages name it, with where it was set.
    fn variable(&self, name: &str) -> String {
        match self.environment.origin(name) {
            Some(origin) => format!("{name}, {origin}"),
            None => name.to_owned(),
        }
    }
}

/// Whether a section of this name is declared.
fn known(sections: &[SectionReader], name: &str, origin: &str) -> Result<(), Error> {
    let names = sections.iter().map(|section| section.name);
    if names.clone().any(|known| known == name) {
        return Ok(());
    }
    Err(Error::Section {
        origin: origin.to_owned(),
        section: name.to_owned(),
        hint: suggest::hint(name, names),
    })
}

/// Reads one section, and binds it.
///
/// A broken section is bound too, to its errors. So a command that does not need it runs, and one that does need it prints what
/// is wrong with it.
fn read<T: Section>(
    section: &SectionReader,
    layers: &[Layer],
    mut errors: Vec<Error>,
    bindings: &mut Bindings,
) -> SectionValues {
    let values = extract::<T>(layers)
        .map_err(|found| errors.extend(found))
        .ok();
    let mut entries = Vec::new();
    match values.filter(|_| errors.is_empty()) {
        Some(values) => {
            if let Ok(Value::Dict(_, dict)) = Value::serialize(&values) {
                flatten(&dict, &mut Vec::new(), section.name, layers, &mut entries);
            }
            bindings.instance(section.bootloader, Arc::new(values));
        }
        None => {
            let section_name = section.name;
            let errors = errors.clone();
            bindings.factory::<T>(section.bootloader, move |_| {
                Err(Box::new(BrokenSection {
                    section: section_name,
                    errors: errors.clone(),
                }))
            });
        }
    }
    SectionValues {
        name: section.name,
        entries,
        errors,
    }
}

/// Lists the values of a section by their key paths. An empty table stays one value, so that it is shown.
fn flatten(
    dict: &Dict,
    path: &mut Vec<String>,
    section: &str,
    layers: &[Layer],
    entries: &mut Vec<Setting>,
) {
    for (key, value) in dict {
        path.push(key.clone());
        match value {
            Value::Dict(_, inner) if !inner.is_empty() => {
                flatten(inner, path, section, layers, entries);
            }
            value => entries.push(Setting {
                key: escaped(format_args!("{section}.{}", path.join("."))),
                value: shown(value),
                origin: owner(layers, path)
                    .map_or_else(|| "default".to_owned(), |owner| owner.origin.clone()),
            }),
        }
        path.pop();
    }
}

fn lines(errors: &[Error]) -> String {
    errors.iter().map(|error| format!("\n  {error}")).collect()
}
