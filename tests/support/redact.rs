//! What differs from run to run, replaced by words that do not.

use std::path::Path;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::server::Database;

/// Replacements: longest texts first, patterns after them.
pub struct Redactor {
    texts: Vec<(String, &'static str)>,
}

impl Redactor {
    /// For a run in a directory, against a database or none.
    pub fn new(directory: &Path, database: Option<&Database>) -> Redactor {
        let mut texts = Vec::new();
        for path in [
            directory.to_path_buf(),
            directory.canonicalize().unwrap_or_default(),
        ] {
            texts.push((path.display().to_string(), "[PROJECT]"));
        }
        if let Some(database) = database {
            texts.push((database.name.clone(), "[DATABASE]"));
            texts.push((host(&database.url()), "[HOST]"));
            texts.push((encoded(&host(&database.url())), "[HOST]"));
        }
        let above: String = directory
            .ancestors()
            .skip(1)
            .fold(String::new(), |above, folder| {
                above + "\n             " + &folder.display().to_string()
            });
        texts.push((above, " and above"));
        let user = whoami::username().unwrap_or_else(|_| "unknown".to_string());
        let machine = whoami::hostname().unwrap_or_else(|_| "unknown".to_string());
        texts.push((format!("{user}@{machine}"), "[CLIENT]"));
        texts.retain(|(text, _)| !text.is_empty());
        texts.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        Redactor { texts }
    }

    /// The text without what differs.
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.to_string();
        for (found, word) in &self.texts {
            text = text.replace(found, word);
        }
        for (pattern, replacement) in PATTERNS.iter() {
            text = pattern
                .replace_all(&text, |captures: &Captures<'_>| {
                    let mut out = String::new();
                    captures.expand(replacement, &mut out);
                    out
                })
                .into_owned();
        }
        text
    }
}

static PATTERNS: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        // a throw-away server of the program's own
        (r#"[^\s"`]*/pgplumb-[A-Za-z0-9]{6}\b"#, "[HOST]"),
        (r"PostgreSQL \d+\.\d+", "PostgreSQL [VERSION]"),
        (r#"("server_version": )"\d[^"]*""#, "${1}\"[VERSION]\""),
        // what versions before 18 call an expression of PL/pgSQL
        (r#"(?:PL/pg)?SQL expression ""#, "PL/pgSQL expression \""),
        (r"part_[0-9a-f]{32}\b", "part_[MD5]"),
        // JSON
        (
            r#"("(?:duration|elapsed|start|waited)_ms": )[0-9.e-]+"#,
            "${1}\"[TIME]\"",
        ),
        (r#"("port": )\d+"#, "${1}\"[PORT]\""),
        (r#"("tool_version": )"[^"]+""#, "${1}\"[TOOL]\""),
        // 2025-06-11T10:15:00.123Z, 2025-06-11 10:15:00 UTC, with any zone
        (
            r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?: ?(?:Z|UTC|[+-]\d\d(?::?\d\d)?))?",
            "[TIMESTAMP]",
        ),
        // cut off
        (r"\d{4}-\d\d-\d\d(?:T[\d:]*)?…", "[TIMESTAMP]…"),
        (r"(months? ahead of )\d{4}-\d\d-\d\d", "${1}[TODAY]"),
        (r"\b\d+ kB\b", "[SIZE]"),
        // as wide as the longest cell
        (r"(?m)^ *─+$", "[LINE]"),
        // a column that holds durations is as wide as the longest of them
        (r"took +by", "took by"),
        (r"\boutcome +took by", "outcome   took by"),
        (r" *\b\d+(?:\.\d+)? (?:ms|µs)\b", " [TIME]"),
        (r" *\b\d+(?:\.\d+)? s\b( more)?", " [TIME]${1}"),
        (r" *\b\d+ min \d+ s\b", " [TIME]"),
        // long durations are shown twice: 1 min 2 s (62000.0 ms)
        (r"\[TIME\] \( \[TIME\]\)", "[TIME]"),
        // a file that was to become a report
        (r"\.pgplumb-\w+", ".pgplumb-[RANDOM]"),
        (r"\b([Pp]ort:? +)\d+\b", "${1}[PORT]"),
        (r"(\[HOST\]):\d+\b", "${1}:[PORT]"),
        (r"\b(pid:? +)\d+\b", "${1}[PID]"),
        (r"\b(pgplumb )\d+\.\d+\.\d+\b", "${1}[TOOL]"),
    ]
    .map(|(pattern, replacement)| (Regex::new(pattern).expect("a valid pattern"), replacement))
    .into()
});

/// The directory of the socket: what stands between `@` and the port.
fn host(url: &str) -> String {
    let after = url.split_once('@').map_or("", |(_, after)| after);
    let host = after.split(':').next().unwrap_or_default();
    host.replace("%2F", "/").replace("%2f", "/")
}

fn encoded(path: &str) -> String {
    path.replace('/', "%2F")
}
