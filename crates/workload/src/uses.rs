//! What a pod template is given of by name.

use std::collections::BTreeSet;

use crate::{Container, EnvFrom, EnvSource, FileSource, PodTemplate, VolumeSource};

impl PodTemplate {
    /// The names of the `ConfigMap`s that its containers are given entries of, in their own namespace.
    pub fn config_maps(&self) -> BTreeSet<&str> {
        let whole = self.all().flat_map(|container| &container.env_from);
        let whole = whole.filter_map(|from| match from {
            EnvFrom::ConfigMap { name, .. } => Some(name),
            EnvFrom::Secret { .. } => None,
        });
        let single = sources(self.all()).filter_map(|source| match source {
            EnvSource::ConfigMapKey { name, .. } => Some(name),
            _ => None,
        });
        let files = self.files().filter_map(|source| match source {
            FileSource::ConfigMap(entries) => Some(&entries.name),
            _ => None,
        });
        whole.chain(single).chain(files).map(String::as_str).collect()
    }

    /// The names of the Secrets that its containers are given entries of, or their images are fetched with.
    pub fn secrets(&self) -> BTreeSet<&str> {
        let whole = self.all().flat_map(|container| &container.env_from);
        let whole = whole.filter_map(|from| match from {
            EnvFrom::Secret { name, .. } => Some(name),
            EnvFrom::ConfigMap { .. } => None,
        });
        let single = sources(self.all()).filter_map(|source| match source {
            EnvSource::SecretKey { name, .. } => Some(name),
            _ => None,
        });
        let files = self.files().filter_map(|source| match source {
            FileSource::Secret(entries) => Some(&entries.name),
            _ => None,
        });
        let named = whole.chain(single).chain(files).chain(&self.pull_secrets);
        named.map(String::as_str).collect()
    }

    fn files(&self) -> impl Iterator<Item = &FileSource> {
        let sources = self.volumes.iter().filter_map(|volume| match &volume.source {
            VolumeSource::Files { sources, .. } => Some(sources),
            _ => None,
        });
        sources.flatten()
    }
}

fn sources<'a>(
    containers: impl Iterator<Item = &'a Container>,
) -> impl Iterator<Item = &'a EnvSource> {
    containers.flat_map(|container| &container.env).map(|variable| &variable.source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Entries, EnvVar, InitContainer, InitKind, Volume};

    fn entry(name: &str) -> Entries {
        Entries { name: name.to_owned(), optional: false, items: vec![] }
    }

    fn variable(source: EnvSource) -> EnvVar {
        EnvVar { name: "X".to_owned(), source }
    }

    #[test]
    fn what_a_template_is_given_of_is_found_wherever_it_stands() {
        let (name, key, prefix) = (String::from, || "k".to_owned(), String::new);
        let container = Container {
            env: vec![
                variable(EnvSource::ConfigMapKey { name: name("c1"), key: key(), optional: true }),
                variable(EnvSource::SecretKey { name: name("s1"), key: key(), optional: false }),
            ],
            ..Container::default()
        };
        let first = Container {
            env_from: vec![
                EnvFrom::ConfigMap { name: name("c2"), prefix: prefix(), optional: false },
                EnvFrom::Secret { name: name("s2"), prefix: prefix(), optional: false },
            ],
            ..Container::default()
        };
        let sources = vec![FileSource::ConfigMap(entry("c3")), FileSource::Secret(entry("s3"))];
        let template = PodTemplate {
            containers: vec![container],
            init: vec![InitContainer { container: first, kind: InitKind::Task }],
            volumes: vec![Volume {
                name: "files".to_owned(),
                source: VolumeSource::Files { sources, mode: 0o600 },
            }],
            pull_secrets: vec![name("s4")],
            ..PodTemplate::default()
        };
        assert_eq!(template.config_maps().into_iter().collect::<Vec<_>>(), ["c1", "c2", "c3"]);
        assert_eq!(template.secrets().into_iter().collect::<Vec<_>>(), ["s1", "s2", "s3", "s4"]);
        assert!(PodTemplate::default().secrets().is_empty());
    }
}
