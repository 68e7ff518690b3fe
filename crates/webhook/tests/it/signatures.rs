use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use proptest::prelude::*;
use sha2::Sha256;
use tidegate_webhook::{Forge, WebhookError, WebhookSecret};

use crate::{Headers, NOW, SECRET, checked, headers};

fn tag(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap();
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect()
}

fn github(signature: &str) -> Headers {
    headers([
        ("x-github-event", "ping"),
        ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
        ("x-hub-signature-256", signature),
    ])
}

/// The example in GitHub's documentation of signatures.
const EXAMPLE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

#[test]
fn a_signature_is_that_of_the_documentation() {
    // Its body is no JSON: the signature holds, and what is signed makes no sense.
    let found = checked(Forge::GitHub, &[SECRET], &github(EXAMPLE), "Hello, World!");
    assert!(matches!(found, Err(WebhookError::Unreadable(_))), "{found:?}");
    let found = checked(Forge::GitHub, &[SECRET], &github(EXAMPLE), "Hello, World?");
    assert_eq!(found, Err(WebhookError::WrongSignature(Forge::GitHub)));
}

#[test]
fn what_is_not_signed_by_a_secret_of_ours_is_refused() {
    let body = r#"{"zen":"Keep it logically awesome."}"#;
    let good = format!("sha256={}", hex(&tag(SECRET.as_bytes(), body)));
    let check = |secrets: &[&str], signature: &str, holds: bool| {
        let found = checked(Forge::GitHub, secrets, &github(signature), body);
        assert_eq!(found.is_ok(), holds, "{signature}: {found:?}");
    };
    check(&[SECRET], &good, true);
    check(&["an older secret of ours", SECRET], &good, true);
    check(&["an older secret of ours"], &good, false);
    check(&[], &good, false);
    check(&[SECRET], &good.to_uppercase(), false);
    check(&[SECRET], &good.replace("sha256=", "sha1="), false);
    check(&[SECRET], &good[7..], false);
    check(&[SECRET], &good[..good.len() - 2], false);
    check(&[SECRET], "sha256=", false);
    check(&[SECRET], &format!("{good}00"), false);
    check(&[SECRET], "sha256=+1+1", false);
    check(&[SECRET], "", false);
    let mut unsigned = github(&good);
    unsigned.remove("x-hub-signature-256");
    // The older signature by SHA-1 is none.
    unsigned.insert("x-hub-signature", "sha1=00".to_owned());
    let found = checked(Forge::GitHub, &[SECRET], &unsigned, body).unwrap_err();
    assert!(found.to_string().contains("X-Hub-Signature-256"), "{found}");
}

#[test]
fn bitbucket_signs_in_a_field_of_its_own() {
    let body = "{}";
    let good = format!("sha256={}", hex(&tag(SECRET.as_bytes(), body)));
    let cloud = headers([
        ("x-event-key", "repo:push"),
        ("x-hub-signature", &good),
        ("x-request-uuid", "a-b"),
    ]);
    let found = checked(Forge::Bitbucket, &[SECRET], &cloud, body).unwrap();
    assert_eq!((&*found.event.name, &*found.id), ("repo:push", "a-b"));
    let found = checked(Forge::Bitbucket, &[SECRET], &cloud, "{ }");
    assert_eq!(found, Err(WebhookError::WrongSignature(Forge::Bitbucket)));
}

fn gitlab(key: &[u8], id: &str, at: i64, body: &str) -> Headers {
    let signature = BASE64_STANDARD.encode(tag(key, &format!("{id}.{at}.{body}")));
    headers([
        ("x-gitlab-event", "Push Hook"),
        ("webhook-id", id),
        ("webhook-timestamp", &at.to_string()),
        ("webhook-signature", &format!("v1,AAAA v1,{signature}")),
    ])
}

#[test]
fn gitlab_signs_a_name_and_a_time_as_well() {
    let key = [7; 32];
    let secret = format!("whsec_{}", BASE64_STANDARD.encode(key));
    let check = |headers: &Headers, expect: Result<&str, WebhookError>| {
        let found = checked(Forge::GitLab, &[&secret], headers, "{}");
        assert_eq!(found.as_ref().map(|it| &*it.id).map_err(Clone::clone), expect, "{headers:?}");
    };
    let wrong = || WebhookError::WrongSignature(Forge::GitLab);
    check(&gitlab(&key, "one", NOW, "{}"), Ok("one"));
    check(&gitlab(&key, "one", NOW - 299, "{}"), Ok("one"));
    check(&gitlab(&key, "one", NOW - 301, "{}"), Err(WebhookError::Stale));
    check(&gitlab(&key, "one", NOW + 301, "{}"), Err(WebhookError::Stale));
    check(&gitlab(&key, "one", i64::MAX, "{}"), Err(WebhookError::Stale));
    check(&gitlab(&[8; 32], "one", NOW, "{}"), Err(wrong()));
    check(&gitlab(&key, "one", NOW, "{ }"), Err(wrong()));
    for (field, other) in [("webhook-id", "two"), ("webhook-timestamp", "1767225601")] {
        let mut changed = gitlab(&key, "one", NOW, "{}");
        changed.insert(field, other.to_owned());
        check(&changed, Err(wrong()));
    }
    // A secret that is no key in base64 is one as it is.
    let plain = gitlab(SECRET.as_bytes(), "one", NOW, "{}");
    assert!(checked(Forge::GitLab, &[SECRET], &plain, "{}").is_ok());
}

/// A signature that does not hold is not made up for by a token.
#[test]
fn gitlab_may_send_the_secret_itself() {
    let mut token = headers([("x-gitlab-event", "Push Hook"), ("x-gitlab-token", SECRET)]);
    assert!(checked(Forge::GitLab, &[SECRET], &token, "{}").is_ok());
    token.insert("webhook-signature", "v1,AAAA".to_owned());
    assert!(checked(Forge::GitLab, &[SECRET], &token, "{}").is_err());
    token.remove("webhook-signature");
    token.insert("x-gitlab-token", SECRET[1..].to_owned());
    let found = checked(Forge::GitLab, &[SECRET], &token, "{}");
    assert_eq!(found, Err(WebhookError::WrongSignature(Forge::GitLab)));
    token.remove("x-gitlab-token");
    let found = checked(Forge::GitLab, &[SECRET], &token, "{}").unwrap_err();
    assert!(found.to_string().contains("X-Gitlab-Token"), "{found}");
}

/// What is signed again is the same delivery, whatever name somebody gives it: GitHub signs the body
/// alone.
#[test]
fn a_fingerprint_follows_from_what_is_signed() {
    let of = |headers: &Headers, forge: Forge, body: &str| {
        checked(forge, &[SECRET], headers, body).unwrap().fingerprint
    };
    let signed = |body: &str| github(&format!("sha256={}", hex(&tag(SECRET.as_bytes(), body))));
    let first = of(&signed("{}"), Forge::GitHub, "{}");
    let mut renamed = signed("{}");
    renamed.insert("x-github-delivery", "another".to_owned());
    assert_eq!(of(&renamed, Forge::GitHub, "{}"), first);
    assert_ne!(of(&signed("[]"), Forge::GitHub, "[]"), first);
    let key = SECRET.as_bytes();
    let gitlab_first = of(&gitlab(key, "one", NOW, "{}"), Forge::GitLab, "{}");
    assert_eq!(of(&gitlab(key, "one", NOW + 9, "{}"), Forge::GitLab, "{}"), gitlab_first);
    assert_ne!(of(&gitlab(key, "two", NOW, "{}"), Forge::GitLab, "{}"), gitlab_first);
    assert_eq!(first.len(), 64);
}

#[test]
fn a_secret_is_long_and_shown_to_nobody() {
    assert!(WebhookSecret::new("  too short  ").is_err());
    let secret = WebhookSecret::new(&format!(" {SECRET}\n")).unwrap();
    assert_eq!(format!("{secret:?}"), "WebhookSecret(hidden)");
}

proptest! {
    /// Nothing that is not signed is taken, and nothing makes it panic.
    #[test]
    fn no_guess_is_taken(
        forge in prop::sample::select(Forge::ALL.to_vec()),
        values in prop::collection::vec("[ -~]{0,80}", 8),
        body in ".{0,200}",
    ) {
        let names = [
            "x-hub-signature", "x-hub-signature-256", "webhook-signature", "webhook-id",
            "webhook-timestamp", "x-gitlab-token", "x-github-event", "x-gitlab-event",
        ];
        let headers: Headers = names.into_iter().zip(values).collect();
        prop_assert!(checked(forge, &[SECRET], &headers, &body).is_err());
    }
}
