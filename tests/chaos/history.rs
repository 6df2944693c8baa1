//! What history, journal and data say, and that they agree.

use crate::support::{Database, Session, dump};

/// pgplumb's own tables: a number drawn by a transaction that did not come through is gone for ever.
const OWN: [&str; 2] = ["refinery_schema_history", "pgplumb_journal"];

/// The catalog, without pgplumb's own tables.
pub fn catalog(database: &Database) -> String {
    dump(database, &OWN)
}

/// The versions that the history holds.
fn recorded(session: &Session) -> Vec<i64> {
    if !exists(session, "public.refinery_schema_history") {
        return Vec::new();
    }
    numbers(
        session,
        "SELECT version FROM refinery_schema_history ORDER BY version",
    )
}

fn exists(session: &Session, table: &str) -> bool {
    let rows = session.run(&format!("SELECT to_regclass('{table}')"));
    rows.expect("it can be asked")[0][0].is_some()
}

fn numbers(session: &Session, query: &str) -> Vec<i64> {
    let rows = session.run(query).expect("it can be read");
    rows.iter()
        .map(|row| row[0].as_deref().expect("no null").parse().expect("a number"))
        .collect()
}

/// The newest recorded version, after making sure that none is missing before it, that the journal tells the same,
/// and that every counting script ran as often as it is recorded.
#[track_caller]
pub fn newest_of_an_agreeing(database: &Database) -> usize {
    newest_of(database, super::is_detached)
}

/// The same, where those that do not count are others.
#[track_caller]
pub fn newest_of(database: &Database, is_detached: impl Fn(usize) -> bool) -> usize {
    let session = &database.session();
    let versions = recorded(session);
    let expected: Vec<i64> = (1..).take(versions.len()).collect();
    assert_eq!(versions, expected, "the history has gaps");
    if versions.is_empty() && !exists(session, "pgplumb_journal") {
        return 0;
    }
    let journal = numbers(
        session,
        "SELECT version FROM pgplumb_journal WHERE outcome = 'done' GROUP BY version \
         HAVING count(*) FILTER (WHERE action = 'apply') - count(*) FILTER (WHERE action = 'rollback') = 1 \
         ORDER BY version",
    );
    assert_eq!(journal, versions, "journal and history");
    let twice = numbers(
        session,
        "SELECT version FROM pgplumb_journal WHERE outcome = 'done' GROUP BY version \
         HAVING count(*) FILTER (WHERE action = 'apply') - count(*) FILTER (WHERE action = 'rollback') NOT IN (0, 1)",
    );
    assert!(twice.is_empty(), "done more than once: {twice:?}");
    if exists(session, "counter") {
        let counting = versions
            .iter()
            .filter(|&&version| version > 1 && !is_detached(usize::try_from(version).expect("not negative")));
        assert_eq!(
            numbers(session, "SELECT n FROM counter"),
            [i64::try_from(counting.count()).expect("few")],
            "how often scripts ran"
        );
    }
    versions.len()
}

/// Whether a step outside a transaction was begun and is not recorded. Then each of its statements is before or behind,
/// and the journal tells which: the comments behind so many statements are those of the table.
#[track_caller]
pub fn is_halfway(database: &Database, step: usize, action: &str, comments: [Option<&str>; 4]) -> bool {
    if database.value("SELECT to_regclass('pgplumb_journal')").is_none() {
        return false;
    }
    let rows = database.rows(&format!(
        "SELECT outcome, artifacts->>'statement' FROM pgplumb_journal WHERE version = {step} AND action = '{action}' \
         AND outcome IN ('begun', 'statement') AND id > coalesce((SELECT max(id) FROM pgplumb_journal \
         WHERE version = {step} AND outcome = 'done'), 0) ORDER BY id"
    ));
    let rows = rows.expect("the journal can be read");
    let done = rows
        .iter()
        .rev()
        .find(|row| row[0].as_deref() == Some("statement"))
        .and_then(|row| row[1].as_deref())
        .map_or(0, |number| number.parse().expect("a number"));
    let table = format!("'step_{}'", step - 1);
    let comment = database.value(&format!("SELECT obj_description({table}::regclass)"));
    assert!(
        rows.is_empty() || comment.as_deref() == comments[done],
        "{done} statements of {action} {step} are done: {comment:?}"
    );
    !rows.is_empty()
}
