//! One release of a revision, simulated: traffic, its failures, the judge, and who decides the share.

use std::time::Duration;

use tidegate_exposure::{Arm, Counted, Exposure, ExposureSettings, Stage};
use tidegate_judge::{JudgeEvidence, JudgeSettings, RunTraffic, Verdict};
use tidegate_traffic::RevisionTally;
use tidegate_units::{Timestamp, Weight};

use crate::chance::Chance;

/// Time goes on by this.
pub(crate) const TICK: Duration = Duration::from_millis(500);

/// A decision takes effect after so many ticks.
const LATE: usize = 2;

/// A release that takes longer has not arrived.
const LONGEST: Duration = Duration::from_hours(2);

/// A revision and the traffic that it meets.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Case {
    /// Requests a second.
    pub(crate) rate: f64,
    /// The share of failures of the stable revision.
    pub(crate) base: f64,
    /// By how much the new one's is larger.
    pub(crate) harm: f64,
    /// When no control plane runs: from this second on, for so many.
    pub(crate) outage: Option<(i64, i64)>,
}

impl Case {
    fn is_out(&self, at: Timestamp) -> bool {
        let seconds = at.as_millis() / 1000;
        self.outage.is_some_and(|(from, long)| (from..from + long).contains(&seconds))
    }
}

/// Who decides the share.
#[derive(Clone, Debug)]
pub(crate) enum Ramp {
    /// `tidegate/auto`, with the judge beside it.
    Auto(ExposureSettings),
    /// Shares in percent, each held for so long.
    Fixed { percents: &'static [u8], hold: Duration, judge: Judge },
}

/// What takes a revision back on a ramp of fixed shares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Judge {
    /// The default analysis.
    Tidegate,
    /// As in Argo's examples: each minute, less than 95 % of the answers of the last one were good.
    Threshold,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    /// All users have it, after so many seconds.
    Through(f64),
    /// Taken back.
    TakenBack,
    /// The budget was spent: a person is asked, and nobody is given it meanwhile.
    Asked,
    /// Not decided in the longest time.
    Undecided,
}

/// What came of a release.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    pub(crate) end: End,
    /// Requests that failed because the new revision got them.
    pub(crate) hurt: u64,
}

struct World<'a> {
    case: &'a Case,
    chance: Chance,
    at: Timestamp,
    canary: Arm,
    stable: Arm,
    hurt: u64,
    /// Shares that were decided and do not hold yet, the oldest first.
    coming: [f64; LATE],
    judge: JudgeEvidence,
    settings: JudgeSettings,
}

impl World<'_> {
    /// Lets a tick pass in which `share` is decided.
    fn pass(&mut self, share: f64) {
        let holds = self.coming[0];
        self.coming.rotate_left(1);
        self.coming[LATE - 1] = share;
        let all = self.chance.arrivals(self.case.rate * TICK.as_secs_f64());
        let given = self.chance.of(all, holds);
        let hurt = self.chance.of(given, self.case.harm);
        self.hurt += hurt;
        self.canary.requests += given;
        self.canary.errors += hurt + self.chance.of(given - hurt, self.case.base);
        self.stable.requests += all - given;
        self.stable.errors += self.chance.of(all - given, self.case.base);
        self.at = self.at.after(TICK);
    }

    fn is_worse(&mut self) -> bool {
        let (canary, stable) = (tally(self.canary), tally(self.stable));
        let traffic = RunTraffic { at: self.at, epoch: 1, canary, stable, ..RunTraffic::default() };
        self.judge.look(&self.settings, &traffic);
        self.judge.verdict == Verdict::Worse
    }

    fn counted(&self) -> Counted {
        let (canary, stable) = (self.canary, self.stable);
        Counted { at: self.at, epoch: 1, canary, stable, ..Counted::default() }
    }

    /// What is on its way when it is taken back still arrives.
    fn end(mut self, end: End) -> Outcome {
        for _ in 0..LATE {
            self.pass(0.0);
        }
        Outcome { end, hurt: self.hurt }
    }
}

fn tally(arm: Arm) -> RevisionTally {
    let mut tally = RevisionTally::default();
    tally.total.requests = arm.requests;
    tally.total.by_class[4] = arm.errors;
    tally
}

/// Releases a revision once.
pub(crate) fn release(case: &Case, ramp: &Ramp, seed: u64) -> Outcome {
    let world = World {
        case,
        chance: Chance(seed),
        at: Timestamp::from_millis(0),
        canary: Arm::default(),
        stable: Arm::default(),
        hurt: 0,
        coming: [0.0; LATE],
        judge: JudgeEvidence::default(),
        settings: JudgeSettings { quantiles: Vec::new(), ..JudgeSettings::default() },
    };
    match ramp {
        Ramp::Auto(settings) => by_budget(world, settings),
        Ramp::Fixed { percents, hold, judge } => by_steps(world, percents, *hold, *judge),
    }
}

fn by_budget(mut world: World<'_>, settings: &ExposureSettings) -> Outcome {
    let case = *world.case;
    let mut exposure = Exposure::begin(settings, &world.counted(), Weight::ZERO);
    while world.at.since(Timestamp::default()) < LONGEST {
        let share = exposure.weight.percent() / 100.0;
        world.pass(share);
        if case.is_out(world.at) {
            continue;
        }
        if world.is_worse() {
            return world.end(End::TakenBack);
        }
        let given = world.coming.iter().all(|coming| (coming - share).abs() < 1e-12);
        exposure.look(settings, &world.counted(), given, false);
        if exposure.is_done(settings) {
            let through = End::Through(world.at.since(Timestamp::default()).as_secs_f64());
            return world.end(through);
        }
        if exposure.stage == Stage::Spent {
            return world.end(End::Asked);
        }
    }
    world.end(End::Undecided)
}

fn by_steps(mut world: World<'_>, percents: &[u8], hold: Duration, judge: Judge) -> Outcome {
    let mut minute = Arm::default();
    for percent in percents {
        let until = world.at.after(hold);
        while world.at < until {
            world.pass(f64::from(*percent) / 100.0);
            let worse = match judge {
                Judge::Tidegate => world.is_worse(),
                Judge::Threshold => is_below(&world, &mut minute),
            };
            if worse {
                return world.end(End::TakenBack);
            }
        }
    }
    let through = End::Through(world.at.since(Timestamp::default()).as_secs_f64());
    world.end(through)
}

/// Once a minute: whether more than 5 % of the last minute's requests failed.
fn is_below(world: &World<'_>, last: &mut Arm) -> bool {
    if world.at.as_millis() % 60_000 != 0 {
        return false;
    }
    let requests = world.canary.requests - last.requests;
    let errors = world.canary.errors - last.errors;
    *last = world.canary;
    errors * 20 > requests
}
