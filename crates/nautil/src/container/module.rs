//! The sealed container, as a shaku module that has every component.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;

use shaku::{Component, HasComponent, HasComponents, Interface, Module, ModuleBuilder};

use super::binding::{BuildContext, Entry};
use super::bindings::{List, Registry};
use super::error::{Frame, Reason, ResolveError, distinct};
use super::name::short_name;
use super::resolve::{self, Resolution};
use crate::suggest;

/// Everything that is bound. A clone is the same container.
#[derive(Clone)]
pub struct Container {
    registry: Arc<Registry>,
}

impl Container {
    pub(super) fn new(registry: Registry) -> Self {
        Container {
            registry: Arc::new(registry),
        }
    }

    /// The singleton that is bound to `I`, built now if it was not. Lock-free once it is built.
    ///
    /// # Errors
    /// Whatever it or something it needs is missing, bound twice, circular, or failed to be made.
    pub fn get<I: Interface + ?Sized>(&self) -> Result<Arc<I>, ResolveError> {
        let key = TypeId::of::<I>();
        if let Some(built) = self.registry.one.get(&key).and_then(|one| one.built())
            && (self.registry.rivals.is_empty() || !self.registry.rivals.contains_key(&key))
        {
            return Ok(Arc::clone(built));
        }
        self.resolving(<Container as HasComponent<I>>::build_component)
    }

    /// Every component that bootloaders added to the list of `I`, in order.
    ///
    /// # Errors
    /// As [`get`](Self::get), for any of them.
    pub fn all<I: Interface + ?Sized>(&self) -> Result<Vec<Arc<I>>, ResolveError> {
        self.resolving(<Container as HasComponents<I>>::build_components)
    }

    /// A new component that need not be bound, for `bootloader`: a console command, say.
    ///
    /// # Errors
    /// As [`get`](Self::get), for anything that it needs.
    pub fn make<C: Component<Container>>(
        &self,
        bootloader: &'static str,
    ) -> Result<Arc<C::Interface>, ResolveError> {
        self.resolving(move |context| {
            let implementation = short_name::<C>();
            let frame = Frame {
                interface: implementation.clone(),
                implementation,
                bootloader,
            };
            resolve::enter(context, frame);
            let component = Arc::from(C::build(context, C::Parameters::default()));
            resolve::leave(context);
            component
        })
    }

    /// Builds everything that is bound, and returns every fault once.
    #[must_use]
    pub fn check(&self) -> Vec<ResolveError> {
        let registry = &self.registry;
        let single = registry.order.iter().map(|&key| {
            self.resolving(move |context| {
                let registry = Arc::clone(&context.submodules().registry);
                refuse_rivals(context, key);
                registry.one[&key].erased(context);
            })
        });
        let listed = registry.many_order.iter().flat_map(|&key| {
            (0..registry.many[&key].members.len()).map(move |index| {
                self.resolving(move |context| {
                    let registry = Arc::clone(&context.submodules().registry);
                    registry.many[&key].members[index].erased(context);
                })
            })
        });
        let failed = single.chain(listed).filter_map(Result::err);
        distinct(registry.faults.iter().cloned().chain(failed))
    }

    /// Everything that is bound, as it was declared.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let registry = &self.registry;
        let single = registry
            .order
            .iter()
            .map(|key| registry.one[key].entry(false));
        let listed = registry
            .many_order
            .iter()
            .flat_map(|key| &registry.many[key].members)
            .map(|member| member.entry(true));
        single.chain(listed).collect()
    }

    fn resolving<T: 'static>(
        &self,
        run: impl FnOnce(&mut BuildContext) -> T + 'static,
    ) -> Result<T, ResolveError> {
        let _building = self.registry.building.lock();
        let out = Rc::new(RefCell::new(None));
        let slot = Rc::clone(&out);
        let job =
            Box::new(move |context: &mut BuildContext| *slot.borrow_mut() = Some(run(context)));
        let resolution = Resolution::new(Arc::clone(&self.registry), job);
        let built = catch_unwind(AssertUnwindSafe(|| {
            ModuleBuilder::<Container>::with_submodules(resolution).build()
        }));
        match built {
            Ok(_) => Ok(out.take().expect("`Module::build` ran the job")),
            // A panic of somebody else's goes its own way.
            Err(payload) => Err(*payload
                .downcast::<ResolveError>()
                .unwrap_or_else(|other| resume_unwind(other))),
        }
    }
}

impl Module for Container {
    type Submodules = Resolution;

    fn build(mut context: BuildContext) -> Self {
        let registry = Arc::clone(&context.submodules().registry);
        let job = context.submodules().job();
        if let Some(job) = job {
            job(&mut context);
        }
        Container { registry }
    }
}

impl<I: Interface + ?Sized> HasComponent<I> for Container {
    fn build_component(context: &mut BuildContext) -> Arc<I> {
        let registry = Arc::clone(&context.submodules().registry);
        let key = TypeId::of::<I>();
        refuse_rivals(context, key);
        if let Some(binding) = registry.one.get(&key) {
            return Arc::clone(binding.get(context));
        }
        // The container is there for whoever asks, and is not kept in itself.
        let mut itself: Option<Arc<I>> = None;
        if let Some(slot) = (&mut itself as &mut dyn Any).downcast_mut::<Option<Arc<Container>>>() {
            *slot = Some(Arc::new(Container {
                registry: Arc::clone(&registry),
            }));
        }
        itself.unwrap_or_else(|| {
            let interface = short_name::<I>();
            let nearest = nearest(&registry, &interface);
            resolve::fail(context, Reason::Missing { interface, nearest })
        })
    }

    fn resolve(&self) -> Arc<I> {
        self.get()
            .unwrap_or_else(|error| resume_unwind(Box::new(error)))
    }

    fn resolve_ref(&self) -> &I {
        let _: Arc<I> = HasComponent::<I>::resolve(self);
        self.registry.one[&TypeId::of::<I>()]
            .built::<I>()
            .expect("it was resolved a line above")
    }
}

impl<I: Interface + ?Sized> HasComponents<I> for Container {
    fn build_components(context: &mut BuildContext) -> Vec<Arc<I>> {
        let registry = Arc::clone(&context.submodules().registry);
        match registry.many.get(&TypeId::of::<I>()) {
            Some(list) => members(list, context).clone(),
            None => Vec::new(),
        }
    }

    fn resolve_all(&self) -> &[Arc<I>] {
        let built: Result<Vec<Arc<I>>, _> = self.all();
        if let Err(error) = built {
            resume_unwind(Box::new(error));
        }
        self.registry
            .many
            .get(&TypeId::of::<I>())
            .and_then(|list| list.built.get())
            .and_then(|list| list.downcast_ref::<Vec<Arc<I>>>())
            .map_or(&[], Vec::as_slice)
    }
}

fn members<'list, I: Interface + ?Sized>(
    list: &'list List,
    context: &mut BuildContext,
) -> &'list Vec<Arc<I>> {
    let built = match list.built.get() {
        Some(built) => built,
        None => {
            let members = list.members.iter();
            let all: Vec<Arc<I>> = members
                .map(|member| Arc::clone(member.get(context)))
                .collect();
            list.built.get_or_init(|| Box::new(all))
        }
    };
    built
        .downcast_ref()
        .expect("a list is stored under the type of its interface")
}

fn refuse_rivals(context: &BuildContext, key: TypeId) {
    let registry = &context.submodules().registry;
    if let Some(bindings) = registry.rivals.get(&key) {
        let reason = Reason::BoundTwice {
            interface: registry.one[&key].interface.clone(),
            bindings: bindings.clone(),
        };
        resolve::fail(context, reason);
    }
}

fn nearest(registry: &Registry, interface: &str) -> Option<(String, &'static str)> {
    let bound = || registry.order.iter().map(|key| &registry.one[key]);
    // What all names have in common makes none of them alike.
    let bare = |name| str::strip_prefix(name, "dyn ").unwrap_or(name);
    let near = suggest::nearest(bare(interface), bound().map(|one| bare(&one.interface)))?;
    bound()
        .find(|one| bare(&one.interface) == near)
        .map(|one| (one.interface.clone(), one.bootloader))
}

impl fmt::Debug for Container {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Container")
            .field("bound", &self.registry.one.len())
            .field("lists", &self.registry.many.len())
            .finish()
    }
}
