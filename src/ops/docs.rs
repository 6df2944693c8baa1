//! `docs`: what is deployed, read from the live catalog. Writes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::context::{Context, ask};
use super::judge::{Place, judge};
use super::look;
use super::runner::{self, millis};
use super::{Error, facts, suites};
use crate::catalog::{Catalog, Kind, Object, Scope};
use crate::check::{self, Suite};
use crate::db::batch::{Batch, Reply, Stage};
use crate::db::catalog as reading;
use crate::db::figures;
use crate::db::history as tables;
use crate::db::history::Reading;
use crate::db::session::Session;
use crate::diagnostic::Diagnostic;
use crate::history::Ledger;
use crate::migration::{Migration, Version};
use crate::report::model::{AppliedLine, Before, Documentation, Figures, MigrationState, Report};
use crate::sql::{Action, Effect, Name, quote_ident};

/// What the user asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What these made; what all applied ones made when empty.
    pub versions: Vec<Version>,
    /// The schema reference instead of the quick reference.
    pub full: bool,
}

/// How often the catalog is read when others change it meanwhile, before that is reported.
const ATTEMPTS: usize = 5;

/// Documents what the migrations made of the database. Catalog checks are judged on the way, so that the document
/// says what is as specified; queries and probes are left to `verify`.
///
/// # Errors
/// [`Error`] when the database could not be looked at, or a version is unknown.
pub async fn docs(context: &Context<'_>, options: &Options) -> Result<Report, Error> {
    let started = Instant::now();
    let mut report = super::begin("docs");
    let project = context.project;
    let whole = suites(project)?;
    let mut all = whole.to_vec();
    all.iter_mut().for_each(Suite::retain_catalog_checks);
    unknown(context, &options.versions)?;
    let (mut session, history) = context.open_with_history().await?;
    report.database = Some(context.database(&session, &history));
    let ledger = Ledger::build(&project.set, &history.history);
    let is_applied = |version: Version| ledger.get(version).is_some_and(|entry| entry.is_applied());
    let chosen: Vec<&Migration> = project
        .set
        .iter()
        .filter(|migration| match options.versions.is_empty() {
            true => is_applied(migration.version),
            false => options.versions.contains(&migration.version),
        })
        .collect();
    let is_chosen = |suite: &Suite| {
        suite
            .version
            .is_some_and(|version| chosen.iter().any(|migration| migration.version == version))
    };

    let made = Made::by(
        &chosen,
        &history.schemas,
        all.iter().filter(|suite| is_chosen(suite)),
    );
    let known: Vec<&Suite> = all
        .iter()
        .filter(|suite| is_chosen(suite) || suite.version.is_some_and(is_applied))
        .collect();
    let mut scope = made.scope.clone();
    scope.extend(check::scope(&known));
    scope.partitions_of.extend(made.scope.relations.iter().cloned());
    for migration in &chosen {
        scope.extend(look::scope_of(&migration.up, &history.schemas));
    }
    let mut attempt = 1;
    let reply = loop {
        let read = read(context, &mut session, &history, &scope).await;
        let decoded = read.and_then(|reply| Ok((runner::decode(&reply, Stage::After)?, reply)));
        match decoded {
            Err(error) if runner::is_disturbance(&error) && attempt < ATTEMPTS => {
                session.rollback().await;
                attempt += 1;
            }
            result => break result?,
        }
    };
    let (catalog, reply) = reply;
    let judged = judge(context, &session, &known, &catalog, Place::Within, is_chosen).await;
    session.rollback().await;
    report.checks = judged?.verdicts;

    let applications = applications(&reply);
    for &migration in &chosen {
        let applied = is_applied(migration.version);
        let mut line = runner::describe(
            migration,
            if applied {
                MigrationState::Applied
            } else {
                MigrationState::Pending
            },
        );
        let suite = whole
            .iter()
            .find(|suite| suite.version == Some(migration.version));
        facts::of_files(&mut line, migration, &migration.up, suite);
        line.applied = history.history.get(migration.version).map(|recorded| {
            let journal = applications.get(&migration.version);
            Box::new(AppliedLine {
                on: recorded.applied_on.clone(),
                by: journal.and_then(|line| line.by.clone()),
                from: journal.and_then(|line| line.from.clone()),
                duration_ms: journal.and_then(|line| line.duration_ms),
                verdict: journal.and_then(|line| line.verdict.clone()),
            })
        });
        if !applied {
            report.diagnostics.push(
                Diagnostic::warning(format!("{} is not applied", migration.stem()))
                    .fact("shown", "what of it the catalog has all the same"),
            );
        }
        report.migrations.push(line);
    }
    let count = |suites: &[Suite]| -> usize {
        suites
            .iter()
            .filter(|suite| is_chosen(suite))
            .map(Suite::checks)
            .sum()
    };
    let left = count(whole) - count(&all);
    if left > 0 {
        report.diagnostics.push(
            Diagnostic::note(format!(
                "checks of the suites that look at rows, and so were not run here: {left}"
            ))
            .help("`pgplumb verify` runs them"),
        );
    }
    if chosen.is_empty() {
        report.diagnostics.push(
            Diagnostic::warning("no migration is applied, so there is nothing to document")
                .help("run `pgplumb apply`"),
        );
    }
    let newest = chosen.iter().map(|migration| migration.version).max();
    let earlier = |version: Version| {
        newest.is_some_and(|newest| version < newest)
            && chosen.iter().all(|migration| migration.version != version)
    };
    report.before = Some(Before {
        applied: facts::applied(&ledger, earlier),
        ..Before::default()
    });
    let objects: Vec<Object> = catalog
        .iter()
        .filter(|object| made.holds(object, &catalog))
        .cloned()
        .collect();
    report.documentation = Some(documentation(options, &chosen, &catalog, objects, &reply));
    report.duration_ms = millis(started.elapsed());
    Ok(report)
}

/// One snapshot of the catalog with its figures, and the journal; its transaction stays open for the questions to
/// the server.
async fn read(
    context: &Context<'_>,
    session: &mut Session,
    history: &Reading,
    scope: &Scope,
) -> Result<Reply, Error> {
    let mut batch = Batch::new();
    session.begin(&mut batch, "ISOLATION LEVEL REPEATABLE READ", &session.settings);
    let sql = reading::read_sql(scope, session.version_num());
    session.read_catalog(&mut batch, Stage::After, &sql);
    batch.many(Stage::Query, figures::READ_SQL);
    if history.history.has_journal {
        batch.one(Stage::Record, &tables::read_applications_sql(&history.history));
    }
    context
        .answer(session, ask(session, "reading the catalog", batch))
        .await
        .or_interrupted("the catalog was read")?
}

fn unknown(context: &Context<'_>, versions: &[Version]) -> Result<(), Error> {
    let problems: Vec<Diagnostic> = versions
        .iter()
        .filter(|version| context.project.set.get(**version).is_none())
        .map(|version| {
            Diagnostic::error(format!("there is no migration with version {version}"))
                .help("name one of those that `pgplumb status` lists")
        })
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Input(problems))
    }
}

/// What the journal tells of the newest application of each version.
fn applications(reply: &Reply) -> BTreeMap<Version, AppliedLine> {
    reply
        .rows(Stage::Record)
        .filter_map(|row| {
            let text = |name: &str| row.try_get(name).ok().flatten().map(str::to_string);
            let version = Version::new(text("version")?.parse().ok()?)?;
            Some((
                version,
                AppliedLine {
                    on: String::new(),
                    by: text("login"),
                    from: text("client").filter(|client| !client.is_empty()),
                    duration_ms: text("duration_ms").and_then(|text| text.parse().ok()),
                    verdict: text("verdict"),
                },
            ))
        })
        .collect()
}

fn documentation(
    options: &Options,
    chosen: &[&Migration],
    catalog: &Catalog,
    objects: Vec<Object>,
    reply: &Reply,
) -> Documentation {
    let (rows, counting_since) = figures::decode(reply, Stage::Query);
    let figures = rows
        .into_iter()
        .map(|row| {
            let path = format!("{}.{}", quote_ident(&row.schema), quote_ident(&row.name));
            let figures = Figures {
                rows: row.rows,
                bytes: row.bytes,
                total_bytes: row.total_bytes,
                scans: row.scans,
            };
            (path, figures)
        })
        .filter(|(path, _)| objects.iter().any(|object| object.id.path() == *path))
        .collect();
    let rollbacks = chosen
        .iter()
        .rev()
        .filter_map(|migration| migration.down.as_ref())
        .map(|down| (down.file.path().to_string(), down.file.text().to_string()))
        .collect();
    Documentation {
        full: options.full,
        read_at: catalog.read_at.clone(),
        objects,
        figures,
        rollbacks,
        counting_since,
    }
}

/// What migrations made: objects of their own, and parts of tables that were there before.
struct Made {
    scope: Scope,
    /// Relation and name of what was put on a relation.
    parts: BTreeSet<(String, String)>,
}

impl Made {
    /// By the effects of the scripts; what the suites name counts as well, since a script may do more than its text
    /// tells.
    fn by<'a>(
        migrations: &[&Migration],
        schemas: &[String],
        suites: impl Iterator<Item = &'a Suite>,
    ) -> Made {
        let mut made = Made {
            scope: Scope::default(),
            parts: BTreeSet::new(),
        };
        for effect in migrations
            .iter()
            .flat_map(|migration| migration.up.statements())
            .flat_map(|statement| &statement.effects)
        {
            made.add(effect, schemas);
        }
        for suite in suites {
            let named = suite.scope();
            // a schema that a suite names need not be made by its migration, and neither need a role
            made.scope.relations.extend(named.relations);
            made.scope.types.extend(named.types);
            made.scope.functions.extend(named.functions);
            made.scope.extensions.extend(named.extensions);
        }
        made
    }

    fn add(&mut self, effect: &Effect, schemas: &[String]) {
        let object = &effect.object;
        let renamed = |name: Name| {
            let mut renamed = effect.clone();
            renamed.object.name = name;
            renamed.action = Action::Alter;
            renamed
        };
        let result = match &effect.action {
            Action::Create { .. } => effect.clone(),
            Action::Rename { to } => renamed(Name {
                schema: object.name.schema.clone(),
                name: to.clone(),
            }),
            Action::Move { schema } => renamed(Name {
                schema: Some(schema.clone()),
                name: object.name.name.clone(),
            }),
            _ => return,
        };
        match &object.on {
            Some(on) => {
                self.parts
                    .insert((on.name.clone(), result.object.name.name.clone()));
                // a partition stands on its parent, and is a table of its own
                if object.kind == crate::sql::ObjectKind::Table {
                    let alone = Effect {
                        object: crate::sql::ObjectRef {
                            on: None,
                            ..result.object.clone()
                        },
                        ..result
                    };
                    self.scope.add_effect(&alone, schemas);
                }
            }
            None => self.scope.add_effect(&result, schemas),
        }
    }

    fn holds(&self, object: &Object, catalog: &Catalog) -> bool {
        let id = &object.id;
        let named = |names: &BTreeSet<(String, String)>, name: &str| {
            names.contains(&(id.schema.to_string(), name.to_string()))
        };
        match id.kind {
            Kind::Role => self.scope.roles.contains(id.name.as_str()),
            Kind::Schema => self.scope.schemas.contains(id.name.as_str()),
            Kind::Extension => self.scope.extensions.contains(id.name.as_str()),
            Kind::Server => self.scope.servers.contains(id.name.as_str()),
            Kind::EventTrigger => self.scope.event_triggers.contains(id.name.as_str()),
            Kind::Publication => self.scope.publications.contains(id.name.as_str()),
            Kind::DefaultPrivileges => self.scope.default_privileges.contains(id.name.as_str()),
            Kind::Enum | Kind::Composite | Kind::Range | Kind::Domain => named(&self.scope.types, &id.name),
            Kind::Function => {
                let bare = id.name.split('(').next().unwrap_or(&id.name);
                self.scope
                    .functions
                    .iter()
                    .any(|(schema, name)| *schema == id.schema && quote_ident(name) == bare)
            }
            Kind::Table | Kind::View | Kind::MaterializedView | Kind::Sequence => {
                named(&self.scope.relations, &id.name)
                    || object.text("partition_of").is_some_and(|parent| {
                        catalog
                            .of_kind(Kind::Table)
                            .any(|table| table.id.path() == parent && self.holds(table, catalog))
                    })
            }
            _ => {
                self.parts
                    .contains(&(id.relation.to_string(), id.name.to_string()))
                    || catalog
                        .relation(&id.schema, &id.relation)
                        .is_some_and(|relation| self.holds(relation, catalog))
            }
        }
    }
}
