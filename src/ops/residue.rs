//! What a rollback left otherwise than it was before the migration, by what the journal knows of that time.

use std::collections::BTreeSet;

use super::Error;
use super::runner::Runner;
use crate::catalog::{Catalog, Kind, Object, ObjectId};
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
        let both = runner.rollbacks.get(&version);
        let mut lines = by_name(application, both.map(|(_, after)| after));
        if let Some((before, after)) = both {
            let older: Vec<_> = runner.rollbacks.range(..version).map(|(_, both)| both).collect();
            lines.extend(made(application, after, &older));
            lines.extend(changed(application, before, after, &older));
        }
        let lines = worth_telling(lines, step);
        if !lines.is_empty() {
            messages.push(message(step, &lines));
        }
    }
    Ok(messages)
}

/// What the server finds by its name now, or does not. What the rollback itself brought back went with another of the
/// same run.
fn by_name(application: &Application, after: Option<&Catalog>) -> BTreeSet<Line> {
    let there = after.map(|after| names(after.iter())).unwrap_or_default();
    let leftovers = application.leftovers.iter();
    leftovers
        .filter(|left| !(left.is_missing && there.contains(&(left.plural.clone(), left.path.clone()))))
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

/// Plural and path of each, as the journal has them.
fn names<'o>(objects: impl Iterator<Item = &'o Object>) -> BTreeSet<(String, String)> {
    let names = Report::artifact_names(&Artifacts {
        created: objects.cloned().collect(),
        ..Artifacts::default()
    });
    names
        .into_iter()
        .flat_map(|(plural, paths)| paths.into_iter().map(move |path| (plural.to_string(), path)))
        .collect()
}

const IS_STILL_THERE: &str = "is still there";
const IS_NOT_BACK: &str = "is not back";

/// The catalog before and behind a rollback.
type Both = (Catalog, Catalog);

/// Whether an older migration's rollback of the same run took the object away, or the table that it stands on.
fn is_gone(object: &ObjectId, older: &[&Both]) -> bool {
    let table = ObjectId::new(Kind::Table, object.schema.clone(), object.relation.clone());
    older.iter().any(|(before, after)| {
        [object, &table]
            .iter()
            .any(|id| before.get(id).is_some() && after.get(id).is_none())
    })
}

/// What was made and was read behind the rollback.
fn made(application: &Application, after: &Catalog, older: &[&Both]) -> Vec<Line> {
    let there = names(after.iter().filter(|object| !is_gone(&object.id, older)));
    there
        .intersection(&application.created)
        .map(|(plural, path)| Line {
            path: path.clone(),
            word: IS_STILL_THERE.to_string(),
            kind: word(plural),
        })
        .collect()
}

/// What was altered or removed and is there, otherwise.
fn changed(application: &Application, before: &Catalog, after: &Catalog, older: &[&Both]) -> Vec<Line> {
    let residues = trace::residue(&application.traces, before, after);
    residues
        .into_iter()
        .filter(|residue| !is_gone(&residue.object, older))
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
