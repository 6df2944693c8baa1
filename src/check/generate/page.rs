//! Values as a person would lay them out in TOML: short tables on one line, long ones under a header of their own.

use crate::catalog::ObjectId;

/// A line that is longer than this is better a section.
const WIDTH: usize = 110;

/// A value of the suite.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Text(String),
    Texts(Vec<String>),
    Bool(bool),
    /// A number as it is written.
    Number(String),
    Table(Table),
}

/// A table of the suite: its keys in the order of the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Table {
    entries: Vec<Entry>,
    /// Always under a header, however short.
    headed: bool,
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    key: String,
    node: Node,
    /// The object that the entry is about.
    id: Option<ObjectId>,
}

impl Table {
    pub(super) fn new() -> Table {
        Table::default()
    }

    /// One that stands under its own header.
    pub(super) fn headed() -> Table {
        Table {
            headed: true,
            ..Table::default()
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn put(&mut self, key: impl Into<String>, node: Node) {
        self.entries.push(Entry {
            key: key.into(),
            node,
            id: None,
        });
    }

    /// An entry that says what an object has to be.
    pub(super) fn put_object(&mut self, key: impl Into<String>, node: Node, id: &ObjectId) {
        self.entries.push(Entry {
            key: key.into(),
            node,
            id: Some(id.clone()),
        });
    }

    pub(super) fn text(&mut self, key: &str, text: impl Into<String>) {
        self.put(key, Node::Text(text.into()));
    }

    /// The text, when there is one.
    pub(super) fn maybe(&mut self, key: &str, text: Option<impl Into<String>>) {
        if let Some(text) = text {
            self.text(key, text);
        }
    }

    /// The switch, when it is on.
    pub(super) fn flag(&mut self, key: &str, on: bool) {
        if on {
            self.put(key, Node::Bool(true));
        }
    }

    pub(super) fn number(&mut self, key: &str, number: impl ToString) {
        self.put(key, Node::Number(number.to_string()));
    }

    /// The texts, when there are some.
    pub(super) fn texts(&mut self, key: &str, texts: Vec<String>) {
        if !texts.is_empty() {
            self.put(key, Node::Texts(texts));
        }
    }

    /// The table, when there is something in it.
    pub(super) fn table(&mut self, key: &str, table: Table) {
        if !table.is_empty() {
            self.put(key, Node::Table(table));
        }
    }

    /// The entries of another table behind these.
    pub(super) fn append(&mut self, other: Table) {
        self.entries.extend(other.entries);
    }

    /// What the entry says by itself where nothing goes with it: `name = "definition"`, or a table with `more`.
    pub(super) fn definition(key: &str, definition: Node, more: Table) -> Node {
        if more.is_empty() {
            return definition;
        }
        let mut table = Table::new();
        table.put(key, definition);
        table.entries.extend(more.entries);
        Node::Table(table)
    }
}

/// The text of a suite, and which object is told on which line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    pub text: String,
    /// By line, from 1 on.
    pub(super) places: Vec<(usize, ObjectId)>,
    line: usize,
}

impl Page {
    /// Lays a document out.
    pub(super) fn of(document: &Table) -> Page {
        let mut page = Page {
            line: 1,
            ..Page::default()
        };
        page.section(&[], document, None);
        page
    }

    fn put(&mut self, text: &str) {
        self.line += text.matches('\n').count();
        self.text.push_str(text);
    }

    /// A comment: one line each.
    pub(super) fn comment(&mut self, lines: &[String]) {
        for line in lines {
            let line = line.replace(['\n', '\r'], " ");
            self.put(&format!("# {line}\n"));
        }
    }

    pub(super) fn blank(&mut self) {
        self.put("\n");
    }

    fn place(&mut self, id: Option<&ObjectId>) {
        if let Some(id) = id {
            self.places.push((self.line, id.clone()));
        }
    }

    /// The objects of an entry that stands on one line.
    fn places_of(&mut self, entry: &Entry) {
        self.place(entry.id.as_ref());
        if let Node::Table(table) = &entry.node {
            table.entries.iter().for_each(|entry| self.places_of(entry));
        }
    }

    fn section(&mut self, path: &[String], table: &Table, id: Option<&ObjectId>) {
        let (below, direct): (Vec<&Entry>, Vec<&Entry>) =
            table.entries.iter().partition(|entry| is_section(entry, path));
        if !path.is_empty() && (!direct.is_empty() || below.is_empty()) {
            if !self.text.is_empty() {
                self.blank();
            }
            self.place(id);
            self.put(&format!("[{}]\n", path.join(".")));
        } else if !path.is_empty() && self.text.is_empty() {
            self.place(id);
        } else if let Some(id) = id {
            // told by the header that comes next, behind a blank line
            self.places.push((self.line + 1, id.clone()));
        }
        for entry in direct {
            self.places_of(entry);
            let line = format!("{} = {}\n", key(&entry.key), value(&entry.node));
            self.put(&line);
        }
        for entry in below {
            let Node::Table(table) = &entry.node else { continue };
            let mut path = path.to_vec();
            path.push(key(&entry.key));
            self.section(&path, table, entry.id.as_ref());
        }
    }
}

/// Whether the entry is a table that stands under a header of its own.
fn is_section(entry: &Entry, path: &[String]) -> bool {
    let Node::Table(table) = &entry.node else {
        return false;
    };
    if table.headed || (path.is_empty() && !table.is_empty()) {
        return true;
    }
    let is_deep = table
        .entries
        .iter()
        .any(|entry| is_section(entry, &[String::new()]));
    let line = value(&entry.node);
    is_deep || line.contains('\n') || entry.key.len() + line.len() > WIDTH
}

/// A key, in quotes where TOML wants them.
fn key(key: &str) -> String {
    let bare = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
    if !key.is_empty() && key.chars().all(bare) {
        key.to_string()
    } else if key.contains('\'') || key.chars().any(|char| char.is_control()) {
        basic(key)
    } else {
        format!("'{key}'")
    }
}

fn value(node: &Node) -> String {
    match node {
        Node::Text(text) => string(text),
        Node::Texts(texts) => {
            let texts: Vec<String> = texts.iter().map(|text| string(text)).collect();
            array(&texts)
        }
        Node::Bool(value) => value.to_string(),
        Node::Number(number) => number.clone(),
        Node::Table(table) if table.is_empty() => "{}".to_string(),
        Node::Table(table) => {
            let entries: Vec<String> = table
                .entries
                .iter()
                .map(|entry| format!("{} = {}", key(&entry.key), value(&entry.node)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// On one line, or one line each.
fn array(items: &[String]) -> String {
    let line = format!("[{}]", items.join(", "));
    if line.len() <= WIDTH {
        line
    } else {
        format!("[\n  {},\n]", items.join(",\n  "))
    }
}

/// A string in the quotes that need no escapes, if there are such.
fn string(text: &str) -> String {
    let plain = |char: char| !char.is_control();
    if text.contains('\n')
        && text
            .chars()
            .all(|char| plain(char) || char == '\n' || char == '\t')
    {
        if !text.contains("'''") && !text.ends_with('\'') {
            return format!("'''\n{text}'''");
        }
        return format!("\"\"\"\n{}\"\"\"", escaped(text, true));
    }
    if !text.chars().all(plain) {
        return basic(text);
    }
    match (text.contains(['"', '\\']), text.contains('\'')) {
        (false, _) => format!("\"{text}\""),
        (true, false) => format!("'{text}'"),
        (true, true) if !text.contains("'''") && !text.starts_with('\'') && !text.ends_with('\'') => {
            format!("'''{text}'''")
        }
        (true, true) => basic(text),
    }
}

fn basic(text: &str) -> String {
    format!("\"{}\"", escaped(text, false))
}

fn escaped(text: &str, lines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' if lines => out.push('\n'),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            char if char.is_control() => out.push_str(&format!("\\u{:04x}", char as u32)),
            char => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back() {
        for text in [
            "",
            "plain",
            "it's",
            "say \"x\"",
            "both \"x\" and 'y'",
            "'both' \"x\"",
            "\"x\" 'y'",
            "back\\slash",
            "a\nb",
            "a\n'b'",
            "a\n'''b",
            "a\r\nb",
            "\u{7}\u{1f}\u{7f}\u{85}",
            "tab\tin",
            "a\n\tb \"c\"\\",
            "'''",
            "\nstarts with a line end\n",
            "é ß 漢 🦀",
        ] {
            let mut table = Table::new();
            table.text("k", text);
            table.text(text, "v");
            let page = Page::of(&table);
            let parsed = toml::de::DeTable::parse(&page.text).unwrap_or_else(|error| {
                panic!("{text:?} is written as {}: {error}", page.text);
            });
            let table = parsed.get_ref();
            assert_eq!(
                table.get("k").unwrap().get_ref().as_str(),
                Some(text),
                "{}",
                page.text
            );
            assert!(
                table.iter().any(|(key, _)| key.get_ref() == text),
                "{}",
                page.text
            );
        }
    }

    #[test]
    fn short_tables_stand_on_a_line() {
        let mut column = Table::new();
        column.text("id", "uuid not null");
        let mut more = Table::new();
        more.text("comment", "x");
        column.put(
            "note",
            Table::definition("definition", Node::Text("text".to_string()), more),
        );
        let mut policy = Table::new();
        policy.put("all of it", Node::Table(Table::headed()));
        let mut table = Table::headed();
        table.put("primary_key", Node::Texts(vec!["id".to_string()]));
        table.table("column", column);
        table.table("policy", policy);
        let mut tables = Table::new();
        tables.put("t", Node::Table(table));
        let mut document = Table::new();
        document.text("title", "X");
        document.table("table", tables);
        assert_eq!(
            Page::of(&document).text,
            "title = \"X\"\n\n[table.t]\nprimary_key = [\"id\"]\n\
             column = { id = \"uuid not null\", note = { definition = \"text\", comment = \"x\" } }\n\n\
             [table.t.policy.'all of it']\n"
        );
    }
}
