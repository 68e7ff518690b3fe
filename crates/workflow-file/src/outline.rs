use serde::Serialize;

use crate::{Kind, Token};

/// What there is to say of a workflow in a line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outline {
    /// What it is called, where it says so.
    pub name: Option<String>,
    /// The events that start it, in the order of the file.
    pub events: Vec<String>,
    /// Its jobs, in the order of the file.
    pub jobs: Vec<OutlinedJob>,
}

/// What there is to say of a job in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutlinedJob {
    /// Its key.
    pub id: String,
    /// The jobs that it waits for.
    pub needs: Vec<String>,
    /// The workflow that it calls, where it calls one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uses: Option<String>,
}

impl Outline {
    pub(crate) fn of(root: &Token) -> Self {
        let jobs = root.get("jobs").and_then(Token::pairs).unwrap_or_default();
        let job = |id: &str, job: &Token| OutlinedJob {
            id: id.to_owned(),
            needs: job.get("needs").map(texts).unwrap_or_default(),
            uses: job.get("uses").and_then(Token::text).map(str::to_owned),
        };
        Self {
            name: root.get("name").map(Token::shown).filter(|name| !name.is_empty()),
            events: root.get("on").map(texts).unwrap_or_default(),
            jobs: jobs.iter().filter_map(|pair| Some(job(pair.key.text()?, &pair.value))).collect(),
        }
    }
}

/// A text, the texts of a list or the keys of a mapping.
fn texts(token: &Token) -> Vec<String> {
    match &token.kind {
        Kind::Text(text) => vec![text.to_string()],
        Kind::List(items) => items.iter().filter_map(Token::text).map(str::to_owned).collect(),
        Kind::Map(pairs) => {
            pairs.iter().filter_map(|pair| pair.key.text()).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}
