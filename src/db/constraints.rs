//! Constraints that wait for COMMIT, fired where no COMMIT comes.

use super::batch::{Batch, Stage};
use super::error::ServerError;

/// Begins the statements that stand in the call stack of an error, and are not the user's.
const OURS: &str = "/* pgplumb */";

/// Fires what waits for COMMIT, and lets all constraints wait again as they do when a transaction begins.
///
/// `SET CONSTRAINTS ALL` would hold for those as well that a later script of the transaction makes. A name may be there
/// more than once: DEFERRED is refused when one of them cannot be, and would be too much for one that does not wait. A
/// name in a schema that may not be used is out of reach, and waits for COMMIT.
pub fn fire_within(batch: &mut Batch) {
    let sql = format!(
        "DO $pgplumb$
DECLARE
    waiting record;
BEGIN
    SELECT pg_catalog.string_agg(name, ', ') AS every, pg_catalog.string_agg(name, ', ') FILTER (WHERE deferred) AS late
      INTO waiting
      FROM (SELECT pg_catalog.format('%I.%I', n.nspname, o.conname) AS name, pg_catalog.bool_and(o.condeferred) AS deferred
              FROM pg_catalog.pg_constraint o JOIN pg_catalog.pg_namespace n ON n.oid = o.connamespace
             WHERE pg_catalog.has_schema_privilege(n.oid, 'usage')
             GROUP BY 1 HAVING pg_catalog.bool_or(o.condeferrable)) AS found;
    IF waiting.every IS NOT NULL THEN
        EXECUTE '{OURS} SET CONSTRAINTS ' || waiting.every || ' IMMEDIATE';
    END IF;
    IF waiting.late IS NOT NULL THEN
        EXECUTE '{OURS} SET CONSTRAINTS ' || waiting.late || ' DEFERRED';
    END IF;
END
$pgplumb$"
    );
    batch.one(Stage::Settle, &sql);
}

/// Lets the constraints wait for COMMIT that wait for it when a transaction begins, whatever was set in this one.
pub(super) fn let_wait(batch: &mut Batch) {
    let sql = format!(
        "DO $pgplumb$
DECLARE
    late pg_catalog.text := (SELECT pg_catalog.string_agg(name, ', ')
      FROM (SELECT pg_catalog.format('%I.%I', n.nspname, o.conname) AS name
              FROM pg_catalog.pg_constraint o JOIN pg_catalog.pg_namespace n ON n.oid = o.connamespace
             WHERE pg_catalog.has_schema_privilege(n.oid, 'usage')
             GROUP BY 1 HAVING pg_catalog.bool_or(o.condeferrable) AND pg_catalog.bool_and(o.condeferred)) AS found);
BEGIN
    IF late IS NOT NULL THEN
        EXECUTE '{OURS} SET CONSTRAINTS ' || late || ' DEFERRED';
    END IF;
END
$pgplumb$"
    );
    batch.one(Stage::Begin, &sql);
}

/// The error without what [`fire_within`] added to its call stack.
pub fn without_ours(error: &ServerError) -> ServerError {
    let stack = error.context.as_deref().unwrap_or_default();
    let theirs: Vec<&str> = stack.lines().take_while(|line| !line.contains(OURS)).collect();
    ServerError {
        context: (!theirs.is_empty()).then(|| theirs.join("\n")),
        ..error.clone()
    }
}
