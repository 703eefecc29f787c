//! Refresh tokens: families of which exactly one member is live, for sessions, guests and programs alike.
//!
//! A refresh token is its family's id, a generation number and a MAC over both under a signing key,
//! so nothing that could be stolen is stored, and an old token is recognised however old it is.
//! Presenting the live generation makes the next one live.
//!
//! A reply can get lost, and then the client can only repeat itself. So for [`RETRY_WINDOW`] after
//! a rotation, and only while its successor is unused, the previous token is answered with that
//! same successor: retries and races agree on one live token. Anything older, or later, is a copy
//! in other hands and ends the family.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use stagedoor_core::{Timestamp, limits};
use store::{Keyring, SigningKey};
use uuid::Uuid;

/// How long the previous refresh token still fetches its successor: a few client time-outs.
const RETRY_WINDOW: Duration = Duration::from_secs(30);
/// First byte inside: how the rest is laid out. The number of the key that made the MAC follows.
const FORMAT: u8 = 1;
const SIGNED: usize = 1 + 1 + 16 + 8;
const MAC: usize = 32;

/// What a family belongs to; a token of one kind is none of another.
pub(crate) struct Kind {
    /// Tells scanners of leaked secrets what they found.
    pub(crate) prefix: &'static str,
    /// Of the key that makes the MAC.
    label: &'static str,
}

pub(crate) const SESSION: Kind = Kind { prefix: "sdr_", label: "identity/refresh/v1" };
pub(crate) const GUEST: Kind = Kind { prefix: "sdv_", label: "identity/guest-refresh/v1" };
pub(crate) const GRANT: Kind = Kind { prefix: "sdg_", label: "identity/grant-refresh/v1" };

/// What a refresh token says once its MAC was found good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RefreshToken {
    pub family: Uuid,
    pub generation: i64,
}

impl RefreshToken {
    pub(crate) fn encode(self, kind: &Kind, keyring: &Keyring) -> String {
        let keys = keyring.signing(kind.label);
        let newest = keys.last().expect("one signs");
        let signed = self.signed(newest.number);
        let tag = mac(newest, &signed).finalize().into_bytes();
        format!("{}{}", kind.prefix, URL_SAFE_NO_PAD.encode([&signed[..], &tag[..]].concat()))
    }

    /// None for what no key made that is accepted at `now`.
    pub(crate) fn decode(kind: &Kind, keyring: &Keyring, text: &str, now: Timestamp) -> Option<Self> {
        let mut bytes = [0; SIGNED + MAC];
        let read = URL_SAFE_NO_PAD.decode_slice(text.strip_prefix(kind.prefix)?, &mut bytes).ok()?;
        let (signed, tag) = bytes.split_first_chunk::<SIGNED>().expect("the buffer holds both");
        if read != SIGNED + MAC || signed[0] != FORMAT {
            return None;
        }
        let keys = keyring.signing(kind.label);
        let key = keys.iter().find(|key| key.number == signed[1])?;
        let is_over = key.accepted_until(limits::REFRESH_TOKEN_TTL).is_some_and(|until| now >= until);
        if is_over || mac(key, signed).verify_slice(tag).is_err() {
            return None;
        }
        let family = Uuid::from_slice(&signed[2..18]).expect("sixteen bytes");
        Some(Self { family, generation: i64::from_be_bytes(signed[18..].try_into().expect("eight bytes")) })
    }

    fn signed(self, number: u8) -> [u8; SIGNED] {
        let mut signed = [FORMAT; SIGNED];
        signed[1] = number;
        signed[2..18].copy_from_slice(self.family.as_bytes());
        signed[18..].copy_from_slice(&self.generation.to_be_bytes());
        signed
    }
}

fn mac(key: &SigningKey, signed: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.seed[..]).expect("HMAC takes keys of any length");
    mac.update(signed);
    mac
}

/// What presenting a refresh token leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The live token: the next generation takes over.
    Rotate,
    /// The previous one, soon after: the reply was lost or two requests raced.
    Repeat,
    /// A token that was used up: somebody holds a copy.
    Reused,
    /// The family has expired or was ended, or the database is older than the token.
    Ended,
}

/// How a family stands.
pub(crate) struct Family {
    /// Of the live token.
    pub generation: i64,
    pub rotated_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

impl Family {
    pub(crate) fn judge(&self, generation: i64, now: Timestamp) -> Verdict {
        if self.revoked_at.is_some() || now >= self.expires_at || generation > self.generation {
            Verdict::Ended
        } else if generation == self.generation {
            Verdict::Rotate
        } else if generation + 1 == self.generation && now < self.rotated_at + RETRY_WINDOW {
            Verdict::Repeat
        } else {
            Verdict::Reused
        }
    }
}
