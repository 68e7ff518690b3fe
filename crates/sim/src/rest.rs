//! How a world comes to rest once nothing troubles it, and what has to be true of it then.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tidegate_controller::RolloutView;
use tidegate_ports::{ReplicaState, Runtime as _};
use tidegate_rollout::{Command, PauseReason, Phase};
use tidegate_testkit::Says;
use tidegate_units::Weight;
use tokio::time::Instant;

use crate::{
    apps::{key, revision},
    life::{Life, RATE, World, order},
    script::{App, REVISIONS},
    trace::Trace,
};

/// How long a world may take to come to rest once nothing troubles it.
const REST_WITHIN: Duration = Duration::from_hours(3);

impl World {
    /// Lets it come to rest, and says what came of its life.
    pub(crate) async fn end(mut self) -> Life {
        let lasted = self.begin.elapsed();
        if !self.is_broken() {
            self.rest().await;
        }
        *self.slot() = None;
        let rules = std::mem::take(&mut self.machine.state().rules);
        let trace = std::mem::replace(&mut self.machine.state().trace, Trace::new(false));
        let (hash, steps) = (trace.digest(), trace.steps());
        Life {
            hash,
            steps,
            lasted,
            acts: BTreeMap::new(),
            broken: rules.broken,
            lines: trace.into_lines(),
        }
    }

    async fn rest(&mut self) {
        self.peace().await;
        if let Err(stuck) = self.comes_to_rest().await {
            self.broken(stuck);
        } else {
            // Replicas that nobody needs have their delay.
            tokio::time::sleep(Duration::from_mins(5)).await;
            self.check_end().await;
        }
    }

    /// Whether a rule was broken. What happens from then on says nothing more: two leaders in one epoch
    /// may overtake each other a hundred times a second.
    pub(crate) fn is_broken(&self) -> bool {
        !self.machine.state().rules.broken.is_empty()
    }

    pub(crate) fn broken(&self, what: String) {
        self.machine.note(&what);
        self.machine.state().rules.broken.push(what);
    }

    /// Nothing troubles anybody any more.
    async fn peace(&mut self) {
        self.machine.note("peace");
        self.machine.peace();
        self.machine.store.recover();
        self.metrics.says(Says::Number(1.0));
        self.clock.go_on();
        self.machine.router.rate(RATE);
        for app in App::ALL {
            for number in 1..=REVISIONS {
                let revision = revision(app, number);
                self.machine.router.answers(&revision, 0.0, 9_000);
                self.machine.runtime.starts(&revision, Some(Duration::from_millis(300)));
                self.machine.runtime.hears(&revision);
                self.machine.runtime.ready_again(&revision);
            }
        }
        // One that was stopped goes on; orders that were on their way arrive.
        // It may have been stopped once more meanwhile.
        tokio::time::sleep(Duration::from_secs(7_400)).await;
        if self.plane().is_none() {
            self.start_plane().await;
        }
        self.revive().await;
    }

    /// People let go what waits for them.
    async fn comes_to_rest(&self) -> Result<(), String> {
        let begin = Instant::now();
        loop {
            let Some(plane) = self.plane() else { return Err("no control plane".to_owned()) };
            let views: Vec<RolloutView> =
                App::ALL.into_iter().filter_map(|app| plane.rollout(&key(app))).collect();
            let deleting = !self.machine.state().rules.deleting.is_empty();
            if views.iter().all(ended) && !deleting {
                return Ok(());
            }
            if begin.elapsed() > REST_WITHIN {
                let stuck = views.iter().find(|view| !ended(view));
                return Err(match stuck {
                    Some(view) => format!("it never ends: {:#?}", view.report),
                    None => "what was deleted never goes".to_owned(),
                });
            }
            for app in App::ALL {
                let held = plane.rollout(&key(app)).and_then(|view| view.status.pause);
                let Some(pause) = held else { continue };
                let lets_go = match pause.reason {
                    PauseReason::User => Command::Resume,
                    _ => Command::Promote,
                };
                order(Arc::clone(&self.machine), plane.clone(), app, lets_go).await;
            }
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
    }

    async fn check_end(&self) {
        let Some(plane) = self.plane() else { return };
        for before in &self.before {
            if tokio::time::timeout(Duration::ZERO, before.ended()).await.is_err() {
                self.broken("one that led before still believes that it does".to_owned());
            }
        }
        self.check_disk().await;
        self.machine.state().rules.check_loss();
        if self.metrics.open() > 0 {
            self.broken("a run is left that asks".to_owned());
        }
        for app in App::ALL {
            match plane.rollout(&key(app)) {
                Some(view) => self.check_rollout(app, &view),
                None => self.check_gone(app),
            }
        }
    }

    /// Nothing is left of what is not there.
    fn check_gone(&self, app: App) {
        let name = app.name();
        let all = self.machine.runtime.replicas();
        let left = all.iter().filter(|it| it.owner.name.as_ref() == name).count();
        if left > 0 {
            self.broken(format!("{name}: {left} replicas, and it was deleted"));
        }
    }

    fn check_rollout(&self, app: App, view: &RolloutView) {
        let name = app.name();
        for rule in &view.violations {
            self.broken(format!("{name}: a plan breaks a rule: {rule}"));
        }
        let Some(stable) = &view.status.stable else {
            self.broken(format!("{name}: no revision is stable"));
            return;
        };
        let all = self.machine.runtime.replicas();
        let own = all.iter().filter(|it| it.owner.name.as_ref() == name);
        let (mut serving, mut others) = (0, 0);
        for replica in own {
            let serves = replica.revision == *stable && replica.state == ReplicaState::Ready;
            *(if serves { &mut serving } else { &mut others }) += 1;
        }
        if (serving, others) != (view.replicas_wanted, 0) {
            let wanted = view.replicas_wanted;
            self.broken(format!(
                "{name}: {serving} of {wanted} replicas of {stable}, {others} others"
            ));
        }
        let table = self.machine.router.table();
        let listed = table.listeners.iter().filter(|one| one.owner.key() == key(app));
        let listed: usize =
            listed.flat_map(|one| &one.destinations).map(|one| one.endpoints.len()).sum();
        if u32::try_from(listed) != Ok(serving) {
            self.broken(format!("{name}: the router knows {listed} of {serving} replicas"));
        }
        let share = self.machine.router.weight(&key(app), stable);
        if share != Some(Weight::FULL) && view.replicas_wanted > 0 {
            self.broken(format!("{name}: {share:?} for {stable}, which is stable"));
        }
    }
}

fn ended(view: &RolloutView) -> bool {
    let over = view.report.phase == Phase::Healthy || view.report.aborted.is_some();
    over && view.runs.iter().all(|run| run.status.completed_at.is_some())
}
