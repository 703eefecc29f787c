//! What operators and their tools ask: health, readiness, metrics, the API's description.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use inventory::Health;
use parking_lot::Mutex;
use serde::Serialize;
use stagedoor_core::Timestamp;
use store::audit;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz)).routes(routes!(metrics))
}

/// Routes that the document does not describe: the document itself, its page and the way there.
pub fn undescribed(document: utoipa::openapi::OpenApi) -> Router<App> {
    let json: Arc<str> = document.to_json().expect("the document is JSON").into();
    let serve = move || {
        let json = json.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], json.to_string()) }
    };
    Router::new()
        .route("/favicon.ico", get(async || ([(header::CONTENT_TYPE, "image/svg+xml")], ICON)))
        .route("/api/openapi.json", get(serve))
        .route("/api/docs", get(docs))
        .route(
            "/api/docs/page.css",
            get(async || ([(header::CONTENT_TYPE, "text/css")], include_str!("docs/page.css"))),
        )
        .route(
            "/api/docs/page.js",
            get(async || ([(header::CONTENT_TYPE, "text/javascript")], include_str!("docs/page.js"))),
        )
}

/// Browsers ask for one whatever they show: a seat in the stage light.
const ICON: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 16\">\
    <rect width=\"16\" height=\"16\" rx=\"3\" fill=\"#1d1d2b\"/><path d=\"M4 4h8v5H4zm-1 6h10v3H3z\" fill=\"#f2c14e\"/></svg>";

#[derive(Serialize, ToSchema)]
pub struct HealthView {
    status: &'static str,
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200, body = HealthView)))]
pub async fn healthz() -> Response {
    axum::Json(HealthView { status: "ok" }).into_response()
}

/// The process can serve: its database answers and seats can be changed.
#[utoipa::path(get, path = "/readyz", tag = "operations",
    responses((status = 200, body = HealthView), (status = 503, body = HealthView)))]
pub async fn readyz(State(app): State<App>) -> Response {
    let database = async {
        let tx = app.store.begin_read().await?;
        tx.one("SELECT 1", (), |_| Ok(())).await
    };
    let stopping = *app.stop.borrow();
    let status = match (app.inventory.health(), stopping) {
        (_, true) | (Health::Stopped, _) => "stopping",
        (Health::Recovering, _) => "seats_recovering",
        (Health::Serving, _) => match database.await {
            Ok(()) => return axum::Json(HealthView { status: "ready" }).into_response(),
            Err(error) => {
                tracing::warn!(%error, "the database does not answer");
                "database_unavailable"
            }
        },
    };
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")], axum::Json(HealthView { status })).into_response()
}

/// The largest of the values of this minute and the one before. What is seen once stays long
/// enough for everyone who looks at least once a minute, however many they are.
#[derive(Debug, Default)]
pub struct Peak(Mutex<Minutes>);

#[derive(Debug, Default)]
struct Minutes {
    /// Which minute it is, since 1970.
    minute: i64,
    now: u64,
    before: u64,
}

impl Peak {
    /// Adds a value; gives the largest.
    fn with(&self, at: Timestamp, value: u64) -> u64 {
        let minute = at.seconds().div_euclid(60);
        let mut kept = self.0.lock();
        let (now, before) = match minute - kept.minute {
            0 => (kept.now, kept.before),
            1 => (0, kept.now),
            _ => (0, 0),
        };
        *kept = Minutes { minute, now: now.max(value), before };
        kept.now.max(before)
    }
}

/// Counters and gauges in Prometheus text format.
#[utoipa::path(get, path = "/metrics", tag = "operations",
    responses((status = 200, content_type = "text/plain", body = String)))]
pub async fn metrics(State(app): State<App>) -> Response {
    let stats = app.inventory.stats();
    let count = |name: &'static str, value: u64| metrics::counter!(name).absolute(value);
    count("stagedoor_seat_commands_total", stats.commands.load(Ordering::Relaxed));
    count("stagedoor_seat_refusals_total", stats.refusals.load(Ordering::Relaxed));
    count("stagedoor_seat_refusals_early_total", stats.refusals_early.load(Ordering::Relaxed));
    count("stagedoor_journal_facts_total", stats.facts.load(Ordering::Relaxed));
    count("stagedoor_journal_batches_total", stats.batches.load(Ordering::Relaxed));
    count("stagedoor_journal_batches_beside_total", stats.batches_beside.load(Ordering::Relaxed));
    count("stagedoor_journal_bytes_total", stats.journal_bytes.load(Ordering::Relaxed));
    count("stagedoor_holds_expired_total", stats.expired.load(Ordering::Relaxed));
    count("stagedoor_seat_recoveries_total", stats.recoveries.load(Ordering::Relaxed));
    let lag = app.expiry_lag.with(app.env.now(), stats.expiry_lag_max_us.swap(0, Ordering::Relaxed));
    metrics::gauge!("stagedoor_hold_expiry_lag_max_seconds").set(lag as f64 / 1e6);
    metrics::gauge!("stagedoor_events_loaded").set(stats.events_loaded.load(Ordering::Relaxed) as f64);
    metrics::gauge!("stagedoor_seat_partitions_down").set(stats.partitions_down.load(Ordering::Relaxed) as f64);
    match app.sales.refunds_owed().await {
        Ok(owed) => metrics::gauge!("stagedoor_refunds_refused").set(owed as f64),
        Err(error) => tracing::warn!(%error, "the refused refunds could not be counted"),
    }
    match audit_backlog(&app).await {
        Ok(backlog) => {
            let age = backlog.oldest.map_or(Duration::ZERO, |oldest| app.env.now().since(oldest));
            metrics::gauge!("stagedoor_audit_waiting").set(backlog.entries as f64);
            metrics::gauge!("stagedoor_audit_waiting_age_seconds").set(age.as_secs_f64());
        }
        Err(error) => tracing::warn!(%error, "the waiting entries of the audit log could not be counted"),
    }
    let limits = app.limits.gate().stats();
    count("stagedoor_rate_limit_fallbacks_total", limits.fallbacks);
    count("stagedoor_rate_limit_displaced_total", limits.displaced);
    count("stagedoor_rate_limit_unshared_total", limits.unshared);
    metrics::gauge!("stagedoor_rate_limit_fallback").set(f64::from(u8::from(limits.is_fallback)));
    let (connections, live) = app.crowd.refused();
    count("stagedoor_connections_refused_total", connections);
    count("stagedoor_live_refused_total", live);
    let (events, viewers) = app.live.watched();
    metrics::gauge!("stagedoor_live_events").set(events as f64);
    metrics::gauge!("stagedoor_live_viewers").set(viewers as f64);
    let text = app.metrics.render();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

async fn audit_backlog(app: &App) -> store::Result<audit::Backlog> {
    audit::backlog(&app.store.begin_read().await?).await
}

/// Names, meanings and units of everything that is counted. Call once, after the recorder is
/// installed.
pub fn describe_metrics() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
    describe_counter!("stagedoor_http_requests_total", "Answers by route, method and status");
    describe_histogram!("stagedoor_http_request_seconds", Unit::Seconds, "Time from request to answer");
    describe_counter!("stagedoor_seat_commands_total", "Commands that reached a seat writer");
    describe_counter!("stagedoor_seat_refusals_total", "Commands a seat writer refused");
    describe_counter!("stagedoor_seat_refusals_early_total", "Holds refused by the shared view, without the writer");
    describe_counter!("stagedoor_journal_facts_total", "Facts made durable");
    describe_counter!("stagedoor_journal_batches_total", "Durable journal writes");
    describe_counter!("stagedoor_journal_batches_beside_total", "Batches written while the next was decided");
    describe_counter!("stagedoor_journal_bytes_total", Unit::Bytes, "Bytes of facts made durable");
    describe_counter!("stagedoor_holds_expired_total", "Holds that expired");
    describe_counter!("stagedoor_seat_recoveries_total", "Recoveries after a failed journal write");
    describe_gauge!(
        "stagedoor_hold_expiry_lag_max_seconds",
        Unit::Seconds,
        "Longest delay of an expiry in the last minute or two"
    );
    describe_gauge!("stagedoor_events_loaded", "Events whose seats are in memory");
    describe_gauge!("stagedoor_seat_partitions_down", "Partitions that cannot serve at the moment");
    describe_gauge!("stagedoor_refunds_refused", "Refunds the payment gateway refused and nobody has asked for again");
    describe_gauge!("stagedoor_audit_waiting", "Entries that are not linked to their audit log yet");
    describe_gauge!("stagedoor_audit_waiting_age_seconds", Unit::Seconds, "How long the oldest of them has waited");
    describe_counter!("stagedoor_rate_limited_total", "Requests refused by a limit, by policy");
    describe_gauge!("stagedoor_rate_limit_fallback", "1 while shared limits are counted by this process alone");
    describe_counter!("stagedoor_rate_limit_fallbacks_total", "Times that the Redis of the limits was lost");
    describe_counter!(
        "stagedoor_rate_limit_displaced_total",
        "Indebted addresses and accounts forgotten for want of room"
    );
    describe_counter!(
        "stagedoor_rate_limit_unshared_total",
        "Requests that other processes did not hear of for want of room"
    );
    describe_counter!("stagedoor_connections_refused_total", "Connections beyond what an address may keep open");
    describe_counter!("stagedoor_live_refused_total", "Live seat maps beyond what an address may keep open");
    describe_gauge!("stagedoor_live_events", "Events with a live seat map open");
    describe_gauge!("stagedoor_live_viewers", "Open live seat maps");
}

/// What the page may do: run its own script, ask this server, and be shown in no frame.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A page to read and try the API without any file from elsewhere.
async fn docs() -> Response {
    ([(header::CONTENT_SECURITY_POLICY, DOCS_POLICY)], Html(include_str!("docs/page.html"))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_is_seen_by_everyone_who_looks_each_minute() {
        let peak = Peak::default();
        let with = |second: i64, value| peak.with(Timestamp::from_micros(second * 1_000_000), value);
        assert_eq!(with(0, 7), 7);
        assert_eq!([with(1, 0), with(1, 3), with(59, 0)], [7, 7, 7], "whoever looked before");
        assert_eq!(with(60, 5), 7, "a minute later");
        assert_eq!(with(120, 0), 5);
        assert_eq!([with(180, 0), with(181, 2), with(600, 0)], [0, 2, 0]);
    }

    #[test]
    fn every_metric_is_in_the_operators_table() {
        let source = include_str!("operations.rs").split("mod tests").next().expect("the code before the tests");
        let table = include_str!("../../../docs/operators.md");
        let names = source.split('"').filter(|text| text.starts_with("stagedoor_"));
        let mut count = 0;
        for name in names {
            let row =
                table.lines().find(|line| line.starts_with("| `stagedoor_") && line.contains(&format!("`{name}")));
            assert!(row.is_some(), "{name} is not in docs/operators.md");
            count += 1;
        }
        assert!(count > 20, "{count}");
    }
}
