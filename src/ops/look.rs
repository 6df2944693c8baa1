//! What is read of the catalog for the account of a step, and when: a reading costs more than most scripts.

use std::collections::BTreeMap;

use super::runner::{Runner, decode};
use super::{Error, facts};
use crate::catalog::diff::{self, ChangeKind};
use crate::catalog::{Catalog, Object, ObjectId, Scope};
use crate::db::batch::{Batch, Failure, Reply, Stage};
use crate::db::catalog::{self as reading, Read, ReadError};
use crate::db::names;
use crate::db::session::Session;
use crate::history::{History, trace};
use crate::migration::{Migration, MigrationScript};
use crate::plan::{Direction, Plan, Step};
use crate::report::model::{Artifacts, MigrationReport, MigrationState};
use crate::sql::{Action, Effect, ObjectKind, Statement};

/// How much is read for a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Before the script and behind it.
    Both,
    /// The script makes all that is read, and the server makes sure that none of it was there: behind it.
    Behind,
    /// The same, and nothing that follows changes it: its names behind the script, the details at the end of the run.
    Names,
}

/// What is read for a step.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub scope: Scope,
    pub extent: Extent,
    /// The relations of it whose names are asked for; those of indexes come with their tables.
    named: names::Pairs,
    /// What of it may have been there without the script failing.
    doubtful: Scope,
}

impl Look {
    fn new(script: &MigrationScript, scope: Scope, extent: Extent, schemas: &[String]) -> Look {
        let is_index = |effect: &Effect| effect.object.kind == ObjectKind::Index;
        let is_sure = is_sure(script);
        Look {
            named: made_by(script, schemas, |effect| !is_index(effect)).relations,
            doubtful: match is_sure {
                true => made_by(script, schemas, |effect| !is_refused_twice(effect, schemas)),
                false => scope.clone(),
            },
            scope,
            extent,
        }
    }

    /// Whether something is read before the script.
    pub fn reads_before(&self) -> bool {
        self.extent == Extent::Both
    }

    /// Adds the reading before the script.
    pub fn push_before(&self, session: &Session, batch: &mut Batch) {
        if self.reads_before() {
            self.push_all(session, batch, Stage::Before);
        }
    }

    /// Adds the reading behind the script.
    pub fn push_behind(&self, session: &Session, history: &History, batch: &mut Batch) {
        match self.extent {
            Extent::Both | Extent::Behind => self.push_all(session, batch, Stage::After),
            Extent::Names => names::push(session, history, batch, &self.scope, &self.named),
        }
    }

    fn push_all(&self, session: &Session, batch: &mut Batch, stage: Stage) {
        let sql = reading::read_sql(&self.scope, session.version_num());
        session.read_few(batch, stage, &sql);
    }

    /// What must not be there yet, as an array's literal of paths; `None` when they do not say all of it.
    pub fn absent(&self) -> Option<String> {
        match self.extent {
            Extent::Both => Some(names::paths(&names::Pairs::new())),
            Extent::Behind | Extent::Names => {
                let is_relations = self.doubtful.types.is_empty() && self.doubtful.functions.is_empty();
                is_relations.then(|| names::paths(&self.doubtful.relations))
            }
        }
    }

    /// The relations whose names are asked for behind the script, as an array's literal of paths.
    pub fn named(&self) -> String {
        match self.extent {
            Extent::Names => names::paths(&self.named),
            Extent::Both | Extent::Behind => names::paths(&names::Pairs::new()),
        }
    }

    /// Whether names of relations are asked for.
    pub fn asks_names(&self) -> bool {
        self.extent == Extent::Names && !self.named.is_empty()
    }

    /// What was read behind the script.
    ///
    /// # Errors
    /// [`Error::Database`] when it could not be read, or others changed it meanwhile.
    pub fn decode_behind(&self, reply: &Reply) -> Result<Catalog, Error> {
        match self.extent {
            Extent::Both | Extent::Behind => decode(reply, Stage::After),
            Extent::Names => names::decode(reply, Stage::After)
                .map_err(|error| Error::database("reading the catalog", Failure::of(error))),
        }
    }

    /// The condition that finds what the script is to make.
    pub fn present(&self) -> Option<String> {
        match self.extent {
            Extent::Both => None,
            Extent::Behind | Extent::Names => names::present_sql(&self.doubtful),
        }
    }
}

impl Runner<'_> {
    /// How much is read for each step of a plan.
    pub(super) fn extents(&self, plan: &Plan<'_>) -> Vec<Extent> {
        let mut extents: Vec<Extent> = Vec::with_capacity(plan.steps.len());
        let mut only_new_follows = true;
        for step in plan.steps.iter().rev() {
            let is_new = step.direction == Direction::Up
                && step.script.is_transactional()
                && self
                    .scope(step)
                    .is_within(&made_by(step.script, &self.reading.schemas, |_| true));
            extents.push(match is_new {
                false => Extent::Both,
                true if only_new_follows && self.suite(step).is_none() => Extent::Names,
                true => Extent::Behind,
            });
            only_new_follows &= is_new && !is_opaque(step);
        }
        extents.reverse();
        extents
    }

    /// What is read for a step.
    pub(super) fn look_at(&self, step: &Step<'_>, extent: Extent) -> Look {
        Look::new(step.script, self.scope(step), extent, &self.reading.schemas)
    }

    /// Tells what a run that works leaves out where nobody reads its report.
    pub(super) async fn tell_all(&mut self) {
        if !std::mem::take(&mut self.is_terse) {
            return;
        }
        self.read_details().await;
        for line in &mut self.migrations {
            let migration = self
                .context
                .project
                .set
                .iter()
                .find(|migration| migration.stem() == line.stem());
            if let Some(migration) = migration.filter(|_| line.state != MigrationState::Pending) {
                let gates = self.suites.iter().filter(|_| self.verify);
                let suite = gates
                    .into_iter()
                    .find(|suite| suite.version == Some(migration.version));
                facts::of_files(line, migration, &migration.up, suite);
            }
        }
    }

    /// Reads the details of what this run made and told by its names alone. Where that does not work any more, the
    /// names have to do.
    pub(super) async fn read_details(&mut self) {
        let deferred = std::mem::take(&mut self.deferred);
        if deferred.is_empty() {
            return;
        }
        let set = &self.context.project.set;
        let migrations: BTreeMap<String, &Migration> = set
            .iter()
            .map(|migration| (migration.stem(), migration))
            .collect();
        let mut scope = Scope::default();
        for line in &deferred {
            if let Some(&migration) = migrations.get(&self.migrations[*line].stem()) {
                scope.extend(self.scope(&Step {
                    direction: Direction::Up,
                    migration,
                    script: &migration.up,
                }));
            }
        }
        let mut batch = Batch::new();
        let sql = reading::read_sql(&scope, self.session.version_num());
        self.session
            .begin(&mut batch, "READ ONLY", &self.session.settings);
        self.session.read_few(&mut batch, Stage::After, &sql);
        batch.one(Stage::Query, "ROLLBACK");
        let lines = deferred.iter().copied();
        let mut named = Named::new(&mut self.migrations, lines);
        let sent = batch.send(self.session.client()).await;
        let heard = reading::read_each(sent, Stage::After, |read| named.take(read)).await;
        if let Err(failure) = heard {
            self.session.rollback().await;
            tracing::debug!("the details were not read: {}", failure.error);
            named.is_disturbed = true;
        }
        named.settle();
    }
}

/// Objects that are known by their names, while their details come row by row: all of them at once would be the
/// largest thing in memory.
struct Named<'m> {
    migrations: &'m mut [MigrationReport],
    /// Line and place of each, in the order of their ids.
    places: Vec<(usize, usize)>,
    /// What the names alone told.
    before: Vec<Object>,
    is_disturbed: bool,
}

impl Named<'_> {
    fn new(migrations: &mut [MigrationReport], lines: impl Iterator<Item = usize>) -> Named<'_> {
        let created = |line: usize| migrations[line].artifacts.created.iter().enumerate();
        let mut places = Vec::new();
        let mut before = Vec::new();
        for line in lines {
            for (index, object) in created(line) {
                places.push((line, index));
                if !object.properties.is_empty() {
                    before.push(object.clone());
                }
            }
        }
        let id = |(line, index): (usize, usize)| &migrations[line].artifacts.created[index].id;
        places.sort_by(|a, b| id(*a).cmp(id(*b)));
        Named {
            migrations,
            places,
            before,
            is_disturbed: false,
        }
    }

    fn find(&mut self, id: &ObjectId) -> Option<&mut Object> {
        let found = self
            .places
            .binary_search_by(|(line, index)| self.migrations[*line].artifacts.created[*index].id.cmp(id));
        let (line, index) = self.places[found.ok()?];
        self.migrations[line].artifacts.created.get_mut(index)
    }

    fn take(&mut self, read: Result<Read, ReadError>) {
        match read {
            Ok(Read::Object(read)) => {
                if let Some(object) = self.find(&read.id) {
                    *object = read;
                }
            }
            Ok(Read::Details(read)) => {
                if let Some(object) = self.find(&read.id) {
                    object.properties.extend(read.properties);
                }
            }
            Err(error) => {
                tracing::debug!("a detail was not read: {error}");
                self.is_disturbed = true;
            }
        }
    }

    /// Details of some alone would say of the others that they have none: then the names have to do.
    fn settle(mut self) {
        if !self.is_disturbed {
            return;
        }
        for (line, index) in &self.places {
            self.migrations[*line].artifacts.created[*index]
                .properties
                .clear();
        }
        for object in std::mem::take(&mut self.before) {
            if let Some(known) = self.find(&object.id) {
                *known = object;
            }
        }
    }
}

/// What a script names, to be read before and behind it.
pub fn scope_of(script: &MigrationScript, schemas: &[String]) -> Scope {
    let mut scope = Scope::default();
    for effect in effects(script) {
        scope.add_effect(effect, schemas);
    }
    scope
}

/// What a script creates, each by itself.
fn made_by(script: &MigrationScript, schemas: &[String], is_meant: impl Fn(&Effect) -> bool) -> Scope {
    let mut scope = Scope::default();
    for effect in effects(script).filter(|effect| is_meant(effect)) {
        if matches!(effect.action, Action::Create { .. }) {
            let mut alone = effect.clone();
            alone.object.on = None;
            scope.add_effect(&alone, schemas);
        }
    }
    scope
}

fn effects(script: &MigrationScript) -> impl Iterator<Item = &Effect> {
    script
        .statements()
        .iter()
        .flat_map(|statement| &statement.effects)
}

/// Whether the server refuses to create it where it is there already: but for overloads of a function, and where the name
/// alone does not tell the schema.
fn is_refused_twice(effect: &Effect, schemas: &[String]) -> bool {
    let is_plain = effect.action
        == Action::Create {
            if_not_exists: false,
            or_replace: false,
        };
    let is_routine = matches!(
        effect.object.kind,
        ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Routine | ObjectKind::Aggregate
    );
    is_plain && !is_routine && (effect.object.name.schema.is_some() || schemas.len() == 1)
}

/// Whether a script does nothing but make and alter objects where their names say: then what the server creates was not
/// there. What takes something out of its place, or may change the search_path, is not like that.
fn is_sure(script: &MigrationScript) -> bool {
    let stays = |effect: &Effect| match effect.action {
        Action::Create { .. } => effect.object.kind != ObjectKind::Schema,
        Action::Alter | Action::Comment | Action::Grant | Action::Revoke => true,
        _ => false,
    };
    let statements = script.statements();
    let is_plain = |statement: &Statement| {
        !statement.opaque && !statement.effects.is_empty() && statement.effects.iter().all(stays)
    };
    statements.iter().all(is_plain)
}

/// Whether the script does more than it says.
fn is_opaque(step: &Step<'_>) -> bool {
    step.script.statements().iter().any(|statement| statement.opaque)
}

/// What a step made of the catalog.
pub(super) fn artifacts(before: &Catalog, after: &Catalog) -> Artifacts {
    let mut artifacts = Artifacts {
        traces: trace::trace(before, after),
        ..Artifacts::default()
    };
    for change in diff::diff(before, after) {
        match change.kind {
            ChangeKind::Added => artifacts.created.extend(after.get(&change.object).cloned()),
            ChangeKind::Removed => artifacts.removed.extend(before.get(&change.object).cloned()),
            ChangeKind::Changed { property, .. } => match artifacts.altered.last_mut() {
                Some((object, properties)) if object.id == change.object => {
                    properties.push(property.to_string());
                }
                _ => {
                    if let Some(object) = after.get(&change.object) {
                        artifacts
                            .altered
                            .push((object.clone(), vec![property.to_string()]));
                    }
                }
            },
        }
    }
    // kept until the end of the run
    artifacts.created.shrink_to_fit();
    artifacts
}
