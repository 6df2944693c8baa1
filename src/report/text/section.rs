//! A section of a document, as text.

use super::page::{Page, Span, bold, plain};
use super::tables;
use crate::report::section::{Block, Piece, Section, Words};

/// Width of the labels' column.
const LABEL: usize = 15;
/// Where people write.
const BLANK: &str = "________________";

/// The section under its title.
pub fn write(page: &mut Page, section: &Section) {
    page.heading(&line(page, &section.title).to_uppercase());
    for (index, block) in section.blocks.iter().enumerate() {
        if index > 0 && !matches!(block, Block::Table(_)) {
            page.blank();
        }
        match block {
            Block::Heading(title) => page.put(2, 4, &[bold(line(page, title))]),
            Block::Paragraph(words) => page.put(2, 2, &spans(page, words)),
            Block::List(items) => items.iter().for_each(|item| marked(page, "- ", item)),
            Block::Steps(items) => {
                for (index, item) in items.iter().enumerate() {
                    marked(page, &format!("{}. ", index + 1), item);
                }
            }
            Block::Checklist(items) => {
                for (done, item) in items {
                    marked(page, if *done { "[x] " } else { "[ ] " }, item);
                }
            }
            Block::Fields(rows) => {
                for (label, value) in rows {
                    page.field(2, LABEL, label, &spans(page, value));
                }
            }
            Block::Table(table) => {
                let kept = table.filled();
                let header: Vec<&'static str> = kept.iter().map(|&column| table.header[column]).collect();
                let cell = |words: &Words| match line(page, words) {
                    text if text.trim().is_empty() && !text.is_empty() => BLANK.to_string(),
                    text => text,
                };
                let rows = table.rows.iter();
                let rows = rows.map(|row| kept.iter().map(|&column| cell(&row[column])).collect());
                let rows = rows.collect();
                tables::prose(page, &header, rows);
            }
        }
    }
}

/// One item behind its mark.
fn marked(page: &mut Page, mark: &str, words: &Words) {
    let mut item = vec![plain(mark).solid()];
    item.extend(spans(page, words));
    page.put(2, 2 + mark.len(), &item);
}

fn spans(page: &Page, words: &Words) -> Vec<Span> {
    let pieces = words.pieces().iter().map(|piece| match piece {
        Piece::Plain(text) => plain(page.marked(text)),
        Piece::Strong(text) => bold(page.marked(text)),
        Piece::Code(text) | Piece::Name(text) => plain(text),
    });
    pieces.collect()
}

/// All of it on one line.
fn line(page: &Page, words: &Words) -> String {
    let pieces = words.pieces().iter().map(|piece| match piece {
        Piece::Plain(text) | Piece::Strong(text) => page.marked(text),
        Piece::Code(text) | Piece::Name(text) => text.clone(),
    });
    crate::diagnostic::screen::clean(&pieces.collect::<String>())
}
