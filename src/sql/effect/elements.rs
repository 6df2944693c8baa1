//! Columns and constraints, in CREATE TABLE and in ALTER TABLE.

use std::sync::Arc;

use crate::sql::cursor::Cursor;
use crate::sql::name::Name;

use super::object::{Action, ObjectKind, ObjectRef};
use super::{Analysis, target};

/// The words that begin a constraint of a table rather than a column.
const TABLE_CONSTRAINTS: &[&str] = &["primary key", "foreign key", "unique", "check", "exclude"];

/// What stands between the parentheses of CREATE TABLE.
pub(super) fn elements(inner: Cursor<'_>, action: &Action, table: &Arc<Name>, analysis: &mut Analysis) {
    if inner.is_end() {
        return;
    }
    for mut part in inner.split_commas() {
        let _ = element(&mut part, action, table, analysis);
    }
}

/// One column or constraint.
pub(super) fn element(
    c: &mut Cursor<'_>,
    action: &Action,
    table: &Arc<Name>,
    analysis: &mut Analysis,
) -> Option<()> {
    if c.word("like") {
        analysis.reference(c)?;
        return Some(());
    }
    if !is_table_constraint(c) {
        let name = target::named(c, ObjectKind::Column)?;
        analysis.push_part(
            action.clone(),
            ObjectKind::Column,
            name.name.name,
            table,
            name.span,
        );
    }
    constraints(c, action, table, analysis)
}

/// Whether a constraint begins here. `unique` and `check` are reserved, so no column is called so.
pub(super) fn is_table_constraint(c: &Cursor<'_>) -> bool {
    c.is_word("constraint")
        || TABLE_CONSTRAINTS.iter().any(|words| c.word_ahead(words))
        || (c.word_ahead("not null") && !c.is_word_at(2, "("))
}

/// The sequence of an identity column that the script itself names; it stands in the schema of the table.
fn named_sequence(mut options: Cursor<'_>, table: &Arc<Name>) -> Option<ObjectRef> {
    while !options.is_end() {
        if options.word("sequence name") {
            let mut sequence = target::named(&mut options, ObjectKind::Sequence)?;
            let schema = &mut sequence.name.schema;
            *schema = schema.take().or_else(|| table.schema.clone());
            return Some(sequence);
        }
        options.skip_balanced();
    }
    None
}

/// Named constraints and the targets of foreign keys in the rest of an element.
fn constraints(
    c: &mut Cursor<'_>,
    action: &Action,
    table: &Arc<Name>,
    analysis: &mut Analysis,
) -> Option<()> {
    while !c.is_end() {
        if c.word("constraint") {
            let name = target::named(c, ObjectKind::Constraint)?;
            analysis.push_part(
                action.clone(),
                ObjectKind::Constraint,
                name.name.name,
                table,
                name.span,
            );
        } else if c.word("references") {
            analysis.reference(c)?;
        } else if c.word("as identity") {
            let options = c.group();
            if let Some(sequence) = options.and_then(|options| named_sequence(options, table)) {
                analysis.push(action.clone(), sequence);
            }
        } else {
            c.skip_balanced();
        }
    }
    Some(())
}
