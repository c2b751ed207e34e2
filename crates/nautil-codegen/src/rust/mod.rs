//! Descriptors as Rust modules: one file for each package, the file that they hang from, and for an application with a kernel
//! the bootloader and the config of its clients.

mod bootloader;
mod config;
mod docs;
mod messages;
mod names;
mod service;
mod tree;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::compile::Contracts;
use crate::{Error, Runtime};

/// The Rust files, by their path in `generated/`.
pub(crate) fn files(
    contracts: &Contracts,
    runtime: Runtime,
) -> Result<BTreeMap<PathBuf, Vec<u8>>, Error> {
    let (packages, services) = messages::generate(contracts, runtime)?;
    let clients = names::clients(&services, runtime)?;

    let mut tree = tree::Tree::new(runtime);
    for package in packages {
        tree.add(package)?;
    }
    for (service, client) in services.iter().zip(&clients) {
        tree.extend(
            &client.module,
            service::items(service, client, &contracts.pool, runtime)?,
        );
    }
    let mut files = tree.files()?;
    if runtime == Runtime::Nautil {
        files.insert(PathBuf::from("bootloader.rs"), bootloader::file(&clients)?);
        files.insert(PathBuf::from("config.rs"), config::file(&clients));
    }
    Ok(files)
}

/// Items as the text of a file that opens with `header`.
fn text(header: &str, attributes: Vec<syn::Attribute>, items: Vec<syn::Item>) -> Vec<u8> {
    let header = format!(" {header}");
    let mut attrs: Vec<syn::Attribute> = vec![syn::parse_quote!(#![doc = #header])];
    attrs.extend(attributes);
    prettyplease::unparse(&syn::File {
        shebang: None,
        attrs,
        items,
    })
    .into_bytes()
}

/// Text that was meant to be Rust, and is a defect of the generator if it is not.
fn parse<T: syn::parse::Parse>(text: &str, module: &str) -> Result<T, Error> {
    syn::parse_str(text).map_err(|source| Error::Syntax {
        module: module.to_owned(),
        source,
    })
}
