//! The `init` phase: what bootloaders declare, and who declared it.

use std::fmt;
use std::sync::Arc;

use shaku::{Component, Interface};
use tower_layer::Layer;

use super::BoxError;
use crate::config::{Section, SectionReader};
use crate::console::{Command, CommandEntry, DynCommand};
use crate::container::{Bindings, Container, Resolver};
use crate::grpc::server::{ResponseBody, RoutedBy, Routes};
use crate::grpc::{ClientConfig, Connect, Service, Services, Target};

/// What one bootloader may declare. There is no config yet, and nothing is built.
pub struct Init<'kernel> {
    bootloader: &'static str,
    declaration: &'kernel mut Declaration,
}

/// What all bootloaders declared.
#[derive(Debug, Default)]
pub(crate) struct Declaration {
    pub(crate) bindings: Bindings,
    pub(crate) sections: Vec<SectionReader>,
    pub(crate) commands: Vec<CommandEntry>,
    pub(crate) services: Services,
    pub(crate) errors: Vec<DeclareError>,
}

/// Two declarations that cannot stand together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} `{name}` is declared twice: by bootloader `{first}` and by bootloader `{second}`")]
pub(crate) struct DeclareError {
    what: &'static str,
    name: &'static str,
    first: &'static str,
    second: &'static str,
}

impl<'kernel> Init<'kernel> {
    pub(crate) fn new(bootloader: &'static str, declaration: &'kernel mut Declaration) -> Self {
        Init {
            bootloader,
            declaration,
        }
    }

    /// Declares a config section; `Arc<T>` can then be injected.
    pub fn config<T: Section>(&mut self) -> &mut Self {
        let section = SectionReader::of::<T>(self.bootloader);
        let sections = &self.declaration.sections;
        match sections.iter().find(|other| other.name == section.name) {
            Some(first) => self.twice("config section", T::NAME, first.bootloader),
            None => self.declaration.sections.push(section),
        }
        self
    }

    /// Binds a component to its interface: one for the whole application, built on first use.
    pub fn bind<C: Component<Container>>(&mut self) -> &mut Self {
        self.declaration.bindings.bind::<C>(self.bootloader);
        self
    }

    /// Binds a component with values for its fields that are not injected.
    pub fn bind_with<C: Component<Container>>(
        &mut self,
        parameters: impl Fn() -> C::Parameters + Send + Sync + 'static,
    ) -> &mut Self {
        let bindings = &mut self.declaration.bindings;
        bindings.bind_with::<C>(self.bootloader, parameters);
        self
    }

    /// Binds a value that is there already.
    pub fn instance<I: Interface + ?Sized>(&mut self, value: Arc<I>) -> &mut Self {
        let bindings = &mut self.declaration.bindings;
        bindings.instance::<I>(self.bootloader, value);
        self
    }

    /// Binds a closure that makes the value, on first use, from what it resolves.
    pub fn factory<I: Interface + ?Sized>(
        &mut self,
        make: impl Fn(&mut Resolver<'_>) -> Result<Arc<I>, BoxError> + Send + Sync + 'static,
    ) -> &mut Self {
        let bindings = &mut self.declaration.bindings;
        bindings.factory::<I>(self.bootloader, make);
        self
    }

    /// Adds a component to the ordered list of its interface, injected as `Vec<Arc<dyn I>>`.
    pub fn extend<C: Component<Container>>(&mut self) -> &mut Self {
        self.declaration.bindings.extend::<C>(self.bootloader);
        self
    }

    /// Wraps what is bound to `I`, whoever bound it.
    pub fn decorate<I: Interface + ?Sized>(
        &mut self,
        wrap: impl Fn(Arc<I>, &mut Resolver<'_>) -> Result<Arc<I>, BoxError> + Send + Sync + 'static,
    ) -> &mut Self {
        let bindings = &mut self.declaration.bindings;
        bindings.decorate::<I>(self.bootloader, wrap);
        self
    }

    /// Binds a component in the place of what an earlier bootloader bound.
    pub fn rebind<C: Component<Container>>(&mut self) -> &mut Self {
        self.declaration.bindings.rebind::<C>(self.bootloader);
        self
    }

    /// Adds a console command. The component is built when the command is called, not before.
    pub fn command<C>(&mut self) -> &mut Self
    where
        C: Command + Component<Container, Interface = dyn DynCommand>,
    {
        let commands = &self.declaration.commands;
        match commands.iter().find(|other| other.name == C::NAME) {
            Some(first) => self.twice("command", C::NAME, first.bootloader),
            None => {
                let entry = CommandEntry::of::<C>(self.bootloader);
                self.declaration.commands.push(entry);
            }
        }
        self
    }

    /// Serves a gRPC service by this component. It is not bound under the interface: that is the client's name.
    pub fn serve<C>(&mut self) -> &mut Self
    where
        C: Component<Container>,
        C::Interface: Service,
    {
        let name = <C::Interface as Service>::NAME;
        match self.declaration.services.bootloader_of(name) {
            Some(first) => self.twice("service", name, first),
            None => self.declaration.services.add::<C>(self.bootloader),
        }
        self
    }

    /// Puts a tower layer around every served call; the first declared is the outermost.
    pub fn layer<L, B>(&mut self, layer: L) -> &mut Self
    where
        L: Layer<Routes> + Clone + Send + Sync + 'static,
        L::Service: RoutedBy<B>,
        B: ResponseBody,
    {
        self.declaration.services.add_layer(layer);
        self
    }

    /// Binds the interface of a service to its client, connected as the section `T` says.
    pub fn client<I, T>(&mut self, config: fn(&T) -> &ClientConfig) -> &mut Self
    where
        I: Service + ?Sized,
        T: Section,
    {
        self.factory::<I>(move |resolver| {
            let section = resolver.get::<T>();
            let connect = resolver.get::<dyn Connect>();
            let target = Target {
                service: I::NAME,
                variable: I::HOST_VARIABLE,
            };
            Ok(I::client(connect.connect(target, config(&section))?))
        })
    }

    fn twice(&mut self, what: &'static str, name: &'static str, first: &'static str) {
        self.declaration.errors.push(DeclareError {
            what,
            name,
            first,
            second: self.bootloader,
        });
    }
}

impl fmt::Debug for Init<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Init")
            .field("bootloader", &self.bootloader)
            .finish_non_exhaustive()
    }
}
