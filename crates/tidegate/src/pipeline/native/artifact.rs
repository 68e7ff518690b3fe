use tidegate_results::{Download, Upload, Which, download as bring, upload as keep};
use tidegate_steps::{Order, Outcome, Report};

use super::{Told, apart, outputs};
use crate::pipeline::host::Room;

pub(super) const UPLOAD: &[(&str, &str)] = &[
    ("name", "artifact"),
    ("path", ""),
    ("if-no-files-found", "warn"),
    ("retention-days", ""),
    ("compression-level", "6"),
    ("overwrite", "false"),
    ("include-hidden-files", "false"),
    ("archive", "true"),
];

pub(super) const DOWNLOAD: &[(&str, &str)] = &[
    ("name", ""),
    ("artifact-ids", ""),
    ("path", ""),
    ("pattern", ""),
    ("merge-multiple", "false"),
    ("github-token", ""),
    ("repository", "${{ github.repository }}"),
    ("run-id", "${{ github.run_id }}"),
    ("skip-decompress", "false"),
    ("digest-mismatch", "error"),
];

pub(super) async fn upload(room: &Room, order: &Order, told: &Told) -> Result<Report, String> {
    let number = |name: &str| {
        let text = told.get(name);
        let number =
            (!text.is_empty()).then(|| text.parse().map_err(|_| format!("Invalid {name}: {text}")));
        number.transpose()
    };
    let asked = Upload {
        include_hidden: told.truth("include-hidden-files")?,
        overwrite: told.truth("overwrite")?,
        compression: number("compression-level")?
            .map_or(Ok(6), u8::try_from)
            .map_err(|_| "Invalid compression-level. Valid values are 0-9".to_owned())?,
        retention_days: number("retention-days")?,
        archive: told.truth("archive")?,
        ..Upload::new(told.get("name"), told.needed("path")?)
    };
    let missing = told.get("if-no-files-found").to_owned();
    if !["warn", "error", "ignore"].contains(&missing.as_str()) {
        return Err(format!(
            "Unrecognized if-no-files-found input. Provided: {missing}. Available options: warn,error,ignore"
        ));
    }
    let (store, grant, folders) =
        (room.store.clone(), room.grant.clone(), room.job.folders().clone());
    let paths = asked.paths.clone();
    let kept = apart(move || {
        let (workspace, home) = (folders.workspace().to_owned(), folders.home());
        let place = tidegate_glob::Place { folder: &workspace, home: &home };
        keep(&store, &grant, place, &asked).map_err(|error| error.to_string())
    })
    .await?;
    let Some(artifact) = kept else {
        let text = format!(
            "No files were found with the provided path: {paths}. No artifacts will be uploaded."
        );
        return match missing.as_str() {
            "error" => Err(text),
            "warn" => {
                room.say(&order.step, &format!("##[warning]{text}"));
                Ok(Report::of(Outcome::Success))
            }
            _ => {
                room.say(&order.step, &text);
                Ok(Report::of(Outcome::Success))
            }
        };
    };
    room.say(
        &order.step,
        &format!(
            "Artifact {} has been successfully uploaded: {} bytes",
            artifact.name, artifact.blob.size
        ),
    );
    Ok(outputs([
        ("artifact-id", artifact.id.to_string()),
        ("artifact-url", String::new()),
        ("artifact-digest", artifact.blob.digest.to_string()),
    ]))
}

pub(super) async fn download(room: &Room, order: &Order, told: &Told) -> Result<Report, String> {
    let which = match (told.get("name"), told.get("artifact-ids"), told.get("pattern")) {
        ("", "", "") => Which::All,
        (name, "", _) if !name.is_empty() => Which::Name(name.to_owned()),
        ("", "", pattern) => Which::Pattern(pattern.to_owned()),
        ("", ids, _) => {
            let ids = ids.split(',').map(|id| {
                id.trim()
                    .parse()
                    .map_err(|_| format!("Invalid artifact ID: '{id}'. Must be a number."))
            });
            Which::Ids(ids.collect::<Result<_, _>>()?)
        }
        _ => return Err(
            "Inputs 'name' and 'artifact-ids' cannot be used together. Please specify only one."
                .to_owned(),
        ),
    };
    let folders = room.job.folders();
    let path = match told.get("path").strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            folders.home().join(rest.trim_start_matches('/'))
        }
        _ => folders.workspace().join(told.get("path")),
    };
    let asked = Download {
        which,
        path: path.clone(),
        merge_multiple: told.truth("merge-multiple")?,
        skip_decompress: told.truth("skip-decompress")?,
    };
    let (store, run) = (room.store.clone(), told.get("run-id").to_owned());
    let brought =
        apart(move || bring(&store, &run, &asked).map_err(|error| error.to_string())).await?;
    for artifact in &brought {
        room.say(
            &order.step,
            &format!("Artifact {} ({} bytes) was downloaded", artifact.name, artifact.blob.size),
        );
    }
    room.say(&order.step, &format!("Total of {} artifact(s) downloaded", brought.len()));
    Ok(outputs([("download-path", path.display().to_string())]))
}
