//! What is written on each container, so that it is known whose it is.

use std::collections::BTreeMap;

use tidegate_replicas::Place;

/// Which data folder's.
pub(crate) const RUNTIME: &str = "dev.tidegate.runtime";
/// Which replica's.
pub(crate) const REPLICA: &str = "dev.tidegate.replica";
/// Which container of it; the holder of its network has none.
pub(crate) const CONTAINER: &str = "dev.tidegate.container";
/// Which rollout's or experiment's.
const OWNER: &str = "dev.tidegate.owner";
/// Which revision's.
const REVISION: &str = "dev.tidegate.revision";
/// The seconds from the stop signal to SIGKILL, for whoever finds it without a record.
pub(crate) const GRACE: &str = "dev.tidegate.grace-seconds";
/// The signal that stops it.
pub(crate) const STOP_SIGNAL: &str = "dev.tidegate.stop-signal";

/// Those of a replica's containers.
pub(crate) fn of(runtime: &str, place: &Place<'_>) -> BTreeMap<String, String> {
    let grace = place.template.termination_grace.as_secs();
    // Those of the template too, for whoever looks at the engine; none of them may be one of ours.
    let own =
        place.template.meta.labels.iter().filter(|(name, _)| !name.starts_with("dev.tidegate"));
    let own = own.map(|(name, value)| (name.clone(), value.clone()));
    own.chain([
        (RUNTIME.to_owned(), runtime.to_owned()),
        (REPLICA.to_owned(), place.replica.to_string()),
        (OWNER.to_owned(), place.owner.to_string()),
        (REVISION.to_owned(), place.revision.to_string()),
        (GRACE.to_owned(), grace.to_string()),
    ])
    .collect()
}
