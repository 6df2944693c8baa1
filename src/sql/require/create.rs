//! CREATE: what a new object needs.

use crate::sql::cursor::Cursor;
use crate::sql::effect::ObjectKind;
use crate::sql::name::Name;

use super::expression::Frame;
use super::{Need, Reader};

impl Reader {
    pub(super) fn create(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        use ObjectKind::*;
        c.advance();
        let mut temporary = false;
        while let Some(word) = c.any_word(&[
            "or replace",
            "global",
            "local",
            "temporary",
            "temp",
            "unlogged",
            "recursive",
            "trusted",
            "default",
            "unique",
        ]) {
            temporary |= word.starts_with("temp");
        }
        let _ = c.is_word_at(1, "trigger") && c.word("constraint");
        let kind = ObjectKind::take(c)?;
        let _ = kind == Index && c.word("concurrently");
        let _ = c.word("if not exists");
        match kind {
            Table | ForeignTable => self.table(c, temporary),
            View => self.view(c, temporary),
            MaterializedView => self.view(c, false),
            Index => self.index(c),
            Sequence => {
                self.by = "sequence";
                let start = *c;
                let name = c.name()?;
                self.home(&name, c.since(&start));
                self.sequence_options(c)
            }
            Schema => {
                self.by = "schema";
                if !c.is_word("authorization") {
                    c.ident()?;
                }
                if c.word("authorization") {
                    self.role(c)?;
                }
                Some(())
            }
            Type => self.new_type(c),
            Domain => {
                self.by = "domain";
                let start = *c;
                let name = c.name()?;
                self.home(&name, c.since(&start));
                let _ = c.word("as");
                self.type_name(c)?;
                self.expression(*c, &[Frame::open()]);
                Some(())
            }
            Function | Procedure => {
                self.by = "function";
                let start = *c;
                let name = c.name()?;
                self.home(&name, c.since(&start));
                self.routine(c)
            }
            Aggregate => {
                let start = *c;
                let name = c.name()?;
                self.home(&name, c.since(&start));
                Some(())
            }
            Trigger => {
                c.ident()?;
                self.trigger(c)
            }
            Policy => {
                c.ident()?;
                self.policy(c)
            }
            Rule => {
                self.by = "rule";
                c.skip_until(|c| c.is_word("to"));
                c.advance();
                self.relation(c)?;
                Some(())
            }
            Extension => {
                self.by = "extension";
                let start = *c;
                let name = c.ident()?;
                self.push(Need::Available(name), c.since(&start));
                let _ = c.word("with");
                if c.word("schema") {
                    self.schema(c)?;
                }
                Some(())
            }
            Role => {
                self.by = "role";
                c.ident()?;
                while !c.is_end() {
                    if c.word("in role") || c.word("in group") || c.word("admin") || c.word("role") {
                        self.roles(c);
                    } else {
                        c.advance();
                    }
                }
                Some(())
            }
            Statistics => {
                self.by = "statistics";
                c.skip_until(|c| c.is_word("from"));
                c.advance();
                self.relation(c)?;
                Some(())
            }
            Publication => {
                self.by = "publication";
                c.ident()?;
                if c.word("for table") {
                    loop {
                        let _ = c.word("table");
                        let _ = c.word("only");
                        if c.is_word("tables") {
                            break;
                        }
                        self.relation(c)?;
                        let _ = c.punct("*");
                        let _ = c.group();
                        if c.word("where") {
                            let _ = c.group();
                        }
                        if !c.punct(",") {
                            break;
                        }
                    }
                }
                Some(())
            }
            EventTrigger => {
                self.by = "event trigger";
                while !c.is_end() {
                    if c.word("execute function") || c.word("execute procedure") {
                        return self.function(c, Some(0));
                    }
                    c.skip_balanced();
                }
                Some(())
            }
            _ => None,
        }
    }

    fn table(&mut self, c: &mut Cursor<'_>, temporary: bool) -> Option<()> {
        self.by = "table";
        let start = *c;
        let mut name = c.name()?;
        self.home(&name, c.since(&start));
        if temporary {
            name.schema = Some("pg_temp".to_owned());
        }
        if c.word("partition of") {
            self.by = "partition";
            let parent = self.relation(c)?;
            self.needs.parents.push(parent);
        } else if c.word("of") {
            self.needs.open_columns = true;
            self.type_name(c);
        }
        if let Some(inner) = c.group() {
            let mut ahead = *c;
            ahead.skip_until(|c| c.is_word("as"));
            if ahead.is_end() {
                self.elements(inner, &name);
            }
        }
        while !c.is_end() {
            match () {
                () if c.word("inherits") => {
                    for mut parent in c.group()?.split_commas() {
                        let parent = self.relation(&mut parent)?;
                        self.needs.parents.push(parent);
                    }
                }
                () if c.word("partition by") => {
                    c.ident()?;
                    for part in c.group()?.split_commas() {
                        self.index_part(part, &name);
                    }
                }
                () if c.word("tablespace") => {
                    self.tablespace(c)?;
                }
                () if c.word("for values") => {
                    let _ = c.word("from") || c.word("in") || c.word("with");
                    if let Some(inner) = c.group() {
                        self.expression(inner, &[Frame::open()]);
                    }
                    if c.word("to")
                        && let Some(inner) = c.group()
                    {
                        self.expression(inner, &[Frame::open()]);
                    }
                }
                () if c.word("as") => {
                    self.needs.open_columns = true;
                    self.by = "query";
                    if !c.is_word("execute") {
                        let mut end = *c;
                        end.skip_until(|c| c.word_ahead("with no data") || c.word_ahead("with data"));
                        self.query(c.up_to(&end), &[]);
                    }
                    return Some(());
                }
                () => c.skip_balanced(),
            }
        }
        Some(())
    }

    fn view(&mut self, c: &mut Cursor<'_>, temporary: bool) -> Option<()> {
        self.by = "view";
        self.needs.open_columns = true;
        let start = *c;
        let name = c.name()?;
        if !temporary {
            self.home(&name, c.since(&start));
        }
        c.skip_until(|c| c.is_word("as") || c.is_word("tablespace"));
        if c.word("tablespace") {
            self.tablespace(c)?;
        }
        if !c.word("as") {
            return None;
        }
        let mut end = *c;
        end.skip_until(|c| {
            c.word_ahead("with no data")
                || c.word_ahead("with data")
                || c.word_ahead("with check option")
                || c.word_ahead("with local check")
                || c.word_ahead("with cascaded check")
        });
        self.query(c.up_to(&end), &[]);
        Some(())
    }

    fn index(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        self.by = "index";
        if !c.is_word("on") {
            c.name()?;
        }
        if !c.word("on") {
            return None;
        }
        let _ = c.word("only");
        let table = self.relation(c)?;
        if c.word("using") {
            c.ident()?;
        }
        for part in c.group()?.split_commas() {
            self.index_part(part, &table);
        }
        while !c.is_end() {
            match () {
                () if c.word("include") => {
                    self.columns(c, &table)?;
                }
                () if c.word("tablespace") => {
                    self.tablespace(c)?;
                }
                () if c.word("where") => {
                    self.expression(*c, &[Frame::of(&table)]);
                    return Some(());
                }
                () => c.skip_balanced(),
            }
        }
        Some(())
    }

    fn new_type(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        self.by = "type";
        let start = *c;
        let name = c.name()?;
        self.home(&name, c.since(&start));
        if c.word("as range") {
            for mut part in c.group()?.split_commas() {
                if part.word("subtype") && part.punct("=") {
                    self.type_name(&mut part);
                }
            }
        } else if c.word("as") && c.is_punct("(") {
            let inner = c.group()?;
            if !inner.is_end() {
                for mut part in inner.split_commas() {
                    part.ident()?;
                    let _ = self.type_name(&mut part);
                }
            }
        }
        Some(())
    }

    /// CREATE POLICY and ALTER POLICY, behind the name.
    pub(super) fn policy(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        self.by = "policy";
        if !c.word("on") {
            return None;
        }
        let table = self.relation(c)?;
        while !c.is_end() {
            match () {
                () if c.word("rename to") => return Some(()),
                () if c.word("to") => self.roles(c),
                () if c.word("using") || c.word("with check") => {
                    let inner = c.group()?;
                    self.expression(inner, &[Frame::of(&table)]);
                }
                () => c.skip_balanced(),
            }
        }
        Some(())
    }

    pub(super) fn sequence_options(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        while !c.is_end() {
            match () {
                () if c.word("owned by none") => {}
                () if c.word("owned by") => {
                    let start = *c;
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
                () if c.word("as") => {
                    self.type_name(c);
                }
                () if c.word("owner to") => {
                    self.role(c);
                }
                () if c.word("set schema") => {
                    self.schema(c);
                }
                () => {
                    c.advance();
                }
            }
        }
        Some(())
    }

    // ── ALTER ──
}
