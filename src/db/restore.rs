//! Behind a transaction pooler others have the session next: what a script does to it, and its text does not tell, is undone
//! with the transaction's last message, or right behind its ROLLBACK, which advisory locks and prepared statements outlive.

use super::batch::{Reply, Stage};
use crate::sql::name::{do_block, quote_literal};

/// The advisory lock that one runner at a time holds, within its transaction: "pgplumb" in ASCII.
pub const LOCK_KEY: i64 = 0x0070_6770_6c75_6d62;

/// Holds, for the transaction, how the session was before anything of ours or the script's.
const BEFORE: &str = "pgplumb.before";

/// Settings that a transaction of ours has values of its own for: what the session has of them cannot be seen behind those.
const HIDDEN: [&str; 4] = ["TimeZone", "DateStyle", "IntervalStyle", "lock_timeout"];

/// The column of the answer that tells what a ROLLBACK does not bring back: locks and prepared statements.
const OUTLIVING: &str = "pgplumb_outliving";

/// One statement, right behind BEGIN: remembers settings, role, advisory locks and prepared statements of the session. Names
/// with a dot are listed by nobody: these are looked at. The settings, which may be secrets, stay on the server.
pub(super) fn remember_sql(names: &[String]) -> String {
    format!(
        "SELECT pg_catalog.json_build_object('locks', before OPERATOR(pg_catalog.->) 'locks', \
         'prepared', before OPERATOR(pg_catalog.->) 'prepared') AS {OUTLIVING} FROM \
         (SELECT pg_catalog.set_config('{BEFORE}', pg_catalog.json_build_object(\
         'settings', (SELECT pg_catalog.json_object_agg(name, setting) FROM pg_catalog.pg_settings \
         WHERE source OPERATOR(pg_catalog.=) 'session'), \
         'named', {}, \
         'session_authorization', pg_catalog.current_setting('session_authorization'), \
         'role', pg_catalog.current_setting('role'), \
         'locks', (SELECT pg_catalog.json_agg(pg_catalog.concat_ws(' ', classid, objid, objsubid)) FROM pg_catalog.pg_locks \
         WHERE locktype OPERATOR(pg_catalog.=) 'advisory' AND pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()), \
         'prepared', (SELECT pg_catalog.json_agg(name) FROM pg_catalog.pg_prepared_statements))::pg_catalog.text, true)\
         ::pg_catalog.json AS before) AS remembered",
        named(names)
    )
}

/// What the answer to [`remember_sql`] says that outlives a ROLLBACK, for [`release_sql`].
pub(super) fn outliving(reply: &Reply) -> Option<String> {
    let mut rows = reply.rows(Stage::Begin);
    rows.find_map(|row| row.try_get(OUTLIVING).ok()?.map(str::to_string))
}

/// One statement, where the transaction goes on with another script: looks at the names of that one.
pub(super) fn look_at_sql(names: &[String]) -> String {
    format!(
        "SELECT pg_catalog.set_config('{BEFORE}', pg_catalog.jsonb_set(\
         pg_catalog.current_setting('{BEFORE}')::pg_catalog.jsonb, '{{named}}', {}::pg_catalog.jsonb)::pg_catalog.text, true)",
        named(names)
    )
}

/// What these settings are, as an object.
fn named(names: &[String]) -> String {
    let named = names.iter().take(MANY).map(|name| {
        let name = quote_literal(name);
        format!("{name}, pg_catalog.current_setting({name}, true)")
    });
    let named: Vec<String> = named.collect();
    format!("pg_catalog.json_build_object({})", named.join(", "))
}

/// How many names with a dot are looked at: a function takes a hundred arguments.
const MANY: usize = 49;

/// Names and operators are the server's own, and nobody is told of a lock that is not held.
const OWN_NAMES: &str = "PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),
            pg_catalog.set_config('client_min_messages', 'error', true);";

/// What [`RELEASE`] works with.
fn variables() -> String {
    format!(
        "own CONSTANT pg_catalog.int8 := {LOCK_KEY};
    found pg_catalog.record;
    lost pg_catalog.bool;"
    )
}

/// Advisory locks of the session and prepared statements that were not there `before`.
const RELEASE: &str = r"FOR found IN
        SELECT format('DEALLOCATE %I', name) AS statement FROM pg_prepared_statements
         WHERE from_sql AND name NOT IN (SELECT json_array_elements_text(before->'prepared')
                                          WHERE json_typeof(before->'prepared') = 'array')
    LOOP
        EXECUTE found.statement;
    END LOOP;
    -- those of the transaction are not given back so, and end with it
    FOR found IN
        SELECT classid::int8 AS class, objid::int8 AS object, objsubid AS sub FROM pg_locks
         WHERE locktype = 'advisory' AND pid = pg_backend_pid()
           AND NOT (objsubid = 1 AND classid::int8 << 32 | objid::int8 = own)
           AND concat_ws(' ', classid, objid, objsubid) NOT IN (SELECT json_array_elements_text(before->'locks')
                                                                 WHERE json_typeof(before->'locks') = 'array')
    LOOP
        LOOP
            lost := CASE found.sub
                WHEN 1 THEN pg_advisory_unlock(found.class << 32 | found.object)
                         OR pg_advisory_unlock_shared(found.class << 32 | found.object)
                ELSE pg_advisory_unlock(found.class::bit(32)::int4, found.object::bit(32)::int4)
                     OR pg_advisory_unlock_shared(found.class::bit(32)::int4, found.object::bit(32)::int4) END;
            EXIT WHEN NOT lost;
        END LOOP;
    END LOOP;";

/// A message, in the place of ROLLBACK: ends the transaction, and lets go of what came since the answer `outliving`. The
/// session is ours up to its end.
pub(super) fn release_sql(outliving: &str) -> String {
    let release = do_block(&format!(
        r"DECLARE
    before pg_catalog.json := {before};
    {variables}
BEGIN
    {OWN_NAMES}
    {RELEASE}
END",
        before = quote_literal(outliving),
        variables = variables()
    ));
    format!("ROLLBACK; BEGIN; {release}; ROLLBACK")
}

/// One statement, right before COMMIT: the session is as [`remember_sql`] found it; nothing where nobody remembered.
pub(super) fn restore_sql(leaked: &[&str]) -> String {
    let hidden: Vec<String> = HIDDEN
        .iter()
        .chain(leaked)
        .map(|name| quote_literal(name))
        .collect();
    do_block(&format!(
        r#"DECLARE
    before pg_catalog.json := nullif(pg_catalog.current_setting('{BEFORE}', true), '')::pg_catalog.json;
    {variables}
BEGIN
    IF before IS NULL THEN
        RETURN;
    END IF;
    -- hidden ones, which come back below
    {OWN_NAMES}
    {RELEASE}
    PERFORM set_config('client_min_messages', NULL, true);
    FOR found IN
        SELECT name, before->'settings'->>name AS value FROM pg_settings
         WHERE context IN ('user', 'superuser') AND name NOT IN ('transaction_isolation', 'transaction_read_only',
               'transaction_deferrable', 'client_encoding')
           AND (name IN ({hidden}, 'client_min_messages')
                OR source = 'session' AND before->'settings'->>name IS NULL OR before->'settings'->>name <> setting)
         UNION ALL
        SELECT key, value FROM json_each_text(before->'named') WHERE current_setting(key, true) IS DISTINCT FROM value
         UNION ALL
        SELECT 'session_authorization', before->>'session_authorization'
         UNION ALL
        -- behind the user, who has none at first
        SELECT 'role', before->>'role'
    LOOP
        BEGIN
            PERFORM set_config(found.name, found.value, false);
        EXCEPTION WHEN OTHERS THEN
            BEGIN
                -- the script dropped the role, say: then it is as when the session began
                PERFORM set_config(found.name, NULL, false);
            EXCEPTION WHEN OTHERS THEN
                -- a function did it with rights that we have not
                NULL;
            END;
        END;
    END LOOP;
END"#,
        variables = variables(),
        hidden = hidden.join(", ")
    ))
}
