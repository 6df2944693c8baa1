//! What a script uses that older servers do not know.

use crate::source::Span;
use crate::sql::cursor::Cursor;
use crate::sql::lex::significant;
use crate::sql::script::{Script, Statement};

/// Something that came with a certain version of PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    pub name: &'static str,
    pub since: u32,
    pub span: Span,
}

/// Words that mean the same wherever they stand in a statement that begins so.
const WORDS: &[(&str, &str, u32)] = &[
    ("create", "nulls not distinct", 15),
    ("alter", "nulls not distinct", 15),
    ("create", "without overlaps", 18),
    ("alter", "without overlaps", 18),
    ("create", "begin atomic", 14),
    ("alter", "drop expression", 13),
    ("alter", "set compression", 14),
    ("merge", "merge into", 15),
];

/// The features of a statement that a server of that version (15, say) does not have.
pub fn features(script: &Script, statement: &Statement, version: u32) -> Vec<Feature> {
    let text = script.text(statement);
    // most statements hold none of the words, and need not be taken apart to see that
    let folded = text.to_ascii_lowercase();
    let holds = |words: &str| words.split(' ').all(|word| folded.contains(word));
    let words = WORDS
        .iter()
        .filter(|(_, words, since)| *since > version && holds(words));
    let words: Vec<&(&str, &str, u32)> = words.collect();
    let is_older = version < 14;
    if words.is_empty() && !(is_older && (holds("replace trigger") || holds("detach"))) {
        return Vec::new();
    }
    let tokens = significant(text);
    let start = Cursor::new(text, &tokens);
    let mut found = Vec::new();
    let mut add = |name, since, span: Span| {
        found.push(Feature {
            name,
            since,
            span: span.shifted(statement.span.start),
        });
    };
    let relevant: Vec<_> = words.iter().filter(|(head, ..)| start.is_word(head)).collect();
    if is_older && start.word_ahead("create or replace trigger") {
        add("CREATE OR REPLACE TRIGGER", 14, start.here());
    }
    let mut c = start;
    while !c.is_end() {
        for (_, words, since) in &relevant {
            if c.word_ahead(words) {
                add(words, *since, c.here());
            }
        }
        if is_older && detaches_concurrently(c) {
            add("DETACH PARTITION CONCURRENTLY", 14, c.here());
        }
        c.advance();
    }
    found
}

fn detaches_concurrently(mut c: Cursor<'_>) -> bool {
    c.word("detach partition") && c.name().is_some() && c.any_word(&["concurrently", "finalize"]).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;

    #[test]
    fn features_are_told_by_their_words() {
        for (text, expected) in [
            ("create unique index i on t (a) nulls not distinct", Some(15)),
            (
                "create or replace trigger t before insert on a execute function f()",
                Some(14),
            ),
            ("merge into t using u on true when matched then delete", Some(15)),
            ("alter table t detach partition s.p concurrently", Some(14)),
            ("alter table only t detach partition \"P\" finalize", Some(14)),
            ("alter table t detach partition p", None),
            ("select 'nulls not distinct'", None),
            ("create table t (a text)", None),
        ] {
            let script = Script::parse(&SourceFile::new("a.sql", text));
            let since = |version| {
                let found = features(&script, &script.statements[0], version);
                found.first().map(|feature| feature.since)
            };
            assert_eq!(since(12), expected, "{text}");
            assert_eq!(since(expected.unwrap_or(12)), None, "{text}");
        }
    }
}
