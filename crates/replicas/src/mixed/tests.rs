use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tidegate_ports::ReplicaState;
use tidegate_testkit::{FakeRuntime, TokioClock};
use tidegate_units::{Epoch, Generation, ObjectKey};

use super::*;
use crate::fixtures::{container, template};

/// A house whose choice is the first for images that begin with `process/`, and the second for
/// everything once `turned`.
struct House {
    first: Arc<FakeRuntime>,
    second: Arc<FakeRuntime>,
    turned: Arc<AtomicBool>,
    both: Mixed,
}

impl House {
    fn new() -> Self {
        let clock = TokioClock::new();
        let fake = || Arc::new(FakeRuntime::new(clock, Duration::ZERO));
        let (first, second, turned) = (fake(), fake(), Arc::new(AtomicBool::new(false)));
        let turn = Arc::clone(&turned);
        let choice = move |template: &PodTemplate| {
            let process = template.containers[0].image.starts_with("process/");
            let turned = turn.load(Ordering::Relaxed);
            if process && !turned { Side::First } else { Side::Second }
        };
        let both = Mixed::new(
            Arc::<FakeRuntime>::clone(&first),
            Arc::<FakeRuntime>::clone(&second),
            Box::new(choice),
        );
        Self { first, second, turned, both }
    }

    async fn scale(&self, image: &str, generation: u64, replicas: u32) -> Result<(), RuntimeError> {
        self.both.scale(order(image, generation, replicas)).await
    }

    /// How many replicas are wanted on each side.
    fn counts(&self) -> (usize, usize) {
        let count = |runtime: &FakeRuntime| {
            let standing = |one: &ReplicaSeen| one.state == ReplicaState::Ready;
            runtime.replicas().into_iter().filter(standing).count()
        };
        (count(&self.first), count(&self.second))
    }

    async fn release_all(&self) {
        for replica in self.both.replicas() {
            if matches!(replica.state, ReplicaState::Retiring { .. }) {
                self.both.release(Epoch::default(), &replica.id).await.unwrap();
            }
        }
    }
}

fn revision(image: &str) -> RevisionHash {
    RevisionHash::from(image.replace('/', "-").as_str())
}

fn order(image: &str, generation: u64, replicas: u32) -> ScaleOrder {
    let mut main = container("main", &[]);
    main.image = String::from(image);
    ScaleOrder {
        owner: Owner::rollout(&ObjectKey::new("default", "web")),
        revision: revision(image),
        epoch: Epoch::default(),
        generation: Generation(generation),
        replicas,
        restart_before: None,
        template: Arc::new(template(vec![main])),
        config_maps: Arc::default(),
        secrets: Arc::default(),
    }
}

#[tokio::test(start_paused = true)]
async fn each_revision_has_its_side_and_both_are_seen_as_one() {
    let house = House::new();
    let mut changes = house.both.changes();
    house.scale("process/web", 1, 2).await.unwrap();
    changes.changed().await.unwrap();
    house.scale("docker/web", 2, 3).await.unwrap();
    changes.changed().await.unwrap();
    assert_eq!(house.counts(), (2, 3));
    assert_eq!(house.both.replicas().len(), 5);

    house.scale("process/web", 3, 1).await.unwrap();
    house.scale("docker/web", 3, 0).await.unwrap();
    house.release_all().await;
    assert_eq!((house.first.released().len(), house.second.released().len()), (1, 3));
    assert_eq!(house.counts(), (1, 0));
    let nobody = house.both.release(Epoch::default(), &ReplicaId::from("nobody")).await;
    assert_eq!(nobody, Err(RuntimeError::Unknown(ReplicaId::from("nobody"))));

    let why = |runtime: &FakeRuntime, image: &str, why: &str| {
        runtime.break_revision(&revision(image), why);
    };
    why(&house.first, "process/bad", "no such program");
    why(&house.second, "docker/bad", "no such image");
    house.scale("process/bad", 4, 1).await.unwrap();
    house.scale("docker/bad", 4, 1).await.unwrap();
    let told: Vec<String> = house.both.obstacles().into_values().collect();
    assert_eq!(told, ["no such image", "no such program"]);
}

#[tokio::test(start_paused = true)]
async fn a_revision_stays_where_its_replicas_are() {
    let house = House::new();
    house.scale("process/web", 1, 1).await.unwrap();
    house.turned.store(true, Ordering::Relaxed);
    house.scale("process/web", 2, 3).await.unwrap();
    assert_eq!(house.counts(), (3, 0));
    // Also when all that it has is an obstacle.
    house.turned.store(false, Ordering::Relaxed);
    house.first.break_revision(&revision("process/bad"), "not yet");
    house.scale("process/bad", 1, 1).await.unwrap();
    house.turned.store(true, Ordering::Relaxed);
    house.scale("process/bad", 2, 1).await.unwrap();
    assert_eq!(house.both.obstacles().len(), 1);
    // Once nothing of it is left, the choice is made anew.
    house.scale("process/web", 3, 0).await.unwrap();
    house.release_all().await;
    house.scale("process/web", 4, 2).await.unwrap();
    assert_eq!(house.counts(), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_too_old_for_one_side_is_too_old_for_the_other() {
    let house = House::new();
    house.scale("process/web", 8, 1).await.unwrap();
    house.scale("process/web", 8, 0).await.unwrap();
    house.release_all().await;
    house.turned.store(true, Ordering::Relaxed);
    let stale = RuntimeError::Stale { taken: Generation(8), offered: Generation(7) };
    assert_eq!(house.scale("process/web", 7, 1).await, Err(stale));
    assert_eq!(house.counts(), (0, 0));
    house.scale("process/web", 9, 1).await.unwrap();
    assert_eq!(house.counts(), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_on_both_sides_ends_on_both() {
    let house = House::new();
    house.first.scale(order("process/web", 1, 1)).await.unwrap();
    house.second.scale(order("process/web", 1, 2)).await.unwrap();
    house.scale("process/web", 2, 0).await.unwrap();
    assert_eq!(house.counts(), (0, 0));
    house.release_all().await;
    assert_eq!(house.both.replicas(), []);
}
