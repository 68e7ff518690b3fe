use std::{path::Path, time::Duration};

use tidegate_traffic::{
    Destination, Endpoint, HeaderMatch, Listener, RequestMatch, Rule, RuleAction, Sticky, TextMatch,
};
use tidegate_units::{Generation, Owner, Weight};

use super::*;

fn setting(files: &Files) -> Setting<'_> {
    Setting { files, workers: 2, open_files: 1024, as_root: false }
}

fn files() -> Files {
    Files::of(Path::new("/data"))
}

fn destination(revision: &str, weight: u8, ports: &[u16]) -> Destination {
    Destination {
        revision: revision.into(),
        owner: None,
        weight: Weight::new(weight).unwrap(),
        endpoints: ports
            .iter()
            .map(|port| Endpoint {
                replica: format!("{revision}-{port}").as_str().into(),
                address: ([127, 0, 0, 1], *port).into(),
            })
            .collect(),
    }
}

fn table(destinations: Vec<Destination>, sticky: Option<Sticky>, rules: Vec<Rule>) -> RouteTable {
    let listener = Listener {
        decided: None,
        service: ObjectKey::new("default", "web"),
        address: ([127, 0, 0, 1], 80).into(),
        owner: Owner::rollout(&ObjectKey::new("default", "web")),
        destinations,
        sticky,
        rules,
    };
    RouteTable { generation: Generation(1), listeners: vec![listener] }
}

/// What is written of the table, between what all tables have and what each server has.
fn part(table: &RouteTable) -> String {
    let files = files();
    let text = render(table, 1, setting(&files)).text;
    let rest = text.strip_prefix(&head(1, setting(&files))).unwrap();
    rest.split("    log_format").next().unwrap().trim_start_matches('\n').to_owned()
}

#[test]
fn a_split_is_shares_of_the_requests_and_an_upstream_for_each_revision() {
    let two = vec![destination("old", 80, &[1, 2]), destination("new", 20, &[3])];
    insta::assert_snapshot!(part(&table(two, None, vec![])));
}

#[test]
fn a_weight_is_written_in_hundredths_of_a_percent_and_what_is_finer_is_told() {
    let two = |part, whole| {
        let mut two = vec![destination("new", 0, &[3]), destination("old", 0, &[1])];
        two[0].weight = Weight::of(part, whole).unwrap();
        two[1].weight = two[0].weight.rest();
        let table = table(two, None, vec![]);
        let rendered = render(&table, 1, setting(&files()));
        let told = rendered.left_out.get(&ObjectKey::new("default", "web")).cloned();
        let split = rendered.text.split("tg0_split {\n").nth(1).unwrap();
        let split = split.split('}').next().unwrap();
        (split.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" "), told)
    };
    let (first, second) = ("\"tg0_0\"", "\"tg0_1\"");
    for (part, whole, written) in [
        (1, 1000, format!("0.10% {first}; * {second};")),
        (1, 10_000, format!("0.01% {first}; * {second};")),
        (205, 1000, format!("20.50% {first}; * {second};")),
        (20, 100, format!("20% {first}; * {second};")),
        (0, 1, format!("* {second};")),
    ] {
        assert_eq!(two(part, whole), (written, None));
    }
    let (written, told) = two(123_456, 1_000_000);
    assert_eq!(written, format!("12.35% {first}; * {second};"));
    let told = told.unwrap();
    let of_new = "nginx splits by hundredths of a percent: revision new gets 12.35% for 12.3456%";
    assert!(told.contains(of_new), "{told}");
    // Too little to be anything there.
    let (written, told) = two(1, 1_000_000);
    assert_eq!(written, format!("* {second};"));
    assert!(told.unwrap().contains("revision new gets 0% for 0.0001%"));
}

#[test]
fn a_cookie_and_rules_come_before_the_split() {
    let sticky = Sticky { cookie: "tg-web".into(), max_age: Duration::from_mins(1) };
    let exact = |text: &str| TextMatch::Exact(text.to_owned());
    let header = HeaderMatch { name: "X-Tester".into(), any: vec![exact("yes;")] };
    let tester = RequestMatch { headers: vec![header], ..RequestMatch::default() };
    let posts = RequestMatch { method: vec![exact("POST")], ..RequestMatch::default() };
    let share = Weight::new(35).unwrap();
    let rules = vec![
        Rule {
            name: "testers".into(),
            any: vec![tester],
            then: RuleAction::Send { to: "new".into() },
        },
        Rule {
            name: "shadow".into(),
            any: vec![posts],
            then: RuleAction::Mirror { to: "new".into(), share },
        },
    ];
    let two = vec![destination("old", 100, &[1]), destination("new", 0, &[3])];
    insta::assert_snapshot!(part(&table(two, Some(sticky), rules)));
}

#[test]
fn a_cookie_that_nginx_cannot_set_is_told() {
    let sticky = Sticky { cookie: "a$b".into(), max_age: Duration::from_secs(9) };
    let one = table(vec![destination("old", 100, &[1])], Some(sticky), vec![]);
    let files = files();
    let rendered = render(&one, 1, setting(&files));
    assert!(!rendered.text.contains("a$b") && !rendered.text.contains("Set-Cookie"));
    let told = &rendered.left_out[&ObjectKey::new("default", "web")];
    assert_eq!(told, "nginx cannot set the cookie a$b: no client is kept");
}

#[test]
fn the_number_is_read_back() {
    let files = files();
    let text = render(&table(vec![], None, vec![]), 17, setting(&files)).text;
    assert_eq!(number_of(&text), Some(17));
    assert_eq!(number_of("events {}\n"), None);
}
