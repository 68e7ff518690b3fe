use serde::{Deserialize, Serialize};
use tidegate_comparison::Settings;
use tidegate_units::{RevisionHash, Weight};

use crate::UserShare;

/// Where requests go that meet certain conditions, whatever the split says. Of several rules, the
/// first that a request meets counts, and no other; but for those that compare, which take nothing
/// from others: of them, the first that it meets counts as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rule {
    /// Its name; unique within a listener.
    pub name: String,
    /// A request meets the rule when it meets any of these; with none, no request does.
    pub any: Vec<RequestMatch>,
    /// What becomes of it then.
    pub then: RuleAction,
}

/// What becomes of a request that meets a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
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
    /// It goes by the split; of a share of all such requests a copy goes to a revision, and two to
    /// replicas of another. Nobody gets what they answer: it is compared.
    Compare(Comparing),
}

/// Which answers are compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Comparing {
    /// Which comparison it is: one of another name begins its counts anew.
    pub name: String,
    /// The revision that is compared.
    pub to: RevisionHash,
    /// What it is compared with: two replicas of this one.
    pub with: RevisionHash,
    /// Of how many requests copies are made.
    pub share: Weight,
    /// What is compared.
    pub settings: Settings,
}

impl RuleAction {
    /// The revision that it concerns.
    pub fn revision(&self) -> &RevisionHash {
        match self {
            Self::Send { to } | Self::Mirror { to, .. } => to,
            Self::Compare(comparing) => &comparing.to,
        }
    }

    /// Every revision that has to be there for it.
    pub fn revisions(&self) -> impl Iterator<Item = &RevisionHash> {
        let with = match self {
            Self::Send { .. } | Self::Mirror { .. } => None,
            Self::Compare(comparing) => Some(&comparing.with),
        };
        std::iter::once(self.revision()).chain(with)
    }
}

/// Conditions on a request, all of which it has to meet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RequestMatch {
    /// Its method meets any of these; any method when there are none.
    pub method: Vec<TextMatch>,
    /// The path of its target. A prefix is one of the path with its query; anything else is
    /// compared with the path alone, as Istio has it.
    pub path: Option<TextMatch>,
    /// Its header fields.
    pub headers: Vec<HeaderMatch>,
    /// Its cookies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cookies: Vec<CookieMatch>,
    /// The region that it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<RegionMatch>,
    /// Its user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<UserShare>,
}

/// A condition on a header field; a request without the field does not meet it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HeaderMatch {
    /// The field's name, in whatever case.
    pub name: String,
    /// Its value meets any of these. Several fields of the name are one value, with a comma
    /// between them (RFC 9110, section 5.3).
    pub any: Vec<TextMatch>,
}

/// A condition on a cookie; a request without the cookie does not meet it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CookieMatch {
    /// The cookie's name.
    pub name: String,
    /// Its value meets this.
    pub is: TextMatch,
}

/// A condition on the region that a request comes from, which what stands in front of the router
/// tells it by a header field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RegionMatch {
    /// The field's name, in whatever case.
    pub header: String,
    /// It is any of these.
    pub any: Vec<String>,
    /// Whether a request without the field meets it: when the Service that it came to stands in
    /// one of these regions. [`crate::compile`] knows.
    #[serde(default)]
    pub here: bool,
}

/// A condition on a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
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
