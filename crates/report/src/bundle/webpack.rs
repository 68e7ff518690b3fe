use serde::Deserialize;
use tidegate_evidence::{Bundle, Sizes};

use super::{MOST_ASSETS, add, raw};
use crate::json::List;

/// What `webpack --json` and rspack write.
#[derive(Deserialize)]
struct Stats {
    #[serde(default)]
    assets: List<Listed, MOST_ASSETS>,
    /// Of several configurations each has its own.
    #[serde(default)]
    children: List<Child, 1_000>,
}

#[derive(Deserialize)]
struct Child {
    #[serde(default)]
    assets: List<Listed, MOST_ASSETS>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    name: String,
    size: u64,
    #[serde(default)]
    is_over_size_limit: Option<bool>,
    /// The same packed, by who made it.
    #[serde(default)]
    related: List<Related, 1_000>,
}

#[derive(Deserialize)]
struct Related {
    #[serde(rename = "type")]
    kind: Option<String>,
    name: Option<String>,
    size: Option<u64>,
}

/// Reads stats of webpack. Those of its children count only where it has none itself: plugins run children of their
/// own, which emit nothing that is served.
pub(crate) fn webpack(text: &str) -> Result<Bundle, serde_json::Error> {
    let stats: Stats = serde_json::from_str(text)?;
    let mut bundle = Bundle::default();
    let own = stats.assets.0.iter();
    if stats.assets.0.is_empty() {
        let all = stats.children.0.iter().flat_map(|child| &child.assets.0);
        all.for_each(|listed| take(&mut bundle, listed));
    } else {
        own.for_each(|listed| take(&mut bundle, listed));
    }
    Ok(bundle)
}

fn take(bundle: &mut Bundle, listed: &Listed) {
    let packed = |kind: &str, end: &str| {
        let is = |own: &&Related| {
            own.kind.as_deref() == Some(kind)
                || own.name.as_ref().is_some_and(|name| name.ends_with(end))
        };
        listed.related.0.iter().find(is).and_then(|own| own.size)
    };
    let mut asset = raw(listed.size);
    asset.sizes = Sizes {
        gzip: packed("gzipped", ".gz"),
        brotli: packed("brotliCompressed", ".br"),
        ..asset.sizes
    };
    asset.is_over = listed.is_over_size_limit == Some(true);
    add(bundle, &listed.name, asset);
}
