use super::{Artifact, CacheEntry, Draft, NewArtifact, Store};
use crate::{Error, Grant};

impl Store {
    /// Makes an artifact of what `fill` writes, all or nothing.
    pub fn put_artifact(
        &self,
        grant: &Grant,
        new: &NewArtifact,
        fill: impl FnOnce(&mut Draft) -> Result<(), Error>,
    ) -> Result<Artifact, Error> {
        let id = self.create_artifact(grant, new)?;
        let finalize = || {
            let blob = self.fill(id, fill)?;
            self.finalize_artifact(grant, &new.name, None, Some(blob.digest))
        };
        finalize().inspect_err(|_| self.abandon(id))
    }

    /// Makes a cache entry of what `fill` writes, all or nothing.
    pub fn put_cache(
        &self,
        grant: &Grant,
        key: &str,
        version: &str,
        fill: impl FnOnce(&mut Draft) -> Result<(), Error>,
    ) -> Result<CacheEntry, Error> {
        let id = self.create_cache(grant, key, version)?;
        let finalize = || {
            let blob = self.fill(id, fill)?;
            self.finalize_cache(id, Some(blob.size))
        };
        finalize().inspect_err(|_| self.abandon(id))
    }

    fn fill(
        &self,
        id: i64,
        fill: impl FnOnce(&mut Draft) -> Result<(), Error>,
    ) -> Result<super::Blob, Error> {
        let upload = self.upload(id)?;
        let mut draft = self.draft(self.limit_of(upload.kind))?;
        fill(&mut draft)?;
        self.complete(&upload, draft)
    }

    /// Lets another one begin; what cannot be cleared now is when the store is swept.
    fn abandon(&self, id: i64) {
        if let Ok(upload) = self.upload(id)
            && let Err(error) = self.give_up(&self.lock(), &upload)
        {
            tracing::warn!(%error, "an upload that failed was not cleared away");
        }
    }
}
