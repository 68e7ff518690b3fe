use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::json;
use tidegate_controller::KeptEntry;
use tidegate_ledger::{Actor, Subject};
use tidegate_units::{ObjectKey, Timestamp};

use crate::access::Access;

/// From where a request came, as far as the listener tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source(pub(crate) Option<IpAddr>);

impl Source {
    /// The same for all addresses that one holder has: of IPv6 whoever has one has the 2^64 of its network.
    fn of_one_holder(self) -> Self {
        Self(self.0.map(|address| match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = u128::from(address) >> 64 << 64;
                IpAddr::V6(network.into())
            }
            address @ IpAddr::V4(_) => address,
        }))
    }
}

/// Within this time failures are counted together.
const WINDOW: Duration = Duration::from_mins(1);
/// So many of a source are answered as failures; the next ones are told to wait.
const FREE: u32 = 10;
/// Sources that are counted at a time, some 100 KiB: the oldest is forgotten for a new one.
const SOURCES: usize = 1_024;

/// Who was not let in lately.
///
/// A secret has 256 bits, so nobody finds one by trying: this is against noise. A right one is let in however many
/// wrong ones came from the same place, or anybody on the machine could lock all others out.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<BTreeMap<Source, (Timestamp, u32)>>);

impl Refusals {
    /// Counts one, and says for how long its source is to wait, if it is.
    fn count(&self, source: Source, now: Timestamp) -> Option<Duration> {
        let source = source.of_one_holder();
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !sources.contains_key(&source) && sources.len() >= SOURCES {
            let oldest = sources.iter().min_by_key(|(_, (since, _))| *since).map(|(key, _)| *key);
            oldest.map(|oldest| sources.remove(&oldest));
        }
        let (since, count) = sources.entry(source).or_insert((now, 0));
        if now.since(*since) >= WINDOW {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        (*count > FREE).then(|| WINDOW.saturating_sub(now.since(*since)))
    }
}

impl Access {
    /// Counts somebody who was not let in, and tells of it in the ledger, once a minute. Says for how long the source
    /// is to wait, if it is.
    pub(crate) fn refuse(&self, source: Source, why: &str) -> Option<Duration> {
        let from = source.0.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
        let entry = KeptEntry {
            actor: Actor::Controller,
            subject: Subject { kind: "SignIn".to_owned(), key: ObjectKey::everywhere(&from) },
            what: "SignInRefused".to_owned(),
            detail: json!({ "from": from, "why": why }),
        };
        Arc::clone(&self.noter).note(&format!("sign-in {from} {why}"), entry);
        self.refusals.count(source, self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(last: u32) -> Source {
        Source(Some(IpAddr::V4(last.into())))
    }

    #[test]
    fn a_source_is_told_to_wait_after_some_failures_and_no_other() {
        let refusals = Refusals::default();
        let now = Timestamp::from_millis(1_000);
        for _ in 0..FREE {
            assert_eq!(refusals.count(source(1), now), None);
        }
        let wait = refusals.count(source(1), now.after(Duration::from_secs(20)));
        assert_eq!(wait, Some(Duration::from_secs(40)));
        assert_eq!(refusals.count(source(2), now), None);
        assert_eq!(refusals.count(source(1), now.after(WINDOW)), None);
    }

    #[test]
    fn all_addresses_of_a_network_of_ipv6_are_one_source() {
        let refusals = Refusals::default();
        let now = Timestamp::from_millis(1_000);
        let count = |text: &str| refusals.count(Source(text.parse().ok()), now);
        for last in 0..FREE {
            assert_eq!(count(&format!("2001:db8::{last:x}:1")), None);
        }
        assert!(count("2001:db8::ffff").is_some());
        assert_eq!(count("2001:db8:0:1::1"), None);
        assert_eq!(count("192.0.2.1"), None);
        for _ in 1..FREE {
            assert_eq!(count("::ffff:192.0.2.1"), None);
        }
        assert!(count("192.0.2.1").is_some());
    }

    #[test]
    fn sources_are_bounded() {
        let refusals = Refusals::default();
        for last in 0..10_000 {
            refusals.count(source(last), Timestamp::from_millis(last.into()));
        }
        assert_eq!(refusals.0.lock().unwrap().len(), SOURCES);
    }
}
