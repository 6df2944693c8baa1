//! Suites and a catalog → verdicts and questions.

use std::collections::HashSet;

use crate::catalog::{Catalog, ObjectId};

use super::question::{Answers, Question};
use super::rule::{Claim, Judge, Ledger, Outcome};
use super::suite::{Check, Suite};
use super::verdict::Verdict;

/// What an evaluation found.
#[derive(Debug, Clone, Default)]
pub struct Evaluation {
    /// One a check, by suite and position in the file.
    pub verdicts: Vec<Verdict>,
    /// What only the server can answer and no answer is there for. While there are any, the verdicts that
    /// depend on them are provisional: blocked by the server.
    pub questions: Vec<Question>,
}

/// Judges suites, oldest first, against a catalog.
///
/// Each object and property is judged by the newest suite that names it, counts and queries by the newest of
/// their name; what a newer suite took over is skipped in the older one. `exact` is judged by what all suites
/// list together. Pure and repeatable: ask the questions, call again with the answers.
pub fn evaluate(suites: &[&Suite], catalog: &Catalog, answers: &Answers) -> Evaluation {
    judge(suites, 0, catalog, answers)
}

/// Judges the last of `suites` alone; those before it only say what else is there, for `exact`.
///
/// This is what `apply` asks after each migration.
pub fn evaluate_last(suites: &[&Suite], catalog: &Catalog, answers: &Answers) -> Evaluation {
    judge(suites, suites.len().saturating_sub(1), catalog, answers)
}

fn judge(suites: &[&Suite], first: usize, catalog: &Catalog, answers: &Answers) -> Evaluation {
    let ledger = ledger(suites);
    let mut questions = Vec::new();
    let mut verdicts = Vec::new();
    for (index, suite) in suites.iter().enumerate().skip(first) {
        for (number, check) in suite.checks.iter().enumerate() {
            let me = (index, number);
            let outcome = match superseded(suites, &ledger, me, check) {
                Some(outcome) => outcome,
                None => check.rule.judge(&mut Judge {
                    catalog,
                    suite,
                    ledger: &ledger,
                    me,
                    answers,
                    questions: &mut questions,
                }),
            };
            verdicts.push(verdict(suite, check, outcome));
        }
    }
    let mut seen = HashSet::new();
    questions.retain(|question| seen.insert(question.clone()));
    Evaluation { verdicts, questions }
}

/// Who answers for what: the newest suite that speaks of it.
fn ledger<'a>(suites: &[&'a Suite]) -> Ledger<'a> {
    let mut ledger = Ledger::default();
    for (index, suite) in suites.iter().enumerate() {
        // first what is gone, so that what the same suite lists is not
        for check in &suite.checks {
            if let Some(gone) = check.rule.absence() {
                ledger
                    .holders
                    .retain(|claim, _| !claim.object().is_some_and(|id| gone.covers(id)));
                ledger.gone.push((gone, index));
            }
        }
        for (number, check) in suite.checks.iter().enumerate() {
            for claim in check.rule.claims() {
                // within one suite the table's own entry answers for its being there, whatever else names it
                let keep = matches!(claim, Claim::Presence(_))
                    && check.kind == "partition"
                    && ledger.holders.get(&claim).is_some_and(|(held, _)| *held == index);
                if !keep {
                    ledger.holders.insert(claim, (index, number));
                }
            }
        }
    }
    ledger
}

/// The verdict of a check whose claims are all taken over by newer suites.
fn superseded(suites: &[&Suite], ledger: &Ledger<'_>, me: (usize, usize), check: &Check) -> Option<Outcome> {
    let claims = check.rule.claims();
    if claims
        .iter()
        .any(|claim| ledger.holders.get(claim).is_some_and(|(suite, _)| *suite == me.0))
    {
        // an older "absent" gives way to a newer suite that has the object again
        let gone = check.rule.absence()?;
        let newer = ledger
            .holders
            .iter()
            .filter(|(claim, (suite, _))| matches!(claim, Claim::Presence(_)) && *suite > me.0)
            .filter(|(claim, _)| claim.object().is_some_and(|id| gone.is(id)))
            .map(|(_, (suite, _))| *suite)
            .max()?;
        return Some(Outcome::skip(format!(
            "judged by {}, which has it again",
            suites.get(newer)?.id
        )));
    }
    let objects: Vec<&ObjectId> = claims.iter().filter_map(Claim::object).collect();
    let removed = ledger
        .gone
        .iter()
        .filter(|(gone, suite)| *suite > me.0 && objects.iter().any(|id| gone.covers(id)))
        .map(|(_, suite)| *suite)
        .max();
    let newer = claims
        .iter()
        .filter_map(|claim| ledger.holders.get(claim))
        .map(|(suite, _)| *suite)
        .max();
    let by = newer.or(removed)?;
    let suite = &suites.get(by)?.id;
    Some(Outcome::skip(if newer.is_some() {
        format!("judged by {suite}, which is newer")
    } else {
        format!("gone, says {suite}, which is newer")
    }))
}

fn verdict(suite: &Suite, check: &Check, outcome: Outcome) -> Verdict {
    let object = outcome.object.unwrap_or_else(|| {
        check
            .rule
            .claims()
            .into_iter()
            .find_map(|claim| match claim {
                Claim::Presence(id) | Claim::Property(id, _) => Some(id.path()),
                Claim::Named("absent", _) => None,
                Claim::Named(_, name) => Some(name),
            })
            .unwrap_or_else(|| check.path.trim_start_matches("absent.").to_string())
    });
    Verdict {
        id: format!("{}/{}", suite.id, check.path),
        suite: suite.id.clone(),
        kind: check.kind,
        object,
        status: outcome.status,
        expected: Some(check.expected.clone()),
        actual: outcome.actual,
        message: outcome.message,
        blocked_by: outcome.blocked_by,
        source: suite.location(check),
        differences: outcome.differences,
        measure: outcome.measure,
        remedy: outcome.remedy,
    }
}
