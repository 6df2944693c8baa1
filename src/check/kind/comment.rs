//! `[comment]`: `"operator === (integer, integer)" = "Equal, and of one kind"`, of what has no kind of its own.

use crate::catalog::{Kind, Object, ObjectId};
use crate::check::document::Item;
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::Parser;
use crate::check::verdict::Difference;
use crate::sql::fragment;

use super::table::{comment, comment_remedy};

const KIND: ObjectKind = ObjectKind {
    render: |object| object.text("comment").unwrap_or("").to_string(),
    alter,
};

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of comments") else {
        return;
    };
    for entry in &entries {
        let text = p.reader.string(entry);
        let on = p.fragment("comment", &entry.key, fragment::commented);
        let (Some(text), Some(on)) = (text, on) else {
            continue;
        };
        let id = ObjectId::on(Kind::Other, "", on.class, on.identity(&p.schema));
        let path = format!("comment.{}", described(&id));
        let mut rule = ObjectRule::new(&KIND, Target::Id(id));
        rule.wants = vec![comment(&text.value)];
        p.add(path, "comment", &entry.key, text.value, rule);
    }
}

/// What the comment is on, as an entry names it.
fn described(id: &ObjectId) -> String {
    format!("{} {}", id.relation, id.name).trim_end().to_string()
}

/// The statement that takes the comment away.
pub(crate) fn without(object: &Object) -> Option<String> {
    // which database it is, is not known here
    let class = object.id.relation.to_uppercase();
    (class != "DATABASE").then(|| format!("COMMENT ON {class} {} IS NULL", object.id.path()))
}

fn alter(_: &ObjectRule, object: &Object, differences: &[Difference]) -> Option<String> {
    // which database it is, is not known here
    if object.id.relation == "database" {
        return None;
    }
    comment_remedy(&object.id.relation.to_uppercase(), object, differences)
}
