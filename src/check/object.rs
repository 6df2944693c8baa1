//! Checks of objects: the object is there, and its properties are what the suite names.

use std::sync::Arc;

use crate::catalog::{Catalog, Kind, Object, ObjectId, Parts, Scope, Stated, Value};
use crate::sql::fragment::{self, FunctionSignature, function_signature};
use crate::sql::{Token, lex, parse_name, quote_ident};

use super::compare::{Comparison, Want, Wanted, compare, same_type};
use super::document::closest;
use super::kind::default_privileges::untouched;
use super::kind::defaults::{Defaults, complete};
use super::rule::{Claim, Judge, Outcome, Rule};
use super::verdict::Difference;

/// What the kinds of objects differ in.
#[derive(Debug)]
pub(crate) struct ObjectKind {
    /// The object as a check file would say it.
    pub(crate) render: fn(&Object) -> String,
    /// The statement that brings a differing object back, when there is a safe one.
    pub(crate) alter: fn(&ObjectRule, &Object, &[Difference]) -> Option<String>,
}

/// Which object of the catalog is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// The one with that identity.
    Id(ObjectId),
    /// The table's only one (a primary key), whatever its name.
    Only(ObjectId),
    /// A foreign key by its columns; the identity's name is `(a, b)`.
    Columns(ObjectId, Vec<String>),
    /// A routine by its signature, for the suite's schema. Argument types that the search path decides about
    /// may be those of another schema.
    Signature(ObjectId, FunctionSignature, String),
}

impl Target {
    pub(crate) fn id(&self) -> &ObjectId {
        match self {
            Target::Id(id) | Target::Only(id) | Target::Columns(id, _) | Target::Signature(id, ..) => id,
        }
    }

    /// What the catalog has under that identity.
    fn find<'c>(&'c self, catalog: &'c Catalog) -> Vec<&'c Object> {
        match self {
            Target::Id(id) => catalog.get(id).into_iter().collect(),
            Target::Signature(id, signature, schema) => match catalog.get(id) {
                Some(object) => vec![object],
                None => catalog
                    .of_kind(id.kind)
                    .filter(|object| {
                        object.id.schema == id.schema && fits(signature, schema, &object.id.name)
                    })
                    .collect(),
            },
            Target::Only(id) => catalog.on_relation(id.kind, &id.schema, &id.relation).collect(),
            Target::Columns(id, columns) => {
                let mut wanted = columns.clone();
                wanted.sort();
                catalog
                    .on_relation(id.kind, &id.schema, &id.relation)
                    .filter(|object| {
                        let mut found = object.list("columns").to_vec();
                        found.sort();
                        found == wanted
                    })
                    .collect()
            }
        }
    }

    /// Its name in messages, before it is found.
    pub(crate) fn display(&self) -> String {
        let id = self.id();
        let relation = || format!("{}.{}", quote_ident(&id.schema), quote_ident(&id.relation));
        match self {
            Target::Id(id) | Target::Signature(id, ..) => id.to_string(),
            Target::Only(id) => format!("{} of {}", id.kind, relation()),
            Target::Columns(id, _) => format!("{} {} of {}", id.kind, id.name, relation()),
        }
    }

    /// Its SQL name, before it is found.
    pub(crate) fn path(&self) -> String {
        let id = self.id();
        match self {
            Target::Id(id) | Target::Signature(id, ..) => id.path(),
            _ => format!("{}.{}", quote_ident(&id.schema), quote_ident(&id.relation)),
        }
    }
}

/// A check of one object.
#[derive(Debug, Clone)]
pub(crate) struct ObjectRule {
    pub(crate) kind: &'static ObjectKind,
    pub(crate) target: Target,
    pub(crate) wants: Vec<Want>,
    /// What a complete suite wants of the properties that the entry does not name; many entries share it.
    pub(crate) usual: Arc<Usual>,
    /// Without one of these it cannot exist: when one is missing and a check says so, this one is blocked.
    pub(crate) needs: Vec<ObjectId>,
    /// The statement that would create it.
    pub(crate) create: Option<String>,
    /// Whether the check claims that the object is there; a property of a table leaves that to the table's own.
    pub(crate) presence: bool,
    /// Properties that other checks of the suite name: those of a table.
    pub(crate) elsewhere: Vec<&'static str>,
}

/// What entries of a complete suite leave out, with what must be read for it.
#[derive(Debug, Default)]
pub(crate) struct Usual {
    wants: Vec<Want>,
    reading: Reading,
}

impl Usual {
    pub(crate) fn new(kind: Kind, wants: Vec<Want>) -> Usual {
        let reading = Reading::default();
        Usual {
            reading: wants
                .iter()
                .fold(reading, |reading, want| reading.with(kind, want)),
            wants,
        }
    }
}

/// What must be read to see what is wanted of an object.
#[derive(Debug, Clone, Copy, Default)]
struct Reading {
    comments: bool,
    storage: bool,
    /// Of a storage that is stated and may be what the type chooses, which is not told otherwise.
    type_storage: bool,
    stated: Stated,
    /// The column's own definition: of the other columns of the table nobody asks it.
    defined_column: bool,
    /// A sequence that may have any name.
    any_sequence: bool,
    /// Of the relation.
    parts: Parts,
}

impl Reading {
    fn with(mut self, kind: Kind, want: &Want) -> Reading {
        self.comments |= matches!(want.property, "comment" | "not_null_comment");
        self.storage |= is_storage(want.property);
        self.type_storage |= want.property == "storage" && matches!(want.value, Wanted::By(..));
        self.stated = self.stated.union(want.states);
        self.any_sequence |= want.property == "identity_sequence";
        let parts = self.parts;
        self.parts = match (kind, want.property) {
            (Kind::Column, "default" | "generated" | "comment" | "not_null_comment") => {
                self.defined_column = true;
                parts.with_bare(Kind::Column)
            }
            (Kind::Column, "identity_sequence") => parts,
            _ => parts.with_property(kind, want.property),
        };
        let parts = self.parts;
        self.parts = match (kind, want.property) {
            (Kind::Exclusion, "definition") => parts.with(Kind::Index),
            (Kind::PrimaryKey | Kind::Unique | Kind::Exclusion, "index") => parts.with_bare(Kind::Index),
            (_, "plain_columns") => parts.with(Kind::Column),
            _ => parts,
        };
        self
    }
}

impl ObjectRule {
    pub(crate) fn new(kind: &'static ObjectKind, target: Target) -> ObjectRule {
        ObjectRule {
            kind,
            target,
            wants: Vec::new(),
            usual: Arc::default(),
            needs: Vec::new(),
            create: None,
            presence: true,
            elsewhere: Vec::new(),
        }
    }

    /// All that is wanted of it.
    fn all_wants(&self) -> impl Iterator<Item = &Want> {
        self.wants.iter().chain(&self.usual.wants)
    }

    /// The wanted text of a property.
    pub(crate) fn wanted(&self, property: &str) -> Option<&Wanted> {
        self.all_wants()
            .find(|want| want.property == property)
            .map(|want| &want.value)
    }

    /// Whether the entry, or another of the same object, says something about the property.
    pub(crate) fn names(&self, property: &str) -> bool {
        self.wanted(property).is_some() || self.elsewhere.contains(&property)
    }

    /// Whether nothing but the object itself, found by its name, tells whether the check passes.
    fn is_by_name(&self) -> bool {
        matches!(self.target, Target::Id(_))
            && Kind::BY_NAME.contains(&self.target.id().kind)
            // what other columns there are tells the place of one
            && !self.all_wants().any(|want| want.property == "position")
    }

    fn absent(&self, judge: &Judge<'_>) -> Outcome {
        let id = self.target.id();
        // of what has no kind of its own the class stands in the place of a relation
        if id.kind != Kind::Other
            && let Some(missing) = missing_relation(&id.schema, &id.relation, judge)
        {
            return Outcome::missing(&missing);
        }
        if let Some(need) = self.needs.iter().find(|need| judge.lacks(need)) {
            return Outcome::missing(need);
        }
        if !self.presence {
            return Outcome::missing(id);
        }
        if Kind::RELATIONS.contains(&id.kind)
            && let Some(other) = judge.catalog.relation(&id.schema, &id.name)
        {
            return Outcome::fail(format!(
                "{} is a {}, want a {}",
                id.path(),
                other.id.kind,
                id.kind
            ))
            .actual(other.id.kind.as_str());
        }
        let elsewhere = judge.catalog.of_kind(id.kind).find(|object| {
            object.id.schema == id.schema && object.id.name == id.name && object.id.relation != id.relation
        });
        let hint = match elsewhere {
            Some(object) if id.kind == Kind::Index => format!(
                ": an index of that name stands on {}.{}",
                quote_ident(&object.id.schema),
                quote_ident(&object.id.relation)
            ),
            _ => near(judge, id).map_or(String::new(), |name| format!("; there is {name}")),
        };
        Outcome::fail(format!("{} does not exist{hint}", self.target.display()))
            .actual("does not exist")
            // one that was renamed has the rows, and a new one beside it would not
            .remedy(
                self.create
                    .clone()
                    .filter(|_| id.kind != Kind::Column || hint.is_empty()),
            )
    }

    fn compare(&self, object: &Object, judge: &mut Judge<'_>) -> Outcome {
        let mut differences: Vec<Difference> = Vec::new();
        let mut refusals: Vec<String> = Vec::new();
        let mut blocked: Option<Outcome> = None;
        let mut pending = false;
        // names that the catalog has in a schema where a bare one is not looked for
        let mut elsewhere: Vec<String> = Vec::new();
        let is_contested = judge.ledger.holders.is_contested(self.target.id());
        for want in self.all_wants() {
            if is_contested && !judge.holds(&Claim::Property(self.target.id(), want.property)) {
                continue;
            }
            match compare(want, object, judge) {
                Comparison::Same => {}
                Comparison::Differs(more) => differences.extend(more),
                Comparison::Pending => pending = true,
                Comparison::CannotTell(reason) => {
                    blocked.get_or_insert_with(|| {
                        let message = format!("{} cannot be judged: {reason}", object.id);
                        Outcome::blocked(reason, message)
                    });
                }
                Comparison::Refused {
                    part,
                    sqlstate,
                    message,
                    expected,
                } => match missing(&sqlstate, &message, &object.id, judge) {
                    Some(what) if in_other_schema(&sqlstate, &what, object).is_none() => {
                        blocked.get_or_insert_with(|| {
                            let message = format!("{part} of {} cannot be judged: {message}", object.id);
                            Outcome::blocked(what, message)
                        });
                    }
                    what => {
                        let other = what.and_then(|what| in_other_schema(&sqlstate, &what, object));
                        elsewhere.extend(other);
                        refusals.push(format!(
                            "{part}: the server does not accept `{expected}`: {message}"
                        ));
                        differences.push(Difference {
                            have: of_part(object, &part),
                            part,
                            want: Some(expected),
                            refusal: Some(message),
                        });
                    }
                },
            }
        }
        // what follows from the lack of something that has a check of its own
        if differences
            .iter()
            .all(|difference| names_others(&difference.part))
            && !differences.is_empty()
            && let Some(need) = self.needs.iter().find(|need| judge.lacks(need))
        {
            let message = sentence(&object.id.to_string(), &differences);
            blocked = Some(Outcome::blocked(
                need.to_string(),
                format!("{message}; {need} does not exist"),
            ));
            differences.clear();
        }
        let outcome = if !differences.is_empty() {
            // what the server does not accept it would not execute
            let remedy = match refusals.is_empty() {
                true => (self.kind.alter)(self, object, &differences),
                false => None,
            };
            elsewhere.extend(differences.iter().filter_map(bare_of_other_schema));
            let remedy = remedy.or_else(|| to_qualify(elsewhere));
            let mut message = sentence(&object.id.to_string(), &differences);
            for refusal in refusals {
                message.push_str(&format!(" ({refusal})"));
            }
            Outcome::fail(message).differences(differences).remedy(remedy)
        } else if let Some(blocked) = blocked {
            blocked
        } else if pending {
            Outcome::blocked("the server", format!("{} was not put to the server", object.id))
        } else {
            Outcome::pass()
        };
        let outcome = outcome.object(object.id.path());
        match pending {
            // it is judged once more
            true => outcome,
            false => outcome.actual((self.kind.render)(object)),
        }
    }
}

impl Rule for ObjectRule {
    fn claims(&self) -> Vec<Claim<'_>> {
        let id = self.target.id();
        let presence = self.presence.then_some(Claim::Presence(id));
        presence
            .into_iter()
            .chain(self.all_wants().map(|want| Claim::Property(id, want.property)))
            .collect()
    }

    fn complete(&mut self, defaults: &mut Defaults) {
        if self.presence {
            complete(self, defaults);
        }
    }

    fn shrink(&mut self) {
        self.wants.shrink_to_fit();
        self.needs.shrink_to_fit();
    }

    fn cover(&self, scope: &mut Scope) {
        let id = self.target.id();
        let reading = self
            .wants
            .iter()
            .fold(self.usual.reading, |reading, want| reading.with(id.kind, want));
        scope.comments |= reading.comments;
        scope.storage |= reading.storage;
        scope.stated = scope.stated.union(reading.stated);
        scope.type_storage |= reading.type_storage;
        if reading.any_sequence {
            // it may have any name
            let sequences = Parts::default().with_bare(Kind::Sequence);
            scope.add_pattern(&id.schema, "*", sequences);
        }
        if scope.is_narrow && self.is_by_name() {
            scope.add_named(id.kind, &id.schema, &id.relation, &id.name);
            return;
        }
        if reading.defined_column && !scope.defined_columns.contains(id.name.as_str()) {
            scope.defined_columns.insert(id.name.to_string());
        }
        let own = match id.kind {
            // that it is there is all that is asked
            Kind::Table if self.all_wants().next().is_none() => Parts::NAME,
            kind => Parts::default().with_bare(kind),
        };
        cover(id, own.union(reading.parts), scope);
        if id.kind == Kind::DefaultPrivileges {
            // where nothing is set, that the role and the schema are there is all there is to see
            self.needs
                .iter()
                .for_each(|need| cover(need, Parts::default(), scope));
        }
    }

    fn judge(&self, judge: &mut Judge<'_>) -> Outcome {
        let found = self.target.find(judge.catalog);
        let mut best: Option<Outcome> = None;
        // two foreign keys may have the same columns: one that is as wanted is enough
        for object in found {
            let outcome = self.compare(object, judge);
            let pass = outcome.status == super::Status::Pass;
            if best.is_none() || pass {
                best = Some(outcome);
            }
            if pass {
                break;
            }
        }
        if let (None, Kind::DefaultPrivileges) = (&best, self.target.id().kind)
            && self.needs.iter().all(|need| judge.catalog.get(need).is_some())
        {
            return self.compare(&untouched(self.target.id()), judge);
        }
        best.unwrap_or_else(|| self.absent(judge).object(self.target.path()))
    }
}

/// Whether it is a property of how a column is stored.
fn is_storage(property: &str) -> bool {
    matches!(
        property,
        "storage" | "compression" | "statistics_target" | "options" | "plain_columns"
    )
}

/// The relation that an object stands on, when it is not there; as the suites call it.
pub(crate) fn missing_relation(schema: &str, relation: &str, judge: &Judge<'_>) -> Option<ObjectId> {
    if relation.is_empty() || judge.catalog.relation(schema, relation).is_some() {
        return None;
    }
    let of = |kind| ObjectId::new(kind, schema, relation);
    let wanted = Kind::RELATIONS
        .into_iter()
        .map(of)
        .find(|id| judge.ledger.wants(id));
    Some(wanted.unwrap_or_else(|| of(Kind::Table)))
}

/// Whether a routine of the catalog may be the one of that signature.
fn fits(wanted: &FunctionSignature, schema: &str, name: &str) -> bool {
    function_signature(name).is_ok_and(|found| {
        found.name.name == wanted.name.name
            && found.arguments.len() == wanted.arguments.len()
            && wanted
                .arguments
                .iter()
                .zip(&found.arguments)
                .all(|(wanted, found)| same_type(schema, wanted, found) != Some(false))
    })
}

/// Parts that consist of the names of other objects.
fn names_others(part: &str) -> bool {
    matches!(
        part,
        "type" | "columns" | "include" | "target" | "function" | "columns of update"
    ) || part.starts_with("key ")
}

/// What an object has of a part: `key 2` is the second of its keys.
fn of_part(object: &Object, part: &str) -> Option<String> {
    if let Some(text) = object.text(part_property(part)) {
        return Some(text.to_string());
    }
    let (word, number) = part.rsplit_once(' ')?;
    let place = number.parse::<usize>().ok()?.checked_sub(1)?;
    object.list(&format!("{word}s")).get(place).cloned()
}

fn part_property(part: &str) -> &str {
    match part {
        "with check" => "with_check",
        other => other,
    }
}

/// `column public.t.c: default is `1`, want `0`; nullability is nullable, want not null`.
pub(crate) fn sentence(object: &str, differences: &[Difference]) -> String {
    let parts: Vec<String> = differences.iter().map(difference_sentence).collect();
    format!("{object}: {}", parts.join("; "))
}

fn difference_sentence(difference: &Difference) -> String {
    let part = &difference.part;
    match (&difference.have, &difference.want) {
        (Some(have), Some(want)) => format!("{part} is `{have}`, want `{want}`"),
        (None, Some(want)) => format!("{part} is missing, want `{want}`"),
        (Some(have), None) => format!("{part} is `{have}`, want none"),
        (None, None) => part.clone(),
    }
}

/// Adds what must be read to see an object, with these parts of the relation that it is or stands on.
pub(crate) fn cover(id: &ObjectId, parts: Parts, scope: &mut Scope) {
    let parts = parts.union(Parts::NAME);
    let named = || (id.schema.to_string(), id.name.to_string());
    if id.kind == Kind::Other {
        scope
            .commented
            .extend(fragment::COMMENTED.iter().filter(|class| id.relation == **class));
    } else if !id.relation.is_empty() {
        scope.add_parts(&id.schema, &id.relation, parts);
    } else {
        match id.kind {
            Kind::Role => {
                scope.roles.insert(id.name.to_string());
            }
            Kind::Schema => {
                scope.schemas.insert(id.name.to_string());
            }
            Kind::Extension => {
                scope.extensions.insert(id.name.to_string());
            }
            Kind::Server => {
                scope.servers.insert(id.name.to_string());
            }
            Kind::EventTrigger => {
                scope.event_triggers.insert(id.name.to_string());
            }
            Kind::Publication => {
                scope.publications.insert(id.name.to_string());
            }
            Kind::DefaultPrivileges => {
                scope.default_privileges.insert(id.name.to_string());
            }
            Kind::Enum | Kind::Composite | Kind::Range | Kind::Domain => {
                scope.types.insert(named());
            }
            Kind::Function => {
                let name = id.name.split_once('(').map_or(id.name.as_str(), |(name, _)| name);
                let name = crate::sql::parse_name(name).map_or_else(|_| name.to_string(), |name| name.name);
                scope.functions.insert((id.schema.to_string(), name));
            }
            // of an index it is those of its table
            _ => scope.add_parts(&id.schema, &id.name, parts),
        }
    }
}

/// An existing object of the same kind and place with a name like the wanted one, that no suite lists.
fn near(judge: &Judge<'_>, id: &ObjectId) -> Option<String> {
    let candidates: Vec<&ObjectId> = judge
        .catalog
        .on_relation(id.kind, &id.schema, &id.relation)
        .map(|object| &object.id)
        .filter(|id| !judge.ledger.wants(id))
        .collect();
    let name = closest(&id.name, candidates.iter().map(|id| id.name.as_str()))?;
    candidates.iter().find(|id| id.name == name).map(|id| id.path())
}

/// The object that a refused text refers to and that does not exist, as `blocked_by` names it.
pub(crate) fn missing_object(sqlstate: &str, message: &str) -> Option<String> {
    let fallback = match sqlstate {
        "42P01" => "table",
        "42883" => "function",
        "3F000" => "schema",
        "42704" => "type",
        _ => return None,
    };
    // `operator does not exist: uuid = integer` is a mistake of the text
    if message.starts_with("operator") {
        return None;
    }
    // names stand in quotes, a function's signature without
    let name = match message.split_once('"') {
        Some((_, rest)) => rest.rsplit_once('"').map_or(rest, |(name, _)| name).to_string(),
        None => message
            .strip_prefix("function ")
            .and_then(|rest| rest.strip_suffix(" does not exist"))
            .unwrap_or(message)
            .to_string(),
    };
    let kind = message
        .split_once(" \"")
        .map(|(words, _)| words)
        .filter(|words| words.split(' ').count() <= 2 && words.is_ascii())
        .map(|word| if word == "relation" { "table" } else { word })
        .unwrap_or(fallback);
    Some(format!("{kind} {name}"))
}

/// What a refused text was said to lack, when the catalog's own text has it in a schema: `extensions.f`.
fn in_other_schema(sqlstate: &str, missing: &str, object: &Object) -> Option<String> {
    let (_, name) = missing.split_once(' ')?;
    let name = name.split_once('(').map_or(name, |(name, _)| name);
    let is_here = |property: &str, tokens: &[Token], text: &str, at: usize| {
        let word = |at: usize| tokens.get(at).map_or("", |token| token.text(text));
        let before = at.checked_sub(1).map_or("", word).to_ascii_lowercase();
        match sqlstate {
            "42883" => word(at + 3) == "(",
            "42P01" => ["from", "join", "into", "update", "only"].contains(&before.as_str()),
            _ => before.is_empty() || before == "::" || property == "arguments",
        }
    };
    let mut texts = object.properties.iter().flat_map(|(property, value)| {
        let texts = match value {
            Value::Text(text) => vec![text],
            Value::List(texts) => texts.iter().collect(),
            _ => Vec::new(),
        };
        texts.into_iter().map(move |text| (*property, text))
    });
    texts.find_map(|(property, text)| {
        let mut tokens = lex(text);
        tokens.retain(|token| !token.kind.is_trivia());
        (0..tokens.len()).find_map(|at| {
            let [schema, dot, last] = tokens.get(at..at + 3)? else {
                return None;
            };
            let found = parse_name(&text[schema.span.start..last.span.end]).ok()?;
            let is_meant =
                dot.text(text) == "." && found.name == name && is_here(property, &tokens, text, at);
            (is_meant && found.schema.as_deref() != Some("pg_catalog")).then(|| found.to_string())
        })
    })
}

/// The catalog's name of what differs, where the wanted one is the same without a schema.
fn bare_of_other_schema(difference: &Difference) -> Option<String> {
    let first = |text: &Option<String>| {
        let text = text.as_deref()?;
        let end = text.find([' ', '(']).unwrap_or(text.len());
        parse_name(&text[..end]).ok()
    };
    let (have, want) = (first(&difference.have)?, first(&difference.want)?);
    (want.schema.is_none() && have.schema.is_some() && have.name == want.name).then(|| have.to_string())
}

/// What to do about bare names that mean nothing, or something else, where they are looked for.
fn to_qualify(mut names: Vec<String>) -> Option<String> {
    names.sort();
    names.dedup();
    (!names.is_empty()).then(|| {
        let names = names.join(", ");
        format!("write {names} in the check file, with the schema, if that is what is meant")
    })
}

/// What a refused text lacks, when that is the cause rather than the text itself.
fn missing(sqlstate: &str, message: &str, on: &ObjectId, judge: &Judge<'_>) -> Option<String> {
    match sqlstate {
        "42703" => missing_column(message, on, judge),
        "22P02" => missing_label(message, judge),
        _ => missing_object(sqlstate, message),
    }
}

/// The column that a refused text refers to, when its own check already fails for it.
fn missing_column(message: &str, on: &ObjectId, judge: &Judge<'_>) -> Option<String> {
    let words: Vec<&str> = message
        .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
        .collect();
    let gone: Vec<&ObjectId> = judge
        .ledger
        .present
        .range::<ObjectId, _>(ObjectId::on(Kind::Column, "", "", "")..)
        .copied()
        .take_while(|id| id.kind == Kind::Column)
        .filter(|id| words.contains(&id.name.as_str()) && judge.catalog.get(id).is_none())
        .collect();
    let own = gone
        .iter()
        .find(|id| id.schema == on.schema && id.relation == on.relation);
    own.or(gone.first()).map(ToString::to_string)
}

/// The enum that lacks a label of a refused text, when its own check already fails for it:
/// `invalid input value for enum mood: "happy"`.
fn missing_label(message: &str, judge: &Judge<'_>) -> Option<String> {
    let (before, rest) = message.rsplit_once(": \"")?;
    let label = rest.strip_suffix('"')?;
    let name = crate::sql::parse_name(before.rsplit_once(' ')?.1).ok()?.name;
    judge
        .catalog
        .of_kind(Kind::Enum)
        .find(|found| found.id.name == name && judge.ledger.wants(&found.id))
        .filter(|found| !found.list("labels").iter().any(|other| other == label))
        .map(|found| found.id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Context;
    use crate::check::testing::{literal, object, on_t, one, sample, settle, suite};
    use crate::check::{Answer, Question, Status};

    #[test]
    fn a_column_that_may_have_been_renamed_is_not_made_anew() {
        for (column, hint, is_remedied) in [
            ("amuont", "; there is public.t.amount", false),
            ("settled_at", "", true),
        ] {
            let suite = suite("0001", &format!("[table.t.column]\n{column} = \"integer\"\n"));
            let verdicts = settle(&[&suite], &sample(), literal);
            let verdict = one(&verdicts, &format!("0001/table.t/column.{column}"));
            let told = format!("column public.t.{column} does not exist{hint}");
            assert_eq!(verdict.message, told);
            assert_eq!(verdict.remedy.is_some(), is_remedied, "{:?}", verdict.remedy);
        }
    }

    #[test]
    fn a_bare_name_of_another_schema_is_told_with_its_schema() {
        let mut catalog = sample();
        catalog.insert(on_t(
            Kind::Index,
            "t_trgm",
            &[
                ("method", "gin"),
                ("keys", "note|ext.f(amount)"),
                ("opclasses", "ext.gin_trgm_ops|"),
                ("orders", "|"),
                ("valid", "t"),
                ("ready", "t"),
            ],
        ));
        catalog.insert(object(
            ObjectId::new(Kind::Function, "public", "shout(ext.citext)"),
            &[
                ("type", "function"),
                ("returns", "ext.citext"),
                ("arguments", "a ext.citext"),
            ],
        ));
        let text = "[table.t.index]\nt_trgm = \"using gin (note gin_trgm_ops, f(amount))\"\n\
                    [function.'shout(citext)']\nreturns = \"citext\"\n";
        let refuse = |missing: &'static str| {
            move |question: &Question| match question {
                Question::Same { context, .. } => Answer::Refused {
                    sqlstate: if *context == Context::Type {
                        "42704"
                    } else {
                        "42883"
                    }
                    .to_string(),
                    message: match context {
                        Context::Type => "type \"citext\" does not exist".to_string(),
                        _ => format!("function {missing} does not exist"),
                    },
                },
                other => literal(other),
            }
        };
        let verdicts = settle(&[&suite("0001", text)], &catalog, refuse("f(integer)"));
        let index = one(&verdicts, "0001/table.t/index.t_trgm");
        assert_eq!(
            (index.status, index.remedy.as_deref()),
            (
                Status::Fail,
                Some(
                    "write ext.f, ext.gin_trgm_ops in the check file, with the schema, if that is what is meant"
                )
            )
        );
        let have: Vec<_> = index
            .differences
            .iter()
            .map(|part| part.have.as_deref())
            .collect();
        assert_eq!(have, [Some("ext.f(amount)"), Some("ext.gin_trgm_ops")]);
        let function = one(&verdicts, "0001/function.shout(public.citext)");
        assert_eq!(function.status, Status::Fail, "{function:?}");
        assert_eq!(
            function.remedy.as_deref(),
            Some("write ext.citext in the check file, with the schema, if that is what is meant")
        );
        // what the catalog does not have in any schema is missing
        let text = "[table.t.index]\nt_trgm = \"using gin (note ext.gin_trgm_ops, g(amount))\"\n";
        let verdicts = settle(&[&suite("0001", text)], &catalog, refuse("g(integer)"));
        let index = one(&verdicts, "0001/table.t/index.t_trgm");
        assert_eq!(
            (index.status, index.blocked_by.as_deref()),
            (Status::Blocked, Some("function g(integer)"))
        );
    }

    #[test]
    fn refused_texts_name_what_is_missing() {
        for (sqlstate, message, object) in [
            (
                "42P01",
                "relation \"auth.users_extended\" does not exist",
                Some("table auth.users_extended"),
            ),
            (
                "42883",
                "function auth.uid() does not exist",
                Some("function auth.uid()"),
            ),
            ("3F000", "schema \"auth\" does not exist", Some("schema auth")),
            ("42704", "type \"mood\" does not exist", Some("type mood")),
            ("42704", "role \"app\" does not exist", Some("role app")),
            ("42883", "operator does not exist: uuid = integer", None),
            ("42601", "syntax error at or near \"x\"", None),
        ] {
            assert_eq!(
                missing_object(sqlstate, message).as_deref(),
                object,
                "{sqlstate} {message}"
            );
        }
    }
}
