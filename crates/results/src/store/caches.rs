use rusqlite::{Connection, Row, params};
use tidegate_units::Timestamp;

use super::{
    Blob, Store, Upload, UploadKind, all, artifacts::blob, first, moment, remove_all, signed,
};
use crate::{Error, Grant, names};

/// Something that a job keeps for later ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheEntry {
    /// Its number, of which each is given once.
    pub id: i64,
    /// The ref that it was saved for.
    pub scope: String,
    /// Its key, which with its version is its alone in its scope.
    pub key: String,
    /// What it was made of and how it is packed, as a hash: see [`cache_version`](crate::cache_version).
    pub version: String,
    /// Its bytes.
    pub blob: Blob,
    /// When it was saved.
    pub created: Timestamp,
    /// When it was last restored, or saved.
    pub used: Timestamp,
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Lookup<'a> {
    /// The key, and then those to restore by: each is matched whole, then as the beginning of one.
    pub keys: &'a [&'a str],
    /// The version, which has to be the same.
    pub version: &'a str,
}

impl CacheEntry {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            scope: row.get("scope")?,
            key: row.get("key")?,
            version: row.get("version")?,
            blob: blob(row)?,
            created: moment(row, "created")?,
            used: moment(row, "used")?,
        })
    }
}

impl Store {
    /// Begins a cache entry of the ref that this job may write.
    pub(crate) fn create_cache(
        &self,
        grant: &Grant,
        key: &str,
        version: &str,
    ) -> Result<i64, Error> {
        names::check_key(key)?;
        names::check_version(version)?;
        let scope = grant.writable()?;
        let mut locked = self.lock();
        let query = "SELECT 1 FROM cache_entry WHERE scope = ?1 AND version = ?2 AND key = ?3";
        if first(&locked, query, params![scope, version, key], |_| Ok(()))?.is_some() {
            return Err(Error::AlreadyExists(format!(
                "cache entry {key:?} with the same version exists in {scope}, and entries do not change"
            )));
        }
        if let Some(upload) = cache_under_way(&locked, scope, key, version)? {
            if !upload.is_of(grant) && !self.is_over(&upload) {
                return Err(Error::AlreadyExists(format!(
                    "cache entry {key:?} is being saved by another job"
                )));
            }
            self.give_up(&locked, &upload)?;
        }
        self.check_uploads(&locked, grant)?;
        let transaction = locked.transaction()?;
        let mut upload = Upload::new(UploadKind::Cache, grant, scope, key);
        version.clone_into(&mut upload.version);
        let id = self.begin(&transaction, &upload)?;
        transaction.commit()?;
        Ok(id)
    }

    fn check_uploads(&self, locked: &Connection, grant: &Grant) -> Result<(), Error> {
        let query = "SELECT count(*) FROM upload
            WHERE kind = 'cache' AND run = ?1 AND attempt = ?2 AND job = ?3";
        let place = params![grant.run, grant.attempt, grant.job];
        let count = first(locked, query, place, |row| row.get::<_, i64>(0))?.unwrap_or(0);
        if count >= signed(self.limits.cache_uploads_of_job) {
            return Err(Error::TooLarge(format!(
                "a job saves {} cache entries at once at most",
                self.limits.cache_uploads_of_job
            )));
        }
        Ok(())
    }

    /// The upload of this key that this job began.
    pub(crate) fn cache_upload(
        &self,
        grant: &Grant,
        key: &str,
        version: &str,
    ) -> Result<Upload, Error> {
        let scope = grant.writable()?;
        cache_under_way(&self.lock(), scope, key, version)?
            .filter(|upload| upload.is_of(grant))
            .ok_or_else(|| Error::NotFound(format!("no cache entry {key:?} was begun by this job")))
    }

    /// Makes what was sent a cache entry, if it is as large as the client says, and makes room.
    pub(crate) fn finalize_cache(&self, id: i64, size: Option<u64>) -> Result<CacheEntry, Error> {
        let upload = self.upload(id)?;
        let blob = upload
            .blob
            .ok_or_else(|| Error::Mismatch(format!("nothing was sent for {:?}", upload.name)))?;
        if size.is_some_and(|size| size != blob.size) {
            return Err(Error::Mismatch(format!(
                "cache entry {:?}: {} bytes came",
                upload.name, blob.size
            )));
        }
        let now = self.now();
        let mut locked = self.lock();
        let transaction = locked.transaction()?;
        let added = transaction.execute(
            "INSERT OR IGNORE INTO cache_entry (scope, key, version, blob, size, created, used)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
            params![
                upload.reference,
                upload.name,
                upload.version,
                blob.digest.to_string(),
                signed(blob.size),
                now.as_millis(),
            ],
        )?;
        if added == 0 {
            return Err(Error::AlreadyExists(format!(
                "cache entry {:?} was saved by another job meanwhile",
                upload.name
            )));
        }
        let entry = CacheEntry {
            id: transaction.last_insert_rowid(),
            scope: upload.reference,
            key: upload.name,
            version: upload.version,
            blob,
            created: now,
            used: now,
        };
        Self::end(&transaction, upload.id)?;
        transaction.commit()?;
        remove_all(&self.parts(upload.id))?;
        self.evict(&mut locked, Some(entry.id))?;
        Ok(entry)
    }

    /// Looks an entry up as GitHub does: scope by scope, in each key by key, each first whole and then
    /// as the beginning of a key, the newest first. What is found is marked as used.
    pub fn find_cache(
        &self,
        grant: &Grant,
        lookup: Lookup<'_>,
    ) -> Result<Option<CacheEntry>, Error> {
        names::check_keys(lookup.keys)?;
        let scopes = grant.readable()?;
        let locked = self.lock();
        for scope in scopes {
            for key in lookup.keys {
                let found = self.find_in(&locked, scope, key, lookup.version)?;
                if let Some(entry) = found {
                    let used = params![entry.id, self.now().as_millis()];
                    locked.execute("UPDATE cache_entry SET used = ?2 WHERE id = ?1", used)?;
                    return Ok(Some(entry));
                }
            }
        }
        Ok(None)
    }

    fn find_in(
        &self,
        locked: &Connection,
        scope: &str,
        key: &str,
        version: &str,
    ) -> Result<Option<CacheEntry>, Error> {
        // Bytes are compared, with no letter standing for others; the whole key is the first.
        let query = "SELECT * FROM cache_entry
            WHERE scope = ?1 AND version = ?2 AND substr(key, 1, length(?3)) = ?3 AND used > ?4
            ORDER BY key = ?3 DESC, created DESC, id DESC LIMIT 1";
        let oldest = self.now().before(self.limits.cache_unused).as_millis();
        first(locked, query, params![scope, version, key, oldest], CacheEntry::read)
    }

    /// The entry of this number.
    pub fn cache(&self, id: i64) -> Result<Option<CacheEntry>, Error> {
        first(&self.lock(), "SELECT * FROM cache_entry WHERE id = ?1", [id], CacheEntry::read)
    }

    /// All entries whose keys begin so, the newest first.
    pub fn caches(&self, prefix: &str) -> Result<Vec<CacheEntry>, Error> {
        let query = "SELECT * FROM cache_entry WHERE substr(key, 1, length(?1)) = ?1
            ORDER BY created DESC, id DESC";
        all(&self.lock(), query, [prefix], CacheEntry::read)
    }
}

fn cache_under_way(
    locked: &Connection,
    scope: &str,
    key: &str,
    version: &str,
) -> Result<Option<Upload>, Error> {
    let query = "SELECT * FROM upload WHERE kind = 'cache' AND reference = ?1 AND name = ?2
        AND version = ?3 ORDER BY id DESC";
    Store::under_way(locked, query, params![scope, key, version])
}
