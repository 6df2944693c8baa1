//! Columns and constraints, in CREATE TABLE and in ALTER TABLE.

use crate::sql::cursor::Cursor;
use crate::sql::name::Name;

use super::expression::Frame;
use super::{Need, Reader};

/// The words that begin a constraint of a table rather than a column.
const TABLE_CONSTRAINTS: &[&str] = &["primary key", "foreign key", "unique", "check", "exclude"];

pub(super) fn is_table_constraint(c: &Cursor<'_>) -> bool {
    c.is_word("constraint")
        || TABLE_CONSTRAINTS.iter().any(|words| c.word_ahead(words))
        || (c.word_ahead("not null") && !c.is_word_at(2, "("))
}

/// Where an expression of a column ends.
const CLAUSES: &[&str] = &[
    "constraint",
    "not null",
    "null",
    "check",
    "default",
    "generated",
    "unique",
    "primary key",
    "references",
    "collate",
    "deferrable",
    "not deferrable",
    "initially",
    "storage",
    "compression",
    "with",
    "using",
];

impl Reader {
    /// What stands between the parentheses of CREATE TABLE.
    pub(super) fn elements(&mut self, inner: Cursor<'_>, table: &Name) {
        if inner.is_end() {
            return;
        }
        for mut part in inner.split_commas() {
            let _ = self.element(&mut part, table);
        }
    }

    /// One column or constraint.
    pub(super) fn element(&mut self, c: &mut Cursor<'_>, table: &Name) -> Option<()> {
        if c.word("like") {
            let parent = self.relation(c)?;
            self.needs.parents.push(parent);
            return Some(());
        }
        if is_table_constraint(c) {
            return self.constraint(c, table);
        }
        c.ident()?;
        // `a with options` of a typed table or a partition
        if c.word("with options") {
            return self.column_constraints(c, table);
        }
        if !CLAUSES.iter().any(|words| c.word_ahead(words)) && !c.is_end() {
            let by = std::mem::replace(&mut self.by, "column");
            let _ = self.type_name(c);
            self.by = by;
        }
        self.column_constraints(c, table)
    }

    fn column_constraints(&mut self, c: &mut Cursor<'_>, table: &Name) -> Option<()> {
        let by = self.by;
        while !c.is_end() {
            self.by = by;
            match () {
                () if c.word("references") => {
                    self.by = "foreign key";
                    self.references(c)?;
                }
                () if c.word("check") => {
                    self.by = "check";
                    if let Some(inner) = c.group() {
                        self.expression(inner, &[Frame::of(table)]);
                    }
                }
                () if c.word("default") => {
                    self.by = "default";
                    let start = *c;
                    c.skip_balanced();
                    c.skip_until(|c| CLAUSES.iter().any(|words| c.word_ahead(words)));
                    self.expression(start.up_to(c), &[Frame::open()]);
                }
                () if c.word("generated always as") && c.is_punct("(") => {
                    self.by = "generated column";
                    if let Some(inner) = c.group() {
                        self.expression(inner, &[Frame::of(table)]);
                    }
                }
                () if c.word("using index tablespace") => {
                    self.tablespace(c)?;
                }
                () => c.skip_balanced(),
            }
        }
        self.by = by;
        Some(())
    }

    fn constraint(&mut self, c: &mut Cursor<'_>, table: &Name) -> Option<()> {
        if c.word("constraint") {
            c.ident()?;
        }
        let by = self.by;
        match () {
            () if c.word("foreign key") => {
                self.by = "foreign key";
                self.columns(c, table);
                if c.word("references") {
                    self.references(c);
                }
            }
            () if c.word("check") => {
                self.by = "check";
                if let Some(inner) = c.group() {
                    self.expression(inner, &[Frame::of(table)]);
                }
            }
            () if c.word("primary key") || c.word("unique") => {
                self.by = "constraint";
                let _ = c.word("nulls not distinct") || c.word("nulls distinct");
                if c.word("using index") {
                    let start = *c;
                    let mut name = c.name()?;
                    name.schema = name.schema.or_else(|| table.schema.clone());
                    self.push(Need::Index(name), c.since(&start));
                } else {
                    self.columns(c, table);
                    if c.word("include") {
                        self.columns(c, table);
                    }
                }
            }
            () if c.word("exclude") => {
                self.by = "constraint";
                while !c.is_end() {
                    if c.word("using") {
                        c.ident()?;
                    } else if let Some(inner) = c.group() {
                        for part in inner.split_commas() {
                            let mut end = part;
                            end.skip_until(|c| c.is_word("with"));
                            self.index_part(part.up_to(&end), table);
                        }
                    } else {
                        c.advance();
                    }
                }
            }
            () => {}
        }
        self.by = by;
        Some(())
    }

    /// `t (a, b)` behind REFERENCES.
    fn references(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        let target = self.relation(c)?;
        if c.is_punct("(") {
            self.columns(c, &target);
        }
        Some(())
    }

    pub(super) fn tablespace(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        let start = *c;
        let name = c.ident()?;
        self.push(Need::Tablespace(name), c.since(&start));
        Some(())
    }

    /// A column or expression of an index, with its operator class and order.
    pub(super) fn index_part(&mut self, mut c: Cursor<'_>, table: &Name) {
        let frames = [Frame::of(table)];
        let start = c;
        if c.is_punct("(") {
            c.skip_balanced();
        } else {
            let _ = c.dotted();
            if c.is_punct("(") {
                c.skip_balanced();
            }
        }
        self.expression(start.up_to(&c), &frames);
    }
}
