//! What is asked on the strength of what was seen.

use hyper::Method;

use crate::house::{Answer, House, TOKEN, rollout};

const WEB: &str = "/v1/namespaces/default/rollouts/web";
const MANIFEST: &str = "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/web";
const CONFIG: &str = "/api/v1/namespaces/default/configmaps/a";

fn config(value: u32) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{a: '{value}'}}\n")
}

async fn with(
    house: &House,
    method: Method,
    path: &str,
    field: (&str, &str),
    body: &str,
) -> Answer {
    let bearer = format!("Bearer {TOKEN}");
    house.ask_with(method, path, &[("authorization", bearer.as_str()), field], body).await
}

fn tag(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.headers["etag"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn who_has_an_answer_already_is_told_so() {
    let house = House::with_web().await;
    house.apply(&config(1)).await;
    for path in [CONFIG, MANIFEST, &format!("{WEB}/history")] {
        let known = tag(&house.get(path).await);
        let again = with(&house, Method::GET, path, ("if-none-match", &known), "").await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{path}");
        assert_eq!(again.headers["etag"], known.as_str());
    }
    let known = tag(&house.get(CONFIG).await);
    house.apply(&config(2)).await;
    let changed = with(&house, Method::GET, CONFIG, ("if-none-match", &known), "").await;
    assert_ne!(tag(&changed), known);
}

#[tokio::test]
async fn an_action_is_refused_where_the_rollout_is_not_what_was_seen() {
    let house = House::with_web().await;
    house.apply(&rollout("v2")).await;
    house.until(|view| view["report"]["phase"] == "Paused").await;
    let seen = tag(&house.get(&format!("{WEB}/view")).await);
    assert_eq!(house.act("promote", "").await.status, 204);
    house.until(|view| view["report"]["phase"] == "Healthy").await;
    house.apply(&rollout("v3")).await;
    house.until(|view| view["report"]["phase"] == "Paused").await;
    let before = house.store.ledger().len();
    let promote = format!("{WEB}/promote");
    let stale = with(&house, Method::POST, &promote, ("if-match", &seen), "").await;
    stale.refused(412, "not any more what was seen", "new `ETag`");
    assert_eq!(stale.json()["type"], "urn:tidegate:problem:stale");
    let abort = format!("{WEB}/abort");
    let wrong = with(&house, Method::POST, &abort, ("if-match", &seen), r#"{"reason": 1}"#).await;
    wrong.refused(400, "the body is not what is asked for", "");
    assert_eq!(house.store.ledger().len(), before, "a refusal changes nothing");
    // Measurements alone make no version, and a manifest has the same as a view.
    let seen = tag(&house.get(MANIFEST).await);
    assert_eq!(with(&house, Method::POST, &promote, ("if-match", &seen), "").await.status, 204);
    house.until(|view| view["report"]["phase"] == "Healthy").await;
}

#[tokio::test]
async fn an_apply_or_a_delete_is_refused_where_somebody_else_was_faster() {
    let house = House::build().await;
    let apply = async |field: (&str, &str), value: u32| {
        with(&house, Method::POST, "/v1/apply", field, &config(value)).await
    };
    apply(("if-match", "*"), 1).await.refused(412, "ConfigMap default/a", "");
    house.apply(&config(1)).await;
    let seen = tag(&house.get(CONFIG).await);
    assert_eq!(apply(("if-match", &seen), 2).await.status, 200);
    apply(("if-match", &seen), 3).await.refused(412, "not any more", "");
    apply(("if-match", "\"other\""), 3).await.refused(412, "not any more", "");
    assert_eq!(house.get(CONFIG).await.json()["data"]["a"], "2");
    with(&house, Method::DELETE, CONFIG, ("if-match", &seen), "").await.refused(412, "", "");
    let both = format!("{}---\n{}", config(5), config(6).replace("name: a", "name: b"));
    let both = with(&house, Method::POST, "/v1/apply", ("if-match", &seen), &both).await;
    both.refused(400, "about one resource", "");
    let seen = tag(&house.get(CONFIG).await);
    let listed = format!("\"other\", {seen}");
    let gone = with(&house, Method::DELETE, CONFIG, ("if-match", &listed), "").await;
    assert_eq!(gone.status, 200, "{}", gone.text());
}

/// Of many who saw the same, one is let through: it is decided where it is done.
#[tokio::test]
async fn of_many_at_once_one_is_let_through() {
    let house = House::build().await;
    house.apply(&config(0)).await;
    let seen = tag(&house.get(CONFIG).await);
    let all = (1..=20).map(|value| {
        let (house, seen) = (&house, &seen);
        async move {
            let body = config(value);
            let field = ("if-match", seen.as_str());
            with(house, Method::POST, "/v1/apply", field, &body).await.status.as_u16()
        }
    });
    let mut statuses = futures_util::future::join_all(all).await;
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (200, &[412; 19][..]));
}
