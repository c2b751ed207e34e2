//! Streams of messages, for responses and requests, without another crate.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tonic::Status;

use crate::BoxStream;

/// A stream of messages that are there already.
///
/// ```
/// # use nautil_grpc::{BoxStream, Response, Status};
/// async fn list() -> Result<Response<BoxStream<String>>, Status> {
///     let names = vec!["TRYUSD".to_owned(), "EURUSD".to_owned()];
///     Ok(Response::new(nautil_grpc::messages::iter(names)))
/// }
/// ```
pub fn iter<T, I>(messages: I) -> BoxStream<T>
where
    I: IntoIterator<Item = T, IntoIter: Send + 'static>,
    T: Send + 'static,
{
    let messages = messages.into_iter().map(Ok);
    Box::pin(futures_util::stream::iter(messages))
}

/// A stream of the messages that `produce` sends, one after the other, as fast as they are read. Where it returns an error, the
/// stream ends with that. It runs only while the stream is read, and is dropped with it.
///
/// ```
/// # use std::time::Duration;
/// # use nautil_grpc::{BoxStream, Response, Status};
/// use nautil_grpc::messages;
///
/// async fn count(upto: u32) -> Result<Response<BoxStream<u32>>, Status> {
///     Ok(Response::new(messages::produce(async move |mut out| {
///         for number in 1..=upto {
///             out.send(number).await;
///             tokio::time::sleep(Duration::from_millis(1)).await;
///         }
///         Err(Status::out_of_range("there are no more"))
///     })))
/// }
/// ```
pub fn produce<T, F, R>(produce: F) -> BoxStream<T>
where
    F: FnOnce(Sender<T>) -> R,
    R: Future<Output = Result<(), Status>> + Send + 'static,
    T: Send + 'static,
{
    let (sender, messages) = mpsc::channel(1);
    Box::pin(Produced {
        messages,
        producer: Some(Box::pin(produce(Sender(sender)))),
    })
}

/// Where a producer of messages puts them.
pub struct Sender<T>(mpsc::Sender<T>);

impl<T> Sender<T> {
    /// Sends a message, once the one before it was taken.
    pub async fn send(&mut self, message: T) {
        // The stream has both ends: while this runs, somebody reads.
        let _ = self.0.send(message).await;
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sender")
    }
}

/// The messages of a producer.
struct Produced<T> {
    messages: mpsc::Receiver<T>,
    /// Nothing, once it is done.
    producer: Option<BoxFuture<'static, Result<(), Status>>>,
}

impl<T> Stream for Produced<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(producer) = &mut self.producer
            && let Poll::Ready(ended) = producer.as_mut().poll(context)
        {
            self.producer = None;
            if let Err(status) = ended {
                // What was sent before the error comes before it.
                let next = match self.messages.try_recv() {
                    Ok(message) => {
                        self.producer = Some(Box::pin(std::future::ready(Err(status))));
                        Ok(message)
                    }
                    Err(_) => Err(status),
                };
                return Poll::Ready(Some(next));
            }
        }
        match self.messages.poll_recv(context) {
            Poll::Ready(Some(message)) => Poll::Ready(Some(Ok(message))),
            Poll::Ready(None) if self.producer.is_none() => Poll::Ready(None),
            // The producer gave its sender away, and has more to do.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use futures_util::{StreamExt, TryStreamExt};
    use tonic::{Code, Status};

    #[tokio::test]
    async fn messages_come_in_order_and_the_error_last() {
        let all: Vec<u32> = super::iter([1, 2, 3]).try_collect().await.unwrap();
        assert_eq!(all, [1, 2, 3]);

        let produced = super::produce(async |mut out: super::Sender<u32>| {
            for number in 1..=3 {
                out.send(number).await;
                tokio::task::yield_now().await;
            }
            Err(Status::out_of_range("no more"))
        });
        let all: Vec<_> = produced.collect().await;
        let numbers: Vec<u32> = all[..3].iter().map(|one| *one.as_ref().unwrap()).collect();
        assert_eq!(numbers, [1, 2, 3]);
        assert_eq!(all[3].as_ref().unwrap_err().code(), Code::OutOfRange);
        assert_eq!(all.len(), 4);
    }

    #[tokio::test]
    async fn an_error_at_once_is_behind_what_was_sent() {
        let produced = super::produce(async |mut out: super::Sender<u32>| {
            out.send(1).await;
            Err(Status::aborted("at once"))
        });
        let all: Vec<_> = produced.collect().await;
        assert_eq!(*all[0].as_ref().unwrap(), 1);
        assert_eq!(all[1].as_ref().unwrap_err().code(), Code::Aborted);
        assert_eq!(all.len(), 2);
    }

    #[tokio::test]
    async fn a_producer_that_succeeds_ends_the_stream() {
        let produced = super::produce(async |mut out: super::Sender<u32>| {
            out.send(1).await;
            out.send(2).await;
            Ok(())
        });
        let all: Vec<u32> = produced.try_collect().await.unwrap();
        assert_eq!(all, [1, 2]);
    }
}
