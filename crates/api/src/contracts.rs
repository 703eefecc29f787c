//! How the money of an organizer's orders is shared, for those who see where it goes.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use sales::Contract;
use serde::Serialize;
use stagedoor_core::{ContractId, EventId, Timestamp};
use utoipa::ToSchema;

use crate::accounts::private;
use crate::auth::{ManagePayouts, Member};
use crate::problem::Envelope;
use crate::venues::List;
use crate::{App, Problem};

/// One version of what was agreed. Of the face value the organizer has what nobody else has, of fees the platform.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContractView {
    #[schema(value_type = String)]
    id: ContractId,
    /// Null for all of the organizer's events; an event's own goes first.
    #[schema(value_type = Option<String>)]
    event_id: Option<EventId>,
    /// Counted for the same organizer or event; of those in force the newest counts.
    version: u32,
    #[schema(value_type = String, format = DateTime)]
    valid_from: Timestamp,
    /// Before this instant.
    #[schema(value_type = Option<String>, format = DateTime)]
    valid_until: Option<Timestamp>,
    shares: Vec<ShareView>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ShareView {
    /// Id of a partner, `organizer` or `platform`.
    party: String,
    /// Of the face value less discounts; 500 is 5 %.
    face_value_basis_points: u32,
    fee_basis_points: u32,
}

impl From<Contract> for ContractView {
    fn from(contract: Contract) -> Self {
        let Contract { id, event, version, valid_from, valid_until, terms, .. } = contract;
        let shares = terms.shares().iter().map(|share| ShareView {
            party: sales::party_text(share.party),
            face_value_basis_points: share.face_value,
            fee_basis_points: share.fee,
        });
        Self { id, event_id: event, version, valid_from, valid_until, shares: shares.collect() }
    }
}

/// How the money of the organizer's orders is shared: every version, the newest first.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/contracts", tag = "organizers", security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer")),
    responses((status = 200, body = List<ContractView>), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope)))]
pub async fn contracts(State(app): State<App>, staff: Member<ManagePayouts>) -> Result<Response, Problem> {
    let tx = app.store.begin_read().await?;
    let found = sales::contracts(&tx, Some(staff.organizer)).await?;
    let items: Vec<_> = found.into_iter().map(ContractView::from).collect();
    Ok(private(StatusCode::OK, List { items, next_cursor: None }))
}
