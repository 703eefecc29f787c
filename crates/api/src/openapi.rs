//! All routes in one table, and the OpenAPI document that is made from it.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use identity::Scope;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{
    AuthorizationCode, ClientCredentials, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Scopes, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::limits::EXEMPT;
use crate::respond::Respond;
use crate::{
    App, accounts, agreements, approvals, audit, blocks, bookings, checkins, contracts, door, events, export, guests,
    holds, invitations, kyc, live, oauth, offers, operations, orders, organizers, own_events, pages, passkeys,
    platform, profile, programs, providers, seat_maps, security, tickets, venues, wallet,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Stagedoor",
        description = "Box office, seat engine and live seat maps. Amounts are in the currency's minor unit, \
            instants are RFC 3339 in UTC, ids are a type prefix and a UUIDv7. Every error of the API has the same \
            envelope; only `/readyz` answers 503 with its own status. What cannot be read as HTTP at all, such as \
            headers beyond 32 KiB, is refused by the bare status.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "accounts", description = "Sign-up, sign-in and the person signed in"),
        (name = "events", description = "What is on, its seat map and availability"),
        (name = "venues", description = "Where it is"),
        (name = "holds", description = "Seats set aside before payment"),
        (name = "orders", description = "Paying, cancelling, refunds"),
        (name = "tickets", description = "Tickets and their barcodes"),
        (name = "bookings", description = "The booking shorthand over holds and orders"),
        (name = "organizers", description = "Tenants: their catalogue, sales and staff"),
        (name = "programs", description = "OAuth 2.1, and the clients and API keys of organizers"),
        (name = "platform", description = "Work of the platform's own staff"),
        (name = "operations", description = "Health and metrics"),
    ),
    modifiers(&Bearer, &LimitFields)
)]
struct Description;

/// What needs nothing that can be busy.
const UNFAILING: [&str; 4] =
    ["/.well-known/jwks.json", "/.well-known/oauth-authorization-server", "/healthz", "/metrics"];

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("The access token of somebody signed in: all that they may do"))
            .build();
        let scopes = || Scopes::from_iter(Scope::ALL.map(|scope| (scope.text(), scope.question())));
        let (authorize, token) = ("/oauth/authorize", "/oauth/token");
        let flows = [
            Flow::AuthorizationCode(AuthorizationCode::with_refresh_url(authorize, token, scopes(), token)),
            Flow::ClientCredentials(ClientCredentials::new(token, scopes())),
        ];
        let programs = OAuth2::with_description(
            flows,
            "The access token of a program, or an API key of an organizer: with one of the scopes named, and no \
             more than whom it acts for may do. What names none, no program may do",
        );
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
        components.add_security_scheme("oauth2", SecurityScheme::OAuth2(programs));
    }
}

struct LimitFields;

impl Modify for LimitFields {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        for (name, example, description) in [
            (
                "RateLimit",
                "\"address\";r=19;t=1",
                "for each limit the requests left (`r`) and the seconds until all are back (`t`)",
            ),
            (
                "RateLimit-Policy",
                "\"address\";q=20;w=1",
                "for each limit the requests (`q`) in a time of seconds (`w`)",
            ),
        ] {
            let field = header(text().examples([example]), description);
            components.headers.insert(name.to_owned(), RefOr::T(field));
        }
    }
}

/// An amount of money.
#[derive(ToSchema)]
#[schema(as = Money)]
#[expect(dead_code, reason = "describes core's Money, which knows nothing of OpenAPI")]
pub struct MoneySchema {
    /// In the currency's minor unit: 4500 is 45.00 EUR.
    #[schema(example = 4500)]
    amount: i64,
    /// ISO 4217.
    #[schema(example = "EUR", min_length = 3, max_length = 3)]
    currency: String,
}

fn table() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        .merge(accounts::routes())
        .merge(guests::routes())
        .merge(profile::routes())
        .merge(security::routes())
        .merge(passkeys::routes())
        .merge(providers::routes())
        .merge(kyc::routes())
        .merge(oauth::routes())
        .merge(programs::routes())
        .merge(approvals::routes())
        .routes(routes!(export::export_me))
        .merge(venues::routes())
        .merge(events::routes())
        .merge(seat_maps::routes())
        .routes(routes!(live::viewer::watch))
        .routes(routes!(holds::place_hold))
        .routes(routes!(holds::hold, holds::release_hold))
        .merge(orders::routes())
        .merge(offers::routes())
        .merge(bookings::routes())
        .merge(tickets::routes())
        .merge(wallet::routes())
        .merge(organizers::routes())
        .merge(invitations::routes())
        .merge(platform::routes())
        .routes(routes!(contracts::contracts))
        .merge(agreements::routes())
        .merge(own_events::routes())
        .merge(blocks::routes())
        .merge(audit::routes())
        .merge(checkins::routes())
        .merge(door::routes())
        .merge(operations::routes())
}

/// The description of every route, as committed in `docs/openapi.json`.
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = table().split_for_parts().1;
    for (path, item) in &mut document.paths.paths {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        operations.into_iter().flatten().for_each(|operation| complete(path, operation));
        // Staff of the platform may look wherever staff of an organizer do.
        if path.starts_with("/api/v1/organizers/{org}")
            && let Some(look) = &mut item.get
        {
            look.parameters.get_or_insert_default().push(RefOr::T(access_reason()));
        }
    }
    document
}

/// Adds what is the same for every operation, so that no handler has to say it, and leaves out
/// what only readers of the code can follow.
fn complete(path: &str, operation: &mut Operation) {
    for text in [&mut operation.summary, &mut operation.description].into_iter().flatten() {
        if let Some(source) = text.find("Source:") {
            text.truncate(text[..source].trim_end().len());
        }
    }
    let has_parameter = |name: &str| {
        operation.parameters.iter().flatten().any(|known| matches!(known, RefOr::T(known) if known.name == name))
    };
    let takes_key = has_parameter("Idempotency-Key");
    let answers = &mut operation.responses.responses;
    let is_limited = !EXEMPT.contains(&path);
    if is_limited {
        answers.entry("429".to_owned()).or_insert_with(|| RefOr::T(envelope()));
    }
    // A program may lack the scope.
    if operation.security.is_some() {
        answers.entry("403".to_owned()).or_insert_with(|| RefOr::T(envelope()));
    }
    // Whatever asks the database or the seat engine can find it busy or recovering.
    if !UNFAILING.contains(&path) {
        answers.entry("503".to_owned()).or_insert_with(|| RefOr::T(envelope()));
    }
    // Where an answer can be "not modified", it can be asked for.
    let is_tagged = answers.contains_key("304");
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        // A body may be left out, but where there is one it is never null.
        for content in body.content.values_mut() {
            if let RefOr::T(content) = content
                && let Some(RefOr::T(Schema::OneOf(either))) = &content.schema
            {
                content.schema = either.items.first().cloned();
            }
        }
        // Bodies come in time or not at all.
        answers.insert("408".to_owned(), RefOr::T(envelope()));
    }
    for (status, answer) in answers {
        let RefOr::T(answer) = answer else { continue };
        if answer.description.is_empty() {
            let code = StatusCode::from_bytes(status.as_bytes()).expect("answers are documented by status");
            answer.description = code.canonical_reason().expect("a status with a name").to_owned();
        }
        if status == "429" || status == "503" {
            let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
            add(answer, "Retry-After", header(seconds, "seconds to wait"));
        }
        add(answer, "X-Request-Id", header(text(), "names the request; the same stands in errors and in the log"));
        // Every answer has them; said once more of each error, they would be most of the document.
        if is_limited && (status.as_bytes()[0] < b'4' || status == "429") {
            for name in ["RateLimit", "RateLimit-Policy"] {
                let reference = Ref::new(format!("#/components/headers/{name}"));
                answer.headers.insert(name.to_owned(), RefOr::Ref(reference));
            }
        }
        if is_tagged && matches!(status.as_str(), "200" | "304") {
            add(answer, "ETag", header(text(), "changes whenever the body does"));
        }
        if takes_key && matches!(status.as_bytes()[0], b'2' | b'4') {
            let word = text().enum_values(Some(["true"]));
            add(answer, "Idempotency-Replayed", header(word, "the answer that this key got before"));
        }
    }
    if is_tagged {
        let tag = ParameterBuilder::new().name("If-None-Match").parameter_in(ParameterIn::Header).schema(Some(text()));
        let tag = tag.description(Some("`ETag` of what is known: the answer is 304 while it is still the same"));
        operation.parameters.get_or_insert_default().push(RefOr::T(tag.build()));
    }
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        // A part of an address is a text or it is not there; there is no null.
        if let Some(RefOr::T(Schema::Object(object))) = &mut parameter.schema
            && let SchemaType::Array(types) = &object.schema_type
            && let Some(own) = types.iter().find(|one| **one != Type::Null)
        {
            object.schema_type = SchemaType::Type(own.clone());
        }
        if parameter.name == "Idempotency-Key" {
            let key = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[!-~]{1,255}$"));
            parameter.schema = Some(key.into());
        }
    }
}

fn access_reason() -> Parameter {
    let reason = ParameterBuilder::new().name("X-Access-Reason").parameter_in(ParameterIn::Header);
    // Of anybody else it is not read, so nothing that stands in it is refused.
    let reason = reason.schema(Some(text()));
    reason
        .description(Some("Of staff of the platform alone: why they look, in 10 to 200 characters. It stands in the organizer's audit log."))
        .build()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn header(schema: impl Into<RefOr<Schema>>, description: &str) -> Header {
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}

fn add(answer: &mut Response, name: &str, header: Header) {
    answer.headers.insert(name.to_owned(), RefOr::T(header));
}

/// An error, but for what its status says.
fn envelope() -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().content("application/json", content).build()
}

/// Every route over `app`.
pub fn router(app: App) -> Router {
    let router = table().split_for_parts().0;
    router
        .merge(operations::undescribed(document()))
        .fallback(pages::page_or_nothing)
        // Bodies are limited where they are read, each route to what it needs.
        .layer(DefaultBodyLimit::disable())
        .layer(Respond { app: app.clone() })
        .with_state(app.clone())
        .merge(pages::routes(&app))
}
