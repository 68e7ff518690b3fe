//! The fields of `v1` Service, `ConfigMap` and Secret.

use super::{
    Table, empty, harmless, not_yet,
    object::{API_VERSION, KIND, METADATA, STATUS},
    read,
};

const LOOPBACK: &str = "the annotation tidegate.dev/listen says where the router listens";
const IN_CLUSTER: &str = "there is no cluster network: the router answers on this machine";

pub(crate) static SERVICE: Table = Table {
    place: "Service",
    fields: &[API_VERSION, KIND, METADATA, read("spec", "ports and selector; required"), STATUS],
};

pub(crate) static SERVICE_SPEC: Table = Table {
    place: "spec",
    fields: &[
        read("selector", "labels of the replicas behind it, at least one; required"),
        read("ports", "a list of ports, at least one; required"),
        read("type", "ClusterIP; default ClusterIP"),
        read(
            "sessionAffinity",
            "None; clients keep their revision by the annotation tidegate.dev/sticky",
        ),
        empty("sessionAffinityConfig", "write the annotation tidegate.dev/sticky"),
        harmless("clusterIP", IN_CLUSTER),
        harmless("clusterIPs", IN_CLUSTER),
        harmless("ipFamilies", IN_CLUSTER),
        harmless("ipFamilyPolicy", IN_CLUSTER),
        harmless("internalTrafficPolicy", IN_CLUSTER),
        empty("publishNotReadyAddresses", ""),
        empty("allocateLoadBalancerNodePorts", LOOPBACK),
        empty("externalIPs", LOOPBACK),
        not_yet("externalName", ""),
        not_yet("externalTrafficPolicy", LOOPBACK),
        not_yet("healthCheckNodePort", ""),
        not_yet("loadBalancerClass", LOOPBACK),
        not_yet("loadBalancerIP", LOOPBACK),
        empty("loadBalancerSourceRanges", ""),
        not_yet("trafficDistribution", ""),
    ],
};

pub(crate) static SERVICE_PORT: Table = Table {
    place: "spec.ports[]",
    fields: &[
        read("name", "up to 63 of a-z, 0-9 and -, unique; required when there are several"),
        read("port", "1 to 65535, unique; required"),
        read("targetPort", "a number or the name of a container's port; default: port"),
        read("protocol", "TCP; default TCP"),
        harmless("appProtocol", "HTTP/1.1, HTTP/2 and WebSocket are told apart on the wire"),
        not_yet("nodePort", LOOPBACK),
    ],
};

pub(crate) static CONFIG_MAP: Table = Table {
    place: "ConfigMap",
    fields: &[
        API_VERSION,
        KIND,
        METADATA,
        read("data", "a mapping of texts"),
        empty("binaryData", "variables of the environment are text"),
        empty("immutable", ""),
    ],
};

pub(crate) static SECRET: Table = Table {
    place: "Secret",
    fields: &[
        API_VERSION,
        KIND,
        METADATA,
        read("data", "a mapping of texts in base64, of UTF-8"),
        read("stringData", "a mapping of plain texts; they win over data"),
        read("type", "Opaque; default Opaque"),
        empty("immutable", ""),
    ],
};
