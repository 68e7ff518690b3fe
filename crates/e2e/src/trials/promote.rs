use std::time::Duration;

use tidegate_load::Counts;
use tidegate_units::Weight;

use crate::{House, Manifest, Step};

/// What happened to requests while revisions came and went.
#[derive(Clone, Debug)]
pub struct PromoteTrial {
    /// Revisions that became stable.
    pub promotions: usize,
    /// Revisions that were taken back by hand at 50 %.
    pub rollbacks: usize,
    /// What the client counted.
    pub counts: Counts,
}

/// Promotes a revision and rolls another back, `rounds` times, under `rate` requests per second
/// from clients that keep their connections.
pub async fn promote_and_roll_back(
    house: &House,
    rounds: usize,
    rate: f64,
) -> anyhow::Result<PromoteTrial> {
    house.apply(&Manifest::good("first"))?;
    house.until_stable("first").await?;
    let load = house.load(rate);
    for round in 0..rounds {
        let version = format!("up-{round}");
        house.apply(&Manifest::good(&version).steps(&[Step::Weight(50)]))?;
        house.until_stable(&version).await?;
        let doomed = format!("down-{round}");
        house.apply(&Manifest::good(&doomed).steps(&[Step::Weight(50), Step::Hold]))?;
        house
            .until("it has half of the traffic", Duration::from_secs(40), |view| {
                view.report.actual_weight.is_some_and(|weight| weight.out_of(100) == 50)
            })
            .await?;
        house.tidegate(&["rollout", "abort", "web"])?;
        house
            .until("it has no traffic", Duration::from_secs(40), |view| {
                view.report.actual_weight.is_none_or(|weight| weight == Weight::ZERO)
            })
            .await?;
    }
    let counts = load.stop().await;
    Ok(PromoteTrial { promotions: rounds, rollbacks: rounds, counts })
}
