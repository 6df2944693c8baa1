//! Expressions: columns, functions, casts, and the queries within.

use crate::source::Span;
use crate::sql::cursor::Cursor;
use crate::sql::keyword;
use crate::sql::lex::TokenKind;
use crate::sql::name::{Name, parse_name, string_value};

use super::{Need, Reader};

/// What a FROM clause brings into sight.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// The name that columns are qualified with.
    pub(super) alias: String,
    /// The relation, when its columns are those of the catalog.
    pub(super) relation: Option<Name>,
}

/// The sources of one query.
#[derive(Debug, Clone, Default)]
pub(super) struct Frame {
    pub(super) sources: Vec<Source>,
    /// Names that are no columns of a source: output columns, parameters.
    pub(super) names: Vec<String>,
    /// A bare name may be anything.
    pub(super) open: bool,
}

impl Frame {
    /// Just one relation, as a policy or a check constraint sees it.
    pub(super) fn of(relation: &Name) -> Frame {
        Frame {
            sources: vec![Source {
                alias: relation.name.clone(),
                relation: Some(relation.clone()),
            }],
            ..Frame::default()
        }
    }

    /// Nothing is known of what a bare name means.
    pub(super) fn open() -> Frame {
        Frame {
            open: true,
            ..Frame::default()
        }
    }
}

/// Words that are syntax within an expression although they may be names elsewhere.
const SYNTAX: &[&str] = &[
    "at",
    "by",
    "current",
    "cycle",
    "day",
    "document",
    "escape",
    "exclude",
    "filter",
    "first",
    "following",
    "groups",
    "hour",
    "isnull",
    "json",
    "key",
    "keys",
    "last",
    "materialized",
    "minute",
    "month",
    "next",
    "no",
    "normalized",
    "notnull",
    "nulls",
    "operator",
    "ordinality",
    "others",
    "over",
    "partition",
    "preceding",
    "range",
    "recursive",
    "rows",
    "second",
    "set",
    "sets",
    "text",
    "ties",
    "time",
    "type",
    "unbounded",
    "uescape",
    "unknown",
    "value",
    "within",
    "without",
    "year",
    "zone",
    "excluded",
    "new",
    "old",
    "absent",
    "conditional",
    "error",
    "passing",
    "path",
    "columns",
    "nested",
    "rollup",
    "cube",
    "quotes",
    "scalar",
    "strict",
    "stable",
    "wrapper",
    "content",
    "encoding",
    "share",
    "skip",
    "locked",
    "nowait",
    "of",
    "update",
    "nfc",
    "nfd",
    "nfkc",
    "nfkd",
    "session",
    "epoch",
    "overriding",
    "system",
];

/// Words that a bracket may follow without a call.
const NO_CALL: &[&str] = &[
    "over",
    "filter",
    "within",
    "sets",
    "rollup",
    "cube",
    "materialized",
    "conflict",
    "columns",
    "passing",
    "operator",
    "key",
    "as",
    "using",
    "xmltable",
    "json_table",
    "convert",
    "interval",
    "time",
    "timestamp",
    "treat",
    "collation",
];

impl Reader {
    /// Reads an expression, or a list of them, up to the end of the cursor.
    pub(super) fn expression(&mut self, mut c: Cursor<'_>, frames: &[Frame]) {
        while let Some(token) = c.peek() {
            match token.kind {
                TokenKind::Punct if c.is_punct("(") => {
                    let Some(inner) = c.group() else { return };
                    self.bracket(inner, frames);
                }
                TokenKind::Punct if c.is_punct("::") => {
                    c.advance();
                    let _ = self.type_name(&mut c);
                }
                TokenKind::String => self.literal(&mut c),
                TokenKind::Ident | TokenKind::QuotedIdent => self.word(&mut c, frames),
                _ => {
                    c.advance();
                }
            }
        }
    }

    /// What stands in brackets: a query or expressions.
    fn bracket(&mut self, inner: Cursor<'_>, frames: &[Frame]) {
        if begins_query(&inner) {
            self.query(inner, frames);
        } else {
            self.expression(inner, frames);
        }
    }

    /// A string, which with a cast may be the name of a relation.
    fn literal(&mut self, c: &mut Cursor<'_>) {
        let Some(token) = c.advance() else { return };
        if !c.is_punct("::") {
            return;
        }
        let cast = c.text_at(1).to_ascii_lowercase();
        let Some(name) = string_value(c.text, token).and_then(|value| parse_name(&value).ok()) else {
            return;
        };
        match cast.as_str() {
            "regclass" => self.push(Need::Relation(name), token.span),
            "regtype" if name.schema.is_some() => self.push(Need::Type(name), token.span),
            _ => {}
        }
    }

    fn word(&mut self, c: &mut Cursor<'_>, frames: &[Frame]) {
        let start = *c;
        let quoted = c.peek().is_some_and(|token| token.kind == TokenKind::QuotedIdent);
        if !quoted && self.special(c, frames) {
            return;
        }
        let Some(parts) = c.dotted() else {
            c.advance();
            return;
        };
        // t.*
        if c.is_punct(".") {
            c.advance();
            let _ = c.punct("*");
            return;
        }
        let span = c.since(&start);
        let word = &parts[parts.len() - 1];
        let is_keyword = parts.len() == 1 && !quoted && keyword::needs_quotes(word);
        if c.is_punct("(") {
            let is_syntax = parts.len() == 1 && !quoted && (is_keyword || NO_CALL.contains(&word.as_str()));
            self.call(c, &parts, span, is_syntax, frames);
            return;
        }
        if c.peek().is_some_and(|token| token.kind == TokenKind::String) {
            // a literal of a type: date '2020-01-01'
            if !is_keyword && !start.is_punct("::") && parts.len() == 1 && quoted {
                self.push(Need::Type(Name::unqualified(word.clone())), span);
            }
            if is_keyword || parts.len() == 1 {
                c.advance();
            }
            return;
        }
        if is_keyword || (parts.len() == 1 && !quoted && SYNTAX.contains(&word.as_str())) {
            return;
        }
        // PL/pgSQL-like `a := b` and `a => b` name arguments
        if c.is_punct("=>") || c.is_punct(":=") {
            return;
        }
        self.reference(&parts, span, frames);
    }

    /// Words with a grammar of their own. Whether one was taken.
    fn special(&mut self, c: &mut Cursor<'_>, frames: &[Frame]) -> bool {
        let next_is_group = c.text_at(1) == "(";
        if c.is_word("cast") && next_is_group {
            c.advance();
            let Some(inner) = c.group() else { return true };
            let mut ahead = inner;
            ahead.skip_until(|c| c.is_word("as"));
            self.expression(inner.up_to(&ahead), frames);
            if ahead.word("as") {
                let _ = self.type_name(&mut ahead);
            }
            return true;
        }
        if c.is_word("extract") && next_is_group {
            c.advance();
            let Some(mut inner) = c.group() else { return true };
            inner.skip_until(|c| c.is_word("from"));
            self.expression(inner, frames);
            return true;
        }
        if c.is_word("collate") {
            c.advance();
            let _ = c.name();
            return true;
        }
        if (c.is_word("operator") || c.is_word("grouping")) && next_is_group {
            c.advance();
            let _ = c.group();
            return true;
        }
        if c.is_word("over") && !next_is_group {
            c.advance();
            let _ = c.ident();
            return true;
        }
        if c.is_word("as") {
            // an output column, or the alias of a table in an expression's tail
            c.advance();
            let _ = c.ident();
            return true;
        }
        if [
            "xmltable",
            "json_table",
            "xmlserialize",
            "xmlelement",
            "xmlforest",
            "xmlpi",
        ]
        .iter()
        .any(|word| c.is_word(word))
            && next_is_group
        {
            c.advance();
            let _ = c.group();
            return true;
        }
        false
    }

    fn call(&mut self, c: &mut Cursor<'_>, parts: &[String], span: Span, is_syntax: bool, frames: &[Frame]) {
        let Some(inner) = c.group() else { return };
        if is_syntax {
            self.bracket(inner, frames);
            return;
        }
        let mut counted = inner;
        let mut end = inner;
        end.skip_until(|c| c.word_ahead("order by"));
        counted = counted.up_to(&end);
        let _ = counted.word("distinct") || counted.word("all");
        let arguments = if counted.is_end() || counted.rest_text() == "*" {
            Some(0)
        } else {
            Some(counted.split_commas().len())
        };
        let mut variadic = inner;
        variadic.skip_until(|c| c.is_word("variadic"));
        let within = c.word_ahead("within group");
        let name = parts[parts.len() - 1].clone();
        let of_sequence = ["nextval", "setval", "currval"].contains(&name.as_str());
        if of_sequence
            && let Some(token) = inner.peek().filter(|token| token.kind == TokenKind::String)
            && inner.text_at(1) != "::"
            && let Some(sequence) = string_value(inner.text, token).and_then(|value| parse_name(&value).ok())
        {
            self.push(Need::Relation(sequence), token.span);
        }
        // f(row) may be another spelling of row.f
        let is_field = parts.len() == 1
            && arguments == Some(1)
            && inner.peek_at(1).is_none()
            && counted.is_ident()
            && frames.iter().any(|frame| {
                let word = inner.peek_text().to_ascii_lowercase();
                frame.open || frame.sources.iter().any(|source| source.alias == word)
            });
        if parts.len() <= 2 && !is_field {
            let need = Need::Function {
                name: Name {
                    schema: (parts.len() == 2).then(|| parts[0].clone()),
                    name,
                },
                arguments: arguments.filter(|_| !within && variadic.is_end()),
            };
            self.push(need, span);
        }
        self.bracket(inner, frames);
    }

    /// A name that may be a column.
    fn reference(&mut self, parts: &[String], span: Span, frames: &[Frame]) {
        match parts {
            [name] => {
                let mut candidates = Vec::new();
                for frame in frames {
                    if frame.open
                        || frame.names.contains(name)
                        || frame.sources.iter().any(|source| source.alias == *name)
                    {
                        return;
                    }
                    for source in &frame.sources {
                        match &source.relation {
                            Some(relation) if candidates.contains(relation) => {}
                            Some(relation) => candidates.push(relation.clone()),
                            None => return,
                        }
                    }
                }
                if !candidates.is_empty() {
                    self.column_at(name.clone(), candidates, span);
                }
            }
            [alias, name] | [_, alias, name] => {
                for frame in frames.iter().rev() {
                    let found = frame.sources.iter().find(|source| {
                        source.alias == *alias
                            && (parts.len() == 2
                                || source
                                    .relation
                                    .as_ref()
                                    .is_some_and(|relation| relation.schema.as_ref() == Some(&parts[0])))
                    });
                    if let Some(source) = found {
                        if let Some(relation) = &source.relation {
                            self.column_at(name.clone(), vec![relation.clone()], span);
                        }
                        return;
                    }
                    if frame.open {
                        return;
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether a text in brackets is a query.
pub(super) fn begins_query(c: &Cursor<'_>) -> bool {
    let mut ahead = *c;
    while ahead.is_punct("(") {
        ahead.advance();
    }
    ["select", "with", "values", "table"]
        .iter()
        .any(|word| ahead.is_word(word))
        && !(ahead.is_word("values") && ahead.text_at(1) != "(")
}
