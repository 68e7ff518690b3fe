//! What is done to the world, and when: drawn from a seed, shortened to what matters when it fails.

mod disk;

use std::time::Duration;

use tidegate_rollout::Command;

pub(crate) use self::disk::MOST_LOST;
use crate::chance::Chance;

/// The rollouts of the world.
#[derive(Clone, Copy, Debug)]
pub(crate) enum App {
    Web,
    Pay,
}

impl App {
    pub(crate) const ALL: [Self; 2] = [Self::Web, Self::Pay];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Pay => "pay",
        }
    }

    /// Of its Service.
    pub(crate) const fn port(self) -> u16 {
        match self {
            Self::Web => 80,
            Self::Pay => 81,
        }
    }
}

/// The revisions that people release; a number is released again when all had their turn.
pub(crate) const REVISIONS: u64 = 5;

/// Something that is done at a moment.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    /// After the beginning.
    pub(crate) at: Duration,
    pub(crate) deed: Deed,
}

/// What people, machines and revisions do.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Apply {
        app: App,
        release: Release,
    },
    Command {
        app: App,
        command: Command,
    },
    /// Somebody, or what scales by load, applies what is there with another number of replicas.
    Scale {
        app: App,
        replicas: u32,
    },
    /// Somebody applies, and somebody else orders at the same moment.
    ApplyAnd {
        app: App,
        release: Release,
        command: Command,
    },
    Delete {
        app: App,
    },
    /// Somebody gives what is secret another value.
    NewSecret,
    /// Two people at the same moment.
    TwoAtOnce {
        app: App,
        one: Command,
        other: Command,
    },
    /// From now on a revision fails a share of its requests, in thousandths, after this time each.
    Answers {
        app: App,
        revision: u64,
        fails: u16,
        latency_ms: u64,
    },
    /// From now on its new replicas take so long to be ready; with none, for ever.
    Starts {
        app: App,
        revision: u64,
        takes: Option<Duration>,
    },
    Crash {
        app: App,
        revision: u64,
    },
    /// A revision uses too much memory: as often as that, what runs of it and gets requests is killed.
    OutOfMemory {
        app: App,
        revision: u64,
        every: Duration,
        lasts: Duration,
    },
    /// Its processes ignore SIGTERM.
    Deaf {
        app: App,
        revision: u64,
        lasts: Duration,
    },
    /// Its readiness probes do not say whether it serves.
    Probes {
        app: App,
        revision: u64,
        lie: Lie,
        lasts: Duration,
    },
    /// All users together send so many requests a second.
    Rate(u32),
    Router {
        trouble: RouterTrouble,
        lasts: Duration,
    },
    /// It comes up with the table that it held, and counts anew.
    RouterRestarts,
    Store {
        trouble: StoreTrouble,
        lasts: Duration,
    },
    Metrics {
        trouble: MetricsTrouble,
        lasts: Duration,
    },
    Clock(ClockTrouble),
    /// The control plane is killed once it has passed so many doors of its ports more; the next one
    /// starts after a while.
    Killed {
        after_doors: u64,
        away: Duration,
    },
    /// The machine of the store ends, and with it all who may lead; its disk has lost so many of the last
    /// commits that it had acknowledged. The next one starts after a while.
    LostFsync {
        commits: usize,
        away: Duration,
    },
    /// A bit of what is stored turns over.
    BitFlip(Place),
    /// Another one starts while it is there: both believe that they lead. The old one may stand still
    /// meanwhile, and wakes after a while.
    Succeeded {
        stops: Option<Duration>,
    },
    /// It stops in the middle of whatever it does, and goes on after a while.
    Stopped {
        after_doors: u64,
        lasts: Duration,
    },
}

/// A release as it is applied.
#[derive(Clone, Debug)]
pub(crate) struct Release {
    pub(crate) revision: u64,
    pub(crate) replicas: u32,
    pub(crate) plan: Plan,
    pub(crate) dynamic_stable: bool,
    pub(crate) deadline_aborts: bool,
}

/// How a release reaches its users.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    /// Weights in percent, each followed by a pause; without one it waits for a person.
    Canary {
        steps: Vec<(u8, Option<Duration>)>,
        analysed: bool,
    },
    BlueGreen {
        after: Duration,
        analysed: bool,
    },
}

/// What the readiness probes of a revision say that serves as it did. (That one is ready and fails its
/// requests is what [`Deed::Answers`] makes.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// The first replica is not ready.
    OneIsNot,
    /// None of those that are there is.
    NoneIs,
    /// All of them are and are not by turns, each for so long.
    ByTurns(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RouterTrouble {
    /// It does not answer and does nothing.
    Away,
    /// It does what it is told, and the answer is lost.
    AnswersAreLost,
    /// Each order arrives again, a while later.
    OrdersRepeat,
    /// Whoever orders is told that it failed, and the order arrives a while later.
    OrdersAreLate,
    /// Each answer takes seconds.
    Slow,
}

/// Where a bit turns over: in one of the documents or entries that there are, counted round and round.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Document { nth: usize, bit: usize },
    Entry { nth: usize, bit: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreTrouble {
    /// Nothing is written.
    Full,
    /// It is full at every second moment: somebody else frees space and takes it.
    Fills,
    /// Each commit takes seconds.
    Slow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetricsTrouble {
    Down,
    Silent,
    Slow,
    Wrong,
    NotANumber,
    /// It answers that there is nothing.
    Empty,
    /// It refuses, and repeats what it was asked with.
    Repeats,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum ClockTrouble {
    Ahead(Duration),
    Back(Duration),
    Stands(Duration),
}

/// The acts of a seed, in the order of their moments.
pub(crate) fn script(seed: u64, lasts: Duration) -> Vec<Act> {
    let mut chance = Chance::of(seed, "script");
    let mut acts = Vec::new();
    let mut at = Duration::ZERO;
    loop {
        // Troubles come in clusters: what is near to others finds more than what is alone.
        at += if chance.one_in(4) { chance.seconds(10_000) } else { chance.seconds(60) };
        if at >= lasts {
            break;
        }
        acts.push(Act { at, deed: deed(&mut chance) });
    }
    acts.extend(disk::losses(seed, lasts));
    acts.extend(disk::flips(seed, lasts));
    acts.sort_by_key(|act| act.at);
    acts
}

fn deed(chance: &mut Chance) -> Deed {
    let app = if chance.one_in(3) { App::Pay } else { App::Web };
    let revision = chance.from(1, REVISIONS + 1);
    match chance.from(0, 47) {
        0..7 => Deed::Apply { app, release: release(chance, revision) },
        7 => {
            let release = release(chance, revision);
            Deed::ApplyAnd { app, release, command: command(chance) }
        }
        8..14 => Deed::Command { app, command: command(chance) },
        14 if chance.one_in(4) => Deed::Delete { app },
        14 if chance.one_in(4) => Deed::NewSecret,
        14 => Deed::TwoAtOnce { app, one: command(chance), other: command(chance) },
        15..19 => {
            let fails = chance.pick(&[0, 0, 5, 20, 100, 500, 1_000]);
            Deed::Answers { app, revision, fails, latency_ms: chance.pick(&[5, 9, 15, 80, 2_000]) }
        }
        19..21 => {
            let takes = (!chance.one_in(4)).then(|| chance.seconds(700));
            Deed::Starts { app, revision, takes }
        }
        21..23 => Deed::Crash { app, revision },
        23 => Deed::Rate(chance.pick(&[0, 1, 5, 20, 50, 100])),
        24..28 => Deed::Router { trouble: router(chance), lasts: chance.seconds(600) },
        28 => Deed::RouterRestarts,
        29..31 => {
            let trouble =
                chance.pick(&[StoreTrouble::Full, StoreTrouble::Fills, StoreTrouble::Slow]);
            Deed::Store { trouble, lasts: chance.seconds(600) }
        }
        31..33 => Deed::Metrics { trouble: metrics(chance), lasts: chance.seconds(1_000) },
        33..35 => Deed::Clock(clock(chance)),
        35..38 => Deed::Killed { after_doors: chance.from(0, 12), away: chance.seconds(3_600) },
        38..40 => {
            let stops = (!chance.one_in(3)).then(|| chance.seconds(3_600));
            Deed::Succeeded { stops }
        }
        42 => Deed::Scale { app, replicas: replicas(chance) },
        43 => {
            let (every, lasts) = (chance.seconds(200), chance.seconds(3_600));
            Deed::OutOfMemory { app, revision, every, lasts }
        }
        44 => Deed::Deaf { app, revision, lasts: chance.seconds(7_200) },
        45..47 => Deed::Probes { app, revision, lie: lie(chance), lasts: chance.seconds(3_600) },
        _ => Deed::Stopped { after_doors: chance.from(0, 12), lasts: chance.seconds(3_600) },
    }
}

fn release(chance: &mut Chance, revision: u64) -> Release {
    let analysed = chance.one_in(3);
    let plan = if chance.one_in(5) {
        Plan::BlueGreen { after: chance.seconds(120), analysed }
    } else {
        let mut steps = Vec::new();
        for _ in 0..chance.from(1, 5) {
            let weight = u8::try_from(chance.from(0, 101)).unwrap_or(100);
            steps.push((weight, (!chance.one_in(8)).then(|| chance.seconds(600))));
        }
        if !chance.one_in(4) {
            steps.sort_by_key(|(weight, _)| *weight);
        }
        Plan::Canary { steps, analysed }
    };
    Release {
        revision,
        replicas: replicas(chance),
        plan,
        dynamic_stable: chance.one_in(4),
        deadline_aborts: chance.one_in(3),
    }
}

fn replicas(chance: &mut Chance) -> u32 {
    u32::try_from(chance.from(0, 7)).unwrap_or(1)
}

fn command(chance: &mut Chance) -> Command {
    chance.pick(&[
        Command::Promote,
        Command::Promote,
        Command::PromoteFull,
        Command::Pause,
        Command::Resume,
        Command::Resume,
        Command::Abort { why: None },
        Command::Retry,
    ])
}

fn lie(chance: &mut Chance) -> Lie {
    match chance.from(0, 3) {
        0 => Lie::OneIsNot,
        1 => Lie::NoneIs,
        _ => Lie::ByTurns(chance.seconds(100)),
    }
}

fn router(chance: &mut Chance) -> RouterTrouble {
    use RouterTrouble::{AnswersAreLost, Away, OrdersAreLate, OrdersRepeat, Slow};
    chance.pick(&[Away, AnswersAreLost, OrdersRepeat, OrdersAreLate, Slow])
}

fn metrics(chance: &mut Chance) -> MetricsTrouble {
    use MetricsTrouble::{Down, Empty, NotANumber, Repeats, Silent, Slow, Wrong};
    chance.pick(&[Down, Silent, Slow, Wrong, NotANumber, Empty, Repeats])
}

fn clock(chance: &mut Chance) -> ClockTrouble {
    let by = chance.seconds(7_200);
    match chance.from(0, 3) {
        0 => ClockTrouble::Ahead(by),
        1 => ClockTrouble::Back(by),
        _ => ClockTrouble::Stands(by.min(Duration::from_mins(10))),
    }
}
