//! Organizers (tenants), who belongs to them and as what.

use std::fmt;
use std::time::Duration;

use serde_json::json;
use stagedoor_core::{Code, FieldError, Name, OrganizerId, Timestamp, UserId};
use store::audit::Entry;
use store::{Origin, Tx};
use uuid::Uuid;

use crate::account::{AccountError, store_code};
use crate::bounded::Bounded;
use crate::events::Events;
use crate::role::Role;
use crate::sql;
use crate::{Identity, User};

/// A box office with hundreds of staff is real, thousands are a mistake.
pub(crate) const MEMBERS_MAX: i64 = 1_000;
/// Organizers one account may belong to.
pub(crate) const MEMBERSHIPS_MAX: i64 = 100;
/// How long another node may still go by a role that was changed here.
const ROLE_TTL: Duration = Duration::from_secs(5);
const ROLES_CACHED_MAX: usize = 1 << 14;

/// A tenant: everything on sale belongs to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organizer {
    pub id: OrganizerId,
    pub name: String,
    /// Whether owners, managers and finance staff act with a second factor only.
    pub members_need_factor: bool,
    pub created_at: Timestamp,
    /// Since when it may put nothing on sale; see [`Identity::suspend`].
    pub suspended_at: Option<Timestamp>,
}

/// An organizer as one of its members sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub organizer: Organizer,
    pub role: Role,
    /// Which events of it the member works for.
    pub events: Events,
}

/// What a person is to an organizer, and whether they may act as that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub role: Role,
    /// Which of its events the person works for; all else of the organizer is absent to them.
    pub events: Events,
    /// The organizer asks for a second factor that the person has not.
    pub lacks_factor: bool,
    /// The platform has suspended the organizer.
    pub is_suspended: bool,
}

/// What to change of a member; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberChange {
    pub role: Option<Role>,
    pub events: Option<Events>,
}

/// A person of an organizer. `Debug` shows id and role alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Member {
    pub user: User,
    pub role: Role,
    pub events: Events,
}

impl fmt::Debug for Member {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Member({}, {})", self.user.id, self.role)
    }
}

/// Why an organizer operation was refused.
#[derive(Debug, thiserror::Error)]
pub enum OrganizerError {
    #[error(transparent)]
    Field(#[from] FieldError),
    /// No such organizer, account or member.
    #[error("no such organizer or member")]
    NotFound,
    #[error("already a member")]
    AlreadyMember,
    /// The address is asked to become something else; withdraw that first.
    #[error("already invited as something else")]
    AlreadyInvited,
    /// Forged, used, taken back, too old, or another's.
    #[error("the invitation is not valid")]
    InvalidInvitation,
    /// Who answers has no e-mail address that is known to be theirs.
    #[error("verify the e-mail address of the account first")]
    NotVerified,
    /// The organizer is suspended already, or is not.
    #[error("{0}")]
    WrongState(&'static str),
    #[error("an organizer must keep an owner")]
    LastOwner,
    /// The organizer has as many members, or the account belongs to as many organizers, as allowed.
    #[error("too many members or memberships")]
    LimitReached,
    /// Who asks others for a second factor has one.
    #[error("a second factor is needed")]
    SecondFactorRequired,
    /// Too many were asked, or one too often.
    #[error("too many invitations")]
    RateLimited { retry_after: Duration },
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl OrganizerError {
    pub fn code(&self) -> Code {
        match self {
            OrganizerError::Field(_) => Code::InvalidField,
            OrganizerError::NotFound => Code::NotFound,
            OrganizerError::AlreadyMember | OrganizerError::AlreadyInvited | OrganizerError::LimitReached => {
                Code::Conflict
            }
            OrganizerError::InvalidInvitation => Code::InvalidCode,
            OrganizerError::LastOwner | OrganizerError::NotVerified | OrganizerError::WrongState(_) => Code::WrongState,
            OrganizerError::SecondFactorRequired => Code::SecondFactorRequired,
            OrganizerError::RateLimited { .. } => Code::RateLimited,
            OrganizerError::Store(error) => store_code(error),
        }
    }
}

/// Standings read lately. A change counts up, so that a reader that was overtaken by it does not
/// bring the old role back.
pub(crate) struct RoleCache {
    roles: Bounded<(UserId, OrganizerId), (Option<Standing>, Timestamp)>,
    changes: u64,
}

impl Default for RoleCache {
    fn default() -> Self {
        Self { roles: Bounded::new(ROLES_CACHED_MAX), changes: 0 }
    }
}

impl Identity {
    /// A new organizer with `owner` as its first owner.
    pub async fn create_organizer(&self, owner: UserId, name: &str) -> Result<Organizer, OrganizerError> {
        let tx = self.0.store.begin_write().await?;
        let organizer = self.create_organizer_in(&tx, owner, name).await?;
        tx.commit().await?;
        Ok(organizer)
    }

    /// The same as a part of the caller's transaction.
    pub async fn create_organizer_in(&self, tx: &Tx, owner: UserId, name: &str) -> Result<Organizer, OrganizerError> {
        self.insert_organizer(tx, self.env().id(), owner, name).await
    }

    /// The same under a given id, for demo worlds; when the id exists already, nothing changes.
    pub async fn seed_organizer(
        &self,
        id: OrganizerId,
        owner: UserId,
        name: &str,
    ) -> Result<Organizer, OrganizerError> {
        match self.organizer(id).await {
            Err(OrganizerError::NotFound) => {
                let tx = self.0.store.begin_write().await?;
                let organizer = self.insert_organizer(&tx, id, owner, name).await?;
                tx.commit().await?;
                Ok(organizer)
            }
            other => other,
        }
    }

    /// Every organizer of the installation by id, at most `limit`: for who runs it, never for a caller.
    pub async fn organizers(&self, limit: u32) -> store::Result<Vec<Organizer>> {
        sql::organizers(&self.0.store.begin_read().await?, limit).await
    }

    pub async fn organizer(&self, id: OrganizerId) -> Result<Organizer, OrganizerError> {
        let tx = self.0.store.begin_read().await?;
        sql::organizer(&tx, id).await?.ok_or(OrganizerError::NotFound)
    }

    /// What `user` belongs to, at most 100, oldest organizer first.
    pub async fn organizers_of(&self, user: UserId) -> store::Result<Vec<Membership>> {
        sql::memberships_of(&self.0.store.begin_read().await?, user).await
    }

    /// What `user` is to `organizer`; `None` for a stranger and for an absent organizer alike.
    /// Remembered for 5 seconds; a change made by this process counts at once.
    pub async fn role_of(&self, user: UserId, organizer: OrganizerId) -> store::Result<Option<Role>> {
        Ok(self.standing_of(user, organizer).await?.map(|standing| standing.role))
    }

    /// The same with whether they may act as that now.
    pub async fn standing_of(&self, user: UserId, organizer: OrganizerId) -> store::Result<Option<Standing>> {
        let (key, now) = ((user, organizer), self.now());
        let changes = {
            let mut cache = self.0.roles.lock();
            match cache.roles.get(&key) {
                Some((standing, until)) if now < until => return Ok(standing),
                _ => cache.changes,
            }
        };
        let standing = sql::standing_of(&self.0.store.begin_read().await?, user, organizer).await?;
        let mut cache = self.0.roles.lock();
        if cache.changes == changes {
            cache.roles.insert(key, (standing.clone(), now + ROLE_TTL));
        }
        Ok(standing)
    }

    /// Has owners, managers and finance staff of the organizer act with a second factor only, or without,
    /// as `by` wants, who needs one to ask others for theirs: `SecondFactorRequired`.
    pub async fn ask_members_for_factor(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        by: UserId,
        need: bool,
    ) -> Result<Organizer, OrganizerError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        sql::lock_organizer(&tx, organizer).await?;
        let mut changed = sql::organizer(&tx, organizer).await?.ok_or(OrganizerError::NotFound)?;
        // Locked, so that the factor is not turned off at this moment.
        let account = sql::lock_account(&tx, by).await?.ok_or(OrganizerError::NotFound)?;
        if need && !account.has_factor {
            return Err(OrganizerError::SecondFactorRequired);
        }
        sql::set_members_need_factor(&tx, organizer, need).await?;
        let (before, after) =
            (json!({ "members_need_factor": changed.members_need_factor }), json!({ "members_need_factor": need }));
        tx.audit(Entry::new(organizer, "organizer.update", organizer).change(before, after));
        self.forget_standings_after_commit(&tx);
        tx.commit().await?;
        changed.members_need_factor = need;
        Ok(changed)
    }

    /// Everyone who belongs to the organizer, in the order they joined; at most 1,000.
    pub async fn members(&self, organizer: OrganizerId) -> Result<Vec<Member>, OrganizerError> {
        let tx = self.0.store.begin_read().await?;
        let rows = sql::members_of(&tx, organizer).await?;
        let people: Vec<Uuid> = rows.iter().map(|(row, ..)| row.id.0).collect();
        let keys = self.0.keyring.person_keys(&tx, &people).await?;
        let mut members = Vec::with_capacity(rows.len());
        for (row, role, events) in rows {
            // Whoever was erased between the two statements is no member any more.
            if let Some(key) = keys.get(&row.id.0) {
                members.push(Member { user: User::open(key, &row)?, role, events });
            }
        }
        Ok(members)
    }

    /// Makes an account a member of a demo world, by the rules of [`Identity::seed_organizer`]. People are
    /// asked: see [`Identity::invite`].
    pub async fn seed_member(&self, organizer: OrganizerId, user: UserId, role: Role) -> Result<(), OrganizerError> {
        let tx = self.0.store.begin_write().await?;
        if !sql::lock_organizer(&tx, organizer).await? || sql::lock_account(&tx, user).await?.is_none() {
            return Err(OrganizerError::NotFound);
        }
        if sql::role_of(&tx, user, organizer).await?.is_none() {
            sql::insert_member(&tx, organizer, user, role, &Events::All, tx.now()).await?;
            tx.audit(Entry::new(organizer, "member.add", user).after(json!({ "role": role.text() })));
            self.forget_role_after_commit(&tx, user, organizer);
        }
        Ok(tx.commit().await?)
    }

    /// Gives a member another role. `LastOwner` when nobody else would own the organizer.
    pub async fn change_role(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        member: UserId,
        role: Role,
    ) -> Result<(), OrganizerError> {
        self.change_member(origin, organizer, member, MemberChange { role: Some(role), events: None }).await
    }

    /// Changes what a member is, and which events they work for. `LastOwner` when nobody else would own the
    /// organizer, `Field` for an owner of some events.
    pub async fn change_member(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        member: UserId,
        change: MemberChange,
    ) -> Result<(), OrganizerError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        let (current, current_events) = lock_member(&tx, organizer, member).await?;
        let (role, events) = (change.role.unwrap_or(current), change.events.unwrap_or(current_events.clone()));
        role.works_for(&events)?;
        if current == Role::Owner && role != Role::Owner && sql::owner_count(&tx, organizer).await? == 1 {
            return Err(OrganizerError::LastOwner);
        }
        sql::set_member(&tx, organizer, member, role, &events).await?;
        let told = |role: Role, events: &Events| json!({ "role": role.text(), "events": events.ids() });
        let entry = Entry::new(organizer, "member.change_role", member);
        tx.audit(entry.change(told(current, &current_events), told(role, &events)));
        self.forget_role_after_commit(&tx, member, organizer);
        Ok(tx.commit().await?)
    }

    /// Takes a member out. `LastOwner` when nobody else would own the organizer.
    pub async fn remove_member(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        member: UserId,
    ) -> Result<(), OrganizerError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        let (current, _) = lock_member(&tx, organizer, member).await?;
        if current == Role::Owner && sql::owner_count(&tx, organizer).await? == 1 {
            return Err(OrganizerError::LastOwner);
        }
        sql::delete_member(&tx, organizer, member).await?;
        let before = json!({ "role": current.text() });
        tx.audit(Entry::new(organizer, "member.remove", member).before(before));
        self.forget_role_after_commit(&tx, member, organizer);
        Ok(tx.commit().await?)
    }

    async fn insert_organizer(
        &self,
        tx: &Tx,
        id: OrganizerId,
        owner: UserId,
        name: &str,
    ) -> Result<Organizer, OrganizerError> {
        let name = Name::parse("name", name)?;
        sql::insert_organizer(tx, id, name.as_str(), tx.now()).await?;
        sql::lock_account(tx, owner).await?.ok_or(OrganizerError::NotFound)?;
        if sql::membership_count(tx, owner).await? >= MEMBERSHIPS_MAX {
            return Err(OrganizerError::LimitReached);
        }
        sql::insert_member(tx, id, owner, Role::Owner, &Events::All, tx.now()).await?;
        let after = json!({ "name": name, "owner": owner });
        tx.audit(Entry::new(id, "organizer.create", id).after(after));
        self.forget_role_after_commit(tx, owner, id);
        Ok(Organizer {
            id,
            name: name.into_string(),
            members_need_factor: false,
            created_at: tx.now(),
            suspended_at: None,
        })
    }

    /// All of them: what changes here changes the standing of many, and seldom.
    pub(crate) fn forget_standings_after_commit(&self, tx: &Tx) {
        let identity = self.clone();
        tx.after_commit(move || {
            let mut cache = identity.0.roles.lock();
            *cache = RoleCache { changes: cache.changes + 1, ..RoleCache::default() };
        });
    }

    pub(crate) fn forget_role_after_commit(&self, tx: &Tx, user: UserId, organizer: OrganizerId) {
        let identity = self.clone();
        tx.after_commit(move || {
            let mut cache = identity.0.roles.lock();
            cache.changes += 1;
            cache.roles.remove(&(user, organizer));
        });
    }
}

/// What the member is, with the organizer's members kept from changing.
async fn lock_member(tx: &Tx, organizer: OrganizerId, member: UserId) -> Result<(Role, Events), OrganizerError> {
    if !sql::lock_organizer(tx, organizer).await? {
        return Err(OrganizerError::NotFound);
    }
    sql::role_of(tx, member, organizer).await?.ok_or(OrganizerError::NotFound)
}

/// Locks every organizer that the account belongs to now, for its erasure.
pub(crate) async fn lock_all(tx: &Tx, user: UserId) -> store::Result<Vec<OrganizerId>> {
    let organizers: Vec<_> =
        sql::memberships_of(tx, user).await?.into_iter().map(|member| member.organizer.id).collect();
    for organizer in &organizers {
        sql::lock_organizer(tx, *organizer).await?;
    }
    Ok(organizers)
}

/// Takes an account out of every organizer, which the caller has locked, and gives who was taken out
/// of which. One that would be left without an owner ends with its last, and nobody is its member, if
/// it is one of `idle`; else `LastOwner`.
pub(crate) async fn leave_all(
    identity: &Identity,
    tx: &Tx,
    user: UserId,
    idle: &[OrganizerId],
) -> Result<Vec<(UserId, OrganizerId)>, AccountError> {
    let mut left = Vec::new();
    for Membership { organizer, role, .. } in sql::memberships_of(tx, user).await? {
        let organizer = organizer.id;
        if role == Role::Owner && sql::owner_count(tx, organizer).await? == 1 {
            if !idle.contains(&organizer) {
                return Err(AccountError::LastOwner);
            }
            let members = sql::delete_members(tx, organizer).await?;
            identity.end_invitations(tx, sql::delete_invitations_of(tx, organizer).await?).await?;
            // Nobody is left to answer for them.
            let (clients, keys) = sql::revoke_programs_of(tx, organizer).await?;
            for client in &clients {
                tx.audit(Entry::new(organizer, "client.revoke", client));
            }
            for key in keys {
                tx.audit(Entry::new(organizer, "api_key.revoke", key));
            }
            identity.revoke_after_commit(tx, clients);
            identity.forget_keys_after_commit(tx);
            left.extend(members.into_iter().map(|member| (member, organizer)));
        } else {
            sql::delete_member(tx, organizer, user).await?;
            left.push((user, organizer));
        }
    }
    Ok(left)
}
