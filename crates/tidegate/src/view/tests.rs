use std::time::Duration;

use ratatui::{Terminal, backend::TestBackend};
use tidegate_controller::{MirroredView, RolloutView};
use tidegate_ports::{InitSeen, ReplicaState, RunsAs};
use tidegate_rollout::{AbortReason, Phase, RingState, RingView, StepState, Waiting};
use tidegate_traffic::{Reach, Rule, RuleAction};
use tidegate_units::{RevisionHash, Weight};

use super::{
    changes,
    fixtures::{NOW, healthy, judged, taken_back},
    lines, render, still, summary,
};
use crate::paint::Paint;

/// What a terminal of this size shows.
fn screen(view: &RolloutView, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| render(view, NOW, frame.area(), frame.buffer_mut())).unwrap();
    terminal.backend().to_string()
}

#[test]
fn a_rollout_fits_the_smallest_terminal() {
    insta::assert_snapshot!(screen(&judged(), 80, 24));
}

#[test]
fn a_rollout_uses_a_wide_terminal() {
    insta::assert_snapshot!(screen(&judged(), 130, 24));
}

#[test]
fn a_narrow_window_leaves_columns_out() {
    insta::assert_snapshot!(screen(&judged(), 60, 24));
}

#[test]
fn a_rollout_that_was_taken_back_says_by_what() {
    insta::assert_snapshot!(screen(&taken_back(), 100, 24));
}

#[test]
fn a_rollout_at_rest_is_short() {
    insta::assert_snapshot!(screen(&healthy(), 80, 14));
}

#[test]
fn a_rollout_says_where_users_come_in_and_whose_work_the_router_does() {
    let mut view = judged();
    let named = |name: &str, port: u16, reach| {
        let mut service = view.services[0].clone();
        service.service = service.service.sibling(name);
        (service.port, service.address, service.reach) =
            (port, ([127, 0, 0, 1], port).into(), Some(reach));
        service
    };
    view.services = vec![
        named("web-canary", 8081, Reach::Canary),
        named("web-root", 8080, Reach::All),
        named("web-stable", 8082, Reach::Stable),
    ];
    view.carries = vec!["istio".to_owned(), "argoproj-labs/gatewayAPI".to_owned()];
    let text: Vec<_> =
        lines(&view, NOW, 100).iter().skip(1).take(5).map(ToString::to_string).collect();
    insta::assert_snapshot!(text.join("\n"), @r"
    serves web-canary at http://127.0.0.1:8081, the new revision alone
    serves web-root at http://127.0.0.1:8080, every revision by its weight
    serves web-stable at http://127.0.0.1:8082, the stable revision alone
    istio is carried by this machine's router
    argoproj-labs/gatewayAPI is carried by this machine's router
    ");
}

#[test]
fn a_replica_says_which_image_it_runs_in_which_engine() {
    let mut view = judged();
    let image = "registry.example/web@sha256:0123456789abcdef0123456789abcdef";
    for replica in &mut view.replicas {
        replica.images = [("web".to_owned(), image.to_owned())].into();
    }
    view.replicas[0].runs_as = RunsAs::Containers;
    let text: Vec<_> = lines(&view, NOW, 120).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(text[text.len() - view.replicas.len()..][..2].join("\n"), @r"
    ● web-bbbbbbbbbb-k9lkl revision 2  ready       1.7%   23 MiB  container 0123456789ab
    ● web-aaaaaaaaaa-rgl2p revision 1  ready       1.7%   23 MiB  0123456789ab
    ");
}

#[test]
fn a_replica_says_how_far_it_is_with_its_init_containers() {
    let mut view = judged();
    view.replicas[0].init = Some(InitSeen { passed: 1, of: 3 });
    view.replicas[0].message = Some("migrate: it ended with exit code 3".to_owned());
    for (state, mark) in [(ReplicaState::Starting, "○"), (ReplicaState::BackOff, "✖")] {
        view.replicas[0].state = state;
        let text: Vec<_> = lines(&view, NOW, 120).iter().map(ToString::to_string).collect();
        let line = &text[text.len() - view.replicas.len()];
        let all = ["Init:1/3", "migrate: it ended with exit code 3"];
        assert!(line.starts_with(mark) && all.iter().all(|part| line.contains(part)), "{line}");
    }
}

#[test]
fn routes_are_told_with_what_came_of_the_copies() {
    let mut view = judged();
    let to = || RevisionHash::from("bbbbbbbbbb");
    let rule = |name: &str, then| Rule { name: name.to_owned(), any: Vec::new(), then };
    view.status.rules = vec![
        rule("beta", RuleAction::Send { to: to() }),
        rule("shadow", RuleAction::Mirror { to: to(), share: Weight::new(35).unwrap() }),
    ];
    if let Some(traffic) = view.traffic.get_mut(&to()) {
        traffic.mirrored = MirroredView { copies: 70, errors: 7, dropped: 1 };
    }
    let text: Vec<_> =
        lines(&view, NOW, 120).iter().skip(2).take(2).map(ToString::to_string).collect();
    insta::assert_snapshot!(text.join("\n"), @r"
    route beta sends requests to revision 2
    route shadow copies 35% to revision 2: 70 ended, 7 failed, 1 dropped
    ");
}

#[test]
fn rings_tell_who_is_in_and_how_long_they_soak() {
    let mut view = judged();
    let until = NOW.after(Duration::from_secs(90));
    let ring = |name: &str, state, soaks_until| RingView {
        name: name.to_owned(),
        users: format!("users of {name}"),
        state,
        soaks_until,
    };
    view.report.rings = vec![
        ring("testers", RingState::Open, None),
        ring("early", RingState::Open, Some(until)),
        ring("north", RingState::Opening, None),
        ring("south", RingState::Ahead, None),
        ring("east", RingState::Ahead, None),
    ];
    view.report.waiting = vec![Waiting::PauseUntil { until }];
    let then = RuleAction::Send { to: RevisionHash::from("bbbbbbbbbb") };
    view.status.rules = vec![Rule { name: "testers".to_owned(), any: Vec::new(), then }];
    let lines: Vec<_> = lines(&view, NOW, 120).iter().map(ToString::to_string).collect();
    let of_rings = lines.iter().filter(|line| line.contains("ring ") || line.contains("route "));
    let text: Vec<_> = of_rings.map(String::as_str).collect();
    insta::assert_snapshot!(text.join("\n"), @r"
    ring testers (users of testers): open
    ring early (users of early): open, soaks for 90s more
    ring north (users of north): opens
    ring south (users of south): next
    ring east (users of east): ahead
    waits for the ring to have soaked, in 90s
    ");
}

#[test]
fn what_does_not_fit_is_counted() {
    let shown = screen(&judged(), 80, 8);
    assert!(shown.contains("more lines; enlarge the window"), "{shown}");
    // However small the window is, it is drawn.
    for (width, height) in [(1, 1), (1, 5), (5, 1), (12, 3)] {
        screen(&judged(), width, height);
    }
}

#[test]
fn no_line_is_wider_than_the_window() {
    let mut long = taken_back();
    long.status.message = "m".repeat(300);
    long.report.waiting =
        vec![Waiting::Obstacle { revision: "bbbbbbbbbb".into(), message: "o".repeat(300) }];
    for width in [60, 72, 80, 81, 100, 200] {
        for view in [judged(), healthy(), long.clone()] {
            for line in lines(&view, NOW, width) {
                assert!(line.width() <= width, "{width}: {} {line}", line.width());
            }
        }
    }
}

#[test]
fn a_message_that_does_not_fit_beside_the_name_is_told_in_full() {
    let mut view = judged();
    let words = "one word after the other, each of which may be the one that somebody looks for";
    view.status.message = words.to_owned();
    let shown: Vec<_> = lines(&view, NOW, 80).iter().map(ToString::to_string).collect();
    let shown = shown.join(" ");
    let text: Vec<_> = shown.split_whitespace().collect();
    assert!(text.join(" ").contains(words), "{shown}");
}

#[test]
fn trouble_is_told_in_the_head() {
    let mut view = healthy();
    view.router_answers = false;
    view.deleting = true;
    view.violations = vec!["over the maximum weight".to_owned()];
    view.services[0].note = Some("the port is taken".to_owned());
    let text = still(&view, NOW, Paint::Plain);
    for expect in
        ["the router does not answer", "being deleted", "over the maximum weight", "is taken"]
    {
        assert!(text.contains(expect), "{text}");
    }
}

#[test]
fn colours_are_for_terminals() {
    assert!(!still(&judged(), NOW, Paint::Plain).contains('\u{1b}'));
    let painted = still(&judged(), NOW, Paint::Ansi);
    assert!(painted.contains("\u{1b}[1mdefault/web\u{1b}[0m"), "{painted}");
}

#[test]
fn a_summary_says_what_it_waits_for_or_why_it_was_taken_back() {
    assert_eq!(
        summary(&judged()),
        "Progressing - waits for the pause to end at 2026-01-01T00:00:04.000Z"
    );
    assert_eq!(summary(&healthy()), "Healthy");
    let mut aborted = taken_back();
    aborted.report.aborted =
        Some(AbortReason::User { who: "ada".to_owned(), why: Some("the pager rings".to_owned()) });
    assert_eq!(summary(&aborted), "Degraded - aborted by ada: the pager rings");
    aborted.report.aborted = Some(AbortReason::Deadline);
    assert_eq!(summary(&aborted), "Degraded - taken back: no progress before the deadline");
}

#[test]
fn plain_lines_come_on_change_only() {
    let before = judged();
    assert_eq!(changes(Some(&before), &before), Vec::<String>::new());
    let mut quiet = before.clone();
    quiet.at = NOW.after(Duration::from_secs(1));
    quiet.traffic.clear();
    assert_eq!(changes(Some(&before), &quiet), Vec::<String>::new());
    let mut after = before.clone();
    after.report.phase = Phase::Paused;
    after.report.steps[1].state = StepState::Done;
    after.report.steps[2].state = StepState::Active;
    after.report.revisions[0].weight = Weight::new(25).unwrap();
    insta::assert_snapshot!(changes(Some(&before), &after).join("\n"), @r"
    Paused - waits for the pause to end at 2026-01-01T00:00:04.000Z
    step 2/5 pause 10s: done
    step 3/5 setWeight 25: begins
    weight revision 2: 25%
    ");
    assert!(changes(None, &before).len() > 5);
}
