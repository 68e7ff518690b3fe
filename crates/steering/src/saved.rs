//! The last table that a router was given, for its next start.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

use tidegate_traffic::RouteTable;

/// Writes `table` to `path` so that after a crash either it or the one before is found there.
pub fn save(path: &Path, table: &RouteTable) -> io::Result<()> {
    let new = path.with_extension("json.new");
    let mut file = File::create(&new)?;
    file.write_all(&serde_json::to_vec(table)?)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&new, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Reads the table that was saved last; none when there never was one, and none, with a word in
/// the log, when what is there is no table.
pub fn load(path: &Path) -> Option<RouteTable> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            tracing::error!(path = %path.display(), %error, "the last table cannot be read; starting with none");
            return None;
        }
    };
    serde_json::from_slice(&text)
        .inspect_err(|error| {
            tracing::error!(path = %path.display(), %error, "the last table is damaged; starting with none");
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use tidegate_units::Generation;

    use super::*;

    #[test]
    fn what_was_saved_last_is_loaded_and_damage_is_no_table() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.json");
        assert_eq!(load(&path), None);
        for generation in [1, 2] {
            let table = RouteTable { generation: Generation(generation), listeners: vec![] };
            save(&path, &table).unwrap();
            assert_eq!(load(&path), Some(table));
        }
        fs::write(&path, b"{\"generation\": 3, \"liste").unwrap();
        assert_eq!(load(&path), None);
    }
}
