use tidegate_evidence::{LONGEST_NAME, Place, cut};

use super::{rule::at, wire};

/// Bases of paths that stand upon each other: usually one or two.
const MOST_BASES: usize = 8;

/// Bases of paths that are looked at for each result. Logs have three or so.
const MOST_ROOTS: usize = 32;

/// Where a result is, and what is written there.
pub(super) fn place_of(run: &wire::Run, own: &wire::Item) -> (Option<Place>, String) {
    let location = own.locations.0.as_ref().and_then(|own| own.physical_location.as_ref());
    let Some(location) = location else { return (None, String::new()) };
    let snippet = [location.region.as_ref(), location.context_region.as_ref()]
        .into_iter()
        .find_map(|region| region?.snippet.as_ref()?.text.clone());
    let Some(file) = path(run, &location.artifact_location) else {
        return (None, snippet.unwrap_or_default());
    };
    let number = |value: Option<i64>| u32::try_from(value?).ok().filter(|value| *value > 0);
    let mut place = Place { file, ..Place::default() };
    if let Some(region) = &location.region {
        place.line = number(region.start_line);
        place.column = number(region.start_column);
        place.end_line = number(region.end_line).filter(|end| Some(*end) >= place.line);
        place.end_column = number(region.end_column);
    }
    (Some(place), snippet.unwrap_or_default())
}

/// The path of a file from the root of the repository, as far as the log tells: relative to the bases of the run that
/// are absolute, which stand for the root.
fn path(run: &wire::Run, location: &wire::ArtifactLocation) -> Option<String> {
    let listed = at(&run.artifacts.0, location.index).map(|artifact| &artifact.location);
    let location = if location.uri.is_some() { location } else { listed? };
    let mut whole = location.uri.clone()?;
    let mut base = location.uri_base_id.as_deref();
    for _ in 0..MOST_BASES {
        if is_absolute(&whole) {
            break;
        }
        let Some(own) = base.and_then(|base| run.original_uri_base_ids.get(base)) else { break };
        match own.uri.as_deref() {
            Some(uri) if !is_absolute(uri) => {
                whole = cut(&format!("{}/{whole}", uri.trim_end_matches('/')), LONGEST_NAME);
            }
            _ => {}
        }
        base = own.uri_base_id.as_deref();
    }
    let roots =
        run.original_uri_base_ids.values().take(MOST_ROOTS).filter_map(|own| own.uri.as_deref());
    let root = roots
        .filter(|root| is_absolute(root) && root.ends_with('/') && whole.starts_with(root))
        .max_by_key(|root| root.len());
    let rest = root.and_then(|root| whole.strip_prefix(root)).unwrap_or(&whole);
    let rest = rest.strip_prefix("file://").map_or(rest, without_host);
    let decoded = decoded(rest).replace('\\', "/");
    let decoded = decoded.trim_start_matches("./");
    (!decoded.is_empty()).then(|| cut(decoded, LONGEST_NAME))
}

fn is_absolute(uri: &str) -> bool {
    uri.starts_with('/') || uri.contains("://") || uri.starts_with("file:")
}

/// The path of `localhost/a` or `/C:/a`.
fn without_host(rest: &str) -> &str {
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    match path.as_bytes() {
        [b'/', letter, b':', b'/', ..] if letter.is_ascii_alphabetic() => {
            path.get(1..).unwrap_or(path)
        }
        _ => path,
    }
}

/// With `%20` and the like told; what is no such thing stays.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let digit = |at: usize| behind.get(at).and_then(|own| char::from(*own).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (first, digit(0), digit(1)) {
            bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'%'));
            rest = behind.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
