//! `exact = ["columns", "policies"]`: nothing of these kinds beyond what the suites list.

use crate::catalog::{Catalog, Kind, Object, ObjectId, Parts, Scope, Value};
use crate::check::compare::{part_of, show};
use crate::check::document::{Item, Text, span_of};
use crate::check::parse::{Parser, Table};
use crate::check::rule::{Claim, Judge, Outcome, Rule};
use crate::check::verdict::Difference;
use crate::sql::{fragment, parse_name, quote_ident};

use super::count::parent;
use super::table::commented;
use super::trigger::state_remedy;

/// The words of a table, the kinds that they mean and the name of the claim.
const ON_TABLE: &[(&str, &[Kind], &str)] = &[
    ("columns", &[Kind::Column], "exact columns"),
    (
        "constraints",
        &[
            Kind::PrimaryKey,
            Kind::Unique,
            Kind::Check,
            Kind::ForeignKey,
            Kind::Exclusion,
        ],
        "exact constraints",
    ),
    ("unique_constraints", &[Kind::Unique], "exact unique constraints"),
    (
        "exclusion_constraints",
        &[Kind::Exclusion],
        "exact exclusion constraints",
    ),
    ("check_constraints", &[Kind::Check], "exact check constraints"),
    ("foreign_keys", &[Kind::ForeignKey], "exact foreign keys"),
    ("indexes", &[Kind::Index], "exact indexes"),
    ("triggers", &[Kind::Trigger], "exact triggers"),
    ("policies", &[Kind::Policy], "exact policies"),
    ("rules", &[Kind::Rule], "exact rules"),
    ("statistics", &[Kind::Statistics], "exact statistics"),
    ("grants", &[Kind::Grant], "exact grants"),
    ("partitions", &[Kind::Table], "exact partitions"),
];

/// The words of a suite: what its schema holds.
const IN_SCHEMA: &[(&str, &[Kind], &str)] = &[
    ("tables", &[Kind::Table], "exact tables"),
    ("functions", &[Kind::Function], "exact functions"),
    ("enums", &[Kind::Enum], "exact enums"),
    ("views", &[Kind::View], "exact views"),
    (
        "materialized_views",
        &[Kind::MaterializedView],
        "exact materialized views",
    ),
    ("sequences", &[Kind::Sequence], "exact sequences"),
    ("types", &Kind::TYPES, "exact types"),
    ("composite_types", &[Kind::Composite], "exact composite types"),
    ("range_types", &[Kind::Range], "exact range types"),
    ("domains", &[Kind::Domain], "exact domains"),
    ("extensions", &[Kind::Extension], "exact extensions"),
    ("schemas", &[Kind::Schema], "exact schemas"),
    ("roles", &[Kind::Role], "exact roles"),
    ("foreign_servers", &[Kind::Server], "exact foreign servers"),
    ("event_triggers", &[Kind::EventTrigger], "exact event triggers"),
    ("publications", &[Kind::Publication], "exact publications"),
    (
        "default_privileges",
        &[Kind::DefaultPrivileges],
        "exact default privileges",
    ),
    ("comments", &[Kind::Other], "exact comments"),
    ("database_comments", &[Kind::Other], "exact database comments"),
];

/// What an entry of a complete suite lists all of. Partitions are made by jobs as well; they are listed on demand.
const COMPLETE: &[(Kind, &[&str])] = &[
    (
        Kind::Table,
        &[
            "columns",
            "constraints",
            "indexes",
            "statistics",
            "triggers",
            "rules",
            "policies",
            "grants",
        ],
    ),
    (Kind::View, &["triggers", "rules", "grants"]),
    (Kind::MaterializedView, &["indexes", "statistics", "grants"]),
    (Kind::Sequence, &["grants"]),
];

/// In a complete suite: nothing stands on the relation beyond what is listed.
pub(crate) fn complete_relation(p: &mut Parser, relation: &Table) {
    if p.complete {
        let words = with_complete(p, relation, Vec::new());
        add(p, relation, &relation.key.clone(), words);
    }
}

fn with_complete(p: &Parser, relation: &Table, mut words: Vec<Word>) -> Vec<Word> {
    let names = COMPLETE
        .iter()
        .find(|(kind, _)| p.complete && *kind == relation.kind);
    for name in names.map_or(&[][..], |(_, names)| names) {
        if !words.iter().any(|(word, ..)| word == name) {
            words.extend(ON_TABLE.iter().filter(|(word, ..)| word == name));
        }
    }
    words
}

fn add(p: &mut Parser, table: &Table, key: &Text, words: Vec<Word>) {
    let expected = listed(&words);
    let rule = Exact {
        on: table.id(),
        words,
        is_complete: p.complete,
    };
    p.add(format!("{}/exact", table.path), "exact", key, expected, rule);
}

pub(crate) fn parse_table(p: &mut Parser, table: &Table, item: &Item<'_>) {
    if let Some(words) = words(p, item, ON_TABLE) {
        let words = with_complete(p, table, words);
        add(p, table, &item.key, words);
    }
}

pub(crate) fn parse_suite(p: &mut Parser, item: &Item<'_>) {
    let Some(texts) = p.reader.strings(item) else {
        return;
    };
    // `tables in auth` is about another schema
    let mut by_schema: Vec<(String, Vec<Text>)> = Vec::new();
    for text in texts {
        let (schema, text) = match text.value.split_once(" in ") {
            Some((word, schema)) => {
                let name = Text {
                    value: schema.trim().to_string(),
                    span: text.span,
                };
                let Some(schema) = p.reader.ident("exact", &name) else {
                    continue;
                };
                let value = word.trim().to_string();
                (schema, Text { value, ..text })
            }
            None => (p.schema.clone(), text),
        };
        match by_schema.iter_mut().find(|(other, _)| *other == schema) {
            Some((_, words)) => words.push(text),
            None => by_schema.push((schema, vec![text])),
        }
    }
    if by_schema.is_empty() {
        by_schema.push((p.schema.clone(), Vec::new()));
    }
    for (schema, texts) in by_schema {
        let Some(words) = known_words(p, item, texts, IN_SCHEMA) else {
            continue;
        };
        let expected = listed(&words);
        let path = if schema == p.schema {
            "exact".to_string()
        } else {
            format!("exact.{}", crate::sql::quote_ident(&schema))
        };
        let rule = Exact {
            on: ObjectId::new(Kind::Schema, "", schema),
            words,
            is_complete: p.complete,
        };
        p.add(path, "exact", &item.key, expected, rule);
    }
}

type Word = &'static (&'static str, &'static [Kind], &'static str);

fn words(
    p: &mut Parser,
    item: &Item<'_>,
    known: &'static [(&'static str, &'static [Kind], &'static str)],
) -> Option<Vec<Word>> {
    let texts = p.reader.strings(item)?;
    known_words(p, item, texts, known)
}

fn known_words(
    p: &mut Parser,
    item: &Item<'_>,
    texts: Vec<Text>,
    known: &'static [(&'static str, &'static [Kind], &'static str)],
) -> Option<Vec<Word>> {
    if texts.is_empty() {
        p.reader
            .error(span_of(item.value), "`exact`: want at least one kind");
        return None;
    }
    let names: Vec<&str> = known.iter().map(|(word, ..)| *word).collect();
    let find = |text: &Text| known.iter().find(|(word, ..)| *word == text.value);
    for text in texts.iter().filter(|text| find(text).is_none()) {
        p.reader.unknown_word("exact", text, &names);
    }
    texts.iter().map(find).collect()
}

fn listed(words: &[Word]) -> String {
    let words: Vec<&str> = words.iter().map(|(word, ..)| *word).collect();
    format!("no other {}", words.join(", "))
}

#[derive(Debug)]
struct Exact {
    /// A table or a schema.
    on: ObjectId,
    words: Vec<Word>,
    /// Whether what comes with something else has to be just as that is.
    is_complete: bool,
}

impl Exact {
    /// What there is of a kind that none of the suites lists.
    fn extra<'c>(&'c self, word: Word, judge: &Judge<'c>) -> Vec<&'c Object> {
        let (name, kinds, _) = word;
        let mut extra = Vec::new();
        for &kind in *kinds {
            let (schema, relation) = match self.on.kind {
                Kind::Schema if is_in_schema(kind) => (self.on.name.as_str(), ""),
                Kind::Schema => ("", ""),
                _ => (self.on.schema.as_str(), self.on.name.as_str()),
            };
            if kind == Kind::Other {
                let here = (*name == "comments").then_some(schema);
                extra.extend(judge.catalog.of_kind(kind).filter(|object| {
                    object.get("comment").is_some()
                        && schema_of(&object.id).is_some_and(|of| of.as_deref() == here)
                        && !judge.ledger.wants(&object.id)
                }));
                continue;
            }
            if *name == "partitions" {
                extra.extend(judge.catalog.of_kind(kind).filter(|table| {
                    parent(table).is_some_and(|(s, n)| s == schema && n == relation)
                        && !judge.ledger.wants(&table.id)
                        && !judge
                            .ledger
                            .ignored
                            .iter()
                            .any(|ignored| ignored.covers(&table.id))
                }));
                continue;
            }
            // default privileges of no schema hold in every one
            let global = (kind == Kind::DefaultPrivileges).then_some("");
            for schema in [Some(schema), global].into_iter().flatten() {
                // only these may be listed by other names than their own
                let listed: Vec<&ObjectId> = match kind {
                    Kind::PrimaryKey | Kind::ForeignKey => {
                        judge.ledger.named(kind, schema, relation).collect()
                    }
                    _ => Vec::new(),
                };
                extra.extend(
                    judge
                        .catalog
                        .on_relation(kind, schema, relation)
                        .filter(|object| {
                            !is_consequence(object)
                                || self.is_complete && !own(object, judge.catalog).is_empty()
                        })
                        .filter(|object| {
                            !judge
                                .ledger
                                .ignored
                                .iter()
                                .any(|ignored| ignored.covers(&object.id))
                        })
                        .filter(|object| !is_without_privileges(object, judge))
                        .filter(|object| !is_left_by_a_dump(object, judge))
                        .filter(|object| {
                            !judge.ledger.wants(&object.id) && !listed.iter().any(|id| is_listed(id, object))
                        }),
                );
            }
        }
        extra
    }
}

/// The schema of what has no kind of its own: `Some(None)` where it lies in none, `None` of what no check knows.
pub(crate) fn schema_of(id: &ObjectId) -> Option<Option<String>> {
    // that of the database itself comes with no dump of it
    let found =
        fragment::commented_identity(&id.relation, &id.name).filter(|found| found.class != "database")?;
    Some(found.schema("").map(str::to_string))
}

/// Whether objects of the kind live in a schema.
fn is_in_schema(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Extension | Kind::Schema | Kind::Role | Kind::Server | Kind::EventTrigger | Kind::Publication
    )
}

/// Whether some suite says of the grant that it is none: that makes no claim that there is one.
fn is_without_privileges(object: &Object, judge: &Judge<'_>) -> bool {
    object.id.kind == Kind::Grant
        && judge
            .ledger
            .holders
            .get(&Claim::Property(&object.id, "privileges"))
            .is_some()
}

/// The owner, where the object is what its table's owner was left.
fn left_to_owner<'o>(object: &'o Object, judge: &Judge<'_>) -> Option<&'o str> {
    let relation = judge.catalog.relation(&object.id.schema, &object.id.relation)?;
    let is_its = object.id.kind == Kind::Grant && relation.text("owner") == Some(object.id.name.as_str());
    is_its.then_some(object.id.name.as_str())
}

/// Whether an owner lacks MAINTAIN for the dump of a server that did not know it, which is no change of anybody's.
fn is_left_by_a_dump(object: &Object, judge: &Judge<'_>) -> bool {
    left_to_owner(object, judge).is_some() && super::grant::is_from_older(object)
}

/// What an heir's share of its parent's has of its own: a comment, and a state or settings other than the parent's.
fn own(object: &Object, catalog: &Catalog) -> Vec<Own> {
    let is_share = match object.id.kind {
        Kind::Trigger => object.flag("cloned"),
        Kind::Index => object.get("partition_of").is_some(),
        // of a column nobody asks here what it is
        Kind::Column => false,
        _ => object.flag("inherited"),
    };
    if !is_share {
        return Vec::new();
    }
    let mut own = Vec::new();
    if let Some(wanted) = object.text("parent_enabled") {
        let have = object.text("enabled").unwrap_or_default().to_string();
        own.push(("state", have, Some(wanted.to_string())));
    }
    if object.id.kind == Kind::ForeignKey {
        let have = object.text("enabled");
        own.extend(have.map(|have| ("state", have.to_string(), Some("origin".to_string()))));
    }
    if object.id.kind == Kind::Index {
        for property in ["options", "tablespace", "statistics_targets", "clustered"] {
            // one that its parent got later is no matter of the share
            let Some(have) = object.get(property) else {
                continue;
            };
            let want = parent_index(object, catalog).and_then(|index| index.get(property));
            if want != Some(have) {
                let want = want.map(|value| show(property, value));
                own.push((part_of(property), show(property, have), want));
            }
        }
        if object.get("valid") == Some(&Value::Bool(false)) {
            own.push(("state", "invalid".to_string(), Some("valid".to_string())));
        }
    }
    let comment = object.text("comment");
    own.extend(comment.map(|comment| ("comment", comment.to_string(), None)));
    own
}

/// A part of an object, what it has and what its parent has.
type Own = (&'static str, String, Option<String>);

/// The index that a partition's is a share of.
fn parent_index<'c>(index: &Object, catalog: &'c Catalog) -> Option<&'c Object> {
    let name = parse_name(index.text("partition_of")?).ok()?;
    let (schema, relation) = parent(catalog.relation(&index.id.schema, &index.id.relation)?)?;
    catalog.get(&ObjectId::on(Kind::Index, schema, relation, name.name))
}

/// The statement that takes it back.
fn own_remedy(object: &Object, difference: &Difference) -> Option<String> {
    let word = match object.id.kind {
        Kind::Trigger => "TRIGGER",
        Kind::Index => "INDEX",
        _ => "CONSTRAINT",
    };
    match difference.part.split(' ').next()? {
        "state" if word == "TRIGGER" => state_remedy(word, object, difference.want.as_deref()?),
        "comment" => Some(format!("COMMENT ON {word} {} IS NULL", commented(word, object))),
        _ => None,
    }
}

/// What comes with something else: an index behind a constraint, a partition's share of its parent's.
fn is_consequence(object: &Object) -> bool {
    match object.id.kind {
        Kind::Index => object.get("constraint").is_some() || object.get("partition_of").is_some(),
        Kind::Trigger => object.flag("cloned"),
        Kind::Sequence => object.flag("identity"),
        Kind::Column | Kind::PrimaryKey | Kind::Unique | Kind::Check | Kind::ForeignKey => {
            object.flag("inherited")
        }
        _ => false,
    }
}

/// Whether a key is listed by something else than its own name.
fn is_listed(id: &ObjectId, object: &Object) -> bool {
    // a primary key is the table's only one, a foreign key may be named by its columns
    object.id.kind == Kind::PrimaryKey
        || (object.id.kind == Kind::ForeignKey && {
            let mut columns: Vec<String> = object
                .list("columns")
                .iter()
                .map(|column| quote_ident(column))
                .collect();
            columns.sort();
            let mut listed: Vec<String> = id
                .name
                .trim_start_matches('(')
                .trim_end_matches(')')
                .split(", ")
                .map(str::to_string)
                .collect();
            listed.sort();
            columns == listed
        })
}

impl Rule for Exact {
    fn claims(&self) -> Vec<Claim<'_>> {
        self.words
            .iter()
            .map(|(.., claim)| Claim::Property(&self.on, claim))
            .collect()
    }

    fn cover(&self, scope: &mut Scope) {
        if self.on.kind != Kind::Schema {
            scope.comments |= self.is_complete;
            let kinds = self.words.iter().flat_map(|(_, kinds, _)| kinds.iter().copied());
            let parts = kinds.fold(Parts::presence(), Parts::with_bare);
            scope.add_parts(&self.on.schema, &self.on.name, parts);
            if self.words.iter().any(|(word, ..)| *word == "partitions") {
                scope.add_partitions(&self.on.schema, &self.on.name, Parts::presence());
            }
            return;
        }
        let all = (self.on.name.to_string(), "*".to_string());
        for (word, kinds, _) in &self.words {
            match *word {
                "functions" => scope.function_patterns.insert(all.clone()),
                "comments" | "database_comments" => {
                    let is_of_database = *word == "database_comments";
                    let classes = fragment::COMMENTED.iter().filter(|class| **class != "database");
                    scope
                        .commented
                        .extend(classes.filter(|class| fragment::lies_in_schema(class) != is_of_database));
                    true
                }
                "enums" | "types" | "composite_types" | "range_types" | "domains" => {
                    scope.type_patterns.insert(all.clone())
                }
                "extensions" | "schemas" | "roles" | "foreign_servers" | "event_triggers"
                | "publications" | "default_privileges" => {
                    scope.all.extend(kinds.iter().copied());
                    true
                }
                _ => {
                    let parts = kinds.iter().copied().fold(Parts::default(), Parts::with_bare);
                    scope.add_pattern(&all.0, &all.1, parts);
                    true
                }
            };
        }
    }

    fn judge(&self, judge: &mut Judge<'_>) -> Outcome {
        if self.on.kind != Kind::Schema && judge.catalog.relation(&self.on.schema, &self.on.name).is_none() {
            return Outcome::missing(&self.on);
        }
        let mut differences = Vec::new();
        let mut names = Vec::new();
        let mut remedies = Vec::new();
        for word in &self.words {
            if !judge.holds(&Claim::Property(&self.on, word.2)) {
                continue;
            }
            for object in self.extra(word, judge) {
                let (mut name, mut have, mut want) = (object.id.to_string(), object.id.path(), None);
                let mut part = object.id.kind.as_str().to_string();
                if let Some(owner) = left_to_owner(object, judge) {
                    have = match object.list("privileges") {
                        [] => "none".to_string(),
                        left => left.join(", "),
                    };
                    name.push_str(&format!(" (what its owner has left: {have})"));
                    want = Some("all".to_string());
                    part = format!("privileges of its owner {owner}");
                    let of = if self.on.kind == Kind::Sequence {
                        "SEQUENCE "
                    } else {
                        ""
                    };
                    let on = self.on.path();
                    remedies.push(format!("GRANT ALL ON {of}{on} TO {}", quote_ident(owner)));
                }
                if object.id.kind == Kind::Grant && left_to_owner(object, judge).is_none() {
                    have = object.list("privileges").join(", ");
                    name.push_str(&format!(" ({have})"));
                    part = object.id.to_string();
                    remedies.push(super::grant::revocation(object, self.on.kind));
                }
                if object.id.kind == Kind::Other {
                    let comment = object.text("comment").unwrap_or_default();
                    name = format!(
                        "a comment on {name} ({})",
                        show("comment", &Value::Text(comment.to_string()))
                    );
                    have = comment.to_string();
                    part = format!("comment on {}", object.id);
                    remedies.extend(super::comment::without(object));
                }
                if is_consequence(object) {
                    let mut parts = Vec::new();
                    for (part, have, want) in own(object, judge.catalog) {
                        let parents = want.as_deref().unwrap_or("none");
                        parts.push(format!("its {part}: {have}, that of its parent's: {parents}"));
                        let difference = Difference {
                            part: format!("{part} of {}", object.id),
                            have: Some(have),
                            want,
                            refusal: None,
                        };
                        remedies.extend(own_remedy(object, &difference));
                        differences.push(difference);
                    }
                    names.push(format!("{name} ({})", parts.join("; ")));
                    continue;
                }
                differences.push(Difference {
                    part,
                    have: Some(have),
                    want,
                    refusal: None,
                });
                names.push(name);
            }
        }
        if names.is_empty() {
            return Outcome::pass();
        }
        Outcome::fail(format!(
            "{} has what no suite lists: {}",
            self.on,
            names.join(", ")
        ))
        .actual(names.join(", "))
        .remedy((remedies.len() == differences.len()).then(|| remedies.join("; ")))
        .differences(differences)
    }
}
