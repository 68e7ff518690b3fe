//! Concurrency groups: who is in, who waits before them, and who has to go.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::setting::{Concurrency, Queue};

/// So many wait before a group at most, where all that come wait: GitHub's own limit.
pub const MOST_WAITING: usize = 100;

/// The concurrency groups of a repository, by name, and who is in them and before them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Groups<M> {
    /// By name in lower case.
    groups: BTreeMap<String, Group<M>>,
}

/// A group: one is in, others wait, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Group<M> {
    inside: M,
    waiting: Vec<M>,
}

/// What is to be told to somebody who came to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told<M> {
    /// They are in.
    Entered(M),
    /// They have to go: if they are in, they stay until they [leave](Groups::leave).
    Displaced(M),
}

impl<M> Default for Groups<M> {
    fn default() -> Self {
        Self { groups: BTreeMap::new() }
    }
}

impl<M: Clone + PartialEq> Groups<M> {
    /// Somebody comes to a group. Who comes twice is told what they were told before.
    pub fn enter(&mut self, who: M, concurrency: &Concurrency) -> Vec<Told<M>> {
        let name = concurrency.group.to_lowercase();
        let Some(group) = self.groups.get_mut(&name) else {
            self.groups.insert(name, Group { inside: who.clone(), waiting: Vec::new() });
            return vec![Told::Entered(who)];
        };
        if group.inside == who {
            return vec![Told::Entered(who)];
        }
        if group.waiting.contains(&who) {
            return Vec::new();
        }
        if concurrency.queue == Queue::Max {
            if group.waiting.len() >= MOST_WAITING {
                return vec![Told::Displaced(who)];
            }
            group.waiting.push(who);
            return Vec::new();
        }
        let displaced = std::mem::replace(&mut group.waiting, vec![who]);
        let inside = concurrency.cancel_in_progress.then(|| group.inside.clone());
        inside.into_iter().chain(displaced).map(Told::Displaced).collect()
    }

    /// Somebody leaves a group, or the line before it; the next in line is let in.
    pub fn leave(&mut self, who: &M, group: &str) -> Option<Told<M>> {
        let name = group.to_lowercase();
        let group = self.groups.get_mut(&name)?;
        group.waiting.retain(|waiting| waiting != who);
        if group.inside != *who {
            return None;
        }
        if group.waiting.is_empty() {
            self.groups.remove(&name);
            return None;
        }
        group.inside = group.waiting.remove(0);
        Some(Told::Entered(group.inside.clone()))
    }

    /// Who is in a group.
    pub fn inside(&self, group: &str) -> Option<&M> {
        self.groups.get(&group.to_lowercase()).map(|group| &group.inside)
    }

    /// Who waits before a group, in order.
    pub fn waiting(&self, group: &str) -> &[M] {
        self.groups.get(&group.to_lowercase()).map_or(&[], |group| &group.waiting)
    }
}
