//! Expressions and queries, shown to be exactly one.

use crate::sql::cursor::Cursor;
use crate::sql::error::FragmentError;
use crate::sql::parser;

use super::tokens;

/// Whether the text is exactly one expression, so that it stays one inside `( … )`.
///
/// # Errors
/// Says what was expected where.
pub fn expression(text: &str) -> Result<(), FragmentError> {
    let tokens = tokens(text, "an expression")?;
    let cursor = Cursor::new(text, &tokens);
    if ["select", "with", "values", "table"]
        .iter()
        .any(|word| cursor.is_word(word))
    {
        return Err(
            FragmentError::new("expected an expression, found a query", cursor.rest())
                .help("put the query in parentheses, or in exists (…)"),
        );
    }
    parser::expression(text).map_err(|complaint| {
        FragmentError::new(
            format!("not one expression: {}", lower_first(&complaint.message)),
            complaint.span,
        )
    })
}

/// Whether the text is exactly one statement that reads: SELECT, WITH, VALUES or TABLE.
///
/// # Errors
/// Says what was expected where.
pub fn query(text: &str) -> Result<(), FragmentError> {
    let tokens = tokens(text, "a query")?;
    let mut cursor = Cursor::new(text, &tokens);
    while cursor.is_punct("(") {
        cursor.advance();
    }
    if !["select", "with", "values", "table"]
        .iter()
        .any(|word| cursor.is_word(word))
    {
        return Err(cursor.expected("a query that begins with select, with, values or table"));
    }
    parser::query(text).map_err(|complaint| {
        FragmentError::new(
            format!("not one query: {}", lower_first(&complaint.message)),
            complaint.span,
        )
    })
}

/// The expression that a cursor over a part of a fragment covers, as text.
pub(super) fn expression_in(part: Cursor<'_>) -> Result<String, FragmentError> {
    let text = part.rest_text();
    expression(text).map_err(|error| error.shifted(part.rest().start))?;
    Ok(text.to_owned())
}

fn lower_first(message: &str) -> String {
    let mut chars = message.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn messages_name_signs_and_words_as_people_write_them() {
        for (text, found) in [
            ("id = ", "expected an expression, found the end"),
            ("(id = )", "expected an expression, found `)`"),
            ("case when a then end", "expected an expression, found `end`"),
            ("a between 1", "expected `and`"),
        ] {
            let message = expression(text).unwrap_err().message;
            assert_eq!(message, format!("not one expression: {found}"), "{text}");
        }
    }

    #[test]
    fn expressions_of_every_kind() {
        for text in [
            "1",
            "a",
            "(a)",
            "amount > 0",
            "status in ('a', 'b') and not (x is null or y between 1 and 2)",
            "exists (select 1 from auth.users u where u.id = auth.uid() and u.org_id = t.org_id)",
            "(select max(x) from t)",
            "case when a then b else c end",
            "now() + interval '1 hour'",
            "processed + failed <= total",
            "a::numeric(10,2)",
            "cast(a as text)",
            "array[1, 2]::int[]",
            "row(a, b)",
            "(a, b) = (1, 2)",
            "x collate \"C\" ~* '^a'",
            "extract(epoch from now() - started_at)",
            "a at time zone 'UTC'",
            "coalesce(a, '{}'::jsonb) -> 'b' ->> 'c'",
            "a is not distinct from b",
            "new.x is distinct from old.x",
            "t.*::text",
            "a[1:2]",
            "(t).a",
            "count(*) filter (where x) over (partition by a order by b)",
            "a = any (array['x', 'y'])",
            "a operator(pg_catalog.=) b",
            "current_setting('a.b', true)::uuid",
            "x -- a comment\n and y",
            "position('a' in b) > 0 and substring(b from 1 for 2) = 'x' and trim(both from c) = ''",
            "b'101' | x'f'::bit(4)",
        ] {
            assert_eq!(expression(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn nothing_can_be_smuggled_in() {
        for text in [
            "",
            "  -- nothing",
            "1; drop table t",
            "1) ; drop table t; select (1",
            "1), (2",
            "a, b",
            "a as b",
            "select 1",
            "1 from t",
            "1 union select 2",
            "a b",
            "1 --",
            "1 /*",
            "'a",
            "$$a",
            "\"a",
            "$1",
            ":x",
            "a = :'x'",
            "a \\gexec",
            "*",
            "(",
            "a)",
            "default",
            "into x",
        ] {
            assert!(expression(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_query_reads_and_is_one() {
        for text in [
            "select 1",
            "with a as (select 1) select * from a",
            "values (1), (2)",
            "table t",
            "(select 1) union all select 2",
        ] {
            assert_eq!(query(text), Ok(()), "{text}");
        }
        for text in [
            "",
            "select 1;",
            "select 1; select 2",
            "insert into t values (1)",
            "select 1 into t",
            "1",
            "explain select 1",
            "select 1) (select 2",
        ] {
            assert!(query(text).is_err(), "{text}");
        }
    }

    #[test]
    fn errors_point_into_the_text() {
        let error = expression("a > 0 and").unwrap_err();
        assert_eq!(error.span.end, 9);
        let error = expression("a > ; 0").unwrap_err();
        assert_eq!(
            (error.span.start, error.message.as_str()),
            (4, "a semicolon has no place here")
        );
        assert_eq!(expression("a > (0").unwrap_err().message, "`(` is never closed");
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "[a-z0-9'\"$().,:;\\[\\]<>=+*/ \n-]{0,80}") {
            let _ = expression(&text);
            let _ = query(&text);
        }
    }
}
