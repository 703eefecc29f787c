//! What the caller is to the organizer in the path. Every route under an organizer asks here, by the
//! extractors of [`auth`](crate::auth), so that no handler can forget any of it: whether the caller belongs
//! there, to which of its events, whether their role and scopes reach, and what staff of the platform have
//! to say before they look. Whoever is let in does the rest of the request behind the second wall
//! ([`store::tenant`]).

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderName, Method};
use identity::{Bearer, Events, OrganizerError, Permission, Principal, Program, Reason, Role, Scopes, Standing};
use stagedoor_core::{Code, EventId, OrganizerId, UserId};
use store::audit::Chain;

use crate::auth::{Allows, account_needed};
use crate::client::RequestOrigin;
use crate::denials::Denied;
use crate::{App, Problem};

/// Why staff of the platform look into a tenant.
pub const ACCESS_REASON: HeaderName = HeaderName::from_static("x-access-reason");

/// Who looks at which events a member is limited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The event in the path has to be one of theirs; a path without one is not for them.
    Path,
    /// The handler, which is given them.
    Handler,
}

/// Who was let in, as what.
pub(crate) struct Admission {
    /// Who is written down as having done it.
    pub by: UserId,
    pub organizer: OrganizerId,
    /// None for a program that acts for the organizer itself.
    pub role: Option<Role>,
    /// Of a program.
    pub scopes: Option<Scopes>,
    pub events: Events,
    pub lacks_factor: bool,
}

impl Admission {
    /// Whether the caller may do this.
    fn may(&self, permission: Permission) -> bool {
        let has = |scopes: Scopes| permission.scope().is_some_and(|scope| scopes.contains(scope));
        self.role.is_none_or(|role| role.allows(permission)) && self.scopes.is_none_or(has)
    }
}

/// To everyone who does not belong to the organizer it looks absent, and so does all but their events to a
/// member who is limited to some; a member whose role does not reach is told so.
pub(crate) async fn admit<P: Allows>(
    bearer: Bearer,
    parts: &mut Parts,
    app: &App,
    reach: Reach,
) -> Result<Admission, Problem> {
    let admission = decide::<P>(bearer, parts, app, reach).await?;
    store::tenant::enter(admission.organizer);
    Ok(admission)
}

async fn decide<P: Allows>(bearer: Bearer, parts: &mut Parts, app: &App, reach: Reach) -> Result<Admission, Problem> {
    let organizer = organizer(parts, app).await?;
    let stranger = || Problem::not_found().denying(denied(Chain::Platform, organizer));
    let (user, program) = match bearer {
        Bearer::Person(principal) => (Some(principal.user), None),
        // Whatever organizer it is.
        Bearer::Guest(_) => return Err(account_needed()),
        // Not even where its person works, too: a program is its own organizer's alone.
        Bearer::Program(program) if program.organizer != organizer => return Err(stranger()),
        Bearer::Program(program) => (program.user, Some(program)),
    };
    let standing = match user {
        Some(user) => match (app.identity.standing_of(user, organizer).await?, bearer) {
            (standing, Bearer::Person(principal))
                if principal.platform_admin && (standing.is_none() || asks_to_look(parts)) =>
            {
                return look::<P>(parts, app, principal, organizer).await;
            }
            (None, _) => return Err(stranger()),
            (standing, _) => standing,
        },
        None => None,
    };
    let (role, events, lacks_factor, is_suspended) = match standing {
        Some(Standing { role, events, lacks_factor, is_suspended }) => {
            (Some(role), events, lacks_factor, Some(is_suspended))
        }
        None => (None, Events::All, false, None),
    };
    let refuse = |problem: Problem| Err(problem.denying(denied(organizer, organizer)));
    if events.is_limited() && reach == Reach::Path {
        let event = parameter(parts, app, "event").await.and_then(|text| text.parse::<EventId>().ok());
        if event.is_none_or(|event| !events.contains(event)) {
            return refuse(Problem::not_found());
        }
    }
    let by = match program {
        Some(program) => program.by(),
        None => user.expect("a person or a program asks"),
    };
    let scopes = program.map(|Program { scopes, .. }| scopes);
    let admission = Admission { by, organizer, role, scopes, events, lacks_factor };
    match (scopes, P::PERMISSION.scope()) {
        (Some(scopes), Some(scope)) if !scopes.contains(scope) => return refuse(Problem::insufficient_scope(scope)),
        (Some(_), None) => return refuse(Problem::new(Code::InsufficientScope, "no program may do this")),
        _ if !admission.may(P::PERMISSION) => return refuse(Problem::not_allowed()),
        // What its person may not do now, a program may not either.
        _ if P::NEEDS_FACTOR && lacks_factor => return refuse(Problem::second_factor_required()),
        _ => {}
    }
    if P::PERMISSION.sells() && !parts.method.is_safe() && !ends_something(parts) {
        let is_suspended = match is_suspended {
            Some(is_suspended) => is_suspended,
            None => identity::is_suspended(&app.store.begin_read().await?, organizer).await?,
        };
        if is_suspended {
            return refuse(Problem::new(Code::OrganizerSuspended, "the organizer is suspended and sells nothing"));
        }
    }
    Ok(admission)
}

/// What a suspended organizer still does: it takes leave from programs, and sells less or nothing.
fn ends_something(parts: &Parts) -> bool {
    let ways = ["/cancel", "/postpone", "/take-off-sale", "/block", "/blocks"];
    parts.method == Method::DELETE || ways.iter().any(|way| parts.uri.path().ends_with(way))
}

/// Whether staff of the platform have shown a second factor, which an account that has one is always asked for.
/// A passkey alone does not count: whoever knows the password may add one to an account without a second factor.
pub(crate) async fn has_factor(app: &App, admin: Principal) -> Result<bool, Problem> {
    Ok(app.identity.factor_state(admin.user).await?.on_since.is_some())
}

/// Who works for the organizer, too, is one of its members until they give a reason to look at something.
fn asks_to_look(parts: &Parts) -> bool {
    matches!(parts.method, Method::GET | Method::HEAD) && parts.headers.contains_key(ACCESS_REASON)
}

/// Staff of the platform look at what an owner sees, and change nothing: with a second factor and a reason,
/// which is written down before they see anything.
async fn look<P: Allows>(
    parts: &mut Parts,
    app: &App,
    admin: Principal,
    organizer: OrganizerId,
) -> Result<Admission, Problem> {
    let refuse = |problem: Problem| Err(problem.denying(denied(Chain::Platform, organizer)));
    match app.identity.organizer(organizer).await {
        Ok(_) => {}
        Err(OrganizerError::NotFound) => return refuse(Problem::not_found()),
        Err(error) => return Err(error.into()),
    }
    if !P::IS_SHOWN || !matches!(parts.method, Method::GET | Method::HEAD) {
        return refuse(Problem::new(
            Code::NotAllowed,
            "staff of the platform may look, but change nothing and hold no keys",
        ));
    }
    if !has_factor(app, admin).await? {
        return refuse(Problem::second_factor_required());
    }
    let Some(reason) = reason(parts) else {
        let (least, most) = (Reason::LENGTH.start(), Reason::LENGTH.end());
        let message = format!("say why in one X-Access-Reason header of {least} to {most} characters");
        return refuse(Problem::new(Code::AccessReasonRequired, message));
    };
    let Ok(RequestOrigin(origin)) = RequestOrigin::from_request_parts(parts, app).await;
    let what = format!("{} {}", parts.method, parts.uri.path());
    app.identity.record_look(&origin, organizer, &reason, &what).await?;
    let role = Some(Role::Owner);
    Ok(Admission { by: admin.user, organizer, role, scopes: None, events: Events::All, lacks_factor: false })
}

fn reason(parts: &Parts) -> Option<Reason> {
    let mut values = parts.headers.get_all(ACCESS_REASON).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    Reason::parse("reason", std::str::from_utf8(value.as_bytes()).ok()?).ok()
}

/// That a request for what an organizer has was refused.
fn denied(chain: impl Into<Chain>, organizer: OrganizerId) -> Denied {
    Denied { chain: chain.into(), action: "request", subject: organizer.to_string(), about: None }
}

/// The organizer in the path.
async fn organizer(parts: &mut Parts, app: &App) -> Result<OrganizerId, Problem> {
    let text = parameter(parts, app, "org").await;
    text.and_then(|text| text.parse().ok()).ok_or_else(Problem::not_found)
}

async fn parameter(parts: &mut Parts, app: &App, wanted: &str) -> Option<String> {
    let path = RawPathParams::from_request_parts(parts, app).await.ok()?;
    path.iter().find(|(name, _)| *name == wanted).map(|(_, text)| text.to_owned())
}
