//! A section of a document, as Markdown.

use super::page::{Page, bold, code, name, text};
use crate::report::section::{Block, Piece, Section, Words};

/// The section under a heading of level 2; nothing for none.
pub fn write(page: &mut Page, section: Option<Section>) {
    let Some(section) = section else { return };
    page.heading(2, &words(&section.title));
    for block in &section.blocks {
        match block {
            Block::Heading(title) => page.heading(3, &words(title)),
            Block::Paragraph(sentence) => page.paragraph(&words(sentence)),
            Block::List(items) => page.list(&all(items)),
            Block::Steps(items) => page.steps(&all(items)),
            Block::Checklist(items) => {
                let items: Vec<(bool, String)> =
                    items.iter().map(|(done, item)| (*done, words(item))).collect();
                page.checklist(&items);
            }
            Block::Fields(rows) => {
                let rows: Vec<(&str, String)> =
                    rows.iter().map(|(label, value)| (*label, words(value))).collect();
                page.fields(&rows);
            }
            Block::Table(table) => {
                let rows: Vec<Vec<String>> = table.rows.iter().map(|row| all(row)).collect();
                page.rows(&table.header, &rows);
            }
        }
    }
}

fn all(items: &[Words]) -> Vec<String> {
    items.iter().map(words).collect()
}

/// Words made safe.
pub fn words(words: &Words) -> String {
    let pieces = words.pieces().iter().map(|piece| match piece {
        Piece::Plain(words) => text(words),
        Piece::Strong(words) => bold(&text(words)),
        Piece::Code(sql) => code(sql),
        Piece::Name(path) => name(path),
    });
    pieces.collect()
}
