//! `[event_trigger]`: `log_ddl = "on ddl_command_end when tag in ('CREATE TABLE') execute function f()"`, complete.

use crate::catalog::{Kind, Object, ObjectId, Stated};
use crate::check::compare::{Comparison, Want};
use crate::check::document::Item;
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::Parser;
use crate::check::rule::Judge;
use crate::check::verdict::Difference;
use crate::sql::{fragment, quote_ident, quote_literal};

use super::fields::{common, usual_remedy};
use super::reference::{FUNCTION, is_meant};
use super::trigger::{STATES, state_words};

const KIND: ObjectKind = ObjectKind { render, alter };

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of event triggers") else {
        return;
    };
    for entry in &entries {
        let Some(name) = p.reader.ident("event_trigger", &entry.key) else {
            continue;
        };
        let within = format!("event trigger {name}");
        let Some((text, fields)) = p.definition(entry, &within, &["enabled", "owner", "comment"]) else {
            continue;
        };
        let Some(parsed) = p.fragment(&name, &text, fragment::event_trigger) else {
            continue;
        };
        let mut state = "origin";
        let mut wants = vec![
            Want::text("event", parsed.event.clone()),
            Want::list("tags", parsed.tags.clone()),
            Want::by("function", parsed.function.to_string(), compare_function)
                .stating(Stated::FUNCTION.when(parsed.function.schema.is_none())),
        ];
        if let Some(fields) = &fields {
            if let Some(item) = fields.get("enabled")
                && let Some(word) = p.reader.word(item, STATES)
            {
                state = word;
            }
            wants.extend(common(p, fields));
        }
        wants.push(Want::text("enabled", state));
        let function = p.resolve(&parsed.function);
        let mut rule = ObjectRule::new(
            &KIND,
            Target::Id(ObjectId::new(Kind::EventTrigger, "", name.clone())),
        );
        rule.wants = wants;
        rule.needs = vec![ObjectId::new(
            Kind::Function,
            function.0,
            format!("{}()", quote_ident(&function.1)),
        )];
        rule.create = Some(format!(
            "CREATE EVENT TRIGGER {} {}",
            quote_ident(&name),
            text.value.trim()
        ));
        let path = format!("event_trigger.{}", quote_ident(&name));
        p.add(path, "event_trigger", &entry.key, text.value, rule);
    }
}

pub(crate) fn compare_function(wanted: &str, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    let have = object.text("function").unwrap_or("");
    if is_meant(FUNCTION, wanted, have, object, judge) {
        Comparison::Same
    } else {
        Comparison::differs("function", Some(have), Some(wanted))
    }
}

pub(crate) fn render(object: &Object) -> String {
    let mut text = format!("on {}", object.text("event").unwrap_or(""));
    let tags: Vec<String> = object.list("tags").iter().map(|tag| quote_literal(tag)).collect();
    if !tags.is_empty() {
        text.push_str(&format!(" when tag in ({})", tags.join(", ")));
    }
    text.push_str(&format!(
        " execute function {}()",
        object.text("function").unwrap_or("")
    ));
    if let Some(state) = object.text("enabled")
        && state != "origin"
    {
        text.push_str(&format!(" [{state}]"));
    }
    text
}

fn alter(rule: &ObjectRule, object: &Object, differences: &[Difference]) -> Option<String> {
    match state_words(differences) {
        Some(how) => Some(format!(
            "ALTER EVENT TRIGGER {} {how}",
            quote_ident(&object.id.name)
        )),
        None => usual_remedy("EVENT TRIGGER", rule, object, differences),
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{literal, one, sample, settle, suite};

    #[test]
    fn event_tags_and_function() {
        let text = "[event_trigger]\non_ddl = \"on sql_drop when tag in ('DROP TABLE') execute function auth.touch()\"\n";
        let verdicts = settle(&[&suite("0001", text)], &sample(), literal);
        let verdict = one(&verdicts, "0001/event_trigger.on_ddl");
        let found: Vec<&str> = verdict.differences.iter().map(|d| d.part.as_str()).collect();
        assert_eq!(found, ["event", "tags", "function"]);
        assert_eq!(
            verdict.actual.as_deref(),
            Some("on ddl_command_end when tag in ('CREATE TABLE') execute function public.touch()")
        );
    }
}
