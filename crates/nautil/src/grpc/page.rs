//! Pages of the management port, as components.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use nautil_grpc::server::{self, PageError, PageRequest, PageResponse};
use shaku::{Component, Interface};

use crate::container::{Container, MakeComponent, ResolveError};

/// A page of the management port, for those who look after the server: GET and HEAD on its path.
///
/// It runs on a thread of its own, so that it never holds up a probe. A page that panics answers 500. One that takes longer than
/// `server.management.page_timeout` answers 503.
///
/// ```
/// use std::sync::Arc;
///
/// use nautil::container::Component;
/// use nautil::grpc::server::{PageRequest, PageResponse, ServerConfig, text};
/// use nautil::grpc::{DynPage, Page};
///
/// #[derive(Component)]
/// #[shaku(interface = DynPage)]
/// struct WorkersPage { #[shaku(inject)] config: Arc<ServerConfig> }
///
/// impl Page for WorkersPage {
///     const PATH: &'static str = "/workers";
///     const ABOUT: &'static str = "How many workers the config asks for";
///
///     async fn answer(&self, _: PageRequest) -> PageResponse {
///         text(format!("{}\n", self.config.workers))
///     }
/// }
///
/// // A bootloader says `init.page::<WorkersPage>()`. In a test:
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let config = ServerConfig { workers: 4, ..ServerConfig::default() };
/// let page = WorkersPage { config: Arc::new(config) };
/// assert_eq!(page.answer(PageRequest::new(())).await.body(), "4\n");
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a page of the management port",
    note = "a page has a `PATH`, an `ABOUT`, and an `async fn answer`"
)]
pub trait Page: Send + Sync + 'static {
    /// The path of the page, which begins with `/`. No two pages have the same path.
    const PATH: &'static str;

    /// What the index of the port says of the page.
    const ABOUT: &'static str;

    /// Answers a request with the method GET or HEAD.
    fn answer(&self, request: PageRequest) -> impl Future<Output = PageResponse> + Send;
}

/// Any [`Page`]: the interface under which pages are components.
pub trait DynPage: Interface {
    /// Answers a request.
    fn respond<'page>(
        &'page self,
        request: PageRequest,
    ) -> Pin<Box<dyn Future<Output = PageResponse> + Send + 'page>>;
}

impl<P: Page> DynPage for P {
    fn respond<'page>(
        &'page self,
        request: PageRequest,
    ) -> Pin<Box<dyn Future<Output = PageResponse> + Send + 'page>> {
        Box::pin(self.answer(request))
    }
}

/// Every page that bootloaders declared.
#[derive(Default)]
pub(crate) struct Pages(Vec<PageEntry>);

struct PageEntry {
    path: &'static str,
    about: &'static str,
    bootloader: &'static str,
    make: MakeComponent<dyn DynPage>,
}

impl Pages {
    /// Adds a page; where its path is taken, the bootloader that has it is the error.
    pub(crate) fn add<C>(&mut self, bootloader: &'static str) -> Result<(), &'static str>
    where
        C: Page + Component<Container, Interface = dyn DynPage>,
    {
        if let Some(first) = self.0.iter().find(|entry| entry.path == C::PATH) {
            return Err(first.bootloader);
        }
        self.0.push(PageEntry {
            path: C::PATH,
            about: C::ABOUT,
            bootloader,
            make: |container, bootloader| container.make::<C>(bootloader),
        });
        Ok(())
    }

    /// Builds every page, and returns what cannot be built.
    pub(crate) fn check(&self, container: &Container) -> Vec<ResolveError> {
        let made = self.0.iter().map(|entry| entry.make(container));
        made.filter_map(Result::err).collect()
    }

    /// The table for the server.
    ///
    /// # Errors
    /// The first page that cannot be built.
    pub(crate) fn table(&self, container: &Container) -> Result<server::Pages, PagesError> {
        let mut table = server::Pages::default();
        for entry in &self.0 {
            let page = entry.make(container)?;
            table.add(entry.path, entry.about, move |request| {
                let page = Arc::clone(&page);
                async move { page.respond(request).await }
            })?;
        }
        Ok(table)
    }
}

impl PageEntry {
    fn make(&self, container: &Container) -> Result<Arc<dyn DynPage>, ResolveError> {
        (self.make)(container, self.bootloader)
    }
}

/// Why there is no table of pages.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PagesError {
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    #[error(transparent)]
    Page(#[from] PageError),
}

impl fmt::Debug for Pages {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths = self.0.iter().map(|entry| entry.path);
        formatter.debug_list().entries(paths).finish()
    }
}
