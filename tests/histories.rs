//! Preflight against real histories: it never calls a script blocked that then runs, and it names what is missing
//! before the server does.
//!
//! The folder of histories is named by `PGPLUMB_CORPORA`; without it there is nothing to judge. Each history is a
//! folder with `norm/migrations`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use pgplumb::db::batch::{Batch, Failure, Stage};
use pgplumb::db::scratch::{Options, Scratch};
use pgplumb::db::session::{Session, Settings};
use pgplumb::history::{History, Ledger};
use pgplumb::migration::Set;
use pgplumb::plan::Plan;
use pgplumb::preflight::{Assessment, Existing, assess, names};
use pgplumb::source::SourceFile;

const HISTORIES: [&str; 5] = ["e2b", "crates_io", "concourse", "supabase_auth", "svix"];

/// How many mutations are tried for each migration.
const TRIES: usize = 4;

/// What the scripts find in the environments that they were written for.
const SETUP: &str = "DO $$ DECLARE r text; BEGIN FOREACH r IN ARRAY \
    ARRAY['anon','authenticated','service_role','supabase_auth_admin','dashboard_user','trigger_user','api_user'] LOOP \
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN EXECUTE format('CREATE ROLE %I', r); END IF; \
    END LOOP; END $$";

fn corpora() -> Option<PathBuf> {
    std::env::var_os("PGPLUMB_CORPORA").map(PathBuf::from)
}

fn scripts(folder: &Path) -> Vec<(String, String)> {
    let Ok(entries) = std::fs::read_dir(folder.join("norm/migrations")) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|end| end == "sql"))
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let name = path
                .file_name()
                .expect("a file has a name")
                .to_string_lossy()
                .into_owned();
            let bytes = std::fs::read(&path).expect("a readable script");
            (name, String::from_utf8_lossy(&bytes).into_owned())
        })
        .collect()
}

fn set_of(name: &str, text: &str) -> Option<Set> {
    let file = SourceFile::new(format!("migrations/{name}"), text);
    Set::build(vec![file], vec![], &[]).ok()
}

fn empty_history() -> History {
    History {
        schema: "public".into(),
        width: None,
        applied: vec![],
        repeated: vec![],
        journal_id: None,
        has_journal: false,
    }
}

/// What preflight says of one script, in the transaction that is open.
async fn preflight(session: &Session, set: &Set) -> Result<(Assessment, Existing), Failure> {
    let history = empty_history();
    let ledger = Ledger::build(set, &history);
    let plan = Plan::up(&ledger, None, false).expect("one pending migration");
    let mut batch = Batch::new();
    let wanted = names(&plan);
    session.read_existing(&mut batch, &wanted, false);
    let reply = batch.run(session.client()).await?;
    let existing = session.existing_of(&reply, &wanted)?;
    Ok((assess(&plan, &existing), existing))
}

async fn run(session: &Session, set: &Set) -> Result<(), Failure> {
    let migration = set.newest().expect("one migration");
    if migration.up.statements().is_empty() {
        return Ok(());
    }
    let mut batch = Batch::new();
    batch.script(&migration.up);
    batch.run(session.client()).await.map(drop)
}

async fn execute(session: &Session, sql: &str) -> bool {
    session.client().batch_execute(sql).await.is_ok()
}

/// Runs a script for good, in one transaction or, where it does not bear that, as psql would.
async fn apply(session: &Session, set: &Set) -> Result<(), String> {
    execute(session, "BEGIN").await;
    let done = match run(session, set).await {
        Ok(()) => session
            .client()
            .batch_execute("COMMIT")
            .await
            .map_err(|error| words(&error)),
        Err(failure) => {
            let place = failure.place.as_ref().map(|place| place.location().to_string());
            let message = failure.server().map(|error| error.message.clone());
            Err(format!(
                "{}: {}",
                place.unwrap_or_default(),
                message.unwrap_or_default()
            ))
        }
    };
    execute(session, "ROLLBACK").await;
    if done.is_ok() {
        reset(session).await;
        return done;
    }
    if !is_alone(set) {
        reset(session).await;
        return done;
    }
    let migration = set.newest().expect("one migration");
    let mut all = Ok(());
    for statement in &migration.up.sql().statements {
        let sql = migration.up.sql().text(statement);
        if let Err(error) = session.client().batch_execute(sql).await {
            all = all.and(Err(words(&error)));
        }
    }
    execute(session, "ROLLBACK").await;
    reset(session).await;
    all
}

/// Whether a script wants to run outside a transaction: it has statements that need that, ends transactions of its own,
/// or calls a procedure, which may.
fn is_alone(set: &Set) -> bool {
    let migration = set.newest().expect("one migration");
    migration.up.sql().statements.iter().any(|statement| {
        statement.outside_transaction.is_some()
            || statement.ends_or_begins_transaction()
            || statement.tag == "CALL"
    })
}

fn words(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => error.message().to_owned(),
        None => error.to_string(),
    }
}

async fn reset(session: &Session) {
    execute(session, "RESET ALL").await;
    execute(session, "RESET SESSION AUTHORIZATION").await;
}

/// Statements that drop one object each, of those that the script mentions.
async fn mutations(session: &Session, text: &str) -> Vec<(String, String)> {
    let words: std::collections::BTreeSet<String> = pgplumb::sql::require::words(text).collect();
    let sql = "select 'table', format('%I.%I', n.nspname, c.relname), c.relname::text, c.relkind::text \
        from pg_class c join pg_namespace n on n.oid = c.relnamespace \
        where n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema' and c.relkind in ('r','p','v','m','S') \
        union all select 'type', format('%I.%I', n.nspname, t.typname), t.typname, t.typtype::text from pg_type t \
        join pg_namespace n on n.oid = t.typnamespace where t.typtype in ('e','d') \
        and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema' \
        union all select 'function', p.oid::regprocedure::text, p.proname, p.prokind::text from pg_proc p \
        join pg_namespace n on n.oid = p.pronamespace \
        where n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema' \
        union all select 'column', format('%I.%I %I', n.nspname, c.relname, a.attname), a.attname, c.relname \
        from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace \
        where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p') \
        and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema' \
        union all select 'schema', quote_ident(nspname), nspname, '' from pg_namespace \
        where nspname not like 'pg\\_%' and nspname <> 'information_schema' \
        union all select 'role', quote_ident(rolname), rolname, '' from pg_roles where rolname not like 'pg\\_%' \
        and rolname <> current_user";
    let mut batch = Batch::new();
    batch.one(Stage::Query, sql);
    let reply = batch.run(session.client()).await.expect("the catalog");
    let mut found = Vec::new();
    for row in reply.rows(Stage::Query) {
        let (kind, path, name, more) = (
            row.get(0).unwrap_or(""),
            row.get(1).unwrap_or(""),
            row.get(2).unwrap_or(""),
            row.get(3).unwrap_or(""),
        );
        if !words.contains(name) {
            continue;
        }
        let drop = match (kind, more) {
            ("table", "v") => format!("DROP VIEW {path} CASCADE"),
            ("table", "m") => format!("DROP MATERIALIZED VIEW {path} CASCADE"),
            ("table", "S") => format!("DROP SEQUENCE {path} CASCADE"),
            ("table", _) => format!("DROP TABLE {path} CASCADE"),
            ("type", "d") => format!("DROP DOMAIN {path} CASCADE"),
            ("type", _) => format!("DROP TYPE {path} CASCADE"),
            ("function", _) => format!("DROP ROUTINE {path} CASCADE"),
            ("column", table) => {
                if !words.contains(table) {
                    continue;
                }
                let (table, column) = path.rsplit_once(' ').expect("table and column");
                format!("ALTER TABLE {table} DROP COLUMN {column} CASCADE")
            }
            ("schema", _) => format!("DROP SCHEMA {path} CASCADE"),
            (_, _) => format!("DROP OWNED BY {path} CASCADE; DROP ROLE {path}"),
        };
        found.push((format!("{kind} {path}"), drop));
    }
    found.sort();
    found
}

/// A small generator, so that every run makes the same choices.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

const UNDEFINED: [&str; 5] = ["42P01", "3F000", "42704", "42883", "42703"];

/// What the server calls undefined: its kind as preflight has it, its name as the message has it, and for a part of a
/// table that table where it is told.
#[derive(Debug, PartialEq, Eq)]
struct Undefined {
    kind: &'static str,
    name: String,
    on: Option<String>,
}

/// Reads one of the server's messages about something undefined.
fn undefined(message: &str) -> Option<Undefined> {
    let message = message.replace('"', "");
    let of = |kind, name: &str, on: Option<&str>| {
        Some(Undefined {
            kind,
            name: name.to_owned(),
            on: on.map(str::to_owned),
        })
    };
    if let Some(name) = message.strip_prefix("could not find a function named ") {
        return of("function", name, None);
    }
    if message.starts_with("no schema has been selected") {
        return of("schema", "public", None);
    }
    let rest = message.strip_suffix(" does not exist")?;
    if let Some(column) = rest.strip_prefix("column ") {
        let column = column
            .split(" referenced in ")
            .next()
            .and_then(|column| column.split(" named in ").next())?;
        return match column.split_once(" of relation ") {
            Some((name, on)) => of("column", name, Some(on)),
            // `u.id`, where u may be an alias
            None => of("column", column.rsplit('.').next()?, None),
        };
    }
    for kind in ["constraint", "trigger", "policy", "rule"] {
        let Some(part) = rest.strip_prefix(kind).and_then(|part| part.strip_prefix(' ')) else {
            continue;
        };
        let split = [" of relation ", " for table ", " for relation "]
            .iter()
            .find_map(|word| part.split_once(word));
        return match split {
            Some((name, on)) => of(kind, name, Some(on)),
            None => of(kind, part, None),
        };
    }
    let (word, name) = rest.split_once(' ')?;
    let kind = match word {
        "relation" | "table" | "view" | "sequence" | "index" => "relation",
        "materialized" => return of("relation", name.strip_prefix("view ")?, None),
        "function" | "procedure" | "aggregate" => return of("function", name.split('(').next()?, None),
        "type" => "type",
        "schema" => "schema",
        "role" => "role",
        "extension" => "extension",
        "language" => "language",
        _ => return None,
    };
    of(kind, name, None)
}

/// Whether what preflight calls missing, `column organization.id` say, is that very thing. A schema counts where the
/// server tells one.
fn is_same(object: &str, wanted: &Undefined) -> bool {
    let object = object.replace('"', "");
    let Some((word, name)) = object.split_once(' ') else {
        return false;
    };
    let kind = match word {
        "table" | "view" | "sequence" | "index" | "relation" => "relation",
        other => other,
    };
    if kind != wanted.kind {
        return false;
    }
    let same = |found: &str, wanted: &str| {
        let found = found.strip_prefix("public.").unwrap_or(found);
        let wanted = wanted.strip_prefix("public.").unwrap_or(wanted);
        found == wanted || !wanted.contains('.') && found.rsplit('.').next() == Some(wanted)
    };
    match kind {
        "column" => {
            let (on, column) = match name.rsplit_once('.') {
                Some((on, column)) => (Some(on), column),
                None => (None, name),
            };
            column == wanted.name
                && match (&wanted.on, on) {
                    (Some(wanted), Some(on)) => same(on, wanted),
                    _ => true,
                }
        }
        "constraint" | "trigger" | "policy" | "rule" => {
            let (name, on) = name.split_once(" on ").unwrap_or((name, ""));
            name == wanted.name && wanted.on.as_deref().is_none_or(|wanted| same(on, wanted))
        }
        "function" => {
            let name = name.split([' ', '(']).next().unwrap_or(name);
            same(name, &wanted.name)
        }
        _ => same(name, &wanted.name),
    }
}

/// Whether preflight named the very thing that the server then missed.
fn is_named(found: &Assessment, failure: &Failure) -> bool {
    let Some(wanted) = failure.server().and_then(|error| undefined(&error.message)) else {
        return false;
    };
    let in_causes = found.causes.iter().any(|cause| {
        is_same(&cause.object, &wanted)
            || cause.explains.iter().any(|object| is_same(object, &wanted))
            || cause.sites.iter().any(|site| is_same(&site.object, &wanted))
    });
    // a warning names it as `the body of a function needs table later`
    in_causes
        || found.advice.iter().any(|advice| {
            let needed = advice.message.split_once(" needs ");
            needed.is_some_and(|(_, object)| is_same(object.split(',').next().unwrap_or(object), &wanted))
        })
}

#[test]
fn the_servers_words_are_read_and_compared_exactly() {
    let read = |message: &str| undefined(message).expect("something undefined");
    let column = read("column \"org_id\" of relation \"users\" does not exist");
    assert!(is_same("column users.org_id", &column));
    assert!(!is_same("column teams.org_id", &column) && !is_same("table users", &column));
    let table = read("relation \"auth.users\" does not exist");
    assert!(is_same("table auth.users", &table));
    assert!(!is_same("table users", &table) && !is_same("table auth.users_extended", &table));
    assert!(!is_same("schema auth", &table) && !is_same("column auth.users", &table));
    let function = read("function public.f(integer, text) does not exist");
    assert!(is_same("function f with 2 arguments", &function) && is_same("function f()", &function));
    assert!(!is_same("function g()", &function));
    let policy = read("policy \"own rows\" for table \"t\" does not exist");
    assert!(is_same("policy \"own rows\" on t", &policy) && !is_same("policy \"own rows\" on u", &policy));
    assert!(is_same(
        "schema public",
        &read("no schema has been selected to create in")
    ));
    assert_eq!(undefined("missing FROM-clause entry for table \"t\""), None);
}

/// Whether the failing statement is one that nobody can see through.
fn is_dynamic(set: &Set, failure: &Failure) -> bool {
    let context = failure
        .server()
        .and_then(|error| error.context.clone())
        .unwrap_or_default();
    let statement = set.newest().and_then(|migration| {
        let place = failure.place.as_ref()?;
        let statements = migration.up.statements();
        statements.iter().find(|statement| {
            statement.span.start <= place.span.start && place.span.start < statement.span.end
        })
    });
    context.contains("PL/pgSQL function")
        || context.contains("inline_code_block")
        || statement.is_some_and(|statement| statement.tag == "DO")
}

#[derive(Default)]
struct Tally {
    scripts: usize,
    ran: usize,
    ready: usize,
    false_blocked: Vec<String>,
    /// Scripts that cannot be tried in a transaction, and so not without one of their objects.
    alone: usize,
    mutations: usize,
    undefined: usize,
    dynamic: usize,
    named: usize,
    missed: BTreeMap<String, Vec<String>>,
}

async fn judge(server: &Scratch, folder: &Path, name: &str, tally: &mut Tally) {
    server.create_database(name, None).await.expect("a database");
    let connection = server.connect(name).await.expect("a connection");
    let session = Session::new(connection, Settings::default());
    // roles belong to the cluster: the history that makes its own comes first
    if name != "e2b" {
        assert!(execute(&session, SETUP).await, "the setup of {name}");
    }
    if name == "supabase_auth" {
        assert!(
            execute(&session, "CREATE SCHEMA auth").await,
            "the setup of {name}"
        );
    }
    let mut random = Random(20_251_106);
    for (file, text) in scripts(&folder.join(name)) {
        let Some(set) = set_of(&file, &text) else {
            println!("{name}/{file}: not a script of its own");
            continue;
        };
        tally.scripts += 1;
        // what a script commits by itself cannot be taken back: such a one is run as it is, and only once
        if is_alone(&set) {
            tally.alone += 1;
        } else {
            mutate(&session, &set, &file, &text, &mut random, tally).await;
        }
        let (found, _) = preflight(&session, &set).await.expect("the catalog");
        let ran = apply(&session, &set).await;
        tally.ran += usize::from(ran.is_ok());
        if ran.is_ok() && found.is_ready() {
            tally.ready += 1;
        } else if ran.is_ok() {
            let causes: Vec<String> = found
                .causes
                .iter()
                .map(|cause| {
                    let place = cause.sites.first().map(|site| site.location().to_string());
                    format!("{} {} ({})", cause.object, cause.state, place.unwrap_or_default())
                })
                .collect();
            tally
                .false_blocked
                .push(format!("{name}/{file}: {}", causes.join("; ")));
        } else if let Err(reason) = ran {
            println!(
                "{name}/{file}: does not run here: {reason}; preflight said ready: {}",
                found.is_ready()
            );
        }
    }
}

async fn mutate(
    session: &Session,
    set: &Set,
    file: &str,
    text: &str,
    random: &mut Random,
    tally: &mut Tally,
) {
    let mut choices = mutations(session, text).await;
    for _ in 0..TRIES {
        if choices.is_empty() {
            return;
        }
        let (object, drop) = choices.swap_remove(random.below(choices.len()));
        execute(session, "BEGIN").await;
        if execute(session, &drop).await {
            tally.mutations += 1;
            let (found, _) = preflight(session, set).await.expect("the catalog");
            if let Err(failure) = run(session, set).await
                && let Some(error) = failure.server()
                && UNDEFINED.contains(&error.sqlstate.as_str())
            {
                if is_dynamic(set, &failure) {
                    tally.dynamic += 1;
                } else {
                    tally.undefined += 1;
                    if is_named(&found, &failure) {
                        tally.named += 1;
                    } else {
                        let place = failure.place.as_ref().map(|place| place.location().to_string());
                        tally
                            .missed
                            .entry(error.sqlstate.clone())
                            .or_default()
                            .push(format!(
                                "{file}: without {object}: {} at {}",
                                error.message,
                                place.unwrap_or_default()
                            ));
                    }
                }
            } else if !found.is_ready() && execute(session, "SELECT 1").await {
                // it ran although something was called missing
                let causes: Vec<&str> = found.causes.iter().map(|cause| cause.object.as_str()).collect();
                tally
                    .false_blocked
                    .push(format!("{file} without {object}: {}", causes.join("; ")));
            }
        }
        execute(session, "ROLLBACK").await;
        reset(session).await;
    }
}

#[tokio::test]
async fn no_false_blocked_and_hardly_a_missed_cause() {
    let Some(folder) = corpora() else {
        eprintln!("PGPLUMB_CORPORA names no folder of histories: nothing to judge");
        return;
    };
    let server = Scratch::start(Options::default()).await.expect("a server");
    let mut tally = Tally::default();
    let only = std::env::var("PGPLUMB_CORPORA_ONLY").ok();
    for name in HISTORIES {
        if only.as_ref().is_none_or(|only| only == name) {
            judge(&server, &folder, name, &mut tally).await;
        }
    }
    server.stop().await.expect("a clean stop");
    println!(
        "{} scripts, {} ran, {} of them ready; {} were not mutated, having transactions of their own; {} mutations, {} failed for something undefined, {} of them named; {} in \
         dynamic SQL",
        tally.scripts,
        tally.ran,
        tally.ready,
        tally.alone,
        tally.mutations,
        tally.undefined,
        tally.named,
        tally.dynamic
    );
    for line in &tally.false_blocked {
        println!("false: {line}");
    }
    for (code, lines) in &tally.missed {
        for line in lines {
            println!("missed {code}: {line}");
        }
    }
    assert_eq!(tally.false_blocked, Vec::<String>::new());
    assert!(
        tally.named * 100 >= tally.undefined * 95,
        "{} of {}",
        tally.named,
        tally.undefined
    );
}

/// How long reading takes; printed, not judged.
#[test]
fn reading_a_thousand_scripts() {
    let Some(folder) = corpora() else { return };
    let all: Vec<_> = HISTORIES
        .iter()
        .flat_map(|name| scripts(&folder.join(name)))
        .filter_map(|(file, text)| set_of(&file, &text))
        .collect();
    let started = Instant::now();
    let (mut count, mut needed) = (0, 0);
    for set in all.iter().cycle().take(1_000) {
        let migration = set.newest().expect("one migration");
        let script = pgplumb::sql::Script::parse(&migration.up.file);
        for statement in &script.statements {
            needed += pgplumb::sql::require::needs(&script, statement)
                .requirements
                .len();
        }
        count += 1;
    }
    println!("{count} scripts, {needed} needs, {:?}", started.elapsed());
}
