//! Check files → suites.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use toml::de::DeTable;

use crate::audit::Accept;
use crate::catalog::{Kind, ObjectId};
use crate::diagnostic::Diagnostic;
use crate::migration::Version;
use crate::source::{SourceFile, Span};
use crate::sql::fragment::{self, Column, FragmentError};
use crate::sql::name::push_ident;
use crate::sql::{Name, quote_ident};

use super::document::{Fields, Item, Reader, Text, items_of};
use super::kind::defaults::Defaults;
use super::kind::probe::{self, Shared};
use super::kind::{At, KINDS};
use super::object::ObjectRule;
use super::rule::{Claim, Ignored, Rule};
use super::share::{one_each, share};
use super::suite::{Check, Suite, spell};

/// Parses a check file. `id` is what reports call the suite, `version` the migration that it belongs to.
///
/// # Errors
/// Everything that is wrong with the file, by position.
pub fn parse(file: &Arc<SourceFile>, id: &str, version: Option<Version>) -> Result<Suite, Vec<Diagnostic>> {
    parse_in("public", file, id, version)
}

/// The same, for a project whose settings name another schema; the file's own `schema` wins.
///
/// # Errors
/// As [`parse`].
pub fn parse_in(
    schema: &str,
    file: &Arc<SourceFile>,
    id: &str,
    version: Option<Version>,
) -> Result<Suite, Vec<Diagnostic>> {
    let mut parser = Parser {
        reader: Reader::new(file),
        schema: schema.to_string(),
        complete: false,
        shared: Shared::default(),
        columns: FxHashMap::default(),
        defaults: Defaults::default(),
        checks: Vec::new(),
        ignored: Vec::new(),
        accepts: Vec::new(),
    };
    let (document, errors) = DeTable::parse_recoverable(file.text());
    for error in &errors {
        let span = error.span().map_or(Span::at(0), Span::from);
        parser.reader.error_help(
            span,
            format!("not valid TOML: {}", error.message()),
            "mend the line; text stands in quotes, tables in [brackets]",
        );
    }
    // what was recovered from a broken file would only draw complaints about what is not there
    if !parser.reader.is_clean() {
        return Err(parser.reader.into_diagnostics());
    }
    let title = parser.document(document.get_ref());
    parser.sort();
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
        ignored: parser.ignored,
        accepted: parser.accepts.clone(),
        accepts: parser.accepts,
    })
}

/// How many entries are worth a thread.
const MANY_ENTRIES: usize = 1_000;

/// The parser of one file.
pub(crate) struct Parser {
    pub(crate) reader: Reader,
    /// The suite's schema.
    pub(crate) schema: String,
    /// Whether what entries leave out is to be PostgreSQL's default.
    pub(crate) complete: bool,
    /// What the suite's probes share.
    pub(crate) shared: Shared,
    /// What the texts of columns say: many are the same.
    columns: FxHashMap<String, Arc<Column>>,
    /// What entries of a complete suite leave out: of many it is the same.
    defaults: Defaults,
    checks: Vec<Check>,
    /// What `exact` passes over.
    pub(crate) ignored: Vec<Ignored>,
    /// What findings of the audit are known.
    pub(crate) accepts: Vec<Accept>,
}

/// The table, or other relation, that an entry stands in.
pub(crate) struct Table {
    pub(crate) kind: Kind,
    pub(crate) schema: String,
    pub(crate) name: String,
    /// `table.sync_progress`: how ids of its checks begin.
    pub(crate) path: String,
    pub(crate) key: Text,
}

impl Table {
    /// An object that stands on the table.
    pub(crate) fn object(&self, kind: Kind, name: impl Into<SmolStr>) -> ObjectId {
        ObjectId::on(kind, self.schema.clone(), self.name.clone(), name)
    }

    pub(crate) fn id(&self) -> ObjectId {
        ObjectId::new(self.kind, self.schema.clone(), self.name.clone())
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
        if let Some(item) = items.iter().find(|item| item.key.value == "complete") {
            self.complete = self.reader.boolean(item).unwrap_or(false);
        }
        if let Some(item) = items.iter().find(|item| item.key.value == "probes") {
            probe::parse_shared(self, item);
        }
        for item in &items {
            match item.key.value.as_str() {
                "schema" | "complete" => {}
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
                            let known: Vec<&str> = ["title", "schema", "complete"]
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

    /// Parses entries that say nothing about each other, in their order; many of them on all processors.
    pub(crate) fn each(&mut self, entries: &[Item<'_>], parse: impl Fn(&mut Parser, &Item<'_>) + Sync) {
        if entries.len() < MANY_ENTRIES {
            entries.iter().for_each(|entry| parse(self, entry));
            return;
        }
        let parsed = share(entries, one_each(entries.len()), |part, (): &mut ()| {
            let mut parser = self.beside();
            part.iter().for_each(|entry| parse(&mut parser, entry));
            parser.sort();
            parser
        });
        for part in parsed {
            self.checks.extend(part.checks);
            self.ignored.extend(part.ignored);
            self.accepts.extend(part.accepts);
            for diagnostic in part.reader.into_diagnostics() {
                self.reader.push(diagnostic);
            }
        }
    }

    /// Brings the checks into the order of the file.
    fn sort(&mut self) {
        self.checks.sort_by_key(|check| check.span.start);
    }

    /// A parser of the same file that has found nothing yet.
    fn beside(&self) -> Parser {
        Parser {
            reader: Reader::new(self.reader.file()),
            schema: self.schema.clone(),
            complete: self.complete,
            shared: self.shared.clone(),
            columns: FxHashMap::default(),
            defaults: Defaults::default(),
            checks: Vec::new(),
            ignored: Vec::new(),
            accepts: Vec::new(),
        }
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
        mut rule: impl Rule + 'static,
    ) {
        if self.complete {
            rule.complete(&mut self.defaults);
        }
        self.add_open(path, kind, key, expected, rule);
    }

    /// Adds a check that leaves open what it does not say, in a complete suite as well.
    pub(crate) fn add_open(
        &mut self,
        path: impl Into<String>,
        kind: &'static str,
        key: &Text,
        expected: impl Into<String>,
        mut rule: impl Rule + 'static,
    ) {
        rule.shrink();
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
        let mut path = String::with_capacity(table.path.len() + kind.len() + name.len() + 4);
        for part in [table.path.as_str(), "/", kind, "."] {
            path.push_str(part);
        }
        push_ident(&mut path, name);
        self.add(path, kind, key, expected, rule);
    }

    /// A name with its schema, the suite's unless it has one.
    pub(crate) fn qualified(&mut self, what: &str, text: &Text) -> Option<(String, String)> {
        let name = self.reader.name(what, text)?;
        Some(self.resolve(&name))
    }

    /// The name of something on a table that has a schema of its own; with that where it is not the table's.
    pub(crate) fn qualified_on(&mut self, table: &Table, what: &str, text: &Text) -> Option<String> {
        let name = self.reader.name(what, text)?;
        Some(match &name.schema {
            Some(schema) if *schema != table.schema => name.to_string(),
            _ => name.name,
        })
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

    /// What a string says of a column.
    pub(crate) fn column(&mut self, name: &str, text: &Text) -> Option<Arc<Column>> {
        if let Some(known) = self.columns.get(&text.value) {
            return Some(Arc::clone(known));
        }
        let column = Arc::new(self.fragment(name, text, fragment::column)?);
        self.columns.insert(text.value.clone(), Arc::clone(&column));
        Some(column)
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
        let what = format!("`{}`", item.key.value);
        let help = "add definition = \"…\"";
        let definition = self
            .reader
            .required(&fields, "definition", (&what, item.key.span), help)?;
        Some((self.reader.string(definition)?, Some(fields)))
    }

    /// Two entries for one thing: two spellings of a name, mostly.
    fn duplicates(&mut self) {
        let mut seen: FxHashMap<&str, Span> = FxHashMap::default();
        let mut found: Vec<Diagnostic> = Vec::new();
        let file = Arc::clone(self.reader.file());
        let mut doubled: Vec<String> = Vec::new();
        for check in &self.checks {
            let first = *seen.entry(check.path.as_str()).or_insert(check.span);
            if first != check.span {
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

    use crate::check::testing::complaints;

    #[test]
    fn everything_is_reported_at_once_with_its_place() {
        let text = r#"titel = "x"
absent = ["tabel old", 7]
[table.t]
row_security = "enabld"
primary_key = "id"
colum = 1
[table.t.column]
a = "integer not nul"
b = 5
[table.t.index]
i = "(a"
[table.t.policy.p]
command = "insert"
using = "true"
[[count]]
name = "n"
of = "indexs"
exactly = 1
at_least = 2
[[probe]]
name = "p"
"#;
        assert_eq!(
            complaints(text),
            [
                "1:1 unknown key `titel` in the suite (did you mean `title`?)",
                "2:24 `absent`: want an array of strings, have an integer in it",
                "4:16 `row_security`: unknown value \"enabld\" (did you mean \"enabled\"?)",
                "5:15 `primary_key`: want an array of strings, have a string (write [\"id\"])",
                "6:1 unknown key `colum` in [table.t] (did you mean `column`?)",
                "8:14 `a`: expected not null, default, collate or generated, found `not` (correct the SQL between the quotes)",
                "9:5 `b`: want a string, or a table with `definition`, have an integer (text stands in quotes: \"5\")",
                "11:6 `i`: `(` is never closed (correct the SQL between the quotes)",
                "14:1 policy p: an INSERT policy has no `using` (write the condition as `with_check`)",
                "17:6 `of`: unknown value \"indexs\" (did you mean \"indexes\"?)",
                "18:1 count \"n\": `exactly` beside `at_least` (keep one of the two)",
                "20:1 probe \"p\": `run` is missing (write the statement to run)",
            ]
        );
    }

    #[test]
    fn fragments_are_located_inside_their_strings() {
        for (text, place) in [
            ("[table.t.check]\nc = \"a > ) 0\"", "2:10"),
            ("[table.t.check]\nc = \"\\u0061 > ) 0\"", "2:15"),
            ("[table.t.check]\nc = 'a > ) 0'", "2:10"),
            ("[table.t.check]\nc = \"\"\"\n  a\n  > ) 0\"\"\"", "4:5"),
            ("[table.t.check]\nc = { definition = 'a > ) 0' }", "2:25"),
            ("[table.t.policy.p]\nusing = 'é = ) 1'", "2:14"),
        ] {
            let found = complaints(text);
            assert_eq!(found.len(), 1, "{text} {found:?}");
            assert!(found[0].starts_with(place), "{text}: {}", found[0]);
        }
    }

    #[test]
    fn a_thing_is_checked_once() {
        for (text, complaint) in [
            (
                "[table.t]\nowner = \"a\"\n[table.'public.T']\nowner = \"a\"",
                "3:8 table t is checked twice (merge the two entries)",
            ),
            (
                "[table.t.column]\na = \"text\"\n'\"a\"' = \"text\"",
                "3:1 table t, column.a is checked twice (merge the two entries)",
            ),
            (
                "[function.'f(int)']\n[function.'public.f(integer)']",
                "2:11 function f(integer) is checked twice (merge the two entries)",
            ),
            (
                "[[count]]\nname = \"n\"\nof = \"tables\"\nexactly = 1\n[[count]]\nname = \"n\"\nof = \"tables\"\nexactly = 1",
                "5:1 count n is checked twice (merge the two entries)",
            ),
            (
                "absent = [\"table t\"]\n[table.t.column]\na = \"text\"",
                "1:11 table t is to be absent and to be there (remove one of the two)",
            ),
        ] {
            assert_eq!(complaints(text), [complaint]);
        }
    }

    #[test]
    fn what_says_nothing_is_an_error() {
        for (text, complaint) in [
            (
                "",
                "1:1 the suite checks nothing (add a [table.NAME] or another check, or delete the file)",
            ),
            (
                "[[count]]\nname = \"n\"\nof = \"tables\"",
                "1:1 count \"n\": neither `at_least` nor `exactly` (add one of the two)",
            ),
            (
                "[[count]]\nname = \"n\"\nof = \"tables\"\nat_least = 1\nexactly = 1",
                "5:1 count \"n\": `exactly` beside `at_least` (keep one of the two)",
            ),
            (
                "[[count]]\nname = \"n\"\nof = \"tables\"\nat_least = -1",
                "4:12 `at_least`: want a whole number from 0 on, have an integer (write a whole number from 0 on in place of -1)",
            ),
            (
                "[[query]]\nname = \"q\"\nsql = \"select 1\"",
                "1:1 query \"q\": nothing is expected of it (add expect, at_least, at_most or rows)",
            ),
            (
                "[[query]]\nname = \"q\"\nsql = \"delete from t\"\nexpect = 1",
                "3:8 `sql`: expected a query that begins with select, with, values or table, found `delete` (correct the SQL between the quotes)",
            ),
            (
                "absent = [\"table\"]",
                "1:11 `absent`: \"table\" does not say what kind of thing it is (begin with what it is: \"table old_name\", \"index idx_old\")",
            ),
            (
                "absent = [\"tabel old\"]",
                "1:11 `absent`: \"tabel old\" does not say what kind of thing it is (did you mean `table …`?)",
            ),
            (
                "[table.'a.b.c']",
                "1:9 `table`: expected at most a schema and a name (leave the name of the database away)",
            ),
            (
                "policy = 1",
                "1:1 `policy` belongs to a table (write it under [table.NAME], as `policy` or [table.NAME.policy])",
            ),
        ] {
            let found = complaints(text);
            assert_eq!(found, [complaint], "{text}");
        }
    }

    #[test]
    fn what_is_not_toml_says_where() {
        let found = complaints("[table.t\nx = 1");
        assert!(found[0].starts_with("1:9 not valid TOML: "), "{found:?}");
    }

    #[test]
    fn verdicts_point_to_the_key_of_the_entry() {
        let suite = crate::check::testing::suite(
            "0001",
            "schema = \"app\"\n\n[table.t]\n\n[table.t.column]\na = \"text\"\n[table.'auth.\"Odd.Name\"'.column]\n\"B c\" = 1\n"
                .replace("\"B c\" = 1", "'\"B c\"' = \"text\"")
                .as_str(),
        );
        let places: Vec<String> = suite
            .checks
            .iter()
            .map(|check| format!("{} {}", suite.location(check).line, check.path))
            .collect();
        assert_eq!(
            places,
            [
                "3 table.t",
                "6 table.t/column.a",
                "7 table.auth.\"Odd.Name\"",
                "8 table.auth.\"Odd.Name\"/column.\"B c\"",
            ]
        );
        assert!(
            suite
                .scope()
                .named_relations()
                .contains(&("app".to_string(), "t".to_string()))
        );
        assert!(
            suite
                .scope()
                .named_relations()
                .contains(&("auth".to_string(), "Odd.Name".to_string()))
        );
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

        #[test]
        fn no_text_makes_it_panic(text in "(\\PC|\n){0,200}") {
            let _ = complaints(&text);
        }

        /// A suite with a piece cut out or doubled: close to what parses, and so deep inside.
        #[test]
        fn no_damage_makes_it_panic(from in 0usize..6000, length in 0usize..40, to in 0usize..6000) {
            let sample = crate::check::testing::SAMPLE;
            let cut = |at: usize| {
                let mut at = at.min(sample.len());
                while !sample.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let (from, end, to) = (cut(from), cut(from + length), cut(to));
            let _ = complaints(&format!("{}{}", &sample[..from], &sample[end..]));
            let _ = complaints(&format!("{}{}{}", &sample[..to], &sample[from..end], &sample[to..]));
        }

        /// Whatever a string of the file holds.
        #[test]
        fn no_fragment_makes_it_panic(text in "[-a-z0-9 ()'\",.*<>=:\\[\\]\\\\é]{0,40}", at in 0usize..40) {
            let places = [
                "[table.t.column]\na = ", "[table.t.check]\na = ", "[table.t.index]\na = ",
                "[table.t.trigger]\na = ", "[table.t.foreign_key]\na = ", "[table.t.partition]\na = ",
                "[table.t]\npartition_by = ", "[table.t]\npartitions_ahead = ", "[view]\na = ",
                "[extension]\na = ", "absent = [", "[[count]]\nname = \"a\"\nof = \"tables\"\nexactly = 1\non = [",
                "[function.'f()']\nreturns = ", "[function.'f()']\narguments = ", "[table.t.grant]\na = [",
            ];
            let place = places[at % places.len()];
            let close = if place.ends_with('[') { "]" } else { "" };
            let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
            let source = format!("{place}\"{quoted}\"{close}");
            let file = SourceFile::new("x", source);
            if let Ok(suite) = parse(&file, "x", None) {
                let _ = crate::check::testing::settle(
                    &[&suite],
                    &crate::check::testing::sample(),
                    crate::check::testing::literal,
                );
            }
        }
    }
}
