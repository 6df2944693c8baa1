//! Statements that define things.

use crate::source::Span;
use crate::sql::cursor::Cursor;
use crate::sql::effect::ObjectKind;
use crate::sql::name::Name;

use super::element::is_table_constraint;
use super::expression::Frame;
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

    fn create(&mut self, c: &mut Cursor<'_>) -> Option<()> {
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
    fn policy(&mut self, c: &mut Cursor<'_>) -> Option<()> {
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

    fn sequence_options(&mut self, c: &mut Cursor<'_>) -> Option<()> {
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

    fn alter(&mut self, c: &mut Cursor<'_>) -> Option<()> {
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
    fn part_of(&mut self, kind: &'static str, name: String, span: Span, mut start: Cursor<'_>) -> Option<()> {
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
