use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tidegate_webhook::{Event, Forge, MOST_COMMITS};

use crate::{NOW, SECRET, checked, headers, signatures::hex};

/// What a delivery of this body tells.
fn told(forge: Forge, name: &str, body: &Value) -> Event {
    let body = body.to_string();
    let sign = |text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let hex = hex(&sign(&body));
    let standard = BASE64_STANDARD.encode(sign(&format!("id.{NOW}.{body}")));
    let fields = headers([
        ("x-github-event", name),
        ("x-gitlab-event", name),
        ("x-event-key", name),
        ("x-hub-signature", &format!("sha256={hex}")),
        ("x-hub-signature-256", &format!("sha256={hex}")),
        ("webhook-id", "id"),
        ("webhook-timestamp", &NOW.to_string()),
        ("webhook-signature", &format!("v1,{standard}")),
    ]);
    checked(forge, &[SECRET], &fields, &body).unwrap().event
}

fn check(forge: Forge, name: &str, body: &Value, expect: &Value) {
    let found = serde_json::to_value(told(forge, name, body)).unwrap();
    assert_eq!(found, *expect, "{forge} {name}");
}

const A: &str = "a10867b14bb761a232cd80139fbd4c0d33264240";
const B: &str = "95790bf891e76fee5e1747ab589903a6a1f80f22";
const NONE: &str = "0000000000000000000000000000000000000000";

#[test]
fn a_push_is_told_alike_whoever_tells_it() {
    let expect = |name: &str, repository: &str, url: &str| {
        json!({
            "name": name, "repository": repository, "cloneUrl": url, "by": "ada",
            "changes": [{
                "reference": "refs/heads/main", "before": A, "after": B,
                "commits": [{"id": B, "committedAt": "2026-01-01T10:00:00.000Z"}],
            }],
        })
    };
    let github = json!({
        "ref": "refs/heads/main", "before": A, "after": B, "sender": {"login": "ada"},
        "repository": {"full_name": "acme/shop", "clone_url": "https://github.com/acme/shop.git"},
        "commits": [{"id": B, "timestamp": "2026-01-01T11:00:00+01:00", "message": "x"}],
    });
    let url = "https://github.com/acme/shop.git";
    check(Forge::GitHub, "push", &github, &expect("push", "acme/shop", url));
    let gitlab = json!({
        "object_kind": "push", "ref": "refs/heads/main", "before": A, "after": B,
        "user_username": "ada",
        "project": {"path_with_namespace": "acme/shop", "git_http_url": "https://gl/acme/shop.git"},
        "commits": [{"id": B, "timestamp": "2026-01-01T11:00:00+01:00"}],
    });
    let url = "https://gl/acme/shop.git";
    check(Forge::GitLab, "Push Hook", &gitlab, &expect("Push Hook", "acme/shop", url));
    let bitbucket = json!({
        "actor": {"nickname": "ada", "display_name": "Ada"},
        "repository": {"full_name": "acme/shop", "links": {"html": {"href": "https://bb/acme/shop"}}},
        "push": {"changes": [{
            "new": {"type": "branch", "name": "main", "target": {"hash": B}},
            "old": {"type": "branch", "name": "main", "target": {"hash": A}},
            "commits": [{"hash": B, "date": "2026-01-01T10:00:00+00:00"}],
        }]},
    });
    let url = "https://bb/acme/shop";
    check(Forge::Bitbucket, "repo:push", &bitbucket, &expect("repo:push", "acme/shop", url));
}

#[test]
fn a_data_centre_of_bitbucket_tells_in_its_own_way() {
    let body = json!({
        "actor": {"name": "ada"},
        "repository": {"slug": "shop", "project": {"key": "ACME"}},
        "changes": [
            {"ref": {"id": "refs/tags/v1"}, "fromHash": NONE, "toHash": B},
            {"ref": {"id": "refs/heads/old"}, "fromHash": A, "toHash": NONE},
            {"type": "odd"},
        ],
    });
    let expect = json!({
        "name": "repo:refs_changed", "repository": "ACME/shop", "by": "ada",
        "changes": [
            {"reference": "refs/tags/v1", "after": B},
            {"reference": "refs/heads/old", "before": A},
        ],
    });
    check(Forge::Bitbucket, "repo:refs_changed", &body, &expect);
}

#[test]
fn a_pull_request_is_told_alike_whoever_tells_it() {
    let expect = |name: &str, action: &str| {
        json!({
            "name": name, "pullRequest": {
                "number": 7, "action": action, "source": "feature", "target": "main", "commit": A,
            },
        })
    };
    let github = json!({"action": "opened", "number": 7,
        "pull_request": {"head": {"ref": "feature", "sha": A}, "base": {"ref": "main"}}});
    check(Forge::GitHub, "pull_request", &github, &expect("pull_request", "opened"));
    let gitlab = json!({"object_kind": "merge_request", "object_attributes": {"iid": 7,
        "action": "open", "source_branch": "feature", "target_branch": "main",
        "last_commit": {"id": A}}});
    check(Forge::GitLab, "Merge Request Hook", &gitlab, &expect("Merge Request Hook", "open"));
    let cloud = json!({"pullrequest": {"id": 7, "state": "OPEN",
        "source": {"branch": {"name": "feature"}, "commit": {"hash": A}},
        "destination": {"branch": {"name": "main"}}}});
    let name = "pullrequest:created";
    check(Forge::Bitbucket, name, &cloud, &expect(name, "OPEN"));
    let own = json!({"pullRequest": {"id": 7, "state": "OPEN",
        "fromRef": {"displayId": "feature", "latestCommit": A}, "toRef": {"displayId": "main"}}});
    check(Forge::Bitbucket, "pr:opened", &own, &expect("pr:opened", "OPEN"));
}

/// What a body has that is none of this is left out, and much of it is bounded.
#[test]
fn odd_bodies_are_told_as_far_as_they_make_sense() {
    for body in [json!([]), json!("x"), json!(null), json!({"ref": 7, "after": A})] {
        for forge in Forge::ALL {
            assert_eq!(told(forge, "odd", &body), Event { name: "odd".into(), ..Event::default() });
        }
    }
    let commit = json!({"id": B, "timestamp": "yesterday"});
    let body = json!({"ref": format!("refs/heads/{}\n", "x".repeat(9_999)), "after": "HEAD",
        "commits": vec![commit; 9_999]});
    let event = told(Forge::GitHub, "push", &body);
    let change = &event.changes[0];
    assert_eq!((change.after.as_deref(), change.commits.len()), (None, MOST_COMMITS));
    assert_eq!((change.reference.len(), change.commits[0].committed_at), (512, None));
}
