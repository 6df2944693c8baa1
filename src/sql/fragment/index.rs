//! Indexes: `unique using gin (org_id, lower(name) desc) include (x) where p`.

use crate::source::Span;
use crate::sql::cursor::Cursor;
use crate::sql::error::{FragmentError, unknown};
use crate::sql::lex::{TokenKind, significant};
use crate::sql::name::Name;
use crate::sql::types;

use super::expression::{expression, expression_in};
use super::{name, parenthesized_columns, tokens, word};

/// What an index is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    pub unique: bool,
    /// `None` where none was given, which is btree.
    pub method: Option<String>,
    pub keys: Vec<IndexKey>,
    pub include: Vec<String>,
    pub nulls_not_distinct: bool,
    pub predicate: Option<String>,
    pub predicate_span: Option<Span>,
    /// Storage parameters as they were written: name in lower case, value without quotes.
    pub with: Vec<(String, String)>,
    pub tablespace: Option<String>,
}

/// One key of an index or of a partition key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexKey {
    pub key: Key,
    pub collation: Option<Name>,
    pub opclass: Option<Name>,
    /// The parameters of the operator class: name in lower case, value without quotes.
    pub parameters: Vec<(String, String)>,
    pub descending: bool,
    /// `None` where it was not said: last when ascending, first when descending.
    pub nulls_first: Option<bool>,
    pub span: Span,
}

/// What a key is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A column by its name.
    Column(String),
    /// An expression, without the parentheses around it.
    Expression(String),
}

/// Parses the definition of an index, without its name and table.
///
/// # Errors
/// Says what was expected where.
pub fn index(text: &str) -> Result<Index, FragmentError> {
    let tokens = tokens(text, "an index: keys in parentheses")?;
    let mut c = Cursor::new(text, &tokens);
    let unique = c.word("unique");
    if c.is_word("on") {
        return Err(FragmentError::new("the table is known already", c.here())
            .help("leave `on …` out: the section names the table"));
    }
    body(c, unique)
}

/// Parses `CREATE INDEX … ON … USING …`, as `pg_get_indexdef` prints it.
///
/// # Errors
/// Says what was expected where.
pub fn index_definition(text: &str) -> Result<Index, FragmentError> {
    let tokens = tokens(text, "an index definition")?;
    let mut c = Cursor::new(text, &tokens);
    word(&mut c, "create")?;
    let unique = c.word("unique");
    word(&mut c, "index")?;
    let _ = c.word("concurrently");
    let _ = c.word("if not exists");
    if !c.is_word("on") {
        name(&mut c, "the name of the index")?;
    }
    word(&mut c, "on")?;
    let _ = c.word("only");
    name(&mut c, "a table")?;
    body(c, unique)
}

/// The table and the definition of `CREATE INDEX ON …`, whose name the server makes up; `None` when it is something else.
pub fn unnamed_index(text: &str) -> Option<(Name, Index)> {
    let tokens = tokens(text, "an index definition").ok()?;
    let mut c = Cursor::new(text, &tokens);
    word(&mut c, "create").ok()?;
    let unique = c.word("unique");
    word(&mut c, "index").ok()?;
    let _ = c.word("concurrently");
    word(&mut c, "on").ok()?;
    let _ = c.word("only");
    let table = name(&mut c, "a table").ok()?;
    Some((table, body(c, unique).ok()?))
}

impl Index {
    /// Whether an index that the server prints may be this one, as far as it can be told without asking it: expressions are
    /// not compared.
    pub fn may_be(&self, printed: &Index) -> bool {
        let method = |index: &Index| index.method.clone().unwrap_or_else(|| "btree".to_owned());
        let is_same = |(own, other): (&IndexKey, &IndexKey)| {
            own.descending == other.descending
                && match (&own.key, &other.key) {
                    (Key::Column(own), Key::Column(other)) => own == other,
                    (Key::Column(_), Key::Expression(_)) => false,
                    (Key::Expression(_), _) => true,
                }
        };
        self.unique == printed.unique
            && method(self) == method(printed)
            && self.keys.len() == printed.keys.len()
            && self.keys.iter().zip(&printed.keys).all(is_same)
            && self.include == printed.include
            && self.nulls_not_distinct == printed.nulls_not_distinct
            && self.predicate.is_some() == printed.predicate.is_some()
    }
}

fn body(mut c: Cursor<'_>, unique: bool) -> Result<Index, FragmentError> {
    let mut index = Index {
        unique,
        method: None,
        keys: Vec::new(),
        include: Vec::new(),
        nulls_not_distinct: false,
        predicate: None,
        predicate_span: None,
        with: Vec::new(),
        tablespace: None,
    };
    if c.word("using") {
        index.method = Some(c.ident().ok_or_else(|| c.expected("an access method"))?);
    }
    let inner = c.group().ok_or_else(|| c.expected("the keys in parentheses"))?;
    index.keys = list(inner)?;
    while !c.is_end() {
        match () {
            () if c.word("include") => index.include = parenthesized_columns(&mut c)?,
            () if c.word("nulls not distinct") => index.nulls_not_distinct = true,
            () if c.word("nulls distinct") => index.nulls_not_distinct = false,
            () if c.word("with") => index.with = options(&mut c)?,
            () if c.word("tablespace") => {
                index.tablespace = Some(c.ident().ok_or_else(|| c.expected("a tablespace"))?);
            }
            () if c.word("where") => {
                if c.is_end() {
                    return Err(c.expected("a predicate behind `where`"));
                }
                index.predicate = Some(expression_in(c)?);
                index.predicate_span = Some(c.rest());
                return Ok(index);
            }
            () => {
                let clauses = ["include", "nulls", "with", "tablespace", "where"];
                return Err(match crate::sql::error::suggestion(c.peek_text(), &clauses) {
                    Some(meant) => unknown("clause", c.peek_text(), c.here(), &[meant]),
                    None => c.expected("include, nulls not distinct, with, tablespace or where"),
                });
            }
        }
    }
    Ok(index)
}

/// Parses the keys of an index or a unique constraint by themselves: `a, lower(b) desc`.
///
/// # Errors
/// Says what was expected where.
pub fn keys(text: &str) -> Result<Vec<IndexKey>, FragmentError> {
    let tokens = tokens(text, "keys")?;
    list(Cursor::new(text, &tokens))
}

pub(super) fn list(inner: Cursor<'_>) -> Result<Vec<IndexKey>, FragmentError> {
    inner.split_commas().into_iter().map(key).collect()
}

fn key(mut c: Cursor<'_>) -> Result<IndexKey, FragmentError> {
    let span = c.rest();
    let what = what(&mut c)?;
    let mut key = IndexKey {
        key: what,
        collation: None,
        opclass: None,
        parameters: Vec::new(),
        descending: false,
        nulls_first: None,
        span,
    };
    if let Key::Expression(text) = &key.key
        && let Some((inner, collation)) = uncollated(text)
    {
        key.collation = Some(collation);
        key.key = inner;
    }
    if c.word("collate") {
        key.collation = Some(name(&mut c, "a collation")?);
    }
    if c.is_ident() && !["asc", "desc", "nulls"].iter().any(|word| c.is_word(word)) {
        key.opclass = c.name();
        if c.is_punct("(") {
            key.parameters = options(&mut c)?;
        }
    }
    key.descending = c.any_word(&["asc", "desc"]) == Some("desc");
    if c.word("nulls") {
        key.nulls_first = Some(match c.any_word(&["first", "last"]) {
            Some(word) => word == "first",
            None => return Err(c.expected("`first` or `last`")),
        });
    }
    match c.peek() {
        None => Ok(key),
        Some(token)
            if matches!(
                token.kind,
                TokenKind::Operator | TokenKind::Punct | TokenKind::String
            ) =>
        {
            Err(c
                .expected("the end of the key")
                .help("put parentheses around a key that is an expression"))
        }
        Some(_) => Err(c.expected("collate, an operator class, asc, desc or nulls first")),
    }
}

/// What stands before a COLLATE that is the whole of an expression, and its collation: the server takes
/// `(lower(b) collate "C")` for `lower(b) collate "C"`.
fn uncollated(text: &str) -> Option<(Key, Name)> {
    let tokens = significant(text);
    let start = Cursor::new(text, &tokens);
    let mut c = start;
    // one operand: within what binds less tightly, the COLLATE is not of the whole
    match c.group() {
        Some(inner) if c.is_end() => return uncollated(inner.rest_text()),
        Some(_) => {}
        None => {
            c.dotted()?;
            if c.is_punct("(") {
                c.skip_balanced();
            }
        }
    }
    while c.punct("::") {
        types::type_name(&mut c).ok()?;
    }
    let operand = c.slice(c.since(&start));
    let collation = c.word("collate").then(|| c.name())??;
    c.is_end().then(|| match uncollated(operand) {
        Some((key, _)) => (key, collation),
        None => (bare(operand), collation),
    })
}

/// A column or an expression, without the parentheses around it.
fn bare(text: &str) -> Key {
    let tokens = significant(text);
    let mut c = Cursor::new(text, &tokens);
    if let Some(inner) = c.group()
        && c.is_end()
    {
        return bare(inner.rest_text());
    }
    let mut c = Cursor::new(text, &tokens);
    match c.ident() {
        Some(column) if c.is_end() => Key::Column(column),
        _ => Key::Expression(text.to_owned()),
    }
}

/// A column, a call, or an expression in parentheses.
fn what(c: &mut Cursor<'_>) -> Result<Key, FragmentError> {
    if let Some(inner) = c.group() {
        return Ok(Key::Expression(expression_in(inner)?));
    }
    let start = *c;
    let parts = c
        .dotted()
        .ok_or_else(|| c.expected("a column, a function call or an expression in parentheses"))?;
    if c.is_punct("(") {
        c.skip_balanced();
        let call = c.since(&start);
        let text = c.slice(call);
        expression(text).map_err(|error| error.shifted(call.start))?;
        return Ok(Key::Expression(text.to_owned()));
    }
    match <[String; 1]>::try_from(parts) {
        Ok([column]) => Ok(Key::Column(column)),
        Err(_) => Err(FragmentError::new(
            "a column is named without its table here",
            c.since(&start),
        )),
    }
}

/// `(fillfactor = 70, fastupdate = off)`
fn options(c: &mut Cursor<'_>) -> Result<Vec<(String, String)>, FragmentError> {
    let inner = c.group().ok_or_else(|| c.expected("options in parentheses"))?;
    let option = |mut part: Cursor<'_>| {
        let name = part.dotted().ok_or_else(|| part.expected("an option"))?.join(".");
        let value = if part.punct("=") {
            part.rest_text().trim_matches('\'').to_owned()
        } else {
            "true".to_owned()
        };
        Ok((name, value))
    };
    inner.split_commas().into_iter().map(option).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clause() {
        let found = index(
            "unique using gin (org_id, lower(name) collate \"C\" text_pattern_ops desc nulls last, (a || b)) \
             include (x, \"Y\") nulls not distinct with (fillfactor = '70') tablespace Fast where deleted_at is null and (a > 0)",
        )
        .unwrap();
        assert!(found.unique && found.nulls_not_distinct);
        assert_eq!(found.method.as_deref(), Some("gin"));
        assert_eq!(found.include, ["x", "Y"]);
        assert_eq!(found.tablespace.as_deref(), Some("fast"));
        assert_eq!(found.with, [("fillfactor".to_owned(), "70".to_owned())]);
        assert_eq!(found.predicate.as_deref(), Some("deleted_at is null and (a > 0)"));
        let [first, second, third] = found.keys.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!(first.key, Key::Column("org_id".into()));
        assert_eq!(second.key, Key::Expression("lower(name)".into()));
        assert_eq!(second.collation, Some(Name::unqualified("C")));
        assert_eq!(second.opclass, Some(Name::unqualified("text_pattern_ops")));
        assert_eq!((second.descending, second.nulls_first), (true, Some(false)));
        assert_eq!(third.key, Key::Expression("a || b".into()));
    }

    #[test]
    fn a_column_list_is_enough() {
        let found = index("(\"Org\", updated_at desc) where completed_at is null").unwrap();
        assert!(!found.unique && found.method.is_none());
        assert_eq!(found.keys[0].key, Key::Column("Org".into()));
        assert!(found.keys[1].descending);
    }

    #[test]
    fn a_collate_around_all_of_a_key_is_that_of_the_key() {
        let call = || Key::Expression("lower(b)".into());
        for (text, key, collation) in [
            ("((lower(b) collate \"C\"))", call(), Some("C")),
            ("((((lower(b)) collate \"C\")) desc)", call(), Some("C")),
            ("(((lower(b) collate x) collate y))", call(), Some("y")),
            ("((lower(b) collate x) collate y)", call(), Some("y")),
            ("((b collate \"C\"))", Key::Column("b".into()), Some("C")),
            (
                "((b::varchar(10) collate \"C\"))",
                Key::Expression("b::varchar(10)".into()),
                Some("C"),
            ),
            (
                "((a || b collate \"C\"))",
                Key::Expression("a || b collate \"C\"".into()),
                None,
            ),
            (
                "(((a || b) collate \"C\" || c))",
                Key::Expression("(a || b) collate \"C\" || c".into()),
                None,
            ),
            (
                "(lower(b collate \"C\"))",
                Key::Expression("lower(b collate \"C\")".into()),
                None,
            ),
        ] {
            let found = index(text).unwrap();
            let found = &found.keys[0];
            assert_eq!(
                (&found.key, &found.collation),
                (&key, &collation.map(Name::unqualified)),
                "{text}"
            );
        }
    }

    #[test]
    fn parameters_of_an_operator_class() {
        let found =
            index("using gist (a public.gist_trgm_ops (SigLen = '32', x=y) desc, b tsvector_ops)").unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(found.keys[0].parameters, [pair("siglen", "32"), pair("x", "y")]);
        assert!(found.keys[0].descending && found.keys[1].parameters.is_empty());
    }

    #[test]
    fn definitions_of_the_server() {
        let found = index_definition(
            "CREATE UNIQUE INDEX \"I\" ON ONLY public.t USING btree (lower((a)::text) DESC, b) WHERE (c > 0)",
        )
        .unwrap();
        assert!(found.unique);
        assert_eq!(found.keys[0].key, Key::Expression("lower((a)::text)".into()));
        assert_eq!(found.predicate.as_deref(), Some("(c > 0)"));
    }

    #[test]
    fn mistakes_say_what_was_expected() {
        for (text, message) in [
            ("org_id", "expected the keys in parentheses, found `org_id`"),
            (
                "()",
                "expected a column, a function call or an expression in parentheses, found the end",
            ),
            ("(a || b)", "expected the end of the key, found `||`"),
            ("(a) wher b", "unknown clause \"wher\": did you mean \"where\"?"),
            ("(a) where", "expected a predicate behind `where`, found the end"),
            ("(a nulls)", "expected `first` or `last`, found the end"),
            ("on t (a)", "the table is known already"),
            ("(a) where b; drop table t", "a semicolon has no place here"),
            ("(a", "`(` is never closed"),
        ] {
            assert_eq!(index(text).unwrap_err().message, message, "{text}");
        }
    }
}
