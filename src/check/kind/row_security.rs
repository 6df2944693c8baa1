//! `row_security = "enabled" | "forced" | "disabled"` of a table.

use crate::catalog::Object;
use crate::check::compare::{Comparison, Want};
use crate::check::document::Item;
use crate::check::object::{ObjectKind, ObjectRule};
use crate::check::parse::{Parser, Table};
use crate::check::rule::Judge;
use crate::check::verdict::Difference;

use super::table::property;

const KIND: ObjectKind = ObjectKind {
    render: |object| state(object).to_string(),
    alter,
};

pub(crate) fn parse(p: &mut Parser, table: &Table, item: &Item<'_>) {
    if let Some(word) = p.reader.word(item, &["enabled", "forced", "disabled"]) {
        let want = Want::by("row_security", word, compare);
        property(p, table, "row_security", &item.key, word, &KIND, want);
    }
}

fn state(object: &Object) -> &'static str {
    match (object.flag("row_security"), object.flag("force_row_security")) {
        (false, _) => "disabled",
        (true, false) => "enabled",
        (true, true) => "forced",
    }
}

fn compare(wanted: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    let have = state(object);
    if have == wanted {
        Comparison::Same
    } else {
        Comparison::differs("row security", Some(have), Some(wanted))
    }
}

fn alter(_: &ObjectRule, object: &Object, differences: &[Difference]) -> Option<String> {
    let alter = format!("ALTER TABLE {}", object.id.path());
    let have = state(object);
    match (have, differences.first()?.want.as_deref()?) {
        ("disabled", "enabled") if object.flag("force_row_security") => Some(format!(
            "{alter} ENABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY"
        )),
        ("disabled", "enabled") => Some(format!("{alter} ENABLE ROW LEVEL SECURITY")),
        ("forced", "enabled") => Some(format!("{alter} NO FORCE ROW LEVEL SECURITY")),
        ("enabled", "forced") => Some(format!("{alter} FORCE ROW LEVEL SECURITY")),
        ("disabled", "forced") => Some(format!(
            "{alter} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
        )),
        // opening a table is no safe advice
        _ => None,
    }
}
