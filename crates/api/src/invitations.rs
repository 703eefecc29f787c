//! Whom an organizer asks to become a member, and what they answer.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use identity::{AskedToJoin, Events, Invitation, NewInvitation};
use serde::{Deserialize, Serialize};
use serde_json::json;
use stagedoor_core::{EventId, InvitationId, OrganizerId, Timestamp};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::private;
use crate::auth::{Fan, ManageMembers, Member};
use crate::client::RequestOrigin;
use crate::extract::{Body, Path};
use crate::organizers::{OrganizerView, limited_to};
use crate::problem::Envelope;
use crate::venues::List;
use crate::{App, Problem, reads, schema};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(add_member))
        .routes(routes!(invitations))
        .routes(routes!(withdraw_invitation))
        .routes(routes!(resend_invitation))
        .routes(routes!(my_invitations))
        .routes(routes!(accept_invitation))
        .routes(routes!(decline_invitation))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewMember {
    /// Of somebody with an account, or without one.
    #[schema(value_type = schema::Email)]
    email: String,
    #[schema(value_type = schema::Role)]
    role: String,
    /// The events they are to work for, all else of the organizer being absent to them; all when left out.
    #[schema(value_type = Option<Vec<schema::EventId>>, min_items = 1, max_items = 100)]
    events: Option<Vec<String>>,
}

/// That somebody is asked to become a member, as the organizer sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationView {
    #[schema(value_type = schema::InvitationId)]
    id: InvitationId,
    email: String,
    role: &'static str,
    /// The events they are to work for; null for all.
    #[schema(value_type = Option<Vec<String>>)]
    events: Option<Vec<EventId>>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the last message was sent.
    #[schema(value_type = String, format = DateTime)]
    sent_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl From<Invitation> for InvitationView {
    fn from(invitation: Invitation) -> Self {
        let Invitation { id, email, role, events, created_at, sent_at, expires_at, .. } = invitation;
        let events = events.ids().map(<[_]>::to_vec);
        Self { id, email, role: role.text(), events, created_at, sent_at, expires_at }
    }
}

/// The same as the person who is asked sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyInvitationView {
    #[schema(value_type = schema::InvitationId)]
    id: InvitationId,
    #[schema(value_type = String)]
    organizer_id: OrganizerId,
    organizer_name: String,
    role: &'static str,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl From<AskedToJoin> for MyInvitationView {
    fn from(asked: AskedToJoin) -> Self {
        let AskedToJoin { id, organizer, organizer_name, role, expires_at, .. } = asked;
        Self { id, organizer_id: organizer, organizer_name, role: role.text(), expires_at }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InvitationAnswer {
    /// As the message says it.
    #[schema(max_length = 200)]
    token: String,
}

/// Ask somebody by their e-mail address to become a member. A message with a token goes there, whether or not it
/// has an account; the answer is the same.
///
/// To ask again for the same changes nothing, sends nothing and answers the same, so this takes no idempotency
/// key. 409 `conflict` for the address of a member, or one that is asked to become something else. An
/// invitation is good for seven days.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/members", tag = "organizers", request_body = NewMember,
    security(("bearer" = [])), params(("org" = String, Path, description = "id of the organizer")),
    responses((status = 201, body = InvitationView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 429, body = Envelope)))]
pub async fn add_member(
    State(app): State<App>,
    staff: Member<ManageMembers>,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<NewMember>,
) -> Result<Response, Problem> {
    let role = body.role.parse()?;
    let events = match &body.events {
        None => Events::All,
        Some(events) => limited_to(&app, staff.organizer, events).await?,
    };
    let new = NewInvitation { email: &body.email, role, events };
    let invitation = app.identity.invite(&origin, staff.organizer, staff.user, new).await?;
    Ok(private(StatusCode::CREATED, InvitationView::from(invitation)))
}

/// Who is asked to become a member and has not answered.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/invitations", tag = "organizers", security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer")),
    responses((status = 200, body = List<InvitationView>), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope)))]
pub async fn invitations(
    State(app): State<App>,
    staff: Member<ManageMembers>,
    RequestOrigin(origin): RequestOrigin,
) -> Result<Response, Problem> {
    let found = app.identity.invitations(staff.organizer).await?;
    let what = json!({ "invitations": found.len() });
    reads::record(&app, &origin, staff.organizer, "invitation.list", staff.organizer, what).await?;
    let items: Vec<_> = found.into_iter().map(InvitationView::from).collect();
    Ok(private(StatusCode::OK, List { items, next_cursor: None }))
}

/// Take an invitation back. Its token is good for nothing from then on.
#[utoipa::path(delete, path = "/api/v1/organizers/{org}/invitations/{invitation}", tag = "organizers",
    security(("bearer" = [])), params(("org" = String, Path, description = "id of the organizer"),
        ("invitation" = String, Path, description = "id of the invitation")),
    responses((status = 204), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn withdraw_invitation(
    State(app): State<App>,
    staff: Member<ManageMembers>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, invitation)): Path<(String, InvitationId)>,
) -> Result<StatusCode, Problem> {
    app.identity.withdraw_invitation(&origin, staff.organizer, invitation).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send the message again, with another token and seven days from now.
///
/// 429 within a minute of the last message, 409 `conflict` after four times.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/invitations/{invitation}/resend", tag = "organizers",
    security(("bearer" = [])), params(("org" = String, Path, description = "id of the organizer"),
        ("invitation" = String, Path, description = "id of the invitation")),
    responses((status = 200, body = InvitationView), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope), (status = 409, body = Envelope), (status = 429, body = Envelope)))]
pub async fn resend_invitation(
    State(app): State<App>,
    staff: Member<ManageMembers>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, invitation)): Path<(String, InvitationId)>,
) -> Result<Response, Problem> {
    let invitation = app.identity.resend_invitation(&origin, staff.organizer, invitation).await?;
    Ok(private(StatusCode::OK, InvitationView::from(invitation)))
}

/// Who asks the caller, by their verified e-mail address, to become a member.
#[utoipa::path(get, path = "/api/v1/me/invitations", tag = "accounts", security(("bearer" = [])),
    responses((status = 200, body = List<MyInvitationView>), (status = 401, body = Envelope)))]
pub async fn my_invitations(State(app): State<App>, fan: Fan) -> Result<Response, Problem> {
    let found = app.identity.invitations_for(fan.id()).await?;
    let items: Vec<_> = found.into_iter().map(MyInvitationView::from).collect();
    Ok(private(StatusCode::OK, List { items, next_cursor: None }))
}

/// Become what an invitation asks, by its token, with the verified address that was asked.
///
/// 400 `invalid_code` for a token that is wrong, used, withdrawn, too old, or was sent to another address than
/// the caller's; 409 `wrong_state` while the caller's e-mail address is not verified.
#[utoipa::path(post, path = "/api/v1/me/invitations/accept", tag = "accounts", security(("bearer" = [])),
    request_body = InvitationAnswer,
    responses((status = 200, body = OrganizerView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 409, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope)))]
pub async fn accept_invitation(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<InvitationAnswer>,
) -> Result<Json<OrganizerView>, Problem> {
    let membership = app.identity.accept_invitation(&origin, fan.id(), &body.token).await?;
    Ok(Json(membership.into()))
}

/// Say no to an invitation, by its token. The same refusals as for saying yes.
#[utoipa::path(post, path = "/api/v1/me/invitations/decline", tag = "accounts", security(("bearer" = [])),
    request_body = InvitationAnswer,
    responses((status = 204), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 409, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope)))]
pub async fn decline_invitation(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<InvitationAnswer>,
) -> Result<StatusCode, Problem> {
    app.identity.decline_invitation(&origin, fan.id(), &body.token).await?;
    Ok(StatusCode::NO_CONTENT)
}
