//! What a statement needs of others, told from its text, with the place that needs it.
//!
//! Works on tokens. What cannot be told is left out: a need is reported only where the server is certain to look
//! for the object when the statement runs (or, for the body of an SQL function, when it is created).

mod alter;
mod create;
mod ddl;
mod element;
mod expression;
mod feature;
mod label;
mod query;
mod routine;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::source::Span;

use super::cursor::Cursor;
use super::lex::{TokenKind, significant};
use super::name::{Name, parse_name};
use super::script::{Script, Statement};
use super::types;

pub use feature::{Feature, features};
pub use label::{AddedLabel, Mention, added_label, mentions};

/// Something that has to be there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    Schema(String),
    /// A table, view, sequence or any other thing of their namespace.
    Relation(Name),
    Index(Name),
    /// A column that at least one of the relations has to have.
    Column {
        name: String,
        of: Vec<Name>,
    },
    /// A constraint, trigger, policy or rule on a relation.
    Part {
        kind: &'static str,
        name: String,
        on: Name,
    },
    Type(Name),
    /// A routine; with the number of arguments where it can be told.
    Function {
        name: Name,
        arguments: Option<usize>,
    },
    Role(String),
    /// An extension that has to be installed.
    Extension(String),
    /// An extension that the server has to offer.
    Available(String),
    Language(String),
    Tablespace(String),
}

/// A need with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    pub need: Need,
    /// Where it is named, in the file.
    pub span: Span,
    /// What needs it, as people say it: `foreign key`, `policy`, `query`.
    pub by: &'static str,
    /// The body of a routine needs it: it may be made before the routine is called.
    pub advisory: bool,
    /// Not needed where this is there already: `ADD COLUMN IF NOT EXISTS a … REFERENCES t`.
    pub unless: Option<Need>,
}

/// All that one statement needs, and what else has to be known to walk past it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    pub requirements: Vec<Requirement>,
    /// `ALTER TABLE IF EXISTS t …`: the statement does nothing where this is missing.
    pub only_if: Option<Need>,
    /// Relations whose columns a new table takes over: INHERITS, LIKE, PARTITION OF.
    pub parents: Vec<Name>,
    /// The columns of what is created cannot be told from the text: CREATE TABLE … AS, views.
    pub open_columns: bool,
    /// The range of argument counts that a new routine takes.
    pub accepts: Option<(usize, usize)>,
    /// Words of the parts that cannot be seen through: DO blocks, bodies of routines, arguments of calls.
    pub mentions: BTreeSet<String>,
    /// Functions that the statement calls for what they do.
    pub calls: BTreeSet<String>,
}

/// Reads what a statement of the script needs.
pub fn needs(script: &Script, statement: &Statement) -> Needs {
    let text = script.text(statement);
    let tokens = significant(text);
    let mut reader = Reader::default();
    ddl::statement(Cursor::new(text, &tokens), &mut reader);
    let mut needs = reader.needs;
    for requirement in &mut needs.requirements {
        requirement.span = requirement.span.shifted(statement.span.start);
    }
    if statement.opaque {
        needs.mentions.extend(words(text));
        needs.calls = calls(text, &tokens);
    }
    needs
}

/// Every word of a text, strings included, as it could name an object.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
        .filter(|word| !word.is_empty())
        .flat_map(|word| {
            let folded = word.to_ascii_lowercase();
            let same = folded == word;
            std::iter::once(folded).chain((!same).then(|| word.to_owned()))
        })
}

fn calls(text: &str, tokens: &[super::lex::Token]) -> BTreeSet<String> {
    let mut called = BTreeSet::new();
    for pair in tokens.windows(2) {
        if pair[1].text(text) == "("
            && pair[1].kind == TokenKind::Punct
            && let Some(name) = super::name::ident_value(text, pair[0])
        {
            called.insert(name);
        }
    }
    called
}

/// Collects needs while a statement is read.
#[derive(Default)]
struct Reader {
    needs: Needs,
    by: &'static str,
    advisory: bool,
    unless: Option<Need>,
    /// Names that WITH has introduced.
    ctes: Vec<String>,
}

impl Reader {
    fn push(&mut self, need: Need, span: Span) {
        self.needs.requirements.push(Requirement {
            need,
            span,
            by: self.by,
            advisory: self.advisory,
            unless: self.unless.clone(),
        });
    }

    /// A relation by its name at the cursor.
    fn relation(&mut self, c: &mut Cursor<'_>) -> Option<Name> {
        let start = *c;
        let name = c.name()?;
        self.push(Need::Relation(name.clone()), c.since(&start));
        Some(name)
    }

    fn column(&mut self, c: &mut Cursor<'_>, of: &Name) -> Option<String> {
        let start = *c;
        let name = c.ident()?;
        let span = c.since(&start);
        self.column_at(name.clone(), vec![of.clone()], span);
        Some(name)
    }

    fn column_at(&mut self, name: String, of: Vec<Name>, span: Span) {
        if !SYSTEM_COLUMNS.contains(&name.as_str()) {
            self.push(Need::Column { name, of }, span);
        }
    }

    /// `(a, b)`: columns of a relation.
    fn columns(&mut self, c: &mut Cursor<'_>, of: &Name) -> Option<()> {
        for mut part in c.group()?.split_commas() {
            if !part.is_end() {
                self.column(&mut part, of);
            }
        }
        Some(())
    }

    /// A type at the cursor; built-in ones are no need.
    fn type_name(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        let start = *c;
        let _ = c.word("setof");
        let at = *c;
        let parsed = types::type_name(c).ok();
        let Some(parsed) = parsed else {
            *c = start;
            c.advance();
            return None;
        };
        if parsed.builtin {
            return Some(());
        }
        let span = c.since(&at);
        if let Some(path) = parsed.unmodified.strip_suffix("%type") {
            self.type_of_column(path, span);
            return Some(());
        }
        let name = parse_name(parsed.unmodified.trim_end_matches("[]")).ok()?;
        if name.schema.is_none() && SERIALS.contains(&name.name.as_str()) {
            return Some(());
        }
        self.push(Need::Type(name), span);
        Some(())
    }

    /// `t.c%type`
    fn type_of_column(&mut self, path: &str, span: Span) {
        let tokens = significant(path);
        let mut c = Cursor::new(path, &tokens);
        let Some(mut parts) = c.dotted() else { return };
        let (Some(column), Some(table)) = (parts.pop(), parts.pop()) else {
            return;
        };
        let of = Name {
            schema: parts.pop(),
            name: table,
        };
        self.push(Need::Relation(of.clone()), span);
        self.column_at(column, vec![of], span);
    }

    /// A role at the cursor; PUBLIC and the words for oneself are no names.
    fn role(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        let start = *c;
        let _ = c.word("group");
        let quoted = c.peek()?.kind == TokenKind::QuotedIdent;
        let name = c.ident()?;
        let special = ["public", "current_user", "session_user", "current_role", "none"];
        if quoted || !special.contains(&name.as_str()) {
            self.push(Need::Role(name), c.since(&start));
        }
        Some(())
    }

    fn roles(&mut self, c: &mut Cursor<'_>) {
        loop {
            if self.role(c).is_none() || !c.punct(",") {
                return;
            }
        }
    }

    fn schema(&mut self, c: &mut Cursor<'_>) -> Option<String> {
        let start = *c;
        let name = c.ident()?;
        self.push(Need::Schema(name.clone()), c.since(&start));
        Some(name)
    }

    /// The schema that something new is put into.
    fn home(&mut self, name: &Name, span: Span) {
        if let Some(schema) = &name.schema {
            self.push(Need::Schema(schema.clone()), span);
        }
    }

    fn function(&mut self, c: &mut Cursor<'_>, arguments: Option<usize>) -> Option<()> {
        let start = *c;
        let name = c.name()?;
        self.push(Need::Function { name, arguments }, c.since(&start));
        Some(())
    }
}

/// Columns that every table has.
const SYSTEM_COLUMNS: &[&str] = &["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", "oid"];

/// Words that stand for a type and a sequence.
const SERIALS: &[&str] = &[
    "serial",
    "bigserial",
    "smallserial",
    "serial2",
    "serial4",
    "serial8",
];
