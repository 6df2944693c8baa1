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
    session.read_existing(&mut batch, &names(&plan), false);
    let reply = batch.run(session.client()).await?;
    let existing = session.existing_of(&reply)?;
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
async fn apply(session: &Session, set: &Set) -> bool {
    execute(session, "BEGIN").await;
    let done = match run(session, set).await {
        Ok(()) => execute(session, "COMMIT").await,
        Err(_) => false,
    };
    execute(session, "ROLLBACK").await;
    if done {
        reset(session).await;
        return true;
    }
    let migration = set.newest().expect("one migration");
    let alone =
        migration.up.sql().statements.iter().any(|statement| {
            statement.outside_transaction.is_some() || statement.ends_or_begins_transaction()
        });
    let mut all = alone;
    if alone {
        for statement in &migration.up.sql().statements {
            all &= execute(session, migration.up.sql().text(statement)).await;
        }
        execute(session, "ROLLBACK").await;
    }
    reset(session).await;
    all
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

/// Whether preflight named what the server then missed.
fn is_named(found: &Assessment, failure: &Failure) -> bool {
    let Some(error) = failure.server() else {
        return false;
    };
    let message = error.message.to_lowercase();
    let at = failure.place.as_ref();
    let mentioned = |text: &str| {
        let last = text.rsplit([' ', '.']).next().unwrap_or(text);
        let last = last.trim_matches(['"', '(', ')']).to_lowercase();
        !last.is_empty() && message.contains(&last)
    };
    found.causes.iter().any(|cause| {
        mentioned(&cause.object)
            || cause
                .object
                .split_whitespace()
                .any(|word| word.len() > 3 && mentioned(word))
            || cause.explains.iter().any(|text| mentioned(text))
            || cause.sites.iter().any(|site| {
                at.is_some_and(|at| site.span.start <= at.span.end && at.span.start <= site.span.end)
            })
    }) || found.advice.iter().any(|advice| {
        advice
            .message
            .split_whitespace()
            .any(|word| word.len() > 3 && mentioned(word.trim_end_matches(',')))
    })
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
        mutate(&session, &set, &file, &text, &mut random, tally).await;
        let (found, _) = preflight(&session, &set).await.expect("the catalog");
        let ran = apply(&session, &set).await;
        tally.ran += usize::from(ran);
        if ran && found.is_ready() {
            tally.ready += 1;
        } else if ran {
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
        } else {
            println!(
                "{name}/{file}: does not run here; preflight said ready: {}",
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
        "{} scripts, {} ran, {} of them ready; {} mutations, {} failed for something undefined, {} of them named; {} in \
         dynamic SQL",
        tally.scripts, tally.ran, tally.ready, tally.mutations, tally.undefined, tally.named, tally.dynamic
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
