//! Organizers (tenants), who belongs to them and as what.

use std::fmt;
use std::time::Duration;

use serde_json::json;
use stagedoor_core::{Code, FieldError, Name, OrganizerId, Timestamp, UserId};
use store::audit::Entry;
use store::{Origin, Tx};
use uuid::Uuid;

use crate::account::{AccountError, key_of, store_code};
use crate::attempts::Key;
use crate::bounded::Bounded;
use crate::contact::{Channel, Contact, Reached};
use crate::role::Role;
use crate::sql::{self, AccountRow};
use crate::{Identity, User};

/// A box office with hundreds of staff is real, thousands are a mistake.
const MEMBERS_MAX: i64 = 1_000;
/// Organizers one account may belong to.
const MEMBERSHIPS_MAX: i64 = 100;
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
}

/// An organizer as one of its members sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub organizer: Organizer,
    pub role: Role,
}

/// What a person is to an organizer, and whether they may act as that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub role: Role,
    /// The organizer asks for a second factor that the person has not.
    pub lacks_factor: bool,
}

/// A person of an organizer. `Debug` shows id and role alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Member {
    pub user: User,
    pub role: Role,
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
    /// Already a member, with another role.
    #[error("already a member with another role")]
    AlreadyMember,
    #[error("an organizer must keep an owner")]
    LastOwner,
    /// The organizer has as many members, or the account belongs to as many organizers, as allowed.
    #[error("too many members or memberships")]
    LimitReached,
    /// Who asks others for a second factor has one.
    #[error("a second factor is needed")]
    SecondFactorRequired,
    /// Too many addresses without an account were named: this is no way to find out who has one.
    #[error("too many unknown addresses")]
    RateLimited { retry_after: Duration },
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl OrganizerError {
    pub fn code(&self) -> Code {
        match self {
            OrganizerError::Field(_) => Code::InvalidField,
            OrganizerError::NotFound => Code::NotFound,
            OrganizerError::AlreadyMember | OrganizerError::LimitReached => Code::Conflict,
            OrganizerError::LastOwner => Code::WrongState,
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
        let read = sql::standing_of(&self.0.store.begin_read().await?, user, organizer).await?;
        let standing = read.map(|(role, is_asked, has_factor)| Standing {
            role,
            lacks_factor: is_asked && role.is_trusted() && !has_factor,
        });
        let mut cache = self.0.roles.lock();
        if cache.changes == changes {
            cache.roles.insert(key, (standing, now + ROLE_TTL));
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
        let people: Vec<Uuid> = rows.iter().map(|(row, _)| row.id.0).collect();
        let keys = self.0.keyring.person_keys(&tx, &people).await?;
        let mut members = Vec::with_capacity(rows.len());
        for (row, role) in rows {
            // Whoever was erased between the two statements is no member any more.
            if let Some(key) = keys.get(&row.id.0) {
                members.push(Member { user: User::open(key, &row)?, role });
            }
        }
        Ok(members)
    }

    /// Makes the account with this e-mail address a member. Again with the same role it answers
    /// the same; `Field` when no account has the address or nobody has shown that it is theirs, which
    /// `by` may be told a few times only.
    ///
    /// Nobody is asked, so nobody is made an owner this way: an owner answers for the organizer. A
    /// member, who may leave at any time, can be made one by [`Identity::change_role`].
    pub async fn add_member(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        by: UserId,
        email: &str,
        role: Role,
    ) -> Result<Member, OrganizerError> {
        let index = Reached::parse(Contact::Email(email))?.index(&self.0.keyring);
        // Before anything that would tell who has an account.
        if role == Role::Owner {
            return Err(FieldError::new("role", "must be another at first: only a member can become an owner").into());
        }
        if let Some(retry_after) = self.0.attempts.wait(Key::Staff(by), self.now()) {
            return Err(OrganizerError::RateLimited { retry_after });
        }
        let tx = self.0.store.begin_write_for(origin).await?;
        if !sql::lock_organizer(&tx, organizer).await? {
            return Err(OrganizerError::NotFound);
        }
        let unknown = || match self.0.attempts.wait_or_count(Key::Staff(by), self.now()) {
            Some(retry_after) => OrganizerError::RateLimited { retry_after },
            None => FieldError::new("email", "no account has this address").into(),
        };
        let found = sql::account_by_contact(&tx, Channel::Email, index).await?.ok_or_else(unknown)?;
        // Locked, so that the account cannot be erased between here and the commit.
        let row = sql::lock_account(&tx, found.id).await?.filter(AccountRow::owns_email).ok_or_else(unknown)?;
        match sql::role_of(&tx, row.id, organizer).await? {
            Some(current) if current != role => return Err(OrganizerError::AlreadyMember),
            Some(_) => {}
            None => {
                if sql::member_count(&tx, organizer).await? >= MEMBERS_MAX
                    || sql::membership_count(&tx, row.id).await? >= MEMBERSHIPS_MAX
                {
                    return Err(OrganizerError::LimitReached);
                }
                sql::insert_member(&tx, organizer, row.id, role, tx.now()).await?;
                let after = json!({ "role": role.text() });
                tx.audit(Entry::new(organizer, "member.add", row.id).after(after));
            }
        }
        self.forget_role_after_commit(&tx, row.id, organizer);
        let user = User::open(&key_of(&self.0.keyring, &tx, row.id).await?, &row)?;
        tx.commit().await?;
        Ok(Member { user, role })
    }

    /// Gives a member another role. `LastOwner` when nobody else would own the organizer.
    pub async fn change_role(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        member: UserId,
        role: Role,
    ) -> Result<(), OrganizerError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        let current = lock_member(&tx, organizer, member).await?;
        if current == Role::Owner && role != Role::Owner && sql::owner_count(&tx, organizer).await? == 1 {
            return Err(OrganizerError::LastOwner);
        }
        sql::set_role(&tx, organizer, member, role).await?;
        let (before, after) = (json!({ "role": current.text() }), json!({ "role": role.text() }));
        tx.audit(Entry::new(organizer, "member.change_role", member).before(before).after(after));
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
        let current = lock_member(&tx, organizer, member).await?;
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
        sql::insert_member(tx, id, owner, Role::Owner, tx.now()).await?;
        let after = json!({ "name": name, "owner": owner });
        tx.audit(Entry::new(id, "organizer.create", id).after(after));
        self.forget_role_after_commit(tx, owner, id);
        Ok(Organizer { id, name: name.into_string(), members_need_factor: false })
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

/// The member's role, with the organizer's members kept from changing.
async fn lock_member(tx: &Tx, organizer: OrganizerId, member: UserId) -> Result<Role, OrganizerError> {
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
    tx: &Tx,
    user: UserId,
    idle: &[OrganizerId],
) -> Result<Vec<(UserId, OrganizerId)>, AccountError> {
    let mut left = Vec::new();
    for Membership { organizer, role } in sql::memberships_of(tx, user).await? {
        let organizer = organizer.id;
        if role == Role::Owner && sql::owner_count(tx, organizer).await? == 1 {
            if !idle.contains(&organizer) {
                return Err(AccountError::LastOwner);
            }
            let members = sql::delete_members(tx, organizer).await?;
            // Nobody is left to answer for them. Running tokens end with the next look at the database.
            let (clients, keys) = sql::revoke_programs_of(tx, organizer).await?;
            for client in clients {
                tx.audit(Entry::new(organizer, "client.revoke", client));
            }
            for key in keys {
                tx.audit(Entry::new(organizer, "api_key.revoke", key));
            }
            left.extend(members.into_iter().map(|member| (member, organizer)));
        } else {
            sql::delete_member(tx, organizer, user).await?;
            left.push((user, organizer));
        }
    }
    Ok(left)
}
