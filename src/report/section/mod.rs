//! Sections of the documents that people sign, before any format: the Markdown and the text say the same.

mod actions;
mod compatibility;
mod dependencies;
mod integrity;
mod readiness;
mod record;
mod security;
mod tasks;

use super::model::Report;
use crate::catalog::Object;

pub use actions::{gate, required_actions};
pub use compatibility::{changed, compatibility};
pub use dependencies::{dependencies, maker};
pub use integrity::integrity;
pub use readiness::{next_steps, readiness};
pub use record::{not_verified, sign_off, verdict, way_back};
pub use security::security;
pub use tasks::{judged, tasks};

/// A sentence or a cell: plain words, and names and commands that stand in them as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(Vec<Piece>);

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Plain(String),
    Strong(String),
    /// A name, a path, a command, a piece of SQL.
    Code(String),
    /// A name as the database has it, blanks and all.
    Name(String),
}

impl Words {
    /// Plain words.
    pub fn of(words: impl Into<String>) -> Words {
        Words::default().plain(words)
    }

    pub fn plain(mut self, words: impl Into<String>) -> Words {
        self.0.push(Piece::Plain(words.into()));
        self
    }

    pub fn strong(mut self, words: impl Into<String>) -> Words {
        self.0.push(Piece::Strong(words.into()));
        self
    }

    pub fn code(mut self, sql: impl Into<String>) -> Words {
        self.0.push(Piece::Code(sql.into()));
        self
    }

    pub fn name(mut self, name: impl Into<String>) -> Words {
        self.0.push(Piece::Name(name.into()));
        self
    }

    /// Names with commas between.
    pub fn codes<T: AsRef<str>>(mut self, names: &[T]) -> Words {
        for (index, name) in names.iter().enumerate() {
            if index > 0 {
                self = self.plain(", ");
            }
            self = self.code(name.as_ref());
        }
        self
    }

    /// Another sentence behind this one.
    pub fn and(mut self, other: Words) -> Words {
        self.0.extend(other.0);
        self
    }

    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// Nothing is said.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|piece| match piece {
            Piece::Plain(text) | Piece::Strong(text) | Piece::Code(text) | Piece::Name(text) => {
                text.is_empty()
            }
        })
    }
}

/// A heading and what stands below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub title: Words,
    pub blocks: Vec<Block>,
}

/// What a section is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading of its own, one level below the section's.
    Heading(Words),
    Paragraph(Words),
    List(Vec<Words>),
    /// Numbered.
    Steps(Vec<Words>),
    /// Ticked or not.
    Checklist(Vec<(bool, Words)>),
    /// Labels with values.
    Fields(Vec<(&'static str, Words)>),
    Table(Table),
}

/// Columns that are empty in every row are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub header: Vec<&'static str>,
    /// As many cells as the header has.
    pub rows: Vec<Vec<Words>>,
}

impl Table {
    /// A table of as many columns as its header.
    pub fn new<const N: usize>(header: [&'static str; N], rows: Vec<[Words; N]>) -> Table {
        Table {
            header: header.to_vec(),
            rows: rows.into_iter().map(Vec::from).collect(),
        }
    }

    /// The columns that are not empty, from 0 on.
    pub fn filled(&self) -> Vec<usize> {
        (0..self.header.len())
            .filter(|&column| self.rows.iter().any(|row| !row[column].is_empty()))
            .collect()
    }
}

impl Section {
    /// A section without content yet.
    pub fn titled(title: impl Into<String>) -> Section {
        Section {
            title: Words::of(title),
            blocks: Vec::new(),
        }
    }

    pub fn paragraph(&mut self, words: Words) {
        self.blocks.push(Block::Paragraph(words));
    }

    pub fn list(&mut self, items: Vec<Words>) {
        if !items.is_empty() {
            self.blocks.push(Block::List(items));
        }
    }

    pub fn table<const N: usize>(&mut self, header: [&'static str; N], rows: Vec<[Words; N]>) {
        if !rows.is_empty() {
            self.blocks.push(Block::Table(Table::new(header, rows)));
        }
    }
}

/// What belongs to the record of a run beside its checks, in order, each with a word that names it; nothing for commands
/// that neither judge nor change.
pub fn record(report: &Report) -> Vec<(&'static str, Section)> {
    let is_run =
        matches!(report.command, "apply" | "rollback") && !report.dry_run && report.preflight.is_none();
    let mut parts: Vec<(&'static str, Option<Section>)> = Vec::new();
    if is_run {
        let made: Vec<Object> = report
            .migrations
            .iter()
            .flat_map(|migration| migration.artifacts.created.iter().cloned())
            .collect();
        parts.extend([
            ("integrity", integrity(&made)),
            ("security", security(&made)),
            ("dependencies", dependencies(report, &made)),
            ("compatibility", compatibility(report)),
            ("not-verified", not_verified(report)),
            ("readiness", readiness(report)),
            ("next", next_steps(report)),
        ]);
    } else if report.command == "verify" && report.preflight.is_none() {
        parts.extend([
            ("actions", required_actions(report)),
            ("tasks", tasks(report)),
            ("not-verified", not_verified(report)),
            ("gate", Some(gate(report))),
        ]);
    }
    let is_signed = !parts.is_empty() || report.preflight.is_some() || !report.proofs.is_empty();
    parts.push(("sign-off", is_signed.then(|| sign_off(report))));
    parts
        .into_iter()
        .filter_map(|(name, section)| Some((name, section?)))
        .collect()
}

/// A command of pgplumb, with the environment that the run was made in.
pub fn pgplumb(report: &Report, words: &str) -> String {
    match &report.environment {
        Some(environment) => format!("pgplumb --env {} {words}", shell(environment)),
        None => format!("pgplumb {words}"),
    }
}

/// A word that a shell takes as one.
pub fn shell(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "_-./:=@%+".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
