//! `oidc-provider`, which is certified by the OpenID Foundation, run by Node.

use std::{path::Path, process::Stdio, sync::Once};

use tidegate_oidc::{ClientSecret, Provider, Settings};
use tidegate_ports::{Identity, IdentityError, IdentityProvider as _, SignIn, SignInAnswer};
use tidegate_testkit::ports::free_port;
use tidegate_units::Timestamp;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::browser::{Browser, Parameters};

const CALLBACK: &str = "http://127.0.0.1:7420/v1/session/oidc/callback";

/// A provider that ends with this.
struct Real {
    issuer: String,
    orders: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Real {
    async fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/provider");
        install(&folder);
        let port = free_port();
        let mut process = Command::new("node")
            .arg("provider.mjs")
            .args([&port.to_string(), CALLBACK])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("this test runs a provider by Node: install nodejs");
        let orders = process.stdin.take().unwrap();
        let said = BufReader::new(process.stdout.take().unwrap()).lines();
        let issuer = format!("http://127.0.0.1:{port}");
        let mut real = Self { issuer, orders, said, _process: process };
        real.hear("ready").await;
        real
    }

    async fn hear(&mut self, word: &str) {
        // It has remarks of its own in between.
        while self.said.next_line().await.unwrap().expect("the provider ended") != word {}
    }

    /// Lets it sign with a new key from here on.
    async fn sign_with(&mut self, algorithm: &str) {
        self.orders.write_all(format!("keys {algorithm}\n").as_bytes()).await.unwrap();
        self.hear("done").await;
    }

    fn provider(&self, client: &str, secret: Option<&str>) -> Provider {
        let mut settings = Settings::new(&self.issuer, client);
        settings.client_secret = secret.map(ClientSecret::new);
        Provider::new(settings).unwrap()
    }
}

/// Brings what the provider is made of, as its lock file has it.
fn install(folder: &Path) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if folder.join("node_modules/oidc-provider").exists() {
            return;
        }
        let npm = std::process::Command::new("npm").arg("ci").current_dir(folder).output();
        let npm = npm.expect("this test runs a provider by Node: install npm");
        assert!(npm.status.success(), "{}", String::from_utf8_lossy(&npm.stderr));
    });
}

const SECRET: Option<&str> = Some("a secret: with %signs+");

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(since.as_millis().try_into().unwrap())
}

fn answer(mut brought: Parameters) -> SignInAnswer {
    SignInAnswer {
        code: brought.remove("code"),
        state: brought.remove("state"),
        issuer: brought.remove("iss"),
        error: brought.remove("error"),
        error_description: brought.remove("error_description"),
    }
}

async fn sign_in(provider: &Provider, login: &str) -> Result<Identity, IdentityError> {
    let begun = provider.begin(CALLBACK).await?;
    let brought = Browser::default().sign_in(&begun.location, login, CALLBACK).await;
    provider.complete(&begun, &answer(brought), now()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_by_every_kind_of_client() {
    let real = Real::start().await;
    for (client, secret) in [("tidegate", SECRET), ("by-body", Some("secret")), ("public", None)] {
        let provider = real.provider(client, secret);
        let ada = sign_in(&provider, "ada").await.unwrap();
        assert_eq!((&*ada.name, &*ada.subject), ("ada@example.com", "ada"), "{client}");
        let groups: Vec<_> = ada.groups.iter().map(String::as_str).collect();
        assert_eq!(groups, ["payments", "sre"], "{client}");
        // Nobody has looked whether that address is his.
        let bob = sign_in(&provider, "bob").await.unwrap();
        assert_eq!((&*bob.name, bob.groups.len()), ("bob", 0), "{client}");
    }
}

/// A provider that begins to sign with another key is asked for its keys once more, and each way of
/// signing is understood.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_fetched() {
    let mut real = Real::start().await;
    for algorithm in ["RS256", "ES256", "PS256", "ES384", "EdDSA"] {
        real.sign_with(algorithm).await;
        let provider = real.provider("tidegate", SECRET);
        assert_eq!(sign_in(&provider, "ada").await.unwrap().name, "ada@example.com", "{algorithm}");
    }
    let provider = real.provider("tidegate", SECRET);
    assert!(sign_in(&provider, "ada").await.is_ok());
    // No sooner than every five seconds is it asked again.
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    real.sign_with("ES256").await;
    assert_eq!(sign_in(&provider, "ada").await.unwrap().name, "ada@example.com");
}

/// Each part of a sign-in that does not belong to the others is found, by the provider or by us.
#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_another_sign_in_is_refused() {
    let real = Real::start().await;
    let provider = real.provider("tidegate", SECRET);
    let begun = provider.begin(CALLBACK).await.unwrap();
    let brought = Browser::default().sign_in(&begun.location, "ada", CALLBACK).await;
    let good = answer(brought);
    let check = async |begun: SignIn, answer: SignInAnswer, expect: &str| {
        let refused = provider.complete(&begun, &answer, now()).await.unwrap_err();
        assert!(matches!(refused, IdentityError::Refused(_)), "{refused}");
        assert!(refused.to_string().contains(expect), "{refused}");
    };
    let other = provider.begin(CALLBACK).await.unwrap();
    check(other.clone(), good.clone(), "belongs to another sign-in").await;
    let elsewhere = SignInAnswer { issuer: Some("https://evil.example".into()), ..good.clone() };
    check(begun.clone(), elsewhere, "another provider than ours").await;
    // This provider always tells who it is, so that an answer which does not is not its own.
    check(begun.clone(), SignInAnswer { issuer: None, ..good.clone() }, "another provider").await;
    check(begun.clone(), SignInAnswer { code: None, ..good.clone() }, "no code").await;
    let denied = SignInAnswer { error: Some("access_denied".into()), ..good.clone() };
    check(begun.clone(), denied, "the provider said no: access_denied").await;
    check(
        begun.clone(),
        SignInAnswer { code: Some("guess".into()), ..good.clone() },
        "invalid_grant",
    )
    .await;
    let other_verifier = SignIn { verifier: other.verifier, ..begun.clone() };
    check(other_verifier, good.clone(), "invalid_grant").await;
    // After so many tries the code is good for nobody any more, or it is for whoever it was given.
    let once = provider.complete(&begun, &good, now()).await;
    assert!(provider.complete(&begun, &good, now()).await.is_err(), "a code counts once: {once:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_of_another_sign_in_is_refused() {
    let real = Real::start().await;
    let provider = real.provider("tidegate", SECRET);
    let begun = provider.begin(CALLBACK).await.unwrap();
    let brought = Browser::default().sign_in(&begun.location, "ada", CALLBACK).await;
    let replayed = SignIn { nonce: "another".to_owned(), ..begun };
    let refused = provider.complete(&replayed, &answer(brought), now()).await.unwrap_err();
    assert!(refused.to_string().contains("another sign-in"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_cannot_show_that_it_is_us_gets_nothing() {
    let real = Real::start().await;
    let provider = real.provider("tidegate", Some("wrong"));
    let refused = sign_in(&provider, "ada").await.unwrap_err();
    assert!(refused.to_string().contains("invalid_client"), "{refused}");
    assert!(!refused.to_string().contains("wrong"), "{refused}");
}
