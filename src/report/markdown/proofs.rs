//! The proof of the rollbacks, and differences of catalogs.

use super::page::{Page, code, text};
use super::parts;
use super::section::write;
use crate::check::Status;
use crate::diagnostic::Severity;
use crate::report::describe::duration;
use crate::report::model::Report;
use crate::report::{proofs, section, summary};

/// Renders the document of a proof.
pub fn render(page: &mut Page, report: &Report) {
    parts::title(page, report, "Proof of the Rollbacks");
    page.fields(&parts::place(report));
    page.heading(2, "Outcome");
    let rows: Vec<[String; 3]> = proofs::groups(report)
        .iter()
        .map(|group| {
            [
                parts::mark(group.status).to_string(),
                proofs::words(group.proofs[0]),
                group.proofs.len().to_string(),
            ]
        })
        .collect();
    page.table(["", "Outcome", "Migrations"], &rows);
    if let Some(chain) = &report.chain {
        let (status, words) = proofs::chain(report, chain);
        page.paragraph(&format!(
            "{} {}",
            parts::mark(status),
            text(&summary::capital(&words))
        ));
    }
    parts::messages(page, report, "What Has to Be Corrected", &[Severity::Error]);
    parts::messages(page, report, "Warnings", &[Severity::Warning, Severity::Note]);
    page.heading(2, "Every Migration");
    let rows: Vec<[String; 5]> = report
        .proofs
        .iter()
        .map(|proof| {
            [
                parts::mark(proofs::status(proof)).to_string(),
                code(&proof.stem()),
                proofs::words(proof),
                match (proofs::status(proof), &proof.message) {
                    (Status::Skip, Some(reason)) => text(reason),
                    _ if !proof.kept.is_empty() => format!("keeps {}", text(&proof.kept.join(", "))),
                    _ => String::new(),
                },
                duration(proof.duration_ms),
            ]
        })
        .collect();
    page.table(["", "Migration", "Outcome", "Remark", "Took"], &rows);
    super::verification::problems(page, report);
    write(page, Some(section::sign_off(report)));
}

/// Renders the document of a difference.
pub fn difference(page: &mut Page, report: &Report) {
    parts::title(page, report, "Difference of Two Catalogs");
    let Some(difference) = &report.difference else {
        return;
    };
    page.fields(&[
        ("Before", text(&difference.sides[0])),
        ("After", text(&difference.sides[1])),
    ]);
    parts::messages(
        page,
        report,
        "Messages",
        &[Severity::Error, Severity::Warning, Severity::Note],
    );
    page.heading(2, &format!("Differences: {}", difference.changes.len()));
    let rows: Vec<[String; 6]> = difference
        .changes
        .iter()
        .map(|line| {
            let value = |text: &Option<String>| {
                text.as_deref()
                    .filter(|text| !text.is_empty())
                    .map_or(String::new(), code)
            };
            [
                line.change.to_string(),
                text(&line.kind),
                code(&line.object),
                line.property.as_deref().map_or(String::new(), text),
                value(&line.before),
                value(&line.after),
            ]
        })
        .collect();
    page.table(["", "Kind", "Object", "Property", "Before", "After"], &rows);
}
