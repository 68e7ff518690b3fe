//! The step `plugin`: those of our own, by name, and programs that the server was told of.

use tidegate_rollout::{AnalysisUse, PluginTask, PluginUse, Step};

use crate::{
    auto,
    fields::rollout::PLUGIN_STEP,
    report::Complaint,
    ring,
    routing::Routing,
    shadow,
    suggest::nearest,
    walk::{Spot, one_of},
};

/// What reads the step of a plugin: it is shown the step, to complain of it, and its `config`, if it
/// has any.
type Reader = fn(&Spot<'_>, Option<&Spot<'_>>, Option<&Routing>) -> Option<Step>;

/// Every plugin of our own. Those of others are programs that the server was told of.
const PLUGINS: &[(&str, Reader)] = &[
    ("tidegate/auto", auto::read),
    ("tidegate/ring", ring::read),
    ("tidegate/shadow", shadow::step),
];

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
    let near = nearest(name, names());
    if name.starts_with("tidegate/") || near.is_some() {
        let complaint = Complaint::new(format!("unknown plugin {name:?}"));
        let allowed = names().chain(["a program's name"]);
        place.complain(complaint.allow(one_of(allowed)).suggest(near));
        return None;
    }
    place.note(format!("needs a server that was started with --plugin {name}=PROGRAM"));
    let config = config.map_or(serde_json::Value::Null, |config| config.node.to_json());
    let (task, of) = (PluginTask::Run, None);
    let plugin = Some(Box::new(PluginUse { name: name.to_owned(), config, task, of }));
    Some(Step::Analysis(AnalysisUse { plugin, ..AnalysisUse::default() }))
}
