//! Deliveries of three forges, true ones and others.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod events;
mod signatures;

use std::collections::BTreeMap;

use tidegate_units::Timestamp;
use tidegate_webhook::{Delivery, Forge, WebhookError, WebhookSecret, check};

pub(crate) const SECRET: &str = "It's a Secret to Everybody";
pub(crate) const NOW: i64 = 1_767_225_600;

pub(crate) type Headers = BTreeMap<&'static str, String>;

pub(crate) fn headers<const N: usize>(given: [(&'static str, &str); N]) -> Headers {
    given.into_iter().map(|(name, value)| (name, value.to_owned())).collect()
}

pub(crate) fn checked(
    forge: Forge,
    secrets: &[&str],
    headers: &Headers,
    body: &str,
) -> Result<Delivery, WebhookError> {
    let secrets: Vec<_> = secrets.iter().map(|text| WebhookSecret::new(text).unwrap()).collect();
    let now = Timestamp::from_millis(NOW * 1_000);
    let field = |name: &str| headers.get(name).map(String::as_str);
    check(forge, &secrets, &field, body.as_bytes(), now)
}
