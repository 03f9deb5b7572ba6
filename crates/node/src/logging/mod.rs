//! Logs: human, logfmt or JSON lines on standard error.

mod logfmt;

use crate::config::{LogConfig, LogFormat};
use eyre::WrapErr;
use std::io::IsTerminal;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

/// Sends the events of the whole process to standard error, once; a second call changes nothing.
///
/// Errors: the filter is not one.
pub fn init_logging(config: &LogConfig) -> eyre::Result<()> {
    let filter = EnvFilter::try_new(&config.filter).wrap_err_with(|| {
        format!("log.filter {:?} is no filter; write a level such as info, or info,bttc_rpc=debug", config.filter)
    })?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let layer = match config.format {
        LogFormat::Human => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Logfmt => lines.with_ansi(false).event_format(logfmt::Logfmt).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    // The only failure is that a subscriber stands already, as in tests that start several nodes in one process.
    let _already_set = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
    Ok(())
}
