//! Walks the plan, statement by statement.

use std::collections::{BTreeMap, BTreeSet};

use super::cause::{Cause, Site, describe};
use super::existing::Existing;
use super::world::{Key, Presence, World};
use crate::migration::{MigrationScript, Version};
use crate::plan::Plan;
use crate::source::{Place, Span};
use crate::sql::name::quote_ident;
use crate::sql::require::{Need, Needs, Requirement, features, needs};
use crate::sql::{Action, Effect, Name, ObjectKind, Setting, Statement, lex, parse_name};

/// What the walk found.
#[derive(Debug, Clone, Default)]
pub struct Assessment {
    pub causes: Vec<Cause>,
    pub advice: Vec<Advice>,
    /// The causes that each migration of the plan waits for, by index; a migration behind a blocked one waits for
    /// the same.
    pub blocked: BTreeMap<Version, Vec<usize>>,
    /// What cannot be made: path (`public.sync_progress`) and cause.
    pub waiting: Vec<(String, usize)>,
    pub statements: usize,
    /// Statements that may do more than their text says.
    pub opaque: usize,
}

impl Assessment {
    pub fn is_ready(&self) -> bool {
        self.causes.is_empty()
    }
}

/// Something to know that keeps nothing from running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    pub message: String,
    pub place: Option<Place>,
    pub help: String,
}

/// Judges a plan against what exists.
pub fn assess(plan: &Plan<'_>, existing: &Existing) -> Assessment {
    let mut walk = Walk {
        world: World::new(existing),
        found: Assessment::default(),
        index: BTreeMap::new(),
        tainted: BTreeMap::new(),
        other_role: false,
    };
    if !plan.is_empty() && (existing.standby || existing.read_only) {
        walk.read_only(existing.standby);
    }
    for (message, help) in &existing.busy {
        walk.found.advice.push(Advice {
            message: message.clone(),
            place: None,
            help: help.clone(),
        });
    }
    let mut stopped: Vec<usize> = Vec::new();
    for step in &plan.steps {
        walk.world.reset();
        walk.other_role = false;
        let mut causes: BTreeSet<usize> = BTreeSet::new();
        let done = existing.done.get(&step.migration.version).copied().unwrap_or(0);
        for statement in step.script.statements().iter().take(done) {
            walk.done(statement);
        }
        for statement in step.script.statements().iter().skip(done) {
            causes.extend(walk.statement(step.script, statement));
        }
        if stopped.is_empty() {
            stopped = causes.iter().copied().collect();
        }
        if !stopped.is_empty() {
            let all: BTreeSet<usize> = causes.iter().chain(&stopped).copied().collect();
            let mut all: Vec<usize> = all.into_iter().collect();
            if !causes.is_empty() {
                all.retain(|cause| causes.contains(cause));
            }
            walk.found.blocked.insert(step.migration.version, all);
        }
    }
    if walk.found.blocked.is_empty() && !walk.found.causes.is_empty() {
        for step in &plan.steps {
            walk.found.blocked.insert(step.migration.version, vec![0]);
        }
    }
    walk.found
}

struct Walk {
    world: World,
    found: Assessment,
    /// Causes by what they are about.
    index: BTreeMap<String, usize>,
    /// What a blocked statement would have made.
    tainted: BTreeMap<Key, usize>,
    /// The script acts as another role: what it may do was not looked up.
    other_role: bool,
}

impl Walk {
    /// A statement that an earlier run has done: its objects were looked up with all others.
    fn done(&mut self, statement: &Statement) {
        self.found.statements += 1;
        if let Some(setting) = &statement.sets {
            self.setting(setting);
        }
    }

    /// One statement; the causes that it waits for.
    fn statement(&mut self, script: &MigrationScript, statement: &Statement) -> Vec<usize> {
        self.found.statements += 1;
        self.found.opaque += usize::from(statement.opaque);
        if let Some(setting) = &statement.sets {
            self.setting(setting);
        }
        let needs = needs(script.sql(), statement);
        if self.is_skipped(statement, &needs) {
            return Vec::new();
        }
        let mut absent: Vec<(&Requirement, Need)> = Vec::new();
        let mut waits: Vec<usize> = Vec::new();
        for requirement in &needs.requirements {
            if let Some(unless) = &requirement.unless
                && self.world.presence(unless) != Presence::Absent(unless.clone())
            {
                continue;
            }
            match self.world.presence(&requirement.need) {
                Presence::Absent(root) => absent.push((requirement, root)),
                Presence::Present | Presence::Unsure => {
                    if let Some(cause) = self
                        .world
                        .key(&requirement.need)
                        .and_then(|key| self.tainted.get(&key))
                        && !requirement.advisory
                    {
                        waits.push(*cause);
                    }
                }
            }
        }
        let mut causes: Vec<usize> = Vec::new();
        causes.extend(self.obstacles(script, statement, &needs));
        self.world.apply(&statement.effects, &needs, statement.opaque);
        for (requirement, root) in absent {
            // what the statement itself has made: a table that refers to itself
            let itself = self.world.presence(&requirement.need);
            if !matches!(itself, Presence::Absent(_))
                && creates(statement, &requirement.need)
                && !drops(statement, &requirement.need)
            {
                continue;
            }
            if !requirement.advisory {
                causes.push(self.missing(script, requirement, root));
            } else {
                self.advise(script, requirement, &root);
            }
        }
        causes.sort_unstable();
        causes.dedup();
        waits.sort_unstable();
        waits.dedup();
        for &cause in &causes {
            self.found.causes[cause].statements += 1;
        }
        for &cause in waits.iter().filter(|cause| !causes.contains(cause)) {
            self.found.causes[cause].statements += 1;
        }
        if let Some(&cause) = causes.first().or(waits.first()) {
            self.taint(statement, cause);
        }
        causes.extend(waits);
        causes
    }

    /// `IF [NOT] EXISTS` that leaves nothing to do.
    fn is_skipped(&self, statement: &Statement, needs: &Needs) -> bool {
        if let Some(only_if) = &needs.only_if
            && matches!(self.world.presence(only_if), Presence::Absent(_))
        {
            return true;
        }
        let Some(first) = statement.effects.first() else {
            return false;
        };
        let Action::Create {
            if_not_exists: true, ..
        } = first.action
        else {
            return false;
        };
        match first.object.kind {
            ObjectKind::Column => false,
            ObjectKind::Table
            | ObjectKind::ForeignTable
            | ObjectKind::MaterializedView
            | ObjectKind::Index
            | ObjectKind::Sequence => {
                let mut name = first.object.name.clone();
                if first.object.kind == ObjectKind::Index
                    && let Some(on) = &first.object.on
                    && let Some((schema, _)) = self.world.relation(on)
                {
                    name.schema = Some(schema);
                }
                name.schema = Some(self.world.home(&name));
                self.world.relation(&name).is_some()
            }
            ObjectKind::Extension => self
                .world
                .now
                .extensions
                .installed
                .contains(&first.object.name.name),
            ObjectKind::Schema => self.world.now.schemas.contains_key(&first.object.name.name),
            _ => false,
        }
    }

    fn setting(&mut self, setting: &Setting) {
        match setting.name.as_str() {
            "search_path" => {
                self.world.path = match &setting.value {
                    None => Some(self.world.now.path.clone()),
                    Some(value) => schemas_of(value, &self.world.now.rights.role),
                };
            }
            "all" => self.world.reset(),
            "role" | "session_authorization" => self.other_role = true,
            _ => {}
        }
    }

    /// A need that nothing satisfies.
    fn missing(&mut self, script: &MigrationScript, requirement: &Requirement, root: Need) -> usize {
        let root = self.normal(&root);
        let object = describe(&root);
        let needed = describe(&self.normal(&requirement.need));
        let index = self.cause(&object, Some(root), "does not exist", "");
        let cause = &mut self.found.causes[index];
        if needed != object {
            // a column of a missing table is no object of its own
            if !matches!(requirement.need, Need::Column { .. }) {
                cause.explains.insert(needed.clone());
            }
        }
        let site = Site {
            file: script.file.clone(),
            span: requirement.span,
            by: requirement.by,
            object: needed,
        };
        if !cause.sites.contains(&site) {
            cause.sites.push(site);
        }
        index
    }

    fn advise(&mut self, script: &MigrationScript, requirement: &Requirement, root: &Need) {
        let advice = Advice {
            message: format!(
                "the body of a function needs {}, which does not exist",
                describe(&self.normal(root))
            ),
            place: Some(Place::new(&script.file, requirement.span)),
            help: "create it before the function, or set check_function_bodies to off in the script"
                .to_owned(),
        };
        if !self.found.advice.contains(&advice) {
            self.found.advice.push(advice);
        }
    }

    /// The cause of that name.
    fn cause(&mut self, object: &str, need: Option<Need>, state: &str, remedy: &str) -> usize {
        let key = format!("{object} {state}");
        if let Some(&index) = self.index.get(&key) {
            return index;
        }
        self.found.causes.push(Cause {
            object: object.to_owned(),
            need,
            state: state.to_owned(),
            sites: Vec::new(),
            statements: 0,
            explains: BTreeSet::new(),
            remedy: remedy.to_owned(),
        });
        let index = self.found.causes.len() - 1;
        self.index.insert(key, index);
        index
    }

    /// The same thing in one spelling: bare names in the schema that they would be created in.
    fn normal(&self, need: &Need) -> Need {
        let full = |name: &Name| Name {
            schema: Some(self.world.home(name)).filter(|schema| schema != "*"),
            name: name.name.clone(),
        };
        match need {
            Need::Relation(name) => Need::Relation(full(name)),
            Need::Index(name) => Need::Index(full(name)),
            Need::Type(name) => Need::Type(full(name)),
            Need::Function { name, arguments } => Need::Function {
                name: full(name),
                arguments: *arguments,
            },
            Need::Column { name, of } => Need::Column {
                name: name.clone(),
                of: of.iter().map(full).collect(),
            },
            Need::Part { kind, name, on } => Need::Part {
                kind,
                name: name.clone(),
                on: full(on),
            },
            other => other.clone(),
        }
    }

    /// Remembers that what the statement creates will not be there.
    fn taint(&mut self, statement: &Statement, cause: usize) {
        for effect in &statement.effects {
            if !matches!(effect.action, Action::Create { .. }) {
                continue;
            }
            let object = &effect.object;
            let kind = match object.kind {
                ObjectKind::Table
                | ObjectKind::ForeignTable
                | ObjectKind::View
                | ObjectKind::MaterializedView
                | ObjectKind::Sequence
                | ObjectKind::Index => "relation",
                ObjectKind::Type | ObjectKind::Enum | ObjectKind::Domain => "type",
                ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate => "function",
                ObjectKind::Schema => "schema",
                ObjectKind::Policy | ObjectKind::Trigger => {
                    if let Some(on) = &object.on {
                        let path = format!(
                            "{}.{}.{}",
                            quote_ident(&self.world.home(on)),
                            quote_ident(&on.name),
                            quote_ident(&object.name.name)
                        );
                        self.found.waiting.push((path, cause));
                    }
                    continue;
                }
                _ => continue,
            };
            let schema = if kind == "schema" {
                String::new()
            } else {
                self.world.home(&object.name)
            };
            let path = match schema.as_str() {
                "" => quote_ident(&object.name.name),
                schema => format!("{}.{}", quote_ident(schema), quote_ident(&object.name.name)),
            };
            self.found.waiting.push((path, cause));
            self.tainted
                .insert((kind, schema, object.name.name.clone()), cause);
        }
    }

    // ── what stands in the way of what is there ──

    fn read_only(&mut self, standby: bool) {
        let (object, remedy) = if standby {
            ("the standby server", "connect to the primary")
        } else {
            (
                "the read-only connection",
                "connect without default_transaction_read_only, or to the primary",
            )
        };
        self.cause(object, None, "accepts no writes", remedy);
    }

    /// What exists already, what the role may not, what the server is too old for.
    fn obstacles(&mut self, script: &MigrationScript, statement: &Statement, needs: &Needs) -> Vec<usize> {
        let mut causes = Vec::new();
        let makes_table = statement
            .effects
            .iter()
            .any(|effect| matches!(effect.object.kind, ObjectKind::Table | ObjectKind::ForeignTable));
        for effect in &statement.effects {
            let is_part = matches!(effect.object.kind, ObjectKind::Column | ObjectKind::Constraint);
            if let Action::Create {
                if_not_exists: false,
                or_replace: false,
            } = effect.action
                && !(is_part && makes_table && statement.tag.starts_with("CREATE"))
                && !makes_room(statement, effect)
                && let Some(object) = self.existing(effect)
            {
                let index = self.cause(
                    &object,
                    None,
                    "exists already",
                    "drop or rename what is there, write IF NOT EXISTS where the two are the same, or adopt the migration \
                     with `pgplumb baseline`",
                );
                self.site(index, script, effect.object.span, "create", &object);
                causes.push(index);
            }
        }
        let rights = &self.world.now.rights;
        if !rights.superuser && !self.other_role && !rights.role.is_empty() {
            for (object, span, remedy) in self.refused(statement, needs) {
                let state = format!("is missing for role {}", quote_ident(&self.world.now.rights.role));
                let index = self.cause(&object, None, &state, &remedy);
                self.site(index, script, span, "privilege", &object);
                causes.push(index);
            }
        }
        for feature in features(script.sql(), statement) {
            if self.world.now.version_num != 0 && self.world.now.version_num < feature.since * 10_000 {
                let object = format!("{} of PostgreSQL {}", feature.name, feature.since);
                let index = self.cause(
                    &object,
                    None,
                    "is unknown to this server",
                    &format!(
                        "upgrade the server to {} or newer, or write it without",
                        feature.since
                    ),
                );
                self.site(index, script, feature.span, "version", &object);
                causes.push(index);
            }
        }
        causes
    }

    fn site(&mut self, cause: usize, script: &MigrationScript, span: Span, by: &'static str, object: &str) {
        self.found.causes[cause].sites.push(Site {
            file: script.file.clone(),
            span,
            by,
            object: object.to_owned(),
        });
    }

    /// What is there although it is to be created; `None` when that is not certain.
    fn existing(&self, effect: &Effect) -> Option<String> {
        use ObjectKind::*;
        let world = &self.world;
        let object = &effect.object;
        let name = &object.name.name;
        if world.is_mentioned(name) || world.cascaded || object.name.schema.as_deref() == Some("pg_temp") {
            return None;
        }
        let home = world.home(&object.name);
        let on = object.on.as_ref().and_then(|on| world.relation(on));
        let path = Name::qualified(home.clone(), name.clone());
        let there = match object.kind {
            Table | ForeignTable | View | MaterializedView | Sequence | Index => {
                let key = match (&on, object.kind) {
                    (Some((schema, _)), Index) => (schema.clone(), name.clone()),
                    _ => (home, name.clone()),
                };
                let facts = world.now.relations.get(&key)?;
                let eroded = facts
                    .on
                    .as_ref()
                    .and_then(|on| world.now.relations.get(on))
                    .is_some_and(|table| table.touched);
                !facts.touched && !eroded && facts.kind != 'c'
            }
            Type | Enum | Domain => world.now.types.contains(&(home, name.clone())),
            Schema => world.now.schemas.contains_key(name),
            Role => world.now.roles.contains(name),
            Extension => world.now.extensions.installed.contains(name),
            Column => world.now.relations.get(&on?)?.columns.as_ref()?.contains(name),
            Constraint | Trigger | Policy | Rule => {
                let facts = world.now.relations.get(&on?)?;
                !facts.touched && facts.parts.contains(&format!("{} {name}", object.kind))
            }
            Function | Procedure => {
                let arguments = object.arguments.as_ref()?.join(", ");
                let overloads = world.now.functions.get(&(home, name.clone()))?;
                overloads.iter().any(|facts| facts.arguments == arguments)
            }
            _ => false,
        };
        there.then(|| match object.kind {
            Schema | Role | Extension => format!("{} {}", object.kind, quote_ident(name)),
            Column | Constraint | Trigger | Policy | Rule => {
                let on = object.on.as_ref().map(ToString::to_string).unwrap_or_default();
                format!("{} {} on {on}", object.kind, quote_ident(name))
            }
            kind => match path.schema.as_deref() {
                Some("public") => format!("{kind} {}", quote_ident(name)),
                _ => format!("{kind} {path}"),
            },
        })
    }

    /// Privileges that the role does not have: what, where, and the statement that gives it.
    fn refused(&self, statement: &Statement, needs: &Needs) -> Vec<(String, Span, String)> {
        use ObjectKind::*;
        let now = &self.world.now;
        let role = quote_ident(&now.rights.role);
        let mut refused = Vec::new();
        for effect in &statement.effects {
            let object = &effect.object;
            let creates = matches!(effect.action, Action::Create { .. });
            match (object.kind, creates) {
                (Schema, true) if !now.rights.create_schema => refused.push((
                    format!(
                        "privilege CREATE on database {}",
                        quote_ident(&now.rights.database)
                    ),
                    object.span,
                    format!(
                        "have an administrator run: GRANT CREATE ON DATABASE {} TO {role}",
                        quote_ident(&now.rights.database)
                    ),
                )),
                (Role, true) if !now.rights.create_role => refused.push((
                    "attribute CREATEROLE".to_owned(),
                    object.span,
                    format!("have an administrator run: ALTER ROLE {role} CREATEROLE"),
                )),
                (Extension, true) if now.extensions.available.get(&object.name.name) == Some(&false) => {
                    refused.push((
                        format!("right to create extension {}", quote_ident(&object.name.name)),
                        object.span,
                        format!(
                            "have a superuser run: CREATE EXTENSION {}",
                            quote_ident(&object.name.name)
                        ),
                    ));
                }
                (
                    Table | ForeignTable | View | MaterializedView | Sequence | Type | Enum | Domain
                    | Function | Procedure,
                    true,
                ) => {
                    let home = self.world.home(&object.name);
                    if now.schemas.get(&home).is_some_and(|facts| !facts.create) {
                        refused.push((
                            format!("privilege CREATE on schema {}", quote_ident(&home)),
                            object.span,
                            format!(
                                "have its owner run: GRANT CREATE ON SCHEMA {} TO {role}",
                                quote_ident(&home)
                            ),
                        ));
                    }
                }
                _ => {}
            }
            let owned = match (object.kind, &effect.action) {
                (Policy, _) => object.on.as_ref(),
                (Index, Action::Create { .. }) => object.on.as_ref(),
                (
                    Table | View | MaterializedView,
                    Action::Alter | Action::Rename { .. } | Action::Move { .. },
                ) => Some(&object.name),
                _ => None,
            };
            if let Some(name) = owned
                && let Some(key) = self.world.relation(name)
                && now
                    .relations
                    .get(&key)
                    .is_some_and(|facts| !facts.owned && matches!(facts.kind, 'r' | 'p' | 'v' | 'm' | 'f'))
            {
                refused.push((
                    format!("ownership of {}", Name::qualified(key.0.clone(), key.1.clone())),
                    object.span,
                    format!(
                        "connect as its owner, or have an administrator run: ALTER TABLE {} OWNER TO {role}",
                        Name::qualified(key.0, key.1)
                    ),
                ));
            }
        }
        for requirement in &needs.requirements {
            if requirement.by == "foreign key"
                && let Need::Relation(name) = &requirement.need
                && let Some(key) = self.world.relation(name)
                && now.relations.get(&key).is_some_and(|facts| !facts.may_reference)
            {
                let name = Name::qualified(key.0, key.1);
                refused.push((
                    format!("privilege REFERENCES on {name}"),
                    requirement.span,
                    format!("have its owner run: GRANT REFERENCES ON {name} TO {role}"),
                ));
            }
            let schema = match &requirement.need {
                Need::Relation(name) | Need::Type(name) | Need::Function { name, .. } => name.schema.as_ref(),
                _ => None,
            };
            if let Some(schema) = schema
                && !requirement.advisory
                && now.schemas.get(schema).is_some_and(|facts| !facts.usage)
            {
                refused.push((
                    format!("privilege USAGE on schema {}", quote_ident(schema)),
                    requirement.span,
                    format!(
                        "have its owner run: GRANT USAGE ON SCHEMA {} TO {role}",
                        quote_ident(schema)
                    ),
                ));
            }
        }
        refused
    }
}

/// Whether the statement itself takes away or renames what it then creates: DROP CONSTRAINT a, ADD CONSTRAINT a.
fn makes_room(statement: &Statement, created: &Effect) -> bool {
    statement.effects.iter().any(|effect| {
        matches!(effect.action, Action::Drop { .. } | Action::Rename { .. })
            && effect.object.kind == created.object.kind
            && effect.object.name.name == created.object.name.name
    })
}

/// Whether a statement drops a constraint, which ALTER TABLE does before it adds any.
fn drops(statement: &Statement, need: &Need) -> bool {
    let Need::Part { kind, name, .. } = need else {
        return false;
    };
    statement.effects.iter().any(|effect| {
        matches!(effect.action, Action::Drop { .. })
            && effect.object.kind.as_str() == *kind
            && effect.object.name.name == *name
    })
}

/// Whether the statement itself creates what is needed.
fn creates(statement: &Statement, need: &Need) -> bool {
    let made = |name: &str, kinds: &[ObjectKind]| {
        statement.effects.iter().any(|effect| {
            matches!(effect.action, Action::Create { .. })
                && effect.object.name.name == name
                && (kinds.is_empty() || kinds.contains(&effect.object.kind))
        })
    };
    match need {
        Need::Relation(name) | Need::Index(name) | Need::Type(name) => made(&name.name, &[]),
        Need::Function { name, .. } => made(&name.name, &[]),
        Need::Schema(name) => made(name, &[ObjectKind::Schema]),
        Need::Column { name, of } => {
            made(name, &[ObjectKind::Column])
                || of
                    .iter()
                    .any(|of| made(&of.name, &[ObjectKind::Table, ObjectKind::ForeignTable]))
        }
        Need::Part { name, .. } => made(name, &[]),
        _ => false,
    }
}

/// The schemas of `SET search_path`; `None` when they cannot be told.
pub fn schemas_of(value: &str, role: &str) -> Option<Vec<String>> {
    let text = value.trim();
    let mut schemas = Vec::new();
    if text.is_empty() || text == "''" || text == "\"\"" {
        return Some(schemas);
    }
    for token in lex(text) {
        let spelled = token.text(text);
        match token.kind {
            crate::sql::TokenKind::Ident | crate::sql::TokenKind::QuotedIdent => {
                let name = parse_name(spelled).ok()?.name;
                schemas.push(if name == "$user" { role.to_owned() } else { name });
            }
            crate::sql::TokenKind::String => {
                let inner = spelled.strip_prefix('\'')?.strip_suffix('\'')?;
                schemas.push(if inner == "$user" {
                    role.to_owned()
                } else {
                    inner.to_owned()
                });
            }
            kind if kind.is_trivia() => {}
            _ if spelled == "," => {}
            _ => return None,
        }
    }
    Some(schemas)
}
