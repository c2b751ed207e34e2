//! The pages of the management port: a table of paths that features fill.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::{Frame, SizeHint};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tonic::body::Body;
use tracing::{error, warn};

use super::aside::{Aside, Outcome};
use super::reply::{Reply, http_status};

/// What a page is asked: a GET or HEAD, with its query and its headers.
pub type PageRequest = Request<()>;

/// What a page answers. [`text`] makes one.
pub type PageResponse = Response<Bytes>;

type PageFuture = Pin<Box<dyn Future<Output = PageResponse> + Send>>;
type Handler = Arc<dyn Fn(PageRequest) -> PageFuture + Send + Sync>;

/// How many may be answered by one page at a time; one more is told to come back. A page whose handler blocks holds no more
/// threads than this.
const PLACES: usize = 8;

const PLAIN_TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Pages by their paths, for GET and HEAD on the management port.
///
/// A handler runs on a thread for blocking work, eight at a time for each page. One that panics answers 500, and one that takes
/// longer than `server.management.page_timeout` 503; neither holds up health, metrics or another page.
///
/// ```
/// use nautil_grpc::server::{Pages, text};
///
/// let mut pages = Pages::default();
/// pages.add("/version", "The version of this server", |_request| async { text("1.2.3\n") })?;
///
/// let error = pages.add("version", "The same", |_| async { text("") }).unwrap_err();
/// assert_eq!(error.to_string(), "page `version`: a path begins with `/`");
/// # Ok::<(), nautil_grpc::server::PageError>(())
/// ```
#[derive(Clone, Default)]
pub struct Pages(Vec<Page>);

/// Why a page cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The path does not begin as paths do.
    #[error("page `{path}`: a path begins with `/`")]
    Relative {
        /// What was asked for.
        path: String,
    },
    /// The path has a query, a fragment, or what no path has.
    #[error("page `{path}`: a path has no query, no fragment and no blanks")]
    Malformed {
        /// What was asked for.
        path: String,
    },
    /// There is a page of this path.
    #[error("page `{path}` is there already")]
    Taken {
        /// What was asked for.
        path: String,
    },
}

#[derive(Clone)]
struct Page {
    path: String,
    about: String,
    handler: Handler,
    runs: Runs,
}

/// Where a handler runs.
#[derive(Clone)]
enum Runs {
    /// On the thread of the port: the server's own, which neither wait nor panic.
    Here,
    /// On a thread of its own, while there are places.
    Aside(Arc<Semaphore>),
}

/// An answer of plain text, with status 200.
#[must_use]
pub fn text(text: impl Into<Bytes>) -> PageResponse {
    let mut response = Response::new(text.into());
    response.headers_mut().insert(CONTENT_TYPE, PLAIN_TEXT);
    response
}

impl Pages {
    /// The paths of the server's own pages, which no other page can have.
    pub const OWN: [&'static str; 4] = ["/", "/livez", "/metrics", "/readyz"];

    /// Whether a page can have this path, as far as the path alone says.
    ///
    /// # Errors
    /// [`PageError::Relative`] and [`PageError::Malformed`].
    pub fn check(path: &str) -> Result<(), PageError> {
        let owned = || path.to_owned();
        if !path.starts_with('/') {
            return Err(PageError::Relative { path: owned() });
        }
        let parsed = path.parse::<PathAndQuery>();
        if !parsed.is_ok_and(|parsed| parsed.as_str() == path && parsed.query().is_none()) {
            return Err(PageError::Malformed { path: owned() });
        }
        Ok(())
    }

    /// Adds a page. `about` is its line in the index, which is the page `/`.
    ///
    /// # Errors
    /// A path that is none, or that another page has; the pages of [`Pages::OWN`] are always there.
    pub fn add<H, F>(&mut self, path: &str, about: &str, handler: H) -> Result<(), PageError>
    where
        H: Fn(PageRequest) -> F + Send + Sync + 'static,
        F: Future<Output = PageResponse> + Send + 'static,
    {
        Self::check(path)?;
        if Self::OWN.contains(&path) || self.find(path).is_some() {
            let path = path.to_owned();
            return Err(PageError::Taken { path });
        }
        self.0.push(Page {
            path: path.to_owned(),
            about: about.to_owned(),
            handler: Arc::new(move |request| Box::pin(handler(request))),
            runs: Runs::Aside(Arc::new(Semaphore::new(PLACES))),
        });
        Ok(())
    }

    /// Adds a page of the server's own, whose answer is there at once.
    pub(super) fn add_own(
        &mut self,
        path: &'static str,
        about: &str,
        answer: impl Fn() -> PageResponse + Send + Sync + 'static,
    ) {
        self.0.push(Page {
            path: path.to_owned(),
            about: about.to_owned(),
            handler: Arc::new(move |_| Box::pin(std::future::ready(answer()))),
            runs: Runs::Here,
        });
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.find(path).is_some()
    }

    /// Each path with what is there.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|page| (&*page.path, &*page.about))
    }

    /// Answers a request, on `runtime` where the page is an application's. It may take up to `limit`.
    pub(super) fn handle(
        &self,
        request: &Request<Body>,
        runtime: &Handle,
        limit: Duration,
    ) -> Reply {
        let Some(page) = self.find(request.uri().path()) else {
            return http_status(StatusCode::NOT_FOUND, "there is no such page\n");
        };
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Box::pin(async {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
                let allowed = HeaderValue::from_static("GET, HEAD");
                response.headers_mut().insert(ALLOW, allowed);
                response
            });
        }
        let is_head = request.method() == Method::HEAD;
        let mut asked = Request::new(());
        *asked.method_mut() = request.method().clone();
        *asked.uri_mut() = request.uri().clone();
        *asked.headers_mut() = request.headers().clone();
        let (page, runtime) = (page.clone(), runtime.clone());
        Box::pin(async move {
            let response = page.answer(asked, &runtime, limit).await;
            if is_head {
                return without_body(response);
            }
            response.map(|body| Body::new(Whole(Some(body))))
        })
    }

    fn find(&self, path: &str) -> Option<&Page> {
        self.0.iter().find(|page| page.path == path)
    }
}

impl Page {
    /// Answers, whatever the handler does.
    async fn answer(self, request: PageRequest, runtime: &Handle, limit: Duration) -> PageResponse {
        let Self {
            path,
            handler,
            runs,
            ..
        } = self;
        let Runs::Aside(places) = runs else {
            return handler(request).await;
        };
        let Ok(place) = places.try_acquire_owned() else {
            warn!(
                path,
                "a page of the management port is asked more often than it answers"
            );
            return fault(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many ask for this page at once",
            );
        };
        let mut answer = Aside::run(runtime, move || async move {
            // Held until the handler has left its thread, whoever still waits.
            let _place = place;
            handler(request).await
        });
        match answer.within(limit).await {
            Outcome::Done(response) => response,
            Outcome::Panicked(panic) => {
                error!(path, panic, "a page of the management port panicked");
                fault(StatusCode::INTERNAL_SERVER_ERROR, "the page panicked")
            }
            Outcome::Late => {
                warn!(
                    path,
                    ?limit,
                    "a page of the management port took too long (`server.management.page_timeout`)"
                );
                fault(StatusCode::SERVICE_UNAVAILABLE, "the page took too long")
            }
        }
    }
}

fn fault(status: StatusCode, words: &'static str) -> PageResponse {
    let mut response = text(format!("{words}\n"));
    *response.status_mut() = status;
    response
}

/// What HEAD hears: all but the body, which is measured.
fn without_body(response: PageResponse) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    let length = HeaderValue::from(body.len());
    head.headers.insert(CONTENT_LENGTH, length);
    Response::from_parts(head, Body::empty())
}

/// A body that is there at once.
#[derive(Debug)]
struct Whole(Option<Bytes>);

impl http_body::Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|body| Ok(Frame::data(body))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, Bytes::len) as u64)
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.iter()).finish()
    }
}
