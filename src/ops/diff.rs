//! `diff`: what one catalog has otherwise than another, each of a snapshot or of a database. Nothing is written.
//!
//! Two databases that the same scripts made differ in spelling: where they are of other versions, or one was restored
//! from a dump. So the server of a side that is a database is asked whether two texts mean the same, and what comes of
//! the versions alone is told apart.

use std::collections::BTreeMap;
use std::time::Instant;

use super::context::{Context, ask};
use super::runner::millis;
use super::snapshot::whole;
use super::{Error, begin};
use crate::catalog::by_version::{self, Reading};
use crate::catalog::diff::{self, Change, ChangeKind};
use crate::catalog::{Catalog, Context as Meaning, Object, PropertyType, Value, json};
use crate::check::{Answer, Question};
use crate::db::ask::ask as put;
use crate::db::batch::Batch;
use crate::db::session::Session;
use crate::diagnostic::Diagnostic;
use crate::report::model::{Conclusion, Difference, Report};
use crate::report::summary::quantity;
use crate::report::{ExitCode, changes};

/// One side of a difference.
pub struct Side {
    /// For people.
    name: String,
    version_num: u32,
    catalog: Catalog,
    /// Of a database: its server can be asked.
    session: Option<Session>,
    /// What is to be said of it.
    note: Option<Diagnostic>,
}

impl Side {
    /// A document that `snapshot` wrote.
    ///
    /// # Errors
    /// [`Error::Input`] with the place in it.
    pub fn of_text(name: &str, text: &str) -> Result<Side, Error> {
        let (version_num, catalog) = json::read(text).map_err(|error| {
            let place = error.place.map_or(name.to_string(), |(line, column)| {
                format!("{name}:{line}:{column}")
            });
            Error::Input(vec![
                Diagnostic::error(format!("{place}: this is no snapshot: {}", error.message))
                    .help("name a file that `pgplumb snapshot` wrote"),
            ])
        })?;
        Ok(Side {
            name: name.to_string(),
            version_num,
            catalog,
            session: None,
            note: None,
        })
    }

    /// A database as it is now.
    ///
    /// # Errors
    /// [`Error`] when it could not be looked at.
    pub async fn of_database(context: &Context<'_>) -> Result<Side, Error> {
        let (mut session, reading, note) = context.open_to_look().await?;
        let described = context.database(&session, &reading);
        let catalog = whole(context, &mut session).await?;
        Ok(Side {
            name: format!(
                "database {} on {}:{}",
                described.name, described.host, described.port
            ),
            version_num: session.version_num(),
            catalog,
            session: Some(session),
            note,
        })
    }

    fn reading(&self) -> Reading<'_> {
        Reading {
            catalog: &self.catalog,
            version_num: self.version_num,
        }
    }

    fn major(&self) -> u32 {
        self.version_num / 10_000
    }
}

/// What the second has otherwise than the first: exit 1 when anything.
///
/// # Errors
/// [`Error::Database`] when the conversation with a server breaks.
pub async fn diff(before: Side, after: Side) -> Result<Report, Error> {
    let started = Instant::now();
    let mut report = begin("diff");
    let mut differing = diff::diff(&before.catalog, &after.catalog);
    let alike = alike(&differing, &before, &after).await?;
    let mut alike = alike.into_iter();
    differing.retain(|_| !alike.next().unwrap_or(false));
    let (of_versions, differing): (Vec<Change>, Vec<Change>) = differing
        .into_iter()
        .partition(|change| by_version::explains(change, before.reading(), after.reading()));
    let lines =
        |changes: &[Change]| changes::lines(changes, |id| before.catalog.get(id), |id| after.catalog.get(id));
    report.exit = match differing.is_empty() {
        true => ExitCode::Done,
        false => ExitCode::NotApproved,
    };
    report.conclusion = Some(match differing.is_empty() {
        true => Conclusion::Approved,
        false => Conclusion::NotApproved,
    });
    report.diagnostics = told_of_versions(&before, &after, &lines(&of_versions), &differing);
    for side in [&before, &after] {
        let note = side.note.iter().cloned();
        let note = note.map(|note| note.fact("database", &side.name));
        report.diagnostics.extend(note);
    }
    report.difference = Some(Difference {
        changes: lines(&differing),
        sides: [before.name.clone(), after.name.clone()],
    });
    report.duration_ms = millis(started.elapsed());
    Ok(report)
}

/// What is said about two versions.
fn told_of_versions(
    before: &Side,
    after: &Side,
    of_versions: &[crate::report::model::ChangeLine],
    differing: &[Change],
) -> Vec<Diagnostic> {
    if before.major() == after.major() {
        return Vec::new();
    }
    let mut told = Vec::new();
    if !of_versions.is_empty() {
        let sentences: Vec<String> = of_versions.iter().map(changes::sentence).collect();
        let message = format!(
            "{} of the versions of PostgreSQL, {} and {}, and {} not counted",
            match of_versions.len() {
                1 => "1 difference comes".to_string(),
                count => format!("{count} differences come"),
            },
            before.major(),
            after.major(),
            if of_versions.len() == 1 { "is" } else { "are" },
        );
        told.push(Diagnostic::note(message).fact("by version", sentences.join("\n")));
    }
    let texts = differing
        .iter()
        .filter(|change| !texts(change).is_empty())
        .count();
    if texts > 0 && before.session.is_none() && after.session.is_none() {
        let message = format!(
            "the two are of different versions of PostgreSQL, {} and {}, and no server was asked whether {} the same",
            before.major(),
            after.major(),
            match texts {
                1 => "the definition that differs means".to_string(),
                count => format!("the {} that differ mean", quantity(count, "definition")),
            }
        );
        told.push(
            Diagnostic::warning(message)
                .help("compare with a database instead of its snapshot to have it asked"),
        );
    }
    told
}

/// For each change, whether the two texts mean the same to a server that has both.
async fn alike(changes: &[Change], before: &Side, after: &Side) -> Result<Vec<bool>, Error> {
    let asked = match (&before.session, &after.session) {
        // a newer server reads what an older one has printed
        (Some(_), Some(_)) if before.major() > after.major() => before,
        (Some(_), None) => before,
        (_, Some(_)) => after,
        (None, None) => return Ok(vec![false; changes.len()]),
    };
    let Some(session) = &asked.session else {
        return Ok(vec![false; changes.len()]);
    };
    let mut questions: BTreeMap<usize, Vec<Question>> = BTreeMap::new();
    for (index, change) in changes.iter().enumerate() {
        let Some(object) = asked.catalog.get(&change.object) else {
            continue;
        };
        let texts = texts(change).into_iter();
        let of = texts.filter_map(|(meaning, old, new)| question(object, meaning, old, new));
        let of: Vec<Question> = of.collect();
        if !of.is_empty() {
            questions.insert(index, of);
        }
    }
    if questions.is_empty() {
        return Ok(vec![false; changes.len()]);
    }
    let all: Vec<Question> = questions.values().flatten().cloned().collect();
    let mut batch = Batch::new();
    session.begin(&mut batch, "ISOLATION LEVEL REPEATABLE READ", &session.settings);
    ask(session, "comparing definitions", batch).await?;
    let answers = put(session, &all).await;
    session.rollback().await;
    let answers = answers.map_err(|failure| Error::database("comparing definitions", failure))?;
    Ok((0..changes.len())
        .map(|index| {
            questions.get(&index).is_some_and(|questions| {
                let is_same = |question| answers.get(question) == Some(&Answer::Same);
                questions.iter().all(is_same)
            })
        })
        .collect())
}

/// The pairs of SQL texts that a change is about; none when it is about something else besides.
fn texts(change: &Change) -> Vec<(Meaning, &str, &str)> {
    let ChangeKind::Changed {
        property,
        before: Some(before),
        after: Some(after),
    } = &change.kind
    else {
        return Vec::new();
    };
    match (
        change
            .object
            .kind
            .property(property)
            .map(|property| property.kind),
        before,
        after,
    ) {
        // types are spelled alike in every version
        (Some(PropertyType::Expression(Meaning::Type | Meaning::Literal)), ..) => Vec::new(),
        (Some(PropertyType::Expression(meaning)), Value::Text(before), Value::Text(after)) => {
            vec![(meaning, before, after)]
        }
        (Some(PropertyType::Expressions(meaning)), Value::List(before), Value::List(after))
            if before.len() == after.len() =>
        {
            let both = before.iter().zip(after);
            both.filter(|(before, after)| before != after)
                .map(|(before, after)| (meaning, before.as_str(), after.as_str()))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Asks for the meaning of two texts of an object.
fn question(object: &Object, meaning: Meaning, old: &str, new: &str) -> Option<Question> {
    let id = &object.id;
    let is_of_relation = match meaning {
        Meaning::Predicate | Meaning::Scalar | Meaning::Generated | Meaning::TriggerWhen | Meaning::Rule => {
            true
        }
        Meaning::Default | Meaning::Query => false,
        Meaning::Literal | Meaning::Type | Meaning::Body => return None,
    };
    let column_type = match meaning {
        Meaning::Default => Some(object.text("type")?.to_string()),
        _ => None,
    };
    Some(Question::Same {
        context: meaning,
        relation: is_of_relation.then(|| (id.schema.to_string(), id.relation.to_string())),
        column_type,
        schema: id.schema.to_string(),
        expected: unended(old),
        actual: unended(new),
    })
}

fn unended(query: &str) -> String {
    query.trim_end().trim_end_matches(';').to_string()
}
