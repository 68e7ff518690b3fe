use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*};

use super::*;

impl Alike for u8 {
    fn alike(&self, other: &Self) -> bool {
        self == other
    }
}

#[derive(Clone, Debug)]
enum Deed {
    Insert(u16, u8),
    Remove(u16),
    Change(u16, u8),
    /// Takes away all from a key on, up to another.
    Clear(u16, u16),
    /// From now on, differences are asked from here.
    Remember,
}

fn deed() -> impl Strategy<Value = Deed> {
    let key = 0..1_000_u16;
    prop_oneof![
        12 => (key.clone(), any::<u8>()).prop_map(|(key, value)| Deed::Insert(key, value)),
        4 => key.clone().prop_map(Deed::Remove),
        4 => (key.clone(), any::<u8>()).prop_map(|(key, value)| Deed::Change(key, value)),
        1 => (key.clone(), key).prop_map(|(from, to)| Deed::Clear(from, to)),
        1 => Just(Deed::Remember),
    ]
}

type Plain = BTreeMap<u16, u8>;

fn act(map: &mut SharedMap<u16, u8>, plain: &mut Plain, deed: &Deed) {
    match *deed {
        Deed::Insert(key, value) => {
            assert_eq!(map.insert(key, value), plain.insert(key, value));
        }
        Deed::Remove(key) => assert_eq!(map.remove(&key), plain.remove(&key)),
        Deed::Change(key, value) => {
            let (one, other) = (map.get_mut(&key), plain.get_mut(&key));
            assert_eq!(one, other);
            if let (Some(one), Some(other)) = (one, other) {
                (*one, *other) = (value, value);
            }
        }
        Deed::Clear(from, to) => {
            for key in from..to {
                map.remove(&key);
            }
            plain.retain(|key, _| !(from..to).contains(key));
        }
        Deed::Remember => {}
    }
}

fn is_well_formed(map: &SharedMap<u16, u8>) -> bool {
    map.chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= CHUNK)
}

/// What differs, by looking at everything.
fn differences(before: &Plain, after: &Plain) -> Vec<(u16, Option<u8>, Option<u8>)> {
    let keys: BTreeMap<_, _> = before.iter().chain(after).collect();
    let all = keys.keys().map(|key| (**key, before.get(key).copied(), after.get(key).copied()));
    all.filter(|(_, before, after)| before != after).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_is_a_map_that_knows_what_differs_from_an_earlier_copy(
        begin in vec((0..1_000_u16, any::<u8>()), 0..600),
        deeds in vec(deed(), 0..150),
        probe in 0..1_000_u16,
    ) {
        let mut map: SharedMap<_, _> = begin.iter().copied().collect();
        let mut plain: Plain = begin.into_iter().collect();
        let mut earlier = (map.clone(), plain.clone());
        for deed in &deeds {
            act(&mut map, &mut plain, deed);
            prop_assert!(is_well_formed(&map));
            if matches!(deed, Deed::Remember) {
                earlier = (map.clone(), plain.clone());
            }
        }
        prop_assert!(map.iter().eq(plain.iter()));
        prop_assert!(earlier.0.iter().eq(earlier.1.iter()), "a copy stays as it was");
        prop_assert_eq!(map.len(), plain.len());
        prop_assert_eq!(map.get(&probe), plain.get(&probe));
        prop_assert!(map.from(&probe).eq(plain.range(probe..)));
        let found = map.since(&earlier.0).into_iter();
        let found: Vec<_> =
            found.map(|one| (*one.key, one.before.copied(), one.after.copied())).collect();
        prop_assert_eq!(found, differences(&earlier.1, &plain));
    }
}

#[test]
fn what_is_shared_is_not_looked_at() {
    let before: SharedMap<u16, Arc<u16>> = (0..1_000).map(|key| (key, Arc::new(key))).collect();
    let mut after = before.clone();
    after.insert(500, Arc::new(7));
    let kept =
        after.chunks.iter().filter(|chunk| before.chunks.iter().any(|one| Arc::ptr_eq(one, chunk)));
    assert_eq!(kept.count(), before.chunks.len() - 1);
    assert_eq!(after.since(&before).len(), 1);
}
