//! The limits of the product: which there are, and whom they count.

use std::fmt::{self, Debug};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use stagedoor_core::{UserId, subscriber};

use crate::{Quota, Verdict};

/// How many requests are admitted.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// Of one network address. Source: document 001, "API Gateway": 20 a second.
    pub address: Quota,
    /// Of one account. Source: document 004, section 7: 100 a minute.
    pub user: Quota,
    /// Of one account while a rush is on. Source: document 004, section 7: 10 a minute.
    pub user_in_surge: Quota,
}

impl Default for Config {
    fn default() -> Self {
        let quota = |text: &str| text.parse().expect("a limit of the documents");
        Self { address: quota("20/s"), user: quota("100/min"), user_in_surge: quota("10/min") }
    }
}

/// A quota under the name that clients and other processes know it by, and that it is counted by.
#[derive(Debug, Clone)]
pub struct Policy {
    /// A word of lower-case letters, digits and `_`.
    pub name: Arc<str>,
    pub quota: Quota,
}

impl Policy {
    pub fn new(name: &str, quota: Quota) -> Self {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        assert!(!name.is_empty() && name.bytes().all(is_plain), "{name:?} is no name of a policy");
        Self { name: name.into(), quota }
    }
}

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// As [`subscriber`] numbers it.
    Address(u128),
    User(UserId),
    /// One that acts for nobody but its organizer.
    Program(u128),
}

impl Subject {
    pub fn address(address: IpAddr) -> Self {
        Self::Address(subscriber(address))
    }
}

/// In the shared store's keys.
impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(number) => write!(out, "a{number:x}"),
            Self::User(user) => write!(out, "u{}", user.0.simple()),
            Self::Program(program) => write!(out, "p{program:x}"),
        }
    }
}

/// Keeps what each subject owes under each policy.
pub trait Store: Debug + Send + Sync {
    /// Counts one request, unless it is refused. Never waits.
    fn spend(&self, policy: &Policy, subject: Subject) -> Verdict;

    fn stats(&self) -> Stats;
}

/// What an operator wants to know of a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Subjects that were forgotten while they owed something, because the table was full.
    pub displaced: u64,
    /// Whether limits that are to be shared are counted by this process alone at the moment.
    pub is_fallback: bool,
    /// Times that the shared store was lost.
    pub fallbacks: u64,
    /// Subjects whose requests others did not hear of, because too many came at once.
    pub unshared: u64,
}

/// Decides on requests.
#[derive(Debug)]
pub struct Limits {
    store: Arc<dyn Store>,
    address: Policy,
    user: Policy,
    user_in_surge: Policy,
    is_surging: AtomicBool,
}

impl Limits {
    pub fn new(config: Config, store: Arc<dyn Store>) -> Self {
        Self {
            store,
            address: Policy::new("address", config.address),
            user: Policy::new("user", config.user),
            user_in_surge: Policy::new("user_in_surge", config.user_in_surge),
            is_surging: AtomicBool::new(false),
        }
    }

    /// The limit of a network address.
    pub fn address(&self) -> &Policy {
        &self.address
    }

    /// The limit of an account on every day.
    pub fn user(&self) -> &Policy {
        &self.user
    }

    /// The limit of an account while [a surge](Self::is_surging) is on. It counts apart: what is
    /// little for one of the two may be more than the other admits.
    pub fn user_in_surge(&self) -> &Policy {
        &self.user_in_surge
    }

    /// Counts a request of `subject`, unless it is refused.
    pub fn spend(&self, policy: &Policy, subject: Subject) -> Verdict {
        self.store.spend(policy, subject)
    }

    /// Whether a rush is on.
    pub fn is_surging(&self) -> bool {
        self.is_surging.load(Ordering::Relaxed)
    }

    /// From now on fans have the smaller quota, all of it.
    pub fn begin_surge(&self) {
        self.is_surging.store(true, Ordering::Relaxed);
    }

    pub fn end_surge(&self) {
        self.is_surging.store(false, Ordering::Relaxed);
    }

    pub fn stats(&self) -> Stats {
        self.store.stats()
    }
}
