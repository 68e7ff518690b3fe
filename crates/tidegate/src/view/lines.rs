use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::Widget as _,
};
use tidegate_controller::{RolloutView, ServiceAddress};
use tidegate_ports::{ReplicaSeen, ReplicaState, RunsAs};
use tidegate_rollout::{RingState, Waiting};
use tidegate_traffic::{Reach, Rule, RuleAction};
use tidegate_units::Timestamp;

use super::{
    evidence::evidence_lines,
    revisions::{revision_lines, weight_lines},
    steps::step_lines,
    style::{self, BAD, BOLD, DIM, GOOD, HELD},
    words::{self, aborted, bytes, cores, cut, replica_state, revision, waiting, wrapped},
};

/// Draws a rollout into `area`. What does not fit is left out from the end, with a word on it.
pub(crate) fn render(view: &RolloutView, now: Timestamp, area: Rect, buffer: &mut Buffer) {
    let mut lines = lines(view, now, usize::from(area.width));
    let height = usize::from(area.height);
    if lines.len() > height && height > 0 {
        let hidden = lines.len() + 1 - height;
        lines.truncate(height - 1);
        lines.push(Line::styled(format!("… {hidden} more lines; enlarge the window"), DIM));
    }
    for (line, row) in lines.into_iter().zip(area.rows()) {
        line.render(row, buffer);
    }
}

/// All that is known of a rollout, in lines of at most `width` cells.
pub(crate) fn lines(view: &RolloutView, now: Timestamp, width: usize) -> Vec<Line<'static>> {
    let sections = [
        head(view, now, width),
        step_lines(&view.report.steps, width),
        weight_lines(view, width),
        revision_lines(view, width),
        evidence_lines(view, width),
        replica_lines(view, width),
    ];
    let mut lines = Vec::new();
    for section in sections.into_iter().filter(|section| !section.is_empty()) {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.extend(section);
    }
    lines
}

/// Name, phase and message; where it listens; why it was taken back; what it waits for.
fn head(view: &RolloutView, now: Timestamp, width: usize) -> Vec<Line<'static>> {
    let phase = view.report.phase;
    let name = view.key.to_string();
    let room = width.saturating_sub(name.chars().count() + phase.to_string().len() + 4);
    // One that does not fit has lines of its own: it may be all that tells why.
    let (beside, below) = match view.status.message.as_str() {
        message if message.chars().count() <= room => (format!("  {message}"), None),
        message => (String::new(), Some(message)),
    };
    let mut lines = vec![Line::from(vec![
        Span::styled(name, BOLD),
        Span::raw("  "),
        Span::styled(phase.to_string(), style::phase(phase)),
        Span::raw(beside),
    ])];
    let mut say = |text: &str, style: Style| {
        lines.extend(wrapped(text, width).into_iter().map(|text| Line::styled(text, style)));
    };
    if let Some(message) = below {
        say(message, Style::new());
    }
    for service in &view.services {
        let reach = reach(view, service);
        let note = service.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
        let name = &service.service.name;
        say(&format!("serves {name} at http://{}{reach}{note}", service.address), DIM);
    }
    for carried in &view.carries {
        say(&format!("{carried} is carried by this machine's router"), DIM);
    }
    if view.services.is_empty() && !view.deleting {
        say("no Service selects its replicas: the router gives them no requests", HELD);
    }
    let rings = &view.report.rings;
    let is_ring = |rule: &Rule| rings.iter().any(|ring| ring.name == rule.name);
    for rule in view.status.rules.iter().filter(|rule| !is_ring(rule)) {
        say(&route(view, rule), DIM);
    }
    let next = rings.iter().position(|ring| ring.state == RingState::Ahead);
    for (index, ring) in rings.iter().enumerate() {
        let style = if ring.state == RingState::Ahead { DIM } else { Style::new() };
        say(&words::ring(ring, next == Some(index), now), style);
    }
    if let Some(reason) = &view.report.aborted {
        say(&aborted(reason), BAD);
    }
    if !view.router_answers {
        say("the router does not answer; traffic flows on by its last table", HELD);
    }
    if view.deleting {
        say("it is being deleted", HELD);
    }
    for violation in &view.violations {
        say(&format!("a plan was not carried out: {violation}"), BAD);
    }
    for wait in &view.report.waiting {
        let style = if matches!(wait, Waiting::Obstacle { .. }) { BAD } else { Style::new() };
        say(&format!("waits for {}", waiting(view, wait, now)), style);
    }
    lines
}

/// Which revisions a Service reaches, where that is not plain.
fn reach(view: &RolloutView, service: &ServiceAddress) -> &'static str {
    match service.reach {
        Some(Reach::All) if view.services.len() > 1 => ", every revision by its weight",
        Some(Reach::Stable) => ", the stable revision alone",
        Some(Reach::Canary) => ", the new revision alone",
        Some(Reach::Active) => ", the active revision",
        Some(Reach::Preview) => ", the newest revision",
        Some(Reach::All) | None => "",
    }
}

/// What a route does, and what came of it.
fn route(view: &RolloutView, rule: &Rule) -> String {
    let to = revision(view, rule.then.revision());
    let name = &rule.name;
    match &rule.then {
        RuleAction::Send { .. } => format!("route {name} sends requests to {to}"),
        RuleAction::Mirror { share, .. } => {
            let traffic = view.traffic.get(rule.then.revision());
            let sent = traffic.map(|traffic| traffic.mirrored).unwrap_or_default();
            format!(
                "route {name} copies {share} to {to}: {} ended, {} failed, {} dropped",
                sent.copies, sent.errors, sent.dropped
            )
        }
        RuleAction::Compare(comparing) => {
            let traffic = view.traffic.get(&comparing.to);
            let share = comparing.share;
            let with = revision(view, &comparing.with);
            match traffic.and_then(|traffic| traffic.compared.as_deref()) {
                None => format!("route {name} compares {share} of {to} with {with}"),
                Some(it) => format!(
                    "route {name} compares {share} of {to} with {with}: {} compared, {} not, {}",
                    it.compared, it.dropped, it.verdict
                ),
            }
        }
    }
}

/// The most that is shown of a replica's name, in characters; its end is random anyway.
const NAME_WIDTH: usize = 32;

fn replica_lines(view: &RolloutView, width: usize) -> Vec<Line<'static>> {
    let lengths = view.replicas.iter().map(|seen| seen.id.as_str().chars().count());
    let names = lengths.max().unwrap_or(0).min(NAME_WIDTH);
    view.replicas.iter().map(|seen| replica_line(view, seen, names, width)).collect()
}

fn replica_line(
    view: &RolloutView,
    seen: &ReplicaSeen,
    names: usize,
    width: usize,
) -> Line<'static> {
    let (mark, style) = match seen.state {
        ReplicaState::Ready => ("●", GOOD),
        ReplicaState::Starting | ReplicaState::NotReady => ("○", HELD),
        ReplicaState::BackOff => ("✖", BAD),
        ReplicaState::Retiring { .. } | ReplicaState::Stopping => ("◌", DIM),
    };
    let mut parts = vec![format!(
        "{:<names$} {:<11} {:<9}",
        cut(seen.id.as_str(), names),
        revision(view, &seen.revision),
        replica_state(seen)
    )];
    if let Some(usage) = seen.usage {
        parts.push(format!("{:>5} {:>8}", cores(usage.cpu_millis), bytes(usage.memory_bytes)));
    }
    parts.extend(run_as(seen));
    if seen.restarts > 0 {
        parts.push(format!("{} restarts", seen.restarts));
    }
    parts.extend(seen.message.clone());
    let text = parts.join("  ");
    let text = cut(text.trim_end(), width.saturating_sub(2));
    Line::from(vec![Span::styled(format!("{mark} "), style), Span::raw(text)])
}

/// So many letters of a digest tell images apart, as engines show them.
const DIGEST: usize = 12;

/// What a replica is to the machine, where it is more than processes of whatever is there now.
fn run_as(seen: &ReplicaSeen) -> Option<String> {
    let short = |image: &String| {
        let digest = image.rsplit_once(':').map_or(image.as_str(), |(_, digest)| digest);
        digest.chars().take(DIGEST).collect::<String>()
    };
    let images = seen.images.values().map(short).collect::<Vec<_>>().join(",");
    let text = match seen.runs_as {
        RunsAs::Processes => images,
        RunsAs::Containers => format!("container {images}"),
    };
    (!text.is_empty()).then(|| text.trim_end().to_owned())
}
