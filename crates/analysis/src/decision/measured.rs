//! The values that rules speak of, from what the router and the runtime say.

use std::time::Duration;

use tidegate_decision::{Kpi, KpiSnapshot, Unit};
use tidegate_judge::RunTraffic;
use tidegate_units::Timestamp;

use super::{memory::Memory, others::Others, settings::DecisionSettings};
use crate::{ReplicaUse, measure::Window};

/// Everything that can be had of a revision and what it is compared with.
pub(super) fn measure(
    settings: &DecisionSettings,
    traffic: Option<&RunTraffic>,
    replicas: &[ReplicaUse],
    memory: &Memory,
    others: &Others,
) -> KpiSnapshot {
    let mut kpis = KpiSnapshot::default();
    answers(settings, traffic, &mut kpis);
    usage(replicas, &mut kpis);
    let (trend, leak) = memory.kpis();
    kpis.insert("memoryTrend", trend);
    kpis.insert("memoryLeak", leak);
    by_replica(replicas, memory, &mut kpis);
    let why = "no metric measures it: declare it below values";
    kpis.insert("conversionRate", Kpi::missing(Unit::Number, why));
    for (name, from) in &settings.values {
        kpis.insert(name, others.kpi(from));
    }
    kpis
}

const QUANTILES: [(&str, f64); 3] =
    [("responseTime.p50", 0.5), ("responseTime.p95", 0.95), ("responseTime.p99", 0.99)];

fn answers(settings: &DecisionSettings, traffic: Option<&RunTraffic>, kpis: &mut KpiSnapshot) {
    let missing = |kpis: &mut KpiSnapshot, why: &str| {
        kpis.insert("errorRate", Kpi::missing(Unit::Percent, why));
        for (name, _) in QUANTILES {
            kpis.insert(name, Kpi::missing(Unit::Milliseconds, why));
        }
    };
    let Some(traffic) = traffic else {
        missing(kpis, "the router did not answer");
        kpis.insert("requestRate", Kpi::missing(Unit::PerSecond, "the router did not answer"));
        return;
    };
    let window = |seconds| Window::of(seconds, traffic.at, settings.window);
    let (canary, stable) = (window(&traffic.canary.seconds), window(&traffic.stable.seconds));
    let seconds = settings.window.as_secs();
    let rate = Kpi::new(canary.request_rate(), Unit::PerSecond, format!("in {seconds} s"));
    kpis.insert("requestRate", rate.against(stable.request_rate()));
    let judged = canary.sum.judged();
    if judged < settings.least {
        let needed = settings.least;
        let why = format!("{judged} requests in {seconds} s, at least {needed} are needed");
        missing(kpis, &why);
        return;
    }
    let enough = stable.sum.judged() >= settings.least;
    let note = format!("{judged} requests in {seconds} s");
    let kpi = |value: Option<f64>, unit: Unit, baseline: Option<f64>| match value {
        None => Kpi::missing(unit, "nothing of it was measured"),
        Some(value) => {
            let kpi = Kpi::new(value, unit, note.clone());
            match baseline.filter(|_| enough) {
                Some(baseline) => kpi.against(baseline),
                None => kpi,
            }
        }
    };
    let percent = |window: &Window| window.error_rate().map(|share| 100.0 * share);
    kpis.insert("errorRate", kpi(percent(&canary), Unit::Percent, percent(&stable)));
    for (name, p) in QUANTILES {
        let millis = |window: &Window| window.sum.latency.quantile(p).map(|micros| micros / 1e3);
        kpis.insert(name, kpi(millis(&canary), Unit::Milliseconds, millis(&stable)));
    }
}

/// The fullest memory, the mean CPU, and all restarts of the replicas.
fn usage(replicas: &[ReplicaUse], kpis: &mut KpiSnapshot) {
    let of = |canary: bool| replicas.iter().filter(move |replica| replica.canary == canary);
    let none = |unit, why: &str| Kpi::missing(unit, why);
    if of(true).next().is_none() {
        for (name, unit) in [
            ("cpuUsage", Unit::Percent),
            ("memoryUsage", Unit::Percent),
            ("restarts", Unit::Number),
        ] {
            kpis.insert(name, none(unit, "no replica of the revision is seen"));
        }
        return;
    }
    let full = |canary| of(canary).filter_map(ReplicaUse::memory_percent).reduce(f64::max);
    let beside = |value: Option<f64>, baseline: Option<f64>, unit, note: &str, why: &str| {
        let Some(value) = value else { return none(unit, why) };
        let kpi = Kpi::new(value, unit, note);
        baseline.map_or(kpi.clone(), |baseline| kpi.against(baseline))
    };
    let why = "its containers have no limit of memory, or it was not read yet";
    let memory =
        beside(full(true), full(false), Unit::Percent, "of the limit, the fullest replica", why);
    kpis.insert("memoryUsage", memory);
    let mean = |canary| mean(of(canary).filter_map(ReplicaUse::cpu_percent));
    let why = "its containers have no limit of CPU, or it was not read yet";
    let cpu =
        beside(mean(true), mean(false), Unit::Percent, "of the limit, mean of the replicas", why);
    kpis.insert("cpuUsage", cpu);
    let restarts = |canary| of(canary).map(|replica| f64::from(replica.restarts)).sum::<f64>();
    let kpi = Kpi::new(restarts(true), Unit::Number, "of the replicas that are there");
    kpis.insert("restarts", kpi.against(restarts(false)));
}

/// The memory of single replicas: of those that are followed, and of the fullest.
fn by_replica(replicas: &[ReplicaUse], memory: &Memory, kpis: &mut KpiSnapshot) {
    let full = |canary| {
        let of = replicas.iter().filter(move |replica| replica.canary == canary);
        of.filter_map(|replica| Some((replica, replica.memory_percent()?)))
    };
    let most = |canary| full(canary).max_by(|(_, one), (_, other)| one.total_cmp(other));
    let (fullest, baseline) = (most(true).map(|(replica, _)| &replica.id), most(false));
    for (replica, percent) in full(true) {
        if !memory.follows(&replica.id) && Some(&replica.id) != fullest {
            continue;
        }
        let usage = Kpi::new(percent, Unit::Percent, format!("of the limit, {}", replica.id));
        let usage = match baseline {
            Some((_, baseline)) => usage.against(baseline),
            None => usage,
        };
        let (trend, leak) = memory.kpis_of(&replica.id);
        for (name, kpi) in [("memoryUsage", usage), ("memoryTrend", trend), ("memoryLeak", leak)] {
            kpis.insert_of(replica.id.as_str(), name, kpi);
        }
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

impl ReplicaUse {
    fn memory_percent(&self) -> Option<f64> {
        percent(self.memory_bytes, self.memory_limit)
    }

    fn cpu_percent(&self) -> Option<f64> {
        percent(self.cpu_millis, self.cpu_limit)
    }

    /// Since when its memory counts.
    pub(super) fn warm_since(&self, warm_up: Duration) -> Option<Timestamp> {
        self.ready_since.map(|since| since.after(warm_up))
    }
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a machine are below 2^53")]
fn percent(used: Option<u64>, limit: Option<u64>) -> Option<f64> {
    let limit = limit.filter(|limit| *limit > 0)?;
    Some(100.0 * used? as f64 / limit as f64)
}
