use serde::{Deserialize, Serialize};
use tidegate_units::{RevisionHash, Weight};

/// Where requests go that meet certain conditions, whatever the split says. Of several rules, the
/// first that a request meets counts, and no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name; unique within a listener.
    pub name: String,
    /// A request meets the rule when it meets any of these; with none, no request does.
    pub any: Vec<RequestMatch>,
    /// What becomes of it then.
    pub then: RuleAction,
}

/// What becomes of a request that meets a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RuleAction {
    /// It goes to this revision; to the split while no replica of it answers.
    Send {
        /// Which.
        to: RevisionHash,
    },
    /// It goes by the split, and a share of all such requests to this revision as well, whose
    /// answers nobody gets.
    Mirror {
        /// Which.
        to: RevisionHash,
        /// Of how many a copy is made.
        share: Weight,
    },
}

impl RuleAction {
    /// The revision that it concerns.
    pub fn revision(&self) -> &RevisionHash {
        match self {
            Self::Send { to } | Self::Mirror { to, .. } => to,
        }
    }
}

/// Conditions on a request, all of which it has to meet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestMatch {
    /// Its method meets any of these; any method when there are none.
    pub method: Vec<TextMatch>,
    /// The path of its target. A prefix is one of the path with its query; anything else is
    /// compared with the path alone, as Istio has it.
    pub path: Option<TextMatch>,
    /// Its header fields.
    pub headers: Vec<HeaderMatch>,
}

/// A condition on a header field; a request without the field does not meet it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderMatch {
    /// The field's name, in whatever case.
    pub name: String,
    /// Its value meets any of these. Several fields of the name are one value, with a comma
    /// between them (RFC 9110, section 5.3).
    pub any: Vec<TextMatch>,
}

/// A condition on a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TextMatch {
    /// It is this.
    Exact(String),
    /// It begins with this.
    Prefix(String),
    /// All of it matches this regular expression.
    Regex(String),
    /// It is there, whatever it is.
    Present,
}
