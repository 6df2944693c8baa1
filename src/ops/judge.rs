//! Suites against a catalog that was read, with what only the server can answer.

use std::sync::Arc;

use super::busy::Busy;
use super::context::{self, Answered, Context, Event};
use super::{Error, probes};
use crate::catalog::Catalog;
use crate::check::{Answer, Answers, Claimed, Evaluator, Probe, Question, Suite, Verdict};
use crate::db::ask;
use crate::db::batch::{Batch, Failure};
use crate::db::error::Error as DbError;
use crate::db::isolation;
use crate::db::probe::{self, Cut, Moved, Probed};
use crate::db::session::{self, Session};
use crate::diagnostic::Diagnostic;
use crate::isolation::{Isolation, Matrix};

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
    /// What came of the isolation matrices.
    pub matrices: Vec<Arc<Matrix>>,
}

/// Judges some of the suites (see [`crate::check::evaluate_where`]) against a catalog that was read, asking the
/// server where texts do not agree, and running probes when all else is known. The caller ends the transaction.
///
/// # Errors
/// [`Error::Database`] when the server cannot be asked at all; [`Error::Busy`] when a probe met a busy table.
pub async fn judge(
    context: &Context<'_>,
    session: &Session,
    suites: &[&Suite],
    catalog: &Catalog,
    place: Place,
    is_judged: impl Fn(&Suite) -> bool,
) -> Result<Judged, Error> {
    let claimed = Claimed::by(suites);
    judge_claimed(
        context,
        session,
        &claimed,
        catalog,
        place,
        is_judged,
        &mut Answers::default(),
    )
    .await
}

/// The same of suites whose claims are known, with what the server has answered before; the new answers are added.
pub async fn judge_claimed(
    context: &Context<'_>,
    session: &Session,
    claimed: &Claimed<'_>,
    catalog: &Catalog,
    place: Place,
    is_judged: impl Fn(&Suite) -> bool,
    answers: &mut Answers,
) -> Result<Judged, Error> {
    let mut notes = Vec::new();
    let mut matrices = Vec::new();
    let mut evaluator = Evaluator::new(claimed, is_judged, catalog, answers);
    loop {
        let questions = evaluator.questions();
        if questions.is_empty() {
            return Ok(Judged {
                verdicts: evaluator.into_verdicts(),
                notes,
                matrices,
            });
        }
        let known = answers.len();
        let writing = Writing::of(questions);
        if questions.iter().any(|question| !writes(question)) {
            let asked = context.answer(session, ask::ask(session, questions)).await;
            let new = asked
                .or_interrupted("the checks ran")?
                .map_err(|failure| Error::database("judging the checks", failure))?;
            answers.extend(new);
        } else {
            let probed = probe(context, session, &writing, place, claimed.suites()).await?;
            let moved = moved(&probed.sequences);
            if let Some(note) = &moved {
                let sequences = note.message.clone();
                (context.events)(Event::Moved { sequences });
            }
            notes.extend(moved);
            matrices.extend(writing.matrices(&probed.answers));
            answers.extend(probed.answers);
        }
        if answers.len() == known {
            return Err(Error::database(
                "judging the checks",
                Failure::of(DbError::Unexpected(
                    "questions were left without an answer".to_string(),
                )),
            ));
        }
        evaluator.resume(answers);
    }
}

fn writes(question: &Question) -> bool {
    matches!(question, Question::Probe(_) | Question::Isolation(_))
}

/// The questions that write.
struct Writing<'q> {
    probes: Vec<&'q Probe>,
    isolations: Vec<&'q Isolation>,
}

impl<'q> Writing<'q> {
    fn of(questions: &'q [Question]) -> Writing<'q> {
        let mut writing = Writing {
            probes: Vec::new(),
            isolations: Vec::new(),
        };
        for question in questions {
            match question {
                Question::Probe(probe) => writing.probes.push(probe),
                // every cell of a matrix asks for all of it
                Question::Isolation(isolation) if writing.isolations.contains(&isolation) => {}
                Question::Isolation(isolation) => writing.isolations.push(isolation),
                Question::Same { .. } | Question::Rows { .. } | Question::Audit => {}
            }
        }
        writing
    }

    /// The matrices among the answers, in the order of the questions.
    fn matrices(&self, answers: &Answers) -> Vec<Arc<Matrix>> {
        let asked = self.isolations.iter();
        asked
            .filter_map(
                |isolation| match answers.get(&Question::Isolation((*isolation).clone())) {
                    Some(Answer::Isolation(matrix)) => Some(Arc::clone(matrix)),
                    _ => None,
                },
            )
            .collect()
    }

    fn not_run(&self, reason: &str) -> Probed {
        let mut probed = probe::not_run(&self.probes, reason);
        probed
            .answers
            .extend(isolation::not_run(&self.isolations, reason).answers);
        probed
    }

    async fn run(&self, session: &Session) -> Result<Probed, Cut> {
        let mut probed = Probed::default();
        if !self.probes.is_empty() {
            probed = probe::run(session, &self.probes).await?;
        }
        if !self.isolations.is_empty() {
            let isolated = isolation::run(session, &self.isolations).await?;
            probed.answers.extend(isolated.answers);
            probed.sequences.extend(isolated.sequences);
        }
        Ok(probed)
    }
}

/// Runs the probes where they may run.
async fn probe(
    context: &Context<'_>,
    session: &Session,
    writing: &Writing<'_>,
    place: Place,
    suites: &[&Suite],
) -> Result<Probed, Error> {
    if place == Place::Apart {
        session.rollback().await;
    }
    if let Err(reason) = probes::allowed(context) {
        return Ok(writing.not_run(&reason));
    }
    if place == Place::Apart {
        let mut batch = Batch::new();
        session.begin(&mut batch, "ISOLATION LEVEL READ COMMITTED", &session.settings);
        context::ask(session, "beginning the transaction of the probes", batch).await?;
    }
    let Answered { answer, interrupted } = context.answer(session, writing.run(session)).await;
    match answer {
        Some(Ok(probed)) if !interrupted => Ok(probed),
        Some(Err(cut)) if !interrupted && session::is_lock_timeout(&cut.failure) => {
            let busy = Busy::look_up(session, suites, &writing.probes, &cut).await;
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
