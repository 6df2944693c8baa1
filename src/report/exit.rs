//! Exit codes: part of the contract.

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ExitCode {
    /// Done; verdict approved (warnings included unless `--strict`).
    Done = 0,
    /// Checks failed, or a rollback was proven inexact: not approved.
    NotApproved = 1,
    /// Wrong usage, configuration, or a project file that cannot be read.
    Usage = 2,
    /// Missing prerequisites, or a rollback that others depend on; nothing was run.
    Blocked = 3,
    /// The database could not be reached or refused the login.
    Unreachable = 4,
    /// A script failed; its transaction was rolled back (or where it stopped, when no-transaction).
    ScriptFailed = 5,
    /// History and files disagree (modified, missing, out of order).
    HistoryDisagrees = 6,
    /// A lock was not obtained in time: another runner, or a busy table.
    LockTimeout = 7,
    /// The running statement was cancelled and rolled back.
    Interrupted = 130,
}

impl ExitCode {
    /// Every code, for the man page and the docs.
    pub const ALL: [ExitCode; 9] = [
        ExitCode::Done,
        ExitCode::NotApproved,
        ExitCode::Usage,
        ExitCode::Blocked,
        ExitCode::Unreachable,
        ExitCode::ScriptFailed,
        ExitCode::HistoryDisagrees,
        ExitCode::LockTimeout,
        ExitCode::Interrupted,
    ];

    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// One line for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            ExitCode::Done => "done; verdict APPROVED (warnings included unless --strict)",
            ExitCode::NotApproved => "checks failed, or a rollback was proven inexact: NOT APPROVED",
            ExitCode::Usage => "wrong usage, configuration, or a project file that cannot be read",
            ExitCode::Blocked => {
                "blocked: missing prerequisites, or a rollback that others depend on; nothing was run"
            }
            ExitCode::Unreachable => "the database could not be reached or refused the login",
            ExitCode::ScriptFailed => "a script failed: rolled back, or left where it stopped",
            ExitCode::HistoryDisagrees => "history and files disagree (modified, missing, out of order)",
            ExitCode::LockTimeout => "a lock was not obtained in time: another runner, or a busy table",
            ExitCode::Interrupted => "interrupted; the running statement was cancelled and rolled back",
        }
    }
}
