//! What happened, for a run that a person starts by hand: the event, and the context `github`.

use std::path::Path;

use tidegate_expression::Value;
use tidegate_git::{Git, Repository};
use tidegate_workflow::{Event, Reference, Triggers};

use crate::{
    args::RunArgs,
    error::{CliError, ErrorKind},
};

/// Where a run is of: a repository at a revision.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The top of the work tree.
    pub(crate) root: std::path::PathBuf,
    /// `owner/name`.
    pub(crate) repository: String,
    /// The commit.
    pub(crate) sha: String,
    /// `refs/heads/main` and the like.
    pub(crate) reference: String,
    /// The branch that changes are to go to.
    pub(crate) default_branch: String,
    /// Files that are changed and not in the commit.
    pub(crate) changed: usize,
}

impl Source {
    /// The repository that a folder is in, as it is checked out.
    pub(crate) fn of(git: &Git, folder: &Path) -> Result<Self, CliError> {
        let told = |error: tidegate_git::Error| {
            CliError::failed("a workflow runs on a commit of a Git repository").because(&error)
        };
        let repository = Repository::open(git, folder).map_err(told)?;
        let head = repository.head().map_err(told)?;
        let default = repository.default_branch("origin").map_err(told)?;
        let root = repository.folder().to_owned();
        let url = repository.remote_url("origin").map_err(told)?;
        let reference = match &head.branch {
            Some(branch) => format!("refs/heads/{branch}"),
            None => head.commit.to_string(),
        };
        Ok(Self {
            repository: url.as_deref().and_then(named).unwrap_or_else(|| local(&root)),
            sha: head.commit.to_string(),
            default_branch: default.or(head.branch).unwrap_or_else(|| "main".to_owned()),
            changed: repository.changed_in_work_tree().map_err(told)?.len(),
            reference,
            root,
        })
    }
}

/// `owner/name` of the address of a remote.
fn named(url: &str) -> Option<String> {
    let path = url.trim_end_matches('/').trim_end_matches(".git");
    let mut segments = path.rsplit(['/', ':']);
    let (name, owner) = (segments.next()?, segments.next()?);
    let plain = |one: &str| !one.is_empty() && one != "." && one != "..";
    (plain(name) && plain(owner)).then(|| format!("{owner}/{name}"))
}

fn local(root: &Path) -> String {
    let name = root.file_name().map_or("repository".into(), |name| name.to_string_lossy());
    format!("local/{name}")
}

/// The event that a person names, or the first of the usual ones that the workflow knows.
pub(crate) fn event_name(args: &RunArgs, triggers: &Triggers) -> Result<String, CliError> {
    if let Some(event) = &args.event {
        return Ok(event.clone());
    }
    let usual = ["push", "workflow_dispatch", "pull_request", "schedule"];
    let known = usual.into_iter().find(|name| triggers.event(name).is_some());
    let first = || triggers.events.first().map(|event| event.name.to_string());
    known.map(str::to_owned).or_else(first).ok_or_else(|| {
        CliError::new(ErrorKind::Usage, "nothing starts this workflow")
            .hint("name an event with --event")
    })
}

/// What the workflow's filters look at.
pub(crate) fn event(name: &str, source: &Source, payload: &Value) -> Event {
    let base = payload.get("pull_request").get("base").get("ref");
    let reference = match &base {
        Value::Text(base) => Some(Reference::Branch(base.to_string())),
        _ if name.starts_with("pull_request") => {
            Some(Reference::Branch(source.default_branch.clone()))
        }
        _ => Reference::named(&source.reference),
    };
    let action = match payload.get("action") {
        Value::Text(action) => Some(action.to_string()),
        _ => None,
    };
    Event { name: name.to_owned(), action, reference, ..Event::default() }
}

/// The payload that a person gives, or what is known of the event.
pub(crate) fn payload(args: &RunArgs, name: &str, source: &Source) -> Result<Value, CliError> {
    let Some(path) = &args.payload else { return Ok(known(name, source)) };
    let unreadable = |why: String| {
        CliError::new(ErrorKind::Usage, format!("{} is no payload of an event", path.display()))
            .hint(format!("{why}; a payload is a JSON object, as GitHub's webhooks have it"))
    };
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    match Value::from_json(&text) {
        Ok(Value::Object(object)) => Ok(object.into()),
        Ok(other) => Err(unreadable(format!("it has {}", other.kind()))),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

fn object(members: Vec<(&'static str, Value)>) -> Value {
    members.into_iter().collect()
}

fn known(name: &str, source: &Source) -> Value {
    let (owner, short) = source.repository.split_once('/').unwrap_or_default();
    let repository = object(vec![
        ("name", short.into()),
        ("full_name", source.repository.as_str().into()),
        ("default_branch", source.default_branch.as_str().into()),
        ("owner", object(vec![("login", owner.into()), ("name", owner.into())])),
        ("private", true.into()),
    ]);
    let mut members = vec![("repository", repository)];
    match name {
        "push" => {
            members.push(("ref", source.reference.as_str().into()));
            members.push(("after", source.sha.as_str().into()));
            members.push(("head_commit", object(vec![("id", source.sha.as_str().into())])));
        }
        "pull_request" | "pull_request_target" => {
            let branch = source.reference.trim_start_matches("refs/heads/");
            let end =
                |name: &str, sha: &str| object(vec![("ref", name.into()), ("sha", sha.into())]);
            members.push(("action", "synchronize".into()));
            members.push(("number", 1.0.into()));
            members.push((
                "pull_request",
                object(vec![
                    ("number", 1.0.into()),
                    ("head", end(branch, &source.sha)),
                    ("base", end(&source.default_branch, "")),
                ]),
            ));
        }
        _ => {}
    }
    object(members)
}

/// The context `github` of all jobs.
pub(crate) fn github(
    source: &Source,
    event: &str,
    payload: &Value,
    workflow: (&str, &str),
    run: u64,
) -> Value {
    let (name, file) = workflow;
    let (owner, _) = source.repository.split_once('/').unwrap_or_default();
    let actor = std::env::var("USER").ok().filter(|user| !user.is_empty());
    let actor = actor.unwrap_or_else(|| "local".to_owned());
    let pull = payload.get("pull_request");
    let text = |value: Value| if matches!(value, Value::Text(_)) { value } else { "".into() };
    let (kind, short) = match Reference::named(&source.reference) {
        Some(Reference::Branch(name)) => ("branch", name),
        Some(Reference::Tag(name)) => ("tag", name),
        None => ("branch", source.sha.clone()),
    };
    let number = run.to_string();
    object(vec![
        ("event", payload.clone()),
        ("event_name", event.into()),
        ("ref", source.reference.as_str().into()),
        ("ref_name", short.into()),
        ("ref_type", kind.into()),
        ("ref_protected", false.into()),
        ("head_ref", text(pull.get("head").get("ref"))),
        ("base_ref", text(pull.get("base").get("ref"))),
        ("sha", source.sha.as_str().into()),
        ("repository", source.repository.as_str().into()),
        ("repository_owner", owner.into()),
        ("actor", actor.as_str().into()),
        ("triggering_actor", actor.as_str().into()),
        ("workflow", name.into()),
        ("workflow_ref", format!("{}/{file}@{}", source.repository, source.reference).into()),
        ("workflow_sha", source.sha.as_str().into()),
        ("run_id", number.as_str().into()),
        ("run_number", number.as_str().into()),
        ("run_attempt", "1".into()),
        ("retention_days", "90".into()),
        ("secret_source", "None".into()),
        ("server_url", "https://github.com".into()),
        ("api_url", "https://api.github.com".into()),
        ("graphql_url", "https://api.github.com/graphql".into()),
        ("token", "".into()),
    ])
}
