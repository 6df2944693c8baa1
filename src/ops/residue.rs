//! What a rollback left otherwise than it was before the migration, by what the journal knows of that time.

use std::collections::BTreeSet;

use super::Error;
use super::runner::Runner;
use crate::catalog::{Catalog, Kind};
use crate::db::residue::Application;
use crate::diagnostic::Diagnostic;
use crate::history::{ResidueKind, trace};
use crate::migration::Version;
use crate::plan::Step;
use crate::report::model::{Artifacts, Report};
use crate::report::summary::quantity;

/// One thing that is not as it was.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    /// As SQL names it.
    path: String,
    /// `is still there`: what is said behind the name of the object.
    word: String,
    kind: &'static str,
}

/// Compares what the steps left with the journal; a message a migration. What others made or changed since is not
/// in the journal, and not blamed on the rollback.
///
/// # Errors
/// [`Error::Database`] when the journal cannot be read.
pub async fn residue(runner: &Runner<'_>, steps: &[Step<'_>]) -> Result<Vec<Diagnostic>, Error> {
    let versions: Vec<Version> = steps.iter().map(|step| step.migration.version).collect();
    let applications = runner
        .session
        .applications(&runner.reading.history, &versions)
        .await
        .map_err(|failure| Error::database("comparing with the journal", failure))?;
    let mut messages = Vec::new();
    for step in steps {
        let version = step.migration.version;
        let Some(application) = applications.get(&version) else {
            continue;
        };
        let mut lines = by_name(application);
        if let Some((before, after)) = runner.rollbacks.get(&version) {
            lines.extend(made(application, after));
            lines.extend(changed(application, before, after));
        }
        let lines = worth_telling(lines, step);
        if !lines.is_empty() {
            messages.push(message(step, &lines));
        }
    }
    Ok(messages)
}

/// What the server found by its name, or did not.
fn by_name(application: &Application) -> BTreeSet<Line> {
    let leftovers = application.leftovers.iter();
    leftovers
        .map(|left| Line {
            path: left.path.clone(),
            word: if left.is_missing {
                IS_NOT_BACK
            } else {
                IS_STILL_THERE
            }
            .to_string(),
            kind: word(&left.plural),
        })
        .collect()
}

const IS_STILL_THERE: &str = "is still there";
const IS_NOT_BACK: &str = "is not back";

/// What was made and was read behind the rollback.
fn made(application: &Application, after: &Catalog) -> Vec<Line> {
    let there = Report::artifact_names(&Artifacts {
        created: after.iter().cloned().collect(),
        ..Artifacts::default()
    });
    let mut lines = Vec::new();
    for (plural, paths) in there {
        for path in paths {
            if application.created.contains(&(plural.to_string(), path.clone())) {
                let (kind, word) = (word(plural), IS_STILL_THERE.to_string());
                lines.push(Line { path, word, kind });
            }
        }
    }
    lines
}

/// What was altered or removed and is there, otherwise.
fn changed(application: &Application, before: &Catalog, after: &Catalog) -> Vec<Line> {
    let residues = trace::residue(&application.traces, before, after);
    residues
        .into_iter()
        .map(|residue| {
            let word = match residue.kind {
                ResidueKind::Gone => "was there before, and is gone".to_string(),
                ResidueKind::Property { name, before, now } => {
                    let name = name.replace('_', " ");
                    let word = |value: Option<String>| value.unwrap_or_else(|| "none".to_string());
                    match (word(before), word(now)) {
                        (before, now) if before == now => format!("has another {name} than before"),
                        (before, now) => format!("has {name} {now}, had {before}"),
                    }
                }
            };
            Line {
                path: residue.object.path(),
                word,
                kind: residue.object.kind.as_str(),
            }
        })
        .collect()
}

/// Without what stands on another object that is named, and what the rollback keeps on purpose.
fn worth_telling(lines: BTreeSet<Line>, step: &Step<'_>) -> Vec<Line> {
    let whole = |line: &Line| [IS_STILL_THERE, IS_NOT_BACK].contains(&line.word.as_str());
    let wholes: Vec<(String, String)> = lines
        .iter()
        .filter(|line| whole(line))
        .map(|line| (format!("{}.", line.path), line.word.clone()))
        .collect();
    let keeps = &step.script.directives.keeps;
    let is_kept = |line: &Line| {
        keeps.iter().any(|kept| {
            let name = kept.value.split_whitespace().next_back().unwrap_or_default();
            line.path == name || line.path == format!("public.{name}")
        })
    };
    let follows = |line: &Line| {
        wholes
            .iter()
            .any(|(path, word)| *word == line.word && line.path.starts_with(path))
    };
    lines
        .into_iter()
        .filter(|line| !follows(line) && !is_kept(line))
        .collect()
}

fn message(step: &Step<'_>, lines: &[Line]) -> Diagnostic {
    let objects: BTreeSet<(&str, &str)> = lines.iter().map(|line| (line.kind, line.path.as_str())).collect();
    let mut message = Diagnostic::error(format!(
        "the rollback of {} left {} otherwise than before",
        step.migration.stem(),
        quantity(objects.len(), "object")
    ))
    .in_file(step.script.file.path())
    .fact(
        "state",
        "the rollback is committed: the migration counts as taken back",
    );
    for Line { path, word, kind } in lines {
        message = message.fact("journal", format!("{kind} {path} {word}"));
    }
    message.help("set right by hand what is named, correct the rollback, and prove it with `pgplumb prove`")
}

/// The singular of a kind; partitions are tables.
fn word(plural: &str) -> &'static str {
    let kind = Kind::ALL.into_iter().find(|kind| kind.plural() == plural);
    kind.map_or("table", Kind::as_str)
}
