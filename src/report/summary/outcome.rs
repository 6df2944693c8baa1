//! How a run came out, in a word and a sentence.

use super::{errors, quantity};
use crate::report::exit::ExitCode;
use crate::report::model::{Conclusion, MigrationState, Report, Totals};
use crate::report::rehearsal::StepOutcome;

/// Good news, bad news, or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    Bad,
    Neutral,
}

/// How a run came out: the first and the last line of every report for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub tone: Tone,
    /// `APPROVED`, `NOT APPROVED`, `READY`, `BLOCKED`, `ERROR`, ….
    pub word: &'static str,
    /// What that rests on: `3 migrations applied, 142 checks passed`.
    pub sentence: String,
}

/// Whether the command runs migrations, rather than looking at what is there.
pub fn is_run(report: &Report) -> bool {
    matches!(report.command, "apply" | "rollback")
}

/// The outcome of a run.
pub fn outcome(report: &Report) -> Outcome {
    let (tone, word) = word(report);
    Outcome {
        tone,
        word,
        sentence: sentence(report),
    }
}

fn word(report: &Report) -> (Tone, &'static str) {
    if let (ExitCode::Done, Some(rehearsal)) = (report.exit, &report.rehearsal) {
        return match rehearsal.count(StepOutcome::NotRehearsable) {
            0 if rehearsal.steps.is_empty() => (Tone::Neutral, "NOTHING TO REHEARSE"),
            0 => (Tone::Good, "REHEARSED"),
            _ => (Tone::Neutral, "REHEARSED IN PART"),
        };
    }
    match (report.exit, report.conclusion) {
        (ExitCode::Done, Some(Conclusion::Approved)) if report.command == "diff" => (Tone::Good, "SAME"),
        (ExitCode::NotApproved, _) if report.command == "diff" => (Tone::Bad, "DIFFERENT"),
        // the verdict is what the rules make of it; that nobody looked is said with it
        (ExitCode::Done, Some(Conclusion::Approved)) if is_unverified(report) => {
            (Tone::Neutral, "APPROVED, NOTHING VERIFIED")
        }
        (ExitCode::Done, Some(Conclusion::Approved)) => (Tone::Good, "APPROVED"),
        (ExitCode::Done, Some(Conclusion::Ready)) => (Tone::Good, "READY"),
        (ExitCode::Done, None) if report.dry_run => (Tone::Neutral, "PLAN"),
        (ExitCode::Done, None) => (
            Tone::Neutral,
            match report.command {
                "status" => "STATUS",
                "history" => "HISTORY",
                "snapshot" => "SNAPSHOT",
                _ => "DONE",
            },
        ),
        (ExitCode::Interrupted, _) => (Tone::Bad, "INTERRUPTED"),
        (ExitCode::Usage | ExitCode::Unreachable | ExitCode::LockTimeout, _) => (Tone::Bad, "ERROR"),
        (ExitCode::HistoryDisagrees, _) => (Tone::Bad, "OUT OF STEP"),
        (ExitCode::Blocked, _) | (_, Some(Conclusion::Blocked)) => (Tone::Bad, "BLOCKED"),
        (ExitCode::NotApproved, _) | (_, Some(Conclusion::NotApproved)) => (Tone::Bad, "NOT APPROVED"),
        (ExitCode::ScriptFailed, _) => (Tone::Bad, "FAILED"),
    }
}

fn sentence(report: &Report) -> String {
    let judged = matches!(report.exit, ExitCode::Done | ExitCode::NotApproved);
    let mut parts = Vec::new();
    if report.exit == ExitCode::Blocked {
        parts.push("nothing was run".to_string());
    }
    if !judged && report.proofs.is_empty() {
        parts.extend(cause(report));
    }
    if report.dry_run && judged && is_run(report) {
        return format!("{}; nothing was run", plan_line(report));
    }
    match report.command {
        "status" => parts.push(ledger_line(report)),
        "audit" if judged => {
            let accepted = report
                .findings
                .iter()
                .filter(|finding| finding.accepted.is_some())
                .count();
            parts.push(quantity(report.findings.len() - accepted, "finding"));
            if accepted > 0 {
                parts.push(format!("{accepted} accepted"));
            }
        }
        "history" => parts.push(quantity(report.journal.len(), "entry")),
        "prove" if !report.proofs.is_empty() => parts.push(crate::report::proofs::sentence(report)),
        "diff" => parts.extend(
            report
                .difference
                .as_ref()
                .map(|difference| match difference.changes.len() {
                    0 => "nothing differs".to_string(),
                    count => quantity(count, "difference"),
                }),
        ),
        "snapshot" => parts.extend(
            report
                .snapshot
                .as_ref()
                .map(|snapshot| quantity(snapshot.objects.len(), "object")),
        ),
        "checks" if !report.generated.is_empty() => {
            let checks = report.generated.iter().map(|suite| suite.checks).sum();
            parts.push(format!(
                "{} with {}",
                quantity(report.generated.len(), "suite"),
                quantity(checks, "check")
            ));
        }
        "checks" => {
            let checks = report.linted.iter().map(|line| line.checks).sum();
            parts.push(format!(
                "{} with {}, no error",
                quantity(report.linted.len(), "check file"),
                quantity(checks, "check")
            ));
        }
        "preflight" if report.exit == ExitCode::Done => parts.push(match report.migrations.len() {
            0 => "nothing is pending".to_string(),
            count => format!(
                "{} can be applied, nothing is in the way",
                quantity(count, "migration")
            ),
        }),
        _ => {}
    }
    parts.extend(migrations_line(report));
    parts.extend(settled_line(report));
    parts.extend(checks_line(report));
    if !report.files.is_empty() {
        parts.push(format!("{} written", quantity(report.files.len(), "file")));
    }
    if parts.is_empty() {
        parts.push(report.exit.meaning().to_string());
    }
    parts.join("; ")
}

/// Why a run ended early, in one sentence.
fn cause(report: &Report) -> Option<String> {
    let failed = report
        .migrations
        .iter()
        .find(|migration| migration.state == MigrationState::Failed);
    match (report.root_causes.as_slice(), errors(report).next(), failed) {
        ([one], _, _) => Some(format!("the root cause is {}", one.object)),
        (causes @ [first, ..], _, _) => Some(format!(
            "{}, {} first",
            quantity(causes.len(), "root cause"),
            first.object
        )),
        ([], Some(error), Some(failed)) => Some(format!("{}: {}", failed.stem(), error.message)),
        ([], Some(error), None) => Some(error.message.clone()),
        ([], None, _) => None,
    }
}

/// `3 migrations, 87 statements, 212 checks`.
fn plan_line(report: &Report) -> String {
    let statements: usize = report
        .migrations
        .iter()
        .map(|migration| migration.statements.len())
        .sum();
    let gates: usize = report
        .migrations
        .iter()
        .map(|migration| migration.gates.len())
        .sum();
    if report.migrations.is_empty() {
        return "no migration to run".to_string();
    }
    let mut parts = vec![
        quantity(report.migrations.len(), "migration"),
        quantity(statements, "statement"),
    ];
    if gates > 0 {
        parts.push(quantity(gates, "check"));
    }
    parts.join(", ")
}

/// `2 applied, 1 pending`; of an empty project `no migrations`.
fn ledger_line(report: &Report) -> String {
    let mut states: Vec<(&str, usize)> = Vec::new();
    for line in &report.ledger {
        match states.iter_mut().find(|(state, _)| *state == line.state) {
            Some((_, count)) => *count += 1,
            None => states.push((line.state, 1)),
        }
    }
    if states.is_empty() {
        return "no migrations".to_string();
    }
    let parts: Vec<String> = states
        .iter()
        .map(|(state, count)| format!("{count} {}", state.replace('_', " ")))
        .collect();
    parts.join(", ")
}

/// Of `baseline` and `repair`: what is recorded now, and how many indexes were mended.
fn settled_line(report: &Report) -> Option<String> {
    let recorded = report
        .migrations
        .iter()
        .filter(|migration| migration.state == MigrationState::Applied)
        .count();
    let migrations = quantity(recorded, "migration");
    match report.command {
        "baseline" if recorded == 0 => Some("nothing was recorded".to_string()),
        "baseline" => Some(format!("{migrations} recorded as applied")),
        "repair" => {
            let mended = report.diagnostics.iter();
            let mended = mended
                .filter(|diagnostic| {
                    let message = &diagnostic.message;
                    message.starts_with("index ") || message.starts_with("partition ")
                })
                .count();
            let objects = quantity(mended, "object");
            Some(match (recorded, mended) {
                (0, 0) => "nothing was changed".to_string(),
                (0, _) => format!("{objects} settled"),
                (_, 0) => format!("{migrations} settled"),
                _ => format!("{migrations} and {objects} settled"),
            })
        }
        _ => None,
    }
}

/// `1 migration failed, 2 applied`; `None` when the run was not about running any.
fn migrations_line(report: &Report) -> Option<String> {
    if !is_run(report) || report.dry_run {
        return None;
    }
    if let Some(rehearsal) = &report.rehearsal
        && !rehearsal.steps.is_empty()
    {
        return Some(rehearsal.sentence());
    }
    let states = [
        (MigrationState::Failed, "failed"),
        (MigrationState::Applied, "applied"),
        (MigrationState::RolledBack, "rolled back"),
        (MigrationState::Skipped, "skipped"),
        (MigrationState::Pending, "still pending"),
    ];
    let mut parts = Vec::new();
    for (state, words) in states {
        let count = report
            .migrations
            .iter()
            .filter(|migration| migration.state == state)
            .count();
        if count > 0 {
            parts.push(match parts.is_empty() {
                true => format!("{} {words}", quantity(count, "migration")),
                false => format!("{count} {words}"),
            });
        }
    }
    match (parts.is_empty(), report.exit) {
        (false, _) => Some(parts.join(", ")),
        (true, ExitCode::Done) if report.command == "rollback" => {
            Some("no migration was to be taken back".to_string())
        }
        (true, ExitCode::Done) => Some("no migration was pending".to_string()),
        (true, _) => None,
    }
}

/// `3 checks failed, 41 blocked, 139 passed`; `None` when no check was to be judged.
fn checks_line(report: &Report) -> Option<String> {
    let totals = report.totals();
    if is_unverified(report) {
        return Some(match totals.skip {
            0 => "no check was run".to_string(),
            skipped => format!("no check was run, {skipped} skipped"),
        });
    }
    (totals.all() > 0).then(|| tally(&totals, "check"))
}

/// Whether a run that ended well judged nothing.
pub fn is_unverified(report: &Report) -> bool {
    let totals = report.totals();
    if report
        .rehearsal
        .as_ref()
        .is_some_and(|rehearsal| rehearsal.steps.is_empty())
    {
        return false;
    }
    report.conclusion == Some(Conclusion::Approved)
        && !matches!(report.command, "rollback" | "prove" | "diff" | "audit")
        && totals.all() == totals.skip
}

/// What came out how, the worst first: `3 checks failed, 41 blocked, 139 passed, 1 warning, 2 skipped`.
pub fn tally(totals: &Totals, noun: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for (count, word) in [
        (totals.fail, "failed"),
        (totals.blocked, "blocked"),
        (totals.pass, "passed"),
    ] {
        if count > 0 {
            parts.push(match parts.is_empty() {
                true => format!("{} {word}", quantity(count, noun)),
                false => format!("{count} {word}"),
            });
        }
    }
    if totals.warn > 0 {
        parts.push(quantity(totals.warn, "warning"));
    }
    if totals.skip > 0 {
        parts.push(format!("{} skipped", totals.skip));
    }
    parts.join(", ")
}

/// What came out how, without a noun: `1 failed, 4 blocked, 7 passed`.
pub fn parts_of(totals: &Totals) -> String {
    let parts: Vec<String> = [
        (totals.fail, "failed"),
        (totals.blocked, "blocked"),
        (totals.warn, "warned"),
        (totals.pass, "passed"),
        (totals.skip, "skipped"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::outcome;
    use crate::report::fixture;

    #[test]
    fn outcomes_say_what_they_rest_on() {
        let said: Vec<String> = fixture::all()
            .iter()
            .map(|(name, report)| {
                let outcome = outcome(report);
                format!("{name}: {}: {}", outcome.word, outcome.sentence)
            })
            .collect();
        insta::assert_snapshot!(said.join("\n"));
    }
}
