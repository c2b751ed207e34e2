//! Who a call is made for, once something has found that out.

/// Who a call is made for: what an interceptor found out by a token, a key or a certificate. An interceptor keeps it with the call, and
/// handlers read it; what more is known of it is kept beside it, by [`Context::insert`](super::Context::insert).
///
/// ```
/// use nautil_grpc::{Context, Principal};
///
/// fn is_admin(context: &Context) -> bool {
///     context.principal().is_some_and(|principal| principal.has_role("admin"))
/// }
///
/// let principal = Principal::new("ada", "jwt").with_roles(["admin"]);
/// assert_eq!((principal.name(), principal.scheme()), ("ada", "jwt"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    name: String,
    scheme: &'static str,
    roles: Vec<String>,
}

impl Principal {
    /// Who it is, and by what that is known: `jwt`, `certificate`.
    pub fn new(name: impl Into<String>, scheme: &'static str) -> Self {
        Self {
            name: name.into(),
            scheme,
            roles: Vec::new(),
        }
    }

    /// What it may be taken for.
    #[must_use]
    pub fn with_roles<R: Into<String>>(mut self, roles: impl IntoIterator<Item = R>) -> Self {
        self.roles.extend(roles.into_iter().map(Into::into));
        self
    }

    /// Who it is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// By what that is known.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// What it may be taken for.
    #[must_use]
    pub fn roles(&self) -> &[String] {
        &self.roles
    }

    /// Whether it has this role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|own| own == role)
    }
}
