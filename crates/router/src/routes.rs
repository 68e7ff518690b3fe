use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use hyper::header::HeaderValue;
use tidegate_traffic::{self as traffic, Listener, RouteTable, RuleAction};
use tidegate_units::{Generation, ObjectKey, Owner, RevisionHash, Timestamp, Weight};

use crate::{
    meters::{Meter, Meters},
    replica::Replica,
    rules::ReadyRule,
};

/// A table made ready for use: names are resolved to counters and replicas.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    /// Which table this is.
    pub(crate) generation: Generation,
    /// What to do with a request, by the address that it came to.
    pub(crate) by_address: BTreeMap<SocketAddr, Arc<Route>>,
    /// Listeners that cannot be had, whatever the machine says: the Service and the reason.
    pub(crate) refused: BTreeMap<ObjectKey, String>,
}

/// What to do with the requests of one listener.
#[derive(Debug)]
pub(crate) struct Route {
    /// The Service that it stands for.
    pub(crate) service: ObjectKey,
    /// The rollout behind it.
    pub(crate) owner: Owner,
    /// The revisions behind it.
    pub(crate) destinations: Vec<Destination>,
    /// The name of the cookie that keeps a client with its revision.
    pub(crate) cookie: Option<String>,
    /// What goes before the split, the first counting first.
    pub(crate) rules: Box<[ReadyRule]>,
}

/// One revision behind a listener.
#[derive(Debug)]
pub(crate) struct Destination {
    /// Whose it is.
    pub(crate) owner: Owner,
    /// Which.
    pub(crate) revision: RevisionHash,
    /// Its share.
    pub(crate) weight: Weight,
    /// Where it is counted.
    pub(crate) meter: Arc<Meter>,
    /// Its replicas.
    pub(crate) replicas: Vec<Arc<Replica>>,
    /// The `Set-Cookie` that keeps a client here.
    pub(crate) set_cookie: Option<HeaderValue>,
}

impl Routes {
    /// Makes `table` ready, counting into `meters`.
    pub(crate) fn new(table: &RouteTable, meters: &Meters, now: Timestamp) -> Self {
        let mut routes = Self { generation: table.generation, ..Self::default() };
        for listener in &table.listeners {
            if let Some(first) = routes.by_address.get(&listener.address) {
                let why = format!("{} is taken by {}", listener.address, first.service);
                routes.refused.insert(listener.service.clone(), why);
                continue;
            }
            let route = Arc::new(Route::new(listener, meters, now));
            routes.by_address.insert(listener.address, route);
        }
        routes
    }

    /// Whether a revision stands behind any listener.
    pub(crate) fn names(&self, owner: &Owner, revision: &RevisionHash) -> bool {
        self.by_address.values().any(|route| {
            let mut destinations = route.destinations.iter();
            destinations.any(|it| it.owner == *owner && it.revision == *revision)
        })
    }
}

impl Route {
    /// Whether anything of an owner stands behind it.
    pub(crate) fn serves(&self, owner: &Owner) -> bool {
        self.destinations.iter().any(|it| it.owner == *owner)
    }

    /// Makes one listener ready.
    pub(crate) fn new(listener: &Listener, meters: &Meters, now: Timestamp) -> Self {
        let destination = |from: &traffic::Destination| {
            let owner = listener.owner_of(from);
            let meter = meters.meter(owner, &from.revision, now);
            let sticky = listener.sticky.as_ref();
            Destination {
                replicas: from.endpoints.iter().map(|at| meter.replica(at)).collect(),
                set_cookie: sticky.and_then(|it| set_cookie(it, &from.revision)),
                owner: owner.clone(),
                revision: from.revision.clone(),
                weight: from.weight,
                meter,
            }
        };
        let destinations: Vec<_> = listener.destinations.iter().map(destination).collect();
        for rule in &listener.rules {
            if let RuleAction::Compare(comparing) = &rule.then {
                let meter = meters.meter(&listener.owner, &comparing.to, now);
                meter.begin_comparison(&comparing.name, now);
            }
        }
        let rules = listener.rules.iter();
        Self {
            service: listener.service.clone(),
            owner: listener.owner.clone(),
            rules: rules.filter_map(|rule| ReadyRule::new(rule, &destinations)).collect(),
            destinations,
            cookie: listener.sticky.as_ref().map(|it| it.cookie.clone()),
        }
    }
}

fn set_cookie(sticky: &traffic::Sticky, revision: &RevisionHash) -> Option<HeaderValue> {
    let text = format!(
        "{}={}; Max-Age={}; Path=/; HttpOnly; SameSite=Lax",
        sticky.cookie,
        revision,
        sticky.max_age.as_secs()
    );
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_of_another_owner_is_counted_as_theirs() {
        let (rollout, experiment) = (key("web"), key("web-b-2-1"));
        let destination = |revision: &str, owner: Option<Owner>| traffic::Destination {
            revision: revision.into(),
            owner,
            weight: Weight::new(50).unwrap(),
            endpoints: vec![],
        };
        let guest = Owner::experiment(&experiment);
        let listener = Listener {
            decided: None,
            service: rollout.clone(),
            address: "127.0.0.1:80".parse().unwrap(),
            owner: Owner::rollout(&rollout),
            destinations: vec![destination("a", None), destination("b", Some(guest.clone()))],
            sticky: None,
            rules: vec![],
        };
        let table = RouteTable { generation: Generation(1), listeners: vec![listener] };
        let meters = Meters::new(1);
        let routes = Routes::new(&table, &meters, Timestamp::default());
        let own = Owner::rollout(&rollout);
        let names = |owner: &Owner| ["a", "b"].map(|name| routes.names(owner, &name.into()));
        assert_eq!((names(&own), names(&guest)), ([true, false], [false, true]));
        let counted = meters.read(Timestamp::default());
        let counted: Vec<_> = counted
            .iter()
            .flat_map(|(owner, all)| all.keys().map(move |one| (owner, one.as_str())))
            .collect();
        assert_eq!(counted, [(&own, "a"), (&guest, "b")]);
    }

    fn key(name: &str) -> ObjectKey {
        ObjectKey::new("default", name)
    }

    #[test]
    fn an_address_named_twice_goes_to_the_first_and_the_other_is_told() {
        let listener = |name: &str| Listener {
            decided: None,
            service: ObjectKey::new("default", name),
            address: "127.0.0.1:80".parse().unwrap(),
            owner: Owner::rollout(&ObjectKey::new("default", name)),
            destinations: vec![],
            sticky: None,
            rules: vec![],
        };
        let table = RouteTable {
            generation: Generation(1),
            listeners: vec![listener("one"), listener("two")],
        };
        let routes = Routes::new(&table, &Meters::new(1), Timestamp::default());
        assert_eq!(routes.by_address.len(), 1);
        let why = &routes.refused[&ObjectKey::new("default", "two")];
        assert_eq!(why, "127.0.0.1:80 is taken by default/one");
    }
}
