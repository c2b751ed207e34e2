//! The condition under which a bootloader is part of the application.

use std::fmt;

use crate::environment::Environment;

/// What the environment must say for a bootloader to be enabled.
///
/// ```
/// use nautil::bootloader::Condition;
///
/// let only_here = Condition::environment(["local", "testing"]);
/// let on_demand = Condition::variable("RATES_CACHE", "on");
/// assert_eq!(only_here.to_string(), "APP_ENV is local or testing");
/// assert_eq!(on_demand.to_string(), "RATES_CACHE is on");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    variable: Variable,
    values: Vec<String>,
    wanted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Variable {
    AppEnv,
    Named(String),
}

impl Condition {
    /// The bootloader is enabled where `APP_ENV` is one of these names.
    pub fn environment<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self::of(Variable::AppEnv, names, true)
    }

    /// The bootloader is enabled where `APP_ENV` is none of these names.
    pub fn not_environment<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self::of(Variable::AppEnv, names, false)
    }

    /// The bootloader is enabled where the variable has exactly this value.
    pub fn variable(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self::of(Variable::Named(name.into()), [value], true)
    }

    fn of<N: Into<String>>(
        variable: Variable,
        values: impl IntoIterator<Item = N>,
        wanted: bool,
    ) -> Self {
        Condition {
            variable,
            values: values.into_iter().map(Into::into).collect(),
            wanted,
        }
    }

    /// Returns why the bootloader is skipped, or `None` where it is enabled.
    pub(crate) fn refusal(&self, environment: &Environment) -> Option<String> {
        let found = match &self.variable {
            Variable::AppEnv => Ok(Some(environment.name())),
            Variable::Named(name) => environment.value(name),
        };
        let Ok(found) = found else {
            let name = self.variable.name();
            return Some(format!("{name} is not UTF-8; enabled when {self}"));
        };
        let listed = found.is_some_and(|found| self.values.iter().any(|value| value == found));
        if listed == self.wanted {
            return None;
        }
        let found = found.map_or_else(|| "is not set".to_owned(), |found| format!("is {found}"));
        Some(format!(
            "{} {found}; enabled when {self}",
            self.variable.name()
        ))
    }
}

impl Variable {
    fn name(&self) -> &str {
        match self {
            Variable::AppEnv => "APP_ENV",
            Variable::Named(name) => name,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = if self.wanted { "" } else { "not " };
        let name = self.variable.name();
        write!(formatter, "{name} is {not}{}", self.values.join(" or "))
    }
}
