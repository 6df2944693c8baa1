//! The runner's lock: one runner at a time, within its transaction, and only while the history is as it was planned for.

use super::batch::{Batch, Stage};
use super::history;
pub use super::restore::LOCK_KEY;
use super::session::Session;
use crate::history::History;
use crate::migration::{Version, Width};
use crate::sql::name::{do_block, quote_literal};

/// The setting of a transaction that holds the token which it was signed with.
pub(super) const TRANSACTION: &str = "pgplumb.transaction";

/// Raised when another runner holds the lock.
pub const SQLSTATE_LOCKED: &str = "PGP01";
/// Raised when the history is no longer what the plan was made from.
pub const SQLSTATE_HISTORY_CHANGED: &str = "PGP02";
/// Raised when something is there already that the step is to make.
pub const SQLSTATE_PRESENT: &str = "PGP04";
/// Raised when a message arrives outside the transaction that it was made for.
pub const SQLSTATE_LOST_TRANSACTION: &str = "PGP03";

/// What a step's transaction expects to find, so that nobody else has moved on since the plan was made.
#[derive(Debug, Clone)]
pub struct Expectation<'a> {
    pub history: &'a History,
    /// Newest recorded version, before this step.
    pub newest: Option<Version>,
    /// The version that the step is about, and whether it must be recorded already.
    pub version: Version,
    pub recorded: bool,
    /// The journal's newest row: written by this very run, or the one that was there when the plan was made.
    pub journal: Newest<'a>,
    /// Width of a history table that has to be created.
    pub width: Width,
    /// What must not be there yet, as a condition that finds it.
    pub present: Option<&'a str>,
    /// Names the transaction, for [`guard_sql`].
    pub token: &'a str,
}

/// The newest row that the journal must have.
#[derive(Debug, Clone, Copy)]
pub enum Newest<'a> {
    Id(Option<i64>),
    Run(&'a str),
}

/// One statement: take the runner's lock or fail, make the tables when they are not there, look whether the
/// history is as planned, and sign the transaction.
pub fn lock_sql(expect: &Expectation<'_>) -> String {
    let newest = expect
        .newest
        .map_or("NULL".to_string(), |version| version.number().to_string());
    let journal_ok = match expect.journal {
        Newest::Id(None) => format!("NOT EXISTS (SELECT FROM {})", expect.history.journal()),
        Newest::Id(Some(id)) => {
            format!(
                "(SELECT pg_catalog.max(id) FROM {}) = {id}",
                expect.history.journal()
            )
        }
        Newest::Run(run) => format!(
            "(SELECT run FROM {} ORDER BY id DESC LIMIT 1) = {}",
            expect.history.journal(),
            quote_literal(run)
        ),
    };
    let present = expect.present.map_or_else(String::new, |present| {
        format!(
            "    IF {present} THEN\n        RAISE EXCEPTION 'an object of the script is there already' \
             USING ERRCODE = '{SQLSTATE_PRESENT}';\n    END IF;\n"
        )
    });
    let version = expect.version.number();
    let table = expect.history.table();
    let is_recorded = match (expect.recorded, expect.newest) {
        (true, _) => format!("\n       OR NOT EXISTS (SELECT FROM {table} WHERE version = {version})"),
        // none is newer than the newest
        (false, newest) if newest.is_none_or(|newest| newest < expect.version) => String::new(),
        (false, _) => format!("\n       OR EXISTS (SELECT FROM {table} WHERE version = {version})"),
    };
    // a run sees to the tables with its first step
    let create = match expect.journal {
        Newest::Run(_) => String::new(),
        Newest::Id(_) => format!(
            "    IF pg_catalog.to_regclass({}) IS NULL THEN\n        {};\n    END IF;\n\
             \x20   IF pg_catalog.to_regclass({}) IS NULL THEN\n        {};\n    ELSE\n        {}\n    END IF;\n",
            quote_literal(&table),
            history::create_history_sql(expect.history, expect.width),
            quote_literal(&expect.history.journal()),
            history::create_journal_sql(expect.history),
            history::renumber_sql(expect.history),
        ),
    };
    do_block(&format!(
        "BEGIN\n\
         \x20   IF NOT pg_catalog.pg_try_advisory_xact_lock({LOCK_KEY}) THEN\n\
         \x20       RAISE EXCEPTION 'another runner holds the lock' USING ERRCODE = '{SQLSTATE_LOCKED}';\n\
         \x20   END IF;\n\
         {create}\
         \x20   IF (SELECT pg_catalog.max(version) FROM {table}) IS DISTINCT FROM {newest}{is_recorded}\n\
         \x20      OR NOT coalesce({journal_ok}, false) THEN\n\
         \x20       RAISE EXCEPTION 'the history changed' USING ERRCODE = '{SQLSTATE_HISTORY_CHANGED}';\n\
         \x20   END IF;\n\
         {present}\
         \x20   PERFORM pg_catalog.set_config('{TRANSACTION}', {token}, true);\n\
         END",
        token = quote_literal(expect.token),
    ))
}

/// One statement: take the runner's lock for the transaction, or fail.
pub fn lock_alone_sql() -> String {
    do_block(&format!(
        "BEGIN IF NOT pg_catalog.pg_try_advisory_xact_lock({LOCK_KEY}) THEN RAISE EXCEPTION \
         'another runner holds the lock' USING ERRCODE = '{SQLSTATE_LOCKED}', HINT = 'run the command again when it \
         is done'; END IF; END"
    ))
}

/// One statement that fails outside the transaction that [`lock_sql`] signed: a script is sent in a message of
/// its own, right behind, and must not run by itself when the one before it failed.
pub fn guard_sql(token: &str) -> String {
    do_block(&format!(
        "BEGIN IF pg_catalog.current_setting('{TRANSACTION}', true) IS DISTINCT FROM {} THEN \
         RAISE EXCEPTION 'this message belongs to another transaction' USING ERRCODE = \
         '{SQLSTATE_LOST_TRANSACTION}'; END IF; END",
        quote_literal(token)
    ))
}

/// Who holds the runner's lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub pid: i32,
    pub user: String,
    pub application: String,
    pub client: String,
    /// Since when its transaction runs, RFC 3339 in UTC.
    pub since: String,
}

impl Session {
    /// Whether nobody holds the runner's lock now; `None` when the server does not tell.
    pub async fn is_lock_free(&self) -> Option<bool> {
        let mut batch = Batch::new();
        let taken = format!("SELECT pg_catalog.pg_try_advisory_xact_lock({LOCK_KEY})");
        batch.one(Stage::Query, &taken);
        let reply = batch.run(self.client()).await.ok()?;
        Some(reply.rows(Stage::Query).next()?.get(0) == Some("t"))
    }

    /// Who holds the runner's lock now; `None` when it was released meanwhile, or cannot be seen.
    pub async fn lock_holder(&self) -> Option<Holder> {
        let sql = format!(
            "SELECT a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''), \
             coalesce(pg_catalog.host(a.client_addr), 'local'), \
             coalesce(pg_catalog.to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), '') \
             FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
             WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
             AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) \
             AND l.classid = {}::pg_catalog.oid AND l.objid = {}::pg_catalog.oid",
            LOCK_KEY >> 32,
            LOCK_KEY & 0xffff_ffff
        );
        let mut batch = Batch::new();
        batch.one(Stage::Query, &sql);
        let reply = batch.run(self.client()).await.ok()?;
        let row = reply.rows(Stage::Query).next()?;
        let text = |index: usize| row.get(index).unwrap_or("").to_string();
        Some(Holder {
            pid: text(0).parse().ok()?,
            user: text(1),
            application: text(2),
            client: text(3),
            since: text(4),
        })
    }
}
