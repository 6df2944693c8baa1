//! How text stands on a terminal: its width in columns, and what must not reach the terminal as it is.
//!
//! A catalog, a script or a server's message may hold anything; an escape sequence in a table's name must not
//! move the cursor, and a line end in it must not forge a line of a report.

use std::fmt::Write as _;

use comfy_table::Table;

/// The columns that a text takes: a wide character two, a combining one none. It is the measure that the
/// tables use.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    // a column of a table is never narrower than one, so one is added and taken off again
    let mut table = Table::new();
    table.add_row([format!("|{text}")]);
    usize::from(table.column_max_content_widths()[0]) - 1
}

/// The text on one line, with control characters, line ends and characters that reorder a line as escapes:
/// `\n`, `\x1b`, `\u{202e}`.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            _ => push_visible(&mut out, character),
        }
    }
    out
}

/// As [`clean`], but lines stay lines and tabs stay tabs.
pub fn clean_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => out.push(character),
            _ => push_visible(&mut out, character),
        }
    }
    out
}

fn push_visible(out: &mut String, character: char) {
    match character {
        '\r' => out.push_str("\\r"),
        _ if character.is_control() => {
            let _ = write!(out, "\\x{:02x}", u32::from(character));
        }
        _ if is_invisible(character) => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        }
        _ => out.push(character),
    }
}

/// Line and paragraph separators, what changes the direction of text or leaves no trace, and what is no
/// character at all.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
    )
}

/// As much of the text as fits, with `mark` at its end when something was cut off.
pub fn cut(text: &str, columns: usize, mark: &str) -> String {
    if width(text) <= columns {
        return text.to_string();
    }
    let room = columns.saturating_sub(width(mark));
    let mut out = String::new();
    let mut taken = 0;
    for character in text.chars() {
        taken += width(character.encode_utf8(&mut [0; 4]));
        if taken > room {
            break;
        }
        out.push(character);
    }
    out.truncate(out.trim_end().len());
    out + mark
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_counts_columns() {
        for (text, columns) in [
            ("", 0),
            ("abc", 3),
            ("é", 1),
            ("表", 2),
            ("e\u{301}", 1),
            ("✓", 1),
        ] {
            assert_eq!(width(text), columns, "{text}");
        }
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(
            clean("a\nb\t\x1b[2Jc\u{9b}\u{202e}é"),
            "a\\nb\\t\\x1b[2Jc\\x9b\\u{202e}é"
        );
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(clean_lines("a\r\n\tb\u{0}\u{ffff}"), "a\\r\n\tb\\x00\\u{ffff}");
    }

    #[test]
    fn cut_keeps_to_the_columns() {
        assert_eq!(cut("abcdef", 6, "…"), "abcdef");
        assert_eq!(cut("abcdef", 4, "…"), "abc…");
        assert_eq!(cut("ab cdef", 4, "…"), "ab…");
        assert_eq!(cut("表表表", 4, "…"), "表…");
    }
}
