use std::{rc::Rc, time::Instant};

use hyper::StatusCode;
use tidegate_traffic::Outcome;

use crate::{
    shared::wall_clock,
    view::{LocalReplica, LocalRoute, Place},
    worker::Worker,
};

/// One request at one replica: counted as in flight while it lives, and counted by how it ended
/// when it is dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    worker: Rc<Worker>,
    route: Rc<LocalRoute>,
    place: Place,
    started: Instant,
    end: End,
}

#[derive(Clone, Copy, Debug)]
enum End {
    /// Nothing came yet; if this is the end, the client went away.
    Waiting,
    /// The head came; if this is the end, the client went away within the body.
    Head { status: u16, micros: u64 },
    /// This is how it ended.
    Known(Outcome),
    /// It was never carried and is tried again: not counted.
    Void,
}

impl Ticket {
    /// A request goes to the replica at `place`.
    pub(crate) fn new(worker: &Rc<Worker>, route: &Rc<LocalRoute>, place: Place) -> Self {
        if let Some(replica) = route.replica(place) {
            replica.shared.enter(worker.index);
        }
        Self {
            worker: Rc::clone(worker),
            route: Rc::clone(route),
            place,
            started: Instant::now(),
            end: End::Waiting,
        }
    }

    /// By which route it went.
    pub(crate) fn route(&self) -> &Rc<LocalRoute> {
        &self.route
    }

    /// The replica.
    pub(crate) fn replica(&self) -> Option<&LocalReplica> {
        self.route.replica(self.place)
    }

    /// Where it went.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// When it went there.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// The answer's head came.
    pub(crate) fn head(&mut self, status: StatusCode) {
        self.head_of(status.as_u16());
    }

    /// The answer's head came, with this status.
    pub(crate) fn head_of(&mut self, status: u16) {
        self.end = End::Head { status, micros: self.micros() };
    }

    /// Since it went there, in microseconds.
    fn micros(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// The answer is whole.
    pub(crate) fn whole(&mut self) {
        if let End::Head { status, micros } = self.end {
            self.end = End::Known(Outcome::Answered { status, micros });
        }
    }

    /// The answer is whole as far as counting goes, though the exchange goes on: counts it now.
    pub(crate) fn count_now(&mut self) {
        self.whole();
        self.count();
        self.end = End::Void;
    }

    /// The same request, counted as in flight once more; this one then counts nothing.
    pub(crate) fn split(&self) -> Self {
        let mut other = Self::new(&self.worker, &self.route, self.place);
        other.void();
        other
    }

    /// The replica refused, cut off or was too slow.
    pub(crate) fn unanswered(&mut self) {
        self.end = End::Known(Outcome::Unanswered);
    }

    /// It was never carried, which is not the replica's fault.
    pub(crate) fn void(&mut self) {
        self.end = End::Void;
    }

    /// Ejects the replica: it refused or cut a connection.
    pub(crate) fn strike(&self) {
        if let Some(replica) = self.replica() {
            replica.shared.strike(Instant::now());
        }
    }

    fn count(&self) {
        let outcome = match self.end {
            End::Void => return,
            End::Known(outcome) => outcome,
            End::Head { status: status @ 500.., micros } => Outcome::Answered { status, micros },
            End::Head { micros, .. } => Outcome::Cancelled { micros },
            End::Waiting => Outcome::Cancelled { micros: self.micros() },
        };
        if let Some(destination) = self.route.destination(self.place.destination) {
            let (worker, now) = (self.worker.index, wall_clock());
            destination.meter.record(worker, now, outcome);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.count();
        if let Some(replica) = self.replica() {
            replica.shared.leave(self.worker.index);
        }
    }
}
