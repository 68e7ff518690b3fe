//! Where requests go.

use std::{collections::BTreeMap, time::Duration};

use tidegate_traffic::{
    CookieMatch, HeaderMatch, RegionMatch, RequestMatch, Rule, RuleAction, Sticky, TextMatch,
    UserKey, UserShare,
};
use tidegate_units::Weight;
use tokio::task::JoinSet;

use crate::{
    client::{ask, get},
    replica::Replica,
    world::{World, service},
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
    // A line is written once the answer is sent.
    world.until("new", |tally| tally.total.requests == found).await;
    world.until("old", |tally| tally.total.requests == 2000 - found).await;
    let (of_new, of_old) = (world.tally("new").await.total, world.tally("old").await.total);
    assert_eq!((of_new.requests, of_old.requests), (found, 2000 - found));
    assert_eq!((of_new.by_class[1], of_new.latency.count(), of_new.errors()), (found, found, 0));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_weight_of_a_thousandth_holds_within_the_binomial_bound() {
    const REQUESTS: u32 = 20_000;
    let mut world = World::new().await;
    let (old, new) = (Replica::start("old").await, Replica::start("new").await);
    let mut table = world.table(&[(&old, 0), (&new, 0)]);
    let weight = Weight::of(1, 1000).unwrap();
    table.listeners[0].destinations[0].weight = weight.rest();
    table.listeners[0].destinations[1].weight = weight;
    world.apply(&table).await.unwrap();
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
    // 20 on average; of 5 million runs one leaves this range by chance.
    assert!((2..=49).contains(&found), "{found} of {REQUESTS} came to the new one");
    world.until("new", |tally| tally.total.requests == u64::from(found)).await;
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

/// As the built-in router does: `user-3` is in this share, `user-5` is not.
fn share(by: UserKey) -> RequestMatch {
    let users = UserShare { hundredths: 1250, by, salt: "default/web".to_owned() };
    RequestMatch { users: Some(users), ..RequestMatch::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cookies_regions_and_shares_of_users_are_conditions_too() {
    let mut world = World::new().await;
    let (old, new) = (Replica::start("old").await, Replica::start("new").await);
    let gold = CookieMatch { name: "plan".into(), is: TextMatch::Exact("gold".to_owned()) };
    let region = RegionMatch { header: "x-region".into(), any: vec!["eu".into()], here: false };
    world.rules = vec![
        send("gold", vec![RequestMatch { cookies: vec![gold], ..RequestMatch::default() }], "new"),
        send("eu", vec![RequestMatch { region: Some(region), ..RequestMatch::default() }], "new"),
        send("by-header", vec![share(UserKey::Header("x-user".to_owned()))], "new"),
        send("by-cookie", vec![share(UserKey::Cookie("sid".to_owned()))], "new"),
    ];
    world.split(&[(&old, 100), (&new, 0)]).await;
    for (field, value, expect) in [
        ("x-other", "1", "old"),
        ("Cookie", "a=1; plan=gold", "new"),
        ("Cookie", "xplan=gold; plan=blue", "old"),
        ("X-Region", "eu", "new"),
        ("X-Region", "us", "old"),
        ("X-User", "user-3", "new"),
        ("X-User", "user-5", "old"),
        ("Cookie", "sid=user-3", "new"),
        ("Cookie", "sid=user-5", "old"),
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
async fn a_visitor_stays_on_the_side_that_was_drawn() {
    let mut world = World::new().await;
    let (old, new) = (Replica::start("old").await, Replica::start("new").await);
    let mut half = share(UserKey::Visitor);
    half.users.as_mut().unwrap().hundredths = 5000;
    world.rules = vec![send("half", vec![half], "new")];
    world.split(&[(&old, 100), (&new, 0)]).await;
    let mut sides = BTreeMap::<String, u32>::new();
    for _ in 0..40 {
        let first = get(world.address, "/").await;
        let cookie = first.field("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        assert!(cookie.starts_with("tidegate-visitor=") && cookie.len() == 33, "{cookie}");
        let again = ask(world.address, "GET", "/", &[("Cookie", &cookie)], "").await.unwrap();
        assert_eq!((&again.body, again.field("set-cookie")), (&first.body, None));
        *sides.entry(first.body).or_default() += 1;
    }
    // All on one side is as likely as 40 throws of a coin that all end alike.
    assert_eq!(sides.len(), 2, "{sides:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_nginx_cannot_follow_is_told_and_the_others_hold() {
    let mut world = World::new().await;
    let (old, new) = (Replica::start("old").await, Replica::start("new").await);
    world.rules = vec![
        send("nothing", vec![header("x-a", TextMatch::Exact(String::new()))], "new"),
        send("testers", vec![header("x-b", TextMatch::Exact("1".to_owned()))], "new"),
    ];
    world.split(&[(&old, 100), (&new, 0)]).await;
    let told = world.read().await.refused[&service()].clone();
    assert!(told.starts_with("nginx does not follow rule nothing: a field without"), "{told}");
    let answer = ask(world.address, "GET", "/", &[("x-b", "1")], "").await.unwrap();
    assert_eq!(answer.body, "new");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_go_where_a_rule_says_and_are_counted_apart() {
    let mut world = World::new().await;
    let (old, new) = (Replica::start("old").await, Replica::start("new").await);
    let posts = RequestMatch {
        method: vec![TextMatch::Exact("POST".to_owned())],
        ..RequestMatch::default()
    };
    let then = RuleAction::Mirror { to: "new".into(), share: Weight::new(50).unwrap() };
    world.rules = vec![Rule { name: "shadow".to_owned(), any: vec![posts], then }];
    world.split(&[(&old, 100), (&new, 0)]).await;
    for number in 0..200 {
        let (target, body) = (format!("/order?n={number}"), format!("body-{number}"));
        let answer = ask(world.address, "POST", &target, &[], &body).await.unwrap();
        assert_eq!(answer.body, "old");
        assert_eq!(get(world.address, "/").await.body, "old");
    }
    let mark = [("X-Tidegate-Mirror", "true")];
    ask(world.address, "POST", "/marked", &mark, "x").await.unwrap();
    world.until("old", |tally| tally.total.requests == 401).await;
    world.until("new", |tally| tally.mirrored.total.requests == new.seen().len() as u64).await;
    let copies = new.seen();
    assert!((60..=140).contains(&copies.len()), "{} copies of 200", copies.len());
    for copy in &copies {
        let number = copy.split(['=', ' ']).nth(2).unwrap();
        assert!(copy.starts_with(&format!("POST /order?n={number} HTTP/1.1\r\n")), "{copy}");
        assert!(copy.ends_with(&format!("\r\n\r\nbody-{number}")), "{copy}");
        assert!(copy.contains("\r\nx-tidegate-mirror: true\r\n"), "{copy}");
    }
    let tally = world.tally("new").await;
    assert_eq!((tally.total.requests, tally.mirrored.dropped), (0, 0));
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
    assert!(seen.starts_with("GET //a/../b%2Fc?x=%20 HTTP/1.1\r\nHost: web.example\r\n"), "{seen}");
    for line in [
        "X-Forwarded-For: 192.0.2.7, 127.0.0.1",
        "X-Forwarded-Proto: http",
        "X-Forwarded-Host: web.example",
        "x_under: 1",
        "Accept-Encoding: gzip",
    ] {
        assert!(seen.contains(&format!("\r\n{line}\r\n")), "{line} is not in {seen}");
    }
    world.end().await;
}
