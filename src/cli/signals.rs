//! SIGINT and SIGTERM: the first one stops the verb in an orderly way, a second one ends the process at once. While a
//! question waits for its answer, so does the first.

use std::io;
use std::sync::{Arc, Mutex, mpsc};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

use super::output::tell;
use crate::ops::Interrupt;
use crate::report::ExitCode;

/// What came since the process began, until somebody listens.
static EARLY: Mutex<Option<[Signal; 2]>> = Mutex::new(None);

/// From now on no signal ends the process by itself. Called within the runtime, before anything else is done.
pub fn keep() {
    // who listens later asks again, and says so when it fails
    if let (Ok(signals), Ok(mut early)) = (both(), EARLY.lock()) {
        *early = Some(signals);
    }
}

/// Listens from now on, to what was kept as well.
pub fn listen() -> Interrupt {
    let (raise, interrupt) = Interrupt::new();
    let early = EARLY.lock().ok().and_then(|mut early| early.take());
    match early.map_or_else(both, Ok) {
        Ok(mut signals) => {
            tokio::spawn(async move {
                for round in 0.. {
                    either(&mut signals).await;
                    if round > 0 {
                        end();
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

/// A signal ends the process at once, one that was kept as well: for a command that has nothing to take back.
pub fn end_at_once() {
    let early = EARLY.lock().ok().and_then(|mut early| early.take());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        if let Ok(runtime) = runtime {
            runtime.block_on(async {
                if let Some(mut signals) = early.or_else(|| both().ok()) {
                    either(&mut signals).await;
                    end();
                }
            });
        }
    });
}

/// Until it is dropped, a signal ends the process at once: for a question, which blocks the thread that would stop the
/// verb. Nothing runs meanwhile.
#[derive(Debug)]
pub struct AtOnce(Arc<Notify>);

impl AtOnce {
    /// Begins, and listens when it returns.
    pub fn begin() -> AtOnce {
        let over = Arc::new(Notify::new());
        let until = Arc::clone(&over);
        let (listens, ready) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let ended = runtime.and_then(|runtime| runtime.block_on(end_unless(&until, listens)));
            if let Err(error) = ended {
                tracing::warn!("signals cannot be listened to: {error}");
            }
        });
        // an error is that it does not listen, which was told
        let _ = ready.recv();
        AtOnce(over)
    }
}

impl Drop for AtOnce {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

async fn end_unless(over: &Notify, listens: mpsc::Sender<()>) -> io::Result<()> {
    let mut signals = both()?;
    // who waits for it is there
    let _ = listens.send(());
    tokio::select! {
        () = either(&mut signals) => {
            tell("\ninterrupted at the question: nothing was run\n");
            end()
        }
        () = over.notified() => Ok(()),
    }
}

fn both() -> io::Result<[Signal; 2]> {
    Ok([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?])
}

async fn either([int, term]: &mut [Signal; 2]) {
    tokio::select! {
        _ = int.recv() => {}
        _ = term.recv() => {}
    }
}

fn end() -> ! {
    std::process::exit(i32::from(ExitCode::Interrupted.code()))
}
