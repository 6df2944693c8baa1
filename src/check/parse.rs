//! Check files → suites.

use std::collections::HashMap;
use std::sync::Arc;

use toml::de::DeTable;

use crate::catalog::{Kind, ObjectId};
use crate::diagnostic::Diagnostic;
use crate::migration::Version;
use crate::source::{SourceFile, Span};
use crate::sql::fragment::{self, FragmentError};
use crate::sql::{Name, quote_ident};

use super::document::{Fields, Item, Reader, Text, items_of};
use super::kind::{At, KINDS};
use super::object::ObjectRule;
use super::rule::{Claim, Rule};
use super::suite::{Check, Suite, spell};

/// Parses a check file. `id` is what reports call the suite, `version` the migration that it belongs to.
///
/// # Errors
/// Everything that is wrong with the file, by position.
pub fn parse(file: &Arc<SourceFile>, id: &str, version: Option<Version>) -> Result<Suite, Vec<Diagnostic>> {
    let mut parser = Parser {
        reader: Reader::new(file),
        schema: "public".to_string(),
        checks: Vec::new(),
    };
    let (document, errors) = DeTable::parse_recoverable(file.text());
    for error in &errors {
        let span = error.span().map_or(Span::at(0), Span::from);
        parser
            .reader
            .error(span, format!("not valid TOML: {}", error.message()));
    }
    // what was recovered from a broken file would only draw complaints about what is not there
    if !parser.reader.is_clean() {
        return Err(parser.reader.into_diagnostics());
    }
    let title = parser.document(document.get_ref());
    parser.checks.sort_by_key(|check| check.span.start);
    parser.duplicates();
    if parser.reader.is_clean() && parser.checks.is_empty() {
        parser.reader.push(
            Diagnostic::error("the suite checks nothing")
                .at(file, Span::at(0))
                .help("add a [table.NAME] or another check, or delete the file"),
        );
    }
    if !parser.reader.is_clean() {
        return Err(parser.reader.into_diagnostics());
    }
    Ok(Suite {
        id: id.to_string(),
        version,
        title,
        schema: parser.schema,
        file: Arc::clone(file),
        checks: parser.checks,
    })
}

/// The parser of one file.
pub(crate) struct Parser {
    pub(crate) reader: Reader,
    /// The suite's schema.
    pub(crate) schema: String,
    checks: Vec<Check>,
}

/// The table that an entry stands in.
pub(crate) struct Table {
    pub(crate) schema: String,
    pub(crate) name: String,
    /// `table.sync_progress`: how ids of its checks begin.
    pub(crate) path: String,
    pub(crate) key: Text,
}

impl Table {
    /// An object that stands on the table.
    pub(crate) fn object(&self, kind: Kind, name: impl Into<String>) -> ObjectId {
        ObjectId::on(kind, self.schema.clone(), self.name.clone(), name)
    }

    pub(crate) fn id(&self) -> ObjectId {
        ObjectId::new(Kind::Table, self.schema.clone(), self.name.clone())
    }

    /// Its full SQL name.
    pub(crate) fn sql(&self) -> String {
        format!("{}.{}", quote_ident(&self.schema), quote_ident(&self.name))
    }
}

impl Parser {
    fn document(&mut self, document: &DeTable<'_>) -> Option<String> {
        let mut title = None;
        let items = {
            let mut items: Vec<Item<'_>> = document
                .iter()
                .map(|(key, value)| Item {
                    key: Text {
                        value: key.get_ref().to_string(),
                        span: key.span().into(),
                    },
                    value,
                })
                .collect();
            items.sort_by_key(|item| item.key.span.start);
            items
        };
        // names are resolved in it, so it comes first wherever it stands
        if let Some(item) = items.iter().find(|item| item.key.value == "schema")
            && let Some(text) = self.reader.string(item)
            && let Some(schema) = self.reader.ident("schema", &text)
        {
            self.schema = schema;
        }
        for item in &items {
            match item.key.value.as_str() {
                "schema" => {}
                "title" => title = self.reader.string(item).map(|text| text.value),
                key => {
                    let entry = KINDS.iter().find(|entry| entry.key == key);
                    match entry.map(|entry| entry.at) {
                        Some(At::Suite(parse) | At::Both(parse, _)) => parse(self, item),
                        Some(At::Table(_)) => {
                            let message = format!("`{key}` belongs to a table");
                            self.reader.error_help(
                                item.key.span,
                                message,
                                format!("write it under [table.NAME], as `{key}` or [table.NAME.{key}]"),
                            );
                        }
                        None => {
                            let known: Vec<&str> = ["title", "schema"]
                                .into_iter()
                                .chain(
                                    KINDS
                                        .iter()
                                        .filter(|e| !matches!(e.at, At::Table(_)))
                                        .map(|e| e.key),
                                )
                                .collect();
                            self.reader.unknown_key(&item.key, "the suite", &known);
                        }
                    }
                }
            }
        }
        title
    }

    /// Parses what stands under `[table.NAME]`.
    pub(crate) fn table(&mut self, table: &Table, items: &[Item<'_>]) {
        for item in items {
            let key = item.key.value.as_str();
            match KINDS.iter().find(|entry| entry.key == key).map(|entry| entry.at) {
                Some(At::Table(parse) | At::Both(_, parse)) => parse(self, table, item),
                _ => {
                    let known: Vec<&str> = KINDS
                        .iter()
                        .filter(|entry| !matches!(entry.at, At::Suite(_)))
                        .map(|entry| entry.key)
                        .collect();
                    let within = format!("[table.{}]", table.key.value);
                    self.reader.unknown_key(&item.key, &within, &known);
                }
            }
        }
    }

    /// Adds a check.
    pub(crate) fn add(
        &mut self,
        path: impl Into<String>,
        kind: &'static str,
        key: &Text,
        expected: impl Into<String>,
        rule: impl Rule + 'static,
    ) {
        self.checks.push(Check {
            path: path.into(),
            kind,
            span: key.span,
            expected: expected.into(),
            rule: Arc::new(rule),
        });
    }

    /// Adds a check of an object on a table, `table.t/index.i`.
    pub(crate) fn add_on(
        &mut self,
        table: &Table,
        kind: &'static str,
        name: &str,
        key: &Text,
        expected: impl Into<String>,
        rule: ObjectRule,
    ) {
        let path = format!("{}/{kind}.{}", table.path, quote_ident(name));
        self.add(path, kind, key, expected, rule);
    }

    /// A name with its schema, the suite's unless it has one.
    pub(crate) fn qualified(&mut self, what: &str, text: &Text) -> Option<(String, String)> {
        let name = self.reader.name(what, text)?;
        Some(self.resolve(&name))
    }

    pub(crate) fn resolve(&self, name: &Name) -> (String, String) {
        (
            name.schema.clone().unwrap_or_else(|| self.schema.clone()),
            name.name.clone(),
        )
    }

    /// A name as the suite would write it.
    pub(crate) fn spell(&self, schema: &str, name: &str) -> String {
        spell(&self.schema, schema, name)
    }

    /// Parses a fragment of SQL that a string holds.
    pub(crate) fn fragment<T>(
        &mut self,
        what: &str,
        text: &Text,
        parse: impl FnOnce(&str) -> Result<T, FragmentError>,
    ) -> Option<T> {
        match parse(&text.value) {
            Ok(value) => Some(value),
            Err(error) => {
                self.reader.fragment(&format!("`{what}`"), text, error);
                None
            }
        }
    }

    /// An expression that a string holds.
    pub(crate) fn expression(&mut self, item: &Item<'_>) -> Option<Text> {
        let text = self.reader.string(item)?;
        self.fragment(&item.key.value, &text, fragment::expression)?;
        Some(text)
    }

    /// A value that is a string, or a table that holds it as `definition` beside other keys.
    pub(crate) fn definition<'a>(
        &mut self,
        item: &Item<'a>,
        within: &str,
        more: &[&str],
    ) -> Option<(Text, Option<Fields<'a>>)> {
        if items_of(item.value).is_none() {
            return match super::document::text_of(item.value) {
                Some(text) => Some((text, None)),
                None => {
                    self.reader
                        .mismatch(item, "a string, or a table with `definition`");
                    None
                }
            };
        }
        let known: Vec<&str> = ["definition"].into_iter().chain(more.iter().copied()).collect();
        let fields = self.reader.fields(item, within, "a table", &known)?;
        match fields.get("definition") {
            Some(definition) => Some((self.reader.string(definition)?, Some(fields))),
            None => {
                let message = format!("`{}`: `definition` is missing", item.key.value);
                self.reader.error(item.key.span, message);
                None
            }
        }
    }

    /// Two entries for one thing: two spellings of a name, mostly.
    fn duplicates(&mut self) {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        let mut found: Vec<Diagnostic> = Vec::new();
        let file = Arc::clone(self.reader.file());
        let mut doubled: Vec<String> = Vec::new();
        for check in &self.checks {
            if let Some(first) = seen.insert(check.path.as_str(), check.span) {
                // one complaint for a table, not one for each of its keys
                if !doubled.iter().any(|path| check.path.starts_with(path.as_str())) {
                    let name = check.path.replacen('.', " ", 1).replace('/', ", ");
                    let line = file.location(first.start).line;
                    found.push(
                        Diagnostic::error(format!("{name} is checked twice"))
                            .at(&file, check.span)
                            .fact("first", format!("line {line}"))
                            .help("merge the two entries"),
                    );
                    doubled.push(format!("{}/", check.path));
                }
            }
        }
        for check in &self.checks {
            let Some(gone) = check.rule.absence() else {
                continue;
            };
            let present = self.checks.iter().find(|other| {
                other
                    .rule
                    .claims()
                    .iter()
                    .filter(|claim| matches!(claim, Claim::Presence(_)))
                    .filter_map(Claim::object)
                    .any(|id| gone.covers(id))
            });
            if let Some(present) = present {
                let line = file.location(present.span.start).line;
                found.push(
                    Diagnostic::error(format!(
                        "{} is to be absent and to be there",
                        check.path.trim_start_matches("absent.")
                    ))
                    .at(&file, check.span)
                    .fact("there", format!("line {line}"))
                    .help("remove one of the two"),
                );
            }
        }
        for diagnostic in found {
            self.reader.push(diagnostic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The suites that the repository ships.
    #[test]
    fn the_shipped_suites_parse() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/checks");
        let mut checks = 0;
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let file = SourceFile::new(path.to_string_lossy(), std::fs::read_to_string(&path).unwrap());
            match parse(&file, "suite", None) {
                Ok(suite) => checks += suite.checks(),
                Err(diagnostics) => {
                    let rendered: String = diagnostics.iter().map(crate::diagnostic::render).collect();
                    panic!("{rendered}");
                }
            }
        }
        assert!(checks > 0);
    }
}
