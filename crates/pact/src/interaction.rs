//! One interaction.

use std::collections::BTreeMap;

use tidegate_contract::{Exchange, Interaction, State};

use crate::{
    node::{Node, Problems},
    part,
};

const KNOWN: [&str; 21] = [
    "_id",
    "id",
    "key",
    "type",
    "description",
    "providerState",
    "provider_state",
    "providerStates",
    "request",
    "response",
    "contents",
    "metadata",
    "metaData",
    "matchingRules",
    "generators",
    "pending",
    "comments",
    "transport",
    "pluginConfiguration",
    "interactionMarkup",
    "contract-version",
];

/// Reads an interaction; none where it is of a kind that is not known.
pub(crate) fn read(
    node: &Node<'_>,
    is_v4: bool,
    is_message: bool,
    problems: &mut Problems,
) -> Option<Interaction> {
    node.only("an interaction", &KNOWN, problems);
    refuse_plugin(node, problems);
    let kind = node.get("type").map(|kind| kind.loose_text());
    let exchange = match kind.as_deref() {
        _ if is_message => message(node, false, problems),
        None | Some("Synchronous/HTTP") => http(node, is_v4, problems),
        Some("Asynchronous/Messages") => message(node, is_v4, problems),
        Some("Synchronous/Messages") => sync_message(node, problems),
        Some(other) => {
            let kinds = "Synchronous/HTTP, Asynchronous/Messages, Synchronous/Messages";
            problems
                .add(node, format!("{other:?} is no type of an interaction; there are {kinds}"));
            return None;
        }
    };
    let pending = node.get("pending").is_some_and(|it| it.value.as_bool() == Some(true));
    Some(Interaction {
        description: node.text_at("description", problems),
        states: states(node, problems),
        pending,
        comments: comments(node),
        exchange,
    })
}

fn refuse_plugin(node: &Node<'_>, problems: &mut Problems) {
    if let Some(plugins) = node.get("pluginConfiguration")
        && let Some(configured) = plugins.object().filter(|configured| !configured.is_empty())
    {
        let names: Vec<&str> = configured.keys().map(String::as_str).collect();
        let message =
            format!("the plugin {} is needed, and no plugins are run here", names.join(", "));
        problems.add(&plugins, message);
    }
    if let Some(transport) = node.get("transport") {
        let name = transport.loose_text();
        if !["http", "https", "message", "async-message", "sync-message"].contains(&name.as_str()) {
            let message =
                format!("the transport {name:?} is a plugin's, and no plugins are run here");
            problems.add(&transport, message);
        }
    }
}

fn http(node: &Node<'_>, is_v4: bool, problems: &mut Problems) -> Exchange {
    let mut part = |key: &str| {
        let found = node.get(key);
        if found.is_none() {
            problems.add(node, format!("{key:?} is missing"));
        }
        found.unwrap_or_else(|| node.clone())
    };
    let (request, response) = (part("request"), part("response"));
    if !problems.0.is_empty() && (node.get("request").is_none() || node.get("response").is_none()) {
        return Exchange::Message(Box::default());
    }
    Exchange::Http(
        Box::new(part::request(&request, is_v4, problems)),
        Box::new(part::response(&response, is_v4, problems)),
    )
}

fn message(node: &Node<'_>, is_v4: bool, problems: &mut Problems) -> Exchange {
    Exchange::Message(Box::new(part::message(node, is_v4, problems)))
}

fn sync_message(node: &Node<'_>, problems: &mut Problems) -> Exchange {
    let request = node.get("request").map(|it| part::message(&it, true, problems));
    let responses = match node.get("response") {
        Some(responses) if responses.object().is_some() => vec![responses],
        Some(responses) => responses.items(problems),
        None => Vec::new(),
    };
    if responses.is_empty() {
        problems.add(node, "a synchronous message has at least one \"response\"");
    }
    let responses = responses.iter().map(|it| part::message(it, true, problems)).collect();
    Exchange::SyncMessage(Box::new(request.unwrap_or_default()), responses)
}

fn states(node: &Node<'_>, problems: &mut Problems) -> Vec<State> {
    let named = |name: String| State { name, params: BTreeMap::new() };
    if let Some(states) = node.get("providerStates") {
        if states.value.is_string() {
            return vec![named(states.loose_text())];
        }
        return states.items(problems).iter().map(|state| self::state(state, problems)).collect();
    }
    let one = node.first(&["providerState", "provider_state"]);
    let text = one.filter(|it| !it.value.is_null()).map(|it| it.text(problems));
    text.filter(|name| !name.is_empty()).map(named).into_iter().collect()
}

fn state(node: &Node<'_>, problems: &mut Problems) -> State {
    let params = node.get("params").filter(|params| !params.value.is_null());
    let params = params.map(|params| params.fields(problems)).unwrap_or_default();
    let params = params.into_iter().map(|(name, value)| (name.to_owned(), value.value.clone()));
    State { name: node.text_at("name", problems), params: params.collect() }
}

/// What a consumer says: the texts of `comments`.
fn comments(node: &Node<'_>) -> Vec<String> {
    let texts = node.get("comments").and_then(|comments| comments.get("text"));
    let texts = texts.and_then(|texts| texts.value.as_array().cloned()).unwrap_or_default();
    texts.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}
