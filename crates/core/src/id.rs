//! Typed ids: a UUIDv7 inside, `evt_01h455vb4pex5vsknk084sn02q` on the wire (TypeID form).

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::Env;

/// Why a text is not an id of the wanted type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an id that starts with `{prefix}_` and 26 base32 characters")]
pub struct IdError {
    pub prefix: &'static str,
}

/// What every typed id can do; implemented by the types of this module only.
pub trait Id: Copy + Ord + fmt::Display + From<Uuid> + Into<Uuid> {
    const PREFIX: &'static str;

    /// As it stands on the wire.
    fn text(self) -> IdText {
        encode(Self::PREFIX, self.into())
    }
}

/// The text of an id.
#[derive(Debug, Clone, Copy)]
pub struct IdText([u8; TEXT_MAX]);

impl IdText {
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the alphabet is ASCII")
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl Id for $name { const PREFIX: &'static str = $prefix; }
        impl From<Uuid> for $name { fn from(id: Uuid) -> Self { Self(id) } }
        impl From<$name> for Uuid { fn from(id: $name) -> Uuid { id.0 } }
        impl $name {
            /// A fresh id, ordered by the clock of `env`.
            pub fn fresh(env: &Env) -> Self { env.id() }
            pub fn bytes(self) -> [u8; 16] { *self.0.as_bytes() }
        }
        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(self.text().as_str())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(self, out) }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                decode($prefix, text).map(Self).ok_or(IdError { prefix: $prefix })
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.serialize_str(self.text().as_str())
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(input)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A person with an account; a fan when buying, staff when operating.
    UserId = "usr";
    /// An organizer: the tenant everything on sale belongs to.
    OrganizerId = "org";
    VenueId = "ven";
    /// One version of a venue's seat map.
    SeatMapId = "map";
    PerformerId = "prf";
    /// One performance at one time.
    EventId = "evt";
    PriceLevelId = "plv";
    /// Places of an event that are kept off sale for somebody.
    BlockId = "blk";
    HoldId = "hld";
    OrderId = "ord";
    PaymentId = "pay";
    /// One giving back of money of a payment, whole or in part.
    RefundId = "rfd";
    TicketId = "tkt";
    /// One sign-in; its refresh tokens form a family.
    SessionId = "ses";
    PasskeyId = "pky";
    /// An account with an outside provider that signs a person in.
    ProviderLinkId = "pvl";
    /// A program that an organizer registered, to sign people in or to act for the organizer.
    ClientId = "cli";
    /// What a person, or an organizer, has let a client do; its refresh tokens form a family.
    GrantId = "grt";
    ApiKeyId = "key";
    /// An organizer asks somebody to become a member.
    InvitationId = "inv";
    /// Who is paid with organizers: a venue, a promoter.
    PartnerId = "ptn";
    /// One version of how an organizer's money is shared.
    ContractId = "con";
    JobId = "job";
    /// A message to a person, by mail or otherwise.
    MessageId = "msg";
    /// One check of who a person is, by a document of theirs.
    IdentityCheckId = "kyc";
    /// One balanced entry of the ledger.
    EntryId = "ent";
    RequestId = "req";
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const SUFFIX: usize = 26;
const TEXT_MAX: usize = 4 + SUFFIX;

/// `prefix` is three characters, so the text is always 30 bytes.
fn encode(prefix: &str, id: Uuid) -> IdText {
    let mut text = [0; TEXT_MAX];
    text[..3].copy_from_slice(prefix.as_bytes());
    text[3] = b'_';
    let number = id.as_u128();
    // In pieces of at most twelve characters, which are 60 bits: to shift all 128 by five is work.
    for (places, shift) in [(4..6, 120), (6..18, 60), (18..TEXT_MAX, 0)] {
        let mut rest = (number >> shift) as u64;
        for place in text[places].iter_mut().rev() {
            *place = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
    }
    IdText(text)
}

fn decode(prefix: &str, text: &str) -> Option<Uuid> {
    let suffix = text.strip_prefix(prefix)?.strip_prefix('_')?.as_bytes();
    // 26 characters carry 130 bits, so the first one may use only its low three.
    if suffix.len() != SUFFIX || suffix[0] > b'7' {
        return None;
    }
    suffix
        .iter()
        .try_fold(0u128, |sum, byte| {
            let value = DECODE[*byte as usize];
            (value < 32).then(|| sum << 5 | u128::from(value))
        })
        .map(Uuid::from_u128)
}

/// 255 marks a byte outside the alphabet; capitals are outside, so an id has one spelling.
const DECODE: [u8; 256] = {
    let mut table = [255; 256];
    let mut at = 0;
    while at < 32 {
        table[ALPHABET[at] as usize] = at as u8;
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_agrees_with_the_published_typeid_example() {
        let id = Uuid::parse_str("01890a5d-ac96-774b-bcce-b302099a8057").unwrap();
        assert_eq!(EventId(id).to_string(), "evt_01h455vb4pex5vsknk084sn02q");
        assert_eq!("evt_01h455vb4pex5vsknk084sn02q".parse(), Ok(EventId(id)));
    }

    #[test]
    fn what_is_written_is_read() {
        let env = crate::Env::seeded(1);
        for number in [0, 1, u128::MAX, 1 << 59, 1 << 60, 1 << 119, 1 << 120, env.id::<Uuid>().as_u128()] {
            let id = HoldId(Uuid::from_u128(number));
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(id.to_string().as_bytes(), id.text().as_bytes());
        }
    }

    #[test]
    fn anything_but_the_one_spelling_is_refused() {
        for wrong in [
            "",
            "evt",
            "evt_",
            "evt_01h455vb4pex5vsknk084sn02",
            "evt_01h455vb4pex5vsknk084sn02qq",
            "ord_01h455vb4pex5vsknk084sn02q",
            "EVT_01h455vb4pex5vsknk084sn02q",
            "evt_01H455vb4pex5vsknk084sn02q",
            "evt_81h455vb4pex5vsknk084sn02q",
            "evt_01h455vb4pex5vsknk084sn0il",
            "evt_01h455vb4pex5vsknk084sn0é",
        ] {
            assert_eq!(wrong.parse::<EventId>(), Err(IdError { prefix: "evt" }), "{wrong}");
        }
    }
}
