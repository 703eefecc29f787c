//! `stagedoor platform`: who runs the installation over the API.

use std::fmt::Write;

use clap::Subcommand;
use identity::Identity;
use stagedoor_core::UserId;
use tokio::runtime::Runtime;

use crate::config::Settings;
use crate::data::{Access, Data};
use crate::fault::{Fault, because};
use crate::system;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print everybody who runs the platform
    List,
    /// Let an account run the platform, by its verified e-mail address; it needs a second factor to use that
    Add {
        #[arg(value_name = "EMAIL")]
        email: String,
    },
    /// Take it back, and end the sessions of the account
    Remove {
        #[arg(value_name = "EMAIL")]
        email: String,
    },
}

/// Lists or changes who runs the platform and gives what is to be printed.
pub fn platform(settings: &Settings, command: &Command, runtime: &Runtime) -> Result<String, Fault> {
    runtime.block_on(async {
        let access = if matches!(command, Command::List) { Access::Looking } else { Access::Beside };
        let data = Data::open(settings, access).await?;
        let identity = system::identity(settings, &data.store, &data.keyring);
        match command {
            Command::List => {}
            Command::Add { email } => {
                let user = account(&identity, email).await?;
                identity.grant_platform_admin(user).await.map_err(because(format!("let {email} run the platform")))?;
            }
            Command::Remove { email } => {
                let user = account(&identity, email).await?;
                let withdrawn = identity.withdraw_platform_admin(user).await;
                withdrawn.map_err(because(format!("take the platform from {email}")))?;
            }
        }
        let admins = identity.platform_admins().await.map_err(because("read who runs the platform"))?;
        let mut text = String::new();
        for admin in admins {
            let factor = if admin.second_factor { "with a second factor" } else { "no second factor yet" };
            let address = admin.email().or(admin.phone.as_ref().map(|phone| phone.address.as_str()));
            writeln!(text, "{}  {}  {factor}", admin.id, address.unwrap_or("no address"))
                .expect("memory takes everything");
        }
        data.store.close().await?;
        Ok(text)
    })
}

async fn account(identity: &Identity, email: &str) -> Result<UserId, Fault> {
    let found = identity.account_with(email).await.map_err(because(format!("find {email}")))?;
    found.ok_or_else(|| format!("no account has the verified e-mail address {email}").into())
}
