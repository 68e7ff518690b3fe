use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use crate::{
    access_log::Line,
    exec,
    pool::Lease,
    ticket::Ticket,
    watch::{Busy, Watch},
};

/// An answer's body on its way to the client, never held as a whole.
#[derive(Debug)]
pub(crate) struct AnswerBody {
    source: Source,
    /// Counts as a request of the client's connection until the body is dropped.
    busy: Busy,
    line: Option<Line>,
}

#[derive(Debug)]
enum Source {
    Own(Option<Bytes>),
    Replica(Box<FromReplica>),
}

#[derive(Debug)]
struct FromReplica {
    incoming: Incoming,
    ticket: Option<Ticket>,
    lease: Option<Lease>,
    /// Whether the replica was waited for when it was last looked at.
    waits: bool,
    /// Who watches that the client takes it, where its connection carries other answers too.
    stream: Option<Arc<Watch>>,
}

impl AnswerBody {
    /// A body of the router's own.
    pub(crate) fn own(text: &'static str, busy: Busy, line: Option<Line>) -> Self {
        Self { source: Source::Own(Some(Bytes::from_static(text.as_bytes()))), busy, line }
    }

    /// A body that comes from a replica, counted by `ticket`, on the connection `lease`.
    pub(crate) fn of_replica(
        incoming: Incoming,
        ticket: Ticket,
        lease: Option<Lease>,
        busy: Busy,
        line: Option<Line>,
    ) -> Self {
        let stream = exec::stream();
        let mut source =
            FromReplica { incoming, ticket: Some(ticket), lease, waits: false, stream };
        if source.incoming.is_end_stream() {
            source.whole();
        } else {
            source.owed(true);
        }
        Self { source: Source::Replica(Box::new(source)), busy, line }
    }
}

impl FromReplica {
    fn whole(&mut self) {
        if let Some(mut ticket) = self.ticket.take() {
            ticket.whole();
        }
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }

    fn owed(&self, owed: bool) {
        if let Some(stream) = &self.stream {
            stream.owes(owed);
        }
    }

    fn cut(&mut self) {
        self.lease = None;
        if let Some(mut ticket) = self.ticket.take() {
            ticket.unanswered();
            ticket.strike();
        }
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        if let Source::Replica(source) = &mut self.source
            && let Some(ticket) = source.ticket.as_mut().filter(|_| source.waits)
            && self.busy.is_overdue()
        {
            ticket.unanswered();
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let source = match &mut this.source {
            Source::Own(text) => return Poll::Ready(text.take().map(|it| Ok(Frame::data(it)))),
            Source::Replica(source) => source,
        };
        let polled = Pin::new(&mut source.incoming).poll_frame(cx);
        source.waits = polled.is_pending();
        source.owed(!source.waits);
        if let Poll::Ready(read) = &polled {
            match read {
                None => source.whole(),
                Some(Err(_)) => source.cut(),
                Some(Ok(frame)) => {
                    if let (Some(line), Some(data)) = (&mut this.line, frame.data_ref()) {
                        line.bytes += data.len() as u64;
                    }
                    if source.incoming.is_end_stream() {
                        source.whole();
                    }
                }
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Own(text) => text.is_none(),
            Source::Replica(source) => source.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Own(text) => {
                SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64))
            }
            Source::Replica(source) => source.incoming.size_hint(),
        }
    }
}
