//! One release from apply to verdict.

use std::time::Duration;

use tidegate_controller::RolloutView;
use tidegate_rollout::Phase;
use tidegate_units::Weight;
use tokio::time::{Instant, sleep_until};

use super::{
    house::House,
    manifest::{self, Revision},
    stage::Stage,
};
use crate::error::CliError;

/// For one release; the whole demo has to end in 90 s.
const ACT_PATIENCE: Duration = Duration::from_mins(1);

/// How a release should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// It is taken back by itself.
    Caught,
    /// It reaches all users.
    Promoted,
}

/// How a release ended.
pub(crate) struct Ended {
    pub(crate) version: &'static str,
    pub(crate) expected: Act,
    pub(crate) end: Option<Act>,
    /// From the apply to the end.
    pub(crate) took: Duration,
    /// Its highest share that was seen.
    pub(crate) peak: Weight,
    /// In the words of the rollout.
    pub(crate) message: String,
}

/// The first revision, which has nothing to be compared with.
pub(crate) async fn begin(
    house: &House,
    revision: &Revision,
    stage: &mut Stage,
) -> Result<(), CliError> {
    let ended = release(house, revision, Act::Promoted, stage).await?;
    if ended.end == Some(Act::Promoted) {
        return Ok(());
    }
    Err(CliError::failed(format!("the first revision did not become healthy: {}", ended.message)))
}

/// Applies a revision and follows it to its end.
pub(crate) async fn release(
    house: &House,
    revision: &Revision,
    expected: Act,
    stage: &mut Stage,
) -> Result<Ended, CliError> {
    let text = manifest::write(revision, house.sample(), house.address());
    let applied: serde_json::Value =
        house.client().post_manifests("/v1/apply?file=demo.yaml", text).await?;
    drop(applied);
    let begin = Instant::now();
    let mut ended = Ended::of(revision, expected);
    let mut events = house.client().events("/v1/namespaces/default/rollouts/web/watch").await?;
    while ended.end.is_none() {
        let event = tokio::select! {
            event = events.next() => event.map_err(|problem| house.client().silent(&problem))?,
            left = stage.left() => {
                left?;
                return Err(CliError::failed("the demo was left before its end"));
            }
            () = sleep_until(begin + ACT_PATIENCE) => None,
        };
        let Some(event) = event else { break };
        if let Ok(view) = serde_json::from_str::<RolloutView>(&event.data) {
            ended.see(&view);
            stage.show(view)?;
        }
    }
    ended.took = begin.elapsed();
    Ok(ended)
}

impl Ended {
    fn of(revision: &Revision, expected: Act) -> Self {
        Self {
            version: revision.version,
            expected,
            end: None,
            took: Duration::ZERO,
            peak: Weight::ZERO,
            message: String::new(),
        }
    }

    pub(crate) fn held(&self) -> bool {
        self.end == Some(self.expected)
    }

    fn see(&mut self, view: &RolloutView) {
        let wanted = format!("sample:{}", self.version);
        if !view.images.contains(&wanted) {
            return;
        }
        let actual = view.report.actual_weight.unwrap_or_default();
        self.message.clone_from(&view.status.message);
        if view.status.abort.is_some() {
            if actual == Weight::ZERO {
                self.end = Some(Act::Caught);
            }
            return;
        }
        self.peak = self.peak.max(actual);
        let arrived = view.status.current.is_some() && view.status.stable == view.status.current;
        if arrived && view.report.phase == Phase::Healthy {
            self.end = Some(Act::Promoted);
        }
    }
}
