//! A person's device with one passkey: another implementation of authenticator and browser than the one
//! that is tested, which speaks the JSON of browsers.

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use passkey_authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey_client::{Client, ClientData, DefaultClientData, DefaultClientDataWithCustomHash};
use passkey_crypto::rust_crypto::RustCryptoBackend;
use passkey_types::Passkey;
use passkey_types::ctap2::{Aaguid, Ctap2Error};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

/// The person at the device, who does what the browser asks for.
struct Finger;

#[async_trait]
impl UserValidationMethod for Finger {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence, verification })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

/// A clone of one has the same key.
#[derive(Clone, Default)]
pub struct Device {
    pub passkey: Option<Passkey>,
    /// Whether the passkeys that it makes have a counter.
    counts: bool,
}

impl Device {
    pub fn counting() -> Self {
        Self { counts: true, ..Self::default() }
    }

    /// Makes a passkey on a page of `origin`, as `navigator.credentials.create` does.
    pub async fn create(&mut self, origin: &str, options: &Value) -> Value {
        let mut authenticator = Authenticator::new(Aaguid::new_empty(), self.passkey.take(), Finger, RustCryptoBackend);
        authenticator.set_make_credentials_with_signature_counter(self.counts);
        let mut client = Client::new(authenticator).allows_insecure_localhost(true);
        let request = serde_json::from_value(json!({ "publicKey": options })).expect("options of a browser");
        let page = Url::parse(origin).unwrap();
        let made = client.register(&page, request, DefaultClientData).await.expect("the device makes a passkey");
        self.passkey = client.authenticator().store().clone();
        serde_json::to_value(made).unwrap()
    }

    /// Signs on a page of `origin`, as `navigator.credentials.get` does.
    pub async fn get(&mut self, origin: &str, options: &Value) -> Value {
        self.sign(origin, options, DefaultClientData).await
    }

    /// The same on a page that a page of another site has in a frame, as such a browser says it.
    pub async fn get_framed(&mut self, origin: &str, options: &Value) -> Value {
        let mut signed = self.get(origin, options).await;
        let said = BASE64.decode(signed["response"]["clientDataJSON"].as_str().unwrap()).unwrap();
        let mut said: Value = serde_json::from_slice(&said).unwrap();
        said["crossOrigin"] = true.into();
        let said = said.to_string();
        let hash = DefaultClientDataWithCustomHash(Sha256::digest(&said).to_vec());
        signed = self.sign(origin, options, hash).await;
        signed["response"]["clientDataJSON"] = BASE64.encode(&said).into();
        signed
    }

    async fn sign(&mut self, origin: &str, options: &Value, data: impl ClientData<()>) -> Value {
        let authenticator = Authenticator::new(Aaguid::new_empty(), self.passkey.take(), Finger, RustCryptoBackend);
        let mut client = Client::new(authenticator).allows_insecure_localhost(true);
        let request = serde_json::from_value(json!({ "publicKey": options })).expect("options of a browser");
        let page = Url::parse(origin).unwrap();
        let signed = client.authenticate(&page, request, data).await;
        self.passkey = client.authenticator().store().clone();
        serde_json::to_value(signed.expect("the device has the passkey")).unwrap()
    }
}
