//! Functions by signature and result: `auto_cleanup(text, int[])`, `table(n integer)`.

use crate::sql::cursor::Cursor;
use crate::sql::error::FragmentError;
use crate::sql::lex::TokenKind;
use crate::sql::name::{Name, quote_ident};
use crate::sql::types;

use super::{identifier, name, tokens};

/// A function as overloading tells it apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FunctionSignature {
    pub name: Name,
    /// The canonical types of the input arguments, without modifiers.
    pub arguments: Vec<String>,
}

impl std::fmt::Display for FunctionSignature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}({})", self.name, self.arguments.join(", "))
    }
}

/// One parameter of a routine's declaration.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Parameter {
    pub mode: ParameterMode,
    pub name: Option<String>,
    /// In the spelling of `format_type`, without modifiers.
    pub type_name: String,
    pub default: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParameterMode {
    In,
    Out,
    InOut,
    Variadic,
}

impl ParameterMode {
    /// Whether it counts for overloading.
    pub fn is_input(self) -> bool {
        self != ParameterMode::Out
    }
}

/// Parses a signature: a name and types in parentheses. Names of arguments, modes and defaults may be written and
/// do not count.
///
/// # Errors
/// Says what was expected where.
pub fn function_signature(text: &str) -> Result<FunctionSignature, FragmentError> {
    let tokens = tokens(text, "a signature: `name(type, …)`")?;
    let mut c = Cursor::new(text, &tokens);
    let name = name(&mut c, "the name of a function")?;
    let inner = c.group().ok_or_else(|| {
        c.expected("the argument types in parentheses")
            .help("write () for a function without arguments")
    })?;
    c.finish()?;
    let arguments = parameters(inner)?
        .into_iter()
        .filter(|parameter| parameter.mode.is_input())
        .map(|parameter| parameter.type_name)
        .collect();
    Ok(FunctionSignature { name, arguments })
}

/// Parses what a function returns, into the spelling of `pg_get_function_result`: `TABLE(n integer)`, `SETOF t`,
/// `trigger`.
///
/// # Errors
/// Says what was expected where.
pub fn returns(text: &str) -> Result<String, FragmentError> {
    let tokens = tokens(text, "a return type")?;
    let mut c = Cursor::new(text, &tokens);
    let result = if c.is_word("table") && !c.is_word_at(1, ".") {
        c.advance();
        let inner = c
            .group()
            .ok_or_else(|| c.expected("the columns of the table in parentheses"))?;
        let column = |mut part: Cursor<'_>| {
            let name = identifier(&mut part, "a column")?;
            let parsed = types::type_name(&mut part)?;
            part.finish()?;
            Ok(format!("{} {}", quote_ident(&name), parsed.unmodified))
        };
        let columns: Vec<String> = inner
            .split_commas()
            .into_iter()
            .map(column)
            .collect::<Result<_, _>>()?;
        format!("TABLE({})", columns.join(", "))
    } else {
        let prefix = if c.word("setof") { "SETOF " } else { "" };
        format!("{prefix}{}", types::type_name(&mut c)?.unmodified)
    };
    c.finish()?;
    Ok(result)
}

/// The parameters between the parentheses of a declaration.
pub(in crate::sql) fn parameters(inner: Cursor<'_>) -> Result<Vec<Parameter>, FragmentError> {
    if inner.is_end() {
        return Ok(Vec::new());
    }
    inner.split_commas().into_iter().map(parameter).collect()
}

fn parameter(mut c: Cursor<'_>) -> Result<Parameter, FragmentError> {
    if c.is_end() {
        return Err(c.expected("an argument type"));
    }
    let mut parameter_mode = mode(&mut c);
    let as_type = typed(c);
    // the mode may also stand behind the name: `a out int`
    let as_named = {
        let mut ahead = c;
        let name = ahead.ident();
        if let Some(name) = name {
            let late = mode(&mut ahead);
            typed(ahead)
                .ok()
                .map(|(type_name, rest)| (name, late, type_name, rest))
        } else {
            None
        }
    };
    let (name, type_name, rest) = match (as_type, as_named) {
        (Ok((type_name, rest)), _) if ends(&rest) => (None, type_name, rest),
        (_, Some((name, late, type_name, rest))) if ends(&rest) => {
            parameter_mode = parameter_mode.or(late);
            (Some(name), type_name, rest)
        }
        (Ok((_, rest)), _) => return Err(rest.expected("a comma between arguments")),
        (Err(error), _) => return Err(error),
    };
    let mut rest = rest;
    let default = if rest.word("default") || rest.punct("=") || rest.punct(":=") {
        Some(rest.rest_text().to_owned())
    } else {
        None
    };
    Ok(Parameter {
        mode: parameter_mode.unwrap_or(ParameterMode::In),
        name,
        type_name,
        default,
    })
}

fn ends(rest: &Cursor<'_>) -> bool {
    rest.is_end() || rest.is_word("default") || rest.is_punct("=") || rest.is_punct(":=")
}

fn typed(mut c: Cursor<'_>) -> Result<(String, Cursor<'_>), FragmentError> {
    let prefix = if c.word("setof") { "SETOF " } else { "" };
    let parsed = types::type_name(&mut c)?;
    Ok((format!("{prefix}{}", parsed.unmodified), c))
}

fn mode(c: &mut Cursor<'_>) -> Option<ParameterMode> {
    // `in` alone, or a type that is called so, would be the last token
    let followed = c
        .peek_at(1)
        .is_some_and(|token| matches!(token.kind, TokenKind::Ident | TokenKind::QuotedIdent));
    if !followed {
        return None;
    }
    Some(match () {
        () if c.word("in out") || c.word("inout") => ParameterMode::InOut,
        () if c.word("in") => ParameterMode::In,
        () if c.word("out") => ParameterMode::Out,
        () if c.word("variadic") => ParameterMode::Variadic,
        () => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_keep_what_overloading_sees() {
        for (text, canonical) in [
            ("auto_cleanup()", "auto_cleanup()"),
            ("auto_cleanup(text, int[])", "auto_cleanup(text, integer[])"),
            (
                "s.\"F\"(p_a uuid, in p_b timestamptz default now(), out c int)",
                "s.\"F\"(uuid, timestamp with time zone)",
            ),
            ("f(variadic args text[])", "f(text[])"),
            ("f(a out int, b inout text)", "f(text)"),
            (
                "f(double precision, x double precision = 1, character varying(3))",
                "f(double precision, double precision, character varying)",
            ),
            ("f(\"my arg\" auth.\"T\")", "f(auth.\"T\")"),
            (
                "f(timestamp with time zone, interval day to second)",
                "f(timestamp with time zone, interval)",
            ),
        ] {
            assert_eq!(
                function_signature(text).map(|found| found.to_string()),
                Ok(canonical.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn results_read_as_the_server_prints_them() {
        for (text, canonical) in [
            ("trigger", "trigger"),
            ("int8", "bigint"),
            ("setof s.t", "SETOF s.t"),
            ("SETOF varchar", "SETOF character varying"),
            (
                "table(deleted_count int, \"Message\" text)",
                "TABLE(deleted_count integer, \"Message\" text)",
            ),
        ] {
            assert_eq!(returns(text), Ok(canonical.to_owned()), "{text}");
        }
    }

    #[test]
    fn mistakes_say_what_was_expected() {
        assert_eq!(
            function_signature("f").unwrap_err().message,
            "expected the argument types in parentheses, found the end"
        );
        assert_eq!(
            function_signature("f(a b c)").unwrap_err().message,
            "expected a comma between arguments, found `b`"
        );
        assert_eq!(
            function_signature("f(,)").unwrap_err().message,
            "expected an argument type, found the end"
        );
        assert_eq!(
            function_signature("f() x").unwrap_err().message,
            "expected nothing more, found `x`"
        );
        assert_eq!(
            returns("table(a)").unwrap_err().message,
            "expected a type, found the end"
        );
        assert_eq!(
            returns("int; drop").unwrap_err().message,
            "a semicolon has no place here"
        );
    }
}
