//! Guests: to hold places before anybody asks who one is, and to take them along into an account.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use identity::Guest;
use inventory::{HandedOver, Refused};
use serde::Serialize;
use stagedoor_core::{Code, HoldId, UserId};
use store::Origin;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::SignedInView;
use crate::client::RequestOrigin;
use crate::cookies::{Carrier, CarrierParam};
use crate::problem::Envelope;
use crate::{App, Problem};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(open_guest))
}

/// A guest, with the tokens to stay one.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuestView {
    /// Stays the same when the guest registers.
    #[schema(value_type = String, example = "usr_01h455vb4pex5vsknk084sn02q")]
    pub(crate) guest: UserId,
    /// A JWT, sent as `Authorization: Bearer`. Left out, as the other token, where they are cookies.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) access_token: Option<String>,
    /// Good for one refresh within 2 hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) refresh_token: Option<String>,
    /// Seconds the access token lives.
    pub(crate) expires_in: u64,
}

/// Somebody signed in, or a guest.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "describes what refresh answers, and is never made")]
pub enum RefreshedView {
    Account(SignedInView),
    Guest(GuestView),
}

/// What became of what a guest held who has an account now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuestHoldsView {
    /// Holds that are the account's.
    #[schema(value_type = Vec<String>)]
    taken: Vec<HoldId>,
    /// Holds that do not fit into what one person may hold. They stay as they are until they expire, and nobody
    /// can do anything with them.
    left: Vec<LeftHoldView>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeftHoldView {
    #[schema(value_type = String)]
    id: HoldId,
    /// Why: `hold_limit` or `ticket_limit`; `unavailable` when it did not come to that, and is tried again.
    code: &'static str,
}

impl GuestHoldsView {
    fn of(handed_over: Vec<HandedOver>) -> Self {
        let (mut taken, mut left) = (Vec::new(), Vec::new());
        for HandedOver { hold, outcome } in handed_over {
            match outcome {
                Ok(()) => taken.push(hold),
                Err(refused) => left.push(LeftHoldView { id: hold, code: refused.code().text() }),
            }
        }
        Self { taken, left }
    }

    /// Where nobody knows yet.
    fn untried(holds: impl Iterator<Item = HoldId>) -> Self {
        Self::of(holds.map(|hold| HandedOver { hold, outcome: Err(Refused::Unavailable) }).collect())
    }
}

/// Become a guest, who may hold places and nothing else, without an account.
///
/// A guest may place, look at and release holds, watch live seat maps, and register or sign in. All else is 403
/// `account_needed`. Who registers with a guest's token or cookies goes on as an account with the same holds; who
/// signs in so takes the holds along. A guest who stays away for 2 hours is gone, and a day later in any case.
///
/// 429 when too many guests came from the address: `guests_per_address` in 15 minutes. 403 `invalid_csrf_token` for
/// pages from elsewhere, which would use those up.
#[utoipa::path(post, path = "/api/v1/auth/guest", tag = "accounts", params(CarrierParam),
    extensions(("x-rate-limit" = json!("20/min per address"))),
    responses((status = 201, body = GuestView), (status = 400, body = Envelope), (status = 403, body = Envelope),
        (status = 429, body = Envelope)))]
pub async fn open_guest(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    carrier: Carrier,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return Err(Problem::new(Code::InvalidCsrfToken, "no page from elsewhere makes guests"));
    }
    let guest = app.identity.open_guest(&origin).await?;
    Ok(carrier.answer_guest(&app, StatusCode::CREATED, guest))
}

/// Goes on with what a guest held as the account that they signed in to. Nothing that goes wrong here takes the
/// sign-in back, whose proof may be used up.
pub(crate) async fn take_along(app: &App, origin: &Origin, guest: Guest, account: UserId) -> Option<GuestHoldsView> {
    let end = || app.identity.guest_signed_in(origin, guest, account);
    let ended = match end().await {
        Ok(false) => return None,
        Ok(true) => true,
        Err(error) => {
            tracing::warn!(guest = %guest.id, %account, %error, "what a guest holds is not handed over yet");
            end().await.unwrap_or(false)
        }
    };
    Some(match ended {
        true => GuestHoldsView::of(app.inventory.hand_over(guest.id, account).await),
        false => GuestHoldsView::untried(app.inventory.holds_of(guest.id).into_iter().map(|(hold, ..)| hold)),
    })
}

/// What a guest who registered goes on with.
pub(crate) fn kept(app: &App, guest: Guest) -> GuestHoldsView {
    let taken = app.inventory.holds_of(guest.id).into_iter().map(|(hold, ..)| hold).collect();
    GuestHoldsView { taken, left: Vec::new() }
}
