use tidegate_units::Weight;

use crate::{Arm, Counted, Exposure, ExposureSettings, Level, Milli, Nats, Stage, bet};

impl Exposure {
    /// Begins a step at the share that the new revision has, with nothing known.
    pub fn begin(settings: &ExposureSettings, counted: &Counted, weight: Weight) -> Self {
        Self {
            weight,
            stage: Stage::Gathering,
            began: counted.at,
            looked: counted.at,
            given: None,
            rose: false,
            counted: *counted,
            pending: (Arm::default(), Arm::default()),
            pending_since: counted.at,
            effect: counted.effect,
            judged: (Arm::default(), Arm::default()),
            here: 0,
            rate: Milli::default(),
            levels: levels(settings.tolerate.unwrap_or(ExposureSettings::LEAST_HARM)),
        }
    }
}

/// Each level is larger by two fifths than the one before, up to all requests.
fn levels(least: u32) -> Vec<Level> {
    const ALL: u32 = 1_000_000;
    let next = |from: &u32| from.saturating_mul(7).div_ceil(5);
    let from = std::iter::successors(Some(least.clamp(1, ALL - 1)), |from| Some(next(from)));
    let level = |from: u32| Level {
        from,
        to: next(&from).min(ALL),
        log: Nats::default(),
        best: Nats::default(),
        worth: bet::insured(Nats::default(), Nats::default()),
        worth_before: bet::insured(Nats::default(), Nats::default()),
        charged: Milli::default(),
    };
    from.take_while(|from| *from < ALL).map(level).collect()
}
