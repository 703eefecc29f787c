//! Who is calling and what they may do: permission is the type of an extractor.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use gate::Subject;
use identity::{Bearer, Events, Guest, Permission, Principal, Role, Scope, Scopes};
use stagedoor_core::{Code, OrganizerId, UserId};
use store::audit::Chain;
use store::{Actor, Leave};
use uuid::Uuid;

use crate::denials::Denied;
use crate::headers::Headers;
use crate::tenant::{self, Admission, Reach};
use crate::{App, Problem, cookies};

/// A signed-in person, and no program in their place.
#[derive(Debug, Clone, Copy)]
pub struct Fan(pub Principal);

impl Fan {
    pub fn id(&self) -> UserId {
        self.0.user
    }

    fn of(caller: Caller) -> Result<Self, Problem> {
        match caller.bearer()? {
            Bearer::Person(principal) => Ok(Fan(principal)),
            Bearer::Guest(_) => Err(account_needed()),
            Bearer::Program(_) => Err(Problem::new(Code::InsufficientScope, "no program may do this")),
        }
    }
}

impl FromRequestParts<App> for Fan {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        Fan::of(caller(parts))
    }
}

/// A scope as a type, so that it can be part of a handler's signature.
pub trait Asks: Send + Sync + 'static {
    const SCOPE: Scope;
}

macro_rules! scopes {
    ($($name:ident)*) => {$(
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        impl Asks for $name {
            const SCOPE: Scope = Scope::$name;
        }
    )*};
}

scopes! { ProfileRead OrdersRead OrdersWrite TicketsRead TicketsWrite HoldsWrite }

/// A signed-in person, or a program that they let act for them with the scope `S`.
#[derive(Debug, Clone, Copy)]
pub struct Person<S> {
    user: UserId,
    by_program: bool,
    scope: PhantomData<S>,
}

impl<S: Asks> Person<S> {
    pub fn id(&self) -> UserId {
        self.user
    }

    /// Whether a program asks, which has proven itself and knows nobody's password.
    pub fn is_program(&self) -> bool {
        self.by_program
    }

    pub(crate) fn of(caller: Caller) -> Result<Self, Problem> {
        let (user, by_program) = match caller.bearer()? {
            Bearer::Person(principal) => (Some(principal.user), false),
            Bearer::Guest(_) => return Err(account_needed()),
            Bearer::Program(program) => (program.user.filter(|_| program.scopes.contains(S::SCOPE)), true),
        };
        let user = user.ok_or_else(|| Problem::insufficient_scope(S::SCOPE))?;
        Ok(Self { user, by_program, scope: PhantomData })
    }
}

/// Who may hold places: whoever may call what takes `Person<HoldsWrite>`, and guests. Nothing else lets guests in.
#[derive(Debug, Clone, Copy)]
pub struct Holder(UserId);

impl Holder {
    pub fn id(&self) -> UserId {
        self.0
    }

    pub(crate) fn of(caller: Caller) -> Result<Self, Problem> {
        match caller.guest() {
            Some(guest) => Ok(Self(guest.id)),
            None => Person::<HoldsWrite>::of(caller).map(|person| Self(person.user)),
        }
    }
}

impl FromRequestParts<App> for Holder {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        Holder::of(caller(parts))
    }
}

/// The guest who signs in or registers, if it is one. Whoever else is signed in does so as nobody, but for a page
/// that says it is a guest's and proves none: its access token is over, and going on would lose what it holds. It
/// renews the token and asks again.
#[derive(Debug, Clone, Copy)]
pub struct AsGuest(pub Option<Guest>);

impl FromRequestParts<App> for AsGuest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        match caller(parts).guest() {
            None if cookies::names_guest(&parts.headers) => {
                Err(Problem::new(Code::InvalidToken, "the guest's access token is not valid"))
            }
            guest => Ok(Self(guest)),
        }
    }
}

pub(crate) fn account_needed() -> Problem {
    Problem::new(Code::AccountNeeded, "guests may hold places; this needs an account")
}

impl<S: Asks> FromRequestParts<App> for Person<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        Person::of(caller(parts))
    }
}

pub(crate) fn caller(parts: &Parts) -> Caller {
    *parts.extensions.get::<Caller>().expect("the layer around all routes looked who calls")
}

/// Whom the access token, cookie or API key of a request names. Looked at once for each request, by the
/// limits, and taken from there.
#[derive(Debug, Clone, Copy)]
pub struct Caller(Result<Who, Invalid>);

#[derive(Debug, Clone, Copy)]
enum Who {
    Nobody,
    Known(Bearer),
    /// An API key that is not in memory.
    Key,
}

/// What is wrong with how a caller says who they are.
#[derive(Debug, Clone, Copy)]
enum Invalid {
    Token,
    /// A browser sent its cookies along, and perhaps not because a page of ours asked.
    CsrfToken,
}

impl Caller {
    pub(crate) const NOBODY: Caller = Caller(Ok(Who::Nobody));

    pub(crate) fn of<H: Headers + ?Sized>(method: &Method, headers: &H, app: &App) -> Self {
        Self(presented(headers).and_then(|token| match token {
            None => by_cookie(method, headers, app),
            Some(token) => match app.identity.bearer(token_text(token)?).map_err(|_| Invalid::Token)? {
                Some(bearer) => Ok(Who::Known(bearer)),
                None => Ok(Who::Key),
            },
        }))
    }

    /// Whether only [`Caller::look_up`] can tell who this is.
    pub(crate) fn is_unknown_key(&self) -> bool {
        matches!(self.0, Ok(Who::Key))
    }

    /// The same with an API key looked up.
    pub(crate) async fn look_up<H: Headers + ?Sized>(headers: &H, app: &App) -> Result<Self, Problem> {
        let Ok(Some(Ok(token))) = presented(headers).map(|token| token.map(token_text)) else {
            return Ok(Self(Err(Invalid::Token)));
        };
        Ok(Self(app.identity.look_up_key(token).await?.map(Who::Known).map_err(|_| Invalid::Token)))
    }

    /// Whom the limits count: the person, also where a program acts for them, or a program that acts
    /// for its organizer.
    pub(crate) fn subject(&self) -> Option<Subject> {
        match self.0 {
            Ok(Who::Known(Bearer::Person(principal))) => Some(Subject::User(principal.user)),
            Ok(Who::Known(Bearer::Guest(guest))) => Some(Subject::User(guest.id)),
            Ok(Who::Known(Bearer::Program(program))) => Some(match program.user {
                Some(user) => Subject::User(user),
                None => Subject::Program(Uuid::from(program.id).as_u128()),
            }),
            _ => None,
        }
    }

    /// Who is written down as having asked, and by which leave; nobody without a valid token or key. Nothing is
    /// known of a guest, who is a stranger to the log.
    pub(crate) fn actor(&self) -> (Actor, Option<Leave>) {
        match self.0 {
            Ok(Who::Known(Bearer::Person(principal))) => (Actor::User(principal.user), None),
            Ok(Who::Known(Bearer::Program(program))) => (program.actor(), program.leave()),
            _ => (Actor::Nobody, None),
        }
    }

    /// Whoever asks, if that is known.
    pub(crate) fn known(&self) -> Option<Bearer> {
        match self.0 {
            Ok(Who::Known(bearer)) => Some(bearer),
            _ => None,
        }
    }

    /// The guest who asks.
    pub(crate) fn guest(&self) -> Option<Guest> {
        match self.known() {
            Some(Bearer::Guest(guest)) => Some(guest),
            _ => None,
        }
    }

    /// Whose staff a program is that acts for its organizer, without a person.
    pub(crate) fn organizer(&self) -> Option<OrganizerId> {
        match self.0 {
            Ok(Who::Known(Bearer::Program(program))) if program.user.is_none() => Some(program.organizer),
            _ => None,
        }
    }

    fn bearer(self) -> Result<Bearer, Problem> {
        match self.0 {
            Ok(Who::Known(bearer)) => Ok(bearer),
            Ok(Who::Nobody) => Err(Problem::new(Code::NotSignedIn, "sign in first")),
            Err(Invalid::CsrfToken) => Err(cookies::refused()),
            Ok(Who::Key) | Err(Invalid::Token) => {
                Err(Problem::new(Code::InvalidToken, "the access token is not valid"))
            }
        }
    }
}

/// Whom a browser's cookies name. Programs have none.
fn by_cookie<H: Headers + ?Sized>(method: &Method, headers: &H, app: &App) -> Result<Who, Invalid> {
    let Some(token) = cookies::access_token(headers) else { return Ok(Who::Nobody) };
    match app.identity.bearer(token) {
        Ok(Some(Bearer::Person(person))) if method.is_safe() || app.csrf.vouches(headers, person.session) => {
            Ok(Who::Known(Bearer::Person(person)))
        }
        Ok(Some(Bearer::Guest(guest))) if method.is_safe() || app.csrf.vouches_for_guest(headers, guest.session) => {
            Ok(Who::Known(Bearer::Guest(guest)))
        }
        Ok(Some(Bearer::Person(_) | Bearer::Guest(_))) => Err(Invalid::CsrfToken),
        _ => Err(Invalid::Token),
    }
}

/// What stands behind `Bearer`, if there is anything.
fn presented<H: Headers + ?Sized>(headers: &H) -> Result<Option<&[u8]>, Invalid> {
    let mut values = headers.values(&AUTHORIZATION);
    let Some(value) = values.next() else { return Ok(None) };
    match value.split_at_checked(BEARER.len()) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(BEARER) && values.next().is_none() => {
            Ok(Some(token.trim_ascii()))
        }
        _ => Err(Invalid::Token),
    }
}

const BEARER: &[u8] = b"bearer ";

fn token_text(token: &[u8]) -> Result<&str, Invalid> {
    std::str::from_utf8(token).map_err(|_| Invalid::Token)
}

/// Whether what is presented looks like an API key.
pub(crate) fn shows_key<H: Headers + ?Sized>(headers: &H) -> bool {
    presented(headers).is_ok_and(|token| token.is_some_and(identity::looks_like_key))
}

/// Staff of the whole platform, with a second factor.
#[derive(Debug, Clone, Copy)]
pub struct PlatformAdmin(pub Principal);

impl FromRequestParts<App> for PlatformAdmin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Fan(principal) = Fan::from_request_parts(parts, app).await?;
        let subject = "platform".to_owned();
        let denied = Denied { chain: Chain::Platform, action: "request", subject, about: None };
        if !principal.platform_admin {
            return Err(Problem::not_allowed().denying(denied));
        }
        if !tenant::has_factor(app, principal).await? {
            return Err(Problem::second_factor_required().denying(denied));
        }
        Ok(Self(principal))
    }
}

/// A permission as a type, so that it can be part of a handler's signature.
pub trait Allows: Send + Sync + 'static {
    const PERMISSION: Permission;
    /// Whether it waits for the second factor that an organizer asks its members for.
    const NEEDS_FACTOR: bool = true;
    /// Who looks at which events a [`Member`] is limited to.
    const REACH: Reach = Reach::Path;
    /// Whether staff of the platform may look at what it opens.
    const IS_SHOWN: bool = true;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        impl Allows for $name {
            const PERMISSION: Permission = Permission::$name;
        }
    )*};
}

permissions! {
    /// Drafts and their prices.
    SeeCatalogue;
    /// Venues, seat maps, events and their prices.
    ManageCatalogue;
    /// Orders and what was sold.
    SeeSales;
    /// Blocks and capacities.
    ManageSales;
    /// Who bought.
    SeeBuyers;
    RefundOrders;
    CheckIn;
    SeeMembers;
    ManageMembers;
    /// What the organizer asks of its members.
    ManageOrganizer;
    /// The audit log.
    SeeAudit;
    /// Clients and API keys.
    ManagePrograms;
    /// Where the organizer's money goes.
    ManagePayouts;
}

/// To be a member, which nobody was asked about: all may leave.
#[derive(Debug, Clone, Copy)]
pub struct Belong;

impl Allows for Belong {
    const PERMISSION: Permission = Permission::SeeCatalogue;
    const NEEDS_FACTOR: bool = false;
    const REACH: Reach = Reach::Handler;
}

/// To be at the door with what opens it: nothing to look at.
#[derive(Debug, Clone, Copy)]
pub struct HoldKeys;

impl Allows for HoldKeys {
    const PERMISSION: Permission = Permission::CheckIn;
    const IS_SHOWN: bool = false;
}

/// A member of the organizer in the path (`{org}`) whose role allows `P`, or a program of that
/// organizer with the scope for it, and whose person, if it acts for one, is such a member. A member who is
/// limited to some events comes this far with one of them in the path (`{event}`). Staff of the platform
/// are it where they may look.
///
/// To everyone else the organizer looks absent; a member whose role does not reach is told so, and one
/// who lacks the second factor that the organizer asks for, too. What decides is [`tenant`].
#[derive(Debug, Clone, Copy)]
pub struct Staff<P> {
    /// Who is written down as having done it.
    pub by: UserId,
    pub organizer: OrganizerId,
    /// None for a program that acts for the organizer itself.
    role: Option<Role>,
    /// Of a program.
    scopes: Option<Scopes>,
    permission: PhantomData<P>,
}

impl<P> Staff<P> {
    fn of(admission: &Admission) -> Self {
        let Admission { by, organizer, role, scopes, .. } = *admission;
        Self { by, organizer, role, scopes, permission: PhantomData }
    }

    /// Whether the caller may do something else, too.
    pub fn may(&self, permission: Permission) -> bool {
        let has = |scopes: Scopes| permission.scope().is_some_and(|scope| scopes.contains(scope));
        self.role.is_none_or(|role| role.allows(permission)) && self.scopes.is_none_or(has)
    }
}

impl<P: Allows> FromRequestParts<App> for Staff<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let bearer = caller(parts).bearer()?;
        Ok(Self::of(&tenant::admit::<P>(bearer, parts, app, Reach::Path).await?))
    }
}

/// The same with the events that they work for, where the path names none: the handler has all else look
/// absent to a member who is limited to some.
#[derive(Debug, Clone)]
pub struct SomeEvents<P> {
    pub staff: Staff<P>,
    pub events: Events,
}

impl<P: Allows> FromRequestParts<App> for SomeEvents<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let bearer = caller(parts).bearer()?;
        let admission = tenant::admit::<P>(bearer, parts, app, Reach::Handler).await?;
        Ok(Self { staff: Staff::of(&admission), events: admission.events })
    }
}

/// The same, but a person and no program.
#[derive(Debug, Clone)]
pub struct Member<P> {
    pub user: UserId,
    pub organizer: OrganizerId,
    pub role: Role,
    /// All of them where `P` is not for who is limited.
    pub events: Events,
    /// The organizer asks for a second factor that the member has not.
    pub lacks_factor: bool,
    permission: PhantomData<P>,
}

impl<P: Allows> FromRequestParts<App> for Member<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Fan(principal) = Fan::from_request_parts(parts, app).await?;
        let admission = tenant::admit::<P>(Bearer::Person(principal), parts, app, P::REACH).await?;
        let Admission { by: user, organizer, role, events, lacks_factor, .. } = admission;
        let role = role.expect("a person has a role");
        Ok(Self { user, organizer, role, events, lacks_factor, permission: PhantomData })
    }
}
