//! `[table.NAME.check]`: `constraint_name = "amount > 0"`.

use crate::catalog::{Kind, Object};
use crate::check::compare::Want;
use crate::check::document::Item;
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::{Parser, Table};
use crate::check::verdict::Difference;
use crate::sql::{fragment, quote_ident};

use super::primary_key::flag;
use super::table::{comment, comment_remedy, relation};

const KIND: ObjectKind = ObjectKind { render, alter };

pub(crate) fn parse(p: &mut Parser, table: &Table, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of check constraints") else {
        return;
    };
    for entry in &entries {
        let Some(name) = p.reader.ident("check", &entry.key) else {
            continue;
        };
        let within = format!("check constraint {name}");
        let Some((text, fields)) = p.definition(
            entry,
            &within,
            &["not_valid", "not_enforced", "no_inherit", "comment"],
        ) else {
            continue;
        };
        if p.fragment(&name, &text, fragment::expression).is_none() {
            continue;
        }
        let (mut not_valid, mut not_enforced, mut no_inherit) = (false, false, false);
        let mut wants = vec![Want::text("expression", text.value.clone())];
        if let Some(fields) = &fields {
            not_valid = flag(p, fields, "not_valid").unwrap_or(false);
            not_enforced = flag(p, fields, "not_enforced").unwrap_or(false);
            no_inherit = flag(p, fields, "no_inherit").unwrap_or(false);
            if let Some(item) = fields.get("comment")
                && let Some(text) = p.reader.string(item)
            {
                wants.push(comment(&text.value));
            }
        }
        // what is not enforced is not valid either
        wants.push(Want::flag("validated", !not_valid && !not_enforced));
        wants.push(Want::flag("not_enforced", not_enforced));
        wants.push(Want::flag("no_inherit", no_inherit));
        let mut rule = ObjectRule::new(&KIND, Target::Id(table.object(Kind::Check, name.clone())));
        rule.wants = wants;
        let clauses = [
            (no_inherit, " NO INHERIT"),
            (not_enforced, " NOT ENFORCED"),
            (not_valid && !not_enforced, " NOT VALID"),
        ];
        let clauses: String = clauses
            .iter()
            .filter_map(|(is_wanted, clause)| is_wanted.then_some(*clause))
            .collect();
        rule.create = Some(format!(
            "ALTER TABLE {} ADD CONSTRAINT {} CHECK ({}){clauses}",
            table.sql(),
            quote_ident(&name),
            text.value.trim()
        ));
        p.add_on(table, "check", &name, &entry.key, text.value, rule);
    }
}

fn render(object: &Object) -> String {
    let mut text = object.text("expression").unwrap_or("").to_string();
    if object.flag("no_inherit") {
        text.push_str(" no inherit");
    }
    if object.flag("not_enforced") {
        text.push_str(" not enforced");
    } else if !object.flag("validated") {
        text.push_str(" not valid");
    }
    text
}

fn alter(rule: &ObjectRule, object: &Object, differences: &[Difference]) -> Option<String> {
    validate(object, differences)
        .or_else(|| comment_remedy("CONSTRAINT", object, differences))
        .or_else(|| exchange(rule, object, differences))
}

/// The wanted constraint for the one that is there, in one statement: rows that break it keep everything as it is. With the
/// one that is there a comment would go, and on a child it is its parent's.
fn exchange(rule: &ObjectRule, object: &Object, differences: &[Difference]) -> Option<String> {
    let is_exchanged =
        |difference: &Difference| ["expression", "no_inherit"].contains(&difference.part.as_str());
    let stays = object.flag("inherited") || object.get("comment").is_some();
    if stays || !differences.iter().all(is_exchanged) {
        return None;
    }
    let on = format!("ALTER TABLE {} ", relation(object));
    let add = rule.create.as_ref()?.strip_prefix(&on)?;
    Some(format!(
        "{on}DROP CONSTRAINT {}, {add}",
        quote_ident(&object.id.name)
    ))
}

/// `VALIDATE CONSTRAINT`, when that is all that is missing.
pub(crate) fn validate(object: &Object, differences: &[Difference]) -> Option<String> {
    let [difference] = differences else { return None };
    (difference.part == "validated" && !object.flag("validated")).then(|| {
        format!(
            "ALTER TABLE {} VALIDATE CONSTRAINT {}",
            relation(object),
            quote_ident(&object.id.name)
        )
    })
}

#[cfg(test)]
mod tests {
    use crate::catalog::Kind;
    use crate::check::testing::{literal, on_t, one, sample, settle, suite};

    #[test]
    fn a_constraint_is_exchanged_in_one_statement() {
        let text = "[table.t.check]\nt_amount = { definition = \"amount > 1\", no_inherit = true }\n";
        for (more, remedy) in [
            (
                &[][..],
                Some(
                    "ALTER TABLE public.t DROP CONSTRAINT t_amount, ADD CONSTRAINT t_amount CHECK (amount > 1) NO INHERIT",
                ),
            ),
            (&[("inherited", "t")][..], None),
            (&[("comment", "x")][..], None),
        ] {
            let mut catalog = sample();
            let properties = [("expression", "(amount > 0)"), ("validated", "t")];
            catalog.insert(on_t(Kind::Check, "t_amount", &[&properties, more].concat()));
            let verdicts = settle(&[&suite("0001", text)], &catalog, literal);
            let verdict = one(&verdicts, "0001/table.t/check.t_amount");
            assert_eq!(verdict.remedy.as_deref(), remedy, "{verdict:?}");
        }
    }
}
