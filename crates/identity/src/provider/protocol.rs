//! What is said to a provider and what it answers: its documents, the exchange of a code, the ID token.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use outbound::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use outbound::{Call, Outbound, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use stagedoor_core::Timestamp;
use tokio::sync::Mutex;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::Provider;

/// A provider's documents are asked for again after this long.
const DOCUMENTS_TTL: Duration = Duration::from_secs(60 * 60);
/// One that could not be had is asked for again after this long: a provider that does not answer keeps
/// nobody waiting but the first.
const FAILURE_TTL: Duration = Duration::from_secs(5);
/// An ID token with a key that is not known has the keys asked for again, and no sooner than this after the
/// last time: whoever makes key ids up does not make the provider work.
const KEYS_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// Clocks of two machines. Source: OpenID Connect Core 1.0, section 3.1.3.7, "a few minutes" at most.
const SKEW: Duration = Duration::from_secs(60);
/// Source: OpenID Connect Core 1.0, section 2, `sub`.
const SUBJECT_BYTES_MAX: usize = 255;
const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Public keys alone: with a shared secret, or none, whoever knows what is public could sign.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// A provider and what was learnt of it.
pub(super) struct Known {
    pub settings: Provider,
    metadata: Mutex<Kept<Metadata>>,
    keys: Mutex<Kept<JwkSet>>,
}

/// What came of asking for a document, and when.
struct Kept<T>(Option<(Timestamp, Result<Arc<T>, Fault>)>);

impl<T> Kept<T> {
    /// What came of it if that was less than `ttl` ago, or [`FAILURE_TTL`] where it failed.
    fn known(&self, now: Timestamp, ttl: Duration) -> Option<Result<Arc<T>, Fault>> {
        let (at, kept) = self.0.as_ref()?;
        let ttl = if kept.is_ok() { ttl } else { FAILURE_TTL };
        (now < *at + ttl).then(|| kept.clone())
    }

    fn keep(&mut self, now: Timestamp, fetched: Result<Arc<T>, Fault>) -> Result<Arc<T>, Fault> {
        self.0 = Some((now, fetched.clone()));
        fetched
    }
}

/// Source: OpenID Connect Discovery 1.0, section 3.
#[derive(Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    pub authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Source: RFC 9207, section 3.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

/// Who somebody is at the provider.
pub(super) struct Person {
    pub subject: String,
    pub name: Option<String>,
    pub email: Option<String>,
    /// Whether the provider says that it has proved it.
    pub owns_email: bool,
}

/// Why there is no [`Person`]. The texts are ours: nothing that the provider said is in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Try again later.
    Unreachable(&'static str),
    /// What came is not what was asked for.
    Refused(&'static str),
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Value,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    nonce: Option<String>,
    #[serde(flatten)]
    about: About,
}

#[derive(Deserialize, Default)]
struct About {
    name: Option<String>,
    email: Option<String>,
    /// Some providers write it as a text.
    email_verified: Option<Value>,
}

#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    #[serde(flatten)]
    about: About,
}

impl Known {
    pub(super) fn new(settings: Provider) -> Self {
        Self { settings, metadata: Mutex::new(Kept(None)), keys: Mutex::new(Kept(None)) }
    }

    /// The provider's own description, an hour old at most.
    pub(super) async fn metadata(&self, outbound: &Outbound, now: Timestamp) -> Result<Arc<Metadata>, Fault> {
        let mut kept = self.metadata.lock().await;
        if let Some(known) = kept.known(now, DOCUMENTS_TTL) {
            return known;
        }
        let fetched = self.fetch_metadata(outbound).await.map(Arc::new);
        kept.keep(now, fetched)
    }

    async fn fetch_metadata(&self, outbound: &Outbound) -> Result<Metadata, Fault> {
        let issuer = &self.settings.issuer;
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let metadata: Metadata = json(outbound.get(&url)).await?;
        // To the letter. Source: OpenID Connect Discovery 1.0, section 4.3.
        if metadata.issuer != *issuer {
            return Err(Fault::Unreachable("its description is of another issuer"));
        }
        if !is_address(&metadata.authorization_endpoint, issuer) {
            return Err(Fault::Unreachable("its description names no address to sign in at"));
        }
        Ok(metadata)
    }

    /// Exchanges a code and gives who came back.
    pub(super) async fn person(
        &self,
        outbound: &Outbound,
        now: Timestamp,
        exchange: Exchange<'_>,
    ) -> Result<Person, Fault> {
        let metadata = self.metadata(outbound, now).await?;
        let tokens: Tokens = json(self.exchange(outbound, &metadata, &exchange)).await?;
        let claims = self.verify(outbound, &metadata, now, &tokens.id_token, exchange.nonce).await?;
        let mut about = claims.about;
        if let (None, Some(url), Some(token)) = (&about.email, &metadata.userinfo_endpoint, &tokens.access_token) {
            let bearer = HeaderValue::try_from(format!("Bearer {token}"));
            let bearer = bearer.map_err(|_| Fault::Refused("its access token is none"))?;
            let info: UserInfo = json(outbound.get(url).header(AUTHORIZATION, bearer)).await?;
            // Source: OpenID Connect Core 1.0, section 5.3.2.
            if info.sub != claims.sub {
                return Err(Fault::Refused("it tells of somebody else"));
            }
            about = info.about;
        }
        let owns_email = matches!(&about.email_verified, Some(said) if *said == true || *said == "true");
        Ok(Person { subject: claims.sub, name: about.name, email: about.email, owns_email })
    }

    /// Source: RFC 6749, sections 2.3.1 and 4.1.3; RFC 7636, section 4.5.
    fn exchange(&self, outbound: &Outbound, metadata: &Metadata, exchange: &Exchange<'_>) -> Call {
        let Provider { client_id, client_secret, .. } = &self.settings;
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", exchange.code)
            .append_pair("redirect_uri", exchange.redirect_uri)
            .append_pair("code_verifier", exchange.verifier);
        let mut call = outbound.post(&metadata.token_endpoint);
        let methods = metadata.token_endpoint_auth_methods_supported.as_deref();
        let takes = |method: &str| methods.is_some_and(|methods| methods.iter().any(|known| known == method));
        match client_secret {
            None => {
                form.append_pair("client_id", client_id);
            }
            Some(secret) if takes("client_secret_post") && !takes("client_secret_basic") => {
                form.append_pair("client_id", client_id).append_pair("client_secret", secret);
            }
            Some(secret) => {
                let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                let pair = STANDARD.encode(format!("{}:{}", encode(client_id), encode(secret)));
                let mut basic = HeaderValue::try_from(format!("Basic {pair}")).expect("base64 is a header");
                basic.set_sensitive(true);
                call = call.header(AUTHORIZATION, basic);
            }
        }
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        call.header(CONTENT_TYPE, kind).body(form.finish())
    }

    /// Source: OpenID Connect Core 1.0, section 3.1.3.7.
    async fn verify(
        &self,
        outbound: &Outbound,
        metadata: &Metadata,
        now: Timestamp,
        token: &str,
        nonce: &str,
    ) -> Result<Claims, Fault> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Fault::Refused("its ID token is too long"));
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Fault::Refused("its ID token cannot be read"))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(Fault::Refused("its ID token is signed by no public key"));
        }
        let fits = |key: &Jwk| fits(key, header.alg, header.kid.as_deref());
        let mut keys = self.keys(outbound, metadata, now, DOCUMENTS_TTL).await?;
        if !keys.keys.iter().any(fits) {
            keys = self.keys(outbound, metadata, now, KEYS_AGAIN_AFTER).await?;
        }
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[&self.settings.client_id]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // The library would read the machine's clock.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let signed = keys.keys.iter().filter(|key| fits(key)).find_map(|key| {
            let key = DecodingKey::from_jwk(key).ok()?;
            jsonwebtoken::decode::<Claims>(token, &key, &validation).ok()
        });
        let claims = signed.ok_or(Fault::Refused("its ID token is not signed by it, or not for us"))?.claims;
        let (now, skew) = (now.micros() as f64 / 1e6, SKEW.as_secs_f64());
        let is_for_others = claims.aud.as_array().is_some_and(|all| all.len() > 1) && claims.azp.is_none();
        let is_anothers = claims.azp.as_ref().is_some_and(|azp| *azp != self.settings.client_id);
        let faults = [
            (claims.iss != self.settings.issuer, "its ID token is another's"),
            (is_for_others || is_anothers, "its ID token is for somebody else, too"),
            (claims.exp + skew <= now, "its ID token has expired"),
            (
                claims.iat - skew > now || claims.nbf.is_some_and(|nbf| nbf - skew > now),
                "its ID token is of the future",
            ),
            (claims.nonce.as_deref() != Some(nonce), "its ID token answers another question"),
            (claims.sub.is_empty() || claims.sub.len() > SUBJECT_BYTES_MAX, "its ID token names nobody"),
        ];
        match faults.into_iter().find(|(is_so, _)| *is_so) {
            Some((_, fault)) => Err(Fault::Refused(fault)),
            None => Ok(claims),
        }
    }

    /// The provider's keys, if they are younger than `ttl` as they were last asked for.
    async fn keys(
        &self,
        outbound: &Outbound,
        metadata: &Metadata,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Arc<JwkSet>, Fault> {
        let mut kept = self.keys.lock().await;
        if let Some(known) = kept.known(now, ttl) {
            return known;
        }
        let fetched = json::<KeySet>(outbound.get(&metadata.jwks_uri)).await.map(|set| {
            // A key of a kind that nobody here knows is no fault of the others.
            let keys = set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect();
            Arc::new(JwkSet { keys })
        });
        kept.keep(now, fetched)
    }
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

/// A code and what belongs to it.
pub(super) struct Exchange<'a> {
    pub code: &'a str,
    pub redirect_uri: &'a str,
    pub verifier: &'a str,
    pub nonce: &'a str,
}

fn fits(key: &Jwk, algorithm: Algorithm, id: Option<&str>) -> bool {
    let common = &key.common;
    let is_to_encrypt = matches!(common.public_key_use, Some(PublicKeyUse::Encryption));
    let is_for_another = common.key_algorithm.is_some_and(|known| known.to_string() != format!("{algorithm:?}"));
    let is_named = id.is_none() || common.key_id.as_deref() == id;
    is_named && !is_to_encrypt && !is_for_another
}

/// Whether browsers may be sent there: without TLS only where the operator has a provider without it.
fn is_address(text: &str, issuer: &str) -> bool {
    let plain = issuer.starts_with("http://");
    Url::parse(text).is_ok_and(|url| url.scheme() == "https" || plain && url.scheme() == "http")
}

async fn json<T: DeserializeOwned>(call: Call) -> Result<T, Fault> {
    let answer = call.header(ACCEPT, HeaderValue::from_static("application/json")).send().await;
    let answer = answer.map_err(|refused| {
        tracing::warn!(reason = refused.label(), "a provider of sign-in was not reached");
        Fault::Unreachable("it was not reached")
    })?;
    match answer.status {
        StatusCode::OK => {
            serde_json::from_slice(&answer.body).map_err(|_| Fault::Refused("its answer is not what was asked for"))
        }
        status if status.is_client_error() => Err(Fault::Refused("it refused")),
        _ => Err(Fault::Unreachable("it has a fault of its own")),
    }
}
