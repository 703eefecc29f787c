//! Access tokens: signed JWTs that any holder of the public key can check, and that this process
//! checks once and then remembers.
//!
//! A token is accepted only when its header is exactly the one this module writes. Algorithm
//! confusion, `none`, embedded or linked keys and `crit` therefore never reach the signature.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hashbrown::Equivalent;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use parking_lot::{Mutex, RwLock};
use sha2::{Digest, Sha256};
use stagedoor_core::{ClientId, Code, Env, GrantId, OrganizerId, SessionId, Timestamp, UserId};
use store::Keyring;
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::Config;
use crate::bounded::Bounded;
use crate::guest::Guest;
use crate::program::{Bearer, Program, ProgramId};

/// How far the clocks of two nodes may differ: a token may be this much younger than now. Expiry
/// gets no such slack. Source: ASVS 5.0 V9, at most 60 s.
const CLOCK_SKEW: Duration = Duration::from_secs(30);
/// Ours are about 450 bytes; anything longer is refused before it is looked at.
const TOKEN_BYTES_MAX: usize = 2_048;
/// Bytes at the end of a token that pick its place in the cache: part of the signature.
const TAIL: usize = 32;
const SHARDS: usize = 32;

/// Who is asking, as proven by an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    pub user: UserId,
    pub session: SessionId,
    pub expires_at: Timestamp,
    /// Runs the platform itself; stands above organizers.
    pub platform_admin: bool,
}

/// Why an access token is not accepted. For logs; a client learns only the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("not a token of this server")]
    Malformed,
    #[error("the signature does not fit")]
    Signature,
    #[error("made for another purpose")]
    Purpose,
    #[error("expired")]
    Expired,
    #[error("not valid yet")]
    NotYetValid,
    #[error("its session has ended")]
    Revoked,
}

impl TokenError {
    pub fn code(self) -> Code {
        Code::InvalidToken
    }
}

/// What an access token says. The two kinds have no common reading: a member too many or too few is
/// neither.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Claims {
    Session(SessionClaims),
    Program(ProgramClaims),
}

/// The claims of a person's own access token. Source: RFC 7519 and, for the profile, RFC 9068.
/// Times are in whole seconds since 1970.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionClaims {
    iss: String,
    aud: String,
    sub: UserId,
    sid: SessionId,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    platform_admin: bool,
    /// The subject is no account.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    guest: bool,
}

/// The claims of an access token that a program was given. Source: RFC 9068, section 2.2.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProgramClaims {
    pub iss: String,
    pub aud: String,
    /// The person, or the client itself when it acts for its organizer.
    pub sub: String,
    pub client_id: ClientId,
    /// With spaces between.
    pub scope: String,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
    pub jti: String,
    /// The grant that it came of.
    pub gid: GrantId,
    /// The client's organizer.
    pub org: OrganizerId,
}

impl ProgramClaims {
    fn read(self) -> Option<Program> {
        let user = match self.sub.parse() {
            Ok(user) => Some(user),
            Err(_) if self.sub.parse() == Ok(self.client_id) => None,
            Err(_) => return None,
        };
        Some(Program {
            id: ProgramId::Client(self.client_id, self.gid),
            organizer: self.org,
            user,
            scopes: self.scope.parse().ok()?,
            expires_at: at(self.exp),
        })
    }
}

/// Whom a token of a session is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Holder {
    pub user: UserId,
    pub session: SessionId,
    pub platform_admin: bool,
    pub is_guest: bool,
}

/// A key that signs tokens or did so.
struct Checking {
    /// To the letter that of every token it signed.
    header: Header,
    key: DecodingKey,
    /// None for the one that signs.
    until: Option<Timestamp>,
}

pub(crate) struct Tokens {
    issuer: String,
    audience: String,
    ttl: Duration,
    signing: EncodingKey,
    /// The newest, which signs, first.
    checking: Vec<Checking>,
    validation: Validation,
    jwks: String,
    verified: Box<[Mutex<Bounded<Verified, Bearer>>]>,
    revoked: Revoked,
}

impl Tokens {
    /// Keys whose last tokens have expired by `now` are left out.
    pub(crate) fn new(keyring: &Keyring, config: &Config, now: Timestamp) -> Self {
        let (mut signing, mut checking, mut shown) = (None, Vec::new(), Vec::new());
        for key in keyring.signing("identity/jwt/v1").iter().rev() {
            let until = key.accepted_until(stagedoor_core::limits::ACCESS_TOKEN_TTL);
            if until.is_some_and(|until| now >= until) {
                continue;
            }
            let pair = Ed25519KeyPair::from_seed_unchecked(&key.seed[..]).expect("any 32 bytes are an Ed25519 seed");
            let public = pair.public_key().as_ref();
            let x = URL_SAFE_NO_PAD.encode(public);
            // RFC 7638: a key's name is the hash of its required members in this order.
            let thumbprint = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
            let kid = URL_SAFE_NO_PAD.encode(&thumbprint[..16]);
            shown.push(serde_json::json!({
                "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": x
            }));
            let mut header = Header::new(Algorithm::EdDSA);
            header.typ = Some("at+jwt".to_owned());
            header.kid = Some(kid);
            checking.push(Checking { header, key: DecodingKey::from_ed_der(public), until });
            signing.get_or_insert_with(|| {
                let document = pair.to_pkcs8v1().expect("a valid pair can be written down");
                EncodingKey::from_ed_der(document.as_ref())
            });
        }
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&config.issuer]);
        validation.set_audience(&[&config.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "nbf", "exp"]);
        // The library would read the machine's clock; `verify` compares with the given one.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self {
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            ttl: config.access_token_ttl.min(stagedoor_core::limits::ACCESS_TOKEN_TTL),
            signing: signing.expect("the newest key ends never"),
            checking,
            validation,
            jwks: serde_json::json!({ "keys": shown }).to_string(),
            verified: (0..SHARDS).map(|_| Mutex::new(Bounded::new(config.tokens_cached_max / SHARDS))).collect(),
            revoked: Revoked::default(),
        }
    }

    pub(crate) fn ttl(&self) -> Duration {
        self.ttl
    }

    pub(crate) fn jwks(&self) -> &str {
        &self.jwks
    }

    pub(crate) fn issue(&self, env: &Env, holder: Holder) -> String {
        let Holder { user, session, platform_admin, is_guest } = holder;
        let now = env.now().seconds();
        let claims = SessionClaims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: user,
            sid: session,
            iat: now,
            nbf: now,
            exp: now + self.ttl.as_secs() as i64,
            jti: URL_SAFE_NO_PAD.encode(env.entropy.bytes::<16>()),
            platform_admin,
            guest: is_guest,
        };
        self.sign(&claims)
    }

    /// An access token for `program`, which is a client.
    pub(crate) fn issue_to(&self, env: &Env, program: Program) -> String {
        let now = env.now().seconds();
        let ProgramId::Client(client_id, gid) = program.id else { panic!("{} is a key itself", program.id) };
        self.sign(&ProgramClaims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: program.user.map_or_else(|| client_id.to_string(), |user| user.to_string()),
            client_id,
            scope: program.scopes.to_string(),
            iat: now,
            nbf: now,
            exp: program.expires_at.seconds(),
            jti: URL_SAFE_NO_PAD.encode(env.entropy.bytes::<16>()),
            gid,
            org: program.organizer,
        })
    }

    fn sign(&self, claims: &impl serde::Serialize) -> String {
        jsonwebtoken::encode(&self.checking[0].header, claims, &self.signing).expect("the key fits the algorithm")
    }

    /// `iss` of every token, and `aud`.
    pub(crate) fn names(&self) -> (&str, &str) {
        (&self.issuer, &self.audience)
    }

    /// The claims of a program's token that is good, to be shown to its organizer.
    pub(crate) fn program_claims(&self, token: &str, now: Timestamp) -> Option<ProgramClaims> {
        self.verify(token, now).ok()?;
        match self.read(token.as_bytes()) {
            Ok((Claims::Program(claims), _)) => Some(claims),
            _ => None,
        }
    }

    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Result<Bearer, TokenError> {
        let token = token.as_bytes();
        if !(TAIL..=TOKEN_BYTES_MAX).contains(&token.len()) {
            return Err(TokenError::Malformed);
        }
        let shard = self.shard(token);
        let known = shard.lock().get(&Presented(token));
        let bearer = match known {
            Some(bearer) => bearer,
            None => self.verify_fully(token, now)?,
        };
        if now >= bearer.expires_at() {
            return Err(TokenError::Expired);
        }
        let is_revoked = match bearer {
            Bearer::Person(principal) => self.revoked.contains(principal.session.into()),
            Bearer::Guest(guest) => self.revoked.contains(guest.session.into()),
            Bearer::Program(program) => match program.id {
                ProgramId::Client(client, grant) => {
                    self.revoked.contains(grant.into()) || self.revoked.contains(client.into())
                }
                ProgramId::Key(_) => unreachable!("a key is no signed token"),
            },
        };
        if is_revoked {
            return Err(TokenError::Revoked);
        }
        if known.is_none() {
            shard.lock().insert(Verified(token.into()), bearer);
        }
        Ok(bearer)
    }

    fn verify_fully(&self, token: &[u8], now: Timestamp) -> Result<Bearer, TokenError> {
        let (claims, until) = self.read(token)?;
        // Remembered like this, it ends with its key, too.
        let expiry = |exp| until.map_or(at(exp), |until| at(exp).min(until));
        let (from, bearer) = match claims {
            Claims::Session(claims) if claims.guest => {
                let guest = Guest { id: claims.sub, session: claims.sid, expires_at: expiry(claims.exp) };
                (claims.nbf.max(claims.iat), Bearer::Guest(guest))
            }
            Claims::Session(claims) => {
                let principal = Principal {
                    user: claims.sub,
                    session: claims.sid,
                    expires_at: expiry(claims.exp),
                    platform_admin: claims.platform_admin,
                };
                (claims.nbf.max(claims.iat), Bearer::Person(principal))
            }
            Claims::Program(claims) => {
                let (from, exp) = (claims.nbf.max(claims.iat), claims.exp);
                let program = claims.read().ok_or(TokenError::Malformed)?;
                (from, Bearer::Program(Program { expires_at: expiry(exp), ..program }))
            }
        };
        if at(from) > now + CLOCK_SKEW {
            return Err(TokenError::NotYetValid);
        }
        Ok(bearer)
    }

    /// What it says, and when its key ends. About 30 us, nearly all of it the signature.
    fn read(&self, token: &[u8]) -> Result<(Claims, Option<Timestamp>), TokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Malformed)?;
        let checking = self.checking.iter().find(|known| known.header == header).ok_or(TokenError::Purpose)?;
        let decoded = jsonwebtoken::decode::<Claims>(token, &checking.key, &self.validation);
        decoded.map(|token| (token.claims, checking.until)).map_err(|error| {
            use jsonwebtoken::errors::ErrorKind::*;
            match error.kind() {
                InvalidSignature => TokenError::Signature,
                InvalidAudience | InvalidIssuer | MissingRequiredClaim(_) => TokenError::Purpose,
                _ => TokenError::Malformed,
            }
        })
    }

    /// No token of a session, grant or client that `ended` at `at` is accepted in this process any more.
    pub(crate) fn revoke(&self, ended: impl Into<Uuid>, at: Timestamp, now: Timestamp) {
        // Another node may grant the longest life there is.
        self.revoked.insert(ended.into(), at + stagedoor_core::limits::ACCESS_TOKEN_TTL + CLOCK_SKEW, now);
    }

    /// Whether it is known here to have ended.
    pub(crate) fn has_ended(&self, session: SessionId) -> bool {
        self.revoked.contains(session.into())
    }

    pub(crate) fn ended(&self) -> broadcast::Receiver<Uuid> {
        self.revoked.told.subscribe()
    }

    fn shard(&self, token: &[u8]) -> &Mutex<Bounded<Verified, Bearer>> {
        let end = &token[token.len() - 8..];
        &self.verified[end.iter().map(|byte| usize::from(*byte)).sum::<usize>() % SHARDS]
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds.saturating_mul(1_000_000))
}

/// A token whose signature was found good. Hashed by a piece of its signature, compared whole:
/// no hash has to be trusted. Measured with 450 bytes: 40 ns in cache and 400 ns out of it, where
/// a keyed 128-bit hash of the whole took 200 and 500.
#[derive(PartialEq, Eq)]
struct Verified(Box<[u8]>);

/// A token as a client sent it, at least [`TAIL`] bytes, to be looked up among the verified.
struct Presented<'a>(&'a [u8]);

impl Equivalent<Verified> for Presented<'_> {
    fn equivalent(&self, verified: &Verified) -> bool {
        *self.0 == *verified.0
    }
}

impl Hash for Verified {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_tail(&self.0, state);
    }
}

impl Hash for Presented<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_tail(self.0, state);
    }
}

fn hash_tail<H: Hasher>(token: &[u8], state: &mut H) {
    state.write(&token[token.len() - TAIL..]);
}

/// Sessions, grants and clients that ended while access tokens of theirs may still be unexpired.
///
/// Forgets them when the last token has expired, so its size is bounded by the sign-ins of one hour,
/// each of which cost a password hash, and by the tokens that clients may ask for in that time.
struct Revoked {
    /// So that the common look-up, with nothing revoked, touches no lock.
    count: AtomicUsize,
    until: RwLock<HashMap<Uuid, Timestamp>>,
    /// Each that ended, once, for those who serve it at the moment.
    told: broadcast::Sender<Uuid>,
}

impl Default for Revoked {
    fn default() -> Self {
        Self { count: AtomicUsize::default(), until: RwLock::default(), told: broadcast::Sender::new(ENDED_BEHIND_MAX) }
    }
}

/// Ends that whoever is told of them may fall behind.
const ENDED_BEHIND_MAX: usize = 1_024;
/// Expired entries are looked for once this many are there, and then at each doubling.
const REVOKED_SWEEP: usize = 1_024;

impl Revoked {
    fn contains(&self, id: Uuid) -> bool {
        self.count.load(Ordering::Acquire) > 0 && self.until.read().contains_key(&id)
    }

    fn insert(&self, id: Uuid, until: Timestamp, now: Timestamp) {
        let mut map = self.until.write();
        if map.contains_key(&id) {
            return;
        }
        if map.len() >= REVOKED_SWEEP && map.len().is_power_of_two() {
            map.retain(|_, until| now < *until);
        }
        map.insert(id, until);
        self.count.store(map.len(), Ordering::Release);
        // Whoever is told asks again, so that it must be there by now. Nobody may be listening.
        let _ = self.told.send(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stagedoor_core::Entropy;

    fn keyring(seed: u8) -> Keyring {
        Keyring::new([seed; 32], Entropy::seeded(1))
    }

    fn holder(user: UserId, session: SessionId) -> Holder {
        Holder { user, session, platform_admin: false, is_guest: false }
    }

    #[test]
    fn a_signature_is_checked_once_and_then_remembered() {
        let (env, config) = (Env::seeded(1), Config { tokens_cached_max: 64 * SHARDS, ..Config::default() });
        let mut tokens = Tokens::new(&keyring(1), &config, env.now());
        let token = tokens.issue(&env, holder(env.id(), env.id()));
        let other = tokens.issue(&env, holder(env.id(), env.id()));
        let principal = tokens.verify(&token, env.now());
        assert!(principal.is_ok());
        // With a key that fits neither, only the one already seen is accepted, and only whole.
        tokens.checking[0].key = Tokens::new(&keyring(2), &config, env.now()).checking.swap_remove(0).key;
        assert_eq!(tokens.verify(&token, env.now()), principal);
        assert_eq!(tokens.verify(&other, env.now()), Err(TokenError::Signature));
        let (head, rest) = token.split_once('.').expect("a token has parts");
        let tail = &rest[rest.len() - TAIL..];
        let same_tail = format!("{head}.{}{tail}", "A".repeat(rest.len() - TAIL));
        assert!(tokens.verify(&same_tail, env.now()).is_err());
    }

    #[test]
    fn a_session_stays_ended_as_long_as_a_token_of_it_may_live() {
        let (env, hour) = (Env::seeded(1), stagedoor_core::limits::ACCESS_TOKEN_TTL);
        let tokens = Tokens::new(&keyring(1), &Config::default(), env.now());
        let (user, session): (_, SessionId) = (env.id(), env.id());
        let token = tokens.issue(&env, holder(user, session));
        tokens.revoke(session, env.now(), env.now());
        env.clock.advance(hour - Duration::from_millis(1));
        for _ in 0..4 * REVOKED_SWEEP {
            tokens.revoke(env.id::<SessionId>(), env.now(), env.now());
        }
        assert_eq!(tokens.verify(&token, env.now()), Err(TokenError::Revoked));
    }

    #[test]
    fn sessions_are_forgotten_when_their_tokens_have_expired() {
        let env = Env::seeded(1);
        let revoked = Revoked::default();
        for _ in 0..100 * REVOKED_SWEEP {
            revoked.insert(env.id(), env.now() + Duration::from_secs(1), env.now());
            env.clock.advance(Duration::from_millis(1));
        }
        assert!(revoked.until.read().len() <= 2 * REVOKED_SWEEP);
    }
}
