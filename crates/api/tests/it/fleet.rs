//! All rollouts in short, as a list and as they go on.

use std::collections::BTreeMap;

use hyper::Method;
use serde_json::{Value, json};

use crate::{
    events::{Event, Watch},
    house::{House, TOKEN, rollout},
};

async fn follow(house: &House, query: &str, last: Option<&str>) -> Watch {
    Watch::begin(house, &format!("/v1/rollouts/watch{query}"), last).await
}

/// The row of `web` in an event about rollouts, if there is one.
fn row(event: &Event) -> Option<&Value> {
    let items = event.data["items"].as_array().filter(|_| event.name == "rollouts")?;
    items.iter().find(|item| item["name"] == "web")
}

fn has_phase(event: &Event, phase: &str) -> bool {
    row(event).is_some_and(|row| row["phase"] == phase)
}

fn sequences(events: &[Event]) -> Vec<u64> {
    let entries = events.iter().filter(|event| event.name == "ledger");
    entries.map(|event| event.data["sequence"].as_u64().unwrap()).collect()
}

/// A rollout named `name`.
fn named(name: &str, version: &str) -> String {
    rollout(version)
        .replace("name: web\n", &format!("name: {name}\n"))
        .replace("app: web", &format!("app: {name}"))
}

async fn with_three() -> House {
    let house = House::with_web().await;
    for name in ["api", "cart"] {
        let answer = house.apply(&named(name, "v1")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    house
}

#[tokio::test]
async fn a_row_says_where_a_rollout_is_and_what_it_waits_for() {
    let house = House::with_web().await;
    house.apply(&rollout("v2")).await;
    house.until(|view| view["report"]["phase"] == "Paused").await;
    let page = house.get("/v1/rollouts").await.json();
    assert_eq!((&page["total"], &page["continue"]), (&json!(1), &Value::Null));
    let row = &page["items"][0];
    let expect = json!({
        "namespace": "default", "name": "web", "phase": "Paused", "strategy": "canary",
        "step": 1, "steps": 2, "wantedWeight": 10, "actualWeight": 10, "images": ["web:v2"],
        "revisionNumber": 2, "replicas": {"wanted": 2, "ready": 3}, "waitsFor": "person",
        "aborted": null, "wakeAt": null, "deleting": false,
    });
    for (name, value) in expect.as_object().unwrap() {
        assert_eq!(row[name], *value, "{name} of {row:#}");
    }
    assert_eq!(row["waiting"][0]["for"], "Promotion");
    assert_ne!(row["revision"], row["stableRevision"]);
    assert!(
        row["requestRate"].as_f64().is_some()
            && row["changedAt"].as_str() > row["createdAt"].as_str()
    );
    house.act("abort", r#"{"reason": "too slow"}"#).await;
    house.until(|view| view["report"]["phase"] == "Degraded").await;
    let row = &house.get("/v1/rollouts").await.json()["items"][0];
    assert_eq!(row["aborted"], json!({"User": {"who": "ada", "why": "too slow"}}));
}

#[tokio::test]
async fn a_list_is_filtered_sorted_and_cut_to_fields() {
    let house = with_three().await;
    let names = async |query: &str| {
        let page = house.get(&format!("/v1/rollouts{query}")).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let page = page.json();
        let names = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["name"].as_str().unwrap().to_owned());
        (names.collect::<Vec<_>>().join(" "), page["total"].as_u64().unwrap())
    };
    let is = |names: &str, total| (names.to_owned(), total);
    assert_eq!(names("").await, is("api cart web", 3));
    assert_eq!(names("?order=desc").await, is("web cart api", 3));
    assert_eq!(names("?sort=createdAt").await, is("web api cart", 3));
    assert_eq!(names("?search=CAR").await, is("cart", 1));
    assert_eq!(names("?search=web:v1").await, is("api cart web", 3));
    assert_eq!(names("?namespace=other").await, is("", 0));
    assert_eq!(names("?phase=Degraded,Paused").await, is("", 0));
    let row = &house.get("/v1/rollouts?search=web/&fields=images&limit=1").await.json()["items"];
    let page = house.get("/v1/rollouts?search=default/web&fields=images").await.json();
    assert_eq!(*row, json!([]));
    assert_eq!(
        page["items"],
        json!([{"namespace": "default", "name": "web", "images": ["web:v1"]}])
    );
}

#[tokio::test]
async fn a_list_goes_on_after_a_page_whatever_came_and_went() {
    let house = with_three().await;
    let first = house.get("/v1/rollouts?limit=2").await.json();
    assert_eq!((first["items"].as_array().unwrap().len(), &first["total"]), (2, &json!(3)));
    house.apply(&named("beta", "v1")).await;
    let path = "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/cart";
    house.ask(Method::DELETE, path, "").await;
    let next = format!("?limit=2&continue={}", first["continue"].as_str().unwrap());
    let second = house.get(&format!("/v1/rollouts{next}")).await.json();
    let names: Vec<_> =
        second["items"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
    assert_eq!((names, &second["continue"]), (vec![&json!("web")], &Value::Null));
    let other = house.get(&format!("/v1/rollouts{next}&sort=phase")).await;
    other.refused(400, "in another order", "with the same parameters");
}

#[tokio::test]
async fn a_list_that_cannot_be_meant_is_refused() {
    let house = House::build().await;
    let refused = async |query: &str, detail: &str, hint: &str| {
        house.get(&format!("/v1/rollouts?{query}")).await.refused(400, detail, hint);
    };
    refused("limit=0", "`limit` is 1 to 10000", "").await;
    refused("limit=10001", "`limit` is 1 to 10000", "").await;
    refused("phase=Happy", "no phase \"Happy\"", "Progressing, Paused").await;
    refused("fields=name,color", "no field \"color\"", "requestRate").await;
    refused("continue=xyz", "not from a list", "").await;
    refused("sort=size", "sort", "").await;
    refused("nmespace=default", "nmespace", "").await;
}

#[tokio::test]
async fn a_list_that_a_client_has_is_not_sent_again() {
    let house = House::with_web().await;
    let bearer = format!("Bearer {TOKEN}");
    let ask = async |known: &str| {
        let headers = [("authorization", bearer.as_str()), ("if-none-match", known)];
        house.ask_with(Method::GET, "/v1/rollouts?fields=images", &headers, "").await
    };
    let first = ask("\"\"").await;
    let tag = first.headers["etag"].to_str().unwrap().to_owned();
    let again = ask(&tag).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    assert_eq!(again.headers["etag"], tag);
    house.apply(&rollout("v2")).await;
    assert_eq!(ask(&tag).await.status, 200);
}

#[tokio::test]
async fn a_watch_goes_on_from_the_list_and_tells_each_change_with_its_ledger_entries() {
    let house = House::with_web().await;
    let list = house.get("/v1/rollouts").await.json();
    let position = list["position"].as_str().unwrap();
    // Before anybody watches: it is told all the same.
    house.apply(&rollout("v2")).await;
    let mut watch = follow(&house, &format!("?after={position}"), None).await;
    let events = watch.until(|event| has_phase(event, "Paused")).await;
    assert!(events.iter().all(|event| event.name != "reset"), "{events:?}");
    let known = house.get("/v1/ledger").await.json();
    let known = known["entries"].as_array().unwrap();
    let applied = known.iter().rfind(|entry| entry["what"] == "Applied").unwrap();
    let first = applied["sequence"].as_u64().unwrap();
    let told = sequences(&events);
    let expect: Vec<_> = (first..first + told.len() as u64).collect();
    assert_eq!(told, expect);
    for event in events.iter().filter(|event| event.name == "ledger") {
        let sequence = event.data["sequence"].as_u64().unwrap();
        assert_eq!(event.data, known[usize::try_from(sequence).unwrap() - 1]);
    }
    let path = "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/web";
    house.ask(Method::DELETE, path, "").await;
    let gone = json!([{"namespace": "default", "name": "web"}]);
    let events = watch.until(|event| event.data["gone"] == gone).await;
    assert!(events.iter().any(|event| row(event).is_some_and(|row| row["deleting"] == true)));
}

#[tokio::test]
async fn a_watch_resumes_after_any_event_and_skips_no_entry() {
    let house = House::with_web().await;
    let list = house.get("/v1/rollouts").await.json();
    let after = format!("?after={}", list["position"].as_str().unwrap());
    house.apply(&rollout("v2")).await;
    house.until(|view| view["report"]["phase"] == "Paused").await;
    let mut whole = follow(&house, &after, None).await;
    let events = whole.until(|event| has_phase(event, "Paused")).await;
    let all = sequences(&events);
    assert!(all.len() > 2, "{all:?}");
    for (index, event) in events.iter().enumerate() {
        let rest = sequences(&events[index + 1..]);
        // The header field counts more than the address, which a browser does not change.
        let mut resumed = follow(&house, &after, Some(&event.id)).await;
        let mut told = Vec::new();
        while told.len() < rest.len() {
            let event = resumed.next().await.unwrap();
            assert_ne!(event.name, "reset");
            told.extend(sequences(&[event]));
        }
        assert_eq!(told, rest, "after {}", event.id);
    }
}

#[tokio::test]
async fn a_watch_without_a_position_or_with_that_of_another_server_begins_with_the_list() {
    let house = House::with_web().await;
    let mut fresh = follow(&house, "", None).await;
    let event = fresh.next().await.unwrap();
    assert_eq!((event.name.as_str(), &event.data["position"]), ("reset", &json!(event.id)));
    // The ledger goes on where the other server's watch ended.
    let mut other = follow(&house, "?after=1.5.2", None).await;
    assert_eq!(other.next().await.unwrap().name, "reset");
    assert_eq!(sequences(&other.until(|event| event.data["sequence"] == 4).await), [3, 4]);
    // One that was put back has fewer entries than its clients have read.
    let mut ahead = follow(&house, "?after=1.5.99999", None).await;
    let event = ahead.next().await.unwrap();
    let head = house.get("/v1/ledger").await.json()["next"].as_u64().unwrap();
    assert!(event.name == "reset" && event.id.ends_with(&format!(".{head}")), "{event:?}");
    let wrong = house.get("/v1/rollouts/watch?after=yesterday").await;
    wrong.refused(400, "\"yesterday\" is no position", "the id of the last event");
}

#[tokio::test]
async fn all_that_watch_are_told_the_same() {
    let house = House::with_web().await;
    let list = house.get("/v1/rollouts").await.json();
    let after = format!("?after={}", list["position"].as_str().unwrap());
    let mut watches = Vec::new();
    for _ in 0..20 {
        watches.push(follow(&house, &after, None).await);
    }
    house.apply(&rollout("v2")).await;
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for watch in &mut watches {
        let events = watch.until(|event| has_phase(event, "Paused")).await;
        let entries = sequences(&events);
        assert!(entries.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{entries:?}");
        *seen.entry(format!("{entries:?}")).or_default() += 1;
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
}
