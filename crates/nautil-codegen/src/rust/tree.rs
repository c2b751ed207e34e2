//! Packages as files: `currency` is `currency.rs`, `currency.dto` is `currency/dto.rs`, no package is `mod.rs`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use prost_build::Module;
use syn::Item;

use super::messages::Package;
use super::{parse, text};
use crate::generated::{DESCRIPTOR_SET, ROOT};
use crate::{Error, Runtime};

/// The modules, by their path; each has its parents in the tree.
pub(crate) struct Tree {
    runtime: Runtime,
    modules: BTreeMap<Vec<String>, Node>,
}

#[derive(Default)]
struct Node {
    /// The package, if this module is more than the way to another one.
    package: Option<String>,
    items: Vec<Item>,
}

impl Tree {
    /// The root alone.
    pub(crate) fn new(runtime: Runtime) -> Self {
        Self {
            runtime,
            modules: BTreeMap::from([(Vec::new(), Node::default())]),
        }
    }

    pub(crate) fn add(&mut self, package: Package) -> Result<(), Error> {
        let path: Vec<_> = package.module.parts().map(str::to_owned).collect();
        // The bootloader and the config are files of an application with a kernel only.
        let has_kernel = self.runtime == Runtime::Nautil;
        let reserved =
            path.iter()
                .enumerate()
                .find_map(|(depth, part)| match (depth, part.as_str()) {
                    // `a/mod.rs` would be a second place for the module `a`.
                    (_, "r#mod") => Some("mod"),
                    (0, "bootloader") if has_kernel => Some("bootloader"),
                    (0, "config") if has_kernel => Some("config"),
                    _ => None,
                });
        if let Some(name) = reserved {
            return Err(Error::ReservedPackage {
                package: package.name,
                name: name.to_owned(),
            });
        }
        for depth in 1..path.len() {
            self.modules.entry(path[..depth].to_vec()).or_default();
        }
        let node = self.modules.entry(path).or_default();
        node.package = Some(package.name);
        node.items.extend(package.items);
        Ok(())
    }

    /// Adds items to the module of a package that was added.
    pub(crate) fn extend(&mut self, module: &Module, items: Vec<Item>) {
        let path = module.parts().map(str::to_owned).collect();
        self.modules.entry(path).or_default().items.extend(items);
    }

    /// The file of each module.
    pub(crate) fn files(mut self) -> Result<BTreeMap<PathBuf, Vec<u8>>, Error> {
        let paths: Vec<_> = self.modules.keys().cloned().collect();
        let mut files = BTreeMap::new();
        for path in &paths {
            let Some(node) = self.modules.remove(path) else {
                continue;
            };
            let mut items = if path.is_empty() {
                own_items(self.runtime)
            } else {
                Vec::new()
            };
            for child in paths
                .iter()
                .filter(|child| child.split_last().is_some_and(|(_, parent)| parent == path))
            {
                let name: syn::Ident =
                    parse(child.last().map_or("", String::as_str), &child.join("::"))?;
                items.push(syn::parse_quote! { pub mod #name; });
            }
            items.extend(node.items);
            distinct(&items, path)?;
            let text = match path.as_slice() {
                [] => root_text(self.runtime, items),
                path => package_text(path, node.package.as_deref(), items),
            };
            files.insert(file(path), text);
        }
        Ok(files)
    }
}

fn file(path: &[String]) -> PathBuf {
    if path.is_empty() {
        return PathBuf::from(ROOT);
    }
    // The file of `mod r#type` is `type.rs`.
    let path: PathBuf = path
        .iter()
        .map(|part| part.trim_start_matches("r#"))
        .collect();
    path.with_extension("rs")
}

fn root_text(runtime: Runtime, items: Vec<Item>) -> Vec<u8> {
    // Whatever the app's lints are, they are for code that somebody writes.
    let allow = syn::parse_quote! {
        #![allow(
            warnings,
            missing_docs,
            unreachable_pub,
            clippy::all,
            clippy::pedantic,
            rustdoc::all,
            reason = "generated"
        )]
    };
    text(runtime.header(), vec![allow], items)
}

fn package_text(path: &[String], package: Option<&str>, items: Vec<Item>) -> Vec<u8> {
    let header = match package {
        Some(package) => format!("Package `{package}`."),
        None => format!("Packages within `{}`.", path.join(".").replace("r#", "")),
    };
    text(&header, Vec::new(), items)
}

/// What `mod.rs` holds of the generator's own.
fn own_items(runtime: Runtime) -> Vec<Item> {
    let mut items: Vec<Item> = match runtime {
        Runtime::Nautil => vec![
            syn::parse_quote! { pub mod bootloader; },
            syn::parse_quote! { pub mod config; },
            syn::parse_quote! { pub use bootloader::ServiceBootloader; },
        ],
        Runtime::NautilGrpc => Vec::new(),
    };
    items.push(syn::parse_quote! {
        /// Every contract with its comments, as an encoded `google.protobuf.FileDescriptorSet`.
        pub const DESCRIPTOR_SET: &[u8] = include_bytes!(#DESCRIPTOR_SET);
    });
    items
}

/// Refuses two types, traits or modules of one name: protobuf tells `dto` from `Dto.` and `FooBar` from `Foo_Bar`, Rust
/// does not.
fn distinct(items: &[Item], path: &[String]) -> Result<(), Error> {
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    for item in items {
        let (name, kind) = match item {
            Item::Enum(item) => (&item.ident, "an enum"),
            Item::Mod(item) => (&item.ident, "a module"),
            Item::Struct(item) => (&item.ident, "a message"),
            Item::Trait(item) => (&item.ident, "a trait"),
            Item::Use(_) => {
                taken.insert("ServiceBootloader".to_owned(), "the bootloader");
                continue;
            }
            _ => continue,
        };
        if let Some(first) = taken.insert(name.to_string(), kind) {
            let path: Vec<_> = path.iter().cloned().chain([name.to_string()]).collect();
            return Err(Error::Collision {
                name: path.join("::"),
                first: first.to_owned(),
                second: kind.to_owned(),
            });
        }
        let path: Vec<_> = path.iter().cloned().chain([name.to_string()]).collect();
        match item {
            Item::Mod(syn::ItemMod {
                content: Some((_, items)),
                ..
            }) => distinct(items, &path)?,
            Item::Trait(item) => distinct_methods(&item.items, &path)?,
            _ => {}
        }
    }
    Ok(())
}

fn distinct_methods(items: &[syn::TraitItem], path: &[String]) -> Result<(), Error> {
    let mut taken = std::collections::BTreeSet::new();
    for item in items {
        let syn::TraitItem::Fn(method) = item else {
            continue;
        };
        let name = method.sig.ident.to_string();
        if !taken.insert(name.clone()) {
            let name = format!("{}::{name}", path.join("::"));
            return Err(Error::Collision {
                name,
                first: "a method".to_owned(),
                second: "another".to_owned(),
            });
        }
    }
    Ok(())
}
