//! Texts that nobody wrote: no input may panic, and no statement may get lost.

use std::path::Path;

use proptest::prelude::*;

use super::lex::{TokenKind, lex};
use super::{Script, fragment, normalize, parse_name, types};
use crate::source::SourceFile;

/// What real scripts are made of; the mutations below start from these.
const SAMPLES: &[&str] = &[
    "-- pgplumb: lock-timeout 2s\nBEGIN;\ncreate table if not exists s.\"T\" (id uuid primary key default f(1, 'x;'),\n \
     org_id uuid not null references o(id) on delete cascade, constraint c check (a <> '' and b in (1, 2)));\n\
     create unique index concurrently i on only s.t using gin (lower(a) desc nulls last) where b is not null;\nCOMMIT;",
    "create or replace function s.f(a int, out b text, variadic c text[] default '{}') returns trigger as $b$\n\
     begin if new.x then return $$a;b$$; end if; end $b$ language plpgsql;\n\
     create function g(a int) returns int begin atomic; select case when a > 0 then 1 else 2 end; select 2; end;",
    "copy t (a, b) from stdin with (format csv);\n1,'x;\n\\.\nselect a[1:2], :'x', e'\\'', $1 /* /* ; */ */ from t;\n\\i x.sql\n",
    "alter table if exists only t add column a int, drop constraint if exists c cascade, alter b type numeric(10, 2),\n \
     attach partition p for values from ('2025-11-01') to (maxvalue);\n\
     create rule r as on insert to t do also (insert into a values (1); insert into b values (2));\n\
     create constraint trigger g after insert or update of a, b on s.t deferrable initially deferred for each row \
     when (new.x is distinct from old.x) execute function f('a''b');",
    "grant select, update (a) on s.t, \"U\" to r with grant option; comment on function f(int, text[]) is 'x';\n\
     drop operator s.=== (int, none); drop cast if exists (text as int); set local search_path = a, b;\n\
     create aggregate a (int order by text) (sfunc = f, stype = int); reindex (concurrently, verbose) table t;",
];

const PIECES: &[&str] = &[
    "'",
    "\"",
    "$$",
    "$a$",
    "/*",
    "*/",
    "--",
    "\n",
    ";",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "::",
    ":",
    ":x",
    "\\",
    "e'",
    "u&'",
    "u&\"",
    "\\.",
    "\\g",
    "é",
    "𝄞",
    "\0",
    "\u{a0}",
    "1e",
    "0x",
    "$1",
    "%",
    "null",
    " not ",
    "create ",
    "on ",
    "default ",
    "as ",
    "begin atomic ",
    "end ",
    "case ",
    "copy t from stdin;\n",
];

#[derive(Debug, Clone)]
enum Edit {
    Delete(usize, usize),
    Insert(usize, &'static str),
    Repeat(usize, usize),
    Truncate(usize),
}

fn edits() -> impl Strategy<Value = (&'static str, Vec<Edit>)> {
    let edit = prop_oneof![
        (0..1000usize, 0..40usize).prop_map(|(at, len)| Edit::Delete(at, len)),
        (0..1000usize, proptest::sample::select(PIECES)).prop_map(|(at, piece)| Edit::Insert(at, piece)),
        (0..1000usize, 0..40usize).prop_map(|(at, len)| Edit::Repeat(at, len)),
        (0..1000usize).prop_map(Edit::Truncate),
    ];
    (
        proptest::sample::select(SAMPLES),
        proptest::collection::vec(edit, 0..8),
    )
}

fn mutate(sample: &str, edits: &[Edit]) -> String {
    let mut chars: Vec<char> = sample.chars().collect();
    for edit in edits {
        let place = |at: usize| at % (chars.len() + 1);
        match *edit {
            Edit::Delete(at, len) => {
                let start = place(at);
                chars.drain(start..(start + len).min(chars.len()));
            }
            Edit::Insert(at, piece) => {
                let start = place(at);
                chars.splice(start..start, piece.chars());
            }
            Edit::Repeat(at, len) => {
                let start = place(at);
                let copy = chars[start..(start + len).min(chars.len())].to_vec();
                chars.splice(start..start, copy);
            }
            Edit::Truncate(at) => chars.truncate(place(at)),
        }
    }
    chars.into_iter().collect()
}

/// Every significant token is in exactly one statement, or is a semicolon between two, or psql's.
fn nothing_is_lost(script: &Script) {
    let text = script.file.text();
    let tokens = lex(text);
    let mut end = 0;
    for token in &tokens {
        assert_eq!(token.span.start, end, "tokens leave no gap");
        end = token.span.end;
        assert!(
            text.get(token.span.start..token.span.end).is_some(),
            "tokens end between characters"
        );
        let inside = script
            .statements
            .iter()
            .filter(|found| found.span.start <= token.span.start && token.span.end <= found.span.end)
            .count();
        let outside = token.kind.is_trivia()
            || matches!(token.kind, TokenKind::MetaCommand | TokenKind::CopyData)
            || token.text(text) == ";";
        assert!(
            inside <= 1 && (inside == 1 || outside),
            "{:?} in {inside} statements",
            token.text(text)
        );
    }
    assert_eq!(end, text.len());
    for statement in &script.statements {
        for span in statement
            .effects
            .iter()
            .map(|e| e.object.span)
            .chain(statement.references.iter().map(|r| r.span))
        {
            assert!(
                statement.span.start <= span.start && span.start < span.end && span.end <= statement.span.end
            );
        }
    }
}

/// All fragments of a text, whose errors must point into it.
fn every_fragment(text: &str) {
    let errors = [
        fragment::expression(text).err(),
        fragment::query(text).err(),
        fragment::column(text).err(),
        fragment::columns(text).err(),
        fragment::index(text).err(),
        fragment::index_definition(text).err(),
        fragment::foreign_key(text).err(),
        fragment::trigger(text).err(),
        fragment::trigger_definition(text).err(),
        fragment::partition_bound(text).err(),
        fragment::partition_key(text).err(),
        fragment::function_signature(text).err(),
        fragment::returns(text).err(),
        fragment::type_name(text).err(),
        fragment::privilege(text).err(),
        fragment::role_name(text).err(),
        parse_name(text).err(),
        types::parse_type(text).err(),
    ];
    for error in errors.into_iter().flatten() {
        assert!(
            error.span.start <= error.span.end && error.span.end <= text.len(),
            "{error:?} in {text:?}"
        );
        assert!(!error.message.is_empty() && !error.message.ends_with('.'));
    }
    normalize(text);
}

proptest! {
    #[test]
    fn mutated_scripts((sample, edits) in edits()) {
        let script = Script::parse(&SourceFile::new("a.sql", mutate(sample, &edits)));
        nothing_is_lost(&script);
        script.unparsed();
        script.outer_transaction();
    }

    #[test]
    fn mutated_fragments((sample, edits) in edits(), start in 0..400usize, len in 0..120usize) {
        let text: String = mutate(sample, &edits).chars().skip(start).take(len).collect();
        every_fragment(&text);
    }

    #[test]
    fn random_fragments(text in "\\PC{0,40}") {
        every_fragment(&text);
        nothing_is_lost(&Script::parse(&SourceFile::new("a.sql", text)));
    }
}

/// Reads the histories of real projects, where the folder is given, and finds every statement of theirs readable.
#[test]
fn real_histories() {
    let Some(folder) = std::env::var_os("PGPLUMB_CORPORA") else {
        return;
    };
    let (mut statements, mut unparsed) = (0, 0);
    let mut folders = vec![Path::new(&folder).to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("an entry").path();
            // templates are no SQL before they are filled in
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "sql") {
                let bytes = std::fs::read(&path).expect("a readable file");
                let file = SourceFile::from_bytes(path.display().to_string(), bytes).expect("UTF-8");
                if file.text().contains("{{") {
                    continue;
                }
                let script = Script::parse(&file);
                assert!(script.diagnostics.is_empty(), "{:?}", script.diagnostics);
                nothing_is_lost(&script);
                statements += script.statements.len();
                unparsed += script.unparsed().len();
            }
        }
    }
    assert!(
        statements > 1_000,
        "only {statements} statements in {}",
        Path::new(&folder).display()
    );
    assert!(
        unparsed * 100 < statements,
        "{unparsed} of {statements} statements are not understood"
    );
}
