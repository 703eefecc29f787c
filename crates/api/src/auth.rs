//! Who is calling and what they may do: permission is the type of an extractor.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use identity::{Permission, Principal, Role, Standing};
use stagedoor_core::{Code, OrganizerId, UserId};
use store::audit::Chain;

use crate::denials::Denied;
use crate::headers::Headers;
use crate::{App, Problem};

/// A signed-in person.
#[derive(Debug, Clone, Copy)]
pub struct Fan(pub Principal);

impl Fan {
    pub fn id(&self) -> UserId {
        self.0.user
    }
}

impl FromRequestParts<App> for Fan {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        Fan::of(*parts.extensions.get::<Caller>().expect("the layer around all routes looked who calls"))
    }
}

impl Fan {
    pub(crate) fn of(caller: Caller) -> Result<Self, Problem> {
        match caller.0 {
            Ok(Some(principal)) => Ok(Fan(principal)),
            Ok(None) => Err(Problem::new(Code::NotSignedIn, "sign in first")),
            Err(InvalidToken) => Err(Problem::new(Code::InvalidToken, "the access token is not valid")),
        }
    }
}

/// Whom the access token of a request names. Looked at once for each request, by the limits, and
/// taken from there.
#[derive(Debug, Clone, Copy)]
pub struct Caller(Result<Option<Principal>, InvalidToken>);

#[derive(Debug, Clone, Copy)]
struct InvalidToken;

impl Caller {
    pub(crate) const NOBODY: Caller = Caller(Ok(None));

    pub(crate) fn of<H: Headers + ?Sized>(headers: &H, app: &App) -> Self {
        Self(principal(headers, app))
    }

    /// The account, when the token is valid.
    pub(crate) fn user(&self) -> Option<UserId> {
        self.0.ok().flatten().map(|principal| principal.user)
    }
}

fn principal<H: Headers + ?Sized>(headers: &H, app: &App) -> Result<Option<Principal>, InvalidToken> {
    let mut values = headers.values(&AUTHORIZATION);
    let Some(value) = values.next() else { return Ok(None) };
    let text = std::str::from_utf8(value).map_err(|_| InvalidToken)?;
    let token = match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && values.next().is_none() => token.trim_ascii(),
        _ => return Err(InvalidToken),
    };
    app.identity.verify(token).map(Some).map_err(|_| InvalidToken)
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
        if app.identity.factor_state(principal.user).await?.on_since.is_none() {
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
}

/// To be a member, which nobody was asked about: all may leave.
#[derive(Debug, Clone, Copy)]
pub struct Belong;

impl Allows for Belong {
    const PERMISSION: Permission = Permission::SeeCatalogue;
    const NEEDS_FACTOR: bool = false;
}

/// A member of the organizer in the path (`{org}`) whose role allows `P`.
///
/// To everyone else the organizer looks absent; a member whose role does not reach is told so, and one
/// who lacks the second factor that the organizer asks for, too.
#[derive(Debug, Clone, Copy)]
pub struct Staff<P> {
    pub user: UserId,
    pub organizer: OrganizerId,
    pub role: Role,
    /// The organizer asks for a second factor that the member has not.
    pub lacks_factor: bool,
    permission: PhantomData<P>,
}

impl<P: Allows> FromRequestParts<App> for Staff<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Fan(principal) = Fan::from_request_parts(parts, app).await?;
        let path = RawPathParams::from_request_parts(parts, app).await.map_err(|_| Problem::not_found())?;
        let text = path.iter().find(|(name, _)| *name == "org").map(|(_, text)| text);
        let organizer: OrganizerId = text.and_then(|text| text.parse().ok()).ok_or_else(Problem::not_found)?;
        let denied = |chain| Denied { chain, action: "request", subject: organizer.to_string(), about: None };
        let Some(Standing { role, lacks_factor }) = app.identity.standing_of(principal.user, organizer).await? else {
            return Err(Problem::not_found().denying(denied(Chain::Platform)));
        };
        if !role.allows(P::PERMISSION) {
            return Err(Problem::not_allowed().denying(denied(organizer.into())));
        }
        if lacks_factor && P::NEEDS_FACTOR {
            return Err(Problem::second_factor_required().denying(denied(organizer.into())));
        }
        Ok(Self { user: principal.user, organizer, role, lacks_factor, permission: PhantomData })
    }
}
