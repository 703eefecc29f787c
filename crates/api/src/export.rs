//! Everything that is kept about a person, in a form that machines read. Source: GDPR, articles 15
//! and 20.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use identity::Principal;
use sales::OrderPage;
use serde::Serialize;
use stagedoor_core::limits::PAGE_MAX;
use stagedoor_core::{TicketId, Timestamp};
use store::audit::{Chain, Entry};
use tickets::{Admission, PageRequest};
use utoipa::ToSchema;

use crate::accounts::private;
use crate::auth::Fan;
use crate::client::RequestOrigin;
use crate::extract::Body;
use crate::invitations::MyInvitationView;
use crate::kyc::CheckView;
use crate::orders::OrderView;
use crate::organizers::OrganizerView;
use crate::passkeys::{PasskeyView, ProofBody};
use crate::problem::Envelope;
use crate::profile::UserView;
use crate::programs::ProgramView;
use crate::providers::ProviderLinkView;
use crate::security::{SecondFactorView, SessionView};
use crate::tickets::TicketView;
use crate::{App, Problem};

/// All of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportView {
    #[schema(value_type = String, format = DateTime)]
    exported_at: Timestamp,
    user: UserView,
    second_factor: SecondFactorView,
    passkeys: Vec<PasskeyView>,
    /// Accounts with outside providers that sign in.
    provider_links: Vec<ProviderLinkView>,
    sessions: Vec<SessionView>,
    /// Documents handed in, and what became of them.
    kyc: Vec<CheckView>,
    /// Where the person works, and as what.
    organizers: Vec<OrganizerView>,
    /// Who asks the person to work for them, and has no answer yet.
    invitations: Vec<MyInvitationView>,
    /// Programs that the person let act for them and that still may.
    programs: Vec<ProgramView>,
    /// With payments' outcomes, refunds and who was to come; every one there was.
    orders: Vec<OrderView>,
    /// That the person owns now.
    tickets: Vec<OwnedTicketView>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnedTicketView {
    ticket: TicketView,
    /// When and at which gate it was let in.
    entry: Option<EntryView>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntryView {
    gate: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// Everything that is kept about the person signed in. Source: GDPR, article 15.
///
/// Passwords, codes and the prints that devices are known by are kept as hashes alone and are not part of it;
/// neither are holds, which end within minutes. A stolen session alone must not take all of it along: the
/// password is asked for again, and a code of the second factor where there is one.
#[utoipa::path(post, path = "/api/v1/me/export", tag = "accounts", security(("bearer" = [])), request_body = ProofBody,
    extensions(("x-rate-limit" = json!("5/h per user"))),
    responses((status = 200, body = ExportView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn export_me(
    State(app): State<App>,
    Fan(principal): Fan,
    RequestOrigin(origin): RequestOrigin,
    Body(proof): Body<ProofBody>,
) -> Result<Response, Problem> {
    app.identity.confirm(&origin, principal.user, &proof.password, proof.otp.as_deref()).await?;
    let exported = export(&app, principal).await?;
    // Nothing leaves before it is written down that it does; what could not be read is no export.
    let tx = app.store.begin_write_for(&origin).await?;
    tx.audit(Entry::new(Chain::Platform, "account.export", principal.user));
    tx.commit().await?;
    let mut response = private(StatusCode::OK, exported);
    let name = HeaderValue::from_static("attachment; filename=\"stagedoor-export.json\"");
    response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

async fn export(app: &App, Principal { user, session, .. }: Principal) -> Result<ExportView, Problem> {
    let identity = &app.identity;
    let sessions = identity.session_history(user).await?;
    Ok(ExportView {
        exported_at: app.env.now(),
        user: identity.user(user).await?.into(),
        second_factor: identity.factor_state(user).await?.into(),
        passkeys: identity.passkeys_of(user).await?.into_iter().map(PasskeyView::from).collect(),
        provider_links: identity.provider_links_of(user).await?.into_iter().map(ProviderLinkView::from).collect(),
        sessions: sessions.into_iter().map(|one| SessionView::new(one, session)).collect(),
        kyc: identity.checks_of(user).await?.into_iter().map(CheckView::from).collect(),
        organizers: identity.organizers_of(user).await?.into_iter().map(OrganizerView::from).collect(),
        invitations: identity.invitations_for(user).await?.into_iter().map(MyInvitationView::from).collect(),
        programs: identity.programs_of(user).await?.into_iter().map(ProgramView::from).collect(),
        orders: orders(app, user).await?,
        tickets: owned(app, user).await?,
    })
}

async fn orders(app: &App, user: stagedoor_core::UserId) -> Result<Vec<OrderView>, Problem> {
    let (mut views, mut before) = (Vec::new(), None);
    loop {
        let page = app.sales.orders_of(user, OrderPage { before, limit: PAGE_MAX }).await?;
        for order in &page {
            let attendee = app.sales.attendee(order.id).await?;
            views.push(OrderView::new(order, &app.public_url).attended_by(attendee));
        }
        match page.last() {
            Some(last) if page.len() == PAGE_MAX as usize => before = Some(last.id),
            _ => return Ok(views),
        }
    }
}

async fn owned(app: &App, user: stagedoor_core::UserId) -> Result<Vec<OwnedTicketView>, Problem> {
    let (mut views, mut after) = (Vec::new(), None);
    loop {
        let tx = app.store.begin_read().await?;
        let page = tickets::of_owner(&tx, user, None, PageRequest::new(PAGE_MAX, after)).await?;
        let ids: Vec<TicketId> = page.items.iter().map(|ticket| ticket.id).collect();
        let mut entries: HashMap<TicketId, Admission> = tickets::admissions(&tx, &ids).await?;
        views.extend(page.items.into_iter().map(|ticket| {
            let entry = entries.remove(&ticket.id);
            OwnedTicketView {
                ticket: ticket.into(),
                entry: entry.map(|entry| EntryView { gate: entry.gate, at: entry.scanned_at }),
            }
        }));
        after = page.next;
        if after.is_none() {
            return Ok(views);
        }
    }
}
