//! Tokens of SQL as PostgreSQL's scanner sees them, and of what psql adds to it.
//!
//! Knows comments that nest, every kind of string with its continuation lines, dollar quotes, operators by
//! PostgreSQL's own rule, and psql's part: backslash commands, `:variables`, the data behind `COPY … FROM STDIN`.
//! Assumes `standard_conforming_strings = on`, which every session of pgplumb sets.

use crate::source::Span;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    Whitespace,
    /// `-- …`, without its line end.
    LineComment,
    /// `/* … */`, nested.
    BlockComment,
    /// An unquoted word: a keyword or an identifier.
    Ident,
    /// `"…"` or `U&"…"`.
    QuotedIdent,
    /// `'…'` with any prefix, continuation lines included.
    String,
    /// `$tag$…$tag$`.
    DollarString,
    Number,
    /// `$1`.
    Param,
    /// One operator, as long as PostgreSQL makes it.
    Operator,
    /// `( ) [ ] , ; . .. : :: :=`.
    Punct,
    /// `\i file`, `\copy …`, up to the end of the line.
    MetaCommand,
    /// `:x`, `:'x'`, `:"x"`, `:{?x}` where psql would put a variable and SQL has no use for the colon.
    PsqlVariable,
    /// The lines behind `COPY … FROM STDIN;`, up to and with `\.`.
    CopyData,
    /// A character that no rule knows.
    Unknown,
}

impl TokenKind {
    /// Whitespace and comments.
    pub fn is_trivia(self) -> bool {
        matches!(
            self,
            TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment
        )
    }
}

/// One token. The tokens of a text cover it without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token {
    pub kind: TokenKind,
    pub span: Span,
    /// False for a comment, a string, a quoted name or COPY data that runs into the end of the text.
    pub terminated: bool,
}

impl Token {
    /// The token as it stands in the text that it was made from.
    pub fn text<'a>(&self, source: &'a str) -> &'a str {
        source.get(self.span.start..self.span.end).unwrap_or("")
    }
}

/// Splits a text into tokens. Never fails: what is not terminated is marked so.
pub fn lex(text: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        text,
        bytes: text.as_bytes(),
        at: 0,
        tokens: Vec::new(),
        state: State::default(),
    };
    while lexer.at < lexer.bytes.len() {
        lexer.next();
    }
    lexer.tokens
}

/// The same without whitespace and comments.
pub(super) fn significant(text: &str) -> Vec<Token> {
    let mut tokens = lex(text);
    tokens.retain(|token| !token.kind.is_trivia());
    tokens
}

/// An open bracket, and whether a colon within it belongs to SQL.
#[derive(Clone, Copy, PartialEq)]
enum Bracket {
    Plain,
    /// `a[1:2]`, `json_object(k : v)`.
    Colon,
}

/// What has to be remembered between tokens.
#[derive(Default)]
struct State {
    brackets: Vec<Bracket>,
    /// The last significant token.
    previous: Option<Token>,
    copy: Copy,
}

/// How far a statement has got towards `COPY … FROM STDIN;` and its data.
#[derive(Default, Clone, Copy, PartialEq)]
enum Copy {
    #[default]
    StatementStart,
    Other,
    Begun,
    From,
    Stdin,
    /// Behind the semicolon: data begins on the next line.
    Pending,
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    tokens: Vec<Token>,
    state: State,
}

/// `[A-Za-z\200-\377_]`
fn is_ident_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80 || byte == b'_'
}

/// `[A-Za-z\200-\377_0-9]`: dollar tags and psql variables.
fn is_word(byte: u8) -> bool {
    is_ident_start(byte) || byte.is_ascii_digit()
}

fn is_ident(byte: u8) -> bool {
    is_word(byte) || byte == b'$'
}

fn is_operator(byte: u8) -> bool {
    b"~!@#^&|`?+-*/%<>=".contains(&byte)
}

/// Space as the scanner defines it.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

impl Lexer<'_> {
    fn byte(&self, offset: usize) -> u8 {
        self.bytes.get(self.at + offset).copied().unwrap_or(0)
    }

    /// Where the run of bytes that satisfy `test` ends.
    fn run(&self, mut from: usize, test: impl Fn(u8) -> bool) -> usize {
        while from < self.bytes.len() && test(self.bytes[from]) {
            from += 1;
        }
        from
    }

    fn emit(&mut self, kind: TokenKind, end: usize) {
        self.emit_as(kind, end, true);
    }

    fn emit_as(&mut self, kind: TokenKind, end: usize, terminated: bool) {
        let token = Token {
            kind,
            span: Span::new(self.at, end),
            terminated,
        };
        self.at = end;
        self.tokens.push(token);
        if !kind.is_trivia() {
            self.track(token);
            self.state.previous = Some(token);
        }
    }

    fn next(&mut self) {
        let byte = self.byte(0);
        match byte {
            _ if is_space(byte) => self.whitespace(),
            b'-' if self.byte(1) == b'-' => {
                let end = self.line_end(self.at);
                self.emit(TokenKind::LineComment, end);
            }
            b'/' if self.byte(1) == b'*' => self.block_comment(),
            b'\'' => self.string(1, false),
            b'e' | b'E' if self.byte(1) == b'\'' => self.string(2, true),
            b'b' | b'B' | b'x' | b'X' | b'n' | b'N' if self.byte(1) == b'\'' => self.string(2, false),
            b'u' | b'U' if self.byte(1) == b'&' && self.byte(2) == b'\'' => self.string(3, false),
            b'u' | b'U' if self.byte(1) == b'&' && self.byte(2) == b'"' => self.quoted_ident(3),
            b'"' => self.quoted_ident(1),
            b'$' => self.dollar(),
            b'0'..=b'9' => self.number(),
            b'.' if self.byte(1).is_ascii_digit() => self.number(),
            b'.' if self.byte(1) == b'.' => self.emit(TokenKind::Punct, self.at + 2),
            b'(' | b')' | b'[' | b']' | b',' | b';' | b'.' => self.emit(TokenKind::Punct, self.at + 1),
            b':' => self.colon(),
            b'\\' => self.meta_command(),
            _ if is_ident_start(byte) => {
                let end = self.run(self.at, is_ident);
                self.emit(TokenKind::Ident, end);
            }
            _ if is_operator(byte) => self.operator(),
            _ => self.emit(TokenKind::Unknown, self.at + 1),
        }
    }

    fn line_end(&self, from: usize) -> usize {
        self.run(from, |byte| byte != b'\n')
    }

    fn whitespace(&mut self) {
        if self.state.copy != Copy::Pending {
            let end = self.run(self.at, is_space);
            return self.emit(TokenKind::Whitespace, end);
        }
        let end = self.run(self.at, |byte| is_space(byte) && byte != b'\n');
        if self.bytes.get(end) != Some(&b'\n') {
            return self.emit(TokenKind::Whitespace, end);
        }
        self.emit(TokenKind::Whitespace, end + 1);
        self.copy_data();
    }

    fn copy_data(&mut self) {
        self.state.copy = Copy::StatementStart;
        let mut line = self.at;
        while line < self.bytes.len() {
            let end = self.line_end(line);
            if self.text[line..end].trim_end_matches('\r') == "\\." {
                return self.emit(TokenKind::CopyData, end);
            }
            line = (end + 1).min(self.bytes.len());
        }
        if self.at < line {
            self.emit_as(TokenKind::CopyData, line, false);
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0usize;
        let mut at = self.at;
        while at < self.bytes.len() {
            match (self.bytes[at], self.bytes.get(at + 1)) {
                (b'/', Some(b'*')) => (depth, at) = (depth + 1, at + 2),
                (b'*', Some(b'/')) => (depth, at) = (depth - 1, at + 2),
                _ => at += 1,
            }
            if depth == 0 {
                return self.emit(TokenKind::BlockComment, at);
            }
        }
        self.emit_as(TokenKind::BlockComment, at, false);
    }

    fn string(&mut self, prefix: usize, escapes: bool) {
        let mut at = self.at + prefix;
        while at < self.bytes.len() {
            match self.bytes[at] {
                b'\\' if escapes => at += 2,
                b'\'' if self.bytes.get(at + 1) == Some(&b'\'') => at += 2,
                b'\'' => match self.continuation(at + 1) {
                    Some(next) => at = next,
                    None => return self.emit(TokenKind::String, at + 1),
                },
                _ => at += 1,
            }
        }
        self.emit_as(TokenKind::String, self.bytes.len(), false);
    }

    /// Behind a closing quote: where the string goes on, when a line end and another quote follow.
    fn continuation(&self, mut at: usize) -> Option<usize> {
        let mut newline = false;
        loop {
            match self.bytes.get(at)? {
                b'\n' | b'\r' => (newline, at) = (true, at + 1),
                byte if is_space(*byte) => at += 1,
                b'-' if self.bytes.get(at + 1) == Some(&b'-') => at = self.line_end(at),
                b'\'' if newline => return Some(at + 1),
                _ => return None,
            }
        }
    }

    fn quoted_ident(&mut self, prefix: usize) {
        let mut at = self.at + prefix;
        while at < self.bytes.len() {
            match self.bytes[at] {
                b'"' if self.bytes.get(at + 1) == Some(&b'"') => at += 2,
                b'"' => return self.emit(TokenKind::QuotedIdent, at + 1),
                _ => at += 1,
            }
        }
        self.emit_as(TokenKind::QuotedIdent, at, false);
    }

    fn dollar(&mut self) {
        let tag_end = match self.byte(1) {
            byte if is_ident_start(byte) => self.run(self.at + 1, is_word),
            _ => self.at + 1,
        };
        if self.bytes.get(tag_end) == Some(&b'$') {
            let tag = &self.text[self.at..=tag_end];
            match self.text[tag_end + 1..].find(tag) {
                Some(body) => self.emit(TokenKind::DollarString, tag_end + 1 + body + tag.len()),
                None => self.emit_as(TokenKind::DollarString, self.bytes.len(), false),
            }
        } else if self.byte(1).is_ascii_digit() {
            let end = self.run(self.at + 1, |byte| byte.is_ascii_digit());
            self.emit(TokenKind::Param, end);
        } else {
            self.emit(TokenKind::Unknown, self.at + 1);
        }
    }

    fn number(&mut self) {
        let digits = |byte: u8| byte.is_ascii_digit() || byte == b'_';
        if self.byte(0) == b'0' && b"xXoObB".contains(&self.byte(1)) && self.byte(2).is_ascii_alphanumeric() {
            let end = self.run(self.at + 2, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
            return self.emit(TokenKind::Number, end);
        }
        let mut end = self.run(self.at, digits);
        if self.bytes.get(end) == Some(&b'.') && self.bytes.get(end + 1) != Some(&b'.') {
            end = self.run(end + 1, digits);
        }
        if matches!(self.bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.bytes.get(end + 1), Some(b'+' | b'-')));
            if self.bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
                end = self.run(end + 1 + sign, digits);
            }
        }
        self.emit(TokenKind::Number, end);
    }

    fn colon(&mut self) {
        if matches!(self.byte(1), b':' | b'=') {
            return self.emit(TokenKind::Punct, self.at + 2);
        }
        let in_sql = self.state.brackets.last() == Some(&Bracket::Colon);
        match self.variable_end() {
            Some(end) if !in_sql => self.emit(TokenKind::PsqlVariable, end),
            _ => self.emit(TokenKind::Punct, self.at + 1),
        }
    }

    /// Where the psql variable that begins at this colon ends.
    fn variable_end(&self) -> Option<usize> {
        let (open, close): (usize, Option<u8>) = match (self.byte(1), self.byte(2)) {
            (quote @ (b'\'' | b'"'), _) => (2, Some(quote)),
            (b'{', b'?') => (3, Some(b'}')),
            _ => (1, None),
        };
        let end = self.run(self.at + open, is_word);
        match close {
            _ if end == self.at + open => None,
            None => Some(end),
            Some(close) => (self.bytes.get(end) == Some(&close)).then_some(end + 1),
        }
    }

    fn meta_command(&mut self) {
        // `\;` and `\:` put the character itself into the query, the rest of the line goes on as SQL
        let end = if matches!(self.byte(1), b';' | b':') {
            self.at + 2
        } else {
            self.line_end(self.at)
        };
        self.emit(TokenKind::MetaCommand, end);
    }

    /// The longest run of operator characters without a comment start; a trailing `+` or `-` stays only behind
    /// characters that no SQL operator has.
    fn operator(&mut self) {
        let mut end = self.at;
        while end < self.bytes.len() && is_operator(self.bytes[end]) {
            if end > self.at && matches!(&self.bytes[end..(end + 2).min(self.bytes.len())], b"--" | b"/*") {
                break;
            }
            end += 1;
        }
        let special = self.bytes[self.at..end]
            .iter()
            .any(|byte| b"~!@#^&|`?%".contains(byte));
        while !special && end - self.at > 1 && matches!(self.bytes[end - 1], b'+' | b'-') {
            end -= 1;
        }
        self.emit(TokenKind::Operator, end);
    }

    fn track(&mut self, token: Token) {
        let text = token.text(self.text);
        match (token.kind, text) {
            (TokenKind::Punct, "(") => {
                let json = self.previous_is(&["json_object", "json_objectagg"]);
                self.state
                    .brackets
                    .push(if json { Bracket::Colon } else { Bracket::Plain });
            }
            (TokenKind::Punct, "[") => {
                let subscript = match self.state.previous {
                    Some(previous) => match previous.kind {
                        TokenKind::Ident => !previous.text(self.text).eq_ignore_ascii_case("array"),
                        TokenKind::QuotedIdent | TokenKind::Param => true,
                        TokenKind::Punct => matches!(previous.text(self.text), ")" | "]"),
                        _ => false,
                    },
                    None => false,
                };
                self.state
                    .brackets
                    .push(if subscript { Bracket::Colon } else { Bracket::Plain });
            }
            (TokenKind::Punct, ")" | "]") => {
                self.state.brackets.pop();
            }
            _ => {}
        }
        self.state.copy = match (self.state.copy, token.kind) {
            (Copy::Stdin, TokenKind::Punct) if text == ";" => Copy::Pending,
            (Copy::Pending, _) if text == ";" => Copy::Pending,
            (_, TokenKind::Punct) if text == ";" => {
                self.state.brackets.clear();
                Copy::StatementStart
            }
            (Copy::StatementStart, TokenKind::Ident) if text.eq_ignore_ascii_case("copy") => Copy::Begun,
            (Copy::StatementStart, TokenKind::MetaCommand | TokenKind::CopyData) => Copy::StatementStart,
            (Copy::StatementStart, _) => Copy::Other,
            (Copy::Begun, TokenKind::Ident)
                if text.eq_ignore_ascii_case("from") && self.state.brackets.is_empty() =>
            {
                Copy::From
            }
            (Copy::From, TokenKind::Ident) if text.eq_ignore_ascii_case("stdin") => Copy::Stdin,
            (Copy::From, _) => Copy::Begun,
            (state, _) => state,
        };
    }

    fn previous_is(&self, words: &[&str]) -> bool {
        self.state.previous.is_some_and(|token| {
            token.kind == TokenKind::Ident
                && words
                    .iter()
                    .any(|word| token.text(self.text).eq_ignore_ascii_case(word))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The significant tokens, each with its kind.
    fn tokens(text: &str) -> Vec<(TokenKind, &str)> {
        significant(text)
            .into_iter()
            .map(|token| (token.kind, token.text(text)))
            .collect()
    }

    fn texts(text: &str) -> Vec<&str> {
        tokens(text).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn operators_are_as_long_as_the_server_makes_them() {
        for (text, expected) in [
            ("a->>'b'", vec!["a", "->>", "'b'"]),
            ("1=-1", vec!["1", "=", "-", "1"]),
            ("1@-1", vec!["1", "@-", "1"]),
            ("a<=b", vec!["a", "<=", "b"]),
            ("1+--x\n2", vec!["1", "+", "2"]),
            ("1*/**/2", vec!["1", "*", "2"]),
            ("a::int", vec!["a", "::", "int"]),
            (
                "f(a:=1,b=>2)",
                vec!["f", "(", "a", ":=", "1", ",", "b", "=>", "2", ")"],
            ),
        ] {
            assert_eq!(texts(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_and_names() {
        for (text, expected) in [
            (
                "1.5e-3 .5 1. 0x1F 1_000",
                vec!["1.5e-3", ".5", "1.", "0x1F", "1_000"],
            ),
            ("1..2", vec!["1", "..", "2"]),
            ("a.b", vec!["a", ".", "b"]),
            ("a$1 $1 été", vec!["a$1", "$1", "été"]),
            ("1e", vec!["1", "e"]),
        ] {
            assert_eq!(texts(text), expected, "{text}");
        }
    }

    #[test]
    fn strings_of_every_kind() {
        for text in [
            "'a''b'",
            "'a\\'",
            "e'a\\'b'",
            "E'\\\\'",
            "n'a'",
            "b'01'",
            "u&'\\0061'",
            "'a'\n  'b'",
            "'a' -- c\n 'b'",
            "e'a'\n'\\''",
        ] {
            assert_eq!(tokens(text), [(TokenKind::String, text)], "{text}");
        }
        assert_eq!(texts("'a' 'b'"), ["'a'", "'b'"]);
        for text in ["$$a$b$$", "$été$ $$ $été$"] {
            assert_eq!(tokens(text), [(TokenKind::DollarString, text)], "{text}");
        }
        for text in ["\"a\"\"b\"", "U&\"\\0061\""] {
            assert_eq!(tokens(text), [(TokenKind::QuotedIdent, text)], "{text}");
        }
    }

    #[test]
    fn what_never_ends_runs_to_the_end() {
        for text in ["'a", "e'a\\'", "\"a", "$a$ $b$", "/* /* */", "u&'", "'a'\n'b"] {
            let found = lex(text);
            assert_eq!((found.len(), found[0].terminated), (1, false), "{text}");
        }
    }

    #[test]
    fn colons_of_sql_and_of_psql() {
        let variables = |text| -> Vec<&str> {
            tokens(text)
                .into_iter()
                .filter(|(kind, _)| *kind == TokenKind::PsqlVariable)
                .map(|(_, t)| t)
                .collect()
        };
        assert_eq!(
            variables("select :a, :'b', :\"c\", :{?d}, x = :1"),
            [":a", ":'b'", ":\"c\"", ":{?d}", ":1"]
        );
        assert_eq!(variables("select array[:a, [:b]], f(:c)[:d]"), [":a", ":b", ":c"]);
        for text in [
            "a[1:2]",
            "a[lo:hi]",
            "a[:2]",
            "(a)[x:y]",
            "a::int",
            "f(a := 1)",
            "json_object('a' : b)",
            "':a'",
        ] {
            assert_eq!(variables(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn data_of_copy_is_one_token() {
        let data = |text| -> Vec<&str> {
            tokens(text)
                .into_iter()
                .filter(|(kind, _)| *kind == TokenKind::CopyData)
                .map(|(_, t)| t)
                .collect()
        };
        assert_eq!(data("copy t from stdin; -- now\n1;\n\\.\nselect 1"), ["1;\n\\."]);
        assert_eq!(data("copy (select 1 from stdin) to stdout;\nselect 1"), [""; 0]);
        assert_eq!(data("copy t from 'f';\nselect 1"), [""; 0]);
        assert_eq!(data("copy t from stdin;\n1\t2"), ["1\t2"]);
        assert_eq!(
            data("copy t from stdin;\n\\.\ncopy u from stdin;\n\\.\n"),
            ["\\.", "\\."]
        );
        assert_eq!(data("select copy from stdin;\n1"), [""; 0]);
    }
}
