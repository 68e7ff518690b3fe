use std::{
    collections::{BTreeMap, BTreeSet},
    net::{SocketAddr, TcpListener},
};

use tidegate_traffic::RouteTable;
use tidegate_units::ObjectKey;

/// The part of a table that can be listened on, and for the rest the Service and the reason. What is
/// `held` already can.
///
/// Other programs take a configuration as a whole or not at all: one address that somebody else has
/// would keep every other listener from following the table.
pub fn sort_out(
    table: &RouteTable,
    held: &BTreeSet<SocketAddr>,
) -> (RouteTable, BTreeMap<ObjectKey, String>) {
    let (mut taken, mut refused) = (BTreeMap::new(), BTreeMap::new());
    let mut kept = RouteTable { generation: table.generation, listeners: Vec::new() };
    for listener in &table.listeners {
        let address = listener.address;
        let why = match taken.get(&address) {
            Some(first) => Some(format!("{address} is taken by {first}")),
            None if held.contains(&address) => None,
            None => TcpListener::bind(address).err().map(|error| format!("{address}: {error}")),
        };
        if let Some(why) = why {
            refused.insert(listener.service.clone(), why);
        } else {
            taken.insert(address, listener.service.clone());
            kept.listeners.push(listener.clone());
        }
    }
    (kept, refused)
}

/// What a table listens on.
pub fn addresses(table: &RouteTable) -> BTreeSet<SocketAddr> {
    table.listeners.iter().map(|listener| listener.address).collect()
}

#[cfg(test)]
mod tests {
    use tidegate_traffic::Listener;
    use tidegate_units::{Generation, Owner};

    use super::*;

    #[test]
    fn what_somebody_else_has_is_left_out_and_told() {
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = other.local_addr().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let listener = |name: &str, address| Listener {
            decided: None,
            service: ObjectKey::new("default", name),
            address,
            owner: Owner::rollout(&ObjectKey::new("default", name)),
            destinations: vec![],
            sticky: None,
            rules: vec![],
        };
        let listeners = vec![listener("a", taken), listener("b", free), listener("c", free)];
        let table = RouteTable { generation: Generation(1), listeners };
        let (kept, refused) = sort_out(&table, &BTreeSet::new());
        assert_eq!(addresses(&kept), BTreeSet::from([free]));
        let told = |name: &str| refused[&ObjectKey::new("default", name)].clone();
        assert!(told("a").contains("in use"), "{}", told("a"));
        assert_eq!(told("c"), format!("{free} is taken by default/b"));
        let (kept, _) = sort_out(&table, &BTreeSet::from([taken]));
        assert_eq!(kept.listeners.len(), 2);
    }
}
