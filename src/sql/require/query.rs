//! Queries and what changes rows.

use crate::sql::cursor::Cursor;
use crate::sql::keyword;
use crate::sql::lex::TokenKind;
use crate::sql::name::Name;

use super::expression::{Frame, Source, begins_query};
use super::{Need, Reader};

/// Words that end a FROM clause.
const AFTER_FROM: &[&str] = &[
    "where",
    "group",
    "having",
    "window",
    "order",
    "limit",
    "offset",
    "fetch",
    "for",
    "returning",
    "union",
    "intersect",
    "except",
    "into",
];

/// Words that stand between two tables of a FROM clause.
const JOINS: &[&str] = &[
    "natural", "left", "right", "full", "inner", "cross", "join", "outer",
];

fn is_any(c: &Cursor<'_>, words: &[&str]) -> bool {
    words.iter().any(|word| c.is_word(word))
}

/// FROM as the beginning of a clause, not of `IS DISTINCT FROM`.
fn skip_to_clause<'a>(c: &mut Cursor<'a>, words: &[&str]) {
    let mut distinct = false;
    while !c.is_end() {
        if is_any(c, words) && !(distinct && c.is_word("from")) {
            return;
        }
        distinct = c.is_word("distinct");
        c.skip_balanced();
    }
}

impl Reader {
    /// Reads a query or a statement that changes rows, WITH included.
    pub(super) fn query(&mut self, mut c: Cursor<'_>, frames: &[Frame]) {
        let known = self.ctes.len();
        if c.word("with") {
            self.with(&mut c, frames);
        }
        match () {
            () if c.word("insert into") => self.insert(c, frames),
            () if c.word("update") => self.update(c, frames),
            () if c.word("delete from") => self.delete(c, frames),
            () if c.word("merge into") => self.merge(c, frames),
            () => self.arms(c, frames),
        }
        self.ctes.truncate(known);
    }

    fn with(&mut self, c: &mut Cursor<'_>, frames: &[Frame]) {
        let recursive = c.word("recursive");
        loop {
            let Some(name) = c.ident() else { return };
            let _ = c.group();
            if !c.word("as") {
                return;
            }
            let _ = c.word("not materialized") || c.word("materialized");
            let Some(inner) = c.group() else { return };
            if recursive {
                self.ctes.push(name.clone());
            }
            self.query(inner, frames);
            if !recursive {
                self.ctes.push(name);
            }
            if c.is_word("search") || c.is_word("cycle") {
                c.skip_until(|c| {
                    c.is_punct(",") || is_any(c, &["select", "insert", "update", "delete", "values", "merge"])
                });
            }
            if !c.punct(",") {
                return;
            }
        }
    }

    /// The parts of UNION, INTERSECT and EXCEPT.
    fn arms(&mut self, mut c: Cursor<'_>, frames: &[Frame]) {
        let mut compound = false;
        loop {
            let start = c;
            c.skip_until(|c| is_any(c, &["union", "intersect", "except"]));
            let is_last = c.is_end();
            compound |= !is_last;
            self.arm(start.up_to(&c), frames, compound);
            if is_last {
                return;
            }
            c.advance();
            let _ = c.word("all") || c.word("distinct");
        }
    }

    fn arm(&mut self, mut c: Cursor<'_>, frames: &[Frame], compound: bool) {
        if c.is_punct("(") {
            if let Some(inner) = c.group() {
                self.query(inner, frames);
            }
            return;
        }
        if c.word("table") {
            let _ = c.word("only");
            let _ = self.source(&mut c, frames, &mut Frame::default(), &mut Vec::new());
            return;
        }
        if c.word("values") {
            let mut end = c;
            end.skip_until(|c| is_any(c, &["order", "limit", "offset", "fetch"]));
            self.expression(c.up_to(&end), frames);
            return;
        }
        if !c.word("select") {
            return;
        }
        let _ = c.word("all") || c.word("distinct");
        let list = c;
        let mut clauses = AFTER_FROM.to_vec();
        clauses.push("from");
        skip_to_clause(&mut c, &clauses);
        let list = list.up_to(&c);
        if c.word("into") {
            let _ = c.any_word(&["temporary", "temp", "unlogged"]);
            let _ = c.word("table");
            let _ = c.name();
            skip_to_clause(&mut c, &clauses);
        }
        let mut frame = Frame {
            names: outputs(list),
            ..Frame::default()
        };
        let mut deferred = Vec::new();
        if c.word("from") {
            let from = c;
            skip_to_clause(&mut c, AFTER_FROM);
            self.from(from.up_to(&c), frames, &mut frame, &mut deferred);
        }
        let mut inner = frames.to_vec();
        inner.push(frame);
        for part in deferred {
            self.part(part, &inner);
        }
        self.expression(list, &inner);
        // the tail of a compound query speaks of output columns
        let tail = c;
        let mut end = c;
        end.skip_until(|c| is_any(c, &["order", "for", "fetch"]));
        self.expression(tail.up_to(&end), &inner);
        if !compound && end.word("order by") {
            let order = end;
            end.skip_until(|c| is_any(c, &["limit", "offset", "fetch", "for"]));
            self.expression(order.up_to(&end), &inner);
        }
    }

    /// A piece of a FROM clause that may see all tables of it.
    fn part(&mut self, part: Cursor<'_>, frames: &[Frame]) {
        if begins_query(&part) {
            self.query(part, frames);
        } else {
            self.expression(part, frames);
        }
    }

    /// Tables, joins and their conditions.
    fn from<'a>(
        &mut self,
        mut c: Cursor<'a>,
        frames: &[Frame],
        frame: &mut Frame,
        deferred: &mut Vec<Cursor<'a>>,
    ) {
        while !c.is_end() {
            while is_any(&c, JOINS) || c.is_punct(",") {
                c.advance();
            }
            let before = c.here();
            if c.word("on") {
                let condition = c;
                c.skip_until(|c| is_any(c, JOINS) && !is_call(c) || c.is_punct(","));
                deferred.push(condition.up_to(&c));
            } else if c.word("using") {
                let _ = c.group();
                if c.word("as") {
                    let _ = c.ident();
                }
            } else {
                let _ = self.source(&mut c, frames, frame, deferred);
            }
            if c.here() == before && !c.is_end() {
                c.skip_balanced();
            }
        }
    }

    /// One table, function, query or join in brackets, with its alias.
    fn source<'a>(
        &mut self,
        c: &mut Cursor<'a>,
        frames: &[Frame],
        frame: &mut Frame,
        deferred: &mut Vec<Cursor<'a>>,
    ) -> Option<()> {
        let _ = c.word("lateral");
        let _ = c.is_word("only") && c.word("only");
        let mut relation = None;
        let mut own = None;
        if c.is_punct("(") {
            let inner = c.group()?;
            if begins_query(&inner) {
                deferred.push(inner);
            } else {
                self.from(inner, frames, frame, deferred);
                if !is_alias(c) {
                    return Some(());
                }
            }
        } else if c.word("rows from") {
            deferred.push(c.group()?);
        } else {
            let start = *c;
            let name = c.name()?;
            if c.is_punct("(") {
                let _ = c.group();
                deferred.push(start.up_to(c));
                own = Some(name.name);
            } else if name.schema.is_none() && self.ctes.contains(&name.name) {
                own = Some(name.name);
            } else {
                self.push(Need::Relation(name.clone()), c.since(&start));
                let _ = c.punct("*");
                own = Some(name.name.clone());
                relation = Some(name);
            }
        }
        if c.word("tablesample") {
            let _ = c.name();
            let _ = c.group();
            if c.word("repeatable") {
                let _ = c.group();
            }
        }
        let _ = c.word("with ordinality");
        let mut alias = own;
        if c.word("as") || is_alias(c) {
            if c.is_ident() {
                alias = c.ident();
            }
            if c.group().is_some() {
                relation = None;
            }
        }
        match alias {
            Some(alias) => frame.sources.push(Source { alias, relation }),
            None => frame.open = true,
        }
        Some(())
    }

    fn target(&mut self, c: &mut Cursor<'_>) -> Option<(Name, Source)> {
        let _ = c.word("only");
        let start = *c;
        let name = c.name()?;
        let is_cte = name.schema.is_none() && self.ctes.contains(&name.name);
        if !is_cte {
            self.push(Need::Relation(name.clone()), c.since(&start));
        }
        let _ = c.punct("*");
        let mut alias = name.name.clone();
        if c.word("as") || is_alias(c) {
            alias = c.ident()?;
        }
        let relation = (!is_cte).then(|| name.clone());
        Some((name, Source { alias, relation }))
    }

    fn insert(&mut self, mut c: Cursor<'_>, frames: &[Frame]) {
        let Some((table, source)) = self.target(&mut c) else {
            return;
        };
        if c.is_punct("(") && !begins_query(&{ c }.group().unwrap_or(c)) {
            let _ = self.columns(&mut c, &table);
        }
        if c.word("overriding") {
            let _ = c.word("system value") || c.word("user value");
        }
        let body = c;
        c.skip_until(|c| c.word_ahead("on conflict") || c.is_word("returning"));
        let body = body.up_to(&c);
        if !body.word_ahead("default values") {
            self.query(body, frames);
        }
        let mut inner = frames.to_vec();
        inner.push(Frame {
            sources: vec![
                source,
                Source {
                    alias: "excluded".to_owned(),
                    relation: Some(table.clone()),
                },
            ],
            ..Frame::default()
        });
        if c.word("on conflict") {
            if let Some(target) = c.group() {
                self.expression(target, &inner);
            }
            if c.word("on constraint") {
                let _ = c.ident();
            }
            let mut end = c;
            end.skip_until(|c| c.is_word("do"));
            self.expression(c.up_to(&end), &inner);
            c = end;
            if c.word("do update set") {
                let list = c;
                c.skip_until(|c| c.is_word("where") || c.is_word("returning"));
                self.assignments(list.up_to(&c), &table, &inner);
            } else {
                let _ = c.word("do nothing");
            }
        }
        self.expression(c, &inner);
    }

    fn update(&mut self, mut c: Cursor<'_>, frames: &[Frame]) {
        let Some((table, source)) = self.target(&mut c) else {
            return;
        };
        if !c.word("set") {
            return;
        }
        let list = c;
        skip_to_clause(&mut c, &["from", "where", "returning"]);
        let list = list.up_to(&c);
        let mut frame = Frame {
            sources: vec![source],
            ..Frame::default()
        };
        let mut deferred = Vec::new();
        if c.word("from") {
            let from = c;
            skip_to_clause(&mut c, &["where", "returning"]);
            self.from(from.up_to(&c), frames, &mut frame, &mut deferred);
        }
        let mut inner = frames.to_vec();
        inner.push(frame);
        for part in deferred {
            self.part(part, &inner);
        }
        self.assignments(list, &table, &inner);
        if !c.word_ahead("where current of") {
            self.expression(c, &inner);
        }
    }

    fn delete(&mut self, mut c: Cursor<'_>, frames: &[Frame]) {
        let Some((_, source)) = self.target(&mut c) else {
            return;
        };
        let mut frame = Frame {
            sources: vec![source],
            ..Frame::default()
        };
        let mut deferred = Vec::new();
        if c.word("using") {
            let from = c;
            skip_to_clause(&mut c, &["where", "returning"]);
            self.from(from.up_to(&c), frames, &mut frame, &mut deferred);
        }
        let mut inner = frames.to_vec();
        inner.push(frame);
        for part in deferred {
            self.part(part, &inner);
        }
        if !c.word_ahead("where current of") {
            self.expression(c, &inner);
        }
    }

    fn merge(&mut self, mut c: Cursor<'_>, frames: &[Frame]) {
        if self.target(&mut c).is_none() || !c.word("using") {
            return;
        }
        let mut deferred = Vec::new();
        let _ = self.source(&mut c, frames, &mut Frame::default(), &mut deferred);
        for part in deferred {
            self.part(part, &[Frame::open()]);
        }
    }

    /// `a = 1, (b, c) = (2, 3)`
    fn assignments(&mut self, list: Cursor<'_>, table: &Name, frames: &[Frame]) {
        for mut part in list.split_commas() {
            if part.is_punct("(") {
                let _ = self.columns(&mut part, table);
            } else {
                let _ = self.column(&mut part, table);
            }
            part.skip_until(|c| c.is_punct("="));
            self.expression(part, frames);
        }
    }
}

/// `left(…)` and `right(…)` are functions.
fn is_call(c: &Cursor<'_>) -> bool {
    c.text_at(1) == "("
}

/// Whether a word that follows a table is its alias.
fn is_alias(c: &Cursor<'_>) -> bool {
    let Some(token) = c.peek() else { return false };
    match token.kind {
        TokenKind::QuotedIdent => true,
        TokenKind::Ident => {
            let word = token.text(c.text).to_ascii_lowercase();
            let taken = [
                "set",
                "on",
                "using",
                "where",
                "tablesample",
                "values",
                "overriding",
                "do",
            ];
            !keyword::is_reserved(&word) && !JOINS.contains(&word.as_str()) && !taken.contains(&word.as_str())
        }
        _ => false,
    }
}

/// The names that a select list gives to its columns, but for those that they have anyway.
fn outputs(list: Cursor<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for part in list.split_commas() {
        let mut c = part;
        let mut joins = true;
        let mut last = None;
        while let Some(token) = c.peek() {
            last = None;
            if c.word("as") {
                last = c.ident();
                joins = false;
                continue;
            }
            if !joins && c.is_ident() {
                last = { c }.ident();
            }
            joins = match token.kind {
                TokenKind::Operator => true,
                TokenKind::Punct => !c.is_punct("("),
                _ => false,
            };
            c.skip_balanced();
        }
        names.extend(last);
    }
    names
}
