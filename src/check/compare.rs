//! Whether a property of an object is what a suite wants: plain values here, expressions by the server.

use rustc_hash::FxHashMap;

use crate::catalog::{Context, Object, PropertyType, Stated, Value};
use crate::sql::types::parse_type;
use crate::sql::{Name, normalize, parse_name, quote_ident};

use super::kind::fields::Privileges;
use super::kind::options::same_options;
use super::question::{Answer, Question};
use super::rule::Judge;
use super::verdict::Difference;

/// What a suite wants of one property.
#[derive(Debug, Clone)]
pub(crate) struct Want {
    /// The catalog's property.
    pub(crate) property: &'static str,
    pub(crate) value: Wanted,
    /// What has to be read because it is stated.
    pub(crate) states: Stated,
}

/// The wanted value, or how to look.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    /// Just this; `None` is "has none".
    Is(Option<Value>),
    /// Something that only the kind knows how to compare: the text and the function.
    By(String, Compare),
    Privileges(Box<Privileges>),
}

/// Compares what the suite says with the object.
pub(crate) type Compare = fn(&str, &Object, &mut Judge<'_>) -> Comparison;

impl Want {
    pub(crate) fn is(property: &'static str, value: Value) -> Want {
        Want::exactly(property, Some(value))
    }

    pub(crate) fn text(property: &'static str, text: impl Into<String>) -> Want {
        Want::is(property, Value::Text(text.into()))
    }

    pub(crate) fn flag(property: &'static str, flag: bool) -> Want {
        Want::is(property, Value::Bool(flag))
    }

    pub(crate) fn list(property: &'static str, items: Vec<String>) -> Want {
        Want::is(property, Value::List(items))
    }

    /// A value, or that there is none.
    pub(crate) fn exactly(property: &'static str, value: Option<Value>) -> Want {
        Want {
            property,
            value: Wanted::Is(value),
            states: Stated::default(),
        }
    }

    /// A text, or that there is none.
    pub(crate) fn maybe(property: &'static str, text: Option<impl Into<String>>) -> Want {
        Want::exactly(property, text.map(|text| Value::Text(text.into())))
    }

    pub(crate) fn by(property: &'static str, text: impl Into<String>, compare: Compare) -> Want {
        Want {
            property,
            value: Wanted::By(text.into(), compare),
            states: Stated::default(),
        }
    }

    pub(crate) fn privileges(property: &'static str, privileges: Privileges) -> Want {
        Want {
            property,
            value: Wanted::Privileges(Box::new(privileges)),
            states: Stated::default(),
        }
    }

    /// The same, stating something that is not read otherwise.
    pub(crate) fn stating(self, states: Stated) -> Want {
        Want { states, ..self }
    }
}

/// What came of one comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Comparison {
    Same,
    Differs(Vec<Difference>),
    /// The server does not accept the expected text.
    Refused {
        part: String,
        sqlstate: String,
        message: String,
        expected: String,
    },
    /// It cannot be told, with the reason.
    CannotTell(String),
    /// The server has not been asked yet.
    Pending,
}

impl Comparison {
    /// One difference.
    pub(crate) fn differs(
        part: impl Into<String>,
        have: Option<impl Into<String>>,
        want: Option<impl Into<String>>,
    ) -> Comparison {
        Comparison::Differs(vec![Difference {
            part: part.into(),
            have: have.map(Into::into),
            want: want.map(Into::into),
            refusal: None,
        }])
    }
}

/// Compares one property of an object with what is wanted of it.
pub(crate) fn compare(want: &Want, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    let wanted = match &want.value {
        Wanted::By(text, compare) => return compare(text, object, judge),
        Wanted::Privileges(privileges) => return privileges.compare(want.property, object, judge),
        Wanted::Is(wanted) => wanted.as_ref(),
    };
    let name = want.property;
    let have = object.get(name);
    // whatever its type
    if have == wanted {
        return Comparison::Same;
    }
    let part = part_of(name);
    let differs = || Comparison::differs(part, have.map(|v| show(name, v)), wanted.map(|v| show(name, v)));
    let Some(property) = object.id.kind.property(name) else {
        return Comparison::CannotTell(format!("{name} is not read of a {}", object.id.kind));
    };
    match property.kind {
        PropertyType::Bool => {
            let wanted = wanted == Some(&Value::Bool(true));
            let have = object.flag(name);
            if wanted == have {
                Comparison::Same
            } else {
                let word = |value| show(name, &Value::Bool(value));
                Comparison::differs(part, Some(word(have)), Some(word(wanted)))
            }
        }
        PropertyType::Int | PropertyType::Text => differs(),
        // an absent list is an empty one
        PropertyType::List | PropertyType::Set => {
            let (want, found) = (wanted.and_then(Value::as_list).unwrap_or(&[]), object.list(name));
            if want == found {
                return Comparison::Same;
            }
            let (mut want, mut found) = (want.to_vec(), found.to_vec());
            if property.kind == PropertyType::Set {
                want.sort();
                found.sort();
            }
            if want == found || name == "options" && same_options(object, &want, &found) {
                Comparison::Same
            } else {
                Comparison::differs(part, Some(show_list(&found)), Some(show_list(&want)))
            }
        }
        PropertyType::Expression(context) => match (have, wanted) {
            (Some(Value::Text(have)), Some(Value::Text(wanted))) => {
                expression(part, context, object, wanted, have, judge)
            }
            _ => differs(),
        },
        PropertyType::Expressions(context) => {
            let want = wanted.and_then(Value::as_list).unwrap_or(&[]);
            let found = object.list(name);
            if want.len() != found.len() {
                return Comparison::differs(part, Some(show_list(found)), Some(show_list(want)));
            }
            let mut result = Comparison::Same;
            for (index, (want, found)) in want.iter().zip(found).enumerate() {
                let part = format!("{} {}", part_of(name).trim_end_matches('s'), index + 1);
                result = worse(result, expression(&part, context, object, want, found, judge));
            }
            result
        }
    }
}

/// Of two outcomes the one that decides; differences add up.
pub(crate) fn worse(first: Comparison, second: Comparison) -> Comparison {
    fn rank(comparison: &Comparison) -> u8 {
        match comparison {
            Comparison::Same => 0,
            Comparison::Pending => 1,
            Comparison::CannotTell(_) => 2,
            Comparison::Refused { .. } => 3,
            Comparison::Differs(_) => 4,
        }
    }
    match (first, second) {
        (Comparison::Differs(mut all), Comparison::Differs(more)) => {
            all.extend(more);
            Comparison::Differs(all)
        }
        (first, second) if rank(&second) > rank(&first) => second,
        (first, _) => first,
    }
}

/// Compares two texts of SQL on an object: equal when their tokens are, else as the server says.
pub(crate) fn expression(
    part: &str,
    context: Context,
    object: &Object,
    wanted: &str,
    have: &str,
    judge: &mut Judge<'_>,
) -> Comparison {
    if wanted == have {
        return Comparison::Same;
    }
    if context == Context::Type {
        return types(part, &judge.suite.schema, wanted, have, judge);
    }
    // a view's query ends as a statement does
    let (wanted, have) = match context {
        Context::Query => (unended(wanted), unended(have)),
        _ => (wanted, have),
    };
    if judge.alike.are(wanted, have) {
        return Comparison::Same;
    }
    let schema = judge.suite.schema.clone();
    let relation = match context {
        Context::Predicate | Context::Scalar | Context::Generated | Context::TriggerWhen | Context::Rule => {
            Some((object.id.schema.to_string(), object.id.relation.to_string()))
        }
        Context::Default | Context::Literal | Context::Type | Context::Query | Context::Body => None,
    };
    let column_type = match context {
        Context::Default => object.text("type").map(str::to_string),
        _ => None,
    };
    ask(
        part,
        Question::Same {
            context,
            relation,
            column_type,
            schema,
            expected: wanted.to_string(),
            actual: have.to_string(),
        },
        judge,
    )
}

/// Which texts have the same tokens, as far as that was looked at: many objects of a database say the same.
#[derive(Debug, Default)]
pub(crate) struct Alike(FxHashMap<String, FxHashMap<String, bool>>);

/// How many texts are worth keeping.
const MANY_TEXTS: usize = 1_000;

impl Alike {
    fn are(&mut self, wanted: &str, have: &str) -> bool {
        let known = self.0.get(wanted).and_then(|known| known.get(have));
        if let Some(&alike) = known {
            return alike;
        }
        let alike = normalize(wanted) == normalize(have);
        if self.0.len() < MANY_TEXTS {
            let known = self.0.entry(wanted.to_string()).or_default();
            if known.len() < MANY_TEXTS {
                known.insert(have.to_string(), alike);
            }
        }
        alike
    }
}

fn unended(query: &str) -> &str {
    query.trim_end().trim_end_matches(';')
}

/// Puts a question of sameness and reads the answer.
pub(crate) fn ask(part: &str, question: Question, judge: &mut Judge<'_>) -> Comparison {
    let Some((answer, question)) = judge.answer(question) else {
        return Comparison::Pending;
    };
    let (expected, actual) = match question {
        Question::Same { expected, actual, .. } => (expected, actual),
        Question::Rows { .. } | Question::Probe(_) | Question::Isolation(_) | Question::Audit => {
            (String::new(), String::new())
        }
    };
    match answer {
        Answer::Same => Comparison::Same,
        // the server's spellings show what really differs; the suite's own word is in `expected`
        Answer::Differs { expected, actual } => {
            Comparison::differs(part, Some(actual.clone()), Some(expected.clone()))
        }
        Answer::Refused { sqlstate, message } => Comparison::Refused {
            part: part.to_string(),
            sqlstate: sqlstate.clone(),
            message: message.clone(),
            expected,
        },
        Answer::CannotTell { reason } => Comparison::CannotTell(reason.clone()),
        Answer::Rows(_)
        | Answer::Probe(_)
        | Answer::Isolation(_)
        | Answer::NotRun { .. }
        | Answer::Audit(_) => Comparison::differs(part, Some(actual), Some(expected)),
    }
}

/// Compares two types: the suite's bare names are those of its schema, the catalog's are qualified.
pub(crate) fn types(part: &str, schema: &str, wanted: &str, have: &str, judge: &mut Judge<'_>) -> Comparison {
    match same_type(schema, wanted, have) {
        Some(true) => Comparison::Same,
        Some(false) => Comparison::differs(part, Some(have), Some(wanted)),
        None => ask(
            part,
            Question::Same {
                context: Context::Type,
                relation: None,
                column_type: None,
                schema: schema.to_string(),
                expected: wanted.to_string(),
                actual: have.to_string(),
            },
            judge,
        ),
    }
}

/// Whether two types are the same, as far as that can be told without the server.
pub(crate) fn same_type(schema: &str, wanted: &str, have: &str) -> Option<bool> {
    let (Ok(wanted), Ok(have)) = (parse_type(wanted), parse_type(have)) else {
        // `trigger`, `setof t`, `table(…)`: what is no plain type is compared by its tokens
        return if normalize(wanted) == normalize(have) {
            Some(true)
        } else {
            None
        };
    };
    if wanted.text == have.text {
        return Some(true);
    }
    if wanted.builtin || wanted.text.ends_with("%type") {
        return if wanted.builtin { Some(false) } else { None };
    }
    if format!("{}.{}", quote_ident(schema), wanted.text) == have.text {
        return Some(true);
    }
    // `_mood` is what the server calls `mood[]` itself
    if last_name(&wanted.text).starts_with('_') && have.text.ends_with("[]") {
        return None;
    }
    if let (Some(wanted), Some(have)) = (schema_of_type(&wanted.text), schema_of_type(&have.text))
        && wanted != have
    {
        return Some(false);
    }
    // the same last name, or with other modifiers: the search path decides
    (last_name(&wanted.text) != last_name(&have.text)).then_some(false)
}

/// `public.geometry(Point,4326)[]` → `geometry`.
fn last_name(text: &str) -> String {
    name_of_type(text).map_or_else(|| text.to_string(), |name| name.name)
}

/// `public.geometry(Point,4326)[]` → `public`.
fn schema_of_type(text: &str) -> Option<String> {
    name_of_type(text)?.schema
}

fn name_of_type(text: &str) -> Option<Name> {
    let bare = text.trim_end_matches("[]");
    let bare = bare.split_once('(').map_or(bare, |(name, _)| name);
    parse_name(bare).ok()
}

/// What people call a property.
pub(crate) fn part_of(property: &'static str) -> &'static str {
    match property {
        "not_null" => "nullability",
        "on_delete" => "on delete",
        "on_update" => "on update",
        "with_check" => "with check",
        "target_columns" => "target columns",
        "nulls_not_distinct" => "nulls",
        "initially_deferred" => "initial mode",
        "deferrable" => "deferrability",
        "opclasses" => "operator classes",
        "orders" => "order",
        "generated_kind" => "generated",
        "partition_by" => "partition key",
        "partition_of" => "parent",
        "row_security" | "force_row_security" => "row security",
        "enabled" => "state",
        "bypass_row_security" => "bypass row security",
        "in_schema" => "schema",
        "owned_by" => "owner column",
        "member_of" => "memberships",
        "replica_identity" => "replica identity",
        "access_method" => "access method",
        "of_type" => "row type",
        "statistics_target" => "statistics target",
        "attribute_comments" => "comments on attributes",
        "check_comments" => "comments on checks",
        "statistics_targets" => "statistics targets",
        "connection_limit" => "connection limit",
        "valid_until" => "valid until",
        "admin_of" => "admin options",
        "inherit_of" => "memberships with inherit",
        "no_inherit_of" => "memberships without inherit",
        "no_set_of" => "memberships without set",
        "not_null_name" => "name of NOT NULL",
        "not_null_no_inherit" => "inheritance of NOT NULL",
        "not_null_comment" => "comment on NOT NULL",
        "not_enforced" => "enforcement",
        "all_tables" => "all tables",
        "via_root" => "via root",
        "generated_columns" => "generated columns",
        "subtype_diff" => "subtype difference",
        "old_table" => "old table",
        "new_table" => "new table",
        other => other,
    }
}

/// A value of a property in words that can stand alone.
pub(crate) fn show(property: &'static str, value: &Value) -> String {
    match value {
        Value::Bool(value) => {
            let (yes, no) = words(property);
            (if *value { yes } else { no }).to_string()
        }
        Value::List(items) => show_list(items),
        other => other.to_string(),
    }
}

pub(crate) fn show_list(items: &[String]) -> String {
    format!("({})", items.join(", "))
}

/// The two words of a switch.
fn words(property: &'static str) -> (&'static str, &'static str) {
    match property {
        "not_null" => ("not null", "nullable"),
        "unique" => ("unique", "not unique"),
        "without_overlaps" => ("without overlaps", "plain"),
        "period" => ("period", "plain"),
        "validated" => ("validated", "not valid"),
        "no_inherit" | "not_null_no_inherit" => ("no inherit", "inherited"),
        "not_enforced" => ("not enforced", "enforced"),
        "clustered" => ("clustered", "not clustered"),
        "populated" => ("populated", "not populated"),
        "nulls_not_distinct" => ("not distinct", "distinct"),
        "deferrable" => ("deferrable", "not deferrable"),
        "initially_deferred" => ("initially deferred", "initially immediate"),
        "valid" => ("valid", "invalid"),
        "ready" => ("ready", "not ready"),
        "permissive" => ("permissive", "restrictive"),
        "row_security" => ("enabled", "disabled"),
        "force_row_security" => ("forced", "not forced"),
        "constraint" => ("constraint trigger", "plain trigger"),
        _ => ("yes", "no"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_the_same_under_the_suites_schema() {
        for (wanted, have, same) in [
            ("int", "integer", Some(true)),
            ("varchar(255)", "character varying(255)", Some(true)),
            ("varchar(255)", "character varying(256)", Some(false)),
            ("timestamptz", "timestamp without time zone", Some(false)),
            ("mood", "public.mood", Some(true)),
            ("Mood", "public.mood", Some(true)),
            ("mood[]", "public.mood[]", Some(true)),
            ("public.mood", "public.mood", Some(true)),
            ("mood", "public.mod", Some(false)),
            ("mood", "app.mood", None),
            ("auth.mood", "public.mood", Some(false)),
            ("\"Mood\"", "public.\"Mood\"", Some(true)),
            ("geometry(point, 4326)", "public.geometry(Point,4326)", None),
            ("t.c%type", "integer", None),
            ("trigger", "trigger", Some(true)),
            ("SETOF integer", "setof integer", Some(true)),
        ] {
            assert_eq!(same_type("public", wanted, have), same, "{wanted} {have}");
        }
    }
}
