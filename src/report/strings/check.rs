//! Checks, findings and messages.

use super::{Strings, each};
use crate::audit::Finding;
use crate::check::Verdict;
use crate::check::verdict::Difference;
use crate::diagnostic::Diagnostic;
use crate::isolation::{Cell, Matrix, Problem, TableMatrix, Way};
use crate::report::model::RootCause;
use crate::source::{Location, Place};

impl Strings for Finding {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Finding {
            id: _,
            severity: _,
            object,
            message,
            fix,
            accepted,
        } = self;
        each!(visit, object, message, fix, accepted);
    }
}

impl Strings for std::sync::Arc<Matrix> {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        std::sync::Arc::make_mut(self).each(visit);
    }
}

impl Strings for Matrix {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Matrix { name, role, tables } = self;
        each!(visit, name, role, tables);
    }
}

impl Strings for TableMatrix {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let TableMatrix {
            path,
            problem,
            cells,
            ways,
        } = self;
        each!(visit, path, problem, cells, ways);
    }
}

impl Strings for Problem {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Problem { message, help, of } = self;
        each!(visit, message, help, of);
    }
}

impl Strings for Way {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Way {
            kind: _,
            object,
            cells,
        } = self;
        each!(visit, object, cells);
    }
}

impl Strings for Cell {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Cell {
            command: _,
            side: _,
            outcome: _,
            have,
            statement,
            fix,
            accepted,
        } = self;
        each!(visit, have, statement, fix, accepted);
    }
}

impl Strings for Verdict {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
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
        each!(visit, id, suite, object, expected, actual, message);
        each!(visit, blocked_by, source, differences, remedy);
    }
}

impl Strings for Difference {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Difference {
            part,
            have,
            want,
            refusal,
        } = self;
        each!(visit, part, have, want, refusal);
    }
}

impl Strings for RootCause {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let RootCause {
            object,
            blocks: _,
            remedy,
            sources,
        } = self;
        each!(visit, object, remedy, sources);
    }
}

impl Strings for Diagnostic {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Diagnostic {
            severity: _,
            message,
            place,
            file,
            facts,
            help,
        } = self;
        each!(visit, message, place, file, facts, help);
    }
}

/// The excerpt that is shown of a file.
impl Strings for Place {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let (mut path, mut text) = (self.file.path().to_owned(), self.file.text().to_owned());
        path.each(visit);
        text.each(visit);
        if path != self.file.path() || text != self.file.text() {
            *self = Place::new(&self.file.rewritten(path, text), self.span);
        }
    }
}

impl Strings for Location {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Location {
            file,
            line: _,
            column: _,
        } = self;
        each!(visit, file);
    }
}
