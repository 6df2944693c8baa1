//! What a preflight and a rehearsal tell.

use super::{Strings, each};
use crate::report::preflight::{ComponentLine, Issue, Part, Preflight, Present, Task};
use crate::report::rehearsal::{Rehearsal, RehearsedStatement, RehearsedStep, TakenLock};

impl Strings for Preflight {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
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
        each!(visit, components, issues, actions, tasks, gate, present);
    }
}

impl Strings for Rehearsal {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Rehearsal {
            duration_ms: _,
            steps,
        } = self;
        each!(visit, steps);
    }
}

impl Strings for RehearsedStep {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let RehearsedStep {
            stem,
            outcome: _,
            reason,
            duration_ms: _,
            statements,
        } = self;
        each!(visit, stem, reason, statements);
    }
}

impl Strings for RehearsedStatement {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let RehearsedStatement {
            source,
            tag,
            duration_ms: _,
            rows: _,
            locks,
        } = self;
        each!(visit, source, tag, locks);
    }
}

impl Strings for TakenLock {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let TakenLock {
            table,
            mode: _,
            from_ms: _,
            held_ms: _,
        } = self;
        each!(visit, table);
    }
}

impl Strings for ComponentLine {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let ComponentLine {
            name: _,
            status: _,
            details,
        } = self;
        each!(visit, details);
    }
}

impl Strings for Issue {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Issue {
            title,
            impact,
            needed_by,
            lines,
            snippet,
            why,
            error,
        } = self;
        each!(visit, title, impact, needed_by, lines, snippet, why, error);
    }
}

impl Strings for Task {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Task {
            number: _,
            name: _,
            status: _,
            requirement,
            finding,
            parts,
        } = self;
        each!(visit, requirement, finding, parts);
    }
}

impl Strings for Part {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Part {
            status: _,
            what,
            finding,
        } = self;
        each!(visit, what, finding);
    }
}

impl Strings for Present {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Present {
            schema,
            names,
            relations: _,
        } = self;
        each!(visit, schema, names);
    }
}
