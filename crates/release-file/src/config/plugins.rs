use serde_json::{Map, Value};
use tidegate_conventional::Group;

use crate::error::Wrong;

/// What plugins come to.
pub(super) struct Plugins {
    pub(super) groups: Vec<Group>,
    pub(super) follows: bool,
    pub(super) without_meaning: Vec<String>,
}

/// Plugins that mean the same here.
pub(super) fn read(text: &str, whole: &Map<String, Value>) -> Result<Plugins, Wrong> {
    let mut plugins = Plugins { groups: Vec::new(), follows: false, without_meaning: Vec::new() };
    let list = whole.get("plugins").and_then(Value::as_array);
    for plugin in list.into_iter().flatten() {
        let name = plugin.as_str().or_else(|| plugin.get("type")?.as_str()).unwrap_or_default();
        match name {
            "node-workspace" | "cargo-workspace" => plugins.follows = true,
            "linked-versions" => plugins.groups.push(group(plugin)),
            "sentence-case" | "group-priority" => {
                plugins.without_meaning.push(format!("plugins: {name}"));
            }
            _ => {
                let at = text.find("\"plugins\"").unwrap_or(0);
                return Err(Wrong::new(
                    at,
                    format!(
                        "the plugin {name:?} is not built: node-workspace, cargo-workspace and linked-versions are"
                    ),
                ));
            }
        }
    }
    Ok(plugins)
}

fn group(plugin: &Value) -> Group {
    let components = plugin.get("components").and_then(Value::as_array);
    let names = components.into_iter().flatten().filter_map(Value::as_str);
    Group {
        name: plugin.get("groupName").and_then(Value::as_str).unwrap_or_default().to_owned(),
        components: names.map(str::to_owned).collect(),
    }
}
