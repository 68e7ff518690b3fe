//! Package URLs of images, as `CDEvents` names artifacts.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a part of a package URL has as it is.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// `registry/path/name:tag@digest` as `pkg:oci/name@digest?repository_url=registry/path/name&tag=tag`.
pub(crate) fn of_image(image: &str) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, PLAIN).to_string();
    let (rest, digest) = match image.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (image, None),
    };
    // A colon before the last slash is that of a port.
    let (repository, tag) = match rest.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (rest, None),
    };
    let name = repository.rsplit('/').next().unwrap_or_default().to_lowercase();
    let version = digest.map(|digest| format!("@{}", encoded(digest))).unwrap_or_default();
    let mut qualifiers = Vec::new();
    if repository.contains('/') {
        qualifiers.push(format!("repository_url={}", encoded(&repository.to_lowercase())));
    }
    qualifiers.extend(tag.map(|tag| format!("tag={}", encoded(tag))));
    let mark = if qualifiers.is_empty() { "" } else { "?" };
    let qualifiers = qualifiers.join("&");
    format!("pkg:oci/{}{version}{mark}{qualifiers}", encoded(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_named_as_package_urls_do() {
        let check = |image: &str, expect: &str| assert_eq!(of_image(image), expect, "{image}");
        check("web", "pkg:oci/web");
        check("web:2", "pkg:oci/web?tag=2");
        check("shop/web:2", "pkg:oci/web?repository_url=shop/web&tag=2");
        check(
            "registry.example:5000/shop/Web@sha256:ab12",
            "pkg:oci/web@sha256%3Aab12?repository_url=registry.example%3A5000/shop/web",
        );
        check("localhost:5000/web", "pkg:oci/web?repository_url=localhost%3A5000/web");
    }
}
