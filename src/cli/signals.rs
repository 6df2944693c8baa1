//! SIGINT and SIGTERM: the first one stops the verb in an orderly way, a second one ends the process at once.

use tokio::signal::unix::{SignalKind, signal};

use super::output::tell;
use crate::ops::Interrupt;
use crate::report::ExitCode;

/// Listens from now on.
pub fn listen() -> Interrupt {
    let (raise, interrupt) = Interrupt::new();
    let listening =
        signal(SignalKind::interrupt()).and_then(|int| Ok((int, signal(SignalKind::terminate())?)));
    match listening {
        Ok((mut int, mut term)) => {
            tokio::spawn(async move {
                for round in 0.. {
                    tokio::select! {
                        _ = int.recv() => {}
                        _ = term.recv() => {}
                    }
                    if round > 0 {
                        std::process::exit(i32::from(ExitCode::Interrupted.code()));
                    }
                    tell("interrupted: cancelling the running statement; once more ends at once\n");
                    // nobody listens when the verb is done already
                    let _ = raise.send(true);
                }
            });
        }
        Err(error) => tracing::warn!("signals cannot be listened to: {error}"),
    }
    interrupt
}
