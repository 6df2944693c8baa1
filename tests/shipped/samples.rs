//! `docs/samples` are what the binary writes today: each is made again and compared, but for what differs from run to run.
//! `SNAPSHOTS=overwrite` writes them anew.

use std::path::Path;

use regex::Regex;
use similar::TextDiff;

use crate::support::{Database, Pgplumb, Project, Server, redact::Redactor};

/// Names that a reader takes for what they are, in place of those of a test.
fn presentable(text: &str, database: &Database, name: &str) -> String {
    let url = database.url();
    let host = url.split_once('@').map_or("", |(_, rest)| rest);
    let host = host.split(':').next().unwrap_or_default();
    let user = whoami::username().unwrap_or_default();
    let machine = whoami::hostname().unwrap_or_default();
    [
        (host.replace("%2F", "/"), "db.example.net"),
        (host.to_string(), "db.example.net"),
        (format!("{user}@{machine}"), "deploy@ci"),
        (database.name.clone(), name),
    ]
    .iter()
    .filter(|(found, _)| found.len() > 1)
    .fold(text.to_string(), |text, (found, word)| text.replace(found, word))
}

/// Without what the clock, the disk and the server's version make of it.
fn lasting(text: &str) -> String {
    let text = Redactor::new(Path::new("/nowhere"), None).redact(text);
    [
        (r"PostgreSQL \d+(\.\d+)*( \([^)|]*\))?", "PostgreSQL [VERSION]"),
        (r"`(pgcrypto|plpgsql|uuid-ossp) \d+(\.\d+)*`", "`$1 [VERSION]`"),
        (r"ahead of \d{4}-\d\d-\d\d", "ahead of [TODAY]"),
        (r"\b\d+ (bytes|kB|MB)", "[SIZE]"),
        // how often an index was used
        (r"\| \d+ \| \[SIZE\]", "| [USES] | [SIZE]"),
        // from 15 on nobody has counted from anew
        (r"Uses counted since [^\n]*\n\n", ""),
        // which statements took longest
        (
            r"(The longest of \d+ statements; all are at the end:\n\n\|[^\n]*\n\|[^\n]*\n)(\|[^\n]*\n)+",
            "$1[LONGEST]\n",
        ),
    ]
    .iter()
    .fold(text, |text, (pattern, word)| {
        Regex::new(pattern)
            .expect("a valid pattern")
            .replace_all(&text, *word)
            .into_owned()
    })
}

/// One document of a run.
struct Sample<'a> {
    file: &'a str,
    project: &'a Project,
    database: &'a Database,
    /// What the database is called in the sample.
    name: &'a str,
    args: &'a [&'a str],
    exit: i32,
}

/// Runs it, and tells how the sample differs.
fn differs(sample: &Sample<'_>) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs/samples")
        .join(sample.file);
    let args = [sample.args, &["--format", "markdown"]].concat();
    let outcome = Pgplumb::new(sample.project, sample.database)
        .args(&args)
        .run()
        .expect(sample.exit);
    let today = presentable(&outcome.stdout, sample.database, sample.name);
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let (old, new) = (lasting(&written), lasting(&today));
    if old == new {
        return None;
    }
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        std::fs::write(&path, today).expect("the sample can be written");
        return None;
    }
    let diff = TextDiff::from_lines(&old, &new);
    Some(diff.unified_diff().header(sample.file, "today").to_string())
}

#[test]
fn the_samples_are_what_is_written_today() {
    let database = Server::shared().database("samples");
    let empty = Server::shared().database("samples");
    let project = Project::shipped("");
    let alone = Project::shipped("0024");
    let sample = |file, args, exit| Sample {
        file,
        project: &project,
        database: &database,
        name: "mantis",
        args,
        exit,
    };
    let on_empty = |file, project, args, exit| Sample {
        project,
        database: &empty,
        name: "empty",
        ..sample(file, args, exit)
    };
    let plan = differs(&sample("deployment-checklist.md", &["apply", "--dry-run"], 0));
    Pgplumb::new(&project, &database)
        .args(&["apply", "--to", "23", "-q"])
        .run()
        .expect(0);
    let differences: Vec<String> = [
        sample("execution-summary.md", &["apply"], 0),
        sample("verification-summary.md", &["verify"], 0),
        sample("quick-reference.md", &["docs", "24"], 0),
        sample("schema-reference.md", &["docs", "24", "--full"], 0),
        on_empty("verification-summary-blocked.md", &project, &["verify", "24"], 1),
        on_empty("preflight-summary-blocked.md", &alone, &["preflight"], 3),
    ]
    .iter()
    .filter_map(differs)
    .chain(plan)
    .collect();
    assert!(
        differences.is_empty(),
        "docs/samples are not what is written today; SNAPSHOTS=overwrite writes them anew\n{}",
        differences.join("\n")
    );
}
