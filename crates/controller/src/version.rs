//! How far a resource has come, for whoever asks for something on the strength of what they saw.

use std::{
    fmt,
    fmt::Write as _,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

use tidegate_ledger::Digest;
use tidegate_units::ObjectKey;

use crate::{
    ControlPlane, Kind, Refused,
    request::Request,
    world::{Declared, World},
};

/// How far a resource has come: another one after each change of what is wanted and of where it is in that. What is
/// measured meanwhile does not change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u64);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A text that is no version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no version of a resource")]
pub struct VersionError;

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let plain = text.len() == 16 && !text.starts_with('+');
        let read = u64::from_str_radix(text, 16).ok().filter(|_| plain);
        read.map(Self).ok_or(VersionError)
    }
}

/// What a resource has to be for something to happen to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Which kind.
    pub kind: Kind,
    /// Which one.
    pub key: ObjectKey,
    /// Any of these; none at all where it only has to be there.
    pub versions: Option<Vec<Version>>,
}

/// What the next request of a control plane is held to.
pub(crate) type Proviso = Mutex<Option<Expected>>;

impl ControlPlane {
    /// The same, whose next request is carried out only if a resource is then as `expected` says. It is decided where the
    /// request is carried out, so that nothing comes between.
    #[must_use]
    pub fn provided(&self, expected: Expected) -> Self {
        let mut held = self.clone();
        held.proviso = Some(Arc::new(Mutex::new(Some(expected))));
        held
    }

    /// How far a resource has come; none where there is none.
    pub fn version(&self, kind: Kind, key: &ObjectKey) -> Option<Version> {
        self.shared.snapshot().world.version(kind, key)
    }

    /// Whether a resource is as expected now; it may be otherwise by the time that something is done.
    ///
    /// # Errors
    /// [`Refused::Stale`] if it is not.
    pub fn meets(&self, expected: &Expected) -> Result<(), Refused> {
        self.shared.snapshot().world.meets(expected)
    }

    /// A request that is held to what was seen before, if it is the first one that changes something planned.
    pub(crate) fn held_to_proviso(&self, request: Request) -> Request {
        if matches!(request, Request::Keep { .. }) {
            return request;
        }
        // Nothing under it panics half way.
        let taken = self
            .proviso
            .as_ref()
            .and_then(|proviso| proviso.lock().unwrap_or_else(PoisonError::into_inner).take());
        match taken {
            Some(expected) => Request::Provided { expected, request: Box::new(request) },
            None => request,
        }
    }
}

impl World {
    /// Whether a resource is as expected.
    pub(crate) fn meets(&self, expected: &Expected) -> Result<(), Refused> {
        let Expected { kind, key, versions } = expected;
        let found = self.version(*kind, key);
        let is_met = match versions {
            None => found.is_some(),
            Some(versions) => found.is_some_and(|found| versions.contains(&found)),
        };
        if is_met { Ok(()) } else { Err(Refused::Stale { kind: *kind, key: key.clone() }) }
    }

    /// How far a resource has come.
    pub(crate) fn version(&self, kind: Kind, key: &ObjectKey) -> Option<Version> {
        let text = match kind {
            Kind::Rollout => {
                let entry = self.rollouts.get(key)?;
                let status = &entry.status;
                let mut text = said(&entry.declared);
                // Writing to a string cannot fail.
                let _ = write!(
                    text,
                    " {} {:?} {:?} {} {} {:?} {:?} {} {} {:?} {:?} {:?}",
                    entry.deleting,
                    status.stable,
                    status.current,
                    status.steps_hash,
                    status.step_index,
                    status.pause,
                    status.abort,
                    status.promote_full,
                    status.attempt,
                    status.promoted_step,
                    status.restarted_at,
                    status.phase,
                );
                text
            }
            Kind::Experiment => {
                let entry = self.experiments.get(key)?;
                format!("{} {}", said(&entry.declared), entry.deleting)
            }
            Kind::AnalysisRun => said(&self.analysis_runs.get(key)?.declared),
            Kind::AnalysisTemplate => said(self.templates.get(key)?),
            Kind::ClusterAnalysisTemplate => said(self.cluster_templates.get(key)?),
            Kind::Deployment => said(self.deployments.get(key)?),
            Kind::Service => said(self.services.get(key)?),
            Kind::ConfigMap => said(self.config_maps.get(key)?),
            Kind::Secret => said(self.secrets.get(key)?),
        };
        let digest = Digest::of(text.as_bytes());
        digest.0.first_chunk().map(|half| Version(u64::from_be_bytes(*half)))
    }
}

fn said<T>(declared: &Declared<T>) -> String {
    format!("{} {} {}", declared.created_at, declared.changed_at, declared.manifest.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_reads_back_and_nothing_else_is_one() {
        let version = Version(0x0123_4567_89ab_cdef);
        assert_eq!(version.to_string(), "0123456789abcdef");
        assert_eq!("0123456789abcdef".parse(), Ok(version));
        for text in ["", "12", "+123456789abcdef", "g123456789abcdef", "0123456789abcdef0"] {
            assert_eq!(text.parse::<Version>(), Err(VersionError), "{text}");
        }
    }
}
