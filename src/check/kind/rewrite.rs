//! `[table.NAME.rule]`: `keep = "on delete do instead nothing"`, complete.

use crate::catalog::{Kind, Object};
use crate::check::compare::Want;
use crate::check::document::Item;
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::{Parser, Table};
use crate::check::verdict::Difference;
use crate::sql::{fragment, quote_ident};

use super::fields::string;
use super::table::{comment, comment_remedy};
use super::trigger::{STATES, enable};

const KIND: ObjectKind = ObjectKind { render, alter };

pub(crate) fn parse(p: &mut Parser, table: &Table, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of rules") else {
        return;
    };
    for entry in &entries {
        let Some(name) = p.reader.ident("rule", &entry.key) else {
            continue;
        };
        let within = format!("rule {name}");
        let Some((text, fields)) = p.definition(entry, &within, &["enabled", "comment"]) else {
            continue;
        };
        if p.fragment(&name, &text, fragment::rule).is_none() {
            continue;
        }
        let mut state = "origin";
        let definition = text.value.trim().to_string();
        let mut wants = vec![Want::text("definition", definition.clone())];
        if let Some(fields) = &fields {
            if let Some(item) = fields.get("enabled")
                && let Some(word) = p.reader.word(item, STATES)
            {
                state = word;
            }
            if let Some(text) = string(p, fields, "comment") {
                wants.push(comment(&text.value));
            }
        }
        wants.push(Want::text("enabled", state));
        let mut rule = ObjectRule::new(&KIND, Target::Id(table.object(Kind::Rule, name.clone())));
        rule.wants = wants;
        rule.create = create(&name, table, &definition);
        p.add_on(table, "rule", &name, &entry.key, text.value, rule);
    }
}

/// The relation goes behind the event.
fn create(name: &str, table: &Table, definition: &str) -> Option<String> {
    let mut words = definition.split_ascii_whitespace();
    let (on, event) = (words.next()?, words.next()?);
    let rest = definition.strip_prefix(on)?.trim_start().strip_prefix(event)?;
    Some(format!(
        "CREATE RULE {} AS {on} {event} TO {}{rest}",
        quote_ident(name),
        table.sql()
    ))
}

fn render(object: &Object) -> String {
    let mut text = object.text("definition").unwrap_or("").to_string();
    if let Some(state) = object.text("enabled")
        && state != "origin"
    {
        text.push_str(&format!(" [{state}]"));
    }
    text
}

fn alter(_: &ObjectRule, object: &Object, differences: &[Difference]) -> Option<String> {
    enable("RULE", object, differences).or_else(|| comment_remedy("RULE", object, differences))
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{complaints, literal, one, sample, settle, suite};

    #[test]
    fn the_statement_names_the_relation() {
        let text = "[table.t.rule]\nnew = \"on delete do instead nothing\"\n\
                    t_rule = { definition = \"ON INSERT WHERE (new.amount > 0) DO INSTEAD NOTHING\", enabled = \"always\" }\n";
        let verdicts = settle(&[&suite("0001", text)], &sample(), literal);
        assert_eq!(
            one(&verdicts, "0001/table.t/rule.new").remedy.as_deref(),
            Some("CREATE RULE new AS on delete TO public.t do instead nothing")
        );
        let state = one(&verdicts, "0001/table.t/rule.t_rule");
        assert_eq!(
            state.message,
            "rule public.t.t_rule: state is `origin`, want `always`"
        );
        assert_eq!(
            state.remedy.as_deref(),
            Some("ALTER TABLE public.t ENABLE ALWAYS RULE t_rule")
        );
    }

    #[test]
    fn what_is_no_rule() {
        assert_eq!(
            complaints("[table.t.rule]\na = \"on insert to t do nothing\"\n"),
            ["2:16 `a`: the relation is known already (leave `to …` out: the section names the relation)"]
        );
    }
}
