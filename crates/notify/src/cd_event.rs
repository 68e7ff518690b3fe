//! `CDEvents` 0.5.1: what continuous delivery tells, in words that other tools know.

use serde_json::{Value, json};
use tidegate_units::ObjectKey;

use crate::{CloudEvent, Happening, Reason, Scene, purl};

/// The version of the specification that is spoken.
pub const SPEC_VERSION: &str = "0.5.1";

/// An event of `CDEvents`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CdEvent {
    /// The first revision of a service is stable.
    ServiceDeployed,
    /// A later revision of a service is stable.
    ServiceUpgraded,
    /// An earlier revision has all users again.
    ServiceRolledBack,
    /// Users can reach the service: after the first deployment.
    ServicePublished,
    /// A revision was found bad.
    IncidentDetected,
    /// What was found bad is replaced by a revision that is not.
    IncidentResolved,
}

impl CdEvent {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::ServiceDeployed,
        Self::ServiceUpgraded,
        Self::ServiceRolledBack,
        Self::ServicePublished,
        Self::IncidentDetected,
        Self::IncidentResolved,
    ];

    /// The subject and predicate of its type.
    const fn name(self) -> &'static str {
        match self {
            Self::ServiceDeployed => "service.deployed",
            Self::ServiceUpgraded => "service.upgraded",
            Self::ServiceRolledBack => "service.rolledback",
            Self::ServicePublished => "service.published",
            Self::IncidentDetected => "incident.detected",
            Self::IncidentResolved => "incident.resolved",
        }
    }

    /// Its type, with the version that 0.5.1 of the specification has of it.
    pub fn kind(self) -> String {
        format!("dev.cdevents.{}.0.3.0", self.name())
    }

    /// What is told when something happens, in this order. `incident` is the one that is open, if there is one.
    pub(crate) fn told(reason: Reason, scene: &Scene, incident: Option<&str>) -> Vec<Self> {
        match reason {
            Reason::RolloutAborted => vec![Self::IncidentDetected, Self::ServiceRolledBack],
            Reason::RolloutCompleted => {
                let mut all = match (scene.is_first, scene.is_return) {
                    (true, _) => vec![Self::ServiceDeployed, Self::ServicePublished],
                    (false, true) => vec![Self::ServiceRolledBack],
                    (false, false) => vec![Self::ServiceUpgraded],
                };
                all.extend(incident.map(|_| Self::IncidentResolved));
                all
            }
            _ => Vec::new(),
        }
    }

    /// The event in the envelope of `CloudEvents`. `id` is its identity, `incident` that of the incident it is about.
    pub(crate) fn written(
        self,
        id: &str,
        source: &str,
        happening: &Happening,
        scene: &Scene,
        (incident, why): (&str, &str),
    ) -> CloudEvent {
        let subject = match self {
            Self::IncidentDetected | Self::IncidentResolved => incident.to_owned(),
            _ => service(&happening.rollout),
        };
        let data = json!({
            "context": {
                "specversion": SPEC_VERSION,
                "id": id,
                "source": source,
                "type": self.kind(),
                "timestamp": happening.at,
            },
            "subject": {
                "id": subject,
                "source": source,
                "content": self.content(happening, scene, why),
            },
            "customData": {"rollout": happening.rollout.name, "entry": happening.sequence},
            "customDataContentType": "application/json",
        });
        CloudEvent {
            id: id.to_owned(),
            source: source.to_owned(),
            kind: self.kind(),
            subject,
            time: happening.at,
            data,
        }
    }

    fn content(self, happening: &Happening, scene: &Scene, why: &str) -> Value {
        let environment = json!({"id": happening.rollout.namespace});
        let artifact = |images: &[String]| {
            purl::of_image(images.first().map_or(&*happening.rollout.name, String::as_str))
        };
        match self {
            Self::ServicePublished => json!({"environment": environment}),
            Self::ServiceDeployed | Self::ServiceUpgraded => {
                json!({"environment": environment, "artifactId": artifact(&scene.images)})
            }
            // Of a return the wanted revision is the stable one by then; after an abort the stable one serves.
            Self::ServiceRolledBack => {
                json!({"environment": environment, "artifactId": artifact(&scene.stable_images)})
            }
            Self::IncidentDetected | Self::IncidentResolved => json!({
                "description": why,
                "environment": environment,
                "service": {"id": service(&happening.rollout)},
                "artifactId": artifact(&scene.images),
            }),
        }
    }
}

/// What a rollout is called as a service: its environment is told beside it, and one name may be in several.
fn service(rollout: &ObjectKey) -> String {
    format!("{}/{}", rollout.namespace, rollout.name)
}
