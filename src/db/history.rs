//! Reading and writing the history table and the journal.
//!
//! Both are always addressed with their schema. Reading takes one statement although the tables may not
//! exist: a DO block looks and leaves what it found in a setting of the transaction.

use serde::Deserialize;

use tokio_postgres::SimpleQueryRow;

use super::batch::{Reply, Stage};
use super::error::Error;
use crate::history::{Applied, HISTORY_TABLE, History, JOURNAL_TABLE, Repeated};
use crate::migration::{Version, Width};
use crate::sql::name::{do_block, quote_ident, quote_literal};

/// Statements that read the history; the answer is one row for [`decode`]. They write nothing, so they run on a
/// standby and in a read-only transaction as well.
pub fn read_sql() -> [String; 2] {
    sql(&format!(
        "EXECUTE pg_catalog.format($q$SELECT coalesce(pg_catalog.json_agg(ARRAY[version::text,
            coalesce(name, ''), coalesce(applied_on, ''), coalesce(checksum, '')] ORDER BY version), '[]')::text
            FROM %I.{HISTORY_TABLE}$q$, home) INTO applied;"
    ))
}

/// The same without the rows of the table, which may be somebody else's: for [`decode_place`].
pub fn place_sql() -> [String; 2] {
    sql("")
}

fn sql(rows: &str) -> [String; 2] {
    let find = format!(
        r#"DO $pgplumb$
DECLARE
    home text := coalesce(pg_catalog.current_schema(), 'public');
    history pg_catalog.regclass := pg_catalog.to_regclass(pg_catalog.format('%I.{HISTORY_TABLE}', home));
    journal pg_catalog.regclass := pg_catalog.to_regclass(pg_catalog.format('%I.{JOURNAL_TABLE}', home));
    width text;
    applied text := '[]';
    newest bigint;
BEGIN
    IF history IS NOT NULL THEN
        SELECT pg_catalog.format_type(atttypid, atttypmod) INTO width
          FROM pg_catalog.pg_attribute WHERE attrelid = history AND attname = 'version';
        {rows}
    END IF;
    IF journal IS NOT NULL THEN
        EXECUTE pg_catalog.format('SELECT pg_catalog.max(id) FROM %I.{JOURNAL_TABLE}', home) INTO newest;
    END IF;
    PERFORM pg_catalog.set_config('pgplumb.applied', applied, true);
    PERFORM pg_catalog.set_config('pgplumb.history', pg_catalog.json_build_object(
        'schema', home, 'width', width, 'is_foreign', history IS NOT NULL AND 4 <> (
            SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute
             WHERE attrelid = history AND attnum > 0 AND NOT attisdropped
               AND (attname IN ('name', 'applied_on', 'checksum')
                    OR attname = 'version' AND atttypid IN ('int4'::pg_catalog.regtype, 'int8'::pg_catalog.regtype))),
        'has_journal', journal IS NOT NULL,
        'journal_id', newest, 'search_path', pg_catalog.current_setting('search_path'),
        'schemas', pg_catalog.to_json(pg_catalog.current_schemas(false)),
        'database', pg_catalog.current_database(), 'user', current_user,
        'pid', pg_catalog.pg_backend_pid(), 'standby', pg_catalog.pg_is_in_recovery(),
        'read_only', pg_catalog.current_setting('transaction_read_only') = 'on')::text, true);
END
$pgplumb$"#
    );
    let answer = "SELECT pg_catalog.current_setting('pgplumb.history') AS history, \
                  pg_catalog.current_setting('pgplumb.applied') AS applied"
        .to_string();
    [find, answer]
}

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
}

#[derive(Deserialize)]
struct Answer {
    schema: String,
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

/// Decodes the row of [`read_sql`]: its two columns.
///
/// # Errors
/// [`Error::Unexpected`] when a history table is there that refinery could not have made.
pub fn decode(answer: &str, rows: &str) -> Result<Reading, Error> {
    let unreadable =
        |error: serde_json::Error| Error::Unexpected(format!("the history could not be read: {error}"));
    let answer: Answer = serde_json::from_str(answer).map_err(unreadable)?;
    let rows: Vec<[String; 4]> = serde_json::from_str(rows).map_err(unreadable)?;
    let table = format!("{}.{HISTORY_TABLE}", quote_ident(&answer.schema));
    let width = match answer.width.as_deref() {
        None => None,
        Some("integer") => Some(Width::Int4),
        Some("bigint") => Some(Width::Int8),
        Some(other) => {
            return Err(Error::Unexpected(format!(
                "{table}.version is of type {other}, but refinery's is integer or bigint"
            )));
        }
    };
    let mut applied = Vec::with_capacity(rows.len());
    for [version, name, applied_on, checksum] in rows {
        let version = version.parse::<Version>().map_err(|_| {
            Error::Unexpected(format!(
                "{table} holds the version {version}, which is no version"
            ))
        })?;
        applied.push(Applied {
            version,
            name,
            applied_on,
            checksum,
        });
    }
    Ok(Reading {
        history: History {
            schema: answer.schema,
            width,
            applied,
            repeated: Vec::new(),
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
        is_foreign: answer.is_foreign,
    })
}

/// Decodes the row of [`place_sql`]: a table that refinery could not have made counts as none.
///
/// # Errors
/// [`Error::Unexpected`] when the answer cannot be read.
pub fn decode_place(answer: &str, rows: &str) -> Result<Reading, Error> {
    let unreadable =
        |error: serde_json::Error| Error::Unexpected(format!("the history could not be read: {error}"));
    let mut value: serde_json::Value = serde_json::from_str(answer).map_err(unreadable)?;
    if value["is_foreign"] == true {
        value["width"] = serde_json::Value::Null;
    }
    decode(&value.to_string(), rows)
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

/// Makes the journal where there is none.
pub fn ensure_journal_sql(history: &History) -> String {
    do_block(&format!(
        "BEGIN IF pg_catalog.to_regclass({}) IS NULL THEN {}; END IF; END",
        quote_literal(&history.journal()),
        create_journal_sql(history)
    ))
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

/// One statement that appends to the journal.
pub fn append_journal_sql(history: &History, row: &JournalRow<'_>) -> String {
    let text = |value: Option<&str>| value.map_or_else(|| "NULL".to_string(), quote_literal);
    format!(
        "INSERT INTO {} (run, action, version, name, outcome, verdict, duration_ms, sha256, artifacts, message, \
         client, tool) VALUES ({}, {}, {}, {}, {}, {}, {:.3}, {}, {}, {}, {}, {})",
        history.journal(),
        quote_literal(row.run),
        quote_literal(row.action),
        row.version.number(),
        quote_literal(row.name),
        quote_literal(row.outcome),
        text(row.verdict),
        row.duration_ms,
        quote_literal(&row.sha256),
        quote_literal(&row.artifacts),
        text(row.message.as_deref()),
        quote_literal(row.client),
        quote_literal(concat!("pgplumb ", env!("CARGO_PKG_VERSION"))),
    )
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

/// Reads the newest successful run of each repeatable migration; the answer is for [`decode_repeated`].
pub fn read_repeated_sql(history: &History) -> String {
    format!(
        "SELECT DISTINCT ON (name COLLATE \"C\") name, pg_catalog.to_char(at AT TIME ZONE 'UTC', \
         'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), coalesce(sha256, ''), id < coalesce((SELECT pg_catalog.max(id) FROM \
         {journal} WHERE action = 'rollback' AND outcome = 'done'), 0) \
         FROM {journal} WHERE action = '{REPEAT}' AND outcome = 'done' ORDER BY name COLLATE \"C\", id DESC",
        journal = history.journal()
    )
}

/// Decodes the rows of [`read_repeated_sql`], the only ones of their stage.
pub fn decode_repeated(reply: &Reply) -> Vec<Repeated> {
    let rows = reply.rows(Stage::Query).enumerate();
    let text = |row: &SimpleQueryRow, at: usize| row.get(at).unwrap_or_default().to_string();
    rows.map(|(index, row)| Repeated {
        applied: Applied {
            version: Version::repeatable(index),
            name: text(row, 0),
            applied_on: text(row, 1),
            checksum: text(row, 2),
        },
        is_stale: row.get(3) == Some("t"),
    })
    .collect()
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
