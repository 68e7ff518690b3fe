//! XML as elements: names with their namespaces, attributes, children, text.

use std::collections::BTreeMap;

use quick_xml::{
    NsReader, XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesRef, BytesStart, Event},
    name::{PrefixDeclaration, ResolveResult},
};

/// Elements within each other; each level is a call.
const MOST_DEPTH: usize = 128;

/// An element.
#[derive(Debug, Default)]
pub(crate) struct Element {
    /// `namespace:name`, or the name where there is none.
    pub(crate) name: String,
    /// Attributes by such names, without declarations of namespaces.
    pub(crate) attributes: BTreeMap<String, String>,
    /// The elements in it.
    pub(crate) children: Vec<Self>,
    /// Its own text, without spaces around its pieces.
    pub(crate) text: String,
}

/// Reads a document's root.
///
/// # Errors
/// Why it is no XML.
pub(crate) fn read(bytes: &[u8]) -> Result<Element, String> {
    let text = std::str::from_utf8(bytes).map_err(|problem| problem.to_string())?;
    let mut reader = NsReader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let event = reader.read_event().map_err(|problem| problem.to_string())?;
        match event {
            Event::Start(start) => {
                if open.len() >= MOST_DEPTH {
                    return Err(format!("elements are more than {MOST_DEPTH} deep"));
                }
                open.push(element(&reader, &start)?);
            }
            Event::Empty(start) => {
                let done = element(&reader, &start)?;
                close(done, &mut open, &mut root)?;
            }
            Event::End(_) => {
                let done = open.pop().ok_or("an element ends that did not begin")?;
                close(done, &mut open, &mut root)?;
            }
            Event::Text(text) => add(&mut open, &text),
            Event::CData(text) => add(&mut open, &text),
            Event::GeneralRef(reference) => add(&mut open, &resolved(&reference)?),
            Event::DocType(_) => return Err("a document type is not read".to_owned()),
            Event::Eof => break,
            _ => {}
        }
    }
    if !open.is_empty() {
        return Err("an element does not end".to_owned());
    }
    root.ok_or_else(|| "there is no element".to_owned())
}

fn words(problem: impl std::fmt::Display) -> String {
    problem.to_string()
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text.trim());
    }
}

fn close(done: Element, open: &mut [Element], root: &mut Option<Element>) -> Result<(), String> {
    match open.last_mut() {
        Some(parent) => parent.children.push(done),
        None if root.is_none() => *root = Some(done),
        None => return Err("there is more than one root".to_owned()),
    }
    Ok(())
}

fn resolved(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(letter) = reference.resolve_char_ref().map_err(words)? {
        return Ok(letter.to_string());
    }
    let name: &str = reference;
    let known = resolve_predefined_entity(name);
    known.map(str::to_owned).ok_or_else(|| format!("the entity {name} is not known"))
}

fn element(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Element, String> {
    let resolver = reader.resolver();
    let (namespace, local) = resolver.resolve_element(start.name());
    let name = full(&namespace, local.as_ref())?;
    let mut attributes = BTreeMap::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(words)?;
        if matches!(
            attribute.key.as_namespace_binding(),
            Some(PrefixDeclaration::Default | PrefixDeclaration::Named(_))
        ) {
            continue;
        }
        let (namespace, local) = resolver.resolve_attribute(attribute.key);
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(words)?;
        attributes.insert(full(&namespace, local.as_ref())?, value.into_owned());
    }
    Ok(Element { name, attributes, ..Element::default() })
}

fn full(namespace: &ResolveResult<'_>, local: &str) -> Result<String, String> {
    match namespace {
        ResolveResult::Bound(uri) => Ok(format!("{}:{local}", uri.0)),
        ResolveResult::Unbound => Ok(local.to_owned()),
        ResolveResult::Unknown(prefix) => Err(format!("the prefix {prefix} is not declared")),
    }
}
