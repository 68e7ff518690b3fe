use std::time::{Duration, Instant};

use anyhow::bail;
use tidegate_controller::RolloutView;
use tidegate_load::{Answers, Counts};
use tidegate_rollout::{PauseReason, Phase};
use tidegate_units::Weight;
use tokio::task::block_in_place;

use crate::{House, Manifest, Prometheus, Step};

/// The median of the stable revision's answers, in milliseconds; one of ten takes twice as long.
const USUAL_MS: u32 = 20;

/// Who waits longer is hurt: one answer in seven hundred of the stable revision's.
const LONG: Duration = Duration::from_millis(100);

/// A release that took longer will not end.
const LONGEST: Duration = Duration::from_mins(30);

/// It is looked this often; each look is a process of its own.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Traffic before the release, by which the router and a judge know the stable revision.
const BEFORE: Duration = Duration::from_secs(10);

/// Who decides the share of the new revision.
#[derive(Clone, Copy, Debug)]
pub enum Ramp {
    /// `tidegate/auto` with this `config`, beside the default analysis.
    Auto(&'static str),
    /// 5, 20, 40, 60 and 80 %, each for so many seconds, beside the default analysis.
    Steps(u32),
    /// The same beside a threshold, as in Argo's examples: Prometheus is asked twice a minute whether
    /// 95 % of the canary's answers were good.
    Threshold(u32),
}

/// What is released.
#[derive(Clone, Copy, Debug)]
pub enum Released {
    /// As good as the stable revision.
    Good,
    /// Fails this share of its requests.
    Fails(f64),
    /// Takes three times as long.
    Slow,
}

/// How a release ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All users have it.
    Through,
    /// It was taken back.
    TakenBack,
    /// A person is asked, and nobody is given it meanwhile.
    Asked,
}

/// What came of a release.
#[derive(Clone, Debug)]
pub struct Exposed {
    /// Requests to the new revision that failed, or took longer than [`LONG`] if it is slow.
    pub hurt: u64,
    /// From the manifest to the last share: everything, or nothing.
    pub took: Duration,
    /// How it ended.
    pub ended: Ended,
    /// What the client counted.
    pub counts: Counts,
}

/// Releases a revision in a new house, under `rate` requests a second.
pub async fn release(ramp: Ramp, released: Released, rate: f64) -> anyhow::Result<Exposed> {
    let house = block_in_place(House::build)?;
    let judge = match ramp {
        Ramp::Threshold(_) => Some(block_in_place(|| threshold(&house))?),
        _ => None,
    };
    let manifest = manifest(ramp);
    block_in_place(|| house.apply(&manifest))?;
    until(&house, |view| (view.report.phase == Phase::Healthy).then_some(())).await?;
    let load = house.load(rate);
    tokio::time::sleep(BEFORE).await;
    let begin = Instant::now();
    let mut next = Manifest { version: "new".to_owned(), ..manifest };
    match released {
        Released::Good => {}
        Released::Fails(share) => next.error_rate = share,
        Released::Slow => next.p50_ms = 3 * USUAL_MS,
    }
    block_in_place(|| house.apply(&next))?;
    let ended = until(&house, ended).await?;
    let took = begin.elapsed();
    let counts = load.stop().await;
    let hurt = counts.versions.get("new").map_or(0, |answers| hurt(answers, released));
    block_in_place(|| house.end())?;
    drop(judge);
    Ok(Exposed { hurt, took, ended, counts })
}

fn hurt(answers: &Answers, released: Released) -> u64 {
    match released {
        Released::Slow => {
            let long = u64::try_from(LONG.as_micros()).unwrap_or(u64::MAX);
            answers.latency.count() - answers.latency.count_to(long)
        }
        _ => answers.failed,
    }
}

fn manifest(ramp: Ramp) -> Manifest {
    let good = Manifest::good("old").slow(USUAL_MS);
    let steps = |seconds| {
        let each = [5, 20, 40, 60, 80].map(|share| [Step::Weight(share), Step::Pause(seconds)]);
        each.concat()
    };
    match ramp {
        Ramp::Auto(config) => good.steps(&[Step::Auto(config)]),
        Ramp::Steps(seconds) => good.steps(&steps(seconds)),
        Ramp::Threshold(seconds) => good.steps(&steps(seconds)).judged_by("success-rate"),
    }
}

fn threshold(house: &House) -> anyhow::Result<Prometheus> {
    let prometheus = Prometheus::start(house.folder(), house.metrics())?;
    house.apply_text(&format!(
        r#"apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {{name: success-rate}}
spec:
  args:
  - name: canary
  metrics:
  - name: success-rate
    initialDelay: 30s
    interval: 30s
    successCondition: result[0] >= 0.95
    provider:
      prometheus:
        address: http://{}
        query: |
          sum(rate(tidegate_router_requests_total{{revision="{{{{args.canary}}}}",class!="5xx"}}[30s]))
          /
          sum(rate(tidegate_router_requests_total{{revision="{{{{args.canary}}}}"}}[30s]))
"#,
        prometheus.address()
    ))?;
    Ok(prometheus)
}

/// How the release of `new` has ended.
fn ended(view: &RolloutView) -> Option<Ended> {
    let new = view.images.iter().any(|image| image == "sample:new");
    let share = view.report.actual_weight.unwrap_or_default();
    let asked = view.status.pause.is_some_and(|it| it.reason == PauseReason::InconclusiveExposure);
    if !new {
        None
    } else if view.status.stable == view.status.current || share == Weight::FULL {
        Some(Ended::Through)
    } else if share > Weight::ZERO {
        None
    } else if view.status.abort.is_some() {
        Some(Ended::TakenBack)
    } else {
        asked.then_some(Ended::Asked)
    }
}

async fn until<T>(house: &House, seen: impl Fn(&RolloutView) -> Option<T>) -> anyhow::Result<T> {
    let begin = Instant::now();
    while begin.elapsed() < LONGEST {
        let view = block_in_place(|| house.view());
        if let Some(found) = view.ok().as_ref().and_then(&seen) {
            return Ok(found);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    bail!("the release did not end within {LONGEST:?}")
}
