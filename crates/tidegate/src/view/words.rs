//! Types as words.

use std::borrow::Cow;

use tidegate_controller::RolloutView;
use tidegate_ports::{InitSeen, ReplicaSeen, ReplicaState};
use tidegate_rollout::{AbortReason, PauseReason, RevisionRole, RingState, RingView, Waiting};
use tidegate_units::{RevisionHash, Timestamp};

use crate::times::left;

/// What a rollout waits for, in one sentence with no full stop.
pub(crate) fn waiting(view: &RolloutView, waiting: &Waiting, now: Timestamp) -> String {
    let name = |hash: &RevisionHash| revision(view, hash);
    match waiting {
        Waiting::Replicas { revision, have, need } => {
            format!("{have} of {need} replicas of {} to be available", name(revision))
        }
        Waiting::Surplus { revision, have, want } => {
            format!("replicas of {} to go: {have}, wanted {want}", name(revision))
        }
        Waiting::Router { .. } => "the router to confirm the split".to_owned(),
        Waiting::PauseUntil { until } if soaks(view) => {
            format!("the ring to have soaked, in {}", left(*until, now))
        }
        Waiting::PauseUntil { until } => format!("the pause to end in {}", left(*until, now)),
        Waiting::Promotion { reason } => match reason {
            PauseReason::Step => "somebody to promote it (a pause with no end)".to_owned(),
            PauseReason::BlueGreen => "somebody to promote it: it is ready to take over".to_owned(),
            PauseReason::Inconclusive => {
                "somebody to promote or abort it: the analysis could not tell".to_owned()
            }
            PauseReason::InconclusiveExperiment => {
                "somebody to promote or abort it: the experiment could not tell".to_owned()
            }
            PauseReason::InconclusiveExposure => {
                "somebody to promote or abort it: its budget or its time is spent".to_owned()
            }
            PauseReason::User => "somebody to resume it".to_owned(),
        },
        Waiting::Unpaused => "spec.paused to be taken away".to_owned(),
        Waiting::Analysis { run } => format!("the analysis {run}"),
        Waiting::Exposure { outlook } => format!("evidence: {outlook}"),
        Waiting::Experiment { experiment } => format!("the experiment {experiment}"),
        Waiting::ScaleDown { revision, until } => {
            format!("replicas of {} to go in {}", name(revision), left(*until, now))
        }
        Waiting::Obstacle { revision, message } => {
            format!("somebody to mend {}: {message}", name(revision))
        }
    }
}

fn soaks(view: &RolloutView) -> bool {
    view.report.rings.iter().any(|ring| ring.soaks_until.is_some())
}

/// What is to be said of a ring: who is in it, and whether they get the new revision. Of those ahead
/// only the `next` one is spoken of as that.
pub(crate) fn ring(ring: &RingView, next: bool, now: Timestamp) -> String {
    let state = match (ring.state, ring.soaks_until) {
        (RingState::Open, Some(until)) => format!("open, soaks for {} more", left(until, now)),
        (RingState::Open, None) => "open".to_owned(),
        (RingState::Opening, _) => "opens".to_owned(),
        (RingState::Ahead, _) if next => "next".to_owned(),
        (RingState::Ahead, _) => "ahead".to_owned(),
    };
    format!("ring {} ({}): {state}", ring.name, ring.users)
}

/// A revision by its number, when that is known.
pub(crate) fn revision(view: &RolloutView, hash: &RevisionHash) -> String {
    let seen = view.report.revisions.iter().find(|seen| seen.revision == *hash);
    seen.map_or_else(|| hash.to_string(), |seen| format!("revision {}", seen.number))
}

/// Why a rollout was taken back.
pub(crate) fn aborted(reason: &AbortReason) -> String {
    match reason {
        AbortReason::User { who, why: Some(why) } => format!("aborted by {who}: {why}"),
        AbortReason::User { who, why: None } => format!("aborted by {who}"),
        AbortReason::Analysis { run, message } => format!("taken back by {run}: {message}"),
        AbortReason::Experiment { experiment, message } => {
            format!("taken back by the experiment {experiment}: {message}")
        }
        AbortReason::Deadline => "taken back: no progress before the deadline".to_owned(),
        AbortReason::StoreWentBack { known, told } => format!(
            "taken back: the store went back and knows a share of {known}, the router was told {told} \
             later; take it up again with retry"
        ),
    }
}

pub(crate) const fn role(role: RevisionRole) -> &'static str {
    match role {
        RevisionRole::Stable => "stable",
        RevisionRole::Canary => "canary",
        RevisionRole::Preview => "preview",
        RevisionRole::Active => "active",
        RevisionRole::Old => "old",
    }
}

/// How a replica is; on its way through its init containers as `kubectl` says it.
pub(crate) fn replica_state(seen: &ReplicaSeen) -> Cow<'static, str> {
    match (seen.state, seen.init) {
        (ReplicaState::Starting | ReplicaState::BackOff, Some(InitSeen { passed, of })) => {
            format!("Init:{passed}/{of}").into()
        }
        (ReplicaState::Starting, None) => "starting".into(),
        (ReplicaState::Ready, _) => "ready".into(),
        (ReplicaState::NotReady, _) => "not ready".into(),
        (ReplicaState::BackOff, None) => "back-off".into(),
        (ReplicaState::Retiring { .. }, _) => "retiring".into(),
        (ReplicaState::Stopping, _) => "stopping".into(),
    }
}

/// Milliseconds in four characters or so.
pub(crate) fn millis(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value < 9.95 => format!("{value:.1}"),
        Some(value) => format!("{value:.0}"),
    }
}

/// A share as percent, without the sign.
pub(crate) fn percent(share: Option<f64>) -> String {
    match share.map(|share| share * 100.0) {
        None => "-".to_owned(),
        Some(percent) if percent == 0.0 || percent >= 99.95 => format!("{percent:.0}"),
        Some(percent) if percent < 0.1 => format!("{percent:.2}"),
        Some(percent) => format!("{percent:.1}"),
    }
}

/// A count in few characters: `950`, `12.3k`, `4.0M`.
pub(crate) fn count(count: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
    let value = count as f64;
    match count {
        0..10_000 => count.to_string(),
        10_000..1_000_000 => format!("{:.1}k", value / 1e3),
        _ => format!("{:.1}M", value / 1e6),
    }
}

/// A share of one core, as `top` shows it: in Kubernetes' unit, `5m`, it reads as five minutes.
pub(crate) fn cores(millis: u64) -> String {
    match millis {
        0..1000 => format!("{}.{}%", millis / 10, millis % 10),
        _ => format!("{}%", millis / 10),
    }
}

/// Bytes as people read them: `640 KiB`, `12 MiB`, `1.5 GiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    const MEBI: u64 = 1 << 20;
    match bytes {
        0..MEBI => format!("{} KiB", bytes >> 10),
        _ if bytes < MEBI << 10 => format!("{} MiB", bytes / MEBI),
        _ => format!("{}.{} GiB", bytes >> 30, ((bytes & ((1 << 30) - 1)) * 10) >> 30),
    }
}

/// `text`, cut to `width` characters with an ellipsis.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short = text.chars().take(width.saturating_sub(1)).collect::<String>();
    short.push('…');
    short
}

/// `text` in lines of at most `width` characters, those after the first indented. What has no space
/// where it must end is cut.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        let begun = !line.trim().is_empty();
        if begun && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(format!("  {word}"));
        } else {
            if begun {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.iter().map(|line| cut(line, width)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [None, Some(0.04), Some(9.96), Some(123.4)].map(millis),
            ["-", "0.0", "10", "123"]
        );
        let shares = [None, Some(0.0), Some(0.0004), Some(0.5), Some(1.0)];
        assert_eq!(shares.map(percent), ["-", "0", "0.04", "50.0", "100"]);
        let sizes = [0, 640 << 10, 12 << 20, 3 << 29].map(bytes);
        assert_eq!(sizes, ["0 KiB", "640 KiB", "12 MiB", "1.5 GiB"]);
        assert_eq!([0, 17, 999, 2500].map(cores), ["0.0%", "1.7%", "99.9%", "250%"]);
        assert_eq!([0, 9999, 12_345, 4_000_000].map(count), ["0", "9999", "12.3k", "4.0M"]);
    }

    #[test]
    fn a_text_that_is_too_long_goes_on_below() {
        assert_eq!(wrapped("", 9), [""]);
        assert_eq!(wrapped("one two", 7), ["one two"]);
        assert_eq!(wrapped("one two three", 7), ["one two", "  three"]);
        assert_eq!(wrapped("one unbreakable two", 7), ["one", "  unbr…", "  two"]);
    }

    #[test]
    fn a_text_that_is_too_long_is_cut() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("äöüß", 3), "äö…");
    }
}
