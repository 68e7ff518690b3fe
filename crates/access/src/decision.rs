use std::fmt;

use crate::{Pattern, Role, Scope, Verb};

/// All that an account may do, as far as the token reaches that it shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Its roles, each with the namespaces and names over which it has them.
    pub given: Vec<(Role, Pattern, Pattern)>,
    /// What the token is for.
    pub scope: Scope,
}

/// Why something may not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// No role that the account has over it has the verb.
    NoRole {
        /// The verb.
        verb: Verb,
        /// Roles that have it.
        needs: Vec<Role>,
    },
    /// The account may, but the token is not for that.
    OutOfScope {
        /// The verb.
        verb: Verb,
    },
}

impl Rights {
    /// Whether `verb` may be done to `name` in `namespace`.
    ///
    /// # Errors
    /// [`Denied::NoRole`] or [`Denied::OutOfScope`].
    pub fn decide(&self, verb: Verb, namespace: &str, name: &str) -> Result<(), Denied> {
        let reaches = |(_, namespaces, names): &&(Role, Pattern, Pattern)| {
            namespaces.meets(namespace) && names.meets(name)
        };
        if !self.given.iter().filter(reaches).any(|(role, _, _)| role.has(verb)) {
            return Err(no_role(verb));
        }
        if self.scope.has(verb) && self.scope.covers(namespace) {
            Ok(())
        } else {
            Err(Denied::OutOfScope { verb })
        }
    }

    /// Whether `verb` may be done to anything at all, as far as can be told without its name.
    ///
    /// # Errors
    /// [`Denied::NoRole`] or [`Denied::OutOfScope`].
    pub fn decide_anywhere(&self, verb: Verb) -> Result<(), Denied> {
        if !self.given.iter().any(|(role, _, _)| role.has(verb)) {
            return Err(no_role(verb));
        }
        if self.scope.has(verb) { Ok(()) } else { Err(Denied::OutOfScope { verb }) }
    }
}

fn no_role(verb: Verb) -> Denied {
    Denied::NoRole { verb, needs: Role::with(verb).collect() }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRole { verb, needs } => {
                let needs = needs.iter().map(|role| role.name()).collect::<Vec<_>>().join(", ");
                write!(f, "to {verb} needs one of the roles {needs} there")
            }
            Self::OutOfScope { verb } => write!(f, "the token is not for {verb} there"),
        }
    }
}
