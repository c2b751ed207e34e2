//! What bootloaders declare, kept by its type until it is bound in the container.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{Boot, BoxError};
use crate::config::SectionReader;
use crate::container::Bindings;

/// What all bootloaders declared.
#[derive(Default)]
pub(crate) struct Declarations {
    pub(crate) bindings: Bindings,
    pub(crate) sections: Vec<SectionReader>,
    pub(crate) factories: Vec<AsyncFactory>,
    /// One value of each type, in the order of first declaration. There are few, and a short list is searched faster than a map.
    declared: Vec<Declaration>,
    pub(crate) errors: Vec<DeclareError>,
}

/// What [`Init::async_factory`](super::Init::async_factory) declared: it makes a value in the phase `boot`, before the `boot`
/// of its bootloader runs.
pub(crate) struct AsyncFactory {
    pub(crate) bootloader: &'static str,
    pub(crate) make: MakeInBoot,
}

type MakeInBoot = Box<dyn FnOnce(Boot) -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync>;

/// What all bootloaders declared of one type, with the name of the bootloader that declared it first.
struct Declaration {
    bootloader: &'static str,
    value: Box<dyn AnyDeclaration>,
}

/// A declared value whose type is erased.
trait AnyDeclaration: Any + Send + Sync {
    /// Binds the value to its own type.
    fn bind(self: Box<Self>, bootloader: &'static str, bindings: &mut Bindings);
}

/// A declaration that cannot stand.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeclareError {
    #[error(
        "{what} `{name}` is declared twice: by bootloader `{first}` and by bootloader `{second}`"
    )]
    Twice {
        what: &'static str,
        name: String,
        first: &'static str,
        second: &'static str,
    },
    #[error("bootloader `{bootloader}` declares what cannot be")]
    Refused {
        bootloader: &'static str,
        source: BoxError,
    },
}

impl<T: Any + Send + Sync> AnyDeclaration for T {
    fn bind(self: Box<Self>, bootloader: &'static str, bindings: &mut Bindings) {
        bindings.instance::<T>(bootloader, Arc::from(self));
    }
}

impl Declarations {
    /// The declared value of this type. It is made now if there was none.
    pub(crate) fn declare<T: Default + Any + Send + Sync>(
        &mut self,
        bootloader: &'static str,
    ) -> &mut T {
        let index = match self.position::<T>() {
            Some(index) => index,
            None => {
                self.declared.push(Declaration {
                    bootloader,
                    value: Box::new(T::default()),
                });
                self.declared.len() - 1
            }
        };
        let value: &mut dyn Any = &mut *self.declared[index].value;
        value
            .downcast_mut()
            .expect("it was found, or made, by this type")
    }

    /// The declared value of this type, if a bootloader declared one.
    pub(crate) fn get<T: Any>(&self) -> Option<&T> {
        let index = self.position::<T>()?;
        let value: &dyn Any = &*self.declared[index].value;
        value.downcast_ref()
    }

    /// Ends the declarations, and binds each declared value to its type.
    pub(crate) fn seal(self) -> (Bindings, Vec<SectionReader>, Vec<AsyncFactory>) {
        let mut bindings = self.bindings;
        for Declaration { bootloader, value } in self.declared {
            value.bind(bootloader, &mut bindings);
        }
        (bindings, self.sections, self.factories)
    }

    fn position<T: Any>(&self) -> Option<usize> {
        let wanted = TypeId::of::<T>();
        let id = |declared: &Declaration| {
            // Through the box: the box itself is `Any` too, and has another type.
            let value: &dyn Any = &*declared.value;
            value.type_id()
        };
        self.declared
            .iter()
            .position(|declared| id(declared) == wanted)
    }
}

impl fmt::Debug for Declarations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Declarations")
            .field("bindings", &self.bindings)
            .field("sections", &self.sections.len())
            .field("declared", &self.declared.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AsyncFactory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("AsyncFactory")
            .field(&self.bootloader)
            .finish()
    }
}
