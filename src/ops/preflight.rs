//! `preflight`: would `apply` work here? READY, or BLOCKED with the root causes. Writes nothing.

use std::collections::BTreeMap;
use std::time::Instant;

use super::apply::{check_scripts, refused};
use super::context::{Context, ask};
use super::facts::{self, way_back};
use super::runner::{Beginning, action, describe, millis};
use super::{Error, suites, unjudged};
use crate::check::{Status, Suite, Verdict};
use crate::db::batch::{Batch, Stage};
use crate::db::detached::{decode_progress, read_progress_sql};
use crate::db::session::Session;
use crate::diagnostic::Diagnostic;
use crate::history::{HISTORY_TABLE, History, JOURNAL_TABLE, Ledger};
use crate::migration::{MigrationScript, Version};
use crate::plan::Plan;
use crate::preflight::{self, Actor, Assessment, Cause, Existing, Refusal, RelationFacts, Remedy};
use crate::project::{OutOfOrder, Probes};
use crate::report::ExitCode;
use crate::report::model::{Before, Conclusion, MigrationState, Report, RootCause};
use crate::report::preflight::{Facts, Planned, Preflight, lines, waiting};

/// What the user asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The newest version that would be applied; all when absent.
    pub to: Option<Version>,
    pub out_of_order: bool,
}

impl Options {
    /// As a command line has them, the version as the project spells it: ` --to 0024`.
    pub fn words(&self, plan: &Plan<'_>) -> String {
        let mut words = String::new();
        if self.to.is_some()
            && let Some(last) = plan.steps.last()
        {
            words.push_str(&format!(" --to {}", last.migration.label));
        }
        if self.out_of_order {
            words.push_str(" --out-of-order");
        }
        words
    }
}

/// What is judged.
pub struct Subject<'a> {
    pub history: &'a History,
    pub ledger: &'a Ledger<'a>,
    pub plan: &'a Plan<'a>,
    pub suites: &'a [Suite],
    /// Whether they will be judged: not with `--no-verify`.
    pub verifies: bool,
    /// What the command line said besides the verb.
    pub options: &'a str,
    /// From which step on the server's grammar is asked about the scripts: one that fails before anything is committed says
    /// the same itself.
    pub read_from: usize,
    /// Whether a transaction was begun behind the question, which ends when the plan cannot run.
    pub beginning: &'a Beginning,
}

/// Judges whether `apply` would work.
///
/// # Errors
/// [`Error`] when it could not be looked at. What is in the way is in the report.
pub async fn preflight(context: &Context<'_>, options: &Options) -> Result<Report, Error> {
    let started = Instant::now();
    let mut report = super::begin("preflight");
    let project = context.project;
    super::needs_migrations(project)?;
    let all = suites(project)?;
    let (session, reading) = context.open_with_history().await?;
    report.database = Some(context.database(&session, &reading));
    let ledger = Ledger::build(&project.set, &reading.history);
    let allow = options.out_of_order || project.config.settings.out_of_order == OutOfOrder::Allow;
    let plan = Plan::up(&ledger, options.to, allow).map_err(refused)?;
    check_scripts(&plan)?;
    let subject = Subject {
        history: &reading.history,
        ledger: &ledger,
        plan: &plan,
        suites: all,
        verifies: true,
        options: &options.words(&plan),
        read_from: 0,
        beginning: &Beginning::default(),
    };
    stops(context, &session, &subject, &mut report).await?;
    if report.exit == ExitCode::Done {
        report.conclusion = Some(Conclusion::Ready);
        report.migrations = plan
            .steps
            .iter()
            .map(|step| describe(step.migration, MigrationState::Pending))
            .collect();
    }
    report.duration_ms = millis(started.elapsed());
    Ok(report)
}

/// What stands between, as the report has it.
fn pooler(report: &Report) -> Option<String> {
    report.database.as_ref()?.pooler.clone()
}

/// Which roles the suites act as that the plan is judged by. Nobody acts where probes are left out, or where somebody is
/// asked first.
fn actors(context: &Context<'_>, plan: &Plan<'_>, suites: &[Suite]) -> Vec<Actor> {
    if context.probes.refused || context.project.config.settings.probes != Probes::Always {
        return Vec::new();
    }
    let is_judged = |suite: &&Suite| {
        let planned = |version| plan.steps.iter().any(|step| step.migration.version == version);
        suite.version.is_none_or(planned)
    };
    suites
        .iter()
        .filter(is_judged)
        .flat_map(|suite| {
            suite.acts_as().into_iter().map(|role| Actor {
                role: role.to_owned(),
                version: suite.version,
                file: suite.file.path().to_owned(),
            })
        })
        .collect()
}

/// How far earlier runs of the plan's no-transaction scripts came. Asks nothing when there is none.
async fn half_done(
    session: &Session,
    history: &History,
    plan: &Plan<'_>,
) -> Result<BTreeMap<Version, usize>, Error> {
    let mut done = BTreeMap::new();
    let detached = plan.steps.iter().filter(|step| !step.script.is_transactional());
    for step in detached.filter(|_| history.has_journal) {
        let mut batch = Batch::new();
        let version = step.migration.version;
        session.begin(&mut batch, "READ ONLY", &session.settings);
        let progress = read_progress_sql(history, action(step), step.migration);
        batch.one(Stage::Query, &progress);
        batch.one(Stage::Commit, "ROLLBACK");
        let reply = ask(session, "reading the journal", batch).await?;
        let progress = decode_progress(&reply);
        done.insert(version, progress.done + usize::from(progress.is_begun));
    }
    Ok(done)
}

/// Looks at what the plan needs, in one round trip, one more where something is missing; `true` when the plan
/// cannot run, and the report says why.
///
/// # Errors
/// [`Error`] when the server could not be asked.
pub async fn stops(
    context: &Context<'_>,
    session: &Session,
    subject: &Subject<'_>,
    report: &mut Report,
) -> Result<bool, Error> {
    let Subject {
        history,
        ledger,
        plan,
        suites,
        verifies,
        options,
        read_from,
        beginning: _,
    } = *subject;
    let mut names = preflight::names(plan);
    let actors = if verifies {
        actors(context, plan, suites)
    } else {
        Vec::new()
    };
    names
        .acts_as
        .extend(actors.iter().map(|actor| actor.role.clone()));
    names.roles.extend(actors.iter().map(|actor| actor.role.clone()));
    let mut existing = Existing::default();
    if !plan.is_empty() {
        let scripts: Vec<&MigrationScript> = plan.steps.iter().map(|step| step.script).collect();
        let read = scripts.get(read_from..).unwrap_or_default();
        let refused;
        (existing, refused) = look_up(context, session, &names, subject.beginning, false, read).await?;
        if !refused.is_empty() {
            if subject.beginning.is_to_end() {
                session.rollback().await;
            }
            existing.refused = refusals(context, session, plan, read_from, refused).await?;
        }
        own_tables(&mut existing);
        existing.done = half_done(session, history, plan).await?;
        existing.pooler = pooler(report);
        existing.actors = actors;
        report.before = Some(Before {
            applied: facts::applied(ledger, |_| true),
            extensions: existing.extensions.versions.clone(),
        });
    }
    let found = preflight::assess(plan, &existing);
    if !found.is_ready() {
        if subject.beginning.is_to_end() {
            session.rollback().await;
        }
        (existing, _) = look_up(context, session, &names, subject.beginning, true, &[]).await?;
    }
    report.diagnostics.extend(found.advice.iter().map(|advice| {
        let diagnostic = Diagnostic::warning(&advice.message).help(&advice.help);
        match &advice.place {
            Some(place) => diagnostic.at_place(place.clone()),
            None => diagnostic,
        }
    }));
    let is_blocked = !found.is_ready();
    // the rest is for a report that says what was found
    if !is_blocked && report.command != "preflight" {
        return Ok(false);
    }
    let (remedies, reasons) = remedies(context, ledger, plan, &found, &existing);
    let mut checks = Vec::new();
    for step in &plan.steps {
        let version = step.migration.version;
        for suite in suites.iter().filter(|suite| suite.version == Some(version)) {
            let verdicts = unjudged(suite, "its migration is pending");
            checks.extend(verdicts.into_iter().map(|verdict| wait(verdict, &found, version)));
        }
    }
    let migrations: Vec<Planned> = plan
        .steps
        .iter()
        .map(|step| Planned {
            stem: step.migration.stem(),
            way_back: way_back(step.migration),
        })
        .collect();
    existing
        .nearby
        .retain(|(_, name)| name != HISTORY_TABLE && name != JOURNAL_TABLE);
    let server = report
        .database
        .as_ref()
        .map(|database| database.server_version.clone());
    let facts = Facts {
        found: &found,
        remedies: &remedies,
        reasons: &reasons,
        checks: &checks,
        migrations: &migrations,
        applied: history.applied.len(),
        present: &existing.nearby,
        role: &existing.rights.role,
        superuser: existing.rights.superuser,
        server: server.as_deref().unwrap_or_default(),
        options,
    };
    if is_blocked {
        report.exit = ExitCode::Blocked;
        report.conclusion = Some(Conclusion::Blocked);
        report.migrations = plan
            .steps
            .iter()
            .map(|step| describe(step.migration, MigrationState::Pending))
            .collect();
        report.root_causes = found
            .causes
            .iter()
            .zip(&remedies)
            .map(|(cause, remedy)| RootCause {
                object: cause.object.clone(),
                blocks: cause.statements + waiting(cause, &facts),
                remedy: remedy.clone(),
                sources: lines(cause),
            })
            .collect();
    }
    report.preflight = Some(Box::new(Preflight::of(&facts)));
    checks.retain(|check| check.status == Status::Blocked);
    report.checks = checks;
    Ok(is_blocked)
}

/// What each step misses when nothing but this plan runs: the first object, by version.
///
/// # Errors
/// [`Error`] when the server could not be asked.
pub(super) async fn missing_in(
    context: &Context<'_>,
    session: &Session,
    plan: &Plan<'_>,
) -> Result<BTreeMap<Version, String>, Error> {
    let (mut existing, _) = look_up(
        context,
        session,
        &preflight::names(plan),
        &Beginning::default(),
        false,
        &[],
    )
    .await?;
    own_tables(&mut existing);
    let found = preflight::assess(plan, &existing);
    let first = |causes: &Vec<usize>| {
        found
            .causes
            .get(*causes.first()?)
            .map(|cause| cause.object.clone())
    };
    Ok(found
        .own
        .iter()
        .filter_map(|(version, causes)| Some((*version, first(causes)?)))
        .collect())
}

/// The history and the journal are there once a step runs, whether they are there now or not.
fn own_tables(existing: &mut Existing) {
    let path = existing.path.clone();
    let home = path
        .into_iter()
        .find(|schema| existing.schemas.contains_key(schema));
    let home = home.unwrap_or_else(|| "public".to_owned());
    for table in [HISTORY_TABLE, JOURNAL_TABLE] {
        let facts = RelationFacts {
            kind: 'r',
            owned: true,
            may_reference: true,
            touched: true,
            ..RelationFacts::default()
        };
        existing
            .relations
            .entry((home.clone(), table.to_owned()))
            .or_insert(facts);
    }
}

/// What the server's grammar refuses in the scripts of the plan: of those that were asked about, and of those in front of
/// them, which would fail in their turn.
async fn refusals(
    context: &Context<'_>,
    session: &Session,
    plan: &Plan<'_>,
    read_from: usize,
    refused: Vec<usize>,
) -> Result<BTreeMap<Version, Refusal>, Error> {
    let mut numbers: Vec<usize> = Vec::new();
    let unread: Vec<&MigrationScript> = plan
        .steps
        .iter()
        .take(read_from)
        .map(|step| step.script)
        .collect();
    if !unread.is_empty() {
        let answered = context.answer(session, session.refused(&unread)).await;
        if !matches!(answered.answer, Some(Ok(_))) {
            session.rollback().await;
        }
        let more = answered.or_interrupted("the scripts were read")?;
        numbers = more.map_err(|failure| Error::database("having the scripts read", failure))?;
    }
    numbers.extend(refused.iter().map(|number| read_from + number));
    let steps: Vec<_> = numbers
        .iter()
        .filter_map(|number| plan.steps.get(*number))
        .collect();
    let scripts: Vec<&MigrationScript> = steps.iter().map(|step| step.script).collect();
    let answered = context.answer(session, session.refusals(&scripts)).await;
    let refusals = answered.or_interrupted("the scripts were read")?;
    let of_step = steps.iter().zip(refusals);
    Ok(of_step
        .filter_map(|(step, refusal)| Some((step.migration.version, refusal?)))
        .collect())
}

async fn look_up(
    context: &Context<'_>,
    session: &Session,
    names: &preflight::Names,
    beginning: &Beginning,
    nearby: bool,
    scripts: &[&MigrationScript],
) -> Result<(Existing, Vec<usize>), Error> {
    let answered = context
        .answer(session, session.look_up(names, nearby, scripts))
        .await;
    let (has_failed, interrupted) = (matches!(answered.answer, Some(Err(_))), answered.interrupted);
    let is_to_end = (has_failed || interrupted) && beginning.is_to_end();
    // one that does not answer hears nothing
    if has_failed || is_to_end && answered.answer.is_some() {
        session.rollback().await;
    }
    answered
        .or_interrupted("the prerequisites were looked up")?
        .map_err(|failure| Error::database("looking up what the scripts need", failure))
}

/// What to do about each cause, and where what is missing should have come from.
fn remedies(
    context: &Context<'_>,
    ledger: &Ledger<'_>,
    plan: &Plan<'_>,
    found: &Assessment,
    existing: &Existing,
) -> (Vec<String>, Vec<String>) {
    if found.is_ready() {
        return Default::default();
    }
    let planned: Vec<Version> = plan.steps.iter().map(|step| step.migration.version).collect();
    let creators = preflight::creators(&found.causes, &context.project.set, ledger, &planned);
    found
        .causes
        .iter()
        .enumerate()
        .map(|(index, cause)| {
            let closest = Remedy::closest(cause, existing);
            let creator = creators.get(&index);
            (
                Remedy::line(cause, creator, closest.as_deref()),
                Remedy::reason(cause, creator).unwrap_or_default(),
            )
        })
        .unzip()
}

/// A check that cannot be judged, with the cause that it waits for.
fn wait(verdict: Verdict, found: &Assessment, version: Version) -> Verdict {
    let Some(causes) = found.blocked.get(&version) else {
        return verdict;
    };
    let first = || found.causes.get(*causes.first()?);
    let Some(cause) = named_by(&verdict, found)
        .or_else(|| unmade(&verdict, found))
        .or_else(first)
    else {
        return verdict;
    };
    Verdict {
        status: Status::Blocked,
        message: format!("{} {}", cause.object, cause.state),
        blocked_by: Some(cause.object.clone()),
        ..verdict
    }
}

/// The cause that a check names itself: the target of its reference, the role of its grant.
fn named_by<'a>(verdict: &Verdict, found: &'a Assessment) -> Option<&'a Cause> {
    let object = match verdict.kind {
        "foreign_key" => {
            let target = verdict.expected.as_deref()?;
            format!("table {}", &target[..target.find('(')?])
        }
        "grant" => format!("role {}", verdict.id.rsplit_once("/grant.")?.1),
        _ => return None,
    };
    found
        .causes
        .iter()
        .find(|cause| cause.object == object || cause.sites.iter().any(|site| site.object == object))
}

/// The cause that keeps the object of a check from being made, or else what it stands on.
fn unmade<'a>(verdict: &Verdict, found: &'a Assessment) -> Option<&'a Cause> {
    let is_of = |path: &str| {
        let rest = verdict.object.strip_prefix(path);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '(']))
    };
    let all = found.waiting.iter().filter(|unmade| is_of(&unmade.path));
    let nearest = all.max_by_key(|unmade| unmade.path.len())?;
    found.causes.get(nearest.cause)
}
