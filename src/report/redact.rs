//! A report without passwords: what every renderer gets. A string of the model may come from a script, the
//! catalog or the server, and any of them may hold a connection string.

use std::collections::BTreeMap;

use super::model::{
    self, AppliedLine, Artifacts, Chain, ChangeLine, Database, Documentation, EffectLine, Figures, FileLine,
    Gate, GeneratedSuite, JournalLine, LedgerLine, LintLine, MigrationReport, Proof, Report, RootCause,
    Snapshot, StatementLine, WayBack,
};
use super::preflight::{ComponentLine, Issue, Part, Preflight, Present, Task};
use super::rehearsal::{Rehearsal, RehearsedStatement, RehearsedStep, TakenLock};
use super::timeline::{LockWait, TimedStatement, Timing};
use crate::audit::Finding;
use crate::catalog::{Object, ObjectId, Value};
use crate::check::Verdict;
use crate::check::verdict::Difference;
use crate::diagnostic::Diagnostic;
use crate::isolation::{Cell, Matrix, Problem, TableMatrix, Way};
use crate::redact::redact;
use crate::source::{Location, Place};

/// The report as it may be shown.
pub fn redacted(report: &Report) -> Report {
    let mut report = report.clone();
    report.hide();
    report
}

/// Hides the passwords in every string of a value. Structs are taken apart field by field, so that a new field
/// cannot be forgotten.
trait Hide {
    fn hide(&mut self);
}

impl Hide for String {
    fn hide(&mut self) {
        let shown = redact(self);
        if shown != *self {
            *self = shown;
        }
    }
}

impl<T: Hide> Hide for Option<T> {
    fn hide(&mut self) {
        self.iter_mut().for_each(Hide::hide);
    }
}

impl<T: Hide> Hide for Box<T> {
    fn hide(&mut self) {
        (**self).hide();
    }
}

impl<T: Hide> Hide for Vec<T> {
    fn hide(&mut self) {
        self.iter_mut().for_each(Hide::hide);
    }
}

/// A labelled text: labels are pgplumb's own.
impl Hide for (&'static str, String) {
    fn hide(&mut self) {
        self.1.hide();
    }
}

impl Hide for (String, String) {
    fn hide(&mut self) {
        self.0.hide();
        self.1.hide();
    }
}

impl Hide for (Object, Vec<String>) {
    fn hide(&mut self) {
        self.0.hide();
        self.1.hide();
    }
}

/// Calls [`Hide::hide`] for each.
macro_rules! hide {
    ($($field:ident),*) => { $( Hide::hide($field); )* };
}

impl Hide for Report {
    fn hide(&mut self) {
        let Report {
            command: _,
            conclusion: _,
            exit: _,
            environment,
            database,
            started_at: _,
            duration_ms: _,
            dry_run: _,
            files,
            linted,
            migrations,
            checks,
            root_causes,
            diagnostics,
            findings,
            isolation,
            ledger,
            journal,
            makers,
            documentation,
            generated,
            preflight,
            rehearsal,
            proofs,
            chain,
            difference,
            snapshot,
        } = self;
        hide!(preflight, rehearsal, proofs, chain, difference, snapshot);
        hide!(environment, database, files, linted, migrations, checks);
        hide!(
            findings,
            isolation,
            root_causes,
            diagnostics,
            ledger,
            journal,
            makers,
            documentation,
            generated
        );
    }
}

impl Hide for Finding {
    fn hide(&mut self) {
        let Finding {
            id: _,
            severity: _,
            object,
            message,
            fix,
            accepted,
        } = self;
        hide!(object, message, fix, accepted);
    }
}

impl Hide for std::sync::Arc<Matrix> {
    fn hide(&mut self) {
        std::sync::Arc::make_mut(self).hide();
    }
}

impl Hide for Matrix {
    fn hide(&mut self) {
        let Matrix { name, role, tables } = self;
        hide!(name, role, tables);
    }
}

impl Hide for TableMatrix {
    fn hide(&mut self) {
        let TableMatrix {
            path,
            problem,
            cells,
            ways,
        } = self;
        hide!(path, problem, cells, ways);
    }
}

impl Hide for Problem {
    fn hide(&mut self) {
        let Problem { message, help, of } = self;
        hide!(message, help, of);
    }
}

impl Hide for Way {
    fn hide(&mut self) {
        let Way {
            kind: _,
            object,
            cells,
        } = self;
        hide!(object, cells);
    }
}

impl Hide for Cell {
    fn hide(&mut self) {
        let Cell {
            command: _,
            side: _,
            outcome: _,
            have,
            statement,
            fix,
            accepted,
        } = self;
        hide!(have, statement, fix, accepted);
    }
}

impl Hide for Preflight {
    fn hide(&mut self) {
        let Preflight {
            components,
            issues,
            actions,
            tasks,
            gate,
            present,
            statements: _,
            opaque: _,
        } = self;
        hide!(components, issues, actions, tasks, gate, present);
    }
}

impl Hide for Rehearsal {
    fn hide(&mut self) {
        let Rehearsal {
            duration_ms: _,
            steps,
        } = self;
        hide!(steps);
    }
}

impl Hide for RehearsedStep {
    fn hide(&mut self) {
        let RehearsedStep {
            stem,
            outcome: _,
            reason,
            duration_ms: _,
            statements,
        } = self;
        hide!(stem, reason, statements);
    }
}

impl Hide for RehearsedStatement {
    fn hide(&mut self) {
        let RehearsedStatement {
            source,
            tag,
            duration_ms: _,
            rows: _,
            locks,
        } = self;
        hide!(source, tag, locks);
    }
}

impl Hide for TakenLock {
    fn hide(&mut self) {
        let TakenLock {
            table,
            mode: _,
            from_ms: _,
            held_ms: _,
        } = self;
        hide!(table);
    }
}

impl Hide for ComponentLine {
    fn hide(&mut self) {
        let ComponentLine {
            name: _,
            status: _,
            details,
        } = self;
        hide!(details);
    }
}

impl Hide for Issue {
    fn hide(&mut self) {
        let Issue {
            title,
            impact,
            needed_by,
            lines,
            snippet,
            why,
            error,
        } = self;
        hide!(title, impact, needed_by, lines, snippet, why, error);
    }
}

impl Hide for Task {
    fn hide(&mut self) {
        let Task {
            number: _,
            name: _,
            status: _,
            requirement,
            finding,
            parts,
        } = self;
        hide!(requirement, finding, parts);
    }
}

impl Hide for Part {
    fn hide(&mut self) {
        let Part {
            status: _,
            what,
            finding,
        } = self;
        hide!(what, finding);
    }
}

impl Hide for Present {
    fn hide(&mut self) {
        let Present {
            schema,
            names,
            relations: _,
        } = self;
        hide!(schema, names);
    }
}

impl Hide for Database {
    fn hide(&mut self) {
        let Database {
            name,
            host,
            port: _,
            user,
            server_version,
            pooler,
        } = self;
        hide!(name, host, user, server_version, pooler);
    }
}

impl Hide for GeneratedSuite {
    fn hide(&mut self) {
        let GeneratedSuite {
            stem,
            text,
            checks: _,
        } = self;
        hide!(stem, text);
    }
}

impl Hide for LintLine {
    fn hide(&mut self) {
        let LintLine { file, checks: _ } = self;
        hide!(file);
    }
}

impl Hide for MigrationReport {
    fn hide(&mut self) {
        let MigrationReport {
            version,
            name,
            state: _,
            duration_ms: _,
            error,
            artifacts,
            statements,
            gates,
            source,
            files,
            effects,
            way_back,
            applied,
            timing,
        } = self;
        hide!(version, name, error, artifacts, statements, gates, source);
        hide!(files, effects, way_back, applied, timing);
    }
}

impl Hide for Timing {
    fn hide(&mut self) {
        let Timing {
            start_ms: _,
            duration_ms: _,
            rows: _,
            waits,
            statements,
        } = self;
        hide!(waits, statements);
    }
}

impl Hide for LockWait {
    fn hide(&mut self) {
        let LockWait {
            start_ms: _,
            waited_ms: _,
            source,
            held_by,
        } = self;
        hide!(source, held_by);
    }
}

impl Hide for TimedStatement {
    fn hide(&mut self) {
        let TimedStatement {
            source,
            tag,
            start_ms: _,
            duration_ms: _,
            rows: _,
        } = self;
        hide!(source, tag);
    }
}

impl Hide for FileLine {
    fn hide(&mut self) {
        let FileLine {
            role: _,
            path,
            lines: _,
            parts: _,
            sha256: _,
        } = self;
        hide!(path);
    }
}

impl Hide for EffectLine {
    fn hide(&mut self) {
        let EffectLine {
            action: _,
            kind: _,
            name,
            on,
            text,
            source,
        } = self;
        hide!(name, on, text, source);
    }
}

impl Hide for WayBack {
    fn hide(&mut self) {
        match self {
            WayBack::Script(text) | WayBack::Irreversible(text) => text.hide(),
            WayBack::None => {}
        }
    }
}

impl Hide for AppliedLine {
    fn hide(&mut self) {
        let AppliedLine {
            on,
            by,
            from,
            duration_ms: _,
            verdict,
        } = self;
        hide!(on, by, from, verdict);
    }
}

impl Hide for Proof {
    fn hide(&mut self) {
        let Proof {
            version,
            name,
            outcome: _,
            details,
            reapply: _,
            again,
            kept,
            message,
            duration_ms: _,
            source,
        } = self;
        hide!(version, name, details, again, kept, message, source);
    }
}

impl Hide for Chain {
    fn hide(&mut self) {
        let Chain {
            taken_back: _,
            failed,
            residue,
        } = self;
        hide!(failed);
        for (stem, line) in residue {
            hide!(stem, line);
        }
    }
}

impl Hide for ChangeLine {
    fn hide(&mut self) {
        let ChangeLine {
            kind,
            object,
            change: _,
            property,
            before,
            after,
            follows: _,
        } = self;
        hide!(kind, object, property, before, after);
    }
}

impl Hide for model::Difference {
    fn hide(&mut self) {
        let model::Difference { sides, changes } = self;
        sides.iter_mut().for_each(Hide::hide);
        hide!(changes);
    }
}

impl Hide for Snapshot {
    fn hide(&mut self) {
        let Snapshot {
            server_version_num: _,
            objects,
        } = self;
        hide!(objects);
    }
}

impl Hide for Documentation {
    fn hide(&mut self) {
        let Documentation {
            full: _,
            read_at,
            objects,
            figures,
            counting_since,
            rollbacks,
        } = self;
        hide!(read_at, objects, figures, counting_since, rollbacks);
    }
}

impl Hide for Figures {
    fn hide(&mut self) {}
}

/// Keys are names, as values may be.
impl<T: Hide> Hide for BTreeMap<String, T> {
    fn hide(&mut self) {
        *self = std::mem::take(self)
            .into_iter()
            .map(|(mut key, mut value)| {
                key.hide();
                value.hide();
                (key, value)
            })
            .collect();
    }
}

impl Hide for Artifacts {
    fn hide(&mut self) {
        let Artifacts {
            created,
            removed,
            altered,
            // for the journal, which is not a report
            traces: _,
        } = self;
        hide!(created, removed, altered);
    }
}

impl Hide for Object {
    fn hide(&mut self) {
        let Object { id, properties } = self;
        hide!(id);
        properties.values_mut().for_each(Hide::hide);
    }
}

impl Hide for ObjectId {
    fn hide(&mut self) {
        let ObjectId {
            kind: _,
            schema,
            relation,
            name,
        } = self;
        hide!(schema, relation, name);
    }
}

impl Hide for Value {
    fn hide(&mut self) {
        match self {
            Value::Bool(_) | Value::Int(_) => {}
            Value::Text(text) => text.hide(),
            Value::List(items) => items.hide(),
        }
    }
}

impl Hide for StatementLine {
    fn hide(&mut self) {
        let StatementLine { source, tag, text } = self;
        hide!(source, tag, text);
    }
}

impl Hide for Gate {
    fn hide(&mut self) {
        let Gate { id, kind: _, source } = self;
        hide!(id, source);
    }
}

impl Hide for Verdict {
    fn hide(&mut self) {
        let Verdict {
            id,
            suite,
            kind: _,
            object,
            status: _,
            expected,
            actual,
            message,
            blocked_by,
            source,
            differences,
            measure: _,
            remedy,
        } = self;
        hide!(id, suite, object, expected, actual, message);
        hide!(blocked_by, source, differences, remedy);
    }
}

impl Hide for Difference {
    fn hide(&mut self) {
        let Difference { part, have, want } = self;
        hide!(part, have, want);
    }
}

impl Hide for RootCause {
    fn hide(&mut self) {
        let RootCause {
            object,
            blocks: _,
            remedy,
            sources,
        } = self;
        hide!(object, remedy, sources);
    }
}

impl Hide for Diagnostic {
    fn hide(&mut self) {
        let Diagnostic {
            severity: _,
            message,
            place,
            file,
            facts,
            help,
        } = self;
        hide!(message, place, file, facts, help);
    }
}

/// The excerpt that is shown of a file.
impl Hide for Place {
    fn hide(&mut self) {
        let (path, text) = (redact(self.file.path()), redact(self.file.text()));
        if path != self.file.path() || text != self.file.text() {
            *self = Place::new(&self.file.rewritten(path, text), self.span);
        }
    }
}

impl Hide for Location {
    fn hide(&mut self) {
        let Location {
            file,
            line: _,
            column: _,
        } = self;
        hide!(file);
    }
}

impl Hide for LedgerLine {
    fn hide(&mut self) {
        let LedgerLine {
            version,
            name,
            state: _,
            applied_on,
            rollback,
            checks: _,
        } = self;
        hide!(version, name, applied_on, rollback);
    }
}

impl Hide for JournalLine {
    fn hide(&mut self) {
        let JournalLine {
            id: _,
            at,
            action,
            version,
            name,
            outcome,
            verdict,
            duration_ms: _,
            by,
            from,
            sha256,
            message,
        } = self;
        hide!(at, action, version, name, outcome, verdict);
        hide!(by, from, sha256, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Status;
    use crate::report::{Format, TextOptions, fixture, render};

    const SECRET: &str = "hunter2";

    /// Every position of a URL and of a key=value string, and what else a script or a server may say.
    const TEXTS: [&str; 18] = [
        "postgres://app:hunter2@db.example.net:5432/shop?sslmode=require",
        "postgresql://app:p@ss:hunter2@db/shop",
        "postgres://app:a/b?c#hunter2@db/shop",
        "postgres://app:a hunter2@db/shop",
        "postgres://db/shop?password=hunter2",
        "postgres://db/shop?user=a&password=hunter2&sslmode=require",
        "postgres://db/shop?sslpassword=hunter2#x",
        "postgres://a:x@db1,b:hunter2@db2/shop",
        "password=hunter2 host=db",
        "host=db password=hunter2 dbname=shop",
        "host=db dbname=shop PASSWORD = hunter2",
        "host=db password='a\\' hunter2' dbname=shop",
        "host=db password='a'' hunter2' dbname=shop",
        "host=db password=a\\ hunter2",
        "PGPASSWORD=hunter2 pgplumb apply",
        "{\"user\": \"a\", \"password\": \"hunter2\"}",
        "CREATE ROLE app LOGIN PASSWORD 'hunter2'",
        "invalid connection option in \"host=db password=hunter2\"",
    ];

    /// Puts the text into every string of the report, in front of what stands there and behind it.
    fn seeded(report: &Report, text: &str) -> Report {
        fn put(string: &mut String, text: &str) {
            *string = format!("{string} {text}\n{text}");
        }
        let mut report = report.clone();
        let some = |string: &mut Option<String>| put(string.get_or_insert_default(), text);
        some(&mut report.environment);
        report.files.push(text.to_string());
        report.linted.push(LintLine {
            file: text.to_string(),
            checks: 1,
        });
        report.makers.insert(text.to_string(), text.to_string());
        report.preflight = Some(Box::new(preflight(text)));
        if let Some(documentation) = &mut report.documentation {
            for object in &mut documentation.objects {
                put(&mut object.id.name, text);
            }
            for (path, script) in &mut documentation.rollbacks {
                put(path, text);
                put(script, text);
            }
        }
        if let Some(database) = &mut report.database {
            for string in [&mut database.name, &mut database.host, &mut database.user] {
                put(string, text);
            }
            some(&mut database.pooler);
        }
        for migration in &mut report.migrations {
            put(&mut migration.name, text);
            some(&mut migration.error);
            migration.timing = Some(timing(text));
            for statement in &mut migration.statements {
                put(&mut statement.text, text);
                put(&mut statement.source.file, text);
            }
            migration.effects.push(EffectLine {
                action: "create",
                kind: "table",
                name: text.to_string(),
                on: Some(text.to_string()),
                text: text.to_string(),
                source: location(text),
            });
            migration.gates.push(Gate {
                id: text.to_string(),
                kind: "table",
                source: location(text),
            });
            migration.files.push(FileLine {
                role: "migration",
                path: text.to_string(),
                lines: 1,
                parts: 1,
                sha256: String::new(),
            });
            migration.way_back = Some(WayBack::Irreversible(text.to_string()));
            migration.applied = Some(AppliedLine {
                on: text.to_string(),
                by: Some(text.to_string()),
                from: Some(text.to_string()),
                duration_ms: None,
                verdict: Some(text.to_string()),
            });
            let artifacts = &mut migration.artifacts;
            for object in artifacts.created.iter_mut().chain(&mut artifacts.removed) {
                for value in object.properties.values_mut() {
                    match value {
                        crate::catalog::Value::Text(string) => put(string, text),
                        crate::catalog::Value::List(items) => items.push(text.to_string()),
                        crate::catalog::Value::Bool(_) | crate::catalog::Value::Int(_) => {}
                    }
                }
            }
        }
        for check in &mut report.checks {
            put(&mut check.object, text);
            put(&mut check.message, text);
            put(&mut check.source.file, text);
            some(&mut check.expected);
            some(&mut check.actual);
            some(&mut check.blocked_by);
            some(&mut check.remedy);
            for difference in &mut check.differences {
                some(&mut difference.have);
                some(&mut difference.want);
            }
        }
        for cause in &mut report.root_causes {
            put(&mut cause.object, text);
            put(&mut cause.remedy, text);
            cause.sources.push(location(text));
        }
        for diagnostic in &mut report.diagnostics {
            put(&mut diagnostic.message, text);
            some(&mut diagnostic.help);
            diagnostic.facts.push(("detail", text.to_string()));
            if let Some(place) = &mut diagnostic.place {
                let source = format!("{} -- {text}", place.file.text().trim_end());
                place.file = crate::source::SourceFile::new(place.file.path(), source);
            }
        }
        for line in &mut report.ledger {
            put(&mut line.name, text);
            put(&mut line.rollback, text);
        }
        for line in &mut report.journal {
            for string in [&mut line.name, &mut line.by, &mut line.from, &mut line.outcome] {
                put(string, text);
            }
            some(&mut line.message);
        }
        report
    }

    fn location(text: &str) -> Location {
        Location {
            file: text.to_string(),
            line: 1,
            column: 1,
        }
    }

    /// Times that say the text wherever they can.
    fn timing(text: &str) -> Timing {
        Timing {
            waits: vec![LockWait {
                start_ms: 0.0,
                waited_ms: 1.0,
                source: Some(location(text)),
                held_by: vec![text.to_string()],
            }],
            statements: vec![TimedStatement {
                source: location(text),
                tag: text.to_string(),
                start_ms: 0.0,
                duration_ms: 1.0,
                rows: Some(1),
            }],
            ..Timing::default()
        }
    }

    /// One that says the text wherever it can.
    fn preflight(text: &str) -> Preflight {
        Preflight {
            components: vec![ComponentLine {
                name: "Schema",
                status: Status::Blocked,
                details: text.to_string(),
            }],
            issues: vec![Issue {
                title: text.to_string(),
                impact: text.to_string(),
                needed_by: text.to_string(),
                lines: vec![location(text)],
                snippet: Some(text.to_string()),
                why: text.to_string(),
                error: Diagnostic::error(text).help(text),
            }],
            actions: vec![text.to_string()],
            tasks: vec![Task {
                number: 1,
                name: "Schema validation",
                status: Status::Blocked,
                requirement: text.to_string(),
                finding: text.to_string(),
                parts: vec![Part {
                    status: Status::Blocked,
                    what: text.to_string(),
                    finding: text.to_string(),
                }],
            }],
            present: vec![Present {
                schema: text.to_string(),
                names: vec![text.to_string()],
                relations: 1,
            }],
            gate: vec![text.to_string()],
            statements: 1,
            opaque: 1,
        }
    }

    /// Every report, what `docs` tells included.
    fn reports() -> Vec<(&'static str, Report)> {
        let mut reports = fixture::all();
        reports.push(("docs", fixture::docs(false)));
        reports.push(("docs_full", fixture::docs(true)));
        let mut preflight = fixture::apply_blocked();
        preflight.command = "preflight";
        reports.push(("preflight", preflight));
        reports
    }

    #[test]
    fn no_format_shows_a_password() {
        let text = TEXTS.join("\n");
        let verbose = TextOptions {
            verbose: true,
            ..TextOptions::default()
        };
        for (name, report) in reports() {
            let seeded = seeded(&report, &text);
            for format in Format::ALL {
                let rendered = render(&seeded, format, &verbose);
                // a line may be broken in the middle of it
                let rendered: String = rendered.split_whitespace().collect();
                let shown = rendered.find(SECRET).map(|at| {
                    let before: String = rendered[..at].chars().rev().take(60).collect();
                    before.chars().rev().collect::<String>()
                });
                assert_eq!(shown, None, "{name} as {format} shows it behind this");
            }
        }
    }

    #[test]
    fn what_holds_no_password_stays_as_it_is() {
        for (name, report) in reports() {
            let (before, after) = (format!("{report:?}"), format!("{:?}", redacted(&report)));
            assert_eq!(before, after, "{name}");
        }
    }
}
