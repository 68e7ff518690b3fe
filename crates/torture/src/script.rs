//! What happens, and when, as a seed decides it.
//!
//! Each noun has a stream of random numbers of its own, so that another kind of fault does not change
//! what is released. A moment is counted from the beginning of its round.

use std::{fmt, time::Duration};

use fastrand::Rng;

/// A round: releases, and what happens to them.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// Counted from 1.
    pub number: u32,
    /// What is released, one for each application.
    pub releases: Vec<Release>,
    /// What people ask for.
    pub words: Vec<Word>,
    /// What is done to the machine.
    pub strikes: Vec<Strike>,
}

/// A new revision of an application.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// Which application.
    pub app: u32,
    /// When it is applied.
    pub at: Duration,
    /// How it behaves.
    pub kind: Kind,
}

/// How a revision behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Well.
    Good,
    /// Well, but only SIGKILL ends it.
    IgnoresTerm,
    /// Half of its answers are errors.
    Errors,
    /// It takes ten times as long.
    Slow,
    /// It ends as soon as it is started.
    CrashesAtStart,
    /// Each request takes memory, until its limit ends it.
    OutOfMemory,
}

/// All kinds, good ones first.
pub const KINDS: [Kind; 6] = [
    Kind::Good,
    Kind::IgnoresTerm,
    Kind::Errors,
    Kind::Slow,
    Kind::CrashesAtStart,
    Kind::OutOfMemory,
];

impl Kind {
    /// Whether it is to reach all users.
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Good | Self::IgnoresTerm)
    }
}

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// Of which application.
    pub app: u32,
    /// When.
    pub at: Duration,
    /// What.
    pub command: Command,
}

/// What people can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Go on from a pause.
    Promote,
    /// Take it back.
    Abort,
    /// Try it again.
    Retry,
    /// Hold it.
    Pause,
    /// Let it go on.
    Resume,
    /// Go back to the revision before.
    Undo,
    /// Replace all replicas.
    Restart,
    /// Another revision, in the middle of this one.
    Apply(Kind),
}

const COMMANDS: [Command; 8] = [
    Command::Promote,
    Command::Abort,
    Command::Retry,
    Command::Pause,
    Command::Resume,
    Command::Undo,
    Command::Restart,
    Command::Apply(Kind::Good),
];

/// What is done to the machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Strike {
    /// When.
    pub at: Duration,
    /// Until it is undone; a kill is undone by a new start.
    pub lasts: Duration,
    /// What.
    pub fault: Fault,
}

/// What may happen to a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `kill -9` of the control plane.
    KillControl,
    /// `kill -9` of the router.
    KillRouter,
    /// `kill -9` of a replica of this application.
    KillReplica(u32),
    /// SIGSTOP of the control plane, and SIGCONT later.
    StopControl,
    /// SIGSTOP of the router, and SIGCONT later.
    StopRouter,
    /// SIGSTOP of a replica of this application, and SIGCONT later.
    StopReplica(u32),
    /// No byte is left on the disk of the data folder.
    FullDisk,
    /// Nothing can be made or removed in the data folder.
    ReadOnlyFolder,
    /// Each write to the disk, and each fsync, takes longer.
    SlowDisk,
    /// The control plane can open so many files more.
    FewFilesControl(u64),
    /// The router can open so many files more.
    FewFilesRouter(u64),
    /// No port is left that is not taken.
    NoPorts,
    /// The clock is so many seconds ahead, or behind, and right again later.
    Clock(i64),
    /// A server that an analysis asks for a number.
    Metric(Answer),
}

/// How a server of metrics answers that is not well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It hangs up.
    Gone,
    /// After 20 s.
    Late,
    /// With a page, and with the question in it.
    Nonsense,
    /// With status 500, and with the question in it.
    Error,
    /// `NaN`.
    NotANumber,
    /// With less than it said that there is.
    CutOff,
}

const ANSWERS: [Answer; 6] = [
    Answer::Gone,
    Answer::Late,
    Answer::Nonsense,
    Answer::Error,
    Answer::NotANumber,
    Answer::CutOff,
];

/// How far a clock is set, in seconds: as NTP does after a start, and as people do.
const STEPS: [i64; 6] = [3, -3, 90, -90, 86_400, -86_400];

impl Fault {
    /// Its name, without the application.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KillControl => "kill-control",
            Self::KillRouter => "kill-router",
            Self::KillReplica(_) => "kill-replica",
            Self::StopControl => "stop-control",
            Self::StopRouter => "stop-router",
            Self::StopReplica(_) => "stop-replica",
            Self::FullDisk => "full-disk",
            Self::ReadOnlyFolder => "read-only-folder",
            Self::SlowDisk => "slow-disk",
            Self::FewFilesControl(_) => "few-files-control",
            Self::FewFilesRouter(_) => "few-files-router",
            Self::NoPorts => "no-ports",
            Self::Clock(_) => "clock",
            Self::Metric(_) => "metric",
        }
    }

    /// How long it may last, in milliseconds.
    const fn span(self) -> (u64, u64) {
        match self {
            // Until somebody starts it again.
            Self::KillControl => (0, 3_000),
            // The control plane starts it again.
            Self::KillRouter | Self::KillReplica(_) => (0, 1),
            // Longer than anything that it waits for: 15 s is every deadline of a look.
            Self::StopControl => (200, 15_000),
            // Clients wait for 10 s.
            Self::StopRouter => (100, 4_000),
            Self::StopReplica(_) => (500, 8_000),
            Self::FullDisk
            | Self::ReadOnlyFolder
            | Self::SlowDisk
            | Self::NoPorts
            | Self::FewFilesControl(_)
            | Self::FewFilesRouter(_) => (500, 6_000),
            Self::Clock(_) | Self::Metric(_) => (1_000, 10_000),
        }
    }
}

/// Every fault, of some application where it is one's.
pub const FAULTS: [Fault; 14] = [
    Fault::KillControl,
    Fault::KillRouter,
    Fault::KillReplica(0),
    Fault::StopControl,
    Fault::StopRouter,
    Fault::StopReplica(0),
    Fault::FullDisk,
    Fault::ReadOnlyFolder,
    Fault::SlowDisk,
    Fault::FewFilesControl(0),
    Fault::FewFilesRouter(0),
    Fault::NoPorts,
    Fault::Clock(0),
    Fault::Metric(Answer::Gone),
];

/// In what time everything of a round begins, in milliseconds.
const SPAN_MS: u64 = 8_000;

/// What a script is drawn from.
#[derive(Clone, Debug)]
pub struct Draw {
    /// The seed.
    pub seed: u64,
    /// How many applications there are.
    pub apps: u32,
    /// The faults among which is chosen.
    pub faults: Vec<Fault>,
}

impl Draw {
    /// The round of this number.
    pub fn round(&self, number: u32) -> Round {
        Round {
            number,
            releases: (0..self.apps).map(|app| self.release(number, app)).collect(),
            words: self.words(number),
            strikes: self.strikes(number),
        }
    }

    fn release(&self, round: u32, app: u32) -> Release {
        let mut rng = self.stream("release", round, app);
        let kind = kind(&mut rng);
        Release { app, at: millis(&mut rng, 0, 2_000), kind }
    }

    /// In every second round people let an application alone: then it has to end by itself.
    fn words(&self, round: u32) -> Vec<Word> {
        let mut words = Vec::new();
        for app in 0..self.apps {
            let mut rng = self.stream("word", round, app);
            if rng.bool() {
                continue;
            }
            for _ in 0..rng.u32(1..=3) {
                let at = millis(&mut rng, 500, SPAN_MS);
                let mut say = |at| {
                    let command = command(&mut rng);
                    words.push(Word { app, at, command });
                };
                say(at);
                // Two at once.
                say(at);
            }
        }
        words
    }

    fn strikes(&self, round: u32) -> Vec<Strike> {
        let mut rng = self.stream("strike", round, 0);
        let count = rng.usize(1..=4);
        let mut strikes: Vec<_> = (0..count).filter_map(|_| self.strike(&mut rng)).collect();
        strikes.sort_by_key(|strike| strike.at);
        strikes
    }

    fn strike(&self, rng: &mut Rng) -> Option<Strike> {
        let app = rng.u32(..self.apps);
        let fault = match *rng.choice(&self.faults)? {
            Fault::KillReplica(_) => Fault::KillReplica(app),
            Fault::StopReplica(_) => Fault::StopReplica(app),
            Fault::FewFilesControl(_) => Fault::FewFilesControl(rng.u64(..4)),
            Fault::FewFilesRouter(_) => Fault::FewFilesRouter(rng.u64(..4)),
            Fault::Clock(_) => Fault::Clock(rng.choice(STEPS)?),
            Fault::Metric(_) => Fault::Metric(rng.choice(ANSWERS)?),
            other => other,
        };
        let (least, most) = fault.span();
        Some(Strike { at: millis(rng, 0, SPAN_MS), lasts: millis(rng, least, most), fault })
    }

    /// Random numbers of one noun.
    fn stream(&self, noun: &str, round: u32, app: u32) -> Rng {
        // FNV-1a over what tells it apart: any hash that is the same everywhere does.
        let name = format!("{noun} {round} {app}");
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Rng::with_seed(self.seed ^ hash)
    }
}

fn kind(rng: &mut Rng) -> Kind {
    rng.choice(KINDS).unwrap_or(Kind::Good)
}

fn command(rng: &mut Rng) -> Command {
    match rng.choice(COMMANDS) {
        Some(Command::Apply(_)) | None => Command::Apply(kind(rng)),
        Some(other) => other,
    }
}

fn millis(rng: &mut Rng, from: u64, to: u64) -> Duration {
    Duration::from_millis(rng.u64(from..to))
}

impl fmt::Display for Round {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "round {}", self.number)?;
        for Release { app, at, kind } in &self.releases {
            writeln!(out, "  {:5.2} s  release of app {app}: {kind:?}", at.as_secs_f64())?;
        }
        for Word { app, at, command } in &self.words {
            writeln!(out, "  {:5.2} s  somebody about app {app}: {command:?}", at.as_secs_f64())?;
        }
        for Strike { at, lasts, fault } in &self.strikes {
            let (at, lasts) = (at.as_secs_f64(), lasts.as_secs_f64());
            let name = fault.name();
            writeln!(out, "  {at:5.2} s  {name} for {lasts:.2} s ({fault:?})")?;
        }
        Ok(())
    }
}
