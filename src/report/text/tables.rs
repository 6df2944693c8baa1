//! `status` and `history`: one table each.

use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, LineStyle, Table, TableStyle};

use super::details;
use super::page::{Page, Style};
use crate::diagnostic::screen::clean;
use crate::report::model::Report;

/// Length of `YYYY-MM-DDTHH:MM:SS`.
const SECONDS: usize = 19;

/// Every migration with its state.
pub fn status(page: &mut Page, report: &Report) {
    if report.ledger.is_empty() {
        return;
    }
    let mut table = table(
        page,
        &["version", "name", "state", "applied on", "rollback", "checks"],
    );
    for line in &report.ledger {
        let checks = line.checks.map_or("-".to_string(), |checks| checks.to_string());
        let applied_on = line.applied_on.as_deref().map_or("-".to_string(), instant);
        table.add_row([
            Cell::new(clean(&line.version)),
            Cell::new(clean(&line.name)),
            coloured(line.state),
            Cell::new(applied_on),
            Cell::new(clean(&line.rollback)),
            Cell::new(checks).set_alignment(CellAlignment::Right),
        ]);
    }
    write(page, &table);
}

/// The journal.
pub fn history(page: &mut Page, report: &Report) {
    if report.journal.is_empty() {
        return;
    }
    let mut table = table(page, &["#", "at", "action", "migration", "outcome", "took", "by"]);
    for line in &report.journal {
        let mut outcome = clean(&line.outcome.replace('_', " "));
        for more in [&line.verdict, &line.message].into_iter().flatten() {
            outcome.push('\n');
            outcome.push_str(&clean(&more.replace('_', " ")));
        }
        table.add_row([
            Cell::new(line.id).set_alignment(CellAlignment::Right),
            Cell::new(instant(&line.at)),
            Cell::new(clean(&line.action)),
            Cell::new(clean(&format!("{}_{}", line.version, line.name))),
            Cell::new(outcome),
            Cell::new(line.duration_ms.map_or("-".to_string(), details::short_duration))
                .set_alignment(CellAlignment::Right),
            Cell::new(clean(&format!("{} from {}", line.by, line.from))),
        ]);
    }
    write(page, &table);
}

fn table(page: &Page, header: &[&str]) -> Table {
    let mut table = Table::new();
    let line = if page.unicode() { '─' } else { '-' };
    let style = TableStyle::new().header_separator(LineStyle::none().fill(line).junction(line));
    table
        .load_style(style)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(page.width()).unwrap_or(u16::MAX));
    if page.color() {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table.set_header(header);
    table
}

fn write(page: &mut Page, table: &Table) {
    page.blank();
    for line in table.lines() {
        page.raw(Style::Plain, line.trim_end());
    }
}

fn coloured(state: &str) -> Cell {
    let color = match state {
        "applied" => Color::DarkGreen,
        "pending" => Color::DarkYellow,
        _ => Color::DarkRed,
    };
    Cell::new(state.replace('_', " ")).fg(color)
}

/// A moment in whole seconds: `2025-11-06T09:59:18Z`.
fn instant(text: &str) -> String {
    let text = clean(text);
    match (text.get(..SECONDS), text.get(SECONDS..)) {
        (Some(seconds), Some(rest)) if rest.starts_with('.') => {
            format!(
                "{seconds}{}",
                rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit())
            )
        }
        _ => text,
    }
}
