//! Invitations: whom an organizer asks to become a member, and what they answer.
//!
//! Who is asked is an e-mail address, with an account or without one. Neither the answer to whoever
//! asks nor the time it takes tells which: the same message goes there either way. It holds a token,
//! signed and good once; it is stored as a keyed hash alone. It counts in the hands of a person who is
//! signed in and whose verified address is the one that was asked, and for anybody else it is no token.
//!
//! An invitation is a row as long as there is something to answer: accepting, declining and taking back
//! each delete it, and of all who try at once one finds it.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use stagedoor_core::{InvitationId, OrganizerId, Timestamp, UserId};
use store::audit::Entry;
use store::{Origin, PersonKey, Sealed, Tx};

use crate::Identity;
use crate::account::{locale_of, open_text};
use crate::attempts::Key;
use crate::contact::{Channel, Contact, Reached};
use crate::events::Events;
use crate::letters;
use crate::organizer::{MEMBERS_MAX, MEMBERSHIPS_MAX, Membership, OrganizerError};
use crate::role::{Permission, Role};
use crate::sql::{self, AccountRow, InvitationRow};

const INVITATION_TTL: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// That wait for an answer, of one organizer.
const INVITATIONS_MAX: i64 = 200;
/// After the first message.
const RESENT_MAX: u32 = 4;
/// Between two messages of one invitation.
const RESENT_AFTER: Duration = Duration::from_secs(60);
/// Tells scanners of leaked secrets what they found.
const PREFIX: &str = "sdi_";
const RANDOM: usize = 32;
const SIGNATURE: usize = 16;

/// Whom to ask, and what to become.
#[derive(Clone)]
pub struct NewInvitation<'a> {
    pub email: &'a str,
    pub role: Role,
    pub events: Events,
}

/// As the organizer that asks sees it. `Debug` shows no address.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    pub email: String,
    pub role: Role,
    pub events: Events,
    /// Who asked.
    pub by: UserId,
    pub created_at: Timestamp,
    /// When the last message was sent.
    pub sent_at: Timestamp,
    pub expires_at: Timestamp,
}

/// As the person who is asked sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub id: InvitationId,
    pub organizer: OrganizerId,
    pub organizer_name: String,
    pub role: Role,
    pub events: Events,
    pub expires_at: Timestamp,
}

impl fmt::Debug for Invitation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Invitation({}, {})", self.id, self.role)
    }
}

impl Identity {
    /// Asks whoever has an e-mail address to become a member. The same again answers the same, and sends
    /// nothing. `AlreadyMember` for a member's address, `AlreadyInvited` while the address is asked to become
    /// something else, `LimitReached`, `RateLimited` after 20 in a quarter of an hour.
    pub async fn invite(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        by: UserId,
        new: NewInvitation<'_>,
    ) -> Result<Invitation, OrganizerError> {
        let NewInvitation { email, role, events } = new;
        let reached = Reached::parse(Contact::Email(email))?;
        let index = reached.index(&self.0.keyring);
        role.works_for(&events)?;
        if let Some(retry_after) = self.0.attempts.wait_or_count(Key::Staff(by), self.now()) {
            return Err(OrganizerError::RateLimited { retry_after });
        }
        let tx = self.0.store.begin_write_for(origin).await?;
        if !sql::lock_organizer(&tx, organizer).await? {
            return Err(OrganizerError::NotFound);
        }
        // Of members alone, whose addresses those who may invite can read anyway.
        if let Some(row) = sql::account_by_contact(&tx, Channel::Email, index).await?
            && row.owns_email()
            && sql::role_of(&tx, row.id, organizer).await?.is_some()
        {
            return Err(OrganizerError::AlreadyMember);
        }
        if let Some(row) = sql::invitation_to(&tx, organizer, &index).await? {
            if (row.role, &row.events) != (role, &events) {
                return Err(OrganizerError::AlreadyInvited);
            }
            return self.open_invitation(&tx, row).await;
        }
        if let Some(expired) = sql::invitation_expired(&tx, organizer, &index).await? {
            self.remove_invitation(&tx, organizer, expired).await?;
        }
        if sql::invitation_count(&tx, organizer).await? >= INVITATIONS_MAX
            || sql::member_count(&tx, organizer).await? >= MEMBERS_MAX
        {
            return Err(OrganizerError::LimitReached);
        }
        let id: InvitationId = self.env().id();
        let key = self.0.keyring.fresh_person_key(id);
        key.keep(&tx).await?;
        let (token, print) = self.fresh_invitation_token();
        let now = tx.now();
        let row = InvitationRow {
            id,
            organizer,
            email_index: index.to_vec(),
            email: key.seal(place(id), reached.shown.as_bytes()),
            role,
            events,
            messages_left: RESENT_MAX,
            sent_at: now,
            invited_by: by,
            created_at: now,
            expires_at: now + INVITATION_TTL,
        };
        sql::insert_invitation(&tx, &row, print).await?;
        self.send_invitation(&tx, &key, &row, index, &reached.shown, &token).await?;
        let after = json!({ "email": reached.shown, "role": row.role.text(), "events": row.events.ids() });
        tx.audit(Entry::new(organizer, "invitation.create", id).about(person(id)).after(after));
        tx.commit().await?;
        Ok(shown(row, reached.shown))
    }

    /// What the organizer asks and nobody has answered, in the order it was asked; at most 200.
    pub async fn invitations(&self, organizer: OrganizerId) -> Result<Vec<Invitation>, OrganizerError> {
        let tx = self.0.store.begin_read().await?;
        let rows = sql::invitations_of(&tx, organizer).await?;
        let keys = Vec::from_iter(rows.iter().map(|row| row.id.0));
        let keys = self.0.keyring.person_keys(&tx, &keys).await?;
        let mut invitations = Vec::with_capacity(rows.len());
        for row in rows {
            // What was answered between the two statements is no invitation any more.
            if let Some(key) = keys.get(&row.id.0) {
                let email = open_text(key, place(row.id), &row.email)?;
                invitations.push(shown(row, email));
            }
        }
        Ok(invitations)
    }

    /// Takes an invitation back; its token is good for nothing from then on.
    pub async fn withdraw_invitation(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        id: InvitationId,
    ) -> Result<(), OrganizerError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        if !sql::lock_organizer(&tx, organizer).await? || sql::invitation_of(&tx, organizer, id).await?.is_none() {
            return Err(OrganizerError::NotFound);
        }
        tx.audit(Entry::new(organizer, "invitation.withdraw", id));
        self.remove_invitation(&tx, organizer, id).await?;
        Ok(tx.commit().await?)
    }

    /// Sends the message again, with another token and seven days from now; the token before is good for
    /// nothing from then on. `RateLimited` within a minute of the last, `LimitReached` after four times.
    pub async fn resend_invitation(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        id: InvitationId,
    ) -> Result<Invitation, OrganizerError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        if !sql::lock_organizer(&tx, organizer).await? {
            return Err(OrganizerError::NotFound);
        }
        let mut row = sql::invitation_of(&tx, organizer, id).await?.ok_or(OrganizerError::NotFound)?;
        if row.messages_left == 0 {
            return Err(OrganizerError::LimitReached);
        }
        let now = tx.now();
        let (token, print) = self.fresh_invitation_token();
        let (before, expires_at) = (now - RESENT_AFTER, now + INVITATION_TTL);
        if !sql::renew_invitation(&tx, id, print, before, expires_at).await? {
            return Err(OrganizerError::RateLimited { retry_after: (row.sent_at + RESENT_AFTER).since(now) });
        }
        let key = self.0.keyring.person_key(&tx, id).await?.ok_or(OrganizerError::NotFound)?;
        let email = open_text(&key, place(id), &row.email)?;
        (row.sent_at, row.expires_at) = (now, expires_at);
        let index = Reached::parse(Contact::Email(&email))?.index(&self.0.keyring);
        self.send_invitation(&tx, &key, &row, index, &email, &token).await?;
        tx.audit(Entry::new(organizer, "invitation.resend", id));
        tx.commit().await?;
        Ok(shown(row, email))
    }

    /// What the verified e-mail address of `user` is asked, in the order it was.
    pub async fn invitations_for(&self, user: UserId) -> Result<Vec<Asked>, OrganizerError> {
        let rows = sql::invitations_for(&self.0.store.begin_read().await?, user).await?;
        let asked = |(row, organizer_name): (InvitationRow, String)| Asked {
            id: row.id,
            organizer: row.organizer,
            organizer_name,
            role: row.role,
            events: row.events,
            expires_at: row.expires_at,
        };
        Ok(rows.into_iter().map(asked).collect())
    }

    /// Makes `user` what the token asks them to become. `InvalidInvitation` for one that is forged, used,
    /// taken back, too old, of somebody who may ask nobody any more, or was sent to an address that is not theirs; `NotVerified` while they have shown
    /// no e-mail address to be theirs, whatever the token.
    pub async fn accept_invitation(
        &self,
        origin: &Origin,
        user: UserId,
        token: &str,
    ) -> Result<Membership, OrganizerError> {
        let (tx, row) = self.answer_invitation(origin, user, token).await?;
        let (organizer, role) = (row.organizer, row.role);
        // Whoever was removed leaves no way back in.
        let inviter = sql::role_of(&tx, row.invited_by, organizer).await?;
        if !inviter.is_some_and(|(inviter, _)| inviter.allows(Permission::ManageMembers)) {
            return Err(OrganizerError::InvalidInvitation);
        }
        if sql::role_of(&tx, user, organizer).await?.is_some() {
            return Err(OrganizerError::AlreadyMember);
        }
        if sql::member_count(&tx, organizer).await? >= MEMBERS_MAX
            || sql::membership_count(&tx, user).await? >= MEMBERSHIPS_MAX
        {
            return Err(OrganizerError::LimitReached);
        }
        sql::insert_member(&tx, organizer, user, role, &row.events, tx.now()).await?;
        let after = json!({ "role": role.text(), "events": row.events.ids(), "invitation": row.id,
            "invited_by": row.invited_by });
        tx.audit(Entry::new(organizer, "member.add", user).after(after));
        self.end_invitations(&tx, vec![row.id]).await?;
        self.forget_role_after_commit(&tx, user, organizer);
        let organizer = sql::organizer(&tx, organizer).await?.ok_or(OrganizerError::NotFound)?;
        tx.commit().await?;
        tracing::info!(%user, organizer = %organizer.id, %role, "an invitation was accepted");
        Ok(Membership { organizer, role, events: row.events })
    }

    /// Says no. The same errors as for saying yes.
    pub async fn decline_invitation(&self, origin: &Origin, user: UserId, token: &str) -> Result<(), OrganizerError> {
        let (tx, row) = self.answer_invitation(origin, user, token).await?;
        tx.audit(Entry::new(row.organizer, "invitation.decline", row.id));
        self.end_invitations(&tx, vec![row.id]).await?;
        Ok(tx.commit().await?)
    }

    /// A transaction that has locked organizer and account, in this order, and used the token up.
    async fn answer_invitation(
        &self,
        origin: &Origin,
        user: UserId,
        token: &str,
    ) -> Result<(Tx, InvitationRow), OrganizerError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        let account = sql::account(&tx, user).await?.ok_or(OrganizerError::NotFound)?;
        if !account.owns_email() {
            return Err(OrganizerError::NotVerified);
        }
        let print = self.invitation_print(token).ok_or(OrganizerError::InvalidInvitation)?;
        let seen = sql::invitation_by_token(&tx, print, user).await?.ok_or(OrganizerError::InvalidInvitation)?;
        sql::lock_organizer(&tx, seen.organizer).await?;
        sql::lock_account(&tx, user).await?.filter(AccountRow::owns_email).ok_or(OrganizerError::InvalidInvitation)?;
        // Again, now that neither changes: the account may have got another address while this one waited.
        let row = sql::invitation_by_token(&tx, print, user).await?.ok_or(OrganizerError::InvalidInvitation)?;
        if !sql::take_invitation(&tx, row.id, print).await? {
            return Err(OrganizerError::InvalidInvitation);
        }
        Ok((tx, row))
    }

    /// The row last: to those who act for an organizer, the wall of the database shows what else there is of
    /// an invitation only as long as it shows the invitation.
    async fn remove_invitation(&self, tx: &Tx, organizer: OrganizerId, id: InvitationId) -> store::Result<()> {
        self.end_invitations(tx, vec![id]).await?;
        sql::delete_invitation(tx, organizer, id).await
    }

    /// Destroys what is left of invitations whose rows are gone, or are going.
    pub(crate) async fn end_invitations(&self, tx: &Tx, ended: Vec<InvitationId>) -> store::Result<()> {
        for id in ended {
            notify::forget(tx, person(id)).await?;
            self.0.keyring.destroy_person_key(tx, id).await?;
        }
        Ok(())
    }

    async fn open_invitation(&self, tx: &Tx, row: InvitationRow) -> Result<Invitation, OrganizerError> {
        let key = self.0.keyring.person_key(tx, row.id).await?;
        let key = key.ok_or_else(|| store::Error::corrupt(format!("{} has no key", row.id)))?;
        let email = open_text(&key, place(row.id), &row.email)?;
        Ok(shown(row, email))
    }

    async fn send_invitation(
        &self,
        tx: &Tx,
        key: &PersonKey,
        row: &InvitationRow,
        index: [u8; 32],
        email: &str,
        token: &str,
    ) -> Result<(), OrganizerError> {
        // However many organizers somebody makes to have messages sent to one address. It is not said, since
        // it would tell what others ask; the message can be sent again later.
        if self.0.attempts.wait_or_count(Key::InvitationsTo(index), tx.now()).is_some() {
            tracing::info!(invitation = %row.id, "an address was asked too often, and is sent nothing");
            return Ok(());
        }
        let organizer = sql::organizer(tx, row.organizer).await?.ok_or(OrganizerError::NotFound)?;
        // Of the language of who is asked nothing is known.
        let account = sql::account(tx, row.invited_by).await?;
        let locale = account.map(|account| locale_of(&account)).transpose()?.unwrap_or_default();
        let days = INVITATION_TTL.as_secs() / (24 * 60 * 60);
        let token = letters::way_in(&self.0.public_url, "invitation", token);
        let text = letters::invitation(locale, &organizer.name, row.role, &token, days);
        let to = notify::Address::Email(email.to_owned());
        let message = notify::Message { person: person(row.id), to, text, expires_at: row.expires_at };
        notify::enqueue(tx, key, message).await?;
        Ok(())
    }

    fn fresh_invitation_token(&self) -> (String, [u8; 32]) {
        let random = self.env().entropy.bytes::<RANDOM>();
        let signature = self.invitation_signature(&random);
        let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode([&random[..], &signature[..]].concat()));
        let print = self.0.keyring.blind_index("identity/invitation", &token);
        (token, print)
    }

    /// What is stored of a token; none for what we have not signed, which costs no look into the database.
    fn invitation_print(&self, token: &str) -> Option<[u8; 32]> {
        let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?;
        let (random, signature) = bytes.split_at_checked(RANDOM)?;
        verify_slices_are_equal(signature, &self.invitation_signature(random)).ok()?;
        Some(self.0.keyring.blind_index("identity/invitation", token))
    }

    fn invitation_signature(&self, random: &[u8]) -> [u8; SIGNATURE] {
        let signature = self.0.keyring.blind_index("identity/invitation/signature", &URL_SAFE_NO_PAD.encode(random));
        *signature.first_chunk().expect("a keyed hash is longer")
    }
}

fn shown(row: InvitationRow, email: String) -> Invitation {
    let InvitationRow { id, role, events, invited_by: by, created_at, sent_at, expires_at, .. } = row;
    Invitation { id, email, role, events, by, created_at, sent_at, expires_at }
}

/// Whose key it has: an id that no person has.
fn person(id: InvitationId) -> UserId {
    UserId(id.0)
}

const fn place(id: InvitationId) -> Sealed {
    Sealed { table: "invitation", column: "email", id: id.0 }
}
