//! What bootloaders declare, kept by its type until the container has it.

use std::any::{Any, TypeId};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use super::{Boot, BoxError};
use crate::config::SectionReader;
use crate::container::Bindings;

/// What all bootloaders declared.
#[derive(Default)]
pub(crate) struct Declarations {
    pub(crate) bindings: Bindings,
    pub(crate) sections: Vec<SectionReader>,
    pub(crate) makers: Vec<Maker>,
    /// One of each type, in the order of their first declaration. There are few: a list is searched faster than a map.
    kept: Vec<Kept>,
    pub(crate) errors: Vec<DeclareError>,
}

/// What a bootloader makes in the phase `boot`, before its own `boot` runs.
pub(crate) struct Maker {
    pub(crate) bootloader: &'static str,
    pub(crate) make: Make,
}

type Make = Box<dyn FnOnce(Boot) -> Making + Send + Sync>;
type Making = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// Declarations of one type, with the bootloader that made the first.
struct Kept {
    bootloader: &'static str,
    value: Box<dyn Declared>,
}

/// A declaration whose type is not known any more.
trait Declared: Any + Send + Sync {
    /// Binds it to its type.
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

impl<T: Any + Send + Sync> Declared for T {
    fn bind(self: Box<Self>, bootloader: &'static str, bindings: &mut Bindings) {
        bindings.instance::<T>(bootloader, Arc::from(self));
    }
}

impl Declarations {
    /// The one of this type, made now if there was none.
    pub(crate) fn declare<T: Default + Any + Send + Sync>(
        &mut self,
        bootloader: &'static str,
    ) -> &mut T {
        let index = match self.position::<T>() {
            Some(index) => index,
            None => {
                self.kept.push(Kept {
                    bootloader,
                    value: Box::new(T::default()),
                });
                self.kept.len() - 1
            }
        };
        let value: &mut dyn Any = &mut *self.kept[index].value;
        value
            .downcast_mut()
            .expect("it was found, or made, by this type")
    }

    /// The one of this type, where a bootloader declared it.
    pub(crate) fn get<T: Any>(&self) -> Option<&T> {
        let index = self.position::<T>()?;
        let value: &dyn Any = &*self.kept[index].value;
        value.downcast_ref()
    }

    /// Ends the declarations: whatever was kept is bound to its type from now on.
    pub(crate) fn seal(self) -> (Bindings, Vec<SectionReader>, Vec<Maker>) {
        let mut bindings = self.bindings;
        for kept in self.kept {
            kept.value.bind(kept.bootloader, &mut bindings);
        }
        (bindings, self.sections, self.makers)
    }

    fn position<T: Any>(&self) -> Option<usize> {
        let wanted = TypeId::of::<T>();
        let id = |kept: &Kept| {
            let value: &dyn Any = &*kept.value;
            value.type_id()
        };
        self.kept.iter().position(|kept| id(kept) == wanted)
    }
}

impl fmt::Debug for Declarations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Declarations")
            .field("bindings", &self.bindings)
            .field("sections", &self.sections.len())
            .field("kept", &self.kept.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Maker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Maker")
            .field(&self.bootloader)
            .finish()
    }
}
