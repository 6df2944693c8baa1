//! The isolation matrix: an object a line, a command a column.

use super::page::{Page, Span, Style, bold, dim, plain, styled};
use crate::diagnostic::screen;
use crate::isolation::{Command, Line, Matrix, word_is_bad};
use crate::report::model::Report;

/// Columns of one command.
const CELL: usize = 11;

/// The section.
pub fn section(page: &mut Page, report: &Report) {
    for matrix in &report.isolation {
        one(page, matrix);
    }
}

fn one(page: &mut Page, matrix: &Matrix) {
    page.heading(&format!("ISOLATION {} AS {}", matrix.name, matrix.role));
    let lines = matrix.lines();
    let widest = lines
        .iter()
        .map(|line| screen::width(&line.object))
        .max()
        .unwrap_or(0);
    let room = page.width().saturating_sub(2 + CELL * Command::ALL.len());
    let columns = (widest + 2).min(room);
    let head = Command::ALL.map(|command| dim(command.as_str()).padded(CELL));
    page.put(2, 2, &[vec![plain("").padded(columns)], head.to_vec()].concat());
    for line in &lines {
        row(page, line, columns);
    }
}

/// A long name has a line of its own.
fn row(page: &mut Page, line: &Line, columns: usize) {
    let cells: Vec<Span> = line.words.iter().map(|word| cell(word)).collect();
    let name = match line.is_way {
        true => plain(format!("  {}", line.object)),
        false => bold(&line.object),
    };
    if screen::width(&line.object) + 2 < columns {
        page.put(2, 2, &[vec![name.padded(columns)], cells].concat());
    } else {
        page.put(2, 4, &[name.solid()]);
        page.put(2, 2, &[vec![plain("").padded(columns)], cells].concat());
    }
}

fn cell(word: &'static str) -> Span {
    let style = match word {
        _ if word_is_bad(word) => Style::Bad,
        "not proven" => Style::Warn,
        "own only" => Style::Plain,
        _ => Style::Dim,
    };
    styled(style, word).padded(CELL)
}
