//! Of `audit` the findings, the worst first, each with what mends it; and what was accepted, with the reason.

use super::section;
use crate::audit::{Finding, Severity};
use crate::report::markup::escape;
use crate::report::model::Report;
use crate::report::summary::quantity;

/// The sections.
pub fn sections(out: &mut String, report: &Report) {
    let (accepted, open): (Vec<&Finding>, Vec<&Finding>) = report
        .findings
        .iter()
        .partition(|finding| finding.accepted.is_some());
    let mut cards = String::new();
    for severity in [Severity::Error, Severity::Warn, Severity::Info] {
        let of_it = open.iter().filter(|finding| finding.severity == severity);
        cards.extend(of_it.map(|finding| card(finding)));
    }
    section(out, "findings", &quantity(open.len(), "finding"), &cards);
    section(out, "accepted", "Accepted", &table(&accepted));
}

fn card(finding: &Finding) -> String {
    let (class, word) = match finding.severity {
        Severity::Error => ("fail", "error"),
        Severity::Warn => ("warn", "warning"),
        Severity::Info => ("skip", "note"),
    };
    format!(
        "<article class=\"card {class}\">\n<h3><span class=\"badge {class}\">{word}</span> <code>{}</code></h3>\n<p>{}</p>\n\
         <pre tabindex=\"0\">{}</pre>\n<p class=\"quiet\">{}</p>\n</article>\n",
        escape(&finding.object),
        escape(&finding.message),
        escape(&finding.fix),
        escape(finding.id)
    )
}

/// A line each, folded: somebody has decided already.
fn table(accepted: &[&Finding]) -> String {
    if accepted.is_empty() {
        return String::new();
    }
    let mut out = format!(
        "<details class=\"plan\"><summary>{} for a reason</summary>\n\
         <div class=\"scroll stack\" tabindex=\"0\" role=\"region\" aria-label=\"Accepted\"><table>\n<caption>Accepted</caption>\n\
         <thead><tr><th scope=\"col\">Lint</th><th scope=\"col\">Object</th><th scope=\"col\">Reason</th></tr></thead>\n\
         <tbody>\n",
        quantity(accepted.len(), "finding")
    );
    for finding in accepted {
        out.push_str(&format!(
            "<tr><td>{}</td><td><code>{}</code></td><td>{}</td></tr>\n",
            escape(finding.id),
            escape(&finding.object),
            escape(finding.accepted.as_deref().unwrap_or_default())
        ));
    }
    out + "</tbody>\n</table></div></details>\n"
}
