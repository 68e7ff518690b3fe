//! What an entry says of the change that a revision carries.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidegate_units::Timestamp;

const COMMIT: [&str; 2] = ["tidegate.dev/commit", "org.opencontainers.image.revision"];
const COMMITTED: &str = "tidegate.dev/committed-at";
/// When the image was made: later than the commit, and better than nothing.
const IMAGE_MADE: &str = "org.opencontainers.image.created";
const FIXES: &str = "tidegate.dev/fixes";
/// A hash of SHA-512 in hexadecimal; what is longer is no name of a commit.
const LONGEST: usize = 128;

/// The commit of a revision, as its manifest names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Its hash, or another name.
    pub commit: Option<String>,
    /// When it was committed, or, failing that, when the image was made.
    pub at: Option<Timestamp>,
    /// Which of the two.
    pub source: Option<Source>,
}

/// From which annotation a moment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ChangeSource)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// `tidegate.dev/committed-at`.
    Commit,
    /// `org.opencontainers.image.created`.
    Image,
}

/// What a manifest says of the change and of what it mends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    pub(crate) change: Change,
    pub(crate) fixes: Option<String>,
    /// Whether it was asked for as an undo.
    pub(crate) undo: bool,
}

impl Notes {
    /// Those of a Rollout or a Deployment: its pod template's go before its own.
    pub(crate) fn of(manifest: &Value) -> Self {
        let of = |name: &str| {
            let places = ["/spec/template/metadata/annotations", "/metadata/annotations"];
            let mut maps = places.iter().filter_map(|place| manifest.pointer(place));
            let text = maps.find_map(|map| map.get(name))?.as_str()?.trim();
            (!text.is_empty() && text.len() <= LONGEST).then(|| text.to_owned())
        };
        let moment = |name: &str| of(name).and_then(|text| text.parse::<Timestamp>().ok());
        let committed = moment(COMMITTED).map(|at| (at, Source::Commit));
        let made = committed.or_else(|| moment(IMAGE_MADE).map(|at| (at, Source::Image)));
        Self {
            change: Change {
                commit: COMMIT.iter().find_map(|name| of(name)),
                at: made.map(|(at, _)| at),
                source: made.map(|(_, source)| source),
            },
            fixes: of(FIXES),
            undo: false,
        }
    }

    /// What they say, and where they are silent what the workload's say.
    pub(crate) fn or(self, workload: Option<&Self>) -> Self {
        let Some(workload) = workload else { return self };
        let silent = self.change == Change::default();
        Self {
            change: if silent { workload.change.clone() } else { self.change },
            fixes: self.fixes.or_else(|| workload.fixes.clone()),
            undo: self.undo,
        }
    }

    pub(crate) fn is_silent(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_is_read_from_the_template_before_the_object_and_from_the_commit_before_the_image() {
        let check =
            |template: Value, object: Value, commit: Option<&str>, at: Option<(i64, Source)>| {
                let manifest = json!({
                    "metadata": {"annotations": object},
                    "spec": {"template": {"metadata": {"annotations": template}}},
                });
                let found = Notes::of(&manifest).change;
                assert_eq!(found.commit.as_deref(), commit, "{manifest}");
                let moment = found.at.map(Timestamp::as_millis).zip(found.source);
                assert_eq!(moment, at, "{manifest}");
            };
        let second = "1970-01-01T00:00:01Z";
        let third = "1970-01-01T01:00:02+01:00";
        check(json!(null), json!(null), None, None);
        check(json!({COMMIT[0]: "abc"}), json!({COMMIT[0]: "def"}), Some("abc"), None);
        check(json!({}), json!({COMMIT[1]: " def "}), Some("def"), None);
        check(
            json!({IMAGE_MADE: third}),
            json!({COMMITTED: second}),
            None,
            Some((1_000, Source::Commit)),
        );
        check(json!({IMAGE_MADE: third}), json!({}), None, Some((2_000, Source::Image)));
        check(json!({COMMITTED: "soon"}), json!({COMMIT[0]: ""}), None, None);
        check(json!({COMMIT[0]: "a".repeat(129)}), json!({}), None, None);
    }
}
