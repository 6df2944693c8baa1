//! `[schemas]`: `auth = {}`, with `owner` and `comment` where they matter.

use crate::catalog::{Kind, ObjectId};
use crate::check::document::Item;
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::Parser;
use crate::sql::quote_ident;

use super::fields::{common, grants, usual_remedy};

const KIND: ObjectKind = ObjectKind {
    render: |object| match object.text("owner") {
        Some(owner) => format!("owner {}", quote_ident(owner)),
        None => "schema".to_string(),
    },
    alter: |rule, object, differences| usual_remedy("SCHEMA", rule, object, differences),
};

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of schemas") else {
        return;
    };
    for entry in &entries {
        let Some(name) = p.reader.ident("schemas", &entry.key) else {
            continue;
        };
        let within = format!("schema {name}");
        let Some(fields) = p.reader.fields(
            entry,
            &within,
            "a table such as {}",
            &["grant", "owner", "comment"],
        ) else {
            continue;
        };
        let mut rule = ObjectRule::new(&KIND, Target::Id(ObjectId::new(Kind::Schema, "", name.clone())));
        rule.wants = common(p, &fields);
        rule.wants.extend(grants(p, &fields, Kind::Schema));
        rule.create = Some(format!("CREATE SCHEMA {}", quote_ident(&name)));
        let path = format!("schemas.{}", quote_ident(&name));
        p.add(path, "schemas", &entry.key, "schema", rule);
    }
}
