//! The manifests, built by the real kustomize: does a cluster take them, and does the application?

mod manifests;
mod pods;
mod schemas;
mod settings;
mod traffic;
