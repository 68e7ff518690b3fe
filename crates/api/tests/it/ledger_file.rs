//! The ledger as a file.

use hyper::Method;
use serde_json::json;
use tidegate_ledger::{Entry, verify};

use crate::house::{House, TOKEN, rollout};

const PATH: &str = "/v1/ledger/export";

fn entries(text: &str) -> Vec<Entry> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A server whose ledger is longer than what is held of it at once.
async fn with_much() -> House {
    let house = House::with_web().await;
    for round in 0..250 {
        let config = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{a: '{round}'}}\n"
        );
        assert_eq!(house.apply(&config).await.status, 200);
    }
    house
}

#[tokio::test]
async fn an_export_is_the_whole_chain_and_anyone_can_check_it() {
    let house = with_much().await;
    let answer = house.get(PATH).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.headers["content-type"], "application/jsonl");
    assert_eq!(answer.headers["content-disposition"], "attachment; filename=\"ledger.jsonl\"");
    let found = entries(&answer.text());
    assert!(found.len() > 250 && found == house.store.ledger());
    verify(found.clone(), None).unwrap();
    // From either end, of a part, and no more than was asked for.
    let newest = entries(&house.get(&format!("{PATH}?order=desc&limit=201")).await.text());
    assert_eq!(newest, found.iter().rev().take(201).cloned().collect::<Vec<_>>());
    let part =
        entries(&house.get(&format!("{PATH}?kind=ConfigMap&after=3&before=220")).await.text());
    let expect = found.iter().filter(|one| one.draft.subject.kind == "ConfigMap");
    let expect: Vec<_> = expect.filter(|one| (4..220).contains(&one.sequence)).cloned().collect();
    assert_eq!(part, expect);
    assert_eq!(house.get(&format!("{PATH}?what=Nothing")).await.text(), "");
}

#[tokio::test]
async fn a_table_is_of_rfc_4180_and_runs_nothing_in_a_spreadsheet() {
    let house = House::with_web().await;
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("authorization", bearer.as_str()), ("tidegate-user", "=cmd|' /C calc'!A0")];
    let body = rollout("v2");
    house.ask_with(Method::POST, "/v1/apply", &headers, &body).await;
    // The release goes on meanwhile: both are asked for what there is now.
    let count = house.get(PATH).await.text().lines().count();
    let answer = house.get(&format!("{PATH}?format=csv&before={}", count + 1)).await;
    assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8; header=present");
    let text = answer.text();
    assert!(text.starts_with("sequence,at,actorKind,actor,what,"), "{text}");
    assert!(text.ends_with("\r\n") && text.contains(",'=cmd|"), "{text}");
    assert_eq!(text.split("\r\n").filter(|line| !line.is_empty()).count(), count + 1);
}

#[tokio::test]
async fn an_export_has_what_one_may_see_and_no_secret() {
    let house = House::with_web().await;
    house.apply("apiVersion: v1\nkind: Secret\nmetadata: {name: web}\nstringData: {password: hunter2}\n").await;
    house.account("vera").await;
    house.bind("vera", "viewer", "elsewhere").await;
    let vera = house.token(&json!({"account": "vera"})).await;
    assert_eq!(vera.get(PATH).await.text(), "");
    let all = house.get(PATH).await.text();
    assert!(all.contains("\"Secret\"") && !all.contains("hunter2") && !all.contains(&vera.token));
    house.get(&format!("{PATH}?format=xml")).await.refused(400, "format", "");
    house.get("/v1/ledger?format=csv").await.refused(400, "`format`", "");
}
