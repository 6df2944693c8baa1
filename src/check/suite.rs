//! A suite: the checks of one file.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::audit::Accept;
use crate::catalog::Scope;
use crate::migration::Version;
use crate::source::{Location, SourceFile, Span};
use crate::sql::quote_ident;

use super::rule::{Ignored, Rule};
use super::share::{one_each, share};

/// The checks of one file, ready to be judged against a catalog.
#[derive(Debug, Clone)]
pub struct Suite {
    /// `0024`, or the stem of an always-on suite.
    pub id: String,
    /// The migration that it belongs to; `None` for an always-on suite.
    pub version: Option<Version>,
    pub title: Option<String>,
    /// Where names without a schema are looked for.
    pub schema: String,
    pub file: Arc<SourceFile>,
    pub(crate) checks: Vec<Check>,
    /// What `exact` passes over, here and in all suites.
    pub(crate) ignored: Vec<Ignored>,
    /// Its own `[[audit.accept]]`.
    pub accepts: Vec<Accept>,
    /// All that hold for it: those of the settings and of the other suites as well.
    pub accepted: Vec<Accept>,
}

impl Suite {
    /// How many checks it has.
    pub fn checks(&self) -> usize {
        self.checks.len()
    }

    /// Whether any of its checks writes.
    pub fn has_probes(&self) -> bool {
        self.checks
            .iter()
            .any(|check| matches!(check.kind, "probe" | "isolation"))
    }

    /// The roles that its probes and isolation matrices act as.
    pub fn acts_as(&self) -> BTreeSet<&str> {
        self.checks
            .iter()
            .flat_map(|check| check.rule.acts_as())
            .collect()
    }

    /// Leaves out what looks at rows or runs statements: queries, probes, isolation and the audit.
    pub fn retain_catalog_checks(&mut self) {
        self.checks
            .retain(|check| !matches!(check.kind, "query" | "probe" | "isolation" | "audit"));
    }

    /// What has to be read of the catalog to judge it.
    pub fn scope(&self) -> Scope {
        scope(&[self])
    }

    pub(crate) fn location(&self, check: &Check) -> Location {
        self.file.location(check.span.start)
    }
}

/// What has to be read to judge all of them.
pub fn scope(suites: &[&Suite]) -> Scope {
    scope_of(suites, &Scope::default())
}

/// What all of them need read, by what `blank` says of the reading; many on all processors.
fn scope_of(suites: &[&Suite], blank: &Scope) -> Scope {
    let checks: Vec<&Check> = suites.iter().flat_map(|suite| &suite.checks).collect();
    let of = |checks: &[&Check]| {
        let mut scope = blank.clone();
        checks.iter().for_each(|check| check.rule.cover(&mut scope));
        scope
    };
    if checks.len() < MANY_CHECKS {
        return of(&checks);
    }
    let scopes = share(&checks, one_each(checks.len()), |part, (): &mut ()| of(part));
    let all = scopes.into_iter().reduce(|mut all, more| {
        all.extend(more);
        all
    });
    all.unwrap_or_default()
}

/// The least that has to be read to see that all is as they say; where something of that is not there
/// ([`super::lacks`]), [`scope`] reads what the verdicts tell of it. The same as [`scope`] of many checks: naming them all
/// would cost more than it saves.
pub fn narrow_scope(suites: &[&Suite]) -> Scope {
    let blank = Scope {
        is_narrow: suites.iter().map(|suite| suite.checks()).sum::<usize>() <= MANY_NAMES,
        ..Scope::default()
    };
    scope_of(suites, &blank)
}

/// From how many checks on their objects are not read by name.
const MANY_NAMES: usize = 4_000;

/// How many checks are worth a thread.
const MANY_CHECKS: usize = 2_000;

/// A relation's name as a suite with that schema would write it.
pub(crate) fn spell(suite_schema: &str, schema: &str, name: &str) -> String {
    if schema == suite_schema {
        quote_ident(name)
    } else {
        format!("{}.{}", quote_ident(schema), quote_ident(name))
    }
}

/// One entry of a check file: one verdict.
#[derive(Debug, Clone)]
pub(crate) struct Check {
    /// The id without the suite: `table.sync_progress/column.org_id`.
    pub(crate) path: String,
    /// The check file's key.
    pub(crate) kind: &'static str,
    /// The entry's key.
    pub(crate) span: Span,
    /// What the suite wants, as it wrote it.
    pub(crate) expected: String,
    pub(crate) rule: Arc<dyn Rule>,
}
