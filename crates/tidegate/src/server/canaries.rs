//! The canary configurations that the server judges by.

use std::{path::PathBuf, sync::Arc};

use tidegate_kayenta::CanaryConfig;
use tidegate_metrics::CanaryConfigs;

use crate::{
    error::{CliError, ErrorKind},
    files::{Source, read_sources},
    paint::Paint,
};

/// Reads all of them: each has a name, which no other one has for the same application.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<CanaryConfig>, CliError> {
    let mut configs: Vec<(String, CanaryConfig)> = Vec::new();
    for Source { name: file, text } in read_sources(paths)? {
        let (config, notes) =
            tidegate_manifest::read_canary_config(&file, &text).map_err(|problems| {
                CliError::failed(format!("{file} is no canary configuration"))
                    .problems(vec![problems])
            })?;
        for note in notes {
            tracing::info!("{note}");
        }
        if config.name.is_empty() {
            let message = format!("the canary configuration {file} has no name");
            return Err(CliError::new(ErrorKind::Usage, message)
                .hint("give it the name that canaryConfigName of analysis templates has"));
        }
        if let Some((first, _)) = configs.iter().find(|(_, known)| clash(known, &config)) {
            let message =
                format!("{file} and {first} are both the canary configuration {:?}", config.name);
            return Err(CliError::new(ErrorKind::Usage, message));
        }
        configs.push((file, config));
    }
    Ok(configs.into_iter().map(|(_, config)| config).collect())
}

/// Reads them each time that it is asked.
pub(crate) fn reader(paths: Vec<PathBuf>) -> Arc<CanaryConfigs> {
    Arc::new(move || read(&paths).map_err(|error| error.render(Paint::Plain).trim().to_owned()))
}

/// Whether a metric could mean either.
fn clash(a: &CanaryConfig, b: &CanaryConfig) -> bool {
    let all = a.applications.is_empty() || b.applications.is_empty();
    a.name == b.name && (all || a.applications.iter().any(|one| b.applications.contains(one)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read_two(first: &str, second: &str) -> Result<usize, String> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.json"), first).unwrap();
        fs::write(folder.path().join("b.yaml"), second).unwrap();
        let found = read(&[folder.path().to_owned()]);
        found.map(|configs| configs.len()).map_err(|error| {
            error.render(Paint::Plain).replace(&folder.path().display().to_string(), "")
        })
    }

    #[test]
    fn configurations_of_a_folder_are_told_apart_by_name_and_application() {
        let one = r#"{"name": "shop", "applications": ["web"], "metrics": []}"#;
        assert_eq!(read_two(one, "{name: other, metrics: []}"), Ok(2));
        assert_eq!(read_two(one, "{name: shop, applications: [api], metrics: []}"), Ok(2));
        for clashing in
            ["{name: shop, metrics: []}", "{name: shop, applications: [web], metrics: []}"]
        {
            let told = read_two(one, clashing).unwrap_err();
            assert!(told.contains("/b.yaml and /a.json are both"), "{told}");
        }
        assert!(read_two(one, "{metrics: []}").unwrap_err().contains("/b.yaml has no name"));
        let told = read_two(one, "{name: a, metrics: 1}").unwrap_err();
        assert!(told.contains("found the number 1\n --> /b.yaml:1:20 in metrics"), "{told}");
    }
}
