//! `status` and `history`: one table each; where it is too wide, a record a line as psql's expanded display.

use comfy_table::{
    Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle,
};

use super::details;
use super::page::{Page, Style, plain, styled};
use crate::diagnostic::screen::{self, clean};
use crate::migration::stem;
use crate::report::model::Report;

/// Length of `YYYY-MM-DDTHH:MM:SS`.
const SECONDS: usize = 19;
/// Columns that a cell takes besides its text.
const PADDING: usize = 3;
/// Least width of a column that is wrapped.
const LEAST: usize = 13;

/// A column of a table.
struct Column {
    title: &'static str,
    fit: Fit,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// Never wrapped, numbers on the right.
    Number,
    /// Never wrapped, coloured as a state.
    State,
    /// Never wrapped.
    Whole,
    /// Wrapped at spaces when needed.
    Prose,
    /// Wrapped anywhere, and only when nothing else is left to be wrapped.
    Name,
}

const fn column(title: &'static str, fit: Fit) -> Column {
    Column { title, fit }
}

/// Every migration with its state.
pub fn status(page: &mut Page, report: &Report) {
    let columns = [
        column("version", Fit::Whole),
        column("name", Fit::Name),
        column("state", Fit::State),
        column("applied on", Fit::Prose),
        column("rollback", Fit::Prose),
        column("checks", Fit::Number),
    ];
    let rows = report.ledger.iter().map(|line| {
        vec![
            clean(&line.version),
            clean(&line.name),
            line.state.replace('_', " "),
            line.applied_on.as_deref().map_or("-".to_string(), instant),
            Some(clean(&line.rollback))
                .filter(|text| !text.is_empty())
                .unwrap_or("-".to_string()),
            line.checks.map_or("-".to_string(), |checks| checks.to_string()),
        ]
    });
    write(page, &columns, rows.collect());
}

/// The journal.
pub fn history(page: &mut Page, report: &Report) {
    let columns = [
        column("#", Fit::Number),
        column("at", Fit::Prose),
        column("action", Fit::Whole),
        column("migration", Fit::Name),
        column("outcome", Fit::Prose),
        column("took", Fit::Number),
        column("by", Fit::Prose),
    ];
    let rows = report.journal.iter().map(|line| {
        let outcome = line.outcome.replace('_', " ");
        let verdict = line
            .verdict
            .iter()
            .map(|verdict| format!(", {}", verdict.replace('_', " ")));
        let message = line.message.iter().map(|message| format!(": {message}"));
        let outcome: String = [outcome].into_iter().chain(verdict).chain(message).collect();
        vec![
            line.id.to_string(),
            instant(&line.at),
            clean(&line.action),
            clean(&stem(&line.version, &line.name)),
            clean(&outcome),
            line.duration_ms.map_or("-".to_string(), details::short_duration),
            clean(&format!("{} from {}", line.by, line.from)),
        ]
    });
    write(page, &columns, rows.collect());
}

/// A table whose columns are all wrapped at need.
pub fn prose(page: &mut Page, header: &[&'static str], rows: Vec<Vec<String>>) {
    let columns: Vec<Column> = header.iter().map(|title| column(title, Fit::Prose)).collect();
    write(page, &columns, rows);
}

fn write(page: &mut Page, columns: &[Column], rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    page.blank();
    let mut widths: Vec<usize> = columns.iter().map(|column| column.title.len()).collect();
    for row in &rows {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = screen::width(text).max(*width);
        }
    }
    let least = |(column, width): (&Column, &usize)| match column.fit {
        Fit::Number | Fit::State | Fit::Whole => *width,
        Fit::Prose | Fit::Name => (*width).min(LEAST),
    };
    let needed: usize = columns
        .iter()
        .zip(&widths)
        .map(least)
        .map(|width| width + PADDING)
        .sum();
    if needed > page.width() {
        expanded(page, columns, &rows);
    } else {
        table(page, columns, &rows, &widths, page.width() - needed);
    }
}

/// A table; `spare` columns of the page are left when what may be wrapped is.
fn table(page: &mut Page, columns: &[Column], rows: &[Vec<String>], widths: &[usize], mut spare: usize) {
    let line = if page.unicode() { '─' } else { '-' };
    let mut table = Table::new();
    table
        .load_style(TableStyle::new().header_separator(LineStyle::none().fill(line).junction(line)))
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(page.width()).unwrap_or(u16::MAX))
        .set_header(columns.iter().map(|column| column.title));
    if page.color() {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    for row in rows {
        table.add_row(columns.iter().zip(row).map(|(column, text)| match column.fit {
            Fit::Number => Cell::new(text).set_alignment(CellAlignment::Right),
            Fit::State => Cell::new(text).fg(match state_style(text) {
                Style::Good => Color::DarkGreen,
                Style::Warn => Color::DarkYellow,
                _ => Color::DarkRed,
            }),
            Fit::Whole | Fit::Prose | Fit::Name => Cell::new(text),
        }));
    }
    // whole as long as there is room for the others
    for fit in [Fit::Number, Fit::State, Fit::Whole, Fit::Name, Fit::Prose] {
        for (index, width) in widths
            .iter()
            .enumerate()
            .filter(|(index, _)| columns[*index].fit == fit)
        {
            let more = match fit {
                Fit::Number | Fit::State | Fit::Whole => 0,
                Fit::Prose | Fit::Name => width.saturating_sub(LEAST),
            };
            if more <= spare
                && let Some(column) = table.column_mut(index)
            {
                column.set_constraint(ColumnConstraint::ContentWidth);
                spare -= more;
            }
        }
    }
    for line in table.lines() {
        page.raw(Style::Plain, line.trim_end());
    }
}

/// A line a value, records apart.
fn expanded(page: &mut Page, columns: &[Column], rows: &[Vec<String>]) {
    let labels = columns.iter().map(|column| column.title.len()).max().unwrap_or(0) + 2;
    for row in rows {
        page.blank();
        for (column, text) in columns.iter().zip(row) {
            let value = match column.fit {
                Fit::State => styled(state_style(text), text),
                _ => plain(text),
            };
            page.field(0, labels, column.title, &[value]);
        }
    }
}

fn state_style(state: &str) -> Style {
    match state {
        "applied" => Style::Good,
        "pending" => Style::Warn,
        _ => Style::Bad,
    }
}

/// A moment in whole seconds: `2025-11-06 09:59:18Z`.
fn instant(text: &str) -> String {
    let text = clean(text);
    match (text.get(..SECONDS), text.get(SECONDS..)) {
        (Some(seconds), Some(rest)) if seconds.is_ascii() => {
            let zone = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
            format!("{}{zone}", seconds.replacen('T', " ", 1))
        }
        _ => text,
    }
}
