//! What has no kind of its own, as COMMENT ON names it: `operator public.=== (integer, integer)`, `cast (a as b)`.

use crate::sql::cursor::Cursor;
use crate::sql::error::FragmentError;
use crate::sql::lex::TokenKind;
use crate::sql::name::{Name, quote_ident};
use crate::sql::types::{self, TypeName};

use super::{identifier, name, tokens, word};

/// The classes that are known, in the words of COMMENT ON; of those that begin alike the longer ones first.
pub const COMMENTED: [&str; 16] = [
    "access method",
    "cast",
    "collation",
    "conversion",
    "database",
    "foreign data wrapper",
    "language",
    "large object",
    "operator class",
    "operator family",
    "operator",
    "text search configuration",
    "text search dictionary",
    "text search parser",
    "text search template",
    "transform",
];

/// Something that a comment may stand on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commented {
    /// One of [`COMMENTED`].
    pub class: &'static str,
    /// Of what has a name; an operator's is its sign.
    name: Option<Name>,
    /// What follows the class and the name, where `?` stands for one of the types.
    rest: String,
    types: Vec<Option<TypeName>>,
}

impl Commented {
    /// The schema that it lies in; `None` of what lies in none.
    pub fn schema<'a>(&'a self, usual: &'a str) -> Option<&'a str> {
        let name = self.name.as_ref().filter(|_| lies_in_schema(self.class))?;
        Some(name.schema.as_deref().unwrap_or(usual))
    }

    /// What COMMENT ON names, for a suite of that schema.
    pub fn entry(&self, schema: &str) -> String {
        let mut bare = self.clone();
        if let Some(name) = &mut bare.name
            && name.schema.as_deref() == Some(schema)
        {
            name.schema = None;
        }
        bare.rest = bare.rest.replace("(?,?)", " (?, ?)");
        format!("{} {}", self.class, bare.spelled(""))
            .trim_end()
            .to_string()
    }

    /// The identity that the server gives it, but for the schema of the server's own types, which is left out: what has no
    /// schema is of the schema `usual`.
    pub fn identity(&self, usual: &str) -> String {
        self.spelled(usual)
    }

    /// With `usual` for a schema that is left out; without one it stays left out.
    fn spelled(&self, usual: &str) -> String {
        let mut identity = String::new();
        if let Some(name) = &self.name {
            if let Some(schema) = self.schema(usual).filter(|schema| !schema.is_empty()) {
                identity.push_str(&quote_ident(schema));
                identity.push('.');
            }
            match self.class {
                "operator" | "large object" => identity.push_str(&name.name),
                _ => identity.push_str(&quote_ident(&name.name)),
            }
        }
        let mut types = self.types.iter();
        for part in self.rest.split_inclusive('?') {
            let (text, is_place) = part.strip_suffix('?').map_or((part, false), |text| (text, true));
            identity.push_str(text);
            match types.next().filter(|_| is_place) {
                Some(Some(of)) if of.builtin || usual.is_empty() || has_schema(&of.unmodified) => {
                    identity.push_str(&of.unmodified);
                }
                Some(Some(of)) => identity.push_str(&format!("{}.{}", quote_ident(usual), of.unmodified)),
                Some(None) => identity.push_str("NONE"),
                None => {}
            }
        }
        identity
    }
}

/// Parses an identity of the server's, with its class.
pub fn commented_identity(class: &str, identity: &str) -> Option<Commented> {
    commented(&format!("{} {identity}", class.replace('-', " "))).ok()
}

/// Whether what is of the class lies in a schema.
pub fn lies_in_schema(class: &str) -> bool {
    !matches!(
        class,
        "access method"
            | "cast"
            | "database"
            | "foreign data wrapper"
            | "language"
            | "large object"
            | "transform"
    )
}

fn has_schema(type_name: &str) -> bool {
    crate::sql::parse_name(type_name.trim_end_matches("[]")).is_ok_and(|name| name.schema.is_some())
}

/// Parses what COMMENT ON names, of what has no kind of its own.
///
/// # Errors
/// Says what was expected where.
pub fn commented(text: &str) -> Result<Commented, FragmentError> {
    let tokens = tokens(text, "what the comment is on: `operator === (integer, integer)`")?;
    let mut c = Cursor::new(text, &tokens);
    let Some(class) = c.any_word(&COMMENTED) else {
        return Err(c.expected("what the comment is on").help(format!(
            "one of {}, with its name as in COMMENT ON; of anything else the comment stands in its own entry",
            COMMENTED.join(", ")
        )));
    };
    let mut found = Commented {
        class,
        name: None,
        rest: String::new(),
        types: Vec::new(),
    };
    match class {
        "database" => {}
        "cast" => {
            let mut inner = c.group().ok_or_else(|| c.expected("`(type as type)`"))?;
            found.types.push(Some(types::type_name(&mut inner)?));
            word(&mut inner, "as")?;
            found.types.push(Some(types::type_name(&mut inner)?));
            inner.finish()?;
            found.rest = "(? AS ?)".to_string();
        }
        "transform" => {
            word(&mut c, "for")?;
            found.types.push(Some(types::type_name(&mut c)?));
            // the server's own identity has the word more
            c.word("on");
            word(&mut c, "language")?;
            found.rest = format!(
                "for ? language {}",
                quote_ident(&identifier(&mut c, "a language")?)
            );
        }
        "large object" => {
            let number = c.peek().filter(|token| token.kind == TokenKind::Number);
            let number = number.ok_or_else(|| c.expected("its number"))?;
            found.name = Some(Name::unqualified(number.text(text)));
            c.advance();
        }
        "operator" => {
            found.name = Some(operator(&mut c, text)?);
            let inner = c
                .group()
                .ok_or_else(|| c.expected("the types of its sides in parentheses"))?;
            for mut side in inner.split_commas() {
                found.types.push(match side.word("none") {
                    true => None,
                    false => Some(types::type_name(&mut side)?),
                });
                side.finish()?;
            }
            if found.types.len() != 2 {
                return Err(FragmentError::new("expected two types", inner.rest())
                    .help("write `none` for a side that the operator has not"));
            }
            found.rest = "(?,?)".to_string();
        }
        "operator class" | "operator family" => {
            found.name = Some(name(&mut c, "its name")?);
            word(&mut c, "using")?;
            found.rest = format!(" USING {}", quote_ident(&identifier(&mut c, "an access method")?));
        }
        "access method" | "foreign data wrapper" | "language" => {
            found.name = Some(Name::unqualified(identifier(&mut c, "its name")?));
        }
        _ => found.name = Some(name(&mut c, "its name")?),
    }
    c.finish()?;
    Ok(found)
}

/// `===`, `public.===`
fn operator(c: &mut Cursor<'_>, text: &str) -> Result<Name, FragmentError> {
    let schema = match c.is_ident() {
        true => {
            let schema = c.ident();
            if !c.punct(".") {
                return Err(c.expected("`.`"));
            }
            schema
        }
        false => None,
    };
    let sign = c.peek().filter(|token| token.kind == TokenKind::Operator);
    let sign = sign.ok_or_else(|| c.expected("an operator"))?;
    c.advance();
    Ok(Name {
        schema,
        name: sign.text(text).to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(text: &str) -> String {
        let found = commented(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        format!("{} {}", found.class, found.identity("app"))
    }

    #[test]
    fn spellings_are_those_of_the_server() {
        for (text, server) in [
            ("operator === (int, text)", "operator app.===(integer,text)"),
            (
                "Operator \"Odd\".=== (mood, pg_catalog.int4)",
                "operator \"Odd\".===(app.mood,integer)",
            ),
            (
                "operator public.!!(NONE,pg_catalog.text)",
                "operator public.!!(NONE,text)",
            ),
            ("cast (mood as varchar)", "cast (app.mood AS character varying)"),
            (
                "cast (\"Odd\".mood AS pg_catalog.text)",
                "cast (\"Odd\".mood AS text)",
            ),
            ("operator class c using btree", "operator class app.c USING btree"),
            (
                "operator family public.\"C\" USING gist",
                "operator family public.\"C\" USING gist",
            ),
            ("collation \"My\"", "collation app.\"My\""),
            (
                "text search configuration public.plain",
                "text search configuration public.plain",
            ),
            (
                "transform for mood[] language plperl",
                "transform for app.mood[] language plperl",
            ),
            (
                "transform for int on language plperl",
                "transform for integer language plperl",
            ),
            ("foreign data wrapper \"W\"", "foreign data wrapper \"W\""),
            ("large object 4711", "large object 4711"),
            ("database", "database "),
        ] {
            assert_eq!(identity(text), server);
        }
    }

    #[test]
    fn entries_are_as_a_suite_of_the_schema_writes_them() {
        for (identity, entry) in [
            ("operator app.===(app.mood,text)", "operator === (app.mood, text)"),
            (
                "operator public.===(integer,text)",
                "operator public.=== (integer, text)",
            ),
            ("operator class app.c USING btree", "operator class c USING btree"),
            ("cast (app.mood AS text)", "cast (app.mood AS text)"),
            ("foreign data wrapper w", "foreign data wrapper w"),
        ] {
            let found = commented(identity).unwrap();
            assert_eq!(found.entry("app"), entry);
            assert_eq!(commented(entry).unwrap().identity("app"), found.identity("app"));
        }
    }

    #[test]
    fn what_is_none_says_so() {
        for (text, message) in [
            ("table t", "expected what the comment is on, found `table`"),
            (
                "operator ===",
                "expected the types of its sides in parentheses, found the end",
            ),
            ("operator === (integer)", "expected two types"),
            ("operator class c", "expected `using`, found the end"),
            ("cast (a, b)", "expected `as`, found `,`"),
            ("language a.b", "expected nothing more, found `.`"),
            ("large object lo", "expected its number, found `lo`"),
        ] {
            assert_eq!(commented(text).unwrap_err().message, message, "{text}");
        }
    }
}
