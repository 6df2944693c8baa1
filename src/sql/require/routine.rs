//! Routines and triggers.

use crate::sql::cursor::Cursor;
use crate::sql::lex::{TokenKind, significant};
use crate::sql::name::{Name, string_value};

use super::expression::Frame;
use super::{Need, Reader, words};

impl Reader {
    /// CREATE FUNCTION and PROCEDURE, behind their name.
    pub(super) fn routine(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        self.by = "function";
        let mut names = Vec::new();
        let inner = c.group()?;
        let (mut fewest, mut most) = (0, 0);
        if !inner.is_end() {
            for part in inner.split_commas() {
                let input = self.parameter(part, &mut names);
                match input {
                    Input::None => {}
                    Input::Needed => {
                        fewest += 1;
                        most += 1;
                    }
                    Input::Optional => most += 1,
                    Input::Variadic => most = usize::MAX / 2,
                }
            }
        }
        self.needs.accepts = Some((fewest, most));
        let mut language = String::new();
        let mut body = None;
        while !c.is_end() {
            match () {
                () if c.word("returns table") => {
                    for mut part in c.group()?.split_commas() {
                        names.extend(part.ident());
                        let _ = self.type_name(&mut part);
                    }
                }
                () if c.word("returns null on null input") => {}
                () if c.word("returns") => {
                    let _ = self.type_name(c);
                }
                () if c.word("language") => {
                    let start = *c;
                    language = match c.peek() {
                        Some(token) if token.kind == TokenKind::String => {
                            c.advance();
                            string_value(c.text, token)?.to_ascii_lowercase()
                        }
                        _ => c.ident()?,
                    };
                    self.push(Need::Language(language.clone()), c.since(&start));
                }
                () if c.word("set") => {
                    c.skip_until(|c| {
                        [
                            "as",
                            "language",
                            "set",
                            "stable",
                            "immutable",
                            "volatile",
                            "security",
                            "returns",
                            "begin",
                        ]
                        .iter()
                        .any(|word| c.is_word(word))
                    });
                }
                () if c.is_word("as") && c.peek_at(1).is_some_and(|token| is_string(token.kind)) => {
                    c.advance();
                    body = c.advance();
                }
                () if c.is_word("return") || c.word_ahead("begin atomic") => break,
                () => {
                    c.advance();
                }
            }
        }
        let Some(token) = body else { return Some(()) };
        let text = string_value(c.text, token)?;
        self.needs.mentions.extend(words(&text));
        if language == "sql" {
            self.body(&text, token.span, &names, token.text(c.text));
        }
        Some(())
    }

    /// A parameter: its type, and whether a call has to give it.
    fn parameter(&mut self, mut c: Cursor<'_>, names: &mut Vec<String>) -> Input {
        let mut mode = c.any_word(&["inout", "in", "out", "variadic"]);
        let optional = {
            let mut ahead = c;
            ahead.skip_until(|c| c.is_word("default") || c.is_punct("=") || c.is_punct(":="));
            let found = !ahead.is_end();
            let value = ahead;
            let part = c.up_to(&ahead);
            if found {
                self.expression(value, &[Frame::open()]);
            }
            c = part;
            found
        };
        // a name stands before the type, unless the type is all there is
        let mut named = c;
        let alone = {
            let mut ahead = c;
            crate::sql::types::type_name(&mut ahead).is_ok() && ahead.is_end()
        };
        if !alone {
            names.extend(named.ident());
            mode = mode.or_else(|| named.any_word(&["inout", "in", "out", "variadic"]));
            c = named;
        }
        let _ = self.type_name(&mut c);
        match (mode, optional) {
            (Some("out"), _) => Input::None,
            (Some("variadic"), _) => Input::Variadic,
            (_, true) => Input::Optional,
            (_, false) => Input::Needed,
        }
    }

    /// The body of an SQL function, as advice: a position in it is that of the body, unless it stands there as it is.
    fn body(&mut self, text: &str, span: crate::source::Span, names: &[String], spelled: &str) {
        let offset = spelled.find(text).map(|at| span.start + at);
        let tokens = significant(text);
        let outer = std::mem::take(&mut self.needs.requirements);
        let was = std::mem::replace(&mut self.advisory, true);
        let frame = Frame {
            names: names.to_vec(),
            ..Frame::default()
        };
        let mut from = 0;
        for end in tokens
            .iter()
            .enumerate()
            .filter(|(_, token)| token.text(text) == ";" && token.kind == TokenKind::Punct)
            .map(|(index, _)| index)
            .chain([tokens.len()])
            .collect::<Vec<_>>()
        {
            let part = &tokens[from.min(end)..end];
            let c = Cursor::new(text, part);
            if ["select", "with", "values", "insert", "update", "delete"]
                .iter()
                .any(|word| c.is_word(word))
            {
                self.query(c, std::slice::from_ref(&frame));
            }
            from = end + 1;
        }
        self.advisory = was;
        let inner = std::mem::replace(&mut self.needs.requirements, outer);
        for mut requirement in inner {
            requirement.span = match offset {
                Some(offset) => requirement.span.shifted(offset),
                None => span,
            };
            self.needs.requirements.push(requirement);
        }
    }

    /// CREATE TRIGGER, behind its name.
    pub(super) fn trigger(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        self.by = "trigger";
        let events = *c;
        c.skip_until(|c| c.is_word("on"));
        let mut events = events.up_to(c);
        c.advance();
        let table = self.relation(c)?;
        while !events.is_end() {
            if events.word("update of") {
                loop {
                    self.column(&mut events, &table)?;
                    if !events.punct(",") {
                        break;
                    }
                }
            } else {
                events.advance();
            }
        }
        if c.word("from") {
            self.relation(c)?;
        }
        while !c.is_end() {
            if c.word("when") {
                let inner = c.group()?;
                let row = |alias: &str| super::expression::Source {
                    alias: alias.to_owned(),
                    relation: Some(table.clone()),
                };
                let frame = Frame {
                    sources: vec![row("new"), row("old")],
                    ..Frame::default()
                };
                self.expression(inner, &[frame]);
            } else if c.word("execute function") || c.word("execute procedure") {
                // whatever is in the brackets, the function itself takes nothing
                return self.function(c, Some(0));
            } else {
                c.skip_balanced();
            }
        }
        Some(())
    }

    /// A routine as DROP, ALTER, COMMENT and GRANT name it.
    pub(super) fn named_routine(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        let start = *c;
        let name: Name = c.name()?;
        let span = c.since(&start);
        // the list may leave out OUT parameters or name types: the count alone is no certain sign
        let _ = c.group();
        self.push(
            Need::Function {
                name,
                arguments: None,
            },
            span,
        );
        Some(())
    }
}

fn is_string(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::String | TokenKind::DollarString)
}

/// Whether a call has to give a parameter.
enum Input {
    None,
    Needed,
    Optional,
    Variadic,
}
