use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
};

use tidegate_traffic::RequestFacts;
use tidegate_units::{ReplicaId, Weight};

use crate::{
    compare::Trio,
    mirror::{Goal, Target},
    pool::Pool,
    replica::Replica,
    routes::{Destination, Route, Routes},
    rules::{Pair, Ruling, Then, Wish},
    split::Split,
};

/// One worker's view of the table: the same routes, with its own turn and connections.
#[derive(Debug, Default)]
pub(crate) struct View {
    version: u64,
    by_address: HashMap<SocketAddr, Rc<LocalRoute>>,
    pools: HashMap<(ReplicaId, SocketAddr), Rc<Pool>>,
}

/// A route with one worker's turn in it.
#[derive(Debug)]
pub(crate) struct LocalRoute {
    /// What all workers share.
    pub(crate) shared: Arc<Route>,
    split: RefCell<Split>,
    destinations: Vec<LocalDestination>,
    /// By rule: what is owed to the share of requests that are copied, in parts of a request.
    owed: Box<[Cell<u64>]>,
    numbers: Numbers,
}

/// Numbers that nobody can guess, for clients that have none: a keyed hash of a count.
#[derive(Debug, Default)]
struct Numbers {
    key: RandomState,
    count: Cell<u64>,
}

impl Numbers {
    fn next(&self) -> u64 {
        self.count.set(self.count.get().wrapping_add(1));
        self.key.hash_one(self.count.get())
    }
}

#[derive(Debug)]
struct LocalDestination {
    cursor: Cell<usize>,
    /// Copies take turns of their own: requests are spread over replicas as they are without any.
    copy_cursor: Cell<usize>,
    replicas: Vec<LocalReplica>,
}

/// A replica with one worker's connections to it.
#[derive(Clone, Debug)]
pub(crate) struct LocalReplica {
    /// What all workers share.
    pub(crate) shared: Arc<Replica>,
    /// This worker's idle connections.
    pub(crate) pool: Rc<Pool>,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The index of the revision.
    pub(crate) destination: usize,
    /// The index of the replica in it.
    pub(crate) replica: usize,
}

/// Whether it is the turn of a share of requests, of which so many of [`Weight::PARTS`] are owed.
fn is_due(owed: &Cell<u64>, share: Weight) -> bool {
    let sum = owed.get() + share.parts();
    owed.set(sum % Weight::PARTS);
    sum >= Weight::PARTS
}

impl View {
    /// The version that this view shows.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The route of an address.
    pub(crate) fn route(&self, address: SocketAddr) -> Option<Rc<LocalRoute>> {
        self.by_address.get(&address).cloned()
    }

    /// This worker's pools.
    pub(crate) fn pools(&self) -> impl Iterator<Item = &Rc<Pool>> {
        self.pools.values()
    }

    /// Shows `routes`. Turns and connections that still fit are kept; connections to replicas
    /// that are gone are closed as soon as no request is on them.
    pub(crate) fn show(&mut self, version: u64, routes: &Routes, idle: usize) {
        let mut pools = HashMap::new();
        let mut by_address = HashMap::new();
        for (&address, shared) in &routes.by_address {
            let mut pool_of = |replica: &Replica| {
                let key = (replica.id.clone(), replica.address);
                let kept = self.pools.get(&key).cloned();
                let pool = pools.entry(key);
                Rc::clone(pool.or_insert_with(|| kept.unwrap_or_else(|| Rc::new(Pool::new(idle)))))
            };
            let route = LocalRoute::new(shared, &mut pool_of);
            if let Some(before) = self.by_address.get(&address) {
                route.resume(before);
            }
            by_address.insert(address, Rc::new(route));
        }
        for (key, pool) in &self.pools {
            if !pools.contains_key(key) {
                pool.close();
            }
        }
        *self = Self { version, by_address, pools };
    }
}

impl LocalRoute {
    fn new(shared: &Arc<Route>, pool_of: &mut dyn FnMut(&Replica) -> Rc<Pool>) -> Self {
        let mut local = |destination: &Destination| LocalDestination {
            cursor: Cell::new(0),
            copy_cursor: Cell::new(0),
            replicas: destination
                .replicas
                .iter()
                .map(|replica| LocalReplica { shared: Arc::clone(replica), pool: pool_of(replica) })
                .collect(),
        };
        Self {
            split: RefCell::new(Split::new(shared.destinations.iter().map(|it| it.weight))),
            destinations: shared.destinations.iter().map(&mut local).collect(),
            owed: shared.rules.iter().map(|_| Cell::new(0)).collect(),
            numbers: Numbers::default(),
            shared: Arc::clone(shared),
        }
    }

    /// A route of its own, with no idle connections.
    #[cfg(test)]
    pub(crate) fn without_pools(route: Route) -> Self {
        Self::new(&Arc::new(route), &mut |_| Rc::new(Pool::new(0)))
    }

    fn resume(&self, before: &Self) {
        let revisions = |route: &Self| {
            let destinations = route.shared.destinations.iter();
            destinations.map(|it| it.revision.clone()).collect::<Vec<_>>()
        };
        if revisions(self) == revisions(before) {
            self.split.borrow_mut().resume(&before.split.borrow());
        }
    }

    /// What the rules say about a request: the first that it meets, and the first of those that
    /// compare.
    pub(crate) fn ruling(&self, request: &impl RequestFacts) -> Ruling {
        let number = OnceCell::new();
        let newcomer = || *number.get_or_init(|| self.numbers.next());
        let first = |compares| {
            let mut rules = self.shared.rules.iter().zip(&self.owed);
            let met = rules
                .find(|(rule, _)| rule.compares() == compares && rule.is_met(request, &newcomer));
            met.map(|(rule, owed)| (rule.then(), owed))
        };
        let (sent, mirror) = match first(false) {
            Some((Then::Send(to), _)) => (Some(to.clone()), None),
            Some((Then::Mirror { destination, share }, owed)) => {
                (None, is_due(owed, *share).then_some(*destination))
            }
            Some((Then::Compare { .. }, _)) | None => (None, None),
        };
        let compare = match first(true) {
            Some((Then::Compare { pair, share }, owed)) => {
                is_due(owed, *share).then(|| Arc::clone(pair))
            }
            _ => None,
        };
        Ruling { sent, mirror, compare, newcomer: number.into_inner() }
    }

    /// Which revision a request is for: the one that a rule sends it to, while there is such a rule;
    /// the one that its cookie names while that has a weight; else the one whose turn it is.
    pub(crate) fn turn(&self, wish: Wish<'_>) -> Option<usize> {
        let all = &self.shared.destinations;
        let sent = wish.sent.filter(|to| self.shared.rules.iter().any(|rule| rule.sends_to(to)));
        let sent = sent.and_then(|to| all.iter().position(|it| it.revision == *to));
        let kept = || {
            let value = wish.kept?;
            all.iter().position(|it| it.revision.as_str() == value && it.weight > Weight::ZERO)
        };
        sent.or_else(kept).or_else(|| self.split.borrow_mut().next())
    }

    /// Who gets copies of a request. A copy for whom nobody is well is dropped.
    pub(crate) fn copies(&self, ruling: &Ruling, worker: usize) -> Vec<Goal> {
        let mirror = ruling.mirror.and_then(|to| self.mirror_target(to, worker)).map(Goal::Mirror);
        let trio = ruling.compare.as_ref().and_then(|pair| self.trio(pair, worker));
        mirror.into_iter().chain(trio.map(|trio| Goal::Compare(Box::new(trio)))).collect()
    }

    fn mirror_target(&self, destination: usize, worker: usize) -> Option<Target> {
        let target = self.well_one(destination, worker, None);
        if target.is_none()
            && let Some(destination) = self.destination(destination)
        {
            destination.meter.drop_copy();
        }
        target
    }

    /// A replica of the candidate, and two of what it is compared with, which are one where there is
    /// no other.
    fn trio(&self, pair: &Arc<Pair>, worker: usize) -> Option<Trio> {
        let found = || {
            let first = self.well_one(pair.stable, worker, None)?;
            let second = self.well_one(pair.stable, worker, Some(&first.replica))?;
            let targets = [self.well_one(pair.candidate, worker, None)?, first, second];
            Some(Trio { pair: Arc::clone(pair), targets })
        };
        let trio = found();
        if trio.is_none()
            && let Some(candidate) = self.destination(pair.candidate)
        {
            candidate.meter.drop_comparison(&pair.name);
        }
        trio
    }

    fn well_one(
        &self,
        destination: usize,
        worker: usize,
        avoid: Option<&Arc<Replica>>,
    ) -> Option<Target> {
        let meter = Arc::clone(&self.destination(destination)?.meter);
        let local = self.destinations.get(destination)?;
        let replica = local.pick(&local.copy_cursor, worker, avoid.map(|it| &**it))?;
        let place = Place { destination, replica };
        let replica = Arc::clone(&self.replica(place)?.shared);
        // Of two, the one to be avoided comes before the one that is not well.
        match avoid {
            Some(first) if !replica.is_well() => Some(Target { meter, replica: Arc::clone(first) }),
            _ => replica.is_well().then_some(Target { meter, replica }),
        }
    }

    /// A replica of a revision for a request of `worker`: of those that are well, the one with
    /// the fewest requests of this worker, in turn when equal; any when none is well. The one at
    /// `avoid` only when there is no other.
    pub(crate) fn replica_of(
        &self,
        destination: usize,
        worker: usize,
        avoid: Option<&Replica>,
    ) -> Option<Place> {
        let local = self.destinations.get(destination)?;
        let replica = local.pick(&local.cursor, worker, avoid)?;
        Some(Place { destination, replica })
    }

    /// Another revision for a request whose own has no replica that answers: the one with the
    /// most weight that has replicas, well ones first. Never one without weight.
    pub(crate) fn other_than(&self, destination: usize) -> Option<usize> {
        let candidates = self.shared.destinations.iter().enumerate();
        candidates
            .filter(|&(index, it)| {
                index != destination && it.weight > Weight::ZERO && !it.replicas.is_empty()
            })
            .max_by_key(|(_, it)| (it.replicas.iter().any(|at| at.is_well()), it.weight))
            .map(|(index, _)| index)
    }

    /// Whether a revision has another replica that is well.
    pub(crate) fn has_well_one_besides(&self, destination: usize, replica: &Replica) -> bool {
        self.destinations.get(destination).is_some_and(|local| {
            let mut replicas = local.replicas.iter();
            replicas.any(|it| it.shared.is_well() && !std::ptr::eq(&raw const *it.shared, replica))
        })
    }

    /// The replica at a place.
    pub(crate) fn replica(&self, place: Place) -> Option<&LocalReplica> {
        self.destinations.get(place.destination)?.replicas.get(place.replica)
    }

    /// The revision at an index.
    pub(crate) fn destination(&self, index: usize) -> Option<&Destination> {
        self.shared.destinations.get(index)
    }
}

impl LocalDestination {
    fn pick(&self, cursor: &Cell<usize>, worker: usize, avoid: Option<&Replica>) -> Option<usize> {
        let count = self.replicas.len();
        let start = cursor.get();
        cursor.set(if start + 1 >= count { 0 } else { start + 1 });
        let mut best: Option<(u64, usize)> = None;
        for step in 0..count {
            let index = (start + step) % count;
            let Some(replica) = self.replicas.get(index) else {
                continue;
            };
            let avoided = avoid.is_some_and(|it| std::ptr::eq(it, &raw const *replica.shared));
            let penalty = u64::from(avoided) << 62 | u64::from(!replica.shared.is_well()) << 61;
            let cost = penalty | replica.shared.load_of(worker);
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, index));
            }
        }
        best.map(|(_, replica)| replica)
    }
}
