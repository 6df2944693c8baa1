//! One spelling for texts that differ only in layout.

use super::keyword;
use super::lex::{Token, TokenKind, significant};
use super::name::{fold_ident, ident_value, quote_ident};

/// The text in a spelling that depends on its tokens alone.
///
/// Keywords and unquoted names are folded, quotes that a name does not need are dropped, and so are comments and
/// parentheses around the whole; literals stay as they are. Two texts that come out equal mean the same wherever
/// both can stand. Two that differ may still mean the same: that is for the server to say.
pub fn normalize(text: &str) -> String {
    let tokens = significant(text);
    let tokens = strip_parentheses(text, &tokens);
    let mut out = String::with_capacity(text.len());
    let mut previous = None;
    for token in tokens {
        let spelled = spelling(text, *token);
        let shape = Shape::of(*token, &spelled, previous);
        if previous.is_some_and(|(previous, _)| previous.space_before(shape)) {
            out.push(' ');
        }
        out.push_str(&spelled);
        previous = Some((shape, token.kind));
    }
    out
}

fn spelling(text: &str, token: Token) -> String {
    let spelled = token.text(text);
    match token.kind {
        TokenKind::Ident => fold_ident(spelled),
        TokenKind::QuotedIdent if spelled.starts_with('"') => {
            ident_value(text, token).map_or_else(|| spelled.to_owned(), |value| quote_ident(&value))
        }
        _ => spelled.to_owned(),
    }
}

/// Drops parentheses around the whole text, as long as they hold one expression rather than a row or nothing.
fn strip_parentheses<'a>(text: &str, mut tokens: &'a [Token]) -> &'a [Token] {
    // one pass finds how far the stripping can go; one more would make nested parentheses quadratic
    let mut open = Vec::new();
    let mut partner = vec![0usize; tokens.len()];
    let mut comma = vec![false; tokens.len()];
    for (index, token) in tokens.iter().enumerate() {
        match token.text(text) {
            "(" | "[" if token.kind == TokenKind::Punct => open.push(index),
            ")" | "]" if token.kind == TokenKind::Punct => {
                if let Some(opened) = open.pop() {
                    partner[opened] = index;
                }
            }
            "," if token.kind == TokenKind::Punct => {
                if let Some(&inside) = open.last() {
                    comma[inside] = true;
                }
            }
            _ => {}
        }
    }
    let mut first = 0;
    while let [begin, .., _] = tokens {
        let is_pair = begin.text(text) == "("
            && partner[first] == first + tokens.len() - 1
            && tokens.len() > 2
            && !comma[first];
        if !is_pair {
            break;
        }
        tokens = &tokens[1..tokens.len() - 1];
        first += 1;
    }
    tokens
}

/// What decides about the space between two tokens.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// `(` and `[` that open something of their own.
    Open,
    /// `(` and `[` behind a name or a closing bracket, which stick to it.
    Call,
    /// `)` `]` `,` `;`.
    Closing,
    /// `.` and `::` between what they join: nothing around them.
    Joint,
    /// A name: a parenthesis right behind it is a call.
    Name,
    /// A number or any other punctuation, which would merge with a point before it.
    Apart,
    Other,
}

impl Shape {
    fn of(token: Token, spelled: &str, previous: Option<(Shape, TokenKind)>) -> Shape {
        let (before, kind) = previous.unwrap_or((Shape::Other, TokenKind::Whitespace));
        let literal = matches!(
            kind,
            TokenKind::String | TokenKind::DollarString | TokenKind::Param
        );
        let operand = before == Shape::Closing || matches!(kind, TokenKind::Ident | TokenKind::QuotedIdent);
        match (token.kind, spelled) {
            (TokenKind::Punct, "(" | "[") if before == Shape::Name => Shape::Call,
            (TokenKind::Punct, "[") if before == Shape::Closing => Shape::Call,
            (TokenKind::Punct, "(" | "[") => Shape::Open,
            (TokenKind::Punct, ")" | "]" | "," | ";") => Shape::Closing,
            (TokenKind::Punct, ".") if operand => Shape::Joint,
            (TokenKind::Punct, "::") if operand || literal => Shape::Joint,
            (TokenKind::Ident, word) if keyword::is_reserved(word) => Shape::Other,
            (TokenKind::Ident | TokenKind::QuotedIdent, _) => Shape::Name,
            (TokenKind::Number | TokenKind::Punct, _) => Shape::Apart,
            _ => Shape::Other,
        }
    }

    fn space_before(self, next: Shape) -> bool {
        let sticks = match self {
            Shape::Open | Shape::Call => true,
            Shape::Joint => matches!(next, Shape::Name | Shape::Other | Shape::Open),
            _ => false,
        };
        !sticks && !matches!(next, Shape::Closing | Shape::Joint | Shape::Call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn layout_case_and_needless_quotes_do_not_count() {
        for (left, right) in [
            ("( Amount   > 0 )", "amount>0"),
            ("((a) and (b))", "(a) AND (b)"),
            ("\"name\" = 'X'", "name='X' -- a comment"),
            ("count ( * )", "COUNT(*)"),
            ("x::TEXT", "x :: text"),
            ("a . b", "a.b"),
            ("x in(1,2)", "x IN (1, 2)"),
            ("a [1]", "a[1]"),
        ] {
            assert_eq!(normalize(left), normalize(right), "{left}");
        }
    }

    #[test]
    fn what_may_matter_stays() {
        for (left, right) in [
            ("'A'", "'a'"),
            ("\"A\"", "a"),
            ("(a, b)", "a, b"),
            ("(a) and (b)", "a) and (b"),
            ("a @ - 1", "a @- 1"),
            ("\"user\"", "user"),
        ] {
            assert_ne!(normalize(left), normalize(right), "{left}");
        }
    }

    #[test]
    fn reads_as_people_write() {
        assert_eq!(
            normalize("COALESCE( X ,'it''s' ) :: Text  IN ( 'a','b' ) AND (y.\"Z\" [ 1 ] > 0)"),
            "coalesce(x, 'it''s')::text in ('a', 'b') and (y.\"Z\"[1] > 0)"
        );
    }

    /// What adjoining tokens could merge or come apart from.
    const PIECES: &[&str] = &[
        "a", "B", "in", "\"x\"", "\"Y z\"", "\"\"", "'s'", r"e'\\'", "u&\"d\"", "1", ".5", "1.", "2e3", ".",
        "..", "::", ":", ":=", "=", "-", "+", "@", "*", "/", "<", ">", "(", ")", "[", "]", ",", ";", "$1",
        "$", "$$d$$", " ", " ", "\n", "/*c*/", "--c\n", "é", "{",
    ];

    proptest! {
        #[test]
        fn the_tokens_stay_the_same(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..16)) {
            let text = pieces.concat();
            // a text that ends inside a quote has no other spelling
            prop_assume!(crate::sql::lex(&text).iter().all(|token| token.terminated));
            let tokens = significant(&text);
            let stripped: Vec<String> =
                strip_parentheses(&text, &tokens).iter().map(|token| spelling(&text, *token)).collect();
            let normal = normalize(&text);
            let again: Vec<String> =
                significant(&normal).iter().map(|token| token.text(&normal).to_owned()).collect();
            prop_assert_eq!(again, stripped);
            prop_assert_eq!(normalize(&normal), normal);
        }
    }
}
