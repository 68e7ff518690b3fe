use rusqlite::{Connection, params};

use super::{Store, all, blobs::entries, first, remove_all, signed};
use crate::Error;

/// What was taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Artifacts that had expired.
    pub artifacts: u64,
    /// Cache entries that nobody used for long, or that there was no room for.
    pub caches: u64,
    /// Uploads that never ended.
    pub uploads: u64,
    /// Bytes that the disk got back.
    pub bytes: u64,
}

/// What becomes of the artifacts of a branch that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArtifactsOfBranch {
    /// They stay until they expire, as on GitHub.
    Keep,
    /// They go with it.
    Delete,
}

impl Store {
    /// Takes away what has expired, was not used for long, has no room or was never finished.
    pub fn sweep(&self) -> Result<Swept, Error> {
        let now = self.now();
        let mut locked = self.lock();
        let expired = self.drop_rows(
            &mut locked,
            "DELETE FROM artifact WHERE expires <= ?1 RETURNING blob",
            params![now.as_millis()],
        )?;
        let evicted = self.evict(&mut locked, None)?;
        let abandoned = self.drop_uploads(&mut locked)?;
        Ok(Swept {
            artifacts: expired.0,
            caches: evicted.0,
            uploads: abandoned.0,
            bytes: expired.1 + evicted.1 + abandoned.1,
        })
    }

    /// Takes away the caches of a ref that is gone, and its artifacts if so asked.
    pub fn forget_branch(
        &self,
        reference: &str,
        artifacts: ArtifactsOfBranch,
    ) -> Result<Swept, Error> {
        let mut locked = self.lock();
        let query = "DELETE FROM cache_entry WHERE scope = ?1 RETURNING blob";
        let caches = self.drop_rows(&mut locked, query, [reference])?;
        let kept = (0, 0);
        let query = "DELETE FROM artifact WHERE reference = ?1 RETURNING blob";
        let artifacts = match artifacts {
            ArtifactsOfBranch::Keep => kept,
            ArtifactsOfBranch::Delete => self.drop_rows(&mut locked, query, [reference])?,
        };
        Ok(Swept {
            artifacts: artifacts.0,
            caches: caches.0,
            uploads: 0,
            bytes: caches.1 + artifacts.1,
        })
    }

    /// Takes away cache entries that were not used for long, and then the least recently used until
    /// the rest has room; never `kept`, which was saved just now.
    pub(super) fn evict(
        &self,
        locked: &mut Connection,
        kept: Option<i64>,
    ) -> Result<(u64, u64), Error> {
        let oldest = self.now().before(self.limits.cache_unused).as_millis();
        let query = "DELETE FROM cache_entry WHERE used <= ?1 RETURNING blob";
        let unused = self.drop_rows(locked, query, [oldest])?;
        let total = first(locked, "SELECT sum(size) FROM cache_entry", [], |row| {
            row.get::<_, Option<i64>>(0)
        })?;
        let excess = total.flatten().unwrap_or(0) - signed(self.limits.cache_bytes);
        if excess <= 0 {
            return Ok(unused);
        }
        // The sum is of those that went before: the first whose sum reaches the excess goes too.
        let query = "DELETE FROM cache_entry WHERE id IN (SELECT id FROM (
                SELECT id, sum(size) OVER (ORDER BY used, id) - size AS before
                FROM cache_entry WHERE id IS NOT ?2) WHERE before < ?1) RETURNING blob";
        let crowded = self.drop_rows(locked, query, params![excess, kept])?;
        Ok((unused.0 + crowded.0, unused.1 + crowded.1))
    }

    /// Runs a deletion that returns the blobs of its rows, and removes those that nobody names then.
    fn drop_rows(
        &self,
        locked: &mut Connection,
        query: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<(u64, u64), Error> {
        let transaction = locked.transaction()?;
        let blobs: Vec<String> = all(&transaction, query, parameters, |row| row.get(0))?;
        transaction.commit()?;
        let bytes = self.release(locked, &blobs)?;
        Ok((blobs.len() as u64, bytes))
    }

    fn drop_uploads(&self, locked: &mut Connection) -> Result<(u64, u64), Error> {
        let before = self.now().before(self.limits.upload).as_millis();
        let query = "DELETE FROM upload WHERE begun < ?1 RETURNING id, blob";
        let gone: Vec<(i64, Option<String>)> =
            all(locked, query, [before], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (id, _) in &gone {
            remove_all(&self.parts(*id))?;
        }
        let blobs: Vec<_> = gone.iter().filter_map(|(_, blob)| blob.clone()).collect();
        Ok((gone.len() as u64, self.release(locked, &blobs)?))
    }

    /// Clears what a kill left: drafts, parts of uploads that nobody knows, blobs that nobody names.
    pub(super) fn clear(&self) -> Result<(), Error> {
        let mut locked = self.lock();
        self.drop_uploads(&mut locked)?;
        for path in entries(&self.folder.join("incoming"))? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let query = "SELECT 1 FROM upload WHERE id = ?1";
            let known = match name.parse::<i64>() {
                Ok(id) => first(&locked, query, [id], |_| Ok(()))?.is_some(),
                Err(_) => false,
            };
            match known {
                true => {}
                false if path.is_dir() => remove_all(&path)?,
                false => std::fs::remove_file(&path)
                    .map_err(Error::failed(format!("cannot clear {}", path.display())))?,
            }
        }
        self.clear_blobs(&locked).map(|_| ())
    }
}
