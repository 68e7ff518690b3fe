use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Bundle, Sizes, steady_name};

/// What changed between the sizes of two builds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BundleComparison {
    /// All of the base; nothing where there is no base.
    pub base: Option<Sizes>,
    /// All of the head.
    pub head: Sizes,
    /// Each file by its name without the digest of its content; chunks of one such name together.
    pub assets: Vec<AssetChange>,
    /// Files that are larger than their own limit, as the head names them.
    pub over: Vec<String>,
}

/// A file that was built.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AssetChange {
    /// Its name without the digest of its content.
    pub name: String,
    /// Its sizes in the base, where it is there.
    pub base: Option<Sizes>,
    /// Its sizes in the head, where it is there.
    pub head: Option<Sizes>,
}

/// The sizes of two builds, measured alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Growth {
    /// How they are measured: `brotli`, `gzip` or `raw`.
    pub measure: &'static str,
    /// Bytes of the base.
    pub base: u64,
    /// Bytes of the head.
    pub head: u64,
}

impl Growth {
    /// The sizes in the measure nearest to what travels that both have.
    pub fn between(base: Sizes, head: Sizes) -> Option<Self> {
        let both = |measure, base: Option<u64>, head: Option<u64>| {
            Some(Self { measure, base: base?, head: head? })
        };
        both("brotli", base.brotli, head.brotli)
            .or_else(|| both("gzip", base.gzip, head.gzip))
            .or_else(|| both("raw", base.raw, head.raw))
    }

    /// By how many bytes it grew; below 0 when it shrank.
    pub fn bytes(self) -> i64 {
        let change = i128::from(self.head) - i128::from(self.base);
        let most = i128::from(i64::MAX);
        i64::try_from(change.clamp(-most, most)).unwrap_or(0)
    }

    /// By how many per cent of the base; nothing where that is empty.
    #[expect(clippy::cast_precision_loss, reason = "a percentage needs no exact bytes")]
    pub fn percent(self) -> Option<f64> {
        (self.base > 0).then(|| (self.head as f64 / self.base as f64 - 1.0) * 100.0)
    }
}

impl BundleComparison {
    /// The sizes of all together; nothing where there is no base, or none that is measured alike.
    pub fn growth(&self) -> Option<Growth> {
        Growth::between(self.base?, self.head)
    }
}

/// Compares the sizes of two builds.
pub(crate) fn compare_bundles(base: Option<&Bundle>, head: &Bundle) -> BundleComparison {
    let (before, now) = (base.map(by_name).unwrap_or_default(), by_name(head));
    let names: std::collections::BTreeSet<_> = before.keys().chain(now.keys()).collect();
    let asset = |name: &String| AssetChange {
        name: name.clone(),
        base: before.get(name).copied(),
        head: now.get(name).copied(),
    };
    let mut assets: Vec<_> = names.into_iter().map(asset).collect();
    assets.sort_by_key(|asset| std::cmp::Reverse(change(asset)));
    let over = head.assets.iter().filter(|(_, asset)| asset.is_over);
    BundleComparison {
        base: base.map(Bundle::total),
        head: head.total(),
        assets,
        over: over.map(|(name, _)| name.clone()).collect(),
    }
}

/// How many bytes a file changed by, whichever way.
fn change(asset: &AssetChange) -> u64 {
    let nothing = Sizes { raw: Some(0), gzip: Some(0), brotli: Some(0) };
    let growth = Growth::between(asset.base.unwrap_or(nothing), asset.head.unwrap_or(nothing));
    growth.map_or(0, |growth| growth.base.abs_diff(growth.head))
}

fn by_name(bundle: &Bundle) -> BTreeMap<String, Sizes> {
    let mut sums: BTreeMap<String, Sizes> = BTreeMap::new();
    for (name, asset) in &bundle.assets {
        sums.entry(steady_name(name))
            .and_modify(|sum| *sum = sum.plus(asset.sizes))
            .or_insert(asset.sizes);
    }
    sums
}
