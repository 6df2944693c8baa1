//! `[[count]]`: how many of a kind there are on some relations: the figures of a report.

use crate::catalog::{Catalog, Kind, Object, ObjectId, Parts, Scope};
use crate::check::document::{Fields, Item, Text, closest, items_of, type_of};
use crate::check::parse::Parser;
use crate::check::rule::{Claim, Judge, Outcome, Rule};
use crate::check::suite::Suite;
use crate::check::verdict::Measure;
use crate::sql::{Name, fold_ident, glob, parse_name, quote_ident};
use std::borrow::Cow;

use super::query::entry_key;

const KEYS: &[&str] = &["name", "of", "on", "at_least", "exactly"];

/// What can be counted. The order is that of suggestions.
const OF: &[&str] = &[
    "tables",
    "indexes",
    "secondary_indexes",
    "policies",
    "triggers",
    "trigger_events",
    "functions",
    "foreign_keys",
    "unique_constraints",
    "check_constraints",
    "enums",
    "partitions",
    "rls_tables",
    "columns",
];

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    for (entry, fields) in named(p, item, "count", KEYS) {
        let Some(name) = fields.get("name").and_then(|item| p.reader.string(item)) else {
            continue;
        };
        let what = format!("count \"{}\"", name.value);
        let help = format!("say what to count: {}", OF.join(", "));
        let of = p
            .reader
            .required(&fields, "of", (&what, entry.key.span), &help)
            .and_then(|item| p.reader.word(item, OF));
        let on = match fields.get("on") {
            Some(item) => on(p, item),
            None => Some(vec![Pattern {
                schema: p.schema.clone(),
                name: "*".to_string(),
            }]),
        };
        let amount = match (fields.get("at_least"), fields.get("exactly")) {
            (Some(item), None) => p.reader.figure(item).map(|want| (true, want)),
            (None, Some(item)) => p.reader.figure(item).map(|want| (false, want)),
            (Some(_), Some(item)) => {
                p.reader.error_help(
                    item.key.span,
                    format!("count \"{}\": `exactly` beside `at_least`", name.value),
                    "keep one of the two",
                );
                None
            }
            (None, None) if fields.has_misspelt(&["at_least", "exactly"]) => None,
            (None, None) => {
                p.reader.error_help(
                    entry.key.span,
                    format!("count \"{}\": neither `at_least` nor `exactly`", name.value),
                    "add one of the two",
                );
                None
            }
        };
        let (Some(of), Some(on), Some((at_least, want))) = (of, on, amount) else {
            continue;
        };
        let expected = format!("{} {want}", if at_least { "at least" } else { "exactly" });
        let path = format!("count.{}", name.value);
        let rule = Count {
            name: name.value,
            of,
            on,
            want,
            at_least,
        };
        p.add(path, "count", &entry.key, expected, rule);
    }
}

/// The entries of an array of tables that have a name, which must be new.
pub(crate) fn named<'a>(
    p: &mut Parser,
    item: &Item<'a>,
    what: &str,
    known: &[&str],
) -> Vec<(Item<'a>, Fields<'a>)> {
    let Some(array) = item.value.get_ref().as_array() else {
        let message = format!("`{what}`: want [[{what}]], have {}", type_of(item.value));
        p.reader.error(item.key.span, message);
        return Vec::new();
    };
    let mut found = Vec::new();
    for node in array.iter() {
        let entry = Item {
            key: entry_key(what, node),
            value: node,
        };
        if items_of(node).is_none() {
            p.reader.mismatch(&entry, &format!("[[{what}]]"));
            continue;
        }
        let Some(fields) = p.reader.fields(&entry, &format!("[[{what}]]"), "a table", known) else {
            continue;
        };
        match fields.get("name").and_then(|item| item.value.get_ref().as_str()) {
            Some(name) if name.trim().is_empty() => {
                p.reader
                    .error(entry.key.span, format!("the name of a {what} is empty"));
            }
            Some(_) => found.push((entry, fields)),
            None => match fields.get("name") {
                Some(item) => p.reader.mismatch(item, "a string"),
                None if fields.has_misspelt(&["name"]) => {}
                None => p.reader.error_help(
                    entry.key.span,
                    format!("a {what} without a name"),
                    "add name = \"…\": reports show it",
                ),
            },
        }
    }
    found
}

fn on(p: &mut Parser, item: &Item<'_>) -> Option<Vec<Pattern>> {
    let texts = p.reader.strings(item)?;
    if texts.is_empty() {
        p.reader.mismatch(item, "at least one name");
        return None;
    }
    let patterns: Vec<Option<Pattern>> = texts.iter().map(|text| pattern(p, text)).collect();
    patterns.into_iter().collect()
}

/// A name with `*` for any characters.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    schema: String,
    name: String,
}

fn pattern(p: &mut Parser, text: &Text) -> Option<Pattern> {
    if !text.value.contains('*') {
        // a function may be given with its arguments
        let name = p.reader.name("on", text)?;
        let (schema, name) = p.resolve(&name);
        return Some(Pattern { schema, name });
    }
    // the star stands for a letter, so that what remains is a name
    let stand_in = "\u{1f7c9}";
    let spelled = text.value.replace('*', &format!("{stand_in}_"));
    let parsed = parse_name(&spelled)
        .or_else(|_| parse_name(&text.value.replace('*', stand_in)))
        .ok();
    let name = match parsed {
        Some(Name { schema, name }) => Name {
            schema: schema.map(|schema| back(&schema, stand_in)),
            name: back(&name, stand_in),
        },
        None => {
            let plain = |char: char| char.is_alphanumeric() || "_$*.".contains(char);
            if !text.value.chars().all(plain) || text.value.split('.').count() > 2 {
                p.reader.error(
                    text.span,
                    format!("`on`: \"{}\" is not a name or pattern", text.value),
                );
                return None;
            }
            match text.value.split_once('.') {
                Some((schema, name)) => Name {
                    schema: Some(fold_ident(schema)),
                    name: fold_ident(name),
                },
                None => Name {
                    schema: None,
                    name: fold_ident(&text.value),
                },
            }
        }
    };
    let (schema, name) = p.resolve(&name);
    Some(Pattern { schema, name })
}

fn back(text: &str, stand_in: &str) -> String {
    text.replace(&format!("{stand_in}_"), "*").replace(stand_in, "*")
}

impl Pattern {
    fn matches(&self, schema: &str, name: &str) -> bool {
        glob(&self.schema, schema) && glob(&self.name, name)
    }

    fn is_plain(&self) -> bool {
        !self.schema.contains('*') && !self.name.contains('*')
    }

    fn pair(&self) -> (String, String) {
        (self.schema.clone(), self.name.clone())
    }
}

#[derive(Debug)]
struct Count {
    name: String,
    of: &'static str,
    on: Vec<Pattern>,
    want: u64,
    at_least: bool,
}

impl Count {
    fn on(&self, schema: &str, name: &str) -> bool {
        self.on.iter().any(|pattern| pattern.matches(schema, name))
    }

    /// A relation that is named, without which the figure says nothing. A table that is to be counted itself is missed
    /// by its own check, where there is one.
    fn missing(&self, catalog: &Catalog) -> Option<ObjectId> {
        if matches!(self.of, "enums" | "functions" | "tables") {
            return None;
        }
        let gone = self.on.iter().find(|pattern| {
            pattern.is_plain() && catalog.relation(&pattern.schema, &pattern.name).is_none()
        })?;
        Some(ObjectId::new(Kind::Table, gone.schema.clone(), gone.name.clone()))
    }

    /// The objects that count, each with how many times.
    fn objects<'c>(&self, catalog: &'c Catalog) -> Vec<(&'c Object, u64)> {
        let on_relation = |kind: Kind| {
            catalog
                .of_kind(kind)
                .filter(|object| self.on(&object.id.schema, &object.id.relation))
        };
        let own_name = |kind: Kind| {
            catalog
                .of_kind(kind)
                .filter(|object| self.on(&object.id.schema, &object.id.name))
        };
        let once = |object: &'c Object| (object, 1);
        match self.of {
            "tables" => own_name(Kind::Table).map(once).collect(),
            "rls_tables" => own_name(Kind::Table)
                .filter(|table| table.flag("row_security"))
                .map(once)
                .collect(),
            // of the tables named, and those that are named themselves
            "partitions" => catalog
                .of_kind(Kind::Table)
                .filter(|table| {
                    table.get("partition_of").is_some()
                        && (self.on(&table.id.schema, &table.id.name)
                            || parent(table).is_some_and(|(schema, name)| self.on(&schema, &name)))
                })
                .map(once)
                .collect(),
            "indexes" => on_relation(Kind::Index).map(once).collect(),
            "secondary_indexes" => on_relation(Kind::Index)
                .filter(|index| index.text("constraint").is_none())
                .map(once)
                .collect(),
            "policies" => on_relation(Kind::Policy).map(once).collect(),
            "columns" => on_relation(Kind::Column).map(once).collect(),
            "foreign_keys" => on_relation(Kind::ForeignKey).map(once).collect(),
            "unique_constraints" => on_relation(Kind::Unique).map(once).collect(),
            "check_constraints" => on_relation(Kind::Check).map(once).collect(),
            "triggers" => on_relation(Kind::Trigger)
                .filter(|trigger| !trigger.flag("cloned"))
                .map(once)
                .collect(),
            "trigger_events" => on_relation(Kind::Trigger)
                .filter(|trigger| !trigger.flag("cloned"))
                .map(|trigger| {
                    let events = trigger
                        .list("events")
                        .iter()
                        .filter(|event| matches!(event.as_str(), "insert" | "update" | "delete"));
                    (trigger, events.count() as u64)
                })
                .collect(),
            "enums" => own_name(Kind::Enum).map(once).collect(),
            "functions" => catalog
                .of_kind(Kind::Function)
                .filter(|function| self.on(&function.id.schema, &bare(&function.id.name)))
                .map(once)
                .collect(),
            _ => Vec::new(),
        }
    }

    /// What is read of a relation to count what stands on it.
    fn parts(&self) -> Parts {
        Parts::default().with_bare(match self.of {
            "indexes" | "secondary_indexes" => Kind::Index,
            "policies" => Kind::Policy,
            "columns" => Kind::Column,
            "foreign_keys" => Kind::ForeignKey,
            "unique_constraints" => Kind::Unique,
            "check_constraints" => Kind::Check,
            "triggers" | "trigger_events" => Kind::Trigger,
            _ => Kind::Table,
        })
    }

    /// `a, b, c and 4 more`
    fn names(objects: &[(&Object, u64)]) -> String {
        const MOST: usize = 12;
        let mut names: Vec<String> = objects
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(object, count)| match count {
                1 => object.id.path(),
                count => format!("{} ({count})", object.id.path()),
            })
            .collect();
        if names.len() > MOST {
            let more = names.len() - MOST;
            names.truncate(MOST);
            return format!("{} and {more} more", names.join(", "));
        }
        names.join(", ")
    }
}

/// The name of a routine without its arguments.
pub(crate) fn bare(signature: &str) -> String {
    crate::sql::fragment::function_signature(signature).map_or_else(
        |_| {
            signature
                .split_once('(')
                .map_or(signature, |(name, _)| name)
                .to_string()
        },
        |signature| signature.name.name,
    )
}

/// The partitioned table that a partition belongs to.
pub(crate) fn parent(table: &Object) -> Option<(String, String)> {
    let name = parse_name(table.text("partition_of")?).ok()?;
    Some((name.schema?, name.name))
}

/// `1 policy`, `2 policies`, `2 tables with row security`.
fn noun(of: &str, count: u64) -> String {
    let (words, tail) = match of {
        "rls_tables" => ("tables", " with row security"),
        _ => (of, ""),
    };
    let words = words.replace('_', " ");
    let words = match count {
        1 if words.ends_with("ies") => format!("{}y", &words[..words.len() - 3]),
        1 if words.ends_with("xes") => words[..words.len() - 2].to_string(),
        1 => words.trim_end_matches('s').to_string(),
        _ => words,
    };
    format!("{words}{tail}")
}

impl Rule for Count {
    fn claims(&self) -> Vec<Claim<'_>> {
        vec![Claim::Named("count", Cow::Borrowed(&self.name))]
    }

    fn cover(&self, scope: &mut Scope) {
        for pattern in &self.on {
            let (schema, name) = (&pattern.schema, &pattern.name);
            match (self.of, pattern.is_plain()) {
                ("enums", true) => {
                    scope.types.insert(pattern.pair());
                }
                ("enums", false) => {
                    scope.type_patterns.insert(pattern.pair());
                }
                ("functions", true) => {
                    scope.functions.insert(pattern.pair());
                }
                ("functions", false) => {
                    scope.function_patterns.insert(pattern.pair());
                }
                (_, true) => scope.add_parts(schema, name, self.parts()),
                (_, false) => scope.add_pattern(schema, name, self.parts()),
            }
            if self.of == "partitions" && pattern.is_plain() {
                scope.add_partitions(schema, name, self.parts());
            }
        }
    }

    /// A name that nothing else in the suite has, beside one that is almost the same: a slip, most likely.
    fn lint(&self, suite: &Suite) -> Vec<(String, String)> {
        if matches!(self.of, "enums" | "functions") {
            return Vec::new();
        }
        let known: Vec<&ObjectId> = suite
            .checks
            .iter()
            .flat_map(|check| check.rule.claims())
            .filter_map(|claim| match claim {
                Claim::Presence(id) if id.kind == Kind::Table => Some(id),
                _ => None,
            })
            .collect();
        self.on
            .iter()
            .filter(|pattern| pattern.is_plain())
            .filter(|pattern| !known.iter().any(|id| pattern.matches(&id.schema, &id.name)))
            .filter_map(|pattern| {
                let beside = known.iter().filter(|id| id.schema == pattern.schema);
                let meant = closest(&pattern.name, beside.map(|id| id.name.as_str()))?;
                Some((
                    format!(
                        "count \"{}\" is on {}, which nothing else in the suite names",
                        self.name,
                        quote_ident(&pattern.name)
                    ),
                    format!("did you mean {}?", quote_ident(meant)),
                ))
            })
            .collect()
    }

    fn judge(&self, judge: &mut Judge<'_>) -> Outcome {
        let objects = self.objects(judge.catalog);
        let have: u64 = objects.iter().map(|(_, count)| count).sum();
        let measure = Measure {
            have,
            want: self.want,
            at_least: self.at_least,
        };
        let good = if self.at_least {
            have >= self.want
        } else {
            have == self.want
        };
        let outcome = if good {
            Outcome::pass()
        } else if let Some(missing) = self.missing(judge.catalog) {
            let counted = format!("{}: {}", self.name, noun(self.of, 2));
            return Outcome::blocked(
                missing.to_string(),
                format!("{counted} cannot be counted: {missing} does not exist"),
            );
        } else {
            let mut message = format!(
                "{}: have {have} {}, want {} {}",
                self.name,
                noun(self.of, have),
                if self.at_least { "at least" } else { "exactly" },
                self.want
            );
            if have > 0 {
                message.push_str(&format!(": {}", Count::names(&objects)));
            }
            Outcome::fail(message)
        };
        outcome.measure(measure).actual(have.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::check::Status;
    use crate::check::testing::{literal, object, on_t, one, sample, settle, suite};

    #[test]
    fn each_kind_is_counted_as_it_is_defined() {
        let mut catalog = sample();
        catalog.insert(on_t(
            Kind::Trigger,
            "copy",
            &[("events", "insert|update|delete"), ("cloned", "t")],
        ));
        catalog.insert(on_t(Kind::Trigger, "wipe", &[("events", "truncate")]));
        for (of, on, have) in [
            ("tables", "\"*\"", 4),
            ("tables", "\"t\", \"log_*\"", 3),
            ("tables", "\"nowhere\"", 0),
            ("rls_tables", "\"*\"", 1),
            ("partitions", "\"log\"", 2),
            ("partitions", "\"log_*\"", 2),
            ("partitions", "\"log*\"", 2),
            ("indexes", "\"t\"", 3),
            ("secondary_indexes", "\"t\"", 1),
            ("policies", "\"public.t\"", 1),
            ("policies", "\"auth.*\"", 0),
            ("triggers", "\"t\"", 2),
            ("trigger_events", "\"t\"", 2),
            ("functions", "\"touch\"", 1),
            ("functions", "\"*\"", 2),
            ("foreign_keys", "\"*\"", 1),
            ("unique_constraints", "\"T\"", 1),
            ("check_constraints", "\"t*\"", 1),
            ("enums", "\"mood\", \"m*d\"", 1),
            ("columns", "\"t\"", 7),
        ] {
            let text = format!("[[count]]\nname = \"n\"\nof = \"{of}\"\non = [{on}]\nexactly = {have}\n");
            let suite = suite("0001", &text);
            let verdicts = settle(&[&suite], &catalog, literal);
            let verdict = one(&verdicts, "0001/count.n");
            assert_eq!(
                verdict.actual.as_deref(),
                Some(have.to_string().as_str()),
                "{of} {on}"
            );
            assert_eq!(verdict.status, Status::Pass);
        }
    }

    #[test]
    fn a_count_that_fails_names_what_it_found() {
        let suite = suite(
            "0001",
            "[[count]]\nname = \"Triggers\"\nof = \"trigger_events\"\non = [\"t\"]\nat_least = 3\n",
        );
        let verdicts = settle(&[&suite], &sample(), literal);
        let verdict = one(&verdicts, "0001/count.Triggers");
        assert_eq!(verdict.status, Status::Fail);
        assert_eq!(
            verdict.message,
            "Triggers: have 2 trigger events, want at least 3: public.t.t_touch (2)"
        );
        assert_eq!(verdict.expected.as_deref(), Some("at least 3"));
        assert_eq!(verdict.measure.unwrap().to_string(), "2/3+");
        assert_eq!(verdict.object, "Triggers");
    }

    #[test]
    fn a_quoted_name_keeps_its_capitals() {
        let mut catalog = sample();
        let id = ObjectId::new(Kind::Table, "public", "Odd.Name x");
        catalog.insert(object(id, &[("type", "table")]));
        for (on, have) in [
            ("'\"Odd.Name x\"'", 1),
            ("'\"Odd.Name\"'", 0),
            ("'\"Odd.*\"'", 1),
            ("'\"odd.*\"'", 0),
            ("'*'", 5),
        ] {
            let text = format!("[[count]]\nname = \"n\"\nof = \"tables\"\non = [{on}]\nexactly = {have}\n");
            let suite = suite("0001", &text);
            let verdicts = settle(&[&suite], &catalog, literal);
            assert_eq!(one(&verdicts, "0001/count.n").status, Status::Pass, "{on}");
        }
    }

    #[test]
    fn what_is_counted_is_read() {
        let suite = suite(
            "0001",
            "[[count]]\nname = \"a\"\nof = \"indexes\"\non = [\"t\", \"log_*\"]\nexactly = 1\n\
             [[count]]\nname = \"b\"\nof = \"partitions\"\non = [\"log\"]\nexactly = 1\n\
             [[count]]\nname = \"c\"\nof = \"enums\"\non = [\"a*\"]\nexactly = 1\n\
             [[count]]\nname = \"d\"\nof = \"functions\"\non = [\"f\"]\nexactly = 1\n",
        );
        let scope = suite.scope();
        let pair = |name: &str| ("public".to_string(), name.to_string());
        let indexes = Parts::default().with_bare(Kind::Index);
        let tables = Parts::default().with_bare(Kind::Table);
        assert_eq!(scope.parts, [(pair("t"), indexes), (pair("log"), tables)].into());
        assert_eq!(scope.pattern_parts, [(pair("log_*"), indexes)].into());
        assert_eq!(scope.partition_parts, [(pair("log"), tables)].into());
        assert!(scope.type_patterns.contains(&pair("a*")));
        assert!(scope.functions.contains(&pair("f")));
    }
}
