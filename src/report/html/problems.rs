//! Root causes: each missing thing once, with what waits for it and what to do.

use crate::report::findings::line_of;
use crate::report::markup::escape;
use crate::report::model::Report;
use crate::report::summary::{self, Blocker};

/// Writes the section.
pub fn section(out: &mut String, report: &Report) {
    if let Some(preflight) = &report.preflight {
        return super::preflight::causes(out, preflight);
    }
    let blockers = summary::blockers(report);
    let title = match blockers.len() {
        1 => "Root cause".to_string(),
        count => format!("{count} root causes"),
    };
    let body: String = blockers.iter().map(cause).collect();
    super::section(out, "causes", &title, &body);
}

fn cause(blocker: &Blocker) -> String {
    let mut out = format!(
        "<article class=\"card blocked\">\n<h3>{}</h3>\n<p>blocks <strong>{}</strong>",
        escape(blocker.object),
        summary::quantity(blocker.blocks, "check")
    );
    let groups: Vec<String> = blocker
        .groups
        .iter()
        .map(|group| format!("{} {}", group.component.title(), group.checks.len()))
        .collect();
    if !groups.is_empty() {
        out.push_str(&format!(": {}", escape(&groups.join(", "))));
    }
    out.push_str("</p>\n");
    if let Some(reason) = blocker.reason {
        out.push_str(&format!("<p>{}</p>\n", escape(reason)));
    }
    if !blocker.sources.is_empty() {
        let places: Vec<String> = blocker
            .sources
            .iter()
            .map(|source| format!("<code>{}</code>", escape(&line_of(source))))
            .collect();
        out.push_str(&format!("<p>{} {}</p>\n", blocker.place, places.join(", ")));
    }
    if let Some(remedy) = blocker.remedy {
        out.push_str(&format!(
            "<p class=\"remedy\"><span>Remedy</span> {}</p>\n",
            super::with_code(remedy)
        ));
    }
    out.push_str("</article>\n");
    out
}
