//! Every string of a report that pgplumb did not write itself, for what has to see all of them.

mod catalog;
mod check;
mod migration;
mod preflight;

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::model::{Before, Database, Report};

/// Visits every string of a value. Structs are taken apart field by field, so that a new field cannot be forgotten.
pub trait Strings {
    fn each(&mut self, visit: &dyn Fn(&mut String));
}

/// Calls [`Strings::each`] for each.
macro_rules! each {
    ($visit:ident, $($field:ident),*) => { $( $crate::report::strings::Strings::each($field, $visit); )* };
}
use each;

impl Strings for String {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        visit(self);
    }
}

impl Strings for SmolStr {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let mut text = self.to_string();
        visit(&mut text);
        if *self != text {
            *self = text.into();
        }
    }
}

impl<T: Strings> Strings for Option<T> {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        self.iter_mut().for_each(|one| one.each(visit));
    }
}

impl<T: Strings> Strings for Box<T> {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        (**self).each(visit);
    }
}

impl<T: Strings> Strings for Vec<T> {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        self.iter_mut().for_each(|one| one.each(visit));
    }
}

/// A labelled text: labels are pgplumb's own.
impl Strings for (&'static str, String) {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        self.1.each(visit);
    }
}

impl Strings for (String, String) {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        self.0.each(visit);
        self.1.each(visit);
    }
}

impl Strings for Report {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
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
            before,
            documentation,
            generated,
            preflight,
            rehearsal,
            proofs,
            chain,
            difference,
            snapshot,
        } = self;
        each!(visit, preflight, rehearsal, proofs, chain, difference, snapshot);
        each!(visit, environment, database, files, linted, migrations, checks);
        each!(
            visit,
            findings,
            isolation,
            root_causes,
            diagnostics,
            ledger,
            journal,
            makers,
            before,
            documentation,
            generated
        );
    }
}

impl Strings for Before {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Before { applied, extensions } = self;
        each!(visit, applied, extensions);
    }
}

impl Strings for Database {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Database {
            name,
            host,
            port: _,
            user,
            server_version,
            pooler,
        } = self;
        each!(visit, name, host, user, server_version, pooler);
    }
}

/// Keys are names, as values may be.
impl<T: Strings> Strings for BTreeMap<String, T> {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        *self = std::mem::take(self)
            .into_iter()
            .map(|(mut key, mut value)| {
                key.each(visit);
                value.each(visit);
                (key, value)
            })
            .collect();
    }
}
