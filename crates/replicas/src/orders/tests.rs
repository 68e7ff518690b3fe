use tidegate_units::{Epoch, Generation, ObjectKey, Owner, RevisionHash};
use tidegate_workload::{ConfigMap, EnvVar, Secret};

use super::*;
use crate::fixtures::{container, template};

fn offered(generation: u64, replicas: u32) -> ScaleOrder {
    let mut main = container("main", &[]);
    main.env_from = vec![EnvFrom::ConfigMap {
        name: "named".to_owned(),
        prefix: String::new(),
        optional: false,
    }];
    main.env = vec![EnvVar {
        name: "KEY".to_owned(),
        source: EnvSource::SecretKey {
            name: "named".to_owned(),
            key: "key".to_owned(),
            optional: false,
        },
    }];
    let key = ObjectKey::new("default", "any");
    let map = ConfigMap { key: key.clone(), data: BTreeMap::new(), bytes: BTreeMap::new() };
    let secret = Secret { key, data: BTreeMap::new(), bytes: BTreeMap::new() };
    let both = |name: &str| name.to_owned();
    ScaleOrder {
        owner: Owner::rollout(&ObjectKey::new("default", "web")),
        revision: RevisionHash::from("r1"),
        epoch: Epoch::default(),
        generation: Generation(generation),
        replicas,
        restart_before: None,
        template: Arc::new(template(vec![main])),
        config_maps: Arc::new([(both("named"), map.clone()), (both("other"), map)].into()),
        secrets: Arc::new([(both("named"), secret.clone()), (both("other"), secret)].into()),
    }
}

#[test]
fn an_order_is_taken_unless_it_is_old_or_says_nothing_new() {
    let first = next(None, offered(3, 2)).unwrap().unwrap();
    assert_eq!(next(Some(&first), offered(3, 2)), Ok(None));
    assert_eq!(
        next(Some(&first), offered(2, 5)),
        Err(RuntimeError::Stale { taken: Generation(3), offered: Generation(2) })
    );
    let same_generation = next(Some(&first), offered(3, 5)).unwrap().unwrap();
    assert_eq!(same_generation.replicas, 5);
    let only_newer = next(Some(&first), offered(4, 2)).unwrap().unwrap();
    assert_eq!(only_newer.generation, Generation(4));
}

#[test]
fn a_new_order_keeps_the_images_of_the_last() {
    let mut first = next(None, offered(1, 2)).unwrap().unwrap();
    first.pins.insert("main".to_owned(), "sha256-1".to_owned());
    let second = next(Some(&first), offered(2, 0)).unwrap().unwrap();
    assert_eq!(second.pins, first.pins);
}

#[test]
fn no_more_secrets_are_written_down_than_are_needed() {
    let means = next(None, offered(1, 1)).unwrap().unwrap().means.unwrap();
    assert_eq!(means.secrets.keys().collect::<Vec<_>>(), ["named"]);
    assert_eq!(means.config_maps.keys().collect::<Vec<_>>(), ["named"]);
    assert_eq!(next(None, offered(1, 0)).unwrap().unwrap().means, None);
}

#[test]
fn ended_revisions_are_forgotten_when_there_are_many_or_they_are_old() {
    let day = Duration::from_hours(24);
    let now = Timestamp::from_millis(0).after(day * 1000);
    let ended = |rollout: &str, revision: usize, days_ago: u32| OrderRecord {
        owner: Owner::rollout(&ObjectKey::new("default", rollout)),
        revision: RevisionHash::from(format!("r{revision}")),
        taken_at: now.before(day * days_ago),
        ..next(None, offered(1, 0)).unwrap().unwrap()
    };
    let mut all: Vec<OrderRecord> =
        (0..20).map(|at| ended("web", at, 1 + u32::try_from(at).unwrap())).collect();
    all.push(ended("api", 1, 29));
    all.push(ended("api", 2, 31));
    let mut names: Vec<String> = forgettable(&all, now)
        .into_iter()
        .map(|(rollout, revision)| format!("{}/{revision}", rollout.name))
        .collect();
    names.sort();
    assert_eq!(names, ["api/r2", "web/r16", "web/r17", "web/r18", "web/r19"]);
}
