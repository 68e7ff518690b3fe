//! Nobody lets their own change through. The controller decides that; here it is said who else may.

use tidegate_access::Verb;
use tidegate_controller::{OwnChange, Refused};
use tidegate_units::ObjectKey;

use crate::{caller::Caller, problem::Problem, routes::Api};

/// So many names are enough to ask somebody.
const NAMED: usize = 5;

/// Whether `verb` would let the caller's own change through, as it is now.
pub(crate) fn decide(
    api: &Api,
    caller: &Caller,
    verb: Verb,
    key: &ObjectKey,
) -> Result<(), Refused> {
    if matches!(verb, Verb::Promote | Verb::PromoteFull | Verb::Resume | Verb::Override) {
        api.control.may_approve(key, &caller.actor())
    } else {
        Ok(())
    }
}

/// Why `verb` was refused, with who else may.
pub(crate) fn told(api: &Api, verb: Verb, refused: Refused) -> Problem {
    let hint = match &refused {
        Refused::OwnChange(own) => Some(who_else(api, verb, own)),
        _ => None,
    };
    let problem = Problem::from(refused);
    match hint {
        Some(hint) => problem.with_hint(hint),
        None => problem,
    }
}

fn who_else(api: &Api, verb: Verb, own: &OwnChange) -> String {
    let OwnChange { key, authors, .. } = own;
    let directory = api.access.directory();
    let others = directory.who_may(verb, &key.namespace, &key.name);
    let others = others.filter(|account| !authors.contains(account.name.as_str()));
    let mut names: Vec<_> = others.map(|account| account.name.as_str()).take(NAMED + 1).collect();
    let more = if names.len() > NAMED { " and others" } else { "" };
    names.truncate(NAMED);
    if names.is_empty() {
        return format!(
            "somebody else who has the right looks at it, and does it: no account but theirs has it by name, so an admin gives it to one, or whoever has the server's own token does it ({verb})"
        );
    }
    format!("somebody else who has the right looks at it, and does it: {}{more}", names.join(", "))
}
