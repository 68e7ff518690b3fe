use std::{collections::BTreeMap, time::Duration};

use anyhow::ensure;
use tidegate_load::Counts;
use tidegate_units::Weight;

use crate::{House, Manifest, Step};

/// What happened while the control plane was killed again and again.
#[derive(Clone, Debug)]
pub struct KillTrial {
    /// How often it was killed.
    pub kills: usize,
    /// How often a container was started again. The control plane's death must restart none.
    pub restarts: u32,
    /// Answers of revisions that fail, and that were all taken back.
    pub bad_answers: u64,
    /// What the client counted.
    pub counts: Counts,
}

/// Kills the control plane with `kill -9` at a random moment of a rollout, `kills` times, under
/// `rate` requests per second. Every other revision is bad. Each rollout has to end where it should:
/// the good ones with all users, the bad ones taken back.
pub async fn kill_at_random_moments(
    house: &mut House,
    kills: usize,
    rate: f64,
    seed: u64,
) -> anyhow::Result<KillTrial> {
    let mut random = fastrand::Rng::with_seed(seed);
    house.apply(&Manifest::good("first"))?;
    house.until_stable("first").await?;
    let load = house.load(rate);
    let mut restarts = 0;
    for kill in 0..kills {
        let bad = kill % 2 == 1;
        let version = if bad { format!("bad-{kill}") } else { format!("good-{kill}") };
        let steps = [Step::Weight(20), Step::Pause(if bad { 30 } else { 1 })];
        let mut manifest = Manifest::good(&version).steps(&steps);
        manifest.error_rate = if bad { 0.5 } else { 0.0 };
        let before = pids(house)?;
        house.apply(&manifest)?;
        tokio::time::sleep(Duration::from_millis(random.u64(0..2_500))).await;
        house.kill_server()?;
        tokio::time::sleep(Duration::from_millis(random.u64(0..500))).await;
        house.start_server()?;
        if bad {
            house
                .until("the bad one is taken back", Duration::from_mins(1), |view| {
                    view.status.abort.is_some()
                        && view.report.actual_weight.is_none_or(|weight| weight == Weight::ZERO)
                })
                .await?;
            let after = pids(house)?;
            let kept = before.iter().all(|(replica, pids)| after.get(replica) == Some(pids));
            ensure!(kept, "the stable replicas were restarted: {before:?} -> {after:?}");
        } else {
            house.until_stable(&version).await?;
        }
        restarts += house.view()?.replicas.iter().map(|one| one.restarts).sum::<u32>();
    }
    let counts = load.stop().await;
    house.tidegate(&["ledger", "verify"])?;
    let bad = counts.versions.iter().filter(|(version, _)| version.starts_with("bad"));
    let bad_answers = bad.map(|(_, answers)| answers.good + answers.failed).sum();
    Ok(KillTrial { kills, restarts, bad_answers, counts })
}

/// The processes of the stable replicas.
fn pids(house: &House) -> anyhow::Result<BTreeMap<String, BTreeMap<String, u32>>> {
    let view = house.view()?;
    let stable = view.status.stable.clone();
    let replicas = view.replicas.into_iter().filter(|one| Some(&one.revision) == stable.as_ref());
    Ok(replicas.map(|one| (one.id.to_string(), one.pids)).collect())
}
