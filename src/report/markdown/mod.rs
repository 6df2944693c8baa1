//! The documents that teams write by hand, as Markdown: one a command, a file each.

mod deployment;
mod diagram;
mod execution;
mod objects;
mod page;
mod parts;
mod quick;
mod reference;
mod tables;
mod verification;

use self::page::Page;
use super::model::Report;

/// Renders a report as the document that belongs to its command.
pub fn render(report: &Report) -> String {
    let mut page = Page::new();
    match report.command {
        "apply" | "rollback" if report.dry_run => deployment::render(&mut page, report),
        "apply" | "rollback" => execution::render(&mut page, report),
        "verify" | "preflight" => verification::render(&mut page, report),
        _ => match &report.documentation {
            Some(documentation) if documentation.full => reference::render(&mut page, report, documentation),
            Some(documentation) => quick::render(&mut page, report, documentation),
            None => tables::render(&mut page, report),
        },
    }
    page.finish()
}
