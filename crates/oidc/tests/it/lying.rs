//! A provider that says what a test tells it to.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// What it answers at each path: a status and a body. `None` stands for nothing, ever.
pub(crate) type Answers = BTreeMap<&'static str, Option<(u16, String)>>;

pub(crate) struct Lying {
    pub(crate) issuer: String,
    pub(crate) answers: Arc<Mutex<Answers>>,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl Lying {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let lying = Self { issuer, answers: Arc::default(), asked: Arc::default() };
        lying.says("/.well-known/openid-configuration", 200, &lying.configuration().to_string());
        let (answers, asked) = (Arc::clone(&lying.answers), Arc::clone(&lying.asked));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(answer(stream, Arc::clone(&answers), Arc::clone(&asked)));
            }
        });
        lying
    }

    pub(crate) fn says(&self, path: &'static str, status: u16, body: &str) {
        self.answers.lock().unwrap().insert(path, Some((status, body.to_owned())));
    }

    pub(crate) fn configuration(&self) -> Value {
        let Self { issuer, .. } = self;
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/auth"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
        })
    }

    /// How often it was asked for this path.
    pub(crate) fn times(&self, path: &str) -> usize {
        let line = format!("{path} HTTP/1.1");
        self.asked.lock().unwrap().iter().filter(|asked| asked.contains(&line)).count()
    }
}

async fn answer(
    mut stream: TcpStream,
    answers: Arc<Mutex<Answers>>,
    asked: Arc<Mutex<Vec<String>>>,
) {
    let mut request = vec![0; 16_384];
    let count = stream.read(&mut request).await.unwrap_or(0);
    let request = String::from_utf8_lossy(&request[..count]).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    asked.lock().unwrap().push(request);
    let found = answers.lock().unwrap().get(&*path).cloned();
    match found.unwrap_or(Some((404, String::new()))) {
        Some((status, body)) => {
            let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
        None => std::future::pending().await,
    }
}

/// A key on the curve P-256.
pub(crate) struct Key {
    pair: EcdsaKeyPair,
    pub(crate) id: String,
}

impl Key {
    pub(crate) fn new(id: &str) -> Self {
        let (random, kind) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let made = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(kind, made.as_ref(), &random).unwrap();
        Self { pair, id: id.to_owned() }
    }

    /// Its public half as a provider shows it.
    pub(crate) fn shown(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        json!({"kty": "EC", "crv": "P-256", "use": "sig", "kid": self.id, "x": text(x), "y": text(y)})
    }

    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

/// What is signed of a token.
pub(crate) fn message(header: &Value, claims: &Value) -> String {
    let text = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}", text(header), text(claims))
}
