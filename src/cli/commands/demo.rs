//! `demo`: the whole story on a throw-away PostgreSQL, told with the commands that a user would type.

use std::path::Path;
use std::process::Stdio;

use crate::cli::output::{print, tell};
use crate::cli::signals;
use crate::db::{Scratch, scratch};
use crate::ops::Interrupt;
use crate::report::ExitCode;

/// The shipped project, which the story is about.
const FILES: [(&str, &str); 10] = [
    (
        "migrations/0001_prerequisite_core_tables.sql",
        include_str!("../../../migrations/0001_prerequisite_core_tables.sql"),
    ),
    (
        "migrations/0023_sync_infrastructure.sql",
        include_str!("../../../migrations/0023_sync_infrastructure.sql"),
    ),
    (
        "migrations/0024_sync_preview_progress_logs.sql",
        include_str!("../../../migrations/0024_sync_preview_progress_logs.sql"),
    ),
    (
        "rollback/0001_prerequisite_core_tables.sql",
        include_str!("../../../rollback/0001_prerequisite_core_tables.sql"),
    ),
    (
        "rollback/0023_sync_infrastructure.sql",
        include_str!("../../../rollback/0023_sync_infrastructure.sql"),
    ),
    (
        "rollback/0024_sync_preview_progress_logs.sql",
        include_str!("../../../rollback/0024_sync_preview_progress_logs.sql"),
    ),
    (
        "checks/0001_prerequisite_core_tables.toml",
        include_str!("../../../checks/0001_prerequisite_core_tables.toml"),
    ),
    (
        "checks/0023_sync_infrastructure.toml",
        include_str!("../../../checks/0023_sync_infrastructure.toml"),
    ),
    (
        "checks/0024_sync_preview_progress_logs.toml",
        include_str!("../../../checks/0024_sync_preview_progress_logs.toml"),
    ),
    (
        "checks/baseline.toml",
        include_str!("../../../checks/baseline.toml"),
    ),
];

/// The policy that somebody weakens by hand in the story.
const TAMPER: &str = "ALTER POLICY sync_progress_select ON public.sync_progress USING (true)";

/// One command of the story.
struct Act {
    says: &'static str,
    /// A statement that somebody runs by hand before it.
    by_hand: Option<&'static str>,
    /// Which project it runs in.
    project: &'static str,
    command: &'static [&'static str],
    expect: ExitCode,
}

const ALONE: &str = "only-0024";
const WHOLE: &str = "project";

const STORY: &[Act] = &[
    Act {
        says: "An empty database, and a project of three migrations: all of them are pending.",
        by_hand: None,
        project: WHOLE,
        command: &["status"],
        expect: ExitCode::Done,
    },
    Act {
        says: "Migration 0024 alone, without the tables that it builds upon: it is blocked before anything runs, and \
               each root cause is named once, with every line that waits for it.",
        by_hand: None,
        project: ALONE,
        command: &["apply"],
        expect: ExitCode::Blocked,
    },
    Act {
        says: "All three, each in one transaction with its checks: COMMIT comes only after every check passed.",
        by_hand: None,
        project: WHOLE,
        command: &["apply"],
        expect: ExitCode::Done,
    },
    Act {
        says: "Somebody weakens a policy by hand. Its name, roles and command are as before, so a check by name \
               would see nothing; verify compares the expression.",
        by_hand: Some(TAMPER),
        project: WHOLE,
        command: &["verify"],
        expect: ExitCode::NotApproved,
    },
    Act {
        says: "Rollback of 0024, the newest: exact, so the tampered policy goes with its table.",
        by_hand: None,
        project: WHOLE,
        command: &["rollback", "0024"],
        expect: ExitCode::Done,
    },
    Act {
        says: "Nothing of it is left: 0024 is pending again.",
        by_hand: None,
        project: WHOLE,
        command: &["status"],
        expect: ExitCode::Done,
    },
    Act {
        says: "And apply again: the same checks pass as the first time.",
        by_hand: None,
        project: WHOLE,
        command: &["apply", "-q"],
        expect: ExitCode::Done,
    },
    Act {
        says: "The journal remembers all of it; what was blocked never ran, so it is not there.",
        by_hand: None,
        project: WHOLE,
        command: &["history"],
        expect: ExitCode::Done,
    },
];

/// Tells the story, and leaves nothing behind.
pub async fn run() -> ExitCode {
    let interrupt = signals::listen();
    demo(&interrupt).await.err().unwrap_or(ExitCode::Done)
}

/// # Errors
/// The exit code of what went wrong; the message is on stderr.
async fn demo(interrupt: &Interrupt) -> Result<(), ExitCode> {
    tell("starting a throw-away PostgreSQL …\n");
    let server = tokio::select! {
        server = Scratch::start(scratch::Options::default()) => server,
        () = interrupt.wait() => return Err(ExitCode::Interrupted),
    };
    let server = server.map_err(|error| {
        tell(&format!("error: {error}\n  help: {}\n", error.help()));
        ExitCode::Unreachable
    })?;
    let told = tokio::select! {
        told = story(&server) => told,
        () = interrupt.wait() => Err(ExitCode::Interrupted),
    };
    // on every path: no server and no file stays behind
    if let Err(error) = server.stop().await {
        tell(&format!(
            "warning: the throw-away server did not stop cleanly: {error}\n"
        ));
    }
    if told.is_err_and(|exit| exit == ExitCode::Interrupted) {
        tell("interrupted: the throw-away server was stopped and its files were deleted\n");
    }
    told
}

async fn story(server: &Scratch) -> Result<(), ExitCode> {
    let fail = |error: &dyn std::fmt::Display| {
        tell(&format!("error: the demo could not go on: {error}\n"));
        ExitCode::ScriptFailed
    };
    let folder = tempfile::Builder::new()
        .prefix("pgplumb-demo-")
        .tempdir()
        .map_err(|error| fail(&error))?;
    for (path, text) in FILES {
        write(&folder.path().join(WHOLE).join(path), text).map_err(|error| fail(&error))?;
        if path.contains("0024") {
            write(&folder.path().join(ALONE).join(path), text).map_err(|error| fail(&error))?;
        }
    }
    let database = "demo";
    server
        .create_database(database, None)
        .await
        .map_err(|error| fail(&error))?;
    tell(&format!(
        "PostgreSQL {} is up, with an empty database\n",
        server.version()
    ));
    let program = std::env::current_exe().map_err(|error| fail(&error))?;
    for (number, act) in STORY.iter().enumerate() {
        let say = format!("\n── {} of {} ── {}\n\n", number + 1, STORY.len(), act.says);
        print(&say).map_err(|error| fail(&error))?;
        if let Some(statement) = act.by_hand {
            print(&format!("# {statement};\n")).map_err(|error| fail(&error))?;
            server
                .run(database, statement)
                .await
                .map_err(|error| fail(&error))?;
        }
        print(&format!("$ pgplumb {}\n", act.command.join(" "))).map_err(|error| fail(&error))?;
        let status = tokio::process::Command::new(&program)
            .args(act.command)
            .current_dir(folder.path().join(act.project))
            .env("DATABASE_URL", server.url(database))
            .env_remove("PGPLUMB_ENV")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .status()
            .await
            .map_err(|error| fail(&error))?;
        let code = status.code();
        print(&format!("[exit {}]\n", code.unwrap_or(-1))).map_err(|error| fail(&error))?;
        if code != Some(i32::from(act.expect.code())) {
            if code == Some(i32::from(ExitCode::Interrupted.code())) {
                return Err(ExitCode::Interrupted);
            }
            tell(&format!(
                "error: `pgplumb {}` ended with {}, but the story wants {} ({})\n",
                act.command.join(" "),
                code.map_or("a signal".to_string(), |code| code.to_string()),
                act.expect.code(),
                act.expect.meaning()
            ));
            return Err(ExitCode::NotApproved);
        }
    }
    print("\nThat was the whole story. The server is stopped and its files are deleted.\n")
        .map_err(|error| fail(&error))
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)
}
