//! What a provider or somebody in its place may try.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::hmac;
use serde_json::{Value, json};
use tidegate_oidc::{Provider, Settings};
use tidegate_ports::{IdentityError, IdentityProvider as _, SignIn, SignInAnswer};
use tidegate_units::Timestamp;

use crate::lying::{Key, Lying, message};

const NOW: i64 = 1_700_000_000;

/// A provider with a key, and a sign-in that has come back from it.
struct Stage {
    lying: Lying,
    key: Key,
    provider: Provider,
    begun: SignIn,
}

impl Stage {
    async fn new() -> Self {
        let (lying, key) = (Lying::start().await, Key::new("a"));
        lying.says("/keys", 200, &json!({"keys": [key.shown()]}).to_string());
        let provider = Provider::new(Settings::new(&lying.issuer, "tidegate")).unwrap();
        let begun = provider.begin("http://127.0.0.1:7420/back").await.unwrap();
        Self { lying, key, provider, begun }
    }

    fn claims(&self) -> Value {
        json!({
            "iss": self.lying.issuer, "aud": "tidegate", "sub": "ada", "nonce": self.begun.nonce,
            "exp": NOW + 300, "iat": NOW, "email": "ada@example.com", "email_verified": true,
            "groups": ["sre"],
        })
    }

    /// The token of an honest provider.
    fn token(&self) -> String {
        self.key.sign(&json!({"alg": "ES256", "kid": "a"}), &self.claims())
    }

    /// What comes of it where the provider gives this token for the code.
    async fn given(&self, token: &str) -> Result<String, IdentityError> {
        self.lying.says("/token", 200, &json!({"id_token": token}).to_string());
        self.complete().await
    }

    async fn complete(&self) -> Result<String, IdentityError> {
        let answer = SignInAnswer {
            code: Some("code".to_owned()),
            state: Some(self.begun.state.clone()),
            ..SignInAnswer::default()
        };
        let now = Timestamp::from_millis(NOW * 1_000);
        self.provider.complete(&self.begun, &answer, now).await.map(|identity| identity.name)
    }

    async fn refuses(&self, token: &str, expect: &str) {
        let refused = self.given(token).await.unwrap_err();
        assert!(matches!(refused, IdentityError::Refused(_)), "{refused}");
        assert!(refused.to_string().contains(expect), "{expect}: {refused}");
        assert!(token.is_empty() || !refused.to_string().contains(token), "{refused}");
    }
}

#[tokio::test]
async fn a_token_that_anybody_could_have_made_is_refused() {
    let stage = Stage::new().await;
    assert_eq!(stage.given(&stage.token()).await.unwrap(), "ada@example.com");
    let claims = stage.claims();
    let unsigned = format!("{}.", message(&json!({"alg": "none"}), &claims));
    stage.refuses(&unsigned, "cannot be read").await;
    // Signed with what everybody knows of the key.
    let header = message(&json!({"alg": "HS256", "kid": "a"}), &claims);
    let public = stage.key.shown().to_string();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, public.as_bytes()), header.as_bytes());
    let confused = format!("{header}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag));
    stage.refuses(&confused, "anybody could make one").await;
    let es = json!({"alg": "ES256", "kid": "a"});
    stage.refuses(&Key::new("a").sign(&es, &claims), "no key of the provider").await;
    // A key that the token brings along proves nothing.
    let own = Key::new("own");
    let with_key = json!({"alg": "ES256", "jwk": own.shown(), "jku": "http://127.0.0.1:1/keys"});
    stage.refuses(&own.sign(&with_key, &claims), "is not taken").await;
    let token = stage.token();
    stage.refuses(&token[..token.len() - 4], "no key of the provider").await;
    stage.refuses("", "cannot be read").await;
    stage.refuses("a.b", "cannot be read").await;
    // All zeros were once a signature of everything (CVE-2022-21449).
    let zeros = BASE64_URL_SAFE_NO_PAD.encode([0; 64]);
    stage.refuses(&format!("{}.{zeros}", message(&es, &claims)), "no key of the provider").await;
}

#[tokio::test]
async fn the_claims_are_looked_at_after_the_signature() {
    let stage = Stage::new().await;
    let mut claims = stage.claims();
    claims["aud"] = json!("another");
    let token = stage.key.sign(&json!({"alg": "ES256", "kid": "a"}), &claims);
    stage.refuses(&token, "meant for another client").await;
    claims["aud"] = json!("tidegate");
    claims["nonce"] = json!("replayed");
    let token = stage.key.sign(&json!({"alg": "ES256", "kid": "a"}), &claims);
    stage.refuses(&token, "another sign-in").await;
}

/// Tokens with keys that do not exist do not make us ask without end.
#[tokio::test]
async fn unknown_keys_are_looked_for_no_more_often_than_every_five_seconds() {
    let stage = Stage::new().await;
    for number in 0..20 {
        let name = format!("key-{number}");
        let token = Key::new(&name).sign(&json!({"alg": "ES256", "kid": name}), &stage.claims());
        stage.refuses(&token, "no key of the provider").await;
    }
    assert_eq!(stage.lying.times("/keys"), 1);
}

/// One key of a set may be of a kind that nobody here knows.
#[tokio::test]
async fn a_key_that_cannot_be_read_spoils_no_other() {
    let stage = Stage::new().await;
    let odd = json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "x"});
    let encryption = json!({"kty": "RSA", "use": "enc", "n": "AQAB", "e": "AQAB"});
    let keys = json!({"keys": [odd, 7, encryption, {"kty": "EC"}, stage.key.shown()]});
    stage.lying.says("/keys", 200, &keys.to_string());
    assert_eq!(stage.given(&stage.token()).await.unwrap(), "ada@example.com");
    // Nor does a token have to say which key it was.
    let unnamed = stage.key.sign(&json!({"alg": "ES256"}), &stage.claims());
    assert_eq!(stage.given(&unnamed).await.unwrap(), "ada@example.com");
}

#[tokio::test]
async fn a_provider_that_fails_is_not_one_that_refuses() {
    let stage = Stage::new().await;
    let check = async |status: u16, body: &str, expect: &str| {
        stage.lying.says("/token", status, body);
        let error = stage.complete().await.unwrap_err();
        assert!(error.to_string().contains(expect), "{error}");
        assert_eq!(matches!(error, IdentityError::Refused(_)), (400..500).contains(&status));
        assert!(!error.to_string().contains("hush"), "{error}");
    };
    check(500, "", "status 500").await;
    check(302, "", "status 302").await;
    check(200, "hush", "not what it should be at line 1").await;
    check(200, r#"{"id_token": ["hush"]}"#, "not what it should be").await;
    check(400, r#"{"error":"invalid_grant","error_description":"used"}"#, "invalid_grant: used")
        .await;
    check(401, "<html>", "401").await;
    let long = " ".repeat(5 * 1024 * 1024);
    check(200, &long, "longer than 4 MiB").await;
}

#[tokio::test]
async fn a_configuration_of_somebody_else_is_not_believed() {
    let check = async |name: &str, value: Value, expect: &str| {
        let lying = Lying::start().await;
        let mut configuration = lying.configuration();
        configuration[name] = value;
        lying.says("/.well-known/openid-configuration", 200, &configuration.to_string());
        let provider = Provider::new(Settings::new(&lying.issuer, "tidegate")).unwrap();
        let error = provider.begin("http://127.0.0.1:7420/back").await.unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    check("issuer", json!("https://evil.example"), "it calls itself \"https://evil.example\"")
        .await;
    check("token_endpoint", json!("http://evil.example/token"), "not asked over TLS").await;
    check("userinfo_endpoint", json!("http://evil.example/"), "not asked over TLS").await;
    check("jwks_uri", json!(7), "not what it should be").await;
    check("authorization_endpoint", json!("javascript:alert(1)"), "no URL").await;
}

/// Whoever gives an access token of another person gives no name with it.
#[tokio::test]
async fn what_is_told_about_somebody_else_does_not_count() {
    let stage = Stage::new().await;
    let issuer = &stage.lying.issuer;
    let mut configuration = stage.lying.configuration();
    configuration["userinfo_endpoint"] = json!(format!("{issuer}/me"));
    stage.lying.says("/.well-known/openid-configuration", 200, &configuration.to_string());
    let provider = Provider::new(Settings::new(issuer, "tidegate")).unwrap();
    let begun = provider.begin("http://127.0.0.1:7420/back").await.unwrap();
    let stage = Stage { provider, begun, ..stage };
    let mut claims = stage.claims();
    claims.as_object_mut().unwrap().remove("groups");
    let token = stage.key.sign(&json!({"alg": "ES256", "kid": "a"}), &claims);
    let tokens = json!({"id_token": token, "access_token": "t"}).to_string();
    stage.lying.says("/token", 200, &tokens);
    stage.lying.says("/me", 200, r#"{"sub":"ada","groups":["dev"],"email":"eve@example.com"}"#);
    // What is signed counts before what is told.
    assert_eq!(stage.complete().await.unwrap(), "ada@example.com");
    stage.lying.says("/me", 200, r#"{"sub":"eve","groups":["admins"]}"#);
    assert!(stage.complete().await.unwrap_err().to_string().contains("somebody else"));
}
