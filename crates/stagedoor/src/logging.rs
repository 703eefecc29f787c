//! Log lines on standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Settings};
use crate::fault::{Fault, because};

/// Logs what `settings.log` asks for from here on.
pub fn start(settings: &Settings) -> Result<(), Fault> {
    let filter =
        EnvFilter::try_new(&settings.log).map_err(because(format!("read the log filter {:?}", settings.log)))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match settings.log_format {
        LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    Ok(())
}
