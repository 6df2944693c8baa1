//! Columns: `uuid not null default gen_random_uuid()`.

use crate::source::Span;
use crate::sql::cursor::Cursor;
use crate::sql::error::FragmentError;
use crate::sql::name::Name;
use crate::sql::types;

use super::expression::expression_in;
use super::{list_of_columns, name, tokens};

/// What a column is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// In the spelling of `format_type`.
    pub type_name: String,
    pub type_span: Span,
    /// Whether the type is PostgreSQL's own.
    pub type_is_builtin: bool,
    pub collation: Option<Name>,
    pub not_null: bool,
    pub default: Option<String>,
    pub default_span: Option<Span>,
    pub identity: Option<Identity>,
    pub generated: Option<Generated>,
}

/// GENERATED … AS IDENTITY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    Always,
    ByDefault,
}

/// GENERATED ALWAYS AS ( … ).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    pub expression: String,
    pub span: Span,
    /// STORED, or VIRTUAL from PostgreSQL 18 on.
    pub stored: bool,
}

/// Parses the definition of a column, without its name.
///
/// # Errors
/// Says what was expected where; constraints are sent to the tables of the check file that they belong in.
pub fn column(text: &str) -> Result<Column, FragmentError> {
    let tokens = tokens(text, "a type")?;
    let mut c = Cursor::new(text, &tokens);
    let start = c;
    reject_serial(&c)?;
    let parsed = types::type_name(&mut c)?;
    let mut column = Column {
        type_name: parsed.text,
        type_span: c.since(&start),
        type_is_builtin: parsed.builtin,
        collation: None,
        not_null: false,
        default: None,
        default_span: None,
        identity: None,
        generated: None,
    };
    let mut nullable: Option<bool> = None;
    while !c.is_end() {
        let clause = c;
        if c.word("not null") || c.word("null") {
            let null = clause.is_word("null");
            if nullable.is_some_and(|before| before != null) {
                return Err(FragmentError::new("both null and not null", clause.here()));
            }
            nullable = Some(null);
            column.not_null = !null;
        } else if c.word("collate") {
            once(column.collation.is_some(), "collate", &clause)?;
            column.collation = Some(name(&mut c, "a collation")?);
        } else if c.word("default") {
            once(column.default.is_some(), "default", &clause)?;
            let from = c;
            skip_default(&mut c);
            let part = from.up_to(&c);
            if part.is_end() {
                return Err(part.expected("an expression behind `default`"));
            }
            column.default = Some(expression_in(part)?);
            column.default_span = Some(part.rest());
        } else if c.word("generated") {
            once(
                column.identity.is_some() || column.generated.is_some(),
                "generated",
                &clause,
            )?;
            generated(&mut c, &mut column)?;
        } else {
            return Err(not_of_a_column(&c));
        }
    }
    Ok(column)
}

fn once(again: bool, what: &str, clause: &Cursor<'_>) -> Result<(), FragmentError> {
    if again {
        Err(FragmentError::new(
            format!("`{what}` is given twice"),
            clause.here(),
        ))
    } else {
        Ok(())
    }
}

/// Moves behind a default. Its end is where a clause begins that no expression could hold at this level.
fn skip_default(c: &mut Cursor<'_>) {
    let mut cases = 0usize;
    let mut previous_is = false;
    let mut first = true;
    while !c.is_end() {
        let at_clause = c.word_ahead("not null")
            || [
                "null",
                "collate",
                "generated",
                "primary",
                "unique",
                "check",
                "references",
                "constraint",
                "default",
            ]
            .iter()
            .any(|word| c.is_word(word));
        if at_clause && !first && cases == 0 && !previous_is {
            return;
        }
        if c.is_word("case") {
            cases += 1;
        } else if c.is_word("end") {
            cases = cases.saturating_sub(1);
        }
        // `x is null` and `x is not null` are no clauses
        previous_is = c.is_word("is") || (previous_is && c.is_word("not"));
        first = false;
        c.skip_balanced();
    }
}

fn generated(c: &mut Cursor<'_>, column: &mut Column) -> Result<(), FragmentError> {
    let always = match () {
        () if c.word("always") => true,
        () if c.word("by default") => false,
        () => return Err(c.expected("`always` or `by default`")),
    };
    super::word(c, "as")?;
    if c.word("identity") {
        if c.is_punct("(") {
            return Err(
                FragmentError::new("options of an identity column are not compared", c.here())
                    .help("describe the sequence in the [sequence] table"),
            );
        }
        column.identity = Some(if always {
            Identity::Always
        } else {
            Identity::ByDefault
        });
        return Ok(());
    }
    let start = c.here();
    let inner = c
        .group()
        .ok_or_else(|| c.expected("`identity` or an expression in parentheses"))?;
    if !always {
        return Err(FragmentError::new(
            "a generated column is `generated always`",
            start,
        ));
    }
    let stored = match () {
        () if c.word("stored") => true,
        () if c.word("virtual") => false,
        () => return Err(c.expected("`stored` or `virtual`")),
    };
    column.generated = Some(Generated {
        expression: expression_in(inner)?,
        span: inner.rest(),
        stored,
    });
    Ok(())
}

fn reject_serial(c: &Cursor<'_>) -> Result<(), FragmentError> {
    let real = match c.peek_text().to_ascii_lowercase().as_str() {
        "serial" | "serial4" => "integer",
        "bigserial" | "serial8" => "bigint",
        "smallserial" | "serial2" => "smallint",
        _ => return Ok(()),
    };
    Err(FragmentError::new(
        format!("{} is no type but a shorthand of CREATE TABLE", c.peek_text()),
        c.here(),
    )
    .help(format!(
        "write what it stands for: {real} not null default nextval('…_seq')"
    )))
}

fn not_of_a_column(c: &Cursor<'_>) -> FragmentError {
    let belongs = |what: &str, help: &str| {
        FragmentError::new(format!("{what} is not part of a column here"), c.here()).help(help)
    };
    match c.peek_text().to_ascii_lowercase().as_str() {
        "primary" => belongs(
            "`primary key`",
            "write primary_key = [\"…\"] in the [table.…] section",
        ),
        "references" => belongs("`references`", "put it in the [table.….foreign_key] section"),
        "check" => belongs("`check`", "put it in the [table.….check] section"),
        "unique" => belongs("`unique`", "put it in the [table.….unique] section"),
        "constraint" => belongs(
            "`constraint`",
            "put it in the section of its kind: unique, check or foreign_key",
        ),
        _ => {
            let clauses = ["null", "not null", "default", "collate", "generated"];
            match crate::sql::error::suggestion(c.peek_text(), &clauses) {
                Some(meant) => crate::sql::error::unknown("clause", c.peek_text(), c.here(), &[meant]),
                None => c.expected("not null, default, collate or generated"),
            }
        }
    }
}

/// Parses a list of columns: `a, "B c"`, with or without parentheses around it.
///
/// # Errors
/// Says what was expected where.
pub fn column_list(text: &str) -> Result<Vec<String>, FragmentError> {
    let tokens = tokens(text, "a column list")?;
    let mut cursor = Cursor::new(text, &tokens);
    if cursor.is_punct("(") {
        let columns = super::parenthesized_columns(&mut cursor)?;
        cursor.finish()?;
        return Ok(columns);
    }
    list_of_columns(cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_clauses() {
        let found = column("varchar(20) collate \"C\" not null default 'a' || lower('B')").unwrap();
        assert_eq!(found.type_name, "character varying(20)");
        assert_eq!(found.collation, Some(Name::unqualified("C")));
        assert!(found.not_null);
        assert_eq!(found.default.as_deref(), Some("'a' || lower('B')"));
        let found = column("uuid not null default gen_random_uuid()").unwrap();
        assert_eq!(
            (found.default.as_deref(), found.type_span),
            (Some("gen_random_uuid()"), Span::new(0, 4))
        );
        let found = column("bigint generated by default as identity").unwrap();
        assert_eq!(found.identity, Some(Identity::ByDefault));
        let found = column("numeric generated always as (a * (b + 1)) stored not null").unwrap();
        assert_eq!(
            found.generated.map(|g| (g.expression, g.stored)),
            Some(("a * (b + 1)".into(), true))
        );
        assert!(found.not_null);
    }

    #[test]
    fn a_default_ends_where_the_next_clause_begins() {
        for (text, default, not_null) in [
            ("text default null", "null", false),
            ("text default null not null", "null", true),
            ("bool default (a is not null) not null", "(a is not null)", true),
            (
                "bool default case when a is null then true end not null",
                "case when a is null then true end",
                true,
            ),
            (
                "timestamptz default now() + interval '1 hour' null",
                "now() + interval '1 hour'",
                false,
            ),
            ("int default -1 not null", "-1", true),
            ("text[] not null default '{}'::text[]", "'{}'::text[]", true),
        ] {
            let found = column(text).unwrap();
            assert_eq!(
                (found.default.as_deref(), found.not_null),
                (Some(default), not_null),
                "{text}"
            );
        }
    }

    #[test]
    fn what_belongs_elsewhere_says_where() {
        for (text, message, help) in [
            (
                "uuid primary key",
                "`primary key` is not part of a column here",
                "primary_key",
            ),
            (
                "uuid references t(id)",
                "`references` is not part of a column here",
                "foreign_key",
            ),
            (
                "int check (x > 0)",
                "`check` is not part of a column here",
                "check",
            ),
            ("int unique", "`unique` is not part of a column here", "unique"),
            (
                "serial",
                "serial is no type but a shorthand of CREATE TABLE",
                "integer not null",
            ),
        ] {
            let error = column(text).unwrap_err();
            assert_eq!(error.message, message);
            assert!(error.help.unwrap().contains(help), "{text}");
        }
        assert_eq!(
            column("uuid defualt x").unwrap_err().message,
            "unknown clause \"defualt\": did you mean \"default\"?"
        );
        assert_eq!(
            column("int null not null").unwrap_err().message,
            "both null and not null"
        );
        assert_eq!(
            column("int default").unwrap_err().message,
            "expected an expression behind `default`, found the end"
        );
        assert_eq!(
            column("int default 1; drop table t").unwrap_err().message,
            "a semicolon has no place here"
        );
    }

    #[test]
    fn lists_of_columns() {
        assert_eq!(column_list("a, \"B c\"").unwrap(), ["a", "B c"]);
        assert_eq!(column_list("( A )").unwrap(), ["a"]);
        assert_eq!(
            column_list("a b").unwrap_err().message,
            "expected a comma between columns, found `b`"
        );
        assert_eq!(
            column_list("a,").unwrap_err().message,
            "expected a column, found the end"
        );
    }
}
