//! Kinds that people keep in the same files and that nothing here reads. They are left alone, each
//! with the reason, so that the files need not be taken apart.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::suggest::nearest;

/// An object of a file that is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeftAlone {
    /// The file, as it was named to [`crate::read_file`].
    pub file: String,
    /// The line on which it begins, from 1.
    pub line: u32,
    /// Its group and version.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace, where it says one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name, where it says one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Why nothing is done with it, and what takes its place.
    pub reason: String,
}

/// One line, without the file: `Ingress web (networking.k8s.io/v1): ...`.
impl fmt::Display for LeftAlone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if let Some(name) = &self.name {
            write!(f, " {name}")?;
        }
        write!(f, " ({}): {}", self.api_version, self.reason)
    }
}

const WORKLOAD: &str = "only Rollouts are run here: write its spec.template into one to run it";
const JOB: &str = "only Rollouts are run here, and jobs as a metric of an analysis";
const DOOR: &str = "a Service's annotation tidegate.dev/listen says where the router listens; \
                    hosts, paths and certificates are for what stands before it";
const SPLIT: &str = "the router of this machine splits the traffic, as the Rollout says";
const SCALER: &str = "spec.replicas of the Rollout says how many there are; nothing changes it \
                      by load";
const ACCOUNT: &str = "there is no Kubernetes API here that would know the account";
const WATCH: &str = "it is for the Prometheus operator; Prometheus itself finds the router's \
                     measurements under /metrics";
const NETWORK: &str = "replicas listen on 127.0.0.1 alone: there is no cluster network to guard";
const SECRET: &str = "no controller makes a Secret of it here: apply the Secret itself";
const GITOPS: &str = "it says which files a cluster is to have; apply those files";
const CLUSTER: &str = "it is about a cluster of machines, and there is one machine";
const VOLUME: &str = "a claim that a pod template names is a folder of the data folder; none is \
                      made beforehand";
const MESH: &str = "there is no service mesh here: the router carries the traffic of Services";

/// Kinds of the groups that come with Kubernetes, whose names have no dot.
const BUILT_IN: &[(&[&str], &str)] = &[
    (&["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"], WORKLOAD),
    (&["ReplicationController", "Pod", "PodTemplate", "ControllerRevision"], WORKLOAD),
    (&["Job", "CronJob"], JOB),
    (&["Ingress"], DOOR),
    (&["HorizontalPodAutoscaler", "Scale"], SCALER),
    (
        &["PodDisruptionBudget"],
        "nobody drains this machine; maxUnavailable of the Rollout holds while it is released",
    ),
    (&["Namespace"], "namespaces need not be made"),
    (&["ServiceAccount"], ACCOUNT),
    (&["NetworkPolicy"], NETWORK),
    (&["PersistentVolumeClaim", "PersistentVolume"], VOLUME),
    (&["Endpoints"], "the router finds the replicas of a Service by itself"),
    (&["LimitRange", "ResourceQuota", "PodSecurityPolicy", "Node", "Event", "Binding"], CLUSTER),
    (&["ComponentStatus", "Eviction"], CLUSTER),
];

/// Kinds of other groups, by the end of the group's name; the first that fits. No kinds: all.
const OTHERS: &[(&str, &[&str], &str)] = &[
    ("networking.k8s.io", &["NetworkPolicy"], NETWORK),
    ("networking.k8s.io", &[], DOOR),
    ("gateway.networking.k8s.io", &[], DOOR),
    ("rbac.authorization.k8s.io", &[], ACCOUNT),
    ("apiextensions.k8s.io", &[], "the kinds that are read here are built in"),
    ("apiregistration.k8s.io", &[], "there is no Kubernetes API here to extend"),
    ("admissionregistration.k8s.io", &[], "there is no Kubernetes API here to guard"),
    ("scheduling.k8s.io", &[], CLUSTER),
    ("storage.k8s.io", &[], VOLUME),
    ("discovery.k8s.io", &[], "the router finds the replicas of a Service by itself"),
    ("autoscaling.k8s.io", &[], SCALER),
    ("keda.sh", &[], SCALER),
    ("networking.istio.io", &["VirtualService", "DestinationRule"], SPLIT),
    ("networking.istio.io", &["Gateway"], DOOR),
    ("istio.io", &[], MESH),
    ("linkerd.io", &[], MESH),
    ("appmesh.k8s.aws", &[], MESH),
    ("consul.hashicorp.com", &[], MESH),
    ("split.smi-spec.io", &[], SPLIT),
    ("smi-spec.io", &[], MESH),
    ("getambassador.io", &["Mapping", "TCPMapping"], SPLIT),
    ("getambassador.io", &[], DOOR),
    ("apisix.apache.org", &[], SPLIT),
    ("traefik.containo.us", &["TraefikService"], SPLIT),
    ("traefik.io", &["TraefikService"], SPLIT),
    ("traefik.containo.us", &[], DOOR),
    ("traefik.io", &[], DOOR),
    ("projectcontour.io", &[], SPLIT),
    ("gateway.solo.io", &[], SPLIT),
    ("elbv2.k8s.aws", &[], DOOR),
    ("route.openshift.io", &[], DOOR),
    ("cert-manager.io", &[], DOOR),
    ("monitoring.coreos.com", &[], WATCH),
    ("bitnami.com", &["SealedSecret"], SECRET),
    ("external-secrets.io", &[], SECRET),
    (
        "kustomize.config.k8s.io",
        &[],
        "`kustomize build` carries it out: apply what that writes, by `-f -`; the files beside it \
         are read here without its changes",
    ),
    ("toolkit.fluxcd.io", &[], GITOPS),
    ("flagger.app", &[], "another controller's way to release; write a Rollout"),
];

/// Kinds of Argo's own projects beside its Rollouts, all of the group `argoproj.io`.
const ARGO: &[(&[&str], &str)] = &[
    (&["Application", "AppProject", "ApplicationSet", "ArgoCD"], GITOPS),
    (
        &["Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"],
        "pipelines are not run here",
    ),
    (&["EventSource", "Sensor", "EventBus"], "it is for Argo Events"),
    (&["RolloutManager"], "it installs Argo Rollouts; `tidegate server` takes its place"),
];

/// Why an object of this kind is left alone; `None` when the kind is no known one of a group that
/// has few, so that it is a slip or not built.
pub(crate) fn reason(version: &str, kind: &str) -> Option<&'static str> {
    let among = |kinds: &[&str]| kinds.contains(&kind);
    let group = version.split_once('/').map_or("", |(group, _)| group);
    if group == "argoproj.io" {
        return ARGO.iter().find(|(kinds, _)| among(kinds)).map(|(_, reason)| *reason);
    }
    if !group.contains('.') {
        return BUILT_IN.iter().find(|(kinds, _)| among(kinds)).map(|(_, reason)| *reason);
    }
    if nearest(group, ["argoproj.io"]).is_some() {
        return None;
    }
    let of_group = |end: &str| {
        group.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let known = OTHERS
        .iter()
        .find(|(end, kinds, _)| of_group(end) && (kinds.is_empty() || among(kinds)))
        .map(|(_, _, reason)| *reason);
    Some(known.unwrap_or("its group is for another controller, which is not here"))
}

/// Whether a Service of this type is only a name for something outside.
pub(crate) const ALIAS: &str =
    "a name for an address outside: names are resolved here as on this machine";

#[cfg(test)]
mod tests {
    use super::*;

    fn check(version: &str, kind: &str, expect: Option<&str>) {
        assert_eq!(reason(version, kind), expect, "{version} {kind}");
    }

    #[test]
    fn kinds_of_other_controllers_are_known_by_their_groups() {
        check("networking.k8s.io/v1", "Ingress", Some(DOOR));
        check("extensions/v1beta1", "Ingress", Some(DOOR));
        check("networking.k8s.io/v1", "NetworkPolicy", Some(NETWORK));
        check("networking.istio.io/v1beta1", "VirtualService", Some(SPLIT));
        check("security.istio.io/v1", "PeerAuthentication", Some(MESH));
        check("autoscaling/v2beta2", "HorizontalPodAutoscaler", Some(SCALER));
        check("apps/v1", "Deployment", Some(WORKLOAD));
        check("argoproj.io/v1alpha1", "Application", Some(GITOPS));
        let other = Some("its group is for another controller, which is not here");
        check("serving.knative.dev/v1", "Service", other);
        check("mynetworking.k8s.io.example/v1", "Ingress", other);
    }

    #[test]
    fn a_slip_is_none_of_them() {
        check("v1", "Servicex", None);
        check("apps/v1", "Rollout", None);
        check("argoproj.io/v1alpha1", "Rolout", None);
        check("argoproj.oi/v1alpha1", "Rollout", None);
    }
}
