//! Places for replicas, laid out in advance so that one can come without a reload.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tidegate_traffic::{Endpoint, Listener, RouteTable};
use tidegate_units::Weight;

/// Places of a revision at least: more than most have replicas, so that few changes need a reload.
const FEWEST: usize = 4;

/// The places of each revision of each listener.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Places {
    listeners: Vec<Vec<Vec<Place>>>,
}

/// Where one replica is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Place {
    /// Nobody.
    #[default]
    Free,
    /// A replica that gets requests.
    Taken(Endpoint),
    /// One that has left, and may have requests under way.
    Left(Endpoint),
}

impl Place {
    /// Who is there, or was and may have requests under way.
    pub(crate) fn endpoint(&self) -> Option<&Endpoint> {
        match self {
            Self::Free => None,
            Self::Taken(endpoint) | Self::Left(endpoint) => Some(endpoint),
        }
    }
}

/// A server of a backend: the revision whose place it is, and which of its places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Server {
    pub(crate) listener: usize,
    pub(crate) backend: usize,
    pub(crate) destination: usize,
    pub(crate) place: usize,
}

impl Server {
    /// Its backend and its name, as `HAProxy` knows it.
    pub(crate) fn name(self) -> (String, String) {
        let Self { listener, backend, destination, place } = self;
        (backend_name(listener, backend), format!("d{destination}s{place}"))
    }
}

/// The name of the backend of a listener's destination.
pub(crate) fn backend_name(listener: usize, destination: usize) -> String {
    format!("tg{listener}_{destination}")
}

impl Places {
    /// For a table with nothing before it: twice as many as there are replicas.
    pub(crate) fn laid_out(table: &RouteTable) -> Self {
        let of = |listener: &Listener| {
            let of = listener.destinations.iter().map(|it| {
                let count = (2 * it.endpoints.len()).next_power_of_two().max(FEWEST);
                let taken = it.endpoints.iter().cloned().map(Place::Taken);
                taken.chain(std::iter::repeat_with(Place::default)).take(count).collect()
            });
            of.collect()
        };
        Self { listeners: table.listeners.iter().map(of).collect() }
    }

    /// The same places with the replicas of `table`, whose listeners and revisions are the same; none
    /// when there are more replicas than places.
    pub(crate) fn filled(&self, table: &RouteTable) -> Option<Self> {
        let mut filled = self.clone();
        for (listener, places) in table.listeners.iter().zip(&mut filled.listeners) {
            for (destination, places) in listener.destinations.iter().zip(places) {
                fill(places, &destination.endpoints)?;
            }
        }
        Some(filled)
    }

    /// Frees the places of those that left, where nothing is under way.
    pub(crate) fn free(&mut self, is_busy: impl Fn(usize, usize, usize) -> bool) {
        for (listener, revisions) in self.listeners.iter_mut().enumerate() {
            for (destination, places) in revisions.iter_mut().enumerate() {
                for (number, place) in places.iter_mut().enumerate() {
                    if matches!(place, Place::Left(_)) && !is_busy(listener, destination, number) {
                        *place = Place::Free;
                    }
                }
            }
        }
    }

    /// The places of a listener's revisions.
    pub(crate) fn of(&self, listener: usize) -> &[Vec<Place>] {
        self.listeners.get(listener).map(Vec::as_slice).unwrap_or_default()
    }

    /// Every server, with the replica that it sends requests to, if it does. In a backend those are
    /// its own revision's, and behind them those of the one that stands in.
    pub(crate) fn servers(&self, table: &RouteTable) -> BTreeMap<Server, Option<Endpoint>> {
        let mut servers = BTreeMap::new();
        for (number, (listener, revisions)) in
            table.listeners.iter().zip(&self.listeners).enumerate()
        {
            for backend in 0..revisions.len() {
                let other = stand_in(listener, backend);
                for (destination, places) in revisions.iter().enumerate() {
                    let counts = destination == backend || Some(destination) == other;
                    for (place, of) in places.iter().enumerate() {
                        let server = Server { listener: number, backend, destination, place };
                        let endpoint = match of {
                            Place::Taken(endpoint) if counts => Some(endpoint.clone()),
                            _ => None,
                        };
                        servers.insert(server, endpoint);
                    }
                }
            }
        }
        servers
    }
}

fn fill(places: &mut [Place], endpoints: &[Endpoint]) -> Option<()> {
    for place in &mut *places {
        match place {
            Place::Taken(endpoint) if !endpoints.contains(endpoint) => {
                *place = Place::Left(endpoint.clone());
            }
            Place::Left(endpoint) if endpoints.contains(endpoint) => {
                *place = Place::Taken(endpoint.clone());
            }
            _ => {}
        }
    }
    for endpoint in endpoints {
        if !places.contains(&Place::Taken(endpoint.clone())) {
            *places.iter_mut().find(|place| **place == Place::Free)? =
                Place::Taken(endpoint.clone());
        }
    }
    Some(())
}

/// The revision that stands in for another while no replica of it takes a connection: of those with a
/// weight and replicas the one with the most.
fn stand_in(listener: &Listener, backend: usize) -> Option<usize> {
    let numbered = listener.destinations.iter().enumerate();
    numbered
        .filter(|(at, it)| *at != backend && it.weight > Weight::ZERO && !it.endpoints.is_empty())
        .max_by_key(|(_, it)| it.weight)
        .map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use tidegate_traffic::Destination;
    use tidegate_units::{Generation, ObjectKey, Owner};

    use super::*;

    fn table(old: &[u16], new: &[u16]) -> RouteTable {
        let destination = |revision: &str, ports: &[u16]| Destination {
            owner: None,
            revision: revision.into(),
            weight: Weight::new(50).unwrap(),
            endpoints: ports
                .iter()
                .map(|port| Endpoint {
                    replica: format!("{revision}-{port}").as_str().into(),
                    address: ([127, 0, 0, 1], *port).into(),
                })
                .collect(),
        };
        let listener = Listener {
            decided: None,
            service: ObjectKey::new("default", "web"),
            address: ([127, 0, 0, 1], 80).into(),
            owner: Owner::rollout(&ObjectKey::new("default", "web")),
            destinations: vec![destination("old", old), destination("new", new)],
            sticky: None,
            rules: vec![],
        };
        RouteTable { generation: Generation(1), listeners: vec![listener] }
    }

    fn ports(places: &Places, table: &RouteTable, backend: usize) -> Vec<(usize, usize, u16)> {
        let servers = places.servers(table).into_iter();
        servers
            .filter(|(server, _)| server.backend == backend)
            .filter_map(|(server, at)| Some((server.destination, server.place, at?.address.port())))
            .collect()
    }

    #[test]
    fn a_replica_keeps_its_place_and_one_that_left_keeps_it_while_it_is_busy() {
        let first = table(&[1, 2], &[7]);
        let places = Places::laid_out(&first);
        assert_eq!(ports(&places, &first, 1), [(0, 0, 1), (0, 1, 2), (1, 0, 7)]);
        let next = table(&[2, 3], &[7]);
        let left = |places: &Places| {
            places.of(0).concat().iter().filter(|it| matches!(it, Place::Left(_))).count()
        };
        let mut places = places.filled(&next).unwrap();
        assert_eq!(ports(&places, &next, 0), [(0, 1, 2), (0, 2, 3), (1, 0, 7)]);
        assert_eq!(left(&places), 1);
        places.free(|_, _, _| true);
        assert_eq!(left(&places), 1);
        places.free(|_, _, _| false);
        assert_eq!(left(&places), 0);
        let again = table(&[2, 3, 4, 5], &[7]);
        let places = places.filled(&again).unwrap();
        assert_eq!(ports(&places, &again, 0).len(), 5);
        assert_eq!(places.filled(&table(&[1, 2, 3, 4, 5, 6], &[7])), None, "more than there are");
    }

    #[test]
    fn the_revision_with_the_most_weight_stands_in_and_none_without_a_replica() {
        let alone = table(&[1], &[]);
        let places = Places::laid_out(&alone);
        assert_eq!(ports(&places, &alone, 1), [(0, 0, 1)]);
        assert_eq!(ports(&places, &alone, 0), [(0, 0, 1)]);
    }
}
