//! Where requests go.

use std::{collections::BTreeMap, time::Duration};

use tidegate_traffic::{
    CompareSettings, Comparing, CookieMatch, HeaderMatch, RegionMatch, RequestMatch, Rule,
    RuleAction, Sticky, TextMatch, UserKey, UserShare,
};
use tidegate_units::Weight;
use tokio::task::JoinSet;

use crate::{
    client::{ask, get},
    replica::Replica,
    world::{World, service, within_20_s},
};

fn header(name: &str, test: TextMatch) -> RequestMatch {
    let header = HeaderMatch { name: name.to_owned(), any: vec![test] };
    RequestMatch { headers: vec![header], ..RequestMatch::default() }
}

fn send(name: &str, any: Vec<RequestMatch>, to: &str) -> Rule {
    Rule { name: name.to_owned(), any, then: RuleAction::Send { to: to.into() } }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn weights_hold_within_the_binomial_bound() {
    let mut world = World::new().await;
    let (old, new) = (Replica::start("old").await, Replica::start("new").await);
    world.split(&[(&old, 80), (&new, 20)]).await;
    let mut answers: BTreeMap<String, u64> = BTreeMap::new();
    for _ in 0..2000 {
        *answers.entry(get(world.address, "/").await.body).or_default() += 1;
    }
    // Five and a half standard deviations: of 20 million runs one fails by chance.
    let (mean, deviation) = (2000.0 * 0.2, (2000.0_f64 * 0.2 * 0.8).sqrt());
    let found = answers["new"];
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let off = (found as f64 - mean).abs();
    assert!(off < 5.5 * deviation, "{found} of 2000 came to the new one");
    assert_eq!(found + answers["old"], 2000);
    // A line is written once the answer is sent, unless HAProxy leaves it out, which it counts.
    let dropped = || world.dropped_lines();
    let (of_new, of_old) = within_20_s(
        async || (world.tally("new").await.total, world.tally("old").await.total),
        |(new, old)| new.requests + old.requests + dropped() == 2000,
    )
    .await;
    assert_eq!(of_new.requests + of_old.requests + dropped(), 2000, "{} dropped", dropped());
    assert!(of_new.requests <= found && of_old.requests <= 2000 - found, "{found} came to new");
    assert!(dropped() < 200, "{} of 2000 lines", dropped());
    let counted = of_new.requests;
    assert_eq!(
        (of_new.by_class[1], of_new.latency.count(), of_new.errors()),
        (counted, counted, 0)
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_weight_below_a_percent_holds_within_the_binomial_bound_and_a_finer_one_is_told() {
    const REQUESTS: u32 = 6000;
    let mut world = World::new().await;
    let (old, new) = (Replica::start("old").await, Replica::start("new").await);
    let mut table = world.table(&[(&old, 0), (&new, 0)]);
    let mut split = |part, whole| {
        let weight = Weight::of(part, whole).unwrap();
        table.generation.0 += 1;
        table.listeners[0].destinations[0].weight = weight.rest();
        table.listeners[0].destinations[1].weight = weight;
        table.clone()
    };
    // By the configuration first, then by the runtime API.
    world.apply(&split(123_456, 1_000_000)).await.unwrap();
    let told = world.read().await.refused[&service()].clone();
    assert!(told.contains("revision new gets 12.35% for 12.3456%"), "{told}");
    world.apply(&split(5, 1000)).await.unwrap();
    assert_eq!(world.read().await.refused, BTreeMap::new());
    let address = world.address;
    let mut clients = JoinSet::new();
    for _ in 0..8 {
        clients.spawn(async move {
            let mut found = 0_u32;
            for _ in 0..REQUESTS / 8 {
                found += u32::from(get(address, "/").await.body == "new");
            }
            found
        });
    }
    let found: u32 = clients.join_all().await.into_iter().sum();
    // 30 on average; of 15 million runs one leaves this range by chance.
    assert!((6..=63).contains(&found), "{found} of {REQUESTS} came to the new one");
    let (found, dropped) = (u64::from(found), || world.dropped_lines());
    let of_new = within_20_s(
        async || world.tally("new").await.total.requests,
        |counted| counted + dropped() >= found,
    )
    .await;
    assert!(of_new <= found && of_new + dropped() >= found, "{of_new} of {found}, {}", dropped());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_keeps_its_revision_by_its_cookie() {
    let mut world = World::new().await;
    let (old, new) = (Replica::start("old").await, Replica::start("new").await);
    world.sticky = Some(Sticky { cookie: "tg-web".into(), max_age: Duration::from_mins(1) });
    world.split(&[(&old, 50), (&new, 50)]).await;
    let first = get(world.address, "/").await;
    let cookie = first.field("set-cookie").unwrap().to_owned();
    let revision = first.body;
    assert_eq!(cookie, format!("tg-web={revision}; Max-Age=60; Path=/; HttpOnly; SameSite=Lax"));
    let kept = format!("other=1; tg-web={revision}; more=2");
    for _ in 0..20 {
        let again = ask(world.address, "GET", "/", &[("Cookie", &kept)], "").await.unwrap();
        assert_eq!((again.body.as_str(), again.field("set-cookie")), (revision.as_str(), None));
    }
    // A revision without a weight keeps nobody.
    let (stays, leaves) = if revision == "old" { (&new, &old) } else { (&old, &new) };
    world.split(&[(stays, 100), (leaves, 0)]).await;
    let moved = ask(world.address, "GET", "/", &[("Cookie", &kept)], "").await.unwrap();
    assert_eq!(moved.body, stays.name);
    assert!(moved.field("set-cookie").unwrap().starts_with(&format!("tg-web={}", stays.name)));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_come_before_the_split_and_the_first_counts() {
    let mut world = World::new().await;
    let (old, new) = (Replica::start("old").await, Replica::start("new").await);
    let third = Replica::start("third").await;
    let exact = |text: &str| TextMatch::Exact(text.to_owned());
    let posts = RequestMatch {
        method: vec![exact("POST"), exact("PUT")],
        path: Some(TextMatch::Regex("/api/[0-9]+".to_owned())),
        ..RequestMatch::default()
    };
    let prefix = RequestMatch {
        path: Some(TextMatch::Prefix("/a?b".to_owned())),
        ..RequestMatch::default()
    };
    world.rules = vec![
        send("testers", vec![header("X-Tester", exact("yes")), posts], "new"),
        send(
            "agents",
            vec![header("User-Agent", TextMatch::Regex("Moz(.*)".into())), prefix],
            "third",
        ),
        send("any", vec![header("x_odd", TextMatch::Present)], "new"),
    ];
    world.split(&[(&old, 100), (&new, 0), (&third, 0)]).await;
    let check = async |method: &str, target: &str, fields: &[(&str, &str)], expect: &str| {
        let answer = ask(world.address, method, target, fields, "").await.unwrap();
        assert_eq!(answer.body, expect, "{method} {target} {fields:?}");
    };
    check("GET", "/", &[], "old").await;
    check("GET", "/", &[("x-tester", "yes")], "new").await;
    check("GET", "/", &[("X-Tester", "YES")], "old").await;
    check("GET", "/", &[("X-Tester", "yes"), ("User-Agent", "Mozilla/5")], "new").await;
    check("GET", "/", &[("User-Agent", "Mozilla/5")], "third").await;
    check("GET", "/", &[("User-Agent", "A Mozilla")], "old").await;
    check("POST", "/api/12?x=1", &[], "new").await;
    check("POST", "/api/12x", &[], "old").await;
    check("GET", "/api/12", &[], "old").await;
    check("GET", "/a?bc", &[], "third").await;
    check("GET", "/a?c", &[], "old").await;
    check("GET", "/", &[("x_odd", "1")], "new").await;
    assert_eq!(world.read().await.refused, BTreeMap::new());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cookies_and_regions_are_conditions_too() {
    let mut world = World::new().await;
    let (old, new) = (Replica::start("old").await, Replica::start("new").await);
    let gold = CookieMatch { name: "plan".into(), is: TextMatch::Exact("gold".to_owned()) };
    let region = RegionMatch { header: "x-region".into(), any: vec!["eu".into()], here: false };
    world.rules = vec![
        send("gold", vec![RequestMatch { cookies: vec![gold], ..RequestMatch::default() }], "new"),
        send("eu", vec![RequestMatch { region: Some(region), ..RequestMatch::default() }], "new"),
    ];
    world.split(&[(&old, 100), (&new, 0)]).await;
    for (field, value, expect) in [
        ("x-other", "1", "old"),
        ("Cookie", "a=1; plan=gold", "new"),
        ("Cookie", "xplan=gold; plan=blue", "old"),
        ("X-Region", "eu", "new"),
        ("X-Region", "us", "old"),
    ] {
        let answer = ask(world.address, "GET", "/", &[(field, value)], "").await.unwrap();
        assert_eq!(answer.body, expect, "{field}: {value}");
        assert_eq!(answer.field("set-cookie"), None);
    }
    let here = RegionMatch { header: "x-region".into(), any: vec!["eu".into()], here: true };
    let here = RequestMatch { region: Some(here), ..RequestMatch::default() };
    world.rules = vec![send("here", vec![here], "new")];
    world.split(&[(&old, 100), (&new, 0)]).await;
    assert_eq!(get(world.address, "/").await.body, "new");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_haproxy_cannot_follow_is_told_and_the_others_hold() {
    let mut world = World::new().await;
    let (old, new) = (Replica::start("old").await, Replica::start("new").await);
    let get_all = RequestMatch {
        method: vec![TextMatch::Exact("GET".to_owned())],
        ..RequestMatch::default()
    };
    let then = RuleAction::Mirror { to: "new".into(), share: Weight::new(50).unwrap() };
    let users = UserShare { hundredths: 1250, by: UserKey::Visitor, salt: "a".to_owned() };
    let users = RequestMatch { users: Some(users), ..RequestMatch::default() };
    let compared = RuleAction::Compare(Comparing {
        name: "a".to_owned(),
        to: "new".into(),
        with: "old".into(),
        share: Weight::FULL,
        settings: CompareSettings::default(),
    });
    world.rules = vec![
        Rule { name: "shadow".to_owned(), any: vec![get_all.clone()], then },
        Rule { name: "compared".to_owned(), any: vec![get_all], then: compared },
        send("some", vec![users], "new"),
        send("testers", vec![header("x-b", TextMatch::Exact("1".to_owned()))], "new"),
    ];
    world.split(&[(&old, 100), (&new, 0)]).await;
    let told = world.read().await.refused[&service()].clone();
    let expect = "haproxy does not follow rule shadow: it makes no copies of requests; haproxy does \
                  not follow rule compared: it compares no answers; haproxy does not follow \
                  rule some: it has not the hash that tells users apart";
    assert_eq!(told, expect);
    let answer = ask(world.address, "GET", "/", &[("x-b", "1")], "").await.unwrap();
    assert_eq!(answer.body, "new");
    assert_eq!(get(world.address, "/").await.body, "old");
    assert_eq!(new.seen().len(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_learns_who_asked_and_answers_as_it_is() {
    let mut world = World::new().await;
    let old = Replica::start("old").await;
    world.split(&[(&old, 100)]).await;
    let fields = [("X-Forwarded-For", "192.0.2.7"), ("x_under", "1"), ("Accept-Encoding", "gzip")];
    let answer = ask(world.address, "GET", "//a/../b%2Fc?x=%20", &fields, "").await.unwrap();
    assert_eq!((answer.field("server"), answer.field("set-cookie")), (Some("own"), None));
    let seen = old.seen().remove(0);
    assert!(seen.starts_with("GET //a/../b%2Fc?x=%20 HTTP/1.1\r\nhost: web.example\r\n"), "{seen}");
    for line in [
        "x-forwarded-for: 192.0.2.7",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-forwarded-host: web.example",
        "x_under: 1",
        "accept-encoding: gzip",
    ] {
        assert!(seen.contains(&format!("\r\n{line}\r\n")), "{line} is not in {seen}");
    }
    world.end().await;
}
