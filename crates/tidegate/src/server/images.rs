use std::path::Path;

use tidegate_workload::ImageRule;

use crate::{
    error::CliError,
    files::{Source, read_sources},
};

/// Reads the image map of the settings.
pub(crate) fn read(path: &Path) -> Result<Vec<ImageRule>, CliError> {
    let mut rules = Vec::new();
    for Source { name, text } in read_sources(&[path.to_owned()])? {
        rules.extend(tidegate_manifest::read_image_map(&name, &text).map_err(|problems| {
            CliError::failed(format!("{name} is no image map")).problems(vec![problems])
        })?);
    }
    Ok(rules)
}
