//! Resources at the addresses that Kubernetes gives them.

use utoipa::openapi::HttpMethod;

use crate::openapi::{
    operation::{Described, Describing},
    parameter::if_none_match,
    shapes::{KubernetesList, KubernetesObject, KubernetesStatus},
};

/// The groups: where they are, and what their operations are called after.
const GROUPS: [(&str, &str); 3] =
    [("/apis/argoproj.io/v1alpha1", "Argo"), ("/apis/apps/v1", "Apps"), ("/api/v1", "V1")];

pub(super) fn all() -> Vec<Described> {
    let mut all: Vec<_> = GROUPS.iter().flat_map(|(at, group)| of_group(at, group)).collect();
    let cluster = "/apis/argoproj.io/v1alpha1/{kind}/{name}";
    all.push(read(cluster, "readArgoOfCluster", "One resource that belongs to no namespace"));
    all.push(delete(
        cluster,
        "deleteArgoOfCluster",
        "Takes away a resource that belongs to no namespace",
    ));
    all
}

fn of_group(at: &str, group: &str) -> [Described; 4] {
    let one = format!("{at}/namespaces/{{namespace}}/{{kind}}/{{name}}");
    [
        list(
            &format!("{at}/{{kind}}"),
            &format!("list{group}Everywhere"),
            "All resources of a kind",
        ),
        list(
            &format!("{at}/namespaces/{{namespace}}/{{kind}}"),
            &format!("list{group}"),
            "All resources of a kind in a namespace",
        ),
        read(&one, &format!("read{group}"), "One resource"),
        delete(&one, &format!("delete{group}"), "Takes a resource away"),
    ]
}

const TAG: &str = "resources";

fn list(path: &str, id: &str, what: &str) -> Described {
    let list = Describing::new(HttpMethod::Get, path, TAG, id, what);
    list.answers::<KubernetesList>("Those that the caller may see.").not_found().end()
}

fn read(path: &str, id: &str, what: &str) -> Described {
    let read = Describing::new(HttpMethod::Get, path, TAG, id, what);
    read.with(if_none_match())
        .answers::<KubernetesObject>("As it was applied, with its status.")
        .tagged()
        .not_found()
        .end()
}

fn delete(path: &str, id: &str, what: &str) -> Described {
    let delete = Describing::new(HttpMethod::Delete, path, TAG, id, what);
    delete
        .answers::<KubernetesStatus>(
            "It is being taken away; a rollout once its replicas are drained.",
        )
        .conditional()
        .not_found()
        .problem(409, "It cannot be taken away now.")
        .end()
}
