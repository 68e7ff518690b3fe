//! Users hurt and time to everybody, by `tidegate/auto` and by fixed steps.

use anyhow::Context as _;
use tidegate_e2e::trials::{Ended, Exposed, Ramp, Released, release};

const RELEASED: [(&str, Released); 5] = [
    ("good", Released::Good),
    ("fails half", Released::Fails(0.5)),
    ("fails 5 %", Released::Fails(0.05)),
    ("fails 1 %", Released::Fails(0.01)),
    ("slow", Released::Slow),
];

/// Releases each kind of revision by each ramp, `runs` times, those of all kinds at once.
pub(crate) async fn table(runs: usize, rate: f64, hold: u32) -> anyhow::Result<()> {
    println!("{runs} runs each at {rate} req/s; fixed steps are 5/20/40/60/80 %, {hold} s each");
    println!("{:<26} {:<11} {:<26} {:<26} ended", "ramp", "revision", "hurt", "seconds to the end");
    for (name, ramp) in [
        ("tidegate/auto", Ramp::Auto("{}")),
        ("fixed, default analysis", Ramp::Steps(hold)),
        ("fixed, 95 % threshold", Ramp::Threshold(hold)),
    ] {
        let mut all = vec![Vec::new(); RELEASED.len()];
        for _ in 0..runs {
            let under_way = RELEASED.map(|(_, kind)| tokio::spawn(release(ramp, kind, rate)));
            for (outcomes, one) in all.iter_mut().zip(under_way) {
                outcomes.push(one.await.context("a release")??);
            }
        }
        for ((kind, _), outcomes) in RELEASED.iter().zip(&all) {
            println!("{name:<26} {kind:<11} {}", row(outcomes));
        }
    }
    Ok(())
}

fn row(outcomes: &[Exposed]) -> String {
    let each = |of: fn(&Exposed) -> u64| -> String {
        let mut all: Vec<u64> = outcomes.iter().map(of).collect();
        all.sort_unstable();
        all.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
    };
    let count = |ended: Ended| outcomes.iter().filter(|it| it.ended == ended).count();
    let lost: u64 = outcomes.iter().map(|it| it.counts.lost + it.counts.router_failed).sum();
    let endings =
        [Ended::Through, Ended::TakenBack, Ended::Asked].map(|ended| (ended, count(ended)));
    let endings = endings.iter().filter(|(_, count)| *count > 0);
    let endings: Vec<_> = endings.map(|(ended, count)| format!("{count} {ended:?}")).collect();
    let lost = if lost > 0 { format!(", {lost} lost") } else { String::new() };
    format!(
        "{:<26} {:<26} {}{lost}",
        each(|it| it.hurt),
        each(|it| it.took.as_secs()),
        endings.join(", ")
    )
}
