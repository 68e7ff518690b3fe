//! Nobody lets their own change through, whatever part of a revision is theirs.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tidegate_analysis::AnalysisTemplate;
use tidegate_controller::{Applied, Kind, Refused, Resource};
use tidegate_ledger::Actor;
use tidegate_rollout::{Command, PauseReason, RolloutResource, Step};
use tidegate_units::ObjectKey;
use tidegate_workload::{ConfigMap, EnvFrom, Secret};

use crate::bench::{Bench, analysed, canary_of, key, manifest, service, sleep};

fn user(name: &str) -> Actor {
    Actor::User { name: name.to_owned() }
}

fn secret(value: &str) -> Resource {
    Resource::Secret(Secret {
        key: key().sibling("keys"),
        data: BTreeMap::from([("token".to_owned(), value.to_owned())]),
        bytes: BTreeMap::new(),
    })
}

fn config(value: &str) -> Resource {
    Resource::ConfigMap(ConfigMap {
        key: key().sibling("flags"),
        data: BTreeMap::from([("level".to_owned(), value.to_owned())]),
        bytes: BTreeMap::new(),
    })
}

fn judged(cluster: bool, limit: u32) -> Resource {
    let place = if cluster { ObjectKey::everywhere("asking") } else { key().sibling("asking") };
    let retention = vec![tidegate_analysis::Retention { metric: "x".to_owned(), limit }];
    let template = AnalysisTemplate { retention, ..AnalysisTemplate::new(place) };
    if cluster {
        Resource::ClusterAnalysisTemplate(template)
    } else {
        Resource::AnalysisTemplate(template)
    }
}

/// A rollout that waits for somebody, uses a Secret and a `ConfigMap`, and is judged by two templates.
fn release(revision: &str) -> RolloutResource {
    let mut rollout = analysed(revision, "asking");
    let steps = &mut canary_of(&mut rollout.spec).steps;
    steps[1] = Step::Pause(None);
    let Step::Analysis(analysis) = &mut steps[3] else { panic!("no analysis") };
    let mut cluster = analysis.templates[0].clone();
    cluster.cluster = true;
    analysis.templates.push(cluster);
    let mut template = (*rollout.template).clone();
    let (name, prefix) = (str::to_owned, String::new);
    template.containers[0].env_from = vec![
        EnvFrom::Secret { name: name("keys"), prefix: prefix(), optional: true },
        EnvFrom::ConfigMap { name: name("flags"), prefix: prefix(), optional: true },
    ];
    rollout.template = template.into();
    rollout
}

/// What somebody wrote for it: the steps apart from what is run.
fn written(rollout: &RolloutResource) -> Value {
    json!({
        "kind": "Rollout",
        "spec": {
            "strategy": rollout.spec.strategy,
            "template": rollout.spec.revision,
        },
    })
}

impl Bench {
    async fn released_by(&self, who: &str, rollout: RolloutResource) -> Result<Applied, Refused> {
        let text = written(&rollout);
        self.plane.apply(Resource::Rollout(rollout), text, user(who), "Applied").await
    }

    async fn changed_by(&self, who: &str, resource: Resource) {
        let text = manifest(&resource);
        self.plane.apply(resource, text, user(who), "Applied").await.unwrap();
    }

    async fn waits(&self) {
        self.until("it waits for somebody", |view| {
            view.status.pause.as_ref().is_some_and(|pause| pause.reason == PauseReason::Step)
        })
        .await;
    }

    async fn asked_by(&self, who: &str, command: Command) -> Result<(), Refused> {
        self.plane.command(key(), command, user(who)).await
    }

    /// What of the change is `who`'s, as whoever may not let it through is told.
    async fn own(&self, who: &str) -> Vec<(Kind, String)> {
        let refused = self.asked_by(who, Command::Promote).await.unwrap_err();
        assert_eq!(self.plane.may_approve(&key(), &user(who)), Err(refused.clone()));
        let Refused::OwnChange(own) = refused else { panic!("{refused}") };
        assert_eq!((&own.key, own.author.as_str()), (&key(), who));
        own.changed.iter().map(|(kind, key)| (*kind, key.name.to_string())).collect()
    }
}

/// A world in which `v1` is stable, with all that it uses, and of which nothing is anybody's any more.
async fn settled() -> Bench {
    let bench = Bench::empty().await;
    for resource in
        [Resource::Service(service()), secret("a"), config("a"), judged(false, 1), judged(true, 1)]
    {
        bench.changed_by("ada", resource).await;
    }
    bench.released_by("ada", release("v1")).await.unwrap();
    bench.until("v1 is stable", |view| view.status.stable == Some("v1".into())).await;
    sleep(1).await;
    bench
}

#[tokio::test(start_paused = true)]
async fn a_part_of_a_revision_is_enough_to_be_kept_from_letting_it_through() {
    let mut changed_service = service();
    changed_service.sticky = None;
    changed_service.ports[0].port = 81;
    let parts = [
        (secret("b"), Kind::Secret, "keys"),
        (config("b"), Kind::ConfigMap, "flags"),
        (judged(false, 2), Kind::AnalysisTemplate, "asking"),
        (judged(true, 2), Kind::ClusterAnalysisTemplate, "asking"),
        (Resource::Service(changed_service), Kind::Service, "web"),
    ];
    for (part, kind, name) in parts {
        // While it was on its way, and while it was settled.
        for under_way in [true, false] {
            let bench = settled().await;
            if !under_way {
                bench.changed_by("ada", part.clone()).await;
            }
            bench.released_by("bo", release("v2")).await.unwrap();
            bench.waits().await;
            if under_way {
                assert_eq!(bench.plane.may_approve(&key(), &user("ada")), Ok(()), "{kind}");
                bench.changed_by("ada", part.clone()).await;
            }
            assert_eq!(bench.own("ada").await, [(kind, name.to_owned())], "{under_way}");
            assert_eq!(bench.own("bo").await, [(Kind::Rollout, "web".to_owned())]);
            bench.asked_by("cy", Command::Promote).await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_revision_is_not_made_of_keeps_nobody() {
    let bench = settled().await;
    bench.released_by("bo", release("v2")).await.unwrap();
    bench.waits().await;
    let Resource::Secret(mut other) = secret("b") else { panic!() };
    other.key = key().sibling("others");
    bench.changed_by("ada", Resource::Secret(other.clone())).await;
    other.key = ObjectKey::new("elsewhere", "keys");
    bench.changed_by("ada", Resource::Secret(other)).await;
    // Nor what was applied as it was.
    bench.changed_by("ada", secret("a")).await;
    bench.asked_by("ada", Command::Promote).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn steps_that_were_changed_while_it_was_settled_are_part_of_what_comes_next() {
    let bench = settled().await;
    let mut other_steps = release("v1");
    canary_of(&mut other_steps.spec).steps.pop();
    bench.released_by("ada", other_steps).await.unwrap();
    sleep(60).await;
    let mut next = release("v2");
    canary_of(&mut next.spec).steps.pop();
    bench.released_by("bo", next).await.unwrap();
    bench.waits().await;
    assert_eq!(bench.own("ada").await, [(Kind::Rollout, "web".to_owned())]);
    bench.asked_by("cy", Command::Promote).await.unwrap();
    // Once it was seen through it is nobody's any more.
    bench.until("v2 is stable", |view| view.status.stable == Some("v2".into())).await;
    sleep(1).await;
    let mut next = release("v3");
    canary_of(&mut next.spec).steps.pop();
    bench.released_by("cy", next).await.unwrap();
    bench.waits().await;
    assert_eq!(bench.own("cy").await.len(), 1);
    bench.asked_by("ada", Command::Promote).await.unwrap();
}

/// Whatever was looked at before: what counts is what it is made of when it is let through.
#[tokio::test(start_paused = true)]
async fn an_apply_right_before_a_promotion_keeps_who_made_it() {
    let bench = settled().await;
    bench.released_by("bo", release("v2")).await.unwrap();
    bench.waits().await;
    assert_eq!(bench.plane.may_approve(&key(), &user("ada")), Ok(()));
    let (applied, promoted) = tokio::join!(
        bench.released_by("ada", release("v3")),
        bench.asked_by("ada", Command::PromoteFull),
    );
    applied.unwrap();
    assert!(matches!(promoted, Err(Refused::OwnChange(_))), "{promoted:?}");
    bench.waits().await;
    // The same with a part of it.
    let ((), promoted) =
        tokio::join!(bench.changed_by("cy", secret("b")), bench.asked_by("cy", Command::Promote),);
    assert!(matches!(promoted, Err(Refused::OwnChange(_))), "{promoted:?}");
    let asked = |word: &String| ["Promote", "PromoteFull"].contains(&word.as_str());
    assert!(!bench.store.words().iter().any(asked));
}

#[tokio::test(start_paused = true)]
async fn how_a_change_is_let_through_is_not_changed_along_with_it() {
    let bench = settled().await;
    let mut both = release("v2");
    canary_of(&mut both.spec).steps.remove(1);
    let refused = bench.released_by("ada", both.clone()).await;
    assert!(matches!(refused, Err(Refused::OwnSteps { .. })), "{refused:?}");
    let text = written(&both);
    assert!(bench.plane.may_apply(&Resource::Rollout(both.clone()), &text, &user("ada")).is_err());
    bench.released_by("ada", release("v2")).await.unwrap();
    bench.waits().await;
    let refused = bench.released_by("ada", both.clone()).await;
    assert!(matches!(refused, Err(Refused::OwnSteps { .. })), "{refused:?}");
    // The owner of the data folder is bound by none of it.
    let (owner, text) = (Actor::Person { name: "ada".to_owned() }, written(&both));
    assert_eq!(bench.plane.may_approve(&key(), &owner), Ok(()));
    bench.plane.apply(Resource::Rollout(both), text, owner, "Applied").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn whose_it_is_outlives_a_restart_and_goes_with_the_resource() {
    let bench = settled().await;
    bench.released_by("bo", release("v2")).await.unwrap();
    bench.waits().await;
    bench.changed_by("ada", secret("b")).await;
    let bench = bench.restart().await;
    assert_eq!(bench.own("ada").await, [(Kind::Secret, "keys".to_owned())]);
    assert_eq!(bench.own("bo").await, [(Kind::Rollout, "web".to_owned())]);
    bench.plane.delete(Kind::Secret, key().sibling("keys"), user("ada")).await.unwrap();
    assert_eq!(bench.plane.may_approve(&key(), &user("ada")), Ok(()));
    let bench = bench.restart().await;
    bench.asked_by("ada", Command::Promote).await.unwrap();
}
