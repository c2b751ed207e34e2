//! What a request says, which can be said a second time as long as that is the same as the first.
//!
//! One message is kept, and sent as often as need be. A caller's stream can be read only once, so its beginning is kept
//! until the server answers; it can be sent again while that is all that was read.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, SendStream};
use parking_lot::Mutex;
use prost::Message;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::Status;

use crate::BoxStream;
use crate::codec::{Chunk, Compressor, Encoder, Half};

/// How much of a caller's stream is kept, in bytes.
const MAX_KEPT: usize = 64 << 10;

/// What is to be sent, however often.
pub(super) enum Outgoing {
    Message(Bytes),
    Stream(Arc<Source>),
}

/// A caller's stream, and how far it got.
pub(super) struct Source(Mutex<Progress>);

struct Progress {
    encoder: Box<dyn Chunks>,
    /// Who is told of the error at which the stream stops.
    caller: Option<oneshot::Sender<Status>>,
    /// How often it was to be sent again: a sending before that reads no more.
    turn: u32,
    /// What was read of it; nothing, once that is not all any more.
    kept: Option<Vec<Bytes>>,
    kept_bytes: usize,
    /// How much of what is kept was read in this turn.
    at: usize,
    is_over: bool,
}

/// What comes next of a caller's stream.
enum Piece {
    Data(Bytes),
    End,
    /// It is not to be taken for whole.
    Stop,
}

/// A caller's stream, encoded, whatever its messages are.
trait Chunks: Send {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Chunk>;
}

impl<M: Message> Chunks for Encoder<M> {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Chunk> {
        Encoder::poll_next(self, context)
    }
}

/// A caller's stream on its way. Dropping it resets what is not sent to its end.
pub(super) struct Sending(JoinHandle<()>);

impl Source {
    /// The source, and who brings the error at which it stops: an HTTP/2 stream that merely ended would say "that was all",
    /// and a server would act on half of the messages.
    pub(super) fn new<M: Message + 'static>(
        messages: BoxStream<M>,
        compressor: Option<Compressor>,
    ) -> (Self, oneshot::Receiver<Status>) {
        let (caller, stopped) = oneshot::channel();
        let source = Self(Mutex::new(Progress {
            encoder: Box::new(Encoder::new(
                messages,
                Half::Request,
                usize::MAX,
                compressor,
            )),
            caller: Some(caller),
            turn: 0,
            kept: Some(Vec::new()),
            kept_bytes: 0,
            at: 0,
            is_over: false,
        }));
        (source, stopped)
    }

    /// Takes the stream from the sending that has it, and starts it anew, if that can be done.
    pub(super) fn rewind(&self) -> bool {
        let mut progress = self.0.lock();
        progress.turn += 1;
        progress.at = 0;
        progress.kept.is_some()
    }

    /// Forgets what is kept: the server has answered, and no further sending will come.
    pub(super) fn forget(&self) {
        self.0.lock().kept = None;
    }

    /// Sends it, in a task of its own: it flows whether or not the answer is read.
    pub(super) fn send(self: &Arc<Self>, stream: SendStream<Bytes>) -> Sending {
        let source = Arc::clone(self);
        let turn = source.0.lock().turn;
        Sending(tokio::spawn(async move {
            pump(&source, turn, stream).await;
        }))
    }

    /// The next of it for the sending whose turn it is; for others there is no more.
    fn poll_next(&self, turn: u32, context: &mut Context<'_>) -> Poll<Piece> {
        let mut progress = self.0.lock();
        if progress.turn != turn {
            return Poll::Ready(Piece::Stop);
        }
        let at = progress.at;
        if let Some(bytes) = progress.kept.as_ref().and_then(|kept| kept.get(at)) {
            let bytes = bytes.clone();
            progress.at += 1;
            return Poll::Ready(Piece::Data(bytes));
        }
        if progress.is_over {
            return Poll::Ready(Piece::End);
        }
        progress.poll_encoder(context)
    }
}

impl Progress {
    fn poll_encoder(&mut self, context: &mut Context<'_>) -> Poll<Piece> {
        Poll::Ready(match ready!(self.encoder.poll_next(context)) {
            Chunk::Data(bytes) => {
                self.keep(&bytes);
                Piece::Data(bytes)
            }
            Chunk::End => {
                self.is_over = true;
                Piece::End
            }
            Chunk::Failed(status) => {
                self.kept = None;
                if let Some(caller) = self.caller.take() {
                    // A caller that went away needs no telling.
                    let _ = caller.send(status);
                }
                Piece::Stop
            }
        })
    }

    fn keep(&mut self, bytes: &Bytes) {
        self.kept_bytes += bytes.len();
        if self.kept_bytes > MAX_KEPT {
            self.kept = None;
        }
        if let Some(kept) = &mut self.kept {
            kept.push(bytes.clone());
            self.at += 1;
        }
    }
}

/// Sends a stream as fast as the peer reads it.
async fn pump(source: &Source, turn: u32, mut stream: SendStream<Bytes>) {
    let mut held: Option<Bytes> = None;
    poll_fn(|context| {
        loop {
            // A peer that has heard enough; or no peer any more.
            if stream.poll_reset(context).is_ready() {
                return Poll::Ready(());
            }
            if let Some(bytes) = held.take() {
                match poll_room(&mut stream, bytes.len(), context) {
                    Poll::Ready(true) => {}
                    Poll::Ready(false) => return Poll::Ready(()),
                    Poll::Pending => {
                        held = Some(bytes);
                        return Poll::Pending;
                    }
                }
                if stream.send_data(bytes, false).is_err() {
                    return Poll::Ready(());
                }
            }
            match ready!(source.poll_next(turn, context)) {
                Piece::Data(bytes) => held = Some(bytes),
                Piece::Stop => {
                    stream.send_reset(Reason::INTERNAL_ERROR);
                    return Poll::Ready(());
                }
                Piece::End => {
                    // A peer that is gone hears no end, and needs none.
                    let _ = stream.send_data(Bytes::new(), true);
                    return Poll::Ready(());
                }
            }
        }
    })
    .await;
}

/// Waits until some of `length` bytes may be sent, which is not before the stream is open; `false` where it is over.
pub(super) fn poll_room(
    stream: &mut SendStream<Bytes>,
    length: usize,
    context: &mut Context<'_>,
) -> Poll<bool> {
    stream.reserve_capacity(length);
    while stream.capacity() == 0 {
        match ready!(stream.poll_capacity(context)) {
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Poll::Ready(false),
        }
    }
    Poll::Ready(true)
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.abort();
    }
}
