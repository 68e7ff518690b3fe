use std::{
    cell::Cell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use crate::tee::Tee;

/// A request's body on its way to a replica, never held as a whole.
#[derive(Debug)]
pub(crate) enum RequestBody {
    /// There is none.
    Empty,
    /// It arrives in pieces.
    Streaming(Streaming),
}

/// A body that is passed on piece by piece, up to a limit.
#[derive(Debug)]
pub(crate) struct Streaming {
    incoming: Incoming,
    left: u64,
    progress: Rc<Progress>,
    tee: Option<Tee>,
}

/// How far a request's body has come, seen from the task that waits for the answer.
#[derive(Debug)]
pub(crate) struct Progress {
    state: Cell<BodyState>,
    moved: Cell<Instant>,
}

/// How far a request's body has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyState {
    /// No byte of it was asked for.
    Untouched,
    /// It is being read.
    Reading,
    /// It was read to its end.
    Done,
    /// It has more bytes than allowed.
    TooLarge,
    /// The client did not send it to its end.
    Broken,
}

/// Why a request's body ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    /// It has more bytes than allowed.
    #[error("the body is larger than allowed")]
    TooLarge,
    /// The client did not send it to its end.
    #[error("the client did not send the body to its end")]
    Broken,
}

impl Progress {
    /// How far it has come.
    pub(crate) fn state(&self) -> BodyState {
        self.state.get()
    }

    /// When the last piece came.
    pub(crate) fn moved(&self) -> Instant {
        self.moved.get()
    }

    fn set(&self, state: BodyState) {
        self.state.set(state);
        self.moved.set(Instant::now());
    }
}

impl RequestBody {
    /// Passes `incoming` on, up to `limit` bytes, and tells how it goes. `tee` gets a copy.
    pub(crate) fn new(incoming: Incoming, limit: u64, tee: Option<Tee>) -> (Self, Rc<Progress>) {
        let none = incoming.is_end_stream();
        let state = if none { BodyState::Done } else { BodyState::Untouched };
        let progress =
            Rc::new(Progress { state: Cell::new(state), moved: Cell::new(Instant::now()) });
        let body = if none {
            if let Some(tee) = tee {
                tee.finish();
            }
            Self::Empty
        } else {
            let progress = Rc::clone(&progress);
            Self::Streaming(Streaming { incoming, left: limit, progress, tee })
        };
        (body, progress)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            Self::Streaming(streaming) => streaming.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Streaming(streaming) => streaming.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Streaming(streaming) => streaming.incoming.size_hint(),
        }
    }
}

impl Streaming {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.incoming).poll_frame(cx);
        let Poll::Ready(read) = polled else {
            if self.progress.state() == BodyState::Untouched {
                self.progress.set(BodyState::Reading);
            }
            return Poll::Pending;
        };
        Poll::Ready(match read {
            None => {
                self.done();
                None
            }
            Some(Err(_)) => {
                self.progress.set(BodyState::Broken);
                Some(Err(BodyError::Broken))
            }
            Some(Ok(frame)) => Some(self.pass(frame)),
        })
    }

    fn pass(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, BodyError> {
        let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
        let Some(left) = self.left.checked_sub(bytes) else {
            self.progress.set(BodyState::TooLarge);
            return Err(BodyError::TooLarge);
        };
        self.left = left;
        if let (Some(tee), Some(data)) = (&mut self.tee, frame.data_ref()) {
            tee.take(data);
        }
        if self.incoming.is_end_stream() {
            self.done();
        } else {
            self.progress.set(BodyState::Reading);
        }
        Ok(frame)
    }

    fn done(&mut self) {
        self.progress.set(BodyState::Done);
        if let Some(tee) = self.tee.take() {
            tee.finish();
        }
    }
}
