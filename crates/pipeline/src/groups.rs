use std::collections::{BTreeMap, VecDeque};

use tidegate_workflow::{
    Member,
    setting::{Concurrency, Queue},
};

/// The concurrency groups of one run: who is in one, and who waits before it.
#[derive(Debug, Default)]
pub(crate) struct Groups(BTreeMap<String, Group>);

#[derive(Debug, Default)]
struct Group {
    inside: Option<Member>,
    line: VecDeque<Member>,
}

/// What came of somebody's asking or leaving.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    /// Who was let in.
    pub(crate) entered: Option<Member>,
    /// Who has to go.
    pub(crate) displaced: Vec<Member>,
}

impl Groups {
    /// Lets somebody into a group, or into the line before it. Where only one may wait the one that waited has to go, and where
    /// the newest one goes first so has the one that is in.
    pub(crate) fn enter(&mut self, who: Member, concurrency: &Concurrency) -> Moved {
        let group = self.0.entry(concurrency.group.to_lowercase()).or_default();
        if group.inside == Some(who) || group.line.contains(&who) {
            return Moved::default();
        }
        let Some(inside) = group.inside else {
            group.inside = Some(who);
            return Moved { entered: Some(who), displaced: vec![] };
        };
        let mut displaced = vec![];
        if concurrency.queue == Queue::Single {
            displaced.extend(group.line.drain(..));
        }
        if concurrency.cancel_in_progress {
            displaced.push(inside);
        }
        group.line.push_back(who);
        Moved { entered: None, displaced }
    }

    /// Takes somebody out of a group, or out of the line before it.
    pub(crate) fn leave(&mut self, who: Member, name: &str) -> Moved {
        let Some(group) = self.0.get_mut(&name.to_lowercase()) else { return Moved::default() };
        group.line.retain(|other| *other != who);
        if group.inside != Some(who) {
            return Moved::default();
        }
        group.inside = group.line.pop_front();
        Moved { entered: group.inside, displaced: vec![] }
    }
}
