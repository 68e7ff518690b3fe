//! The name of an image, taken apart as registries mean it.

use std::fmt;

/// Where images without a registry are pulled from, as in Kubernetes.
pub(crate) const DOCKER_HUB: &str = "docker.io";

/// The name of an image in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImageName {
    /// The host of its registry, with its port.
    pub(crate) registry: String,
    /// Its path there.
    pub(crate) path: String,
    /// `latest` where none is named.
    pub(crate) tag: String,
    /// The digest that it is to have, such as `sha256:...`.
    pub(crate) digest: Option<String>,
}

impl ImageName {
    /// Reads a name as Docker and Kubernetes do: what is before the first `/` is a registry if it
    /// has a dot or a colon, or is `localhost`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest.to_owned())),
            None => (text, None),
        };
        let (registry, rest) = match name.split_once('/') {
            Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => (host, rest),
            _ => (DOCKER_HUB, name),
        };
        let registry = if registry == "index.docker.io" { DOCKER_HUB } else { registry };
        let (path, tag) = rest.split_once(':').unwrap_or((rest, "latest"));
        let allowed = |letter: char| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || "._-/".contains(letter)
        };
        if path.is_empty() || tag.is_empty() || !path.chars().all(allowed) {
            return None;
        }
        let is_official = registry == DOCKER_HUB && !path.contains('/');
        let path = if is_official { format!("library/{path}") } else { path.to_owned() };
        Some(Self { registry: registry.to_owned(), path, tag: tag.to_owned(), digest })
    }

    /// Registry and path.
    pub(crate) fn repository(&self) -> String {
        format!("{}/{}", self.registry, self.path)
    }

    /// What of it says which version: the digest, if it names one.
    pub(crate) fn version(&self) -> &str {
        self.digest.as_deref().unwrap_or(&self.tag)
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.digest {
            Some(digest) => write!(f, "{}/{}@{digest}", self.registry, self.path),
            None => write!(f, "{}/{}:{}", self.registry, self.path, self.tag),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_what_they_mean_to_docker() {
        for (text, expect) in [
            ("nginx", Some("docker.io/library/nginx:latest")),
            ("nginx:1.25", Some("docker.io/library/nginx:1.25")),
            ("argoproj/rollouts-demo:blue", Some("docker.io/argoproj/rollouts-demo:blue")),
            ("index.docker.io/acme/web", Some("docker.io/acme/web:latest")),
            ("ghcr.io/acme/web:v1", Some("ghcr.io/acme/web:v1")),
            ("localhost/web", Some("localhost/web:latest")),
            ("localhost:5000/web:2", Some("localhost:5000/web:2")),
            ("ghcr.io/acme/web:v1@sha256:ab", Some("ghcr.io/acme/web@sha256:ab")),
            ("web@sha256:ab", Some("docker.io/library/web@sha256:ab")),
            ("", None),
            ("web:", None),
            ("Web", None),
            ("a web", None),
        ] {
            let name = ImageName::read(text).map(|name| name.to_string());
            assert_eq!(name.as_deref(), expect, "{text}");
        }
    }
}
