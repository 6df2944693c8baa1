//! `[[probe]]`: behaviour. Statements that write, in a transaction that is always rolled back, and what each of
//! them is to return, change or be refused with. `[probes]` holds what the probes of a suite share.

use std::borrow::Cow;
use toml::de::DeValue;

use crate::catalog::Scope;
use crate::check::document::{Fields, Item, Text, items_of, text_of};
use crate::check::object::missing_object;
use crate::check::parse::Parser;
use crate::check::question::{Answer, Met, Phase, Prepare, Probe, Question, Refusal, Step};
use crate::check::rule::{Claim, Judge, Outcome, Rule};
use crate::check::suite::Suite;
use crate::source::{SourceFile, Span};
use crate::sql::name::quote_ident;
use crate::sql::{FragmentError, Script, fragment, glob};

use super::count::named;
use super::expect::{self, Expect, expectation};
use super::query::entry_key;

/// The keys of one step, which a probe of one step has itself.
const STEP: [&str; 10] = [
    "as_role", "settings", "given", "run", "expect", "at_least", "at_most", "rows", "affected", "error",
];

/// What the probes of a suite share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shared {
    given: Vec<Prepare>,
    pub(super) role: Option<String>,
    pub(super) settings: Vec<(String, String)>,
}

/// `[probes]`; read before every probe, wherever it stands.
pub(crate) fn parse_shared(p: &mut Parser, item: &Item<'_>) {
    let Some(fields) = p
        .reader
        .fields(item, "[probes]", "a table", &["given", "as_role", "settings"])
    else {
        return;
    };
    p.shared = Shared {
        given: prepared(p, &fields),
        role: role(p, &fields),
        settings: settings(p, &fields),
    };
}

/// `[probes]` was read already.
pub(crate) fn passed(_: &mut Parser, _: &Item<'_>) {}

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    let mut known = vec!["name", "step", "message"];
    known.extend(STEP);
    for (entry, fields) in named(p, item, "probe", &known) {
        let Some(name) = fields.get("name").and_then(|item| p.reader.string(item)) else {
            continue;
        };
        let what = format!("probe \"{}\"", name.value);
        let before = p.reader.faults();
        let steps = match (fields.get("step"), fields.get("run")) {
            (Some(_), Some(run)) => {
                p.reader.error_help(
                    run.key.span,
                    format!("{what}: `run` beside [[probe.step]]"),
                    "make it a step",
                );
                continue;
            }
            (Some(steps), None) => several(p, &what, steps, &fields),
            (None, _) => one(p, &what, &entry, &fields, &Defaults::default())
                .into_iter()
                .collect(),
        };
        if p.reader.faults() > before {
            continue;
        }
        if steps.iter().all(|step| step.want.is_empty()) {
            p.reader.error_help(
                entry.key.span,
                format!("{what}: nothing is expected of it"),
                "add expect, at_least, at_most, rows, affected or error",
            );
            continue;
        }
        let rule = ProbeRule {
            name: name.value.clone(),
            probe: Probe {
                schema: p.schema.clone(),
                shared: p.shared.given.clone(),
                steps: steps.iter().map(|step| step.step.clone()).collect(),
            },
            wants: steps.into_iter().map(|step| (step.want, step.at)).collect(),
        };
        let expected = rule.expected();
        p.add(
            format!("probe.{}", name.value),
            "probe",
            &entry.key,
            expected,
            rule,
        );
    }
}

/// What a probe says once for all its steps.
#[derive(Default)]
struct Defaults {
    given: Vec<Prepare>,
    role: Option<String>,
    settings: Vec<(String, String)>,
}

struct Parsed {
    step: Step,
    want: Want,
    /// Where the statement stands: a byte offset.
    at: usize,
}

/// `[[probe.step]]`: the probe's own role and settings hold where a step names none, what it gives comes first.
fn several(p: &mut Parser, what: &str, steps: &Item<'_>, fields: &Fields<'_>) -> Vec<Parsed> {
    for key in STEP
        .iter()
        .filter(|key| !["as_role", "settings", "given", "run"].contains(key))
    {
        if let Some(item) = fields.get(key) {
            p.reader.error_help(
                item.key.span,
                format!("{what}: `{key}` beside [[probe.step]]"),
                "write it in the step that it is expected of",
            );
        }
    }
    let mut defaults = Defaults {
        given: prepared(p, fields),
        role: role(p, fields),
        settings: settings(p, fields),
    };
    let Some(array) = steps.value.get_ref().as_array() else {
        p.reader.mismatch(steps, "[[probe.step]]");
        return Vec::new();
    };
    let mut parsed = Vec::new();
    for (number, node) in array.iter().enumerate() {
        let entry = Item {
            key: entry_key("step", node),
            value: node,
        };
        let mut known = vec!["message"];
        known.extend(STEP);
        let Some(fields) = p.reader.fields(&entry, "[[probe.step]]", "a table", &known) else {
            continue;
        };
        let what = format!("{what}, step {}", number + 1);
        parsed.extend(one(p, &what, &entry, &fields, &defaults));
        defaults.given.clear();
    }
    parsed
}

fn one(
    p: &mut Parser,
    what: &str,
    entry: &Item<'_>,
    fields: &Fields<'_>,
    defaults: &Defaults,
) -> Option<Parsed> {
    let Some(run) = fields.get("run") else {
        p.reader.error_help(
            entry.key.span,
            format!("{what}: `run` is missing"),
            "write the statement to run",
        );
        return None;
    };
    let text = p.reader.string(run)?;
    let statements = p.fragment("run", &text, |sql| statements(sql, true))?;
    let want = want(p, what, fields)?;
    let mut given = defaults.given.clone();
    given.extend(prepared(p, fields));
    let mut settings = settings(p, fields);
    for setting in defaults.settings.iter().chain(&p.shared.settings) {
        if !settings.iter().any(|(name, _)| *name == setting.0) {
            settings.push(setting.clone());
        }
    }
    let role = role(p, fields)
        .or_else(|| defaults.role.clone())
        .or_else(|| p.shared.role.clone());
    let span = statements.first().copied().unwrap_or_default();
    Some(Parsed {
        at: p.reader.offset_in(&text, span.start),
        step: Step {
            given: joined(given),
            role,
            settings,
            run: text
                .value
                .get(span.start..span.end)
                .unwrap_or_default()
                .to_string(),
            is_to_fail: want.is_to_fail(),
        },
        want,
    })
}

/// Several preparations as one; the place is that of the first.
fn joined(given: Vec<Prepare>) -> Option<Prepare> {
    let at = given.first()?.at;
    let texts: Vec<String> = given.into_iter().map(|given| given.sql).collect();
    Some(Prepare {
        sql: texts.join("\n;\n"),
        at,
    })
}

/// `given`: a text of statements, or several texts.
pub(super) fn prepared(p: &mut Parser, fields: &Fields<'_>) -> Vec<Prepare> {
    let Some(item) = fields.get("given") else {
        return Vec::new();
    };
    let texts = match text_of(item.value) {
        Some(text) => vec![text],
        None if item.value.get_ref().as_array().is_some() => p.reader.strings(item).unwrap_or_default(),
        None => {
            p.reader.mismatch(item, "a string, or an array of strings");
            Vec::new()
        }
    };
    let mut found = Vec::new();
    for text in texts {
        if p.fragment("given", &text, |sql| statements(sql, false)).is_some() {
            found.push(Prepare {
                at: p.reader.offset_in(&text, 0),
                sql: text.value,
            });
        }
    }
    found
}

pub(super) fn role(p: &mut Parser, fields: &Fields<'_>) -> Option<String> {
    let text = p.reader.string(fields.get("as_role")?)?;
    p.fragment("as_role", &text, fragment::role_name)
}

/// `settings = { "request.jwt.claim.sub" = "…" }`
pub(super) fn settings(p: &mut Parser, fields: &Fields<'_>) -> Vec<(String, String)> {
    let Some(item) = fields.get("settings") else {
        return Vec::new();
    };
    let Some(items) = p.reader.items(item, "a table of settings and their values") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in items {
        let value = match item.value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Boolean(value) => value.to_string(),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            _ => {
                p.reader.mismatch(&item, "a string, a number or a boolean");
                continue;
            }
        };
        if items_of(item.value).is_none() {
            found.push((item.key.value, value));
        }
    }
    found
}

/// The statements of a text; just one when `lone`. None of them may leave the transaction that is rolled back.
fn statements(sql: &str, lone: bool) -> Result<Vec<Span>, FragmentError> {
    let file = SourceFile::new("", sql);
    let script = Script::parse(&file);
    if let Some(problem) = script.diagnostics.first() {
        let span = problem.place.as_ref().map(|place| place.span).unwrap_or_default();
        return Err(FragmentError::new(problem.message.clone(), span));
    }
    for statement in &script.statements {
        if statement.transaction.is_some() {
            return Err(FragmentError::new(
                format!(
                    "{} would leave the transaction that is rolled back",
                    statement.tag
                ),
                statement.span,
            )
            .help("leave it out: every step has a savepoint of its own"));
        }
        if let Some(what) = statement.outside_transaction {
            return Err(FragmentError::new(
                format!("{what} cannot run inside a transaction, and so not be rolled back"),
                statement.span,
            )
            .help("leave it out"));
        }
    }
    let spans: Vec<Span> = script.statements.iter().map(|statement| statement.span).collect();
    match spans.as_slice() {
        [] => Err(FragmentError::new(
            "expected a statement, found nothing",
            Span::new(0, sql.len()),
        )),
        [_, second, ..] if lone => Err(FragmentError::new(
            "a second statement: want exactly one, so that it is clear what is judged",
            *second,
        )
        .help("put what comes before into `given`, or make each a [[probe.step]]")),
        _ => Ok(spans),
    }
}

/// What is expected of a step.
#[derive(Debug, Clone, Default)]
struct Want {
    rows: Expect,
    affected: Option<u64>,
    error: Option<String>,
    /// A pattern of the error's message, `*` for any characters.
    message: Option<String>,
}

impl Want {
    fn is_to_fail(&self) -> bool {
        self.error.is_some() || self.message.is_some()
    }

    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.affected.is_none() && !self.is_to_fail()
    }
}

impl std::fmt::Display for Want {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts = Vec::new();
        if let Some(error) = &self.error {
            parts.push(format!("error {error}"));
        }
        if let Some(message) = &self.message {
            parts.push(format!("an error like \"{message}\""));
        }
        if !self.rows.is_empty() {
            parts.push(self.rows.to_string());
        }
        if let Some(affected) = self.affected {
            parts.push(format!("{affected} affected"));
        }
        if parts.is_empty() {
            parts.push("no error".to_string());
        }
        f.write_str(&parts.join(", "))
    }
}

fn want(p: &mut Parser, what: &str, fields: &Fields<'_>) -> Option<Want> {
    let rows = expectation(p, what, fields)?;
    let affected = match fields.get("affected") {
        Some(item) => Some(p.reader.figure(item)?),
        None => None,
    };
    let error = match fields.get("error") {
        Some(item) => Some(sqlstate(p, item)?),
        None => None,
    };
    let message = match fields.get("message") {
        Some(item) => Some(p.reader.string(item)?.value),
        None => None,
    };
    let want = Want {
        rows,
        affected,
        error,
        message,
    };
    let both = want.is_to_fail() && (want.affected.is_some() || !want.rows.is_empty());
    if both && let Some(item) = fields.get("error").or(fields.get("message")) {
        p.reader.error_help(
            item.key.span,
            format!("{what}: `{}` beside a result", item.key.value),
            "a statement returns or is refused: keep one of the two",
        );
        return None;
    }
    Some(want)
}

fn sqlstate(p: &mut Parser, item: &Item<'_>) -> Option<String> {
    let Text { value, span } = p.reader.string(item)?;
    let is_code = value.len() == 5
        && value
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    if !is_code {
        p.reader.error_help(
            span,
            format!("`error`: want a SQLSTATE of five characters, have \"{value}\""),
            "write it like \"42501\"; a text goes into `message`",
        );
        return None;
    }
    Some(value)
}

#[derive(Debug)]
struct ProbeRule {
    name: String,
    probe: Probe,
    /// What is expected of each step, and where its statement stands.
    wants: Vec<(Want, usize)>,
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
            Some(Answer::Probe(met)) => self.compare(judge.suite, met),
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
    fn expected(&self) -> String {
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

    /// The first step that is not as expected decides.
    fn compare(&self, suite: &Suite, met: &[Met]) -> Outcome {
        let mut last = None;
        for (number, (want, at)) in self.wants.iter().enumerate() {
            let what = match self.wants.len() {
                1 => format!("probe \"{}\"", self.name),
                _ => format!("probe \"{}\", step {}", self.name, number + 1),
            };
            let (Some(met), Some(step)) = (met.get(number), self.probe.steps.get(number)) else {
                return Outcome::blocked("the server", format!("{what} was not run"));
            };
            let outcome = judge_step(&what, want, step, met);
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
pub(super) fn shortened(sql: &str) -> String {
    const MOST: usize = 200;
    let words: Vec<&str> = sql.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

fn judge_step(what: &str, want: &Want, step: &Step, met: &Met) -> Outcome {
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
                let outcome = want.rows.judge(what, rows);
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
    use crate::check::question::{Answer, Met, Phase, Question, Refusal};
    use crate::check::testing::{complaints, one, sample, settle, suite};
    use crate::check::{Probe, Status};

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

    fn parsed(text: &str) -> Vec<Probe> {
        let suite = suite("0001", text);
        let mut asked = Vec::new();
        let seen = std::cell::RefCell::new(&mut asked);
        settle(&[&suite], &sample(), |question| {
            if let Question::Probe(probe) = question {
                seen.borrow_mut().push(probe.clone());
            }
            Answer::NotRun {
                reason: "here".to_string(),
            }
        });
        asked
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
    fn steps_take_role_and_settings_from_the_probe_and_the_suite() {
        let probes = parsed(
            "[[probe]]\nname = \"p\"\nas_role = \"app\"\ngiven = \"insert into t values (1)\"\nsettings = { a = 1, b = true }\n\
             [[probe.step]]\nrun = \"select 1;\"\nexpect = 1\n\
             [[probe.step]]\nas_role = '\"Odd-One\"'\nsettings = { a = \"2\" }\ngiven = [\"select 3\"]\nrun = \"select 2\"\n\
             [probes]\ngiven = [\"select 4\", \"select 5\"]\nsettings = { c = 1.5 }\nas_role = \"other\"\n",
        );
        let [probe] = probes.as_slice() else {
            panic!("{probes:?}")
        };
        let shared: Vec<&str> = probe.shared.iter().map(|given| given.sql.as_str()).collect();
        assert_eq!(shared, ["select 4", "select 5"]);
        let steps: Vec<String> = probe
            .steps
            .iter()
            .map(|step| {
                let settings: Vec<String> = step
                    .settings
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                let given = step.given.as_ref().map_or("-", |given| given.sql.as_str());
                let role = step.role.as_deref().unwrap_or("-");
                format!("{role} [{}] {given} | {}", settings.join(" "), step.run)
            })
            .collect();
        assert_eq!(
            steps,
            [
                "app [a=1 b=true c=1.5] insert into t values (1) | select 1",
                "Odd-One [a=2 b=true c=1.5] select 3 | select 2",
            ]
        );
    }

    #[test]
    fn the_newest_of_a_name_is_judged() {
        let text = |expect: u32| format!("[[probe]]\nname = \"p\"\nrun = \"select 1\"\nexpect = {expect}\n");
        let (old, new) = (suite("0001", &text(1)), suite("0002", &text(2)));
        let verdicts = settle(&[&old, &new], &sample(), |_| Answer::Probe(vec![rows(&["2"], 1)]));
        assert_eq!(one(&verdicts, "0001/probe.p").status, Status::Skip);
        assert_eq!(one(&verdicts, "0002/probe.p").status, Status::Pass);
    }

    #[test]
    fn nothing_that_ends_the_transaction_is_accepted() {
        for sql in [
            "commit",
            "rollback",
            "end",
            "savepoint a",
            "rollback to a",
            "begin",
            "prepare transaction 'x'",
            "vacuum t",
            "create database d",
            "copy t from stdin",
            "\\\\i x.sql",
            "",
        ] {
            let text = format!("[[probe]]\nname = \"p\"\nrun = \"{sql}\"\nexpect = 1\n");
            assert_eq!(complaints(&text).len(), 1, "{sql}: {:?}", complaints(&text));
        }
    }
}
