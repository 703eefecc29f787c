//! Live barcodes: what a phone shows changes every 15 seconds, so that a picture of it is soon worth nothing.
//!
//! Format 2 is 114 bytes, big endian, in base45 (171 characters that start with `HB0`; a version 7 QR code of
//! 45 x 45 modules with error correction M holds 178):
//!
//! | bytes | what |
//! | --- | --- |
//! | 1 | format, 2 |
//! | 4 | generation of the ticket |
//! | 1 | key id |
//! | 16 | ticket id |
//! | 16 | event id |
//! | 64 | Ed25519 signature (RFC 8032) over the 38 bytes before it |
//! | 4 | step: 15-second spans since 1970 |
//! | 8 | code: the first bytes of HMAC-SHA256 (RFC 2104) over the step |
//!
//! The first 102 bytes are the **seal**: they stay as long as the generation. That they are signed as format 2
//! keeps anybody from making the barcode for paper out of a picture of a live one. The code is made with the
//! ticket's key, HMAC-SHA256(event key, ticket id and generation). Its owner's phone keeps seal and ticket key
//! and needs no network at the door; scanners keep the event key, check every ticket of their event with it,
//! those sold a minute ago as well, and can make none, because they cannot sign seals.
//!
//! Source: ALGORITHMS.md section 11, the alternative for scanners that are not trusted with the master; RFC 6238
//! for codes by time.

use std::time::Duration;

use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use stagedoor_core::{EventId, TicketId, Timestamp};
use std::fmt;
use zeroize::Zeroizing;

/// How long a code is shown.
const STEP: Duration = Duration::from_secs(15);
/// Steps that a code is good before and after its own: clocks differ, and people take their time. By the same clock a
/// picture is dead after 45 seconds at the latest.
const STEPS_OFF_MAX: u32 = 2;

/// Bytes of a code.
pub(crate) const CODE: usize = 8;

/// A span of [`STEP`], counted from 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step(pub(crate) u32);

impl Step {
    /// The one that `at` falls into.
    pub fn of(at: Timestamp) -> Step {
        let steps = at.micros().max(0).unsigned_abs() / STEP.as_micros() as u64;
        Step(u32::try_from(steps).unwrap_or(u32::MAX))
    }

    /// When the next one begins.
    pub fn end(self) -> Timestamp {
        let steps = i64::from(self.0) + 1;
        Timestamp::from_micros(steps * STEP.as_micros() as i64)
    }

    /// Whether a code of this step admits at `at`.
    pub fn admits_at(self, at: Timestamp) -> bool {
        Step::of(at).0.abs_diff(self.0) <= STEPS_OFF_MAX
    }
}

/// What the keys of one event's tickets are derived from. Doors have it, and nobody else.
#[derive(Clone)]
pub struct EventKey {
    number: u8,
    key: Zeroizing<[u8; 32]>,
}

/// What the codes of one generation of a ticket are made with. Its owner's phone has it.
#[derive(Clone)]
pub struct TicketKey(Zeroizing<[u8; 32]>);

impl EventKey {
    pub(crate) fn new(number: u8, seed: &[u8; 32], event: EventId) -> Self {
        Self { number, key: mac(seed, &event.bytes()) }
    }

    pub(crate) fn ticket(&self, ticket: TicketId, generation: u32) -> TicketKey {
        let mut which = [0; 20];
        which[..16].copy_from_slice(&ticket.bytes());
        which[16..].copy_from_slice(&generation.to_be_bytes());
        TicketKey(mac(&self.key, &which))
    }
}

impl TicketKey {
    pub(crate) fn code(&self, step: Step) -> [u8; CODE] {
        *mac(&self.0, &step.0.to_be_bytes()).first_chunk().expect("a hash is longer than a code")
    }

    /// In constant time.
    pub(crate) fn made(&self, code: &[u8; CODE], step: Step) -> bool {
        constant_time::verify_slices_are_equal(&self.code(step), code).is_ok()
    }

    /// Base64url without padding, for the owner's phone.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0[..])
    }
}

fn mac(key: &[u8; 32], message: &[u8]) -> Zeroizing<[u8; 32]> {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    Zeroizing::new(tag.as_ref().try_into().expect("SHA-256 gives 32 bytes"))
}

impl fmt::Debug for EventKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "EventKey({})", self.number)
    }
}

impl fmt::Debug for TicketKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("TicketKey(..)")
    }
}

/// As a JSON Web Key (RFC 7517); `kid` is the barcode's key id.
impl Serialize for EventKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Jwk {
            kty: &'static str,
            alg: &'static str,
            kid: String,
            k: String,
        }
        let (kid, k) = (self.number.to_string(), URL_SAFE_NO_PAD.encode(&self.key[..]));
        Jwk { kty: "oct", alg: "HS256", kid, k }.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_code_is_good_in_its_step_and_two_on_each_side() {
        let step = Step::of(at(1_500));
        assert_eq!((step, step.end()), (Step(100), at(1_515)));
        for (seconds, admits) in
            [(1_469, false), (1_470, true), (1_500, true), (1_514, true), (1_544, true), (1_545, false)]
        {
            assert_eq!(step.admits_at(at(seconds)), admits, "{seconds}");
        }
    }

    #[test]
    fn times_at_the_ends_have_a_step() {
        assert_eq!(Step::of(Timestamp::MIN), Step(0));
        assert!(!Step(u32::MAX).admits_at(at(0)));
        assert_eq!(Step(u32::MAX).end(), at((i64::from(u32::MAX) + 1) * 15));
    }
}
