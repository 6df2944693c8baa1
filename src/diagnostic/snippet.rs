//! A diagnostic as text: message, source line with a caret, facts, help; always in this order.

use std::fmt::Write as _;

use super::Diagnostic;
use super::screen::{clean, width};

/// Longest source line that is shown whole, in characters; of a longer one the part around the caret is.
const LINE_WIDTH: usize = 160;

/// Renders a diagnostic as plain text that ends with a line end.
///
/// ```text
/// error: relation "organization" does not exist
///   --> migrations/0024_sync.sql:123:32
///     |
/// 123 |     org_id uuid not null references organization (id)
///     |                                     ^^^^^^^^^^^^
///   SQLSTATE: 42P01
///   help: apply 0001_core first
/// ```
pub fn render(diagnostic: &Diagnostic) -> String {
    render_within(diagnostic, usize::MAX)
}

/// As [`render`], with a source line cut so that it fits into that many columns.
pub fn render_within(diagnostic: &Diagnostic, columns: usize) -> String {
    let mut out = format!(
        "{}: {}\n",
        diagnostic.severity.as_str(),
        clean(&diagnostic.message)
    );
    if let Some(place) = &diagnostic.place {
        let location = place.location();
        let gutter = location.line.to_string().len().max(2);
        let _ = writeln!(out, "{:gutter$}--> {}", " ", clean(&location.to_string()));
        let line_start = place.file.text()[..place.span.start.min(place.file.text().len())]
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        let line = place.file.text()[line_start..].lines().next().unwrap_or("");
        if !line.trim().is_empty() {
            let room = columns.saturating_sub(gutter + 3).clamp(20, LINE_WIDTH);
            let (shown, skipped) = window(line, location.column as usize - 1, room);
            let before = location.column as usize - 1 - skipped;
            let marked = place.file.slice(place.span).lines().next().unwrap_or("");
            let rest: String = shown.chars().skip(before).take(marked.chars().count()).collect();
            let before: String = shown.chars().take(before).collect();
            let _ = writeln!(out, "{:gutter$} |", "");
            let _ = writeln!(out, "{:gutter$} | {shown}", location.line);
            let _ = writeln!(
                out,
                "{:gutter$} | {}{}",
                "",
                " ".repeat(width(&before)),
                "^".repeat(width(&rest).max(1))
            );
        }
    } else if let Some(file) = &diagnostic.file {
        let _ = writeln!(out, "  --> {}", clean(file));
    }
    for (label, text) in &diagnostic.facts {
        write_fact(&mut out, label, text);
    }
    if let Some(help) = &diagnostic.help {
        write_fact(&mut out, "help", help);
    }
    out
}

/// `label: text`, further lines indented below the first.
fn write_fact(out: &mut String, label: &str, text: &str) {
    let mut lines = text.lines().map(clean);
    let _ = writeln!(out, "  {label}: {}", lines.next().unwrap_or_default());
    for line in lines {
        let _ = writeln!(out, "  {:indent$}  {line}", "", indent = label.chars().count());
    }
}

/// The line, or of a long one the part around the column (0-based, in characters), and how many characters
/// were cut before it. Every character stays one character: a tab is a space, a control character `�`.
fn window(line: &str, column: usize, room: usize) -> (String, usize) {
    let line = line.chars().map(|character| match character {
        '\t' => ' ',
        _ if character.is_control() => char::REPLACEMENT_CHARACTER,
        _ => character,
    });
    // the beginning of the line stays as long as the caret is well in view
    let skipped = if line.clone().count() <= room || column < room * 3 / 4 {
        0
    } else {
        column - room / 2
    };
    (line.skip(skipped).take(room).collect(), skipped)
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::{Diagnostic, render};
    use crate::source::{SourceFile, Span};

    #[test]
    fn order_is_message_place_source_facts_help() {
        let file = SourceFile::new(
            "migrations/1_a.sql",
            "select 1;\nselect *\n\tfrom organisation;\n",
        );
        let start = file.text().find("organisation").unwrap();
        let diagnostic = Diagnostic::error("relation \"organisation\" does not exist")
            .at(&file, Span::new(start, start + 12))
            .fact("SQLSTATE", "42P01")
            .fact("detail", "first\nsecond")
            .help("create it first");
        assert_eq!(
            render(&diagnostic),
            "error: relation \"organisation\" does not exist\n  --> migrations/1_a.sql:3:7\n   |\n 3 |  from organisation;\n   \
             |       ^^^^^^^^^^^^\n  SQLSTATE: 42P01\n  detail: first\n          second\n  help: create it first\n"
        );
    }

    #[test]
    fn a_long_line_is_cut_around_the_caret() {
        let text = format!("select '{}', oops;", "é".repeat(4000));
        let file = SourceFile::new("a.sql", text.clone());
        let start = text.find("oops").unwrap();
        let shown = render(&Diagnostic::error("x").at(&file, Span::new(start, start + 4)));
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[3].chars().count() < 180);
        let caret = lines[4].chars().position(|c| c == '^').unwrap();
        assert_eq!(lines[3].chars().skip(caret).take(4).collect::<String>(), "oops");
    }

    #[test]
    fn a_place_at_the_end_of_the_file_is_shown() {
        let file = SourceFile::new("a.sql", "select (1");
        let shown = render(&Diagnostic::error("syntax error at end of input").at(&file, Span::at(9)));
        assert!(shown.contains("a.sql:1:10"), "{shown}");
    }
}
