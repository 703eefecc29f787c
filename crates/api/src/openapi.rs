//! All routes in one table, and the OpenAPI document that is made from it.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use utoipa::openapi::RefOr;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::respond::Respond;
use crate::{
    App, Problem, accounts, bookings, checkins, events, holds, live, operations, orders, organizers, own_events,
    seat_maps, tickets, venues,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Stagedoor",
        description = "Box office, seat engine and live seat maps. Amounts are in the currency's minor unit, \
            instants are RFC 3339 in UTC, ids are a type prefix and a UUIDv7. Every error has the same envelope.",
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
        (name = "operations", description = "Health and metrics"),
    ),
    modifiers(&Bearer)
)]
struct Description;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
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
        .merge(venues::routes())
        .merge(events::routes())
        .merge(seat_maps::routes())
        .routes(routes!(live::viewer::watch))
        .routes(routes!(holds::place_hold))
        .routes(routes!(holds::hold, holds::release_hold))
        .merge(orders::routes())
        .merge(bookings::routes())
        .merge(tickets::routes())
        .merge(organizers::routes())
        .merge(own_events::routes())
        .merge(checkins::routes())
        .merge(operations::routes())
}

/// The description of every route, as committed in `docs/openapi.json`.
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = table().split_for_parts().1;
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        operations.into_iter().flatten().for_each(complete);
    }
    document
}

/// Adds what is the same for every operation, so that no handler has to say it.
fn complete(operation: &mut Operation) {
    let answers = &mut operation.responses.responses;
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
        let envelope = answers.get("400").cloned().expect("what takes a body can refuse it");
        answers.insert("408".to_owned(), envelope);
    }
    for (status, answer) in answers {
        let RefOr::T(answer) = answer else { continue };
        if answer.description.is_empty() {
            let code = StatusCode::from_bytes(status.as_bytes()).expect("answers are documented by status");
            answer.description = code.canonical_reason().expect("a status with a name").to_owned();
        }
        if status == "429" || status == "503" {
            let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
            let header = HeaderBuilder::new().schema(Some(seconds)).description(Some("seconds to wait")).build();
            answer.headers.insert("Retry-After".to_owned(), RefOr::T(header));
        }
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

/// Every route over `app`.
pub fn router(app: App) -> Router {
    let env = app.env.clone();
    let router = table().split_for_parts().0;
    router
        .merge(operations::undescribed(document()))
        .merge(accounts::well_known())
        .fallback(async || Problem::not_found())
        // Bodies are limited where they are read, each route to what it needs.
        .layer(DefaultBodyLimit::disable())
        .layer(Respond { env })
        .with_state(app)
}
