//! Partitioning: `partition_by`, `partition_of`, `[table.NAME.partition]`, `partitions_contiguous` and
//! `partitions_ahead`.

use std::collections::BTreeMap;

use jiff::{Span, Timestamp, Zoned, civil, tz::TimeZone};

use crate::catalog::{Catalog, Context, Kind, Object, ObjectId, Parts, Scope, Stated};
use crate::check::compare::{Comparison, Want, ask, worse};
use crate::check::document::Item;
use crate::check::object::{ObjectKind, sentence};
use crate::check::parse::{Parser, Table};
use crate::check::question::Question;
use crate::check::rule::{Claim, Judge, Outcome, Rule};
use crate::check::verdict::Difference;
use crate::sql::fragment::{
    BoundValue, IndexKey, Key, PartitionBound, PartitionStrategy, partition_bound, partition_key,
};
use crate::sql::{normalize, parse_name, quote_ident};

use super::count::parent;
use super::reference::{class_of, same_collation, same_opclass};
use super::table::property;

// ── partition_by ──

pub(crate) fn parse_key(p: &mut Parser, table: &Table, item: &Item<'_>) {
    const KIND: ObjectKind = ObjectKind {
        render: |object| {
            object
                .text("partition_by")
                .unwrap_or("not partitioned")
                .to_string()
        },
        alter: |_, _, _| None,
    };
    if let Some(text) = p.reader.string(item)
        && let Some(parsed) = p.fragment("partition_by", &text, partition_key)
    {
        let is_collated = parsed.keys.iter().any(|key| key.collation.is_some());
        let is_classed = parsed.keys.iter().any(|key| key.opclass.is_some());
        let states = Stated::COLLATION
            .when(is_collated)
            .union(Stated::OPERATOR_CLASS.when(is_classed));
        let want = Want::by("partition_by", text.value.clone(), compare_key).stating(states);
        property(p, table, "partition_by", &item.key, text.value, &KIND, want);
    }
}

fn compare_key(wanted: &str, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    let have = object.text("partition_by");
    let differs = || Comparison::differs("partition key", have, Some(wanted));
    let (Ok(want), Some(Ok(found))) = (partition_key(wanted), have.map(partition_key)) else {
        return differs();
    };
    if want.strategy != found.strategy || want.keys.len() != found.keys.len() {
        return differs();
    }
    let mut result = Comparison::Same;
    for (index, (want, found)) in want.keys.iter().zip(&found.keys).enumerate() {
        let collation = |key: &IndexKey| {
            key.collation
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default()
        };
        let own = |property| object.list(property).get(index);
        let same_collation = same_collation(
            &collation(want),
            &collation(found),
            own("collation_names"),
            object,
            judge,
        );
        let same_opclass = same_opclass(
            &class_of(want),
            &class_of(found),
            own("opclass_names"),
            object,
            judge,
        );
        let same = match (&want.key, &found.key) {
            (Key::Column(want), Key::Column(found)) => want == found,
            (Key::Expression(want), Key::Expression(found)) if normalize(want) == normalize(found) => true,
            (Key::Expression(want), Key::Expression(found)) => {
                let question = Question::Same {
                    context: Context::Scalar,
                    relation: Some((object.id.schema.to_string(), object.id.name.to_string())),
                    column_type: None,
                    schema: judge.suite.schema.clone(),
                    expected: want.clone(),
                    actual: found.clone(),
                };
                result = worse(result, ask("partition key", question, judge));
                true
            }
            _ => false,
        };
        if !same || same_collation == Some(false) || same_opclass == Some(false) {
            return differs();
        }
        if same_collation.is_none() || same_opclass.is_none() {
            let reason = format!("the partition key of {} was not read in full", object.id);
            result = worse(result, Comparison::CannotTell(reason));
        }
    }
    result
}

// ── partition_of ──

pub(crate) fn parse_parent(p: &mut Parser, table: &Table, item: &Item<'_>) {
    const KIND: ObjectKind = ObjectKind {
        render: |object| object.text("partition_of").unwrap_or("no partition").to_string(),
        alter: |_, _, _| None,
    };
    if let Some(text) = p.reader.string(item)
        && let Some((schema, name)) = p.qualified("partition_of", &text)
    {
        let full = format!("{}.{}", quote_ident(&schema), quote_ident(&name));
        let want = Want::by("partition_of", full, compare_parent);
        property(p, table, "partition_of", &item.key, text.value, &KIND, want);
    }
}

fn compare_parent(wanted: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    let have = object.text("partition_of");
    let same = match (parse_name(wanted), have.map(parse_name)) {
        (Ok(wanted), Some(Ok(have))) => wanted == have,
        _ => false,
    };
    if same {
        Comparison::Same
    } else {
        Comparison::differs("parent", have, Some(wanted))
    }
}

// ── [table.NAME.partition] ──

pub(crate) fn parse(p: &mut Parser, table: &Table, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of partitions with their bounds") else {
        return;
    };
    for entry in &entries {
        let Some(name) = p.reader.name("partition", &entry.key) else {
            continue;
        };
        // a partition may live in another schema than its parent; bare, it is beside it
        let schema = name.schema.clone().unwrap_or_else(|| table.schema.clone());
        let Some(text) = p.reader.string(entry) else {
            continue;
        };
        if p.fragment(&entry.key.value, &text, partition_bound).is_none() {
            continue;
        }
        let id = ObjectId::new(Kind::Table, schema.clone(), name.name.clone());
        let bound = text.value.trim();
        let plain = bound.to_ascii_lowercase();
        let values = if plain == "default" || plain.starts_with("for values") {
            bound.to_string()
        } else {
            format!("FOR VALUES {bound}")
        };
        let rule = Partition {
            create: format!("CREATE TABLE {} PARTITION OF {} {values}", id.path(), table.sql()),
            id,
            parent: table.id(),
            bound: text.value.clone(),
        };
        let spelled = if schema == table.schema {
            quote_ident(&name.name)
        } else {
            name.to_string()
        };
        let path = format!("{}/partition.{spelled}", table.path);
        p.add(path, "partition", &entry.key, text.value, rule);
    }
}

#[derive(Debug)]
struct Partition {
    id: ObjectId,
    parent: ObjectId,
    bound: String,
    create: String,
}

impl Rule for Partition {
    fn claims(&self) -> Vec<Claim<'_>> {
        vec![Claim::Property(&self.id, "bound"), Claim::Presence(&self.id)]
    }

    fn cover(&self, scope: &mut Scope) {
        for id in [&self.id, &self.parent] {
            scope.add_parts(&id.schema, &id.name, Parts::presence().with(Kind::Table));
        }
    }

    fn judge(&self, judge: &mut Judge<'_>) -> Outcome {
        let Some(parent_table) = judge.catalog.get(&self.parent) else {
            return Outcome::missing(&self.parent);
        };
        let Some(table) = judge.catalog.get(&self.id) else {
            // a [table.NAME] of its own says so already
            let own = judge.ledger.holders.get(&Claim::Presence(&self.id));
            if own.is_some_and(|holder| holder != judge.me) {
                return Outcome::missing(&self.id);
            }
            return Outcome::fail(format!(
                "partition {} of {} does not exist",
                self.id.path(),
                self.parent.path()
            ))
            .actual("does not exist")
            .remedy(Some(self.create.clone()));
        };
        if !judge.holds(&Claim::Property(&self.id, "bound")) {
            return Outcome::pass();
        }
        let Some(have) = table.text("bound") else {
            return Outcome::fail(format!(
                "{} is no partition, want one of {}: {}",
                self.id,
                self.parent.path(),
                self.bound
            ))
            .actual("no partition")
            .remedy(Some(format!(
                "ALTER TABLE {} ATTACH PARTITION {} {}",
                self.parent.path(),
                self.id.path(),
                self.create
                    .split_once(&format!("PARTITION OF {} ", self.parent.path()))
                    .map_or("", |(_, bound)| bound)
            )));
        };
        let its = parent(table);
        if its.is_none_or(|(schema, name)| schema != self.parent.schema || name != self.parent.name) {
            let differences = vec![Difference {
                part: "parent".to_string(),
                have: table.text("partition_of").map(str::to_string),
                want: Some(self.parent.path()),
                refusal: None,
            }];
            return Outcome::fail(sentence(&self.id.to_string(), &differences))
                .actual(render_bound(have))
                .differences(differences);
        }
        let actual = render_bound(have);
        let types = parent_table.list("key_types").to_vec();
        let outcome = match bounds(&self.bound, have, &types, judge) {
            Comparison::Same => Outcome::pass(),
            Comparison::Differs(differences) => {
                Outcome::fail(sentence(&format!("partition {}", self.id.path()), &differences))
                    .differences(differences)
            }
            Comparison::Refused {
                part,
                message,
                expected,
                ..
            } => {
                let text = format!(
                    "partition {}: the server does not accept the bound `{expected}`: {message}",
                    self.id.path()
                );
                Outcome::fail(text).differences(vec![Difference {
                    part,
                    have: Some(actual.clone()),
                    want: Some(expected),
                    refusal: Some(message),
                }])
            }
            Comparison::CannotTell(reason) => Outcome::blocked(
                reason.clone(),
                format!("the bounds of {} cannot be judged: {reason}", self.id.path()),
            ),
            Comparison::Pending => Outcome::blocked(
                "the server",
                format!("the bounds of {} were not put to the server", self.id.path()),
            ),
        };
        outcome.actual(actual)
    }
}

/// Without the words that the check file leaves out.
pub(crate) fn render_bound(bound: &str) -> String {
    let plain = bound.trim();
    match plain.get(..10) {
        Some(words) if words.eq_ignore_ascii_case("for values") => plain[10..].trim_start().to_string(),
        _ => plain.to_string(),
    }
}

/// Compares value by value; what is spelt differently goes to the server as a constant of the key's type.
fn bounds(wanted: &str, have: &str, types: &[String], judge: &mut Judge<'_>) -> Comparison {
    let whole = || Comparison::differs("bounds", Some(render_bound(have)), Some(wanted));
    let (Ok(want), Ok(found)) = (partition_bound(wanted), partition_bound(have)) else {
        return if normalize(wanted) == normalize(have) {
            Comparison::Same
        } else {
            whole()
        };
    };
    let result = match (&want, &found) {
        (PartitionBound::Default, PartitionBound::Default) => Comparison::Same,
        (PartitionBound::Hash { .. }, PartitionBound::Hash { .. }) => {
            if want == found {
                Comparison::Same
            } else {
                whole()
            }
        }
        (
            PartitionBound::Range { from, to },
            PartitionBound::Range {
                from: have_from,
                to: have_to,
            },
        ) => worse(
            values("from", from, have_from, types, judge),
            values("to", to, have_to, types, judge),
        ),
        (PartitionBound::List(want), PartitionBound::List(found)) => list(want, found, types, judge),
        _ => whole(),
    };
    match result {
        Comparison::Differs(differences) if differences.iter().any(|d| d.part == "values") => whole(),
        other => other,
    }
}

fn values(
    part: &str,
    want: &[BoundValue],
    have: &[BoundValue],
    types: &[String],
    judge: &mut Judge<'_>,
) -> Comparison {
    if want.len() != have.len() {
        return Comparison::differs("values", None::<String>, None::<String>);
    }
    let mut result = Comparison::Same;
    for (index, (want, have)) in want.iter().zip(have).enumerate() {
        result = worse(
            result,
            value(part, want, have, types.get(index).map(String::as_str), judge),
        );
    }
    result
}

fn value(
    part: &str,
    want: &BoundValue,
    have: &BoundValue,
    column_type: Option<&str>,
    judge: &mut Judge<'_>,
) -> Comparison {
    match (want, have) {
        (BoundValue::Literal(want), BoundValue::Literal(have)) if normalize(want) != normalize(have) => {
            let column_type = column_type.filter(|name| !name.is_empty());
            let (expected, actual, column_type) = match column_type {
                Some(name) if is_one_word(name) => (want.clone(), have.clone(), Some(name.to_string())),
                _ => {
                    let name = column_type.unwrap_or("text");
                    (as_theirs(want, have, name), in_quotes(have, name), None)
                }
            };
            let question = Question::Same {
                context: Context::Literal,
                relation: None,
                column_type,
                schema: judge.suite.schema.clone(),
                expected,
                actual,
            };
            ask(part, question, judge)
        }
        (BoundValue::Literal(_), BoundValue::Literal(_)) => Comparison::Same,
        _ if want == have => Comparison::Same,
        _ => Comparison::differs(part, Some(show(have)), Some(show(want))),
    }
}

/// Whether blanks, signs and capitals never tell two values of the type apart, by its name in the catalog.
fn is_one_word(type_name: &str) -> bool {
    let bare = type_name.split(['(', ' ']).next().unwrap_or(type_name);
    let is_known = matches!(
        bare,
        "smallint"
            | "integer"
            | "bigint"
            | "numeric"
            | "real"
            | "double"
            | "date"
            | "timestamp"
            | "time"
            | "interval"
            | "uuid"
            | "boolean"
            | "oid"
            | "inet"
            | "macaddr"
    );
    is_known && !type_name.ends_with(']')
}

/// A value that the suite wants, in the spelling of the catalog's when the server holds the two for equal.
fn as_theirs(want: &str, have: &str, type_name: &str) -> String {
    format!(
        "case when cast(({want}\n) as {type_name}) is not distinct from cast(({have}\n) as {type_name}) \
         then {} else {} end",
        in_quotes(have, type_name),
        in_quotes(want, type_name)
    )
}

/// A value of a type as a literal: quotes keep every character of it as it is.
fn in_quotes(value: &str, type_name: &str) -> String {
    format!("quote_literal(cast(cast(({value}\n) as {type_name}) as text))")
}

fn show(value: &BoundValue) -> String {
    match value {
        BoundValue::Literal(text) => text.clone(),
        BoundValue::MinValue => "minvalue".to_string(),
        BoundValue::MaxValue => "maxvalue".to_string(),
    }
}

/// The order of a list means nothing: what is spelt the same goes first, the rest in the order of the file.
fn list(want: &[BoundValue], have: &[BoundValue], types: &[String], judge: &mut Judge<'_>) -> Comparison {
    let text = |value: &BoundValue| normalize(&show(value));
    let mut rest: Vec<&BoundValue> = have.iter().collect();
    let mut open = Vec::new();
    for wanted in want {
        match rest.iter().position(|found| text(found) == text(wanted)) {
            Some(at) => {
                rest.remove(at);
            }
            None => open.push(wanted),
        }
    }
    if open.len() != rest.len() {
        return Comparison::differs("values", None::<String>, None::<String>);
    }
    let column_type = types.first().map(String::as_str);
    let mut result = Comparison::Same;
    for wanted in open {
        // each against each, until one is the same
        let mut best: Option<(usize, Comparison)> = None;
        for (at, found) in rest.iter().enumerate() {
            let compared = value("in", wanted, found, column_type, judge);
            let same = compared == Comparison::Same;
            if best.is_none() || same {
                best = Some((at, compared));
            }
            if same {
                break;
            }
        }
        if let Some((at, compared)) = best {
            if compared == Comparison::Same {
                rest.remove(at);
            }
            result = worse(result, compared);
        }
    }
    result
}

// ── contiguity and horizon ──

pub(crate) fn parse_contiguous(p: &mut Parser, table: &Table, item: &Item<'_>) {
    match p.reader.boolean(item) {
        Some(true) => {
            let path = format!("{}/partitions_contiguous", table.path);
            let rule = Contiguous { table: table.id() };
            p.add(
                path,
                "partitions_contiguous",
                &item.key,
                "no gap, no overlap",
                rule,
            );
        }
        Some(false) => p.reader.error_help(
            item.key.span,
            "`partitions_contiguous`: false checks nothing",
            "remove the key",
        ),
        None => {}
    }
}

pub(crate) fn parse_ahead(p: &mut Parser, table: &Table, item: &Item<'_>) {
    let Some(text) = p.reader.string(item) else { return };
    let span: Option<Span> = text
        .value
        .trim()
        .parse()
        .ok()
        .filter(|span: &Span| span.is_positive());
    match span {
        Some(span) => {
            let path = format!("{}/partitions_ahead", table.path);
            let rule = Ahead {
                table: table.id(),
                span,
                text: text.value.clone(),
            };
            let expected = format!("{} from now", text.value);
            p.add(path, "partitions_ahead", &item.key, expected, rule);
        }
        None => p.reader.error_help(
            text.span,
            format!("`partitions_ahead`: \"{}\" is not a length of time", text.value),
            "write it like \"3 months\" or \"14 days\"",
        ),
    }
}

fn cover(table: &ObjectId, scope: &mut Scope) {
    let parts = Parts::presence().with(Kind::Table);
    scope.add_parts(&table.schema, &table.name, parts);
    scope.add_partitions(&table.schema, &table.name, parts);
}

/// The direct partitions of a table, or why there are none to look at.
fn partitions<'c>(table: &ObjectId, catalog: &'c Catalog) -> Result<Vec<&'c Object>, Box<Outcome>> {
    let Some(object) = catalog.get(table) else {
        return Err(Box::new(Outcome::missing(table)));
    };
    let Some(key) = object
        .text("partition_by")
        .and_then(|text| partition_key(text).ok())
    else {
        let outcome = Outcome::fail(format!("{table} is not partitioned")).actual("not partitioned");
        return Err(Box::new(outcome));
    };
    if key.strategy != PartitionStrategy::Range {
        let outcome = Outcome::fail(format!("{table} is not partitioned by range"))
            .actual(object.text("partition_by").unwrap_or("").to_string());
        return Err(Box::new(outcome));
    }
    let partitions = catalog
        .of_kind(Kind::Table)
        .filter(|object| parent(object).is_some_and(|(s, n)| s == table.schema && n == table.name))
        .collect();
    Ok(partitions)
}

#[derive(Debug)]
struct Contiguous {
    table: ObjectId,
}

impl Rule for Contiguous {
    fn claims(&self) -> Vec<Claim<'_>> {
        vec![Claim::Property(&self.table, "partitions_contiguous")]
    }

    fn cover(&self, scope: &mut Scope) {
        cover(&self.table, scope);
    }

    /// PostgreSQL allows no overlap, so the bounds are contiguous when each but the last end is a beginning.
    /// Both are the server's own spellings of values of one type.
    fn judge(&self, judge: &mut Judge<'_>) -> Outcome {
        let partitions = match partitions(&self.table, judge.catalog) {
            Ok(found) => found,
            Err(outcome) => return outcome.object(self.table.path()),
        };
        let mut starts: BTreeMap<String, (&Object, String)> = BTreeMap::new();
        for partition in &partitions {
            let bound = partition.text("bound").map(partition_bound);
            if let Some(Ok(PartitionBound::Range { from, to })) = bound {
                starts.insert(tuple(&from), (partition, tuple(&to)));
            }
        }
        if starts.is_empty() {
            return Outcome::fail(format!("{} has no partitions with a range", self.table))
                .actual("no partitions")
                .object(self.table.path());
        }
        let ends: Vec<&String> = starts.values().map(|(_, to)| to).collect();
        // the first of each chain of partitions that follow one another
        let mut chains: Vec<(String, String, &Object)> = starts
            .iter()
            .filter(|(from, _)| !ends.contains(from))
            .map(|(from, _)| {
                let (mut end, mut last) = (from.clone(), starts[from].0);
                // no longer than the list, should the texts go in a circle
                for _ in 0..starts.len() {
                    match starts.get(&end) {
                        Some((partition, to)) => (end, last) = (to.clone(), *partition),
                        None => break,
                    }
                }
                (from.clone(), end, last)
            })
            .collect();
        chains.sort_by_key(|chain| position(&chain.0));
        let actual = chains
            .iter()
            .map(|(from, to, _)| format!("{from} to {to}"))
            .collect::<Vec<_>>()
            .join(", ");
        let outcome = if chains.len() == 1 {
            Outcome::pass()
        } else {
            let gaps: Vec<String> = chains
                .windows(2)
                .map(|pair| {
                    format!(
                        "nothing from {} (the end of {}) to {}",
                        pair[0].1,
                        pair[0].2.id.path(),
                        pair[1].0
                    )
                })
                .collect();
            Outcome::fail(format!(
                "{}: the partitions have gaps: {}",
                self.table,
                gaps.join("; ")
            ))
        };
        outcome.actual(actual).object(self.table.path())
    }
}

/// One text for the values of a bound.
fn tuple(values: &[BoundValue]) -> String {
    let parts: Vec<String> = values.iter().map(|value| number(&show(value))).collect();
    format!("({})", parts.join(", "))
}

/// `'1.50'` and `'1.5'` are one number.
fn number(text: &str) -> String {
    let bare = text.trim_matches('\'');
    match bare.parse::<f64>() {
        Ok(_) if bare.contains('.') && !bare.contains(['e', 'E']) => {
            bare.trim_end_matches('0').trim_end_matches('.').to_string()
        }
        Ok(_) => bare.to_string(),
        Err(_) => text.to_string(),
    }
}

/// For the order of messages alone: MINVALUE, numbers, texts (dates among them), MAXVALUE.
fn position(tuple: &str) -> (u8, i128, String) {
    let first = tuple
        .trim_start_matches('(')
        .split([',', ')'])
        .next()
        .unwrap_or("")
        .to_string();
    match first.as_str() {
        "minvalue" => (0, 0, tuple.to_string()),
        "maxvalue" => (3, 0, tuple.to_string()),
        _ => match first.parse::<f64>() {
            Ok(number) => (1, (number * 1e6) as i128, tuple.to_string()),
            Err(_) => (2, 0, tuple.to_string()),
        },
    }
}

#[derive(Debug)]
struct Ahead {
    table: ObjectId,
    span: Span,
    text: String,
}

impl Rule for Ahead {
    fn claims(&self) -> Vec<Claim<'_>> {
        vec![Claim::Property(&self.table, "partitions_ahead")]
    }

    fn cover(&self, scope: &mut Scope) {
        cover(&self.table, scope);
    }

    /// Looks at the latest end that is a date: a last partition up to MAXVALUE catches rows, but they should
    /// not have to go there.
    fn judge(&self, judge: &mut Judge<'_>) -> Outcome {
        let partitions = match partitions(&self.table, judge.catalog) {
            Ok(partitions) => partitions,
            Err(outcome) => return outcome.object(self.table.path()),
        };
        let Some(now) = judge
            .catalog
            .read_at
            .as_deref()
            .and_then(|text| text.parse::<Timestamp>().ok())
        else {
            return Outcome::skip("the time of the reading is not known");
        };
        let now = now.to_zoned(TimeZone::UTC);
        let latest = partitions
            .iter()
            .filter_map(
                |partition| match partition_bound(partition.text("bound")?).ok()? {
                    PartitionBound::Range { to, .. } => match to.first()? {
                        BoundValue::Literal(text) => Some((time(text)?, *partition)),
                        _ => None,
                    },
                    _ => None,
                },
            )
            .max_by(|one, other| one.0.cmp(&other.0));
        let Some((end, partition)) = latest else {
            return Outcome::warn(format!(
                "{} has no partition that ends at a date, want {} ahead",
                self.table, self.text
            ))
            .actual("no dated partition")
            .object(self.table.path());
        };
        let Ok(wanted) = now.checked_add(self.span) else {
            return Outcome::skip(format!("{} from now is out of range", self.text));
        };
        let actual = format!("until {}", end.strftime("%Y-%m-%d"));
        let outcome = if end >= wanted {
            Outcome::pass()
        } else {
            Outcome::warn(format!(
                "{}: dated partitions end at {} with {}, want them {} ahead of {}",
                self.table,
                end.strftime("%Y-%m-%d"),
                partition.id.path(),
                self.text,
                now.strftime("%Y-%m-%d")
            ))
        };
        outcome.actual(actual).object(self.table.path())
    }
}

/// A date or time as PostgreSQL prints it in ISO style; UTC where it names no zone.
fn time(literal: &str) -> Option<Zoned> {
    let text = literal.trim().strip_prefix('\'')?;
    instant(text.get(..text.find('\'')?)?)
}

/// The same, without quotes.
pub(crate) fn instant(text: &str) -> Option<Zoned> {
    let text = text.trim();
    if let Ok(date) = text.parse::<civil::Date>()
        && !text.contains([' ', 'T'])
    {
        return date.to_zoned(TimeZone::UTC).ok();
    }
    // `+00` is what PostgreSQL prints; RFC 3339 wants minutes
    let zoned = match text.rfind(['+', '-']) {
        Some(at) if at > 10 && !text[at + 1..].contains(':') => format!("{text}:00"),
        _ => text.to_string(),
    };
    if let Ok(timestamp) = zoned.parse::<Timestamp>() {
        return Some(timestamp.to_zoned(TimeZone::UTC));
    }
    text.parse::<civil::DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_bounds_are_read_as_postgresql_prints_them() {
        for (literal, read) in [
            ("'2025-11-01'", Some("2025-11-01T00:00:00Z")),
            ("'2025-11-01 00:00:00+00'", Some("2025-11-01T00:00:00Z")),
            ("'2025-11-01 02:00:00+02:00'", Some("2025-11-01T00:00:00Z")),
            ("'2025-11-01 00:00:00'", Some("2025-11-01T00:00:00Z")),
            ("'2025-11-01'::date", Some("2025-11-01T00:00:00Z")),
            ("'x'", None),
            ("12", None),
            ("'", None),
        ] {
            assert_eq!(
                time(literal)
                    .map(|zoned| zoned.timestamp().to_string())
                    .as_deref(),
                read,
                "{literal}"
            );
        }
    }

    use crate::check::Status;
    use crate::check::testing::{literal, object, one, sample, settle, suite};

    /// `log` with partitions of these bounds instead of its own.
    fn log(bounds: &[&str]) -> Catalog {
        let mut catalog = Catalog::default();
        for found in sample().iter().filter(|found| parent(found).is_none()) {
            catalog.insert(found.clone());
        }
        for (index, bound) in bounds.iter().enumerate() {
            let id = ObjectId::new(Kind::Table, "public", format!("log_{index}"));
            catalog.insert(object(
                id,
                &[
                    ("type", "table"),
                    ("partition_of", "public.log"),
                    ("bound", bound),
                ],
            ));
        }
        catalog.read_at = sample().read_at;
        catalog
    }

    #[test]
    fn a_gap_is_found_and_named() {
        let suite = suite("0001", "[table.log]\npartitions_contiguous = true\n");
        for (bounds, message) in [
            (
                &["FOR VALUES FROM (1) TO (2)", "FOR VALUES FROM (2) TO (MAXVALUE)"][..],
                "",
            ),
            (&["FOR VALUES FROM (MINVALUE) TO (2)", "DEFAULT"], ""),
            (
                &[
                    "FOR VALUES FROM ('1.50') TO ('2.5')",
                    "FOR VALUES FROM ('2.50') TO ('3')",
                ],
                "",
            ),
            (
                &["FOR VALUES FROM (10) TO (20)", "FOR VALUES FROM (1) TO (9)"],
                "table public.log: the partitions have gaps: nothing from (9) (the end of public.log_1) to (10)",
            ),
            (
                &[
                    "FOR VALUES FROM ('2025-11-01') TO ('2025-12-01')",
                    "FOR VALUES FROM ('2026-01-01') TO (MAXVALUE)",
                ],
                "table public.log: the partitions have gaps: nothing from ('2025-12-01') (the end of public.log_0) \
                 to ('2026-01-01')",
            ),
            (&[], "table public.log has no partitions with a range"),
        ] {
            let verdicts = settle(&[&suite], &log(bounds), literal);
            let verdict = one(&verdicts, "0001/table.log/partitions_contiguous");
            assert_eq!(verdict.message, message, "{bounds:?}");
            assert_eq!(verdict.status == Status::Pass, message.is_empty());
        }
        let other = crate::check::testing::suite("0001", "[table.t]\npartitions_contiguous = true\n");
        let verdicts = settle(&[&other], &sample(), literal);
        assert_eq!(
            one(&verdicts, "0001/table.t/partitions_contiguous").message,
            "table public.t is not partitioned"
        );
    }

    #[test]
    fn partitions_that_end_soon_are_a_warning() {
        // the catalog was read on 2025-11-06
        for (ahead, last, status) in [
            ("3 months", "'2026-03-01 00:00:00+00'", Status::Pass),
            ("3 months", "'2026-02-06 09:59:18+00'", Status::Pass),
            ("3 months", "'2026-02-01 00:00:00+00'", Status::Warn),
            ("2 weeks", "'2025-11-21'", Status::Pass),
            ("90 days", "'2025-12-01'", Status::Warn),
            ("90 days", "'x'", Status::Warn),
        ] {
            let suite = suite("0001", &format!("[table.log]\npartitions_ahead = \"{ahead}\"\n"));
            let first = format!("FOR VALUES FROM (MINVALUE) TO ({last})");
            let rest = format!("FOR VALUES FROM ({last}) TO (MAXVALUE)");
            let verdicts = settle(&[&suite], &log(&[&first, &rest]), literal);
            let verdict = one(&verdicts, "0001/table.log/partitions_ahead");
            assert_eq!(verdict.status, status, "{ahead} {last}: {}", verdict.message);
        }
    }

    #[test]
    fn bounds_are_compared_value_by_value() {
        let ask = |question: &Question| match question {
            Question::Same {
                context: Context::Literal,
                column_type,
                expected,
                actual,
                ..
            } => {
                assert_eq!(column_type.as_deref(), Some("timestamp with time zone"));
                if format!("{expected} 00:00:00+00").replace('\'', "") == actual.replace('\'', "") {
                    crate::check::Answer::Same
                } else {
                    literal(question)
                }
            }
            other => literal(other),
        };
        for (bound, have, message) in [
            (
                "from ('2025-11-01') to (maxvalue)",
                "FOR VALUES FROM ('2025-11-01 00:00:00+00') TO (MAXVALUE)",
                "",
            ),
            ("default", "DEFAULT", ""),
            ("for values in ('b', 'a')", "FOR VALUES IN ('a', 'b')", ""),
            (
                "with (modulus 4, remainder 1)",
                "FOR VALUES WITH (modulus 4, remainder 1)",
                "",
            ),
            (
                "with (modulus 4, remainder 1)",
                "FOR VALUES WITH (modulus 4, remainder 2)",
                "partition public.log_0: bounds is `WITH (modulus 4, remainder 2)`, want `with (modulus 4, remainder 1)`",
            ),
            (
                "from (1) to (2)",
                "FOR VALUES FROM (1) TO (MAXVALUE)",
                "partition public.log_0: to is `maxvalue`, want `2`",
            ),
            (
                "in (1, 2)",
                "FOR VALUES IN (1, 2, 3)",
                "partition public.log_0: bounds is `IN (1, 2, 3)`, want `in (1, 2)`",
            ),
            (
                "from (1) to (2)",
                "DEFAULT",
                "partition public.log_0: bounds is `DEFAULT`, want `from (1) to (2)`",
            ),
        ] {
            let suite = suite("0001", &format!("[table.log.partition]\nlog_0 = \"{bound}\"\n"));
            let catalog = log(&[have]);
            let verdicts = settle(&[&suite], &catalog, ask);
            assert_eq!(
                one(&verdicts, "0001/table.log/partition.log_0").message,
                message,
                "{bound}"
            );
        }
    }

    #[test]
    fn a_missing_partition_is_said_once() {
        let text = "[table.log.partition]\nlog_9 = \"from (1) to (2)\"\n";
        let alone = suite("0001", text);
        let verdicts = settle(&[&alone], &sample(), literal);
        let verdict = one(&verdicts, "0001/table.log/partition.log_9");
        assert_eq!(verdict.status, Status::Fail);
        assert_eq!(
            verdict.remedy.as_deref(),
            Some("CREATE TABLE public.log_9 PARTITION OF public.log FOR VALUES from (1) to (2)")
        );
        let with_table = suite(
            "0001",
            &format!("{text}[table.log_9]\nrow_security = \"enabled\"\n"),
        );
        let verdicts = settle(&[&with_table], &sample(), literal);
        let failed: Vec<&str> = verdicts
            .iter()
            .filter(|verdict| verdict.status == Status::Fail)
            .map(|verdict| verdict.id.as_str())
            .collect();
        assert_eq!(failed, ["0001/table.log_9"]);
    }
}
