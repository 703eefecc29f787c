//! The door: scans and who may come in.

use std::collections::{BTreeSet, HashMap};

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use catalog::{Barcodes, EventError};
use identity::Events;
use serde::{Deserialize, Serialize};
use stagedoor_core::{Code, EventId, FieldError, TicketId, Timestamp};
use store::Origin;
use tickets::{
    Admission, Admits, CheckIn as Checked, CheckInError, Door, NewScan, SCANS_PER_UPLOAD_MAX, Scan, ScanRefused,
    Verdict, check_in,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{CheckIn, SomeEvents, Staff};
use crate::client::RequestOrigin;
use crate::extract::{Body, Path};
use crate::problem::Envelope;
use crate::tickets::{place_id, place_names};
use crate::{App, Problem, schema};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(scan)).routes(routes!(scan_batch)).routes(routes!(keys))
}

/// A scanner's stored scans may be long; each is well under this many bytes.
const BATCH_BODY_MAX: usize = SCANS_PER_UPLOAD_MAX * 1024;

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScanBody {
    /// What the scanner read.
    barcode: String,
    /// Which door.
    #[schema(value_type = schema::Name)]
    gate: String,
    /// When it was read, if not now: an offline scanner uploads later.
    #[schema(value_type = Option<schema::Instant>)]
    scanned_at: Option<Timestamp>,
    /// Chosen by the scanner, unique for each scan: uploading one twice is harmless.
    #[schema(pattern = "^[!-~]{1,64}$")]
    scan_id: String,
    /// The event this door is for; a ticket of another one is then `wrong_event`.
    #[schema(value_type = Option<schema::EventId>)]
    event_id: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScanBatch {
    /// In any order; at most 1,000.
    #[schema(value_type = Vec<schema::StoredScan>, max_items = 1_000)]
    scans: Vec<ScanBody>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckInView {
    scan_id: String,
    /// `admitted`, `already_used`, `revoked`, `wrong_event`, `not_live` (a picture of a live barcode, or one for
    /// paper where the event takes live ones alone), `unknown`, `not_yet_valid` (more than two hours before the
    /// doors open, or before the start where no doors are known) or `expired` (more than two hours after the end,
    /// or twelve after the start where no end is known); in a batch also the code of a scan that could not be taken.
    result: &'static str,
    ticket: Option<ScannedTicket>,
    /// The scan that this ticket was admitted by.
    admission: Option<AdmissionView>,
    /// The later scan that this one took the admission from: it was made earlier.
    superseded: Option<AdmissionView>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ScannedTicket {
    #[schema(value_type = String)]
    id: TicketId,
    #[schema(value_type = String)]
    event_id: EventId,
    /// The seat's id, or the area's.
    seat: String,
    /// The section's name, or the area's.
    section: String,
    /// Null in an area.
    row: Option<String>,
    label: Option<String>,
    level: String,
    ticket_type: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdmissionView {
    scan_id: String,
    gate: String,
    #[schema(value_type = String, format = DateTime)]
    scanned_at: Timestamp,
}

impl From<Admission> for AdmissionView {
    fn from(admission: Admission) -> Self {
        Self { scan_id: admission.scan_id, gate: admission.gate, scanned_at: admission.scanned_at }
    }
}

impl CheckInView {
    /// Of a ticket that the door knows nothing of.
    fn unknown(scan_id: String) -> Self {
        Self { scan_id, result: Verdict::Unknown.text(), ticket: None, admission: None, superseded: None }
    }

    /// Of a scan that was not judged.
    fn refused(scan_id: String, code: Code) -> Self {
        Self { scan_id, result: code.text(), ticket: None, admission: None, superseded: None }
    }
}

impl From<Checked> for CheckInView {
    fn from(checked: Checked) -> Self {
        Self {
            scan_id: checked.scan_id,
            result: checked.result.text(),
            ticket: checked.ticket.map(|ticket| {
                let seat = place_id(&ticket.place).to_owned();
                let (section, row, label) = place_names(&ticket.place);
                let (level, ticket_type) = (ticket.level_name, ticket.ticket_type);
                ScannedTicket { id: ticket.id, event_id: ticket.event, seat, section, row, label, level, ticket_type }
            }),
            admission: checked.admission.map(AdmissionView::from),
            superseded: checked.superseded.map(AdmissionView::from),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckInList {
    /// In the order of the scans.
    results: Vec<CheckInView>,
}

/// Check a ticket in.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/checkins", tag = "organizers", request_body = ScanBody,
    security(("bearer" = []), ("oauth2" = ["checkins.write"])), params(("org" = String, Path, description = "id of the organizer")),
    responses((status = 200, body = CheckInView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope), (status = 422, body = Envelope)))]
pub async fn scan(
    State(app): State<App>,
    SomeEvents { staff, events }: SomeEvents<CheckIn>,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<ScanBody>,
) -> Result<Json<CheckInView>, Problem> {
    let scan = read(&app, &body)?;
    if !is_within(&scan, &events) {
        return Ok(Json(CheckInView::unknown(body.scan_id)));
    }
    let mut results = judge(&app, &origin, staff, &[scan]).await?;
    let result = results.pop().expect("one scan has one result");
    Ok(Json(result?.into()))
}

/// Upload what an offline scanner stored. A scan that cannot be taken is named and harms no other.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/checkins/batch", tag = "organizers", request_body = ScanBatch,
    security(("bearer" = []), ("oauth2" = ["checkins.write"])), params(("org" = String, Path, description = "id of the organizer")),
    responses((status = 200, body = CheckInList), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope)))]
pub async fn scan_batch(
    State(app): State<App>,
    SomeEvents { staff, events }: SomeEvents<CheckIn>,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<ScanBatch, BATCH_BODY_MAX>,
) -> Result<Json<CheckInList>, Problem> {
    let reader = app.clone();
    if body.scans.len() > SCANS_PER_UPLOAD_MAX {
        return Err(CheckInError::TooMany(body.scans.len()).into());
    }
    let read_all = move || {
        let mut good = Vec::with_capacity(body.scans.len());
        let mut keep = |scan: Scan| {
            let is_within = is_within(&scan, &events);
            if is_within {
                good.push(scan);
            }
            is_within
        };
        let read = |scan: &ScanBody| read(&reader, scan).map(&mut keep).map_err(|problem| problem.code);
        let read: Vec<Result<bool, Code>> = body.scans.iter().map(read).collect();
        (body.scans, read, good)
    };
    // A thousand signatures would keep everyone else of this thread waiting.
    let (bodies, read, good) = tokio::task::spawn_blocking(read_all).await.expect("reading does not panic");
    let mut judged = judge(&app, &origin, staff, &good).await?.into_iter();
    let results = bodies.into_iter().zip(read).map(|(scan, read)| match read {
        Ok(false) => CheckInView::unknown(scan.scan_id),
        Ok(true) => match judged.next().expect("one scan has one result") {
            Ok(checked) => checked.into(),
            Err(refused) => CheckInView::refused(scan.scan_id, refused.code()),
        },
        Err(code) => CheckInView::refused(scan.scan_id, code),
    });
    Ok(Json(CheckInList { results: results.collect() }))
}

/// The public keys that scanners tell genuine barcodes by, offline.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/checkins/keys", tag = "organizers", security(("bearer" = []), ("oauth2" = ["checkins.write"])),
    params(("org" = String, Path, description = "id of the organizer")),
    responses((status = 200, body = schema::KeySet), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn keys(State(app): State<App>, _staff: SomeEvents<CheckIn>, Path(_): Path<String>) -> Response {
    Json(app.signer.public_keys()).into_response()
}

/// Whether a door for these events may judge it: a ticket of another event is unknown there, as if it were
/// another organizer's, and nothing is kept of the scan.
fn is_within(scan: &Scan, events: &Events) -> bool {
    scan.event().is_none_or(|event| events.contains(event))
}

fn read(app: &App, body: &ScanBody) -> Result<Scan, Problem> {
    let event = match &body.event_id {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| FieldError::new("eventId", "is no id of an event"))?),
    };
    let new = NewScan {
        scan_id: &body.scan_id,
        barcode: &body.barcode,
        gate: &body.gate,
        scanned_at: body.scanned_at,
        event,
    };
    Ok(Scan::new(&app.signer, new)?)
}

/// What comes of the scans, each by the rules of its event.
async fn judge(
    app: &App,
    origin: &Origin,
    staff: Staff<CheckIn>,
    scans: &[Scan],
) -> Result<Vec<Result<Checked, ScanRefused>>, Problem> {
    let events: BTreeSet<EventId> = scans.iter().filter_map(Scan::event).collect();
    let mut known = HashMap::new();
    for event in events {
        match app.catalog.any_event(event).await {
            Ok(view) => {
                let (opens, closes) = view.event.admits();
                let live_only = view.event.details.barcodes == Barcodes::Live;
                known.insert(event, Admits { opens: Some(opens), closes: Some(closes), live_only });
            }
            // Signed, but of a database that was restored to an earlier day: it has no such ticket.
            Err(EventError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let admits = |event| known.get(&event).copied().unwrap_or(Admits::ALWAYS);
    let door = Door { organizer: staff.organizer, by: staff.by };
    Ok(check_in(&app.store, origin, door, scans, admits).await?)
}

impl From<ScanRefused> for Problem {
    fn from(refused: ScanRefused) -> Self {
        Problem::new(refused.code(), refused.to_string())
    }
}

impl From<CheckInError> for Problem {
    fn from(error: CheckInError) -> Self {
        match error {
            CheckInError::TooMany(_) => {
                Problem::new(Code::InvalidField, format!("at most {SCANS_PER_UPLOAD_MAX} scans at a time"))
            }
            CheckInError::Store(error) => error.into(),
        }
    }
}
