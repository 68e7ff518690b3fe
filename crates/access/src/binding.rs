use serde::{Deserialize, Serialize};
use tidegate_units::Timestamp;

use crate::{Account, GroupName, Name, Pattern, Role};

/// A role that somebody has over what patterns meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// Its own name, made by the server.
    #[schema(value_type = String)]
    pub id: Name,
    /// Who has it.
    #[schema(value_type = Value)]
    pub subject: BindingSubject,
    /// What they may do.
    #[schema(value_type = String)]
    pub role: Role,
    /// In which namespaces.
    #[schema(value_type = String)]
    pub namespace: Pattern,
    /// To what in them: the names of rollouts, and of all else.
    #[schema(value_type = String)]
    pub application: Pattern,
    /// Since when.
    pub created_at: Timestamp,
    /// Who gave it.
    pub created_by: String,
}

/// Who has a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BindingSubject {
    /// An account.
    Account(Name),
    /// Every account of a group.
    Group(GroupName),
}

impl BindingSubject {
    /// Whether it is this account, or one of its groups.
    pub fn is(&self, account: &Account) -> bool {
        match self {
            Self::Account(name) => *name == account.name,
            Self::Group(group) => account.groups.contains(group),
        }
    }
}
