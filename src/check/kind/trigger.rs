//! `[table.NAME.trigger]`: `t = "before insert or update for each row execute function f()"`, complete.

use crate::catalog::{Kind, Object, ObjectId};
use crate::check::compare::{Comparison, Want};
use crate::check::document::Item;
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::{Parser, Table};
use crate::check::rule::Judge;
use crate::check::verdict::Difference;
use crate::sql::fragment::{self, TriggerEvent, TriggerTiming};
use crate::sql::{parse_name, quote_ident, quote_literal};

use super::primary_key::deferral;
use super::table::{comment, comment_remedy, relation};

const KIND: ObjectKind = ObjectKind { render, alter };

pub(crate) const STATES: &[&str] = &["origin", "disabled", "replica", "always"];

pub(crate) fn parse(p: &mut Parser, table: &Table, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of triggers") else {
        return;
    };
    for entry in &entries {
        let Some(name) = p.reader.ident("trigger", &entry.key) else {
            continue;
        };
        let within = format!("trigger {name}");
        let Some((text, fields)) = p.definition(entry, &within, &["enabled", "comment"]) else {
            continue;
        };
        let Some(trigger) = p.fragment(&name, &text, fragment::trigger) else {
            continue;
        };
        let mut events: Vec<&'static str> = trigger.events.iter().map(|event| word(*event)).collect();
        events.sort_by_key(|event| ORDER.iter().position(|word| word == event));
        let function = p.resolve(&trigger.function);
        let mut state = "origin";
        let mut wants = Vec::new();
        if let Some(fields) = &fields {
            if let Some(item) = fields.get("enabled")
                && let Some(word) = p.reader.word(item, STATES)
            {
                state = word;
            }
            if let Some(item) = fields.get("comment")
                && let Some(text) = p.reader.string(item)
            {
                wants.push(comment(&text.value));
            }
        }
        let mut columns = trigger.update_columns.clone();
        columns.sort();
        wants.extend([
            Want::text(
                "timing",
                match trigger.timing {
                    TriggerTiming::Before => "before",
                    TriggerTiming::After => "after",
                    TriggerTiming::InsteadOf => "instead of",
                },
            ),
            Want::list("events", events.iter().map(ToString::to_string).collect()),
            Want::by("columns", columns.join("\n"), compare_columns),
            Want::text("level", if trigger.row { "row" } else { "statement" }),
            Want::maybe("when", trigger.when.clone()),
            Want::by("function", trigger.function.to_string(), compare_function),
            Want::list("arguments", trigger.arguments.clone()),
            Want::text("enabled", state),
            Want::flag("constraint", trigger.constraint),
            Want::by(
                "from",
                trigger.from.as_ref().map(ToString::to_string).unwrap_or_default(),
                compare_from,
            ),
            Want::flag("deferrable", trigger.deferrable),
            Want::flag("initially_deferred", trigger.initially_deferred),
            Want::maybe("old_table", trigger.old_table.clone()),
            Want::maybe("new_table", trigger.new_table.clone()),
        ]);
        let mut rule = ObjectRule::new(&KIND, Target::Id(table.object(Kind::Trigger, name.clone())));
        rule.wants = wants;
        // a trigger function has no arguments
        rule.needs = vec![ObjectId::new(
            Kind::Function,
            function.0,
            format!("{}()", quote_ident(&function.1)),
        )];
        rule.create = create(&name, table, text.value.trim());
        p.add_on(table, "trigger", &name, &entry.key, text.value, rule);
    }
}

/// The order in which the catalog lists events.
const ORDER: &[&str] = &["insert", "update", "delete", "truncate"];

fn word(event: TriggerEvent) -> &'static str {
    match event {
        TriggerEvent::Insert => "insert",
        TriggerEvent::Update => "update",
        TriggerEvent::Delete => "delete",
        TriggerEvent::Truncate => "truncate",
    }
}

fn compare_columns(wanted: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    let mut have = object.list("columns").to_vec();
    have.sort();
    let have = have.join("\n");
    if have == wanted {
        return Comparison::Same;
    }
    let show = |text: &str| (!text.is_empty()).then(|| text.replace('\n', ", "));
    Comparison::differs("columns of update", show(&have), show(wanted))
}

/// A bare name is that of the suite's schema, as of all tables.
fn compare_from(wanted: &str, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    let have = object.text("from");
    let same = match (parse_name(wanted), have.map(parse_name)) {
        (Ok(wanted), Some(Ok(have))) => {
            let schema = wanted.schema.as_ref().unwrap_or(&judge.suite.schema);
            wanted.name == have.name && Some(schema) == have.schema.as_ref()
        }
        _ => wanted == have.unwrap_or(""),
    };
    match (same, wanted) {
        (true, _) => Comparison::Same,
        (false, "") => Comparison::differs("referenced table", have, None::<String>),
        (false, wanted) => Comparison::differs("referenced table", have, Some(wanted)),
    }
}

/// A bare name is that of the suite's schema, or the server's own.
fn compare_function(wanted: &str, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    let have = object.text("function").unwrap_or("");
    let same = match (parse_name(wanted), parse_name(have)) {
        (Ok(wanted), Ok(have)) => {
            let schema = have.schema.as_deref().unwrap_or("pg_catalog");
            wanted.name == have.name
                && match &wanted.schema {
                    Some(wanted) => wanted == schema,
                    None => schema == judge.suite.schema || schema == "pg_catalog",
                }
        }
        _ => wanted == have,
    };
    if same {
        Comparison::Same
    } else {
        Comparison::differs("function", Some(have), Some(wanted))
    }
}

/// The table goes between the events and what follows them.
fn create(name: &str, table: &Table, text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let constraint = lower.starts_with("constraint");
    let body = if constraint {
        let rest = text.get("constraint".len()..)?.trim_start();
        if rest
            .get(..7)
            .is_some_and(|word| word.eq_ignore_ascii_case("trigger"))
        {
            rest.get(7..)?.trim_start()
        } else {
            rest
        }
    } else {
        text
    };
    let lower = body.to_ascii_lowercase();
    let split = [
        "for ",
        "when",
        "referencing",
        "execute",
        "deferrable",
        "not ",
        "initially",
    ]
    .iter()
    .filter_map(|word| {
        lower
            .match_indices(word)
            .map(|(at, _)| at)
            .find(|&at| at > 0 && lower.as_bytes()[at - 1].is_ascii_whitespace())
    })
    .min()?;
    let (events, rest) = (body.get(..split)?, body.get(split..)?);
    Some(format!(
        "CREATE {}TRIGGER {} {} ON {} {rest}",
        if constraint { "CONSTRAINT " } else { "" },
        quote_ident(name),
        events.trim_end(),
        table.sql()
    ))
}

pub(crate) fn render(object: &Object) -> String {
    let mut text = String::new();
    if object.flag("constraint") {
        text.push_str("constraint ");
    }
    text.push_str(object.text("timing").unwrap_or(""));
    let columns: Vec<String> = object
        .list("columns")
        .iter()
        .map(|column| quote_ident(column))
        .collect();
    let events: Vec<String> = object
        .list("events")
        .iter()
        .map(|event| {
            if event == "update" && !columns.is_empty() {
                format!("update of {}", columns.join(", "))
            } else {
                event.clone()
            }
        })
        .collect();
    text.push_str(&format!(" {}", events.join(" or ")));
    if let Some(from) = object.text("from") {
        text.push_str(&format!(" from {from}"));
    }
    text.push_str(deferral(object));
    let transition: Vec<String> = [("old", "old_table"), ("new", "new_table")]
        .iter()
        .filter_map(|(word, property)| {
            let name = object.text(property)?;
            Some(format!("{word} table as {}", quote_ident(name)))
        })
        .collect();
    if !transition.is_empty() {
        text.push_str(&format!(" referencing {}", transition.join(" ")));
    }
    text.push_str(&format!(
        " for each {}",
        object.text("level").unwrap_or("statement")
    ));
    if let Some(when) = object.text("when") {
        text.push_str(&format!(" when ({when})"));
    }
    let arguments: Vec<String> = object
        .list("arguments")
        .iter()
        .map(|argument| quote_literal(argument))
        .collect();
    text.push_str(&format!(
        " execute function {}({})",
        object.text("function").unwrap_or(""),
        arguments.join(", ")
    ));
    if let Some(state) = object.text("enabled")
        && state != "origin"
    {
        text.push_str(&format!(" [{state}]"));
    }
    text
}

fn alter(_: &ObjectRule, object: &Object, differences: &[Difference]) -> Option<String> {
    enable("TRIGGER", object, differences).or_else(|| comment_remedy("TRIGGER", object, differences))
}

/// `ALTER TABLE … ENABLE TRIGGER …`, when the state is all that differs.
pub(crate) fn enable(word: &str, object: &Object, differences: &[Difference]) -> Option<String> {
    let [difference] = differences else { return None };
    if difference.part != "state" {
        return None;
    }
    state_remedy(word, object, difference.want.as_deref()?)
}

/// `ALTER TABLE … ENABLE TRIGGER …` for the wanted state.
pub(crate) fn state_remedy(word: &str, object: &Object, state: &str) -> Option<String> {
    Some(format!(
        "ALTER TABLE {} {} {word} {}",
        relation(object),
        words_of(state)?,
        quote_ident(&object.id.name)
    ))
}

/// The words of ALTER for the wanted state, when that is all that differs. To switch something off is no safe advice.
pub(crate) fn state_words(differences: &[Difference]) -> Option<&'static str> {
    let [difference] = differences else { return None };
    if difference.part != "state" {
        return None;
    }
    words_of(difference.want.as_deref()?)
}

fn words_of(state: &str) -> Option<&'static str> {
    match state {
        "origin" => Some("ENABLE"),
        "replica" => Some("ENABLE REPLICA"),
        "always" => Some("ENABLE ALWAYS"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{literal, one, sample, settle, suite};

    #[test]
    fn a_missing_trigger_can_be_created() {
        for (definition, statement) in [
            (
                "after update of amount for each row when (old.id is null) execute function f('a')",
                "CREATE TRIGGER x after update of amount ON public.t for each row when (old.id is null) execute \
                 function f('a')",
            ),
            (
                "constraint trigger after insert deferrable initially deferred for each row execute function f()",
                "CREATE CONSTRAINT TRIGGER x after insert ON public.t deferrable initially deferred for each row \
                 execute function f()",
            ),
            (
                "after insert referencing new table as fresh execute procedure f()",
                "CREATE TRIGGER x after insert ON public.t referencing new table as fresh execute procedure f()",
            ),
        ] {
            let suite = suite("0001", &format!("[table.t.trigger]\nx = \"{definition}\"\n"));
            let verdicts = settle(&[&suite], &sample(), literal);
            assert_eq!(
                one(&verdicts, "0001/table.t/trigger.x").remedy.as_deref(),
                Some(statement)
            );
        }
    }
}
