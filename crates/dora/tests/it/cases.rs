//! What each story of a release comes to.

use std::time::Duration;

use serde_json::json;
use tidegate_dora::{Begins, Cause, Deployment, Deployments, Grouping, LIMIT, Query, Unit};
use tidegate_ledger::Actor;
use tidegate_units::ObjectKey;

use crate::writer::Writer;

fn person() -> Actor {
    Actor::Person { name: "ada".to_owned() }
}

/// A ledger with one stable revision, and what comes after it.
fn after_first(story: impl FnOnce(&mut Writer)) -> (Writer, Vec<Deployment>) {
    let mut writer = Writer::new();
    writer.release("a", 1, &json!({}));
    writer.hours(1);
    story(&mut writer);
    let all = writer.known().all().skip(1).cloned().collect();
    (writer, all)
}

#[test]
fn a_canary_that_is_taken_back_failed_and_recovers_when_nobody_gets_it() {
    let (_, all) = after_first(|ledger| {
        ledger.apply(&json!({}));
        ledger.want("b", 2);
        ledger.weigh("b", 0, 25);
        ledger.wait(Duration::from_mins(10));
        ledger.abort();
        ledger.weigh("b", 25, 10);
        ledger.wait(Duration::from_secs(5));
        ledger.weigh("b", 10, 0);
    });
    let [one] = &all[..] else { panic!("{all:#?}") };
    assert_eq!(one.failure().unwrap().cause, Cause::Analysis);
    assert_eq!(one.recovery(), Some(Duration::from_secs(605)));
    assert_eq!((one.stable, one.lead_time()), (None, None));
}

/// Neither the wait for replicas nor a copy of requests hurts anybody, and when it was found out does not matter.
#[test]
fn a_recovery_counts_from_the_first_users_by_whatever_they_came() {
    let check = |first: fn(&mut Writer), seconds: u64| {
        let (writer, all) = after_first(|ledger| {
            ledger.apply(&json!({}));
            ledger.want("b", 2);
            ledger.hours(2);
            ledger.event("RoutesSet", json!({"routes": ["shadow"], "sends": false}));
            ledger.hours(1);
            first(ledger);
            ledger.wait(Duration::from_secs(100));
            ledger.weigh("b", 0, 5);
            ledger.wait(Duration::from_secs(20));
            ledger.abort();
            ledger.wait(Duration::from_secs(1));
            ledger.event("RoutesSet", json!({"routes": [], "sends": false}));
            ledger.weigh("b", 5, 0);
        });
        let [one] = &all[..] else { panic!("{all:#?}") };
        assert_eq!(one.recovery(), Some(Duration::from_secs(seconds)));
        let metrics = writer.report().metrics;
        let told = &metrics.failed_deployment_recovery_time;
        assert!(told.meaning.contains("first users"), "{told:?}");
        let [link] = &told.deployments[..] else { panic!("{told:?}") };
        assert!((link.value - seconds as f64).abs() < 1e-9, "{link:?}");
    };
    check(|_| (), 21);
    let rule = |ledger: &mut Writer| {
        ledger.event("RoutesSet", json!({"routes": ["header"], "sends": true}));
    };
    check(rule, 121);
}

#[test]
fn what_nobody_got_is_no_deployment() {
    let (_, all) = after_first(|ledger| {
        ledger.apply(&json!({}));
        ledger.want("b", 2);
        ledger.hours(1);
        ledger.event("Aborted", json!({"reason": "Deadline", "evidence": {}}));
        // Copies are no users either.
        ledger.want("c", 3);
        ledger.event("RoutesSet", json!({"routes": ["shadow"], "sends": false}));
        ledger.abort();
    });
    assert_eq!(all, []);
}

#[test]
fn a_rule_that_sends_requests_begins_a_deployment_and_its_end_recovers_it() {
    let (_, all) = after_first(|ledger| {
        ledger.want("b", 2);
        ledger.event("RoutesSet", json!({"routes": ["staff"], "sends": true}));
        ledger.wait(Duration::from_mins(5));
        ledger.abort();
        ledger.wait(Duration::from_secs(2));
        ledger.event("RoutesSet", json!({"routes": [], "sends": false}));
    });
    let [one] = &all[..] else { panic!("{all:#?}") };
    assert_eq!(one.recovery(), Some(Duration::from_secs(302)));
}

#[test]
fn a_retry_is_a_deployment_of_its_own() {
    let (_, all) = after_first(|ledger| {
        ledger.want("b", 2);
        ledger.weigh("b", 0, 25);
        ledger.abort();
        ledger.weigh("b", 25, 0);
        ledger.write(person(), "Retry", json!({}));
        ledger.weigh("b", 0, 25);
        ledger.promote("b");
    });
    let [first, second] = &all[..] else { panic!("{all:#?}") };
    assert!(first.failure().is_some() && second.failure().is_none());
    // The first was mended before: there was nothing to rework.
    assert!(second.stable.is_some() && second.mends.is_none());
}

#[test]
fn an_undo_soon_after_is_a_failure_and_the_return_is_rework() {
    let undo = |hours: u64| {
        after_first(|ledger| {
            ledger.release("b", 2, &json!({}));
            ledger.hours(hours);
            ledger.apply(&json!({}));
            ledger.want("a", 3);
            ledger.weigh("a", 0, 100);
            ledger.wait(Duration::from_secs(30));
            ledger.promote("a");
        })
    };
    let (ledger, all) = undo(2);
    let [bad, back] = &all[..] else { panic!("{all:#?}") };
    assert_eq!(bad.failure().unwrap().cause, Cause::Returned);
    assert_eq!(bad.recovery(), Some(Duration::from_secs(3 * 3600 + 30)));
    assert!(back.is_return && back.lead_time().is_none());
    let metrics = ledger.report().metrics;
    assert_eq!((metrics.change_fail_rate.count, metrics.change_fail_rate.n), (Some(1), 3));
    assert_eq!(metrics.deployment_rework_rate.count, Some(1));
    assert_eq!(metrics.deployment_rework_rate.deployments[0].sequence, back.began.sequence);
    // A change of mind after days is neither.
    let (ledger, _) = undo(100);
    let metrics = ledger.report().metrics;
    assert_eq!(metrics.change_fail_rate.count, Some(0));
    assert_eq!(metrics.deployment_rework_rate.count, Some(0));
    assert_eq!(metrics.failed_deployment_recovery_time.n, 0);
}

#[test]
fn an_undo_is_one_also_to_a_revision_that_was_never_stable() {
    let (ledger, all) = after_first(|ledger| {
        ledger.want("b", 2);
        ledger.weigh("b", 0, 25);
        ledger.abort();
        ledger.weigh("b", 25, 0);
        ledger.release("c", 3, &json!({}));
        ledger.write(person(), "Undone", json!({"manifest": {"spec": {}}}));
        ledger.want("b", 4);
        ledger.weigh("b", 0, 25);
        ledger.promote("b");
    });
    let [_, left, back] = &all[..] else { panic!("{all:#?}") };
    assert_eq!(left.failure().unwrap().cause, Cause::Returned);
    assert!(back.is_return && back.mends == Some(left.began.sequence));
    assert_eq!(ledger.report().metrics.deployment_rework_rate.count, Some(1));
}

#[test]
fn an_undo_on_the_way_takes_it_back_and_deploys_nothing() {
    let (_, all) = after_first(|ledger| {
        ledger.want("b", 2);
        ledger.weigh("b", 0, 50);
        ledger.hours(1);
        ledger.want("a", 3);
        ledger.event("RolledBack", json!({"to": "a"}));
        ledger.weigh("b", 50, 0);
        ledger.weigh("a", 50, 100);
    });
    let [one] = &all[..] else { panic!("{all:#?}") };
    assert_eq!(one.failure().unwrap().cause, Cause::Returned);
    assert_eq!(one.recovery(), Some(Duration::from_hours(1)));
}

#[test]
fn a_later_revision_supersedes_or_mends() {
    let next = |annotations: serde_json::Value| {
        after_first(|ledger| {
            ledger.release("b", 2, &json!({}));
            ledger.release("c", 3, &annotations);
        })
    };
    let (_, all) = next(json!({}));
    assert!(all.iter().all(|one| one.failure().is_none() && one.mends.is_none()));
    for name in ["2", "b"] {
        let (ledger, all) = next(json!({"tidegate.dev/fixes": name}));
        let [bad, fix] = &all[..] else { panic!("{all:#?}") };
        assert_eq!(bad.failure().unwrap().cause, Cause::Fixed);
        assert_eq!(bad.failure().unwrap().point, fix.began);
        assert_eq!(bad.recovered, fix.stable);
        assert_eq!(fix.mends, Some(bad.began.sequence));
        assert_eq!(ledger.report().metrics.deployment_rework_rate.count, Some(1));
    }
    let (_, all) = after_first(|ledger| {
        ledger.want("b", 2);
        ledger.weigh("b", 0, 50);
        ledger.want("c", 3);
        ledger.weigh("b", 50, 0);
    });
    let [one] = &all[..] else { panic!("{all:#?}") };
    assert!(one.superseded.is_some() && one.failure().is_none());
}

#[test]
fn a_lead_time_begins_with_the_commit_and_says_when_it_does_not() {
    let committed =
        |at: &str| json!({"tidegate.dev/committed-at": at, "tidegate.dev/commit": "c1"});
    let early = "2025-12-31T00:00:00Z";
    let mut ledger = Writer::new();
    ledger.release("a", 1, &committed(early));
    // What an edit of the image leaves in place says nothing of this revision.
    ledger.release("b", 2, &committed(early));
    ledger.release("c", 3, &json!({"org.opencontainers.image.created": "2026-01-01T02:00:00Z"}));
    ledger.release("d", 4, &committed("2030-01-01T00:00:00Z"));
    ledger.release("e", 5, &json!({}));
    ledger.release("f", 6, &committed("2026-01-01T05:05:00Z"));
    let lead = ledger.report().metrics.change_lead_time;
    assert_eq!(lead.begins, Some(Begins { commit: 2, image: 1, apply: 3 }));
    let values: Vec<f64> = lead.deployments.iter().map(|link| link.value).collect();
    let (hour, minute) = (3600.0, 60.0);
    let usual = hour + minute;
    assert_eq!(values, [usual, usual, usual, hour + 3.0 * minute, usual, 25.0 * hour + minute]);
    assert_eq!((lead.unit, lead.enough, lead.p90), (Unit::Seconds, true, None));
    assert_eq!(lead.median, Some(usual));
}

#[test]
fn a_change_is_read_from_the_deployment_that_a_rollout_takes_its_template_from() {
    let mut ledger = Writer::new();
    let note = json!({"tidegate.dev/committed-at": "2025-12-31T23:00:00Z"});
    let manifest = json!({"spec": {"template": {"metadata": {"annotations": note}}}});
    ledger.write_of("Deployment", person(), "Applied", json!({"manifest": manifest}));
    let rollout = json!({"spec": {"workloadRef": {"name": "web"}}});
    ledger.write(person(), "WorkloadApplied", json!({"manifest": rollout}));
    ledger.want("a", 1);
    ledger.weigh("a", 0, 100);
    ledger.promote("a");
    let all = ledger.report().deployments;
    assert_eq!(all[0].lead_time, Some(3600.0));
}

#[test]
fn too_few_are_said_and_no_number_is_made_up() {
    let mut ledger = Writer::new();
    ledger.release("r0", 1, &json!({}));
    let metrics = ledger.report().metrics;
    for metric in [
        &metrics.change_lead_time,
        &metrics.deployment_frequency,
        &metrics.failed_deployment_recovery_time,
        &metrics.change_fail_rate,
        &metrics.deployment_rework_rate,
    ] {
        assert!(!metric.enough && metric.note.is_some(), "{metric:?}");
        assert_eq!(
            (metric.value, metric.median, metric.p90, metric.interval),
            (None, None, None, None)
        );
    }
    for number in 1..40 {
        ledger.hours(20);
        ledger.release(&format!("r{number}"), number + 1, &json!({}));
    }
    let report = ledger.report();
    let metrics = &report.metrics;
    assert!(
        report.window.cut == (ledger.now.since(report.window.from) < Duration::from_hours(720))
    );
    assert!(metrics.change_lead_time.p90.is_some());
    assert_eq!(metrics.change_fail_rate.value, Some(0.0));
    assert_eq!(metrics.deployment_frequency.n, metrics.change_fail_rate.n);
    assert_eq!(metrics.failed_deployment_recovery_time.median, None);
}

#[test]
fn a_frequency_is_counted_by_days_before_the_end() {
    let mut ledger = Writer::new();
    ledger.release("a", 1, &json!({}));
    for number in 0..10 {
        ledger.hours(23);
        ledger.release(&format!("r{number}"), number + 2, &json!({}));
    }
    // Nothing for two days: they count, too.
    ledger.hours(48);
    let frequency = ledger.report().metrics.deployment_frequency;
    assert!(frequency.enough, "{frequency:?}");
    assert_eq!((frequency.n, frequency.median, frequency.p90), (11, Some(1.0), None));
    let days = ledger.now.since(ledger.entries[0].draft.at).as_secs_f64() / 86_400.0;
    assert!((frequency.value.unwrap() - 11.0 / days).abs() < 1e-9);
}

#[test]
fn filters_and_groups_part_what_belongs_apart() {
    let mut ledger = Writer::new();
    for (namespace, name) in [("prod", "web"), ("prod", "api"), ("test", "web")] {
        ledger.key = ObjectKey::new(namespace, name);
        ledger.release("a", 1, &json!({}));
    }
    let ask = |query: Query| ledger.known().report(&query, |key| &*key.name != "hidden");
    let all = Query::new(ledger.now);
    let names = |by: Grouping| {
        let groups = ask(Query { by, ..all.clone() }).groups.into_iter();
        let groups: Vec<_> = groups
            .map(|it| (it.namespace, it.name.unwrap_or_default(), it.metrics.change_lead_time.n))
            .collect();
        groups
    };
    assert_eq!(names(Grouping::None), []);
    let group = |namespace: &str, name: &str, n| (namespace.to_owned(), name.to_owned(), n);
    assert_eq!(names(Grouping::Environment), [group("prod", "", 2), group("test", "", 1)]);
    let each = [group("prod", "api", 1), group("prod", "web", 1), group("test", "web", 1)];
    assert_eq!(names(Grouping::Application), each);
    let some = ask(Query { namespace: Some("prod".to_owned()), limit: 1, ..all.clone() });
    let lead = &some.metrics.change_lead_time;
    assert_eq!((lead.n, lead.deployments.len(), lead.omitted), (2, 1, 1));
    assert_eq!((some.deployments.len(), &*some.deployments[0].key.name), (1, "api"));
    let none = ledger.known().report(&all, |_| false);
    assert_eq!((none.deployments.len(), none.metrics.change_fail_rate.n), (0, 0));
}

#[test]
fn what_is_kept_is_bounded_and_the_window_says_so() {
    let mut ledger = Writer::new();
    let mut known = Deployments::default();
    for number in 0..=LIMIT as u64 {
        ledger.want(&format!("r{number}"), number);
        ledger.weigh(&format!("r{number}"), 0, 10);
        ledger.wait(Duration::from_secs(1));
        for entry in ledger.entries.split_off(1.min(ledger.entries.len() - 1)) {
            known.take(&entry);
            ledger.entries = vec![entry];
        }
    }
    assert_eq!(known.all().count(), LIMIT);
    let report = known.report(&Query { limit: 0, ..Query::new(ledger.now) }, |_| true);
    assert!(report.window.cut && report.metrics.change_fail_rate.n == LIMIT);
    assert_eq!(report.metrics.change_fail_rate.omitted, LIMIT);
}
