//! The public status page.

use crate::house::{House, rollout};

const NOBODY: &[(&str, &str)] = &[];

async fn acme() -> House {
    House::with(|options| options.status_page = Some("Acme".to_owned())).await
}

async fn get(house: &House, path: &str, headers: &[(&str, &str)]) -> crate::house::Answer {
    house.ask_with(hyper::Method::GET, path, headers, "").await
}

fn shown(version: &str) -> String {
    let note = "annotations: {tidegate.dev/status-page: Shop / Checkout}";
    rollout(version).replace("labels: {team: shop}", note)
}

#[tokio::test]
async fn without_a_word_from_the_server_there_is_none() {
    let house = House::build().await;
    for path in ["/status", "/status/style.css", "/status/summary.json", "/status/incidents.json"] {
        get(&house, path, NOBODY).await.refused(404, "no status page", "--status-page");
    }
}

#[tokio::test]
async fn everybody_sees_what_is_annotated_and_nothing_else() {
    let house = acme().await;
    let secret =
        rollout("v1").replace("name: web", "name: inner").replace("app: web", "app: inner");
    house.apply(&format!("{}---\n{secret}", shown("v1"))).await;
    house.until(|view| view["report"]["phase"] == "Healthy").await;
    let answer = get(&house, "/status/summary.json", NOBODY).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = answer.json();
    assert_eq!(told["page"]["name"], "Acme");
    assert_eq!(told["status"]["indicator"], "none");
    let names: Vec<_> =
        told["components"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["Shop", "Checkout"]);
    let page = get(&house, "/status", NOBODY).await;
    assert!(page.text().contains("All Systems Operational"), "{}", page.text());
    for hidden in ["inner", "default", "v1", "web"] {
        assert!(!page.text().contains(hidden) && !answer.text().contains(hidden), "{hidden}");
    }
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert!(
        page.headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'")
    );
    let etag = page.headers["etag"].to_str().unwrap();
    let again = get(&house, "/status", &[("if-none-match", etag)]).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    assert_eq!(
        get(&house, "/status/style.css", NOBODY).await.headers["content-type"],
        "text/css; charset=utf-8"
    );
}

#[tokio::test]
async fn a_revision_that_is_taken_back_is_an_incident() {
    let house = acme().await;
    house.apply(&shown("v1")).await;
    house.until(|view| view["report"]["phase"] == "Healthy").await;
    house.apply(&shown("v2")).await;
    house.until(|view| view["report"]["phase"] == "Paused").await;
    house.act("abort", "{}").await;
    house.until(|view| view["report"]["phase"] == "Degraded").await;
    let told = get(&house, "/status/incidents.json", NOBODY).await.json();
    let incident = &told["incidents"][0];
    assert_eq!(incident["name"], "A new version of Checkout was taken back");
    assert!(incident["incident_updates"].as_array().unwrap().len() >= 2, "{told}");
    let page = get(&house, "/status", NOBODY).await.text();
    assert!(page.contains("A new version of Checkout was taken back"), "{page}");
}
