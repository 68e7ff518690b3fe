//! Copies of requests, whose answers nobody gets.
//!
//! A worker only makes the copy and lays it down; a thread of its own carries it. What does not fit
//! is dropped and counted, so that no real request waits for a copy. A copy is sent once.

use std::{
    cell::Cell,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tidegate_traffic::Outcome;
use tokio::{
    sync::{Notify, mpsc},
    task::spawn_local,
    time::timeout,
};

use crate::{
    compare::{self, Trio},
    copy_wire::{FRESH, Kept, Lost, Wires},
    meters::Meter,
    replica::Replica,
    shared::{Shared, wall_clock},
};

/// The field that marks a copy, so that a service can tell.
pub(crate) const MARK: &str = "x-tidegate-mirror";
/// Copies that wait to be carried: a burst, not a backlog.
const WAITING: usize = 1024;
/// Copies on their way at once. A revision that hangs holds this many, and no real request.
const UNDER_WAY: usize = 256;
/// Bytes of all copies together.
const BYTES: usize = 16 * 1024 * 1024;
/// The largest body that is copied: what is larger would be held for a copy alone.
pub(crate) const BODY_BYTES: usize = 256 * 1024;

/// Where copies are laid down.
#[derive(Debug)]
pub(crate) struct Mirror {
    copies: mpsc::Sender<Copied>,
    bytes: Arc<AtomicUsize>,
    stop: Arc<Notify>,
}

/// The other side of a [`Mirror`].
#[derive(Debug)]
pub(crate) struct Copies {
    copies: mpsc::Receiver<Copied>,
    stop: Arc<Notify>,
}

/// A request's copy.
#[derive(Debug)]
pub(crate) struct Copied {
    /// All of it, in HTTP/1.1.
    pub(crate) request: Vec<u8>,
    /// Whether its answer has no body.
    pub(crate) to_head: bool,
    goal: Goal,
    _room: Room,
}

/// What a copy is made for.
#[derive(Clone, Debug)]
pub(crate) enum Goal {
    /// One replica gets it.
    Mirror(Target),
    /// Three get it, and their answers are compared.
    Compare(Box<Trio>),
}

impl Goal {
    /// Copies go to their replicas.
    fn enter(&self) {
        match self {
            Self::Mirror(target) => target.replica.enter_copy(),
            Self::Compare(trio) => {
                trio.targets.iter().for_each(|target| target.replica.enter_copy());
            }
        }
    }

    /// Counts a copy that is not carried.
    pub(crate) fn drop_copy(&self) {
        match self {
            Self::Mirror(target) => target.meter.drop_copy(),
            Self::Compare(trio) => trio.drop_it(),
        }
    }
}

/// Who gets a copy.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Where it is counted.
    pub(crate) meter: Arc<Meter>,
    /// The replica.
    pub(crate) replica: Arc<Replica>,
}

/// The bytes of a copy, taken from those that all copies together may have.
#[derive(Debug)]
pub(crate) struct Room {
    bytes: Arc<AtomicUsize>,
    taken: usize,
}

impl Room {
    /// Takes so many more; whether there were as many.
    pub(crate) fn grow(&mut self, more: usize) -> bool {
        // What is too much is given back by its drop.
        self.taken += more;
        self.bytes.fetch_add(more, Relaxed) + more <= BYTES
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.bytes.fetch_sub(self.taken, Relaxed);
    }
}

impl Mirror {
    /// Both sides.
    pub(crate) fn new() -> (Self, Copies) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let stop = Arc::new(Notify::new());
        let copies = Copies { copies: receiver, stop: Arc::clone(&stop) };
        (Self { copies: sender, bytes: Arc::default(), stop }, copies)
    }

    /// Room for a copy, none of it taken yet.
    pub(crate) fn room(&self) -> Room {
        Room { bytes: Arc::clone(&self.bytes), taken: 0 }
    }

    /// Lays down the copy of a request, a whole one in HTTP/1.1; drops it when there is no room.
    pub(crate) fn offer(&self, request: Vec<u8>, to_head: bool, goal: Goal, mut room: Room) {
        if !room.grow(request.len().saturating_sub(room.taken)) {
            return goal.drop_copy();
        }
        let copy = Copied { request, to_head, goal, _room: room };
        if let Err(unsent) = self.copies.try_send(copy) {
            unsent.into_inner().goal.drop_copy();
        }
    }

    /// No more copies are carried.
    pub(crate) fn stop(&self) {
        self.stop.notify_one();
    }
}

/// Puts the mark into a request that is whole: `body` bytes after its head.
pub(crate) fn marked(request: &[u8], body: usize) -> Option<Vec<u8>> {
    let end = request.len().checked_sub(body)?.checked_sub(2)?;
    let (head, rest) = request.split_at_checked(end)?;
    let mut copy = Vec::with_capacity(request.len() + MARK.len() + 8);
    copy.extend_from_slice(head);
    copy.extend_from_slice(MARK.as_bytes());
    copy.extend_from_slice(b": true\r\n");
    copy.extend_from_slice(rest);
    Some(copy)
}

/// Carries copies until the router stops.
pub(crate) async fn run(shared: Arc<Shared>, mut from: Copies) {
    let carrier = Rc::new(Carrier {
        shared,
        wires: Wires::default(),
        under_way: Cell::new(0),
        compared: Cell::new(0),
    });
    loop {
        let next = tokio::select! {
            biased;
            () = from.stop.notified() => return,
            next = timeout(carrier.patience(), from.copies.recv()) => next,
        };
        match next {
            Ok(Some(copy)) => carrier.begin(copy),
            Ok(None) => return,
            Err(_) => carrier.wires.sweep(),
        }
    }
}

/// Who carries copies.
pub(crate) struct Carrier {
    pub(crate) shared: Arc<Shared>,
    pub(crate) wires: Wires,
    /// Copies on their way that nobody compares.
    under_way: Cell<usize>,
    /// Requests whose answers are being compared.
    compared: Cell<usize>,
}

impl Carrier {
    /// How long nothing need be done when no copy comes.
    fn patience(&self) -> Duration {
        if self.wires.is_empty() { Duration::from_hours(1) } else { FRESH }
    }

    fn begin(self: &Rc<Self>, copy: Copied) {
        let full = match &copy.goal {
            Goal::Mirror(_) => self.under_way.get() >= UNDER_WAY,
            Goal::Compare(trio) => self.compared.get() >= compare::AT_ONCE || trio.is_too_much(),
        };
        if full {
            return copy.goal.drop_copy();
        }
        // Counted before they begin, for several may be begun before the first has its turn.
        self.count_of(&copy.goal).update(|count| count + 1);
        copy.goal.enter();
        let carrier = Rc::clone(self);
        spawn_local(async move {
            match &copy.goal {
                Goal::Mirror(target) => carrier.carry(&copy, target).await,
                Goal::Compare(trio) => compare::carry(&carrier, &copy, trio).await,
            }
            carrier.count_of(&copy.goal).update(|count| count - 1);
        });
    }

    fn count_of(&self, goal: &Goal) -> &Cell<usize> {
        match goal {
            Goal::Mirror(_) => &self.under_way,
            Goal::Compare(_) => &self.compared,
        }
    }

    async fn carry(&self, copy: &Copied, target: &Target) {
        let Target { meter, replica } = target;
        let limits = &self.shared.settings.limits;
        let answered = timeout(limits.answer_timeout, async {
            let address = replica.address;
            let begun = self.wires.send(&copy.request, copy.to_head, address, limits).await?;
            let (status, micros) = (begun.status(), begun.micros);
            self.wires.finish(begun, &mut Kept::nothing()).await?;
            Ok((status, micros))
        });
        let answered = answered.await;
        replica.leave_copy();
        let outcome = match answered {
            Ok(Ok((status, micros))) => Outcome::Answered { status, micros },
            Ok(Err(Lost::Stale)) => return meter.drop_copy(),
            Ok(Err(Lost::Unanswered)) | Err(_) => Outcome::Unanswered,
        };
        meter.record_copy(wall_clock(), outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_the_last_field_before_the_body() {
        let copy = marked(b"POST / HTTP/1.1\r\nhost: a\r\n\r\nhi", 2).unwrap();
        let text = String::from_utf8(copy).unwrap();
        assert_eq!(text, "POST / HTTP/1.1\r\nhost: a\r\nx-tidegate-mirror: true\r\n\r\nhi");
        assert_eq!(marked(b"", 2), None);
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let (mirror, _copies) = Mirror::new();
        let mut most = mirror.room();
        assert!(most.grow(BYTES - 1) && most.grow(1) && !most.grow(1));
        assert!(!mirror.room().grow(1));
        drop(most);
        assert!(mirror.room().grow(BYTES));
        assert_eq!(mirror.bytes.load(Relaxed), 0);
    }
}
