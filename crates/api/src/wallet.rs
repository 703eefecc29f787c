//! Tickets of the person signed in as passes for the wallets of their phones.
//!
//! A pass shows the barcode for paper, so there is one where there is a ticket to print, and for whom.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use stagedoor_core::{Code, TicketId};
use tickets::{BarcodeText, Pass};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::private;
use crate::auth::{Person, TicketsRead};
use crate::extract::Path;
use crate::problem::Envelope;
use crate::tickets::{Still, still};
use crate::{App, Problem, schema};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(apple_pass)).routes(routes!(google_link))
}

/// Where a browser puts the pass into Google's wallet.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SaveView {
    /// For a person to open. Whoever has it has the barcode.
    url: String,
}

/// The ticket as a pass for Apple's wallet (`.pkpass`), signed by the operator.
///
/// It shows the barcode for paper of this moment, and nothing about it changes afterwards. There is none (409
/// `wrong_state`) where the event takes live barcodes alone or the ticket was given back, and none (409
/// `wallet_not_configured`) where the operator has no account with Apple, which `wallets` of the event says.
#[utoipa::path(get, path = "/api/v1/tickets/{ticket}/wallet/apple", tag = "tickets", security(("bearer" = []), ("oauth2" = ["tickets.read"])),
    params(("ticket" = String, Path, description = "id of the ticket")),
    responses((status = 200, content_type = "application/vnd.apple.pkpass", body = schema::File),
        (status = 401, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope)))]
pub async fn apple_pass(
    State(app): State<App>,
    fan: Person<TicketsRead>,
    Path(ticket): Path<TicketId>,
) -> Result<Response, Problem> {
    let still = still(&app, fan.id(), ticket).await?;
    let now = app.env.now();
    let apple = app.wallets.apple_at(now).ok_or_else(not_configured)?;
    let file = with_pass(&app, &still, |pass, barcode| apple.pass(pass, barcode, now)).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/vnd.apple.pkpass".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{ticket}.pkpass\"")),
    ];
    Ok((headers, file).into_response())
}

/// A link that puts the ticket into Google's wallet, as a pass that the operator has signed.
///
/// It is an answer and no redirect, because whoever asks shows a token and Google must not see it. The pass shows
/// the barcode for paper of this moment; refused as a pass for Apple's wallet is.
#[utoipa::path(get, path = "/api/v1/tickets/{ticket}/wallet/google", tag = "tickets", security(("bearer" = []), ("oauth2" = ["tickets.read"])),
    params(("ticket" = String, Path, description = "id of the ticket")),
    responses((status = 200, body = SaveView), (status = 401, body = Envelope), (status = 404, body = Envelope),
        (status = 409, body = Envelope)))]
pub async fn google_link(
    State(app): State<App>,
    fan: Person<TicketsRead>,
    Path(ticket): Path<TicketId>,
) -> Result<Response, Problem> {
    let still = still(&app, fan.id(), ticket).await?;
    let google = app.wallets.google.as_ref().ok_or_else(not_configured)?;
    let url = with_pass(&app, &still, |pass, barcode| google.link(pass, barcode, app.env.now())).await?;
    Ok(private(StatusCode::OK, SaveView { url }))
}

fn not_configured() -> Problem {
    Problem::new(Code::WalletNotConfigured, "this box office makes no passes for this wallet")
}

/// What `make` makes of the pass that the ticket is.
async fn with_pass<T>(app: &App, still: &Still, make: impl FnOnce(&Pass<'_>, &BarcodeText) -> T) -> Result<T, Problem> {
    let (event, venue) = (&still.view.event, &still.view.venue.details);
    let organizer = app.identity.organizer(event.organizer).await?;
    let city = format!("{}, {}", venue.city, venue.country.as_str());
    let address = venue.address.as_ref().map_or_else(|| city.clone(), |street| format!("{street}, {city}"));
    let pass = Pass {
        ticket: &still.ticket,
        event: event.details.name.as_str(),
        organizer: &organizer.name,
        venue: venue.name.as_str(),
        address: &address,
        position: venue.position.map(|position| (position.latitude, position.longitude)),
        starts_at: &format!("{:.0}", venue.time_zone.local_with_offset(event.details.starts_at)),
        attendee: still.attendee.as_deref(),
    };
    Ok(make(&pass, &still.barcode))
}
