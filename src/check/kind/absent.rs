//! `absent = ["table old", "index idx_old"]`: what must be gone.

use crate::catalog::{Catalog, Kind, Object, ObjectId, Parts, Scope};
use crate::check::document::{Item, Text, closest};
use crate::check::object::cover;
use crate::check::parse::Parser;
use crate::check::rule::{Claim, Gone, Judge, Outcome, Rule};
use crate::sql::fragment::function_signature;
use crate::sql::{parse_name, quote_ident};
use std::borrow::Cow;

use super::function::qualified;

/// How many parts a name has at most, and what it names.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    /// `schema.name`
    InSchema,
    /// `schema.table.name`
    OnTable,
    /// `schema.table`: the one of its kind on a table
    OfTable,
    /// `name`
    Bare,
    /// `schema.name(type)`
    Routine,
}

/// Longest words first, so that `materialized view` is not a view.
const WORDS: &[(&str, &[Kind], Shape)] = &[
    ("materialized view", &[Kind::MaterializedView], Shape::InSchema),
    ("materialized_view", &[Kind::MaterializedView], Shape::InSchema),
    ("check constraint", &[Kind::Check], Shape::OnTable),
    ("unique constraint", &[Kind::Unique], Shape::OnTable),
    ("primary_key", &[Kind::PrimaryKey], Shape::OfTable),
    ("primary key", &[Kind::PrimaryKey], Shape::OfTable),
    ("foreign_key", &[Kind::ForeignKey], Shape::OnTable),
    ("foreign key", &[Kind::ForeignKey], Shape::OnTable),
    (
        "constraint",
        &[
            Kind::Check,
            Kind::PrimaryKey,
            Kind::Unique,
            Kind::ForeignKey,
            Kind::Exclusion,
        ],
        Shape::OnTable,
    ),
    ("exclusion constraint", &[Kind::Exclusion], Shape::OnTable),
    ("default_privileges", &[Kind::DefaultPrivileges], Shape::InSchema),
    ("default privileges", &[Kind::DefaultPrivileges], Shape::InSchema),
    ("foreign server", &[Kind::Server], Shape::Bare),
    ("foreign table", &[Kind::Table], Shape::InSchema),
    ("event_trigger", &[Kind::EventTrigger], Shape::Bare),
    ("event trigger", &[Kind::EventTrigger], Shape::Bare),
    ("publication", &[Kind::Publication], Shape::Bare),
    ("statistics", &[Kind::Statistics], Shape::OnTable),
    ("aggregate", &[Kind::Function], Shape::Routine),
    ("composite", &[Kind::Composite], Shape::InSchema),
    ("exclude", &[Kind::Exclusion], Shape::OnTable),
    ("server", &[Kind::Server], Shape::Bare),
    ("range", &[Kind::Range], Shape::InSchema),
    ("rule", &[Kind::Rule], Shape::OnTable),
    ("extension", &[Kind::Extension], Shape::Bare),
    ("procedure", &[Kind::Function], Shape::Routine),
    ("function", &[Kind::Function], Shape::Routine),
    ("sequence", &[Kind::Sequence], Shape::InSchema),
    ("trigger", &[Kind::Trigger], Shape::OnTable),
    ("column", &[Kind::Column], Shape::OnTable),
    ("policy", &[Kind::Policy], Shape::OnTable),
    ("unique", &[Kind::Unique], Shape::OnTable),
    ("schema", &[Kind::Schema], Shape::Bare),
    ("domain", &[Kind::Domain], Shape::InSchema),
    ("index", &[Kind::Index], Shape::InSchema),
    ("table", &[Kind::Table], Shape::InSchema),
    ("check", &[Kind::Check], Shape::OnTable),
    ("grant", &[Kind::Grant], Shape::OnTable),
    ("enum", &[Kind::Enum], Shape::InSchema),
    ("type", &Kind::TYPES, Shape::InSchema),
    ("view", &[Kind::View], Shape::InSchema),
    ("role", &[Kind::Role], Shape::Bare),
];

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    let Some(texts) = p.reader.strings(item) else {
        return;
    };
    for text in &texts {
        let Some((gone, path)) = gone(p, text) else {
            continue;
        };
        p.add(
            format!("absent.{path}"),
            "absent",
            text,
            "absent",
            Absent { gone, path },
        );
    }
}

/// What one entry names, and how its id spells it.
fn gone(p: &mut Parser, text: &Text) -> Option<(Gone, String)> {
    let value = text.value.trim();
    let (word, kinds, shape) = word_of(p, "absent", text)?;
    let name = value[word.len()..].trim();
    let bad = |p: &mut Parser, want: &str| {
        p.reader.error(
            text.span,
            format!("`absent`: \"{name}\" is not the name of a {word}: want {want}"),
        );
    };
    let own = p.schema.clone();
    let (schema, relation, name) = match shape {
        Shape::Bare => match parse_name(name) {
            Ok(parsed) if parsed.schema.is_none() => (String::new(), Some(String::new()), parsed.name),
            _ if word == "extension" && !name.is_empty() && !name.contains([' ', '"', '.']) => {
                (String::new(), Some(String::new()), name.to_string())
            }
            _ => {
                bad(p, "a name");
                return None;
            }
        },
        Shape::InSchema | Shape::OfTable => match parse_name(name) {
            Ok(parsed) => {
                let (schema, name) = p.resolve(&parsed);
                match (shape, word) {
                    (Shape::OfTable, _) => (schema, Some(name), String::new()),
                    (_, "index") => (schema, None, name),
                    _ => (schema, Some(String::new()), name),
                }
            }
            Err(_) => {
                bad(p, "name or schema.name");
                return None;
            }
        },
        Shape::OnTable => {
            // `policy p on t` as SQL says it, or `policy t.p`
            let lower = name.to_ascii_lowercase();
            let parts = match lower.rfind(" on ") {
                Some(at) => dotted(&name[at + 4..]).and_then(|mut parts| {
                    parts.extend(dotted(&name[..at])?);
                    Some(parts)
                }),
                None => dotted(name),
            };
            match parts.as_deref() {
                Some([table, name]) => (own.clone(), Some(table.clone()), name.clone()),
                Some([schema, table, name]) => (schema.clone(), Some(table.clone()), name.clone()),
                _ => {
                    bad(p, "table.name or schema.table.name");
                    return None;
                }
            }
        }
        Shape::Routine => match function_signature(name) {
            Ok(signature) => {
                let (schema, name) = p.resolve(&signature.name);
                let arguments: Vec<String> = signature
                    .arguments
                    .iter()
                    .map(|argument| qualified(&own, argument))
                    .collect();
                let signature = format!("{}({})", quote_ident(&name), arguments.join(", "));
                (schema, Some(String::new()), signature)
            }
            Err(error) => {
                let offset = text.value.find(name).unwrap_or(0);
                let error = crate::sql::FragmentError {
                    span: error.span.shifted(offset),
                    ..error
                };
                p.reader.fragment("`absent`", text, error);
                return None;
            }
        },
    };
    let gone = Gone {
        kinds,
        schema,
        relation,
        name,
    };
    let shown = spelled(&gone, &own, shape);
    Some((gone, format!("{word} {shown}")))
}

type Word = (&'static str, &'static [Kind], Shape);

/// The word that an entry begins with.
pub(crate) fn word_of(p: &mut Parser, key: &str, text: &Text) -> Option<Word> {
    let lower = text.value.trim().to_ascii_lowercase();
    let found = WORDS.iter().find(|(word, ..)| {
        lower
            .strip_prefix(word)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_whitespace()))
    });
    if found.is_none() {
        let first = lower.split_whitespace().next().unwrap_or("");
        let help = match closest(first, WORDS.iter().map(|(word, ..)| *word)) {
            Some(word) if lower.contains(' ') => format!("did you mean `{word} …`?"),
            _ => "begin with what it is: \"table old_name\", \"index idx_old\"".to_string(),
        };
        let message = format!(
            "`{key}`: \"{}\" does not say what kind of thing it is",
            text.value.trim()
        );
        p.reader.error_help(text.span, message, help);
    }
    found.copied()
}

fn spelled(gone: &Gone, own: &str, shape: Shape) -> String {
    let name = match shape {
        Shape::Routine => gone.name.clone(),
        _ => quote_ident(&gone.name),
    };
    let mut parts = Vec::new();
    if !gone.schema.is_empty() && gone.schema != own {
        parts.push(quote_ident(&gone.schema));
    }
    if let Some(relation) = gone.relation.as_deref()
        && !relation.is_empty()
    {
        parts.push(quote_ident(relation));
    }
    if shape != Shape::OfTable {
        parts.push(name);
    }
    parts.join(".")
}

/// Splits at the dots outside quotes.
pub(crate) fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut quoted, mut start) = (false, 0);
    for (at, char) in text.char_indices() {
        match char {
            '"' => quoted = !quoted,
            '.' if !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// The parts of a dotted name: at most three, each a SQL name.
pub(crate) fn dotted(text: &str) -> Option<Vec<String>> {
    let parts = parts(text);
    if parts.len() > 3 {
        return None;
    }
    parts
        .into_iter()
        .map(|part| {
            parse_name(part)
                .ok()
                .filter(|name| name.schema.is_none())
                .map(|name| name.name)
        })
        .collect()
}

#[derive(Debug)]
struct Absent {
    gone: Gone,
    path: String,
}

impl Absent {
    fn find<'c>(&self, catalog: &'c Catalog) -> Option<&'c Object> {
        self.gone.kinds.iter().find_map(|&kind| {
            catalog.of_kind(kind).find(|object| {
                // an owner that has nothing left
                if kind == Kind::Grant && object.list("privileges").is_empty() {
                    return false;
                }
                let by_columns = kind == Kind::ForeignKey
                    && object.id.schema == self.gone.schema
                    && Some(object.id.relation.as_str()) == self.gone.relation.as_deref()
                    && object.list("columns") == [self.gone.name.clone()];
                let of_table = kind == Kind::PrimaryKey
                    && self.gone.name.is_empty()
                    && object.id.schema == self.gone.schema
                    && Some(object.id.relation.as_str()) == self.gone.relation.as_deref();
                self.gone.is(&object.id) || by_columns || of_table
            })
        })
    }

    /// The grant of an owner that holds all, which the catalog has no object for.
    fn of_owner(&self, catalog: &Catalog) -> Option<ObjectId> {
        let Gone {
            kinds: [Kind::Grant],
            schema,
            relation: Some(relation),
            name,
        } = &self.gone
        else {
            return None;
        };
        let id = ObjectId::on(Kind::Grant, schema.clone(), relation.clone(), name.clone());
        let owner = catalog.relation(schema, relation)?.text("owner");
        (owner == Some(name) && catalog.get(&id).is_none()).then_some(id)
    }
}

impl Rule for Absent {
    /// The claim is held by [`Rule::absence`]; a name keeps the newest of two suites that say the same.
    fn claims(&self) -> Vec<Claim<'_>> {
        vec![Claim::Named(
            "absent",
            Cow::Owned(format!("{}.{}", self.gone.schema, self.path)),
        )]
    }

    fn cover(&self, scope: &mut Scope) {
        for &kind in self.gone.kinds {
            let relation = self.gone.relation.clone().unwrap_or_default();
            cover(
                &ObjectId::on(kind, self.gone.schema.clone(), relation, self.gone.name.clone()),
                match kind {
                    // what an owner holds is told by the relation
                    Kind::Grant => Parts::presence().with_bare(kind),
                    _ => Parts::default().with_bare(kind),
                },
                scope,
            );
        }
    }

    fn judge(&self, judge: &mut Judge<'_>) -> Outcome {
        if let Some(id) = self.of_owner(judge.catalog) {
            return Outcome::fail(format!("{id} still exists, want it gone: an owner holds all"))
                .actual("all")
                .object(id.path());
        }
        match self.find(judge.catalog) {
            None => Outcome::pass().actual("absent"),
            Some(object) => Outcome::fail(format!("{} still exists, want it gone", object.id))
                .actual("exists")
                .object(object.id.path()),
        }
    }

    fn absence(&self) -> Option<&Gone> {
        Some(&self.gone)
    }
}
