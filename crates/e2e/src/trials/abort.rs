use std::time::Duration;

use anyhow::Context as _;
use tidegate_load::Counts;
use tidegate_units::Weight;

use crate::{House, Manifest, Step};

/// How long a bad revision answered.
#[derive(Clone, Debug)]
pub struct AbortTrial {
    /// For each run: from its first bad answer to its last answer of any kind, as the client saw
    /// them. From then on its weight is 0.
    pub spans: Vec<Duration>,
    /// For each run: requests that the bad revision answered.
    pub answered: Vec<u64>,
    /// What the client counted over all runs.
    pub counts: Counts,
}

/// Releases a revision that fails half of its requests at 5 %, `runs` times, under `rate` requests
/// per second with the default analysis, and measures how long it answers.
pub async fn time_to_abort(house: &House, runs: usize, rate: f64) -> anyhow::Result<AbortTrial> {
    house.apply(&Manifest::good("stable"))?;
    house.until_stable("stable").await?;
    let load = house.load(rate);
    let mut trial =
        AbortTrial { spans: Vec::new(), answered: Vec::new(), counts: Counts::default() };
    for run in 0..runs {
        let version = format!("bad-{run}");
        let steps = [Step::Weight(5), Step::Hold];
        house.apply(&Manifest::good(&version).failing(0.5).steps(&steps))?;
        let image = format!("sample:{version}");
        house
            .until("it is taken back", Duration::from_mins(1), |view| {
                view.images.contains(&image)
                    && view.status.abort.is_some()
                    && view.report.actual_weight.is_none_or(|weight| weight == Weight::ZERO)
            })
            .await?;
        // Answers that were under way when the weight went to 0 come in.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let counts = load.counts();
        let seen = counts.versions.get(&version).context("the bad revision never answered")?;
        let errors = seen.errors.context("the bad revision never failed")?;
        trial.spans.push(seen.last.unwrap_or(errors.last).since(errors.first));
        trial.answered.push(seen.good + seen.failed);
    }
    trial.counts = load.stop().await;
    Ok(trial)
}
