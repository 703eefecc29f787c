//! Everything a server is made of but its edge, put together in the order it starts.

use std::sync::Arc;
use std::time::Duration;

use catalog::Catalog;
use identity::{Identity, Providers};
use inventory::{FanLimits, Inventory};
use notify::{Notify, Outlets, Smtp, Spool};
use payments::{Payments, SimulatedGateway};
use sales::Sales;
use stagedoor_core::Env;
use store::{Keyring, Store};
use tokio::runtime::Runtime;

use crate::config::Settings;
use crate::data::Data;
use crate::fault::{Fault, because};
use crate::providers;

/// The use cases over opened data.
pub struct System {
    pub env: Env,
    pub store: Store,
    pub keyring: Keyring,
    pub identity: Identity,
    pub notify: Notify,
    pub catalog: Catalog,
    pub inventory: Inventory,
    pub gateway: SimulatedGateway,
    pub payments: Payments,
    pub sales: Sales,
    /// Keeps the data for this process.
    data: Data,
}

impl System {
    /// Recovers the seats and starts their writers. Blocks, so never in an async task.
    pub fn start(settings: &Settings, data: Data, runtime: &Runtime) -> Result<System, Fault> {
        let (env, store, keyring) = (data.env.clone(), data.store.clone(), data.keyring.clone());
        let identity = identity_with(settings, &store, &keyring, providers::of(settings)?);
        let notify = Notify::new(store.clone(), keyring.clone(), outlets(settings)?);
        runtime.block_on(identity.sync_revocations()).map_err(because("read the sessions that ended"))?;

        let limits = FanLimits {
            active_holds_max: settings.active_holds_max,
            attempts_per_minute: settings.hold_attempts_per_minute,
        };
        let config = inventory::Config { limits, partitions: settings.partitions };
        let journals = data.journals.clone();
        let inventory = Inventory::start(config, env.clone(), move |partition| journals.open(partition))?;

        let catalog =
            runtime.block_on(Catalog::open(store.clone(), &keyring)).map_err(because("read the catalogue"))?;
        let latency = Duration::from_millis(settings.gateway_latency_ms);
        let gateway = SimulatedGateway::new(store.clone()).with_latency(latency);
        let payments = Payments::new(store.clone(), Arc::new(gateway.clone()));
        let sales = Sales::new(sales::Parts {
            store: store.clone(),
            inventory: inventory.clone(),
            payments: payments.clone(),
            catalog: catalog.clone(),
            keyring: keyring.clone(),
        });
        Ok(System { env, store, keyring, identity, notify, catalog, inventory, gateway, payments, sales, data })
    }

    /// Makes the seats' last checkpoint and closes the database. Blocks.
    pub fn stop(self, runtime: &Runtime) -> Result<(), Fault> {
        self.inventory.stop();
        runtime.block_on(async {
            let closed = self.store.close().await;
            self.data.release().await;
            closed.map_err(because("close the database"))
        })
    }
}

/// The ways that messages take.
fn outlets(settings: &Settings) -> Result<Outlets, Fault> {
    let folder = settings.spool.clone().unwrap_or_else(|| settings.data.join("spool"));
    let spool = Spool::new(folder, &settings.mail_from)?;
    Ok(match &settings.smtp_url {
        None => Outlets::spool(spool),
        Some(url) => Outlets::smtp(Smtp::new(url, &settings.mail_from)?, spool),
    })
}

/// Accounts as the settings want them.
pub fn identity(settings: &Settings, store: &Store, keyring: &Keyring) -> Identity {
    identity_with(settings, store, keyring, None)
}

fn identity_with(settings: &Settings, store: &Store, keyring: &Keyring, providers: Option<Providers>) -> Identity {
    let mut config = identity::Config {
        password_memory_kib: settings.password_memory_kib,
        login_failures_per_account: settings.login_failures_per_account,
        login_failures_per_address: settings.login_failures_per_address,
        registrations_per_address: settings.registrations_per_address,
        guests_per_address: settings.guests_per_address,
        ..identity::Config::default()
    };
    // Without a public URL the issuer keeps its name, so that tokens outlive a change of port.
    if let Some(url) = &settings.public_url {
        config.issuer.clone_from(url);
    }
    Identity::with_providers(store.clone(), keyring.clone(), config, providers)
}
