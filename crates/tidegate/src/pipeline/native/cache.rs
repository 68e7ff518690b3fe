use std::ffi::OsString;

use tidegate_results::{
    CachePaths, Compression, Error, Lookup, cache_version, restore_cache, save_cache,
};
use tidegate_steps::{Order, Outcome, Pair, Report};

use super::{Told, apart, outputs};
use crate::pipeline::host::{Room, is_post};

pub(super) const INPUTS: &[(&str, &str)] = &[
    ("path", ""),
    ("key", ""),
    ("restore-keys", ""),
    ("upload-chunk-size", ""),
    ("enableCrossOsArchive", "false"),
    ("fail-on-cache-miss", "false"),
    ("lookup-only", "false"),
    ("save-always", "false"),
];

/// What the stages of one step tell each other.
const KEY: &str = "CACHE_KEY";
const RESULT: &str = "CACHE_RESULT";

pub(super) async fn run(
    room: &Room,
    order: &Order,
    told: &Told,
    state: &[Pair],
) -> Result<Report, String> {
    if !is_post(order) {
        let mut report = restore(room, order, told).await?;
        let matched = report.outputs.iter().find(|(name, _)| &**name == "cache-matched-key");
        let matched = matched.map_or_else(|| "".into(), |(_, value)| value.clone());
        report.state = vec![(KEY.into(), told.get("key").into()), (RESULT.into(), matched)];
        return Ok(report);
    }
    let saved =
        |name: &str| state.iter().find(|(own, _)| &**own == name).map_or("", |(_, value)| value);
    let (key, result) = (saved(KEY), saved(RESULT));
    if !key.is_empty() && key.eq_ignore_ascii_case(result) {
        room.say(
            &order.step,
            &format!("Cache hit occurred on the primary key {key}, not saving cache."),
        );
        return Ok(Report::of(Outcome::Success));
    }
    save(room, order, told, key).await
}

pub(super) async fn save_now(room: &Room, order: &Order, told: &Told) -> Result<Report, String> {
    save(room, order, told, told.needed("key")?).await
}

/// How the official client would pack, by what the job has in its `PATH`.
fn compression(order: &Order) -> Compression {
    let own: Vec<&str> = order.path.iter().map(AsRef::as_ref).collect();
    let mut path = OsString::from(own.join(":"));
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    Compression::of_path(&path)
}

async fn save(room: &Room, order: &Order, told: &Told, key: &str) -> Result<Report, String> {
    let (paths, key) = (told.lines("path"), key.to_owned());
    let (store, grant, folders) =
        (room.store.clone(), room.grant.clone(), room.job.folders().clone());
    let compression = compression(order);
    let name = key.clone();
    let saved = apart(move || {
        let (workspace, home) = (folders.workspace().to_owned(), folders.home());
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let place = tidegate_glob::Place { folder: &workspace, home: &home };
        let what = CachePaths { paths: &paths, place, compression };
        Ok(save_cache(&store, &grant, what, &key))
    })
    .await?;
    // As the official action has it: what is not saved fails nothing.
    let said = match saved {
        Ok(entry) => format!("Cache saved with key: {} ({} bytes)", entry.key, entry.blob.size),
        Err(Error::AlreadyExists(why)) => format!("Failed to save: {why}"),
        Err(error) => format!("##[warning]Cache {name} was not saved: {error}"),
    };
    room.say(&order.step, &said);
    Ok(Report::of(Outcome::Success))
}

pub(super) async fn restore(room: &Room, order: &Order, told: &Told) -> Result<Report, String> {
    let key = told.needed("key")?.to_owned();
    told.needed("path")?;
    let (paths, keys) = (told.lines("path"), told.lines("restore-keys"));
    let lookup_only = told.truth("lookup-only")?;
    let (store, grant, folders) =
        (room.store.clone(), room.grant.clone(), room.job.folders().clone());
    let compression = compression(order);
    let primary = key.clone();
    let found = apart(move || {
        let (workspace, home) = (folders.workspace().to_owned(), folders.home());
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let keys: Vec<&str> =
            std::iter::once(primary.as_str()).chain(keys.iter().map(String::as_str)).collect();
        let version = cache_version(&paths, compression);
        if lookup_only {
            return store
                .find_cache(&grant, Lookup { keys: &keys, version: &version })
                .map_err(|error| error.to_string());
        }
        let place = tidegate_glob::Place { folder: &workspace, home: &home };
        let what = CachePaths { paths: &paths, place, compression };
        restore_cache(&store, &grant, what, &keys).map_err(|error| error.to_string())
    })
    .await?;
    let Some(entry) = found else {
        if told.truth("fail-on-cache-miss")? {
            return Err(format!(
                "Failed to restore cache entry. Exiting as fail-on-cache-miss is set. Input key: {key}"
            ));
        }
        room.say(&order.step, &format!("Cache not found for input keys: {key}"));
        return Ok(outputs([("cache-primary-key", key)]));
    };
    let exact = entry.key.eq_ignore_ascii_case(&key);
    room.say(&order.step, &format!("Cache restored from key: {}", entry.key));
    Ok(outputs([
        ("cache-primary-key", key),
        ("cache-hit", exact.to_string()),
        ("cache-matched-key", entry.key),
    ]))
}
