//! `stagedoor outbound`: calls to addresses that somebody typed, as the settings allow them.

use std::fmt::Write;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use outbound::{Http, Outbound, Policy};
use stagedoor_core::Env;
use tokio::runtime::Runtime;

use crate::FAILED;
use crate::config::Settings;
use crate::fault::{Fault, because};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say whether a URL may be called and at which addresses, or why it is refused (then 1). Asks
    /// the name servers; the host itself is not called
    Check(Check),
}

#[derive(Debug, Args)]
pub struct Check {
    url: String,
    /// As for callers that may call without TLS
    #[arg(long)]
    http: bool,
}

/// What callers for `purpose` may call, with what the operator set for all of them.
pub fn policy(settings: &Settings, purpose: &'static str) -> Result<Policy, Fault> {
    let file = settings.outbound_certificates_file.as_deref();
    let certificates =
        file.map(|file| std::fs::read(file).map_err(because(format!("read the certificates in {}", file.display()))));
    Ok(Policy {
        allow_networks: settings.outbound_allow_networks.clone(),
        ports: settings.outbound_ports.iter().map(|port| port.0).collect(),
        name_servers: settings.outbound_name_servers.clone(),
        trusted_certificates: certificates.transpose()?.unwrap_or_default(),
        ..Policy::strict(purpose)
    })
}

/// Gives what is to be printed, and the exit code.
pub fn outbound(settings: &Settings, command: &Command, runtime: &Runtime) -> Result<(String, ExitCode), Fault> {
    let Command::Check(Check { url, http }) = command;
    let http = if *http { Http::Allowed } else { Http::Refused };
    let policy = Policy { http, ..policy(settings, "check")? };
    runtime.block_on(async {
        let outbound = Outbound::new(policy, Env::system()).map_err(because("prepare calls"))?;
        let mut text = String::new();
        let code = match outbound.check(url).await {
            Ok((destination, addresses)) => {
                for address in addresses {
                    writeln!(text, "{destination} may be called at {address}").expect("memory takes everything");
                }
                ExitCode::SUCCESS
            }
            Err(refused) => {
                writeln!(text, "refused ({}): {refused}", refused.label()).expect("memory takes everything");
                ExitCode::from(FAILED)
            }
        };
        Ok((text, code))
    })
}
