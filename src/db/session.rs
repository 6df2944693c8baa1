//! A connection in use: the settings of every transaction, and the conversations that the verbs hold. Behind a
//! transaction pooler no state of the session is relied upon; plans are kept where the session is its own.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use tokio_postgres::Client;
use tokio_postgres::error::{DbError, SqlState};

use super::batch::{Batch, Failure, Reply, Stage};
use super::connect::Connection;
use super::constraints;
use super::error::Error;
use super::history::{self, Extent, Reading};
use super::plans::{self, Plans};
use super::restore;
use crate::migration::directives::Written;
use crate::migration::{Directives, Leaves, Timeout};
use crate::sql::name::quote_literal;

/// Timeouts and role of the transactions, from configuration and directives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    pub lock_timeout: Option<Timeout>,
    pub statement_timeout: Option<Timeout>,
    pub idle_in_transaction_session_timeout: Option<Timeout>,
    /// `SET LOCAL ROLE` at the beginning of every transaction.
    pub role: Option<String>,
}

impl Settings {
    /// The same with what a script's directives say.
    pub fn with_directives(&self, directives: &Directives) -> Settings {
        Settings {
            lock_timeout: directives
                .lock_timeout
                .as_ref()
                .map(|written| written.value)
                .or(self.lock_timeout),
            statement_timeout: directives
                .statement_timeout
                .as_ref()
                .map(|written| written.value)
                .or(self.statement_timeout),
            ..self.clone()
        }
    }

    /// One statement that sets everything that meaning depends on, for the transaction. `search_path` is the
    /// connection's own: a script finds the names that psql would find.
    fn sql(&self, search_path: Option<&str>) -> String {
        self.calls(search_path, true, &[])
    }

    /// The same for the session, or for the transaction when `is_local`; after `defaults` got the values that the
    /// session began with.
    fn calls(&self, search_path: Option<&str>, is_local: bool, defaults: &[&str]) -> String {
        format!("SELECT {}", self.values(search_path, is_local, defaults))
    }

    fn values(&self, search_path: Option<&str>, is_local: bool, defaults: &[&str]) -> String {
        let mut values = vec![
            ("TimeZone", "UTC".to_string()),
            ("DateStyle", "ISO, MDY".to_string()),
            ("IntervalStyle", "postgres".to_string()),
        ];
        let millis = |value: Timeout| format!("{}ms", value.as_millis());
        values.extend(self.lock_timeout.map(|value| ("lock_timeout", millis(value))));
        values.extend(
            self.statement_timeout
                .map(|value| ("statement_timeout", millis(value))),
        );
        values.extend(
            self.idle_in_transaction_session_timeout
                .map(|value| ("idle_in_transaction_session_timeout", millis(value))),
        );
        values.extend(search_path.map(|path| ("search_path", path.to_string())));
        values.extend(self.role.clone().map(|role| ("role", role)));
        let defaults = defaults
            .iter()
            .map(|name| format!("pg_catalog.set_config('{name}', NULL, {is_local})"));
        let values = values.iter().map(|(name, value)| {
            format!(
                "pg_catalog.set_config('{name}', {}, {is_local})",
                quote_literal(value)
            )
        });
        let calls: Vec<String> = defaults.chain(values).collect();
        calls.join(", ")
    }
}

/// What other clients of a transaction pooler may have left on the server's session, and changes what a script means or
/// whether it may run. Timeouts and role are ours to set again.
const LEAKED: [&str; 14] = [
    "statement_timeout",
    "idle_in_transaction_session_timeout",
    "role",
    "search_path",
    "default_transaction_read_only",
    "standard_conforming_strings",
    "check_function_bodies",
    "row_security",
    "default_tablespace",
    "default_table_access_method",
    "transform_null_equals",
    "array_nulls",
    "xmloption",
    "quote_all_identifiers",
];

/// Deferred constraints, now.
const FIRE: &str = "SET CONSTRAINTS ALL IMMEDIATE";

/// A script may have become somebody else; behind a pooler others may.
const OWN_USER: &str = "SET LOCAL SESSION AUTHORIZATION DEFAULT";

/// While anything is read: the server prints constants, numbers and names by these, whatever role, database or script say.
const PRINTED: [(&str, &str); 5] = [
    ("standard_conforming_strings", "on"),
    ("extra_float_digits", "1"),
    ("quote_all_identifiers", "off"),
    ("bytea_output", "hex"),
    ("lc_monetary", "C"),
];

/// What a text of SQL means and how its values are printed hangs on these. Texts of check files mean one thing, whatever
/// role, database or connection say.
pub(super) const MEANING: [(&str, &str); 14] = [
    PRINTED[0],
    PRINTED[1],
    PRINTED[2],
    PRINTED[3],
    PRINTED[4],
    ("TimeZone", "UTC"),
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("timezone_abbreviations", "Default"),
    ("transform_null_equals", "off"),
    ("array_nulls", "on"),
    ("backslash_quote", "safe_encoding"),
    ("xmloption", "content"),
    ("xmlbinary", "base64"),
];

/// While a few objects are read: looking for better plans takes longer than the worse ones do.
const FOR_FEW: [(&str, &str); 3] = [
    ("join_collapse_limit", "1"),
    ("from_collapse_limit", "1"),
    ("enable_mergejoin", "off"),
];

/// While many are read: compiling takes longer than the queries do, the catalog is in memory, and what is read begins
/// with what is wanted.
const FOR_MANY: [(&str, &str); 7] = [
    FOR_FEW[0],
    FOR_FEW[1],
    FOR_FEW[2],
    ("jit", "off"),
    ("work_mem", "32MB"),
    ("random_page_cost", "1.1"),
    ("max_parallel_workers_per_gather", "0"),
];

/// While relations are looked for by oid or name. A plan that is made while the catalog is small and kept would read that
/// whole each time: at 1,000 tables that takes 15 times as long.
pub(super) const BY_INDEX: [(&str, &str); 2] = [("enable_seqscan", "off"), ("enable_bitmapscan", "off")];

/// A connection with what is known of the database.
pub struct Session {
    connection: Connection,
    pub settings: Settings,
    /// The connection's own search_path, once the history was read.
    search_path: Option<String>,
    /// Whether a pooler stands between, once the history was read.
    is_pooled: bool,
    is_standby: bool,
    /// What a pooler's session had, at the beginning of the open transaction, that a ROLLBACK does not bring back.
    outliving: Mutex<Option<String>>,
    /// Whether it holds the plans of what a run says at every step.
    pub plans: Plans,
}

impl Session {
    pub fn new(connection: Connection, settings: Settings) -> Session {
        Session {
            connection,
            settings,
            search_path: None,
            is_pooled: false,
            is_standby: false,
            outliving: Mutex::default(),
            plans: Plans::default(),
        }
    }

    pub fn client(&self) -> &Client {
        &self.connection.client
    }

    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// As the server counts: 150018 is 15.18.
    pub fn version_num(&self) -> u32 {
        self.connection.server.version_num
    }

    /// The connection's own search_path, once the history was read.
    pub fn search_path(&self) -> Option<&str> {
        self.search_path.as_deref()
    }

    /// What kind of pooler stands between, when there is one: it gives the login a number of its own, and the
    /// process that answers has another.
    pub fn pooler(&self, reading: &Reading) -> Option<String> {
        let server = &self.connection.server;
        let is_other = server.process_id.is_some_and(|told| told != reading.pid);
        is_other.then(|| "transaction or session pooler".to_string())
    }

    /// Whether a pooler stands between, as far as is known: the history tells.
    pub fn is_pooled(&self) -> bool {
        self.is_pooled
    }

    /// BEGIN and the settings of the transaction.
    pub fn begin(&self, batch: &mut Batch, mode: &str, settings: &Settings) {
        self.begin_for(batch, mode, settings, None);
    }

    /// The same for a script, with which others may share the transaction: of a pooler's session is remembered what they
    /// may change in secret, for [`forget`](Session::forget).
    pub fn begin_script(&self, batch: &mut Batch, leaves: &Leaves, is_shared: bool) {
        let remembered = Some(leaves).filter(|leaves| leaves.secret || leaves.prepared || is_shared);
        self.begin_for(batch, "", &self.settings, remembered);
    }

    fn begin_for(&self, batch: &mut Batch, mode: &str, settings: &Settings, leaves: Option<&Leaves>) {
        let path = self.search_path.as_deref();
        // a look behind the lock has to see what the one who held it has done
        let isolation = if mode.contains("ISOLATION") {
            ""
        } else {
            "ISOLATION LEVEL READ COMMITTED"
        };
        if !self.is_pooled {
            batch.one(Stage::Begin, &format!("BEGIN {isolation} {mode}"));
            batch.one(Stage::Begin, &settings.sql(path));
            return;
        }
        // nothing but a standby refuses to hear that
        let access = if mode.contains("READ ONLY") || self.is_standby {
            ""
        } else {
            "READ WRITE"
        };
        batch.one(Stage::Begin, &format!("BEGIN {isolation} {mode} {access}"));
        if let Some(leaves) = leaves {
            batch.one(Stage::Begin, &restore::remember_sql(&leaves.words));
        }
        batch.one(Stage::Begin, OWN_USER);
        batch.one(Stage::Begin, &settings.calls(path, true, &LEAKED));
    }

    /// Takes note of what the answer to [`begin_script`](Session::begin_script) says, for the case that the transaction is
    /// rolled back.
    pub fn has_begun(&self, answer: &Reply) {
        if let Some(outliving) = restore::outliving(answer) {
            self.note_outliving(Some(outliving));
        }
    }

    /// That transaction is committed, and its session may be that of others.
    pub fn has_committed(&self) {
        self.note_outliving(None);
    }

    fn note_outliving(&self, outliving: Option<String>) -> Option<String> {
        let mut noted = self.outliving.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut noted, outliving)
    }

    /// The settings of the transaction once more, where it goes on with another script: behind the last one a pooler's session
    /// is again as others left it.
    pub fn begin_within(&self, batch: &mut Batch, leaves: &Leaves) {
        let path = self.search_path.as_deref();
        if self.is_pooled {
            if leaves.secret {
                batch.one(Stage::Begin, &restore::look_at_sql(&leaves.words));
            }
            batch.one(Stage::Begin, OWN_USER);
            batch.one(Stage::Begin, &self.settings.calls(path, true, &LEAKED));
        } else {
            batch.one(Stage::Begin, &self.settings.sql(path));
        }
    }

    /// The same and the runner's lock, where that was planned.
    pub fn begin_planned(&self, batch: &mut Batch, number: u32) {
        batch
            .one(Stage::Begin, "BEGIN ISOLATION LEVEL READ COMMITTED")
            .one(Stage::Begin, &plans::begin_call(number));
    }

    /// The timeouts that a script asks for, until [`settle`](Session::settle).
    pub fn direct(&self, batch: &mut Batch, directives: &Directives) {
        Self::set_timeouts(
            batch,
            &[
                ("lock_timeout", &directives.lock_timeout),
                ("statement_timeout", &directives.statement_timeout),
            ],
        );
    }

    /// How long the script lets its tables be waited for: they are read before it, too.
    pub fn direct_locks(&self, batch: &mut Batch, directives: &Directives) {
        Self::set_timeouts(batch, &[("lock_timeout", &directives.lock_timeout)]);
    }

    fn set_timeouts(batch: &mut Batch, timeouts: &[(&str, &Option<Written<Timeout>>)]) {
        let calls: Vec<String> = timeouts
            .iter()
            .filter_map(|(name, written)| {
                let millis = written.as_ref()?.value.as_millis();
                Some(format!("pg_catalog.set_config('{name}', '{millis}ms', true)"))
            })
            .collect();
        if !calls.is_empty() {
            batch.one(Stage::Guard, &format!("SELECT {}", calls.join(", ")));
        }
    }

    /// Lets no user, role or setting that a script left in the session reach the next one, which may run in a session of
    /// its own another time. It comes right before COMMIT: behind it, it would be of the next transaction, and be taken
    /// back with that. A pooler's session is not ours: of that, what the script itself says that it changes, and what is
    /// otherwise than [`begin_script`](Session::begin_script) found it.
    pub fn forget(&self, batch: &mut Batch, leaves: &Leaves) {
        if !self.is_pooled {
            batch.one(Stage::Record, "RESET SESSION AUTHORIZATION");
            batch.one(Stage::Record, "RESET ALL");
            Self::end(batch, leaves);
            return;
        }
        if leaves.acts {
            batch.one(Stage::Record, "RESET SESSION AUTHORIZATION");
        }
        for name in &leaves.settings {
            batch.one(Stage::Record, &format!("RESET {name}"));
        }
        for name in &leaves.names {
            batch.one(Stage::Record, &format!("DEALLOCATE {name}"));
        }
        if leaves.secret {
            batch.one(Stage::Record, &restore::restore_sql(&LEAKED));
        }
    }

    /// What neither a transaction nor its settings end.
    fn end(batch: &mut Batch, leaves: &Leaves) {
        if leaves.prepared {
            batch.one(Stage::Record, "DEALLOCATE ALL");
        }
        if leaves.locks {
            batch.one(Stage::Record, "SELECT pg_catalog.pg_advisory_unlock_all()");
        }
        if leaves.listens {
            batch.one(Stage::Record, "UNLISTEN *");
        }
    }

    /// A script is about to run once more: what its rollback did not take back would be in its way.
    pub async fn clear(&mut self, leaves: &Leaves) {
        if leaves.prepared && !self.is_pooled {
            self.plans = self.plans.gone();
            let mut batch = Batch::new();
            batch.one(Stage::Query, "DEALLOCATE ALL");
            let _ = batch.run(self.client()).await;
        }
    }

    /// Leaves nothing in a session of its own that a script put there outside a transaction, but for its locks: one of
    /// them is the runner's.
    pub fn empty(&mut self, batch: &mut Batch, leaves: &Leaves) {
        // it may have made the session one that only reads
        batch
            .one(Stage::Query, "BEGIN READ WRITE")
            .one(Stage::Query, "CLOSE ALL")
            .one(Stage::Query, "RESET SESSION AUTHORIZATION")
            .one(Stage::Query, "RESET ALL")
            .one(Stage::Query, "DISCARD TEMP")
            .one(Stage::Query, "UNLISTEN *");
        if leaves.prepared {
            self.plans = self.plans.gone();
            batch.one(Stage::Query, "DEALLOCATE ALL");
        }
        batch.one(Stage::Query, "COMMIT");
    }

    /// The same of cursors and temporary objects. It comes before anything is judged: what hangs on them goes with them.
    pub fn drop_temporary(&self, batch: &mut Batch) {
        if !self.is_pooled {
            batch.one(Stage::Settle, "CLOSE ALL");
            batch.one(Stage::Settle, "DISCARD TEMP");
        }
    }

    /// For the length of the transaction the user and role of what is ours, whoever a script has become in the session.
    pub fn as_own_user(&self, batch: &mut Batch) {
        batch.one(Stage::Begin, OWN_USER);
        if let Some(role) = &self.settings.role {
            let call = format!(
                "SELECT pg_catalog.set_config('role', {}, true)",
                quote_literal(role)
            );
            batch.one(Stage::Begin, &call);
        }
    }

    /// The calls that give a text of a check file its one meaning, for the transaction.
    pub(super) fn meaning_calls() -> String {
        let calls = MEANING
            .iter()
            .map(|(name, value)| format!("pg_catalog.set_config('{name}', {}, true)", quote_literal(value)));
        calls.collect::<Vec<_>>().join(", ")
    }

    /// Gives the session what a transaction would get: for statements that run outside of one.
    pub fn prepare_alone(&self, batch: &mut Batch, settings: &Settings) {
        let calls = settings.calls(self.search_path.as_deref(), false, &[]);
        batch.one(Stage::Begin, &calls);
    }

    /// Brings back what a script may have changed: user, role, settings; and fires deferred constraints, so
    /// that their errors belong to the script.
    pub fn settle(&self, batch: &mut Batch) {
        batch.one(Stage::Settle, FIRE);
        self.bring_back(batch);
    }

    /// The same where that was planned; the plan for names asks about `paths`, an array's literal, then.
    pub fn settle_planned(&self, batch: &mut Batch, number: u32, paths: &str) {
        batch
            .one(Stage::Settle, FIRE)
            .one(Stage::Settle, OWN_USER)
            .one(Stage::Settle, &plans::settle_call(number, paths));
    }

    /// The same where the transaction goes on behind it: what waits for COMMIT waits again.
    pub fn settle_within(&self, batch: &mut Batch) {
        constraints::fire_within(batch);
        self.bring_back(batch);
    }

    /// Brings back what a script may have changed: user, role, settings.
    pub fn bring_back(&self, batch: &mut Batch) {
        batch.one(Stage::Settle, OWN_USER);
        batch.one(
            Stage::Settle,
            &format!("SELECT {}", self.settings_calls(&Self::TIMEOUTS)),
        );
    }

    /// A script's own are not for what is ours.
    pub(super) const TIMEOUTS: [&str; 3] = [
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
    ];

    /// The calls that set everything that meaning depends on, for the transaction, after `defaults` got the values that
    /// the session began with.
    pub(super) fn settings_calls(&self, defaults: &[&str]) -> String {
        self.settings.values(self.search_path.as_deref(), true, defaults)
    }

    /// Adds a reading of the catalog: only the server's own names are resolved bare while it lasts.
    pub fn read_catalog(&self, batch: &mut Batch, stage: Stage, sql: &str) {
        self.read_with(batch, stage, sql, &FOR_MANY);
    }

    /// The same of a few objects: the joins are made in the order in which they are written, for the search for a
    /// better one takes longer than the reading.
    pub fn read_few(&self, batch: &mut Batch, stage: Stage, sql: &str) {
        self.read_with(batch, stage, sql, &FOR_FEW);
    }

    /// The same of what each statement finds by an index, without joins.
    pub fn read_by_index(&self, batch: &mut Batch, stage: Stage, sql: &str) {
        self.read_with(batch, stage, sql, &BY_INDEX);
    }

    /// A reading with these settings while it lasts.
    fn read_with(&self, batch: &mut Batch, stage: Stage, sql: &str, settings: &[(&str, &str)]) {
        let select = |values: Vec<String>| format!("SELECT {}", values.join(", "));
        let set = |name: &str, value: &str| format!("pg_catalog.set_config('{name}', {value}, true)");
        let settings = || PRINTED.iter().chain(settings);
        let before = settings().map(|(name, value)| set(name, &quote_literal(value)));
        let mut before: Vec<String> = before.collect();
        before.push("pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)".to_string());
        batch.one(stage, &select(before));
        batch.many(stage, sql);
        // NULL is the value that the session began with
        let mut behind: Vec<String> = settings().map(|(name, _)| set(name, "NULL")).collect();
        behind.extend(self.search_path.as_ref().map(|path| {
            format!(
                "pg_catalog.set_config('search_path', {}, true)",
                quote_literal(path)
            )
        }));
        if !behind.is_empty() {
            batch.one(stage, &select(behind));
        }
    }

    /// Adds the statements that read the history, as the connection's own role and on its own search_path.
    pub fn read_history(&self, batch: &mut Batch) {
        self.read_extent(batch, Extent::Rows);
    }

    fn read_extent(&self, batch: &mut Batch, extent: Extent) {
        // behind a pooler others may have left something: what the session began with is the connection's own
        batch.one(Stage::Begin, OWN_USER);
        let role = self
            .settings
            .role
            .as_deref()
            .map_or("NULL".to_string(), quote_literal);
        batch.one(
            Stage::Begin,
            &format!(
                "SELECT pg_catalog.set_config('search_path', NULL, true), pg_catalog.set_config('statement_timeout', \
                 NULL, true), pg_catalog.set_config('role', NULL, true), pg_catalog.set_config('role', {role}, true)"
            ),
        );
        for statement in history::read_sql(extent) {
            batch.one(Stage::Query, &statement);
        }
    }

    /// Decodes the answer of [`read_history`](Session::read_history), and remembers the search_path.
    pub fn history_of(&mut self, reply: &Reply) -> Result<Reading, Error> {
        self.reading_of(reply, Extent::Rows)
    }

    fn reading_of(&mut self, reply: &Reply, extent: Extent) -> Result<Reading, Error> {
        let mut reading = history::decode(reply, extent)?;
        self.is_pooled = self.pooler(&reading).is_some();
        self.is_standby = reading.standby;
        if self.is_pooled && !reading.search_path.contains("pg_temp") {
            // temporary tables that others left come last
            reading.search_path.push_str(if reading.search_path.is_empty() {
                "pg_temp"
            } else {
                ", pg_temp"
            });
        }
        self.search_path = Some(reading.search_path.clone());
        Ok(reading)
    }

    /// Reads the history in a transaction of its own, which writes nothing: one round trip.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses or is lost.
    pub async fn load_history(&mut self, extent: Extent) -> Result<Reading, Failure> {
        let mut batch = Batch::new();
        batch.one(Stage::Begin, "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY");
        self.read_extent(&mut batch, extent);
        batch.one(Stage::Query, "ROLLBACK");
        let reply = match batch.run(self.client()).await {
            Ok(reply) => reply,
            Err(failure) => {
                self.rollback().await;
                return Err(failure);
            }
        };
        self.reading_of(&reply, extent).map_err(Failure::of)
    }

    /// Begins a transaction in which everything is read from one snapshot, and asks for the history in it. What else is
    /// asked can follow before the answer, which is for [`snapshot_of`](Session::snapshot_of).
    pub fn begin_snapshot(&self, batch: &mut Batch) {
        self.begin(batch, "ISOLATION LEVEL REPEATABLE READ", &self.settings);
        self.read_extent(batch, Extent::Rows);
    }

    /// The history that the answer tells; `None` where it tells of a pooler that was not known: what others left there ends
    /// where a transaction begins that knows of it.
    ///
    /// # Errors
    /// [`Failure`] when it is not what was asked for.
    pub fn snapshot_of(&mut self, answer: &Reply) -> Result<Option<Reading>, Failure> {
        let was_pooled = self.is_pooled;
        let reading = self.reading_of(answer, Extent::Rows).map_err(Failure::of)?;
        Ok((was_pooled || !self.is_pooled).then_some(reading))
    }

    /// The next notice that came meanwhile, when there is one.
    pub fn next_notice(&mut self) -> Option<DbError> {
        self.connection.notices.try_recv().ok()
    }

    /// Asks the server to cancel the running statement; whether it did shows at the statement.
    pub async fn cancel(&self) {
        if let Err(error) = self.connection.canceller().cancel().await {
            tracing::warn!(
                "the running statement could not be cancelled: {}",
                error.message()
            );
        }
    }

    /// Ends the session.
    pub async fn close(self) {
        self.connection.close().await;
    }

    /// Ends whatever transaction is open, and behind a pooler lets go of what its script leaves there. A connection that is
    /// lost has none.
    pub async fn rollback(&self) {
        let client = &self.connection.client;
        if let Some(outliving) = self.note_outliving(None) {
            match client.batch_execute(&restore::release_sql(&outliving)).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!("what the script left in the pooler's session stays there: {error}")
                }
            }
        }
        let _ = client.batch_execute("ROLLBACK").await;
    }

    /// Ends the session and whatever transaction is open. A server rolls back what is left open, and nobody waits for its
    /// answer; a pooler would throw away a connection that is left so.
    pub async fn leave(self) {
        if self.is_pooled {
            self.rollback().await;
        }
        self.connection.close().await;
    }
}

/// Who holds a lock on a table that a script wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Blocker {
    pub pid: i32,
    pub user: String,
    pub application: String,
    /// The table, with its schema.
    pub relation: String,
    /// `AccessShareLock`, ….
    pub mode: String,
    /// How long its transaction has been open, in seconds.
    pub seconds: f64,
    /// The statement that it runs or ran last, shortened.
    pub query: String,
}

impl std::fmt::Display for Blocker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "pid {} (user {}, application {:?}) has held {} on {} for {:.1} s: {}",
            self.pid, self.user, self.application, self.mode, self.relation, self.seconds, self.query
        )
    }
}

impl Session {
    /// Who holds locks on these relations now, longest first. Empty when they are free, or cannot be seen.
    pub async fn blockers(&self, relations: &BTreeSet<(String, String)>) -> Vec<Blocker> {
        if relations.is_empty() {
            return Vec::new();
        }
        let wanted: Vec<String> = relations
            .iter()
            .map(|(schema, name)| format!("({}, {})", quote_literal(schema), quote_literal(name)))
            .collect();
        let sql = format!(
            "SELECT a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''), \
             pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), l.mode, \
             coalesce(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start), 0), \
             coalesce(pg_catalog.regexp_replace(pg_catalog.left(a.query, 120), '[[:space:]]+', ' ', 'g'), '') \
             FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
             WHERE l.granted AND l.pid <> pg_catalog.pg_backend_pid() \
             AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) \
             AND (n.nspname, c.relname) IN ({}) ORDER BY 6 DESC LIMIT 5",
            wanted.join(", ")
        );
        let mut batch = Batch::new();
        batch.one(Stage::Query, &sql);
        let Ok(reply) = batch.run(self.client()).await else {
            return Vec::new();
        };
        let blocker = |row: &tokio_postgres::SimpleQueryRow| {
            let text = |index: usize| row.get(index).unwrap_or("").to_string();
            Some(Blocker {
                pid: text(0).parse().ok()?,
                user: text(1),
                application: text(2),
                relation: text(3),
                mode: text(4),
                seconds: text(5).parse().ok()?,
                query: text(6),
            })
        };
        reply.rows(Stage::Query).filter_map(blocker).collect()
    }
}

/// Whether a failure means that the whole transaction may be tried again later.
pub fn is_lock_timeout(failure: &Failure) -> bool {
    failure.error.is(&SqlState::LOCK_NOT_AVAILABLE)
}
