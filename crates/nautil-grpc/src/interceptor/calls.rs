//! Which calls an interceptor is for.

use super::Side;
use crate::{Method, MethodPattern};

/// Which calls an interceptor is for.
///
/// ```
/// use nautil_grpc::{Calls, MethodPattern};
///
/// # fn main() -> Result<(), nautil_grpc::MethodPatternError> {
/// // All that are served; all that are made; both.
/// let (served, made, all) = (Calls::served(), Calls::made(), Calls::all());
///
/// // Those of one method, and of another service.
/// let calls = Calls::served()
///     .of("currency.CurrencyRateService/GetRate".parse()?)
///     .of("library.v1.LibraryService/*".parse()?);
/// # drop((served, made, all, calls));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calls {
    /// Nothing for both.
    side: Option<Side>,
    /// Nothing for every method.
    patterns: Option<Vec<MethodPattern>>,
}

impl Calls {
    /// All calls that the server answers, except those of health and reflection, which are named where they are meant.
    #[must_use]
    pub fn served() -> Self {
        Self {
            side: Some(Side::Server),
            patterns: None,
        }
    }

    /// All calls that clients make.
    #[must_use]
    pub fn made() -> Self {
        Self {
            side: Some(Side::Client),
            patterns: None,
        }
    }

    /// Both.
    #[must_use]
    pub fn all() -> Self {
        Self {
            side: None,
            patterns: None,
        }
    }

    /// Only those of this pattern, beside those of the patterns that were named before.
    #[must_use]
    pub fn of(mut self, pattern: MethodPattern) -> Self {
        self.patterns.get_or_insert_default().push(pattern);
        self
    }

    /// None but those for which the config names the interceptor.
    #[must_use]
    pub fn configured(mut self) -> Self {
        self.patterns.get_or_insert_default();
        self
    }

    /// Whether they are none but those for which the config names the interceptor.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.patterns.as_ref().is_some_and(Vec::is_empty)
    }

    /// The methods that are named; nothing for all.
    #[must_use]
    pub fn patterns(&self) -> Option<&[MethodPattern]> {
        self.patterns.as_deref()
    }

    /// Whether they are calls of this side.
    #[must_use]
    pub fn on(&self, side: Side) -> bool {
        self.side.is_none_or(|own| own == side)
    }

    /// Whether they name this method.
    #[must_use]
    pub fn name(&self, method: &Method) -> bool {
        let mut patterns = self.patterns.iter().flatten();
        patterns.any(|pattern| pattern.matches(method))
    }

    /// Whether calls of this method are among them, on this side.
    #[must_use]
    pub fn have(&self, side: Side, method: &Method) -> bool {
        self.on(side) && (self.patterns.is_none() || self.name(method))
    }
}
