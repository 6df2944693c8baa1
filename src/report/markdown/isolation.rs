//! The isolation matrix as a table.

use super::page::{Page, bold, code, text};
use crate::isolation::word_is_bad;
use crate::report::model::Report;

/// The section of each matrix.
pub fn section(page: &mut Page, report: &Report) {
    for matrix in &report.isolation {
        page.heading(
            2,
            &format!("Isolation {} as {}", text(&matrix.name), code(&matrix.role)),
        );
        let rows: Vec<[String; 7]> = matrix
            .lines()
            .iter()
            .map(|line| {
                let mut cells = line.words.iter().map(|word| match word_is_bad(word) {
                    true => bold(word),
                    false => text(word),
                });
                std::array::from_fn(|index| match index {
                    0 => code(&line.object),
                    _ => cells.next().unwrap_or_default(),
                })
            })
            .collect();
        page.table(
            [
                "Object", "select", "insert", "update", "move", "delete", "truncate",
            ],
            &rows,
        );
        page.paragraph(
            "*own only*: the own tenant's rows are reached, and nobody else's. *no row*: it went through and met none.",
        );
    }
}
