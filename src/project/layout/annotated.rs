//! Both directions in one file, divided by comments: dbmate, goose, sql-migrate.

use std::sync::Arc;

use memchr::memmem::Finder;

use super::{Folder, Found, Text, file_name, plain};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use crate::sql::Script;

/// How a tool divides its files.
pub struct Marks {
    /// The lines that begin the two directions, as people write them.
    pub up: &'static str,
    pub down: &'static str,
    /// What every line of the tool holds.
    pub word: &'static str,
    /// What a line says.
    pub read: fn(&str) -> Option<Mark>,
}

/// What a comment says to the tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// What follows is the way up; `outside` a transaction.
    Up {
        outside: bool,
    },
    /// The way down.
    Down {
        outside: bool,
    },
    /// The whole file runs outside a transaction.
    Outside,
    /// How the tool splits statements, which pgplumb does as psql does.
    Split,
    /// The tool fills in variables.
    Variables,
    Unknown,
}

/// The words behind `-- +tool`; `None` for any other line.
pub fn words<'l>(line: &'l str, tool: &str) -> Option<Vec<&'l str>> {
    let rest = line.strip_prefix("--")?.trim_start().strip_prefix(tool)?;
    Some(rest.split_whitespace().collect())
}

/// The first file that has the tool's line for the way up.
pub fn evidence(folder: &Folder<'_>, marks: &Marks) -> Option<String> {
    let is_up = |line: &str| matches!((marks.read)(line), Some(Mark::Up { .. }));
    // one search is prepared for many files
    let word = Finder::new(marks.word);
    let has_up = |text: &str| word.find(text.as_bytes()).is_some() && text.lines().any(is_up);
    let file = folder.files.iter().find(|file| has_up(file.text()))?;
    Some(format!("{} has a line \"{}\"", file.path(), marks.up))
}

/// Reads the files of a folder. Their names begin with digits.
pub fn read(folder: &Folder<'_>, marks: &Marks) -> Found {
    let mut found = Found::default();
    for file in folder.files {
        let stem = file_name(file).rsplit_once('.').map_or("", |(stem, _)| stem);
        let digits = stem.bytes().take_while(u8::is_ascii_digit).count();
        let (label, name) = stem.split_at(digits);
        if label.is_empty() {
            found.problems.push(
                Diagnostic::error(format!("{} has no version", file.path()))
                    .in_file(file.path())
                    .want("a name that begins with a number: 0001_name.sql")
                    .help("rename it, or move it out of the folder"),
            );
            continue;
        }
        match divide(file, marks) {
            Ok((up, down)) => found.take(label, &plain(name.trim_start_matches(['_', '-', ' '])), up, down),
            Err(problem) => found.problems.push(*problem),
        }
    }
    found.tell_programs(folder);
    found
}

/// The two ways of a file. A way down that holds nothing is none.
fn divide(file: &Arc<SourceFile>, marks: &Marks) -> Result<(Text, Option<Text>), Box<Diagnostic>> {
    let mut up = Way::default();
    let mut down = Way::default();
    let mut is_outside = false;
    // nothing, the way up, the way down
    let mut direction = None;
    let mut start = 0;
    for line in file.text().split_inclusive('\n') {
        let span = Span::new(start, start + line.len());
        let words = Span::new(start, start + line.trim_end().len());
        start = span.end;
        match (marks.read)(line.trim_end()) {
            Some(Mark::Up { outside }) => {
                direction = Some(true);
                up.outside |= outside;
            }
            Some(Mark::Down { outside }) => {
                direction = Some(false);
                down.outside |= outside;
            }
            Some(Mark::Outside) => is_outside = true,
            Some(Mark::Variables) => {
                return Err(Box::new(
                    Diagnostic::error("variables of the environment are not filled in")
                        .at(file, words)
                        .help("write the values themselves, or read them with current_setting()"),
                ));
            }
            Some(Mark::Unknown) => {
                return Err(Box::new(
                    Diagnostic::error(format!("{:?} says nothing that is known", file.slice(words)))
                        .at(file, words)
                        .help(format!("write `{}` or `{}`", marks.up, marks.down)),
                ));
            }
            Some(Mark::Split) | None => {}
        }
        match direction {
            // what stands above is comment, and may hold directives
            None | Some(true) => up.add(span),
            Some(false) => down.add(span),
        }
        if direction == Some(true) {
            up.begins.get_or_insert(span.start);
        }
    }
    let Some(begins) = up.begins else {
        return Err(Box::new(
            Diagnostic::error(format!("{} has no line `{}`", file.path(), marks.up))
                .in_file(file.path())
                .help("write it above the statements of the migration"),
        ));
    };
    above(file, begins, marks)?;
    let down = down.has_content(file).then(|| down.text(file, is_outside));
    Ok((up.text(file, is_outside), down))
}

/// Statements above the first mark, which the tool does not run.
fn above(file: &Arc<SourceFile>, begins: usize, marks: &Marks) -> Result<(), Box<Diagnostic>> {
    if file.text()[..begins]
        .lines()
        .all(|line| line.is_empty() || line.starts_with("--"))
    {
        return Ok(());
    }
    match Script::parse(&file.part(&[Span::new(0, begins)]))
        .statements
        .first()
    {
        None => Ok(()),
        Some(statement) => Err(Box::new(
            Diagnostic::error(format!("a statement stands above `{}`", marks.up))
                .at(file, statement.span)
                .help("move it below that line"),
        )),
    }
}

/// The lines of one direction.
#[derive(Default)]
struct Way {
    pieces: Vec<Span>,
    /// Where its first mark stands.
    begins: Option<usize>,
    outside: bool,
}

impl Way {
    fn add(&mut self, line: Span) {
        match self.pieces.last_mut().filter(|last| last.end == line.start) {
            Some(last) => last.end = line.end,
            None => self.pieces.push(line),
        }
    }

    fn has_content(&self, file: &SourceFile) -> bool {
        let lines = self.pieces.iter().flat_map(|piece| file.slice(*piece).lines());
        lines
            .map(str::trim)
            .any(|line| !line.is_empty() && !line.starts_with("--"))
    }

    fn text(&self, file: &SourceFile, is_outside: bool) -> Text {
        Text {
            file: file.part(&self.pieces),
            outside: (self.outside || is_outside).then(|| Span::at(0)),
        }
    }
}
