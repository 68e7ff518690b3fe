//! The fields of `v1` Service, `ConfigMap` and Secret.

use super::{
    Table, empty, harmless,
    object::{API_VERSION, KIND, METADATA, STATUS},
    read,
};

const LOOPBACK: &str = "the annotation tidegate.dev/listen says where the router listens";
const NO_BALANCER: &str = "there is no load balancer outside: the router answers on this machine, \
                           where the annotation tidegate.dev/listen says";
const IMMUTABLE: &str = "it spares the machines of a cluster the watching; what is applied anew \
                         reaches the replicas that are started afterwards";
const IN_CLUSTER: &str = "there is no cluster network: the router answers on this machine";

pub(crate) static SERVICE: Table = Table {
    place: "Service",
    fields: &[API_VERSION, KIND, METADATA, read("spec", "ports and selector; required"), STATUS],
};

pub(crate) static SERVICE_SPEC: Table = Table {
    place: "spec",
    fields: &[
        read("selector", "labels of the replicas behind it; without one nobody is behind it"),
        read("ports", "a list of ports, at least one; required, unless clusterIP is None"),
        read(
            "type",
            "ClusterIP, NodePort or LoadBalancer, which mean the same here. One of the type \
             ExternalName is left alone",
        )
        .or_empty(),
        read(
            "sessionAffinity",
            "None; clients keep their revision by the annotation tidegate.dev/sticky",
        )
        .or_empty()
        .default("None"),
        empty("sessionAffinityConfig", "write the annotation tidegate.dev/sticky"),
        read("clusterIP", IN_CLUSTER).or_empty(),
        harmless("clusterIPs", IN_CLUSTER),
        harmless("ipFamilies", IN_CLUSTER),
        harmless("ipFamilyPolicy", IN_CLUSTER),
        harmless("internalTrafficPolicy", IN_CLUSTER),
        empty("publishNotReadyAddresses", ""),
        harmless("allocateLoadBalancerNodePorts", NO_BALANCER),
        empty("externalIPs", LOOPBACK),
        empty("externalName", "write type: ExternalName"),
        harmless("externalTrafficPolicy", NO_BALANCER),
        harmless("healthCheckNodePort", NO_BALANCER),
        harmless("loadBalancerClass", NO_BALANCER),
        harmless("loadBalancerIP", NO_BALANCER),
        read(
            "loadBalancerSourceRanges",
            "who may connect; kept, for nobody from outside can: refused beside the annotation \
             tidegate.dev/listen with an address other than loopback",
        ),
        harmless("trafficDistribution", "there is one machine, so all replicas are equally near"),
    ],
};

pub(crate) static SERVICE_PORT: Table = Table {
    place: "spec.ports[]",
    fields: &[
        read("name", "up to 63 of a-z, 0-9 and -, unique; required when there are several")
            .or_empty(),
        read("port", "1 to 65535, unique; required"),
        read("targetPort", "a number or the name of a container's port")
            .or_empty()
            .by_default("port"),
        read("protocol", "TCP. A port of UDP or SCTP is left out, which is told")
            .or_empty()
            .default("TCP"),
        harmless("appProtocol", "HTTP/1.1, HTTP/2 and WebSocket are told apart on the wire"),
        read("nodePort", "1 to 65535: a second port of 127.0.0.1 on which it answers"),
    ],
};

pub(crate) static CONFIG_MAP: Table = Table {
    place: "ConfigMap",
    fields: &[
        API_VERSION,
        KIND,
        METADATA,
        read("data", "a mapping of texts"),
        read("binaryData", "a mapping of base64, for files; of other keys than data"),
        harmless("immutable", IMMUTABLE),
    ],
};

pub(crate) static SECRET: Table = Table {
    place: "Secret",
    fields: &[
        API_VERSION,
        KIND,
        METADATA,
        read("data", "a mapping of base64; what is no UTF-8 text is for files alone"),
        read("stringData", "a mapping of plain texts; they win over data"),
        harmless("type", "it tells which entries there are; those that are there can be used"),
        harmless("immutable", IMMUTABLE),
    ],
};
