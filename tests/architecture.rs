//! The house rules of `src/lib.rs`, read from the sources: a module uses only what stands above it, and only
//! three of them touch the world.
//!
//! Tests inside the modules count as well: they are held to the same direction.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A token of Rust that matters here, with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    /// `::`
    Path,
    Sign(char),
}

/// Words and signs; comments, strings, characters, lifetimes and numbers say nothing about modules.
fn tokens(source: &str) -> Vec<(usize, Token)> {
    let chars: Vec<char> = source.chars().collect();
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    let peek = |at: usize| chars.get(at).copied().unwrap_or('\0');
    while at < chars.len() {
        let begin = at;
        match chars[at] {
            '/' if peek(at + 1) == '/' => {
                while at < chars.len() && chars[at] != '\n' {
                    at += 1;
                }
            }
            '/' if peek(at + 1) == '*' => {
                let mut depth = 0;
                loop {
                    match (peek(at), peek(at + 1)) {
                        ('/', '*') => (depth, at) = (depth + 1, at + 2),
                        ('*', '/') => (depth, at) = (depth - 1, at + 2),
                        _ => at += 1,
                    }
                    if depth == 0 || at >= chars.len() {
                        break;
                    }
                }
            }
            '"' => at = string_end(&chars, at + 1),
            '\'' if peek(at + 1) == '\\' => {
                at += 3;
                while at < chars.len() && chars[at] != '\'' {
                    at += 1;
                }
                at += 1;
            }
            '\'' if peek(at + 2) == '\'' => at += 3,
            '\'' => {
                at += 1;
                while peek(at).is_alphanumeric() || peek(at) == '_' {
                    at += 1;
                }
            }
            ':' if peek(at + 1) == ':' => {
                found.push((line, Token::Path));
                at += 2;
            }
            first if first.is_alphanumeric() || first == '_' => {
                while peek(at).is_alphanumeric() || peek(at) == '_' {
                    at += 1;
                }
                let word: String = chars[begin..at].iter().collect();
                let is_prefix = matches!(word.as_str(), "r" | "b" | "br" | "c" | "cr");
                if is_prefix && peek(at) == '"' && !word.contains('r') {
                    at = string_end(&chars, at + 1);
                } else if is_prefix && word.contains('r') && is_raw_string(&chars, at) {
                    at = raw_string_end(&chars, at);
                } else if first.is_alphabetic() || first == '_' {
                    found.push((line, Token::Word(word)));
                }
            }
            sign => {
                if !sign.is_whitespace() {
                    found.push((line, Token::Sign(sign)));
                }
                at += 1;
            }
        }
        let end = at.min(chars.len());
        line += chars[begin..end].iter().filter(|one| **one == '\n').count();
    }
    found
}

fn string_end(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

fn is_raw_string(chars: &[char], mut at: usize) -> bool {
    while chars.get(at) == Some(&'#') {
        at += 1;
    }
    chars.get(at) == Some(&'"')
}

fn raw_string_end(chars: &[char], mut at: usize) -> usize {
    let mut hashes = 0;
    while chars.get(at) == Some(&'#') {
        (hashes, at) = (hashes + 1, at + 1);
    }
    at += 1;
    while at < chars.len() {
        let closes = chars[at] == '"' && (1..=hashes).all(|next| chars.get(at + next) == Some(&'#'));
        at += 1;
        if closes {
            return at + hashes;
        }
    }
    at
}

/// A path as the source has it, `use` groups spelled out, with the inline modules around it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    line: usize,
    segments: Vec<String>,
    /// How many `mod name { … }` of this file it stands in.
    inline: usize,
}

/// Every path of the file, and every macro as `name!`.
fn paths(source: &str) -> Vec<Found> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    let (mut depth, mut inline) = (0, Vec::new());
    let mut at = 0;
    while at < tokens.len() {
        let word = |at: usize| match tokens.get(at) {
            Some((_, Token::Word(word))) => Some(word.as_str()),
            _ => None,
        };
        match &tokens[at].1 {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => {
                depth -= 1;
                inline.retain(|opened| *opened <= depth);
            }
            Token::Word(name)
                if name == "mod"
                    && word(at + 1).is_some()
                    && tokens
                        .get(at + 2)
                        .is_some_and(|(_, token)| *token == Token::Sign('{')) =>
            {
                inline.push(depth + 1);
            }
            Token::Word(name) => {
                let follows_path = at > 0 && tokens[at - 1].1 == Token::Path;
                let next = tokens.get(at + 1).map(|(_, token)| token);
                if next == Some(&Token::Path) && !follows_path {
                    at = tree(&tokens, at, &[], inline.len(), &mut found);
                    continue;
                }
                if next == Some(&Token::Sign('!')) {
                    found.push(Found {
                        line: tokens[at].0,
                        segments: vec![format!("{name}!")],
                        inline: inline.len(),
                    });
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// A path and, where it ends in a group, the paths of the group. Returns where it ends.
fn tree(
    tokens: &[(usize, Token)],
    mut at: usize,
    before: &[String],
    inline: usize,
    found: &mut Vec<Found>,
) -> usize {
    let mut segments = before.to_vec();
    let line = tokens[at].0;
    while let Some((_, token)) = tokens.get(at) {
        match token {
            Token::Word(word) => segments.push(word.clone()),
            Token::Sign('*') => segments.push("*".to_string()),
            Token::Sign('{') => {
                at += 1;
                while tokens
                    .get(at)
                    .is_some_and(|(_, token)| *token != Token::Sign('}'))
                {
                    match &tokens[at].1 {
                        Token::Word(word) if word == "as" => at += 2,
                        Token::Word(_) | Token::Sign('*' | '{') => {
                            at = tree(tokens, at, &segments, inline, found)
                        }
                        _ => at += 1,
                    }
                }
                return at + 1;
            }
            _ => break,
        }
        at += 1;
        match tokens.get(at) {
            Some((_, Token::Path)) => at += 1,
            _ => break,
        }
    }
    found.push(Found {
        line,
        segments,
        inline,
    });
    at
}

/// The module path of a file below `src/`.
fn module_of(file: &str) -> Vec<String> {
    let stem = file.strip_suffix(".rs").unwrap_or(file);
    let mut parts: Vec<String> = stem.split('/').map(str::to_string).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

/// The top-level module that a path leads to: of ours alone.
fn target(found: &Found, module: &[String]) -> Option<String> {
    let first = found.segments.first()?.as_str();
    match first {
        "crate" | "pgplumb" => found.segments.get(1).cloned(),
        "super" => {
            let supers = found
                .segments
                .iter()
                .take_while(|segment| *segment == "super")
                .count();
            let depth = module.len() + found.inline;
            (supers == depth).then(|| found.segments.get(supers).cloned())?
        }
        _ => None,
    }
}

/// The modules in the order of `lib.rs`.
fn order(lib: &str) -> Vec<String> {
    lib.lines()
        .filter_map(|line| line.trim().strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_string)
        .collect()
}

/// `file:line: …` of every import that goes up.
fn upward(order: &[String], file: &str, source: &str) -> Vec<String> {
    let module = module_of(file);
    let rank = |name: &str| order.iter().position(|module| module == name);
    let Some(own) = module.first().and_then(|name| rank(name)) else {
        return Vec::new();
    };
    paths(source)
        .iter()
        .filter_map(|found| {
            let target = target(found, &module)?;
            (rank(&target)? > own).then(|| {
                format!(
                    "src/{file}:{}: {} uses {target}, which stands below it in src/lib.rs",
                    found.line, order[own]
                )
            })
        })
        .collect()
}

/// What only some may use.
struct Rule {
    /// Beginnings of paths, `::` between segments.
    uses: &'static [&'static str],
    /// Folders and files below `src/` that may.
    allowed: &'static [&'static str],
    why: &'static str,
    /// Files that may as well, each with its reason.
    exceptions: &'static [(&'static str, &'static str)],
}

const RULES: [Rule; 5] = [
    Rule {
        uses: &["std::fs", "tokio::fs"],
        allowed: &["project/"],
        why: "only project/ reads and writes files",
        exceptions: &[
            (
                "db/scratch/mod.rs",
                "its tests look into a server's own directory",
            ),
            ("db/scratch/programs.rs", "where the programs of a server are"),
            ("db/scratch/supervisor.rs", "a server's own directory"),
            (
                "db/psql.rs",
                "files that psql was told to include, to show an error's place",
            ),
            (
                "db/parameters/passfile.rs",
                "~/.pgpass is libpq's, not the project's",
            ),
            ("db/parameters/service.rs", "so are the service files"),
            ("db/parameters/mod.rs", "its tests lay them out"),
            ("check/parse.rs", "a test that reads the shipped check files"),
            (
                "check/schema.rs",
                "a test that reads every check file of the repository",
            ),
            ("check/testing.rs", "a test of the shipped schemas"),
            ("db/catalog.rs", "a test that compares with a file"),
            ("db/connect/mod.rs", "/etc/passwd, for the owner of a socket"),
            ("db/tls.rs", "libpq's certificates and keys"),
            ("cli/output.rs", "the files of --report"),
            ("cli/commands/demo.rs", "the story lays out its project"),
            ("sql/fuzz.rs", "a test that reads scripts laid beside the project"),
        ],
    },
    Rule {
        uses: &["tokio_postgres"],
        allowed: &["db/"],
        why: "only db/ talks to PostgreSQL",
        exceptions: &[],
    },
    Rule {
        uses: &["squawk_lexer", "squawk_parser", "squawk_syntax"],
        allowed: &["sql/"],
        why: "only sql/ knows the parser",
        exceptions: &[],
    },
    Rule {
        uses: &[
            "println!",
            "print!",
            "eprintln!",
            "eprint!",
            "dbg!",
            "std::process::exit",
            "std::io::stdout",
            "std::io::stderr",
        ],
        allowed: &["cli/"],
        why: "only cli/ prints and ends the process",
        exceptions: &[("db/scratch/mod.rs", "its tests tell how long a start takes")],
    },
    Rule {
        uses: &["std::env"],
        allowed: &["cli/"],
        why: "only cli/ reads the environment",
        exceptions: &[
            (
                "db/psql.rs",
                "the environment of the psql that it starts, and where that is",
            ),
            (
                "project/discovery.rs",
                "the working directory, where the search begins",
            ),
            ("project/load.rs", "its tests look for the temporary directory"),
            ("db/scratch/mod.rs", "its tests start the program itself"),
            ("db/scratch/programs.rs", "where the programs of a server are"),
            (
                "db/scratch/supervisor.rs",
                "the environment of the server that it starts, and where that may be",
            ),
            (
                "db/parameters/mod.rs",
                "its tests pass the environment in, as cli/ does",
            ),
            ("db/catalog.rs", "a test that is told to write its file anew"),
            ("check/testing.rs", "a test that writes the schema when asked to"),
            ("sql/fuzz.rs", "a test that is told where the scripts are"),
        ],
    },
];

/// Breaches of a rule in one file, exceptions not considered.
fn breaches(rule: &Rule, file: &str, source: &str) -> Vec<String> {
    if rule.allowed.iter().any(|allowed| file.starts_with(allowed)) {
        return Vec::new();
    }
    paths(source)
        .iter()
        .filter(|found| {
            let path = found.segments.join("::");
            let is_below = |used: &&str| path == **used || path.starts_with(&format!("{used}::"));
            rule.uses.iter().any(is_below)
        })
        .map(|found| {
            format!(
                "src/{file}:{}: uses {}, but {}",
                found.line,
                found.segments.join("::"),
                rule.why
            )
        })
        .collect()
}

/// The files below `src/` with their texts.
fn sources() -> Vec<(String, String)> {
    fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("src/ can be listed") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                collect(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    files
        .iter()
        .map(|path| {
            let name = path.strip_prefix(&root).expect("it is below src/");
            let text = std::fs::read_to_string(path).expect("a source is UTF-8");
            (name.to_string_lossy().replace('\\', "/"), text)
        })
        .collect()
}

fn none(found: &[String]) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn a_module_uses_only_what_stands_above_it() {
    let sources = sources();
    let lib = &sources
        .iter()
        .find(|(file, _)| file == "lib.rs")
        .expect("there is a lib.rs")
        .1;
    let order = order(lib);
    let folders: BTreeSet<&str> = sources
        .iter()
        .map(|(file, _)| file.split('/').next().unwrap_or(file).trim_end_matches(".rs"))
        .filter(|name| !matches!(*name, "lib" | "main"))
        .collect();
    let listed: BTreeSet<&str> = order.iter().map(String::as_str).collect();
    assert_eq!(listed, folders, "every module stands in src/lib.rs as `pub mod`");
    let found: Vec<String> = sources
        .iter()
        .flat_map(|(file, text)| upward(&order, file, text))
        .collect();
    none(&found);
}

#[test]
fn only_three_modules_touch_the_world() {
    let sources = sources();
    let mut found = Vec::new();
    for rule in &RULES {
        let mut broken: Vec<&str> = Vec::new();
        for (file, text) in &sources {
            let breaches = breaches(rule, file, text);
            if !breaches.is_empty() {
                broken.push(file);
            }
            if !rule.exceptions.iter().any(|(name, _)| name == file) {
                found.extend(breaches);
            }
        }
        for (file, reason) in rule.exceptions {
            if !broken.contains(file) {
                found.push(format!(
                    "src/{file} needs no exception any more ({}; {reason}): delete it from the test",
                    rule.why
                ));
            }
        }
    }
    none(&found);
}

/// The plain literals of a text of SQL that hold a backslash, each with the line it begins in.
fn unsafe_literals(sql: &str) -> Vec<(usize, String)> {
    let chars: Vec<char> = sql.chars().collect();
    let peek = |at: usize| chars.get(at).copied().unwrap_or('\0');
    let (mut found, mut at) = (Vec::new(), 0);
    while at < chars.len() {
        match chars[at] {
            '-' if peek(at + 1) == '-' => {
                while at < chars.len() && chars[at] != '\n' {
                    at += 1;
                }
            }
            '\'' => {
                let begin = at;
                let escapes = begin > 0 && matches!(chars[begin - 1], 'e' | 'E');
                at += 1;
                while at < chars.len() && (chars[at] != '\'' || peek(at + 1) == '\'') {
                    let is_pair = chars[at] == '\'' || escapes && chars[at] == '\\';
                    at += if is_pair { 2 } else { 1 };
                }
                at += 1;
                let literal: String = chars[begin..at.min(chars.len())].iter().collect();
                if literal.contains('\\') && !escapes {
                    let line = 1 + chars[..begin].iter().filter(|one| **one == '\n').count();
                    found.push((line, literal));
                }
            }
            _ => at += 1,
        }
    }
    found
}

/// The strings of a source that hold SQL, as they are compiled, with the line each begins in; of what is tested, none.
fn statements(source: &str) -> Vec<(usize, String)> {
    let source = source.split("#[cfg(test)]").next().unwrap_or(source);
    let chars: Vec<char> = source.chars().collect();
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let begin = at;
        let peek = |at: usize| chars.get(at).copied().unwrap_or('\0');
        match chars[at] {
            '/' if peek(at + 1) == '/' => {
                while peek(at) != '\n' && at < chars.len() {
                    at += 1;
                }
            }
            '\'' if peek(at + 1) == '\\' => at += 4,
            '\'' if peek(at + 2) == '\'' => at += 3,
            '"' => {
                at = string_end(&chars, at + 1);
                let text: String = chars[begin + 1..at - 1].iter().collect();
                // a line that is continued, and what is escaped
                let lines: Vec<&str> = text.split("\\\n").collect();
                let rest = lines.iter().skip(1).map(|line| line.trim_start());
                let text: String = lines.iter().take(1).copied().chain(rest).collect();
                found.push((
                    line,
                    text.replace("\\\\", "\\")
                        .replace("\\\"", "\"")
                        .replace("\\n", "\n"),
                ));
            }
            'r' if is_raw_string(&chars, at + 1) && !peek(at.wrapping_sub(1)).is_alphanumeric() => {
                at = raw_string_end(&chars, at + 1);
                found.push((line, chars[begin..at].iter().collect()));
            }
            _ => at += 1,
        }
        line += chars[begin..at.min(chars.len())]
            .iter()
            .filter(|one| **one == '\n')
            .count();
    }
    let is_sql = |text: &str| {
        let mut words = text.split(|one: char| !one.is_alphanumeric() && one != '_');
        words.any(|word| {
            ["select", "from", "where", "and", "like", "pg_catalog"].contains(&word.to_lowercase().as_str())
        })
    };
    found.retain(|(_, text)| is_sql(text) && text.contains('\\') && !text.starts_with("write "));
    found
}

/// With `standard_conforming_strings = off`, which a role or a database may set, a backslash in a plain literal escapes:
/// the server reads a whole message before it does the first statement of it, so no SET in it helps.
#[test]
fn no_statement_hangs_on_how_the_server_reads_a_backslash() {
    let mut found = Vec::new();
    // what takes SQL apart sends none
    let senders = sources()
        .into_iter()
        .filter(|(file, _)| !file.starts_with("sql/"));
    for (file, text) in senders {
        for (begin, statement) in statements(&text) {
            let literals = unsafe_literals(&statement);
            found.extend(
                literals
                    .iter()
                    .map(|(line, literal)| format!("src/{file}:{}: {literal}", begin + line - 1)),
            );
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/db/sql");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).expect("src/db/sql can be listed") {
        let path = entry.expect("it can be listed").path();
        let text = std::fs::read_to_string(&path).expect("a statement is UTF-8");
        let literals = unsafe_literals(&text);
        found.extend(
            literals
                .iter()
                .map(|(line, literal)| format!("{}:{line}: {literal}", path.display())),
        );
        files += 1;
    }
    assert!(files > 30, "{files}");
    none(&found);
}

#[test]
fn no_tracked_file_names_the_place_where_it_was_made() {
    // in pieces, so that this file does not hold them
    let words = [["/wo", "rk/"], ["/tmp/", "wt-"], ["/ro", "ot/"]].map(|pieces| pieces.concat());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = std::process::Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root)
        .output();
    let Some(output) = output.ok().filter(|output| output.status.success()) else {
        // unpacked from an archive: nothing is tracked
        return;
    };
    let mut found = Vec::new();
    for name in String::from_utf8_lossy(&output.stdout).split('\0') {
        let Ok(bytes) = std::fs::read(root.join(name)) else {
            continue;
        };
        for (number, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(word.as_str())) {
                found.push(format!("{name}:{}: holds {word}", number + 1));
            }
        }
    }
    none(&found);
}

#[test]
fn every_dependency_comes_from_the_public_index() {
    let lock = include_str!("../Cargo.lock");
    let found: Vec<String> = lock
        .lines()
        .filter(|line| line.starts_with("source = "))
        .filter(|line| *line != "source = \"registry+https://github.com/rust-lang/crates.io-index\"")
        .map(|line| format!("Cargo.lock: {line}"))
        .collect();
    none(&found);
}

#[test]
fn the_checker_sees_planted_backslashes() {
    let sql = "select 1 -- it's '\\'\n where a ~ '^\\d' and b = E'it\\'s \\\\' and c = '''\\'";
    let expected = [(2, "'^\\d'"), (2, "'''\\'")].map(|(line, literal)| (line, literal.to_string()));
    assert_eq!(unsafe_literals(sql), expected);
    let source = r#"// "where '\\'"
        let quote = '"';
        let a = "select \
                 '\\d'";
        let b = "no \\ here";
        #[cfg(test)]
        let c = "from '\\'";
    "#;
    assert_eq!(statements(source), [(3, "select '\\d'".to_string())]);
}

#[test]
fn the_checker_sees_planted_violations() {
    let modules: Vec<String> = ["source", "sql", "project", "db", "cli"]
        .map(str::to_string)
        .to_vec();
    for (file, source, expected) in [
        ("sql/lex.rs", "use crate::source::Span;", None),
        (
            "sql/lex.rs",
            "\n\nuse crate::db::Session;",
            Some("src/sql/lex.rs:3: sql uses db"),
        ),
        (
            "sql/mod.rs",
            "use crate::{source::Span, db::Session};",
            Some("src/sql/mod.rs:1: sql uses db"),
        ),
        (
            "sql/mod.rs",
            "fn f() {\n  crate::cli::run();\n}",
            Some("src/sql/mod.rs:2: sql uses cli"),
        ),
        (
            "sql/mod.rs",
            "#[cfg(test)] mod tests { use crate::project::Project; }",
            Some("sql uses project"),
        ),
        (
            "source.rs",
            "use super::sql::lex;",
            Some("src/source.rs:1: source uses sql"),
        ),
        ("sql/lex.rs", "use super::super::db;", Some("sql uses db")),
        ("sql/lex.rs", "use super::db;", None),
        ("sql/mod.rs", "mod tests { use super::db; }", None),
        (
            "sql/mod.rs",
            "mod tests { use super::super::db; } use super::source;",
            Some("sql uses db"),
        ),
        ("sql/mod.rs", "mod tests {} use super::db;", Some("sql uses db")),
        (
            "sql/mod.rs",
            "// use crate::db;\n/* use crate::db; /* */ */ const A: &str = \"crate::db\";",
            None,
        ),
        (
            "sql/mod.rs",
            "const A: &str = r#\"crate::db \" \"#; const B: char = '\"'; use crate::cli;",
            Some("sql uses cli"),
        ),
        (
            "sql/mod.rs",
            "fn f<'a>(a: &'a str) -> char { '\\'' } use crate::db;",
            Some("sql uses db"),
        ),
        ("db/mod.rs", "use pgplumb::cli;", Some("db uses cli")),
        ("main.rs", "fn main() { pgplumb::cli::run() }", None),
    ] {
        let found = upward(&modules, file, source);
        match expected {
            None => assert_eq!(found, [""; 0], "{file}: {source}"),
            Some(expected) => assert!(
                found.len() == 1 && found[0].contains(expected),
                "{file}: {source}: {found:?}"
            ),
        }
    }
    for (rule, file, source, expected) in [
        (0, "sql/mod.rs", "use std::fs;", 1),
        (0, "sql/mod.rs", "use std::{fmt, fs::File, io};", 1),
        (0, "sql/mod.rs", "fn f() { std::fs::read(\"a\"); }", 1),
        (
            0,
            "sql/mod.rs",
            "use std::os::unix::fs::MetadataExt; // std::fs",
            0,
        ),
        (0, "project/mod.rs", "use std::fs;", 0),
        (1, "ops/mod.rs", "fn f(error: tokio_postgres::Error) {}", 1),
        (1, "db/mod.rs", "use tokio_postgres::Client;", 0),
        (2, "check/mod.rs", "use squawk_parser::parse;", 1),
        (
            3,
            "ops/mod.rs",
            "fn f() { println!(\"a\"); std::process::exit(1); }",
            2,
        ),
        (3, "ops/mod.rs", "use std::io::{self, stdout};", 1),
        (3, "cli/mod.rs", "fn f() { println!() }", 0),
        (
            4,
            "ops/mod.rs",
            "fn f() { let a = std::env::var(\"A\"); env!(\"B\") }",
            1,
        ),
    ] {
        let found = breaches(&RULES[rule], file, source);
        assert_eq!(found.len(), expected, "{file}: {source}: {found:?}");
    }
    assert_eq!(
        order("// pub mod a;\npub mod b;\nmod c;\npub mod d;\n"),
        ["b", "d"]
    );
}
