use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tidegate_exposure::Counted;
use tidegate_rollout::{
    Action, Canary, Command, CommandRefused, Event, ExperimentSeen, Observation, Phase, Plan,
    RevisionSeen, RolloutSpec, RolloutStatus, RunKind, RunSeen, Step, StepExperiment, Strategy,
    TemplateSeen, apply_command, plan,
};
use tidegate_traffic::Rule;
use tidegate_units::{Generation, RevisionHash, RunName, RunPhase, Timestamp, Weight};

use crate::rules;

/// A tick of the world.
pub(crate) const TICK: Duration = Duration::from_secs(1);

/// What executors do with an action: the ticks until it takes effect, or that it is lost.
pub(crate) type Fate = Option<u32>;

/// A deterministic world in which plans take effect.
pub(crate) struct World {
    pub(crate) spec: RolloutSpec,
    pub(crate) status: RolloutStatus,
    pub(crate) now: Timestamp,
    pub(crate) revisions: BTreeMap<RevisionHash, Vec<Replica>>,
    pub(crate) router: BTreeMap<RevisionHash, Weight>,
    pub(crate) router_generation: Generation,
    pub(crate) router_rules: Vec<Rule>,
    pub(crate) runs: BTreeMap<RunName, (RunKind, RunSeen)>,
    pub(crate) experiments: BTreeMap<String, ExperimentSeen>,
    pub(crate) taken_names: BTreeSet<String>,
    pub(crate) obstacles: BTreeMap<RevisionHash, String>,
    pub(crate) no_service: bool,
    /// How long a replica of a revision takes to be ready; one that is not named takes a tick, one
    /// with none never is.
    pub(crate) start_time: BTreeMap<RevisionHash, Option<Duration>>,
    /// What becomes of the next actions, in turn and over again.
    pub(crate) fates: Vec<Fate>,
    /// What the router has counted of `b` and `a`, if it is asked for that.
    pub(crate) counted: Option<Counted>,
    /// Requests a second, and every how-manieth of `b` fails.
    pub(crate) traffic: (u64, Option<u64>),
    fate: usize,
    under_way: Vec<(Timestamp, Action)>,
    taken: BTreeMap<RevisionHash, Generation>,
    pub(crate) events: Vec<Event>,
    pub(crate) last: Option<Plan>,
}

/// A replica: when it began.
#[derive(Clone, Copy)]
pub(crate) struct Replica {
    pub(crate) started: Timestamp,
    pub(crate) broken: bool,
}

/// The moment at which every world begins.
pub(crate) fn epoch() -> Timestamp {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

/// The hash of a revision by its short name.
pub(crate) fn rev(name: &str) -> RevisionHash {
    RevisionHash::from(name)
}

pub(crate) fn percent(weight: u8) -> Weight {
    Weight::new(weight).unwrap()
}

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A routed canary of revision `a` with these steps and 4 replicas; all else by default, and with
/// no default analysis.
pub(crate) fn routed(steps: Vec<Step>) -> RolloutSpec {
    RolloutSpec {
        name: "web".to_owned(),
        replicas: 4,
        revision: rev("a"),
        paused: false,
        min_ready: Duration::ZERO,
        revision_history_limit: 10,
        progress_deadline: secs(600),
        progress_deadline_abort: false,
        restart_at: None,
        rollback_window: 0,
        strategy: Strategy::Canary(Canary { steps, routed: true, ..Canary::default() }),
    }
}

/// The same without a router.
pub(crate) fn unrouted(replicas: u32, steps: Vec<Step>) -> RolloutSpec {
    let mut spec = routed(steps);
    spec.replicas = replicas;
    canary_of(&mut spec).routed = false;
    spec
}

/// The canary strategy of a spec, to be changed.
pub(crate) fn canary_of(spec: &mut RolloutSpec) -> &mut Canary {
    match &mut spec.strategy {
        Strategy::Canary(canary) => canary,
        Strategy::BlueGreen(_) => panic!("not a canary"),
    }
}

pub(crate) fn set_weight(weight: u8) -> Step {
    Step::SetWeight(percent(weight))
}

impl World {
    pub(crate) fn new(spec: RolloutSpec) -> Self {
        Self {
            spec,
            status: RolloutStatus::default(),
            now: epoch(),
            revisions: BTreeMap::new(),
            router: BTreeMap::new(),
            router_generation: Generation::default(),
            router_rules: Vec::new(),
            runs: BTreeMap::new(),
            experiments: BTreeMap::new(),
            taken_names: BTreeSet::new(),
            obstacles: BTreeMap::new(),
            no_service: false,
            start_time: BTreeMap::new(),
            fates: vec![Some(0)],
            counted: None,
            traffic: (0, None),
            fate: 0,
            under_way: Vec::new(),
            taken: BTreeMap::new(),
            events: Vec::new(),
            last: None,
        }
    }

    /// A world in which revision `a` is stable and everything is settled.
    pub(crate) fn settled(spec: RolloutSpec) -> Self {
        let mut world = Self::new(spec);
        world.run(40);
        assert_eq!(world.status.phase, Phase::Healthy, "{}", world.status.message);
        world.events.clear();
        world
    }

    /// The same, with revision `b` wanted.
    pub(crate) fn updating(spec: RolloutSpec) -> Self {
        let mut world = Self::settled(spec);
        world.spec.revision = rev("b");
        world
    }

    pub(crate) fn observe(&self) -> Observation {
        let revisions = self
            .revisions
            .iter()
            .filter(|(_, replicas)| !replicas.is_empty())
            .map(|(revision, replicas)| (revision.clone(), self.seen(revision, replicas)))
            .collect();
        Observation {
            revisions,
            routed: (self.router_generation > Generation::default()).then(|| self.router.clone()),
            routed_generation: self.router_generation,
            runs: self.runs.iter().map(|(name, (_, seen))| (name.clone(), seen.clone())).collect(),
            obstacles: self.obstacles.clone(),
            no_service: self.no_service,
            experiments: self.experiments.clone(),
            taken: self.taken_names.clone(),
            counted: self.counted,
        }
    }

    fn seen(&self, revision: &RevisionHash, replicas: &[Replica]) -> RevisionSeen {
        let mut seen = RevisionSeen::default();
        let restart = self.spec.restart_at.unwrap_or(Timestamp::from_millis(i64::MIN));
        for replica in replicas {
            seen.replicas += 1;
            seen.outdated += u32::from(replica.started < restart);
            let Some(ready) = self.ready_at(revision, *replica) else {
                continue;
            };
            if ready > self.now {
                continue;
            }
            seen.ready += 1;
            let available = ready.after(self.spec.min_ready);
            if available <= self.now {
                seen.available += 1;
            } else {
                let next = seen.next_available.unwrap_or(available);
                seen.next_available = Some(next.min(available));
            }
        }
        seen
    }

    fn ready_at(&self, revision: &RevisionHash, replica: Replica) -> Option<Timestamp> {
        let takes = self.start_time.get(revision).copied();
        let takes = takes.unwrap_or(Some(TICK)).filter(|_| !replica.broken)?;
        Some(replica.started.after(takes))
    }

    /// Lets a tick pass: what is due takes effect, then it is planned.
    pub(crate) fn tick(&mut self) -> &Plan {
        self.pass();
        self.plan()
    }

    /// Lets a tick pass in which nobody plans.
    pub(crate) fn pass(&mut self) {
        self.now = self.now.after(TICK);
        self.serve();
        self.take_effect();
    }

    /// Lets the router count a second's requests, each revision's to the nearest over all seconds.
    fn serve(&mut self) {
        let (rate, fails) = self.traffic;
        if rate == 0 {
            return;
        }
        let counted = self.counted.get_or_insert_default();
        let share = self.router.get(&rev("b")).copied().unwrap_or_default();
        let second = u64::try_from(self.now.as_millis() / 1000).unwrap();
        let part = |seconds: u64| {
            let owed = u128::from(seconds * rate) * u128::from(share.parts());
            u64::try_from(owed / u128::from(Weight::PARTS)).unwrap()
        };
        let owed = part(second) - part(second - 1);
        let failed = |requests: u64| fails.map_or(0, |each| requests / each);
        let before = counted.canary.requests;
        counted.canary.errors += failed(before + owed) - failed(before);
        counted.canary.requests += owed;
        counted.stable.requests += rate - owed;
        counted.at = self.now;
    }

    pub(crate) fn run(&mut self, ticks: u32) {
        for _ in 0..ticks {
            self.tick();
        }
    }

    /// Ticks until `done`, at most `ticks` times.
    pub(crate) fn until(&mut self, ticks: u32, done: impl Fn(&Self) -> bool) {
        for _ in 0..ticks {
            if done(self) {
                return;
            }
            self.tick();
        }
        assert!(done(self), "not within {ticks} ticks: {:#?}", self.last);
    }

    /// Plans now, checks the rules, and sends the actions on their way.
    pub(crate) fn plan(&mut self) -> &Plan {
        let seen = self.observe();
        self.plan_on(&seen)
    }

    /// Plans on what was seen, be it late or in part.
    pub(crate) fn plan_on(&mut self, seen: &Observation) -> &Plan {
        let next = plan(&self.spec, &self.status, seen, self.now);
        rules::check(&self.spec, &self.status, seen, &next, self.now);
        for action in &next.actions {
            let fate = self.fates[self.fate % self.fates.len()];
            self.fate += 1;
            if let Some(ticks) = fate {
                let due = self.now.after(TICK * ticks);
                self.under_way.push((due, action.clone()));
            }
        }
        self.status = next.status.clone();
        self.events.extend(next.events.iter().cloned());
        self.last.insert(next)
    }

    pub(crate) fn command(&mut self, command: &Command) -> Result<(), CommandRefused> {
        self.status = apply_command(&self.spec, &self.status, command, "ada", self.now)?;
        Ok(())
    }

    /// Whether every action took effect or was lost.
    pub(crate) fn nothing_under_way(&self) -> bool {
        self.under_way.is_empty()
    }

    fn take_effect(&mut self) {
        let now = self.now;
        let (due, later) = self.under_way.drain(..).partition(|(at, _)| *at <= now);
        self.under_way = later;
        let due: Vec<(Timestamp, Action)> = due;
        for (_, action) in due {
            self.carry_out(action);
        }
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::Scale { revision, replicas, restart_before, generation } => {
                self.scale(revision, replicas, restart_before, generation);
            }
            Action::Route { weights, rules, generation } => {
                if generation >= self.router_generation {
                    self.router_rules = rules;
                    self.router_generation = generation;
                    self.router = weights.into_iter().collect();
                }
            }
            Action::StartRun { run, kind, .. } => {
                self.runs.entry(run).or_insert((kind, RunSeen::Running));
            }
            Action::StopRun { run } => {
                if let Some((_, seen)) = self.runs.get_mut(&run) {
                    *seen = RunSeen::Successful;
                }
            }
            Action::StartExperiment { experiment, what, .. } => self.make(experiment, &what),
            Action::StopExperiment { experiment } => {
                if let Some(seen) = self.experiments.get_mut(&experiment) {
                    seen.ending = true;
                }
            }
            Action::Forget { revision } => {
                self.revisions.remove(&revision);
            }
        }
    }

    /// An experiment whose templates are all available at once, the first one behind the Service of
    /// the rollout.
    fn make(&mut self, experiment: String, what: &StepExperiment) {
        let templates = what.templates.iter().enumerate().map(|(index, template)| {
            let revision = format!("{experiment}-{}", template.name).into();
            let seen =
                TemplateSeen { revision, available: template.replicas, selected: index == 0 };
            (template.name.clone(), seen)
        });
        let seen = ExperimentSeen {
            phase: RunPhase::Running,
            templates: templates.collect(),
            ..ExperimentSeen::default()
        };
        self.experiments.entry(experiment).or_insert(seen);
    }

    /// Ends every experiment that goes on.
    pub(crate) fn end_experiments(&mut self, phase: RunPhase) {
        for seen in self.experiments.values_mut().filter(|seen| !seen.ending) {
            (seen.phase, seen.ending) = (phase, phase.is_completed());
        }
    }

    /// The only experiment that goes on.
    pub(crate) fn experiment(&mut self) -> (String, &mut ExperimentSeen) {
        let mut open = self.experiments.iter_mut().filter(|(_, seen)| !seen.ending);
        let (name, seen) = open.next().unwrap();
        assert!(open.next().is_none());
        (name.clone(), seen)
    }

    /// As the runtime does it: stale orders are refused, the unavailable end first, and what is too
    /// old is replaced.
    fn scale(
        &mut self,
        revision: RevisionHash,
        count: u32,
        restart_before: Option<Timestamp>,
        generation: Generation,
    ) {
        let taken = self.taken.entry(revision.clone()).or_default();
        if generation < *taken {
            return;
        }
        *taken = generation;
        let now = self.now;
        let start_time = self.start_time.get(&revision).copied().unwrap_or(Some(TICK));
        let replicas = self.revisions.entry(revision).or_default();
        if let Some(moment) = restart_before {
            replicas.retain(|replica| replica.started >= moment);
        }
        let ready = |replica: &Replica| {
            let ready = start_time.filter(|_| !replica.broken);
            ready.is_some_and(|after| replica.started.after(after) <= now)
        };
        replicas.sort_by_key(|replica| !ready(replica));
        let fresh = Replica { started: now, broken: false };
        replicas.resize(usize::try_from(count).unwrap(), fresh);
    }

    pub(crate) fn weight_of(&self, name: &str) -> u32 {
        let weight = self.router.get(&rev(name)).copied();
        weight.unwrap_or_default().out_of(100)
    }

    pub(crate) fn count_of(&self, name: &str) -> usize {
        self.revisions.get(&rev(name)).map_or(0, Vec::len)
    }

    /// Ends every run of a kind with a verdict.
    pub(crate) fn judge(&mut self, wanted: RunKind, verdict: &RunSeen) {
        let mut judged = 0;
        for (kind, seen) in self.runs.values_mut() {
            if *kind == wanted && *seen == RunSeen::Running {
                *seen = verdict.clone();
                judged += 1;
            }
        }
        assert_eq!(judged, 1, "runs of {wanted:?} that went on");
    }

    /// Gives every run a verdict, whether it goes on or not.
    pub(crate) fn judge_any(&mut self, verdict: &RunSeen) {
        for (_, seen) in self.runs.values_mut() {
            *seen = verdict.clone();
        }
    }

    /// Asserts that nothing is left to do.
    pub(crate) fn assert_at_rest(&mut self) {
        let plan = self.tick();
        assert_eq!(plan.actions, Vec::new());
        assert_eq!(plan.events, Vec::new());
    }
}
