use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Account, AccountKind, Directory, GroupName, Name, NameError, Rights, Scope, Unknown};

/// Somebody whom a provider of identities knows, and who needs no account here for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// What they are called: roles that are given to an account of this name are theirs.
    pub name: Name,
    /// The groups that the provider says they are in.
    pub groups: BTreeSet<GroupName>,
}

impl Person {
    /// Somebody by what the provider says of them. Names of e-mail count in lower case; a group whose
    /// name is none gives nobody anything, and is left out.
    ///
    /// # Errors
    /// A name that nobody can have here.
    pub fn new(name: &str, groups: &BTreeSet<String>) -> Result<Self, NameError> {
        let groups = groups.iter().filter_map(|group| group.parse().ok()).collect();
        Ok(Self { name: name.to_lowercase().parse()?, groups })
    }
}

impl Directory {
    /// The account that somebody has here by what a provider says of them, and all that they may do.
    ///
    /// # Errors
    /// Where an account of their name is disabled, or is a program's.
    pub fn of_person(&self, person: &Person) -> Result<(Account, Rights), Unknown> {
        let own = self.account(person.name.as_str());
        match own {
            Some(account) if account.disabled => return Err(Unknown::Disabled),
            Some(account) if account.kind == AccountKind::ServiceAccount => {
                return Err(Unknown::Program);
            }
            _ => {}
        }
        let mut account = own.cloned().unwrap_or_else(|| Account {
            name: person.name.clone(),
            kind: AccountKind::User,
            groups: BTreeSet::new(),
            disabled: false,
            created_at: tidegate_units::Timestamp::default(),
            created_by: String::new(),
        });
        account.groups.extend(person.groups.iter().cloned());
        let rights = Rights { given: self.given(&account), scope: Scope::default() };
        Ok((account, rights))
    }
}
