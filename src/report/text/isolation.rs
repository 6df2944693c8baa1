//! The isolation matrix: an object a line, a command a column.

use super::page::{Page, Span, Style, bold, dim, plain, styled};
use crate::diagnostic::screen;
use crate::isolation::{Command, Line, Matrix, word_is_bad};
use crate::report::model::Report;

/// Columns of one command.
const CELL: usize = 11;
/// Columns before a table.
const INDENT: usize = 2;

/// The section.
pub fn section(page: &mut Page, report: &Report) {
    for matrix in &report.isolation {
        one(page, matrix);
    }
}

fn one(page: &mut Page, matrix: &Matrix) {
    page.heading(&format!("ISOLATION {} AS {}", matrix.name, matrix.role));
    let lines = matrix.lines();
    let cells = CELL * Command::ALL.len();
    let Some(room) = page.width().checked_sub(INDENT + cells).filter(|room| *room > 8) else {
        for line in &lines {
            narrow(page, line);
        }
        return;
    };
    let widest = lines.iter().map(|line| screen::width(&line.object)).max();
    let columns = (widest.unwrap_or(0) + 4).min(room);
    let head = Command::ALL.map(|command| dim(command.as_str()).padded(CELL));
    page.put(
        INDENT,
        INDENT,
        &[vec![plain("").padded(columns)], head.to_vec()].concat(),
    );
    for line in &lines {
        row(page, line, columns);
    }
}

/// A long name has a line of its own.
fn row(page: &mut Page, line: &Line, columns: usize) {
    let cells: Vec<Span> = line.words.iter().map(|word| cell(word).padded(CELL)).collect();
    let indent = INDENT + 2 * usize::from(line.is_way);
    let columns = columns + INDENT - indent;
    if screen::width(&line.object) < columns {
        page.put(
            indent,
            indent,
            &[vec![name(line).padded(columns)], cells].concat(),
        );
    } else {
        page.put(indent, indent + 2, &[name(line)]);
        page.put(indent, indent, &[vec![plain("").padded(columns)], cells].concat());
    }
}

/// Where a table has no room.
fn narrow(page: &mut Page, line: &Line) {
    let indent = INDENT + 2 * usize::from(line.is_way);
    let mut spans = vec![name(line)];
    for (command, word) in Command::ALL.iter().zip(line.words) {
        spans.push(dim(format!(", {} ", command.as_str())));
        spans.push(cell(word));
    }
    page.put(indent, indent + 2, &spans);
}

fn name(line: &Line) -> Span {
    match line.is_way {
        true => plain(&line.object),
        false => bold(&line.object),
    }
}

fn cell(word: &'static str) -> Span {
    let style = match word {
        _ if word_is_bad(word) => Style::Bad,
        "not proven" => Style::Warn,
        "own only" => Style::Plain,
        _ => Style::Dim,
    };
    styled(style, word)
}
