//! The list of bootloaders that a kernel writes down.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

use super::{Bootloader, Condition, name};

/// The bootloaders of a kernel, in the order in which it lists them. A dependency moves before what depends on it.
///
/// ```
/// use nautil::bootloader::Condition;
/// use nautil::{Bootloader, Bootloaders};
///
/// #[derive(PartialEq)]
/// struct RatesBootloader { cached: bool }
/// impl Bootloader for RatesBootloader {}
///
/// #[derive(PartialEq)]
/// struct FakeRatesBootloader;
/// impl Bootloader for FakeRatesBootloader {}
///
/// let bootloaders = Bootloaders::new()
///     .with(RatesBootloader { cached: true })
///     .with_if(Condition::environment(["testing"]), FakeRatesBootloader);
/// assert_eq!(format!("{bootloaders:?}"), r#"["RatesBootloader", "FakeRatesBootloader"]"#);
/// ```
#[derive(Default)]
pub struct Bootloaders {
    pub(crate) listed: Vec<Listed>,
}

/// One bootloader as the kernel mentions it.
pub(crate) struct Listed {
    pub(crate) id: TypeId,
    pub(crate) name: &'static str,
    pub(crate) bootloader: Arc<dyn Bootloader>,
    pub(crate) condition: Option<Condition>,
    same: fn(&dyn Any, &dyn Any) -> bool,
}

impl Bootloaders {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a bootloader. One of the same type may be listed already: if the two are equal, the second is dropped; if they
    /// differ, the application does not start.
    #[must_use]
    pub fn with<B: Bootloader + PartialEq>(self, bootloader: B) -> Self {
        self.add(bootloader, None)
    }

    /// Adds a bootloader that is part of the application only where the environment fulfils a condition. `kernel:bootloaders`
    /// shows why one is skipped.
    #[must_use]
    pub fn with_if<B: Bootloader + PartialEq>(self, condition: Condition, bootloader: B) -> Self {
        self.add(bootloader, Some(condition))
    }

    fn add<B: Bootloader + PartialEq>(
        mut self,
        bootloader: B,
        condition: Option<Condition>,
    ) -> Self {
        self.listed.push(Listed {
            id: TypeId::of::<B>(),
            name: name::<B>(),
            bootloader: Arc::new(bootloader),
            condition,
            same: |a, b| match (a.downcast_ref::<B>(), b.downcast_ref::<B>()) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        });
        self
    }

    /// Returns the list with the bootloaders of `other` behind its own.
    #[must_use]
    pub fn followed_by(mut self, other: Bootloaders) -> Self {
        self.listed.extend(other.listed);
        self
    }
}

impl Listed {
    /// Whether this mention says the same as an earlier one.
    pub(crate) fn repeats(&self, earlier: &Listed) -> bool {
        let (this, that): (&dyn Any, &dyn Any) = (&*self.bootloader, &*earlier.bootloader);
        (self.same)(this, that) && self.condition == earlier.condition
    }
}

impl fmt::Debug for Bootloaders {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.listed.iter().map(|listed| listed.name);
        formatter.debug_list().entries(names).finish()
    }
}

impl fmt::Debug for Listed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}
