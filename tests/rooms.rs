//! Whether the rooms of the framework open one way, and whether the files of a room form no ring.
//!
//! `mod.rs` is the door of its room: it says what can be had there, and is no part of a ring.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Source, rust};

/// The rooms of `nautil`, the lowest floor first. A file may name those of its own floor and below it; on one floor, only its
/// own room. The longest path that a file begins with is its place: the commands of a room stand above the console.
const FLOORS: [&[&str]; 11] = [
    &["error", "environment", "shutdown", "suggest", "supervisor"],
    &["container"],
    &["config"],
    &["bootloader"],
    &["console"],
    &[
        "config/command",
        "console/bootloader",
        "console/completion",
        "console/help",
        "container/command",
    ],
    &["grpc", "telemetry"],
    &["kernel"],
    &["dev"],
    &["framework"],
    &["lib", "testing"],
];

/// A crate's modules, by their paths from its root: `container/binding`. A room's own module is its name alone.
struct Modules(BTreeMap<String, Source>);

/// What a path in the code leads to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place(String);

impl Modules {
    fn of(directory: &str) -> Self {
        let modules = rust(directory).into_iter().map(|source| {
            let path = source.path.strip_prefix(directory).unwrap();
            let path = path.with_extension("");
            let path = path.to_str().unwrap();
            let name = path.strip_suffix("/mod").unwrap_or(path).to_owned();
            (name, source)
        });
        Modules(modules.collect())
    }

    /// The modules that the code of one names, with the path as it is written. A name that a room lets out of one of its
    /// files leads to that file.
    fn named(&self, module: &str) -> Vec<(Place, String)> {
        let source = &self.0[module];
        let is_door = source.path.ends_with("mod.rs");
        let here: Vec<&str> = module.split('/').collect();
        let found = source.paths().into_iter().filter_map(|path| {
            let written = path.join("::");
            let mut parents: Vec<&str> = match path.first()?.as_str() {
                "crate" => Vec::new(),
                "self" if is_door => here.clone(),
                "self" => here[..here.len() - 1].to_vec(),
                "super" => here.clone(),
                _ => return None,
            };
            let mut rest: &[String] = &path;
            while let Some((first, after)) = rest.split_first() {
                match first.as_str() {
                    "crate" | "self" => {}
                    "super" => {
                        parents.pop();
                    }
                    _ => break,
                }
                rest = after;
            }
            let parents: Vec<String> = parents.into_iter().map(str::to_owned).collect();
            Some((self.resolve(parents, rest)?, written))
        });
        found.filter(|(place, _)| place.0 != module).collect()
    }

    fn resolve(&self, mut at: Vec<String>, rest: &[String]) -> Option<Place> {
        let mut rest = rest;
        while let Some((first, after)) = rest.split_first() {
            let below = [at.clone(), vec![first.clone()]].concat();
            if self.0.contains_key(&below.join("/")) {
                at = below;
                rest = after;
                continue;
            }
            // Whom does the room let out under this name?
            let door = self.0.get(&at.join("/"));
            let inside = door.into_iter().flat_map(Source::paths).find_map(|path| {
                let own = match path.first()?.as_str() {
                    "self" => &path[1..],
                    _ => &path[..],
                };
                let (file, name) = (own.first()?, own.last()?);
                let below = [at.clone(), vec![file.clone()]].concat().join("/");
                let lets_out = own.len() > 1 && name == first;
                (lets_out && self.0.contains_key(&below)).then_some(Place(below))
            });
            return inside.or_else(|| (!at.is_empty()).then(|| Place(at.join("/"))));
        }
        (!at.is_empty()).then(|| Place(at.join("/")))
    }

    /// A ring of files, each of which names the next, in a directory.
    fn ring(&self) -> Option<String> {
        let mut edges: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (module, source) in &self.0 {
            if source.path.ends_with("mod.rs") {
                continue;
            }
            let named = self.named(module).into_iter().map(|(place, _)| place.0);
            let files = named.filter(|place| {
                self.0
                    .get(place)
                    .is_some_and(|source| !source.path.ends_with("mod.rs"))
            });
            edges.insert(module, files.collect());
        }
        let mut done = BTreeSet::new();
        edges.keys().find_map(|start| {
            let mut way = Vec::new();
            walk(start, &edges, &mut way, &mut done)
        })
    }
}

fn walk(
    at: &str,
    edges: &BTreeMap<&str, BTreeSet<String>>,
    way: &mut Vec<String>,
    done: &mut BTreeSet<String>,
) -> Option<String> {
    if let Some(start) = way.iter().position(|before| before == at) {
        let mut ring = way[start..].to_vec();
        ring.push(at.to_owned());
        return Some(ring.join(" -> "));
    }
    if done.contains(at) {
        return None;
    }
    way.push(at.to_owned());
    let next = edges.get(at).into_iter().flatten();
    let found = next
        .into_iter()
        .find_map(|next| walk(next, edges, way, done));
    way.pop();
    done.insert(at.to_owned());
    found
}

/// The floor of a module, and the room on it.
fn floor(module: &str) -> Option<(usize, &'static str)> {
    let rooms = FLOORS.iter().enumerate();
    let rooms = rooms.flat_map(|(floor, rooms)| rooms.iter().map(move |room| (floor, *room)));
    let is_in = |room: &str| {
        module
            .strip_prefix(room)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    rooms
        .filter(|(_, room)| is_in(room))
        .max_by_key(|(_, room)| room.len())
}

/// Every door of a module that opens the wrong way.
fn wrong_doors(modules: &Modules, module: &str) -> Vec<String> {
    let (own, room) = floor(module).unwrap_or_else(|| panic!("{module} is on no floor"));
    let named = modules.named(module).into_iter();
    let wrong = named.filter_map(|(place, written)| {
        let (other, other_room) = floor(&place.0)?;
        let is_open = other < own || (other == own && (other_room == room || own == 5 || own == 0));
        (!is_open).then(|| format!("{module} names {written}, which is in {}", place.0))
    });
    wrong.collect()
}

#[test]
fn the_rooms_of_the_framework_open_one_way() {
    let modules = Modules::of("crates/nautil/src");
    assert!(modules.0.len() >= 60, "{} files", modules.0.len());
    let wrong: Vec<String> = modules
        .0
        .keys()
        // The list of the rooms is not in one.
        .filter(|module| *module != "lib")
        .flat_map(|module| wrong_doors(&modules, module))
        .collect();
    assert_eq!(wrong, [""; 0], "{wrong:#?}");
}

#[test]
fn no_files_of_a_room_form_a_ring() {
    for (crate_, least) in [
        ("crates/nautil-codegen/src", 10),
        ("crates/nautil-grpc/src", 50),
        ("crates/nautil/src", 60),
    ] {
        let modules = Modules::of(crate_);
        assert!(modules.0.len() >= least, "{crate_}: {}", modules.0.len());
        assert_eq!(modules.ring(), None, "{crate_}");
    }
}

/// A crate that is written down here.
fn written(files: &[(&str, &str)]) -> Modules {
    let modules = files.iter().map(|(path, code)| {
        let name = path.strip_suffix(".rs").unwrap();
        let name = name.strip_suffix("/mod").unwrap_or(name).to_owned();
        (name, Source::of(path, code))
    });
    Modules(modules.collect())
}

#[test]
fn a_door_that_opens_the_wrong_way_is_named_however_it_is_written() {
    for code in [
        "use crate::kernel::Kernel;",
        "use crate::{environment::Environment, kernel::{Kernel}};",
        "fn f() { crate::kernel::run(); }",
        "use super::super::kernel;",
    ] {
        let modules = written(&[
            ("container/binding.rs", code),
            ("environment.rs", ""),
            ("kernel/mod.rs", "pub struct Kernel;"),
        ]);
        let wrong = wrong_doors(&modules, "container/binding");
        assert_eq!(wrong.len(), 1, "{code}: {wrong:?}");
        assert!(
            wrong[0].starts_with("container/binding names "),
            "{wrong:?}"
        );
    }
    let modules = written(&[
        (
            "grpc/init.rs",
            "use crate::container::Container; use crate::telemetry::Format;",
        ),
        ("container/mod.rs", ""),
        ("telemetry/mod.rs", ""),
    ]);
    assert_eq!(
        wrong_doors(&modules, "grpc/init"),
        ["grpc/init names crate::telemetry::Format, which is in telemetry"]
    );
}

#[test]
fn a_ring_is_found_through_the_door_of_its_room() {
    let modules = written(&[
        (
            "box/mod.rs",
            "mod a; mod b; pub use a::A; pub use self::b::B;",
        ),
        ("box/a.rs", "use super::B;"),
        ("box/b.rs", "use super::a::A;"),
    ]);
    assert_eq!(modules.ring().as_deref(), Some("box/a -> box/b -> box/a"));
    let modules = written(&[
        ("box/mod.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
        ("box/a.rs", "use super::B;"),
        ("box/b.rs", "use crate::other::C;"),
        ("other.rs", ""),
    ]);
    assert_eq!(modules.ring(), None);
}
