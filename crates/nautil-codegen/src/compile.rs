//! The listed files and everything they import, as one pool of descriptors.
//!
//! Two files called `message.proto` in two directories are one file to protobuf. So the text of an import is not the name
//! of what it imports: each import is looked up from the file that states it, and is replaced by the path of what was found,
//! from the project root, before the descriptors meet.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use prost_types::FileDescriptorProto;
use protox::file::{File, FileResolver, GoogleFileResolver};
use protox::prost_reflect::DescriptorPool;

use crate::Error;
use crate::diagnostic::{self, Label};
use crate::project::{Project, normal};

/// The field of `FileDescriptorProto` that holds imports, as it stands in the paths of source info.
const DEPENDENCY: i32 = 3;

/// The mark that some editors put at the start of a file. protoc skips it too.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Contracts that are right, each file after those that it imports.
#[derive(Debug)]
pub(crate) struct Contracts {
    /// Every file, with its comments and its custom options.
    pub(crate) pool: DescriptorPool,
    /// The names of the files that were asked for; the others are imports.
    pub(crate) listed: BTreeSet<String>,
}

pub(crate) fn compile(project: &Project, files: &BTreeSet<PathBuf>) -> Result<Contracts, Error> {
    let mut compiler = Compiler {
        project,
        pool: DescriptorPool::new(),
        files: BTreeMap::new(),
        symbols: BTreeMap::new(),
        importing: Vec::new(),
    };
    let mut listed = BTreeSet::new();
    for file in files {
        listed.insert(compiler.file(file, file)?);
    }
    Ok(Contracts {
        pool: compiler.pool,
        listed,
    })
}

struct Compiler<'a> {
    project: &'a Project,
    pool: DescriptorPool,
    /// Name to path, of each file that is in the pool.
    files: BTreeMap<String, PathBuf>,
    /// Protobuf name to the file that defines it.
    symbols: BTreeMap<String, String>,
    /// The chain of imports that leads to the present file.
    importing: Vec<String>,
}

impl Compiler<'_> {
    /// Puts a file and its imports into the pool and returns its name. It was reached through the file `listed`.
    fn file(&mut self, path: &Path, listed: &Path) -> Result<String, Error> {
        if let Some(name) = well_known(path) {
            return self.well_known(name);
        }
        let name = self.project.name(path);
        match self.files.get(&name) {
            Some(known) if known == path => return Ok(name),
            Some(known) => {
                let (first, second) = (
                    format!("`{}`", known.display()),
                    format!("`{}`", path.display()),
                );
                return Err(Error::Collision {
                    name,
                    first,
                    second,
                });
            }
            None => {}
        }
        let mut source = fs::read_to_string(path).map_err(Error::io("read", path))?;
        if source.starts_with(BYTE_ORDER_MARK) {
            source.drain(..BYTE_ORDER_MARK.len_utf8());
        }
        let file = File::from_source(&name, &source)
            .map_err(|error| Error::Compile(diagnostic::render(&error, &name, &source)))?;
        let mut descriptor = FileDescriptorProto::from(file);
        self.importing.push(name.clone());
        self.imports(&mut descriptor, path, listed, &source)?;
        self.importing.pop();
        self.define(&descriptor)?;
        self.pool
            .add_file_descriptor_proto(descriptor)
            .map_err(|error| {
                let error = error.with_source_code(&source);
                Error::Compile(diagnostic::render(&error, &name, &source))
            })?;
        self.files.insert(name.clone(), path.to_path_buf());
        Ok(name)
    }

    /// Finds what a file imports, and puts names in the place of the imports' texts.
    fn imports(
        &mut self,
        descriptor: &mut FileDescriptorProto,
        path: &Path,
        listed: &Path,
        source: &str,
    ) -> Result<(), Error> {
        let mut names = Vec::with_capacity(descriptor.dependency.len());
        for (index, import) in descriptor.dependency.iter().enumerate() {
            let complain = |message: &str, help: Option<&str>| {
                let label = Label {
                    at: import_at(descriptor, index, source),
                    text: None,
                };
                Error::Compile(diagnostic::snippet(
                    message,
                    descriptor.name(),
                    source,
                    &[label],
                    help,
                ))
            };
            let name = if let Some(name) = well_known(Path::new(import)) {
                self.well_known(name)?
            } else {
                let directories = self.project.search(path, listed);
                let mut places = directories
                    .iter()
                    .map(|directory| normal(&directory.join(import)));
                let Some(found) = places.find(|path| path.is_file()) else {
                    let help = self.looked_in(&directories);
                    return Err(complain(
                        &format!("import `{import}` not found"),
                        Some(&help),
                    ));
                };
                let name = self.project.name(&found);
                if self.importing.contains(&name) {
                    let ring = self.importing.join("` imports `");
                    return Err(complain(
                        &format!("imports run in a ring: `{ring}` imports `{name}`"),
                        None,
                    ));
                }
                self.file(&found, listed)?
            };
            if names.contains(&name) {
                return Err(complain(&format!("`{name}` is imported twice"), None));
            }
            names.push(name);
        }
        descriptor.dependency = names;
        Ok(())
    }

    fn looked_in(&self, directories: &[&Path]) -> String {
        let names = directories
            .iter()
            .map(|directory| match self.project.name(directory) {
                name if name.is_empty() => "the project root".to_owned(),
                name => format!("`{name}`"),
            });
        let names: Vec<_> = names.collect();
        format!(
            "looked in {}; add a directory with `imports`",
            names.join(", ")
        )
    }

    /// Puts one of protobuf's own files into the pool; the compiler carries them.
    fn well_known(&mut self, name: &str) -> Result<String, Error> {
        if self.pool.get_file_by_name(name).is_none() {
            let refused = |error: &dyn miette::Diagnostic| {
                Error::Compile(diagnostic::render(error, name, ""))
            };
            let file = GoogleFileResolver::new()
                .open_file(name)
                .map_err(|error| refused(&error))?;
            let descriptor = FileDescriptorProto::from(file);
            for dependency in &descriptor.dependency {
                self.well_known(dependency)?;
            }
            self.pool
                .add_file_descriptor_proto(descriptor)
                .map_err(|error| refused(&error))?;
        }
        Ok(name.to_owned())
    }

    /// Notes what a file defines. The pool would refuse a second definition too, but does not say where the first one is.
    fn define(&mut self, file: &FileDescriptorProto) -> Result<(), Error> {
        let messages = file
            .message_type
            .iter()
            .map(prost_types::DescriptorProto::name);
        let enums = file
            .enum_type
            .iter()
            .map(prost_types::EnumDescriptorProto::name);
        // The values of an enum are siblings of the enum, as in C.
        let values = file
            .enum_type
            .iter()
            .flat_map(|item| &item.value)
            .map(prost_types::EnumValueDescriptorProto::name);
        let services = file
            .service
            .iter()
            .map(prost_types::ServiceDescriptorProto::name);
        let extensions = file
            .extension
            .iter()
            .map(prost_types::FieldDescriptorProto::name);
        for name in messages
            .chain(enums)
            .chain(values)
            .chain(services)
            .chain(extensions)
        {
            let symbol = match file.package() {
                "" => name.to_owned(),
                package => format!("{package}.{name}"),
            };
            match self.symbols.get(&symbol) {
                // Twice in one file: the compiler points at both lines.
                Some(first) if first == file.name() => {}
                Some(first) => {
                    let (first, second) = (first.clone(), file.name().to_owned());
                    return Err(Error::DuplicateSymbol {
                        symbol,
                        first,
                        second,
                    });
                }
                None => {
                    self.symbols.insert(symbol, file.name().to_owned());
                }
            }
        }
        Ok(())
    }
}

/// The name of protobuf's own file that this is, or is a copy of.
///
/// A copy in the project's tree is passed over: its types are those of the framework in any case.
fn well_known(path: &Path) -> Option<&'static str> {
    const FILES: &[&str] = &[
        "google/protobuf/any.proto",
        "google/protobuf/api.proto",
        "google/protobuf/compiler/plugin.proto",
        "google/protobuf/descriptor.proto",
        "google/protobuf/duration.proto",
        "google/protobuf/empty.proto",
        "google/protobuf/field_mask.proto",
        "google/protobuf/source_context.proto",
        "google/protobuf/struct.proto",
        "google/protobuf/timestamp.proto",
        "google/protobuf/type.proto",
        "google/protobuf/wrappers.proto",
    ];
    FILES.iter().copied().find(|file| path.ends_with(file))
}

/// Where the `index`th import stands in the file.
fn import_at(
    descriptor: &FileDescriptorProto,
    index: usize,
    source: &str,
) -> std::ops::Range<usize> {
    let locations = descriptor
        .source_code_info
        .iter()
        .flat_map(|info| &info.location);
    let mut spans = locations
        .filter(|location| matches!(location.path[..], [DEPENDENCY, at] if usize::try_from(at) == Ok(index)))
        .map(|location| &location.span);
    // Three numbers, line, column and end column, from 0: an import that is spread over lines has four and is shown whole.
    let Some(&[line, column, .., end]) = spans.next().map(Vec::as_slice) else {
        return 0..0;
    };
    let start = source
        .split_inclusive('\n')
        .take(usize::try_from(line).unwrap_or(0))
        .map(str::len)
        .sum::<usize>();
    let at = |column: i32| start + usize::try_from(column).unwrap_or(0);
    at(column)..at(end)
}
