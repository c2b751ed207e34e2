//! What kustomize makes of `deployment/kubernetes`, as text and as a tree.

use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use saphyr::{LoadableYamlNode, YamlOwned};

use crate::disk::copy;
use crate::support::{Process, Project, ROOT, Ran, skipped};

/// What may be built: every kustomization that stands for itself.
pub(super) const TARGETS: [&str; 3] = ["base", "overlays/dev", "overlays/prod"];

/// Everything that is built from one kustomization.
pub(super) struct Manifests {
    pub(super) text: String,
    pub(super) documents: Vec<Manifest>,
}

/// A part of a manifest, or all of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Manifest(YamlOwned);

/// Whether a tool is there; where it is not, a line says so.
pub(super) fn has(tool: &str, test: &str) -> bool {
    match Command::new(tool).arg("version").output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            skipped(
                test,
                format_args!("there is no {tool}; .ci/setup/kubernetes installs it"),
            );
            false
        }
        _ => true,
    }
}

/// A copy of the manifests and of what they are made from, to be changed.
pub(super) fn workbench() -> Project {
    let project = Project::new();
    copy(
        &Path::new(ROOT).join("deployment"),
        &project.path("deployment"),
    );
    project
}

/// Runs `kustomize build` without a flag, as `kubectl apply -k` does.
pub(super) fn kustomize(root: &Path, target: &str) -> Ran {
    let mut command = Command::new("kustomize");
    command.arg("build").arg(root.join(target));
    Process::start(&mut command).end()
}

/// What is built from each target; nothing without kustomize.
pub(super) fn built(test: &str) -> Vec<(&'static str, Manifests)> {
    if !has("kustomize", test) {
        return Vec::new();
    }
    let root = Path::new(ROOT).join("deployment/kubernetes");
    TARGETS
        .iter()
        .map(|target| {
            let ran = kustomize(&root, target).with_code(0);
            assert_eq!(ran.err, "", "{target}: kustomize warns");
            (*target, Manifests::of(&ran.out))
        })
        .collect()
}

/// Insists that a check finds nothing wrong in what is built, and something in the same text with `from` made `to`.
#[track_caller]
pub(super) fn holds_and_can_fail<C>(manifests: &Manifests, check: C, from: &str, to: &str)
where
    C: Fn(&Manifests) -> Vec<String>,
{
    assert_eq!(check(manifests), [""; 0]);
    assert!(manifests.text.contains(from), "there is no {from:?}");
    let broken = Manifests::of(&manifests.text.replace(from, to));
    assert_ne!(check(&broken), [""; 0], "{to:?} goes unnoticed");
}

impl Manifests {
    pub(super) fn of(text: &str) -> Self {
        let documents = YamlOwned::load_from_str(text).unwrap();
        Manifests {
            text: text.to_owned(),
            documents: documents.into_iter().map(Manifest).collect(),
        }
    }

    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Manifest> {
        let documents = self.documents.iter();
        documents.filter(move |document| document.text("kind") == kind)
    }

    pub(super) fn find(&self, kind: &str, name: &str) -> &Manifest {
        self.of_kind(kind)
            .find(|document| document.text("metadata.name") == name)
            .unwrap_or_else(|| panic!("there is no {kind} {name}"))
    }

    /// The Deployment of the server.
    pub(super) fn server(&self) -> &Manifest {
        self.find("Deployment", "currency-rate")
    }

    /// Each Deployment's pods, under the Deployment's name.
    pub(super) fn pods(&self) -> Vec<(String, Manifest)> {
        self.of_kind("Deployment")
            .map(|deployment| {
                let pod = deployment.get("spec.template.spec").unwrap();
                (deployment.text("metadata.name"), pod)
            })
            .collect()
    }
}

impl Manifest {
    /// What stands at a path of keys and indexes, `spec.ports.0.port`.
    pub(super) fn get(&self, path: &str) -> Option<Manifest> {
        let mut parts = path.split('.');
        let found = parts.try_fold(&self.0, |node, part| match part.parse() {
            Ok(index) => node.as_sequence_get(index),
            Err(_) => node.as_mapping_get(part),
        });
        found.cloned().map(Manifest)
    }

    /// The scalar at a path, as text; nothing is "".
    pub(super) fn text(&self, path: &str) -> String {
        self.get(path)
            .map(|found| found.to_string())
            .unwrap_or_default()
    }

    /// The whole number at a path; nothing is 0.
    pub(super) fn number(&self, path: &str) -> i64 {
        self.text(path).parse().unwrap_or_default()
    }

    pub(super) fn list(&self, path: &str) -> Vec<Manifest> {
        let found = self.get(path);
        let list = found.as_ref().and_then(|found| found.0.as_vec());
        list.into_iter().flatten().cloned().map(Manifest).collect()
    }

    pub(super) fn map(&self, path: &str) -> BTreeMap<String, Manifest> {
        let found = self.get(path);
        let map = found.as_ref().and_then(|found| found.0.as_mapping());
        map.into_iter()
            .flatten()
            .map(|(key, value)| (Manifest(key.clone()).to_string(), Manifest(value.clone())))
            .collect()
    }

    /// The one item of a list that has this name.
    pub(super) fn named(&self, path: &str, name: &str) -> Option<Manifest> {
        let items = self.list(path);
        items.into_iter().find(|item| item.text("name") == name)
    }
}

impl fmt::Display for Manifest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            node if node.is_null() => Ok(()),
            node => match (node.as_str(), node.as_integer(), node.as_bool()) {
                (Some(text), ..) => formatter.write_str(text),
                (_, Some(number), _) => write!(formatter, "{number}"),
                (.., Some(flag)) => write!(formatter, "{flag}"),
                _ => write!(formatter, "{node:?}"),
            },
        }
    }
}
