//! Suites against a catalog that was read, with what only the server can answer.

use super::busy::Busy;
use super::context::{self, Answered, Context};
use super::{Error, probes};
use crate::catalog::Catalog;
use crate::check::{Answers, Evaluation, Probe, Question, Suite, Verdict};
use crate::db::ask;
use crate::db::batch::Batch;
use crate::db::error::Error as DbError;
use crate::db::probe::{self, Cut, Moved, Probed};
use crate::db::session::{self, Session};
use crate::diagnostic::Diagnostic;

/// Where probes run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Behind a savepoint of the open transaction, which goes on: that of a migration.
    Within,
    /// In a transaction of their own, once that of the reading has ended.
    Apart,
}

/// What the suites gave.
#[derive(Debug, Default)]
pub struct Judged {
    pub verdicts: Vec<Verdict>,
    /// What a rollback does not take back.
    pub notes: Vec<Diagnostic>,
}

/// Judges suites against a catalog that was read, asking the server where texts do not agree, and running probes
/// when all else is known. The caller ends the transaction.
///
/// # Errors
/// [`Error::Database`] when the server cannot be asked at all; [`Error::Busy`] when a probe met a busy table.
pub async fn judge(
    context: &Context<'_>,
    session: &Session,
    suites: &[&Suite],
    catalog: &Catalog,
    place: Place,
    evaluate: impl Fn(&[&Suite], &Catalog, &Answers) -> Evaluation,
) -> Result<Judged, Error> {
    let mut answers = Answers::default();
    judge_knowing(context, session, suites, catalog, place, evaluate, &mut answers).await
}

/// The same with what the server has answered before, to which the new answers are added.
pub async fn judge_knowing(
    context: &Context<'_>,
    session: &Session,
    suites: &[&Suite],
    catalog: &Catalog,
    place: Place,
    evaluate: impl Fn(&[&Suite], &Catalog, &Answers) -> Evaluation,
    answers: &mut Answers,
) -> Result<Judged, Error> {
    let mut notes = Vec::new();
    loop {
        let evaluation = evaluate(suites, catalog, answers);
        if evaluation.questions.is_empty() {
            let verdicts = evaluation.verdicts;
            return Ok(Judged { verdicts, notes });
        }
        let known = answers.len();
        let probes: Vec<&Probe> = evaluation.questions.iter().filter_map(probe_of).collect();
        if probes.len() < evaluation.questions.len() {
            let asked = context
                .answer(session, ask::ask(session, &evaluation.questions))
                .await;
            let new = asked
                .or_interrupted("the checks ran")?
                .map_err(|failure| Error::database("judging the checks", failure))?;
            answers.extend(new);
        } else {
            let probed = probe(context, session, &probes, place, suites).await?;
            notes.extend(moved(&probed.sequences));
            answers.extend(probed.answers);
        }
        if answers.len() == known {
            return Err(Error::database(
                "judging the checks",
                context::unexpected(DbError::Unexpected(
                    "questions were left without an answer".to_string(),
                )),
            ));
        }
    }
}

fn probe_of(question: &Question) -> Option<&Probe> {
    match question {
        Question::Probe(probe) => Some(probe),
        Question::Same { .. } | Question::Rows { .. } | Question::Audit => None,
    }
}

/// Runs the probes where they may run.
async fn probe(
    context: &Context<'_>,
    session: &Session,
    probes: &[&Probe],
    place: Place,
    suites: &[&Suite],
) -> Result<Probed, Error> {
    if place == Place::Apart {
        session.rollback().await;
    }
    if let Err(reason) = probes::allowed(context) {
        return Ok(probe::not_run(probes, &reason));
    }
    if place == Place::Apart {
        let mut batch = Batch::new();
        session.begin(&mut batch, "ISOLATION LEVEL READ COMMITTED", &session.settings);
        context::ask(session, "beginning the transaction of the probes", batch).await?;
    }
    let Answered { answer, interrupted } = context.answer(session, probe::run(session, probes)).await;
    match answer {
        Some(Ok(probed)) if !interrupted => Ok(probed),
        Some(Err(cut)) if !interrupted && session::is_lock_timeout(&cut.failure) => {
            let busy = Busy::look_up(session, suites, probes, &cut).await;
            Err(Error::Busy(Box::new(busy)))
        }
        Some(Err(cut)) if !interrupted => Err(Error::database("running the probes", cut.failure)),
        Some(Ok(Probed { sequences, .. }) | Err(Cut { sequences, .. })) => Err(cut_short(&sequences)),
        None => Err(cut_short(&[])),
    }
}

/// The user interrupted the probes.
fn cut_short(sequences: &[Moved]) -> Error {
    let interrupted = Diagnostic::error("interrupted while the probes ran")
        .fact("state", "what the probes wrote was rolled back");
    Error::Interrupted(std::iter::once(interrupted).chain(moved(sequences)).collect())
}

/// What a rollback does not take back.
pub(super) fn moved(sequences: &[Moved]) -> Option<Diagnostic> {
    if sequences.is_empty() {
        return None;
    }
    let each: Vec<String> = sequences
        .iter()
        .map(|moved| match &moved.last_value {
            Some(value) => format!("{} (now at {value})", moved.name),
            None => moved.name.clone(),
        })
        .collect();
    let noun = if each.len() == 1 {
        "a sequence"
    } else {
        "sequences"
    };
    Some(
        Diagnostic::note(format!(
            "the probes were rolled back, but moved {noun} on: {}",
            each.join(", ")
        ))
        .help("expect a gap in the numbers, or give the rows of the probes numbers of their own"),
    )
}
