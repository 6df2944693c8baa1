//! Types in the spelling of PostgreSQL's `format_type`.

use super::cursor::Cursor;
use super::error::FragmentError;
use super::lex::significant;
use super::name::{Name, quote_ident};
use super::normalize::normalize;

/// A type as `format_type` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TypeName {
    /// `timestamp(3) with time zone`, `integer[]`, `auth."Odd"`. A user's type keeps the schema it was given.
    pub text: String,
    /// The same without modifiers, as arguments and results of functions have it: `timestamp with time zone`.
    pub unmodified: String,
    /// Whether it belongs to PostgreSQL itself, so that no search_path changes its meaning.
    pub builtin: bool,
}

impl TypeName {
    /// A type of PostgreSQL, from its full spelling.
    fn builtin(text: impl Into<String>) -> TypeName {
        let text = text.into();
        let unmodified = match text.as_str() {
            "bpchar" => "character".to_owned(),
            "\"bit\"" => "bit".to_owned(),
            interval if interval.starts_with("interval") => "interval".to_owned(),
            _ => match (text.find('('), text.find(')')) {
                (Some(open), Some(close)) => format!("{}{}", &text[..open], &text[close + 1..]),
                _ => text.clone(),
            },
        };
        TypeName {
            text,
            unmodified,
            builtin: true,
        }
    }

    /// The array type of this one.
    fn array(self) -> TypeName {
        TypeName {
            text: format!("{}[]", self.text),
            unmodified: format!("{}[]", self.unmodified),
            builtin: self.builtin,
        }
    }
}

/// The canonical spelling of a type; what is no type comes back token-normalised.
pub fn canonical_type(text: &str) -> String {
    parse_type(text).map_or_else(|_| normalize(text), |parsed| parsed.text)
}

/// Parses a text that is one type.
///
/// # Errors
/// Says what was expected where.
pub fn parse_type(text: &str) -> Result<TypeName, FragmentError> {
    let tokens = significant(text);
    let mut cursor = Cursor::new(text, &tokens);
    let parsed = type_name(&mut cursor)?;
    cursor.finish()?;
    Ok(parsed)
}

/// Types of PostgreSQL whose name is spelled in one way only.
const PLAIN: &[&str] = &[
    "aclitem",
    "anyarray",
    "anycompatible",
    "anycompatiblearray",
    "anycompatiblemultirange",
    "anycompatiblenonarray",
    "anycompatiblerange",
    "anyelement",
    "anyenum",
    "anymultirange",
    "anynonarray",
    "anyrange",
    "box",
    "bytea",
    "cid",
    "cidr",
    "circle",
    "cstring",
    "date",
    "datemultirange",
    "daterange",
    "event_trigger",
    "fdw_handler",
    "gtsvector",
    "index_am_handler",
    "inet",
    "int2vector",
    "int4multirange",
    "int4range",
    "int8multirange",
    "int8range",
    "internal",
    "json",
    "jsonb",
    "jsonpath",
    "language_handler",
    "line",
    "lseg",
    "macaddr",
    "macaddr8",
    "money",
    "name",
    "nummultirange",
    "numrange",
    "oid",
    "oidvector",
    "path",
    "pg_lsn",
    "pg_snapshot",
    "point",
    "polygon",
    "record",
    "refcursor",
    "regclass",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
    "table_am_handler",
    "text",
    "tid",
    "trigger",
    "tsm_handler",
    "tsmultirange",
    "tsquery",
    "tsrange",
    "tstzmultirange",
    "tstzrange",
    "tsvector",
    "txid_snapshot",
    "unknown",
    "uuid",
    "void",
    "xid",
    "xid8",
    "xml",
];

/// The fields that an interval can be restricted to, longest first.
const INTERVAL_FIELDS: &[&str] = &[
    "year to month",
    "day to hour",
    "day to minute",
    "day to second",
    "hour to minute",
    "hour to second",
    "minute to second",
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
];

/// Takes one type with its modifiers and array brackets.
pub(super) fn type_name(cursor: &mut Cursor<'_>) -> Result<TypeName, FragmentError> {
    let parsed = base_type(cursor)?;
    let mut array = false;
    loop {
        if cursor.word("array") {
            array = true;
        } else if !cursor.is_punct("[") {
            break;
        }
        while cursor.is_punct("[") {
            array = true;
            cursor.skip_balanced();
        }
    }
    // however many dimensions were written, the catalog knows one array type
    Ok(if array && !parsed.text.ends_with("[]") {
        parsed.array()
    } else {
        parsed
    })
}

fn base_type(cursor: &mut Cursor<'_>) -> Result<TypeName, FragmentError> {
    let start = *cursor;
    let quoted = cursor.peek_text().starts_with('"');
    let Some(mut parts) = cursor.dotted() else {
        return Err(cursor.expected("a type"));
    };
    // tab.col%type: only the server knows what it is
    if cursor.is_punct("%") && cursor.is_word_at(1, "type") {
        cursor.advance();
        cursor.advance();
        let path = parts
            .iter()
            .map(|part| quote_ident(part))
            .collect::<Vec<_>>()
            .join(".");
        let text = format!("{path}%type");
        return Ok(TypeName {
            unmodified: text.clone(),
            text,
            builtin: false,
        });
    }
    if parts.len() > 2 {
        parts.remove(0);
    }
    let catalog = parts.len() == 2 && parts[0] == "pg_catalog";
    let word = parts[parts.len() - 1].clone();
    if parts.len() == 1
        && !quoted
        && let Some(parsed) = keyword_type(&word, cursor)?
    {
        return Ok(parsed);
    }
    if parts.len() == 1 || catalog {
        if let Some(parsed) = internal_type(&word, cursor)? {
            return Ok(parsed);
        }
        if catalog {
            let name = format!("pg_catalog.{}", quote_ident(&word));
            return Ok(TypeName {
                text: format!("{name}{}", modifiers(cursor)?),
                unmodified: name,
                builtin: true,
            });
        }
    }
    if start.is_punct("(") {
        return Err(start.expected("a type"));
    }
    let schema = if parts.len() == 2 {
        Some(parts[0].clone())
    } else {
        None
    };
    let name = Name { schema, name: word };
    Ok(TypeName {
        text: format!("{name}{}", modifiers(cursor)?),
        unmodified: name.to_string(),
        builtin: false,
    })
}

/// The types that the grammar itself knows, with the words that belong to them.
fn keyword_type(word: &str, cursor: &mut Cursor<'_>) -> Result<Option<TypeName>, FragmentError> {
    let text = match word {
        "int" | "integer" => "integer".to_owned(),
        "smallint" => "smallint".to_owned(),
        "bigint" => "bigint".to_owned(),
        "real" => "real".to_owned(),
        "boolean" => "boolean".to_owned(),
        "double" if cursor.word("precision") => "double precision".to_owned(),
        "float" => {
            let at = cursor.here();
            match precision(cursor)? {
                None => "double precision".to_owned(),
                Some(1..=24) => "real".to_owned(),
                Some(25..=53) => "double precision".to_owned(),
                Some(_) => return Err(FragmentError::new("the precision of float is from 1 to 53", at)),
            }
        }
        "dec" | "decimal" => numeric(cursor)?,
        "bit" => {
            let varying = cursor.word("varying");
            let length = precision(cursor)?;
            match (varying, length) {
                (true, length) => with_length("bit varying", length),
                (false, length) => with_length("bit", Some(length.unwrap_or(1))),
            }
        }
        "national" => {
            if cursor.any_word(&["character", "char"]).is_none() {
                return Err(cursor.expected("`character` behind `national`"));
            }
            character(cursor)?
        }
        "character" | "char" | "nchar" => character(cursor)?,
        "time" | "timestamp" => {
            let precision = precision(cursor)?;
            let zone = if cursor.word("with time zone") {
                "with time zone"
            } else {
                cursor.word("without time zone");
                "without time zone"
            };
            format!("{} {zone}", with_length(word, precision))
        }
        "interval" => {
            let precision_first = precision(cursor)?;
            match (precision_first, cursor.any_word(INTERVAL_FIELDS)) {
                (precision, None) => with_length("interval", precision),
                (None, Some(fields)) => {
                    let seconds = if fields.ends_with("second") {
                        precision(cursor)?
                    } else {
                        None
                    };
                    format!("interval {}", with_length(fields, seconds))
                }
                (Some(_), Some(_)) => {
                    return Err(cursor.expected("no fields behind the precision of an interval"));
                }
            }
        }
        _ => return Ok(None),
    };
    Ok(Some(TypeName::builtin(text)))
}

/// The types by the names that `pg_type` has for them.
fn internal_type(word: &str, cursor: &mut Cursor<'_>) -> Result<Option<TypeName>, FragmentError> {
    let text = match word {
        "int2" => "smallint".to_owned(),
        "int4" => "integer".to_owned(),
        "int8" => "bigint".to_owned(),
        "float4" => "real".to_owned(),
        "float8" => "double precision".to_owned(),
        "bool" => "boolean".to_owned(),
        "numeric" => numeric(cursor)?,
        "varchar" => with_length("character varying", precision(cursor)?),
        "bpchar" => match precision(cursor)? {
            Some(length) => with_length("character", Some(length)),
            None => "bpchar".to_owned(),
        },
        "char" => "\"char\"".to_owned(),
        "any" => "\"any\"".to_owned(),
        "varbit" => with_length("bit varying", precision(cursor)?),
        "bit" => match precision(cursor)? {
            Some(length) => with_length("bit", Some(length)),
            None => "\"bit\"".to_owned(),
        },
        "time" => format!("{} without time zone", with_length("time", precision(cursor)?)),
        "timetz" => format!("{} with time zone", with_length("time", precision(cursor)?)),
        "timestamp" => format!(
            "{} without time zone",
            with_length("timestamp", precision(cursor)?)
        ),
        "timestamptz" => format!("{} with time zone", with_length("timestamp", precision(cursor)?)),
        "interval" => with_length("interval", precision(cursor)?),
        _ if PLAIN.binary_search(&word).is_ok() => word.to_owned(),
        _ => match word.strip_prefix('_') {
            // the array type of a built-in one
            Some(element) if !element.starts_with('_') => {
                return Ok(internal_type(element, cursor)?.map(TypeName::array));
            }
            _ => return Ok(None),
        },
    };
    Ok(Some(TypeName::builtin(text)))
}

fn with_length(name: &str, length: Option<u32>) -> String {
    length.map_or_else(|| name.to_owned(), |length| format!("{name}({length})"))
}

fn character(cursor: &mut Cursor<'_>) -> Result<String, FragmentError> {
    let varying = cursor.word("varying");
    let length = precision(cursor)?;
    Ok(if varying {
        with_length("character varying", length)
    } else {
        with_length("character", Some(length.unwrap_or(1)))
    })
}

fn numeric(cursor: &mut Cursor<'_>) -> Result<String, FragmentError> {
    let Some(mut inner) = cursor.group() else {
        return Ok("numeric".to_owned());
    };
    let precision = integer(&mut inner)?;
    let scale = if inner.punct(",") {
        let sign = if inner.punct("-") { "-" } else { "" };
        format!("{sign}{}", integer(&mut inner)?)
    } else {
        "0".to_owned()
    };
    inner.finish()?;
    Ok(format!("numeric({precision},{scale})"))
}

/// `(n)`, when brackets follow.
fn precision(cursor: &mut Cursor<'_>) -> Result<Option<u32>, FragmentError> {
    let Some(mut inner) = cursor.group() else {
        return Ok(None);
    };
    let value = integer(&mut inner)?;
    inner.finish()?;
    Ok(Some(value))
}

pub(super) fn integer(cursor: &mut Cursor<'_>) -> Result<u32, FragmentError> {
    let value = cursor
        .peek_text()
        .parse()
        .map_err(|_| cursor.expected("a whole number"))?;
    cursor.advance();
    Ok(value)
}

/// The modifiers of a user's type as its output function is likely to print them: `(Point,4326)`.
fn modifiers(cursor: &mut Cursor<'_>) -> Result<String, FragmentError> {
    if !cursor.is_punct("(") {
        return Ok(String::new());
    }
    let Some(inner) = cursor.group() else {
        return Err(cursor.expected("a closing parenthesis"));
    };
    let parts: Vec<&str> = inner.split_commas().iter().map(Cursor::rest_text).collect();
    Ok(format!("({})", parts.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_types_are_sorted_for_the_binary_search() {
        assert!(PLAIN.is_sorted());
    }

    #[test]
    fn aliases_become_what_format_type_prints() {
        for (spelled, canonical) in [
            ("int", "integer"),
            ("INT4", "integer"),
            ("int8", "bigint"),
            ("pg_catalog.int2", "smallint"),
            ("float", "double precision"),
            ("float(24)", "real"),
            ("float(25)", "double precision"),
            ("float8", "double precision"),
            ("Double  Precision", "double precision"),
            ("decimal(10, 2)", "numeric(10,2)"),
            ("numeric(10)", "numeric(10,0)"),
            ("numeric(3,-2)", "numeric(3,-2)"),
            ("dec", "numeric"),
            ("bool", "boolean"),
            ("varchar(255)", "character varying(255)"),
            ("character varying", "character varying"),
            ("national character varying(3)", "character varying(3)"),
            ("char", "character(1)"),
            ("char(5)", "character(5)"),
            ("bpchar", "bpchar"),
            ("\"char\"", "\"char\""),
            ("bit", "bit(1)"),
            ("bit varying(8)", "bit varying(8)"),
            ("varbit", "bit varying"),
            ("timestamptz(3)", "timestamp(3) with time zone"),
            ("timestamp", "timestamp without time zone"),
            (
                "timestamp (6) without time zone",
                "timestamp(6) without time zone",
            ),
            ("time tz", "time tz"),
            ("timetz", "time with time zone"),
            ("time with time zone", "time with time zone"),
            ("interval", "interval"),
            ("interval(3)", "interval(3)"),
            ("interval day to second(3)", "interval day to second(3)"),
            ("interval YEAR", "interval year"),
            ("int[]", "integer[]"),
            ("integer[][]", "integer[]"),
            ("int array[3]", "integer[]"),
            ("int ARRAY", "integer[]"),
            ("_int4", "integer[]"),
            ("varchar(3)[4]", "character varying(3)[]"),
            ("Mood", "mood"),
            ("\"Mood\"[]", "\"Mood\"[]"),
            ("auth.\"Odd.Name\"", "auth.\"Odd.Name\""),
            ("public.geometry(Point, 4326)", "public.geometry(Point,4326)"),
            ("jsonb", "jsonb"),
        ] {
            assert_eq!(canonical_type(spelled), canonical, "{spelled}");
        }
    }

    #[test]
    fn functions_know_no_modifiers() {
        for (spelled, unmodified) in [
            ("char", "character"),
            ("bpchar", "character"),
            ("\"char\"", "\"char\""),
            ("bit", "bit"),
            ("varchar(3)[]", "character varying[]"),
            ("timestamptz(3)", "timestamp with time zone"),
            ("interval day to second(3)", "interval"),
            ("numeric(3, 1)", "numeric"),
            ("s.geometry(Point, 4326)[]", "s.geometry[]"),
            ("\"any\"", "\"any\""),
        ] {
            assert_eq!(parse_type(spelled).unwrap().unmodified, unmodified, "{spelled}");
        }
    }

    #[test]
    fn builtin_means_no_search_path_matters() {
        assert!(parse_type("int[]").unwrap().builtin);
        assert!(parse_type("uuid").unwrap().builtin);
        assert!(!parse_type("mood").unwrap().builtin);
        assert!(!parse_type("public.uuid").unwrap().builtin);
    }

    #[test]
    fn what_is_no_type_says_so() {
        assert_eq!(
            parse_type("").unwrap_err().message,
            "expected a type, found the end"
        );
        assert_eq!(
            parse_type("int not").unwrap_err().message,
            "expected nothing more, found `not`"
        );
        assert_eq!(
            parse_type("varchar(x)").unwrap_err().message,
            "expected a whole number, found `x`"
        );
    }
}
