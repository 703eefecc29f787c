use std::fmt;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Deserialize;
use serde_json::{Value, json};
use stagedoor_core::Timestamp;

use super::{Pass, SetupError};
use crate::{BarcodeText, Place};

const SAVE: &str = "https://pay.google.com/gp/v/save/";

/// Makes links that put passes into Google's wallet. Cheap to clone.
#[derive(Clone)]
pub struct Google(Arc<Inner>);

struct Inner {
    /// The number of the operator's account with Google's wallet.
    issuer: String,
    /// The service account's.
    email: String,
    key: EncodingKey,
}

/// What Google gives whoever makes a key of a service account.
#[derive(Deserialize)]
struct Account {
    client_email: String,
    /// PKCS #8 in PEM.
    private_key: String,
}

impl Google {
    /// `account`: the service account's key in JSON, as Google hands it out.
    pub fn new(issuer: &str, account: &[u8]) -> Result<Google, SetupError> {
        if issuer.is_empty() || !issuer.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(SetupError::IssuerId);
        }
        // What serde says about it may repeat what stands in it.
        let account: Account = serde_json::from_slice(account).map_err(|_| SetupError::NoAccount)?;
        let private = zeroize::Zeroizing::new(account.private_key);
        let key = EncodingKey::from_rsa_pem(private.as_bytes()).map_err(|_| SetupError::NoKey)?;
        let google = Google(Arc::new(Inner { issuer: issuer.to_owned(), email: account.client_email, key }));
        // Whether the key is one shows when it signs.
        google.token(&json!({})).map_err(|_| SetupError::NoKey)?;
        Ok(google)
    }

    /// Where a browser saves the pass, made at `now`. About 2,000 characters; whoever has it has the barcode.
    pub fn link(&self, pass: &Pass<'_>, barcode: &BarcodeText, now: Timestamp) -> String {
        let ticket = pass.ticket;
        let class = format!("{}.{}", self.0.issuer, ticket.event);
        let seat = match &ticket.place {
            Place::Seat { section, row, label, .. } => {
                json!({ "section": text(section), "row": text(row), "seat": text(label) })
            }
            Place::Area { name, .. } => json!({ "section": text(name) }),
        };
        let mut object = json!({
            "id": format!("{}.{}", self.0.issuer, pass.number()),
            "classId": class,
            "state": "ACTIVE",
            "seatInfo": seat,
            "barcode": { "type": "QR_CODE", "value": barcode.as_str() },
        });
        if let Some(who) = pass.attendee {
            object["ticketHolderName"] = who.into();
        }
        let event = json!({
            "id": class,
            "issuerName": pass.organizer,
            "reviewStatus": "UNDER_REVIEW",
            "eventName": text(pass.event),
            "venue": { "name": text(pass.venue), "address": text(pass.address) },
            "dateTime": { "start": pass.starts_at },
        });
        let claims = json!({
            "iss": self.0.email,
            "aud": "google",
            "typ": "savetowallet",
            "iat": now.seconds(),
            "payload": { "eventTicketClasses": [event], "eventTicketObjects": [object] },
        });
        let token = self.token(&claims).expect("the key has signed before");
        format!("{SAVE}{token}")
    }

    fn token(&self, claims: &Value) -> jsonwebtoken::errors::Result<String> {
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), claims, &self.0.key)
    }
}

impl fmt::Debug for Google {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Google({})", self.0.issuer)
    }
}

/// Google wants to know the language of every text; names are the same in all.
fn text(value: &str) -> Value {
    json!({ "defaultValue": { "language": "en", "value": value } })
}
