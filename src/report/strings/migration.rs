//! Migrations, their files, and what is recorded of them.

use super::{Strings, each};
use crate::catalog::Object;
use crate::report::model::{
    AppliedLine, Artifacts, EffectLine, FileLine, Gate, GeneratedSuite, JournalLine, LedgerLine, LintLine,
    MigrationReport, StatementLine, WayBack,
};
use crate::report::timeline::{LockWait, TimedStatement, Timing};

impl Strings for (Object, Vec<String>) {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        self.0.each(visit);
        self.1.each(visit);
    }
}

impl Strings for GeneratedSuite {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let GeneratedSuite {
            stem,
            text,
            checks: _,
        } = self;
        each!(visit, stem, text);
    }
}

impl Strings for LintLine {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let LintLine { file, checks: _ } = self;
        each!(visit, file);
    }
}

impl Strings for MigrationReport {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
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
        each!(visit, version, name, error, artifacts, statements, gates, source);
        each!(visit, files, effects, way_back, applied, timing);
    }
}

impl Strings for Timing {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Timing {
            start_ms: _,
            duration_ms: _,
            rows: _,
            waits,
            statements,
            is_one_message: _,
        } = self;
        each!(visit, waits, statements);
    }
}

impl Strings for LockWait {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let LockWait {
            start_ms: _,
            waited_ms: _,
            source,
            held_by,
        } = self;
        each!(visit, source, held_by);
    }
}

impl Strings for TimedStatement {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let TimedStatement {
            source,
            tag,
            start_ms: _,
            duration_ms: _,
            rows: _,
            has_failed: _,
        } = self;
        each!(visit, source, tag);
    }
}

impl Strings for FileLine {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let FileLine {
            role: _,
            path,
            lines: _,
            parts: _,
            sha256: _,
        } = self;
        each!(visit, path);
    }
}

impl Strings for EffectLine {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let EffectLine {
            action: _,
            kind: _,
            name,
            on,
            text,
            source,
        } = self;
        each!(visit, name, on, text, source);
    }
}

impl Strings for WayBack {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        match self {
            WayBack::Script(text) | WayBack::Irreversible(text) => text.each(visit),
            WayBack::Repeatable | WayBack::None => {}
        }
    }
}

impl Strings for AppliedLine {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let AppliedLine {
            on,
            by,
            from,
            duration_ms: _,
            verdict,
        } = self;
        each!(visit, on, by, from, verdict);
    }
}

impl Strings for Artifacts {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Artifacts {
            created,
            removed,
            altered,
            // for the journal, which is not a report
            traces: _,
        } = self;
        each!(visit, created, removed, altered);
    }
}

impl Strings for StatementLine {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let StatementLine { source, tag, text } = self;
        each!(visit, source, tag, text);
    }
}

impl Strings for Gate {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Gate { id, kind: _, source } = self;
        each!(visit, id, source);
    }
}

impl Strings for LedgerLine {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let LedgerLine {
            version,
            name,
            repeatable: _,
            state: _,
            applied_on,
            rollback,
            checks: _,
        } = self;
        each!(visit, version, name, applied_on, rollback);
    }
}

impl Strings for JournalLine {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
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
        each!(visit, at, action, version, name, outcome, verdict);
        each!(visit, by, from, sha256, message);
    }
}
