//! Passwords: which are good enough, and hashing that cannot starve the server.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use stagedoor_core::{Entropy, FieldError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

/// Characters, not bytes. Source: NIST SP 800-63B 5.1.1.2 (at least 8, at least 64 allowed); the
/// upper end keeps one request from buying unbounded work.
pub(crate) const LENGTH: std::ops::RangeInclusive<usize> = 8..=128;

/// Hashes that may wait per core before new ones are refused: about four seconds of work.
const WAITING_PER_CORE: usize = 256;

/// Iterations and lanes that go with 19 MiB. Source: OWASP Password Storage Cheat Sheet, argon2id.
const ITERATIONS: u32 = 2;
const LANES: u32 = 1;

/// Base words and whole passwords, one a line, in lower case.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// Refuses what is too short, too long, common, or one of the account's own addresses. Nothing
/// else: no composition rules, and the password is used exactly as typed.
/// `contacts`: in the form accounts are found by.
pub(crate) fn check(password: &str, contacts: &[&str]) -> Result<(), FieldError> {
    let wrong = |reason: &str| Err(FieldError::new("password", reason));
    if !LENGTH.contains(&password.chars().count()) {
        return wrong("must be 8 to 128 characters");
    }
    let lower = password.to_lowercase();
    let is_own = |contact: &&str| {
        let local = contact.split('@').next().unwrap_or_default();
        lower == **contact || lower == local || lower == contact.trim_start_matches('+')
    };
    if contacts.iter().any(is_own) {
        return wrong("must not be the address you sign in with");
    }
    if is_sequence(&lower) || COMMON.contains(lower.as_str()) || COMMON.contains(stem(&lower).as_str()) {
        return wrong("is one of the passwords guessed first");
    }
    Ok(())
}

/// Characters that all step by the same amount: `aaaaaaaa`, `12345678`, `hgfedcba`.
fn is_sequence(text: &str) -> bool {
    let letters: Vec<i64> = text.chars().map(|letter| i64::from(u32::from(letter))).collect();
    let step = letters[1] - letters[0];
    step.abs() <= 1 && letters.windows(2).all(|pair| pair[1] - pair[0] == step)
}

/// The word inside `P@ssw0rd2024!`: up to five digits or signs cut from each end, then the usual
/// substitutions undone. More than that around a word makes it another password.
fn stem(text: &str) -> String {
    const AROUND_MAX: usize = 5;
    let is_ornament = |letter: char| letter.is_ascii_digit() || letter.is_ascii_punctuation();
    let cut = text.trim_end_matches(is_ornament);
    let tail = text.len() - cut.len();
    let word = cut.trim_start_matches(is_ornament);
    let head = cut.len() - word.len();
    let word = if tail <= AROUND_MAX && head <= AROUND_MAX { word } else { text };
    let plain = |letter: char| match letter {
        '@' | '4' => 'a',
        '3' => 'e',
        '1' | '!' => 'i',
        '0' => 'o',
        '$' | '5' => 's',
        '7' => 't',
        other => other,
    };
    word.chars().map(plain).collect()
}

/// More hashes are asked for than can be computed in reasonable time.
#[derive(Debug)]
pub(crate) struct Overloaded;

/// The right to compute one hash now; held by the work itself, so a caller that goes away does
/// not let another in early.
pub(crate) struct Turn(OwnedSemaphorePermit);

/// Argon2id on the blocking pool, one hash per core at a time.
pub(crate) struct Passwords {
    argon: Argon2<'static>,
    /// Verified when there is no account, so that an unknown e-mail costs the same.
    decoy: String,
    waiting: Semaphore,
    running: Arc<Semaphore>,
    entropy: Entropy,
}

impl Passwords {
    /// `memory_kib`: what one hash uses; at least 8.
    pub(crate) fn new(memory_kib: u32, entropy: Entropy) -> Self {
        let memory_kib = memory_kib.max(Params::MIN_M_COST);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let params = Params::new(memory_kib, ITERATIONS, LANES, None).expect("the memory is at least the minimum");
        Self {
            argon: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            // An all-zero hash under an all-zero salt: no password is known to give it.
            decoy: format!(
                "$argon2id$v=19$m={memory_kib},t={ITERATIONS},p={LANES}${}${}",
                "A".repeat(22),
                "A".repeat(43)
            ),
            waiting: Semaphore::new(cores * WAITING_PER_CORE),
            running: Arc::new(Semaphore::new(cores)),
            entropy,
        }
    }

    pub(crate) async fn turn(&self) -> Result<Turn, Overloaded> {
        let _place = self.waiting.try_acquire().map_err(|_| Overloaded)?;
        Ok(Turn(self.running.clone().acquire_owned().await.expect("the semaphore is never closed")))
    }

    /// The hash of `password` as a PHC string, which names its own parameters and salt.
    pub(crate) async fn hash(&self, turn: Turn, password: &str) -> String {
        let (argon, salt) = (self.argon.clone(), self.entropy.bytes::<16>());
        in_turn(turn, password, move |password| {
            let hash = argon.hash_password_with_salt(password, &salt).expect("length and parameters are in range");
            hash.to_string()
        })
        .await
    }

    /// Whether `password` gave `hash`. Without a hash the answer is no, after the same work.
    pub(crate) async fn verify(&self, turn: Turn, password: &str, hash: Option<String>) -> bool {
        let (argon, exists) = (self.argon.clone(), hash.is_some());
        let hash = hash.unwrap_or_else(|| self.decoy.clone());
        in_turn(turn, password, move |password| argon.verify_password(password, hash.as_str()).is_ok()).await && exists
    }
}

async fn in_turn<T: Send + 'static>(turn: Turn, password: &str, work: impl FnOnce(&[u8]) -> T + Send + 'static) -> T {
    let password = Zeroizing::new(password.as_bytes().to_vec());
    let done = tokio::task::spawn_blocking(move || {
        let done = work(&password);
        drop(turn.0);
        done
    });
    done.await.expect("hashing does not panic")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(password: &str) -> bool {
        check(password, &["ann.other@example.org", "+4930901820"]).is_err()
    }

    #[test]
    fn length_counts_characters() {
        assert!(refused("krøvlex"));
        assert!(!refused("krøvlexå"));
        assert!(!refused(&"xqz jv ".repeat(18)));
        assert!(refused(&"xqz jvo ".repeat(17)));
    }

    #[test]
    fn common_words_are_refused_in_their_usual_disguises() {
        for common in [
            "password",
            "PassWord",
            "P@ssw0rd",
            "p4$$w0rd!",
            "Password123!",
            "2024password",
            "12345678",
            "87654321",
            "aaaaaaaa",
            "abcdefgh",
            "qwertyuiop",
            "Qwerty123!",
            "iloveyou",
            "letmein1",
            "Stagedoor1",
            "ticket123",
            "1q2w3e4r",
            "sunshine99",
            "Welcome2026",
        ] {
            assert!(refused(common), "{common}");
        }
        for good in
            ["password for the old mill", "correct horse battery", "qwerty-rides-a-zebra", "mmmmnmmm", "7482915360"]
        {
            assert!(!refused(good), "{good}");
        }
    }

    #[test]
    fn the_address_itself_is_no_password() {
        assert!(refused("ann.other@example.org"));
        assert!(refused("Ann.Other@Example.org"));
        assert!(refused("ann.other"));
        assert!(refused("+4930901820") && refused("4930901820"));
    }

    #[test]
    fn the_list_is_in_the_form_it_is_searched_by() {
        let mut seen = HashSet::new();
        for line in include_str!("common_passwords.txt").lines() {
            assert_eq!(line, line.to_lowercase().trim(), "{line:?}");
            assert!(!line.is_empty() && seen.insert(line), "{line:?}");
        }
        assert!(seen.len() > 400, "{}", seen.len());
    }

    #[tokio::test]
    async fn a_hash_knows_its_password_and_an_absent_one_knows_none() {
        let passwords = Passwords::new(64, Entropy::seeded(1));
        let hash = passwords.hash(passwords.turn().await.unwrap(), "a long passphrase").await;
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{hash}");
        assert_ne!(hash, passwords.hash(passwords.turn().await.unwrap(), "a long passphrase").await);
        for (password, hash, same) in [
            ("a long passphrase", Some(hash.clone()), true),
            ("a long passphrasE", Some(hash.clone()), false),
            ("a long passphrase ", Some(hash), false),
            ("a long passphrase", None, false),
        ] {
            assert_eq!(passwords.verify(passwords.turn().await.unwrap(), password, hash).await, same);
        }
    }

    #[tokio::test]
    async fn the_decoy_is_a_hash_that_takes_the_full_work() {
        let passwords = Passwords::new(64, Entropy::seeded(1));
        let refused = passwords.argon.verify_password(b"anything at all", passwords.decoy.as_str());
        assert_eq!(refused, Err(argon2::password_hash::Error::PasswordInvalid));
    }

    #[tokio::test]
    async fn a_queue_that_is_full_refuses() {
        let passwords = Passwords::new(8, Entropy::seeded(1));
        let all = passwords.waiting.available_permits() as u32;
        let _taken = passwords.waiting.acquire_many(all).await.unwrap();
        assert!(passwords.turn().await.is_err());
    }
}
