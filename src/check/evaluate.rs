//! Suites and a catalog → verdicts and questions.

use rustc_hash::FxHashSet;

use crate::catalog::{Catalog, Kind, ObjectId};

use super::compare::Alike;
use super::question::{Answers, Question};
use super::rule::{Claim, Holder, Judge, Ledger, Outcome};
use super::share::share;
use super::suite::{Check, Suite};
use super::twins::Twins;
use super::verdict::{Status, Verdict};

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
    evaluate_where(suites, |_| true, catalog, answers)
}

/// Judges some of `suites`; the others are heard where it counts what all suites say together, and take over
/// what they name more newly.
pub fn evaluate_where(
    suites: &[&Suite],
    is_judged: impl Fn(&Suite) -> bool,
    catalog: &Catalog,
    answers: &Answers,
) -> Evaluation {
    Evaluator::new(&Claimed::by(suites), is_judged, catalog, answers).evaluation
}

/// Whether a suite is the last of `suites`: what `apply` judges after each migration, where those before only say
/// what else is there, for `exact`.
pub fn is_last<'s>(suites: &[&'s Suite]) -> impl Fn(&Suite) -> bool + use<'s> {
    let last = suites.last().map(|suite| suite.id.as_str());
    move |suite| Some(suite.id.as_str()) == last
}

/// Suites with who among them answers for what: all of an evaluation that needs no catalog.
#[derive(Debug)]
pub struct Claimed<'a> {
    suites: &'a [&'a Suite],
    ledger: Ledger<'a>,
}

impl<'a> Claimed<'a> {
    /// Oldest first.
    pub fn by(suites: &'a [&'a Suite]) -> Claimed<'a> {
        Claimed {
            suites,
            ledger: ledger(suites),
        }
    }

    pub fn suites(&self) -> &'a [&'a Suite] {
        self.suites
    }

    /// Whether a suite says that a relation of that name is gone; then something of it may be named by an older one.
    pub fn says_gone(&self, schema: &str, name: &str) -> bool {
        let is_gone = |id: &ObjectId| self.ledger.gone.iter().any(|(gone, _)| gone.covers(id));
        Kind::RELATIONS
            .into_iter()
            .any(|kind| is_gone(&ObjectId::new(kind, schema, name)))
    }
}

/// An evaluation that goes on when answers come: what asked nothing is judged once.
#[derive(Debug)]
pub struct Evaluator<'a> {
    claimed: &'a Claimed<'a>,
    catalog: &'a Catalog,
    twins: Twins,
    evaluation: Evaluation,
    /// The checks whose verdicts are provisional, with the places of these.
    open: Vec<(Holder, usize)>,
}

impl<'a> Evaluator<'a> {
    /// Judges all that can be judged with the answers at hand, as [`evaluate_where`] does.
    pub fn new(
        claimed: &'a Claimed<'a>,
        is_judged: impl Fn(&Suite) -> bool,
        catalog: &'a Catalog,
        answers: &Answers,
    ) -> Evaluator<'a> {
        let mut evaluator = Evaluator {
            claimed,
            catalog,
            twins: Twins::default(),
            evaluation: Evaluation::default(),
            open: Vec::new(),
        };
        let suites = claimed.suites.iter().enumerate();
        let judged = suites.filter(|(_, suite)| is_judged(suite));
        let holders: Vec<Holder> = judged
            .flat_map(|(index, suite)| (0..suite.checks.len()).map(move |number| (index, number)))
            .collect();
        evaluator.evaluation.verdicts.reserve(holders.len());
        let judged = evaluator.judge_each(&holders, answers);
        for (place, (me, judged)) in holders.iter().zip(judged).enumerate() {
            evaluator.note(*me, place, judged.is_open);
            evaluator.evaluation.verdicts.push(judged.verdict);
            evaluator.evaluation.questions.extend(judged.questions);
        }
        evaluator.ask_once();
        evaluator
    }

    /// What only the server can answer and no answer was there for.
    pub fn questions(&self) -> &[Question] {
        &self.evaluation.questions
    }

    /// Judges again what had questions.
    pub fn resume(&mut self, answers: &Answers) {
        self.evaluation.questions.clear();
        let open = std::mem::take(&mut self.open);
        let holders: Vec<Holder> = open.iter().map(|(me, _)| *me).collect();
        for ((me, place), judged) in open.into_iter().zip(self.judge_each(&holders, answers)) {
            self.note(me, place, judged.is_open);
            self.evaluation.verdicts[place] = judged.verdict;
            self.evaluation.questions.extend(judged.questions);
        }
        self.ask_once();
    }

    /// One a check, by suite and position in the file; provisional while there are questions.
    pub fn into_verdicts(self) -> Vec<Verdict> {
        self.evaluation.verdicts
    }

    /// Keeps a check that is open, for when the answers are there.
    fn note(&mut self, me: Holder, place: usize, is_open: bool) {
        if is_open {
            self.open.push((me, place));
        }
    }

    /// Judges checks, in their order; many of them on all processors.
    fn judge_each(&self, holders: &[Holder], answers: &Answers) -> impl Iterator<Item = Judged> + use<> {
        let judge = |part: &[Holder], worker: &mut Worker| -> Vec<Judged> {
            part.iter().map(|me| self.judge(*me, answers, worker)).collect()
        };
        if holders.len() < MANY_CHECKS {
            let all = vec![judge(holders, &mut Worker::default())];
            return all.into_iter().flatten();
        }
        let parts = share(holders, PART, judge);
        parts.into_iter().flatten()
    }

    fn judge(&self, me: Holder, answers: &Answers, worker: &mut Worker) -> Judged {
        let Claimed { suites, ledger } = self.claimed;
        let suite = suites[me.0];
        let check = &suite.checks[me.1];
        let mut questions = Vec::new();
        let mut outcome = match superseded(suites, ledger, me, check) {
            Some(outcome) => outcome,
            None => check.rule.judge(&mut Judge {
                catalog: self.catalog,
                suite,
                ledger,
                me,
                answers,
                questions: &mut questions,
                alike: &mut worker.alike,
                twins: &self.twins,
            }),
        };
        if let Some(cause) = &mut outcome.blocked_by
            && let Some(known) = in_full(cause, &suite.schema, ledger, self.catalog)
        {
            *cause = known.to_string();
        }
        let is_open = !questions.is_empty();
        questions.retain(|question| !worker.asked.contains(question));
        // mostly there is nothing left, and of checks there may be many
        questions.shrink_to_fit();
        worker.asked.extend(questions.iter().cloned());
        Judged {
            verdict: verdict(suite, check, outcome),
            is_open,
            questions,
        }
    }

    fn ask_once(&mut self) {
        let mut seen = FxHashSet::default();
        let questions = &self.evaluation.questions;
        let is_new: Vec<bool> = questions.iter().map(|question| seen.insert(question)).collect();
        let mut is_new = is_new.into_iter();
        self.evaluation.questions.retain(|_| is_new.next() == Some(true));
    }
}

/// How many checks are worth a thread.
const MANY_CHECKS: usize = 500;

/// How many checks a thread takes at once.
const PART: usize = 250;

/// What one thread remembers from check to check.
#[derive(Default)]
struct Worker {
    alike: Alike,
    asked: FxHashSet<Question>,
}

/// A verdict with what it asks of the server, and was not asked before, while it is provisional.
struct Judged {
    verdict: Verdict,
    is_open: bool,
    questions: Vec<Question>,
}

/// The missing object that the suites list and the server's words mean, which name no schema: its own check fails
/// for it, and one cause shall have one name.
fn in_full<'a>(cause: &str, schema: &str, ledger: &Ledger<'a>, catalog: &Catalog) -> Option<&'a ObjectId> {
    let (word, name) = cause.split_once(' ')?;
    let kinds: &[Kind] = match word {
        "table" => &Kind::RELATIONS,
        "type" => &Kind::TYPES,
        "function" => &[Kind::Function],
        _ => return None,
    };
    let wanted = kinds.iter().map(|kind| ObjectId::new(*kind, schema, name));
    wanted
        .filter(|id| catalog.get(id).is_none())
        .find_map(|id| ledger.present.get(&id).copied())
}

/// Whether the catalog lacks something that the suites together want to be there and that a narrow reading reads by its
/// name: then their broad one tells what there is instead.
pub fn lacks(claimed: &Claimed<'_>, catalog: &Catalog) -> bool {
    let is_lacking = |id: &ObjectId| Kind::BY_NAME.contains(&id.kind) && catalog.get(id).is_none();
    claimed.ledger.present.iter().any(|id| is_lacking(id))
}

/// One verdict for a suite that is not judged at all, with the reason: its migration is pending, say.
pub fn skipped(suite: &Suite, reason: &str) -> Verdict {
    let checks = suite.checks();
    Verdict {
        id: suite.id.clone(),
        suite: suite.id.clone(),
        kind: "suite",
        object: suite.file.path().to_string(),
        status: Status::Skip,
        expected: None,
        actual: None,
        message: format!(
            "{checks} {} not judged: {reason}",
            if checks == 1 { "check" } else { "checks" }
        ),
        blocked_by: None,
        source: suite.file.location(0),
        differences: Vec::new(),
        measure: None,
        remedy: None,
    }
}

/// Who answers for what: the newest suite that speaks of it.
fn ledger<'a>(suites: &[&'a Suite]) -> Ledger<'a> {
    let mut ledger = Ledger::default();
    let claims_of = |(suite, check): Holder| suites[suite].checks[check].rule.claims();
    for (index, &suite) in suites.iter().enumerate() {
        ledger.ignored.extend(&suite.ignored);
        // first what is gone, so that what the same suite lists is not
        for check in &suite.checks {
            if let Some(gone) = check.rule.absence() {
                ledger.holders.void(|id| gone.covers(id));
                ledger.gone.push((gone, index));
            }
        }
        for (number, check) in suite.checks.iter().enumerate() {
            // within one suite the table's own entry answers for its being there, whatever else names it
            let keep = |claim: &Claim<'_>, held: &Holder| {
                matches!(claim, Claim::Presence(_)) && check.kind == "partition" && held.0 == index
            };
            ledger
                .holders
                .add((index, number), check.rule.claims(), keep, claims_of);
        }
    }
    let checks = suites.iter().flat_map(|suite| &suite.checks);
    let mut present: Vec<&ObjectId> = checks
        .flat_map(|check| check.rule.claims())
        .filter_map(|claim| match claim {
            Claim::Presence(id) if ledger.holders.get(&claim).is_some() => Some(id),
            _ => None,
        })
        .collect();
    // suites are mostly in order but for the kinds, and what is nearly in order is soon sorted
    present.sort_by_key(|id| id.kind);
    ledger.present = present.into_iter().collect();
    ledger
}

/// The verdict of a check whose claims are all taken over by newer suites.
fn superseded(suites: &[&Suite], ledger: &Ledger<'_>, me: (usize, usize), check: &Check) -> Option<Outcome> {
    let claims = check.rule.claims();
    if claims
        .iter()
        .any(|claim| ledger.holders.get(claim).is_some_and(|(suite, _)| suite == me.0))
    {
        // an older "absent" gives way to a newer suite that has the object again
        let gone = check.rule.absence()?;
        let newer = ledger
            .holders
            .present()
            .filter(|(id, (suite, _))| *suite > me.0 && gone.is(id))
            .map(|(_, (suite, _))| suite)
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
        .map(|(suite, _)| suite)
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
                Claim::Named(_, name) => Some(name.into_owned()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Context, Kind, Object, Value};
    use crate::check::question::{Answer, Question};
    use crate::check::testing::{SAMPLE, literal, object, on_t, one, sample, settle, suite, troubles};

    /// A server for which texts are the same when they are but for layout.
    fn lenient(question: &Question) -> Answer {
        let Question::Same { expected, actual, .. } = question else {
            return literal(question);
        };
        let bare = |text: &str| {
            crate::sql::normalize(text.trim().trim_end_matches(';'))
                .replace("public.", "")
                .replace(['(', ')'], "")
        };
        if bare(expected) == bare(actual) {
            Answer::Same
        } else {
            literal(question)
        }
    }

    #[test]
    fn a_catalog_that_is_as_the_suite_says_passes() {
        let suite = suite("0001", SAMPLE);
        let verdicts = settle(&[&suite], &sample(), lenient);
        assert_eq!(troubles(&verdicts), Vec::<String>::new());
        assert_eq!(verdicts.len(), suite.checks());
    }

    /// Properties that a suite cannot name yet, or that say nothing by themselves.
    const NOT_JUDGED: &[(Kind, &str)] = &[
        // follows from the others
        (Kind::Table, "type"),
        (Kind::Table, "key_types"),
        (Kind::Exclusion, "definition"),
        (Kind::Index, "constraint"),
        (Kind::Index, "partition_of"),
        (Kind::Trigger, "cloned"),
        (Kind::Sequence, "identity"),
        (Kind::Column, "type_storage"),
        // told where all that there is is named
        (Kind::Grant, "without_maintain"),
        (Kind::Trigger, "parent_enabled"),
        // where a thing comes from, not what it is
        (Kind::Column, "inherited"),
        (Kind::PrimaryKey, "inherited"),
        (Kind::Unique, "inherited"),
        (Kind::Check, "inherited"),
        (Kind::ForeignKey, "inherited"),
        // not the properties of an object in a schema
        (Kind::DefaultPrivileges, "schemas"),
    ];

    fn altered(value: Option<&Value>, property: crate::catalog::Property) -> Value {
        use crate::catalog::PropertyType::*;
        match (property.kind, value) {
            (Bool, value) => Value::Bool(value != Some(&Value::Bool(true))),
            (Int, Some(Value::Int(value))) => Value::Int(value + 1),
            (Int, _) => Value::Int(1),
            (Text | Expression(_), Some(Value::Text(text))) => Value::Text(format!("{text} x")),
            (Text | Expression(_), _) => Value::Text("x".to_string()),
            (_, Some(Value::List(items))) => {
                let mut items = items.clone();
                if let Some(last) = items.last_mut() {
                    last.push('x');
                }
                Value::List(items)
            }
            (_, _) => Value::List(vec!["x".to_string()]),
        }
    }

    #[test]
    fn every_property_of_every_kind_that_changes_is_found_and_its_object_named() {
        let suite = suite("0001", SAMPLE);
        let mut missed = Vec::new();
        let mut mutations = 0;
        for original in sample().iter() {
            // an index behind a constraint is the constraint's
            if original.get("constraint").is_some() && original.id.kind == Kind::Index {
                continue;
            }
            for property in original.id.kind.properties() {
                // named nowhere in the sample, so not judged
                let optional = matches!(property.name, "owner" | "position" | "persistence" | "comment")
                    && original.get(property.name).is_none();
                // what a default is called, and what else is called so
                let is_stated = matches!(
                    property.name,
                    "namesakes"
                        | "collation_name"
                        | "collation_names"
                        | "opclass_name"
                        | "opclass_names"
                        | "default_tablespace"
                        | "usual_comment"
                        | "made_for_all"
                );
                if optional || is_stated || NOT_JUDGED.contains(&(original.id.kind, property.name)) {
                    continue;
                }
                let about = match property.name {
                    "row_security" | "force_row_security" | "persistence" | "replica_identity"
                    | "of_type" | "inherits" | "tablespace" | "server"
                        if original.id.kind == Kind::Table =>
                    {
                        &["t", "log"][..]
                    }
                    "access_method" | "options" if original.id.kind == Kind::Table => &["t", "log"],
                    "partition_by" => &["log"],
                    "partition_of" | "bound" => &["log_11", "log_12"],
                    "position" => &["id"],
                    _ => &[],
                };
                if !about.is_empty() && !about.contains(&original.id.name.as_str()) {
                    continue;
                }
                let mut object: Object = original.clone();
                object
                    .properties
                    .insert(property.name, altered(original.get(property.name), *property));
                let mut catalog = sample();
                catalog.insert(object);
                mutations += 1;
                let verdicts = settle(&[&suite], &catalog, lenient);
                let found = verdicts.iter().any(|verdict| {
                    verdict.status == Status::Fail && verdict.message.contains(&original.id.path())
                });
                if !found {
                    missed.push(format!(
                        "{} {}: {:?}",
                        original.id,
                        property.name,
                        troubles(&verdicts)
                    ));
                }
            }
        }
        assert_eq!(missed, Vec::<String>::new(), "of {mutations} mutations");
        assert!(mutations > 150, "{mutations}");
    }

    #[test]
    fn every_object_that_is_gone_is_found() {
        let suite = suite("0001", SAMPLE);
        for gone in sample().iter() {
            if gone.get("constraint").is_some() && gone.id.kind == Kind::Index {
                continue;
            }
            let mut catalog = crate::catalog::Catalog::default();
            for object in sample().iter().filter(|object| object.id != gone.id) {
                catalog.insert(object.clone());
            }
            catalog.read_at = sample().read_at;
            let verdicts = settle(&[&suite], &catalog, lenient);
            let failed: Vec<&Verdict> = verdicts
                .iter()
                .filter(|verdict| verdict.status == Status::Fail)
                .collect();
            // a foreign key that is gone has no name: its column has
            let name = match gone.id.kind {
                Kind::ForeignKey => "foreign key (org_id) of public.t".to_string(),
                Kind::PrimaryKey => "primary key of public.t".to_string(),
                _ => gone.id.path(),
            };
            assert!(
                failed.iter().any(|verdict| verdict.message.contains(&name)),
                "{}: {:?}",
                gone.id,
                troubles(&verdicts)
            );
            // what stands on it is blocked, and not failed once more
            for verdict in &verdicts {
                if verdict.status == Status::Blocked {
                    assert_eq!(verdict.blocked_by.as_deref(), Some(gone.id.to_string().as_str()));
                }
            }
        }
    }

    #[test]
    fn one_missing_table_is_one_failure() {
        let suite = suite("0001", SAMPLE);
        let mut catalog = crate::catalog::Catalog::default();
        for object in sample()
            .iter()
            .filter(|object| object.id.relation != "t" && object.id.name != "t")
        {
            catalog.insert(object.clone());
        }
        let verdicts = settle(&[&suite], &catalog, lenient);
        let failed: Vec<&str> = verdicts
            .iter()
            .filter(|verdict| verdict.status == Status::Fail)
            .map(|verdict| verdict.id.as_str())
            .collect();
        assert_eq!(failed, ["0001/table.t"]);
        let blocked = verdicts
            .iter()
            .filter(|verdict| verdict.blocked_by.as_deref() == Some("table public.t"))
            .count();
        assert_eq!(blocked, 23);
    }

    #[test]
    fn failures_have_have_and_want_of_the_very_part() {
        let suite = suite("0001", SAMPLE);
        let mut catalog = sample();
        let change = |catalog: &mut crate::catalog::Catalog, id: &ObjectId, name, value| {
            let mut object = catalog.get(id).unwrap().clone();
            object.properties.insert(name, value);
            catalog.insert(object);
        };
        let on = |kind, name: &str| ObjectId::on(kind, "public", "t", name);
        let text = |text: &str| Value::Text(text.to_string());
        change(&mut catalog, &on(Kind::Column, "amount"), "default", text("1"));
        change(
            &mut catalog,
            &on(Kind::Column, "org_id"),
            "not_null",
            Value::Bool(false),
        );
        change(&mut catalog, &on(Kind::Policy, "t_update"), "using", text("true"));
        change(
            &mut catalog,
            &ObjectId::new(Kind::Table, "public", "t"),
            "row_security",
            Value::Bool(false),
        );
        let labels = ["sad", "happy", "ok", "bored"].map(str::to_string).to_vec();
        change(
            &mut catalog,
            &ObjectId::new(Kind::Enum, "public", "mood"),
            "labels",
            Value::List(labels),
        );
        let verdicts = settle(&[&suite], &catalog, lenient);
        for (id, message, remedy) in [
            (
                "0001/table.t/column.amount",
                "column public.t.amount: default is `1`, want `0`",
                Some("ALTER TABLE public.t ALTER COLUMN amount SET DEFAULT 0"),
            ),
            (
                "0001/table.t/column.org_id",
                "column public.t.org_id: nullability is `nullable`, want `not null`",
                Some("ALTER TABLE public.t ALTER COLUMN org_id SET NOT NULL"),
            ),
            (
                "0001/table.t/policy.t_update",
                "policy public.t.t_update: using is `true`, want `org_id = auth.uid()`",
                Some("ALTER POLICY t_update ON public.t USING (org_id = auth.uid())"),
            ),
            (
                "0001/table.t/row_security",
                "table public.t: row security is `disabled`, want `enabled`",
                Some("ALTER TABLE public.t ENABLE ROW LEVEL SECURITY"),
            ),
            (
                "0001/enum.mood",
                "enum public.mood: label is `bored`, want none; order of labels is `sad, happy, ok`, want \
                 `sad, ok, happy`",
                None,
            ),
        ] {
            let verdict = one(&verdicts, id);
            assert_eq!(verdict.status, Status::Fail);
            assert_eq!(verdict.message, message);
            assert_eq!(verdict.remedy.as_deref(), remedy);
        }
        let column = one(&verdicts, "0001/table.t/column.amount");
        assert_eq!(column.expected.as_deref(), Some("int not null default 0"));
        assert_eq!(column.actual.as_deref(), Some("integer not null default 1"));
        assert_eq!(column.object, "public.t.amount");
        assert_eq!(column.kind, "column");
    }

    #[test]
    fn a_missing_object_brings_a_hint_and_the_statement_that_makes_it() {
        let suite = suite(
            "0001",
            "[table.t]\n[table.t.index]\nt_actve = \"unique (org_id)\"\n[table.t.check]\npositive = \"amount > 0\"\n\
             [table.t.policy.p]\nusing = \"true\"\n[table.t.trigger]\nx = \"before insert for each row execute function f()\"\n",
        );
        let verdicts = settle(&[&suite], &sample(), lenient);
        let index = one(&verdicts, "0001/table.t/index.t_actve");
        assert_eq!(
            index.message,
            "index public.t_actve does not exist; there is public.t_active"
        );
        assert_eq!(
            index.remedy.as_deref(),
            Some("CREATE UNIQUE INDEX t_actve ON public.t (org_id)")
        );
        assert_eq!(
            one(&verdicts, "0001/table.t/trigger.x").remedy.as_deref(),
            Some("CREATE TRIGGER x before insert ON public.t for each row execute function f()")
        );
        assert_eq!(
            one(&verdicts, "0001/table.t/policy.p").remedy.as_deref(),
            Some("CREATE POLICY p ON public.t for all to public using (true)")
        );
    }

    #[test]
    fn the_server_is_asked_once_and_only_where_texts_differ() {
        let suite = suite(
            "0001",
            "[table.t.check]\nt_amount = \"0 < amount\"\n[table.t.column]\namount = \"integer not null default 0\"\n",
        );
        let catalog = sample();
        let first = evaluate(&[&suite], &catalog, &Answers::new());
        assert_eq!(
            first.questions,
            [Question::Same {
                context: Context::Predicate,
                relation: Some(("public".to_string(), "t".to_string())),
                column_type: None,
                schema: "public".to_string(),
                expected: "0 < amount".to_string(),
                actual: "(amount > 0)".to_string(),
            }]
        );
        // provisional, and never passed
        assert_eq!(
            one(&first.verdicts, "0001/table.t/check.t_amount").status,
            Status::Blocked
        );
        for (answer, status, blocked_by) in [
            (Answer::Same, Status::Pass, None),
            (
                Answer::Differs {
                    expected: "(0 < amount)".into(),
                    actual: "(amount > 0)".into(),
                },
                Status::Fail,
                None,
            ),
            (
                Answer::Refused {
                    sqlstate: "42883".into(),
                    message: "function auth.uid() does not exist".into(),
                },
                Status::Blocked,
                Some("function auth.uid()"),
            ),
            (
                Answer::Refused {
                    sqlstate: "42804".into(),
                    message: "argument must be boolean".into(),
                },
                Status::Fail,
                None,
            ),
            (
                Answer::CannotTell {
                    reason: "the server is a standby".into(),
                },
                Status::Blocked,
                Some("the server is a standby"),
            ),
        ] {
            let answers = Answers::from([(first.questions[0].clone(), answer.clone())]);
            let again = evaluate(&[&suite], &catalog, &answers);
            assert_eq!(again.questions, []);
            let verdict = one(&again.verdicts, "0001/table.t/check.t_amount");
            assert_eq!(verdict.status, status, "{answer:?}");
            assert_eq!(verdict.blocked_by.as_deref(), blocked_by, "{answer:?}");
        }
    }

    #[test]
    fn the_newest_suite_judges() {
        let old = suite(
            "0001",
            "[table.t]\nowner = \"nobody\"\ncomment = \"old\"\n[table.t.column]\namount = \"bigint\"\n[enum]\nmood = [\"sad\"]\n",
        );
        let new = suite(
            "0002",
            "[table.t]\ncomment = \"a table\"\n[table.t.column]\namount = \"integer not null default 0\"\n",
        );
        let verdicts = settle(&[&old, &new], &sample(), lenient);
        assert_eq!(
            troubles(&verdicts),
            [
                "skip 0001/table.t: judged by 0002, which is newer",
                "fail 0001/table.t/owner: table public.t: owner is `boss`, want `nobody`",
                "skip 0001/table.t/comment: judged by 0002, which is newer",
                "skip 0001/table.t/column.amount: judged by 0002, which is newer",
                "fail 0001/enum.mood: enum public.mood: label is `ok`, want none; label is `happy`, want none",
            ]
        );
    }

    #[test]
    fn what_a_newer_suite_removes_is_not_missed() {
        let old = suite(
            "0001",
            "[table.gone]\nrow_security = \"enabled\"\nexact = [\"columns\"]\n[table.gone.column]\nid = \"uuid\"\n\
             [table.t.index]\nt_old = \"(id)\"\n[table.t.column]\nlost = \"uuid\"\n[table.t.foreign_key]\nlost = \"other(id)\"\n\
             [function.\"f(int)\"]\nlanguage = \"sql\"\n",
        );
        let new = suite(
            "0002",
            "absent = [\"table gone\", \"index t_old\", \"column t.lost\", \"function f(integer)\"]\n",
        );
        let verdicts = settle(&[&old, &new], &sample(), lenient);
        for verdict in &verdicts {
            let expected = match verdict.suite.as_str() {
                "0001" if verdict.id != "0001/table.t" => Status::Skip,
                _ => Status::Pass,
            };
            assert_eq!(verdict.status, expected, "{}: {}", verdict.id, verdict.message);
        }
        assert_eq!(
            one(&verdicts, "0001/table.gone/column.id").message,
            "gone, says 0002, which is newer"
        );
        // and it is back again
        let third = suite("0003", "[table.gone]\n");
        let verdicts = settle(&[&old, &new, &third], &sample(), lenient);
        assert_eq!(one(&verdicts, "0002/absent.table gone").status, Status::Skip);
        assert_eq!(one(&verdicts, "0003/table.gone").status, Status::Fail);
    }

    #[test]
    fn exact_is_what_all_suites_list() {
        let old = suite(
            "0001",
            "[table.t]\nexact = [\"columns\"]\n[table.t.column]\nid = \"uuid not null default gen_random_uuid()\"\n",
        );
        let mut rest = "[table.t.column]\n".to_string();
        for name in ["org_id", "name", "amount", "number", "twice"] {
            rest.push_str(&format!("{name} = \"uuid\"\n"));
        }
        let new = suite("0002", &rest);
        let verdicts = settle(&[&old, &new], &sample(), lenient);
        let exact = one(&verdicts, "0001/table.t/exact");
        assert_eq!(exact.status, Status::Fail);
        assert_eq!(
            exact.message,
            "table public.t has what no suite lists: column public.t.feeling"
        );
        // alone, in the transaction that applies it, with what came before in sight
        let last = suite(
            "0003",
            "[table.t]\nexact = [\"columns\"]\n[table.t.column]\nfeeling = \"mood\"\n",
        );
        let suites = [&old, &new, &last];
        let evaluation = evaluate_where(&suites, is_last(&suites), &sample(), &Answers::new());
        assert_eq!(troubles(&evaluation.verdicts), Vec::<String>::new());
        assert!(evaluation.verdicts.iter().all(|verdict| verdict.suite == "0003"));
    }

    #[test]
    fn absent_fails_for_what_is_there() {
        let suite = suite(
            "0001",
            "absent = [\"table t\", \"index t_active\", \"policy t_update on t\", \"trigger t.t_touch\", \
             \"constraint public.t.t_amount\", \"foreign key t.org_id\", \"type mood\", \"function touch()\", \
             \"extension pgcrypto\", \"column t.id\", \"primary key t\", \"view v\", \"schema auth\", \"role app\", \
             \"table nowhere\", \"index auth.t_active\"]\n",
        );
        let verdicts = settle(&[&suite], &sample(), lenient);
        let passed: Vec<&str> = verdicts
            .iter()
            .filter(|verdict| verdict.status == Status::Pass)
            .map(|verdict| verdict.id.as_str())
            .collect();
        assert_eq!(
            passed,
            ["0001/absent.table nowhere", "0001/absent.index auth.t_active"]
        );
        assert_eq!(
            one(&verdicts, "0001/absent.policy t.t_update").message,
            "policy public.t.t_update still exists, want it gone"
        );
    }

    #[test]
    fn one_of_two_foreign_keys_with_the_same_columns_is_enough() {
        let mut catalog = sample();
        catalog.insert(on_t(
            Kind::ForeignKey,
            "another",
            &[
                ("columns", "org_id"),
                ("target", "public.other"),
                ("target_columns", "id"),
                ("on_update", "no action"),
                ("on_delete", "no action"),
                ("match", "simple"),
                ("validated", "t"),
            ],
        ));
        for target in ["organization(id) on delete cascade", "other(id)"] {
            let suite = suite("0001", &format!("[table.t.foreign_key]\norg_id = \"{target}\"\n"));
            let verdicts = settle(&[&suite], &catalog, lenient);
            assert_eq!(troubles(&verdicts), Vec::<String>::new());
        }
    }

    #[test]
    fn what_depends_on_a_missing_thing_is_blocked_by_it() {
        let suite = suite(
            "0001",
            "[enum]\nkind = [\"a\"]\n[function.\"f()\"]\nlanguage = \"sql\"\n[table.other]\n\
             [table.t.column]\nkind = \"kind not null\"\n[table.t.index]\nby_kind = \"(kind)\"\n\
             [table.t.trigger]\nx = \"after insert for each row execute function f()\"\n\
             [table.t.foreign_key]\nid = \"other(id)\"\n",
        );
        let verdicts = settle(&[&suite], &sample(), lenient);
        for (id, by) in [
            ("0001/table.t/column.kind", "enum public.kind"),
            ("0001/table.t/index.by_kind", "column public.t.kind"),
            ("0001/table.t/trigger.x", "function public.f()"),
            ("0001/table.t/foreign_key.id", "table public.other"),
        ] {
            assert_eq!(one(&verdicts, id).blocked_by.as_deref(), Some(by), "{id}");
        }
    }

    #[test]
    fn a_missing_thing_has_one_name_however_the_server_calls_it() {
        let suite = suite(
            "0001",
            "[table.'\"Odd\"']\n[enum]\ntemper = [\"a\"]\n\
             [[query]]\nname = \"a\"\nsql = \"select count(*) from t\"\nexpect = 0\n\
             [[query]]\nname = \"b\"\nsql = \"select 'a'::temper\"\nexpect = 0\n\
             [[query]]\nname = \"c\"\nsql = \"select from gone\"\nexpect = 0\n",
        );
        let refused = |question: &Question| {
            let Question::Rows { sql, .. } = question else {
                return lenient(question);
            };
            let (sqlstate, message) = match sql.as_str() {
                "select from gone" => ("42P01", "relation \"gone\" does not exist"),
                "select 'a'::temper" => ("42704", "type \"temper\" does not exist"),
                _ => ("42P01", "relation \"Odd\" does not exist"),
            };
            Answer::Refused {
                sqlstate: sqlstate.to_string(),
                message: message.to_string(),
            }
        };
        let verdicts = settle(&[&suite], &sample(), refused);
        for (id, by) in [
            ("0001/query.a", "table public.\"Odd\""),
            ("0001/query.b", "enum public.temper"),
            ("0001/query.c", "table gone"),
        ] {
            assert_eq!(one(&verdicts, id).blocked_by.as_deref(), Some(by), "{id}");
        }
    }

    #[test]
    fn skipped_suites_say_why() {
        let suite = suite("0024", "[table.t]\n");
        let verdict = skipped(&suite, "its migration is pending");
        assert_eq!(verdict.message, "1 check not judged: its migration is pending");
        assert_eq!(verdict.status, Status::Skip);
    }

    #[test]
    fn a_view_in_the_place_of_a_table_is_no_table() {
        let suite = suite("0001", "[table.v]\n[table.v.column]\nid = \"uuid\"\n");
        let mut catalog = sample();
        catalog.insert(object(
            ObjectId::on(Kind::Column, "public", "v", "id"),
            &[("type", "uuid"), ("not_null", "f")],
        ));
        let verdicts = settle(&[&suite], &catalog, lenient);
        assert_eq!(
            one(&verdicts, "0001/table.v").message,
            "public.v is a view, want a table"
        );
        assert_eq!(one(&verdicts, "0001/table.v/column.id").status, Status::Pass);
    }
}
