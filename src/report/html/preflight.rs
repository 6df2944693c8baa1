//! What a preflight found: the components, what to do in order, the eight tasks, the gate.

use super::{badge, section, with_code};
use crate::check::Status;
use crate::diagnostic::{self, Diagnostic};
use crate::report::markup::escape;
use crate::report::model::Report;
use crate::report::preflight::{Issue, Part, Preflight, Task, places};
use crate::report::summary::quantity;

/// How many places a root cause shows unfolded.
const FEW: usize = 12;

/// The sections.
pub fn sections(out: &mut String, report: &Report) {
    let Some(preflight) = &report.preflight else {
        return;
    };
    section(out, "components", "Quick status", &components(preflight));
    let actions: String = preflight
        .actions
        .iter()
        .map(|action| format!("<li>{}</li>\n", with_code(action)))
        .collect();
    if !actions.is_empty() {
        section(
            out,
            "actions",
            "Required actions",
            &format!("<ol>\n{actions}</ol>\n"),
        );
    }
    let present: String = preflight
        .present
        .iter()
        .map(|present| format!("<li>{}</li>\n", escape(&present.sentence())))
        .collect();
    if !present.is_empty() {
        section(
            out,
            "present",
            "What the database has",
            &format!("<ul>\n{present}</ul>\n"),
        );
    }
    let tasks: String = preflight.tasks.iter().map(task).collect();
    section(out, "tasks", "Validation tasks", &tasks);
    section(out, "gate", "Gate", &gate(preflight));
}

/// The root causes, each with its lines in the scripts.
pub fn causes(out: &mut String, preflight: &Preflight) {
    let title = match preflight.issues.len() {
        1 => "Root cause".to_string(),
        count => quantity(count, "root cause"),
    };
    let body: String = preflight.issues.iter().map(issue).collect();
    section(out, "causes", &title, &body);
}

/// The title as a heading, and what the terminal shows below it.
fn issue(issue: &Issue) -> String {
    let mut out = format!(
        "<article class=\"card blocked\">\n<h3>{}</h3>\n<p>{}</p>\n",
        escape(&issue.title),
        escape(&issue.impact)
    );
    if issue.why != issue.title {
        out.push_str(&format!("<p>{}</p>\n", escape(&issue.why)));
    }
    if !issue.needed_by.is_empty() {
        out.push_str(&format!("<p>needed by {}</p>\n", escape(&issue.needed_by)));
    }
    let alone = Diagnostic {
        facts: Vec::new(),
        help: None,
        ..issue.error.clone()
    };
    let excerpt: Vec<String> = diagnostic::render(&alone).lines().skip(1).map(escape).collect();
    if !excerpt.is_empty() {
        out.push_str(&format!("<pre tabindex=\"0\">{}</pre>\n", excerpt.join("\n")));
    }
    others(&mut out, issue);
    if let Some(help) = &issue.error.help {
        out.push_str(&format!(
            "<p class=\"remedy\"><span>Remedy</span> {}</p>\n",
            with_code(help)
        ));
    }
    out + "</article>\n"
}

/// The other places that need it, folded where they are many.
fn others(out: &mut String, issue: &Issue) {
    let count = issue.others().count();
    let list = escape(&places(issue.others()));
    match count {
        0 => {}
        1..=FEW => out.push_str(&format!("<p>also {list}</p>\n")),
        _ => out.push_str(&format!(
            "<details><summary>{count} more places need it</summary><p>{list}</p></details>\n"
        )),
    }
}

fn components(preflight: &Preflight) -> String {
    let mut out = String::from(
        "<div class=\"scroll stack\" tabindex=\"0\" role=\"region\" aria-label=\"Components\"><table>\n\
         <caption>Components</caption>\n<thead><tr><th scope=\"col\">Component</th><th scope=\"col\">Status</th>\
         <th scope=\"col\">Details</th></tr></thead>\n<tbody>\n",
    );
    for line in &preflight.components {
        out.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            escape(line.name),
            badge(line.status),
            escape(&line.details)
        ));
    }
    out + "</tbody>\n</table></div>\n"
}

/// Closed where there is nothing to do about it.
fn task(task: &Task) -> String {
    let open = match task.status {
        Status::Fail | Status::Blocked => " open",
        Status::Warn | Status::Pass | Status::Skip => "",
    };
    let mut out = format!(
        "<details{open} class=\"plan\"><summary><strong>{}. {}</strong> {} {}</summary>\n<p class=\"quiet\">{}</p>\n",
        task.number,
        escape(task.name),
        badge(task.status),
        escape(&task.finding),
        escape(&task.requirement)
    );
    if !task.parts.is_empty() {
        out.push_str(&format!(
            "<div class=\"scroll stack\" tabindex=\"0\" role=\"region\" aria-label=\"Task {0}\"><table>\n<caption>Task {0}</caption>\n\
             <thead><tr><th scope=\"col\">Status</th><th scope=\"col\">Asked for</th><th scope=\"col\">Finding</th></tr></thead>\n\
             <tbody>\n",
            task.number
        ));
        out.extend(task.parts.iter().map(part));
        out.push_str("</tbody>\n</table></div>\n");
    }
    out + "</details>\n"
}

fn part(part: &Part) -> String {
    format!(
        "<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        badge(part.status),
        escape(&part.what),
        escape(&part.finding)
    )
}

fn gate(preflight: &Preflight) -> String {
    if preflight.gate.is_empty() {
        return "<p><strong>Open:</strong> nothing stands in the way of apply.</p>\n".to_string();
    }
    let mut out = String::from("<p><strong>Closed:</strong> do not deploy until</p>\n<ul>\n");
    for line in &preflight.gate {
        out.push_str(&format!("<li>{}</li>\n", escape(line)));
    }
    out + "</ul>\n"
}
