use rusqlite::{Connection, Row, params};
use tidegate_units::Timestamp;

use super::{Blob, Store, Upload, UploadKind, all, first, moment, remove_all, signed, unsigned};
use crate::{Digest, Error, Grant, names};

/// Something that a job handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Its number, of which each is given once.
    pub id: i64,
    /// The run whose job made it.
    pub run: String,
    /// The attempt at that run.
    pub attempt: u32,
    /// That job.
    pub job: String,
    /// The ref of that run.
    pub reference: String,
    /// Its name, which is its alone in its run's attempt.
    pub name: String,
    /// `application/zip`, or the type of the one file that it is.
    pub mime: String,
    /// Its bytes.
    pub blob: Blob,
    /// When it was finalized.
    pub created: Timestamp,
    /// When it goes.
    pub expires: Timestamp,
}

/// What an artifact is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewArtifact {
    /// Its name.
    pub name: String,
    /// The type of its bytes; a zip file where nothing is said.
    pub mime: Option<String>,
    /// When it is to go; no later than the store keeps any.
    pub expires: Option<Timestamp>,
}

impl Artifact {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            run: row.get("run")?,
            attempt: row.get("attempt")?,
            job: row.get("job")?,
            reference: row.get("reference")?,
            name: row.get("name")?,
            mime: row.get("mime")?,
            blob: blob(row)?,
            created: moment(row, "created")?,
            expires: moment(row, "expires")?,
        })
    }
}

/// The bytes that a row names.
pub(super) fn blob(row: &Row<'_>) -> rusqlite::Result<Blob> {
    let digest = row.get_ref("blob")?.as_str()?.parse::<Digest>().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
    })?;
    Ok(Blob { digest, size: unsigned(row, "size")? })
}

impl Store {
    /// Begins an artifact of this job.
    pub(crate) fn create_artifact(&self, grant: &Grant, new: &NewArtifact) -> Result<i64, Error> {
        names::check_artifact(&new.name)?;
        let mut locked = self.lock();
        let query = "SELECT 1 FROM artifact WHERE run = ?1 AND attempt = ?2 AND name = ?3";
        let place = params![grant.run, grant.attempt, new.name];
        if first(&locked, query, place, |_| Ok(()))?.is_some() {
            return Err(exists(&new.name));
        }
        if let Some(upload) = artifact_under_way(&locked, grant, &new.name)? {
            if !upload.is_of(grant) && !self.is_over(&upload) {
                return Err(exists(&new.name));
            }
            self.give_up(&locked, &upload)?;
        }
        let transaction = locked.transaction()?;
        self.check_count(&transaction, grant)?;
        let upload = self.upload_of(grant, new);
        let id = self.begin(&transaction, &upload)?;
        transaction.commit()?;
        Ok(id)
    }

    fn upload_of(&self, grant: &Grant, new: &NewArtifact) -> Upload {
        let mut upload = Upload::new(UploadKind::Artifact, grant, &grant.reference, &new.name);
        upload.mime = new.mime.clone().unwrap_or_else(|| "application/zip".to_owned());
        let longest = self.now().after(self.limits.artifact_retention);
        upload.expires = new.expires.map_or(longest, |expires| expires.min(longest));
        upload
    }

    fn check_count(&self, locked: &Connection, grant: &Grant) -> Result<(), Error> {
        let query = "SELECT (SELECT count(*) FROM artifact
                WHERE run = ?1 AND attempt = ?2 AND job = ?3)
            + (SELECT count(*) FROM upload
                WHERE kind = 'artifact' AND run = ?1 AND attempt = ?2 AND job = ?3)";
        let place = params![grant.run, grant.attempt, grant.job];
        let count = first(locked, query, place, |row| row.get::<_, i64>(0))?.unwrap_or(0);
        if count >= signed(self.limits.artifacts_of_job) {
            return Err(Error::TooLarge(format!(
                "a job makes {} artifacts at most",
                self.limits.artifacts_of_job
            )));
        }
        Ok(())
    }

    /// Makes what was sent an artifact, if it is what the client says.
    pub(crate) fn finalize_artifact(
        &self,
        grant: &Grant,
        name: &str,
        size: Option<u64>,
        digest: Option<Digest>,
    ) -> Result<Artifact, Error> {
        let mut locked = self.lock();
        let transaction = locked.transaction()?;
        let upload = artifact_under_way(&transaction, grant, name)?
            .filter(|upload| upload.is_of(grant))
            .ok_or_else(|| {
                Error::NotFound(format!("no artifact {name:?} was begun by this job"))
            })?;
        let blob = upload
            .blob
            .ok_or_else(|| Error::Mismatch(format!("nothing was sent for artifact {name:?}")))?;
        if digest.is_some_and(|digest| digest != blob.digest) {
            return Err(Error::Mismatch(format!(
                "artifact {name:?}: what came has the hash sha256:{}",
                blob.digest
            )));
        }
        if size.is_some_and(|size| size != blob.size) {
            return Err(Error::Mismatch(format!("artifact {name:?}: {} bytes came", blob.size)));
        }
        transaction.execute(
            "INSERT INTO artifact
                (run, attempt, job, reference, name, mime, blob, size, created, expires)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                upload.run,
                upload.attempt,
                upload.job,
                upload.reference,
                upload.name,
                upload.mime,
                blob.digest.to_string(),
                signed(blob.size),
                self.now().as_millis(),
                upload.expires.as_millis(),
            ],
        )?;
        let id = transaction.last_insert_rowid();
        Self::end(&transaction, upload.id)?;
        transaction.commit()?;
        remove_all(&self.parts(upload.id))?;
        self.artifact_in(&locked, id)?.ok_or_else(|| missing(name))
    }

    fn artifact_in(&self, locked: &Connection, id: i64) -> Result<Option<Artifact>, Error> {
        let query = "SELECT * FROM artifact WHERE id = ?1 AND expires > ?2";
        first(locked, query, params![id, self.now().as_millis()], Artifact::read)
    }

    /// The artifact of this number, if it has not expired.
    pub fn artifact(&self, id: i64) -> Result<Option<Artifact>, Error> {
        self.artifact_in(&self.lock(), id)
    }

    /// The artifacts of a run that have not expired, the oldest first.
    pub fn artifacts(&self, run: &str) -> Result<Vec<Artifact>, Error> {
        let query = "SELECT * FROM artifact WHERE run = ?1 AND expires > ?2 ORDER BY id";
        all(&self.lock(), query, params![run, self.now().as_millis()], Artifact::read)
    }

    /// The latest artifact of this name in a run, whichever of its jobs made it.
    pub fn artifact_named(&self, run: &str, name: &str) -> Result<Artifact, Error> {
        let query = "SELECT * FROM artifact WHERE run = ?1 AND name = ?2 AND expires > ?3
            ORDER BY id DESC LIMIT 1";
        let place = params![run, name, self.now().as_millis()];
        first(&self.lock(), query, place, Artifact::read)?.ok_or_else(|| missing(name))
    }

    /// Takes the latest artifact of this name away, and says which it was.
    pub fn delete_artifact(&self, run: &str, name: &str) -> Result<Artifact, Error> {
        let artifact = self.artifact_named(run, name)?;
        let locked = self.lock();
        if locked.execute("DELETE FROM artifact WHERE id = ?1", [artifact.id])? == 0 {
            return Err(missing(name));
        }
        self.release(&locked, &[artifact.blob.digest.to_string()])?;
        Ok(artifact)
    }
}

fn artifact_under_way(
    locked: &Connection,
    grant: &Grant,
    name: &str,
) -> Result<Option<Upload>, Error> {
    let query = "SELECT * FROM upload
        WHERE kind = 'artifact' AND run = ?1 AND attempt = ?2 AND name = ?3 ORDER BY id DESC";
    Store::under_way(locked, query, params![grant.run, grant.attempt, name])
}

fn exists(name: &str) -> Error {
    Error::AlreadyExists(format!(
        "an artifact with this name already exists on the workflow run: {name:?}"
    ))
}

fn missing(name: &str) -> Error {
    Error::NotFound(format!("no artifact {name:?} on the workflow run"))
}
