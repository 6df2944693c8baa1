//! One root cause, told at length.

use super::{Facts, waiting};
use crate::diagnostic::Diagnostic;
use crate::preflight::{Cause, Site};
use crate::report::summary::quantity;
use crate::source::{Location, Place};
use crate::sql::ObjectKind;

/// One root cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    pub title: String,
    /// What cannot be made, and what waits.
    pub impact: String,
    /// `3 foreign keys, 12 policies`; empty when no script needs it by name.
    pub needed_by: String,
    /// Every place that needs it.
    pub lines: Vec<Location>,
    /// The first place, as the script has it.
    pub snippet: Option<String>,
    pub why: String,
    /// The same as an error of a script: the first place with its line, why, what waits, and what to do.
    pub error: Diagnostic,
}

impl Issue {
    /// Every place but the one that the error shows.
    pub fn others(&self) -> impl Iterator<Item = &Location> {
        let shown = self.error.place.as_ref().map(Place::location);
        self.lines
            .iter()
            .filter(move |line| Some(*line) != shown.as_ref())
    }

    /// The error with the other places; of more than that many only the first ones, and how many there are.
    pub fn told(&self, limit: usize) -> Diagnostic {
        let mut error = self.error.clone();
        let others: Vec<&Location> = self.others().collect();
        if others.is_empty() {
            return error;
        }
        let shown = if others.len() > limit { limit } else { others.len() };
        let mut text = places(others.iter().take(shown).copied());
        if shown < others.len() {
            text.push_str(&format!(", and {} more", others.len() - shown));
        }
        error.facts.insert(0, ("also", text));
        error
    }
}

/// The cause at a place of the list, with what the facts say of it.
pub(super) fn issue(index: usize, cause: &Cause, facts: &Facts<'_>) -> Issue {
    let remedy = facts.remedies.get(index).map_or("", String::as_str);
    let reason = facts.reasons.get(index).map_or("", String::as_str);
    Issue {
        title: format!("{} {}", cause.object, cause.state),
        error: error(cause, reason, blocks(index, cause, facts), remedy),
        impact: impact(index, cause, facts),
        needed_by: needed_by(cause),
        lines: lines(cause),
        snippet: cause.sites.first().map(snippet),
        why: why(cause, reason),
    }
}

/// `3 tables and 12 policies cannot be created; 72 statements and 130 checks wait`.
fn impact(index: usize, cause: &Cause, facts: &Facts<'_>) -> String {
    let mut waits = Vec::new();
    if cause.statements > 0 {
        waits.push(quantity(cause.statements, "statement"));
    }
    let checks = waiting(cause, facts);
    if checks > 0 {
        waits.push(quantity(checks, "check"));
    }
    let one = cause.statements + checks == 1;
    let waits = match waits.is_empty() {
        true => "nothing waits".to_owned(),
        false => format!("{} {}", waits.join(" and "), if one { "waits" } else { "wait" }),
    };
    match unmade(index, facts) {
        made if made.is_empty() => waits,
        made => format!("{made} cannot be created; {waits}"),
    }
}

/// The same for a line of facts: `3 tables and 12 policies: 72 statements, 130 checks`. The statement that is shown
/// needs no count.
fn blocks(index: usize, cause: &Cause, facts: &Facts<'_>) -> String {
    let checks = waiting(cause, facts);
    let mut waits: Vec<String> = Vec::new();
    if cause.statements > 1 {
        waits.push(quantity(cause.statements, "statement"));
    }
    if checks > 0 {
        waits.push(quantity(checks, "check"));
    }
    match (unmade(index, facts), waits.join(" and ")) {
        (made, waits) if made.is_empty() || waits.is_empty() => waits,
        (made, waits) => format!("{made}; {waits}"),
    }
}

/// What cannot be made, by kind, in the order of the scripts.
fn unmade(index: usize, facts: &Facts<'_>) -> String {
    let mut counts: Vec<(ObjectKind, usize)> = Vec::new();
    for unmade in facts.found.waiting.iter().filter(|unmade| unmade.cause == index) {
        match counts.iter_mut().find(|(kind, _)| *kind == unmade.kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((unmade.kind, 1)),
        }
    }
    listed(
        counts
            .into_iter()
            .map(|(kind, count)| quantity(count, kind.as_str())),
    )
}

/// `a, b and c`.
fn listed(words: impl Iterator<Item = String>) -> String {
    let mut words: Vec<String> = words.collect();
    match words.pop() {
        Some(last) if !words.is_empty() => format!("{} and {last}", words.join(", ")),
        Some(last) => last,
        None => String::new(),
    }
}

/// `3 foreign keys and 12 policies`: a policy that needs it twice is one.
fn needed_by(cause: &Cause) -> String {
    let mut counts: Vec<(&str, Vec<(&str, usize)>)> = Vec::new();
    for site in &cause.sites {
        // several of these stand in one statement
        let is_part = matches!(
            site.by,
            "foreign key" | "column" | "default" | "check" | "constraint"
        );
        let start = if is_part { site.span.start } else { site.statement };
        let place = (site.file.path(), start);
        match counts.iter_mut().find(|(by, _)| *by == site.by) {
            Some((_, places)) if !places.contains(&place) => places.push(place),
            Some(_) => {}
            None => counts.push((site.by, vec![place])),
        }
    }
    let named = counts.into_iter().filter(|(by, _)| is_noun(by));
    let named = named.map(|(by, places)| quantity(places.len(), by));
    let probes = cause.asked_by.iter().map(|file| format!("the probes of {file}"));
    listed(named.chain(probes))
}

/// What a script can have several of; the others say what goes wrong, not who needs it.
fn is_noun(by: &str) -> bool {
    !matches!(
        by,
        "" | "create" | "privilege" | "version" | "grammar" | "no-transaction"
    )
}

fn why(cause: &Cause, reason: &str) -> String {
    let mut why = format!("{} {}", cause.object, cause.state);
    if !cause.explains.is_empty() {
        let explained: Vec<&str> = cause.explains.iter().map(String::as_str).collect();
        why.push_str(&format!(", and so neither does {}", explained.join(" nor ")));
    }
    if !reason.is_empty() {
        why.push_str(&format!("; {reason}"));
    }
    why
}

fn snippet(site: &Site) -> String {
    let text = site.file.text();
    let start = text[..site.span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[site.span.start..]
        .find('\n')
        .map_or(text.len(), |at| site.span.start + at);
    text[start..end].trim_end().to_owned()
}

/// A cause as an error of the script that needs it first.
fn error(cause: &Cause, reason: &str, blocks: String, remedy: &str) -> Diagnostic {
    let mut error = Diagnostic::error(format!("{} {}", cause.object, cause.state));
    if let Some(site) = cause.sites.first() {
        error = error.at_place(Place {
            file: site.file.clone(),
            span: site.span,
        });
    }
    let needed_by = needed_by(cause);
    if !needed_by.is_empty() {
        error = error.fact("needed by", needed_by);
    }
    if !reason.is_empty() {
        error = error.fact("why", reason);
    }
    if !cause.explains.is_empty() {
        let explained: Vec<&str> = cause.explains.iter().map(String::as_str).collect();
        error = error.fact("explains", explained.join(", "));
    }
    if !blocks.is_empty() {
        error = error.fact("blocks", blocks);
    }
    if remedy.is_empty() {
        error
    } else {
        error.help(remedy)
    }
}

/// `migrations/0024_sync.sql:123:32, 144:17`: a file is named once.
pub fn places<'a>(lines: impl Iterator<Item = &'a Location>) -> String {
    let mut text = String::new();
    let mut file = None;
    for line in lines {
        if !text.is_empty() {
            text.push_str(", ");
        }
        if file != Some(&line.file) {
            text.push_str(&format!("{}:", line.file));
            file = Some(&line.file);
        }
        text.push_str(&format!("{}:{}", line.line, line.column));
    }
    text
}

/// Every place, once.
pub fn lines(cause: &Cause) -> Vec<Location> {
    let mut lines: Vec<Location> = cause.sites.iter().map(|site| site.location()).collect();
    lines.sort();
    lines.dedup();
    lines
}
