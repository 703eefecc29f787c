//! `stagedoor fees`: what the operator adds to tickets.

use std::fmt::Write;
use std::str::FromStr;

use catalog::{Catalog, EventError};
use clap::{Args, Subcommand};
use sales::{FeeRule, FeeScope};
use stagedoor_core::{EventId, OrganizerId};
use tokio::runtime::Runtime;

use crate::config::Settings;
use crate::data::{Access, Data};
use crate::fault::{Fault, because};
use crate::system;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print every fee that is set
    List,
    /// Set what is added to each ticket of an organizer or event from now on
    Set(Rule),
    /// Add nothing any more; for an event, what is set for its organizer
    Clear {
        #[arg(value_name = "ID")]
        scope: Scope,
    },
}

#[derive(Debug, Args)]
pub struct Rule {
    /// An organizer or an event; an event's own fee goes before its organizer's
    #[arg(value_name = "ID")]
    scope: Scope,
    /// Share of the face value: 500 is 5 %
    #[arg(long, default_value_t = 0)]
    basis_points: u32,
    /// On every ticket that is not free, in the minor unit of the event's currency
    #[arg(long, default_value_t = 0)]
    per_ticket: i64,
    /// A fan who cancels does not get the fee back
    #[arg(long)]
    kept: bool,
}

/// `org_...` or `evt_...`.
#[derive(Debug, Clone, Copy)]
pub struct Scope(FeeScope);

impl FromStr for Scope {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let organizer = text.parse::<OrganizerId>().map(FeeScope::Organizer);
        let scope = organizer.or_else(|_| text.parse::<EventId>().map(FeeScope::Event));
        scope.map(Scope).map_err(|_| "not the id of an organizer or event")
    }
}

/// Lists or sets fees and gives what is to be printed.
pub fn fees(settings: &Settings, command: &Command, runtime: &Runtime) -> Result<String, Fault> {
    runtime.block_on(async {
        let access = if matches!(command, Command::List) { Access::Looking } else { Access::Beside };
        let data = Data::open(settings, access).await?;
        let printed = match command {
            Command::List => list(&data).await?,
            Command::Set(rule) => set(settings, &data, rule).await?,
            Command::Clear { scope: Scope(scope) } => clear(&data, *scope).await?,
        };
        data.store.close().await?;
        Ok(printed)
    })
}

async fn list(data: &Data) -> Result<String, Fault> {
    let tx = data.store.begin_read().await?;
    let mut text = String::new();
    for (scope, rule) in sales::fees(&tx).await.map_err(because("read the fees"))? {
        line(&mut text, scope, rule);
    }
    Ok(text)
}

fn line(text: &mut String, scope: FeeScope, rule: FeeRule) {
    let FeeRule { basis_points, per_ticket_minor, refundable } = rule;
    let back = if refundable { "given back" } else { "kept" };
    writeln!(text, "{scope}  {basis_points} basis points, {per_ticket_minor} per ticket, {back} when a fan cancels")
        .expect("memory takes everything");
}

async fn set(settings: &Settings, data: &Data, rule: &Rule) -> Result<String, Fault> {
    let Scope(scope) = rule.scope;
    match scope {
        FeeScope::Organizer(id) => {
            let identity = system::identity(settings, &data.store, &data.keyring);
            identity.organizer(id).await.map_err(because(format!("find {id}")))?;
        }
        FeeScope::Event(id) => {
            let catalog = Catalog::open(data.store.clone(), &data.keyring).await?;
            catalog.any_event(id).await.map_err(|error| match error {
                EventError::NotFound => format!("there is no event {id}").into(),
                other => because(format!("find {id}"))(other),
            })?;
        }
    }
    let fee = FeeRule { basis_points: rule.basis_points, per_ticket_minor: rule.per_ticket, refundable: !rule.kept };
    let tx = data.store.begin_write().await?;
    sales::set_fees(&tx, scope, fee).await.map_err(because("set the fee"))?;
    tx.commit().await.map_err(because("set the fee"))?;
    let mut text = String::new();
    line(&mut text, scope, fee);
    Ok(text)
}

async fn clear(data: &Data, scope: FeeScope) -> Result<String, Fault> {
    let tx = data.store.begin_write().await?;
    if !sales::clear_fees(&tx, scope).await.map_err(because("clear the fee"))? {
        return Err(format!("no fee is set for {scope}").into());
    }
    tx.commit().await.map_err(because("clear the fee"))?;
    Ok(String::new())
}
