//! Everything that is bound, once the container is sealed. Nothing is added any more, and each singleton is built into its
//! binding.

use std::any::TypeId;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use shaku::Interface;

use super::binding::{Binding, BindingInfo, Erased};
use super::builds::{Builds, Target};
use super::error::{ResolveError, ResolveFault};
use super::name::short_name;
use super::type_map::Map;
use crate::suggest;

/// A sealed set of bindings. They are shared with the builds that are under way.
pub(super) struct Registry<BuildContext> {
    one: Map<Arc<Binding<BuildContext>>>,
    many: Map<Members<BuildContext>>,
    /// Every binding in the order of declaration, and the members of lists last.
    declared: Vec<Arc<Binding<BuildContext>>>,
    /// What was wrong with the declarations themselves.
    pub(super) faults: Vec<ResolveError>,
    pub(super) builds: Builds,
}

/// The members of a `Vec<Arc<dyn I>>`, and that vector once it was asked for.
pub(super) struct Members<BuildContext> {
    pub(super) members: Vec<Arc<Binding<BuildContext>>>,
    pub(super) built: OnceLock<Erased>,
}

impl<BuildContext> Registry<BuildContext> {
    pub(super) fn new(
        bindings: impl IntoIterator<Item = Binding<BuildContext>>,
        faults: Vec<ResolveError>,
        build_timeout: Duration,
    ) -> Self {
        let declared: Vec<_> = bindings.into_iter().map(Arc::new).collect();
        let mut one = Map::default();
        let mut many: Map<Members<BuildContext>> = Map::default();
        for binding in &declared {
            let binding = Arc::clone(binding);
            match binding.target {
                Target::One(key) => {
                    one.insert(key, binding);
                }
                Target::Member(key, _) => many.entry(key).or_default().members.push(binding),
                Target::Made(..) => {}
            }
        }
        Registry {
            one,
            many,
            declared,
            faults,
            builds: Builds::new(build_timeout),
        }
    }

    pub(super) fn one<I: Interface + ?Sized>(&self) -> Option<&Arc<Binding<BuildContext>>> {
        self.one.get(&TypeId::of::<I>())
    }

    pub(super) fn list<I: Interface + ?Sized>(&self) -> Option<&Members<BuildContext>> {
        self.many.get(&TypeId::of::<I>())
    }

    /// Every binding, as it was declared.
    pub(super) fn bindings(&self) -> impl Iterator<Item = &Arc<Binding<BuildContext>>> {
        self.declared.iter()
    }

    pub(super) fn entries(&self) -> Vec<BindingInfo> {
        self.bindings().map(|binding| binding.info()).collect()
    }

    /// The error for an interface to which nothing is bound.
    pub(super) fn missing<I: Interface + ?Sized>(&self) -> ResolveError {
        let interface = short_name::<I>();
        let nearest = self.nearest(&interface);
        ResolveFault::Missing { interface, nearest }.into()
    }

    /// The bound interface whose name is most like this one, with its bootloader.
    fn nearest(&self, interface: &str) -> Option<(String, &'static str)> {
        let single =
            |binding: &&Arc<Binding<BuildContext>>| matches!(binding.target, Target::One(_));
        let bound = || self.bindings().filter(single).map(|one| &one.frame);
        // Every trait's name begins with `dyn `. Counted in, it would make all of them seem alike.
        let bare = |name| str::strip_prefix(name, "dyn ").unwrap_or(name);
        let near = suggest::nearest(bare(interface), bound().map(|one| bare(&one.interface)))?;
        bound()
            .find(|one| bare(&one.interface) == near)
            .map(|one| (one.interface.clone(), one.bootloader))
    }
}

impl<BuildContext> Default for Members<BuildContext> {
    fn default() -> Self {
        Members {
            members: Vec::new(),
            built: OnceLock::new(),
        }
    }
}
