use std::collections::BTreeSet;

use tidegate_promql::{Engine, Limits, MatchKind, Matcher, SeriesSource as _, answer_text, parse};
use tidegate_traffic::TrafficReading;
use tidegate_units::{ObjectKey, Timestamp};

use super::*;
use crate::standing::Part;

/// A world of one rollout, `default/web`, whose revisions are `old` and `new`.
struct World {
    history: History,
    reading: TrafficReading,
}

impl World {
    fn new() -> Self {
        let mut world = Self { history: History::default(), reading: TrafficReading::default() };
        world.reading.epoch = 1;
        world
    }

    fn tally(&mut self, revision: &str) -> &mut RevisionTally {
        let web = Owner::rollout(&ObjectKey::new("default", "web"));
        self.reading.revisions.entry(web).or_default().entry(revision.into()).or_default()
    }

    /// Answers of a revision, each after so many microseconds.
    fn answer(&mut self, revision: &str, status: u16, count: u64, micros: u64) {
        let total = &mut self.tally(revision).total;
        total.requests += count;
        total.by_class[usize::from(status / 100 - 1)] += count;
        total.by_code.record(status, count);
        for _ in 0..count {
            total.latency.record(micros);
        }
    }

    fn look(&mut self, second: i64) {
        self.look_while(second, "new");
    }

    /// Takes a reading while `canary` is on its way to be stable.
    fn look_while(&mut self, second: i64, canary: &str) {
        self.reading.at = Timestamp::from_millis(second * 1000);
        let standing = |_: &Owner, revision: &RevisionHash| {
            let is_canary = revision.as_str() == canary;
            let service = if is_canary { "web-canary" } else { "web-stable" };
            Standing {
                part: if is_canary { Part::Canary } else { Part::Stable },
                listener: Some(ObjectKey::new("default", "web")),
                service: Some((ObjectKey::new("default", service), 80)),
            }
        };
        self.history.record(&Arc::new(self.reading.clone()), standing);
    }

    #[track_caller]
    fn check(&self, query: &str, second: i64, expect: &str) {
        let all = self.history.view(&|_| true);
        let engine = Engine { source: &all, limits: Limits::prometheus() };
        let value = engine.instant(&parse(query).unwrap(), second * 1000).unwrap();
        let text = answer_text(&value);
        let shown: Vec<String> = text
            .split("{\"metric\":")
            .skip(1)
            .map(|one| {
                let (labels, value) = one.split_once("},\"value\":[").unwrap();
                let value = value.split('"').nth(1).unwrap();
                format!("{labels}}} {value}").replace('"', "")
            })
            .collect();
        assert_eq!(shown.join("; "), expect, "{query}");
    }
}

/// A minute in which the stable revision answers ten times a second and the canary once, every
/// fifth time with an error.
fn minute() -> World {
    let mut world = World::new();
    for second in 0..=60 {
        world.look(second);
        world.answer("old", 200, 10, 20_000);
        let status = if second % 5 == 4 { 503 } else { 200 };
        world.answer("new", status, 1, 300_000);
    }
    world
}

#[test]
fn requests_are_counted_under_our_own_names() {
    let world = minute();
    let requests =
        "sum by (class, code) (rate(tidegate_router_requests_total{revision=\"new\"}[10s]) > 0)";
    world.check(requests, 60, "{class:2xx,code:200} 0.8; {class:5xx,code:503} 0.2");
    world.check("tidegate_router_requests_total{class=\"4xx\"}", 60, "{__name__:tidegate_router_requests_total,class:4xx,listener:default/web,revision:new,rollout:default/web} 0; {__name__:tidegate_router_requests_total,class:4xx,listener:default/web,revision:old,rollout:default/web} 0");
    let quantile = "histogram_quantile(0.5, sum by (le) (rate(tidegate_router_latency_seconds_bucket{revision=\"old\"}[30s])))";
    world.check(quantile, 60, "{} 0.0175");
    world.check(
        "tidegate_router_latency_seconds_count{revision=\"old\"} % 100",
        60,
        "{listener:default/web,revision:old,rollout:default/web} 0",
    );
}

#[test]
fn requests_are_counted_under_the_names_of_other_routers() {
    let world = minute();
    let share = |name: &str, of: &str, good: &str| {
        format!("sum(increase({name}{{{of},{good}}}[30s])) / sum(increase({name}{{{of}}}[30s]))")
    };
    for (name, of, good) in [
        (
            "istio_requests_total",
            "reporter=\"source\",destination_service=~\"web-canary.default.svc.cluster.local\"",
            "response_code!~\"5.*\"",
        ),
        (
            "istio_requests_total",
            "destination_service_name=\"web-canary\"",
            "response_code!~\"5.*\"",
        ),
        (
            "istio_requests_total",
            "destination_workload=\"web\",destination_version=\"new\"",
            "response_code=\"200\"",
        ),
        (
            "nginx_ingress_controller_requests",
            "ingress=\"web\",canary!=\"\"",
            "status!~\"[4-5].*\"",
        ),
        ("nginx_ingress_controller_requests", "exported_service=\"web-canary\"", "status!~\"5..\""),
        (
            "traefik_service_requests_total",
            "service=~\"default-web-canary-80@.*\"",
            "code=~\"2..\"",
        ),
        (
            "envoy_cluster_upstream_rq",
            "envoy_cluster_name=\"default_web-canary_80\"",
            "envoy_response_code!~\"5.*\"",
        ),
        (
            "envoy_cluster_upstream_rq_xx",
            "envoy_cluster_name=~\".*canary.*\"",
            "envoy_response_code_class!=\"5\"",
        ),
        (
            "response_total",
            "namespace=\"default\",rollouts_pod_template_hash=\"new\"",
            "classification=\"success\"",
        ),
    ] {
        world.check(&share(name, of, good), 60, "{} 0.8");
    }
    world.check("sum(increase(envoy_cluster_upstream_rq_total[10s]))", 60, "{} 110");
    world.check("histogram_quantile(0.9, sum by (le) (rate(istio_request_duration_milliseconds_bucket{destination_service_name=\"web-canary\"}[1m])))", 60, "{} 475");
    world.check(
        "sum(nginx_ingress_controller_request_duration_seconds_count{canary=\"\"})",
        60,
        "{} 600",
    );
}

#[test]
fn what_a_revision_counts_before_and_after_its_promotion_is_told_apart() {
    let mut world = World::new();
    for second in 0..=20 {
        world.look_while(second, if second <= 10 { "new" } else { "none" });
        world.answer("new", 200, 10, 1_000);
    }
    let by_service = "sum by (destination_service_name) (increase(istio_requests_total{reporter=\"source\"}[5s]))";
    world.check(by_service, 8, "{destination_service_name:web-canary} 50");
    world.check(
        by_service,
        20,
        "{destination_service_name:web-stable} 50; {destination_service_name:web-canary} 0",
    );
}

/// A revision that others look up under one Service while it stands in several places: each is a row
/// of its own, and one series under the names of other routers.
#[test]
fn what_other_routers_do_not_tell_apart_is_one_series() {
    let mut world = World::new();
    let mut look = |second: i64, part: Part| {
        world.reading.at = Timestamp::from_millis(second * 1000);
        let standing = |_: &Owner, _: &RevisionHash| Standing {
            part,
            listener: Some(ObjectKey::new("default", "web")),
            service: Some((ObjectKey::new("default", "web-stable"), 80)),
        };
        world.history.record(&Arc::new(world.reading.clone()), standing);
        world.answer("new", 200, 10, 1_000);
    };
    for second in 0..=10 {
        look(second, Part::Canary);
    }
    for second in 11..=20 {
        look(second, Part::Stable);
    }
    let of = "istio_requests_total{reporter=\"source\",response_code=\"200\"}";
    for second in [9, 12, 20] {
        world.check(&format!("count({of})"), second, "{} 1");
    }
    for (second, expect) in [(10, "{} 10"), (13, "{} 10"), (20, "{} 10")] {
        world.check(&format!("round(sum(rate({of}[5s])))"), second, expect);
    }
}

#[test]
fn a_router_that_begins_anew_loses_nothing_that_was_seen() {
    let mut world = minute();
    world.reading.epoch = 2;
    world.reading.revisions.clear();
    world.answer("old", 200, 7, 1_000);
    world.look(61);
    world.check("sum(tidegate_router_requests_total{revision=\"old\"})", 61, "{} 607");
}

#[test]
fn the_first_requests_of_a_revision_are_growth() {
    let mut world = World::new();
    world.look(0);
    world.answer("new", 200, 30, 1_000);
    world.look(10);
    world.check(
        "increase(tidegate_router_requests_total{code=\"200\"}[10s])",
        10,
        "{class:2xx,code:200,listener:default/web,revision:new,rollout:default/web} 30",
    );
}

#[test]
fn a_revision_that_the_router_forgot_ends() {
    let mut world = minute();
    world.tally("new").in_flight.insert("a".into(), 3);
    world.look(61);
    world.check("tidegate_router_in_flight{replica=\"a\"}", 61, "{__name__:tidegate_router_in_flight,listener:default/web,replica:a,revision:new,rollout:default/web} 3");
    world.reading.revisions.clear();
    world.look(62);
    world.check("tidegate_router_in_flight", 62, "");
    world.check("count(tidegate_router_requests_total)", 62, "");
    world.check(
        "sum(increase(tidegate_router_requests_total{revision=\"old\"}[10s]))",
        60,
        "{} 100",
    );
    for hour in 1..200 {
        world.look(hour * 3_600);
    }
    assert!(world.history.rows.is_empty());
}

#[test]
fn what_is_held_is_bounded() {
    let mut world = World::new();
    world.history.limit = 10_000;
    let revisions: Vec<String> = (0..20).map(|number| format!("r{number}")).collect();
    for second in 0..300_u32 {
        for revision in &revisions {
            world.answer(revision, 200, 1, u64::from(second) * 3_700 % 900_000);
        }
        world.look(i64::from(second));
    }
    let held: usize = world.history.rows.values().map(Row::len).sum();
    let since_thinned = revisions.len() * 20 * THIN_EVERY as usize;
    assert!(held <= world.history.limit + since_thinned, "{held}");
    world.check("sum(increase(tidegate_router_requests_total[10s]))", 299, "{} 200");
    for number in 0..2 * ROWS {
        world.answer(&format!("s{number}"), 200, 1, 1);
    }
    world.look(301);
    assert_eq!(world.history.rows.len(), ROWS);
    let all = [Matcher::new("__name__", MatchKind::Pattern, ".+").unwrap()];
    assert!(world.history.view(&|_| true).select(&all, 0, i64::MAX, 100_000).is_none());
}

#[test]
fn labels_are_told_of_the_series_that_were_there() {
    let world = minute();
    let names = |from: i64, to: i64, code: &str| {
        let asked = [Matcher::new("code", MatchKind::Equal, code).unwrap()];
        let mut names = BTreeSet::new();
        world.history.view(&|_| true).labels(&asked, from * 1000, to * 1000, |labels| {
            names.insert(labels.get("__name__").to_owned());
        });
        Vec::from_iter(names)
    };
    let both = ["tidegate_router_requests_total", "traefik_service_requests_total"];
    assert_eq!(names(0, 60, "503"), both);
    // The first error was seen at the end of the fifth second.
    assert!(names(0, 3, "503").is_empty());
    assert_eq!(names(0, 3, "200"), both);
    assert!(names(61, 90, "200").is_empty());
}

#[test]
fn the_newest_values_are_exposed_as_text() {
    let world = minute();
    let text = world.history.view(&|_| true).exposition();
    let type_line = "# TYPE tidegate_router_latency_seconds histogram\n";
    assert_eq!(text.matches(type_line).count(), 1, "{text}");
    for line in [
        "tidegate_router_requests_total{class=\"2xx\",code=\"200\",listener=\"default/web\",revision=\"old\",rollout=\"default/web\"} 600\n",
        "tidegate_router_latency_seconds_bucket{le=\"+Inf\",listener=\"default/web\",revision=\"old\",rollout=\"default/web\"} 600\n",
        "# TYPE nginx_ingress_controller_requests counter\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

/// The series of an exposition that are called so, each with its value.
fn exposed(world: &World, name: &str) -> Vec<(String, f64)> {
    let text = world.history.view(&|_| true).exposition();
    let lines = text.lines().filter(|line| line.starts_with(&format!("{name}{{")));
    let split = |line: &str| {
        let (labels, value) = line.rsplit_once(' ').unwrap();
        (labels.to_owned(), value.parse().unwrap())
    };
    lines.map(split).collect()
}

#[test]
fn each_series_is_exposed_once_after_a_promotion() {
    let mut world = minute();
    for second in 61..=120 {
        world.look_while(second, "none");
        world.answer("new", 200, 10, 20_000);
    }
    world.look_while(121, "none");
    let text = world.history.view(&|_| true).exposition();
    let named = text.lines().filter(|line| !line.starts_with('#'));
    let named: Vec<_> = named.map(|line| line.rsplit_once(' ').unwrap().0).collect();
    let once: BTreeSet<_> = named.iter().collect();
    assert_eq!(once.len(), named.len(), "some are there twice:\n{text}");
    let stable = |world: &World| {
        let all = exposed(world, "traefik_service_requests_total");
        let stable = |(labels, _): &&(String, f64)| {
            labels.contains("default-web-stable") && labels.contains("code=\"200\"")
        };
        all.iter().find(stable).map(|(_, count)| *count)
    };
    assert_eq!(stable(&world), Some(1_211.0), "of the old one and of the new one since then");
    // The old one goes, at last from memory as well: the count does not fall, or it would seem to
    // begin anew and be taken for a burst.
    let web = Owner::rollout(&ObjectKey::new("default", "web"));
    world.reading.revisions.get_mut(&web).unwrap().remove(&"old".into());
    for second in (130..=130 + 2 * KEPT_FOR / 1000).step_by(10) {
        world.look_while(second, "none");
        if second % 500 == 0 {
            assert_eq!(stable(&world), Some(1_211.0), "{second}");
        }
    }
    assert!(world.history.rows.keys().all(|key| key.revision.as_str() == "new"));
    assert!(!world.history.gone.is_empty());
}

#[test]
fn the_buckets_of_a_histogram_are_exposed_in_their_order() {
    let buckets = exposed(&minute(), "tidegate_router_latency_seconds_bucket");
    let bounds = buckets.iter().map(|(labels, _)| {
        let bound = labels.split("le=\"").nth(1).unwrap().split('"').next().unwrap();
        bound.parse::<f64>().unwrap()
    });
    let bounds: Vec<_> = bounds.collect();
    let falls = bounds.windows(2).filter(|pair| pair[1] <= pair[0]).count();
    assert_eq!(falls, 1, "of two revisions: {bounds:?}");
}
