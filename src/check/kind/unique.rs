//! `[table.NAME.unique]`: `key_name = ["a", "b"]`, constraints by their names.

use crate::catalog::Kind;
use crate::check::document::Item;
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::{Parser, Table};
use crate::sql::quote_ident;

use super::primary_key::{Key, columns_needed, list, render};
use super::table::comment_remedy;

const KIND: ObjectKind = ObjectKind {
    render,
    alter: |_, object, differences| comment_remedy("CONSTRAINT", object, differences),
};

pub(crate) fn parse(p: &mut Parser, table: &Table, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of unique constraints") else {
        return;
    };
    for entry in &entries {
        let Some(name) = p.reader.ident("unique", &entry.key) else {
            continue;
        };
        let Some(key) = Key::parse(p, entry, &format!("unique constraint {name}"), true) else {
            continue;
        };
        let mut rule = ObjectRule::new(&KIND, Target::Id(table.object(Kind::Unique, name.clone())));
        rule.needs = columns_needed(table, &key.columns);
        rule.create = Some(format!(
            "ALTER TABLE {} ADD CONSTRAINT {} UNIQUE {}",
            table.sql(),
            quote_ident(&name),
            key.sql()
        ));
        rule.wants = key.wants;
        p.add_on(table, "unique", &name, &entry.key, list(&key.columns), rule);
    }
}
