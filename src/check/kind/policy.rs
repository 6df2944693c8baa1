//! `[table.NAME.policy.POLICY]`: command, roles, USING and WITH CHECK; a clause that is not there is none.

use crate::catalog::{Kind, Object, Value};
use crate::check::compare::{Want, Wanted};
use crate::check::document::Item;
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::{Parser, Table};
use crate::check::verdict::Difference;
use crate::sql::quote_ident;

use super::table::{comment, comment_remedy, relation};

const KIND: ObjectKind = ObjectKind { render, alter };

const COMMANDS: &[&str] = &["all", "select", "insert", "update", "delete"];
const KEYS: &[&str] = &["command", "roles", "using", "with_check", "permissive", "comment"];

pub(crate) fn parse(p: &mut Parser, table: &Table, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of policies") else {
        return;
    };
    let on = table.sql();
    for entry in &entries {
        let Some(name) = p.reader.ident("policy", &entry.key) else {
            continue;
        };
        let want = "a table with command, roles, using and with_check";
        let Some(fields) = p.reader.fields(entry, &format!("policy {name}"), want, KEYS) else {
            continue;
        };
        // what is wrong is noted; the rest is looked at all the same
        let command = fields
            .get("command")
            .and_then(|item| p.reader.word(item, COMMANDS))
            .unwrap_or("all");
        let mut roles = fields
            .get("roles")
            .and_then(|item| p.reader.idents(item))
            .unwrap_or_else(|| vec!["public".to_string()]);
        // once is enough
        roles.sort();
        roles.dedup();
        let mut permissive = true;
        if let Some(item) = fields.get("permissive")
            && let Some(value) = p.reader.boolean(item)
        {
            permissive = value;
        }
        let using = fields.get("using").and_then(|item| p.expression(item));
        let with_check = fields.get("with_check").and_then(|item| p.expression(item));
        // PostgreSQL refuses these, so a check of them could never pass
        if command == "insert"
            && let Some(item) = fields.get("using")
        {
            p.reader.error_help(
                item.key.span,
                format!("policy {name}: an INSERT policy has no `using`"),
                "write the condition as `with_check`",
            );
        }
        if matches!(command, "select" | "delete")
            && let Some(item) = fields.get("with_check")
        {
            p.reader.error_help(
                item.key.span,
                format!(
                    "policy {name}: a {} policy has no `with_check`",
                    command.to_uppercase()
                ),
                "write the condition as `using`",
            );
        }
        let mut wants = vec![
            Want::text("command", command),
            Want::flag("permissive", permissive),
            Want::list("roles", roles.clone()),
            Want::maybe("using", using.as_ref().map(|text| text.value.clone())),
            Want::maybe("with_check", with_check.as_ref().map(|text| text.value.clone())),
        ];
        if let Some(item) = fields.get("comment")
            && let Some(text) = p.reader.string(item)
        {
            wants.push(comment(&text.value));
        }
        let mut rule = ObjectRule::new(&KIND, Target::Id(table.object(Kind::Policy, name.clone())));
        rule.wants = wants;
        let clauses = clauses(
            permissive,
            command,
            &roles,
            using.as_ref().map(|text| text.value.as_str()),
            with_check.as_ref().map(|text| text.value.as_str()),
        );
        rule.create = Some(format!("CREATE POLICY {} ON {on} {clauses}", quote_ident(&name)));
        p.add_on(table, "policy", &name, &entry.key, clauses, rule);
    }
}

/// As SQL writes it behind `CREATE POLICY p ON t`.
fn clauses(
    permissive: bool,
    command: &str,
    roles: &[String],
    using: Option<&str>,
    with_check: Option<&str>,
) -> String {
    let mut text = String::new();
    if !permissive {
        text.push_str("as restrictive ");
    }
    text.push_str(&format!("for {command} to {}", role_list(roles)));
    if let Some(using) = using {
        text.push_str(&format!(" using ({})", using.trim()));
    }
    if let Some(with_check) = with_check {
        text.push_str(&format!(" with check ({})", with_check.trim()));
    }
    text
}

fn role_list(roles: &[String]) -> String {
    let roles: Vec<String> = roles
        .iter()
        .map(|role| {
            if role == "public" {
                role.clone()
            } else {
                quote_ident(role)
            }
        })
        .collect();
    roles.join(", ")
}

fn render(object: &Object) -> String {
    clauses(
        object.flag("permissive"),
        object.text("command").unwrap_or("all"),
        object.list("roles"),
        object.text("using"),
        object.text("with_check"),
    )
}

/// ALTER POLICY can change roles and conditions, but not the command, and it cannot take a condition away.
fn alter(rule: &ObjectRule, object: &Object, differences: &[Difference]) -> Option<String> {
    let mut changes = String::new();
    for difference in differences {
        let property = match difference.part.as_str() {
            "roles" => {
                let Some(Wanted::Is(Some(Value::List(roles)))) = rule.wanted("roles") else {
                    return None;
                };
                changes.push_str(&format!(" TO {}", role_list(roles)));
                continue;
            }
            "using" => "using",
            "with check" => "with_check",
            _ => return comment_remedy("POLICY", object, differences),
        };
        let Some(Wanted::Is(Some(Value::Text(condition)))) = rule.wanted(property) else {
            return None;
        };
        changes.push_str(&format!(
            " {} ({})",
            difference.part.to_uppercase(),
            condition.trim()
        ));
    }
    Some(format!(
        "ALTER POLICY {} ON {}{changes}",
        quote_ident(&object.id.name),
        relation(object)
    ))
}
