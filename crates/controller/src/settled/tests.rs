use serde_json::json;
use tidegate_rollout::{Canary, RolloutResource, RolloutSpec, Strategy};
use tidegate_units::{Owner, RevisionHash};
use tidegate_workload::{Container, PodTemplate};

use super::*;
use crate::{
    Resource,
    index::Index,
    sight::{Routed, Sight},
    stage::Stage,
    world::World,
};

fn key() -> ObjectKey {
    ObjectKey::new("default", "web")
}

/// With no replicas, so that there is nothing to wait for.
fn rollout() -> Resource {
    let template = PodTemplate { containers: vec![Container::default()], ..PodTemplate::default() };
    Resource::Rollout(RolloutResource::new(
        key(),
        RolloutSpec {
            name: "web".to_owned(),
            replicas: 0,
            revision: RevisionHash::from("one"),
            paused: false,
            min_ready: Duration::ZERO,
            revision_history_limit: 10,
            progress_deadline: Duration::from_mins(10),
            progress_deadline_abort: false,
            restart_at: None,
            rollback_window: 0,
            strategy: Strategy::Canary(Canary { routed: true, ..Canary::default() }),
        },
        template,
    ))
}

/// What becomes of one rollout.
struct Life {
    stage: Stage,
    sight: Sight,
}

impl Life {
    /// It is applied, and planned until nothing is to be done.
    fn settled() -> Self {
        let mut stage = Stage::new(World::default(), Index::default(), Timestamp::from_millis(1));
        stage.apply(rollout(), json!({}), &"ada".into(), "Applied").unwrap();
        let mut life = Self { stage, sight: Sight::default() };
        for _ in 0..10 {
            life.is_planned();
            life.is_routed();
        }
        assert!(!life.is_planned());
        life
    }

    fn entry(&self) -> Arc<RolloutEntry> {
        Arc::clone(self.stage.world.rollouts.get(&key()).unwrap())
    }

    /// Whether a plan is made of it when it has its turn.
    fn is_planned(&mut self) -> bool {
        let before = self.entry();
        self.stage.plan(&Owner::rollout(&key()), &self.sight);
        !Arc::ptr_eq(&before, &self.entry())
    }

    /// The router follows what was decided.
    fn is_routed(&mut self) {
        let latest = &self.entry().latest;
        let routed = Routed {
            generation: latest.split_generation,
            split: latest.split.iter().cloned().collect(),
            by_chance: true,
        };
        self.sight.routed.insert(key(), Arc::new(routed));
    }

    fn later(self, after: Duration) -> Self {
        let Self { stage, sight } = self;
        let settled = stage.settled;
        let mut stage =
            Stage::new(stage.world, stage.index, Timestamp::from_millis(1).after(after));
        stage.settled = settled;
        Self { stage, sight }
    }
}

#[test]
fn what_is_as_it_was_is_not_planned_again_before_its_time() {
    let mut life = Life::settled().later(Duration::from_mins(9));
    assert!(!life.is_planned());
    let mut life = life.later(PLAN_ANYHOW_AFTER);
    assert!(life.is_planned());
    assert!(!life.is_planned());
    // Time that goes back proves nothing.
    assert!(life.later(Duration::ZERO).is_planned());
}

#[test]
fn what_is_seen_to_be_otherwise_is_planned() {
    let mut life = Life::settled();
    let slot = (Owner::rollout(&key()), RevisionHash::from("one"));
    life.sight.obstacles = Arc::new([(slot, "no image".to_owned())].into());
    assert!(life.is_planned());
    assert!(!life.is_planned());
    life.sight.routed.remove(&key());
    assert!(life.is_planned());
}

#[test]
fn what_somebody_changed_is_planned() {
    let mut life = Life::settled();
    let Resource::Rollout(mut changed) = rollout() else { unreachable!("it is one") };
    changed.spec.replicas = 1;
    life.stage.apply(Resource::Rollout(changed), json!({}), &"ada".into(), "Applied").unwrap();
    assert!(life.is_planned());
}

#[test]
fn what_is_due_is_planned() {
    let life = Life::settled();
    let mut entry = RolloutEntry::clone(&life.entry());
    entry.latest.wake_at = Some(Timestamp::from_millis(3));
    let entry = Arc::new(entry);
    let mut settled = Settled::default();
    let at = Timestamp::from_millis;
    let seen = life.sight.for_rollout(&entry, at(1));
    settled.note(&entry, seen.clone(), at(1));
    assert_eq!(settled.seen_by(&entry, at(2)), Some(&seen));
    assert_eq!(settled.seen_by(&entry, at(3)), None);
    assert_eq!(settled.seen_by(&life.entry(), at(2)), None);
}

#[test]
fn what_is_deleted_is_planned_and_forgotten() {
    let mut life = Life::settled();
    assert_eq!(life.stage.settled.0.len(), 1);
    life.stage.delete(crate::Kind::Rollout, &key(), &"ada".into()).unwrap();
    assert!(life.is_planned());
    assert!(life.stage.settled.0.is_empty());
}
