//! The fields of a pod template.

use super::{Table, empty, harmless, not_yet, read};

const ONE_MACHINE: &str = "there is one machine, so nothing is scheduled";
const PLAIN_PROCESS: &str = "the containers are plain processes of this machine";
const SHARED: &str = "the processes share this machine's network, process numbers and memory \
                      segments in any case";

pub(crate) static TEMPLATE: Table = Table {
    place: "spec.template",
    fields: &[
        read("metadata", "labels and annotations of the replicas"),
        read("spec", "the containers; required"),
    ],
};

pub(crate) static PULL_SECRET: Table = Table {
    place: "spec.template.spec.imagePullSecrets[]",
    fields: &[read("name", "a Secret of the namespace; required")],
};

pub(crate) static TEMPLATE_META: Table = Table {
    place: "spec.template.metadata",
    fields: &[
        read("labels", "a mapping of texts, by the rules of Kubernetes"),
        read(
            "annotations",
            "a mapping of texts; of tidegate.dev/ only image-map, commit, committed-at and fixes",
        ),
        harmless("creationTimestamp", "written by tools, always null"),
        harmless("name", "replicas are named after the rollout"),
        harmless("namespace", "replicas are in the rollout's namespace"),
        harmless("generateName", "replicas are named after the rollout"),
        empty("finalizers", ""),
        empty("ownerReferences", ""),
    ],
};

pub(crate) static POD: Table = Table {
    place: "spec.template.spec",
    fields: &[
        read("containers", "a list of containers, at least one; required"),
        read(
            "initContainers",
            "containers that run one after the other before these, each to exit code 0, started \
             again after a failure; one with restartPolicy: Always stays beside them. Not in a job",
        ),
        read("terminationGracePeriodSeconds", "from SIGTERM to SIGKILL").default("30"),
        read("restartPolicy", "Always; of a job Never or OnFailure").or_empty().default("Always"),
        read(
            "dnsPolicy",
            "ClusterFirst, ClusterFirstWithHostNet or Default: names are resolved as on this \
             machine",
        )
        .or_empty(),
        harmless("schedulerName", ONE_MACHINE),
        harmless("tolerations", ONE_MACHINE),
        harmless("serviceAccountName", "there is no Kubernetes API that would know the account"),
        harmless("serviceAccount", "there is no Kubernetes API that would know the account"),
        read("imagePullSecrets", "Secrets with credentials for the registries of the images"),
        harmless("automountServiceAccountToken", "there is no Kubernetes API to give a token for"),
        harmless(
            "enableServiceLinks",
            "no variables such as WEB_SERVICE_HOST are set, whatever it says: the router is on \
             127.0.0.1, which env can name",
        ),
        empty("ephemeralContainers", ""),
        read("volumes", "files that containers may see, by volumeMounts"),
        read("securityContext", "as whom the containers run, where they do not say it"),
        harmless("nodeSelector", ONE_MACHINE),
        harmless("affinity", ONE_MACHINE),
        harmless("topologySpreadConstraints", ONE_MACHINE),
        harmless(
            "readinessGates",
            "they wait for controllers outside, such as a cloud's load balancer; the router itself \
             sends to replicas whose probes pass",
        ),
        empty("schedulingGates", ""),
        empty("resourceClaims", ""),
        read("hostAliases", "more lines of /etc/hosts, for its containers alone"),
        read("dnsConfig", "how names are resolved: as on this machine"),
        harmless("hostNetwork", SHARED),
        harmless("hostPID", SHARED),
        harmless("hostIPC", SHARED),
        harmless("shareProcessNamespace", SHARED),
        empty("setHostnameAsFQDN", ""),
        not_yet("activeDeadlineSeconds", ""),
        not_yet("hostUsers", PLAIN_PROCESS),
        empty("hostname", PLAIN_PROCESS),
        not_yet("hostnameOverride", PLAIN_PROCESS),
        harmless("nodeName", ONE_MACHINE),
        read("os", "name: linux"),
        harmless("overhead", ONE_MACHINE),
        harmless("preemptionPolicy", ONE_MACHINE),
        harmless("priority", ONE_MACHINE),
        harmless("priorityClassName", ONE_MACHINE),
        empty("resources", "write them at the containers"),
        not_yet("runtimeClassName", PLAIN_PROCESS),
        empty("subdomain", ""),
    ],
};

pub(crate) static HOST_ALIAS: Table = Table {
    place: "spec.template.spec.hostAliases[]",
    fields: &[
        read("ip", "an address; required"),
        read("hostnames", "a list of names, up to 253 of a-z, 0-9, - and ."),
    ],
};

pub(crate) static OS: Table =
    Table { place: "spec.template.spec.os", fields: &[read("name", "linux; required")] };

pub(crate) static CONTAINER: Table = Table {
    place: "spec.template.spec.containers[], initContainers[]",
    fields: &[
        read("name", "up to 63 of a-z, 0-9 and -, unique; required"),
        read(
            "image",
            "file: and a path, a name that the image map knows, or an image for a container \
             engine; required",
        ),
        read("command", "a list of texts: the program, in place of the image's own"),
        read("args", "a list of texts: the arguments, in place of the image's own"),
        read("env", "a list of variables"),
        read("envFrom", "a list of ConfigMaps and Secrets whose entries become variables"),
        read("workingDir", "a folder").or_empty(),
        read("ports", "a list of ports that it listens on"),
        read("startupProbe", "until it passes, no other probe is tried"),
        read("readinessProbe", "while it fails, the replica gets no traffic"),
        read("livenessProbe", "when it fails, the container is restarted"),
        read("resources", "requests and limits of cpu and memory"),
        read("lifecycle", "hooks after the start and before the stop"),
        read("imagePullPolicy", "Always, IfNotPresent or Never, for containers of an engine")
            .or_empty()
            .by_default("Always for the tag latest, else IfNotPresent"),
        harmless(
            "terminationMessagePath",
            "why a container ended is taken from its exit and its log",
        ),
        harmless(
            "terminationMessagePolicy",
            "why a container ended is taken from its exit and its log",
        ),
        read("securityContext", "as whom it runs, and what it may do"),
        read("volumeMounts", "a list of volumes, and where it sees them"),
        empty("volumeDevices", "mount the device on this machine, and write hostPath"),
        harmless(
            "resizePolicy",
            "other resources make another revision, with processes of its own",
        ),
        read(
            "restartPolicy",
            "of an init container: Always, for a sidecar; those after it wait until it has \
             started, and it ends after them",
        )
        .by_default("it runs to its end"),
        empty("restartPolicyRules", ""),
        empty("stdin", ""),
        empty("stdinOnce", ""),
        empty("tty", ""),
    ],
};

pub(crate) static ENV: Table = Table {
    place: "containers[].env[]",
    fields: &[
        read("name", "printable ASCII with no =; required"),
        read("value", "a text; $(NAME) stands for an earlier variable").default("\"\""),
        read("valueFrom", "where the value comes from, in place of value"),
    ],
};

pub(crate) static ENV_VALUE_FROM: Table = Table {
    place: "containers[].env[].valueFrom",
    fields: &[
        read("configMapKeyRef", "an entry of a ConfigMap"),
        read("secretKeyRef", "an entry of a Secret"),
        read("fieldRef", "a field of the replica"),
        read("resourceFieldRef", "a limit or a request of the container"),
        not_yet("fileKeyRef", ""),
    ],
};

pub(crate) static KEY_REF: Table = Table {
    place: "containers[].env[].valueFrom.configMapKeyRef, secretKeyRef",
    fields: &[
        read("name", "of the ConfigMap or Secret, in the same namespace; required"),
        read("key", "of the entry; required"),
        read("optional", "whether it may be missing").default("false"),
    ],
};

pub(crate) static RESOURCE_FIELD: Table = Table {
    place: "containers[].env[].valueFrom.resourceFieldRef",
    fields: &[
        read("containerName", "of this container").or_empty().by_default("this one"),
        read(
            "resource",
            "limits.cpu, limits.memory, requests.cpu or requests.memory; a limit has to be set; \
             required",
        ),
        read("divisor", "the unit, rounded up: cores such as 1m, bytes such as 1Mi").default("1"),
    ],
};

pub(crate) static DNS: Table = Table {
    place: "spec.template.spec.dnsConfig",
    fields: &[
        harmless("options", "they tune how names of a cluster are asked for"),
        empty("nameservers", "names are resolved as on this machine"),
        empty("searches", "names are resolved as on this machine"),
    ],
};

pub(crate) static FIELD_REF: Table = Table {
    place: "containers[].env[].valueFrom.fieldRef",
    fields: &[
        read(
            "fieldPath",
            "metadata.name, metadata.namespace, metadata.uid, metadata.labels['KEY'], \
             metadata.annotations['KEY'], spec.nodeName, spec.serviceAccountName, status.podIP, status.podIPs, status.hostIP, status.hostIPs; required",
        ),
        harmless("apiVersion", "of the path; there is only v1"),
    ],
};

pub(crate) static ENV_FROM: Table = Table {
    place: "containers[].envFrom[]",
    fields: &[
        read("configMapRef", "all entries of a ConfigMap"),
        read("secretRef", "all entries of a Secret"),
        read("prefix", "put before each name").or_empty().default("\"\""),
    ],
};

pub(crate) static OBJECT_REF: Table = Table {
    place: "containers[].envFrom[].configMapRef, secretRef",
    fields: &[
        read("name", "in the same namespace; required"),
        read("optional", "whether it may be missing").default("false"),
    ],
};

pub(crate) static PORT: Table = Table {
    place: "containers[].ports[]",
    fields: &[
        read("containerPort", "1 to 65535; required"),
        read("name", "up to 15 of a-z, 0-9 and -, with a letter; unique").or_empty(),
        read("protocol", "TCP or UDP. No Service carries UDP").or_empty().default("TCP"),
        not_yet("hostPort", "a Service with the annotation tidegate.dev/listen has a fixed port"),
        empty("hostIP", "a Service with the annotation tidegate.dev/listen has a fixed address"),
    ],
};

pub(crate) static PROBE: Table = Table {
    place: "containers[].startupProbe, readinessProbe, livenessProbe",
    fields: &[
        read("httpGet", "a GET; 200 to 399 passes"),
        read("tcpSocket", "a connection that opens passes"),
        read("exec", "a command; exit code 0 passes"),
        read("grpc", "the health check of gRPC; the answer SERVING passes"),
        read("initialDelaySeconds", "0 or more").default("0"),
        read("periodSeconds", "1 or more; 0 counts as left out").default("10"),
        read("timeoutSeconds", "1 or more; 0 counts as left out").default("1"),
        read("successThreshold", "1, or more for readiness; 0 counts as left out").default("1"),
        read("failureThreshold", "1 or more; 0 counts as left out").default("3"),
        read("terminationGracePeriodSeconds", "1 or more; not for readiness"),
    ],
};

pub(crate) static HTTP_GET: Table = Table {
    place: "httpGet",
    fields: &[
        read("path", "with its query").or_empty().default("/"),
        read("port", "a number or the name of a port of the container; required"),
        read("host", "a name or an address").or_empty().by_default("the replica's own address"),
        read("scheme", "HTTP or HTTPS, with any certificate").or_empty().default("HTTP"),
        read("httpHeaders", "a list of name and value"),
    ],
};

pub(crate) static HTTP_HEADER: Table = Table {
    place: "httpGet.httpHeaders[]",
    fields: &[read("name", "of the header field; required"), read("value", "a text; required")],
};

pub(crate) static TCP_SOCKET: Table = Table {
    place: "tcpSocket",
    fields: &[
        read("port", "a number or the name of a port of the container; required"),
        read("host", "a name or an address").or_empty().by_default("the replica's own address"),
    ],
};

pub(crate) static GRPC: Table = Table {
    place: "grpc",
    fields: &[
        read("port", "a number; required"),
        read("service", "of which service; \"\" for the server as a whole").default("\"\""),
    ],
};

pub(crate) static EXEC: Table =
    Table { place: "exec", fields: &[read("command", "a list of texts, at least one; required")] };

pub(crate) static SLEEP: Table =
    Table { place: "lifecycle.preStop.sleep", fields: &[read("seconds", "0 or more; required")] };

pub(crate) static LIFECYCLE: Table = Table {
    place: "containers[].lifecycle",
    fields: &[
        read("postStart", "right after the start"),
        read("preStop", "before SIGTERM; its time counts against the grace period"),
        not_yet("stopSignal", "the signal is SIGTERM"),
    ],
};

pub(crate) static POST_START: Table = Table {
    place: "containers[].lifecycle.postStart",
    fields: &[
        read("exec", "a command"),
        read("httpGet", "a GET"),
        not_yet("sleep", "write it into the command"),
        not_yet("tcpSocket", "Kubernetes has given it up as well; write exec or httpGet"),
    ],
};

pub(crate) static PRE_STOP: Table = Table {
    place: "containers[].lifecycle.preStop",
    fields: &[
        read("exec", "a command"),
        read("httpGet", "a GET"),
        read("sleep", "a wait"),
        not_yet("tcpSocket", "Kubernetes has given it up as well; write exec, httpGet or sleep"),
    ],
};

pub(crate) static RESOURCES: Table = Table {
    place: "containers[].resources",
    fields: &[
        read("requests", "what it asks for").by_default("the limits"),
        read("limits", "what it may use").by_default("anything"),
        empty("claims", ""),
    ],
};

pub(crate) static AMOUNTS: Table = Table {
    place: "containers[].resources.requests, limits",
    fields: &[
        read("cpu", "cores, such as 500m or 1.5"),
        read("memory", "bytes, such as 256Mi or 1G"),
        harmless("ephemeral-storage", "the disk is this machine's: nobody counts shares of it"),
    ],
};

pub(crate) static IMAGE_RULE: Table = Table {
    place: "annotation tidegate.dev/image-map, each entry",
    fields: &[
        read("image", "images that it speaks of; * stands for any text; required in a list"),
        read("command", "a list of texts: the program, where the container has no command"),
        read("args", "a list of texts: its arguments, where the container has no args"),
        read("env", "a mapping of texts, below the container's env"),
        read("folder", "the folder in which it runs"),
    ],
};
