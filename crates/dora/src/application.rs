//! One application, from entry to entry.

use std::collections::{BTreeMap, VecDeque};

use tidegate_units::{ObjectKey, RevisionHash, Weight};

use crate::{Cause, Change, Deployment, Failure, Point, change::Notes};

/// As many as a rollout keeps revisions by default, twice: a return to an older one is taken for new, and
/// no more of them have users at a time.
const STABLE_BEFORE: usize = 20;
/// More failures than this that nothing mends: the oldest are past mending.
const OPEN_FAILURES: usize = 64;

/// The deployments of all applications, by the sequence number of their begin.
pub(crate) type Records = BTreeMap<u64, Deployment>;

/// What is known of an application besides its deployments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Application {
    /// What was last asked for, until a revision is wanted.
    asked: Option<(Point, Notes)>,
    /// What the last wanted revision said.
    said: Notes,
    wanted: Option<Wanted>,
    stable: Option<RevisionHash>,
    /// The deployment that made it so.
    stable_by: Option<u64>,
    /// Revisions that were stable, the newest last.
    before: VecDeque<RevisionHash>,
    /// The deployment of the wanted revision, until it is stable, taken back or superseded.
    under_way: Option<u64>,
    /// Failures that are not recovered.
    open: Vec<u64>,
    /// Revisions that have a share of the requests, beside the stable one.
    weighted: Vec<RevisionHash>,
    /// Whether a rule sends requests to the wanted revision.
    ruled: bool,
}

/// The revision that is wanted.
#[derive(Clone, Debug)]
struct Wanted {
    revision: RevisionHash,
    number: u64,
    asked: Point,
    change: Change,
    is_return: bool,
    fixes: Option<String>,
    mends: Option<u64>,
}

impl Application {
    /// Somebody asks for something.
    pub(crate) fn ask(&mut self, point: Point, notes: Notes) {
        self.asked = Some((point, notes));
    }

    /// The planner takes a revision up.
    pub(crate) fn want(
        &mut self,
        point: Point,
        revision: RevisionHash,
        number: u64,
        records: &mut Records,
    ) {
        let returns = self.stable.as_ref() == Some(&revision);
        let undone = self.asked.as_ref().is_some_and(|(_, notes)| notes.undo);
        let is_return = !returns && (undone || self.before.contains(&revision));
        let left = self.leave_under_way(point, returns || is_return, records);
        self.ruled = false;
        if returns {
            self.recover(point, records, |one| one.revision == revision);
        }
        let left = left.or_else(|| self.leave_stable(point, is_return, records));
        self.settle(point, records);
        let asked = self.asked.take();
        let is_asked = asked.is_some();
        let (asked, notes) = asked.unwrap_or((point, Notes::default()));
        // What is still written there from the change before says nothing of this one.
        let is_new = notes.change != self.said.change;
        let fixes = notes.fixes.clone().filter(|_| notes.fixes != self.said.fixes || is_new);
        let change = if is_new && !is_return { notes.change.clone() } else { Change::default() };
        if is_asked {
            self.said = notes;
        }
        let mends = left.filter(|_| is_return);
        self.wanted = Some(Wanted { revision, number, asked, change, is_return, fixes, mends });
    }

    /// What was on its way is no longer wanted.
    fn leave_under_way(
        &mut self,
        point: Point,
        for_earlier: bool,
        records: &mut Records,
    ) -> Option<u64> {
        let id = self.under_way.take()?;
        let one = records.get_mut(&id)?;
        if for_earlier {
            one.failed = Some(Failure { cause: Cause::Returned, point });
            self.opened(id);
            return Some(id);
        }
        one.superseded = Some(point);
        None
    }

    /// An earlier revision is wanted in place of the stable one.
    fn leave_stable(
        &mut self,
        point: Point,
        is_return: bool,
        records: &mut Records,
    ) -> Option<u64> {
        let id = self.stable_by.filter(|_| is_return)?;
        let one = records.get_mut(&id).filter(|one| one.left.is_none())?;
        one.left = Some(point);
        self.opened(id);
        Some(id)
    }

    fn opened(&mut self, id: u64) {
        if !self.open.contains(&id) {
            self.open.push(id);
        }
        if self.open.len() > OPEN_FAILURES {
            self.open.remove(0);
        }
    }

    /// The share of a revision changes.
    pub(crate) fn weigh(
        &mut self,
        point: Point,
        key: &ObjectKey,
        revision: RevisionHash,
        (from, to): (Weight, Weight),
        records: &mut Records,
    ) {
        self.weighted.retain(|one| *one != revision);
        if to > from {
            self.begin(point, key, &revision, records);
        }
        if to > Weight::ZERO {
            self.weighted.push(revision);
        }
        if self.weighted.len() > STABLE_BEFORE {
            self.weighted.remove(0);
        }
        self.settle(point, records);
    }

    /// The rules change that go before the split; `sends` to the wanted revision.
    pub(crate) fn rule(
        &mut self,
        point: Point,
        key: &ObjectKey,
        sends: bool,
        records: &mut Records,
    ) {
        self.ruled = sends;
        if sends && let Some(wanted) = &self.wanted {
            let revision = wanted.revision.clone();
            self.begin(point, key, &revision, records);
        }
        self.settle(point, records);
    }

    /// Users get the wanted revision, if they did not yet.
    fn begin(
        &mut self,
        point: Point,
        application: &ObjectKey,
        revision: &RevisionHash,
        records: &mut Records,
    ) {
        let Some(wanted) = self.wanted.as_ref().filter(|wanted| wanted.revision == *revision)
        else {
            return;
        };
        if self.under_way.is_some() || self.stable.as_ref() == Some(revision) {
            return;
        }
        let fixed = wanted.fixes.as_deref().and_then(|name| named(name, application, records));
        let mends = fixed.or(wanted.mends).or_else(|| self.open.last().copied());
        let one = Deployment {
            application: application.clone(),
            revision: revision.clone(),
            number: wanted.number,
            change: wanted.change.clone(),
            asked: wanted.asked,
            began: point,
            is_return: wanted.is_return,
            stable: None,
            failed: None,
            left: None,
            superseded: None,
            recovered: None,
            mends,
        };
        if let Some(id) = fixed
            && let Some(broken) = records.get_mut(&id)
            && broken.failure().is_none()
        {
            broken.failed = Some(Failure { cause: Cause::Fixed, point });
            self.opened(id);
        }
        self.under_way = Some(point.sequence);
        records.insert(point.sequence, one);
    }

    /// All users get a revision.
    pub(crate) fn promote(
        &mut self,
        point: Point,
        key: &ObjectKey,
        revision: RevisionHash,
        records: &mut Records,
    ) {
        self.begin(point, key, &revision, records);
        let under_way = self.under_way.and_then(|id| records.get_mut(&id));
        if let Some(one) = under_way.filter(|one| one.revision == revision) {
            one.stable = Some(point);
            self.stable_by = self.under_way.take();
        } else {
            self.stable_by = None;
        }
        self.recover(point, records, |one| one.revision != revision);
        self.before.retain(|one| *one != revision);
        self.before.push_back(revision.clone());
        if self.before.len() > STABLE_BEFORE {
            self.before.pop_front();
        }
        self.weighted.retain(|one| *one != revision);
        self.stable = Some(revision);
        self.ruled = false;
    }

    /// What is on its way is taken back.
    pub(crate) fn abort(&mut self, point: Point, cause: Cause, records: &mut Records) {
        let Some(id) = self.under_way.take() else { return };
        if let Some(one) = records.get_mut(&id) {
            one.failed = Some(Failure { cause, point });
            self.opened(id);
        }
        self.settle(point, records);
    }

    /// Failures of revisions that nobody gets any more are recovered.
    fn settle(&mut self, point: Point, records: &mut Records) {
        let wanted = self.wanted.as_ref().filter(|_| self.ruled).map(|it| it.revision.clone());
        let (weighted, stable) = (self.weighted.clone(), self.stable.clone());
        self.recover(point, records, |one| {
            let revision = &one.revision;
            let has_all = stable.as_ref() == Some(revision);
            !has_all && !weighted.contains(revision) && wanted.as_ref() != Some(revision)
        });
    }

    fn recover(
        &mut self,
        point: Point,
        records: &mut Records,
        which: impl Fn(&Deployment) -> bool,
    ) {
        self.open.retain(|id| {
            let Some(one) = records.get_mut(id) else { return false };
            let recovers = which(one);
            if recovers && one.recovered.is_none() {
                one.recovered = Some(point);
            }
            !recovers
        });
    }
}

/// The deployment of an application that is named by its revision's number or hash, the newest of them.
fn named(name: &str, application: &ObjectKey, records: &Records) -> Option<u64> {
    let number = name.parse::<u64>().ok();
    let is_meant = |one: &Deployment| {
        one.application == *application
            && (Some(one.number) == number || one.revision.as_str() == name)
    };
    records.iter().rev().find(|(_, one)| is_meant(one)).map(|(id, _)| *id)
}
