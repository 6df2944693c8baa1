//! `[[probe]]`: behaviour. Statements that write, in a transaction that is always rolled back, and what each of
//! them is to return, change or be refused with. `[probes]` holds what the probes of a suite share.

mod judge;

use toml::de::DeValue;

use self::judge::ProbeRule;
pub(super) use self::judge::shortened;
use crate::check::document::{Fields, Item, Text, items_of, text_of};
use crate::check::parse::Parser;
use crate::check::question::{Prepare, Probe, Step};
use crate::source::{SourceFile, Span};
use crate::sql::{FragmentError, Script, fragment};

use super::count::named;
use super::expect::{Expect, expectation, expects_nothing};
use super::query::entry_key;

/// The keys of one step, which a probe of one step has itself.
const STEP: [&str; 10] = [
    "as_role", "settings", "given", "run", "expect", "at_least", "at_most", "rows", "affected", "error",
];

/// Those of them that say what is expected.
const EXPECTATIONS: [&str; 6] = ["expect", "at_least", "at_most", "rows", "affected", "error"];

/// What the probes of a suite share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shared {
    given: Vec<Prepare>,
    pub(crate) role: Option<String>,
    pub(crate) settings: Vec<(String, String)>,
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
            (None, None) if fields.has_misspelt(&["step"]) => continue,
            (None, _) => one(p, &what, &entry, &fields, &Defaults::default())
                .into_iter()
                .collect(),
        };
        if p.reader.faults() > before {
            continue;
        }
        if steps.iter().all(|step| step.want.is_empty()) {
            expects_nothing(p, (&what, &entry), &fields, &EXPECTATIONS);
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
    let help = "write the statement to run";
    let run = p.reader.required(fields, "run", (what, entry.key.span), help)?;
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
pub(crate) fn prepared(p: &mut Parser, fields: &Fields<'_>) -> Vec<Prepare> {
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

pub(crate) fn role(p: &mut Parser, fields: &Fields<'_>) -> Option<String> {
    let text = p.reader.string(fields.get("as_role")?)?;
    p.fragment("as_role", &text, fragment::role_name)
}

/// `settings = { "request.jwt.claim.sub" = "…" }`
pub(crate) fn settings(p: &mut Parser, fields: &Fields<'_>) -> Vec<(String, String)> {
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

#[cfg(test)]
mod tests {
    use crate::check::Probe;
    use crate::check::question::{Answer, Question};
    use crate::check::testing::{complaints, sample, settle, suite};

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
