//! `stagedoor serve`: the server, from its start to its end.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use api::client::Proxies;
use api::crowd::{self, Crowd};
use api::limits::Limits;
use api::origin::Origins;
use api::tls::{Files, Tls};
use api::{App, Edge};
use gate::{Local, Shared};
use jobs::Jobs;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use rustix::process::{Resource, getrlimit, setrlimit};
use stagedoor_core::Env;
use stagedoor_core::limits::IDEMPOTENCY_RETENTION;
use store::audit;
use store::{Store, idempotency};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::FAILED;
use crate::config::Settings;
use crate::data::{Access, Data};
use crate::fault::{Chain, Fault, because};
use crate::system::System;
use crate::wallets;

/// How often it is asked whether the seats are still ours.
const FENCE_WATCH: Duration = Duration::from_secs(1);
/// Changes that other processes make to the catalogue are seen after this long.
const CATALOG_REFRESH: Duration = Duration::from_secs(1);
/// A session that ended elsewhere is refused after this long.
const REVOCATIONS_REFRESH: Duration = Duration::from_secs(3);
/// How long an entry waits until it is linked to its chain of the audit log.
const AUDIT_LINK: Duration = Duration::from_millis(250);
/// How long an entry of the audit log waits for a checkpoint, where few come.
const AUDIT_CHECKPOINT: Duration = Duration::from_secs(60);
/// How long a renewed certificate waits.
const TLS_REFRESH: Duration = Duration::from_secs(10);
/// Between two rounds of the recorder's own housekeeping.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Upper ends of the buckets of times, in seconds: from a refusal by the seat view to a slow
/// gateway.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Serves until a signal asks it to stop, then finishes what it accepted.
pub fn serve(settings: &Settings, runtime: &Runtime) -> Result<(), Fault> {
    allow_open_files();
    let (limits, shared) = limits(settings)?;
    let wallets = wallets::of(settings)?;
    let edge = bind(settings)?;
    let tls = edge.tls.clone();
    let recorder = record_metrics()?;
    let data = runtime.block_on(Data::open(settings, Access::Owner))?;
    let system = System::start(settings, data, runtime)?;
    let (stop, stopping) = watch::channel(false);
    let public_url = settings.public_url.clone().unwrap_or_else(|| address(&edge));
    let app = App::new(api::Parts {
        env: system.env.clone(),
        store: system.store.clone(),
        identity: system.identity.clone(),
        catalog: system.catalog.clone(),
        inventory: system.inventory.clone(),
        payments: system.payments.clone(),
        simulated: Some(system.gateway.clone()),
        sales: system.sales.clone(),
        signer: tickets::Signer::new(&system.keyring),
        wallets,
        live: api::live::Live::new(
            system.sales.clone(),
            system.catalog.clone(),
            system.inventory.clone(),
            &system.identity,
            system.env.clone(),
            runtime.handle().clone(),
        ),
        compressed: api::seat_maps::Compressed::default(),
        denials: api::denials::Denials::default(),
        expiry_lag: api::operations::Peak::default(),
        prints: api::holds::Prints::new(&system.keyring),
        csrf: api::cookies::CsrfKey::new(&system.keyring),
        metrics: recorder.clone(),
        stop: stopping.clone(),
        proxies: Proxies { trusted: settings.trusted_proxies.clone(), header: settings.forwarded_header },
        limits,
        crowd: Crowd::new(crowd::Config {
            connections: settings.connections_per_address,
            live: settings.live_maps_per_address,
        }),
        origins: origins(settings, &public_url, edge.address),
        public_url,
    });
    // Spawned first: from here on a signal ends the server in order.
    runtime.block_on(async { catch_signals(stop) })?;
    let mut background = start_background(settings, &system, &app, recorder, runtime, &stopping);
    if let Some(shared) = shared {
        let mut stopped = stopping.clone();
        background.push(runtime.spawn(async move {
            shared.run(async { drop(stopped.wait_for(|stop| *stop).await) }).await;
        }));
    }

    if let Some(tls) = tls {
        background.push(runtime.spawn(every(TLS_REFRESH, "read the certificate again", stopping.clone(), move || {
            let refreshed = tls.refresh();
            if let Ok(true) = refreshed {
                tracing::info!("the certificate was renewed");
            }
            std::future::ready(refreshed.map(drop).map_err(Fault::from))
        })));
    }
    announce(&edge);
    let denied = app.clone();
    let mut ended = Ok(());
    edge.serve(app, || {
        for task in background {
            if let Err(error) = runtime.block_on(task) {
                tracing::error!(%error, "a background task broke");
            }
        }
        if let Err(error) = runtime.block_on(denied.denials.close(&system.store)) {
            tracing::error!(%error, "the last denials could not be counted in the audit log");
        }
        if let Err(error) = runtime.block_on(audit::link(&system.store, None)) {
            tracing::error!(%error, "the last entries of the audit log are not linked yet");
        }
        drop(denied);
        ended = system.stop(runtime);
    });
    ended?;
    tracing::info!("stopped");
    Ok(())
}

/// The limits on requests, and what shares them with other servers when there is a Redis.
fn limits(settings: &Settings) -> Result<(Limits, Option<Arc<Shared>>), Fault> {
    let config = gate::Config {
        address: settings.address_limit,
        user: settings.user_limit,
        user_in_surge: settings.user_limit_in_surge,
    };
    let local = Local::new(&Env::system());
    let (store, shared): (Arc<dyn gate::Store>, _) = match &settings.redis_url {
        None => (Arc::new(local), None),
        Some(url) => {
            let authorities = settings
                .redis_certificates_file
                .as_ref()
                .map(|file| std::fs::read(file).map_err(because(format!("read {}", file.display()))));
            let shared = Shared::new(local, url, authorities.transpose()?.as_deref());
            let shared = Arc::new(shared.map_err(|error| format!("redis_url: {error}"))?);
            (shared.clone(), Some(shared))
        }
    };
    let limits = gate::Limits::new(config, store);
    if settings.surge {
        limits.begin_surge();
    }
    let limits = Limits::new(limits, &settings.route_limits).map_err(|error| format!("route_limits: {error}"))?;
    Ok((limits, shared))
}

/// A crowd needs a socket each; the usual soft limit of 1,024 files is from another age.
fn allow_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}

/// The workers share one address, which would let a second server share it too and take half of
/// the first one's connections. Binding it alone first shows whether somebody has it.
fn bind(settings: &Settings) -> Result<Edge, Fault> {
    let busy = || because(format!("listen on {}", settings.listen));
    TcpListener::bind(settings.listen).map_err(busy())?;
    let mut edge = Edge::bind(settings.listen, settings.workers).map_err(busy())?;
    if let (Some(certificates), Some(key)) = (&settings.tls_certificate_file, &settings.tls_key_file) {
        edge.tls = Some(Tls::read(Files { certificates: certificates.clone(), key: key.clone() })?);
    }
    Ok(edge)
}

/// Whose pages may open live seat maps. Somebody who tries the product on their own machine may call it by
/// either of its names.
fn origins(settings: &Settings, public_url: &str, address: SocketAddr) -> Origins {
    let is_at_home = settings.public_url.is_none() && (address.ip().is_loopback() || address.ip().is_unspecified());
    let scheme = if settings.tls_certificate_file.is_some() { "https" } else { "http" };
    let names = ["localhost", "127.0.0.1"].map(|name| format!("{scheme}://{name}:{}", address.port()).parse().ok());
    let own = names.into_iter().flatten().filter(|_| is_at_home);
    Origins::new(public_url, settings.allowed_origins.iter().cloned()).also_called(own)
}

/// Where clients find the server, unless there is something in front of it.
fn address(edge: &Edge) -> String {
    let scheme = if edge.tls.is_some() { "https" } else { "http" };
    format!("{scheme}://{}", edge.address)
}

fn record_metrics() -> Result<PrometheusHandle, Fault> {
    let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?;
    let recorder = builder.install_recorder()?;
    api::operations::describe_metrics();
    outbound::describe_metrics();
    notify::describe_metrics();
    describe_jobs();
    Ok(recorder)
}

/// The first signal stops the server in order, the second at once.
fn catch_signals(stop: watch::Sender<bool>) -> Result<(), Fault> {
    let doing = || because("listen for signals");
    let mut terminate = signal(SignalKind::terminate()).map_err(doing())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(doing())?;
    tokio::spawn(async move {
        loop {
            let code = tokio::select! {
                _ = terminate.recv() => SignalKind::terminate().as_raw_value(),
                _ = interrupt.recv() => SignalKind::interrupt().as_raw_value(),
            };
            if stop.send_replace(true) {
                tracing::warn!("stopping at once");
                std::process::exit(128 + code);
            }
            tracing::info!("stopping: finishing what was accepted");
        }
    });
    Ok(())
}

/// What runs without a caller, until `stopping` is true.
fn start_background(
    settings: &Settings,
    system: &System,
    app: &App,
    recorder: PrometheusHandle,
    runtime: &Runtime,
    stopping: &watch::Receiver<bool>,
) -> Vec<tokio::task::JoinHandle<()>> {
    let jobs = system.sales.handle(Jobs::new(system.store.clone()));
    let jobs = tidied(system.identity.handle(system.notify.handle(jobs)), system, settings);
    let (catalog, identity, store) = (system.catalog.clone(), system.identity.clone(), system.store.clone());
    let (mut stopped, inventory) = (stopping.clone(), system.inventory.clone());
    let (linked, audited, app) = (system.store.clone(), system.store.clone(), app.clone());
    vec![
        runtime.spawn(every(FENCE_WATCH, "watch the seats' owner", stopping.clone(), move || {
            if inventory.is_fenced() {
                tracing::error!("another process has taken over the seats, ending at once");
                std::process::exit(FAILED.into());
            }
            std::future::ready(Ok(()))
        })),
        runtime.spawn(async move {
            jobs.run(async { drop(stopped.wait_for(|stop| *stop).await) }).await;
        }),
        runtime.spawn(every(CATALOG_REFRESH, "follow the catalogue", stopping.clone(), move || {
            let catalog = catalog.clone();
            async move { Ok(catalog.refresh().await.map(drop)?) }
        })),
        runtime.spawn(every(REVOCATIONS_REFRESH, "follow ended sessions", stopping.clone(), move || {
            let identity = identity.clone();
            async move { Ok(identity.sync_revocations().await?) }
        })),
        runtime.spawn(every(AUDIT_LINK, "link the audit log", stopping.clone(), move || {
            let store = linked.clone();
            async move { Ok(audit::link(&store, None).await.map(drop)?) }
        })),
        runtime.spawn(every(AUDIT_CHECKPOINT, "sign the audit log", stopping.clone(), move || {
            let (store, app) = (audited.clone(), app.clone());
            async move {
                app.denials.flush(&store).await?;
                Ok(audit::checkpoint_moved(&store).await.map(drop)?)
            }
        })),
        runtime.spawn(every(METRICS_UPKEEP, "keep the metrics", stopping.clone(), move || {
            let (recorder, store) = (recorder.clone(), store.clone());
            async move {
                recorder.run_upkeep();
                count_jobs(&store).await
            }
        })),
    ]
}

/// Throws away in time what nobody may ask for any more.
fn tidied(worker: Jobs, system: &System, settings: &Settings) -> Jobs {
    let (store, identity, notify) = (system.store.clone(), system.identity.clone(), system.notify.clone());
    let (audited, known_for) = (system.store.clone(), settings.stranger_address_days * DAY);
    let spooled_for = settings.spool_days * DAY;
    worker
        .every("notify.empty_spool.v1", HOUR, move || {
            let notify = notify.clone();
            async move {
                let files = notify.empty_spool(spooled_for).await?;
                tracing::info!(files, "old messages removed from the spool folder");
                Ok(())
            }
        })
        .every("audit.forget_strangers.v1", DAY, move || {
            let store = audited.clone();
            async move {
                let weeks = audit::forget_strangers(&store, store.env().now() - known_for).await?;
                tracing::info!(weeks, "where strangers came from is forgotten");
                Ok(())
            }
        })
        .every("idempotency.prune.v1", DAY, move || {
            let store = store.clone();
            async move {
                let tx = store.begin_write().await?;
                let keys = idempotency::prune(&tx, tx.now() - IDEMPOTENCY_RETENTION).await?;
                tx.commit().await?;
                tracing::info!(keys, "idempotency keys forgotten");
                Ok(())
            }
        })
        .every("identity.prune.v1", DAY, move || {
            let identity = identity.clone();
            async move {
                let sessions = identity.prune().await?;
                tracing::info!(sessions, "ended sessions forgotten");
                Ok(())
            }
        })
}

fn describe_jobs() {
    metrics::describe_gauge!("stagedoor_jobs", "Queued jobs by state: due, waiting, running, failed");
}

async fn count_jobs(store: &Store) -> Result<(), Fault> {
    let backlog = jobs::backlog(&store.begin_read().await?).await?;
    let states =
        [("due", backlog.due), ("waiting", backlog.waiting), ("running", backlog.running), ("failed", backlog.failed)];
    for (state, count) in states {
        metrics::gauge!("stagedoor_jobs", "state" => state).set(count as f64);
    }
    Ok(())
}

/// Does `work` every `period`. A failure is logged once until it works again.
async fn every<W, R>(period: Duration, doing: &'static str, mut stopping: watch::Receiver<bool>, work: W)
where
    W: Fn() -> R,
    R: Future<Output = Result<(), Fault>>,
{
    let mut failing = false;
    loop {
        tokio::select! {
            () = tokio::time::sleep(period) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        match work().await {
            Ok(()) => failing = false,
            Err(error) if failing => tracing::debug!(error = %Chain(&*error), "could not {doing}"),
            Err(error) => {
                failing = true;
                tracing::warn!(error = %Chain(&*error), "could not {doing}");
            }
        }
    }
}

/// The one line on standard output: where clients find the server.
fn announce(edge: &Edge) {
    tracing::info!(address = %edge.address, "serving");
    // A closed standard output is no reason not to serve.
    let _ = writeln!(std::io::stdout(), "Stagedoor answers on {}", address(edge));
}
