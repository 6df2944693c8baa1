//! The verification checklist, and in full what did not pass.

use std::ops::Range;

use super::page::{Page, Span, Style, bold, dim, plain, styled};
use crate::check::{Status, Verdict};
use crate::diagnostic::screen;
use crate::report::model::{Report, Totals};
use crate::report::summary::{self, Blocker, Component, Group, Suite};
use crate::source::Location;

/// Width of the titles' column of a checklist.
const TITLE: usize = 26;
/// Width of the figures' column.
const FIGURES: usize = 9;
/// Width of the labels' column of a failure.
const LABEL: usize = 10;

/// More objects are only counted.
const NAMES: usize = 12;
/// Texts of more lines are shown around their difference alone.
const LONG: usize = 8;
/// Lines that are shown before and after a difference.
const AROUND: usize = 2;

/// All checks, a line a component, counts with their own figures. A run shows them a suite, as each
/// migration is judged by its own; elsewhere the whole comes first and the suites below.
pub fn checklist(page: &mut Page, report: &Report) {
    let suites = summary::by_suite(report);
    if suites.is_empty() {
        return;
    }
    page.heading(&heading(&report.totals()));
    if suites.len() == 1 || summary::is_run(report) {
        for (index, suite) in suites.iter().enumerate() {
            if index > 0 {
                page.blank();
            }
            suite_line(page, suite);
            groups(page, 4, &summary::by_component(suite.checks.iter().copied()));
        }
    } else {
        groups(page, 2, &summary::by_component(&report.checks));
        page.blank();
        for suite in &suites {
            suite_line(page, suite);
        }
    }
}

fn heading(totals: &Totals) -> String {
    if totals.pass == totals.all() {
        "VERIFICATION CHECKLIST: ALL PASSED".to_string()
    } else {
        format!(
            "VERIFICATION CHECKLIST: {} OF {} PASSED",
            totals.pass,
            totals.all()
        )
    }
}

/// `✓ checks/0024_sync.toml  142/142`.
fn suite_line(page: &mut Page, suite: &Suite) {
    let mut spans = mark(page, &suite.totals);
    spans.push(bold(suite.file));
    spans.push(plain(format!(" {}", figures(&suite.totals))));
    spans.extend(exceptions(&suite.totals));
    page.put(2, 4 + page.mark_columns(), &spans);
}

fn groups(page: &mut Page, indent: usize, groups: &[Group]) {
    for group in groups {
        let mut spans = mark(page, &group.totals);
        spans.push(plain(group.component.title()).padded(TITLE));
        spans.push(plain(figures(&group.totals)).right(FIGURES));
        spans.extend(exceptions(&group.totals));
        if group.component.is_listed_by_name()
            && group.checks.len() <= NAMES
            && group.totals.pass == group.checks.len()
        {
            spans.extend(gap());
            spans.push(dim(summary::names(&group.checks).join(", ")));
        }
        let column = indent + page.mark_columns() + TITLE + FIGURES + 2;
        page.put(indent, column, &spans);
        if group.component == Component::Counts {
            let longest = group
                .checks
                .iter()
                .map(|check| screen::width(&screen::clean(&check.object)));
            let title = (TITLE - page.mark_columns()).max(longest.max().unwrap_or(0));
            let title = title.min(page.width() / 2);
            for check in &group.checks {
                count(page, indent + page.mark_columns(), title, check);
            }
        }
    }
}

/// `✓ Performance indexes   55/15+`.
fn count(page: &mut Page, indent: usize, title: usize, check: &Verdict) {
    let mark = page.mark(check.status);
    let mut spans = vec![mark, plain(" ").solid(), plain(&check.object).padded(title)];
    if let Some(measure) = check.measure {
        spans.push(plain(measure.to_string()).right(FIGURES));
    }
    page.put(indent, indent + page.mark_columns(), &spans);
}

/// Two spaces, where a line may end.
fn gap() -> [Span; 2] {
    [plain(" ").solid(), plain(" ")]
}

fn mark(page: &Page, totals: &Totals) -> Vec<Span> {
    match totals.worst() {
        Some(status) => vec![page.mark(status), plain(" ").solid()],
        None => vec![],
    }
}

/// `139/142`.
fn figures(totals: &Totals) -> String {
    format!("{}/{}", totals.pass, totals.all())
}

/// What is not a pass: `  1 failed, 12 blocked`.
fn exceptions(totals: &Totals) -> Vec<Span> {
    let mut spans = Vec::new();
    for (count, word, style) in [
        (totals.fail, "failed", Style::Bad),
        (totals.blocked, "blocked", Style::Blocked),
        (totals.warn, "warned", Style::Warn),
        (totals.skip, "skipped", Style::Dim),
    ] {
        if count > 0 {
            spans.push(if spans.is_empty() {
                plain("  ").solid()
            } else {
                plain(", ")
            });
            spans.push(styled(style, format!("{count} {word}")).solid());
        }
    }
    spans
}

/// In full what did not pass: root causes, failures, advice, what was skipped and why.
pub fn problems(page: &mut Page, report: &Report) {
    let blockers = summary::blockers(report);
    if !blockers.is_empty() {
        page.heading(&format!(
            "BLOCKED BY {}",
            summary::quantity(blockers.len(), "root cause").to_uppercase()
        ));
        for (index, blocker) in blockers.iter().enumerate() {
            if index > 0 {
                page.blank();
            }
            blocked(page, blocker);
        }
    }
    one_by_one(page, report, Status::Fail, "FAILED");
    one_by_one(page, report, Status::Warn, "WARNED");
    skipped(page, report);
}

fn one_by_one(page: &mut Page, report: &Report, status: Status, word: &str) {
    let checks: Vec<&Verdict> = summary::with_status(report, status).collect();
    if checks.is_empty() {
        return;
    }
    page.heading(&format!(
        "{word}: {}",
        summary::quantity(checks.len(), "check").to_uppercase()
    ));
    for (index, check) in checks.into_iter().enumerate() {
        if index > 0 {
            page.blank();
        }
        failure(page, check);
    }
}

/// What, then want and have, then where, then what to do.
fn failure(page: &mut Page, check: &Verdict) {
    let indent = 2 + page.mark_columns();
    page.put(
        2,
        indent,
        &[
            page.mark(check.status),
            bold(format!(" {}", summary::title(check))),
        ],
    );
    for difference in &check.differences {
        if check.differences.len() > 1 {
            page.put(indent, indent, &[bold(&difference.part)]);
        }
        want_and_have(page, difference.want.as_deref(), difference.have.as_deref());
        if let Some(refusal) = &difference.refusal {
            lines(page, "server", refusal);
        }
    }
    if check.differences.is_empty() {
        want_and_have(page, check.expected.as_deref(), check.actual.as_deref());
    }
    page.field(indent, LABEL, "check", &[plain(line_of(&check.source))]);
    if let Some(remedy) = &check.remedy {
        statement(page, "remedy", remedy);
    }
}

/// Both texts, the part that differs marked.
fn want_and_have(page: &mut Page, want: Option<&str>, have: Option<&str>) {
    if let Some((wanted, found)) = want.zip(have)
        && let Some((wanted, found)) = in_blanks(wanted, found, page.blank_mark())
    {
        value(page, "expected", &wanted, None, Style::Plain);
        value(page, "actual", &found, None, Style::Plain);
        let note = format!("in blanks alone: each {} is one", page.blank_mark());
        page.field(2 + page.mark_columns(), LABEL, "differs", &[plain(note)]);
        return;
    }
    let parts = want
        .zip(have)
        .and_then(|(want, have)| summary::difference(want, have));
    let (wanted, found) = parts.clone().unzip();
    value(page, "expected", want.unwrap_or("not there"), wanted, Style::Good);
    value(page, "actual", have.unwrap_or("not there"), found, Style::Bad);
    if let (Some((wanted, found)), Some(want), Some(have)) = (parts, want, have) {
        differs(page, &want[wanted], &have[found], want.len().max(have.len()));
    }
}

/// Two texts that nothing but white space tells apart, which a page of wrapped words would not show: with marks where
/// it differs.
fn in_blanks(want: &str, have: &str, mark: &str) -> Option<(String, String)> {
    if want == have || want.split_whitespace().ne(have.split_whitespace()) {
        return None;
    }
    let marked = |blanks: &str| -> String {
        let mut out = String::new();
        for char in blanks.chars() {
            match char {
                ' ' => out.push_str(mark),
                // it ends the line as well
                '\n' => out.push_str("\\n\n"),
                char => out.extend(char.escape_default()),
            }
        }
        out
    };
    let (mut wanted, mut found) = (String::new(), String::new());
    for (want, have) in pieces(want).into_iter().zip(pieces(have)) {
        let is_same = want == have;
        wanted.push_str(&if is_same { want.to_string() } else { marked(want) });
        found.push_str(&if is_same { have.to_string() } else { marked(have) });
    }
    Some((wanted, found))
}

/// White space and words in turn, with white space at both ends that may be empty.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    loop {
        let (blanks, words) = rest.split_at(rest.len() - rest.trim_start().len());
        pieces.push(blanks);
        if words.is_empty() {
            return pieces;
        }
        let (word, after) = words.split_at(words.find(char::is_whitespace).unwrap_or(words.len()));
        pieces.push(word);
        rest = after;
    }
}

/// Of two long texts that part in one place, that place.
fn differs(page: &mut Page, wanted: &str, found: &str, length: usize) {
    let longest = wanted.len().max(found.len());
    if length <= page.width() / 2 || longest > length / 2 || longest > page.width() {
        return;
    }
    let quoted = |text: &str| match text.trim() {
        "" => dim("nothing"),
        text => bold(text),
    };
    let arrow = format!(" {} ", page.arrow());
    let indent = 2 + page.mark_columns();
    page.field(
        indent,
        LABEL,
        "differs",
        &[quoted(wanted), dim(arrow), quoted(found)],
    );
}

/// A text of one or more lines with a label; the part that differs stands out, and of a long text only the
/// lines around it are shown.
fn value(page: &mut Page, label: &str, text: &str, part: Option<Range<usize>>, style: Style) {
    let indent = 2 + page.mark_columns();
    if text.is_empty() {
        page.field(indent, LABEL, label, &[dim("(empty)")]);
        return;
    }
    let text = text.strip_suffix('\n').unwrap_or(text);
    let count = text.split('\n').count();
    let part = part.map_or(0..0, |part| part.start.min(text.len())..part.end.min(text.len()));
    let line_at = |offset: usize| text[..offset].matches('\n').count();
    let shown = if count > LONG && part.end > 0 {
        line_at(part.start).saturating_sub(AROUND)..(line_at(part.end) + AROUND + 1).min(count)
    } else {
        0..count
    };
    let mut label = label;
    let elided = |page: &mut Page, label: &mut &str, lines: usize| {
        if lines > 0 {
            let same = format!(
                "{} {} the same",
                page.ellipsis(),
                summary::quantity(lines, "line")
            );
            page.field(indent, LABEL, std::mem::take(label), &[dim(same)]);
        }
    };
    elided(page, &mut label, shown.start);
    let mut start = 0;
    for (index, line) in text.split('\n').enumerate() {
        if shown.contains(&index) {
            let within = |offset: usize| offset.clamp(start, start + line.len()) - start;
            let (from, to) = (within(part.start), within(part.end));
            let depth = line.len() - line.trim_start_matches(' ').len();
            let (from, to) = (from.max(depth), to.max(depth));
            page.put(
                indent,
                indent + LABEL + depth,
                &[
                    dim(std::mem::take(&mut label)).padded(LABEL + depth - 1),
                    plain(" "),
                    plain(&line[depth..from]),
                    styled(style, &line[from..to]),
                    plain(&line[to..]),
                ],
            );
        }
        start += line.len() + 1;
    }
    elided(page, &mut label, count - shown.end);
}

/// A text whose lines are kept.
fn lines(page: &mut Page, label: &str, text: &str) {
    value(page, label, text, None, Style::Plain);
}

/// SQL that is to be pasted: what stands in quotes is never broken.
fn statement(page: &mut Page, label: &str, text: &str) {
    let indent = 2 + page.mark_columns();
    let mut label = label;
    let mut quote = None;
    for line in text.lines() {
        let depth = line.len() - line.trim_start_matches(' ').len();
        let mut spans = vec![
            dim(std::mem::take(&mut label)).padded(LABEL + depth - 1),
            plain(" "),
        ];
        spans.extend(unbroken_quotes(&line[depth..], &mut quote));
        page.put(indent, indent + LABEL + depth, &spans);
    }
}

/// `quote` is the one that is open at the beginning, and at the end.
fn unbroken_quotes(line: &str, quote: &mut Option<char>) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut start = 0;
    for (at, char) in line.char_indices().filter(|(_, char)| matches!(char, '\'' | '"')) {
        match *quote {
            None => {
                spans.push(plain(&line[start..at]));
                (*quote, start) = (Some(char), at);
            }
            Some(open) if open == char => {
                spans.push(plain(&line[start..=at]).solid());
                (*quote, start) = (None, at + 1);
            }
            Some(_) => {}
        }
    }
    let rest = plain(&line[start..]);
    spans.push(if quote.is_some() { rest.solid() } else { rest });
    spans
}

fn blocked(page: &mut Page, blocker: &Blocker) {
    let indent = 2 + page.mark_columns();
    page.put(
        2,
        indent,
        &[page.mark(Status::Blocked), bold(format!(" {}", blocker.object))],
    );
    if let Some(reason) = blocker.reason {
        page.put(indent, indent, &[plain(reason)]);
    }
    let by_component: Vec<String> = blocker
        .groups
        .iter()
        .map(|group| format!("{} {}", group.component.title(), group.checks.len()))
        .collect();
    let blocks = if by_component.is_empty() {
        summary::quantity(blocker.blocks, "dependent")
    } else {
        format!(
            "{}: {}",
            summary::quantity(blocker.blocks, "check"),
            by_component.join(", ")
        )
    };
    page.field(indent, LABEL, "blocks", &[plain(blocks)]);
    if !blocker.sources.is_empty() {
        page.field(indent, LABEL, blocker.place, &[plain(places(blocker.sources))]);
    }
    if let Some(remedy) = blocker.remedy {
        statement(page, "remedy", remedy);
    }
}

fn skipped(page: &mut Page, report: &Report) {
    let reasons = summary::skipped(report);
    if reasons.is_empty() {
        return;
    }
    let count = report.totals().skip;
    page.heading(&format!(
        "SKIPPED: {}",
        summary::quantity(count, "check").to_uppercase()
    ));
    let indent = 2 + page.mark_columns();
    for (reason, checks) in reasons {
        let title = match checks.as_slice() {
            [one] => format!(" {} {}", one.kind.replace('_', " "), one.object),
            several => format!(" {}", summary::quantity(several.len(), "check")),
        };
        page.put(
            2,
            indent,
            &[page.mark(Status::Skip), bold(title), plain(format!(": {reason}"))],
        );
    }
}

/// `checks/0024_sync.toml:31`.
fn line_of(location: &Location) -> String {
    format!("{}:{}", location.file, location.line)
}

/// `migrations/0024_sync.sql:123, 144; migrations/0025_x.sql:7`.
fn places(sources: &[Location]) -> String {
    let mut out = String::new();
    let mut file = "";
    for source in sources {
        if source.file == file {
            out.push_str(&format!(", {}", source.line));
        } else {
            let separator = if out.is_empty() { "" } else { "; " };
            out.push_str(&format!("{separator}{}", line_of(source)));
            file = &source.file;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{in_blanks, statement};
    use crate::report::text::TextOptions;
    use crate::report::text::page::Page;

    #[test]
    fn a_text_in_a_statement_to_paste_is_never_broken() {
        let literal = "'an owner''s words, which are longer than a line has room for'";
        let sql = format!("COMMENT ON COLUMN public.t.\"a b\" IS {literal}; SELECT 1");
        let mut page = Page::new(TextOptions {
            width: 50,
            ..TextOptions::default()
        });
        statement(&mut page, "remedy", &sql);
        let shown = page.finish();
        assert!(shown.contains(&format!("{literal};")), "{shown}");
        assert_eq!(
            shown.split_whitespace().skip(1).collect::<Vec<_>>().join(" "),
            sql
        );
        assert!(shown.lines().count() > 2, "{shown}");
    }

    #[test]
    fn what_only_blanks_tell_apart_is_shown_with_marks() {
        for (want, have, shown) in [
            ("'x  y z'", "'x y z'", Some(("'x··y z'", "'x·y z'"))),
            ("x", "x ", Some(("x", "x·"))),
            (" x", "x", Some(("·x", "x"))),
            ("x\ty\u{a0}z", "x y z", Some(("x\\ty\\u{a0}z", "x·y·z"))),
            ("x\n y", "x\ny", Some(("x\\n\n·y", "x\\n\ny"))),
            ("", " ", Some(("", "·"))),
            ("x y", "x y", None),
            ("x y", "xy", None),
        ] {
            let expected = shown.map(|(want, have)| (want.to_string(), have.to_string()));
            assert_eq!(in_blanks(want, have, "·"), expected, "{want:?} {have:?}");
        }
    }
}
