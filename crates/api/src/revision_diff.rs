//! What two revisions of a rollout differ in.

use std::time::Duration;

use axum::{
    Json,
    extract::{Path, State},
    http::Uri,
};
use serde::{Deserialize, Serialize};
use similar::TextDiff;
use tidegate_controller::{HistoryItem, Kind, Refused};
use tidegate_manifest::to_yaml;
use tidegate_units::{ObjectKey, RevisionHash};

mod fields;
pub use fields::{ChangedField, FieldChange};

use crate::{
    problem::{Problem, ProblemKind},
    read,
    routes::Api,
};

/// Templates are a few KiB, which takes a millisecond; of huge ones that share little the diff is longer than it
/// has to be rather than late.
const PATIENCE: Duration = Duration::from_millis(100);

/// What two revisions of a rollout differ in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RevisionDiff {
    /// The revision that is compared with.
    pub from: DiffSide,
    /// The revision that is compared.
    pub to: DiffSide,
    /// The pod templates as YAML, as a unified diff; empty where they are the same.
    #[schema(
        example = "--- revision 1\n+++ revision 2\n@@ -1,1 +1,1 @@\n-image: \"web:v1\"\n+image: \"web:v2\"\n"
    )]
    pub text: String,
    /// Each field that differs, in the order of the template.
    pub changes: Vec<ChangedField>,
}

/// A revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DiffSide {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub revision: RevisionHash,
    /// Its containers' images.
    pub images: Vec<String>,
}

impl From<&HistoryItem> for DiffSide {
    fn from(item: &HistoryItem) -> Self {
        let (number, revision) = (item.number, item.revision.clone());
        Self { number, revision, images: item.images.clone() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    from: Option<u64>,
    to: Option<u64>,
}

/// What changed from one revision to another. A template names Secrets and does not have their values.
pub(crate) async fn diff(
    State(api): State<Api>,
    Path((namespace, name)): Path<(String, String)>,
    uri: Uri,
) -> Result<Json<RevisionDiff>, Problem> {
    let asked: Asked = read::query(&uri)?;
    let key = ObjectKey::new(&namespace, &name);
    let not_found = |key| Problem::from(Refused::NotFound { kind: Kind::Rollout, key });
    let history = api.control.history(&key).ok_or_else(|| not_found(key))?;
    let (from, to) = sides(&history, &asked)?;
    Ok(Json(between(from, to)))
}

/// The two that are asked for: else the wanted one, and before it the stable one or the newest earlier one.
fn sides<'a>(
    history: &'a [HistoryItem],
    asked: &Asked,
) -> Result<(&'a HistoryItem, &'a HistoryItem), Problem> {
    let of = |number: u64| {
        history.iter().find(|item| item.number == number).ok_or_else(|| {
            let numbers = history.iter().map(|item| item.number.to_string()).collect::<Vec<_>>();
            Problem::new(ProblemKind::NotFound, format!("there is no revision {number}"))
                .with_hint(format!("the revisions that are kept: {}", numbers.join(", ")))
        })
    };
    let none = || {
        Problem::new(ProblemKind::Conflict, "there is nothing to compare with yet")
            .with_hint("name two revisions with `from` and `to`")
    };
    let to = match asked.to {
        Some(number) => of(number)?,
        None => history.iter().find(|item| item.current).ok_or_else(none)?,
    };
    let stable = || history.iter().find(|item| item.stable && item.number != to.number);
    let earlier = || {
        let earlier = history.iter().filter(|item| item.number < to.number);
        earlier.max_by_key(|item| item.number)
    };
    let from = if let Some(number) = asked.from {
        of(number)?
    } else {
        stable().or_else(earlier).ok_or_else(none)?
    };
    Ok((from, to))
}

fn between(from: &HistoryItem, to: &HistoryItem) -> RevisionDiff {
    let (before, after) = (to_yaml(&from.template), to_yaml(&to.template));
    let compared = TextDiff::configure().timeout(PATIENCE).diff_lines(&before, &after);
    let names = (format!("revision {}", from.number), format!("revision {}", to.number));
    let text = compared.unified_diff().context_radius(3).header(&names.0, &names.1).to_string();
    let changes = fields::changes(&from.template, &to.template);
    RevisionDiff { from: from.into(), to: to.into(), text, changes }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tidegate_units::Timestamp;

    use super::*;

    fn item(number: u64, stable: bool, current: bool, template: Value) -> HistoryItem {
        HistoryItem {
            number,
            revision: format!("hash{number}").into(),
            created_at: Timestamp::default(),
            images: vec![],
            stable,
            current,
            template,
        }
    }

    #[test]
    fn the_two_are_those_that_are_named_or_those_that_matter() {
        let item = |number, stable, current| item(number, stable, current, Value::Null);
        let moving = [item(4, false, true), item(3, false, false), item(2, true, false)];
        let settled = [item(3, true, true), item(2, false, false), item(1, false, false)];
        let check = |history: &[HistoryItem], from, to, expect: Result<(u64, u64), u16>| {
            let found = sides(history, &Asked { from, to });
            let numbers = found.map(|(from, to)| (from.number, to.number));
            assert_eq!(numbers.map_err(|problem| problem.status), expect);
        };
        check(&moving, None, None, Ok((2, 4)));
        check(&moving, None, Some(3), Ok((2, 3)));
        check(&moving, Some(3), None, Ok((3, 4)));
        check(&settled, None, None, Ok((2, 3)));
        check(&settled, Some(3), Some(1), Ok((3, 1)));
        check(&settled, Some(7), None, Err(404));
        check(&settled[2..], None, Some(1), Err(409));
        check(&[], None, None, Err(409));
    }

    #[test]
    fn the_text_is_a_unified_diff_that_patch_takes() {
        let image =
            |image: &str| json!({"spec": {"containers": [{"image": image, "name": "web"}]}});
        let (one, two) =
            (item(1, true, false, image("web:v1")), item(2, false, true, image("web:v2")));
        assert_eq!(
            between(&one, &two).text,
            "--- revision 1\n+++ revision 2\n@@ -1,4 +1,4 @@\n spec:\n   containers:\n-  - image: \"web:v1\"\n\
             +  - image: \"web:v2\"\n     name: web\n"
        );
        let same = between(&one, &one);
        assert_eq!((same.text.as_str(), same.changes.len()), ("", 0));
    }
}
