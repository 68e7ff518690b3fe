//! The fields of jobs.

use super::{Table, empty, harmless, not_yet, read};

const NAMED: &str = "a job is named after its run, its metric and its measurement";
const INDEXED: &str = "write completions, each of which runs the same";

pub(crate) static JOB: Table = Table {
    place: "spec.metrics[].provider.job",
    fields: &[read("spec", "what is run; required"), read("metadata", "of the job itself")],
};

pub(crate) static JOB_META: Table = Table {
    place: "spec.metrics[].provider.job.metadata",
    fields: &[
        harmless("labels", "nothing selects jobs"),
        harmless("annotations", "nothing reads those of jobs"),
        harmless("creationTimestamp", "written by tools, always null"),
        harmless("name", NAMED),
        harmless("namespace", "a job runs in the namespace of its rollout"),
        harmless("generateName", NAMED),
        empty("finalizers", ""),
        empty("ownerReferences", ""),
    ],
};

pub(crate) static JOB_SPEC: Table = Table {
    place: "spec.metrics[].provider.job.spec",
    fields: &[
        read(
            "template",
            "a pod template whose restartPolicy is Never or OnFailure, required there; without \
             probes and lifecycle; required",
        ),
        read("backoffLimit", "more failures than this fail the job, 0 or more").default("6"),
        read("activeDeadlineSeconds", "a job that takes longer has failed").by_default("none"),
        read("completions", "so many attempts have to succeed, 1 or more")
            .by_default("1, with parallelism: any one"),
        read("parallelism", "so many attempts run side by side, 1 to 100").default("1"),
        read("completionMode", "NonIndexed"),
        harmless(
            "ttlSecondsAfterFinished",
            "a job is forgotten when its measurement is written down; of its logs the last are \
             kept",
        ),
        harmless("podReplacementPolicy", "an attempt is replaced once nothing of it runs any more"),
        harmless("selector", "written by a server"),
        empty("manualSelector", "the processes of a job are known without"),
        empty("suspend", "leave it out: a job is started when its measurement is due"),
        not_yet("backoffLimitPerIndex", INDEXED),
        not_yet("maxFailedIndexes", INDEXED),
        not_yet("podFailurePolicy", "let the command end with 0 where a failure should not count"),
        not_yet("successPolicy", INDEXED),
        not_yet("managedBy", "jobs are run by this program alone"),
    ],
};
