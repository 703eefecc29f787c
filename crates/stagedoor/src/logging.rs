//! Log lines on standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Settings};
use crate::fault::{Fault, because};

/// Logs what the settings ask for from here on, `otherwise` when they do not say.
pub fn start(settings: &Settings, otherwise: &str) -> Result<(), Fault> {
    let filter = settings.log.as_deref().unwrap_or(otherwise);
    let filter = EnvFilter::try_new(filter).map_err(because(format!("read the log filter {filter:?}")))?;
    // Where lines cannot be written, neither can a complaint about it: a full disk must not end the process.
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).log_internal_errors(false);
    match settings.log_format {
        LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).init(),
        // The request that a line is about is the one span of ours. A library's own, at finer levels, would stand in
        // its place.
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).init(),
    }
    Ok(())
}
