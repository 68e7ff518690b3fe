//! Sizes of what was built, as bundlers and their watchers write them.

mod list;
mod watchers;
mod webpack;

pub(crate) use list::{json_list, separated, separated_header};
pub(crate) use watchers::{bundlewatch, esbuild, size_limit};
pub(crate) use webpack::webpack;

use tidegate_evidence::{Asset, Bundle, LONGEST_NAME, Sizes, cut};

/// Files of one bundle. Builds with a chunk for each route have some thousands.
const MOST_ASSETS: usize = 100_000;

/// Adds a file, unless it is a source map: nobody who uses what was built loads those.
fn add(bundle: &mut Bundle, name: &str, asset: Asset) {
    let name = name.split('?').next().unwrap_or(name);
    let is_map = std::path::Path::new(name).extension().is_some_and(|own| own == "map");
    if !is_map {
        bundle.assets.insert(cut(name, LONGEST_NAME), asset);
    }
}

/// A file of which its own size is all that is known.
fn raw(size: u64) -> Asset {
    let sizes = Sizes { raw: Some(size), ..Sizes::default() };
    Asset { sizes, ..Asset::default() }
}
