//! Statements that define things.

use crate::sql::cursor::Cursor;
use crate::sql::effect::ObjectKind;
use crate::sql::name::Name;

use super::{Need, Reader};

pub(super) fn statement(mut c: Cursor<'_>, reader: &mut Reader) {
    let first = c.peek_text().to_ascii_lowercase();
    // an early return means that no more could be read
    let _ = match first.as_str() {
        "create" => reader.create(&mut c),
        "alter" => reader.alter(&mut c),
        "drop" => reader.drop(&mut c),
        "comment" => reader.comment(&mut c),
        "grant" => reader.grant(&mut c, "to"),
        "revoke" => reader.grant(&mut c, "from"),
        "select" | "with" | "values" | "table" | "(" | "insert" | "update" | "delete" | "merge" => {
            reader.by = "query";
            reader.query(c, &[]);
            Some(())
        }
        "truncate" | "lock" => reader.relations(&mut c),
        "refresh" => {
            reader.by = "refresh";
            if c.word("refresh materialized view") {
                let _ = c.word("concurrently");
                reader.relation(&mut c);
            }
            Some(())
        }
        "copy" => {
            reader.by = "copy";
            c.advance();
            if let Some(table) = reader.relation(&mut c)
                && c.is_punct("(")
            {
                reader.columns(&mut c, &table);
            }
            Some(())
        }
        "reassign" => {
            reader.by = "owner";
            if c.word("reassign owned by") {
                reader.roles(&mut c);
                if c.word("to") {
                    reader.role(&mut c);
                }
            }
            Some(())
        }
        "set" => {
            reader.by = "setting";
            c.advance();
            let _ = c.word("local") || c.word("session");
            if c.word("role") && c.is_ident() {
                reader.role(&mut c);
            }
            Some(())
        }
        _ => None,
    };
}

impl Reader {
    fn relations(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        self.by = "table";
        c.advance();
        let _ = c.word("table");
        loop {
            let _ = c.word("only");
            self.relation(c)?;
            let _ = c.punct("*");
            if !c.punct(",") {
                return Some(());
            }
        }
    }

    // ── CREATE ──

    fn drop(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        use ObjectKind::*;
        c.advance();
        self.by = "drop";
        if c.word("owned by") {
            self.roles(c);
            return Some(());
        }
        let kind = ObjectKind::take(c)?;
        let _ = kind == Index && c.word("concurrently");
        if c.word("if exists") {
            return Some(());
        }
        loop {
            let start = *c;
            match kind {
                Table | ForeignTable | View | MaterializedView | Sequence => {
                    self.relation(c)?;
                }
                Index => {
                    let name = c.name()?;
                    self.push(Need::Index(name), c.since(&start));
                }
                Type | Domain => {
                    let name = c.name()?;
                    self.push(Need::Type(name), c.since(&start));
                }
                Function | Procedure | Routine | Aggregate => self.named_routine(c)?,
                Schema => {
                    self.schema(c)?;
                }
                Role => self.role(c)?,
                Extension => {
                    let name = c.ident()?;
                    self.push(Need::Extension(name), c.since(&start));
                }
                Trigger | Policy | Rule => {
                    let name = c.ident()?;
                    let span = c.since(&start);
                    if c.word("on") {
                        self.relation(c)?;
                    }
                    return self.part_of(kind.as_str(), name, span, start);
                }
                _ => return None,
            }
            if !c.punct(",") {
                return Some(());
            }
        }
    }

    // ── COMMENT, GRANT ──

    fn comment(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        use ObjectKind::*;
        self.by = "comment";
        if !c.word("comment on") {
            return None;
        }
        let kind = ObjectKind::take(c)?;
        let start = *c;
        match kind {
            Table | ForeignTable | View | MaterializedView | Sequence => {
                self.relation(c)?;
            }
            Index => {
                let name = c.name()?;
                self.push(Need::Index(name), c.since(&start));
            }
            Column => {
                let mut parts = c.dotted()?;
                let span = c.since(&start);
                let column = parts.pop()?;
                let table = Name {
                    name: parts.pop()?,
                    schema: parts.pop(),
                };
                self.push(Need::Relation(table.clone()), span);
                self.column_at(column, vec![table], span);
            }
            Type | Domain => {
                let name = c.name()?;
                self.push(Need::Type(name), c.since(&start));
            }
            Function | Procedure | Routine | Aggregate => self.named_routine(c)?,
            Schema => {
                self.schema(c)?;
            }
            Role => self.role(c)?,
            Extension => {
                let name = c.ident()?;
                self.push(Need::Extension(name), c.since(&start));
            }
            Trigger | Policy | Rule | Constraint => {
                let name = c.ident()?;
                let span = c.since(&start);
                if !c.word("on") || c.is_word("domain") {
                    return None;
                }
                self.relation(c)?;
                return self.part_of(kind.as_str(), name, span, start);
            }
            _ => return None,
        }
        Some(())
    }

    /// GRANT … TO and REVOKE … FROM.
    fn grant(&mut self, c: &mut Cursor<'_>, towards: &str) -> Option<()> {
        use ObjectKind::*;
        self.by = "grant";
        c.advance();
        let start = *c;
        c.skip_until(|c| c.is_word("on"));
        if !c.word("on") {
            // roles granted to roles
            let mut c = start;
            let _ = c.word("admin option for");
            self.roles(&mut c);
            if c.word(towards) {
                self.roles(&mut c);
            }
            return Some(());
        }
        // columns in brackets belong to the table behind ON
        if c.word("all") {
            c.advance();
            if c.word("in schema") {
                loop {
                    self.schema(c)?;
                    if !c.punct(",") {
                        break;
                    }
                }
            }
        } else if !c.is_word("parameter") {
            let _ = c.is_word_at(1, "server") && c.word("foreign");
            let ahead = *c;
            let kind = match ObjectKind::take(c) {
                Some(kind) if c.is_ident() && !c.is_word("to") && !c.is_word("from") => kind,
                _ => {
                    *c = ahead;
                    Table
                }
            };
            loop {
                let start = *c;
                match kind {
                    Table | Sequence => {
                        self.relation(c)?;
                    }
                    Function | Procedure | Routine => self.named_routine(c)?,
                    Schema => {
                        self.schema(c)?;
                    }
                    Type | Domain => {
                        let name = c.name()?;
                        self.push(Need::Type(name), c.since(&start));
                    }
                    Language => {
                        let name = c.ident()?;
                        self.push(Need::Language(name), c.since(&start));
                    }
                    _ => {
                        c.name()?;
                    }
                }
                if !c.punct(",") {
                    break;
                }
            }
        }
        c.skip_until(|c| c.is_word(towards));
        if c.word(towards) {
            self.roles(c);
        }
        Some(())
    }
}
