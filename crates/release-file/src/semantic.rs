//! What semantic-release says of branches and tags.

use serde_json::{Map, Value};
use tidegate_conventional::{Channel, TagForm};

use crate::{FileError, error::Wrong, json};

/// The branches that are released from, and how tags are written.
#[derive(Clone, Debug)]
pub struct Branches {
    /// Each by its name, with the channel of its pre-releases if it has them.
    pub list: Vec<(String, Option<Channel>)>,
    /// How tags are written.
    pub tag: TagForm,
    /// Plugins and settings that mean nothing here.
    pub without_meaning: Vec<String>,
}

/// Plugins that do what is done here anyway, or what is done after a release.
const PLUGINS: [&str; 8] = [
    "@semantic-release/commit-analyzer",
    "@semantic-release/release-notes-generator",
    "@semantic-release/changelog",
    "@semantic-release/npm",
    "@semantic-release/git",
    "@semantic-release/github",
    "@semantic-release/gitlab",
    "@semantic-release/exec",
];
/// Settings whose meaning would be lost.
const REFUSED: [&str; 2] = ["releaseRules", "parserOpts"];

impl Branches {
    /// The channel of a branch; none of one that makes no pre-releases.
    pub fn channel(&self, branch: &str) -> Option<&Channel> {
        self.list.iter().find(|(name, _)| name == branch).and_then(|(_, channel)| channel.as_ref())
    }
}

/// Reads `.releaserc.json`, or a `.releaserc` that is JSON.
///
/// # Errors
/// The first setting that has no meaning here, with its place and mend.
pub fn semantic_release(file: &str, text: &str) -> Result<Branches, FileError> {
    read(text).map_err(|wrong| wrong.of(file, text))
}

fn read(text: &str) -> Result<Branches, Wrong> {
    json::leaves(text).map_err(|wrong| {
        Wrong::new(wrong.at, format!("{}; of .releaserc only JSON is read", wrong.problem))
    })?;
    let whole: Map<String, Value> = serde_json::from_str(text)
        .map_err(|error| Wrong::new(0, format!("this is no object of JSON: {error}")))?;
    let at = |key: &str| text.find(&format!("\"{key}\"")).unwrap_or(0);
    if let Some(key) = REFUSED.iter().find(|key| text.contains(&format!("\"{key}\""))) {
        return Err(Wrong::new(
            at(key),
            format!(
                "{key} is not built: use changelog-sections of release-please-config.json, or leave it out"
            ),
        ));
    }
    let mut without_meaning = Vec::new();
    for key in whole.keys() {
        match key.as_str() {
            "branches" | "tagFormat" | "plugins" | "$schema" => {}
            "repositoryUrl" | "ci" | "dryRun" | "debug" => without_meaning.push(key.clone()),
            _ => {
                return Err(Wrong::new(at(key), format!("{key} is no setting that is known here")));
            }
        }
    }
    for plugin in whole.get("plugins").and_then(Value::as_array).into_iter().flatten() {
        let name = plugin.as_str().or_else(|| plugin.get(0)?.as_str()).unwrap_or_default();
        if !PLUGINS.contains(&name) {
            return Err(Wrong::new(
                at("plugins"),
                format!("the plugin {name:?} is not known here"),
            ));
        }
        without_meaning.push(name.to_owned());
    }
    let branches = whole.get("branches");
    let branches: Vec<&Value> = match branches {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let list =
        branches.into_iter().map(|one| branch(one, at("branches"))).collect::<Result<_, _>>()?;
    Ok(Branches { list, tag: tag(&whole, at("tagFormat"))?, without_meaning })
}

fn branch(value: &Value, at: usize) -> Result<(String, Option<Channel>), Wrong> {
    let name = value.as_str().or_else(|| value.get("name")?.as_str());
    let name = name.ok_or_else(|| Wrong::new(at, "a branch has no name"))?;
    if name.contains(['*', '{', '?', '[']) {
        return Err(Wrong::new(
            at,
            format!("the pattern {name:?} of branches is not built: name each branch"),
        ));
    }
    if value.get("range").is_some() {
        return Err(Wrong::new(at, format!("range of the branch {name} is not built")));
    }
    let said = match value.get("prerelease") {
        None | Some(Value::Bool(false)) => return Ok((name.to_owned(), None)),
        Some(Value::String(said)) => said.as_str(),
        Some(_) => name,
    };
    let channel = Channel::new(said);
    let channel = channel.ok_or_else(|| {
        Wrong::new(at, format!("{said:?} is no name of pre-releases: letters, digits and dashes"))
    })?;
    Ok((name.to_owned(), Some(channel)))
}

fn tag(whole: &Map<String, Value>, at: usize) -> Result<TagForm, Wrong> {
    let Some(form) = whole.get("tagFormat").and_then(Value::as_str) else {
        return Ok(TagForm::plain());
    };
    let prefix = form.strip_suffix("${version}");
    let prefix = prefix.filter(|prefix| !prefix.contains("${"));
    let prefix = prefix.ok_or_else(|| {
        Wrong::new(at, format!("the tag format {form:?} is not built: it ends with ${{version}}"))
    })?;
    let bare = prefix
        .strip_suffix('v')
        .filter(|bare| bare.is_empty() || bare.ends_with(['-', '/', '@', '_']));
    Ok(match bare {
        Some(bare) => TagForm { prefix: bare.to_owned(), v: true },
        None => TagForm { prefix: prefix.to_owned(), v: false },
    })
}
