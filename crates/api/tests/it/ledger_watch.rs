//! The ledger as it goes on.

use crate::{
    events::{Event, Watch},
    house::{House, rollout},
};

const PATH: &str = "/v1/ledger/watch";

async fn configure(house: &House, value: u32) {
    let text =
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{a: '{value}'}}\n");
    assert_eq!(house.apply(&text).await.status, 200);
}

#[tokio::test]
async fn whoever_comes_back_misses_nothing_also_over_a_restart() {
    let mut house = House::with_web().await;
    let mut read = Vec::new();
    let mut watch = Watch::begin(&house, &format!("{PATH}?after=0"), None).await;
    let some = watch.until(|event| event.data["what"] == "Healthy" || event.id == "4").await;
    let last = some.last().unwrap().id.clone();
    read.extend(some.iter().map(|event| event.data["sequence"].as_u64().unwrap()));
    drop(watch);
    configure(&house, 1).await;
    house.end().await;
    let house = house.next().await;
    configure(&house, 2).await;
    let mut watch = Watch::begin(&house, &format!("{PATH}?after=0"), Some(&last)).await;
    let configured = |event: &Event| {
        event.data["subject"]["kind"] == "ConfigMap"
            && event.data["detail"].to_string().contains("\"3\"")
    };
    let later = async {
        configure(&house, 3).await;
        house.store.ledger().last().unwrap().sequence
    };
    let (some, head) = tokio::join!(watch.until(configured), later);
    read.extend(some.iter().map(|event| event.data["sequence"].as_u64().unwrap()));
    assert_eq!(read, (1..=head).collect::<Vec<_>>());
    assert!(
        some.iter().all(|event| event.name == "ledger"
            && event.data["sequence"].as_u64() == event.id.parse().ok())
    );
}

#[tokio::test]
async fn a_filtered_watch_tells_every_entry_that_matches_and_no_other() {
    let house = House::with_web().await;
    let path = format!("{PATH}?after=0&kind=ConfigMap");
    let mut watch = Watch::begin(&house, &path, None).await;
    for value in 0..150 {
        configure(&house, value).await;
    }
    house.apply(&rollout("v2")).await;
    configure(&house, 1000).await;
    let mut numbers = Vec::new();
    while numbers.len() < 151 {
        let event = watch.next().await.unwrap();
        assert_eq!(event.data["subject"]["kind"], "ConfigMap");
        numbers.push(event.data["sequence"].as_u64().unwrap());
    }
    let expect = house.store.ledger();
    let expect = expect.iter().filter(|one| one.draft.subject.kind == "ConfigMap");
    assert_eq!(numbers, expect.map(|one| one.sequence).collect::<Vec<_>>());
}

#[tokio::test]
async fn from_now_on_when_nothing_is_said_and_anew_where_the_ledger_is_shorter() {
    let house = House::with_web().await;
    let mut watch = Watch::begin(&house, PATH, None).await;
    configure(&house, 1).await;
    let first = watch.next().await.unwrap();
    assert_eq!(first.data["subject"]["kind"], "ConfigMap");
    let head = house.store.ledger().len();
    let mut watch = Watch::begin(&house, &format!("{PATH}?after=99999"), None).await;
    let reset = watch.next().await.unwrap();
    assert_eq!((reset.name.as_str(), reset.id), ("reset", head.to_string()));
    for query in ["before=9", "limit=1", "order=desc", "until=2026-01-01T00:00:00Z", "format=csv"] {
        let name = query.split('=').next().unwrap();
        house.get(&format!("{PATH}?{query}")).await.refused(400, name, "");
    }
    house.get(&format!("{PATH}?after=x")).await.refused(400, "after", "");
}
