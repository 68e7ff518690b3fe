//! What people apply.

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;
use tidegate_analysis::{
    AnalysisTemplate, ArgDeclaration, ArgSource, Header, MetricTemplate, Provider, Query,
    SecretKey, Setting, WebQuery,
};
use tidegate_controller::Resource;
use tidegate_rollout::{
    AnalysisUse, BlueGreen, Canary, Promotion, RolloutResource, RolloutSpec, Step, Strategy,
    TemplateUse,
};
use tidegate_traffic::{Service, ServicePort, Target};
use tidegate_units::{ObjectKey, RevisionHash, Weight};
use tidegate_workload::{
    Container, ContainerPort, EnvSource, EnvVar, PodTemplate, Secret, WorkloadMeta,
};

use crate::script::{App, Plan, Release};

pub(crate) fn key(app: App) -> ObjectKey {
    ObjectKey::new("default", app.name())
}

pub(crate) fn revision(app: App, number: u64) -> RevisionHash {
    RevisionHash::from(format!("{}-v{number}", app.name()))
}

fn labels(app: App) -> BTreeMap<String, String> {
    BTreeMap::from([("app".to_owned(), app.name().to_owned())])
}

pub(crate) fn service(app: App) -> Resource {
    Resource::Service(Service {
        key: key(app),
        selector: labels(app),
        ports: vec![ServicePort {
            name: None,
            port: app.port(),
            target: Target::Number(8080),
            node_port: None,
        }],
        listen: None,
        sticky: None,
        region: None,
    })
}

/// What the releases that are analysed ask: every 10 s, three times.
pub(crate) fn asking() -> Resource {
    let query = Query::Web(WebQuery {
        headers: vec![Header {
            name: "Authorization".to_owned(),
            value: "Bearer {{args.token}}".to_owned(),
        }],
        timeout: Some(Duration::from_secs(5)),
        ..WebQuery::new("http://metrics")
    });
    let metric = MetricTemplate {
        interval: Some(Setting::Known(Duration::from_secs(10))),
        count: Some(Setting::Known(3)),
        success_condition: Some("result > 0.9".to_owned()),
        ..MetricTemplate::new("success", Provider::Query(query))
    };
    let token = SecretKey { secret: SECRET.to_owned(), key: TOKEN.to_owned() };
    Resource::AnalysisTemplate(AnalysisTemplate {
        args: vec![ArgDeclaration {
            name: TOKEN.to_owned(),
            default: None,
            from: Some(ArgSource::Secret(token)),
        }],
        metrics: vec![metric],
        ..AnalysisTemplate::new(key(App::Web).sibling(ASKING))
    })
}

const ASKING: &str = "asking";

/// What is secret: a password of the applications, which they are given as a variable, and what the server of
/// metrics is asked with.
const SECRET: &str = "keys";
const TOKEN: &str = "token";
const PASSWORD: &str = "password";
/// What every value of it holds, and nothing else in the world does.
pub(crate) const HUSH: &str = "hush-hush-";

/// The Secret, with the values that somebody gave it at so many attempts.
pub(crate) fn secret(turn: u64) -> Resource {
    let value = |name: &str| (name.to_owned(), format!("{HUSH}{name}-{turn}"));
    Resource::Secret(Secret {
        key: key(App::Web).sibling(SECRET),
        data: [value(TOKEN), value(PASSWORD)].into(),
        bytes: BTreeMap::new(),
    })
}

fn analysis() -> AnalysisUse {
    let template = TemplateUse { name: ASKING.to_owned(), ..TemplateUse::default() };
    AnalysisUse { templates: vec![template], ..AnalysisUse::default() }
}

/// A rollout as it is applied for a release.
pub(crate) fn rollout(app: App, release: &Release) -> Resource {
    let blue_green = matches!(release.plan, Plan::BlueGreen { .. });
    Resource::Rollout(RolloutResource {
        selector: labels(app),
        active_service: blue_green.then(|| app.name().to_owned()),
        ..RolloutResource::new(
            key(app),
            RolloutSpec {
                name: app.name().to_owned(),
                replicas: release.replicas,
                revision: revision(app, release.revision),
                paused: false,
                min_ready: Duration::ZERO,
                revision_history_limit: 10,
                progress_deadline: Duration::from_mins(10),
                progress_deadline_abort: release.deadline_aborts,
                restart_at: None,
                rollback_window: 0,
                strategy: strategy(release),
            },
            template(app, release.revision),
        )
    })
}

fn strategy(release: &Release) -> Strategy {
    match &release.plan {
        Plan::Canary { steps, analysed } => {
            let each = steps.iter().flat_map(|(percent, pause)| {
                let weight = Weight::new(*percent).unwrap_or(Weight::FULL);
                [Step::SetWeight(weight), Step::Pause(*pause)]
            });
            let analysis = analysed.then(|| Step::Analysis(analysis()));
            Strategy::Canary(Canary {
                steps: each.chain(analysis).collect(),
                routed: true,
                default_watch: !analysed,
                dynamic_stable: release.dynamic_stable,
                ..Canary::default()
            })
        }
        Plan::BlueGreen { after, analysed } => Strategy::BlueGreen(BlueGreen {
            promotion: Promotion::After(*after),
            pre_promotion: analysed.then(analysis),
            post_promotion: analysed.then(analysis),
            ..BlueGreen::default()
        }),
    }
}

fn template(app: App, revision: u64) -> PodTemplate {
    PodTemplate {
        meta: WorkloadMeta { labels: labels(app), annotations: BTreeMap::new() },
        containers: vec![Container {
            name: app.name().to_owned(),
            image: format!("{}:v{revision}", app.name()),
            ports: vec![ContainerPort { number: 8080, name: None, udp: false }],
            env: vec![EnvVar {
                name: "PASSWORD".to_owned(),
                source: EnvSource::SecretKey {
                    name: SECRET.to_owned(),
                    key: PASSWORD.to_owned(),
                    optional: false,
                },
            }],
            ..Container::default()
        }],
        termination_grace: Duration::from_secs(30),
        ..PodTemplate::default()
    }
}

/// A stand-in for what the user wrote: it differs when the resource does.
pub(crate) fn manifest(resource: &Resource) -> serde_json::Value {
    match resource {
        Resource::Rollout(rollout) => {
            let mut spec = json!(rollout.spec);
            if let Some(fields) = spec.as_object_mut() {
                fields.insert("template".to_owned(), json!({ "spec": { "containers": [] } }));
            }
            json!({ "kind": "Rollout", "spec": spec })
        }
        Resource::Secret(secret) => json!({ "kind": "Secret", "stringData": secret.data }),
        other => json!({ "kind": other.kind().as_str(), "name": other.key().name }),
    }
}
