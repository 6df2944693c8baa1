//! `[table.NAME.exclude]`: `no_overlap = "using gist (room with =, during with &&) where (not cancelled)"`, complete.

use crate::catalog::{Kind, Object, ObjectId, Stated};
use crate::check::compare::{Comparison, Want, compare, worse};
use crate::check::document::Item;
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::{Parser, Table};
use crate::check::rule::Judge;
use crate::sql::fragment::{self, Key};
use crate::sql::{parse_name, quote_ident};

use super::fields::string;
use super::primary_key::columns_needed;
use super::table::{comment, comment_remedy};

const KIND: ObjectKind = ObjectKind {
    render: |object| object.text("definition").unwrap_or("").to_string(),
    alter: |_, object, differences| comment_remedy("CONSTRAINT", object, differences),
};

pub(crate) fn parse(p: &mut Parser, table: &Table, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of exclusion constraints") else {
        return;
    };
    for entry in &entries {
        let Some(name) = p.reader.ident("exclude", &entry.key) else {
            continue;
        };
        let within = format!("exclusion constraint {name}");
        let Some((text, fields)) = p.definition(entry, &within, &["comment"]) else {
            continue;
        };
        let Some(parsed) = p.fragment(&name, &text, fragment::exclusion) else {
            continue;
        };
        let of_index = super::index::wants(&parsed.index);
        let states = of_index.iter().map(|want| want.states);
        let mut wants = vec![
            Want::by("definition", text.value.clone(), compare_index)
                .stating(states.fold(Stated::default(), Stated::union)),
            Want::by("operators", parsed.operators.join("\n"), compare_operators),
            Want::flag("deferrable", parsed.deferrable),
            Want::flag("initially_deferred", parsed.initially_deferred),
        ];
        if let Some(fields) = &fields
            && let Some(text) = string(p, fields, "comment")
        {
            wants.push(comment(&text.value));
        }
        let columns: Vec<String> = parsed
            .index
            .keys
            .iter()
            .filter_map(|key| match &key.key {
                Key::Column(column) => Some(column.clone()),
                Key::Expression(_) => None,
            })
            .chain(parsed.index.include.iter().cloned())
            .collect();
        let mut rule = ObjectRule::new(&KIND, Target::Id(table.object(Kind::Exclusion, name.clone())));
        rule.wants = wants;
        rule.needs = columns_needed(table, &columns);
        let body = text.value.trim();
        let body = match body.get(..7) {
            Some(word) if word.eq_ignore_ascii_case("exclude") => body[7..].trim_start(),
            _ => body,
        };
        rule.create = Some(format!(
            "ALTER TABLE {} ADD CONSTRAINT {} EXCLUDE {body}",
            table.sql(),
            quote_ident(&name)
        ));
        p.add_on(table, "exclude", &name, &entry.key, text.value, rule);
    }
}

/// Keys, operator classes and condition are those of the index behind the constraint, which has its name.
fn compare_index(wanted: &str, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    let Ok(parsed) = fragment::exclusion(wanted) else {
        return Comparison::differs("definition", object.text("definition"), Some(wanted));
    };
    let id = ObjectId {
        kind: Kind::Index,
        ..object.id.clone()
    };
    let catalog = judge.catalog;
    let Some(index) = catalog.get(&id) else {
        return Comparison::CannotTell(format!("{id} was not read"));
    };
    let mut result = Comparison::Same;
    for want in super::index::wants(&parsed.index) {
        // an exclusion constraint is no unique one
        if want.property != "unique" && want.property != "nulls_not_distinct" {
            result = worse(result, compare(&want, index, judge));
        }
    }
    result
}

fn compare_operators(wanted: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    let wanted: Vec<&str> = wanted.lines().collect();
    let have = object.list("operators");
    let same = wanted.len() == have.len()
        && wanted.iter().zip(have).all(|(wanted, have)| {
            let ((schema, wanted), (theirs, have)) = (operator(wanted), operator(have));
            wanted == have
                && (schema.is_none()
                    || schema.unwrap_or_default() == theirs.unwrap_or("pg_catalog".to_string()))
        });
    if same {
        Comparison::Same
    } else {
        Comparison::differs("operators", Some(have.join(", ")), Some(wanted.join(", ")))
    }
}

/// `OPERATOR(public.=)` → schema and operator.
fn operator(text: &str) -> (Option<String>, &str) {
    let text = text.trim();
    let inner = match text.get(..8) {
        Some(word) if word.eq_ignore_ascii_case("operator") => text[8..]
            .trim()
            .trim_start_matches('(')
            .trim_end_matches(')')
            .trim(),
        _ => text,
    };
    match inner.rsplit_once('.') {
        Some((schema, operator)) => (parse_name(schema).ok().map(|name| name.name), operator.trim()),
        None => (None, inner),
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{literal, one, sample, settle, suite};

    #[test]
    fn keys_operators_and_condition() {
        for (definition, parts) in [
            ("using gist (amount with =) where (amount > 0)", vec![]),
            (
                "exclude using gist (amount with pg_catalog.=) where (amount > 0)",
                vec![],
            ),
            (
                "using gist (amount with &&) where (amount > 0)",
                vec!["operators"],
            ),
            (
                "using gist (org_id with =) where (amount > 1)",
                vec!["key 1", "predicate"],
            ),
            (
                "(amount with =) deferrable",
                vec!["method", "predicate", "deferrability"],
            ),
        ] {
            let text = format!("[table.t.exclude]\nt_apart = \"{definition}\"\n");
            let verdicts = settle(&[&suite("0001", &text)], &sample(), literal);
            let differences = &one(&verdicts, "0001/table.t/exclude.t_apart").differences;
            let found: Vec<&str> = differences.iter().map(|d| d.part.as_str()).collect();
            assert_eq!(found, parts, "{definition}");
        }
    }
}
