//! What pgplumb tells people: one model for errors, warnings and notes, rendered in one fixed order.
//!
//! A message names the object; [`have`](Diagnostic::have) and [`want`](Diagnostic::want) show both sides;
//! [`help`](Diagnostic::help) is one imperative line that says what to do.

pub mod screen;
mod closest;
mod snippet;

use std::sync::Arc;

use crate::source::{Location, Place, SourceFile, Span};

pub use closest::closest;
pub use snippet::{render, render_within};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Note,
    Warning,
    Error,
}

impl Severity {
    /// The word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One thing that a person has to know, with its place and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    /// One sentence without a full stop that names the object.
    pub message: String,
    /// Where it is, when it is in a file.
    pub place: Option<Place>,
    /// A file without a certain place in it (an unreadable one, for instance).
    pub file: Option<String>,
    /// Labelled facts in order, e.g. `SQLSTATE`, `detail`, `hint`, `state`.
    pub facts: Vec<(&'static str, String)>,
    /// One imperative line.
    pub help: Option<String>,
}

impl Diagnostic {
    pub fn new(severity: Severity, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity,
            message: message.into(),
            place: None,
            file: None,
            facts: Vec::new(),
            help: None,
        }
    }

    pub fn error(message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Error, message)
    }

    pub fn warning(message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Warning, message)
    }

    pub fn note(message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Note, message)
    }

    /// Points at a span of a file.
    pub fn at(mut self, file: &Arc<SourceFile>, span: Span) -> Diagnostic {
        self.place = Some(Place::new(file, span));
        self
    }

    /// Points at a place.
    pub fn at_place(mut self, place: Place) -> Diagnostic {
        self.place = Some(place);
        self
    }

    /// Names a file as a whole.
    pub fn in_file(mut self, path: impl Into<String>) -> Diagnostic {
        self.file = Some(path.into());
        self
    }

    /// Adds a labelled fact.
    pub fn fact(mut self, label: &'static str, text: impl Into<String>) -> Diagnostic {
        self.facts.push((label, text.into()));
        self
    }

    /// What was found.
    pub fn have(self, text: impl Into<String>) -> Diagnostic {
        self.fact("have", text)
    }

    /// What was expected.
    pub fn want(self, text: impl Into<String>) -> Diagnostic {
        self.fact("want", text)
    }

    /// One imperative line of help.
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help = Some(text.into());
        self
    }

    /// Where it is: line and column when known, else line 1 of the file it names.
    pub fn location(&self) -> Option<Location> {
        match (&self.place, &self.file) {
            (Some(place), _) => Some(place.location()),
            (None, Some(file)) => Some(Location {
                file: file.clone(),
                line: 1,
                column: 1,
            }),
            (None, None) => None,
        }
    }
}
