//! The spanned tree of a TOML file, read with every complaint collected.
//!
//! Not serde structs: their first error hides the others, and an offset inside a string, where a fragment of
//! SQL went wrong, could not be traced back to the file.

use std::sync::Arc;

use toml::Spanned;
use toml::de::DeValue;

use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use crate::sql::{FragmentError, Name, parse_name};

/// A value with its place.
pub(crate) type Node<'a> = Spanned<DeValue<'a>>;

/// A key of a table with its value.
#[derive(Clone)]
pub(crate) struct Item<'a> {
    pub(crate) key: Text,
    pub(crate) value: &'a Node<'a>,
}

/// A string of the file: what it says, and where it stands with its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) value: String,
    pub(crate) span: Span,
}

/// The keys of a table that has known ones.
pub(crate) struct Fields<'a> {
    items: Vec<Item<'a>>,
    /// What unknown ones were probably meant to be, which was said already.
    meant: Vec<String>,
}

impl<'a> Fields<'a> {
    pub(crate) fn get(&self, key: &str) -> Option<&Item<'a>> {
        self.items.iter().find(|item| item.key.value == key)
    }

    /// Whether one of the keys is there in another spelling: it is not missing as well.
    pub(crate) fn has_misspelt(&self, keys: &[&str]) -> bool {
        self.meant.iter().any(|meant| keys.contains(&meant.as_str()))
    }
}

/// Reads values of one file and collects what is wrong with them.
pub(crate) struct Reader {
    file: Arc<SourceFile>,
    diagnostics: Vec<Diagnostic>,
}

impl Reader {
    pub(crate) fn new(file: &Arc<SourceFile>) -> Reader {
        Reader {
            file: Arc::clone(file),
            diagnostics: Vec::new(),
        }
    }

    pub(crate) fn file(&self) -> &Arc<SourceFile> {
        &self.file
    }

    /// What was wrong, by position.
    pub(crate) fn into_diagnostics(mut self) -> Vec<Diagnostic> {
        self.diagnostics
            .sort_by_key(|diagnostic| diagnostic.place.as_ref().map_or(0, |place| place.span.start));
        self.diagnostics
    }

    /// How much is wrong so far.
    pub(crate) fn faults(&self) -> usize {
        self.diagnostics.len()
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.diagnostics.is_empty()
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    pub(crate) fn error(&mut self, span: Span, message: impl Into<String>) {
        let diagnostic = Diagnostic::error(message).at(&self.file, span);
        self.push(diagnostic);
    }

    pub(crate) fn error_help(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        let diagnostic = Diagnostic::error(message).at(&self.file, span).help(help);
        self.push(diagnostic);
    }

    /// A value of the wrong type.
    pub(crate) fn mismatch(&mut self, item: &Item<'_>, want: &str) {
        let message = format!("`{}`: want {want}, have {}", item.key.value, type_of(item.value));
        let span = span_of(item.value);
        let written = self.file.text().get(span.start..span.end).unwrap_or_default();
        let help = match item.value.get_ref() {
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_)
                if want.starts_with("a string") =>
            {
                format!("text stands in quotes: \"{written}\"")
            }
            DeValue::String(_) if want == "an array of strings" => format!("write [{written}]"),
            DeValue::String(_) if want.contains("number") || want.starts_with("true") => {
                "write it without quotes".to_string()
            }
            _ if written.len() < 30 && !written.contains('\n') => {
                format!("write {want} in place of {written}")
            }
            _ => format!("write {want} here"),
        };
        self.error_help(span, message, help);
    }

    /// A fragment inside a string of the file that does not parse.
    pub(crate) fn fragment(&mut self, what: &str, text: &Text, error: FragmentError) {
        let start = self.offset_in(text, error.span.start);
        let end = self.offset_in(text, error.span.end).max(start);
        let mut diagnostic =
            Diagnostic::error(format!("{what}: {}", error.message)).at(&self.file, Span::new(start, end));
        if let Some(header) = self.header_above(text.span.start) {
            diagnostic = diagnostic.fact("in", header);
        }
        let help = error
            .help
            .unwrap_or_else(|| "correct the SQL between the quotes".to_string());
        self.push(diagnostic.help(help));
    }

    /// The header of the table that a value stands in: `[table.customer.check]`.
    fn header_above(&self, offset: usize) -> Option<String> {
        if self.file.line_at(offset).trim_start().starts_with('[') {
            return None;
        }
        let above = self.file.text().get(..offset)?;
        let (above, _) = above.rsplit_once('\n')?;
        let header = above
            .lines()
            .rev()
            .find(|line| line.trim_start().starts_with('['))?;
        Some(
            header
                .split_once(" #")
                .map_or(header, |(header, _)| header)
                .trim()
                .to_string(),
        )
    }

    /// A key that nothing knows.
    pub(crate) fn unknown_key(&mut self, key: &Text, within: &str, known: &[&str]) {
        let help = match closest(&key.value, known.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None if known.is_empty() => "remove it".to_string(),
            None => format!("use one of: {}", known.join(", ")),
        };
        self.error_help(key.span, format!("unknown key `{}` in {within}", key.value), help);
    }

    pub(crate) fn string(&mut self, item: &Item<'_>) -> Option<Text> {
        let text = text_of(item.value);
        if text.is_none() {
            self.mismatch(item, "a string");
        }
        text
    }

    /// One of some words, in any case.
    pub(crate) fn word(&mut self, item: &Item<'_>, words: &[&'static str]) -> Option<&'static str> {
        let text = self.string(item)?;
        let found = words
            .iter()
            .copied()
            .find(|word| word.eq_ignore_ascii_case(text.value.trim()));
        if found.is_none() {
            self.unknown_word(&item.key.value, &text, words);
        }
        found
    }

    pub(crate) fn unknown_word(&mut self, what: &str, text: &Text, words: &[&str]) {
        let help = match closest(&text.value, words.iter().copied()) {
            Some(word) => format!("did you mean \"{word}\"?"),
            None => format!("use one of: {}", words.join(", ")),
        };
        self.error_help(
            text.span,
            format!("`{what}`: unknown value \"{}\"", text.value),
            help,
        );
    }

    pub(crate) fn strings(&mut self, item: &Item<'_>) -> Option<Vec<Text>> {
        let Some(array) = item.value.get_ref().as_array() else {
            self.mismatch(item, "an array of strings");
            return None;
        };
        let mut texts = Vec::new();
        let mut bad = false;
        for node in array.iter() {
            match text_of(node) {
                Some(text) => texts.push(text),
                None => {
                    let message = format!(
                        "`{}`: want an array of strings, have {} in it",
                        item.key.value,
                        type_of(node)
                    );
                    self.error(span_of(node), message);
                    bad = true;
                }
            }
        }
        (!bad).then_some(texts)
    }

    /// Strings that are SQL names without a schema: columns, roles.
    pub(crate) fn idents(&mut self, item: &Item<'_>) -> Option<Vec<String>> {
        let texts = self.strings(item)?;
        if texts.is_empty() {
            self.error(
                span_of(item.value),
                format!("`{}`: want at least one name", item.key.value),
            );
            return None;
        }
        texts
            .iter()
            .map(|text| self.ident(&item.key.value, text))
            .collect::<Vec<_>>()
            .into_iter()
            .collect()
    }

    pub(crate) fn boolean(&mut self, item: &Item<'_>) -> Option<bool> {
        let value = item.value.get_ref().as_bool();
        if value.is_none() {
            self.mismatch(item, "true or false");
        }
        value
    }

    /// A whole number that is not negative.
    pub(crate) fn figure(&mut self, item: &Item<'_>) -> Option<u64> {
        let value = item
            .value
            .get_ref()
            .as_integer()
            .and_then(|integer| i64::from_str_radix(integer.as_str(), integer.radix()).ok())
            .and_then(|integer| u64::try_from(integer).ok());
        if value.is_none() {
            self.mismatch(item, "a whole number from 0 on");
        }
        value
    }

    /// The keys of a table in the order of the file.
    pub(crate) fn items<'a>(&mut self, item: &Item<'a>, want: &str) -> Option<Vec<Item<'a>>> {
        match items_of(item.value) {
            Some(items) => Some(items),
            None => {
                self.mismatch(item, want);
                None
            }
        }
    }

    /// The keys of a table of which all are known.
    pub(crate) fn fields<'a>(
        &mut self,
        item: &Item<'a>,
        within: &str,
        want: &str,
        known: &[&str],
    ) -> Option<Fields<'a>> {
        let items = self.items(item, want)?;
        let mut meant = Vec::new();
        for item in &items {
            if !known.contains(&item.key.value.as_str()) {
                self.unknown_key(&item.key, within, known);
                meant.extend(closest(&item.key.value, known.iter().copied()).map(str::to_string));
            }
        }
        Some(Fields { items, meant })
    }

    /// A key that has to be there; one that is misspelt is complained of once.
    pub(crate) fn required<'f, 'a>(
        &mut self,
        fields: &'f Fields<'a>,
        key: &str,
        of: (&str, Span),
        help: &str,
    ) -> Option<&'f Item<'a>> {
        let found = fields.get(key);
        if found.is_none() && !fields.has_misspelt(&[key]) {
            let (what, span) = of;
            self.error_help(span, format!("{what}: `{key}` is missing"), help);
        }
        found
    }

    /// A SQL name, folded and unquoted as SQL does.
    pub(crate) fn name(&mut self, what: &str, text: &Text) -> Option<Name> {
        match parse_name(&text.value) {
            Ok(name) => Some(name),
            Err(error) => {
                self.fragment(&format!("`{what}`"), text, error);
                None
            }
        }
    }

    /// A SQL name without a schema.
    pub(crate) fn ident(&mut self, what: &str, text: &Text) -> Option<String> {
        let name = self.name(what, text)?;
        if name.schema.is_some() {
            self.error_help(
                text.span,
                format!("`{what}`: want a name without a schema, have {name}"),
                "put a name that holds a dot in double quotes",
            );
            return None;
        }
        Some(name.name)
    }

    /// Where in the file the byte `offset` of a string's value stands.
    pub(crate) fn offset_in(&self, text: &Text, offset: usize) -> usize {
        text.span.start + offset_in_literal(self.file.slice(text.span), offset)
    }
}

/// `an integer`, `a string`, ….
pub(crate) fn type_of(node: &Node<'_>) -> &'static str {
    match node.get_ref() {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

pub(crate) fn span_of(node: &Node<'_>) -> Span {
    node.span().into()
}

pub(crate) fn text_of(node: &Node<'_>) -> Option<Text> {
    Some(Text {
        value: node.get_ref().as_str()?.to_string(),
        span: span_of(node),
    })
}

/// The keys of a table in the order of the file; `None` when it is no table.
pub(crate) fn items_of<'a>(node: &'a Node<'a>) -> Option<Vec<Item<'a>>> {
    let table = node.get_ref().as_table()?;
    let mut items: Vec<Item<'a>> = table
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
    Some(items)
}

/// The candidate that a misspelt word was probably meant to be.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().max(3) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The offset in a TOML string or key, quotes and escapes included, of the byte `offset` of its value.
fn offset_in_literal(raw: &str, offset: usize) -> usize {
    let (quote, basic) = if raw.starts_with("\"\"\"") {
        (3, true)
    } else if raw.starts_with("'''") {
        (3, false)
    } else if raw.starts_with('"') {
        (1, true)
    } else if raw.starts_with('\'') {
        (1, false)
    } else {
        return offset.min(raw.len());
    };
    let mut at = quote.min(raw.len());
    // a line end right behind the opening quotes does not count
    if quote == 3 && raw[at..].starts_with('\n') {
        at += 1;
    }
    let end = raw.len().saturating_sub(quote).max(at);
    if !basic {
        return (at + offset).min(end);
    }
    let mut decoded = 0;
    while decoded < offset && at < end {
        let Some(char) = raw[at..end].chars().next() else {
            break;
        };
        if char != '\\' {
            at += char.len_utf8();
            decoded += char.len_utf8();
            continue;
        }
        let rest = &raw[at + 1..end];
        let digits = match rest.chars().next() {
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            Some('\n' | ' ' | '\t') if quote == 3 => {
                // a backslash at the end of a line takes the white space behind it away
                at += 1 + (rest.len() - rest.trim_start().len());
                continue;
            }
            Some(other) => {
                at += 1 + other.len_utf8();
                decoded += 1;
                continue;
            }
            None => break,
        };
        decoded += rest
            .get(1..1 + digits)
            .and_then(|code| u32::from_str_radix(code, 16).ok())
            .and_then(char::from_u32)
            .map_or(1, char::len_utf8);
        at = (at + 2 + digits).min(end);
        while !raw.is_char_boundary(at) {
            at += 1;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rest of the raw string behind the mapped place.
    fn rest<'a>(raw: &'a str, needle: &str) -> &'a str {
        let source = format!("k = {raw}");
        let table = toml::de::DeTable::parse(&source).unwrap();
        let value = table
            .get_ref()
            .get("k")
            .unwrap()
            .get_ref()
            .as_str()
            .unwrap()
            .to_string();
        &raw[offset_in_literal(raw, value.find(needle).unwrap())..]
    }

    #[test]
    fn offsets_go_through_every_kind_of_string() {
        assert_eq!(rest(r#""a \"b\" X""#, "X"), r#"X""#);
        assert_eq!(rest(r#""\u00e9\U0001F600\t\\ X""#, "X"), r#"X""#);
        assert_eq!(rest("'a\\b X'", "X"), "X'");
        assert_eq!(rest("'''\n a 'b' X'''", "X"), "X'''");
        assert_eq!(rest("\"\"\"\n a \"b\" \\\n     é X\"\"\"", "X"), "X\"\"\"");
        assert_eq!(rest("\"\"\"X\"\"\"", "X"), "X\"\"\"");
    }

    #[test]
    fn offsets_never_leave_the_string() {
        for raw in ["", "\"", "'''", "\"\\u12\"", "\"\\", "\"é\"", "abc"] {
            for offset in 0..20 {
                let at = offset_in_literal(raw, offset);
                assert!(at <= raw.len() && raw.is_char_boundary(at), "{raw:?} {offset}");
            }
        }
    }

    #[test]
    fn suggestions_need_likeness() {
        assert_eq!(closest("colum", ["column", "comment"]), Some("column"));
        assert_eq!(closest("Policy", ["policy"]), Some("policy"));
        assert_eq!(closest("zzz", ["policy"]), None);
    }
}
