//! The step `plugin`: those of our own, by name.

use tidegate_rollout::Step;

use crate::{
    fields::rollout::PLUGIN_STEP,
    report::Complaint,
    ring,
    routing::Routing,
    suggest::nearest,
    walk::{Spot, one_of},
};

/// What reads the step of a plugin: it is shown the step, to complain of it, and its `config`, if it
/// has any.
type Reader = fn(&Spot<'_>, Option<&Spot<'_>>, Option<&Routing>) -> Option<Step>;

/// Every plugin that a step can name. Those of others are programs that Argo Rollouts loads.
const PLUGINS: &[(&str, Reader)] = &[("tidegate/ring", ring::read)];

/// Reads the step `plugin`.
pub(crate) fn read(spot: &Spot<'_>, routing: Option<&Routing>) -> Option<Step> {
    let fields = spot.fields(&PLUGIN_STEP)?;
    let config = fields.get("config");
    let place = fields.need("name")?;
    let name = place.filled_text()?;
    if let Some((_, reader)) = PLUGINS.iter().find(|(known, _)| *known == name) {
        return reader(spot, config, routing);
    }
    let names = || PLUGINS.iter().map(|(name, _)| *name);
    let complaint = Complaint::new(format!("not supported: the plugin {name:?}"));
    let complaint = complaint.allow(one_of(names()));
    let hint = "programs that Argo Rollouts loads are not run here: an analysis step can ask a \
                server by provider.web, or run a program by provider.job";
    place.complain(complaint.hint(hint).suggest(nearest(name, names())));
    None
}
