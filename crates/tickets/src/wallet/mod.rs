//! Tickets as passes for the wallets of phones.
//!
//! A pass is a still picture: it shows the barcode for paper, so there is none where an event takes live barcodes
//! alone. Nothing follows the ticket afterwards. A reissue, a transfer or a refund kills the barcode, and the pass
//! stays on the phone until its person removes it; the next one has another number, so a wallet keeps them apart.

mod apple;
mod cms;
mod google;
mod icon;

use stagedoor_core::Timestamp;

use crate::Ticket;

pub use apple::{Apple, AppleParts};
pub use google::Google;

/// The wallets that the operator has accounts for. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Wallets {
    pub apple: Option<Apple>,
    pub google: Option<Google>,
}

impl Wallets {
    /// Apple's, while its certificate is good: no phone takes a pass that is signed with one that has run out.
    pub fn apple_at(&self, now: Timestamp) -> Option<&Apple> {
        self.apple.as_ref().filter(|apple| now < apple.ends_at())
    }

    /// Which there are passes for, as words.
    pub fn at(&self, now: Timestamp) -> Vec<&'static str> {
        let (apple, google) = (self.apple_at(now).map(|_| "apple"), self.google.as_ref().map(|_| "google"));
        apple.into_iter().chain(google).collect()
    }
}

/// What stands on a pass besides the barcode.
#[derive(Debug)]
pub struct Pass<'a> {
    pub ticket: &'a Ticket,
    /// The event's name.
    pub event: &'a str,
    /// Who sells the tickets.
    pub organizer: &'a str,
    pub venue: &'a str,
    /// Street, if known, city and country.
    pub address: &'a str,
    /// Degrees north and east of the venue.
    pub position: Option<(f64, f64)>,
    /// With the offset at the venue, such as `2026-06-01T20:00:00+02:00`. Source: RFC 3339.
    pub starts_at: &'a str,
    /// Whom the buyer named.
    pub attendee: Option<&'a str>,
}

impl Pass<'_> {
    /// One for each barcode that the ticket had.
    fn number(&self) -> String {
        format!("{}-{}", self.ticket.id, self.ticket.generation)
    }
}

/// Why passes cannot be made with what the operator gave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    #[error("{0} holds no certificate in PEM")]
    NoCertificate(&'static str),
    #[error("the key is no RSA key in PEM, or a password protects it")]
    NoKey,
    #[error("the key is not the certificate's")]
    OtherKey,
    #[error("the certificate is not for the {what} {wanted:?} but for {found:?}")]
    OtherPass { what: &'static str, wanted: String, found: String },
    #[error("the intermediate certificate is not the one that issued the certificate")]
    OtherIssuer,
    #[error("the file is no key of a service account in JSON")]
    NoAccount,
    #[error("the issuer id must be digits")]
    IssuerId,
}
