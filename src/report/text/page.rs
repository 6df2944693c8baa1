//! A page of text: wrapping, colours, marks.

use super::TextOptions;
use crate::check::Status;
use crate::diagnostic::screen;
use crate::report::summary::Tone;

/// Colours come from the terminal's own palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Bold,
    Dim,
    Good,
    Bad,
    Blocked,
    Warn,
}

impl Style {
    /// The parameters of ANSI's SGR sequence.
    const fn sgr(self) -> &'static str {
        match self {
            Style::Plain => "",
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Good => "1;32",
            Style::Bad => "1;31",
            Style::Blocked => "1;35",
            Style::Warn => "1;33",
        }
    }
}

/// A piece of text in one style; on one line and without control characters by construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    style: Style,
    text: String,
    /// Keep the spaces and never break at them.
    solid: bool,
}

pub fn styled(style: Style, text: impl AsRef<str>) -> Span {
    Span {
        style,
        text: screen::clean(text.as_ref()),
        solid: false,
    }
}

pub fn plain(text: impl AsRef<str>) -> Span {
    styled(Style::Plain, text)
}

pub fn bold(text: impl AsRef<str>) -> Span {
    styled(Style::Bold, text)
}

pub fn dim(text: impl AsRef<str>) -> Span {
    styled(Style::Dim, text)
}

impl Span {
    /// Filled with spaces up to that many columns.
    pub fn padded(mut self, columns: usize) -> Span {
        let missing = columns.saturating_sub(screen::width(&self.text));
        self.text.push_str(&" ".repeat(missing));
        self.solid = true;
        self
    }

    /// Filled with spaces from the left.
    pub fn right(mut self, columns: usize) -> Span {
        let missing = columns.saturating_sub(screen::width(&self.text));
        self.text.insert_str(0, &" ".repeat(missing));
        self.solid = true;
        self
    }

    /// Never broken at its spaces.
    pub fn solid(mut self) -> Span {
        self.solid = true;
        self
    }
}

/// What a line is made of: pieces that are not to be parted.
#[derive(Default)]
struct Word {
    pieces: Vec<(Style, String)>,
    width: usize,
}

impl Word {
    fn push(&mut self, style: Style, text: &str) {
        if !text.is_empty() {
            self.pieces.push((style, text.to_string()));
            self.width += screen::width(text);
        }
    }
}

/// Text under construction.
pub struct Page {
    options: TextOptions,
    out: String,
}

impl Page {
    pub fn new(options: TextOptions) -> Page {
        Page {
            options,
            out: String::new(),
        }
    }

    pub fn finish(self) -> String {
        self.out
    }

    pub fn width(&self) -> usize {
        self.options.width
    }

    /// It is for the record, not for a terminal.
    pub fn is_document(&self) -> bool {
        self.options.document
    }

    pub fn color(&self) -> bool {
        self.options.color
    }

    pub fn unicode(&self) -> bool {
        self.options.unicode
    }

    /// An empty line, never two and never at the beginning.
    pub fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// The title of a section, with an empty line before it.
    pub fn heading(&mut self, title: &str) {
        self.blank();
        let title = screen::clean(title);
        let used = screen::width(&title) + 4;
        let line = if self.options.unicode { "─" } else { "-" };
        let rule = self.options.width.saturating_sub(used);
        self.put(
            0,
            0,
            &[
                dim(line.repeat(2)),
                bold(format!(" {title} ")).solid(),
                dim(line.repeat(rule)),
            ],
        );
    }

    /// Writes words, wrapped: the first line indented by `first`, the others by `rest`, or by less where a
    /// long word would not fit.
    pub fn put(&mut self, first: usize, rest: usize, spans: &[Span]) {
        let mut line: Vec<(Style, String)> = Vec::new();
        let mut column = 0;
        for (index, word) in words(spans).into_iter().enumerate() {
            if index > 0 && column + 1 + word.width <= self.options.width {
                space(&mut line, &word);
                column += 1;
            } else {
                self.end_line(&mut line);
                let room = self.options.width.saturating_sub(word.width);
                column = if index == 0 { first } else { rest.min(room) };
                line.push((Style::Plain, " ".repeat(column)));
            }
            column += word.width;
            for (style, text) in word.pieces {
                match line.last_mut() {
                    Some((last, before)) if *last == style => before.push_str(&text),
                    _ => line.push((style, text)),
                }
            }
        }
        self.end_line(&mut line);
    }

    fn end_line(&mut self, line: &mut Vec<(Style, String)>) {
        if line.is_empty() {
            return;
        }
        for (style, text) in line.drain(..) {
            self.paint(style, &text);
        }
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push('\n');
    }

    /// A label and its value in a column of its own.
    pub fn field(&mut self, indent: usize, columns: usize, label: &str, value: &[Span]) {
        let mut spans = vec![dim(label).padded(columns - 1), plain(" ")];
        spans.extend(value.iter().cloned());
        self.put(indent, indent + columns, &spans);
    }

    /// A line that is not to be wrapped.
    pub fn raw(&mut self, style: Style, line: &str) {
        self.paint(style, line);
        self.out.push('\n');
    }

    /// A line of an excerpt of a source file, its gutter dim.
    pub fn excerpt(&mut self, gutter: &str, style: Style, source: &str) {
        self.paint(Style::Dim, gutter);
        self.raw(style, source);
    }

    fn paint(&mut self, style: Style, text: &str) {
        if self.options.color && style != Style::Plain && !text.trim().is_empty() {
            self.out.push_str("\x1b[");
            self.out.push_str(style.sgr());
            self.out.push('m');
            self.out.push_str(text);
            self.out.push_str("\x1b[0m");
        } else {
            self.out.push_str(text);
        }
    }

    // ── marks ──

    pub fn mark(&self, status: Status) -> Span {
        let (style, unicode, ascii) = match status {
            Status::Pass => (Style::Good, "✓", "[ ok ]"),
            Status::Fail => (Style::Bad, "✗", "[FAIL]"),
            Status::Blocked => (Style::Blocked, "⊘", "[BLKD]"),
            Status::Warn => (Style::Warn, "!", "[WARN]"),
            Status::Skip => (Style::Dim, "–", "[skip]"),
        };
        styled(style, self.pick(unicode, ascii)).solid()
    }

    /// Columns of a mark with the space behind it.
    pub fn mark_columns(&self) -> usize {
        if self.options.unicode { 2 } else { 7 }
    }

    pub fn tone_mark(&self, tone: Tone) -> &'static str {
        match tone {
            Tone::Good => self.pick("✓", "[ ok ]"),
            Tone::Bad => self.pick("✗", "[FAIL]"),
            Tone::Neutral => "",
        }
    }

    pub fn dot(&self) -> &'static str {
        self.pick("·", "-")
    }

    /// Stands for a blank that is to be seen.
    pub fn blank_mark(&self) -> &'static str {
        self.pick("·", "_")
    }

    pub fn arrow(&self) -> &'static str {
        self.pick("→", "->")
    }

    pub fn ellipsis(&self) -> &'static str {
        self.pick("…", "...")
    }

    /// Words with the marks of this page: those beyond ASCII are spelled out where it has none.
    pub fn marked(&self, words: &str) -> String {
        if self.options.unicode {
            return words.to_string();
        }
        let marks = [
            ("✓", "[ ok ]"),
            ("✗", "[FAIL]"),
            ("⊘", "[BLKD]"),
            ("–", "[skip]"),
            ("→", "->"),
            ("…", "..."),
        ];
        marks.iter().fold(words.to_string(), |words, (mark, ascii)| {
            words.replace(mark, ascii)
        })
    }

    fn pick(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.options.unicode { unicode } else { ascii }
    }
}

/// A space before a word, in the style of both sides when they have the same.
fn space(line: &mut Vec<(Style, String)>, word: &Word) {
    let style = word.pieces.first().map(|(style, _)| *style);
    match line.last_mut() {
        Some((last, before)) if Some(*last) == style => before.push(' '),
        _ => line.push((Style::Plain, " ".to_string())),
    }
}

/// Spans cut at their spaces; what touches across two spans stays one word.
fn words(spans: &[Span]) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word = Word::default();
    for span in spans {
        if span.solid {
            word.push(span.style, &span.text);
            continue;
        }
        for (index, part) in span.text.split(' ').enumerate() {
            if index > 0 {
                words.push(std::mem::take(&mut word));
            }
            word.push(span.style, part);
        }
    }
    words.push(word);
    words.retain(|word| !word.pieces.is_empty());
    words
}
