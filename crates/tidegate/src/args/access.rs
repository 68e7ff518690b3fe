use std::{str::FromStr, time::Duration};

use clap::{Args, Subcommand};
use tidegate_access::{GroupName, Name, Pattern, Role, Verb};
use tidegate_dora::Span;
use tidegate_units::Timestamp;

/// What to do about who may do what.
#[derive(Debug, Subcommand)]
pub(crate) enum AccessCommand {
    /// Accounts of persons
    #[command(subcommand)]
    User(AccountCommand),
    /// Accounts of programs
    #[command(subcommand, name = "service-account")]
    ServiceAccount(AccountCommand),
    /// Tokens of accounts
    #[command(subcommand)]
    Token(TokenCommand),
    /// Give an account or a group a role
    Bind(BindArgs),
    /// Take a role away again
    Unbind {
        /// Its name, as `access bindings` shows it
        id: Name,
    },
    /// Show who has which role, and over what
    Bindings,
}

/// What to do about accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Show all of them
    List,
    /// Make one, or set its groups
    Add(AddArgs),
    /// Let nothing of it in: no token, no session
    Disable {
        /// Its name
        name: Name,
    },
    /// Let it in again
    Enable {
        /// Its name
        name: Name,
    },
    /// Take it away, with its tokens and roles
    Remove {
        /// Its name
        name: Name,
    },
}

/// What an account is to be.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// What it is called: letters in lower case, digits and . - _ @
    pub(crate) name: Name,
    /// A group that it is in; may be given several times [default: as they were]
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Vec<GroupName>,
}

/// What to do about tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Show all of them, without their secrets
    List,
    /// Make one. It is printed here and nowhere else
    Create(TokenArgs),
    /// Take one back, and what was signed in with it
    Revoke {
        /// Its name, as `access token list` shows it
        id: Name,
    },
}

/// What a token is to be.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// Whose it is
    pub(crate) account: Name,
    /// What it is for
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) note: String,
    /// When it ends: after a time such as 12h or 90d, or at one such as 2027-01-31T00:00:00Z, or never
    #[arg(long, value_name = "WHEN", default_value = "90d")]
    pub(crate) expires: Expiry,
    /// Only for this verb; may be given several times [default: all that the account may do]
    #[arg(long, value_name = "VERB")]
    pub(crate) only: Vec<Verb>,
    /// Only in namespaces that this pattern meets; may be given several times [default: all of them]
    #[arg(long, value_name = "PATTERN")]
    pub(crate) only_in: Vec<Pattern>,
}

/// Who is to have which role.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("whom").required(true).args(["account", "group"]))]
pub(crate) struct BindArgs {
    /// viewer, developer, approver, operator or admin
    pub(crate) role: Role,
    /// This account
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<Name>,
    /// Everybody in this group
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Option<GroupName>,
    /// In namespaces that this meets; * stands for anything
    #[arg(long = "in", value_name = "PATTERN", default_value = "*")]
    pub(crate) namespaces: Pattern,
    /// Over what has names that this meets
    #[arg(long, value_name = "PATTERN", default_value = "*")]
    pub(crate) application: Pattern,
}

/// What is asked about.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["verb", "list"]))]
pub(crate) struct CanIArgs {
    /// What, such as promote
    pub(crate) verb: Option<Verb>,
    /// To which rollout [default: to any of the namespace]
    pub(crate) name: Option<String>,
    /// Tell it of every verb
    #[arg(long)]
    pub(crate) list: bool,
}

/// When something ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// It does not.
    Never,
    /// So long from now on.
    After(Duration),
    /// Then.
    At(Timestamp),
}

impl Expiry {
    /// The moment, if there is one.
    pub(crate) fn from(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::After(time) => Some(now.after(time)),
            Self::At(moment) => Some(moment),
        }
    }
}

impl FromStr for Expiry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "never" {
            return Ok(Self::Never);
        }
        if let Ok(moment) = text.parse() {
            return Ok(Self::At(moment));
        }
        let wrong = "it is a time of ten years at most such as 12h or 90d, a moment such as \
                     2027-01-31T00:00:00Z, or never";
        let span: Span = text.parse().map_err(|_| wrong.to_owned())?;
        Ok(Self::After(span.duration()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_time_a_moment_or_never() {
        let now = Timestamp::from_millis(0);
        let check = |text: &str, expect: Option<&str>| {
            let found = text.parse::<Expiry>().unwrap().from(now).map(|it| it.to_string());
            assert_eq!(found.as_deref(), expect, "{text}");
        };
        check("never", None);
        check("12h", Some("1970-01-01T12:00:00.000Z"));
        check("90d", Some("1970-04-01T00:00:00.000Z"));
        check("1w", Some("1970-01-08T00:00:00.000Z"));
        check("2027-01-31T00:00:00Z", Some("2027-01-31T00:00:00.000Z"));
        for wrong in
            ["", "0d", "d", "90", "-1d", "1.5d", "5m", "99999999999999999999d", "é", "90dd", "+90d"]
        {
            assert!(wrong.parse::<Expiry>().is_err(), "{wrong}");
        }
    }
}
