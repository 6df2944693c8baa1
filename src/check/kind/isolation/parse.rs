//! What an `[isolation.NAME]` says.

use std::sync::Arc;

use toml::de::DeValue;

use super::{OWN, add};
use crate::check::document::{Fields, Item, Text, items_of, text_of};
use crate::check::kind::probe;
use crate::check::kind::query::entry_key;
use crate::check::parse::Parser;
use crate::isolation::{Accept, Command, Isolation, Side, Target, Value};
use crate::sql::{Name, fragment, parse_name, quote_ident};

const KEYS: [&str; 10] = [
    "tables",
    "tenant_column",
    "tenants",
    "as_role",
    "settings",
    "user",
    "given",
    "values",
    "own",
    "accept",
];

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    let Some(sections) = p.reader.items(item, "[isolation.NAME]") else {
        return;
    };
    for section in sections {
        let within = format!("[isolation.{}]", section.key.value);
        let Some(fields) = p.reader.fields(&section, &within, "a table", &KEYS) else {
            continue;
        };
        let before = p.reader.faults();
        if let Some((spec, places)) = declared(p, &section, &within, &fields)
            && p.reader.faults() == before
        {
            add(p, Arc::new(spec), &places);
        }
    }
}

/// Where the tables and acceptances of a section stand, in its order.
pub(super) struct Places {
    pub(super) tables: Vec<Text>,
    pub(super) accepts: Vec<Text>,
}

/// The section, and where its parts stand.
fn declared(
    p: &mut Parser,
    section: &Item<'_>,
    within: &str,
    fields: &Fields<'_>,
) -> Option<(Isolation, Places)> {
    let column = match fields.get("tenant_column") {
        Some(item) => {
            let text = p.reader.string(item)?;
            Some(p.reader.ident("tenant_column", &text)?)
        }
        None => None,
    };
    let help = "name the tables that hold rows of tenants: tables = [\"…\"]";
    let item = p
        .reader
        .required(fields, "tables", (within, section.key.span), help)?;
    let places = p.reader.strings(item)?;
    if places.is_empty() {
        p.reader.mismatch(item, "at least one table");
        return None;
    }
    let targets: Vec<Option<Target>> = places
        .iter()
        .map(|text| target(p, "tables", text, column.as_deref()))
        .collect();
    let user = match fields.get("user") {
        Some(item) => {
            let text = p.reader.string(item)?;
            Some(target(p, "user", &text, None)?)
        }
        None => None,
    };
    let Some(role) = probe::role(p, fields).or_else(|| p.shared.role.clone()) else {
        let help = "name the role that the application works as: as_role = \"…\"";
        p.reader
            .required(fields, "as_role", (within, section.key.span), help);
        return None;
    };
    let mut settings = probe::settings(p, fields);
    for shared in &p.shared.settings {
        if !settings.iter().any(|(name, _)| *name == shared.0) {
            settings.push(shared.clone());
        }
    }
    let given = probe::prepared(p, fields);
    let values = values(p, fields);
    placeholders(p, within, fields, user.is_some());
    let own = match fields.get("own") {
        Some(item) => p.reader.boolean(item)?,
        None => true,
    };
    let (accepts, accepted_at) = accepts(p, within, fields).into_iter().unzip();
    let spec = Isolation {
        name: section.key.value.clone(),
        schema: p.schema.clone(),
        tables: targets.into_iter().collect::<Option<Vec<Target>>>()?,
        tenants: tenants(p, fields),
        role,
        settings,
        user,
        given: given.into_iter().map(|given| given.sql).collect(),
        values,
        own,
        accepts,
    };
    let places = Places {
        tables: places,
        accepts: accepted_at,
    };
    Some((spec, places))
}

/// `t` or `t(column)`; without a column the one that holds for all tables.
fn target(p: &mut Parser, what: &str, text: &Text, column: Option<&str>) -> Option<Target> {
    let (table, own) = match text
        .value
        .trim()
        .strip_suffix(')')
        .and_then(|rest| rest.split_once('('))
    {
        Some((table, own)) => (table.trim(), Some(own.trim())),
        None => (text.value.trim(), None),
    };
    let name = match parse_name(table) {
        Ok(name) => name,
        Err(error) => {
            p.reader.fragment(&format!("`{what}`"), text, error);
            return None;
        }
    };
    let column = match own.map(parse_name) {
        Some(Ok(Name {
            schema: None, name, ..
        })) => Some(name),
        Some(Ok(_)) => {
            p.reader.error_help(
                text.span,
                format!("`{what}`: want a column in the parentheses, have a name with a schema"),
                "write it like \"accounts(id)\"",
            );
            return None;
        }
        Some(Err(error)) => {
            p.reader.fragment(&format!("`{what}`"), text, error);
            return None;
        }
        None => column.map(str::to_string),
    };
    let Some(column) = column else {
        let help = match what {
            "user" => "write it like \"users(id)\"".to_string(),
            _ => format!("add tenant_column = \"…\", or write \"{table}(column)\""),
        };
        p.reader.error_help(
            text.span,
            format!("`{what}`: no column of {table} is named"),
            help,
        );
        return None;
    };
    let (schema, table) = p.resolve(&name);
    Some(Target {
        schema,
        table,
        column,
    })
}

fn tenants(p: &mut Parser, fields: &Fields<'_>) -> Option<[String; 2]> {
    let item = fields.get("tenants")?;
    let mut texts = p.reader.strings(item)?.into_iter();
    match (texts.next(), texts.next(), texts.next()) {
        (Some(first), Some(second), None) if first.value != second.value => Some([first.value, second.value]),
        _ => {
            p.reader.error_help(
                item.key.span,
                "`tenants`: want two different values",
                "write tenants = [\"…\", \"…\"], or leave it out to have them made up",
            );
            None
        }
    }
}

/// `[isolation.NAME.values.TABLE]`: column = "expression".
fn values(p: &mut Parser, fields: &Fields<'_>) -> Vec<Value> {
    let mut found = Vec::new();
    let Some(tables) = fields
        .get("values")
        .and_then(|item| p.reader.items(item, "a table for each table"))
    else {
        return found;
    };
    for table in tables {
        let Some((schema, name)) = p.qualified("values", &table.key) else {
            continue;
        };
        let Some(columns) = p.reader.items(&table, "columns and their values") else {
            continue;
        };
        for item in columns {
            let Some(column) = p.reader.ident("values", &item.key) else {
                continue;
            };
            let sql = match item.value.get_ref() {
                DeValue::String(_) => {
                    let Some(text) = text_of(item.value) else { continue };
                    // a placeholder stands within quotes, so the text parses as it is
                    if p.fragment("values", &text, fragment::expression).is_none() {
                        continue;
                    }
                    text.value
                }
                DeValue::Boolean(value) => value.to_string(),
                DeValue::Integer(number) => number.to_string(),
                DeValue::Float(number) => number.to_string(),
                _ => {
                    p.reader.mismatch(&item, "an expression of SQL");
                    continue;
                }
            };
            let target = Target {
                schema: schema.clone(),
                table: name.clone(),
                column,
            };
            found.push(Value { target, sql });
        }
    }
    found
}

/// `{user}` says something only where the section says what a user is.
fn placeholders(p: &mut Parser, within: &str, fields: &Fields<'_>, has_user: bool) {
    if has_user {
        return;
    }
    for key in ["settings", "given", "values"] {
        if let Some(item) = fields.get(key)
            && mentions(item.value.get_ref(), "{user}")
        {
            p.reader.error_help(
                item.key.span,
                format!("{within}: `{key}` uses {{user}}, and there is no `user`"),
                "add user = \"table(column)\": the rows that users are",
            );
        }
    }
}

fn mentions(value: &DeValue<'_>, word: &str) -> bool {
    match value {
        DeValue::String(text) => text.contains(word),
        DeValue::Array(items) => items.iter().any(|item| mentions(item.get_ref(), word)),
        DeValue::Table(items) => items.iter().any(|(_, item)| mentions(item.get_ref(), word)),
        _ => false,
    }
}

/// `[[isolation.NAME.accept]]`: what crosses, or is denied, on purpose, and where that is said.
fn accepts(p: &mut Parser, within: &str, fields: &Fields<'_>) -> Vec<(Accept, Text)> {
    let mut found = Vec::new();
    let Some(item) = fields.get("accept") else {
        return found;
    };
    let header = format!("[{}.accept]]", within.trim_end_matches(']'));
    let Some(array) = item.value.get_ref().as_array() else {
        p.reader.mismatch(item, &header);
        return found;
    };
    for node in array.iter() {
        let entry = Item {
            key: entry_key("accept", node),
            value: node,
        };
        if items_of(node).is_none() {
            p.reader.mismatch(&entry, &header);
            continue;
        }
        let known = ["command", "object", "reason"];
        let Some(fields) = p.reader.fields(&entry, &header, "a table", &known) else {
            continue;
        };
        let text = |p: &mut Parser, key: &str, help: &str| {
            let of = (header.as_str(), entry.key.span);
            let item = p.reader.required(&fields, key, of, help)?;
            p.reader.string(item)
        };
        let object = text(
            p,
            "object",
            "add object = \"…\", as the report has it; * stands for any characters",
        );
        let reason = text(p, "reason", "add reason = \"…\": something crosses for a reason");
        let mut words: Vec<&str> = Command::ALL.map(Command::as_str).to_vec();
        words.extend(OWN.map(|(word, _)| word));
        let command = match fields.get("command") {
            None => Some((None, Side::Other)),
            Some(item) => p.reader.word(item, &words).map(|word| {
                let own = OWN.into_iter().find(|(known, _)| *known == word);
                let other = Command::ALL.into_iter().find(|command| command.as_str() == word);
                match own {
                    Some((_, command)) => (Some(command), Side::Own),
                    None => (other, Side::Other),
                }
            }),
        };
        if let (Some(object), Some(reason), Some((command, side))) = (object, reason, command) {
            let path = match parse_name(&object.value) {
                Ok(name) if !object.value.contains('*') => {
                    let (schema, table) = p.resolve(&name);
                    format!("{}.{}", quote_ident(&schema), quote_ident(&table))
                }
                _ => object.value,
            };
            let accept = Accept {
                command,
                side,
                object: path,
                reason: reason.value,
            };
            found.push((accept, entry.key));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::check::question::{Answer, Question};
    use crate::check::testing::{complaints, sample, settle, suite};
    use crate::isolation::Isolation;

    const HEAD: &str = "[isolation.x]\ntables = [\"t\"]\ntenant_column = \"id\"\nas_role = \"app\"\n";

    fn asked(text: &str) -> Isolation {
        let suite = suite("s", text);
        let spec = std::cell::RefCell::new(None);
        settle(&[&suite], &sample(), |question| {
            if let Question::Isolation(isolation) = question {
                spec.replace(Some(isolation.clone()));
            }
            Answer::NotRun {
                reason: "not asked".to_string(),
            }
        });
        spec.take().expect("it was asked")
    }

    #[test]
    fn names_are_those_of_sql_and_what_probes_share_holds() {
        let spec = asked(
            "schema = \"s\"\n[probes]\nas_role = \"App\"\nsettings = { a = 1 }\n[isolation.x]\n\
             tables = [\"public.t\"]\ntenant_column = '\"Org\"'\nuser = 'public.t ( \"Id\" )'\n\
             settings = { \"b.c\" = \"{user}\" }\n[isolation.x.values.'public.T']\nn = \"1 + 1\"\nm = true\n",
        );
        assert_eq!(spec.role, "app");
        assert_eq!(
            (spec.tables[0].path(), spec.tables[0].column.as_str()),
            ("public.t".to_string(), "Org")
        );
        assert_eq!(spec.user.expect("a user").column, "Id");
        let settings: Vec<String> = spec
            .settings
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(settings, ["b.c={user}", "a=1"]);
        let values: Vec<String> = spec
            .values
            .iter()
            .map(|value| format!("{}.{} {}", value.target.path(), value.target.column, value.sql))
            .collect();
        assert_eq!(values, ["public.t.n 1 + 1", "public.t.m true"]);
    }

    #[test]
    fn what_is_wrong_is_reported_with_its_place() {
        assert_eq!(
            complaints("[isolation.x]\ntables = [\"t\"]\nas_role = \"app\"\ntenant = \"id\"\n"),
            [
                "2:11 `tables`: no column of t is named (add tenant_column = \"…\", or write \"t(column)\")",
                "4:1 unknown key `tenant` in [isolation.x] (did you mean `tenants`?)",
            ]
        );
        assert_eq!(
            complaints("[isolation.x]\ntables = [\"t(id)\"]\n"),
            [
                "1:12 [isolation.x]: `as_role` is missing (name the role that the application works as: as_role = \"…\")"
            ]
        );
        assert_eq!(
            complaints("[isolation.x]\nas_role = \"app\"\n"),
            [
                "1:12 [isolation.x]: `tables` is missing (name the tables that hold rows of tenants: tables = [\"…\"])"
            ]
        );
        for (text, complaint) in [
            (
                "[isolation.x]\ntabels = [\"t(id)\"]\nas_role = \"app\"\n",
                "2:1 unknown key `tabels` in [isolation.x] (did you mean `tables`?)",
            ),
            (
                "[isolation.x]\ntables = [\"t(id)\"]\nas_rol = \"app\"\n",
                "3:1 unknown key `as_rol` in [isolation.x] (did you mean `as_role`?)",
            ),
            (
                "[[probe]]\nname = \"p\"\n[[probe.setp]]\nrun = \"select 1\"\nexpect = 1\n",
                "3:9 unknown key `setp` in [[probe]] (did you mean `step`?)",
            ),
            (
                "[[probe]]\nname = \"p\"\nrun = \"select 1\"\nexpcet = 1\n",
                "4:1 unknown key `expcet` in [[probe]] (did you mean `expect`?)",
            ),
            (
                "[[query]]\nnmae = \"q\"\nsql = \"select 1\"\nexpect = 1\n",
                "2:1 unknown key `nmae` in [[query]] (did you mean `name`?)",
            ),
            (
                "[[query]]\nname = \"q\"\nsqll = \"select 1\"\nexpect = 1\n",
                "3:1 unknown key `sqll` in [[query]] (did you mean `sql`?)",
            ),
            (
                "[[count]]\nname = \"n\"\nof = \"tables\"\nexactli = 1\n",
                "4:1 unknown key `exactli` in [[count]] (did you mean `exactly`?)",
            ),
        ] {
            assert_eq!(complaints(text), [complaint]);
        }
        assert_eq!(
            complaints(&format!(
                "{HEAD}settings = {{ a = \"{{user}}\" }}\ntenants = [\"a\", \"a\"]\ngiven = \"commit\"\n"
            )),
            [
                "5:1 [isolation.x]: `settings` uses {user}, and there is no `user` (add user = \"table(column)\": the rows that users are)",
                "6:1 `tenants`: want two different values (write tenants = [\"…\", \"…\"], or leave it out to have them made up)",
                "7:10 `given`: COMMIT would leave the transaction that is rolled back (leave it out: every step has a savepoint of its own)",
            ]
        );
        assert_eq!(
            complaints(&format!(
                "{HEAD}[isolation.x.values.t]\nn = \"1 +\"\n[[isolation.x.accept]]\ncommand = \"selct\"\nobject = \"t\"\n"
            ))
            .len(),
            3
        );
    }
}
