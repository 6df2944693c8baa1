//! A Markdown page: blocks one after another, and texts made safe for them (GitHub's dialect).
//!
//! Two kinds of strings meet here. What [`text`], [`code`], [`bold`] and [`link`] return is Markdown; blocks take
//! Markdown. A name from the catalog or a message of the server goes through one of them and nowhere else.

use crate::diagnostic::screen;

/// A page under construction.
#[derive(Debug, Default)]
pub struct Page {
    out: String,
}

impl Page {
    pub fn new() -> Page {
        Page::default()
    }

    /// The page, ended by one line end.
    pub fn finish(self) -> String {
        let mut out = self.out;
        out.truncate(out.trim_end().len());
        out.push('\n');
        out
    }

    fn block(&mut self, markdown: &str) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out.push_str(markdown);
        self.out.push('\n');
    }

    pub fn heading(&mut self, level: usize, markdown: &str) {
        self.block(&format!("{} {markdown}", "#".repeat(level)));
    }

    pub fn paragraph(&mut self, markdown: &str) {
        self.block(markdown);
    }

    /// A paragraph that is set off from the others.
    pub fn quote(&mut self, markdown: &str) {
        self.block(&format!("> {markdown}"));
    }

    /// A list; nothing for no items.
    pub fn list(&mut self, items: &[String]) {
        if !items.is_empty() {
            let lines: Vec<String> = items.iter().map(|item| format!("- {item}")).collect();
            self.block(&lines.join("\n"));
        }
    }

    /// Steps, numbered.
    pub fn steps(&mut self, items: &[String]) {
        let lines: Vec<String> = items
            .iter()
            .enumerate()
            .map(|(index, item)| format!("{}. {item}", index + 1))
            .collect();
        if !lines.is_empty() {
            self.block(&lines.join("\n"));
        }
    }

    /// A checklist; nothing for no items.
    pub fn checklist(&mut self, items: &[(bool, String)]) {
        let lines: Vec<String> = items
            .iter()
            .map(|(done, item)| format!("- [{}] {item}", if *done { "x" } else { " " }))
            .collect();
        if !lines.is_empty() {
            self.block(&lines.join("\n"));
        }
    }

    /// A table; nothing for no rows. Columns that are empty in every row are left out.
    pub fn table<const N: usize>(&mut self, header: [&str; N], rows: &[[String; N]]) {
        self.rows(&header, rows);
    }

    /// The same, of rows that are each as long as the header.
    pub fn rows<R: AsRef<[String]>>(&mut self, header: &[&str], rows: &[R]) {
        if rows.is_empty() {
            return;
        }
        let kept: Vec<usize> = (0..header.len())
            .filter(|&column| rows.iter().any(|row| !row.as_ref()[column].is_empty()))
            .collect();
        let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
        // a cell ends at a bar, even within code
        let cell = |markdown: &str| markdown.replace('|', "\\|");
        let mut lines = vec![
            line(kept.iter().map(|&column| header[column].to_string()).collect()),
            line(kept.iter().map(|_| "---".to_string()).collect()),
        ];
        lines.extend(
            rows.iter()
                .map(|row| line(kept.iter().map(|&column| cell(&row.as_ref()[column])).collect())),
        );
        self.block(&lines.join("\n"));
    }

    /// Labels with values; those of which nothing is known are left out.
    pub fn fields(&mut self, rows: &[(&str, String)]) {
        let rows: Vec<[String; 2]> = rows
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(label, value)| [bold(label), value.clone()])
            .collect();
        if !rows.is_empty() {
            self.table(["", ""], &rows);
        }
    }

    /// Text as it stands, in a fence that it cannot close.
    pub fn fence(&mut self, language: &str, text: &str) {
        let mut longest = 0;
        let mut run = 0;
        for character in text.chars() {
            run = if character == '`' { run + 1 } else { 0 };
            longest = longest.max(run);
        }
        let fence = "`".repeat(longest.max(2) + 1);
        let lines: Vec<String> = text
            .trim_matches('\n')
            .lines()
            .map(|line| screen::clean(&line.replace('\t', "    ")))
            .collect();
        self.block(&format!("{fence}{language}\n{}\n{fence}", lines.join("\n")));
    }
}

/// Words as they are, whatever they hold.
pub fn text(words: &str) -> String {
    let words = screen::clean(words);
    let mut out = String::with_capacity(words.len());
    let characters: Vec<char> = words.chars().collect();
    for (index, &character) in characters.iter().enumerate() {
        let beside = |offset: Option<usize>| {
            offset
                .and_then(|offset| characters.get(offset))
                .is_some_and(|other| other.is_alphanumeric())
        };
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // within a word it means nothing
            '_' if beside(index.checked_sub(1)) && beside(Some(index + 1)) => out.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '$' => out.extend(['\\', character]),
            '#' | '-' | '+' if index == 0 => out.extend(['\\', character]),
            _ => out.push(character),
        }
    }
    out
}

/// Words in which what stands between backquotes is code; as they are where the backquotes do not pair.
pub fn quoted(words: &str) -> String {
    let parts: Vec<&str> = words.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return text(words);
    }
    let pieces = parts.iter().enumerate().map(|(index, part)| match index % 2 {
        0 => text(part),
        _ if part.trim().is_empty() => text(&format!("`{part}`")),
        _ => code(part),
    });
    pieces.collect()
}

/// A name or a piece of SQL, on one line, in a code span that it cannot close.
pub fn code(sql: &str) -> String {
    let line: Vec<&str> = sql.split_whitespace().collect();
    // white space that is all there is, and control characters, are shown as escapes
    let sql = match line.is_empty() {
        true => screen::clean(sql),
        false => screen::clean(&line.join(" ")),
    };
    if sql.is_empty() {
        return String::new();
    }
    let mut longest = 0;
    let mut run = 0;
    for character in sql.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let pad = if sql.starts_with('`') || sql.ends_with('`') || sql.trim().is_empty() {
        " "
    } else {
        ""
    };
    if sql.contains("\\|") {
        // no code span within a table can hold the two
        let escaped = sql
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        return format!(
            "<code>{}</code>",
            escaped.replace('\\', "&#92;").replace('|', "&#124;")
        );
    }
    format!("{fence}{pad}{sql}{pad}{fence}")
}

/// A name as the database has it, blanks and all.
pub fn name(path: &str) -> String {
    let doubled = path.contains("  ") || path.contains(['\n', '\t', '\r']);
    if doubled {
        code(&screen::clean(path).replace("  ", " \u{b7}"))
    } else {
        code(path)
    }
}

/// Code spans, with commas between.
pub fn codes<T: AsRef<str>>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(|item| code(item.as_ref())).collect();
    items.join(", ")
}

pub fn bold(words: &str) -> String {
    if words.is_empty() {
        String::new()
    } else {
        format!("**{words}**")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_place() {
        for (words, markdown) in [
            ("a_b", "a_b"),
            ("_a_", "\\_a\\_"),
            ("a|b `c` <b>", "a|b \\`c\\` &lt;b&gt;"),
            ("# no heading", "\\# no heading"),
            ("two\nlines", "two\\\\nlines"),
            ("[x](y) *z*", "\\[x\\](y) \\*z\\*"),
        ] {
            assert_eq!(text(words), markdown);
        }
        for (sql, markdown) in [
            ("public.t", "`public.t`"),
            ("a`b", "``a`b``"),
            ("`", "`` ` ``"),
            ("a || b", "`a || b`"),
            ("a \\| b", "<code>a &#92;&#124; b</code>"),
            ("a\n  b", "`a b`"),
            ("", ""),
        ] {
            assert_eq!(code(sql), markdown);
        }
    }

    #[test]
    fn what_is_quoted_is_code() {
        for (words, markdown) in [
            ("run `pgplumb verify` now", "run `pgplumb verify` now"),
            ("a ` alone", "a \\` alone"),
            ("`` twice", "\\`\\` twice"),
            ("`<b>` *x*", "`<b>` \\*x\\*"),
        ] {
            assert_eq!(quoted(words), markdown);
        }
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        let mut page = Page::new();
        page.fence("sql", "select '```';\n");
        assert_eq!(page.finish(), "````sql\nselect '```';\n````\n");
    }

    #[test]
    fn tables_leave_out_what_is_empty() {
        let mut page = Page::new();
        page.table(
            ["A", "B"],
            &[["1".into(), String::new()], [code("a|b"), String::new()]],
        );
        page.table(["A"], &[]);
        assert_eq!(page.finish(), "| A |\n| --- |\n| 1 |\n| `a\\|b` |\n");
    }
}
