use std::path::Path;

use tidegate_workload::ImageRule;

use crate::error::CliError;

/// Reads the image map of the settings.
pub(crate) fn read(path: &Path) -> Result<Vec<ImageRule>, CliError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| CliError::failed(format!("{name} cannot be read")).because(&error))?;
    serde_json::from_str(&text).map_err(|error| {
        CliError::failed(format!("{name} is no image map")).because(&error).hint(
            "an image map is a list such as \
             [{\"image\": \"ghcr.io/acme/web:*\", \"command\": [\"/opt/web/$1/web\"]}]",
        )
    })
}
