//! What the bodies of the forges have in common, told in one way.
//!
//! A body is read by places, not by a type: each forge leaves out and adds fields from version to
//! version, and what is not there is not told.

use serde_json::Value;
use tidegate_units::Timestamp;

use crate::{
    Forge,
    event::{Change, Commit, Event, MOST_CHANGES, MOST_COMMITS, PullRequest},
};

/// The longest text of a body that is told on, in characters.
const LONGEST_TEXT: usize = 512;

/// What an event says.
pub(crate) fn read(forge: Forge, name: &str, body: &Value) -> Event {
    let event = match forge {
        Forge::GitHub => github(body),
        Forge::GitLab => gitlab(body),
        Forge::Bitbucket => bitbucket(body),
    };
    Event { name: name.to_owned(), ..event }
}

fn github(body: &Value) -> Event {
    let pull = body.pointer("/pull_request").map(|_| PullRequest {
        number: number(body, &["/number", "/pull_request/number"]),
        action: text(body, &["/action"]),
        source: text(body, &["/pull_request/head/ref"]),
        target: text(body, &["/pull_request/base/ref"]),
        commit: hash(body, "/pull_request/head/sha"),
    });
    Event {
        repository: text(body, &["/repository/full_name"]),
        clone_url: text(body, &["/repository/clone_url"]),
        by: text(body, &["/sender/login", "/pusher/name"]),
        changes: pushed(body, "/timestamp"),
        pull_request: pull,
        ..Event::default()
    }
}

fn gitlab(body: &Value) -> Event {
    let is_pull = body.get("object_kind").and_then(Value::as_str) == Some("merge_request");
    let pull = is_pull.then(|| PullRequest {
        number: number(body, &["/object_attributes/iid"]),
        action: text(body, &["/object_attributes/action"]),
        source: text(body, &["/object_attributes/source_branch"]),
        target: text(body, &["/object_attributes/target_branch"]),
        commit: hash(body, "/object_attributes/last_commit/id"),
    });
    Event {
        repository: text(body, &["/project/path_with_namespace"]),
        clone_url: text(body, &["/project/git_http_url"]),
        by: text(body, &["/user_username", "/user/username", "/user_name"]),
        changes: pushed(body, "/timestamp"),
        pull_request: pull,
        ..Event::default()
    }
}

/// A push of GitHub or GitLab: one branch or tag.
fn pushed(body: &Value, time: &str) -> Vec<Change> {
    let reference = text(body, &["/ref"]).filter(|_| body.get("after").is_some());
    let change = reference.map(|reference| Change {
        reference,
        before: hash(body, "/before"),
        after: hash(body, "/after"),
        commits: commits(body.get("commits"), "/id", time),
    });
    change.into_iter().collect()
}

fn bitbucket(body: &Value) -> Event {
    let pull = body.get("pullrequest").or_else(|| body.get("pullRequest"));
    let pull = pull.map(|pull| PullRequest {
        number: number(pull, &["/id"]),
        action: text(pull, &["/state"]),
        source: text(pull, &["/source/branch/name", "/fromRef/displayId"]),
        target: text(pull, &["/destination/branch/name", "/toRef/displayId"]),
        commit: hash(pull, "/source/commit/hash").or_else(|| hash(pull, "/fromRef/latestCommit")),
    });
    let in_cloud = list(body.pointer("/push/changes")).map(in_cloud);
    let own = list(body.get("changes")).filter_map(in_data_centre);
    Event {
        repository: text(body, &["/repository/full_name"]).or_else(|| project(body)),
        clone_url: text(body, &["/repository/links/html/href"]),
        by: text(body, &["/actor/nickname", "/actor/name", "/actor/display_name"]),
        changes: in_cloud.flatten().chain(own).take(MOST_CHANGES).collect(),
        pull_request: pull,
        ..Event::default()
    }
}

fn in_cloud(change: &Value) -> Option<Change> {
    let of = |side: &str, place: &str| text(change, &[&format!("/{side}/{place}")]);
    let kind = of("new", "type").or_else(|| of("old", "type"))?;
    let name = of("new", "name").or_else(|| of("old", "name"))?;
    let folder = if kind == "tag" { "tags" } else { "heads" };
    Some(Change {
        reference: format!("refs/{folder}/{name}"),
        before: hash(change, "/old/target/hash"),
        after: hash(change, "/new/target/hash"),
        commits: commits(change.get("commits"), "/hash", "/date"),
    })
}

fn in_data_centre(change: &Value) -> Option<Change> {
    Some(Change {
        reference: text(change, &["/ref/id"])?,
        before: hash(change, "/fromHash"),
        after: hash(change, "/toHash"),
        commits: Vec::new(),
    })
}

/// A repository of a data centre has no name of one word.
fn project(body: &Value) -> Option<String> {
    let project = text(body, &["/repository/project/key"])?;
    Some(format!("{project}/{}", text(body, &["/repository/slug"])?))
}

fn commits(listed: Option<&Value>, id: &str, time: &str) -> Vec<Commit> {
    let read = |commit: &Value| {
        let committed_at = text(commit, &[time]).and_then(|at| at.parse::<Timestamp>().ok());
        Some(Commit { id: hash(commit, id)?, committed_at })
    };
    list(listed).filter_map(read).take(MOST_COMMITS).collect()
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// The first of the places that has a text, no longer than is told on.
fn text(body: &Value, places: &[&str]) -> Option<String> {
    let found = places.iter().filter_map(|place| body.pointer(place).and_then(Value::as_str));
    let found = found.map(str::trim).find(|text| !text.is_empty())?;
    Some(found.chars().filter(|it| !it.is_control()).take(LONGEST_TEXT).collect())
}

fn number(body: &Value, places: &[&str]) -> u64 {
    places.iter().find_map(|place| body.pointer(place).and_then(Value::as_u64)).unwrap_or_default()
}

/// The hash of a commit; zeros stand for none.
fn hash(body: &Value, place: &str) -> Option<String> {
    let found = body.pointer(place).and_then(Value::as_str)?;
    let is_hash = (7..=64).contains(&found.len()) && found.bytes().all(|it| it.is_ascii_hexdigit());
    (is_hash && found.bytes().any(|it| it != b'0')).then(|| found.to_ascii_lowercase())
}
