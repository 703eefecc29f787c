//! Addresses that reach a person: e-mail and telephone. An account is found by them.

use notify::Address;
use stagedoor_core::{FieldError, email_normal};
use store::{Keyring, Result, Sealed};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

/// An address as somebody typed it.
#[derive(Clone, Copy)]
pub enum Contact<'a> {
    Email(&'a str),
    /// With its country: `+49 30 901820`.
    Phone(&'a str),
}

/// The kinds of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    Email,
    Phone,
}

impl Channel {
    pub const fn text(self) -> &'static str {
        match self {
            Channel::Email => "email",
            Channel::Phone => "phone",
        }
    }

    pub(crate) fn of(text: &str) -> Result<Channel> {
        let known = [Channel::Email, Channel::Phone].into_iter().find(|channel| channel.text() == text);
        known.ok_or_else(|| store::Error::corrupt(format!("{text:?} is not a channel")))
    }

    /// Where the account's address of that kind is sealed.
    pub(crate) const fn place(self, account: Uuid) -> Sealed {
        Sealed { table: "account", column: self.text(), id: account }
    }
}

/// An address in the two forms an account needs.
pub(crate) struct Reached {
    pub channel: Channel,
    /// To write to and to show.
    pub shown: String,
    /// To find the account by; one for all spellings that reach the same person.
    pub normal: String,
}

/// An address has at most 254 bytes (RFC 5321), a number 15 digits (E.164); nothing much longer is
/// worth looking at.
const EMAIL_TYPED_MAX: usize = 1_024;
const PHONE_TYPED_MAX: usize = 40;

impl Reached {
    pub(crate) fn parse(typed: Contact<'_>) -> std::result::Result<Self, FieldError> {
        match typed {
            Contact::Email(text) => email(text),
            Contact::Phone(text) => phone(text),
        }
    }

    /// The fingerprint that the account is found by.
    pub(crate) fn index(&self, keyring: &Keyring) -> [u8; 32] {
        let label = match self.channel {
            Channel::Email => "account/email",
            Channel::Phone => "account/phone",
        };
        keyring.blind_index(label, &self.normal)
    }

    pub(crate) fn address(self) -> Address {
        address(self.channel, self.shown)
    }
}

pub(crate) fn address(channel: Channel, shown: String) -> Address {
    match channel {
        Channel::Email => Address::Email(shown),
        Channel::Phone => Address::Phone(shown),
    }
}

/// Compatibility forms (full-width letters, ligatures) become plain ones, capitals small, and an
/// international domain its ASCII form, so that look-alike spellings meet in one account. `+tags`
/// and dots stay: for many providers they name another mailbox.
fn email(text: &str) -> std::result::Result<Reached, FieldError> {
    let wrong = || FieldError::new("email", "must be an e-mail address");
    if text.len() > EMAIL_TYPED_MAX {
        return Err(wrong());
    }
    let shown = email_normal("email", &text.nfkc().collect::<String>())?;
    let (local, domain) = shown.rsplit_once('@').expect("an e-mail address has an @");
    let domain = idna::domain_to_ascii(domain).map_err(|_| wrong())?;
    let normal = format!("{local}@{domain}");
    Ok(Reached { channel: Channel::Email, shown, normal })
}

/// A number that its country's plan has, in the form of E.164.
fn phone(text: &str) -> std::result::Result<Reached, FieldError> {
    let wrong = || FieldError::new("phone", "must be a telephone number with its country, as +49 30 901820");
    if text.len() > PHONE_TYPED_MAX {
        return Err(wrong());
    }
    let number = phonenumber::parse(None, text).map_err(|_| wrong())?;
    // An extension is for people at a switchboard; no message goes there.
    if !number.is_valid() || number.extension().is_some() {
        return Err(wrong());
    }
    let shown = number.format().mode(phonenumber::Mode::E164).to_string();
    Ok(Reached { channel: Channel::Phone, normal: shown.clone(), shown })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        for typed in ["+4930901820", "+49 30 901820", " +49 (30) 901-820 ", "+49\u{a0}30 901820"] {
            let reached = Reached::parse(Contact::Phone(typed));
            assert_eq!(reached.map(|reached| reached.normal).unwrap_or_default(), "+4930901820", "{typed}");
        }
        for wrong in ["", "030 901820", "+49", "+999 123456", "ann", "+49 30 901820 ext. 7", &"+4930901820".repeat(9)] {
            assert_eq!(Reached::parse(Contact::Phone(wrong)).err().map(|error| error.field), Some("phone"), "{wrong}");
        }
    }
}
