//! Copies whose answers are compared: what is found, and that no request is the worse for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tidegate_comparison::Settings;
use tidegate_ports::Router as _;
use tidegate_traffic::{
    Compared, Comparing, RequestMatch, RevisionTally, Rule, RuleAction, TextMatch,
};
use tidegate_units::Weight;
use tokio::{io::AsyncWriteExt as _, sync::mpsc};

use crate::{
    backend::{Backend, read_request},
    fixture::{Share, Way, World, free_address},
};

/// Compares all but how long answers take: on a busy machine that is anybody's guess.
fn comparing(name: &str, share: u8) -> Comparing {
    Comparing {
        name: name.to_owned(),
        to: "new".into(),
        with: "old".into(),
        share: Weight::new(share).unwrap(),
        settings: Settings { ignored: vec!["latency".to_owned()], ..Settings::default() },
    }
}

fn rule(comparing: Comparing) -> Rule {
    let method = ["GET", "HEAD"].map(|method| TextMatch::Exact(method.to_owned())).to_vec();
    let any = vec![RequestMatch { method, ..RequestMatch::default() }];
    Rule { name: "compare".to_owned(), any, then: RuleAction::Compare(comparing) }
}

async fn apply(world: &mut World, shares: &[Share<'_>], rules: Vec<Rule>) {
    let mut table = world.table(shares);
    table.listeners[0].rules = rules;
    world.client().apply(&table).await.unwrap();
}

/// Waits until so many requests were compared or dropped.
async fn compared(world: &World, wanted: u64) -> Compared {
    let mut seen = Compared::default();
    for _ in 0..3_000 {
        seen = *world.tally("new").await.compared.unwrap_or_default();
        if seen.counts.compared + seen.dropped >= wanted {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    seen
}

/// A service whose answers have a random id and a price. It tells of the requests that it gets.
async fn shop(price: u32) -> (Backend, mpsc::UnboundedReceiver<String>) {
    static IDS: AtomicUsize = AtomicUsize::new(0);
    let (tell, told) = mpsc::unbounded_channel();
    let backend = Backend::new(move |mut stream, _| {
        let tell = tell.clone();
        async move {
            while let Some(request) = read_request(&mut stream).await {
                let head = request.starts_with("HEAD");
                let _ = tell.send(request);
                let id = IDS.fetch_add(1, Ordering::Relaxed);
                let body = format!(r#"{{"id": "{id:08}", "items": [{{"price": {price}}}]}}"#);
                let shown = if head { "" } else { &body };
                let fields = "content-type: application/json\r\ntransfer-encoding: chunked";
                let (one, two) = shown.split_at(shown.len() / 2);
                let chunked = if head {
                    String::new()
                } else {
                    format!("{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n", one.len(), two.len())
                };
                let answer = format!("HTTP/1.1 200 OK\r\nx-id: {id}\r\n{fields}\r\n\r\n{chunked}");
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    })
    .await;
    (backend, told)
}

#[tokio::test]
async fn a_wrong_field_is_found_among_random_ones_by_copies_that_are_marked() {
    let ((one, mut to_one), (two, mut to_two)) = (shop(7).await, shop(7).await);
    let (new, mut to_new) = shop(9).await;
    let mut world = World::new();
    let stable = [one.address, two.address];
    let shares: [Share<'_>; 2] = [("old", 100, &stable), ("new", 0, &[new.address])];
    apply(&mut world, &shares, vec![rule(comparing("a", 50))]).await;
    for (ways, way) in Way::BOTH.into_iter().enumerate() {
        let mut wire = world.connect().await.going(way);
        for number in 1..=40 {
            assert!(wire.get().await.body.contains("\"price\": 7"), "{way:?}");
            // So that no copy is dropped for want of room.
            compared(&world, ways as u64 * 20 + number / 2).await;
        }
    }
    let seen = compared(&world, 40).await;
    assert_eq!((seen.counts.compared, seen.dropped, seen.one_instance), (40, 0, 0));
    assert_eq!((seen.counts.differing, seen.counts.noisy, seen.counts.unread), (40, 0, 0));
    let price = &seen.counts.fields["body.items[].price"];
    assert_eq!((price.candidate, price.first, price.second, price.all), (40, 0, 0, 0));
    assert_eq!(price.examples.len(), 3);
    assert_eq!(price.examples[0].request, "GET /");
    assert_eq!(
        (price.examples[0].candidate.as_str(), price.examples[0].stable.as_str()),
        ("9", "7")
    );
    for noise in ["body.id", "header.x-id"] {
        let field = &seen.counts.fields[noise];
        assert_eq!((field.apart(), field.all), (0, 40), "{noise}");
    }
    let mut histograms = seen.latency.iter();
    assert!(histograms.all(|histogram| histogram.count() == 40), "{:?}", seen.latency);
    // The users of the shop were answered by the old ones, and each copy went once to each.
    assert_eq!(world.tally("new").await.total.requests, 0);
    assert_eq!(world.tally("old").await.total.requests, 80);
    assert_eq!(world.tally("new").await.mirrored.total.requests, 40);
    assert_eq!(world.tally("old").await.mirrored.total.requests, 80);
    let mut marked = [0, 0, 0];
    for (count, told) in marked.iter_mut().zip([&mut to_new, &mut to_one, &mut to_two]) {
        while let Ok(request) = told.try_recv() {
            *count += usize::from(request.contains("x-tidegate-mirror: true\r\n"));
        }
    }
    assert_eq!(marked, [40, 40, 40]);
}

#[tokio::test]
async fn users_and_replicas_are_matched_as_without_a_comparison() {
    let shops = [shop(7).await, shop(7).await, shop(7).await];
    let (new, _told) = shop(7).await;
    let mut world = World::new();
    let stable = [shops[0].0.address, shops[1].0.address, shops[2].0.address];
    let shares: [Share<'_>; 2] = [("old", 100, &stable), ("new", 0, &[new.address])];
    apply(&mut world, &shares, vec![rule(comparing("a", 100))]).await;
    let mut wire = world.connect().await;
    for number in 1..=60 {
        wire.get().await;
        // One after the other, so that no copy is dropped for want of room.
        compared(&world, number).await;
    }
    for (_, mut told) in shops {
        let mut real = 0;
        while let Ok(request) = told.try_recv() {
            real += usize::from(!request.contains("x-tidegate-mirror"));
        }
        assert_eq!(real, 20);
    }
}

/// What `new` was counted once it has a copy, for half a minute at most.
async fn some_on_their_way(world: &World) -> RevisionTally {
    let mut seen = world.tally("new").await;
    for _ in 0..300 {
        if !seen.in_flight.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        seen = world.tally("new").await;
    }
    seen
}

#[tokio::test]
async fn a_candidate_that_hangs_cuts_or_is_gone_neither_slows_nor_fails_a_request() {
    let (old, _told) = shop(7).await;
    let hangs = Backend::answering(200, "late", Duration::from_mins(1)).await;
    let cuts = Backend::new(|mut stream, _| async move {
        let _ = read_request(&mut stream).await;
    })
    .await;
    for (address, is_slow) in
        [(hangs.address, true), (cuts.address, false), (free_address(), false)]
    {
        let mut world = World::new();
        let shares: [Share<'_>; 2] = [("old", 100, &[old.address]), ("new", 0, &[address])];
        apply(&mut world, &shares, vec![rule(comparing("a", 100))]).await;
        let mut wire = world.connect().await;
        let begun = Instant::now();
        for _ in 0..400 {
            assert_eq!(wire.get().await.status, 200);
        }
        assert!(begun.elapsed() < Duration::from_secs(50), "{:?}", begun.elapsed());
        assert_eq!(world.tally("old").await.total.errors(), 0);
        if is_slow {
            let seen = some_on_their_way(&world).await;
            let on_its_way: u64 = seen.in_flight.values().sum();
            assert!(
                on_its_way <= 64 && on_its_way > 0,
                "a bounded number is on its way: {on_its_way}"
            );
            assert!(seen.compared.unwrap_or_default().dropped >= 400 - 64);
        } else {
            let seen = compared(&world, 400).await;
            let status = &seen.counts.fields["status"];
            assert_eq!(status.candidate, seen.counts.compared, "it never answers: {seen:?}");
            assert_eq!((status.first, status.second), (0, 0));
            assert_eq!(status.examples[0].candidate, "no answer");
            assert!(seen.one_instance == seen.counts.compared && seen.one_instance > 0);
        }
    }
}

#[tokio::test]
async fn a_stable_replica_has_few_copies_at_once() {
    let most = Arc::new(AtomicUsize::new(0));
    let (now, peak) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&most));
    let slow = Backend::new(move |mut stream, _| {
        let (now, peak) = (Arc::clone(&now), Arc::clone(&peak));
        async move {
            while let Some(request) = read_request(&mut stream).await {
                if request.contains("x-tidegate-mirror") {
                    peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    now.fetch_sub(1, Ordering::SeqCst);
                }
                let answer = crate::backend::answer(200, "ok");
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    })
    .await;
    let new = Backend::named("ok").await;
    let mut world = World::new();
    let shares: [Share<'_>; 2] = [("old", 100, &[slow.address]), ("new", 0, &[new.address])];
    apply(&mut world, &shares, vec![rule(comparing("a", 100))]).await;
    let mut wire = world.connect().await;
    for _ in 0..100 {
        wire.get().await;
    }
    let seen = compared(&world, 100).await;
    assert!(seen.dropped > 0 && seen.counts.compared > 0, "{seen:?}");
    // Two copies of a request at a time: the last may come when there are seven.
    assert!(most.load(Ordering::SeqCst) <= 9, "{most:?}");
}

#[tokio::test]
async fn writes_and_copies_are_not_compared() {
    let ((old, _), (new, mut told)) = (shop(7).await, shop(7).await);
    let mut world = World::new();
    let shares: [Share<'_>; 2] = [("old", 100, &[old.address]), ("new", 0, &[new.address])];
    apply(&mut world, &shares, vec![rule(comparing("a", 100))]).await;
    for request in [
        "POST / HTTP/1.1\r\nhost: w\r\ncontent-length: 2\r\n\r\nhi",
        "GET / HTTP/1.1\r\nhost: w\r\nx-tidegate-mirror: true\r\n\r\n",
    ] {
        assert_eq!(world.connect().await.ask(request).await.status, 200);
    }
    let mut wire = world.connect().await;
    wire.send("HEAD /last?token=secret HTTP/1.1\r\nhost: w\r\n\r\n").await;
    assert_eq!(wire.answer_to("HEAD").await.unwrap().status, 200);
    let seen = compared(&world, 1).await;
    assert_eq!((seen.counts.compared, seen.dropped), (1, 0));
    assert!(told.recv().await.unwrap().starts_with("HEAD /last?token=secret "));
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn a_shadow_answers_nobody_even_when_nobody_else_does() {
    let (new, _told) = shop(7).await;
    let mut world = World::new();
    for stable in [vec![free_address()], vec![]] {
        let shares: [Share<'_>; 2] = [("old", 100, &stable), ("new", 0, &[new.address])];
        apply(&mut world, &shares, vec![rule(comparing("a", 100))]).await;
        for way in Way::BOTH {
            let status = world.connect().await.going(way).get().await.status;
            assert!(status == 502 || status == 503, "{status} {way:?}");
        }
    }
    assert_eq!(world.tally("new").await.total.requests, 0);
}

#[tokio::test]
async fn other_rules_hold_beside_a_comparison() {
    let (old, new) = (Backend::named("old").await, Backend::named("new").await);
    let mut world = World::new();
    let shares: [Share<'_>; 2] = [("old", 100, &[old.address]), ("new", 0, &[new.address])];
    let all = || vec![RequestMatch { method: vec![TextMatch::Present], ..RequestMatch::default() }];
    let send =
        Rule { name: "send".to_owned(), any: all(), then: RuleAction::Send { to: "new".into() } };
    let then = RuleAction::Mirror { to: "new".into(), share: Weight::FULL };
    let mirror = Rule { name: "mirror".to_owned(), any: all(), then };
    for (other, expect, copies) in [(send, "new", 1), (mirror, "old", 3)] {
        apply(&mut world, &shares, vec![rule(comparing(expect, 100)), other]).await;
        assert_eq!(world.get().await, expect);
        let seen = compared(&world, 1).await;
        assert_eq!((seen.counts.compared, seen.name.as_str()), (1, expect));
        let mut mirrored = 0;
        for _ in 0..3_000 {
            mirrored = world.tally("new").await.mirrored.total.requests;
            if mirrored >= copies {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(
            mirrored, copies,
            "one of the first, a mirrored and a compared one of the second"
        );
    }
}

#[tokio::test]
async fn bodies_that_are_too_large_are_not_compared() {
    let (old, new) = (Backend::named("one body").await, Backend::named("another").await);
    let mut world = World::new();
    let shares: [Share<'_>; 2] = [("old", 100, &[old.address]), ("new", 0, &[new.address])];
    let settings = Settings { most_body: 4, ..Settings::default() };
    apply(&mut world, &shares, vec![rule(Comparing { settings, ..comparing("a", 100) })]).await;
    assert_eq!(world.get().await, "one body");
    let seen = compared(&world, 1).await;
    assert_eq!((seen.counts.unread, seen.counts.differing), (1, 0));
}

#[tokio::test]
async fn a_comparison_goes_on_by_its_name_and_tells_of_a_restart() {
    let (old, new) = (Backend::named("old").await, Backend::named("new").await);
    let mut world = World::new();
    let shares: [Share<'_>; 2] = [("old", 100, &[old.address]), ("new", 0, &[new.address])];
    apply(&mut world, &shares, vec![rule(comparing("a", 100))]).await;
    world.get().await;
    let first = compared(&world, 1).await;
    assert_eq!((first.counts.differing, first.resumed), (1, false));
    apply(&mut world, &shares, vec![]).await;
    assert_eq!(compared(&world, 1).await, first, "it can be read when it is over");
    apply(&mut world, &shares, vec![rule(comparing("a", 100))]).await;
    world.get().await;
    assert_eq!(compared(&world, 2).await.counts.compared, 2);
    world.router.take().unwrap().stop();
    world.router = Some(tidegate_router::start(world.settings.clone()).unwrap());
    let again = compared(&world, 0).await;
    assert_eq!((again.counts.compared, again.resumed), (0, true));
    world.get().await;
    assert_eq!(compared(&world, 1).await.counts.compared, 1);
    apply(&mut world, &shares, vec![rule(comparing("b", 100))]).await;
    let other = compared(&world, 0).await;
    assert_eq!((other.name.as_str(), other.counts.compared, other.resumed), ("b", 0, false));
}
