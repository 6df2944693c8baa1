//! `[table.NAME.foreign_key]`: `org_id = "organization(id) on delete cascade"`. The key is the column, or the
//! columns `"a, b"`; with `"(a, b) references t(x, y)"` it is the constraint's name.

use crate::catalog::{Kind, Object, ObjectId, Value};
use crate::check::compare::{Comparison, Want};
use crate::check::document::Item;
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::{Parser, Table};
use crate::check::rule::Judge;
use crate::check::verdict::Difference;
use crate::sql::fragment::{self, ForeignKey, MatchType, ReferentialAction};
use crate::sql::{parse_name, quote_ident};

use super::check::validate;
use super::fields::{ident, string};
use super::primary_key::{columns_needed, deferral, flag, list, name_want};
use super::table::{comment, comment_remedy};
use super::trigger::STATES;

const KIND: ObjectKind = ObjectKind { render, alter };

const MORE: &[&str] = &["name", "period", "not_enforced", "enabled", "comment"];

pub(crate) fn parse(p: &mut Parser, table: &Table, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of foreign keys") else {
        return;
    };
    for entry in &entries {
        let what = entry.key.value.clone();
        let within = format!("foreign key {what}");
        let Some((text, fields)) = p.definition(entry, &within, MORE) else {
            continue;
        };
        let Some(key) = p.fragment(&what, &text, fragment::foreign_key) else {
            continue;
        };
        let (target, columns, name) = match &key.columns {
            Some(columns) => {
                let Some(name) = p.reader.ident("foreign_key", &entry.key) else {
                    continue;
                };
                let id = table.object(Kind::ForeignKey, name.clone());
                (Target::Id(id), columns.clone(), quote_ident(&name))
            }
            None => {
                let Some(columns) = p.fragment("foreign_key", &entry.key, fragment::columns) else {
                    continue;
                };
                let quoted: Vec<String> = columns.iter().map(|column| quote_ident(column)).collect();
                let name = quoted.join(", ");
                let id = table.object(Kind::ForeignKey, format!("({name})"));
                (Target::Columns(id, columns.clone()), columns, name)
            }
        };
        if let Some(theirs) = &key.target_columns
            && theirs.len() != columns.len()
        {
            let message = format!(
                "`{what}`: {} referencing columns for {} referenced ones",
                columns.len(),
                theirs.len()
            );
            p.reader.error(text.span, message);
            continue;
        }
        let (target_schema, target_name) = p.resolve(&key.target);
        let sql_target = format!("{}.{}", quote_ident(&target_schema), quote_ident(&target_name));
        let mut wants = vec![
            Want::by(
                "columns",
                pairs(&columns, key.target_columns.as_deref()),
                compare_columns,
            ),
            Want::by("target", sql_target.clone(), compare_target),
            Want::text("on_delete", action(&key.on_delete)),
            Want::text("on_update", action(&key.on_update)),
            Want::text(
                "match",
                match key.match_type {
                    MatchType::Simple => "simple",
                    MatchType::Full => "full",
                    MatchType::Partial => "partial",
                },
            ),
            Want::flag("deferrable", key.deferrable()),
            Want::flag("initially_deferred", key.initially_deferred()),
        ];
        let (mut period, mut not_enforced, mut enabled) = (false, false, None);
        if let Some(fields) = &fields {
            if let Some(item) = fields.get("enabled") {
                enabled = p.reader.word(item, STATES).filter(|state| *state != "origin");
            }
            period = flag(p, fields, "period").unwrap_or(false);
            not_enforced = flag(p, fields, "not_enforced").unwrap_or(false);
            if let Some(text) = string(p, fields, "comment") {
                wants.push(comment(&text.value));
            }
            if let Some(name) = ident(p, fields, "name") {
                wants.push(name_want(name));
            }
        }
        wants.extend([
            Want::flag("period", period),
            Want::flag("not_enforced", not_enforced),
            // with its triggers disabled it is there, and nothing holds to it
            Want::maybe("enabled", enabled),
            // what is not enforced is not valid either
            Want::flag("validated", !key.not_valid && !not_enforced),
        ]);
        let mut rule = ObjectRule::new(&KIND, target);
        rule.wants = wants;
        rule.needs = columns_needed(table, &columns);
        for column in key.target_columns.iter().flatten() {
            rule.needs.push(ObjectId::on(
                Kind::Column,
                target_schema.clone(),
                target_name.clone(),
                column.clone(),
            ));
        }
        // the table before its columns: a missing one explains more
        rule.needs
            .insert(0, ObjectId::new(Kind::Table, target_schema, target_name));
        rule.create = Some(create(table, &rule.target, &columns, &sql_target, &key));
        let path = format!("{}/foreign_key.{name}", table.path);
        p.add(path, "foreign_key", &entry.key, text.value, rule);
    }
}

/// The columns with those that they reference, as one text: `a -> x, b -> y`.
fn pairs(columns: &[String], target: Option<&[String]>) -> String {
    match target {
        Some(target) => {
            let mut pairs: Vec<String> = columns
                .iter()
                .zip(target)
                .map(|(own, theirs)| format!("{} -> {}", quote_ident(own), quote_ident(theirs)))
                .collect();
            pairs.sort();
            pairs.join(", ")
        }
        None => columns
            .iter()
            .map(|column| quote_ident(column))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// `(a, b) → t(x, y)` and `(b, a) → t(y, x)` are one foreign key.
fn compare_columns(wanted: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    let columns = object.list("columns");
    let target = object.list("target_columns");
    let have = if wanted.contains(" -> ") {
        pairs(columns, Some(target))
    } else {
        pairs(columns, None)
    };
    if have == wanted {
        Comparison::Same
    } else {
        Comparison::differs("columns", Some(have), Some(wanted))
    }
}

fn compare_target(wanted: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    let have = object.text("target").unwrap_or("");
    let same = match (parse_name(wanted), parse_name(have)) {
        (Ok(wanted), Ok(have)) => wanted == have,
        _ => wanted == have,
    };
    if same {
        Comparison::Same
    } else {
        Comparison::differs("target", Some(have), Some(wanted))
    }
}

/// As the catalog spells it.
fn action(action: &ReferentialAction) -> String {
    let with = |words: &str, columns: &[String]| {
        if columns.is_empty() {
            words.to_string()
        } else {
            format!("{words} {}", list(columns))
        }
    };
    match action {
        ReferentialAction::NoAction => "no action".to_string(),
        ReferentialAction::Restrict => "restrict".to_string(),
        ReferentialAction::Cascade => "cascade".to_string(),
        ReferentialAction::SetNull(columns) => with("set null", columns),
        ReferentialAction::SetDefault(columns) => with("set default", columns),
    }
}

fn create(table: &Table, target: &Target, columns: &[String], to: &str, key: &ForeignKey) -> String {
    let name = match target {
        Target::Id(id) => format!("CONSTRAINT {} ", quote_ident(&id.name)),
        _ => String::new(),
    };
    let mut text = format!(
        "ALTER TABLE {} ADD {name}FOREIGN KEY {} REFERENCES {to}",
        table.sql(),
        list(columns)
    );
    if let Some(theirs) = &key.target_columns {
        text.push_str(&format!(" {}", list(theirs)));
    }
    if key.match_type == MatchType::Full {
        text.push_str(" MATCH FULL");
    }
    for (event, act) in [("DELETE", &key.on_delete), ("UPDATE", &key.on_update)] {
        if *act != ReferentialAction::NoAction {
            let words = action(act);
            // names in the column list keep their case
            let (words, columns) = words.split_once(" (").unwrap_or((&words, ""));
            text.push_str(&format!(" ON {event} {}", words.to_uppercase()));
            if !columns.is_empty() {
                text.push_str(&format!(" ({columns}"));
            }
        }
    }
    if key.deferrable() {
        text.push_str(" DEFERRABLE");
    }
    if key.initially_deferred() {
        text.push_str(" INITIALLY DEFERRED");
    }
    text
}

pub(crate) fn render(object: &Object) -> String {
    let mut text = format!(
        "{}{}",
        object.text("target").unwrap_or(""),
        list(object.list("target_columns"))
    );
    if object.text("match") == Some("full") {
        text.push_str(" match full");
    }
    for (words, property) in [("on delete", "on_delete"), ("on update", "on_update")] {
        if let Some(action) = object.text(property)
            && action != "no action"
        {
            text.push_str(&format!(" {words} {action}"));
        }
    }
    text.push_str(deferral(object));
    if object.flag("not_enforced") {
        text.push_str(" not enforced");
    } else if object.get("validated") == Some(&Value::Bool(false)) {
        text.push_str(" not valid");
    }
    text
}

fn alter(_: &ObjectRule, object: &Object, differences: &[Difference]) -> Option<String> {
    validate(object, differences).or_else(|| comment_remedy("CONSTRAINT", object, differences))
}
