use crate::Error;

/// What a job may do with artifacts and caches; its token says the same, signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The run, whose artifacts all of its jobs see.
    pub run: String,
    /// Which attempt at the run this is, from 1: each may make artifacts of the same names anew.
    pub attempt: u32,
    /// The job.
    pub job: String,
    /// The ref that the run is of, such as `refs/heads/main`.
    pub reference: String,
    /// Whose caches it sees, in the order in which they are looked through.
    pub caches: Vec<CacheScope>,
}

/// The caches of one ref, and what may be done with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheScope {
    /// The ref, such as `refs/heads/main`.
    pub reference: String,
    /// What may be done.
    pub permission: Permission,
}

/// What may be done with the caches of a ref.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// They may be restored.
    Read,
    /// They may be saved.
    Write,
    /// Both.
    ReadWrite,
}

/// Whether a run is trusted with what later runs will restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It saves caches for its own ref.
    Full,
    /// It restores only, as runs of a fork's pull request do.
    ReadOnly,
}

impl Permission {
    /// Whether caches may be restored.
    pub const fn reads(self) -> bool {
        matches!(self, Self::Read | Self::ReadWrite)
    }

    /// Whether caches may be saved.
    pub const fn writes(self) -> bool {
        matches!(self, Self::Write | Self::ReadWrite)
    }
}

impl CacheScope {
    /// The scopes of a run: its own ref, the base of its pull request, and the default branch, in
    /// this order and each once. Only its own may be written.
    pub fn of_run(
        reference: &str,
        base: Option<&str>,
        default: Option<&str>,
        trust: Trust,
    ) -> Vec<Self> {
        let own = match trust {
            Trust::Full => Permission::ReadWrite,
            Trust::ReadOnly => Permission::Read,
        };
        let mut scopes = vec![Self { reference: reference.to_owned(), permission: own }];
        for other in [base, default].into_iter().flatten() {
            if scopes.iter().all(|scope| scope.reference != other) {
                scopes.push(Self { reference: other.to_owned(), permission: Permission::Read });
            }
        }
        scopes
    }
}

impl Grant {
    /// The ref that this job saves caches for.
    pub(crate) fn writable(&self) -> Result<&str, Error> {
        let scope = self.caches.iter().find(|scope| scope.permission.writes());
        scope.map(|scope| scope.reference.as_str()).ok_or_else(|| {
            // The official client knows the first three words.
            Error::Denied(format!(
                "cache write denied: this run of {} may restore caches, and save none",
                self.reference
            ))
        })
    }

    /// The refs that this job restores caches of, in their order.
    pub(crate) fn readable(&self) -> Result<Vec<&str>, Error> {
        let scopes: Vec<_> = self
            .caches
            .iter()
            .filter(|scope| scope.permission.reads())
            .map(|scope| scope.reference.as_str())
            .collect();
        if scopes.is_empty() {
            // The official client knows the first three words.
            return Err(Error::Denied(format!(
                "cache read denied: this run of {} may restore no caches",
                self.reference
            )));
        }
        Ok(scopes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base: Option<&str>, default: Option<&str>, trust: Trust, expect: &[(&str, u8)]) {
        let scopes = CacheScope::of_run("refs/heads/a", base, default, trust);
        let found: Vec<_> = scopes
            .iter()
            .map(|scope| {
                let bits =
                    u8::from(scope.permission.reads()) + 2 * u8::from(scope.permission.writes());
                (scope.reference.as_str(), bits)
            })
            .collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn a_run_writes_its_own_ref_alone() {
        let (base, default) = (Some("refs/heads/b"), Some("refs/heads/main"));
        let all = [("refs/heads/a", 3), ("refs/heads/b", 1), ("refs/heads/main", 1)];
        check(base, default, Trust::Full, &all);
        check(default, default, Trust::Full, &[all[0], all[2]]);
        check(None, Some("refs/heads/a"), Trust::Full, &all[..1]);
        check(None, default, Trust::ReadOnly, &[("refs/heads/a", 1), all[2]]);
    }

    #[test]
    fn who_may_do_nothing_is_told_in_the_words_that_the_client_knows() {
        let mut grant = Grant {
            run: "1".to_owned(),
            attempt: 1,
            job: "2".to_owned(),
            reference: "refs/heads/a".to_owned(),
            caches: CacheScope::of_run("refs/heads/a", None, None, Trust::ReadOnly),
        };
        assert_eq!(grant.readable().unwrap(), ["refs/heads/a"]);
        assert!(grant.writable().unwrap_err().to_string().starts_with("cache write denied:"));
        grant.caches.clear();
        assert!(grant.readable().unwrap_err().to_string().starts_with("cache read denied:"));
    }
}
