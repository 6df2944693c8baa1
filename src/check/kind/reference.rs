//! What an object refers to by name: collations, operator classes, functions, types, tablespaces. The catalog tells one where
//! it is not the default; a suite may state the default as well, and then its name was read.

use crate::catalog::{Object, Stated};
use crate::check::compare::{Comparison, Want, part_of};
use crate::check::rule::Judge;
use crate::sql::fragment::IndexKey;
use crate::sql::{Name, parse_name};

/// What a bare name may be of. The words are those of the property `namesakes`.
pub(crate) const COLLATION: &str = "collation";
pub(crate) const OPERATOR_CLASS: &str = "operator class";
pub(crate) const FUNCTION: &str = "function";
pub(crate) const TYPE: &str = "type";

/// Whether a name that a suite wrote is that of the catalog. A bare one is the server's own of that name, else the one in the
/// suite's schema, else the one in `public`.
pub(crate) fn is_meant(what: &str, wanted: &str, have: &str, object: &Object, judge: &Judge<'_>) -> bool {
    let (Ok(wanted), Ok(have)) = (parse_name(wanted), parse_name(have)) else {
        return wanted == have;
    };
    let theirs = have.schema.as_deref().unwrap_or("pg_catalog");
    if wanted.name != have.name {
        return false;
    }
    if let Some(wanted) = wanted.schema {
        return wanted == theirs;
    }
    let path = ["pg_catalog", judge.suite.schema.as_str(), "public"];
    let Some(at) = path.iter().position(|schema| *schema == theirs) else {
        return false;
    };
    let is_there = |schema: &str| is_namesake(what, schema, &have.name, object);
    !path[..at].iter().any(|schema| is_there(schema))
}

/// Whether another object of that kind in the schema has the name of one that the object refers to.
pub(crate) fn is_namesake(what: &str, schema: &str, name: &str, object: &Object) -> bool {
    let mut others = object
        .list("namesakes")
        .iter()
        .filter_map(|line| line.strip_prefix(what)?.strip_prefix(' '));
    others.any(|other| {
        parse_name(other).is_ok_and(|other| other.name == name && other.schema.as_deref() == Some(schema))
    })
}

/// A name as the catalog has it, and as the suite has it; the suite's is never left out.
pub(crate) fn named(
    property: &'static str,
    what: &str,
    wanted: &str,
    object: &Object,
    judge: &Judge<'_>,
) -> Comparison {
    match object.text(property) {
        Some(have) if is_meant(what, wanted, have, object, judge) => Comparison::Same,
        have => Comparison::differs(part_of(property), have, Some(wanted)),
    }
}

/// The name of a thing that an object has whether it is the default one or not.
fn of_default(
    property: &'static str,
    own: &'static str,
    what: &str,
    wanted: &str,
    object: &Object,
    judge: &Judge<'_>,
) -> Comparison {
    let part = part_of(property);
    let told = object.text(property);
    if wanted.is_empty() {
        return match told {
            None => Comparison::Same,
            told => Comparison::differs(part, told, None::<String>),
        };
    }
    match told.or_else(|| object.text(own)) {
        Some(have) if is_meant(what, wanted, have, object, judge) => Comparison::Same,
        have => Comparison::differs(part, have, Some(wanted)),
    }
}

// ── collations ──

/// The collation of a column, a domain or a range; an empty text is the type's own.
pub(crate) fn collation(wanted: Option<&Name>) -> Want {
    let text = wanted.map(ToString::to_string).unwrap_or_default();
    let stated = Stated::COLLATION.when(!text.is_empty());
    Want::by("collation", text, |wanted, object, judge| {
        of_default("collation", "collation_name", COLLATION, wanted, object, judge)
    })
    .stating(stated)
}

/// The operator class of a range type.
pub(crate) fn opclass(text: String) -> Want {
    Want::by("opclass", text, |wanted, object, judge| {
        of_default("opclass", "opclass_name", OPERATOR_CLASS, wanted, object, judge)
    })
    .stating(Stated::OPERATOR_CLASS)
}

/// Whether one of several collations is the one that is wanted: what the catalog tells of it, "" where it is the default, and
/// its name where that was read. `None` where that had to be.
pub(crate) fn same_collation(
    wanted: &str,
    told: &str,
    name: Option<&String>,
    object: &Object,
    judge: &Judge<'_>,
) -> Option<bool> {
    if wanted.is_empty() || !told.is_empty() {
        let is_default = wanted.is_empty() || told.is_empty();
        return Some(match is_default {
            true => wanted == told,
            false => is_meant(COLLATION, wanted, told, object, judge),
        });
    }
    // what has no collation has no name of one
    name.map(|name| !name.is_empty() && is_meant(COLLATION, wanted, name, object, judge))
}

// ── operator classes ──

/// The operator class of a key as the catalog spells one: `gist_trgm_ops (siglen=32)`.
pub(crate) fn class_of(key: &IndexKey) -> String {
    let Some(name) = &key.opclass else {
        return String::new();
    };
    match key.parameters.is_empty() {
        true => name.to_string(),
        false => {
            let each = key
                .parameters
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            format!("{name} ({})", each.collect::<Vec<_>>().join(", "))
        }
    }
}

/// The same of operator classes, with their parameters.
pub(crate) fn same_opclass(
    wanted: &str,
    told: &str,
    name: Option<&String>,
    object: &Object,
    judge: &Judge<'_>,
) -> Option<bool> {
    if wanted.is_empty() {
        return Some(told.is_empty());
    }
    let (wanted, parameters) = with_parameters(wanted);
    let (told, its_parameters) = with_parameters(told);
    let have = match told {
        "" => name?.as_str(),
        told => told,
    };
    Some(parameters == its_parameters && is_meant(OPERATOR_CLASS, wanted, have, object, judge))
}

/// `public."Odd (x" (siglen=32)` → the name, and its parameters in order.
pub(crate) fn with_parameters(text: &str) -> (&str, Vec<&str>) {
    let mut quoted = false;
    let at = text.char_indices().find(|(_, char)| {
        quoted ^= *char == '"';
        !quoted && *char == '('
    });
    let Some((at, _)) = at else {
        return (text, Vec::new());
    };
    let inner = text[at + 1..].trim_end().trim_end_matches(')');
    let mut parameters: Vec<&str> = inner.split(',').map(str::trim).collect();
    parameters.sort_unstable();
    (text[..at].trim_end(), parameters)
}

// ── tablespaces ──

/// A tablespace that is stated may be the database's.
pub(crate) fn tablespace(name: String) -> Want {
    Want::by("tablespace", name, |wanted, object, _| {
        let told = object
            .text("tablespace")
            .or_else(|| object.text("default_tablespace"));
        match told {
            Some(have) if have == wanted => Comparison::Same,
            Some(have) => Comparison::differs("tablespace", Some(have), Some(wanted)),
            None => Comparison::CannotTell(format!("the tablespace of {} was not read", object.id)),
        }
    })
    .stating(Stated::TABLESPACE)
}
