use std::{collections::BTreeMap, sync::Arc};

use proptest::{collection::vec, prelude::*};
use serde_json::Value;
use tidegate_analysis::{AnalysisRunResource, AnalysisTemplate, Ttl};
use tidegate_units::ObjectKey;

use super::*;
use crate::{analysis_run::AnalysisRunEntry, manifest_text::ManifestText, world::Declared};

fn run(key: &ObjectKey) -> Arc<AnalysisRunEntry> {
    let template = AnalysisTemplate {
        key: key.clone(),
        args: Vec::new(),
        metrics: Vec::new(),
        templates: Vec::new(),
        dry_run: Vec::new(),
        retention: Vec::new(),
    };
    let value = AnalysisRunResource {
        template,
        terminate: false,
        ttl: Ttl::default(),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
    };
    let declared = Declared {
        value,
        manifest: ManifestText::of(&Value::Null),
        created_at: Timestamp::default(),
        changed_at: Timestamp::default(),
    };
    Arc::new(AnalysisRunEntry::new(Arc::new(declared)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_has_its_turn_in_every_round(
        begin in vec(0..300_u16, 1..200),
        ticks in vec((1..2_000_u64, 0..300_u16), 100..400),
    ) {
        let named = |number: u16| ObjectKey::new("default", &format!("run-{number}"));
        let mut world = World::default();
        for number in begin {
            world.analysis_runs.insert(named(number), run(&named(number)));
        }
        let (mut sweep, mut now) = (Sweep::default(), Timestamp::default());
        let mut seen: BTreeMap<Owner, Timestamp> = BTreeMap::new();
        for (millis, number) in ticks {
            now = now.after(Duration::from_millis(millis));
            // One comes or goes.
            if world.analysis_runs.remove(&named(number)).is_none() {
                world.analysis_runs.insert(named(number), run(&named(number)));
            }
            let due = sweep.due(&world, now);
            prop_assert!(due.iter().all(|owner| world.has(owner)));
            seen.extend(due.into_iter().map(|owner| (owner, now)));
            seen.retain(|owner, _| world.has(owner));
            for owner in world.owners() {
                let at = *seen.entry(owner).or_insert(now);
                // Those that come while it goes round make it longer, by their share.
                prop_assert!(now.since(at) <= ROUND * 2, "{:?}", now.since(at));
            }
        }
    }
}

#[test]
fn of_ten_thousand_some_have_their_turn_at_each_glance() {
    let mut world = World::default();
    for number in 0..10_000_u16 {
        let key = ObjectKey::new("default", &number.to_string());
        world.analysis_runs.insert(key.clone(), run(&key));
    }
    let mut sweep = Sweep::default();
    assert_eq!(sweep.due(&world, Timestamp::default()), Vec::new());
    let due = sweep.due(&world, Timestamp::default().after(Duration::from_secs(2)));
    assert_eq!(due.len(), 333);
}
