//! What is sent, and putting it into the caller's transaction.

use std::fmt;
use std::str::FromStr;

use jobs::NewJob;
use serde::{Deserialize, Serialize};
use stagedoor_core::{MessageId, Timestamp, UserId};
use store::{PersonKey, Sealed, Tx};

use crate::delivery::{DELIVER, FORGET};
use crate::sql::{self, MessageRow};

/// Where a message goes. `Debug` shows the kind alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Address {
    Email(String),
    /// In the form of E.164: `+` and digits.
    Phone(String),
}

/// Languages that messages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Locale {
    #[default]
    English,
    German,
}

impl Locale {
    pub const ALL: [Locale; 2] = [Locale::English, Locale::German];

    /// The language's code. Source: ISO 639-1.
    pub const fn text(self) -> &'static str {
        match self {
            Locale::English => "en",
            Locale::German => "de",
        }
    }
}

/// A code that is none of [`Locale::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of en, de")]
pub struct UnknownLocale;

impl FromStr for Locale {
    type Err = UnknownLocale;

    fn from_str(text: &str) -> Result<Self, UnknownLocale> {
        Locale::ALL.into_iter().find(|locale| locale.text() == text).ok_or(UnknownLocale)
    }
}

/// What a message says, in plain text. `Debug` shows nothing: it may hold a code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// One line; a text message goes without.
    pub subject: String,
    pub body: String,
}

/// A message to a person who has a key.
#[derive(Debug, Clone)]
pub struct Message {
    pub person: UserId,
    pub to: Address,
    pub text: Text,
    /// Not handed over from then on.
    pub expires_at: Timestamp,
}

/// As it is sealed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Content {
    pub to: Address,
    pub text: Text,
}

pub(crate) const fn place(id: MessageId) -> Sealed {
    Sealed { table: "message", column: "content", id: id.0 }
}

/// Queues `message` in the caller's transaction. `key` is that of the person it goes to.
pub async fn enqueue(tx: &Tx, key: &PersonKey, message: Message) -> store::Result<MessageId> {
    let Message { person, to, text, expires_at } = message;
    let id = tx.env().id::<MessageId>();
    let content = serde_json::to_vec(&Content { to, text }).expect("a message is plain data");
    let row = MessageRow { id, person, content: key.seal(place(id), &content), expires_at };
    sql::insert_message(tx, &row).await?;
    jobs::enqueue(tx, NewJob::new(DELIVER, &id)).await?;
    Ok(id)
}

/// Forgets what waits to be sent to a person who is being erased, and has what lies in the folder
/// removed. The person's key goes in the same transaction.
pub async fn forget(tx: &Tx, person: UserId) -> store::Result<()> {
    sql::delete_messages_of(tx, person).await?;
    jobs::enqueue(tx, NewJob::new(FORGET, &person).key(person)).await?;
    Ok(())
}

impl fmt::Debug for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Address::Email(_) => "Email(..)",
            Address::Phone(_) => "Phone(..)",
        })
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Text(..)")
    }
}
