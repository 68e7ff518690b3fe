//! What a signed token has to say before it says who somebody is.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;
use tidegate_ports::{Identity, IdentityError};
use tidegate_units::Timestamp;

use crate::settings::Settings;

/// How far the provider's clock and ours may be apart, in seconds.
const LEEWAY_S: i64 = 60;

/// The most groups of one person; a larger list is a mistake of the provider's settings.
const MOST_GROUPS: usize = 1_000;

/// The longest name of a person or a group, in characters, as the ledger has it.
const LONGEST_NAME: usize = 128;

/// What a token is checked against.
pub(crate) struct Expected<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) nonce: &'a str,
    pub(crate) now: Timestamp,
}

type Claims = Map<String, Value>;

fn refused(why: impl Into<String>) -> IdentityError {
    IdentityError::Refused(format!("the ID token is not taken: {}", why.into()))
}

/// OpenID Connect Core 1.0, section 3.1.3.7, but for the signature. Returns whom it is about.
pub(crate) fn check(claims: &Claims, expected: &Expected<'_>) -> Result<String, IdentityError> {
    let Settings { issuer, client_id, .. } = expected.settings;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(issuer) {
        return Err(refused("another issuer than ours made it"));
    }
    let audience = texts(claims.get("aud"));
    if !audience.contains(client_id) {
        return Err(refused("it is meant for another client"));
    }
    let authorized = claims.get("azp").is_none() || text("azp") == Some(client_id);
    if !authorized || (audience.len() > 1 && claims.get("azp").is_none()) {
        return Err(refused("it was made for another client's use"));
    }
    times(claims, expected.now)?;
    let nonce = text("nonce").unwrap_or_default();
    if !bool::from(nonce.as_bytes().ct_eq(expected.nonce.as_bytes())) {
        return Err(refused("it belongs to another sign-in"));
    }
    let subject = text("sub").filter(|subject| is_name(subject, 255));
    subject.map(str::to_owned).ok_or_else(|| refused("it does not say whom it is about"))
}

fn times(claims: &Claims, now: Timestamp) -> Result<(), IdentityError> {
    let now = now.as_millis() / 1_000;
    let seconds = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(found) => match found.as_i64().or_else(|| found.as_f64().map(whole)) {
            Some(seconds) => Ok(Some(seconds)),
            None => Err(refused(format!("its {name} is no time"))),
        },
    };
    let expires = seconds("exp")?.ok_or_else(|| refused("it never expires"))?;
    if expires.saturating_add(LEEWAY_S) <= now {
        return Err(refused("it has expired; the clocks may be apart"));
    }
    let made = seconds("iat")?.ok_or_else(|| refused("it does not say when it was made"))?;
    let from = seconds("nbf")?.unwrap_or(made).max(made);
    if from > now.saturating_add(LEEWAY_S) {
        return Err(refused("it is of the future; the clocks are apart"));
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "a cast of floats saturates")]
fn whole(seconds: f64) -> i64 {
    seconds as i64
}

/// Who it is, by the claims of the token and of whatever else the provider told of them.
pub(crate) fn identity(
    claims: &Claims,
    subject: String,
    settings: &Settings,
) -> Result<Identity, IdentityError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::trim);
    let verified = claims.get("email_verified").and_then(Value::as_bool) == Some(true);
    let name = match &settings.user_claim {
        Some(claim) => text(claim).ok_or_else(|| {
            let detail = format!("the provider tells no {claim:?} of whoever signs in");
            IdentityError::Refused(detail)
        })?,
        None => text("email").filter(|_| verified).unwrap_or(&subject),
    };
    if !is_name(name, LONGEST_NAME) {
        let detail = format!("{name:?} is no name of 1 to {LONGEST_NAME} printable characters");
        return Err(IdentityError::Refused(detail));
    }
    let groups = texts(claims.get(&settings.groups_claim));
    if groups.len() > MOST_GROUPS {
        let detail = format!("the provider tells of more than {MOST_GROUPS} groups of {name}");
        return Err(IdentityError::Refused(detail));
    }
    let groups = groups.into_iter().filter(|group| is_name(group, LONGEST_NAME)).collect();
    Ok(Identity { name: name.to_owned(), subject, groups })
}

/// One text or a list of them: providers write either.
fn texts(claim: Option<&Value>) -> BTreeSet<String> {
    match claim {
        Some(Value::String(one)) => BTreeSet::from([one.clone()]),
        Some(Value::Array(all)) => {
            all.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => BTreeSet::new(),
    }
}

fn is_name(text: &str, longest: usize) -> bool {
    !text.is_empty() && text.chars().count() <= longest && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn settings() -> Settings {
        Settings::new("https://login.example.com", "tidegate")
    }

    fn good() -> Value {
        json!({
            "iss": "https://login.example.com", "aud": "tidegate", "sub": "0815", "nonce": "n",
            "exp": NOW + 300, "iat": NOW,
        })
    }

    fn with(name: &str, value: Value) -> Claims {
        let Value::Object(mut claims) = good() else { unreachable!() };
        if value.is_null() {
            claims.remove(name)
        } else {
            claims.insert(name.to_owned(), value)
        };
        claims
    }

    #[test]
    fn each_claim_is_looked_at() {
        let check = |name: &str, value: Value, expect: &str| {
            let now = Timestamp::from_millis(NOW * 1_000);
            let settings = settings();
            let expected = Expected { settings: &settings, nonce: "n", now };
            let found = check(&with(name, value.clone()), &expected);
            let found = found.map_or_else(|error| error.to_string(), |_| String::new());
            assert!(found.contains(expect), "{name} {value}: {found}");
            assert_eq!(found.is_empty(), expect.is_empty(), "{name} {value}: {found}");
        };
        check("none", Value::Null, "");
        check("iss", json!("https://login.example.com/"), "another issuer");
        check("iss", Value::Null, "another issuer");
        check("aud", json!("other"), "another client");
        check("aud", json!(["other", "tidegate"]), "another client's use");
        check("aud", json!(["tidegate"]), "");
        check("aud", Value::Null, "another client");
        check("azp", json!("other"), "another client's use");
        check("azp", json!("tidegate"), "");
        check("exp", json!(NOW - 61), "expired");
        check("exp", json!(NOW - 59), "");
        check("exp", Value::Null, "never expires");
        check("exp", json!("soon"), "no time");
        check("exp", json!(1e300), "");
        check("iat", json!(NOW + 61), "of the future");
        check("iat", Value::Null, "when it was made");
        check("nbf", json!(NOW + 61), "of the future");
        check("nonce", json!("m"), "another sign-in");
        check("nonce", Value::Null, "another sign-in");
        check("sub", json!(""), "whom it is about");
        check("sub", json!(7), "whom it is about");
        check("sub", json!("a\nb"), "whom it is about");
    }

    #[test]
    fn a_name_is_one_that_nobody_can_give_themselves() {
        let named = |settings: &Settings, claims: Value| {
            let Value::Object(claims) = claims else { unreachable!() };
            identity(&claims, "0815".to_owned(), settings).map(|it| it.name)
        };
        let email = |verified: bool| json!({"email": "a@b.c", "email_verified": verified});
        assert_eq!(named(&settings(), email(true)).unwrap(), "a@b.c");
        assert_eq!(named(&settings(), email(false)).unwrap(), "0815");
        assert_eq!(named(&settings(), json!({"email": "a@b.c"})).unwrap(), "0815");
        let by_login = Settings { user_claim: Some("login".to_owned()), ..settings() };
        assert_eq!(named(&by_login, json!({"login": " ada "})).unwrap(), "ada");
        assert!(named(&by_login, email(true)).unwrap_err().to_string().contains("login"));
        assert!(named(&by_login, json!({"login": "a\u{0}"})).is_err());
        assert!(named(&by_login, json!({"login": "a".repeat(129)})).is_err());
    }

    #[test]
    fn groups_are_a_list_or_one() {
        let groups = |claims: Value| {
            let Value::Object(claims) = claims else { unreachable!() };
            let found = identity(&claims, "0815".to_owned(), &settings());
            found.map(|it| it.groups.into_iter().collect::<Vec<_>>().join(" "))
        };
        assert_eq!(groups(json!({})).unwrap(), "");
        assert_eq!(groups(json!({"groups": "sre"})).unwrap(), "sre");
        assert_eq!(groups(json!({"groups": ["sre", 7, "dev", "", "a\n"]})).unwrap(), "dev sre");
        let many: Vec<_> = (0..1_001).map(|number| number.to_string()).collect();
        assert!(groups(json!({"groups": many})).is_err());
    }
}
