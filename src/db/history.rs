//! Reading and writing the history table and the journal.
//!
//! Both are always addressed with their schema. Reading takes one statement although the tables may not
//! exist: a DO block looks and leaves what it found in a setting of the transaction.

use serde::Deserialize;
use tokio_postgres::{SimpleColumn, SimpleQueryRow};

use super::batch::{Reply, Stage};
use super::error::Error;
use crate::history::{Applied, HISTORY_TABLE, History, JOURNAL_TABLE, Repeated};
use crate::migration::{Version, Width};
use crate::sql::name::{do_block, quote_ident, quote_literal};

/// How much of the history is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Its rows, whose table has to be of refinery's shape.
    Rows,
    /// With them, from the journal, the newest run of each repeatable migration.
    Runs,
    /// Where it would be: a table of that name may be somebody else's, and then counts as none.
    Place,
}

/// Statements that read the history; the answer is for [`decode`]. They write nothing, so they run on a standby and in a
/// read-only transaction as well. The rows come from a cursor that the block opens: as one text they would take the server
/// twice as long.
pub fn read_sql(extent: Extent) -> Vec<String> {
    let rows = match extent {
        Extent::Rows | Extent::Runs => format!(
            "found := pg_catalog.format('SELECT version AS applied_version, name, applied_on, checksum \
             FROM %I.{HISTORY_TABLE} ORDER BY version', coalesce(elsewhere, home));"
        ),
        Extent::Place => String::new(),
    };
    let (runs, open_runs) = match extent {
        Extent::Runs => (
            format!(
                "ran := pg_catalog.replace({}, '{{journal}}', journal::text);",
                quote_literal(RUNS)
            ),
            "OPEN runs FOR EXECUTE ran;",
        ),
        Extent::Rows | Extent::Place => (String::new(), ""),
    };
    let find = format!(
        r#"DO $pgplumb$
DECLARE
    path pg_catalog.text := pg_catalog.current_setting('search_path');
    hides pg_catalog.text := pg_catalog.current_setting('row_security');
    schemas pg_catalog.name[] := pg_catalog.current_schemas(false);
    home pg_catalog.text := coalesce(pg_catalog.current_schema(), 'public');
    elsewhere pg_catalog.text;
    history pg_catalog.oid := pg_catalog.to_regclass(pg_catalog.format('%I.{HISTORY_TABLE}', home));
    journal pg_catalog.regclass := pg_catalog.to_regclass(pg_catalog.format('%I.{JOURNAL_TABLE}', home));
    width pg_catalog.text;
    applied pg_catalog.refcursor := '{CURSOR}';
    found pg_catalog.text := 'SELECT WHERE false';
    runs pg_catalog.refcursor := '{RUNS_CURSOR}';
    ran pg_catalog.text := 'SELECT WHERE false';
    newest pg_catalog.int8;
    is_foreign pg_catalog.bool := false;
BEGIN
    -- names and operators are the server's own, and no policy may hide a row in silence
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),
            pg_catalog.set_config('row_security', 'off', true);
    IF history IS NULL THEN
        FOREACH elsewhere IN ARRAY schemas LOOP
            history := to_regclass(format('%I.{HISTORY_TABLE}', elsewhere));
            EXIT WHEN history IS NOT NULL;
        END LOOP;
        IF history IS NULL THEN
            elsewhere := NULL;
        END IF;
    END IF;
    IF history IS NOT NULL THEN
        SELECT pg_catalog.format_type(atttypid, atttypmod) INTO width
          FROM pg_catalog.pg_attribute WHERE attrelid = history AND attname = 'version';
        SELECT pg_catalog.count(*) <> 4 INTO is_foreign FROM pg_catalog.pg_attribute
          JOIN pg_catalog.pg_class c ON c.oid = attrelid AND c.relkind IN ('r', 'p')
         WHERE attrelid = history AND attnum > 0 AND NOT attisdropped
           AND (attname IN ('name', 'applied_on', 'checksum')
                OR attname = 'version' AND atttypid IN ('int4'::pg_catalog.regtype, 'int8'::pg_catalog.regtype));
        IF NOT is_foreign THEN
            {rows}
        END IF;
    END IF;
    OPEN applied FOR EXECUTE found;
    IF journal IS NOT NULL THEN
        EXECUTE pg_catalog.format('SELECT pg_catalog.max(id) FROM %I.{JOURNAL_TABLE}', home) INTO newest;
        {runs}
    END IF;
    {open_runs}
    PERFORM pg_catalog.set_config('search_path', path, true), pg_catalog.set_config('row_security', hides, true),
        pg_catalog.set_config('pgplumb.history', pg_catalog.json_build_object(
        'schema', home, 'elsewhere', elsewhere, 'width', width, 'is_foreign', is_foreign,
        'has_journal', journal IS NOT NULL,
        'journal_id', newest, 'search_path', path, 'schemas', pg_catalog.to_json(schemas),
        'database', pg_catalog.current_database(), 'user', current_user,
        'pid', pg_catalog.pg_backend_pid(), 'standby', pg_catalog.pg_is_in_recovery(),
        'read_only', pg_catalog.current_setting('transaction_read_only') = 'on')::text, true);
END
$pgplumb$"#
    );
    let answer = "SELECT pg_catalog.current_setting('pgplumb.history') AS history".to_string();
    let mut statements = vec![find, answer, format!("FETCH ALL FROM {CURSOR}")];
    if extent == Extent::Runs {
        statements.push(format!("FETCH ALL FROM {RUNS_CURSOR}"));
    }
    statements
}

/// Stands on the rows of the history until its transaction ends.
const CURSOR: &str = "pgplumb_applied";

/// Stands on the newest runs of the repeatable migrations as long.
const RUNS_CURSOR: &str = "pgplumb_runs";

/// The newest successful run of each repeatable migration; whether a migration was taken back since.
const RUNS: &str = r#"SELECT DISTINCT ON (name COLLATE "C") name AS run_name,
    pg_catalog.to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), coalesce(sha256, ''),
    id < coalesce((SELECT pg_catalog.max(id) FROM {journal} WHERE action = 'rollback' AND outcome = 'done'), 0)
    FROM {journal} WHERE action = 'repeat' AND outcome = 'done' ORDER BY name COLLATE "C", id DESC"#;

/// What one reading of the history tells: the rows, and facts of the connection that come for free.
#[derive(Debug, Clone)]
pub struct Reading {
    pub history: History,
    /// The connection's search_path, as a script is to find it.
    pub search_path: String,
    /// The schemas of the search_path that exist, in order: where bare names are looked for.
    pub schemas: Vec<String>,
    pub database: String,
    pub user: String,
    /// The process that answered; behind a pooler not the one that the login spoke of.
    pub pid: i32,
    pub standby: bool,
    pub read_only: bool,
    /// Whether the table of that name is of another shape than refinery's.
    pub is_foreign: bool,
    /// Where there is no history, one of that name that stands further back on the search_path.
    pub elsewhere: Option<Elsewhere>,
}

/// A history that another schema of the search_path hides, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    pub schema: String,
    /// In order of version.
    pub applied: Vec<Applied>,
}

#[derive(Deserialize)]
struct Answer {
    schema: String,
    elsewhere: Option<String>,
    width: Option<String>,
    is_foreign: bool,
    has_journal: bool,
    journal_id: Option<i64>,
    search_path: String,
    schemas: Vec<String>,
    database: String,
    user: String,
    pid: i32,
    standby: bool,
    read_only: bool,
}

/// Decodes the rows of [`read_sql`] among those of an answer.
///
/// # Errors
/// [`Error::ForeignHistory`] when a table of that name is there that refinery could not have made.
pub fn decode(reply: &Reply, extent: Extent) -> Result<Reading, Error> {
    let mut answer = None;
    let (mut found, mut runs) = (Vec::new(), Vec::new());
    for row in reply.rows(Stage::Query) {
        match row.columns().first().map(SimpleColumn::name) {
            Some("history") => answer = row.get(0),
            Some("applied_version") => found.push(row),
            Some("run_name") => runs.push(row),
            _ => {}
        }
    }
    let answer = answer.ok_or_else(|| Error::Unexpected("no row for the history".to_string()))?;
    let unreadable =
        |error: serde_json::Error| Error::Unexpected(format!("the history could not be read: {error}"));
    let answer: Answer = serde_json::from_str(answer).map_err(unreadable)?;
    let table = format!("{}.{HISTORY_TABLE}", quote_ident(&answer.schema));
    let is_foreign = answer.is_foreign && answer.elsewhere.is_none();
    if is_foreign && extent != Extent::Place {
        return Err(Error::ForeignHistory(table));
    }
    let width = match answer.width.as_deref().filter(|_| answer.elsewhere.is_none()) {
        Some("integer") => Some(Width::Int4),
        Some("bigint") => Some(Width::Int8),
        _ => None,
    };
    let mut applied = Vec::with_capacity(found.len());
    for row in found {
        let text = |column: usize| row.get(column).unwrap_or_default();
        let version = text(0);
        let version = version.parse::<Version>().map_err(|_| {
            Error::Unexpected(format!(
                "{table} holds the version {version}, which is no version"
            ))
        })?;
        applied.push(Applied {
            version,
            name: text(1).to_string(),
            applied_on: text(2).to_string(),
            checksum: text(3).to_string(),
        });
    }
    let elsewhere = answer.elsewhere.map(|schema| Elsewhere {
        schema,
        applied: std::mem::take(&mut applied),
    });
    Ok(Reading {
        elsewhere,
        history: History {
            schema: answer.schema,
            width,
            applied,
            repeated: runs.into_iter().enumerate().map(repeated).collect(),
            journal_id: answer.journal_id,
            has_journal: answer.has_journal,
        },
        search_path: answer.search_path,
        schemas: answer.schemas,
        database: answer.database,
        user: answer.user,
        pid: answer.pid,
        standby: answer.standby,
        read_only: answer.read_only,
        is_foreign,
    })
}

/// Creates the history table, in refinery's own form, unless it is there.
pub fn create_history_sql(history: &History, width: Width) -> String {
    let kind = match width {
        Width::Int4 => "int4",
        Width::Int8 => "int8",
    };
    format!(
        "CREATE TABLE {} (version {kind} PRIMARY KEY, name varchar(255), applied_on varchar(255), \
         checksum varchar(255))",
        history.table()
    )
}

/// Creates the journal unless it is there.
pub fn create_journal_sql(history: &History) -> String {
    format!(
        "CREATE TABLE {} (\n\
         \x20   id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n\
         \x20   at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),\n\
         \x20   run text NOT NULL,\n\
         \x20   action text NOT NULL,\n\
         \x20   version bigint NOT NULL,\n\
         \x20   name text NOT NULL,\n\
         \x20   outcome text NOT NULL,\n\
         \x20   verdict text,\n\
         \x20   duration_ms numeric,\n\
         \x20   sha256 text,\n\
         \x20   artifacts jsonb,\n\
         \x20   message text,\n\
         \x20   login text NOT NULL DEFAULT session_user,\n\
         \x20   role text NOT NULL DEFAULT current_user,\n\
         \x20   client text,\n\
         \x20   address inet DEFAULT pg_catalog.inet_client_addr(),\n\
         \x20   tool text NOT NULL)",
        history.journal()
    )
}

/// Makes the journal where there is none, and sees to its numbers where there is one.
pub fn ensure_journal_sql(history: &History) -> String {
    do_block(&format!(
        "BEGIN IF pg_catalog.to_regclass({}) IS NULL THEN {}; ELSE {} END IF; END",
        quote_literal(&history.journal()),
        create_journal_sql(history),
        renumber_sql(history)
    ))
}

/// A statement of a block: the numbers of the journal go on behind its newest row. They fall back behind rows in a crash
/// with `wal_level = minimal`, or soon after the database was copied, and are not replicated with the rows. None is given
/// twice, whoever draws at the same time; who may not draw by name leaves them as they are.
pub(super) fn renumber_sql(history: &History) -> String {
    let journal = history.journal();
    format!(
        "DECLARE numbers pg_catalog.regclass := pg_catalog.pg_get_serial_sequence({}, 'id'); \
         newest pg_catalog.int8 := (SELECT pg_catalog.max(id) FROM {journal}); BEGIN \
         IF pg_catalog.has_sequence_privilege(numbers, 'USAGE') \
         AND coalesce(pg_catalog.pg_sequence_last_value(numbers), 0) OPERATOR(pg_catalog.<) newest THEN \
         PERFORM pg_catalog.nextval(numbers) FROM pg_catalog.generate_series(\
         coalesce(pg_catalog.pg_sequence_last_value(numbers), 0) OPERATOR(pg_catalog.+) 1, newest); END IF; END;",
        quote_literal(&journal),
    )
}

/// What goes into one row of the journal.
#[derive(Debug, Clone)]
pub struct JournalRow<'a> {
    /// Names the run; the same for all its rows.
    pub run: &'a str,
    /// `apply`, `rollback`, `baseline`, `repair`, or [`REPEAT`].
    pub action: &'static str,
    pub version: Version,
    pub name: &'a str,
    /// `done` or `failed`.
    pub outcome: &'static str,
    /// `approved`, `not_approved` or `not_verified`.
    pub verdict: Option<&'static str>,
    pub duration_ms: f64,
    /// Of the script that ran, hexadecimal.
    pub sha256: String,
    /// JSON object of arrays of names, by kind.
    pub artifacts: String,
    pub message: Option<String>,
    /// Operating-system user and host.
    pub client: &'a str,
}

/// The columns of the journal that a run fills, in the order of [`journal_values`].
const JOURNAL_COLUMNS: &str =
    "run, action, version, name, outcome, verdict, duration_ms, sha256, artifacts, message, client, tool";

/// The types of these columns.
const JOURNAL_TYPES: &str = "text, text, int8, text, text, text, numeric, text, jsonb, text, text, text";

/// One statement that appends to the journal.
pub fn append_journal_sql(history: &History, row: &JournalRow<'_>) -> String {
    format!(
        "INSERT INTO {} ({JOURNAL_COLUMNS}) VALUES ({})",
        history.journal(),
        journal_values(row)
    )
}

/// The same, where the artifacts are an expression.
pub fn append_journal_with_sql(history: &History, row: &JournalRow<'_>, artifacts: &str) -> String {
    format!(
        "INSERT INTO {} ({JOURNAL_COLUMNS}) VALUES ({})",
        history.journal(),
        journal_values_with(row, artifacts)
    )
}

fn journal_values(row: &JournalRow<'_>) -> String {
    journal_values_with(row, &quote_literal(&row.artifacts))
}

fn journal_values_with(row: &JournalRow<'_>, artifacts: &str) -> String {
    format!(
        "{}, {}, {}, {}, {}, {}, {:.3}, {}, {}, {}, {}, {}",
        quote_literal(row.run),
        quote_literal(row.action),
        row.version.number(),
        quote_literal(row.name),
        quote_literal(row.outcome),
        or_null(row.verdict),
        row.duration_ms,
        quote_literal(&row.sha256),
        artifacts,
        or_null(row.message.as_deref()),
        quote_literal(row.client),
        quote_literal(TOOL),
    )
}

/// What the journal calls this program.
const TOOL: &str = concat!("pgplumb ", env!("CARGO_PKG_VERSION"));

fn or_null(value: Option<&str>) -> String {
    value.map_or_else(|| "NULL".to_string(), quote_literal)
}

/// One statement that records a migration as applied, as refinery writes it.
pub fn insert_history_sql(
    history: &History,
    version: Version,
    name: &str,
    applied_on: &str,
    checksum: u64,
) -> String {
    format!(
        "INSERT INTO {} (version, name, applied_on, checksum) VALUES ({}, {}, {}, '{checksum}')",
        history.table(),
        version.number(),
        quote_literal(name),
        quote_literal(applied_on),
    )
}

/// The types of the parameters of [`record_sql`].
pub fn record_types() -> String {
    format!("({JOURNAL_TYPES}, text, text)")
}

/// One statement that records a migration as applied in both tables, to be prepared.
pub fn record_sql(history: &History) -> String {
    format!(
        "WITH recorded AS (INSERT INTO {} (version, name, applied_on, checksum) VALUES ($3, $4, $13, $14)) \
         INSERT INTO {} ({JOURNAL_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        history.table(),
        history.journal()
    )
}

/// The values for [`record_sql`].
pub fn record_values(applied_on: &str, checksum: u64, row: &JournalRow<'_>) -> String {
    format!(
        "{}, {}, '{checksum}'",
        journal_values(row),
        quote_literal(applied_on)
    )
}

/// One statement that takes a migration out of the history; it fails unless exactly one row goes.
pub fn delete_history_sql(history: &History, version: Version) -> String {
    do_block(&format!(
        "DECLARE gone bigint; BEGIN DELETE FROM {} WHERE version = {version}; \
         GET DIAGNOSTICS gone = ROW_COUNT; IF gone <> 1 THEN RAISE EXCEPTION \
         'the history held % rows of version {version}, not 1', gone; END IF; END",
        history.table(),
        version = version.number(),
    ))
}

/// The journal's word for a run of a repeatable migration; its version is 0, its name tells which.
pub const REPEAT: &str = "repeat";

/// Decodes a row of [`RUNS`].
fn repeated((index, row): (usize, &SimpleQueryRow)) -> Repeated {
    let text = |at: usize| row.get(at).unwrap_or_default().to_string();
    Repeated {
        applied: Applied {
            version: Version::repeatable(index),
            name: text(0),
            applied_on: text(1),
            checksum: text(2),
        },
        is_stale: row.get(3) == Some("t"),
    }
}

/// Reads the newest successful application of each version.
pub fn read_applications_sql(history: &History) -> String {
    format!(
        "SELECT DISTINCT ON (version) version, login, coalesce(client, '') AS client, duration_ms, verdict FROM {} \
         WHERE action = 'apply' AND outcome = 'done' ORDER BY version, id DESC",
        history.journal()
    )
}

/// Reads the journal, newest first; columns as in [`decode_journal`].
pub fn read_journal_sql(history: &History, limit: Option<u32>) -> String {
    let limit = limit.map_or(String::new(), |limit| format!(" LIMIT {limit}"));
    format!(
        "SELECT id, pg_catalog.to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') AS at, action, \
         version, name, outcome, verdict, duration_ms, login, role, coalesce(client, '') AS client, \
         coalesce(pg_catalog.host(address), '') AS address, sha256, message FROM {} ORDER BY id DESC{limit}",
        history.journal()
    )
}
