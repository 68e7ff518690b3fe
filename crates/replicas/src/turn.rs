//! The order in which the containers of a replica start, and end.
//!
//! Each has a place: its init containers one after the other, and after them all others side by
//! side. A container is started when all at places before its own let it, and is ended after all
//! at places after its own: so a sidecar is there from before the first of its users to after the
//! last.

use tidegate_workload::{Container, InitKind, PodTemplate};

/// What a container is to its replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// An init container that runs to its end before those after it.
    Task,
    /// One that stays beside those after it.
    Sidecar,
    /// What the replica is there for.
    Main,
}

/// A container, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    /// So many containers have to let it start.
    pub(crate) place: usize,
    /// What it is.
    pub(crate) part: Part,
}

/// How far a replica is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turn {
    /// So many of its init containers let those after them start.
    pub(crate) passed: usize,
    /// The last place at which something has not ended.
    pub(crate) last: usize,
}

impl Turn {
    /// Whether a container may be started.
    pub(crate) fn lets_start(self, role: Role) -> bool {
        self.passed >= role.place
    }

    /// Whether a container may be ended.
    pub(crate) fn lets_end(self, role: Role) -> bool {
        self.last <= role.place
    }
}

/// All containers in the order in which they start.
pub(crate) fn in_order(template: &PodTemplate) -> impl Iterator<Item = (&Container, Role)> {
    let init = template.init.iter().enumerate().map(|(place, init)| {
        let part = match init.kind {
            InitKind::Task => Part::Task,
            InitKind::Sidecar => Part::Sidecar,
        };
        (&init.container, Role { place, part })
    });
    let place = template.init.len();
    init.chain(template.containers.iter().map(move |it| (it, Role { place, part: Part::Main })))
}

/// Where a replica is, by which of its containers let others start, and which have not ended.
pub(crate) fn turn(
    template: &PodTemplate,
    lets: impl Fn(&str) -> bool,
    is_there: impl Fn(&str) -> bool,
) -> Turn {
    let passed = template.init.iter().take_while(|init| lets(&init.container.name)).count();
    let there = in_order(template).filter(|(container, _)| is_there(&container.name));
    let last = there.map(|(_, role)| role.place).max().unwrap_or(0);
    Turn { passed, last }
}

#[cfg(test)]
mod tests {
    use tidegate_workload::InitContainer;

    use super::*;
    use crate::fixtures::{container, template};

    /// Two tasks with a sidecar between them, and two others; `passed` and `there` are their
    /// letters.
    fn check(passed: &str, there: &str, start: &str, end: &str) {
        let kinds = [("a", InitKind::Task), ("b", InitKind::Sidecar), ("c", InitKind::Task)];
        let mut pod = template(vec![container("x", &[]), container("y", &[])]);
        pod.init = kinds
            .map(|(name, kind)| InitContainer { container: container(name, &[]), kind })
            .into();
        let turn = turn(&pod, |name| passed.contains(name), |name| there.contains(name));
        let names = |may: &dyn Fn(Role) -> bool| -> String {
            in_order(&pod).filter(|it| may(it.1)).map(|it| it.0.name.as_str()).collect()
        };
        assert_eq!(names(&|role| turn.lets_start(role)), start, "start, {passed} {there}");
        assert_eq!(names(&|role| turn.lets_end(role)), end, "end, {passed} {there}");
    }

    #[test]
    fn init_containers_start_one_after_the_other_and_end_the_other_way_round() {
        check("", "abcxy", "a", "xy");
        check("a", "bcxy", "ab", "xy");
        check("ab", "bcxy", "abc", "xy");
        check("abc", "bxy", "abcxy", "xy");
        check("abc", "by", "abcxy", "xy");
        check("abc", "b", "abcxy", "bcxy");
        check("abc", "", "abcxy", "abcxy");
        // One that lets others start says nothing for those before it.
        check("bc", "abcxy", "a", "xy");
        // Ended while only its first containers had been started.
        check("a", "bc", "ab", "cxy");
    }
}
