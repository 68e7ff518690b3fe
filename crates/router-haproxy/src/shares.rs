//! Weights as entries of the map.

use std::collections::BTreeMap;

use tidegate_steering::{FINEST, rounding};
use tidegate_traffic::{Listener, RouteTable};
use tidegate_units::{ObjectKey, Weight};

use crate::places::backend_name;

/// What a request draws twice: a number below this. The first one decides, but for those at which one
/// share ends and the next begins.
pub(crate) const DRAWS: u32 = 100;
const _: () = assert!(DRAWS * DRAWS == FINEST);

/// The entries of the map: for each number that a request can draw the backend that it goes to, and
/// for each revision with a weight the backend of who is kept there.
pub(crate) fn shares(table: &RouteTable) -> BTreeMap<String, String> {
    let mut entries = BTreeMap::new();
    for (place, listener) in table.listeners.iter().enumerate() {
        let ends = ends(listener);
        // Whose part a number is.
        let whose = |number| ends.iter().find(|(end, _)| number < *end).map(|(_, index)| *index);
        for first in 0..DRAWS {
            let (from, to) = (first * DRAWS, (first + 1) * DRAWS - 1);
            let parts: Vec<_> = if whose(from) == whose(to) {
                vec![(format!("{place}/{first}"), from)]
            } else {
                (from..=to).map(|at| (format!("{place}/{first}/{}", at - from), at)).collect()
            };
            let of = |(key, at)| Some((key, backend_name(place, whose(at)?)));
            entries.extend(parts.into_iter().filter_map(of));
        }
        for (index, destination) in listener.destinations.iter().enumerate() {
            if destination.weight > Weight::ZERO {
                let key = format!("{place}/kept/{}", destination.revision);
                entries.insert(key, backend_name(place, index));
            }
        }
    }
    entries
}

/// Where the part of each revision ends, of [`FINEST`]: the last one's takes what is left over.
fn ends(listener: &Listener) -> Vec<(u32, usize)> {
    let mut end = 0;
    let mut ends = Vec::new();
    for (index, destination) in listener.destinations.iter().enumerate() {
        let share = destination.weight.out_of(FINEST);
        if share > 0 {
            end += share;
            ends.push((end, index));
        }
    }
    if let Some((last, _)) = ends.last_mut() {
        *last = FINEST;
    }
    ends
}

/// The weights that are rounded to what there is a number for, by Service.
pub(crate) fn rounded(table: &RouteTable) -> BTreeMap<ObjectKey, String> {
    let of = |listener: &Listener| {
        let each = listener.destinations.iter();
        let told = each
            .filter_map(|it| rounding("haproxy", &format!("revision {}", it.revision), it.weight));
        let told = told.collect::<Vec<_>>().join("; ");
        (!told.is_empty()).then(|| (listener.service.clone(), told))
    };
    table.listeners.iter().filter_map(of).collect()
}

/// The map as a file.
pub(crate) fn map_text(entries: &BTreeMap<String, String>) -> String {
    entries.iter().map(|(key, backend)| [key, " ", backend, "\n"].concat()).collect()
}

#[cfg(test)]
mod tests {
    use tidegate_traffic::Destination;
    use tidegate_units::{Generation, Owner};

    use super::*;

    fn table(weights: &[Weight]) -> RouteTable {
        let destination = |(index, weight): (usize, &Weight)| Destination {
            owner: None,
            revision: format!("r{index}").as_str().into(),
            weight: *weight,
            endpoints: vec![],
        };
        let listener = Listener {
            decided: None,
            service: ObjectKey::new("default", "web"),
            address: ([127, 0, 0, 1], 80).into(),
            owner: Owner::rollout(&ObjectKey::new("default", "web")),
            destinations: weights.iter().enumerate().map(destination).collect(),
            sticky: None,
            rules: vec![],
        };
        RouteTable { generation: Generation(1), listeners: vec![listener] }
    }

    /// Of how many pairs of draws a request comes to each backend, looked up as HAProxy does.
    fn drawn(weights: &[Weight]) -> Vec<u32> {
        let entries = shares(&table(weights));
        let mut found = vec![0; weights.len()];
        for (first, second) in (0..DRAWS).flat_map(|it| (0..DRAWS).map(move |other| (it, other))) {
            let at = entries.get(&format!("0/{first}"));
            let at = at.or_else(|| entries.get(&format!("0/{first}/{second}"))).unwrap();
            found[at.rsplit_once('_').unwrap().1.parse::<usize>().unwrap()] += 1;
        }
        found
    }

    fn of(part: u32, whole: u32) -> Weight {
        Weight::of(part, whole).unwrap()
    }

    #[test]
    fn each_revision_gets_its_hundredths_of_a_percent() {
        assert_eq!(drawn(&[of(98, 100), of(2, 100)]), [9800, 200]);
        assert_eq!(drawn(&[of(1, 1000), of(999, 1000)]), [10, 9990]);
        assert_eq!(drawn(&[of(1, 10_000), of(1, 10_000), of(9998, 10_000)]), [1, 1, 9998]);
        assert_eq!(drawn(&[of(1, 3), of(1, 3), of(1, 3)]), [3333, 3333, 3334]);
        assert_eq!(drawn(&[Weight::ZERO, Weight::FULL]), [0, 10_000]);
        assert_eq!(shares(&table(&[Weight::ZERO])), BTreeMap::new());
    }

    #[test]
    fn whole_percents_are_a_hundred_entries_and_one_without_a_weight_keeps_nobody() {
        let entries = shares(&table(&[of(98, 100), of(2, 100)]));
        assert_eq!(entries.len(), 102);
        assert_eq!((&*entries["0/97"], &*entries["0/98"]), ("tg0_0", "tg0_1"));
        assert_eq!(entries["0/kept/r1"], "tg0_1");
        assert!(!shares(&table(&[Weight::FULL, Weight::ZERO])).contains_key("0/kept/r1"));
        assert_eq!(map_text(&BTreeMap::from([("a".to_owned(), "b".to_owned())])), "a b\n");
    }

    #[test]
    fn what_is_finer_is_told() {
        assert_eq!(rounded(&table(&[of(1, 1000), of(999, 1000)])), BTreeMap::new());
        let told = rounded(&table(&[of(123_456, 1_000_000), of(876_544, 1_000_000)]));
        let told = &told[&ObjectKey::new("default", "web")];
        let expect =
            "haproxy splits by hundredths of a percent: revision r0 gets 12.35% for 12.3456%";
        assert!(told.starts_with(expect) && told.contains("revision r1 gets 87.65%"), "{told}");
    }
}
