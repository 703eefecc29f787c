//! Who is calling and what they may do: permission is the type of an extractor.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use identity::{Permission, Principal, Role};
use stagedoor_core::{Code, OrganizerId, UserId};

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

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Fan::of(&parts.headers, app)
    }
}

impl Fan {
    pub(crate) fn of(headers: &HeaderMap, app: &App) -> Result<Self, Problem> {
        principal(headers, app)?.ok_or_else(|| Problem::new(Code::NotSignedIn, "sign in first")).map(Fan)
    }
}

fn principal(headers: &HeaderMap, app: &App) -> Result<Option<Principal>, Problem> {
    let invalid = || Problem::new(Code::InvalidToken, "the access token is not valid");
    let mut headers = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = headers.next() else { return Ok(None) };
    let text = value.to_str().map_err(|_| invalid())?;
    let token = match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && headers.next().is_none() => token.trim(),
        _ => return Err(invalid()),
    };
    app.identity.verify(token).map(Some).map_err(|_| invalid())
}

/// A permission as a type, so that it can be part of a handler's signature.
pub trait Allows: Send + Sync + 'static {
    const PERMISSION: Permission;
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
}

/// A member of the organizer in the path (`{org}`) whose role allows `P`.
///
/// To everyone else the organizer looks absent; a member whose role does not reach is told so.
#[derive(Debug, Clone, Copy)]
pub struct Staff<P> {
    pub user: UserId,
    pub organizer: OrganizerId,
    pub role: Role,
    permission: PhantomData<P>,
}

impl<P: Allows> FromRequestParts<App> for Staff<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Fan(principal) = Fan::from_request_parts(parts, app).await?;
        let path = RawPathParams::from_request_parts(parts, app).await.map_err(|_| Problem::not_found())?;
        let text = path.iter().find(|(name, _)| *name == "org").map(|(_, text)| text);
        let organizer: OrganizerId = text.and_then(|text| text.parse().ok()).ok_or_else(Problem::not_found)?;
        let role = app.identity.role_of(principal.user, organizer).await?.ok_or_else(Problem::not_found)?;
        if !role.allows(P::PERMISSION) {
            return Err(Problem::not_allowed());
        }
        Ok(Self { user: principal.user, organizer, role, permission: PhantomData })
    }
}
