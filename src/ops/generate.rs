//! `checks generate`: suites from the live catalog. Writes nothing into the database.
//!
//! The SQL of the suites is tidied, and the server judges each of them before anybody sees it: what does not mean the
//! same any more is taken back, object by object.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::context::{Context, ask};
use super::judge::{Place, judge_claimed};
use super::runner::{self, millis};
use super::{Error, begin};
use crate::catalog::{Catalog, Kind, ObjectId, Scope, Stated};
use crate::check::generate::{Level, Page, Selection, Style, select, write};
use crate::check::{self, Answers, Claimed, Status};
use crate::db::batch::{Batch, Failure, Stage};
use crate::db::history::Reading;
use crate::db::session::Session;
use crate::db::snapshot;
use crate::diagnostic::Diagnostic;
use crate::history::Ledger;
use crate::migration::{Migration, Version};
use crate::report::Report;
use crate::report::model::GeneratedSuite;
use crate::source::SourceFile;
use crate::sql::{Name, quote_ident};

/// What the user asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What these schemas hold; everything when nothing is named.
    pub schemas: Vec<String>,
    /// These relations alone.
    pub tables: Vec<Name>,
    /// What the scripts of these migrations name.
    pub versions: Vec<Version>,
    /// One suite for each applied migration.
    pub per_migration: bool,
    /// Without `exact`: more may be there than what is listed.
    pub open: bool,
    /// Owners as well.
    pub owners: bool,
}

/// How often the catalog is read when others change it meanwhile, before that is reported.
const ATTEMPTS: usize = 5;

/// Writes the suites.
///
/// # Errors
/// [`Error`] when the database could not be looked at, or has nothing of what is named.
pub async fn generate(context: &Context<'_>, options: &Options) -> Result<Report, Error> {
    let started = Instant::now();
    let mut report = begin("checks");
    let mut session = context.open().await?;
    let mut attempt = 1;
    let (history, catalog) = loop {
        match read(context, &mut session).await {
            Err(error) if runner::is_disturbance(&error) && attempt < ATTEMPTS => {
                session.rollback().await;
                attempt += 1;
            }
            result => break result?,
        }
    };
    report.database = Some(context.database(&session, &history));
    let wanted = match wanted(context, options, &history, &catalog) {
        Ok(wanted) => wanted,
        Err(problems) => {
            session.rollback().await;
            return Err(Error::Input(problems));
        }
    };
    let left_over = wanted
        .iter()
        .find(|(stem, ..)| options.per_migration && stem == LEFT_OVER);
    if let Some((_, Selection::Objects { objects, .. }, _)) = left_over {
        report
            .diagnostics
            .extend(not_attributed(context, &history, objects));
    }
    for (stem, selection, mut style) in wanted {
        style.version_num = session.version_num();
        let part = select(&catalog, &selection);
        let suite = settle(
            context,
            &session,
            &catalog,
            part,
            &stem,
            style,
            &mut report.diagnostics,
        )
        .await;
        match suite {
            Ok(suite) => report.generated.extend(suite),
            Err(error) => {
                session.rollback().await;
                return Err(error);
            }
        }
    }
    session.rollback().await;
    if report.generated.is_empty() {
        return Err(Error::Input(vec![
            Diagnostic::error("there is nothing to write a suite of")
                .help("name another schema, or apply the migrations first"),
        ]));
    }
    report.duration_ms = millis(started.elapsed());
    Ok(report)
}

/// One snapshot of history and catalog; its transaction stays open for the questions to the server.
async fn read(context: &Context<'_>, session: &mut Session) -> Result<(Reading, Catalog), Error> {
    let mut batch = Batch::new();
    session.begin(&mut batch, "ISOLATION LEVEL REPEATABLE READ", &session.settings);
    session.read_history(&mut batch);
    session.read_catalog(
        &mut batch,
        Stage::After,
        &snapshot::whole_sql_stating(session.version_num(), Stated::ALL),
    );
    let reply = context
        .answer(session, ask(session, "reading the catalog", batch))
        .await
        .or_interrupted("the catalog was read")??;
    let history = session
        .history_of(&reply)
        .map_err(|error| Error::database("reading the migration history", Failure::of(error)))?;
    Ok((history, runner::decode(&reply, Stage::After)?))
}

type Wanted = (String, Selection, Style);

/// Which suites are wanted: their stems, what they are about and how they are written.
fn wanted(
    context: &Context<'_>,
    options: &Options,
    history: &Reading,
    catalog: &Catalog,
) -> Result<Vec<Wanted>, Vec<Diagnostic>> {
    let style = |title: String, schema: String| Style {
        title,
        schema,
        owners: options.owners,
        ..Style::default()
    };
    if options.per_migration || !options.versions.is_empty() {
        return by_migration(context, options, history, catalog, style);
    }
    if !options.tables.is_empty() {
        let (objects, schema) = tables(&options.tables, history, catalog)?;
        let names: Vec<String> = options.tables.iter().map(ToString::to_string).collect();
        let selection = Selection::Objects {
            objects,
            elsewhere: BTreeSet::new(),
        };
        return Ok(vec![(
            "baseline".to_string(),
            selection,
            style(format!("What {} has to be", names.join(", ")), schema),
        )]);
    }
    let problems: Vec<Diagnostic> = options
        .schemas
        .iter()
        .filter(|schema| !is_schema(catalog, schema))
        .map(|schema| unknown_schema(catalog, schema))
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let (selection, schemas, title) = match options.schemas.as_slice() {
        [] => {
            let all = catalog
                .of_kind(Kind::Schema)
                .map(|object| object.id.name.to_string());
            (
                Selection::All,
                all.collect(),
                "What the database has to be".to_string(),
            )
        }
        schemas => {
            let names: Vec<String> = schemas.iter().map(|schema| quote_ident(schema)).collect();
            let title = format!("What schema {} has to be", names.join(", "));
            (Selection::Schemas(schemas.to_vec()), schemas.to_vec(), title)
        }
    };
    let mut style = style(title, home(context, &schemas, catalog));
    if !options.open {
        style.exact_database = selection == Selection::All;
        style.exact = schemas;
        // the suite's own first
        style.exact.sort_by_key(|schema| *schema != style.schema);
    }
    Ok(vec![("baseline".to_string(), selection, style)])
}

/// The schema in which the suite's names are looked for: that of the settings where it holds something, else the
/// fullest.
fn home(context: &Context<'_>, schemas: &[String], catalog: &Catalog) -> String {
    let usual = &context.project.config.settings.schema;
    let held = |schema: &String| {
        catalog
            .iter()
            .filter(|object| object.id.schema == *schema)
            .count()
    };
    if schemas.contains(usual) && held(usual) > 0 {
        return usual.clone();
    }
    schemas
        .iter()
        .rev()
        .max_by_key(|schema| held(schema))
        .unwrap_or(usual)
        .clone()
}

fn is_schema(catalog: &Catalog, schema: &str) -> bool {
    catalog.get(&ObjectId::new(Kind::Schema, "", schema)).is_some()
}

fn unknown_schema(catalog: &Catalog, schema: &str) -> Diagnostic {
    let names: Vec<String> = catalog
        .of_kind(Kind::Schema)
        .map(|object| quote_ident(&object.id.name))
        .collect();
    Diagnostic::error(format!("the database has no schema {}", quote_ident(schema)))
        .help(format!("name one of these: {}", names.join(", ")))
}

/// The relations of those names, and the schema of the first.
fn tables(
    names: &[Name],
    history: &Reading,
    catalog: &Catalog,
) -> Result<(BTreeSet<ObjectId>, String), Vec<Diagnostic>> {
    let mut objects = BTreeSet::new();
    let mut problems = Vec::new();
    let mut home = None;
    for name in names {
        let found = match &name.schema {
            Some(schema) => catalog.relation(schema, &name.name),
            None => history
                .schemas
                .iter()
                .find_map(|schema| catalog.relation(schema, &name.name)),
        };
        match found {
            Some(object) => {
                home.get_or_insert_with(|| object.id.schema.to_string());
                objects.insert(object.id.clone());
            }
            None => problems.push(
                Diagnostic::error(format!("the database has no table {name}"))
                    .help("name it with its schema, in double quotes where it has capitals"),
            ),
        }
    }
    match home {
        Some(home) if problems.is_empty() => Ok((objects, home)),
        _ => Err(problems),
    }
}

/// A suite for each migration: of what its script names and no later one does. What none of them names is left
/// over for a suite that is always on.
fn by_migration(
    context: &Context<'_>,
    options: &Options,
    history: &Reading,
    catalog: &Catalog,
    style: impl Fn(String, String) -> Style,
) -> Result<Vec<Wanted>, Vec<Diagnostic>> {
    let set = &context.project.set;
    let unknown: Vec<Diagnostic> = options
        .versions
        .iter()
        .filter(|version| set.get(**version).is_none())
        .map(|version| {
            Diagnostic::error(format!("there is no migration with version {version}"))
                .help("name one of those that `pgplumb status` lists")
        })
        .collect();
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let mut owners: BTreeMap<ObjectId, Version> = BTreeMap::new();
    let applied: Vec<&Migration> = applied(context, history).collect();
    for migration in &applied {
        let scope = super::look::scope_of(&migration.up, &history.schemas);
        for object in catalog.iter().filter(|object| names(&scope, &object.id)) {
            owners.insert(object.id.clone(), migration.version);
        }
    }
    let mut wanted = Vec::new();
    let schema = &context.project.config.settings.schema;
    let is_named = |version: Version| options.versions.is_empty() || options.versions.contains(&version);
    if !options.per_migration {
        let (objects, elsewhere) = divided(&owners, is_named);
        let named = set.iter().filter(|migration| is_named(migration.version));
        let stems: Vec<String> = named.map(Migration::stem).collect();
        let title = format!("What {} has to leave", stems.join(", "));
        let selection = Selection::Objects { objects, elsewhere };
        return Ok(vec![(stems.join("-"), selection, style(title, schema.clone()))]);
    }
    for migration in applied {
        if !is_named(migration.version) {
            continue;
        }
        let (objects, elsewhere) = divided(&owners, |version| version == migration.version);
        if objects.is_empty() {
            continue;
        }
        let title = format!("What {} has to leave", migration.stem());
        let selection = Selection::Objects { objects, elsewhere };
        wanted.push((migration.stem(), selection, style(title, schema.clone())));
    }
    if options.versions.is_empty() {
        let elsewhere: BTreeSet<ObjectId> = owners.into_keys().collect();
        let rest: BTreeSet<ObjectId> = catalog
            .iter()
            .filter(|object| object.id.kind != Kind::Other || object.get("comment").is_some())
            .map(|object| &object.id)
            .filter(|id| id.kind == Kind::Other || id.relation.is_empty() && id.kind != Kind::Role)
            .filter(|id| !elsewhere.contains(id))
            .filter(|id| id.kind != Kind::Extension || id.name != "plpgsql")
            // what belongs to an object of a migration stands in its suite
            .filter(|id| !(id.kind == Kind::Sequence && is_owned(catalog, id)))
            .cloned()
            .collect();
        let title = "What no migration names".to_string();
        let selection = Selection::Objects {
            objects: rest,
            elsewhere,
        };
        wanted.push((LEFT_OVER.to_string(), selection, style(title, schema.clone())));
    }
    Ok(wanted)
}

/// The suite of what no migration names.
const LEFT_OVER: &str = "baseline";

/// How many names a message lists.
const NAMED: usize = 5;

/// Tells of what is in the suite that is always on although a migration may have made it: in a statement whose text
/// does not say what it does, such as DO.
fn not_attributed(
    context: &Context<'_>,
    history: &Reading,
    objects: &BTreeSet<ObjectId>,
) -> Option<Diagnostic> {
    let unread: Vec<String> = applied(context, history)
        .flat_map(|migration| {
            let statements = migration.up.statements().iter();
            let opaque = statements.filter(|statement| statement.opaque);
            opaque.map(|statement| {
                let place = migration.up.file.location(statement.span.start);
                format!("{} at {}:{}", statement.tag, place.file, place.line)
            })
        })
        .collect();
    let objects: Vec<String> = objects
        .iter()
        .filter(|id| !(id.kind == Kind::Schema && id.name == "public"))
        .map(ToString::to_string)
        .collect();
    if unread.is_empty() || objects.is_empty() {
        return None;
    }
    let some = |all: Vec<String>| match all.len().checked_sub(NAMED) {
        Some(more @ 1..) => format!("{} and {more} more", all[..NAMED].join(", ")),
        _ => all.join(", "),
    };
    let count = objects.len();
    let noun = if count == 1 { "object" } else { "objects" };
    Some(
        Diagnostic::note(format!("{count} {noun} could not be attributed to a migration"))
            .fact("objects", some(objects))
            .fact("maybe made by", some(unread))
            .help(format!(
                "move their entries from {LEFT_OVER}.toml into the suite of the migration that makes them"
            )),
    )
}

/// The migrations that are in force.
fn applied<'c>(context: &Context<'c>, history: &Reading) -> impl Iterator<Item = &'c Migration> {
    let set = &context.project.set;
    let ledger = Ledger::build(set, &history.history);
    let versions: BTreeSet<Version> = set
        .iter()
        .map(|migration| migration.version)
        .filter(|version| ledger.get(*version).is_some_and(|entry| entry.is_applied()))
        .collect();
    set.iter()
        .filter(move |migration| versions.contains(&migration.version))
}

fn is_owned(catalog: &Catalog, id: &ObjectId) -> bool {
    catalog
        .get(id)
        .is_some_and(|object| object.text("owned_by").is_some())
}

fn divided(
    owners: &BTreeMap<ObjectId, Version>,
    own: impl Fn(Version) -> bool,
) -> (BTreeSet<ObjectId>, BTreeSet<ObjectId>) {
    let (mine, others): (Vec<_>, Vec<_>) = owners.iter().partition(|(_, version)| own(**version));
    let ids = |pairs: Vec<(&ObjectId, &Version)>| pairs.into_iter().map(|(id, _)| id.clone()).collect();
    (ids(mine), ids(others))
}

/// Whether the scope names that object itself.
fn names(scope: &Scope, id: &ObjectId) -> bool {
    let named = || (id.schema.to_string(), id.name.to_string());
    match id.kind {
        _ if !id.relation.is_empty() => false,
        Kind::Table | Kind::View | Kind::MaterializedView | Kind::Sequence => {
            scope.relations.contains(&named())
        }
        Kind::Enum | Kind::Composite | Kind::Range | Kind::Domain => scope.types.contains(&named()),
        Kind::Function => crate::sql::fragment::function_signature(&id.name).is_ok_and(|signature| {
            scope
                .functions
                .contains(&(id.schema.to_string(), signature.name.name))
        }),
        Kind::Schema => id.name != "public" && scope.schemas.contains(id.name.as_str()),
        Kind::Extension => id.name != "plpgsql" && scope.extensions.contains(id.name.as_str()),
        Kind::Server => scope.servers.contains(id.name.as_str()),
        Kind::EventTrigger => scope.event_triggers.contains(id.name.as_str()),
        Kind::Publication => scope.publications.contains(id.name.as_str()),
        _ => false,
    }
}

/// Writes the suite as tidily as the server agrees to; what remains is told. `None` where there is nothing to tell of.
async fn settle(
    context: &Context<'_>,
    session: &Session,
    catalog: &Catalog,
    mut part: Catalog,
    stem: &str,
    mut style: Style,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Option<GeneratedSuite>, Error> {
    let mut answers = Answers::default();
    // why texts are not as tidy as they could be
    let mut unasked: Option<String> = None;
    loop {
        let page = write(&part, &style);
        if page.is_empty() {
            return Ok(None);
        }
        let file = SourceFile::new(format!("{stem}.toml"), page.text.clone());
        let suite = match check::parse_in(&style.schema, &file, stem, None) {
            Ok(suite) => suite,
            Err(problems) => {
                if !lower_or_drop(&page, &problems, &mut style, &mut part, diagnostics) {
                    return Err(Error::Input(problems));
                }
                continue;
            }
        };
        let verdicts = judge_claimed(
            context,
            session,
            &Claimed::by(&[&suite]),
            catalog,
            Place::Within,
            |_| true,
            &mut answers,
        )
        .await?
        .verdicts;
        let troubles: Vec<&check::Verdict> = verdicts
            .iter()
            .filter(|verdict| verdict.status != Status::Pass)
            .collect();
        let mut lowered = false;
        for verdict in &troubles {
            for id in page.objects_at(verdict.source.line) {
                let is_lower = lower(&mut style, id);
                if is_lower && verdict.status == Status::Blocked {
                    unasked.get_or_insert_with(|| verdict.message.clone());
                }
                lowered |= is_lower;
            }
        }
        if lowered {
            continue;
        }
        for verdict in troubles {
            diagnostics.push(
                Diagnostic::warning(format!(
                    "{} {} does not meet the suite: {}",
                    verdict.kind, verdict.object, verdict.message
                ))
                .help("correct the database, or the entry"),
            );
        }
        if let Some(reason) = unasked {
            let untidy = Diagnostic::warning(format!(
                "{stem}: expressions are written as the server prints them, for it could not be asked whether tidier ones \
                 mean the same"
            ));
            diagnostics.push(untidy.fact("reason", reason).help(
                "for tidier ones, generate as a role that may make temporary objects, on a connection that accepts writes \
                 and leaves the server the time",
            ));
        }
        return Ok(Some(GeneratedSuite {
            stem: stem.to_string(),
            checks: suite.checks(),
            text: page.text,
        }));
    }
}

/// Takes less away from the SQL of an object. False when nothing is taken away any more.
fn lower(style: &mut Style, id: &ObjectId) -> bool {
    let level = style.levels.get(id).copied().unwrap_or(Level::Plain);
    match level.below() {
        Some(below) => {
            style.levels.insert(id.clone(), below);
            true
        }
        None => false,
    }
}

/// What a check file cannot even say is tidied less, then left out with a warning.
fn lower_or_drop(
    page: &Page,
    problems: &[Diagnostic],
    style: &mut Style,
    part: &mut Catalog,
    diagnostics: &mut Vec<Diagnostic>,
) -> bool {
    let mut any = false;
    for problem in problems {
        let Some(location) = problem.location() else {
            continue;
        };
        for id in page.objects_at(location.line) {
            if lower(style, id) {
                any = true;
            } else if part.remove(id).is_some() {
                any = true;
                diagnostics.push(
                    Diagnostic::warning(format!("{id} is left out: {}", problem.message))
                        .help("watch it with a [[query]]"),
                );
            }
        }
    }
    any
}
