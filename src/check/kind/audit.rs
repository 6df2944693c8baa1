//! `[audit]`: findings of the audit fail the suite; `[[audit.accept]]`: those that are known, each with a reason.

use std::borrow::Cow;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeValue;

use crate::audit::{Accept, Finding, LINTS, Severity, accept, audit};
use crate::catalog::Scope;
use crate::check::document::{Fields, Item, Reader, Text, closest, items_of, span_of};
use crate::check::parse::Parser;
use crate::check::question::{Answer, Question};
use crate::check::rule::{Claim, Judge, Outcome, Rule};
use crate::diagnostic::Diagnostic;
use crate::source::{Place, SourceFile, Span};
use crate::sql::glob;

use super::query::entry_key;

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    let Some(fields) = p
        .reader
        .fields(item, "[audit]", "a table", &["severity", "lints", "accept"])
    else {
        return;
    };
    let accepts = accepts(&mut p.reader, &fields);
    p.accepts.extend(accepts);
    let words = Severity::ALL.map(Severity::as_str);
    let word = fields.get("severity").map(|item| p.reader.word(item, &words));
    let gate = match word {
        None => Severity::Error,
        Some(word) => match Severity::ALL
            .into_iter()
            .find(|severity| Some(severity.as_str()) == word)
        {
            Some(severity) => severity,
            None => return,
        },
    };
    let patterns = match fields.get("lints").map(|item| p.reader.strings(item)) {
        None => None,
        Some(None) => return,
        Some(patterns) => patterns,
    };
    for pattern in patterns.iter().flatten() {
        if !LINTS.iter().any(|lint| glob(&pattern.value, lint.id)) {
            unknown_lint(&mut p.reader, "lints", pattern);
        }
    }
    let is_wanted = |id: &str| {
        patterns
            .as_ref()
            .is_none_or(|patterns| patterns.iter().any(|pattern| glob(&pattern.value, id)))
    };
    for lint in LINTS.iter().filter(|lint| is_wanted(lint.id)) {
        p.add(
            format!("audit.{}", lint.id),
            "audit",
            &item.key,
            format!("no finding: {}", lint.about),
            Gate { id: lint.id, gate },
        );
    }
}

/// The `[[audit.accept]]` of another file than a suite, from the value of its `audit`.
///
/// # Errors
/// Everything that is wrong with them, by position.
pub fn accepts_of(
    file: &Arc<SourceFile>,
    key: Span,
    value: &Spanned<DeValue<'_>>,
) -> Result<Vec<Accept>, Vec<Diagnostic>> {
    let mut reader = Reader::new(file);
    let item = Item {
        key: Text {
            value: "audit".to_string(),
            span: key,
        },
        value,
    };
    let found = match reader.fields(&item, "[audit]", "a table", &["accept"]) {
        Some(fields) => accepts(&mut reader, &fields),
        None => Vec::new(),
    };
    match reader.is_clean() {
        true => Ok(found),
        false => Err(reader.into_diagnostics()),
    }
}

fn accepts(reader: &mut Reader, fields: &Fields<'_>) -> Vec<Accept> {
    let Some(item) = fields.get("accept") else {
        return Vec::new();
    };
    let Some(array) = item.value.get_ref().as_array() else {
        reader.mismatch(item, "[[audit.accept]]");
        return Vec::new();
    };
    let mut found = Vec::new();
    for node in array.iter() {
        let entry = Item {
            key: entry_key("audit.accept", node),
            value: node,
        };
        if items_of(node).is_none() {
            reader.mismatch(&entry, "[[audit.accept]]");
            continue;
        }
        let known = ["id", "object", "reason"];
        let Some(fields) = reader.fields(&entry, "[[audit.accept]]", "a table", &known) else {
            continue;
        };
        let texts = known.map(|key| filled(reader, &entry, &fields, key));
        if let [Some(id), Some(object), Some(reason)] = texts {
            if Accept::is_known(&id.value) {
                found.push(Accept {
                    id: id.value,
                    object: object.value,
                    reason: reason.value,
                    place: Place::new(reader.file(), span_of(node)),
                });
            } else {
                unknown_lint(reader, "id", &id);
            }
        }
    }
    found
}

/// A text that has to be there and say something.
fn filled(reader: &mut Reader, entry: &Item<'_>, fields: &Fields<'_>, key: &str) -> Option<Text> {
    let help = match key {
        "reason" => "add reason = \"…\": a finding is accepted for a reason".to_string(),
        _ => format!("add {key} = \"…\", as the finding has it; * stands for any characters in an object"),
    };
    let of = ("[[audit.accept]]", entry.key.span);
    let text = reader
        .required(fields, key, of, &help)
        .and_then(|item| reader.string(item))?;
    if text.value.trim().is_empty() {
        reader.error_help(
            text.span,
            format!("`{key}` is empty"),
            format!("write {key} = \"…\""),
        );
        return None;
    }
    Some(text)
}

fn unknown_lint(reader: &mut Reader, key: &str, text: &Text) {
    let help = match closest(&text.value, LINTS.iter().map(|lint| lint.id)) {
        Some(id) => format!("did you mean \"{id}\"?"),
        None => "use an id that `pgplumb audit` shows".to_string(),
    };
    reader.error_help(
        text.span,
        format!("`{key}`: there is no lint \"{}\"", text.value),
        help,
    );
}

/// One lint of the audit.
#[derive(Debug)]
struct Gate {
    id: &'static str,
    /// From which severity on a finding fails.
    gate: Severity,
}

impl Rule for Gate {
    fn claims(&self) -> Vec<Claim<'_>> {
        vec![Claim::Named("audit", Cow::Owned(self.id.to_string()))]
    }

    fn cover(&self, _: &mut Scope) {}

    fn judge(&self, judge: &mut Judge<'_>) -> Outcome {
        let suite = judge.suite;
        match judge.ask(Question::Audit) {
            Some(Answer::Audit(facts)) => {
                let mut findings = audit(facts);
                findings.retain(|finding| finding.id == self.id);
                let of_suite = suite.accepts.iter();
                let idle = accept(&mut findings, &suite.accepted);
                let idle: Vec<&str> = of_suite
                    .filter(|accept| accept.id == self.id && idle.contains(accept))
                    .map(|accept| accept.object.as_str())
                    .collect();
                findings.retain(|finding| finding.accepted.is_none());
                self.outcome(&findings, &idle)
            }
            Some(Answer::Refused { sqlstate, message }) => Outcome::blocked(
                "the server",
                format!("the catalog could not be read for the audit: {message} (SQLSTATE {sqlstate})"),
            ),
            _ => Outcome::blocked("the server", "the audit was not put to the server"),
        }
    }
}

impl Gate {
    fn outcome(&self, findings: &[Finding], idle: &[&str]) -> Outcome {
        let message = match findings {
            [] if idle.is_empty() => return Outcome::pass(),
            [] => {
                return Outcome::warn(format!(
                    "{} is accepted on {} and found nowhere there: remove the [[audit.accept]]",
                    self.id,
                    idle.join(", ")
                ))
                .actual("no finding");
            }
            [only] => format!("{}: {}", only.object, only.message),
            several => {
                let objects: Vec<&str> = several.iter().map(|finding| finding.object.as_str()).collect();
                format!(
                    "{} findings of {}: {}",
                    several.len(),
                    self.id,
                    objects.join(", ")
                )
            }
        };
        let lines = |of: fn(&Finding) -> String| findings.iter().map(of).collect::<Vec<_>>().join("\n");
        let worst = findings.iter().map(|finding| finding.severity).min();
        let outcome = match worst {
            Some(severity) if severity <= self.gate => Outcome::fail(message),
            Some(Severity::Info) => {
                let mut outcome = Outcome::pass();
                outcome.message = message;
                return outcome;
            }
            _ => Outcome::warn(message),
        };
        outcome
            .object(findings[0].object.clone())
            .actual(lines(|finding| {
                format!("{}: {}", finding.object, finding.message)
            }))
            .remedy(Some(lines(|finding| finding.fix.clone())))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::audit::{Facts, LINTS, Relation};
    use crate::check::Status;
    use crate::check::question::{Answer, Question};
    use crate::check::testing::{complaints, one, sample, settle, suite};

    /// A server with a table whose policies nothing applies.
    fn leaking(question: &Question) -> Answer {
        assert_eq!(*question, Question::Audit);
        Answer::Audit(Arc::new(Facts {
            relations: vec![Relation {
                path: "public.t".into(),
                kind: "r".into(),
                policies: 1,
                ..Relation::default()
            }],
            ..Facts::default()
        }))
    }

    fn judged(text: &str, id: &str) -> (Status, String) {
        let suite = suite("baseline", text);
        let verdicts = settle(&[&suite], &sample(), leaking);
        let verdict = one(&verdicts, &format!("baseline/audit.{id}"));
        (verdict.status, verdict.message.clone())
    }

    #[test]
    fn an_error_fails_and_the_rest_passes() {
        let (status, message) = judged("[audit]\n", "policies_without_rls");
        assert_eq!(status, Status::Fail);
        assert!(message.starts_with("table public.t: "), "{message}");
        assert_eq!(
            judged("[audit]\n", "invalid_index"),
            (Status::Pass, String::new())
        );
        // no primary key: information, unless it is to fail
        assert_eq!(judged("[audit]\n", "no_primary_key").0, Status::Pass);
        assert_eq!(
            judged("[audit]\nseverity = \"info\"\n", "no_primary_key").0,
            Status::Fail
        );
    }

    #[test]
    fn one_check_a_lint() {
        assert_eq!(suite("baseline", "[audit]\n").checks(), LINTS.len());
        assert_eq!(
            suite("baseline", "[audit]\nlints = [\"duplicate_*\"]\n").checks(),
            1
        );
    }

    #[test]
    fn what_is_accepted_passes_and_what_meets_nothing_warns() {
        let accept = |id: &str, object: &str| {
            format!("[audit]\n[[audit.accept]]\nid = \"{id}\"\nobject = \"{object}\"\nreason = \"known\"\n")
        };
        let accepted = accept("policies_without_rls", "public.*");
        assert_eq!(
            judged(&accepted, "policies_without_rls"),
            (Status::Pass, String::new())
        );
        let idle = accept("invalid_index", "index public.i");
        assert_eq!(judged(&idle, "policies_without_rls").0, Status::Fail);
        assert_eq!(
            judged(&idle, "invalid_index"),
            (
                Status::Warn,
                "invalid_index is accepted on index public.i and found nowhere there: remove the [[audit.accept]]".to_string()
            )
        );
    }

    #[test]
    fn what_is_wrong_is_reported_with_its_place() {
        let text = "[audit]\nseverity = \"bad\"\nlints = [\"invalid_idnex\"]\nexcept = 1\n[[audit.accept]]\nid = \"invalid_indx\"\nobject = \"*\"\n";
        assert_eq!(
            complaints(text),
            [
                "2:12 `severity`: unknown value \"bad\" (use one of: error, warn, info)",
                "4:1 unknown key `except` in [audit] (did you mean `accept`?)",
                "5:1 [[audit.accept]]: `reason` is missing (add reason = \"…\": a finding is accepted for a reason)",
            ]
        );
        let text = "[audit]\nlints = [\"invalid_idnex\"]\n[[audit.accept]]\nid = \"invalid_indx\"\nobject = \"*\"\nreason = \" \"\n[[audit.accept]]\nid = \"invalid_indx\"\nobject = \"*\"\nreason = \"x\"\n";
        assert_eq!(
            complaints(text),
            [
                "2:10 `lints`: there is no lint \"invalid_idnex\" (did you mean \"invalid_index\"?)",
                "6:10 `reason` is empty (write reason = \"…\")",
                "8:6 `id`: there is no lint \"invalid_indx\" (did you mean \"invalid_index\"?)",
            ]
        );
    }
}
