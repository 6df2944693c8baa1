//! Of `status` the state of every migration, of `history` the journal, of `init` and `new` the files.

use super::{badge_of, section};
use crate::isolation::{Command, Line, word_is_bad};
use crate::migration::stem;
use crate::report::findings::line_of;
use crate::report::markup::escape;
use crate::report::model::Report;
use crate::report::{changes, proofs};

/// The sections.
pub fn sections(out: &mut String, report: &Report) {
    rehearsal(out, report);
    isolation(out, report);
    let ledger = report.ledger.iter().map(|line| {
        vec![
            line.version.clone(),
            line.name.clone(),
            line.state.replace('_', " "),
            line.applied_on.clone().unwrap_or_default(),
            line.rollback.clone(),
            line.checks.map_or(String::new(), |checks| checks.to_string()),
        ]
    });
    let head = ["Version", "Name", "State", "Applied on", "Rollback", "Checks"];
    section(
        out,
        "ledger",
        "Migrations of the project",
        &table("State of migrations", &head, ledger.collect()),
    );
    let journal = report.journal.iter().map(|line| {
        vec![
            line.at.clone(),
            line.action.clone(),
            stem(&line.version, &line.name),
            line.outcome.replace('_', " "),
            line.verdict.clone().unwrap_or_default(),
            line.duration_ms.map_or(String::new(), super::short_duration),
            format!("{} from {}", line.by, line.from),
            line.message.clone().unwrap_or_default(),
        ]
    });
    let head = [
        "At",
        "Action",
        "Migration",
        "Outcome",
        "Verdict",
        "Took",
        "By",
        "Message",
    ];
    section(
        out,
        "journal",
        "Journal",
        &table("Journal", &head, journal.collect()),
    );
    proven(out, report);
    let files = report.files.iter().map(|file| vec![file.clone()]);
    section(
        out,
        "files",
        "Files written",
        &table("Files", &["File"], files.collect()),
    );
}

/// What a rehearsal measured, a line a statement and one for each of its locks.
fn rehearsal(out: &mut String, report: &Report) {
    let Some(rehearsal) = &report.rehearsal else {
        return;
    };
    let steps = rehearsal.steps.iter().map(|step| {
        vec![
            step.stem.clone(),
            step.outcome.words().to_string(),
            step.reason.clone(),
        ]
    });
    let mut lines = Vec::new();
    for statement in rehearsal.steps.iter().flat_map(|step| &step.statements) {
        let place = line_of(&statement.source);
        lines.push(vec![
            place.clone(),
            statement.tag.clone(),
            super::short_duration(statement.duration_ms),
            statement.rows.map_or(String::new(), |rows| rows.to_string()),
            String::new(),
        ]);
        for lock in &statement.locks {
            lines.push(vec![
                place.clone(),
                format!("{} on {}", lock.mode, lock.table),
                super::short_duration(lock.held_ms),
                String::new(),
                lock.blocks().to_string(),
            ]);
        }
    }
    let body = table("Outcomes", &["Migration", "Outcome", "Why"], steps.collect())
        + &table(
            "Statements and their locks",
            &["Line", "Statement or lock", "Took or held", "Rows", "Blocks"],
            lines,
        );
    section(out, "rehearsal", "Rehearsed and rolled back", &body);
}

/// The isolation matrices: an object a line, a command a column.
fn isolation(out: &mut String, report: &Report) {
    for (index, matrix) in report.isolation.iter().enumerate() {
        let title = format!("Isolation {} as {}", matrix.name, matrix.role);
        let mut body = format!(
            "<div class=\"scroll matrix\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table>\n<caption>{0}</caption>\n\
             <thead><tr><th scope=\"col\">Object</th>",
            escape(&title)
        );
        for command in Command::ALL {
            body.push_str(&format!("<th scope=\"col\">{}</th>", command.as_str()));
        }
        body.push_str("</tr></thead>\n<tbody>\n");
        body.extend(matrix.lines().iter().map(matrix_row));
        body.push_str(
            "</tbody>\n</table></div>\n<p class=\"quiet\">own only: the own tenant's rows are reached, and nobody else's. \
             no row: it went through and met none.</p>\n",
        );
        section(out, &format!("isolation-{}", index + 1), &title, &body);
    }
}

/// What leads past a table stands below it, indented.
fn matrix_row(line: &Line) -> String {
    let class = if line.is_way { " class=\"way\"" } else { "" };
    let mut row = format!(
        "<tr{class}><th scope=\"row\"><code>{}</code></th>",
        escape(&line.object)
    );
    for word in line.words {
        let class = match word {
            _ if word_is_bad(word) => "badge fail",
            "not proven" => "badge warn",
            "own only" => "own",
            _ => "quiet",
        };
        row.push_str(&format!("<td><span class=\"{class}\">{word}</span></td>"));
    }
    row + "</tr>\n"
}

/// Of `prove` a line a migration, of `diff` a line a difference.
fn proven(out: &mut String, report: &Report) {
    let mut rows: Vec<Vec<String>> = report
        .proofs
        .iter()
        .map(|proof| {
            let lines = proof
                .details
                .iter()
                .chain(&proof.again)
                .filter(|line| !line.follows);
            let mut remarks: Vec<String> = lines.map(changes::sentence).collect();
            remarks.extend(proof.message.clone());
            remarks.extend(proof.kept.iter().map(|kept| format!("keeps {kept}")));
            vec![
                escape(&proof.stem()),
                badge_of(proofs::status(proof), &proofs::words(proof)),
                escape(&remarks.join("; ")),
                format!(
                    "<span class=\"took\">{}</span>",
                    super::short_duration(proof.duration_ms)
                ),
            ]
        })
        .collect();
    if let Some(chain) = &report.chain {
        let (status, words) = proofs::chain(report, chain);
        rows.push(vec![
            "all from the end".to_string(),
            badge_of(status, status.as_str()),
            escape(&words),
            String::new(),
        ]);
    }
    let head = ["Migration", "Outcome", "What differs", "Took"];
    section(
        out,
        "proofs",
        "Proof of the rollbacks",
        &cells("Proof of the rollbacks", &head, rows),
    );
    let Some(difference) = &report.difference else {
        return;
    };
    let rows = difference.changes.iter().map(|line| {
        vec![
            line.change.to_string(),
            line.kind.clone(),
            line.object.clone(),
            line.property.clone().unwrap_or_default(),
            line.before.clone().unwrap_or_default(),
            line.after.clone().unwrap_or_default(),
        ]
    });
    let head = ["Change", "Kind", "Object", "Property", "Before", "After"];
    let title = format!("From {} to {}", difference.sides[0], difference.sides[1]);
    section(
        out,
        "changes",
        &title,
        &table("Differences", &head, rows.collect()),
    );
}

/// A table of plain texts.
fn table(caption: &str, head: &[&str], rows: Vec<Vec<String>>) -> String {
    let rows = rows.into_iter();
    let rows = rows.map(|row| row.iter().map(|cell| escape(cell)).collect());
    cells(caption, head, rows.collect())
}

/// A table whose cells are HTML.
fn cells(caption: &str, head: &[&str], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut out = format!(
        "<div class=\"scroll stack\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table>\n\
         <caption>{caption}</caption>\n<thead><tr>"
    );
    for cell in head {
        out.push_str(&format!("<th scope=\"col\">{cell}</th>"));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for cell in row {
            out.push_str(&format!("<td>{cell}</td>"));
        }
        out.push_str("</tr>\n");
    }
    out + "</tbody>\n</table></div>\n"
}
