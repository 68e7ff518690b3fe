use tidegate_hindsight::{End, Hit, Side, Traffic};

use crate::Stream;

/// A minute in mid-2026, in seconds.
const BEGINS: f64 = 1.78e9;

/// How many replicas answer.
const REPLICAS: usize = 4;

/// A run of one revision, recorded request by request, whose requests have something in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trace {
    /// How long it was recorded, in seconds.
    pub seconds: f64,
    /// Requests a second, on average.
    pub per_second: f64,
    /// Requests of a session, on average (geometric); one in a hundred sessions fails as a whole, and
    /// each is faster or slower than others, if it has more than one.
    pub session: f64,
    /// About how many seconds pass between two requests of a session.
    pub between: f64,
    /// Once a minute all is overloaded, for so many seconds on average: 20 % of errors, and four times
    /// the latency.
    pub overload: f64,
    /// The level of latency wanders (autoregressive, forgotten to 1/e in 20 s), for all alike, with this
    /// standard deviation of its logarithm.
    pub wander: f64,
    /// The same, for each replica by itself, forgotten in 10 s; errors go with three times that.
    pub apart: f64,
    /// Each replica is paused twice a minute, for so many seconds on average: 10 % of errors, and five
    /// times the latency.
    pub pause: f64,
}

/// How a run is made into two recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halves {
    /// Each request by itself.
    ByRequest,
    /// Every other request.
    ByTurns,
    /// Each session as a whole.
    BySession,
    /// Two replicas each.
    ByReplica,
    /// What came first, and what came then.
    ByTime,
    /// The same, each with a clock that begins at zero.
    ByTimeFromZero,
}

/// What one of the two is made to be that was not so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Harm {
    /// The share of its requests that fail besides.
    pub errors: f64,
    /// By how much its answers take longer.
    pub slower: f64,
}

impl Harm {
    /// Nothing.
    pub const NONE: Self = Self { errors: 0.0, slower: 1.0 };
}

struct Request {
    at: f64,
    session: u64,
    replica: usize,
    fails: bool,
    ms: f64,
}

impl Trace {
    /// Five minutes with 50 requests a second that have nothing in common.
    pub const INDEPENDENT: Self = Self {
        seconds: 300.0,
        per_second: 50.0,
        session: 1.0,
        between: 0.0,
        overload: 0.0,
        wander: 0.0,
        apart: 0.0,
        pause: 0.0,
    };

    /// The run number `run`, halved, with harm to the canary's half.
    pub fn halves(&self, halves: Halves, harm: Harm, seed: u64, run: u64) -> Traffic {
        let [requests, split, harmed] =
            ["requests", "halves", "harm"].map(|noun| Stream::of(seed, run, noun));
        let (mut split, mut harmed) = (split, harmed);
        let requests = self.requests(requests);
        let middle = self.seconds / 2.0;
        let mut traffic = Traffic::default();
        for (nth, request) in requests.iter().enumerate() {
            let of_canary = match halves {
                Halves::ByRequest => split.share() < 0.5,
                Halves::ByTurns => nth % 2 == 0,
                Halves::BySession => request.session % 2 == 0,
                Halves::ByReplica => request.replica < REPLICAS / 2,
                Halves::ByTime | Halves::ByTimeFromZero => request.at >= middle,
            };
            let begins = match halves {
                Halves::ByTimeFromZero => -if of_canary { middle } else { 0.0 },
                _ => BEGINS,
            };
            let harm = if of_canary { harm } else { Harm::NONE };
            let fails = request.fails || harmed.share() < harm.errors;
            let hit = Hit {
                at_micros: micros(begins + request.at),
                end: if fails { End::Error } else { End::Good },
                latency_micros: Some(request.ms * harm.slower * 1e3),
            };
            traffic.add(if of_canary { Side::Canary } else { Side::Stable }, &hit);
        }
        traffic
    }

    /// All of it, in the order of time.
    fn requests(&self, mut stream: Stream) -> Vec<Request> {
        let overload = self.episodes(&mut stream, self.overload, 60.0);
        let wanders = self.wanders(&mut stream, self.wander, 20.0);
        let replicas: Vec<_> = (0..REPLICAS)
            .map(|_| {
                let wanders = self.wanders(&mut stream, self.apart, 10.0);
                (self.episodes(&mut stream, self.pause, 30.0), wanders)
            })
            .collect();
        let mut requests = Vec::new();
        let mut begins = 0.0;
        loop {
            begins += stream.exponential() * self.session / self.per_second;
            if begins >= self.seconds {
                break;
            }
            let (session, replica) = (stream.bits(), chosen(&mut stream));
            let alone = self.session <= 1.0;
            let doomed = stream.share() < 0.01;
            let speed = if alone { 1.0 } else { libm::exp(0.3 * stream.normal()) };
            let mut at = begins;
            let count = if alone { 1 } else { stream.geometric(self.session) };
            for _ in 0..count {
                let now = |what: &[f64]| what.get(second(at)).copied().unwrap_or(0.0);
                let (paused, own) = replicas
                    .get(replica)
                    .map_or((0.0, 0.0), |(paused, own)| (now(paused), now(own)));
                let by_chance = if alone { 0.01 * libm::exp(3.0 * own) } else { 0.0 };
                let fails = doomed && !alone
                    || stream.share() < by_chance.max(0.2 * now(&overload)).max(0.1 * paused);
                let level = libm::exp(0.5 * stream.normal() + now(&wanders) + own);
                let busy = (1.0 + 3.0 * now(&overload)) * (1.0 + 4.0 * paused);
                requests.push(Request {
                    at,
                    session,
                    replica,
                    fails,
                    ms: 20.0 * speed * level * busy,
                });
                at += self.between * stream.exponential();
                if at >= self.seconds {
                    break;
                }
            }
        }
        requests.sort_by(|one, other| one.at.total_cmp(&other.at));
        requests
    }

    /// For each second 1 within an episode, else 0.
    fn episodes(&self, stream: &mut Stream, long: f64, every: f64) -> Vec<f64> {
        let mut within = vec![0.0; second(self.seconds) + 1];
        let mut at = every * stream.exponential();
        while long > 0.0 && at < self.seconds {
            let ends = at + long * stream.exponential();
            within.iter_mut().take(second(ends) + 1).skip(second(at)).for_each(|one| *one = 1.0);
            at = ends + every * stream.exponential();
        }
        within
    }

    fn wanders(&self, stream: &mut Stream, sigma: f64, forgotten: f64) -> Vec<f64> {
        let kept = libm::exp(-1.0 / forgotten);
        let mut level = stream.normal();
        let step = |_| {
            level = kept * level + libm::sqrt(1.0 - kept * kept) * stream.normal();
            sigma * level
        };
        (0..=second(self.seconds)).map(step).collect()
    }
}

/// One of the replicas, all alike.
fn chosen(stream: &mut Stream) -> usize {
    usize::try_from(stream.bits() % REPLICAS as u64).unwrap_or(0)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds of a recording"
)]
fn second(at: f64) -> usize {
    at.max(0.0) as usize
}

#[expect(clippy::cast_possible_truncation, reason = "far below 2^63")]
fn micros(seconds: f64) -> i64 {
    (seconds * 1e6) as i64
}
