//! A provider that says whatever a test wants, over real HTTP. The one that says what the standard wants is
//! in crates/stagedoor/tests.

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A key to sign ID tokens with.
pub struct Signer {
    private: Vec<u8>,
    pub public: Value,
}

impl Signer {
    pub fn new(id: &str) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a provider has randomness of its own")]
        let private = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private.as_ref()).unwrap();
        // A four, then both coordinates.
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let public = json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": id,
            "x": BASE64.encode(x), "y": BASE64.encode(y),
        });
        Self { private: private.as_ref().to_vec(), public }
    }

    pub fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: self.public["kid"].as_str().map(str::to_owned), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_ec_der(&self.private)).unwrap()
    }
}

#[derive(Default)]
struct Said {
    keys: Vec<Value>,
    token: Value,
    /// Statuses other than 200, by path.
    statuses: HashMap<String, u16>,
    /// Requests by path.
    asked: HashMap<String, u32>,
    /// The body of the last request for a token.
    form: String,
    metadata: Value,
}

#[derive(Clone)]
pub struct Elsewhere {
    pub issuer: String,
    pub port: u16,
    said: Arc<Mutex<Said>>,
}

impl Elsewhere {
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let issuer = format!("http://127.0.0.1:{port}");
        let metadata = json!({
            "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize?kept=1"),
            "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
            "authorization_response_iss_parameter_supported": true,
        });
        let said = Arc::new(Mutex::new(Said { metadata, ..Said::default() }));
        let served = said.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, served.clone()));
            }
        });
        Self { issuer, port, said }
    }

    /// The keys that it publishes from now on.
    pub fn publish(&self, keys: &[&Signer]) {
        self.said.lock().keys = keys.iter().map(|key| key.public.clone()).collect();
    }

    /// Every code is exchanged for this ID token from now on.
    pub fn give(&self, token: &str) {
        self.said.lock().token = json!({ "access_token": "at", "token_type": "Bearer", "id_token": token });
    }

    /// `path` is answered with this status from now on.
    pub fn fail(&self, path: &str, status: u16) {
        self.said.lock().statuses.insert(path.to_owned(), status);
    }

    pub fn describe(&self, field: &str, value: Value) {
        self.said.lock().metadata[field] = value;
    }

    pub fn asked(&self, path: &str) -> u32 {
        self.said.lock().asked.get(path).copied().unwrap_or_default()
    }

    pub fn form(&self) -> HashMap<String, String> {
        let form = self.said.lock().form.clone();
        url::form_urlencoded::parse(form.as_bytes()).into_owned().collect()
    }
}

async fn serve(mut socket: TcpStream, said: Arc<Mutex<Said>>) {
    let mut bytes = Vec::new();
    let (head, body) = loop {
        let mut part = [0; 4096];
        match socket.read(&mut part).await {
            Ok(0) | Err(_) => return,
            Ok(count) => bytes.extend_from_slice(&part[..count]),
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
        });
        if body.len() >= length.unwrap_or(0) {
            break (head.to_owned(), body.to_owned());
        }
    };
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let (status, answer) = {
        let mut said = said.lock();
        *said.asked.entry(path.clone()).or_default() += 1;
        let answer = match path.as_str() {
            "/.well-known/openid-configuration" => said.metadata.clone(),
            "/keys" => json!({ "keys": said.keys }),
            "/token" => {
                said.form = body;
                said.token.clone()
            }
            _ => Value::Null,
        };
        (said.statuses.get(&path).copied().unwrap_or(200), answer.to_string())
    };
    let answer = format!(
        "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
        answer.len()
    );
    let _ = socket.write_all(answer.as_bytes()).await;
}
