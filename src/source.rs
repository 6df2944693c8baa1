//! Source files and places in them: the one module that converts positions.
//!
//! A [`Span`] is a pair of byte offsets into [`SourceFile::text`]; a [`Location`] is what people read:
//! 1-based line and column, counted in characters as PostgreSQL and editors count them.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A half-open range of byte offsets into the text of one source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    pub fn new(start: usize, end: usize) -> Span {
        Span { start, end }
    }

    /// A span of no length, for "here" rather than "this".
    pub fn at(offset: usize) -> Span {
        Span {
            start: offset,
            end: offset,
        }
    }

    /// The same span in a text that begins `by` bytes earlier.
    pub fn shifted(self, by: usize) -> Span {
        Span {
            start: self.start + by,
            end: self.end + by,
        }
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Span {
        Span {
            start: range.start,
            end: range.end,
        }
    }
}

/// A place that a person can go to: file as given by the user, 1-based line and column in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    pub file: String,
    pub line: u32,
    pub column: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Bytes that are not UTF-8, with the place of the first bad one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{location}: the file is not valid UTF-8 (byte 0x{byte:02x} at offset {offset})")]
pub struct InvalidUtf8 {
    pub location: Location,
    /// The first byte that is not part of a UTF-8 sequence.
    pub byte: u8,
    /// Its offset in bytes from the start of the file.
    pub offset: usize,
}

/// One file of the project, read once and shared.
///
/// [`text`](SourceFile::text) is what every parser sees and what is sent to the server: without a byte order
/// mark, with `\n` line ends, so that a checkout on Windows and one on Linux deploy the same function bodies.
/// [`raw`](SourceFile::raw) is the text as it is on disk, which only checksums need.
///
/// A [`part`](SourceFile::part) of a file is a source file as well; its [`Location`]s are those of the whole.
#[derive(Clone)]
pub struct SourceFile {
    path: String,
    text: String,
    raw: Option<String>,
    /// Found when a place is first asked for: nobody asks where something stands in a script that is long applied.
    line_starts: OnceLock<Box<[usize]>>,
    /// Lines of the file on disk above the first one of this text.
    lines_above: usize,
}

impl PartialEq for SourceFile {
    fn eq(&self, other: &SourceFile) -> bool {
        (self.lines_above, &self.path, &self.text, &self.raw)
            == (other.lines_above, &other.path, &other.text, &other.raw)
    }
}

impl Eq for SourceFile {}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceFile")
            .field("path", &self.path)
            .field("bytes", &self.text.len())
            .finish()
    }
}

impl SourceFile {
    /// Takes the bytes of a file. `path` is what messages show.
    ///
    /// # Errors
    /// [`InvalidUtf8`] with the place of the first bad byte.
    pub fn from_bytes(path: impl Into<String>, bytes: Vec<u8>) -> Result<Arc<SourceFile>, InvalidUtf8> {
        let path = path.into();
        match String::from_utf8(bytes) {
            Ok(raw) => Ok(SourceFile::new(path, raw)),
            Err(error) => {
                let offset = error.utf8_error().valid_up_to();
                let byte = error.as_bytes()[offset];
                let valid = String::from_utf8_lossy(&error.as_bytes()[..offset]).into_owned();
                let before = SourceFile::new(path, valid);
                Err(InvalidUtf8 {
                    location: before.location(before.text.len()),
                    byte,
                    offset,
                })
            }
        }
    }

    /// Takes text that is already decoded.
    pub fn new(path: impl Into<String>, raw: impl Into<String>) -> Arc<SourceFile> {
        let raw = raw.into();
        let without_bom = raw.strip_prefix('\u{feff}').unwrap_or(&raw);
        let (text, raw) = if without_bom.len() == raw.len() && !raw.contains("\r\n") {
            (raw, None)
        } else {
            (without_bom.replace("\r\n", "\n"), Some(raw))
        };
        Arc::new(SourceFile {
            path: path.into(),
            text,
            raw,
            line_starts: OnceLock::new(),
            lines_above: 0,
        })
    }

    /// Whole lines of this file as a file of their own, in which every position is still that of this file.
    ///
    /// `pieces` are in order and begin at line starts. What lies between two of them becomes empty lines.
    pub fn part(&self, pieces: &[Span]) -> Arc<SourceFile> {
        let first = pieces.first().copied().unwrap_or_default();
        let mut text = String::new();
        let mut end = first.start;
        for piece in pieces {
            let gap = self.slice(Span::new(end, piece.start));
            text.extend(gap.matches('\n'));
            text.push_str(self.slice(*piece));
            end = piece.end;
        }
        let lines_above = self.line_index(first.start) + self.lines_above;
        let mut part = self.rewritten(self.path.clone(), text);
        Arc::make_mut(&mut part).lines_above = lines_above;
        part
    }

    /// Another path and text in the same place.
    pub fn rewritten(&self, path: impl Into<String>, text: impl Into<String>) -> Arc<SourceFile> {
        let mut file = SourceFile::new(path, text);
        Arc::make_mut(&mut file).lines_above = self.lines_above;
        file
    }

    /// The path as messages show it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The text without byte order mark and with `\n` line ends.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text as it is on disk.
    pub fn raw(&self) -> &str {
        self.raw.as_deref().unwrap_or(&self.text)
    }

    /// The part of the text that `span` covers, cut to what exists.
    pub fn slice(&self, span: Span) -> &str {
        let end = span.end.min(self.text.len());
        self.text.get(span.start.min(end)..end).unwrap_or("")
    }

    /// Where the lines begin.
    fn line_starts(&self) -> &[usize] {
        self.line_starts.get_or_init(|| {
            let ends = self.text.match_indices('\n');
            std::iter::once(0)
                .chain(ends.map(|(offset, _)| offset + 1))
                .collect()
        })
    }

    /// Number of lines, the last one counted only when it holds something.
    pub fn line_count(&self) -> usize {
        self.line_starts().len() - usize::from(self.text.is_empty() || self.text.ends_with('\n'))
    }

    /// Line and column of a byte offset. An offset behind the end is the end.
    pub fn location(&self, offset: usize) -> Location {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        // nobody has to find the lines of a file for where it begins
        let (line, start) = match offset {
            0 => (0, 0),
            offset => {
                let line = self.line_index(offset);
                (line, self.line_starts()[line])
            }
        };
        let column = self.text[start..offset].chars().count() + 1;
        Location {
            file: self.path.clone(),
            line: (self.lines_above + line + 1) as u32,
            column: column as u32,
        }
    }

    /// The line that a byte offset is on, without its end.
    pub fn line_at(&self, offset: usize) -> &str {
        let start = self.line_starts()[self.line_index(offset)];
        self.text[start..].lines().next().unwrap_or("")
    }

    /// The same, counted from 0 within this text.
    fn line_index(&self, offset: usize) -> usize {
        self.line_starts().partition_point(|&start| start <= offset) - 1
    }

    /// Byte offset of PostgreSQL's error position within the part of this file that was sent to the server.
    ///
    /// `position` is 1-based and in characters; `sent` says which part of the file was sent. `None` when the
    /// position lies outside it (in text that pgplumb put around the script, for instance).
    pub fn offset_of_position(&self, sent: Span, position: usize) -> Option<usize> {
        let part = self.slice(sent);
        let index = position.checked_sub(1)?;
        match part.char_indices().nth(index) {
            Some((offset, _)) => Some(sent.start + offset),
            // "at end of input" points one behind the last character
            None if part.chars().count() == index => Some(sent.end.min(self.text.len())),
            None => None,
        }
    }
}

/// A span of a certain file: what diagnostics and checks keep.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    pub file: Arc<SourceFile>,
    pub span: Span,
}

impl Place {
    pub fn new(file: &Arc<SourceFile>, span: Span) -> Place {
        Place {
            file: Arc::clone(file),
            span,
        }
    }

    /// Where the span begins.
    pub fn location(&self) -> Location {
        self.file.location(self.span.start)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.location())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let file = SourceFile::new("a.sql", "select 'é€𝄞', x;\nselect 2;");
        let offset = file.text().find('x').unwrap();
        assert_eq!(file.location(offset).to_string(), "a.sql:1:15");
        assert_eq!(file.location(file.text().len()).to_string(), "a.sql:2:10");
    }

    #[test]
    fn bom_and_crlf_do_not_move_positions() {
        let file =
            SourceFile::from_bytes("a.sql", b"\xef\xbb\xbfselect 1;\r\nselect x;\r\n".to_vec()).unwrap();
        assert_eq!(file.text(), "select 1;\nselect x;\n");
        assert_eq!(file.raw(), "\u{feff}select 1;\r\nselect x;\r\n");
        assert_eq!(
            file.location(file.text().find('x').unwrap()).to_string(),
            "a.sql:2:8"
        );
        assert_eq!(file.line_count(), 2);
    }

    #[test]
    fn a_part_keeps_the_positions_of_the_whole() {
        let file = SourceFile::new("a.sql", "-- é\n-- up\na é;\n-- down\nb;\n-- up\n  c é d;\n");
        let span = |text: &str| {
            let start = file.text().find(text).unwrap();
            Span::new(start, start + text.len())
        };
        let part = file.part(&[span("a é;\n"), span("  c é d;\n")]);
        assert_eq!(part.text(), "a é;\n\n\n\n  c é d;\n");
        for (word, place) in [("a", "a.sql:3:1"), ("c", "a.sql:7:3"), ("d", "a.sql:7:7")] {
            let offset = part.text().find(word).unwrap();
            assert_eq!(part.location(offset).to_string(), place);
        }
        assert_eq!(part.line_at(part.text().find('d').unwrap()), "  c é d;");
        let inner = part.part(&[Span::new(9, part.text().len())]);
        assert_eq!(inner.location(2).to_string(), "a.sql:7:3");
        assert_eq!(file.part(&[]).text(), "");
    }

    #[test]
    fn server_positions_are_characters_of_the_part_sent() {
        let file = SourceFile::new("a.sql", "-- é\nselect é, x;");
        let sent = Span::new(6, file.text().len());
        let offset = file.offset_of_position(sent, 11).unwrap();
        assert_eq!(&file.text()[offset..], "x;");
        assert_eq!(file.offset_of_position(sent, 13), Some(file.text().len()));
        assert_eq!(file.offset_of_position(sent, 99), None);
        assert_eq!(file.offset_of_position(sent, 0), None);
    }

    #[test]
    fn invalid_utf8_names_the_first_bad_byte() {
        let error = SourceFile::from_bytes("a.sql", b"select 1;\nselect '\xff';".to_vec()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a.sql:2:9: the file is not valid UTF-8 (byte 0xff at offset 18)"
        );
    }

    #[test]
    fn lines_are_counted_as_people_count_them() {
        for (text, lines) in [("", 0), ("a", 1), ("a\n", 1), ("a\nb", 2), ("\n", 1)] {
            assert_eq!(SourceFile::new("a", text).line_count(), lines, "{text:?}");
        }
    }
}
