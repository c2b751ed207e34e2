//! One request, sent until a server has it.
//!
//! What no server processed is sent again, as gRPC has it (gRFC A6, "transparent retries"): a request that never left, one
//! on a stream that the server refused, and one on a stream beyond the last that a server which goes away promises to
//! answer. All else may have been processed, and is never sent twice.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use h2::{Reason, RecvStream};
use http::request::Parts;
use http::{Request, Response};

use super::outgoing::{Outgoing, Sending, poll_room};
use super::pool::Pool;
use super::slot::{Connection, Unconnected};

/// How often a request is sent at most, or a connection tried for it.
const MAX_SENDINGS: u32 = 5;

/// A server that refuses a stream may be busy, so it is asked once more only (gRFC A6).
const MAX_REFUSALS: u32 = 2;

/// The headers of a response, and the caller's stream while it is still being sent.
pub(super) type ResponseHead = (Response<RecvStream>, Option<Sending>);

/// Why a request has no answer, however often it was sent.
#[derive(Debug)]
pub(super) enum SendError {
    /// There is no connection.
    Unconnected(Unconnected),
    /// The stream or the connection broke.
    Broken(h2::Error),
}

/// Why one sending has no answer.
struct Failed {
    error: h2::Error,
    processed: Processed,
}

/// Whether a server can have processed a request that has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Processed {
    Maybe,
    /// It never left, or the server went away before it.
    Never,
    /// The server refused it.
    Refused,
}

/// Sends a request, and awaits the headers of its response.
pub(super) async fn send(
    pool: &Arc<Pool>,
    parts: Parts,
    outgoing: &Outgoing,
) -> Result<ResponseHead, SendError> {
    let mut sendings = 0;
    let mut refusals = 0;
    loop {
        sendings += 1;
        let is_last = sendings == MAX_SENDINGS;
        let mut connection = match pool.connection().await {
            Ok(connection) => connection,
            Err(error) if error.error().is_hang_up() && !is_last => continue,
            Err(error) => return Err(SendError::Unconnected(error)),
        };
        let failed = match send_once(&mut connection, parts.clone(), outgoing).await {
            Ok(answer) => return Ok(answer),
            Err(failed) => failed,
        };
        if connection.is_over() {
            pool.broken(&connection);
        }
        let may_be_sent = match failed.processed {
            Processed::Maybe => false,
            Processed::Never => true,
            Processed::Refused => {
                refusals += 1;
                refusals < MAX_REFUSALS
            }
        };
        let is_whole = || match outgoing {
            Outgoing::Message(_) => true,
            Outgoing::Stream(source) => source.rewind(),
        };
        if is_last || !may_be_sent || !is_whole() {
            return Err(SendError::Broken(failed.error));
        }
        tracing::debug!(error = %failed.error, "a request that no server processed is sent again");
    }
}

async fn send_once(
    connection: &mut Connection,
    parts: Parts,
    outgoing: &Outgoing,
) -> Result<ResponseHead, Failed> {
    let request = Request::from_parts(parts, ());
    let (mut response, mut stream) = match connection.sender.send_request(request, false) {
        Ok(opened) => opened,
        Err(error) => {
            // What is wrong with the request itself would be wrong with the next, too.
            let processed = if connection.is_over() {
                Processed::Never
            } else {
                Processed::Maybe
            };
            return Err(Failed { error, processed });
        }
    };
    match outgoing {
        Outgoing::Stream(source) => {
            let sending = source.send(stream);
            match response.await {
                Ok(response) => {
                    source.forget();
                    Ok((response, Some(sending)))
                }
                Err(error) => Err(Failed {
                    processed: processed(&error),
                    error,
                }),
            }
        }
        Outgoing::Message(message) => {
            // The message waits until the stream is open: until then it is known not to have left.
            let mut unsent = Some(message);
            let answered = poll_fn(|context| {
                // Where the stream is over, the response says why.
                if let Some(message) = unsent
                    && let Poll::Ready(true) = poll_room(&mut stream, message.len(), context)
                    && stream.send_data(message.clone(), true).is_ok()
                {
                    unsent = None;
                }
                Pin::new(&mut response).poll(context)
            });
            answered
                .await
                .map(|response| (response, None))
                .map_err(|error| Failed {
                    processed: match processed(&error) {
                        // Headers without their message are no call.
                        Processed::Maybe if unsent.is_some() && !error.is_reset() => {
                            Processed::Never
                        }
                        processed => processed,
                    },
                    error,
                })
        }
    }
}

/// What the error of an open stream says.
fn processed(error: &h2::Error) -> Processed {
    if !error.is_remote() {
        return Processed::Maybe;
    }
    match error.reason() {
        Some(Reason::REFUSED_STREAM) if error.is_reset() => Processed::Refused,
        // An open stream hears of a GOAWAY only where it is beyond the last that is answered.
        Some(Reason::NO_ERROR) if error.is_go_away() => Processed::Never,
        _ => Processed::Maybe,
    }
}
