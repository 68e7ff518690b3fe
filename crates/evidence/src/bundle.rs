use std::collections::BTreeMap;

use serde::Serialize;

/// What was built, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    /// Each file, by its name as the report has it.
    pub assets: BTreeMap<String, Asset>,
}

/// A file that was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Asset {
    /// Its sizes.
    pub sizes: Sizes,
    /// The size that the tool's own configuration allows, in bytes.
    pub limit: Option<u64>,
    /// Whether the tool itself says that it is too large.
    pub is_over: bool,
}

/// The sizes of a file, in bytes, as far as the report has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sizes {
    /// As it is, or as the tool measures it where that alone is said.
    pub raw: Option<u64>,
    /// Packed by gzip.
    pub gzip: Option<u64>,
    /// Packed by Brotli.
    pub brotli: Option<u64>,
}

impl Sizes {
    /// The one that travels: Brotli's, else gzip's, else the raw one.
    pub fn travels(self) -> Option<u64> {
        self.brotli.or(self.gzip).or(self.raw)
    }

    /// Sizes of several files together; one that is not known of one is not known of all.
    pub fn plus(self, other: Self) -> Self {
        let both = |a: Option<u64>, b: Option<u64>| Some(a?.saturating_add(b?));
        Self {
            raw: both(self.raw, other.raw),
            gzip: both(self.gzip, other.gzip),
            brotli: both(self.brotli, other.brotli),
        }
    }
}

impl Bundle {
    /// Files of several reports together; of a file that is in several, the last.
    pub fn merged(all: impl IntoIterator<Item = Self>) -> Self {
        Self { assets: all.into_iter().flat_map(|bundle| bundle.assets).collect() }
    }

    /// The sizes of all files together.
    pub fn total(&self) -> Sizes {
        let nothing = Sizes { raw: Some(0), gzip: Some(0), brotli: Some(0) };
        self.assets.values().fold(nothing, |sum, asset| sum.plus(asset.sizes))
    }
}

/// A digest of a name has at least so many characters: those of esbuild and Vite have 8; webpack's have
/// 20, shortened to 6 or 8 by many.
const SHORTEST_DIGEST: usize = 6;

/// `name` without the digest of its content: `assets/index-BsV8a1qz.js` is `assets/index-*.js`. A part between dots
/// or after the last hyphen counts as one when it has six characters or more, of them a digit,
/// and is hexadecimal, or has both cases.
pub fn steady_name(name: &str) -> String {
    let (folder, file) = name.rsplit_once('/').map_or(("", name), |(folder, file)| (folder, file));
    let parts: Vec<String> = file.split('.').map(steady_part).collect();
    let file = parts.join(".");
    if folder.is_empty() { file } else { format!("{folder}/{file}") }
}

fn steady_part(part: &str) -> String {
    if is_digest(part) {
        return "*".to_owned();
    }
    // The digest of Vite may have hyphens itself: eight characters behind the first one that fits.
    let digest =
        part.match_indices(['-', '_']).find(|(at, _)| part.get(at + 1..).is_some_and(is_digest));
    match digest.and_then(|(at, _)| part.get(..=at)) {
        Some(before) if before.len() > 1 => format!("{before}*"),
        _ => part.to_owned(),
    }
}

fn is_digest(part: &str) -> bool {
    let all = |fits: fn(&u8) -> bool| part.as_bytes().iter().all(fits);
    let any = |fits: fn(&u8) -> bool| part.as_bytes().iter().any(fits);
    if part.len() < SHORTEST_DIGEST || part.len() > 64 {
        return false;
    }
    if all(u8::is_ascii_hexdigit) {
        return any(u8::is_ascii_digit);
    }
    let mixed =
        any(u8::is_ascii_uppercase) && (any(u8::is_ascii_digit) || any(u8::is_ascii_lowercase));
    // esbuild's are base32: capitals and digits, eight of them.
    part.len() == 8
        && all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && mixed
        || part.len() == 8 && all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_no_part_of_a_name() {
        let check = |name: &str, expect: &str| assert_eq!(steady_name(name), expect);
        check("main.js", "main.js");
        check("main.3f2a1b9c.js", "main.*.js");
        check("assets/index-BsV8a1qz.js", "assets/index-*.js");
        check("assets/index-B-V8a_qz.js", "assets/index-*.js");
        check("out/chunk-ABCDE2FG.js", "out/chunk-*.js");
        check("app.0123456789abcdef0123.css", "app.*.css");
        check("vendors~main.chunk.js", "vendors~main.chunk.js");
        check("my-component.js", "my-component.js");
        check("defaced.js", "defaced.js");
        check("v1.2.3/jquery-3.7.1.min.js", "v1.2.3/jquery-3.7.1.min.js");
    }

    #[test]
    fn sizes_that_are_not_known_stay_so() {
        let one = Sizes { raw: Some(1), gzip: Some(1), brotli: None };
        let sum = one.plus(Sizes { raw: Some(2), gzip: None, brotli: Some(1) });
        assert_eq!(sum, Sizes { raw: Some(3), gzip: None, brotli: None });
        assert_eq!(one.travels(), Some(1));
    }
}
