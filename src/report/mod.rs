//! The report: one model, one small file a format. Renderers only render: no counting, no deciding.

pub mod exit;
pub mod model;
pub mod summary;
pub mod tasks;
pub mod preflight;
pub mod rehearsal;
pub mod timeline;
pub mod findings;
pub mod cases;
mod markup;
pub mod describe;
pub mod changes;
pub mod proofs;
pub mod needs;
pub mod coverage;
pub mod section;
pub mod ddl;
pub mod examples;
pub mod json;
pub mod markdown;
pub mod text;
pub mod junit;
pub mod tap;
pub mod sarif;
pub mod github;
pub mod html;
mod strings;
pub mod redact;
pub mod documents;
#[cfg(test)]
pub mod fixture;
#[cfg(test)]
pub mod testing;

use std::fmt;
use std::str::FromStr;

pub use exit::ExitCode;
pub use model::Report;
pub use text::TextOptions;

/// The formats that a report can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    #[default]
    Text,
    Json,
    Junit,
    Tap,
    Sarif,
    Github,
    Html,
    Markdown,
}

impl Format {
    /// Every format, in the order of the help text.
    pub const ALL: [Format; 8] = [
        Format::Text,
        Format::Json,
        Format::Markdown,
        Format::Junit,
        Format::Tap,
        Format::Sarif,
        Format::Github,
        Format::Html,
    ];

    /// The word of `--format`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Junit => "junit",
            Format::Tap => "tap",
            Format::Sarif => "sarif",
            Format::Github => "github",
            Format::Html => "html",
            Format::Markdown => "markdown",
        }
    }

    /// What a file in this format is called behind the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Format::Text => "txt",
            Format::Json => "json",
            Format::Markdown => "md",
            Format::Junit => "junit.xml",
            Format::Tap => "tap",
            Format::Sarif => "sarif",
            Format::Github => "github.txt",
            Format::Html => "html",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no report format; the formats are {}", Format::ALL.map(Format::as_str).join(", "))]
pub struct UnknownFormat {
    pub word: String,
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Format, UnknownFormat> {
        Format::ALL
            .into_iter()
            .find(|format| format.as_str() == word)
            .ok_or_else(|| UnknownFormat {
                word: word.to_string(),
            })
    }
}

/// Renders a report without the passwords that a text in it may hold; the text ends with a line end. This is
/// the registry: one line a format.
pub fn render(report: &Report, format: Format, options: &TextOptions) -> String {
    let report = &redact::redacted(report);
    match format {
        Format::Text => text::render(report, options),
        Format::Json => json::render(report),
        Format::Junit => junit::render(report),
        Format::Tap => tap::render(report),
        Format::Sarif => sarif::render(report),
        Format::Github => github::render(report),
        Format::Html => html::render(report),
        Format::Markdown => markdown::render(report),
    }
}
