//! Command tags.

use crate::sql::cursor::Cursor;
use crate::sql::effect::object::ObjectKind;

/// What the statement is called: the server's command tag without the row count, as far as the text shows it.
pub(in crate::sql) fn tag(mut cursor: Cursor<'_>) -> String {
    let c = &mut cursor;
    while c.is_punct("(") {
        c.advance();
    }
    let first = c.peek_text().to_ascii_uppercase();
    let fixed = |words: &[(&str, &'static str)]| {
        words
            .iter()
            .find(|(words, _)| { *c }.word(words))
            .map(|(_, tag)| (*tag).to_owned())
    };
    match first.as_str() {
        "CREATE" => create(c),
        "ALTER" | "DROP" => alter_or_drop(c, &first),
        "SELECT" => select(c).to_owned(),
        "WITH" => with(c).to_owned(),
        "VALUES" | "TABLE" => "SELECT".to_owned(),
        "GRANT" | "REVOKE" => {
            c.skip_until(|c| c.is_word("on"));
            if c.is_end() {
                format!("{first} ROLE")
            } else {
                first
            }
        }
        "END" => "COMMIT".to_owned(),
        "ABORT" => "ROLLBACK".to_owned(),
        _ => fixed(&[
            ("start transaction", "START TRANSACTION"),
            ("commit prepared", "COMMIT PREPARED"),
            ("rollback prepared", "ROLLBACK PREPARED"),
            ("prepare transaction", "PREPARE TRANSACTION"),
            ("set constraints", "SET CONSTRAINTS"),
            ("refresh", "REFRESH MATERIALIZED VIEW"),
            ("security label", "SECURITY LABEL"),
            ("import", "IMPORT FOREIGN SCHEMA"),
            ("reassign", "REASSIGN OWNED"),
            ("truncate", "TRUNCATE TABLE"),
            ("lock", "LOCK TABLE"),
            ("declare", "DECLARE CURSOR"),
            ("close", "CLOSE CURSOR"),
            ("discard all", "DISCARD ALL"),
            ("discard", "DISCARD"),
        ])
        .unwrap_or(first),
    }
}

fn of_kind(verb: &str, kind: Option<ObjectKind>) -> String {
    match kind {
        Some(kind) => format!("{verb} {}", kind.as_str().to_ascii_uppercase()),
        None => verb.to_owned(),
    }
}

/// Words that may stand between CREATE and the kind.
pub(super) const MODIFIERS: &[&str] = &[
    "or replace",
    "global",
    "local",
    "temporary",
    "temp",
    "unlogged",
    "recursive",
    "trusted",
    "default",
    "unique",
];

fn create(c: &mut Cursor<'_>) -> String {
    c.advance();
    while c.any_word(MODIFIERS).is_some() {}
    let _ = c.is_word_at(1, "trigger") && c.word("constraint");
    let kind = ObjectKind::take(c);
    if kind == Some(ObjectKind::Table) {
        // CREATE TABLE … AS has the word outside of the column list
        c.skip_until(|c| ["as", "partition", "with"].iter().any(|word| c.is_word(word)));
        if c.word("with") {
            let _ = c.group();
            c.skip_until(|c| c.is_word("as"));
        }
        if c.is_word("as") {
            return "CREATE TABLE AS".to_owned();
        }
    }
    of_kind("CREATE", kind)
}

fn alter_or_drop(c: &mut Cursor<'_>, verb: &str) -> String {
    c.advance();
    match () {
        () if c.word("default privileges") => "ALTER DEFAULT PRIVILEGES".to_owned(),
        () if c.word("system") => "ALTER SYSTEM".to_owned(),
        () if c.word("owned") => "DROP OWNED".to_owned(),
        () => of_kind(verb, ObjectKind::take(c)),
    }
}

fn select(c: &mut Cursor<'_>) -> &'static str {
    c.skip_until(|c| c.is_word("into") || c.is_word("from"));
    if c.is_word("into") {
        "SELECT INTO"
    } else {
        "SELECT"
    }
}

/// The statement that the common table expressions belong to.
fn with(c: &mut Cursor<'_>) -> &'static str {
    const MAIN: &[(&str, &str)] = &[
        ("select", "SELECT"),
        ("values", "SELECT"),
        ("table", "SELECT"),
        ("insert", "INSERT"),
        ("update", "UPDATE"),
        ("delete", "DELETE"),
        ("merge", "MERGE"),
    ];
    let main = |c: &Cursor<'_>| MAIN.iter().find(|(word, _)| c.is_word(word)).map(|(_, tag)| *tag);
    c.skip_until(|c| main(c).is_some());
    main(c).unwrap_or("SELECT")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::lex::significant;

    #[test]
    fn tags_are_those_of_the_server() {
        for (text, expected) in [
            ("create table t (a int)", "CREATE TABLE"),
            ("create temp table if not exists t as select 1", "CREATE TABLE AS"),
            (
                "create table p partition of t for values from (1) to (2)",
                "CREATE TABLE",
            ),
            (
                "create table t with (fillfactor = 70) as select 1",
                "CREATE TABLE AS",
            ),
            (
                "create or replace function f() returns int as 'select 1' language sql",
                "CREATE FUNCTION",
            ),
            ("create unique index concurrently i on t (a)", "CREATE INDEX"),
            (
                "create constraint trigger t after insert on a execute function f()",
                "CREATE TRIGGER",
            ),
            ("create user u", "CREATE ROLE"),
            (
                "create materialized view v as select 1",
                "CREATE MATERIALIZED VIEW",
            ),
            (
                "alter default privileges grant select on tables to a",
                "ALTER DEFAULT PRIVILEGES",
            ),
            ("drop owned by a", "DROP OWNED"),
            ("drop foreign table a", "DROP FOREIGN TABLE"),
            ("grant select on t to a", "GRANT"),
            ("grant a to b", "GRANT ROLE"),
            (
                "with a as (insert into t values (1) returning *) update b set c = 1",
                "UPDATE",
            ),
            ("(select 1) union (select 2)", "SELECT"),
            ("end", "COMMIT"),
            ("start transaction", "START TRANSACTION"),
            ("do $$ begin end $$", "DO"),
            ("insert into t select 1", "INSERT"),
            ("truncate t", "TRUNCATE TABLE"),
        ] {
            assert_eq!(tag(Cursor::new(text, &significant(text))), expected, "{text}");
        }
    }
}
