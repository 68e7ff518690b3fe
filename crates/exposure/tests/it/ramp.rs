use std::time::Duration;

use proptest::prelude::*;
use tidegate_exposure::{Arm, Counted, Exposure, ExposureSettings, Limit, Milli, Nats, Stage};
use tidegate_units::{Timestamp, Weight};

/// A release of a revision of which every so-manieth request fails, at so many requests a second.
struct Scene {
    settings: ExposureSettings,
    exposure: Exposure,
    counted: Counted,
    rate: u64,
    fails: Option<u64>,
    /// Parts of a request that the new revision was not sent yet.
    owed: u64,
}

impl Scene {
    fn new(settings: ExposureSettings, rate: u64) -> Self {
        let counted = Counted { epoch: 1, ..Counted::default() };
        let exposure = Exposure::begin(&settings, &counted, Weight::ZERO);
        Self { settings, exposure, counted, rate, fails: None, owed: 0 }
    }

    /// Two seconds pass, and it is looked at.
    fn look(&mut self) -> Weight {
        let requests = self.rate * 2;
        self.owed += self.exposure.weight.parts() / 1000 * requests;
        let canary = self.owed / (Weight::PARTS / 1000);
        self.owed %= Weight::PARTS / 1000;
        let before = self.counted.canary.requests;
        let failed = |requests: u64| self.fails.map_or(0, |each| requests / each);
        self.counted.canary.errors += failed(before + canary) - failed(before);
        self.counted.canary.requests += canary;
        self.counted.stable.requests += requests - canary;
        self.counted.at = self.counted.at.after(Duration::from_secs(2));
        self.exposure.look(&self.settings, &self.counted, true, false);
        self.exposure.weight
    }

    fn looks(&mut self, count: usize) -> Vec<String> {
        let mut seen: Vec<String> = (0..count).map(|_| self.look().to_string()).collect();
        seen.dedup();
        seen
    }
}

fn percent(percent: u8) -> Weight {
    Weight::new(percent).unwrap()
}

#[test]
fn a_good_revision_climbs_to_half_and_then_to_the_end() {
    let mut scene = Scene::new(ExposureSettings::default(), 200);
    assert_eq!(scene.looks(80), ["1%", "5%", "25%", "50%", "100%"]);
    assert!(scene.exposure.is_done(&scene.settings));
    assert_eq!(scene.exposure.outlook(&scene.settings).limit, Limit::Nothing);
}

#[test]
fn a_share_is_held_for_its_time() {
    let settings = ExposureSettings { dwell: Duration::from_mins(1), ..Default::default() };
    let mut scene = Scene::new(settings, 200);
    assert_eq!(scene.looks(30), ["1%"]);
    assert_eq!(scene.looks(5), ["1%", "5%"]);
}

#[test]
fn it_begins_with_as_little_as_the_budget_allows() {
    let settings = ExposureSettings { budget: 2, ..Default::default() };
    let mut scene = Scene::new(settings, 1000);
    let first = scene.look();
    // Until an order after the next look holds, 4 s of 1,000 requests: of those at most half of 2, at
    // the price of 4/3 that nothing known costs.
    assert!(first > Weight::ZERO && first <= Weight::at_most(188, 1_000_000), "{first}");
}

#[test]
fn it_ends_at_the_share_that_is_asked_for() {
    let settings = ExposureSettings { max: percent(20), ..Default::default() };
    let mut scene = Scene::new(settings, 400);
    assert_eq!(scene.looks(120), ["1%", "5%", "20%"]);
    assert!(scene.exposure.is_done(&scene.settings));
}

#[test]
fn without_requests_nothing_rises_and_it_says_so() {
    let mut scene = Scene::new(ExposureSettings::default(), 0);
    assert_eq!(scene.looks(50), ["0%"]);
    assert_eq!(scene.exposure.outlook(&scene.settings).limit, Limit::Traffic);
}

#[test]
fn what_is_held_may_fall_and_not_rise() {
    let mut scene = Scene::new(ExposureSettings::default(), 200);
    scene.looks(2);
    let weight = scene.exposure.weight;
    for _ in 0..30 {
        scene.counted.at = scene.counted.at.after(Duration::from_secs(2));
        scene.counted.canary.requests += 4;
        scene.counted.stable.requests += 396;
        scene.exposure.look(&scene.settings, &scene.counted, true, true);
        assert_eq!(scene.exposure.weight, weight);
    }
}

#[test]
fn a_revision_that_fails_everything_is_sent_nothing_more_and_a_person_is_asked() {
    let mut scene = Scene::new(ExposureSettings::default(), 100);
    scene.fails = Some(1);
    scene.looks(200);
    assert_eq!((scene.exposure.weight, scene.exposure.stage), (Weight::ZERO, Stage::Spent));
    assert!(scene.counted.canary.errors <= 50, "{:?}", scene.counted);
    let outlook = scene.exposure.outlook(&scene.settings);
    assert_eq!((outlook.limit, outlook.under), (Limit::Spent, None));
}

#[test]
fn without_a_tolerance_slight_harm_is_accepted() {
    let mut scene = Scene::new(ExposureSettings::default(), 2000);
    scene.fails = Some(10_000);
    scene.looks(100);
    assert!(scene.exposure.is_done(&scene.settings), "{:?}", scene.exposure);
    assert_eq!(scene.exposure.outlook(&scene.settings).under, Some(1_000));
}

#[test]
fn a_harm_that_is_accepted_does_not_hold_it() {
    let settings = ExposureSettings { tolerate: Some(50_000), ..Default::default() };
    let mut scene = Scene::new(settings, 200);
    scene.fails = Some(100);
    scene.looks(100);
    assert!(scene.exposure.is_done(&scene.settings), "{:?}", scene.exposure);
}

#[test]
fn a_step_that_is_late_says_so_unless_it_is_proven() {
    let settings =
        ExposureSettings { deadline: Some(Duration::from_mins(1)), ..Default::default() };
    let scene = Scene::new(settings, 0);
    let late = |seconds: i64| {
        scene.exposure.is_late(&scene.settings, Timestamp::from_millis(seconds * 1000))
    };
    assert_eq!((late(59), late(60)), (false, true));
    let mut quick = Scene::new(scene.settings.clone(), 2000);
    quick.looks(60);
    assert!(!quick.exposure.is_late(&quick.settings, Timestamp::from_millis(1_000_000)));
}

#[test]
fn a_router_that_counts_anew_loses_no_request() {
    let mut scene = Scene::new(ExposureSettings::default(), 200);
    scene.looks(5);
    let judged = scene.exposure.judged.0.requests;
    let at = scene.counted.at.after(Duration::from_secs(2));
    let arm = |requests| Arm { requests, errors: 0 };
    let anew = Counted { at, epoch: 2, canary: arm(3), stable: arm(300), ..Counted::default() };
    scene.exposure.look(&scene.settings, &anew, true, false);
    assert_eq!(scene.exposure.judged.0.requests, judged + 3);
}

/// What was charged at the level for which it is most.
fn charged(exposure: &Exposure) -> f64 {
    exposure.levels.iter().map(|level| level.charged.get()).fold(0.0, f64::max)
}

/// Ten minutes in which nobody looks, of 60,000 requests.
fn dies(scene: &mut Scene, failed: u64) -> &Exposure {
    let to = scene.counted.canary.requests + 30_000;
    scene.counted.canary = Arm { requests: to, errors: scene.counted.canary.errors + failed };
    scene.counted.stable.requests += 30_000;
    scene.counted.at = scene.counted.at.after(Duration::from_mins(10));
    scene.exposure.look(&scene.settings, &scene.counted, true, false);
    &scene.exposure
}

#[test]
fn what_came_while_nobody_looked_costs_what_it_hurt() {
    let mut scene = Scene::new(ExposureSettings::default(), 100);
    while scene.exposure.weight < percent(25) {
        scene.look();
    }
    let (before, judged) = (charged(&scene.exposure), scene.exposure.judged.0.requests);
    let after = dies(&mut scene, 0);
    assert!((charged(after) - before).abs() < 1e-9);
    assert_eq!((after.judged.0.requests, after.stage), (judged + 30_000, Stage::Proven));
    let mut scene = Scene::new(ExposureSettings::default(), 100);
    scene.looks(10);
    let after = dies(&mut scene, 60);
    assert_eq!((after.stage, after.weight), (Stage::Spent, Weight::ZERO));
    assert!(charged(after) > 60.0, "{after:?}");
}

#[test]
fn what_a_dead_router_had_counted_is_charged_as_foreseen() {
    let mut scene = Scene::new(ExposureSettings::default(), 200);
    while scene.exposure.weight < percent(5) {
        scene.look();
    }
    scene.look();
    let mut anew = scene.exposure.clone();
    let at = scene.counted.at.after(Duration::from_secs(2));
    anew.look(&scene.settings, &Counted { at, epoch: 2, ..Counted::default() }, true, false);
    scene.look();
    let level = |exposure: &Exposure| exposure.levels[0].charged;
    assert_eq!(level(&anew), level(&scene.exposure));
    assert!(level(&anew).0 > 0);
}

#[test]
fn requests_that_end_alike_tell_less() {
    let mut scene = Scene::new(ExposureSettings::default(), 200);
    let mut clumps = Scene::new(ExposureSettings::default(), 200);
    clumps.counted.effect = Milli::new(4.0);
    clumps.exposure = Exposure::begin(&clumps.settings, &clumps.counted, Weight::ZERO);
    scene.looks(3);
    clumps.looks(3);
    for (one, other) in scene.exposure.levels.iter().zip(&clumps.exposure.levels) {
        assert!((one.log.get() - 4.0 * other.log.get()).abs() < 1e-4, "{one:?} {other:?}");
    }
    assert_eq!(clumps.looks(200).last().unwrap(), "100%");
}

/// What it takes to ask a person is a budget that is spent before harm is excluded.
#[test]
fn a_spent_budget_does_not_stop_what_is_shown() {
    let mut scene = Scene::new(ExposureSettings::default(), 200);
    scene.looks(12);
    for level in &mut scene.exposure.levels {
        level.charged = Milli::new(50.0);
        (level.log, level.best) = (Nats::new(9.0), Nats::new(9.0));
    }
    let mut once = scene.exposure.clone();
    assert_eq!(scene.looks(30).last().unwrap(), "100%");
    assert!(scene.exposure.is_done(&scene.settings));
    // What was excluded once and is not any more asks.
    once.levels.iter_mut().for_each(|level| level.log = Nats::new(-9.0));
    let at = once.looked.after(Duration::from_secs(2));
    once.look(&scene.settings, &Counted { at, ..once.counted }, true, false);
    assert_eq!(once.stage, Stage::Spent);
}

/// Evidence of 750 nats makes the price of a request too small for a number, and nothing divided by
/// nothing is no share.
#[test]
fn with_nothing_left_nothing_is_bought_however_cheap() {
    let mut scene = Scene::new(ExposureSettings::default(), 200);
    scene.looks(3);
    let last = scene.exposure.levels.last_mut().unwrap();
    last.charged = Milli::new(51.0);
    for known in [&mut last.log, &mut last.best, &mut last.worth, &mut last.worth_before] {
        *known = Nats::new(900.0);
    }
    scene.look();
    assert_eq!((scene.exposure.stage, scene.exposure.weight), (Stage::Spent, Weight::ZERO));
}

#[test]
fn it_is_stored_and_read_back_as_it_is() {
    let mut scene = Scene::new(ExposureSettings::default(), 100);
    scene.looks(9);
    let stored = serde_json::to_string(&scene.exposure).unwrap();
    assert_eq!(serde_json::from_str::<Exposure>(&stored).unwrap(), scene.exposure);
}

#[test]
fn an_outlook_says_what_the_next_share_needs() {
    let settings = ExposureSettings { dwell: Duration::ZERO, ..Default::default() };
    let mut scene = Scene::new(settings, 40);
    scene.looks(40);
    let text = scene.exposure.outlook(&scene.settings).to_string();
    assert!(text.contains("of 50 requests may be hurt, harm from"), "{text}");
    assert!(text.contains("100% needs about"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn nothing_that_routers_may_count_breaks_it(
        looks in prop::collection::vec((0_u64..5000, 0_u64..5000, 0_u64..5000, 0_i64..90_000, 0_u64..2), 1..40),
        budget in 1_u32..500,
    ) {
        let settings = ExposureSettings { budget, ..Default::default() };
        let mut scene = Scene::new(settings, 0);
        for (canary, stable, errors, later, epoch) in looks {
            scene.counted.canary.requests += canary;
            scene.counted.canary.errors += errors;
            scene.counted.stable.requests += stable;
            scene.counted.epoch += epoch;
            scene.counted.at = scene.counted.at.after(Duration::from_millis(later.unsigned_abs()));
            let before = scene.exposure.clone();
            scene.exposure.look(&scene.settings, &scene.counted, true, false);
            let after = &scene.exposure;
            let grown = before.weight.parts().saturating_mul(5).max(scene.settings.start.parts());
            prop_assert!(after.weight.parts() <= grown);
            for (old, new) in before.levels.iter().zip(&after.levels) {
                prop_assert!(new.charged >= old.charged);
            }
            let _ = after.outlook(&scene.settings).to_string();
        }
    }
}
