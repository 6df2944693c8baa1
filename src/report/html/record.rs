//! The record of a run beside its checks: what it rests on, what was not looked at, the lines where people sign.

use super::section;
use crate::report::markup::escape;
use crate::report::model::Report;
use crate::report::section::{self as sections, Block, Piece, Section, Table, Words};

/// What has to be done, where checks did not pass.
pub fn actions(out: &mut String, report: &Report) {
    write(out, report, |name| name == "actions");
}

/// All other sections; the tasks stand in the checks, component by component.
pub fn sections(out: &mut String, report: &Report) {
    write(out, report, |name| !matches!(name, "actions" | "tasks"));
}

fn write(out: &mut String, report: &Report, is_wanted: impl Fn(&str) -> bool) {
    for (name, part) in sections::record(report) {
        if is_wanted(name) {
            section(out, name, &title(&part), &body(&part));
        }
    }
}

fn title(section: &Section) -> String {
    let pieces = section.title.pieces().iter().map(|piece| match piece {
        Piece::Plain(text) | Piece::Strong(text) | Piece::Code(text) | Piece::Name(text) => text.as_str(),
    });
    pieces.collect()
}

fn body(section: &Section) -> String {
    section
        .blocks
        .iter()
        .map(|block| match block {
            Block::Heading(title) => format!("<h3>{}</h3>\n", words(title)),
            Block::Paragraph(sentence) => format!("<p>{}</p>\n", words(sentence)),
            Block::List(items) => list("ul", "", items.iter().map(words)),
            Block::Steps(items) => list("ol", "", items.iter().map(words)),
            Block::Checklist(items) => list(
                "ul",
                " class=\"checklist\"",
                items
                    .iter()
                    .map(|(done, item)| format!("{}{}", tick(*done), words(item))),
            ),
            Block::Fields(rows) => {
                let rows = rows
                    .iter()
                    .map(|(label, value)| format!("<div><dt>{label}</dt><dd>{}</dd></div>\n", words(value)));
                format!("<dl>\n{}</dl>\n", rows.collect::<String>())
            }
            Block::Table(rows) => table(&title(section), rows),
        })
        .collect()
}

fn list(tag: &str, attributes: &str, items: impl Iterator<Item = String>) -> String {
    let items: String = items.map(|item| format!("<li>{item}</li>\n")).collect();
    format!("<{tag}{attributes}>\n{items}</{tag}>\n")
}

fn tick(done: bool) -> &'static str {
    match done {
        true => "<span class=\"badge pass\" role=\"img\" aria-label=\"done\">✓</span> ",
        false => "<span class=\"badge skip\" role=\"img\" aria-label=\"open\">○</span> ",
    }
}

fn table(caption: &str, table: &Table) -> String {
    let kept = table.filled();
    let caption = escape(caption);
    let mut out = format!(
        "<div class=\"scroll stack\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table>\n\
         <caption>{caption}</caption>\n<thead><tr>"
    );
    for &column in &kept {
        out.push_str(&format!("<th scope=\"col\">{}</th>", table.header[column]));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        let cells = kept
            .iter()
            .map(|&column| format!("<td>{}</td>", words(&row[column])));
        out.push_str(&format!("<tr>{}</tr>\n", cells.collect::<String>()));
    }
    out + "</tbody>\n</table></div>\n"
}

fn words(words: &Words) -> String {
    let pieces = words.pieces().iter().map(|piece| match piece {
        Piece::Plain(text) => super::with_code(text),
        Piece::Strong(text) => format!("<strong>{}</strong>", escape(text)),
        Piece::Code(text) | Piece::Name(text) => format!("<code>{}</code>", escape(text)),
    });
    pieces.collect()
}
