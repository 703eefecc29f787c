//! Who people are: documents handed in, and decided by staff of the platform.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use identity::{Check, CheckStatus, Decider, Decision, Document, DocumentKind};
use serde::{Deserialize, Serialize};
use serde_json::json;
use stagedoor_core::{FieldError, IdentityCheckId, Timestamp, UserId};
use store::audit::{Chain, Entry};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::private;
use crate::auth::{Fan, PlatformAdmin};
use crate::client::RequestOrigin;
use crate::extract::{Body, Params, Path, cursor, paging};
use crate::problem::Envelope;
use crate::venues::List;
use crate::{App, Problem, schema};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(my_checks, submit_document))
        .routes(routes!(checks))
        .routes(routes!(decide_check))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DocumentBody {
    #[schema(value_type = schema::DocumentKind)]
    document_type: DocumentKind,
    /// Where it was issued.
    #[schema(value_type = schema::Country)]
    country: String,
    /// Its number, or where a picture of it can be seen.
    #[schema(value_type = schema::Name)]
    reference: String,
}

/// A check of who a person is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckView {
    #[schema(value_type = schema::IdentityCheckId)]
    id: IdentityCheckId,
    #[schema(value_type = schema::CheckStatus)]
    status: &'static str,
    #[schema(value_type = schema::DocumentKind)]
    document_type: &'static str,
    #[schema(value_type = schema::Country)]
    country: String,
    reference: String,
    /// Why the document was not accepted.
    reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    submitted_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    decided_at: Option<Timestamp>,
}

impl From<Check> for CheckView {
    fn from(check: Check) -> Self {
        Self {
            id: check.id,
            status: check.status.text(),
            document_type: check.document.kind.text(),
            country: check.document.country,
            reference: check.document.reference,
            reason: check.reason,
            submitted_at: check.submitted_at,
            decided_at: check.decided_at,
        }
    }
}

/// The same as staff see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StaffCheckView {
    #[schema(value_type = schema::UserId)]
    user_id: UserId,
    /// What the person calls themselves.
    name: String,
    check: CheckView,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct CheckListParams {
    /// Only checks that stand so; those that wait when left out.
    #[param(inline, value_type = Option<schema::CheckStatus>)]
    status: Option<String>,
    /// Items on the page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DecisionBody {
    #[schema(value_type = schema::Decision)]
    decision: String,
    /// With `rejected`, and only then: what the person is told.
    #[schema(value_type = Option<schema::Name>)]
    reason: Option<String>,
}

impl DecisionBody {
    fn read(&self) -> Result<Decision<'_>, FieldError> {
        match (self.decision.as_str(), &self.reason) {
            ("verified", None) => Ok(Decision::Verify),
            ("verified", Some(_)) => Err(FieldError::new("reason", "is for rejected documents")),
            ("rejected", Some(reason)) => Ok(Decision::Reject { reason }),
            ("rejected", None) => Err(FieldError::new("reason", "must say why the document is rejected")),
            _ => Err(FieldError::new("decision", "must be verified or rejected")),
        }
    }
}

/// What became of the documents one handed in, the newest first.
#[utoipa::path(get, path = "/api/v1/me/kyc", tag = "accounts", security(("bearer" = [])),
    responses((status = 200, body = List<CheckView>), (status = 401, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn my_checks(State(app): State<App>, fan: Fan) -> Result<Response, Problem> {
    let checks = app.identity.checks_of(fan.id()).await?;
    let items: Vec<_> = checks.into_iter().map(CheckView::from).collect();
    Ok(private(StatusCode::OK, List { items, next_cursor: None }))
}

/// Hand in a document that proves who one is. It waits until it is checked.
///
/// 409 `wrong_state` while another one waits, once one was accepted, and while no address of the account is
/// verified.
#[utoipa::path(post, path = "/api/v1/me/kyc", tag = "accounts", security(("bearer" = [])),
    request_body = DocumentBody, extensions(("x-rate-limit" = json!("5/h per user"))),
    responses((status = 201, body = CheckView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 409, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope)))]
pub async fn submit_document(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<DocumentBody>,
) -> Result<Response, Problem> {
    let document = Document::new(body.document_type, &body.country, &body.reference)?;
    let check = app.identity.submit_document(&origin, fan.id(), document).await?;
    Ok(private(StatusCode::CREATED, CheckView::from(check)))
}

/// Documents that people handed in, the oldest first.
#[utoipa::path(get, path = "/api/v1/platform/kyc", tag = "platform", security(("bearer" = [])),
    params(CheckListParams),
    responses((status = 200, body = List<StaffCheckView>), (status = 400, body = Envelope),
        (status = 401, body = Envelope), (status = 403, body = Envelope)))]
pub async fn checks(
    State(app): State<App>,
    _admin: PlatformAdmin,
    RequestOrigin(origin): RequestOrigin,
    Params(params): Params<CheckListParams>,
) -> Result<Response, Problem> {
    let status = params.status.as_deref().map_or(Ok(CheckStatus::Pending), |text| {
        text.parse().map_err(|_| Problem::query(FieldError::new("status", "must be pending, verified or rejected")))
    })?;
    let after = cursor(params.cursor.as_deref())?;
    let limit = paging(params.limit, None)?.limit();
    let mut found = app.identity.checks(status, after, limit + 1).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    // Whoever looks at what others handed in is written down.
    let seen: Vec<_> = found.iter().map(|(check, _)| check.id).collect();
    let tx = app.store.begin_write_for(&origin).await?;
    let after = json!({ "status": status.text(), "checks": seen });
    tx.audit(Entry::new(Chain::Platform, "identity_check.list", "identity checks").after(after));
    tx.commit().await?;
    let next_cursor = found.last().filter(|_| more).map(|(check, _)| check.id.to_string());
    let view = |(check, user): (Check, identity::User)| StaffCheckView {
        user_id: user.id,
        name: user.name.into_string(),
        check: check.into(),
    };
    let items: Vec<_> = found.into_iter().map(view).collect();
    Ok(private(StatusCode::OK, List { items, next_cursor }))
}

/// Decide about a document, once. The person is told. Nobody decides about themselves.
#[utoipa::path(post, path = "/api/v1/platform/kyc/{check}/decision", tag = "platform", security(("bearer" = [])),
    params(("check" = String, Path, description = "id of the check")), request_body = DecisionBody,
    responses((status = 200, body = CheckView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn decide_check(
    State(app): State<App>,
    PlatformAdmin(admin): PlatformAdmin,
    RequestOrigin(origin): RequestOrigin,
    Path(check): Path<IdentityCheckId>,
    Body(body): Body<DecisionBody>,
) -> Result<Response, Problem> {
    let check = app.identity.decide_check(&origin, check, body.read()?, Decider::Staff(admin.user)).await?;
    Ok(private(StatusCode::OK, CheckView::from(check)))
}
