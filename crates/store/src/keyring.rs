//! Keys and the encryption of personal data at rest.
//!
//! Every key is derived from one 32-byte master secret by HKDF-SHA256 (RFC 5869) under a label,
//! so a new use needs no new file. Sealed bytes are AES-256-GCM with the table, column and row
//! bound in: a ciphertext copied into another row does not open.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use stagedoor_core::Entropy;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Derives keys, seals and opens personal data, makes look-up fingerprints. Cheap to clone.
#[derive(Clone)]
pub struct Keyring {
    master: std::sync::Arc<Zeroizing<[u8; 32]>>,
    entropy: Entropy,
}

/// Where a sealed value lives; part of what is authenticated.
#[derive(Debug, Clone, Copy)]
pub struct Sealed {
    pub table: &'static str,
    pub column: &'static str,
    pub id: Uuid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sealed data does not open with this key or in this place")]
pub struct KeyringError;

/// First byte of sealed data: which key and cipher sealed it.
const FORMAT: u8 = 1;
const NONCE: usize = 12;

impl Keyring {
    pub fn new(master: [u8; 32], entropy: Entropy) -> Self {
        Self { master: std::sync::Arc::new(Zeroizing::new(master)), entropy }
    }

    /// The key for `label`, such as `"tickets/sign/v1"`.
    pub fn derive(&self, label: &str) -> [u8; 32] {
        // HKDF with an empty salt and one block of output.
        let pseudo_random = hmac(&[0; 32], &[&self.master[..]]);
        hmac(&pseudo_random, &[label.as_bytes(), &[1]])
    }

    pub fn seal(&self, place: Sealed, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE] = self.entropy.bytes();
        let payload = Payload { msg: plain, aad: &place.binding() };
        let boxed = self.cipher().encrypt(&Nonce::from(nonce), payload).expect("a short text always encrypts");
        [&[FORMAT][..], &nonce, &boxed].concat()
    }

    pub fn open(&self, place: Sealed, sealed: &[u8]) -> Result<Vec<u8>, KeyringError> {
        let rest = sealed.strip_prefix(&[FORMAT]).ok_or(KeyringError)?;
        let (nonce, boxed) = rest.split_at_checked(NONCE).ok_or(KeyringError)?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| KeyringError)?;
        let payload = Payload { msg: boxed, aad: &place.binding() };
        self.cipher().decrypt(&Nonce::from(nonce), payload).map_err(|_| KeyringError)
    }

    /// A fingerprint to find a sealed value by without opening all of them.
    pub fn blind_index(&self, label: &str, text: &str) -> [u8; 32] {
        hmac(&self.derive("store/blind-index/v1"), &[label.as_bytes(), &[0], text.as_bytes()])
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&Key::<Aes256Gcm>::from(self.derive("store/seal/v1")))
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Keyring(..)")
    }
}

impl Sealed {
    /// No part can run into the next: names hold no zero byte and the id has a fixed length.
    fn binding(self) -> Vec<u8> {
        [self.table.as_bytes(), &[0], self.column.as_bytes(), &[0], self.id.as_bytes()].concat()
    }
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Sealed = Sealed { table: "account", column: "email", id: Uuid::from_u128(1) };

    #[test]
    fn sealed_data_opens_only_in_its_place_with_its_key_unchanged() {
        let keyring = Keyring::new([1; 32], Entropy::seeded(1));
        let sealed = keyring.seal(PLACE, b"ann@example.org");
        assert_eq!(keyring.open(PLACE, &sealed).unwrap(), b"ann@example.org");
        assert!(keyring.open(Sealed { id: Uuid::from_u128(2), ..PLACE }, &sealed).is_err());
        assert!(keyring.open(Sealed { column: "name", ..PLACE }, &sealed).is_err());
        assert!(Keyring::new([2; 32], Entropy::seeded(1)).open(PLACE, &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(keyring.open(PLACE, &changed).is_err(), "byte {at}");
            assert!(keyring.open(PLACE, &sealed[..at]).is_err(), "cut at {at}");
        }
        assert_ne!(sealed, keyring.seal(PLACE, b"ann@example.org"));
    }

    /// Test vector 3 of RFC 5869 uses an empty salt and info; here only its first block matters.
    #[test]
    fn keys_are_hkdf_with_an_empty_salt() {
        let pseudo_random = hmac(&[0; 32], &[&[0x0b; 22]]);
        let block = hmac(&pseudo_random, &[&[], &[1]]);
        assert_eq!(block[..8], [0x8d, 0xa4, 0xe7, 0x75, 0xa5, 0x63, 0xc1, 0x8f]);
    }
}
