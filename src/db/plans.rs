//! What a run says at every step, planned once by the server: planning takes longer than the work does.
//!
//! Prepared statements belong to a session, so they are for runs of several steps on a session of their own; behind a
//! pooler, and for a step or two, the same is said in full each time.

use tokio_postgres::error::SqlState;

use super::batch::{Batch, Failure, Reply, Stage};
use super::error::{Error, ServerError};
use super::history::{self, JournalRow};
use super::lock::{LOCK_KEY, SQLSTATE_HISTORY_CHANGED, SQLSTATE_LOCKED, SQLSTATE_PRESENT, TRANSACTION};
use super::names;
use super::session::{self, Session};
use crate::history::History;
use crate::migration::Version;
use crate::sql::name::quote_literal;

/// Whether the session holds the plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Plans {
    /// It is to hold none.
    #[default]
    Anew,
    /// To be made with the next step that asks for names, under that number.
    ToMake(u32),
    /// Made under that number.
    Made(u32),
}

impl Plans {
    /// A message that makes them was answered.
    #[must_use]
    pub fn answered(self) -> Plans {
        match self {
            Plans::ToMake(number) => Plans::Made(number),
            other => other,
        }
    }

    /// It failed: nobody knows how far it came.
    #[must_use]
    pub fn failed(self) -> Plans {
        match self {
            Plans::ToMake(number) => Plans::ToMake(number + 1),
            other => other,
        }
    }

    /// The session has lost them: they are made anew, under a number that it never knew.
    #[must_use]
    pub fn gone(self) -> Plans {
        match self {
            Plans::Made(number) | Plans::ToMake(number) => Plans::ToMake(number + 1),
            Plans::Anew => Plans::Anew,
        }
    }

    /// Whether a failure says that the session holds other prepared statements than it should: a script may take away
    /// all of them, and a pooler that does not show may have changed the session.
    pub fn is_astray(self, failure: &Failure) -> bool {
        let states = [
            SqlState::INVALID_SQL_STATEMENT_NAME,
            SqlState::DUPLICATE_PSTATEMENT,
        ];
        self != Plans::Anew
            && failure.stage != Stage::Script
            && states.iter().any(|state| failure.error.is(state))
    }
}

/// Makes the plans under a number, and asks about what stands at these paths, an array's literal, for the first time.
pub fn make(batch: &mut Batch, session: &Session, history: &History, number: u32, paths: &str) {
    let mut prepare = |name: &str, types: &str, sql: &str| {
        let statement = format!("PREPARE {} {types} AS {sql}", called(name, number));
        batch.one(Stage::After, &statement);
    };
    let settings = session.settings_calls(&[]);
    prepare("begin", "", &format!("SELECT {settings}, {}", lock_call()));
    prepare("look", "(int8, text, text[], text)", &look_sql(history));
    let settings = session.settings_calls(&Session::TIMEOUTS);
    prepare(
        "settle",
        "(text[])",
        &format!("SELECT {settings}, {}", names::made_call("$1")),
    );
    prepare("record", &history::record_types(), &history::record_sql(history));
    let asked = names::relations_sql(session.version_num());
    prepare("names", "", &asked.join("\nunion all\n"));
    let set = |value: &str| {
        session::BY_INDEX
            .map(|(name, _)| format!("pg_catalog.set_config('{name}', {value}, true)"))
            .join(", ")
    };
    let made = names::made_call(paths);
    batch
        .one(Stage::After, &format!("SELECT {made}, {}", set("'off'")))
        .one(Stage::After, &names_call(number))
        .one(Stage::After, &format!("SELECT {}", set("NULL")));
}

fn called(name: &str, number: u32) -> String {
    format!("pgplumb_{name}_{number}")
}

/// Takes the runner's lock for the transaction, and leaves word whether it could.
fn lock_call() -> String {
    format!(
        "pg_catalog.set_config('{TRANSACTION}', CASE WHEN pg_catalog.pg_try_advisory_xact_lock({LOCK_KEY}) \
         THEN 'locked' ELSE 'taken' END, true)"
    )
}

/// Looks whether everything is as planned, and signs the transaction; else its row tells what is not. A statement of its
/// own behind the lock, so that it sees what the one who held it has done.
fn look_sql(history: &History) -> String {
    format!(
        "SELECT CASE WHEN pg_catalog.current_setting('{TRANSACTION}') <> 'locked' THEN '{SQLSTATE_LOCKED}' \
         WHEN (SELECT pg_catalog.max(version) FROM {}) IS DISTINCT FROM $1 \
         OR NOT coalesce((SELECT run FROM {} ORDER BY id DESC LIMIT 1) = $2, false) THEN '{SQLSTATE_HISTORY_CHANGED}' \
         WHEN EXISTS (SELECT FROM pg_catalog.unnest($3) AS path WHERE pg_catalog.to_regclass(path) IS NOT NULL) \
         THEN '{SQLSTATE_PRESENT}' ELSE pg_catalog.set_config('{TRANSACTION}', $4, true) END AS pgplumb_turn",
        history.table(),
        history.journal()
    )
}

/// Sets what meaning depends on, and takes the lock.
pub fn begin_call(number: u32) -> String {
    format!("EXECUTE {}", called("begin", number))
}

/// Looks for the newest version, for the newest row of the journal to be of the run, and for nothing to stand at the
/// paths, an array's literal; then signs the transaction with the token. [`refusal`] reads the answer.
pub fn look_call(number: u32, newest: Option<Version>, run: &str, paths: &str, token: &str) -> String {
    format!(
        "EXECUTE {} ({}, {}, {paths}, {})",
        called("look", number),
        newest.map_or("NULL".to_string(), |version| version.number().to_string()),
        quote_literal(run),
        quote_literal(token),
    )
}

/// Why the transaction of [`look_call`] was not signed with the token.
pub fn refusal(reply: &Reply) -> Option<Failure> {
    let turn = reply.rows(Stage::Lock).next()?;
    let told = turn.try_get("pgplumb_turn").ok().flatten()?;
    let message = match told {
        SQLSTATE_LOCKED => "another runner holds the lock",
        SQLSTATE_HISTORY_CHANGED => "the history changed",
        SQLSTATE_PRESENT => "an object of the script is there already",
        _ => return None,
    };
    Some(Failure {
        stage: Stage::Lock,
        ..Failure::of(Error::Server(Box::new(ServerError::raised(told, message))))
    })
}

/// Brings the settings back, and leaves word of the paths, an array's literal, that [`names_call`] asks about.
pub fn settle_call(number: u32, paths: &str) -> String {
    format!("EXECUTE {} ({paths})", called("settle", number))
}

/// Asks for names, see [`names::decode`].
pub fn names_call(number: u32) -> String {
    format!("EXECUTE {}", called("names", number))
}

/// Records a migration as applied, in the history and in the journal.
pub fn record_call(number: u32, applied_on: &str, checksum: u64, row: &JournalRow<'_>) -> String {
    format!(
        "EXECUTE {} ({})",
        called("record", number),
        history::record_values(applied_on, checksum, row)
    )
}
