//! What came of a probe: the first step that is not as expected decides.

use std::borrow::Cow;

use super::Want;
use crate::catalog::Scope;
use crate::check::kind::expect;
use crate::check::object::missing_object;
use crate::check::question::{Answer, Met, Phase, Probe, Question, Refusal, Step};
use crate::check::rule::{Claim, Judge, Outcome, Rule};
use crate::check::suite::Suite;
use crate::sql::glob;
use crate::sql::name::quote_ident;

#[derive(Debug)]
pub(super) struct ProbeRule {
    pub(super) name: String,
    pub(super) probe: Probe,
    /// What is expected of each step, and where its statement stands.
    pub(super) wants: Vec<(Want, usize)>,
}

impl Rule for ProbeRule {
    fn claims(&self) -> Vec<Claim<'_>> {
        vec![Claim::Named("probe", Cow::Borrowed(&self.name))]
    }

    fn acts_as(&self) -> Vec<&str> {
        let roles = self.probe.steps.iter().filter_map(|step| step.role.as_deref());
        roles.collect()
    }

    fn cover(&self, _: &mut Scope) {}

    fn judge(&self, judge: &mut Judge<'_>) -> Outcome {
        let name = &self.name;
        match judge.ask(Question::Probe(self.probe.clone())) {
            Some(Answer::Probe(met)) => {
                let texts = self.texts(met, judge);
                self.compare(judge.suite, met, &texts)
            }
            Some(Answer::NotRun { reason }) => Outcome::skip(reason.clone()),
            Some(Answer::CannotTell { reason }) => Outcome::blocked(
                reason.clone(),
                format!("probe \"{name}\" cannot be judged: {reason}"),
            ),
            _ => Outcome::blocked(
                "the server",
                format!("probe \"{name}\" was not put to the server"),
            ),
        }
    }
}

impl ProbeRule {
    pub(super) fn expected(&self) -> String {
        if let [(want, _)] = self.wants.as_slice() {
            return want.to_string();
        }
        let steps = self.wants.iter().enumerate();
        let steps: Vec<String> = steps
            .map(|(number, (want, _))| format!("step {}: {want}", number + 1))
            .collect();
        steps.join("; ")
    }

    fn prepared_at(&self, phase: Phase, step: &Step) -> Option<usize> {
        match phase {
            Phase::Shared => self.probe.shared.first().map(|given| given.at),
            Phase::Given => step.given.as_ref().map(|given| given.at),
            Phase::Role => None,
        }
    }

    /// Of each step, which columns are texts, where that matters: the probe is run again with that step's statement
    /// asked for it. A statement that cannot be asked is taken for one that returns figures.
    fn texts(&self, met: &[Met], judge: &mut Judge<'_>) -> Vec<Texts> {
        let mut all = Vec::new();
        for (number, met) in met.iter().enumerate() {
            let mut probe = self.probe.clone();
            let step = probe.steps.get_mut(number).zip(self.wants.get(number));
            let (Met::Rows { rows, .. }, Some((step, (want, _)))) = (met, step) else {
                all.push(Texts::new());
                continue;
            };
            let Some(sql) = want.rows.question(&step.run, rows) else {
                all.push(Texts::new());
                continue;
            };
            step.run = sql;
            let answer = match judge.ask(Question::Probe(probe)) {
                Some(Answer::Probe(again)) => again.get(number),
                _ => None,
            };
            all.push(match answer {
                Some(Met::Rows { rows, .. }) => rows.clone(),
                _ => Texts::new(),
            });
        }
        all
    }

    /// The first step that is not as expected decides.
    fn compare(&self, suite: &Suite, met: &[Met], texts: &[Texts]) -> Outcome {
        let mut last = None;
        for (number, (want, at)) in self.wants.iter().enumerate() {
            let what = match self.wants.len() {
                1 => format!("probe \"{}\"", self.name),
                _ => format!("probe \"{}\", step {}", self.name, number + 1),
            };
            let (Some(met), Some(step)) = (met.get(number), self.probe.steps.get(number)) else {
                return Outcome::blocked("the server", format!("{what} was not run"));
            };
            let outcome = judge_step(&what, want, step, (met, &texts[number]));
            if outcome.status != crate::check::Status::Pass {
                let (at, statement) = match met {
                    Met::Unready { phase, .. } => (self.prepared_at(*phase, step).unwrap_or(*at), None),
                    _ => (*at, Some(shortened(&step.run))),
                };
                let place = suite.file.location(at);
                let mut message = format!("{}; {}:{}", outcome.message, place.file, place.line);
                if let Some(statement) = statement {
                    message.push_str(&format!(": {statement}"));
                }
                // the statement belongs to it, and a table of parts has no place for one
                return Outcome {
                    message,
                    differences: Vec::new(),
                    ..outcome
                };
            }
            last = outcome.actual;
        }
        match last {
            Some(actual) => Outcome::pass().actual(actual),
            None => Outcome::pass(),
        }
    }
}

/// A statement on one line, cut where it is long.
pub(crate) fn shortened(sql: &str) -> String {
    const MOST: usize = 200;
    let words: Vec<&str> = sql.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Which columns are texts: one row, or none where nothing was asked.
type Texts = Vec<Vec<Option<String>>>;

fn judge_step(what: &str, want: &Want, step: &Step, (met, texts): (&Met, &Texts)) -> Outcome {
    match met {
        Met::Unready { phase, refusal } => unready(what, *phase, step, refusal),
        Met::Refused(refusal) if want.is_to_fail() => refused_as_wanted(what, want, refusal),
        Met::Refused(refusal) => refused(what, want, refusal),
        Met::Rows { rows, affected } if want.is_to_fail() => {
            let have = match rows.is_empty() {
                true => format!("{affected} affected"),
                false => expect::show(rows),
            };
            differs(what, "went through", have, want.to_string())
        }
        Met::Rows { rows, affected } => {
            if !want.rows.is_empty() {
                let outcome = want.rows.judge(what, rows, texts);
                if outcome.status != crate::check::Status::Pass {
                    return outcome;
                }
            }
            let have = format!("{affected} affected");
            match want.affected {
                Some(wanted) if wanted != *affected => differs(
                    what,
                    "affected another number of rows",
                    affected.to_string(),
                    wanted.to_string(),
                ),
                Some(_) if want.rows.is_empty() => Outcome::pass().actual(have),
                _ if want.rows.is_empty() => Outcome::pass().actual("no error"),
                _ => Outcome::pass().actual(expect::show(rows)),
            }
        }
    }
}

fn differs(what: &str, how: &str, have: String, want: String) -> Outcome {
    Outcome::fail(format!("{what} {how}: have `{have}`, want `{want}`")).actual(have)
}

fn spelled(refusal: &Refusal) -> String {
    format!("error {}: {}", refusal.sqlstate, refusal.message)
}

/// An error came, and one is expected: is it this one?
fn refused_as_wanted(what: &str, want: &Want, refusal: &Refusal) -> Outcome {
    let is_code = want.error.as_ref().is_none_or(|code| *code == refusal.sqlstate);
    let is_message = want
        .message
        .as_ref()
        .is_none_or(|pattern| glob(pattern, &refusal.message));
    if is_code && is_message {
        return Outcome::pass().actual(spelled(refusal));
    }
    differs(what, "was refused otherwise", spelled(refusal), want.to_string())
}

/// An error that nobody expected; one of a missing thing is that thing's.
fn refused(what: &str, want: &Want, refusal: &Refusal) -> Outcome {
    if let Some(outcome) = not_yet(what, refusal) {
        return outcome;
    }
    match missing_object(&refusal.sqlstate, &refusal.message) {
        Some(missing) => Outcome::blocked(missing, format!("{what} cannot run: {}", refusal.message))
            .actual(spelled(refusal)),
        None => differs(what, "was refused", spelled(refusal), want.to_string()),
    }
}

/// Role, settings or fixtures did not come about, so nothing was judged.
fn unready(what: &str, phase: Phase, step: &Step, refusal: &Refusal) -> Outcome {
    if let Some(outcome) = not_yet(what, refusal) {
        return outcome;
    }
    let doing = match (phase, &step.role) {
        (Phase::Shared, _) => "what [probes] gives".to_string(),
        (Phase::Given, _) => "what is given".to_string(),
        (Phase::Role, Some(role)) if matches!(refusal.sqlstate.as_str(), "22023" | "42501") => {
            return not_become(what, role, refusal);
        }
        (Phase::Role, _) => {
            let message = format!("{what}: its settings failed: {}", spelled(refusal));
            return Outcome::fail(message).actual(spelled(refusal));
        }
    };
    match missing_object(&refusal.sqlstate, &refusal.message) {
        Some(missing) => Outcome::blocked(missing, format!("{what}: {doing} failed: {}", refusal.message)),
        None => Outcome::fail(format!("{what}: {doing} failed: {}", spelled(refusal))),
    }
    .actual(spelled(refusal))
}

/// The role is not there, or the connecting one may not become it.
fn not_become(what: &str, role: &str, refusal: &Refusal) -> Outcome {
    let role = quote_ident(role);
    let (missing, remedy) = match refusal.sqlstate.as_str() {
        "42501" => (
            format!("membership in role {role}"),
            format!(
                "let an administrator run GRANT {role} TO the connecting role, or leave the probes out with --no-probes"
            ),
        ),
        _ => (
            format!("role {role}"),
            format!("create role {role}, or correct as_role"),
        ),
    };
    let message = format!("{what} cannot become {role}: {}", refusal.message);
    Outcome::blocked(missing, message)
        .actual(spelled(refusal))
        .remedy(Some(remedy))
}

/// A label that an enum got in this very transaction can be used only behind COMMIT.
fn not_yet(what: &str, refusal: &Refusal) -> Option<Outcome> {
    (refusal.sqlstate == "55P04").then(|| {
        Outcome::warn(format!(
            "{what} could not be judged before COMMIT, for it uses what this transaction adds: {}; run `pgplumb verify` \
             behind it",
            refusal.message
        ))
        .actual(spelled(refusal))
    })
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::question::{Answer, Met, Phase, Refusal};
    use crate::check::testing::{one, sample, settle, suite};

    fn refusal(sqlstate: &str, message: &str) -> Refusal {
        Refusal {
            sqlstate: sqlstate.to_string(),
            message: message.to_string(),
        }
    }

    fn rows(cells: &[&str], affected: u64) -> Met {
        Met::Rows {
            rows: cells.iter().map(|cell| vec![Some(cell.to_string())]).collect(),
            affected,
        }
    }

    fn judged(body: &str, met: &[Met]) -> (Status, String, Option<String>) {
        let suite = suite("0001", &format!("[[probe]]\nname = \"p\"\n{body}"));
        let verdicts = settle(&[&suite], &sample(), |_| Answer::Probe(met.to_vec()));
        let verdict = one(&verdicts, "0001/probe.p");
        (
            verdict.status,
            verdict.message.clone(),
            verdict.blocked_by.clone(),
        )
    }

    #[test]
    fn results_counts_and_errors_are_compared() {
        let denied = || Met::Refused(refusal("42501", "permission denied for table t"));
        for (body, met, status) in [
            ("expect = 0", rows(&["0"], 1), Status::Pass),
            ("expect = 0", rows(&["1"], 1), Status::Fail),
            ("rows = []", rows(&[], 0), Status::Pass),
            ("at_least = 2", rows(&["1"], 1), Status::Fail),
            ("affected = 0", rows(&[], 0), Status::Pass),
            ("affected = 0", rows(&[], 1), Status::Fail),
            ("expect = 7\naffected = 1", rows(&["7"], 1), Status::Pass),
            ("expect = 7\naffected = 2", rows(&["7"], 1), Status::Fail),
            ("error = \"42501\"", denied(), Status::Pass),
            ("error = \"23505\"", denied(), Status::Fail),
            ("message = \"permission denied*\"", denied(), Status::Pass),
            ("message = \"permission denied\"", denied(), Status::Fail),
            (
                "error = \"42501\"\nmessage = \"*row-level*\"",
                denied(),
                Status::Fail,
            ),
            ("error = \"42501\"", rows(&[], 0), Status::Fail),
            ("expect = 0", denied(), Status::Fail),
        ] {
            let body = format!("run = \"select 1\"\n{body}");
            assert_eq!(judged(&body, &[met]).0, status, "{body}");
        }
    }

    #[test]
    fn a_failure_shows_the_step_and_its_statement_with_its_line() {
        let steps = "[[probe.step]]\nrun = \"update t set a = 1\"\n[[probe.step]]\nrun = \"\"\"\n  select\n  1\"\"\"\nexpect = 2\n";
        let (status, message, _) = judged(steps, &[rows(&[], 3), rows(&["1"], 1)]);
        assert_eq!(status, Status::Fail);
        assert_eq!(
            message,
            "probe \"p\", step 2 returned `1`, want `2`; checks/0001.toml:7: select 1"
        );
        // a step that nothing is expected of has to go through
        let refused = Met::Refused(refusal("23514", "violates"));
        assert_eq!(
            judged(steps, &[refused]).1,
            "probe \"p\", step 1 was refused: have `error 23514: violates`, want `no error`; checks/0001.toml:4: \
             update t set a = 1"
        );
    }

    #[test]
    fn what_is_missing_blocks() {
        let run = "run = \"select 1\"\nexpect = 1\nas_role = \"app\"\n";
        let missing = refusal("42P01", "relation \"x\" does not exist");
        let blocked = |met: Met| {
            let (status, _, by) = judged(run, &[met]);
            (status, by.unwrap_or_default())
        };
        assert_eq!(
            blocked(Met::Refused(missing.clone())),
            (Status::Blocked, "table x".to_string())
        );
        for phase in [Phase::Shared, Phase::Given] {
            let refusal = missing.clone();
            assert_eq!(
                blocked(Met::Unready { phase, refusal }),
                (Status::Blocked, "table x".to_string())
            );
        }
        let unready = |phase, sqlstate: &str| Met::Unready {
            phase,
            refusal: refusal(sqlstate, "no"),
        };
        assert_eq!(
            blocked(unready(Phase::Role, "22023")),
            (Status::Blocked, "role app".to_string())
        );
        assert_eq!(
            blocked(unready(Phase::Role, "42501")),
            (Status::Blocked, "membership in role app".to_string())
        );
        assert_eq!(blocked(unready(Phase::Given, "23505")).0, Status::Fail);
        // what cannot be known before COMMIT is no failure, and no pass
        assert_eq!(blocked(unready(Phase::Given, "55P04")).0, Status::Warn);
        // an end that nobody looked at is no pass
        assert_eq!(judged(run, &[]).0, Status::Blocked);
    }

    #[test]
    fn the_newest_of_a_name_is_judged() {
        let text = |expect: u32| format!("[[probe]]\nname = \"p\"\nrun = \"select 1\"\nexpect = {expect}\n");
        let (old, new) = (suite("0001", &text(1)), suite("0002", &text(2)));
        let verdicts = settle(&[&old, &new], &sample(), |_| Answer::Probe(vec![rows(&["2"], 1)]));
        assert_eq!(one(&verdicts, "0001/probe.p").status, Status::Skip);
        assert_eq!(one(&verdicts, "0002/probe.p").status, Status::Pass);
    }
}
