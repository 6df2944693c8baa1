//! What a proof comes to in words: a message each that names the script and what to do.

use crate::db::batch::{Failure, Stage};
use crate::db::error::Error as DbError;
use crate::diagnostic::Diagnostic;
use crate::migration::MigrationScript;
use crate::proof::{Outcome, Reapply};
use crate::report::changes::{sentence, sentence_of_second};
use crate::report::model::{Chain, ChangeLine, Proof, Report};
use crate::report::proofs;
use crate::report::summary::quantity;

/// How many differences a message shows; the report has all of them.
const SHOWN: usize = 12;

/// What the server said of a script, with the place.
pub fn failure(failure: &Failure, script: &MigrationScript) -> Diagnostic {
    let path = script.file.path();
    let diagnostic = match &failure.error {
        DbError::Server(error) => {
            let head = match failure.stage {
                Stage::Settle => format!("a deferred constraint failed: {}", error.message),
                _ => error.message.clone(),
            };
            let diagnostic = error.describe(Diagnostic::error(head));
            match error.sqlstate.as_str() {
                "42704" if error.message.starts_with("role ") => {
                    diagnostic.help("create the role in a file of its own and name it with --setup FILE.sql")
                }
                // what CREATE EXTENSION says when the files are not there
                "58P01" | "0A000" if error.message.contains("extension") => diagnostic.help(
                    "install the extension on the server, or prove on one that has it with --scratch-url",
                ),
                _ => diagnostic,
            }
        }
        other => Diagnostic::error(other.to_string()),
    };
    match &failure.place {
        Some(place) => diagnostic.at_place(place.clone()),
        None => diagnostic.in_file(path),
    }
}

/// A message in one line: `rollback/0007_x.sql:3:1: cannot drop table t … (view v depends on table t)`.
pub fn words(diagnostic: &Diagnostic) -> String {
    let detail = diagnostic.facts.iter().find(|(label, _)| *label == "detail");
    let detail = detail.map_or(String::new(), |(_, detail)| {
        format!(" ({})", detail.replace('\n', "; "))
    });
    match diagnostic.location() {
        Some(location) => format!("{location}: {}{detail}", diagnostic.message),
        None => diagnostic.message.clone() + &detail,
    }
}

/// A second apply that did not come out as the first one, though the catalog was as before.
fn second(stem: &str, reapply: Reapply) -> Diagnostic {
    match reapply {
        Reapply::Differs => {
            Diagnostic::error(format!("{stem} makes something else when it is applied again after its rollback"))
                .help("have the rollback take back what the script goes by: rows and positions of sequences, for instance")
        }
        _ => Diagnostic::error(format!("{stem} cannot be applied again after its rollback"))
            .help("have the rollback take back what stands in its way, rows as well"),
    }
}

/// The message about a proof that did not come out well; `None` when it did.
pub fn proof(proof: &Proof) -> Option<Diagnostic> {
    let stem = proof.stem();
    let message = proof.message.clone().unwrap_or_default();
    let shown: Vec<&ChangeLine> = proof.details.iter().filter(|line| !line.follows).collect();
    let diagnostic = match proof.outcome {
        Outcome::Irreversible | Outcome::Repeatable => return None,
        Outcome::Exact if proof.reapply == Reapply::Same => return None,
        Outcome::Exact => second(&stem, proof.reapply),
        Outcome::OrderOnly if proof.reapply == Reapply::Same => {
            Diagnostic::warning(format!("the rollback of {stem} changes the order of columns"))
                .help("accept it where nothing relies on the order: a column that is added again stands last")
        }
        Outcome::OrderOnly => second(&stem, proof.reapply),
        Outcome::NoRollback => Diagnostic::warning(format!("{stem} has no rollback")).help(format!(
            "write one, or declare `-- pgplumb: irreversible \"reason\"` at the top of {}",
            proof.source.file
        )),
        Outcome::Nondeterministic => {
            Diagnostic::error(format!("{stem} makes something else every time that it runs"))
                .help("take what changes from run to run out of the script: random values, times, names that are chosen anew")
        }
        Outcome::Changed => Diagnostic::error(format!(
            "the rollback of {stem} leaves {} otherwise than before",
            quantity(shown.len(), "thing")
        ))
        .help("set it back to what it was before the migration"),
        Outcome::Residue => Diagnostic::error(format!(
            "the rollback of {stem} leaves {} behind",
            quantity(count(&shown, "added"), "object")
        ))
        .help(
            "drop what is left over in the rollback, or declare it there: `-- pgplumb: keeps \"extension pgcrypto\"`",
        ),
        Outcome::Loss => Diagnostic::error(lost(&stem, &shown))
            .help("bring back what was there before the migration; where that cannot be, declare it irreversible"),
        Outcome::NotRepeatable => {
            let what = match proof.reapply {
                Reapply::Failed => "fails when it runs a second time",
                _ => "makes something else when it runs a second time",
            };
            Diagnostic::error(format!("{stem} is not repeatable: it {what}")).help(
                "write it so that it can run again whenever it changed: CREATE OR REPLACE, DROP … IF EXISTS, \
                 INSERT … ON CONFLICT",
            )
        }
        Outcome::RollbackFailed => {
            Diagnostic::error(format!("the rollback of {stem} fails")).help("correct the rollback script")
        }
        Outcome::ApplyFailed => Diagnostic::error(format!("{stem} cannot be applied"))
            .fact("state", "nothing behind it was tried")
            .help("correct the script; what it needs beforehand is made by --setup FILE.sql"),
    };
    let mut diagnostic = diagnostic.in_file(&proof.source.file);
    if !message.is_empty() {
        diagnostic = diagnostic.fact("reason", message);
    }
    let words = |lines: &[&ChangeLine], words: fn(&ChangeLine) -> String| -> Vec<String> {
        lines.iter().map(|line| words(line)).collect()
    };
    let mut again = essential(&proof.again);
    again.sort_by_key(|line| line.change);
    for (label, lines) in [
        ("after the rollback", words(&shown, sentence)),
        ("applied again", words(&again, sentence_of_second)),
    ] {
        for line in lines.iter().take(SHOWN) {
            diagnostic = diagnostic.fact(label, line);
        }
        if lines.len() > SHOWN {
            diagnostic = diagnostic.fact(label, format!("and {} more", lines.len() - SHOWN));
        }
    }
    Some(diagnostic)
}

fn essential(lines: &[ChangeLine]) -> Vec<&ChangeLine> {
    lines.iter().filter(|line| !line.follows).collect()
}

fn count(lines: &[&ChangeLine], change: &str) -> usize {
    lines.iter().filter(|line| line.change == change).count()
}

fn lost(stem: &str, lines: &[&ChangeLine]) -> String {
    let objects = count(lines, "removed");
    match objects {
        0 => format!("the rollback of {stem} loses rows"),
        _ => format!(
            "the rollback of {stem} does not bring back {}",
            quantity(objects, "object")
        ),
    }
}

/// The messages about taking everything back from the end.
pub fn chain(report: &Report, chain: &Chain) -> Vec<Diagnostic> {
    let mut messages = Vec::new();
    for (stem, reason) in chain
        .failed
        .iter()
        .filter(|(stem, _)| !proofs::is_known(report, stem))
    {
        messages.push(
            Diagnostic::error(format!("taken back from the end, the rollback of {stem} fails"))
                .fact("reason", reason)
                .fact("state", "nothing older was tried")
                .help(
                    "correct the rollback: it works right after its migration, and not behind the newer ones",
                ),
        );
    }
    let lines: Vec<&(String, ChangeLine)> = chain.residue.iter().filter(|(_, line)| !line.follows).collect();
    if !lines.is_empty() {
        let mut message = Diagnostic::error(format!(
            "with everything taken back from the end, {} from the start",
            match lines.len() {
                1 => "1 thing differs".to_string(),
                count => format!("{count} things differ"),
            }
        ))
        .help("correct the rollbacks of the migrations that are named");
        for (stem, line) in lines.iter().take(SHOWN) {
            message = message.fact("left", format!("{} ({stem})", sentence(line)));
        }
        if lines.len() > SHOWN {
            message = message.fact("left", format!("and {} more", lines.len() - SHOWN));
        }
        messages.push(message);
    }
    messages
}
