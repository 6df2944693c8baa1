//! Walks the plan, statement by statement.

use std::collections::{BTreeMap, BTreeSet};

use super::cause::{Cause, Site, Trouble, describe};
use super::existing::{Existing, Refusal};
use super::labels::Labels;
use super::world::{Key, Presence, World};
use crate::migration::{MigrationScript, Version};
use crate::plan::Plan;
use crate::source::Place;
use crate::sql::name::quote_ident;
use crate::sql::require::{Need, Needs, Requirement};
use crate::sql::{Action, Name, ObjectKind, Setting, Statement, lex, parse_name};

/// What the walk found.
#[derive(Debug, Clone, Default)]
pub struct Assessment {
    pub causes: Vec<Cause>,
    pub advice: Vec<Advice>,
    /// The causes that each migration of the plan waits for, by index; a migration behind a blocked one waits for
    /// the same.
    pub blocked: BTreeMap<Version, Vec<usize>>,
    /// Of those, what each waits for by its own statements.
    pub own: BTreeMap<Version, Vec<usize>>,
    pub waiting: Vec<Unmade>,
    pub statements: usize,
    /// Statements that may do more than their text says.
    pub opaque: usize,
}

impl Assessment {
    pub fn is_ready(&self) -> bool {
        self.causes.is_empty()
    }
}

/// What cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmade {
    pub kind: ObjectKind,
    /// `public.sync_progress`.
    pub path: String,
    /// The first thing that its statement waits for.
    pub cause: usize,
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
        labels: Labels::default(),
        lost: BTreeMap::new(),
        at: 0,
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
        walk.labels = Labels::default();
        let mut causes: BTreeSet<usize> = BTreeSet::new();
        causes.extend(walk.no_session(step.script, existing.pooler.as_deref()));
        let done = existing.done.get(&step.migration.version).copied().unwrap_or(0);
        walk.lost.clear();
        for (index, statement) in step.script.statements().iter().take(done).enumerate() {
            walk.done(statement, index + 1);
            // it may have been begun alone, and is settled when the script goes on
            if index + 1 == done && statement.outside_transaction.is_some() {
                let needs = step.script.needs(statement);
                walk.world.apply(&statement.effects, &needs, statement.opaque);
            }
        }
        for statement in step.script.statements().iter().skip(done) {
            let refusal = existing.refused.get(&step.migration.version);
            let refusal = refusal.filter(|refusal| is_at(step.script, statement, refusal));
            causes.extend(walk.statement(step.script, statement, refusal));
        }
        if !causes.is_empty() {
            let own = causes.iter().copied().collect();
            walk.found.own.insert(step.migration.version, own);
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
    walk.actors(plan, &existing.actors);
    if walk.found.blocked.is_empty() && !walk.found.causes.is_empty() {
        for step in &plan.steps {
            walk.found.blocked.insert(step.migration.version, vec![0]);
        }
    }
    walk.found
}

/// Whether the statement is the one in which, or right behind which, the server's grammar gave up.
fn is_at(script: &MigrationScript, statement: &Statement, refusal: &Refusal) -> bool {
    let statements = script.statements();
    let behind = statements.partition_point(|other| other.span.start <= refusal.span.start);
    statements
        .get(behind.saturating_sub(1))
        .is_some_and(|at| at.span == statement.span)
}

pub(super) struct Walk {
    pub(super) world: World,
    pub(super) found: Assessment,
    /// Causes by what they are about.
    pub(super) index: BTreeMap<String, usize>,
    /// What a blocked statement would have made.
    pub(super) tainted: BTreeMap<Key, usize>,
    /// The script acts as another role: what it may do was not looked up.
    pub(super) other_role: bool,
    /// Labels that this transaction adds to enums.
    pub(super) labels: Labels,
    /// Temporary relations that an earlier run of the script made, with the numbers of their statements: they went with
    /// its session.
    lost: BTreeMap<String, usize>,
    /// Where the statement that is looked at begins.
    pub(super) at: usize,
}

impl Walk {
    /// A statement that an earlier run has done: its objects were looked up with all others.
    fn done(&mut self, statement: &Statement, number: usize) {
        self.found.statements += 1;
        for effect in &statement.effects {
            let name = &effect.object.name;
            let is_part = matches!(effect.object.kind, ObjectKind::Column | ObjectKind::Index);
            match effect.action {
                Action::Create { .. } if name.schema.as_deref() == Some("pg_temp") && !is_part => {
                    self.lost.insert(name.name.clone(), number);
                }
                Action::Drop { .. } => {
                    self.lost.remove(&name.name);
                }
                _ => {}
            }
        }
        if let Some(setting) = &statement.sets {
            self.setting(setting);
        }
    }

    /// One statement; the causes that it waits for.
    fn statement(
        &mut self,
        script: &MigrationScript,
        statement: &Statement,
        refusal: Option<&Refusal>,
    ) -> Vec<usize> {
        self.at = statement.span.start;
        self.found.statements += 1;
        if let Some(refusal) = refusal
            && let Some(index) = self.refusal(script, statement, refusal)
        {
            return vec![index];
        }
        self.found.opaque += usize::from(statement.opaque);
        if let Some(setting) = &statement.sets {
            self.setting(setting);
        }
        let needs = script.needs(statement);
        let needs = needs.as_ref();
        if self.is_skipped(statement, needs) {
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
        causes.extend(self.obstacles(script, statement, needs));
        if script.is_transactional() {
            causes.extend(self.label(script, statement));
        }
        self.world.apply(&statement.effects, needs, statement.opaque);
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
        self.columns(needs);
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
        let index = match self.lost_with_its_session(&root) {
            Some((name, number)) => self.cause(
                &format!("temporary table {}", quote_ident(&name)),
                Trouble::Missing,
                None,
                &format!("is gone: statement {number} made it in an earlier run, and it went with the session of that"),
                "make it again in front of the statement that needs it: what stands behind the statements that are \
                 done may be changed",
            ),
            None => self.cause(&object, Trouble::Missing, Some(root), "does not exist", ""),
        };
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
            statement: self.at,
            by: requirement.by,
            object: needed,
        };
        if !cause.sites.contains(&site) {
            cause.sites.push(site);
        }
        index
    }

    /// What an earlier run of the script made for itself alone, and the number of the statement that did.
    fn lost_with_its_session(&self, root: &Need) -> Option<(String, usize)> {
        let name = match root {
            Need::Relation(name) => name,
            Need::Column { of, .. } => of.first()?,
            _ => return None,
        };
        let number = *self.lost.get(&name.name)?;
        Some((name.name.clone(), number))
    }

    /// What the columns of a missing table are called.
    fn columns(&mut self, needs: &Needs) {
        for requirement in needs.requirements.iter().filter(|one| !one.advisory) {
            let Need::Column { name, of } = &requirement.need else {
                continue;
            };
            let [of] = of.as_slice() else { continue };
            let table = self.normal(&Need::Relation(of.clone()));
            let mut causes = self.found.causes.iter_mut();
            if let Some(cause) = causes.find(|cause| cause.need.as_ref() == Some(&table)) {
                cause.columns.insert(name.clone());
            }
        }
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
    pub(super) fn cause(
        &mut self,
        object: &str,
        trouble: Trouble,
        need: Option<Need>,
        state: &str,
        remedy: &str,
    ) -> usize {
        let key = format!("{object} {state}");
        if let Some(&index) = self.index.get(&key) {
            return index;
        }
        self.found.causes.push(Cause {
            object: object.to_owned(),
            trouble,
            need,
            state: state.to_owned(),
            sites: Vec::new(),
            asked_by: BTreeSet::new(),
            statements: 0,
            explains: BTreeSet::new(),
            columns: BTreeSet::new(),
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
    pub(super) fn taint(&mut self, statement: &Statement, cause: usize) {
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
                        self.found.waiting.push(Unmade {
                            kind: object.kind,
                            path,
                            cause,
                        });
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
            self.found.waiting.push(Unmade {
                kind: object.kind,
                path,
                cause,
            });
            self.tainted
                .insert((kind, schema, object.name.name.clone()), cause);
        }
    }
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
