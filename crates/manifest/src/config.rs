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
    let data = object.or("data", BTreeMap::new(), texts);
    let bytes = object.or("binaryData", BTreeMap::new(), |spot| {
        check_keys(spot);
        for (key, value) in spot.entries()?.into_iter().filter(|(key, _)| data.contains_key(*key)) {
            let complaint = Complaint::new(format!("{key:?} is given under data as well"));
            value.complain(complaint.hint("keep one of the two"));
        }
        let decoded = |(key, value): (&str, Spot<'_>)| Some((key.to_owned(), decoded(&value)?));
        Some(spot.entries()?.into_iter().filter_map(decoded).collect())
    });
    Some(ConfigMap { key: meta.key, data, bytes })
}

/// Reads a Secret. Its values are never repeated in a problem.
pub(crate) fn secret(document: &Spot<'_>) -> Option<Secret> {
    let object = document.fields(&SECRET)?;
    let meta = meta::read(&object, SUBDOMAIN, &[]);
    let Values { texts: mut data, mut bytes } = object.or("data", Values::default(), values);
    for (key, text) in object.or("stringData", BTreeMap::new(), plain) {
        bytes.remove(&key);
        data.insert(key, text);
    }
    Some(Secret { key: meta.key, data, bytes })
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

/// The values of a Secret: those that are texts, and the others.
#[derive(Default)]
struct Values {
    texts: BTreeMap<String, String>,
    bytes: BTreeMap<String, Vec<u8>>,
}

fn values(spot: &Spot<'_>) -> Option<Values> {
    check_keys(spot);
    let mut values = Values::default();
    for (key, value) in spot.entries()? {
        if is_hidden(&value) {
            continue;
        }
        match decoded(&value).map(String::from_utf8) {
            Some(Ok(text)) => drop(values.texts.insert(key.to_owned(), text)),
            Some(Err(other)) => drop(values.bytes.insert(key.to_owned(), other.into_bytes())),
            None => {}
        }
    }
    Some(values)
}

fn decoded(value: &Spot<'_>) -> Option<Vec<u8>> {
    let text = if value.is_null() { "" } else { value.text()? };
    let bytes = base64::decode(text);
    if bytes.is_none() {
        value.complain(
            Complaint::new("found a value that is not base64")
                .allow("text in base64")
                .hint("plain text goes under stringData, or data of a ConfigMap"),
        );
    }
    bytes
}
