use tidegate_ledger::Entry;
use tidegate_units::ObjectKey;

use crate::caller::{Caller, CallerKind};

/// What of all that is shown a client may see.
#[derive(Clone, Debug)]
pub(crate) struct Visible(Caller);

impl Visible {
    /// What a caller may see.
    pub(crate) const fn to(caller: Caller) -> Self {
        Self(caller)
    }

    /// To whom it is visible.
    pub(crate) const fn caller(&self) -> &Caller {
        &self.0
    }

    /// Whether it is everything, so that nothing has to be looked at one by one.
    pub(crate) fn is_all(&self) -> bool {
        self.0.kind() == CallerKind::Owner
    }

    /// Whether it has what this names.
    pub(crate) fn shows(&self, key: &ObjectKey) -> bool {
        self.is_all() || self.0.sees(&key.namespace, &key.name)
    }

    /// Whether it has this entry.
    pub(crate) fn shows_entry(&self, entry: &Entry) -> bool {
        self.shows(&entry.draft.subject.key)
    }
}
