use std::{collections::BTreeSet, fs::File, path::PathBuf};

use rusqlite::{Connection, Row, params};
use tidegate_units::Timestamp;

use super::{Blob, Draft, Store, blobs::Finished, first, make_folder, moment, remove_all, signed};
use crate::{Digest, Error, Grant};

/// What an upload becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UploadKind {
    Artifact,
    Cache,
}

impl UploadKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Artifact => "artifact",
            Self::Cache => "cache",
        }
    }
}

/// Something that is being sent.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) id: i64,
    pub(crate) kind: UploadKind,
    pub(crate) run: String,
    pub(crate) attempt: u32,
    pub(crate) job: String,
    /// The ref of the run of an artifact, and the scope of a cache.
    pub(crate) reference: String,
    /// The name of an artifact, and the key of a cache.
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) mime: String,
    pub(crate) expires: Timestamp,
    pub(crate) begun: Timestamp,
    /// From when all bytes are there.
    pub(crate) blob: Option<Blob>,
}

/// A part of an upload, until they are put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A block of Azure's, by the name that the client gave it.
    Block(String),
    /// A range that begins at this byte.
    Range(u64),
}

impl Part {
    /// The name of its file: of the client's own name its hash alone comes near the disk.
    fn file(&self) -> String {
        match self {
            Self::Block(name) => format!("block-{}", Digest::of(name.as_bytes())),
            Self::Range(start) => format!("range-{start:020}"),
        }
    }
}

impl Upload {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let kind = match row.get_ref("kind")?.as_str()? {
            "artifact" => UploadKind::Artifact,
            _ => UploadKind::Cache,
        };
        let digest: Option<String> = row.get("blob")?;
        let blob = digest.and_then(|digest| digest.parse().ok());
        let size = row.get::<_, Option<i64>>("size")?.unwrap_or(0);
        let size = u64::try_from(size).unwrap_or(0);
        Ok(Self {
            id: row.get("id")?,
            kind,
            run: row.get("run")?,
            attempt: row.get("attempt")?,
            job: row.get("job")?,
            reference: row.get("reference")?,
            name: row.get("name")?,
            version: row.get("version")?,
            mime: row.get("mime")?,
            expires: moment(row, "expires")?,
            begun: moment(row, "begun")?,
            blob: blob.map(|digest| Blob { digest, size }),
        })
    }

    /// Whether this job began it.
    pub(crate) fn is_of(&self, grant: &Grant) -> bool {
        self.run == grant.run && self.attempt == grant.attempt && self.job == grant.job
    }

    /// One that is not begun yet.
    pub(super) fn new(kind: UploadKind, grant: &Grant, reference: &str, name: &str) -> Self {
        Self {
            id: 0,
            kind,
            run: grant.run.clone(),
            attempt: grant.attempt,
            job: grant.job.clone(),
            reference: reference.to_owned(),
            name: name.to_owned(),
            version: String::new(),
            mime: String::new(),
            expires: Timestamp::default(),
            begun: Timestamp::default(),
            blob: None,
        }
    }
}

impl Store {
    /// Writes down that this is being sent.
    pub(super) fn begin(&self, locked: &Connection, upload: &Upload) -> Result<i64, Error> {
        locked.execute(
            "INSERT INTO upload (kind, run, attempt, job, reference, name, version, mime, expires, begun)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                upload.kind.word(),
                upload.run,
                upload.attempt,
                upload.job,
                upload.reference,
                upload.name,
                upload.version,
                upload.mime,
                upload.expires.as_millis(),
                self.now().as_millis(),
            ],
        )?;
        let id = locked.last_insert_rowid();
        make_folder(&self.parts(id))?;
        Ok(id)
    }

    /// What is being sent under this number.
    pub(crate) fn upload(&self, id: i64) -> Result<Upload, Error> {
        self.upload_in(&self.lock(), id)
    }

    fn upload_in(&self, locked: &Connection, id: i64) -> Result<Upload, Error> {
        let query = "SELECT * FROM upload WHERE id = ?1";
        first(locked, query, [id], Upload::read)?
            .filter(|upload| !self.is_over(upload))
            .ok_or_else(|| Error::NotFound(format!("upload {id} has ended, or never began")))
    }

    /// Whether it has taken so long that its job cannot be at it any more.
    pub(super) fn is_over(&self, upload: &Upload) -> bool {
        self.now().since(upload.begun) > self.limits.upload
    }

    pub(super) fn parts(&self, upload: i64) -> PathBuf {
        self.folder.join("incoming").join(upload.to_string())
    }

    /// How many bytes an upload may have.
    pub(crate) fn limit_of(&self, kind: UploadKind) -> u64 {
        match kind {
            UploadKind::Artifact => self.limits.artifact_bytes,
            UploadKind::Cache => self.limits.cache_bytes,
        }
    }

    /// Keeps a part until the parts are put together; one of the same name is replaced.
    pub(crate) fn keep_part(
        &self,
        upload: &Upload,
        part: &Part,
        draft: Draft,
    ) -> Result<(), Error> {
        let folder = self.parts(upload.id);
        let path = folder.join(part.file());
        let mut others: Vec<_> = super::blobs::entries(&folder)?;
        others.retain(|other| *other != path);
        if others.len() >= self.limits.blocks {
            return Err(Error::TooLarge(format!("more than {} blocks", self.limits.blocks)));
        }
        let sizes = others.iter().filter_map(|other| other.metadata().ok());
        let limit = self.limit_of(upload.kind);
        if sizes.map(|other| other.len()).sum::<u64>() + draft.size() > limit {
            return Err(Error::TooLarge(format!("more than {limit} bytes were sent")));
        }
        draft.keep_as(&path).map(|_| ())
    }

    /// Puts these parts together in this order. What is there already when it is asked again stays.
    pub(crate) fn assemble(&self, upload: &Upload, parts: &[Part]) -> Result<Blob, Error> {
        if parts.len() > self.limits.blocks {
            return Err(Error::TooLarge(format!("more than {} blocks", self.limits.blocks)));
        }
        let mut draft = self.draft(self.limit_of(upload.kind))?;
        for part in parts {
            let path = self.parts(upload.id).join(part.file());
            let mut file = File::open(&path)
                .map_err(|_| Error::Invalid("a block of the list was never sent".to_owned()))?;
            draft.take_all(&mut file)?;
        }
        self.complete(upload, draft)
    }

    /// Puts the ranges that were sent together, which must leave no gap and not overlap.
    pub(crate) fn assemble_ranges(&self, upload: &Upload) -> Result<Blob, Error> {
        let mut starts = BTreeSet::new();
        for path in super::blobs::entries(&self.parts(upload.id))? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let start = name.strip_prefix("range-").and_then(|start| start.parse::<u64>().ok());
            let size = path.metadata().map_err(Error::failed("cannot read a range"))?.len();
            starts.extend(start.map(|start| (start, size)));
        }
        let mut end = 0;
        for (start, size) in &starts {
            if *start != end {
                return Err(Error::Invalid(format!(
                    "after byte {end} comes byte {start}: ranges leave no gap and do not overlap"
                )));
            }
            end += size;
        }
        let parts: Vec<_> = starts.into_iter().map(|(start, _)| Part::Range(start)).collect();
        self.assemble(upload, &parts)
    }

    /// Makes what was written the bytes of an upload.
    pub(crate) fn complete(&self, upload: &Upload, draft: Draft) -> Result<Blob, Error> {
        let finished = Self::finish(draft)?;
        self.settle(upload, finished)
    }

    fn settle(&self, upload: &Upload, finished: Finished) -> Result<Blob, Error> {
        let blob = finished.blob();
        let mut locked = self.lock();
        // It may have ended while its last bytes came.
        let before = self.upload_in(&locked, upload.id)?.blob;
        let transaction = locked.transaction()?;
        self.adopt(&transaction, finished)?;
        transaction.execute(
            "UPDATE upload SET blob = ?2, size = ?3 WHERE id = ?1",
            params![upload.id, blob.digest.to_string(), signed(blob.size)],
        )?;
        transaction.commit()?;
        let before: Vec<_> = before.iter().map(|blob| blob.digest.to_string()).collect();
        self.release(&locked, &before)?;
        Ok(blob)
    }

    /// Forgets an upload, in the transaction that it ends by.
    pub(super) fn end(locked: &Connection, id: i64) -> Result<(), Error> {
        locked.execute("DELETE FROM upload WHERE id = ?1", [id])?;
        Ok(())
    }

    /// Gives an upload up, with what it has sent. It is forgotten first, outside of any transaction
    /// that could be taken back: no row ever names bytes that are gone.
    pub(super) fn give_up(&self, locked: &Connection, upload: &Upload) -> Result<(), Error> {
        Self::end(locked, upload.id)?;
        let blob: Vec<_> = upload.blob.iter().map(|blob| blob.digest.to_string()).collect();
        self.release(locked, &blob)?;
        remove_all(&self.parts(upload.id))
    }

    /// The upload of this name in this place, if one is under way.
    pub(super) fn under_way(
        locked: &Connection,
        query: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<Option<Upload>, Error> {
        first(locked, query, parameters, Upload::read)
    }
}
