use proptest::{collection::vec, prelude::*};

use super::*;

fn listener() -> impl Strategy<Value = Listener> {
    ("[a-d]", 80..84_u16, 0..3_u8).prop_map(|(name, port, revision)| Listener {
        decided: None,
        service: ObjectKey::new("default", &name),
        address: ([127, 0, 0, 1], port).into(),
        owner: Owner::rollout(&ObjectKey::new("default", &name)),
        destinations: vec![Destination {
            revision: RevisionHash::from(revision.to_string().as_str()),
            owner: None,
            weight: Weight::FULL,
            endpoints: Vec::new(),
        }],
        sticky: None,
        rules: Vec::new(),
    })
}

/// Listeners in the order of a table, no two of one Service at one address.
fn table(generation: u64) -> impl Strategy<Value = RouteTable> {
    vec(listener(), 0..8).prop_map(move |listeners| {
        let by_place = listeners.into_iter().map(|one| ((one.service.clone(), one.address), one));
        let by_place: BTreeMap<_, _> = by_place.collect();
        let listeners = by_place.into_values().collect();
        RouteTable { generation: Generation(generation), listeners }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_differs_makes_one_table_of_another(before in table(1), after in table(2)) {
        let of = |table: &RouteTable, key: &ObjectKey| -> Vec<Listener> {
            table.listeners.iter().filter(|one| one.service == *key).cloned().collect()
        };
        let all = before.listeners.iter().chain(&after.listeners).map(|one| one.service.clone());
        let services = all
            .filter(|key| of(&before, key) != of(&after, key))
            .map(|key| (key.clone(), of(&after, &key)))
            .collect();
        let change = TableChange { from: Generation(1), generation: Generation(2), services };
        let mut changed = before;
        prop_assert_eq!(changed.change(change.clone()), Taken::Yes);
        prop_assert_eq!(&changed, &after);
        prop_assert_eq!(changed.change(change), Taken::NeedsWhole, "it is the second one by now");
        prop_assert_eq!(changed, after);
    }
}
