use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
};

/// What is known of a client's connection from outside the task that serves it.
///
/// Time is counted in beats of the worker's sweep, so that a request costs no timer.
#[derive(Debug)]
pub(crate) struct Watch {
    beat: Arc<AtomicU32>,
    last: AtomicU32,
    requests: AtomicU32,
    waits: AtomicBool,
    in_head: AtomicBool,
    multiplexed: AtomicBool,
    free: AtomicBool,
    told: AtomicBool,
    closing: AtomicBool,
    overdue: AtomicBool,
    task: Mutex<Option<Waker>>,
}

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It has no request.
    Idle,
    /// A request's head began to arrive and is not whole yet.
    Head,
    /// A replica has its request and has not answered yet.
    Answer,
    /// It has a request.
    Busy,
    /// Nothing is due from the client.
    Free,
}

impl Watch {
    /// A connection that was just taken; `beat` counts the worker's sweeps.
    pub(crate) fn new(beat: Arc<AtomicU32>) -> Self {
        Self {
            last: AtomicU32::new(beat.load(Relaxed)),
            beat,
            requests: AtomicU32::new(0),
            waits: AtomicBool::new(false),
            in_head: AtomicBool::new(false),
            multiplexed: AtomicBool::new(false),
            free: AtomicBool::new(false),
            told: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            overdue: AtomicBool::new(false),
            task: Mutex::default(),
        }
    }

    /// One request of a connection that carries several: for now nothing is due.
    pub(crate) fn of_stream(beat: Arc<AtomicU32>) -> Self {
        let watch = Self::new(beat);
        watch.free.store(true, Relaxed);
        watch.requests.store(1, Relaxed);
        watch
    }

    /// Whether the client has to take bytes of the answer before it goes on.
    pub(crate) fn owes(&self, owes: bool) {
        self.free.store(!owes, Relaxed);
        self.touch();
    }

    /// What it is doing, and for how many beats that has gone on without a byte.
    pub(crate) fn phase(&self) -> (Phase, u32) {
        let quiet = self.beat.load(Relaxed).wrapping_sub(self.last.load(Relaxed));
        let phase = if self.free.load(Relaxed) {
            Phase::Free
        } else if self.waits.load(Relaxed) {
            Phase::Answer
        } else if self.requests.load(Relaxed) > 0 {
            Phase::Busy
        } else if self.in_head.load(Relaxed) && !self.multiplexed.load(Relaxed) {
            Phase::Head
        } else {
            Phase::Idle
        };
        (phase, quiet)
    }

    /// It speaks HTTP/2, whose frames come at any time.
    pub(crate) fn is_multiplexed(&self) {
        self.multiplexed.store(true, Relaxed);
    }

    /// A byte came or went. Within a head this is not looked at: the head as a whole has its time.
    pub(crate) fn moved(&self, reading: bool) {
        let within_head = reading
            && self.requests.load(Relaxed) == 0
            && self.in_head.swap(true, Relaxed)
            && !self.multiplexed.load(Relaxed);
        if !within_head {
            self.touch();
        }
    }

    /// The first bytes of a connection came.
    pub(crate) fn began(&self) {
        self.moved(true);
    }

    /// A replica has the whole request from now on, or its answer begins.
    pub(crate) fn waits(&self, waits: bool) {
        self.waits.store(waits, Relaxed);
        self.touch();
    }

    /// Tells the connection's task that nothing has moved for too long.
    pub(crate) fn expire(&self) {
        self.overdue.store(true, Relaxed);
        self.close();
    }

    /// Tells the connection's task that its time is over.
    pub(crate) fn close(&self) {
        self.closing.store(true, Relaxed);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            task.wake();
        }
    }

    /// Ready, once, after [`Watch::close`].
    pub(crate) fn poll_close(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.closing.load(Relaxed) {
            self.closing.store(false, Relaxed);
            return Poll::Ready(());
        }
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if !task.as_ref().is_some_and(|task| task.will_wake(cx.waker())) {
            *task = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// The client has sent something after all: it is not overdue.
    pub(crate) fn goes_on(&self) {
        self.overdue.store(false, Relaxed);
        self.touch();
    }

    /// Ready, once, after [`Watch::expire`]: within a request nothing else ends it.
    pub(crate) fn poll_expired(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.overdue.load(Relaxed) {
            return self.poll_close(cx);
        }
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        *task = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The router is on its way out: a connection without a request for `grace` beats ends, and one
    /// that carries several is told at once to bring no more.
    pub(crate) fn leave(&self, grace: u32) {
        let (phase, quiet) = self.phase();
        if self.multiplexed.load(Relaxed) {
            if !self.told.swap(true, Relaxed) {
                self.close();
            }
        } else if phase == Phase::Idle && quiet >= grace {
            self.close();
        }
    }

    /// Waits for [`Watch::close`].
    pub(crate) async fn closed(&self) {
        poll_fn(|cx| self.poll_close(cx)).await;
    }

    /// A byte of an answer came or went.
    pub(crate) fn touch(&self) {
        self.last.store(self.beat.load(Relaxed), Relaxed);
    }

    /// A request's head is whole.
    pub(crate) fn begin(&self) {
        self.requests.fetch_add(1, Relaxed);
        self.in_head.store(false, Relaxed);
        self.touch();
    }

    /// A request has ended.
    pub(crate) fn end(&self) {
        self.requests.fetch_sub(1, Relaxed);
        self.touch();
    }
}

/// Counts a request of a connection for as long as it lives.
#[derive(Debug)]
pub(crate) struct Busy(Arc<Watch>);

impl Busy {
    /// A request's head is whole.
    pub(crate) fn new(watch: &Arc<Watch>) -> Self {
        watch.begin();
        Self(Arc::clone(watch))
    }
}

impl Busy {
    /// Whether nothing has moved on the connection for too long.
    pub(crate) fn is_overdue(&self) -> bool {
        self.0.overdue.load(Relaxed)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_has_time_to_take_its_answer_and_none_is_counted_before() {
        let beat = Arc::new(AtomicU32::new(7));
        let watch = Watch::of_stream(Arc::clone(&beat));
        beat.store(10, Relaxed);
        assert_eq!(watch.phase().0, Phase::Free);
        watch.owes(true);
        beat.store(12, Relaxed);
        assert_eq!(watch.phase(), (Phase::Busy, 2));
        watch.owes(false);
        assert_eq!(watch.phase().0, Phase::Free);
    }

    #[test]
    fn a_head_has_its_time_as_a_whole() {
        let beat = Arc::new(AtomicU32::new(7));
        let watch = Watch::new(Arc::clone(&beat));
        assert_eq!(watch.phase(), (Phase::Idle, 0));
        watch.moved(true);
        beat.store(10, Relaxed);
        watch.moved(true);
        assert_eq!(watch.phase(), (Phase::Head, 3));
        watch.begin();
        assert_eq!(watch.phase(), (Phase::Busy, 0));
        beat.store(15, Relaxed);
        assert_eq!(watch.phase(), (Phase::Busy, 5));
        watch.moved(false);
        assert_eq!(watch.phase(), (Phase::Busy, 0));
        watch.end();
        assert_eq!(watch.phase(), (Phase::Idle, 0));
    }
}
