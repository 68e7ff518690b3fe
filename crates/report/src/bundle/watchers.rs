use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use tidegate_evidence::{Asset, Bundle, Sizes};

use super::{MOST_ASSETS, add, raw};
use crate::json::List;

#[derive(Deserialize)]
struct Metafile {
    outputs: Outputs,
}

/// What was written, up to what is read of one bundle.
struct Outputs(BTreeMap<String, u64>);

impl<'de> Deserialize<'de> for Outputs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Output {
            bytes: u64,
        }
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Outputs;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("an object with a file for each key")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outputs, A::Error> {
                let mut outputs = BTreeMap::new();
                while let Some((name, Output { bytes })) = map.next_entry::<String, Output>()? {
                    outputs.insert(name, bytes);
                    if outputs.len() > MOST_ASSETS {
                        return Err(A::Error::custom(format!("more than {MOST_ASSETS} outputs")));
                    }
                }
                Ok(Outputs(outputs))
            }
        }
        from.deserialize_map(All)
    }
}

/// Reads a metafile of esbuild.
pub(crate) fn esbuild(text: &str) -> Result<Bundle, serde_json::Error> {
    let metafile: Metafile = serde_json::from_str(text)?;
    let mut bundle = Bundle::default();
    for (name, bytes) in &metafile.outputs.0 {
        add(&mut bundle, name, raw(*bytes));
    }
    Ok(bundle)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Limited {
    name: String,
    passed: Option<bool>,
    /// Absent where time alone is measured.
    size: Option<f64>,
    size_limit: Option<f64>,
}

/// Reads what `size-limit --json` writes. Its sizes are packed or not as it was told; they stand as the raw ones.
pub(crate) fn size_limit(text: &str) -> Result<Bundle, serde_json::Error> {
    let List(all): List<Limited, MOST_ASSETS> = serde_json::from_str(text)?;
    let mut bundle = Bundle::default();
    for one in all {
        let Some(size) = one.size.and_then(bytes) else { continue };
        let limit = one.size_limit.and_then(bytes);
        let asset = Asset { limit, is_over: one.passed == Some(false), ..raw(size) };
        add(&mut bundle, &one.name, asset);
    }
    Ok(bundle)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Watched {
    full_results: List<WatchedFile, MOST_ASSETS>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WatchedFile {
    file_path: String,
    size: Option<f64>,
    max_size: Option<f64>,
    status: Option<String>,
}

/// Reads the results of bundlewatch, which measures files packed by gzip unless it is told otherwise.
pub(crate) fn bundlewatch(text: &str) -> Result<Bundle, serde_json::Error> {
    let Watched { full_results: List(all) } = serde_json::from_str(text)?;
    let mut bundle = Bundle::default();
    for one in all {
        let Some(size) = one.size.and_then(bytes) else { continue };
        let asset = Asset {
            sizes: Sizes { gzip: Some(size), ..Sizes::default() },
            limit: one.max_size.and_then(bytes),
            is_over: one.status.as_deref() == Some("fail"),
        };
        add(&mut bundle, &one.file_path, asset);
    }
    Ok(bundle)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturating is what is meant"
)]
fn bytes(size: f64) -> Option<u64> {
    (size.is_finite() && size >= 0.0).then(|| size.round() as u64)
}
