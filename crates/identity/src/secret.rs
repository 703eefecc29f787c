//! Secrets that programs keep: API keys, client secrets, authorization codes.
//!
//! 256 random bits behind a prefix that tells scanners what they found, and a checksum behind them
//! that tells a mistyped one without a look into the database. So much chance cannot be guessed:
//! what is stored is plain SHA-256, and finding it by an index tells nothing.

use std::fmt::Write;
use std::time::Duration;

use sha2::{Digest, Sha256};
use stagedoor_core::{Entropy, FieldError};

/// A secret that was replaced may stay good for so long at most: a week.
pub const OVERLAP_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

const RANDOM: usize = 32;
const CHECKSUM: usize = 4;
/// Letters after the prefix.
const LETTERS: usize = 2 * (RANDOM + CHECKSUM);

/// Whether a secret that is replaced may stay good for so long.
pub(crate) fn check_overlap(overlap: Duration) -> Result<(), FieldError> {
    let most = OVERLAP_MAX.as_secs();
    let wrong = || FieldError::new("overlapSeconds", format!("must be 0 to {most}"));
    if overlap <= OVERLAP_MAX { Ok(()) } else { Err(wrong()) }
}

/// A new secret and what is stored of it.
pub(crate) fn fresh(prefix: &str, entropy: &Entropy) -> (String, [u8; 32]) {
    let mut text = prefix.to_owned();
    hex(&mut text, &entropy.bytes::<RANDOM>());
    let sum = checksum(&text);
    hex(&mut text, &sum);
    let stored = Sha256::digest(&text).into();
    (text, stored)
}

/// What is stored of a secret; none for a text that cannot be one.
pub(crate) fn print(prefix: &str, text: &str) -> Option<[u8; 32]> {
    let letters = text.strip_prefix(prefix)?;
    let is_hex = letters.len() == LETTERS && letters.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_hex {
        return None;
    }
    let (body, sum) = text.split_at(text.len() - 2 * CHECKSUM);
    let mut expected = String::with_capacity(2 * CHECKSUM);
    hex(&mut expected, &checksum(body));
    (sum == expected).then(|| Sha256::digest(text).into())
}

fn checksum(text: &str) -> [u8; CHECKSUM] {
    *Sha256::digest(text).first_chunk().expect("a hash is longer")
}

fn hex(text: &mut String, bytes: &[u8]) {
    bytes.iter().for_each(|byte| write!(text, "{byte:02x}").expect("memory takes what is written"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_again_and_nothing_beside_it() {
        let entropy = Entropy::seeded(1);
        let (text, stored) = fresh("sk_", &entropy);
        assert_eq!(print("sk_", &text), Some(stored));
        assert_ne!(fresh("sk_", &entropy).0, text);
        assert_eq!(print("cs_", &text), None, "of another kind");
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(print("sk_", &String::from_utf8(bytes).unwrap()), None, "letter {at}");
            assert_eq!(print("sk_", &text[..at]), None, "cut at {at}");
        }
        assert_eq!(print("sk_", &text.to_uppercase()), None);
        assert_eq!(print("sk_", &format!("{text}0")), None);
    }
}
