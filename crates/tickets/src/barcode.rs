//! What stands in the barcode of a ticket, and who can check it.
//!
//! There are two: one that stays the same, for paper, and one that changes with time, for phones
//! ([`live`](crate::live), format 2). Format 1 is 102 bytes, big endian:
//!
//! | bytes | what |
//! | --- | --- |
//! | 1 | format, 1 |
//! | 4 | generation of the ticket |
//! | 1 | key id |
//! | 16 | ticket id |
//! | 16 | event id |
//! | 64 | Ed25519 signature (RFC 8032) over the 38 bytes before it |
//!
//! The text is base45 (RFC 9285), 153 characters of the QR alphanumeric set, where two
//! characters take 11 bits. That just fits a version 6 code (41 x 41 modules) with error
//! correction M, which holds 154; base32 would take 164 characters and the next larger code.
//! Base45 may hold spaces, but never at the ends: generations stay below 2^24, so every text
//! starts with `V50`, and its last character is one of `0` to `W`. A reader that trims does no harm.
//!
//! Signatures are deterministic, so a barcode is signed when it is shown and comes out the same
//! each time, as long as the same key signs. Nothing in it is personal.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use stagedoor_core::{EventId, TicketId};
use std::fmt;
use std::sync::Arc;
use store::{Keyring, SigningKey};
use uuid::Uuid;

use crate::live::{CODE, EventKey, Step, TicketKey};
use crate::{Ticket, base45};

const STILL: u8 = 1;
const LIVE: u8 = 2;
const SIGNED: usize = 38;
const SEALED: usize = SIGNED + 64;
const LIVE_LENGTH: usize = SEALED + size_of::<u32>() + CODE;
/// Characters in a barcode that stays the same.
pub const BARCODE_TEXT_LENGTH: usize = SEALED / 2 * 3;
/// Characters in a live one.
pub const LIVE_TEXT_LENGTH: usize = LIVE_LENGTH / 2 * 3;

const SIGN_LABEL: &str = "tickets/sign/v1";
const LIVE_LABEL: &str = "tickets/live/v1";

/// What a barcode says, once its signature was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Barcode {
    pub ticket: TicketId,
    pub event: EventId,
    pub generation: u32,
    pub shown: Shown,
}

/// Which of a ticket's two barcodes it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// The one that stays the same: on paper, or a picture of it.
    Still,
    /// The one that changes, made in this step.
    Live(Step),
}

/// The text of a barcode. Whoever shows it gets in, so it prints as `BarcodeText(..)` and has no
/// `Display`: it cannot reach a log by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct BarcodeText(String);

impl BarcodeText {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BarcodeText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("BarcodeText(..)")
    }
}

/// The text is not a barcode that one of our keys signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a barcode of ours")]
pub struct Unreadable;

/// Signs barcodes with the newest key; what older ones signed is read for as long as there are tickets.
/// Cheap to clone.
#[derive(Clone)]
pub struct Signer {
    pair: Arc<Ed25519KeyPair>,
    number: u8,
    keys: PublicKeys,
    /// What event keys are derived from, under the numbers of the keys that sign.
    live: Arc<[SigningKey]>,
}

impl Signer {
    pub fn new(keyring: &Keyring) -> Self {
        let pair = |key: &SigningKey| {
            Ed25519KeyPair::from_seed_unchecked(&key.seed[..]).expect("any 32 bytes are an Ed25519 seed")
        };
        let public = |key: &SigningKey| {
            let public = pair(key).public_key().as_ref().try_into().expect("an Ed25519 public key has 32 bytes");
            PublicKey { id: key.number, key: public }
        };
        let known = keyring.signing(SIGN_LABEL);
        let newest = known.last().expect("one signs");
        let keys = PublicKeys { keys: known.iter().map(public).collect() };
        let live = keyring.signing(LIVE_LABEL).into();
        Self { pair: Arc::new(pair(newest)), number: newest.number, keys, live }
    }

    /// The barcode of `ticket` in its present generation, for paper: the same text each time, until the key changes.
    pub fn sign(&self, ticket: &Ticket) -> BarcodeText {
        BarcodeText(base45::encode(&self.sealed(STILL, ticket)))
    }

    /// What the live barcodes of `ticket` in its present generation are made of.
    pub fn live(&self, ticket: &Ticket) -> LiveBarcode {
        let newest = self.live.last().expect("one signs");
        let event = EventKey::new(newest.number, &newest.seed, ticket.event);
        LiveBarcode { seal: self.sealed(LIVE, ticket), key: event.ticket(ticket.id, ticket.generation) }
    }

    fn sealed(&self, format: u8, ticket: &Ticket) -> [u8; SEALED] {
        let mut bytes = [0; SEALED];
        bytes[0] = format;
        bytes[1..5].copy_from_slice(&ticket.generation.to_be_bytes());
        bytes[5] = self.number;
        bytes[6..22].copy_from_slice(&ticket.id.bytes());
        bytes[22..SIGNED].copy_from_slice(&ticket.event.bytes());
        let (said, signature) = bytes.split_at_mut(SIGNED);
        signature.copy_from_slice(self.pair.sign(said).as_ref());
        bytes
    }

    /// Reads a barcode of either kind and checks its signature, and the code of a live one. It may still be of an
    /// ended ticket, an older generation or another time: that is for [`check_in`](crate::check_in) to say.
    pub fn read(&self, text: &str) -> Result<Barcode, Unreadable> {
        let Some(bytes) = base45::decode::<LIVE_LENGTH>(text) else { return self.keys.read(text) };
        let (seal, rest) = bytes.split_first_chunk::<SEALED>().expect("it is longer than its seal");
        let (step, code) = rest.split_first_chunk::<4>().expect("a step and a code follow");
        let step = Step(u32::from_be_bytes(*step));
        let barcode = self.keys.check(LIVE, seal, Shown::Live(step))?;
        let root = self.live.iter().find(|root| root.number == seal[5]).ok_or(Unreadable)?;
        let key = EventKey::new(root.number, &root.seed, barcode.event).ticket(barcode.ticket, barcode.generation);
        let code = code.try_into().expect("a code ends it");
        if key.made(code, step) { Ok(barcode) } else { Err(Unreadable) }
    }

    /// What a door needs to check the live barcodes of `event` without us, one for each key that signed.
    pub fn event_keys(&self, event: EventId) -> Vec<EventKey> {
        self.live.iter().map(|root| EventKey::new(root.number, &root.seed, event)).collect()
    }

    /// What scanners need to check barcodes without us.
    pub fn public_keys(&self) -> &PublicKeys {
        &self.keys
    }
}

/// What a phone shows a ticket with, for as long as its generation is the good one. It admits, so it prints as
/// `LiveBarcode(..)`.
#[derive(Clone)]
pub struct LiveBarcode {
    seal: [u8; SEALED],
    key: TicketKey,
}

impl LiveBarcode {
    /// The barcode to show during `step`.
    pub fn text(&self, step: Step) -> BarcodeText {
        let mut bytes = [0; LIVE_LENGTH];
        let (seal, rest) = bytes.split_at_mut(SEALED);
        seal.copy_from_slice(&self.seal);
        rest[..4].copy_from_slice(&step.0.to_be_bytes());
        rest[4..].copy_from_slice(&self.key.code(step));
        BarcodeText(base45::encode(&bytes))
    }

    /// Base64url without padding of the bytes that every one of its barcodes begins with.
    pub fn seal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.seal)
    }

    pub fn key(&self) -> &TicketKey {
        &self.key
    }
}

impl fmt::Debug for LiveBarcode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("LiveBarcode(..)")
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Signer(..)")
    }
}

/// The public halves of the keys that signed live tickets; all a scanner needs to tell a
/// genuine barcode offline. Travels as a JSON Web Key set (RFC 7517, RFC 8037), where `kid` is
/// the barcode's key id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKeys {
    keys: Arc<[PublicKey]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Jwk", try_from = "Jwk")]
struct PublicKey {
    id: u8,
    key: [u8; 32],
}

impl PublicKeys {
    /// Reads a barcode for paper and checks its signature. It may still be of an ended ticket or an older
    /// generation: that is for [`check_in`](crate::check_in) to say.
    pub fn read(&self, text: &str) -> Result<Barcode, Unreadable> {
        self.check(STILL, &base45::decode(text).ok_or(Unreadable)?, Shown::Still)
    }

    fn check(&self, format: u8, bytes: &[u8; SEALED], shown: Shown) -> Result<Barcode, Unreadable> {
        let (said, signature) = bytes.split_at(SIGNED);
        if said[0] != format {
            return Err(Unreadable);
        }
        let key = self.keys.iter().find(|key| key.id == said[5]).ok_or(Unreadable)?;
        UnparsedPublicKey::new(&ED25519, key.key).verify(said, signature).map_err(|_| Unreadable)?;
        let id = |at: usize| Uuid::from_bytes(said[at..at + 16].try_into().expect("sixteen bytes"));
        let generation = u32::from_be_bytes(said[1..5].try_into().expect("four bytes"));
        Ok(Barcode { ticket: TicketId(id(6)), event: EventId(id(22)), generation, shown })
    }
}

#[derive(Serialize, Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    alg: String,
    #[serde(rename = "use")]
    purpose: String,
    kid: String,
    x: String,
}

impl From<PublicKey> for Jwk {
    fn from(key: PublicKey) -> Self {
        Jwk {
            kty: "OKP".into(),
            crv: "Ed25519".into(),
            alg: "EdDSA".into(),
            purpose: "sig".into(),
            kid: key.id.to_string(),
            x: URL_SAFE_NO_PAD.encode(key.key),
        }
    }
}

impl TryFrom<Jwk> for PublicKey {
    type Error = &'static str;
    fn try_from(jwk: Jwk) -> Result<Self, Self::Error> {
        if (jwk.kty.as_str(), jwk.crv.as_str()) != ("OKP", "Ed25519") {
            return Err("only Ed25519 keys sign barcodes");
        }
        let id = jwk.kid.parse().map_err(|_| "the key id is not a number from 0 to 255")?;
        let key = URL_SAFE_NO_PAD.decode(&jwk.x).ok().and_then(|key| key.try_into().ok());
        Ok(PublicKey { id, key: key.ok_or("an Ed25519 key has 32 bytes")? })
    }
}
