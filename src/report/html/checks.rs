//! All checks, a group a component, with filters. Long tables are cut into blocks that the browser lays out when
//! they come into view.

use super::{badge, difference};
use crate::check::{Status, Verdict};
use crate::report::findings::line_of;
use crate::report::markup::{escape, escape_attribute};
use crate::report::model::{Report, Totals};
use crate::report::summary::{self, Group};

/// Rows of one block.
const BLOCK: usize = 100;
/// More failures are shown folded.
const UNFOLDED: usize = 12;
/// In a longer report, groups in which all passed are folded.
const SHORT: usize = 200;

fn body(report: &Report, totals: &Totals) -> String {
    let mut body = filters(totals);
    for group in summary::by_component(&report.checks).iter() {
        body.push_str(&group_of(group, totals));
    }
    body
}

/// Writes the section.
pub fn section(out: &mut String, report: &Report) {
    let totals = report.totals();
    if totals.all() > 0 {
        let title = format!("Checks: {} of {} passed", totals.pass, totals.all());
        super::section(out, "checks", &title, &body(report, &totals));
    }
}

/// The buttons are shown by the script, without which they would do nothing.
fn filters(totals: &Totals) -> String {
    let mut out =
        String::from("<div class=\"filters\" role=\"group\" aria-label=\"Which checks are shown\" hidden>\n");
    out.push_str(&format!(
        "<button type=\"button\" data-filter=\"all\" aria-pressed=\"true\">all <b>{}</b></button>\n",
        totals.all()
    ));
    for (status, count) in [
        ("fail", totals.fail),
        ("blocked", totals.blocked),
        ("warn", totals.warn),
        ("pass", totals.pass),
        ("skip", totals.skip),
    ] {
        if count > 0 {
            out.push_str(&format!(
                "<button type=\"button\" class=\"{status}\" data-filter=\"{status}\" aria-pressed=\"false\">\
                 {status} <b>{count}</b></button>\n"
            ));
        }
    }
    out.push_str(
        "<input type=\"search\" aria-label=\"Names that contain\" placeholder=\"Name contains …\" \
         autocomplete=\"off\">\n<p role=\"status\" class=\"quiet\"></p>\n</div>\n",
    );
    out
}

fn group_of(group: &Group, all: &Totals) -> String {
    let totals = &group.totals;
    let has: Vec<&str> = statuses(totals).map(|(status, _)| status).collect();
    let folded = all.all() > SHORT && totals.pass + totals.skip == totals.all();
    let mut out = format!(
        "<details{} class=\"group\" data-has=\"{}\">\n<summary><h3>{}</h3> <span class=\"figures\">{}/{}</span>",
        if folded { "" } else { " open" },
        has.join(" "),
        group.component.title(),
        totals.pass,
        totals.all(),
    );
    for (status, count) in statuses(totals).filter(|(status, _)| *status != "pass") {
        out.push_str(&format!(
            " <span class=\"count {status}\">{count} {status}</span>"
        ));
    }
    out.push_str("</summary>\n");
    let unfold = all.fail + all.warn <= UNFOLDED;
    let blocks = group.checks.chunks(BLOCK);
    let several = blocks.len() > 1;
    for (block, checks) in blocks.enumerate() {
        let part = match several {
            true => format!(", part {}", block + 1),
            false => String::new(),
        };
        out.push_str(&format!(
            "<div class=\"block\"{}>\n<table>\n<caption>{}{part}</caption>\n\
             <colgroup><col class=\"status\"><col class=\"what\"><col class=\"where\"></colgroup>\n\
             <thead><tr><th scope=\"col\">Status</th><th scope=\"col\">Check</th>\
             <th scope=\"col\" class=\"where\">Suite</th></tr></thead>\n<tbody>\n",
            match several {
                true => format!(" style=\"--rows:{}\"", checks.len()),
                false => String::new(),
            },
            group.component.title(),
        ));
        for check in checks {
            row(&mut out, check, unfold);
        }
        out.push_str("</tbody>\n</table>\n</div>\n");
    }
    out.push_str("</details>\n");
    out
}

/// Those that there are, the worst first.
fn statuses(totals: &Totals) -> impl Iterator<Item = (&'static str, usize)> {
    [
        ("fail", totals.fail),
        ("blocked", totals.blocked),
        ("warn", totals.warn),
        ("pass", totals.pass),
        ("skip", totals.skip),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
}

fn row(out: &mut String, check: &Verdict, unfold: bool) {
    out.push_str(&format!(
        "<tr data-status=\"{}\"><td>{}</td><td><span class=\"kind\">{}</span> <span class=\"object\">{}</span>",
        check.status.as_str(),
        badge(check.status),
        escape(&check.kind.replace('_', " ")),
        escape(&check.object),
    ));
    if let Some(measure) = check.measure {
        out.push_str(&format!(" <span class=\"figures\">{measure}</span>"));
    }
    match check.status {
        Status::Pass => {}
        Status::Fail | Status::Warn => finding(out, check, unfold),
        Status::Blocked | Status::Skip => {
            let reason = match (&check.blocked_by, check.message.as_str()) {
                (Some(missing), _) => format!("waits for {missing}"),
                (None, message) => message.to_string(),
            };
            out.push_str(&format!(" <span class=\"quiet\">{}</span>", escape(&reason)));
        }
    }
    out.push_str(&format!(
        "</td><td class=\"where\" title=\"{}\">{}:{}</td></tr>\n",
        escape_attribute(&line_of(&check.source)),
        escape(&check.suite),
        check.source.line
    ));
}

/// What differs, with both sides, and what to do.
fn finding(out: &mut String, check: &Verdict, unfold: bool) {
    let title = summary::title(check);
    out.push_str(&format!(
        "<details{} class=\"finding\"><summary>{}</summary>",
        if unfold { " open" } else { "" },
        escape(&title)
    ));
    for part in &check.differences {
        if check.differences.len() > 1 {
            out.push_str(&format!("<p class=\"part\">{}</p>", escape(&part.part)));
        }
        both(out, part.want.as_deref(), part.have.as_deref());
        if let Some(refusal) = &part.refusal {
            out.push_str(&format!(
                "<p class=\"side\">server</p><pre tabindex=\"0\">{}</pre>",
                escape(refusal)
            ));
        }
    }
    if check.differences.is_empty() {
        both(out, check.expected.as_deref(), check.actual.as_deref());
    }
    if let Some(remedy) = &check.remedy {
        out.push_str(&format!(
            "<p class=\"side\">remedy</p><pre tabindex=\"0\">{}</pre>",
            escape(remedy)
        ));
    }
    out.push_str(&format!(
        "<p class=\"quiet\">{}</p></details>",
        escape(&line_of(&check.source))
    ));
}

fn both(out: &mut String, want: Option<&str>, have: Option<&str>) {
    let (wanted, found) = match (want, have) {
        (Some(want), Some(have)) => difference::sides(want, have),
        (want, have) => (
            escape(want.unwrap_or("not there")),
            escape(have.unwrap_or("not there")),
        ),
    };
    for (label, text) in [("expected", wanted), ("actual", found)] {
        let text = match text.is_empty() {
            true => "<i>empty</i>".to_string(),
            false => text,
        };
        out.push_str(&format!(
            "<p class=\"side\">{label}</p><pre tabindex=\"0\" class=\"{label}\">{text}</pre>"
        ));
    }
}
