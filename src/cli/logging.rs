//! Logs for those who look for trouble: `-v`, `-vv`, or `PGPLUMB_LOG` with a filter; on stderr.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging. `verbose` is the number of `-v`.
///
/// The driver logs every statement that it sends at its most verbose level; statements of scripts are no
/// secrets, and the login is not a statement.
pub fn start(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "pgplumb=info,warn",
        2 => "pgplumb=debug,warn",
        _ => "pgplumb=trace,warn",
    };
    let filter = EnvFilter::try_from_env("PGPLUMB_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(verbose > 1)
        .without_time()
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none());
    // a second start, in a test for instance, keeps the first
    let _ = subscriber.try_init();
}
