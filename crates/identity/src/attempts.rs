//! How often a password may be guessed, and whether somebody has an account: per account and per
//! network address.
//!
//! Kept in memory: a restart forgives, and several processes count apart. That is enough to make
//! guessing slow, and counting never writes to the database for a stranger.

use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;
use stagedoor_core::{Timestamp, UserId, subscriber};

use crate::bounded::Bounded;

/// Counted together from the first failure on.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// About 20 MiB. Each key costs its maker one password hash or a network of its own, so reaching
/// this within a window takes hundreds of cores.
const KEYS_MAX: usize = 1 << 18;
/// Invitations that one member of staff may send.
const INVITATIONS_MAX: u32 = 20;
/// Invitations sent to one address, whoever asks it.
const INVITATIONS_TO_MAX: u32 = 5;
/// Codes sent for one person, and to one address for all; each can be tried five times.
const CODES_SENT_MAX: u32 = 5;
/// Tokens for a new password sent to one address.
const RESETS_SENT_MAX: u32 = 3;

pub(crate) struct Attempts {
    limits: Limits,
    windows: Mutex<Bounded<Key, Window>>,
    /// Apart: naming an address costs nothing, and must not wash out what others have earned.
    named: Mutex<Bounded<Key, Window>>,
}

/// Attempts within one window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub login_failures_per_account: u32,
    pub login_failures_per_address: u32,
    pub registrations_per_address: u32,
    pub guests_per_address: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// Who signs in, by whichever address.
    Account(UserId),
    /// The fingerprint of an address that has no account, so that it waits as others do.
    Unknown([u8; 32]),
    /// An IPv4 address, or the /64 an IPv6 subscriber owns.
    Address(u128),
    /// The same, for who registers there.
    Newcomers(u128),
    /// The same, for who comes from there without an account.
    Guests(u128),
    /// Whose passkey somebody shows.
    Passkey(UserId),
    /// Who asks others to become members.
    Staff(UserId),
    /// Who is asked, by the fingerprint of the address.
    InvitationsTo([u8; 32]),
    /// Who is signed in and types their password again.
    Again(UserId),
    /// Who has codes sent to themselves.
    Codes(UserId),
    /// Where codes are sent, whoever asks, by the fingerprint of the address.
    CodesTo([u8; 32]),
    /// Where tokens for a new password are sent, likewise.
    Resets([u8; 32]),
}

#[derive(Clone, Copy)]
struct Window {
    failures: u32,
    since: Timestamp,
}

impl Key {
    pub(crate) fn address(address: IpAddr) -> Key {
        Key::Address(subscriber(address))
    }

    pub(crate) fn guests(address: IpAddr) -> Key {
        Key::Guests(subscriber(address))
    }

    pub(crate) fn newcomers(address: IpAddr) -> Key {
        Key::Newcomers(subscriber(address))
    }
}

impl Attempts {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, windows: Mutex::new(Bounded::new(KEYS_MAX)), named: Mutex::new(Bounded::new(KEYS_MAX)) }
    }

    /// How long `key` must wait before its next attempt; `None` when it may try now.
    pub(crate) fn wait(&self, key: Key, now: Timestamp) -> Option<Duration> {
        self.refusal(key, self.of(key).lock().get(&key)?, now)
    }

    /// The same, and counts a failure when it may try: two attempts cannot share the last one.
    pub(crate) fn wait_or_count(&self, key: Key, now: Timestamp) -> Option<Duration> {
        let mut windows = self.of(key).lock();
        let window = match windows.get(&key) {
            Some(window) if now < window.since + WINDOW => {
                if let Some(rest) = self.refusal(key, window, now) {
                    return Some(rest);
                }
                Window { failures: window.failures + 1, ..window }
            }
            _ => Window { failures: 1, since: now },
        };
        windows.insert(key, window);
        None
    }

    /// Forgives all failures of `key`.
    pub(crate) fn forgive(&self, key: Key) {
        self.of(key).lock().remove(&key);
    }

    fn of(&self, key: Key) -> &Mutex<Bounded<Key, Window>> {
        if matches!(key, Key::Resets(_) | Key::CodesTo(_) | Key::InvitationsTo(_)) {
            &self.named
        } else {
            &self.windows
        }
    }

    fn refusal(&self, key: Key, window: Window, now: Timestamp) -> Option<Duration> {
        let limit = match key {
            Key::Account(_) | Key::Unknown(_) => self.limits.login_failures_per_account,
            Key::Address(_) => self.limits.login_failures_per_address,
            Key::Newcomers(_) => self.limits.registrations_per_address,
            Key::Guests(_) => self.limits.guests_per_address,
            Key::Again(_) | Key::Passkey(_) => self.limits.login_failures_per_account,
            Key::Staff(_) => INVITATIONS_MAX,
            Key::InvitationsTo(_) => INVITATIONS_TO_MAX,
            Key::Codes(_) | Key::CodesTo(_) => CODES_SENT_MAX,
            Key::Resets(_) => RESETS_SENT_MAX,
        };
        let rest = (window.since + WINDOW).since(now);
        (window.failures >= limit && !rest.is_zero()).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
    const MINUTE: Duration = Duration::from_secs(60);

    fn attempts(login_failures_per_account: u32) -> Attempts {
        Attempts::new(Limits {
            login_failures_per_account,
            login_failures_per_address: 1,
            registrations_per_address: 2,
            guests_per_address: 2,
        })
    }

    #[test]
    fn the_limit_holds_until_the_window_of_the_first_failure_ends() {
        let attempts = attempts(3);
        let ann = Key::Unknown([1; 32]);
        for failure in 0..3 {
            assert_eq!(attempts.wait(ann, NOON + MINUTE * failure), None, "before failure {failure}");
            assert_eq!(attempts.wait_or_count(ann, NOON + MINUTE * failure), None);
        }
        assert_eq!(attempts.wait_or_count(ann, NOON + MINUTE * 2), Some(MINUTE * 13));
        assert_eq!(attempts.wait(ann, NOON + MINUTE * 2), Some(MINUTE * 13));
        assert_eq!(attempts.wait(ann, NOON + MINUTE * 15), None);
        assert_eq!(attempts.wait_or_count(ann, NOON + MINUTE * 15), None);
        assert_eq!(attempts.wait(ann, NOON + MINUTE * 15), None);
    }

    #[test]
    fn keys_do_not_disturb_each_other_and_can_be_forgiven() {
        let attempts = attempts(1);
        let (ann, bob) = (Key::Unknown([1; 32]), Key::Unknown([2; 32]));
        attempts.wait_or_count(ann, NOON);
        assert!(attempts.wait(ann, NOON).is_some());
        assert_eq!(attempts.wait(bob, NOON), None);
        attempts.forgive(ann);
        assert_eq!(attempts.wait(ann, NOON), None);
        let home = IpAddr::from([192, 0, 2, 1]);
        attempts.wait_or_count(Key::address(home), NOON);
        assert!(attempts.wait(Key::address(home), NOON).is_some());
        assert_eq!(attempts.wait(Key::newcomers(home), NOON), None, "who lives there may still register");
    }
}
