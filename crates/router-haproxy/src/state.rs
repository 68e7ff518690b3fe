use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde::{Deserialize, Serialize};
use tidegate_steering::{Meters, Tail};
use tidegate_traffic::{RouteTable, TrafficReading};
use tidegate_units::{ObjectKey, ReplicaId, Timestamp};
use tokio::time::Instant;

use crate::{
    files::Files,
    places::{Place, Places},
};

/// A configuration: what it was made of, and which places its replicas have.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Laid {
    pub(crate) number: u64,
    pub(crate) table: RouteTable,
    pub(crate) places: Places,
    /// The processes that follow it, once it is not the newest.
    pub(crate) workers: BTreeSet<u32>,
}

/// What a keeper knows.
#[derive(Debug)]
pub(crate) struct State {
    /// The table as it was given, and its generation.
    pub(crate) table: RouteTable,
    pub(crate) now: Laid,
    /// Whether `now` is what it does: a change that broke off may have left it between two.
    pub(crate) is_sure: bool,
    /// The highest number that this keeper has given.
    pub(crate) last: u64,
    pub(crate) pasts: Vec<Laid>,
    pub(crate) access: Tail,
    pub(crate) errors: Tail,
    pub(crate) meters: Meters,
    pub(crate) under_way: BTreeMap<(usize, usize, usize), u64>,
    pub(crate) refused: BTreeMap<ObjectKey, String>,
    pub(crate) left_out: BTreeMap<ObjectKey, String>,
    /// What was said of the newest table, when it was not taken, and whom that concerns.
    pub(crate) complaint: Option<(String, Vec<ObjectKey>)>,
    pub(crate) tried: Instant,
}

/// Keeps what is known of it for the next keeper.
pub(crate) fn keep(files: &Files, state: &State) -> Result<(), String> {
    let known = (&state.now, &state.pasts);
    let text = serde_json::to_vec(&known).map_err(|error| error.to_string())?;
    let beside = files.state().with_extension("tmp");
    fs::write(&beside, text)
        .and_then(|()| fs::rename(&beside, files.state()))
        .map_err(|error| format!("{}: {error}", files.state().display()))
}

/// What an earlier keeper left. Whoever read the logs before has counted what is in them.
pub(crate) fn found(files: &Files, table: RouteTable) -> State {
    let known = fs::read(files.state()).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let (now, pasts): (Laid, Vec<Laid>) = known.unwrap_or_default();
    State {
        table,
        now,
        is_sure: false,
        last: 0,
        pasts,
        access: Tail::from_end(files.access()),
        errors: Tail::from_end(files.errors()),
        meters: Meters::default(),
        under_way: BTreeMap::new(),
        refused: BTreeMap::new(),
        left_out: BTreeMap::new(),
        complaint: None,
        tried: Instant::now(),
    }
}

impl State {
    /// What is not as the table says, by Service.
    fn notes(&self) -> BTreeMap<ObjectKey, String> {
        let mut notes = self.left_out.clone();
        notes.extend(self.refused.clone());
        if let Some((why, whose)) = &self.complaint {
            let told = format!(
                "haproxy refused the newest routes, and keeps to the last good ones: {why}"
            );
            notes.extend(whose.iter().map(|service| (service.clone(), told.clone())));
        }
        notes
    }

    /// What was counted, and what is under way.
    pub(crate) fn reading(&self, now: Timestamp, epoch: u64) -> TrafficReading {
        let mut revisions = self.meters.read(now);
        let mut add =
            |listener: usize, destination: usize, replica: &ReplicaId, of: &Laid, count| {
                let listener = of.table.listeners.get(listener);
                let found = listener.and_then(|it| Some((it, it.destinations.get(destination)?)));
                if let Some((listener, destination)) = found.filter(|_| count > 0) {
                    let tallies =
                        revisions.entry(listener.owner_of(destination).clone()).or_default();
                    let tally = tallies.entry(destination.revision.clone()).or_default();
                    *tally.in_flight.entry(replica.clone()).or_default() += count;
                }
            };
        let mut here = BTreeSet::new();
        for ((place, destination, slot), count) in &self.under_way {
            let at = self.now.places.of(*place).get(*destination).and_then(|it| it.get(*slot));
            if let Some(endpoint) = at.and_then(Place::endpoint) {
                add(*place, *destination, &endpoint.replica, &self.now, *count);
            }
        }
        let table = &self.now.table;
        let all = table.listeners.iter().flat_map(|it| &it.destinations);
        here.extend(all.flat_map(|it| &it.endpoints).map(|it| &it.replica));
        // An old process may send to whom it knows: how many is not asked.
        for past in &self.pasts {
            for (place, listener) in past.table.listeners.iter().enumerate() {
                for (destination, of) in listener.destinations.iter().enumerate() {
                    for endpoint in of.endpoints.iter().filter(|it| !here.contains(&it.replica)) {
                        let count = past.workers.len() as u64;
                        add(place, destination, &endpoint.replica, past, count);
                    }
                }
            }
        }
        TrafficReading {
            at: now,
            epoch,
            generation: self.table.generation,
            revisions,
            refused: self.notes(),
        }
    }
}
