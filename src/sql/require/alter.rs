//! ALTER: what has to be there to be changed.

use crate::source::Span;
use crate::sql::cursor::Cursor;
use crate::sql::effect::ObjectKind;
use crate::sql::name::Name;

use super::element::is_table_constraint;
use super::expression::Frame;
use super::{Need, Reader};

impl Reader {
    pub(super) fn alter(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        use ObjectKind::*;
        c.advance();
        if c.word("default privileges") {
            self.by = "grant";
            while !c.is_end() {
                match () {
                    () if c.word("for role") || c.word("for user") => self.roles(c),
                    () if c.word("in schema") => loop {
                        self.schema(c)?;
                        if !c.punct(",") {
                            break;
                        }
                    },
                    () if c.word("to") || c.is_word("from") && c.word("from") => self.roles(c),
                    () => {
                        c.advance();
                    }
                }
            }
            return Some(());
        }
        let kind = ObjectKind::take(c)?;
        if c.word_ahead("all in tablespace") {
            return None;
        }
        self.by = kind.as_str();
        let optional = c.word("if exists");
        let _ = c.word("only");
        match kind {
            Table | ForeignTable | View | MaterializedView | Index | Sequence => {
                let start = *c;
                let name = c.name()?;
                let span = c.since(&start);
                let need = if kind == Index {
                    Need::Index(name.clone())
                } else {
                    Need::Relation(name.clone())
                };
                if optional {
                    self.needs.only_if = Some(need);
                } else {
                    self.push(need, span);
                }
                let _ = c.punct("*");
                if kind == Sequence {
                    return self.sequence_options(c);
                }
                self.table_actions(c, &name)
            }
            Type | Domain => {
                let start = *c;
                let name = c.name()?;
                self.push(Need::Type(name.clone()), c.since(&start));
                for mut part in c.split_commas() {
                    self.type_action(&mut part);
                }
                Some(())
            }
            Function | Procedure | Routine | Aggregate => {
                self.named_routine(c)?;
                self.tail(c)
            }
            Schema => {
                self.schema(c)?;
                self.tail(c)
            }
            Role => {
                self.role(c);
                Some(())
            }
            Extension => {
                let start = *c;
                let name = c.ident()?;
                self.push(Need::Extension(name), c.since(&start));
                Some(())
            }
            Policy => {
                let start = *c;
                let name = c.ident()?;
                let span = c.since(&start);
                self.policy(c);
                self.part_of("policy", name, span, start)
            }
            Trigger | Rule => {
                let start = *c;
                let name = c.ident()?;
                let span = c.since(&start);
                if c.word("on") {
                    self.relation(c)?;
                }
                self.part_of(kind.as_str(), name, span, start)
            }
            _ => None,
        }
    }

    /// The part of a relation that `name ON relation` names at `start`.
    pub(super) fn part_of(
        &mut self,
        kind: &'static str,
        name: String,
        span: Span,
        mut start: Cursor<'_>,
    ) -> Option<()> {
        start.ident()?;
        if !start.word("on") {
            return None;
        }
        let on = start.name()?;
        self.push(Need::Part { kind, name, on }, span);
        Some(())
    }

    /// OWNER TO and SET SCHEMA, wherever they stand.
    fn tail(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        while !c.is_end() {
            match () {
                () if c.word("owner to") => self.role(c)?,
                () if c.word("set schema") => {
                    self.schema(c)?;
                }
                () => {
                    c.advance();
                }
            }
        }
        Some(())
    }

    fn type_action(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        match () {
            () if c.word("add attribute") => {
                c.ident()?;
                self.type_name(c)
            }
            () if c.word("alter attribute") => {
                c.ident()?;
                let _ = c.word("set data");
                if c.word("type") {
                    self.type_name(c)?;
                }
                Some(())
            }
            () if c.word("add constraint") || c.word("add check") || c.word("set default") => {
                self.expression(*c, &[Frame::open()]);
                Some(())
            }
            () => self.tail(c),
        }
    }

    fn table_actions(&mut self, c: &mut Cursor<'_>, table: &Name) -> Option<()> {
        if c.word("rename to") {
            return Some(());
        }
        if c.word("rename constraint") {
            return self.existing(c, "constraint", table, false);
        }
        if c.is_word("rename") {
            c.advance();
            let _ = !c.is_word_at(1, "to") && c.word("column");
            self.column(c, table)?;
            return Some(());
        }
        if c.word("attach partition") || c.word("detach partition") {
            self.relation(c)?;
            if c.word("for values") {
                self.expression(*c, &[Frame::open()]);
            }
            return Some(());
        }
        for mut action in c.split_commas() {
            let by = self.by;
            let unless = self.unless.clone();
            // what one action does not tell is no reason to miss the next
            let _ = self.table_action(&mut action, table);
            self.by = by;
            self.unless = unless;
        }
        Some(())
    }

    fn existing(
        &mut self,
        c: &mut Cursor<'_>,
        kind: &'static str,
        table: &Name,
        optional: bool,
    ) -> Option<()> {
        let start = *c;
        let name = c.ident()?;
        if !optional {
            let need = Need::Part {
                kind,
                name,
                on: table.clone(),
            };
            self.push(need, c.since(&start));
        }
        Some(())
    }

    fn table_action(&mut self, c: &mut Cursor<'_>, table: &Name) -> Option<()> {
        match () {
            () if c.word("add") => {
                if !is_table_constraint(c) {
                    let _ = c.word("column");
                    if c.word("if not exists") {
                        self.unless = Some(Need::Column {
                            name: { *c }.ident()?,
                            of: vec![table.clone()],
                        });
                    }
                }
                self.element(c, table)
            }
            () if c.word("drop constraint") => {
                let optional = c.word("if exists");
                self.existing(c, "constraint", table, optional)
            }
            () if c.word("validate constraint") || c.word("alter constraint") => {
                self.existing(c, "constraint", table, false)
            }
            () if c.word("drop") => {
                let _ = c.word("column");
                if !c.word("if exists") {
                    self.column(c, table)?;
                }
                Some(())
            }
            () if c.word("alter") => {
                let _ = c.word("column");
                self.column(c, table)?;
                match () {
                    () if c.word("set default") => {
                        self.by = "default";
                        self.expression(*c, &[Frame::open()]);
                    }
                    () if c.word("type") || c.word("set data type") => {
                        self.by = "column";
                        self.type_name(c)?;
                        if c.word("collate") {
                            c.name()?;
                        }
                        if c.word("using") {
                            self.expression(*c, &[Frame::of(table)]);
                        }
                    }
                    () => {}
                }
                Some(())
            }
            () if c.word("owner to") => {
                self.by = "owner";
                self.role(c)
            }
            () if c.word("set schema") => self.schema(c).map(|_| ()),
            () if c.word("set tablespace") => self.tablespace(c),
            () if c.word("inherit") || c.word("no inherit") => self.relation(c).map(|_| ()),
            () if c.word("enable") || c.word("disable") => {
                let _ = c.word("always") || c.word("replica");
                if c.word("trigger") && !c.is_word("all") && !c.is_word("user") {
                    return self.existing(c, "trigger", table, false);
                }
                Some(())
            }
            () if c.word("replica identity using index") || c.word("cluster on") => {
                let start = *c;
                let mut name = c.name()?;
                name.schema = name.schema.or_else(|| table.schema.clone());
                self.push(Need::Index(name), c.since(&start));
                Some(())
            }
            () => None,
        }
    }

    // ── DROP ──
}
