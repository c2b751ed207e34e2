//! Messages and enums, as prost-build writes them; the services, as it names them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem;
use std::rc::Rc;

use prost_build::{Config, Module, Service, ServiceGenerator};
use prost_types::FileDescriptorProto;

use super::{docs, parse};
use crate::compile::Contracts;
use crate::{Error, Runtime};

/// A protobuf package and its messages.
pub(crate) struct Package {
    /// The name in protobuf; empty for files that state none.
    pub(crate) name: String,
    pub(crate) module: Module,
    pub(crate) items: Vec<syn::Item>,
}

/// The packages that have something in them, and the services of the listed files, both sorted by name.
pub(crate) fn generate(
    contracts: &Contracts,
    runtime: Runtime,
) -> Result<(Vec<Package>, Vec<Service>), Error> {
    let files = contracts
        .pool
        .files()
        .map(|file| file.file_descriptor_proto().clone())
        .map(|mut file| {
            // An imported service is a contract, but nobody asked for a client of it.
            if !contracts.listed.contains(file.name()) {
                file.service.clear();
            }
            docs::normalize(&mut file);
            (Module::from_protobuf_package_name(file.package()), file)
        });
    let files: Vec<_> = files.collect();
    let names = package_names(&files);

    let recorder = Recorder::default();
    let texts = Config::new()
        .format(false)
        .prost_path(runtime.prost())
        .prost_types_path(runtime.prost_types())
        // A message that is packed into an `Any` says its type.
        .enable_type_names()
        .type_name_domain(["."], "type.googleapis.com")
        .service_generator(Box::new(recorder.clone()))
        .generate(files)
        .map_err(|error| Error::Compile(error.to_string()))?;

    let mut packages = Vec::new();
    for (module, text) in BTreeMap::from_iter(texts) {
        let mut names = names.get(&module).into_iter().flatten();
        let name = names.next().cloned().unwrap_or_default();
        if let Some(other) = names.next() {
            let (first, second) = (format!("package `{name}`"), format!("package `{other}`"));
            return Err(Error::Collision {
                name: module.to_string(),
                first,
                second,
            });
        }
        let file: syn::File = parse(&docs::tame(&text), &name)?;
        packages.push(Package {
            name,
            module,
            items: file.items,
        });
    }
    packages.sort_by(|a, b| a.name.cmp(&b.name));

    let mut services = mem::take(&mut *recorder.services.borrow_mut());
    services.sort_by(|a, b| (&a.package, &a.proto_name).cmp(&(&b.package, &b.proto_name)));
    Ok((packages, services))
}

/// The packages that are one Rust module: more than one where names differ in case only.
fn package_names(files: &[(Module, FileDescriptorProto)]) -> BTreeMap<Module, Vec<String>> {
    let mut names: BTreeMap<Module, Vec<String>> = BTreeMap::new();
    for (module, file) in files {
        let names = names.entry(module.clone()).or_default();
        if !names.iter().any(|name| name == file.package()) {
            names.push(file.package().to_owned());
        }
    }
    names
}

/// Keeps the services, with names and types in Rust.
#[derive(Debug, Default, Clone)]
struct Recorder {
    services: Rc<RefCell<Vec<Service>>>,
}

impl ServiceGenerator for Recorder {
    fn generate(&mut self, service: Service, text: &mut String) {
        self.services.borrow_mut().push(service);
        // prost-build drops a package without text, and then panics because the package of a service is gone.
        text.push('\n');
    }
}
