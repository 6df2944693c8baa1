//! `[view]` and `[materialized_view]`: `name = "select …"`.

use crate::catalog::{Kind, Object, ObjectId};
use crate::check::compare::{Comparison, Want};
use crate::check::document::Item;
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::Parser;
use crate::check::rule::Judge;
use crate::check::verdict::Difference;
use crate::sql::fragment;

use super::enumeration::common;
use super::table::{comment_remedy, owner_remedy};

const VIEW: ObjectKind = ObjectKind {
    render,
    alter: |_, object, differences| alter("VIEW", object, differences),
};
const MATERIALIZED: ObjectKind = ObjectKind {
    render,
    alter: |_, object, differences| alter("MATERIALIZED VIEW", object, differences),
};

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    views(p, item, Kind::View, &VIEW, "view");
}

pub(crate) fn parse_materialized(p: &mut Parser, item: &Item<'_>) {
    views(
        p,
        item,
        Kind::MaterializedView,
        &MATERIALIZED,
        "materialized_view",
    );
}

fn views(p: &mut Parser, item: &Item<'_>, kind: Kind, shape: &'static ObjectKind, key: &'static str) {
    let Some(entries) = p.reader.items(item, "a table of views") else {
        return;
    };
    for entry in &entries {
        let Some((schema, name)) = p.qualified(key, &entry.key) else {
            continue;
        };
        let Some((text, fields)) =
            p.definition(entry, &format!("{kind} {name}"), &["options", "owner", "comment"])
        else {
            continue;
        };
        let query = text.value.trim().trim_end_matches(';').trim_end().to_string();
        if p.fragment(&entry.key.value, &text, |_| fragment::query(&query))
            .is_none()
        {
            continue;
        }
        let mut wants = vec![Want::text("definition", query.clone())];
        if let Some(fields) = &fields {
            wants.extend(common(p, fields));
            if let Some(item) = fields.get("options")
                && let Some(options) = p.reader.strings(item)
            {
                let mut options: Vec<String> = options.into_iter().map(|text| text.value).collect();
                options.sort();
                wants.push(Want::by("options", options.join("\n"), options_same));
            }
        }
        let id = ObjectId::new(kind, schema.clone(), name.clone());
        let path = format!("{key}.{}", p.spell(&schema, &name));
        let mut rule = ObjectRule::new(shape, Target::Id(id.clone()));
        rule.wants = wants;
        rule.needs = vec![ObjectId::new(Kind::Schema, "", schema)];
        rule.create = Some(format!(
            "CREATE {} {} AS {query}",
            kind.as_str().to_uppercase(),
            id.path()
        ));
        p.add(path, key, &entry.key, text.value, rule);
    }
}

fn options_same(wanted: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    let mut have = object.list("options").to_vec();
    have.sort();
    let have = have.join("\n");
    if have == wanted {
        Comparison::Same
    } else {
        let show = |text: &str| (!text.is_empty()).then(|| text.replace('\n', ", "));
        Comparison::differs("options", show(&have), show(wanted))
    }
}

fn render(object: &Object) -> String {
    object.text("definition").unwrap_or("").trim().to_string()
}

fn alter(word: &str, object: &Object, differences: &[Difference]) -> Option<String> {
    comment_remedy(word, object, differences).or_else(|| owner_remedy(word, object, differences))
}
