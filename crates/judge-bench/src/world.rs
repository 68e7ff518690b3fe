use tidegate_judge::RunTraffic;
use tidegate_traffic::Tally;
use tidegate_units::Timestamp;

use crate::{
    Behaviour, Beside, Latencies, Replicas, Setting, Stream,
    setting::Tables,
    weather::{Forecast, Moment},
};

/// When all simulated releases begin, in milliseconds.
const BEGINS: i64 = 1_767_225_600_000;

/// So many seconds of the stable revision before the release a router tells of.
const HISTORY: i64 = 120;

/// Seconds after which what a replica wanders by is forgotten to 1/e.
const WANDERS_FOR: f64 = 30.0;

/// Seconds after which a replica's coldness is down to 1/e.
const COLD_FOR: f64 = 20.0;

/// One run of a setting: what a router would have counted so far.
pub struct World<'a> {
    setting: &'a Setting,
    /// The counts; those of `stable` are the baseline's where there is one.
    pub traffic: RunTraffic,
    second: u32,
    forecast: Forecast,
    canary: Arm<'a>,
    stable: Arm<'a>,
}

impl<'a> World<'a> {
    /// The run number `run`, before its first second.
    pub(crate) fn new(setting: &'a Setting, tables: &'a Tables, seed: u64, run: u64) -> Self {
        let stream = |noun| Stream::of(seed, run, noun);
        let Replicas { canary, stable, .. } = setting.replicas;
        let beside = match setting.beside {
            Beside::LongRunning => (stable, Age::Old),
            Beside::Baseline => (canary, Age::New),
        };
        let arm = |behaviour, table, noun, (count, age)| {
            Arm::new(behaviour, table, setting, count, age, &stream(noun))
        };
        let mut world = Self {
            setting,
            traffic: RunTraffic {
                at: Timestamp::from_millis(BEGINS),
                epoch: 1,
                ..RunTraffic::default()
            },
            second: 0,
            forecast: Forecast::new(setting.weather, stream("weather")),
            canary: arm(setting.canary, &tables.canary, "canary", (canary, Age::New)),
            stable: arm(setting.stable, &tables.stable, "stable", beside),
        };
        if setting.beside == Beside::LongRunning {
            world.remember();
        }
        world
    }

    /// The stable revision alone, before the release.
    fn remember(&mut self) {
        let stable = &mut self.traffic.stable;
        for second in 0..HISTORY {
            let moment = self.forecast.at(0.0, 0.0);
            let mut tally = Tally::default();
            self.stable.pass(&mut tally, self.setting.per_second * moment.requests, moment);
            stable.total.add(&tally);
            let at = Timestamp::from_millis(BEGINS + 1_000 * (second - HISTORY));
            stable.seconds.push((at, tally));
        }
    }

    /// Lets a second pass; which one it was, from 1 on.
    pub fn pass(&mut self) -> u32 {
        let through = f64::from(self.second) / f64::from(self.setting.seconds.max(1));
        let moment = self.forecast.at(f64::from(self.second), through);
        let weight = self.setting.weights.at(self.second, self.setting.seconds);
        let beside = match self.setting.beside {
            Beside::LongRunning => 1.0 - weight,
            Beside::Baseline => weight,
        };
        let requests = self.setting.per_second * moment.requests;
        self.canary.pass(&mut self.traffic.canary.total, requests * weight, moment);
        self.stable.pass(&mut self.traffic.stable.total, requests * beside, moment);
        self.traffic.share = Some(weight / (weight + beside));
        self.second += 1;
        self.traffic.at = Timestamp::from_millis(BEGINS + 1_000 * i64::from(self.second));
        self.second
    }
}

/// Whether replicas are new when the release begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    New,
    Old,
}

/// The replicas of one revision.
struct Arm<'a> {
    error_rate: f64,
    clump: f64,
    table: &'a Latencies,
    replicas: Vec<Replica>,
    differ: Replicas,
}

struct Replica {
    stream: Stream,
    /// Natural logarithm of how its latency differs for good, and for now in standard deviations.
    bias: f64,
    wandered: f64,
    age: f64,
}

impl<'a> Arm<'a> {
    fn new(
        behaviour: Behaviour,
        table: &'a Latencies,
        setting: &Setting,
        count: u32,
        age: Age,
        stream: &Stream,
    ) -> Self {
        let differ = setting.replicas;
        let mut stream = stream.clone();
        let mut replica = |_| {
            let bias = differ.apart * stream.normal();
            let wandered = stream.normal();
            let age = if age == Age::New { 0.0 } else { f64::INFINITY };
            Replica { stream: stream.split(), bias, wandered, age }
        };
        let replicas = (0..count).map(&mut replica).collect();
        Self { error_rate: behaviour.error_rate, clump: setting.clump, table, replicas, differ }
    }

    /// A second with `mean` requests, spread evenly over the replicas.
    fn pass(&mut self, tally: &mut Tally, mean: f64, moment: Moment) {
        let each = mean / f64::from(u32::try_from(self.replicas.len()).unwrap_or(u32::MAX));
        for replica in &mut self.replicas {
            let (errors, latency) =
                if self.differ.are_alike() { (1.0, 1.0) } else { replica.live(self.differ) };
            let error_rate = (self.error_rate * moment.errors * errors).min(0.9);
            let requests = replica.stream.poisson(each);
            let times = moment.latency * latency;
            if self.clump > 1.0 {
                let failed =
                    clumped(&mut replica.stream, each * error_rate / self.clump, self.clump);
                self.table.answer(&mut replica.stream, tally, requests, 0.0, times);
                let failed = failed.min(requests);
                tally.by_class[1] -= failed;
                tally.by_class[4] += failed;
            } else {
                self.table.answer(&mut replica.stream, tally, requests, error_rate, times);
            }
        }
    }
}

/// How many events come in clumps of `size` on average, when `clumps` of them are expected.
fn clumped(stream: &mut Stream, clumps: f64, size: f64) -> u64 {
    (0..stream.poisson(clumps)).map(|_| stream.geometric(size)).sum()
}

impl Replica {
    /// Lets a second pass: by what its error rate and its latency are multiplied.
    fn live(&mut self, differ: Replicas) -> (f64, f64) {
        let kept = libm::exp(-1.0 / WANDERS_FOR);
        self.wandered = kept * self.wandered + libm::sqrt(1.0 - kept * kept) * self.stream.normal();
        let cold = differ.cold * libm::exp(-self.age / COLD_FOR);
        self.age += 1.0;
        let wander = differ.wander * self.wandered;
        (libm::exp(3.0 * wander) * (1.0 + 2.0 * cold), libm::exp(self.bias + wander) * (1.0 + cold))
    }
}
