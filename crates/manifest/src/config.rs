//! `v1` `ConfigMap` and Secret.

use std::collections::BTreeMap;

use tidegate_workload::{ConfigMap, Secret};

use crate::{
    base64,
    fields::config::{CONFIG_MAP, SECRET},
    meta,
    names::{CONFIG_KEY, SUBDOMAIN},
    report::Complaint,
    walk::Spot,
};

/// Reads a `ConfigMap`.
pub(crate) fn config_map(document: &Spot<'_>) -> Option<ConfigMap> {
    let object = document.fields(&CONFIG_MAP)?;
    let meta = meta::read(&object, SUBDOMAIN, &[]);
    Some(ConfigMap { key: meta.key, data: object.or("data", BTreeMap::new(), texts) })
}

/// Reads a Secret. Its values are never repeated in a problem.
pub(crate) fn secret(document: &Spot<'_>) -> Option<Secret> {
    let object = document.fields(&SECRET)?;
    let meta = meta::read(&object, SUBDOMAIN, &[]);
    let mut data = object.or("data", BTreeMap::new(), decoded);
    data.extend(object.or("stringData", BTreeMap::new(), plain));
    Some(Secret { key: meta.key, data })
}

fn plain(spot: &Spot<'_>) -> Option<BTreeMap<String, String>> {
    let data = texts(spot)?;
    for (_, value) in spot.entries()? {
        is_hidden(&value);
    }
    Some(data)
}

/// Refuses what stands for a value where a Secret is shown.
fn is_hidden(value: &Spot<'_>) -> bool {
    let hidden = value.node.as_text() == Some(Secret::HIDDEN);
    if hidden {
        let found = format!("found \"{}\", which is shown in the place of a value", Secret::HIDDEN);
        let complaint = Complaint::new(found);
        value.complain(complaint.hint("write the value itself, or leave this Secret out"));
    }
    hidden
}

fn texts(spot: &Spot<'_>) -> Option<BTreeMap<String, String>> {
    check_keys(spot);
    spot.text_map()
}

fn check_keys(spot: &Spot<'_>) {
    // What is no mapping is reported by whoever reads the values.
    if spot.is_map() {
        for (key, value) in spot.entries().unwrap_or_default() {
            CONFIG_KEY.check_key(&value, key);
        }
    }
}

fn decoded(spot: &Spot<'_>) -> Option<BTreeMap<String, String>> {
    check_keys(spot);
    let mut data = BTreeMap::new();
    for (key, value) in spot.entries()? {
        if is_hidden(&value) {
            continue;
        }
        let text = if value.is_null() { Some("") } else { value.text() };
        let Some(text) = text else {
            continue;
        };
        match base64::decode(text).map(String::from_utf8) {
            Some(Ok(text)) => {
                data.insert(key.to_owned(), text);
            }
            Some(Err(_)) => value.complain(
                Complaint::new("not supported yet: a value that is no UTF-8 text")
                    .hint("variables of the environment are text"),
            ),
            None => value.complain(
                Complaint::new("found a value that is not base64")
                    .allow("text in base64")
                    .hint("plain text goes under stringData"),
            ),
        }
    }
    Some(data)
}
