use utoipa::openapi::{Tag, tag::TagBuilder};

/// What the operations are sorted by, in the order in which they are shown.
const TAGS: [(&str, &str); 11] = [
    ("rollouts", "All rollouts in short, and what happens to them."),
    ("rollout", "One rollout: where it is and why, its revisions, and what its replicas wrote."),
    ("actions", "What people ask of a rollout, an experiment or an analysis run."),
    ("experiment", "One experiment: where it is and why."),
    ("resources", "Manifests, at the addresses and in the shapes that Kubernetes gives them."),
    ("ledger", "Every decision and every change, in a chain of hashes."),
    ("delivery", "How the teams deliver, and what forges tell of it."),
    ("notifications", "Who is told of what, and what could not be delivered."),
    ("access", "Who asks, how they sign in, and what they may do."),
    ("series", "What the router and the server count, as Prometheus answers for it."),
    ("server", "Whether the server lives and is ready, and this description."),
];

/// Each of them with what it is about.
pub(super) fn all() -> Vec<Tag> {
    let tag = |(name, what)| TagBuilder::new().name(name).description(Some(what)).build();
    TAGS.into_iter().map(tag).collect()
}
