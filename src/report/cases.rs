//! A report as suites of test cases: what JUnit XML and TAP show.

use super::findings::{self, Detail, Origin};
use super::model::{Chain, MigrationReport, MigrationState, Proof, Report};
use super::rehearsal::StepOutcome;
use super::{changes, proofs, summary};
use crate::check::{Status, Verdict};
use crate::diagnostic::{self, Diagnostic, Severity};
use crate::source::Location;

/// How a case came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseOutcome {
    Passed,
    /// Looked, and it differs.
    Failed,
    /// It could not be judged or done.
    Error,
    /// Passed, with advice.
    Warned,
    Skipped,
}

/// One test case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Unique in its suite.
    pub name: String,
    /// What kind of check it is, or `migration`, `message`.
    pub kind: String,
    pub outcome: CaseOutcome,
    /// The status as the report calls it: `blocked`, `warn`, `rolled_back`.
    pub status: &'static str,
    /// One sentence; empty when it passed.
    pub message: String,
    pub details: Vec<Detail>,
    pub duration_ms: Option<f64>,
    pub location: Option<Location>,
}

/// Cases that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseSuite {
    /// `migrations`, the path of a check file, or `pgplumb verify` for what belongs to the run as a whole.
    pub name: String,
    pub cases: Vec<Case>,
}

impl CaseSuite {
    /// How many cases came out so.
    pub fn count(&self, outcome: CaseOutcome) -> usize {
        self.cases.iter().filter(|case| case.outcome == outcome).count()
    }
}

/// The migrations of a run, a suite a check file, and what belongs to neither. A run that did not go well has
/// a case that did not either, and there is always at least one case.
pub fn suites(report: &Report) -> Vec<CaseSuite> {
    let mut suites = Vec::new();
    if summary::is_run(report) && !report.migrations.is_empty() {
        suites.push(CaseSuite {
            name: "migrations".to_string(),
            cases: report
                .migrations
                .iter()
                .map(|migration| migration_case(report, migration))
                .collect(),
        });
    }
    if !report.proofs.is_empty() {
        suites.push(CaseSuite {
            name: "rollbacks".to_string(),
            cases: report
                .proofs
                .iter()
                .map(proof_case)
                .chain(report.chain.as_ref().map(|chain| chain_case(report, chain)))
                .collect(),
        });
    }
    suites.extend(summary::by_suite(report).iter().map(|suite| CaseSuite {
        name: suite.file.to_string(),
        cases: suite.checks.iter().map(|check| check_case(check)).collect(),
    }));
    let mut cases = rest(report, &suites);
    if suites.is_empty() && cases.is_empty() {
        cases.push(whole(report));
    }
    if !cases.is_empty() {
        suites.push(CaseSuite {
            name: format!("pgplumb {}", report.command),
            cases,
        });
    }
    suites
}

/// How a rehearsal saw a migration.
fn rehearsed<'r>(report: &'r Report, migration: &MigrationReport) -> Option<(CaseOutcome, &'r str)> {
    let stem = migration.stem();
    let steps = &report.rehearsal.as_ref()?.steps;
    let step = steps.iter().find(|step| step.stem == stem)?;
    Some(match step.outcome {
        StepOutcome::Works => (CaseOutcome::Passed, "rehearsed and rolled back"),
        StepOutcome::Failed => (CaseOutcome::Error, "it failed"),
        StepOutcome::NotRehearsable => (CaseOutcome::Skipped, step.reason.as_str()),
        StepOutcome::NotReached => (CaseOutcome::Skipped, "not reached"),
    })
}

fn migration_case(report: &Report, migration: &MigrationReport) -> Case {
    let rehearsed = rehearsed(report, migration);
    let (outcome, message) = match migration.state {
        MigrationState::Failed => (
            CaseOutcome::Error,
            migration.error.as_deref().unwrap_or("it failed"),
        ),
        _ if report.dry_run => (CaseOutcome::Skipped, "planned: nothing was run"),
        state => rehearsed.unwrap_or(match state {
            MigrationState::Pending => (CaseOutcome::Skipped, "still pending"),
            MigrationState::Skipped => (CaseOutcome::Skipped, "left out"),
            _ => (CaseOutcome::Passed, ""),
        }),
    };
    let details = match migration.state {
        MigrationState::Failed => summary::errors(report)
            .map(|error| ("diagnostic".to_string(), diagnostic::render(error)))
            .collect(),
        _ => Vec::new(),
    };
    Case {
        name: migration.stem(),
        kind: "migration".to_string(),
        outcome,
        status: migration.state.as_str(),
        message: message.to_string(),
        details,
        duration_ms: migration.duration_ms,
        location: match migration.state {
            MigrationState::Failed => summary::errors(report).find_map(Diagnostic::location),
            _ => None,
        }
        .or_else(|| migration.source.clone()),
    }
}

fn proof_case(proof: &Proof) -> Case {
    let words = proofs::words(proof);
    let outcome = case_outcome(proofs::status(proof));
    let lines = proof.details.iter().chain(&proof.again);
    let mut details: Vec<Detail> = lines
        .filter(|line| !line.follows)
        .map(|line| ("difference".to_string(), changes::sentence(line)))
        .collect();
    details.extend(
        proof
            .message
            .iter()
            .map(|message| ("reason".to_string(), message.clone())),
    );
    Case {
        name: proof.stem(),
        kind: "rollback".to_string(),
        outcome,
        status: proof.outcome.as_str(),
        message: match outcome {
            CaseOutcome::Passed => String::new(),
            _ => words,
        },
        details,
        duration_ms: Some(proof.duration_ms),
        location: Some(proof.source.clone()),
    }
}

fn chain_case(report: &Report, chain: &Chain) -> Case {
    let (status, message) = proofs::chain(report, chain);
    Case {
        name: "all rollbacks from the end".to_string(),
        kind: "rollback".to_string(),
        outcome: case_outcome(status),
        status: status.as_str(),
        message,
        details: chain
            .residue
            .iter()
            .filter(|(_, line)| !line.follows)
            .map(|(stem, line)| (stem.clone(), changes::sentence(line)))
            .collect(),
        duration_ms: None,
        location: None,
    }
}

const fn case_outcome(status: Status) -> CaseOutcome {
    match status {
        Status::Pass => CaseOutcome::Passed,
        Status::Fail => CaseOutcome::Failed,
        Status::Blocked => CaseOutcome::Error,
        Status::Warn => CaseOutcome::Warned,
        Status::Skip => CaseOutcome::Skipped,
    }
}

fn check_case(check: &Verdict) -> Case {
    let (outcome, message) = match check.status {
        Status::Pass => (CaseOutcome::Passed, check.message.clone()),
        Status::Fail => (CaseOutcome::Failed, summary::title(check)),
        Status::Blocked => (CaseOutcome::Error, summary::title(check)),
        Status::Warn => (CaseOutcome::Warned, summary::title(check)),
        Status::Skip => (CaseOutcome::Skipped, check.message.clone()),
    };
    Case {
        name: check.id.clone(),
        kind: check.kind.to_string(),
        outcome,
        status: check.status.as_str(),
        message,
        details: findings::check_details(check),
        duration_ms: None,
        location: Some(check.source.clone()),
    }
}

/// What neither a check nor a migration tells.
fn rest(report: &Report, suites: &[CaseSuite]) -> Vec<Case> {
    let failed = suites
        .iter()
        .flat_map(|suite| &suite.cases)
        .any(|case| case.kind == "migration" && case.outcome == CaseOutcome::Error);
    findings::findings(report)
        .into_iter()
        .filter(|finding| match &finding.origin {
            Origin::Check(_) | Origin::Migration(_) => false,
            // the case of the migration shows it
            Origin::Diagnostic(_) if !report.proofs.is_empty() => false,
            Origin::Diagnostic(diagnostic) => diagnostic.severity != Severity::Error || !failed,
            // its checks are cases themselves
            Origin::Cause(blocker) => blocker.groups.is_empty(),
            Origin::Run => true,
        })
        .enumerate()
        .map(|(index, finding)| Case {
            name: format!("message {}: {}", index + 1, finding.title),
            kind: "message".to_string(),
            outcome: match finding.severity {
                Severity::Error => CaseOutcome::Error,
                Severity::Warning | Severity::Note => CaseOutcome::Warned,
            },
            status: finding.severity.as_str(),
            message: finding.title,
            details: finding.details,
            duration_ms: None,
            location: finding.location,
        })
        .collect()
}

/// A command that judged nothing and met nothing.
fn whole(report: &Report) -> Case {
    Case {
        name: report.command.to_string(),
        kind: "command".to_string(),
        outcome: CaseOutcome::Passed,
        status: "done",
        message: String::new(),
        details: Vec::new(),
        duration_ms: Some(report.duration_ms),
        location: None,
    }
}

#[cfg(test)]
mod tests {
    use super::{CaseOutcome, suites};
    use crate::report::{ExitCode, fixture};

    #[test]
    fn a_run_that_did_not_go_well_has_a_case_that_did_not_either() {
        for (name, report) in fixture::all() {
            let suites = suites(&report);
            let bad: usize = suites
                .iter()
                .map(|suite| suite.count(CaseOutcome::Failed) + suite.count(CaseOutcome::Error))
                .sum();
            assert_eq!(bad > 0, report.exit != ExitCode::Done, "{name}");
            assert!(suites.iter().all(|suite| !suite.cases.is_empty()), "{name}");
            assert!(!suites.is_empty(), "{name}");
        }
    }
}
