//! A place in a row of significant tokens, with the few moves that recognising SQL needs.

use crate::source::Span;

use super::error::FragmentError;
use super::lex::{Token, TokenKind};
use super::name::{Name, ident_value};

/// Reads tokens from `at` to the end of its slice. Copying it is how to look ahead.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// `tokens` are significant tokens of `text`.
    pub(super) fn new(text: &'a str, tokens: &'a [Token]) -> Cursor<'a> {
        Cursor { text, tokens, at: 0 }
    }

    pub(super) fn peek(&self) -> Option<Token> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, offset: usize) -> Option<Token> {
        self.tokens.get(self.at + offset).copied()
    }

    pub(super) fn is_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// The next token's text, empty at the end.
    pub(super) fn peek_text(&self) -> &'a str {
        self.text_at(0)
    }

    pub(super) fn text_at(&self, offset: usize) -> &'a str {
        self.peek_at(offset).map_or("", |token| token.text(self.text))
    }

    pub(super) fn advance(&mut self) -> Option<Token> {
        let token = self.peek();
        self.at = (self.at + 1).min(self.tokens.len());
        token
    }

    /// The span of the next token, or the end of the last one.
    pub(super) fn here(&self) -> Span {
        match self.peek() {
            Some(token) => token.span,
            None => Span::at(self.tokens.last().map_or(0, |token| token.span.end)),
        }
    }

    /// The span from a position taken earlier to the last token read.
    pub(super) fn since(&self, from: &Cursor<'a>) -> Span {
        let start = from.here().start;
        let end = self
            .at
            .checked_sub(1)
            .and_then(|last| self.tokens.get(last))
            .map_or(start, |t| t.span.end);
        Span::new(start, end.max(start))
    }

    pub(super) fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or("")
    }

    // ── words and punctuation ──

    pub(super) fn is_word_at(&self, offset: usize, word: &str) -> bool {
        self.peek_at(offset).is_some_and(|token| {
            token.kind == TokenKind::Ident && token.text(self.text).eq_ignore_ascii_case(word)
        })
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.is_word_at(0, word)
    }

    pub(super) fn are_words(&self, words: &[&str]) -> bool {
        words
            .iter()
            .enumerate()
            .all(|(offset, word)| self.is_word_at(offset, word))
    }

    /// Takes the words when all of them follow, else nothing. `"if not exists"` is three words.
    pub(super) fn word(&mut self, words: &str) -> bool {
        // most words that are asked for do not follow
        let first = self.peek_text().as_bytes().first();
        if !first.is_some_and(|first| words.as_bytes()[..1].eq_ignore_ascii_case(&[*first])) {
            return false;
        }
        let mut ahead = *self;
        for word in words.split(' ') {
            if !ahead.is_word(word) {
                return false;
            }
            ahead.advance();
        }
        *self = ahead;
        true
    }

    /// The same without taking them.
    pub(super) fn word_ahead(&self, words: &str) -> bool {
        { *self }.word(words)
    }

    /// Takes the first of the words that follows.
    pub(super) fn any_word(&mut self, words: &[&'static str]) -> Option<&'static str> {
        words.iter().copied().find(|words| self.word(words))
    }

    pub(super) fn is_punct(&self, text: &str) -> bool {
        self.peek().is_some_and(|token| {
            matches!(token.kind, TokenKind::Punct | TokenKind::Operator) && token.text(self.text) == text
        })
    }

    pub(super) fn punct(&mut self, text: &str) -> bool {
        let found = self.is_punct(text);
        if found {
            self.advance();
        }
        found
    }

    // ── names ──

    pub(super) fn is_ident(&self) -> bool {
        self.peek()
            .is_some_and(|token| matches!(token.kind, TokenKind::Ident | TokenKind::QuotedIdent))
    }

    /// An identifier, folded and without quotes. Keywords count: the caller knows where one cannot stand.
    pub(super) fn ident(&mut self) -> Option<String> {
        let value = ident_value(self.text, self.peek()?)?;
        self.advance();
        Some(value)
    }

    /// `a`, `a.b` or `database.a.b`, whose first part says nothing new.
    pub(super) fn name(&mut self) -> Option<Name> {
        let mut parts = self.dotted()?;
        let name = parts.pop()?;
        Some(Name {
            schema: parts.pop(),
            name,
        })
    }

    /// All parts of a dotted name.
    pub(super) fn dotted(&mut self) -> Option<Vec<String>> {
        let mut parts = vec![self.ident()?];
        loop {
            let mut ahead = *self;
            if !ahead.punct(".") {
                return Some(parts);
            }
            match ahead.ident() {
                Some(part) => parts.push(part),
                None => return Some(parts),
            }
            *self = ahead;
        }
    }

    // ── groups ──

    /// Takes `( … )` and returns a cursor over what is inside. `None` when no bracket follows or it never closes.
    pub(super) fn group(&mut self) -> Option<Cursor<'a>> {
        if !self.is_punct("(") {
            return None;
        }
        let open = self.at;
        let mut ahead = *self;
        ahead.skip_balanced();
        let close = ahead.at.checked_sub(1).filter(|&close| close > open)?;
        if self.tokens[close].text(self.text) != ")" {
            return None;
        }
        self.at = ahead.at;
        Some(Cursor {
            text: self.text,
            tokens: &self.tokens[..close],
            at: open + 1,
        })
    }

    /// Takes one token, or a whole bracketed group when one begins here.
    pub(super) fn skip_balanced(&mut self) {
        let mut depth = 0usize;
        while let Some(token) = self.advance() {
            match token.text(self.text) {
                "(" | "[" if token.kind == TokenKind::Punct => depth += 1,
                ")" | "]" if token.kind == TokenKind::Punct => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Moves to the next place outside brackets where `stop` holds, or to the end.
    pub(super) fn skip_until(&mut self, stop: impl Fn(&Cursor<'a>) -> bool) {
        while !self.is_end() && !stop(self) {
            self.skip_balanced();
        }
    }

    /// Cuts what is left at its outermost commas.
    pub(super) fn split_commas(mut self) -> Vec<Cursor<'a>> {
        let mut parts = Vec::new();
        loop {
            let start = self.at;
            self.skip_until(|cursor| cursor.is_punct(","));
            parts.push(Cursor {
                text: self.text,
                tokens: &self.tokens[..self.at],
                at: start,
            });
            if !self.punct(",") {
                return parts;
            }
        }
    }

    /// The part from here up to where `end` stands.
    pub(super) fn up_to(&self, end: &Cursor<'a>) -> Cursor<'a> {
        Cursor {
            text: self.text,
            tokens: &self.tokens[..end.at.max(self.at)],
            at: self.at,
        }
    }

    /// The span of all that is left.
    pub(super) fn rest(&self) -> Span {
        match self.tokens.get(self.at..) {
            Some([first, .., last]) => Span::new(first.span.start, last.span.end),
            Some([only]) => only.span,
            _ => self.here(),
        }
    }

    pub(super) fn rest_text(&self) -> &'a str {
        self.slice(self.rest())
    }

    // ── errors ──

    /// `expected …, found …` at the next token.
    pub(super) fn expected(&self, what: &str) -> FragmentError {
        match self.peek() {
            Some(token) => FragmentError::new(
                format!("expected {what}, found {}", shorten(token.text(self.text))),
                token.span,
            ),
            None => FragmentError::new(format!("expected {what}, found the end"), self.here()),
        }
    }

    /// Fails unless everything was read.
    pub(super) fn finish(&self) -> Result<(), FragmentError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(FragmentError::new(
                format!("expected nothing more, found {}", shorten(self.peek_text())),
                self.rest(),
            )),
        }
    }
}

/// A token for a message: in quotes of its own and cut when long.
fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(32).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("`{short}`")
}
