//! Who a person is, proven by a document ("know your customer").
//!
//! A person names a document; the check waits until whoever looks at documents decides. Staff of
//! the platform do so by [`Identity::decide_check`]; the adapter of a checking service would call the
//! same with [`Decider::Service`]. One check waits at a time, and one decision counts.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::json;
use stagedoor_core::{FieldError, IdentityCheckId, Name, Timestamp, UserId};
use store::audit::{Chain, Entry};
use store::{Origin, PersonKey, Sealed, Tx};

use crate::account::{AccountError, corrupt, key_of};
use crate::letters::{self, Letter};
use crate::sql::{self, CheckRow};
use crate::{Identity, User};

/// Checks that one person is shown of themselves.
const CHECKS_SHOWN_MAX: u32 = 100;

/// Kinds of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    Passport,
    IdCard,
    DrivingLicence,
    ResidencePermit,
}

impl DocumentKind {
    pub const ALL: [DocumentKind; 4] =
        [DocumentKind::Passport, DocumentKind::IdCard, DocumentKind::DrivingLicence, DocumentKind::ResidencePermit];

    pub const fn text(self) -> &'static str {
        match self {
            DocumentKind::Passport => "passport",
            DocumentKind::IdCard => "id_card",
            DocumentKind::DrivingLicence => "driving_licence",
            DocumentKind::ResidencePermit => "residence_permit",
        }
    }
}

/// A document, as its owner names it. Not `Debug`: it is personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    pub kind: DocumentKind,
    /// Of issue; ISO 3166-1, two capitals.
    pub country: String,
    /// Its number, or where a picture of it can be seen.
    pub reference: String,
}

impl Document {
    /// `Field` for a country or reference that does not fit.
    pub fn new(kind: DocumentKind, country: &str, reference: &str) -> Result<Self, FieldError> {
        if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(FieldError::new("country", "must be an ISO 3166-1 code of two capitals"));
        }
        let reference = Name::parse("reference", reference)?.into_string();
        Ok(Self { kind, country: country.to_owned(), reference })
    }
}

/// How a check stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStatus {
    Pending,
    Verified,
    Rejected,
    /// The person has another name since, which the document does not prove.
    Lapsed,
}

impl CheckStatus {
    pub const ALL: [CheckStatus; 4] =
        [CheckStatus::Pending, CheckStatus::Verified, CheckStatus::Rejected, CheckStatus::Lapsed];

    pub const fn text(self) -> &'static str {
        match self {
            CheckStatus::Pending => "pending",
            CheckStatus::Verified => "verified",
            CheckStatus::Rejected => "rejected",
            CheckStatus::Lapsed => "lapsed",
        }
    }
}

/// A text that is none of [`CheckStatus::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of pending, verified, rejected, lapsed")]
pub struct UnknownStatus;

impl FromStr for CheckStatus {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        CheckStatus::ALL.into_iter().find(|status| status.text() == text).ok_or(UnknownStatus)
    }
}

/// A check of a person by a document.
#[derive(Clone)]
pub struct Check {
    pub id: IdentityCheckId,
    pub user: UserId,
    pub document: Document,
    pub status: CheckStatus,
    /// For the person to read.
    pub reason: Option<String>,
    pub submitted_at: Timestamp,
    pub decided_at: Option<Timestamp>,
}

/// What is decided about a document.
#[derive(Debug, Clone, Copy)]
pub enum Decision<'a> {
    Verify,
    /// With what the person is told.
    Reject {
        reason: &'a str,
    },
}

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decider {
    /// A member of the platform's staff, who may not decide about themselves.
    Staff(UserId),
    /// A service that checks documents by itself.
    Service,
}

impl Check {
    fn open(key: &PersonKey, row: CheckRow) -> store::Result<Self> {
        let broken = || corrupt("the document", row.id);
        let sealed = row.document.as_deref().ok_or_else(broken)?;
        let plain = key.open(place("document", row.id), sealed).map_err(|_| broken())?;
        let open = |sealed: &Vec<u8>| {
            let plain = key.open(place("reason", row.id), sealed).map_err(|_| broken())?;
            String::from_utf8(plain).map_err(|_| broken())
        };
        Ok(Self {
            document: serde_json::from_slice(&plain).map_err(|_| broken())?,
            status: row.status.parse().map_err(|_| broken())?,
            id: row.id,
            user: row.account,
            reason: row.reason.as_ref().map(open).transpose()?,
            submitted_at: row.submitted_at,
            decided_at: row.decided_at,
        })
    }
}

impl Identity {
    /// Hands a document in. `WrongState` while another one waits, once one was found good, and while no
    /// address of the account is verified: it may be somebody else's.
    pub async fn submit_document(
        &self,
        origin: &Origin,
        user: UserId,
        document: Document,
    ) -> Result<Check, AccountError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        let account = sql::lock_account(&tx, user).await?.ok_or(AccountError::NotFound)?;
        if !account.is_verified() {
            return Err(AccountError::WrongState("verify the address of the account first"));
        }
        match account.check.as_deref() {
            Some("pending") => return Err(AccountError::WrongState("a document waits to be checked")),
            Some("verified") => return Err(AccountError::WrongState("the person is verified already")),
            _ => {}
        }
        let key = key_of(&self.0.keyring, &tx, user).await?;
        let id = self.env().id();
        let sealed = key.seal(place("document", id), &serde_json::to_vec(&document).expect("a document is plain data"));
        let row = CheckRow {
            id,
            account: user,
            document: Some(sealed),
            status: CheckStatus::Pending.text().to_owned(),
            reason: None,
            submitted_at: tx.now(),
            decided_at: None,
        };
        sql::insert_check(&tx, &row).await?;
        let after = json!({ "user": user, "document": document.kind.text(), "country": document.country });
        tx.audit(Entry::new(Chain::Platform, "identity_check.submit", id).about(user).after(after));
        tx.commit().await?;
        tracing::info!(%user, check = %id, "document submitted");
        Ok(Check::open(&key, row)?)
    }

    /// The checks of a person, the newest first; at most 100.
    pub async fn checks_of(&self, user: UserId) -> Result<Vec<Check>, AccountError> {
        let tx = self.0.store.begin_read().await?;
        let rows = sql::checks_of(&tx, user, CHECKS_SHOWN_MAX).await?;
        let key = self.0.keyring.person_key(&tx, user).await?.ok_or(AccountError::NotFound)?;
        Ok(rows.into_iter().map(|row| Check::open(&key, row)).collect::<Result<_, _>>()?)
    }

    /// Checks of everyone in one state with the person each is about, the oldest first, from behind
    /// `after` on; at most `limit`. For staff of the platform.
    pub async fn checks(
        &self,
        status: CheckStatus,
        after: Option<IdentityCheckId>,
        limit: u32,
    ) -> Result<Vec<(Check, User)>, AccountError> {
        let tx = self.0.store.begin_read().await?;
        let mut checks = Vec::new();
        for row in sql::checks(&tx, status.text(), after, limit).await? {
            // Whoever is being erased meanwhile is left out.
            let Some(account) = sql::account(&tx, row.account).await? else { continue };
            let Some(key) = self.0.keyring.person_key(&tx, row.account).await? else { continue };
            checks.push((Check::open(&key, row)?, User::open(&key, &account)?));
        }
        Ok(checks)
    }

    /// Decides a check that waits and tells the person. `NotFound` for none of that id, `WrongState`
    /// when it is decided already or the decider's own.
    pub async fn decide_check(
        &self,
        origin: &Origin,
        id: IdentityCheckId,
        decision: Decision<'_>,
        by: Decider,
    ) -> Result<Check, AccountError> {
        let (status, reason) = match decision {
            Decision::Verify => (CheckStatus::Verified, None),
            Decision::Reject { reason } => (CheckStatus::Rejected, Some(Name::parse("reason", reason)?.into_string())),
        };
        let tx = self.0.store.begin_write_for(origin).await?;
        let user = sql::check(&tx, id).await?.ok_or(AccountError::NotFound)?.account;
        // The account is locked before its rows, as everywhere.
        let account = sql::lock_account(&tx, user).await?.ok_or(AccountError::NotFound)?;
        let decided_by = match by {
            Decider::Staff(staff) if staff == user => {
                return Err(AccountError::WrongState("nobody decides about themselves"));
            }
            Decider::Staff(staff) => Some(staff),
            Decider::Service => None,
        };
        let key = key_of(&self.0.keyring, &tx, user).await?;
        let sealed = reason.as_deref().map(|reason| key.seal(place("reason", id), reason.as_bytes()));
        if sql::decide_check(&tx, id, status.text(), sealed, decided_by).await? == 0 {
            return Err(AccountError::WrongState("the check is decided already"));
        }
        let after = json!({ "user": user, "status": status.text(), "reason": reason });
        let entry = Entry::new(Chain::Platform, "identity_check.decide", id).about(user);
        tx.audit(entry.before(json!({ "status": CheckStatus::Pending.text() })).after(after));
        letters::tell(&tx, &key, &account, &Letter::CheckDecided { reason: reason.as_deref() }).await?;
        let row = sql::check(&tx, id).await?.ok_or(AccountError::NotFound)?;
        tx.commit().await?;
        tracing::info!(%user, check = %id, status = status.text(), ?by, "document decided");
        Ok(Check::open(&key, row)?)
    }
}

/// For an account that the caller has locked and whose name changes: what was proven, or waits to be,
/// was another name.
pub(crate) async fn lapse(tx: &Tx, user: UserId) -> store::Result<()> {
    for (id, before) in sql::lapse_checks(tx, user).await? {
        let after = json!({ "user": user, "status": CheckStatus::Lapsed.text() });
        let entry = Entry::new(Chain::Platform, "identity_check.lapse", id).about(user);
        tx.audit(entry.before(json!({ "status": before })).after(after));
        tracing::info!(%user, check = %id, "a document lapsed with the name it was for");
    }
    Ok(())
}

const fn place(column: &'static str, id: IdentityCheckId) -> Sealed {
    Sealed { table: "identity_check", column, id: id.0 }
}
