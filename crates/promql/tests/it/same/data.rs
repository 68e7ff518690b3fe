//! Series that are the same in both: written as `OpenMetrics` for Prometheus, and held in memory.

use std::fmt::Write as _;

use tidegate_promql::{Labels, Matcher, NAME, Point, Series, SeriesSource};

/// 2023-11-14 22:13:20 UTC, in milliseconds: a multiple of no step in use.
pub(super) const BEGIN: i64 = 1_700_000_000_000;
/// How long the series go on, in milliseconds.
pub(super) const LENGTH: i64 = 40 * 60_000;
const SCRAPE: i64 = 15_000;

/// All series of the test.
pub(super) struct Data(Vec<Series>);

impl SeriesSource for Data {
    fn select(&self, matchers: &[Matcher], from: i64, to: i64, _: usize) -> Option<Vec<Series>> {
        let wanted = |series: &&Series| matchers.iter().all(|it| it.matches_labels(&series.labels));
        let cut = |series: &Series| {
            let within = |point: &&Point| (from..=to).contains(&point.at);
            let points = series.points.iter().filter(within).copied().collect();
            Series { labels: series.labels.clone(), points }
        };
        let found = self.0.iter().filter(wanted).map(cut);
        Some(found.filter(|series| !series.points.is_empty()).collect())
    }
}

impl Data {
    /// The same for the same seed.
    pub(super) fn new(seed: u64) -> Self {
        let mut data = Self(Vec::new());
        let mut random = fastrand::Rng::with_seed(seed);
        data.requests(&mut random);
        data.gauges(&mut random);
        data.latencies(&mut random);
        data.odd_ones();
        data.0.sort_by(|one, other| one.labels.cmp(&other.labels));
        data
    }

    /// Counters that begin anew now and then, with scrapes that come late or not at all.
    fn requests(&mut self, random: &mut fastrand::Rng) {
        for job in ["api", "web"] {
            for instance in ["a:80", "b:80", "c:80"] {
                for code in ["200", "404", "500"] {
                    let mut count = f64::from(random.u32(..500));
                    let busy = random.u32(1..60);
                    let sample = |random: &mut fastrand::Rng| {
                        count += f64::from(random.u32(..busy));
                        count = if random.u8(..) < 6 { f64::from(random.u32(..9)) } else { count };
                        (random.u8(..) > 20).then_some(count)
                    };
                    let labels = [("job", job), ("instance", instance), ("code", code)].map(owned);
                    self.series("http_requests_total", &labels, random, sample);
                }
            }
        }
    }

    /// Of all kinds of numbers.
    fn gauges(&mut self, random: &mut fastrand::Rng) {
        for (room, far) in [("kitchen", 7.0), ("cellar", -12.5), ("attic", 0.001), ("roof", 1e6)] {
            let labels = [("room", room), ("instance", "a:80")].map(owned);
            let sample =
                |random: &mut fastrand::Rng| Some((random.f64() - 0.3).mul_add(far, far / 3.0));
            self.series("temperature", &labels, random, sample);
        }
        let strange = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0, 1e-300, 1e300, 3.5];
        for index in 0..3 {
            let labels = [("index", index.to_string().as_str())].map(owned);
            let sample = |random: &mut fastrand::Rng| {
                random.choice(strange.iter().skip(index)).copied().filter(|_| random.u8(..) > 60)
            };
            self.series("strange", &labels, random, sample);
        }
        for index in 0..4 {
            let labels = [("index", index.to_string().as_str()), ("job", "api")].map(owned);
            let sample = |random: &mut fastrand::Rng| Some(f64::from(random.u32(..4)));
            self.series("small", &labels, random, sample);
        }
    }

    /// Histograms, one of which has counts that fall, and one that has no last bucket.
    fn latencies(&mut self, random: &mut fastrand::Rng) {
        for job in ["api", "web", "odd"] {
            let mut slow = 0.0;
            for bound in ["0.05", "0.1", "0.25", "1", "2.5", "+Inf"] {
                slow += f64::from(random.u32(1..30));
                let mut count = 0.0;
                let sample = |random: &mut fastrand::Rng| {
                    count += slow + f64::from(random.u32(..3));
                    Some(count)
                };
                if job != "odd" || bound != "+Inf" {
                    let labels = [("job", job), ("le", bound)].map(owned);
                    self.series("latency_seconds_bucket", &labels, random, sample);
                }
            }
        }
    }

    /// One that is rarely there, one that ends, one that begins late, and two alike but by name.
    fn odd_ones(&mut self) {
        let every = |from: i64, to: i64, step: i64, value: fn(i64) -> f64| -> Vec<Point> {
            let moments = (from..to).step_by(usize::try_from(step).unwrap());
            moments.map(|at| Point { at: BEGIN + at, value: value(at) }).collect()
        };
        #[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
        let index = |at: i64| (at / 1000 % 97) as f64;
        let mut add = |name: &str, points: Vec<Point>| {
            let labels = Labels::new([(NAME, name), ("job", "odd"), ("path", "/a \"b\"\\")]);
            self.0.push(Series { labels, points });
        };
        add("rare", every(7_001, LENGTH, 240_000, index));
        add("ends", every(3, LENGTH / 2, 10_000, index));
        add("begins", every(LENGTH / 2, LENGTH, 10_000, index));
        add("alike_one", every(0, LENGTH, 30_000, index));
        add("alike_two", every(0, LENGTH, 30_000, |at| if at % 7 == 0 { 1.0 } else { 2.0 }));
        add("info", every(0, LENGTH, 60_000, |_| 1.0));
        add("lonely", every(600_000, 600_001, 1, |_| 5.0));
    }

    fn series(
        &mut self,
        name: &str,
        labels: &[(String, String)],
        random: &mut fastrand::Rng,
        mut sample: impl FnMut(&mut fastrand::Rng) -> Option<f64>,
    ) {
        let mut points = Vec::new();
        let late = random.i64(0..SCRAPE);
        for scrape in 0..LENGTH / SCRAPE {
            let at = BEGIN + scrape * SCRAPE + late + random.i64(0..200);
            if let Some(value) = sample(random) {
                points.push(Point { at, value });
            }
        }
        let labels = labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        self.0.push(Series { labels: Labels::new(labels.chain([(NAME, name)])), points });
    }

    /// What `promtool` makes blocks of.
    pub(super) fn open_metrics(&self) -> String {
        let mut text = String::new();
        for Series { labels, points } in &self.0 {
            let mut shown = String::new();
            for (name, value) in labels.iter().filter(|(name, _)| *name != NAME) {
                let comma = if shown.is_empty() { "" } else { "," };
                write!(shown, "{comma}{name}={value:?}").unwrap();
            }
            for point in points {
                #[expect(clippy::cast_precision_loss, reason = "milliseconds are below 2^53")]
                let seconds = point.at as f64 / 1000.0;
                let value = tidegate_promql::number_text(point.value);
                writeln!(text, "{}{{{shown}}} {value} {seconds:.3}", labels.get(NAME)).unwrap();
            }
        }
        text + "# EOF\n"
    }
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}
