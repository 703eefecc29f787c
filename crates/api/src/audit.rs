//! The audit log of an organizer, for those who answer for it.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use stagedoor_core::{FieldError, RequestId, Timestamp};
use store::audit::{self, Filter, Opened, Part, Record};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{Member, SeeAudit};
use crate::client::RequestOrigin;
use crate::extract::{Params, cursor, paging};
use crate::problem::Envelope;
use crate::venues::List;
use crate::{App, Problem, reads, schema};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(audit_log))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct AuditParams {
    /// From this instant on.
    #[param(inline, value_type = Option<schema::Instant>)]
    from: Option<String>,
    /// Before this instant.
    #[param(inline, value_type = Option<schema::Instant>)]
    to: Option<String>,
    /// The id of a user, client or API key, or `nobody`, `operator` or `system`.
    #[param(inline, value_type = Option<schema::AuditActor>)]
    actor: Option<String>,
    /// As the entries name it, such as `event.update`.
    action: Option<String>,
    /// The id of what was acted on.
    subject: Option<String>,
    /// What came of it.
    #[param(inline, value_type = Option<schema::AuditResult>)]
    result: Option<String>,
    /// Items on the page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

impl AuditParams {
    fn filter(self) -> Result<Filter, Problem> {
        fn read<T: std::str::FromStr>(
            name: &'static str,
            text: Option<String>,
            what: &str,
        ) -> Result<Option<T>, Problem> {
            let wrong = || Problem::query(FieldError::new(name, what));
            text.map(|text| text.parse().map_err(|_| wrong())).transpose()
        }
        let instant = "must be an RFC 3339 instant";
        Ok(Filter {
            from: read("from", self.from, instant)?,
            to: read("to", self.to, instant)?,
            actor: read("actor", self.actor, store::ACTOR_EXPECTED)?,
            action: searchable("action", self.action)?,
            subject: searchable("subject", self.subject)?,
            result: read("result", self.result, "must be done, denied or failed")?,
        })
    }
}

/// PostgreSQL takes no NUL in a text, not even to say that nothing has one.
fn searchable(name: &'static str, text: Option<String>) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if text.contains('\0') => Err(Problem::query(FieldError::new(name, "must hold no NUL"))),
        text => Ok(text),
    }
}

/// Something that happened.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditView {
    /// Counted from 1 within the organizer's log, without a gap.
    sequence: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[schema(value_type = schema::AuditActor)]
    actor: String,
    action: String,
    /// The id of what was acted on.
    subject: String,
    /// `done`, `denied` or `failed`.
    #[schema(value_type = schema::AuditResult)]
    result: &'static str,
    /// `X-Request-Id` of the answer.
    #[schema(value_type = Option<String>)]
    request_id: Option<RequestId>,
    /// Where it came from, if that is known.
    address: Option<String>,
    user_agent: Option<String>,
    /// The OAuth client that acted, for the actor or as the actor.
    #[schema(value_type = Option<schema::ClientId>)]
    client: Option<String>,
    /// The leave that the client had for it.
    #[schema(value_type = Option<schema::GrantId>)]
    grant: Option<String>,
    /// What differs, as it was.
    #[schema(value_type = Object)]
    before: serde_json::Value,
    /// What differs, as it is now; of a denial, what was asked for.
    #[schema(value_type = Object)]
    after: serde_json::Value,
    /// Whether something personal was here, of a person who was erased since, or of a stranger, whose time is over.
    erased: bool,
    /// SHA-256 over the entry before and this one, in hexadecimal.
    hash: String,
}

impl From<Record> for AuditView {
    fn from(record: Record) -> Self {
        let text = |name| record.origin.field(name).as_str().map(str::to_owned);
        let object = |name| match record.detail.field(name) {
            serde_json::Value::Null => serde_json::json!({}),
            value => value.clone(),
        };
        Self {
            sequence: record.seq,
            at: record.at,
            address: text("address"),
            user_agent: text("agent"),
            client: text("client"),
            grant: text("grant"),
            before: object("before"),
            after: object("after"),
            erased: [&record.origin, &record.detail].contains(&&Opened::Erased),
            actor: record.actor.text(),
            action: record.action,
            subject: record.subject,
            result: record.result.text(),
            request_id: record.request,
            hash: record.hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

/// What was done at the organizer and what was denied, newest first.
///
/// To ask for it is an entry, too. Entries are never changed or removed; what they have of a person who is erased, and after some
/// months of strangers, can be read no more.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/audit", tag = "organizers", security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer"), AuditParams),
    responses((status = 200, body = List<AuditView>), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope)))]
pub async fn audit_log(
    State(app): State<App>,
    staff: Member<SeeAudit>,
    RequestOrigin(origin): RequestOrigin,
    Params(mut params): Params<AuditParams>,
) -> Result<Response, Problem> {
    let limit = paging(params.limit, None)?.limit();
    let before = cursor(params.cursor.take().as_deref())?;
    let filter = params.filter()?;
    // What was answered before this was asked is in it.
    audit::link(&app.store.beyond_tenants(), Some(staff.organizer.into())).await?;
    let tx = app.store.begin_read().await?;
    let part = Part::Before(before);
    let mut items = audit::entries(&tx, staff.organizer.into(), &filter, part, limit + 1).await?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next_cursor = items.last().filter(|_| more).map(|last| last.seq.to_string());
    drop(tx);
    let what = json!({ "before": before, "entries": items.len() });
    reads::record(&app, &origin, staff.organizer, "audit.list", staff.organizer, what).await?;
    let list = List { items: items.into_iter().map(AuditView::from).collect(), next_cursor };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(list)).into_response())
}
