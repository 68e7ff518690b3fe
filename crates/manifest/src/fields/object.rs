//! What every object has.

use super::{Field, Table, harmless, not_yet, read};

/// The names of a kind's own fields beside those of every object.
pub(crate) const API_VERSION: Field = read("apiVersion", "the group and version of the kind");
pub(crate) const KIND: Field = read("kind", "the kind");
pub(crate) const METADATA: Field = read("metadata", "name, namespace, labels, annotations");
pub(crate) const STATUS: Field = harmless(
    "status",
    "written by a controller, not by people: what is there is found out, not read from a file",
);

pub(crate) static META: Table = Table {
    place: "metadata",
    fields: &[
        read("name", "up to 253 of a-z, 0-9, - and .; required, unless there is a generateName"),
        read("namespace", "up to 63 of a-z, 0-9 and -").or_empty().default("default"),
        read("labels", "a mapping of texts, by the rules of Kubernetes"),
        read("annotations", "a mapping of texts; those under tidegate.dev/ must be known"),
        harmless("uid", "given by a server"),
        harmless("resourceVersion", "given by a server"),
        harmless("generation", "given by a server"),
        harmless("creationTimestamp", "given by a server"),
        harmless("selfLink", "given by a server"),
        harmless("managedFields", "given by a server: who applied which field"),
        read(
            "generateName",
            "where there is no name: the name is this and five letters that follow from what the \
             object says, so that the same file stands for the same object",
        )
        .or_empty(),
        harmless(
            "finalizers",
            "no controller here waits for what they name: what is deleted is gone once its \
             replicas are",
        ),
        harmless(
            "ownerReferences",
            "given by controllers; nothing is deleted here because something else is",
        ),
        not_yet("deletionTimestamp", "leave it out: it is of an object that is being deleted"),
        not_yet("deletionGracePeriodSeconds", ""),
    ],
};

pub(crate) static LIST: Table = Table {
    place: "List",
    fields: &[
        API_VERSION,
        KIND,
        read("items", "a list of objects, each with apiVersion and kind"),
        harmless("metadata", "of the list itself; given by a server"),
    ],
};
