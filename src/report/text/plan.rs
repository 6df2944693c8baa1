//! What a migration would run, and what would judge it.

use super::page::{Page, bold, dim, plain};
use crate::diagnostic::screen;
use crate::report::model::{MigrationReport, StatementLine};
use crate::report::summary;

/// Width of the tags' column.
const TAG: usize = 18;

/// One migration of the plan.
pub fn section(page: &mut Page, migration: &MigrationReport, command: &str) {
    page.heading(&format!("PLAN: {command} {}", migration.stem()));
    let file = migration
        .source
        .as_ref()
        .map_or("", |source| source.file.as_str());
    page.put(
        2,
        4,
        &[
            bold(summary::quantity(migration.statements.len(), "statement")),
            plain(if file.is_empty() {
                String::new()
            } else {
                format!(" of {file}")
            }),
        ],
    );
    let digits = migration
        .statements
        .iter()
        .map(|statement| statement.source.line.to_string().len())
        .max()
        .unwrap_or(1);
    for statement in &migration.statements {
        line(page, statement, digits.max(3));
    }
    if !migration.gates.is_empty() {
        gates(page, migration);
    } else if command == "apply" {
        page.put(2, 4, &[bold("no check"), plain(" judges it")]);
    }
}

/// `68 checks of checks/0024_sync.toml before COMMIT: Tables 3, …`.
fn gates(page: &mut Page, migration: &MigrationReport) {
    let groups = summary::components_of(migration.gates.iter().map(|gate| gate.kind));
    let parts: Vec<String> = groups
        .iter()
        .map(|(component, count)| format!("{} {count}", component.title()))
        .collect();
    page.put(
        2,
        4,
        &[
            bold(summary::quantity(migration.gates.len(), "check")),
            plain(format!(
                " of {} before COMMIT: {}",
                migration.gates[0].source.file,
                parts.join(", ")
            )),
        ],
    );
}

/// `123  CREATE TABLE   sync_progress ( id uuid …`: as much as fits on one line.
fn line(page: &mut Page, statement: &StatementLine, digits: usize) {
    let words = summary::without_tag(&statement.text, &statement.tag);
    let room = page.width().saturating_sub(4 + digits + 2 + TAG);
    let words = screen::cut(&screen::clean(&words), room, page.ellipsis());
    page.put(
        4,
        4,
        &[
            dim(statement.source.line.to_string()).right(digits),
            plain("  ").solid(),
            plain(&statement.tag).padded(TAG),
            dim(words).solid(),
        ],
    );
}
