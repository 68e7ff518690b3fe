//! Requests that meet a rule go where it says, and copies go where nobody waits for them.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use tidegate_ports::Router as _;
use tidegate_traffic::{HeaderMatch, Mirrored, RequestMatch, Rule, RuleAction, TextMatch};
use tidegate_units::Weight;
use tokio::{io::AsyncWriteExt as _, sync::mpsc};

use crate::{
    backend::{Backend, answer, read_request},
    fixture::{Share, Way, World},
};

fn with_header(name: &str, value: &str) -> RequestMatch {
    let exact = TextMatch::Exact(value.to_owned());
    let header = HeaderMatch { name: name.to_owned(), any: vec![exact] };
    RequestMatch { headers: vec![header], ..RequestMatch::default() }
}

fn with_method(methods: &[&str]) -> RequestMatch {
    let method = methods.iter().map(|method| TextMatch::Exact((*method).to_owned()));
    RequestMatch { method: method.collect(), ..RequestMatch::default() }
}

fn send(name: &str, any: RequestMatch, to: &str) -> Rule {
    Rule { name: name.to_owned(), any: vec![any], then: RuleAction::Send { to: to.into() } }
}

fn mirror(any: RequestMatch, to: &str, share: u8) -> Rule {
    let share = Weight::new(share).unwrap();
    let then = RuleAction::Mirror { to: to.into(), share };
    Rule { name: "mirror".to_owned(), any: vec![any], then }
}

async fn apply(world: &mut World, shares: &[Share<'_>], rules: Vec<Rule>) {
    let mut table = world.table(shares);
    table.listeners[0].rules = rules;
    world.client().apply(&table).await.unwrap();
}

/// The body of the answer to a `GET` with these fields, this way.
async fn get(world: &World, way: Way, fields: &str) -> String {
    let request = format!("GET / HTTP/1.1\r\nhost: web\r\n{fields}{}\r\n", way.field());
    world.connect().await.ask(&request).await.body
}

/// Waits until so many copies to `new` have ended, for half a minute at most: what sends them gives way
/// to everything else on the machine.
async fn copies(world: &World, wanted: u64) -> Mirrored {
    let mut seen = Mirrored::default();
    for _ in 0..3_000 {
        seen = world.tally("new").await.mirrored;
        if seen.total.requests + seen.dropped >= wanted {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    seen
}

#[tokio::test]
async fn a_request_that_meets_a_rule_goes_where_it_says_and_others_by_the_split() {
    let (old, new) = (Backend::named("old").await, Backend::named("new").await);
    let mut world = World::new();
    let shares: [Share<'_>; 2] = [("old", 100, &[old.address]), ("new", 0, &[new.address])];
    apply(&mut world, &shares, vec![send("beta", with_header("X-Beta", "yes"), "new")]).await;
    for way in Way::BOTH {
        assert_eq!(get(&world, way, "x-beta: yes\r\n").await, "new", "{way:?}");
        assert_eq!(get(&world, way, "x-beta: no\r\n").await, "old", "{way:?}");
        assert_eq!(get(&world, way, "").await, "old", "{way:?}");
    }
    assert_eq!(world.tally("new").await.total.requests, 2);
    apply(&mut world, &shares, vec![]).await;
    assert_eq!(get(&world, Way::Direct, "x-beta: yes\r\n").await, "old", "the rule is gone");
}

#[tokio::test]
async fn a_kept_connection_follows_the_rules_of_each_new_table() {
    let (old, new) = (Backend::named("old").await, Backend::named("new").await);
    let mut world = World::new();
    let shares: [Share<'_>; 2] = [("old", 100, &[old.address]), ("new", 0, &[new.address])];
    let request = "GET / HTTP/1.1\r\nhost: web\r\nx-beta: yes\r\n\r\n";
    apply(&mut world, &shares, vec![]).await;
    let mut wire = world.connect().await;
    assert_eq!(wire.ask(request).await.body, "old");
    apply(&mut world, &shares, vec![send("beta", with_header("x-beta", "yes"), "new")]).await;
    assert_eq!(wire.ask(request).await.body, "new");
    apply(&mut world, &shares, vec![]).await;
    assert_eq!(wire.ask(request).await.body, "old");
}

#[tokio::test]
async fn a_revision_that_does_not_answer_leaves_its_requests_to_the_split() {
    let old = Backend::named("old").await;
    let gone = crate::fixture::free_address();
    let mut world = World::new();
    let rules = || vec![send("beta", with_header("x-beta", "yes"), "new")];
    for endpoints in [vec![gone], vec![]] {
        apply(&mut world, &[("old", 100, &[old.address]), ("new", 0, &endpoints)], rules()).await;
        for way in Way::BOTH {
            assert_eq!(get(&world, way, "x-beta: yes\r\n").await, "old", "{endpoints:?} {way:?}");
        }
    }
    assert_eq!(world.tally("new").await.total.unanswered, 4);
}

#[tokio::test]
async fn who_came_by_a_rule_gets_no_cookie_and_the_rule_comes_before_the_cookie() {
    let (old, new) = (Backend::named("old").await, Backend::named("new").await);
    let mut world = World::new();
    let mut table = world.table(&[("old", 50, &[old.address]), ("new", 50, &[new.address])]);
    let sticky =
        tidegate_traffic::Sticky { cookie: "tg".to_owned(), max_age: Duration::from_mins(1) };
    table.listeners[0].sticky = Some(sticky);
    table.listeners[0].rules = vec![send("beta", with_header("x-beta", "yes"), "new")];
    world.client().apply(&table).await.unwrap();
    for way in Way::BOTH {
        let fields = format!("cookie: tg=old\r\nx-beta: yes\r\n{}", way.field());
        let request = format!("GET / HTTP/1.1\r\nhost: web\r\n{fields}\r\n");
        let answer = world.connect().await.ask(&request).await;
        assert_eq!((answer.body.as_str(), answer.field("set-cookie")), ("new", None), "{way:?}");
        assert_eq!(get(&world, way, "cookie: tg=old\r\n").await, "old");
    }
}

#[tokio::test]
async fn the_first_rule_that_is_met_counts_and_no_other() {
    let (old, new) = (Backend::named("old").await, Backend::named("new").await);
    let mut world = World::new();
    let shares: [Share<'_>; 2] = [("old", 100, &[old.address]), ("new", 0, &[new.address])];
    let beta = send("beta", with_header("x-beta", "yes"), "new");
    let copy = mirror(with_method(&["GET"]), "new", 100);
    apply(&mut world, &shares, vec![copy.clone(), beta.clone()]).await;
    assert_eq!(get(&world, Way::Direct, "x-beta: yes\r\n").await, "old");
    assert_eq!(copies(&world, 1).await.total.requests, 1);
    apply(&mut world, &shares, vec![beta, copy]).await;
    assert_eq!(get(&world, Way::Direct, "x-beta: yes\r\n").await, "new");
    assert_eq!(get(&world, Way::Direct, "").await, "old");
    assert_eq!(copies(&world, 2).await.total.requests, 2);
}

/// A replica that tells of every request that it gets, and answers after a while.
async fn telling(delay: Duration) -> (Backend, mpsc::UnboundedReceiver<String>) {
    let (tell, told) = mpsc::unbounded_channel();
    let backend = Backend::new(move |mut stream, _| {
        let tell = tell.clone();
        async move {
            while let Some(request) = read_request(&mut stream).await {
                let _ = tell.send(request);
                tokio::time::sleep(delay).await;
                if stream.write_all(answer(503, "nobody sees this").as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    })
    .await;
    (backend, told)
}

#[tokio::test]
async fn exactly_the_share_is_copied_marked_and_counted_apart() {
    let old = Backend::named("old").await;
    let (new, mut told) = telling(Duration::ZERO).await;
    let mut world = World::new();
    let shares: [Share<'_>; 2] = [("old", 100, &[old.address]), ("new", 0, &[new.address])];
    apply(&mut world, &shares, vec![mirror(with_method(&["GET"]), "new", 35)]).await;
    let mut wire = world.connect().await;
    for _ in 0..200 {
        assert_eq!(wire.get().await.body, "old");
    }
    let seen = copies(&world, 70).await;
    assert_eq!((seen.total.requests, seen.dropped), (70, 0));
    assert_eq!((seen.total.errors(), seen.total.by_class[4]), (70, 70));
    assert_eq!(seen.total.latency.count(), 70);
    let real = world.tally("new").await;
    assert_eq!((real.total.requests, real.first_error), (0, None));
    assert_eq!(world.tally("old").await.total.requests, 200);
    let copy = told.recv().await.unwrap();
    assert!(copy.starts_with("GET / HTTP/1.1\r\nhost: web\r\n"), "{copy}");
    assert!(copy.ends_with("x-tidegate-mirror: true\r\n\r\n"), "{copy}");
    assert!(copy.contains("x-forwarded-for: 127.0.0.1\r\n"), "{copy}");
    // Where the copies' thread gets no processor several are on their way at once.
    assert!(new.connections() <= 20, "connections are kept: {}", new.connections());
}

#[tokio::test]
async fn a_copy_has_the_whole_body_whichever_way_it_came() {
    let old = Backend::named("old").await;
    let (new, mut told) = telling(Duration::ZERO).await;
    let mut world = World::new();
    let shares: [Share<'_>; 2] = [("old", 100, &[old.address]), ("new", 0, &[new.address])];
    apply(&mut world, &shares, vec![mirror(with_method(&["POST", "GET"]), "new", 100)]).await;
    let long = "x".repeat(100_000);
    for (request, body) in [
        ("POST /a HTTP/1.1\r\nhost: w\r\ncontent-length: 5\r\n\r\nhello".to_owned(), "hello"),
        (
            "POST /b HTTP/1.1\r\nhost: w\r\ntransfer-encoding: chunked\r\n\r\n\
             2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
                .to_owned(),
            "hello",
        ),
        (format!("POST /c HTTP/1.1\r\nhost: w\r\ncontent-length: 100000\r\n\r\n{long}"), &long),
        ("GET /d HTTP/1.1\r\nhost: w\r\nte: trailers\r\n\r\n".to_owned(), ""),
    ] {
        assert_eq!(world.connect().await.ask(&request).await.body, "old");
        let copy = told.recv().await.unwrap();
        let (head, found) = copy.split_once("\r\n\r\n").unwrap();
        assert_eq!(found, body, "{head}");
        assert!(head.contains("x-tidegate-mirror: true") && !head.contains("chunked"), "{head}");
        let length = format!("content-length: {}", body.len());
        assert_eq!(head.to_ascii_lowercase().contains(&length), !body.is_empty(), "{head}");
    }
}

#[tokio::test]
async fn a_copy_that_is_too_large_is_dropped_and_the_request_is_whole() {
    let (old, new) = (Backend::named("old").await, Backend::named("new").await);
    let mut world = World::new();
    let shares: [Share<'_>; 2] = [("old", 100, &[old.address]), ("new", 0, &[new.address])];
    apply(&mut world, &shares, vec![mirror(with_method(&["POST"]), "new", 100)]).await;
    let body = "x".repeat(300 * 1024);
    let request =
        format!("POST / HTTP/1.1\r\nhost: w\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    assert_eq!(world.connect().await.ask(&request).await.body, "old");
    let seen = copies(&world, 1).await;
    assert_eq!((seen.total.requests, seen.dropped), (0, 1));
}

#[tokio::test]
async fn a_revision_that_hangs_or_refuses_neither_slows_nor_fails_a_request() {
    let old = Backend::named("old").await;
    let (hangs, _told) = telling(Duration::from_mins(1)).await;
    for address in [hangs.address, crate::fixture::free_address()] {
        let mut world = World::new();
        let shares: [Share<'_>; 2] = [("old", 100, &[old.address]), ("new", 0, &[address])];
        apply(&mut world, &shares, vec![mirror(with_method(&["GET"]), "new", 100)]).await;
        let mut wire = world.connect().await;
        let begun = Instant::now();
        for _ in 0..400 {
            assert_eq!(wire.get().await.body, "old");
        }
        assert!(begun.elapsed() < Duration::from_secs(50), "{:?}", begun.elapsed());
        let seen = world.tally("new").await.mirrored;
        if address == hangs.address {
            assert!(seen.dropped >= 400 - 256, "a bounded number is on its way: {}", seen.dropped);
        }
    }
}

#[tokio::test]
async fn a_copy_is_sent_once_and_never_copied_again() {
    let old = Backend::named("old").await;
    let cuts = Backend::new(|mut stream, _| async move {
        let _ = read_request(&mut stream).await;
    })
    .await;
    let mut world = World::new();
    let shares: [Share<'_>; 2] = [("old", 100, &[old.address]), ("new", 0, &[cuts.address])];
    apply(&mut world, &shares, vec![mirror(with_method(&["GET"]), "new", 100)]).await;
    assert_eq!(get(&world, Way::Direct, "").await, "old");
    let seen = copies(&world, 1).await;
    assert_eq!((seen.total.requests, seen.total.unanswered), (1, 1));
    for way in Way::BOTH {
        assert_eq!(get(&world, way, "x-tidegate-mirror: true\r\n").await, "old");
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(cuts.connections(), 1);
    assert_eq!(world.tally("new").await.mirrored.total.requests, 1);
}

#[tokio::test]
async fn rules_are_followed_again_after_a_restart_of_the_router() {
    let (old, new) = (Backend::named("old").await, Backend::named("new").await);
    let mut world = World::new();
    let shares: [Share<'_>; 2] = [("old", 100, &[old.address]), ("new", 0, &[new.address])];
    apply(&mut world, &shares, vec![send("beta", with_header("x-beta", "yes"), "new")]).await;
    world.router.take().unwrap().stop();
    world.router = Some(tidegate_router::start(world.settings.clone()).unwrap());
    assert_eq!(get(&world, Way::Direct, "x-beta: yes\r\n").await, "new");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the rules and the requests are, both ways through the router agree with the plain
    /// reading of them: the first that is met.
    #[test]
    fn both_ways_follow_the_first_rule_that_is_met(
        rules in prop::collection::vec((0..3_u8, 0..3_u8, prop::bool::ANY), 0..5),
        requests in prop::collection::vec((0..3_u8, 0..3_u8), 1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let (old, new) = (Backend::named("old").await, Backend::named("new").await);
            let mut world = World::new();
            let shares: [Share<'_>; 2] = [("old", 100, &[old.address]), ("new", 0, &[new.address])];
            let made = rules.iter().enumerate().map(|(index, &(name, value, sends))| {
                let any = with_header(&format!("x-{name}"), &value.to_string());
                let to = if sends { "new" } else { "old" };
                send(&format!("rule {index}"), any, to)
            });
            apply(&mut world, &shares, made.collect()).await;
            for &(first, second) in &requests {
                let fields = format!("x-0: {first}\r\nx-1: {second}\r\n");
                let met = |name, value| (name == 0 && value == first) || (name == 1 && value == second);
                let rule = rules.iter().find(|&&(name, value, _)| met(name, value));
                let expect = if rule.is_some_and(|&(_, _, sends)| sends) { "new" } else { "old" };
                for way in Way::BOTH {
                    assert_eq!(get(&world, way, &fields).await, expect, "{rules:?} {fields} {way:?}");
                }
            }
        });
    }
}
