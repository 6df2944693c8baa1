//! `apply`: each pending migration with its checks inside its transaction.

use std::time::{Duration, Instant};

use super::context::{Context, ask};
use super::judge::{Judged, Place, judge};
use super::runner::{self, Beginning, Outcome, Runner, describe, millis};
use super::{Confirm, Error, facts, preflight, rehearse, suites, unjudged};
use crate::check::{self, Suite};
use crate::db::batch::{Batch, Stage};
use crate::db::catalog as reading;
use crate::db::history::Reading;
use crate::db::session::Session;
use crate::diagnostic::Diagnostic;
use crate::history::Ledger;
use crate::migration::{MigrationScript, Version, Width};
use crate::plan::{Plan, Refusal};
use crate::project::OutOfOrder;
use crate::report::ExitCode;
use crate::report::model::{
    Conclusion, Gate, MigrationReport, MigrationState, Report, StatementLine, Totals,
};
use crate::report::rehearsal::Rehearsal;

/// What the user asked for.
#[derive(Clone, Default)]
pub struct Options<'o> {
    /// The newest version to apply; all when absent.
    pub to: Option<Version>,
    pub dry_run: bool,
    /// Run it all in one transaction that is rolled back.
    pub rehearse: bool,
    /// All of them in one transaction: all or nothing.
    pub single_transaction: bool,
    /// Commit without checks; report and journal say so.
    pub no_verify: bool,
    pub out_of_order: bool,
    /// How long to wait for another runner, instead of the configured time.
    pub lock_wait: Option<Duration>,
    pub strict: bool,
    /// What the settings' `confirm` asks for is agreed to.
    pub yes: bool,
    /// Nobody reads the report of a run that works.
    pub is_unread: bool,
    /// Asks the user; `None` when nobody can be asked.
    pub confirm: Option<Confirm<'o>>,
}

/// How often the plan is made anew because somebody else moved on.
const REPLANS: usize = 1000;

/// Applies what is pending.
///
/// # Errors
/// [`Error`] when nothing could be planned or run. A script or check that fails is in the report.
pub async fn apply(context: &Context<'_>, options: &Options<'_>) -> Result<Report, Error> {
    let started = Instant::now();
    let mut report = super::begin("apply");
    report.dry_run = options.dry_run;
    let project = context.project;
    super::needs_migrations(project)?;
    let suites = suites(project)?;
    let (session, reading) = context.open_with_history().await?;
    report.database = Some(context.database(&session, &reading));
    let versions = project.set.iter().map(|migration| migration.version);
    let width = reading
        .history
        .width
        .unwrap_or_else(|| runner::width_of_new_table(versions, project.config.settings.history));
    let run = Run {
        context,
        options,
        suites,
        width,
    };
    if options.dry_run {
        let ledger = Ledger::build(&project.set, &reading.history);
        let plan = run.plan(&ledger, &reading)?;
        describe_plan(&mut report, &plan, suites);
        report.diagnostics.extend(outside_notices(&plan));
        if !plan.is_empty() && !options.no_verify {
            report.diagnostics.extend(judged_behind(&run.always()));
        }
    } else {
        let mut runner = run.runner(session, &reading);
        let ended = run.plans(&mut runner, reading, &mut report).await?;
        if !ended.is_blocked {
            run.conclude(runner, ended, &mut report).await;
        }
    }
    report.duration_ms = millis(started.elapsed());
    Ok(report)
}

/// What the phases of one `apply` share.
struct Run<'r> {
    context: &'r Context<'r>,
    options: &'r Options<'r>,
    suites: &'r [Suite],
    /// Of a history table that has to be created.
    width: Width,
}

/// How the plans of a run ended.
struct Ended {
    outcome: Outcome,
    failed: Option<Error>,
    notices: Vec<Diagnostic>,
    rehearsal: Option<Rehearsal>,
    /// Preflight found something in the way: the report says what, and nothing was run.
    is_blocked: bool,
}

impl Run<'_> {
    /// What is to be done now.
    ///
    /// # Errors
    /// When it cannot be done as asked.
    fn plan<'p>(&self, ledger: &Ledger<'p>, reading: &Reading) -> Result<Plan<'p>, Error> {
        let is_allowed = self.context.project.config.settings.out_of_order == OutOfOrder::Allow;
        let allow = self.options.out_of_order || is_allowed;
        let plan = Plan::up(ledger, self.options.to, allow).map_err(refused)?;
        check_width(&plan, reading, self.width)?;
        check_scripts(&plan)?;
        if self.options.single_transaction {
            check_single(&plan)?;
        }
        Ok(plan)
    }

    fn runner<'c>(&'c self, session: Session, reading: &Reading) -> Runner<'c> {
        let options = self.options;
        let mut runner = Runner::new(self.context, session, reading.clone(), self.suites, self.width);
        runner.verify = !options.no_verify;
        runner.strict |= options.strict;
        runner.single = options.single_transaction;
        runner.is_terse = options.is_unread && !options.rehearse;
        runner.lock_wait = options.lock_wait.unwrap_or(runner.lock_wait);
        runner
    }

    /// The suites that belong to no migration.
    fn always(&self) -> Vec<&Suite> {
        let suites = self.suites.iter();
        suites.filter(|suite| suite.version.is_none()).collect()
    }

    /// Makes a plan and runs it, anew as often as others change the history.
    ///
    /// # Errors
    /// [`Error`] before anything was run.
    async fn plans(
        &self,
        runner: &mut Runner<'_>,
        mut reading: Reading,
        report: &mut Report,
    ) -> Result<Ended, Error> {
        let mut ended = Ended {
            outcome: Outcome::HistoryChanged,
            failed: None,
            notices: Vec::new(),
            rehearsal: None,
            is_blocked: false,
        };
        let mut is_confirmed = false;
        let always = self.always();
        for _ in 0..REPLANS {
            let ledger = Ledger::build(&self.context.project.set, &reading.history);
            let is_first = runner.migrations.is_empty();
            let plan = match self.plan(&ledger, &reading) {
                Ok(plan) => plan,
                Err(error) if is_first => return Err(error),
                Err(error) => {
                    ended.failed = Some(error);
                    break;
                }
            };
            if is_first {
                ended.notices = outside_notices(&plan);
                let mut looked = report.clone();
                let beginning = Beginning::default();
                let blocked = self.is_blocked(runner, &reading, &plan, &ledger, (&mut looked, &beginning));
                // while the server answers
                let prepare = async {
                    tokio::task::yield_now().await;
                    let prepared = runner.prepare(&plan);
                    if self.begins_ahead(runner, &plan) {
                        beginning.begin(runner, &plan, &prepared).await;
                    }
                    prepared
                };
                let (blocked, prepared) = tokio::join!(blocked, prepare);
                ended.is_blocked = blocked?;
                runner.prepared = (!ended.is_blocked).then(|| prepared.behind(beginning));
                if ended.is_blocked
                    && let Some(newer) = moved_on(runner, &reading).await?
                {
                    reading = newer;
                    continue;
                }
                *report = looked;
                if ended.is_blocked {
                    break;
                }
            }
            if !is_confirmed && !plan.is_empty() {
                self.agree(&plan)?;
                is_confirmed = true;
            }
            let executed = match self.options.rehearse && !plan.is_empty() {
                true => rehearse::execute(runner, &plan, &always, &mut ended.rehearsal).await,
                false => runner.execute(&plan).await,
            };
            match executed {
                Ok(Outcome::HistoryChanged) => {
                    reading = reread(runner).await?;
                    continue;
                }
                Ok(Outcome::Done) => ended.outcome = Outcome::Done,
                Ok(stopped @ Outcome::Stopped(_)) => {
                    mark_unrun(runner, &plan);
                    ended.outcome = stopped;
                }
                Err(error) => {
                    mark_unrun(runner, &plan);
                    ended.failed = Some(error);
                }
            }
            break;
        }
        Ok(ended)
    }

    /// Whether preflight finds something in the way of the plan.
    async fn is_blocked(
        &self,
        runner: &Runner<'_>,
        reading: &Reading,
        plan: &Plan<'_>,
        ledger: &Ledger<'_>,
        (report, beginning): (&mut Report, &Beginning),
    ) -> Result<bool, Error> {
        let asked = preflight::Options {
            to: self.options.to,
            out_of_order: self.options.out_of_order,
        };
        let subject = preflight::Subject {
            history: &reading.history,
            ledger,
            plan,
            suites: self.suites,
            verifies: !self.options.no_verify,
            options: &asked.words(plan),
            read_from: self.read_from(plan),
            beginning,
        };
        preflight::stops(self.context, &runner.session, &subject, report).await
    }

    /// The first script that the server's grammar is asked about: where something was committed when one fails. The first
    /// one of the plan fails by itself before that, unless its statements run one by one, and so do all in one transaction.
    fn read_from(&self, plan: &Plan<'_>) -> usize {
        match plan.steps.first() {
            _ if self.options.single_transaction || self.options.rehearse => usize::MAX,
            Some(first) if first.script.is_transactional() => 1,
            _ => 0,
        }
    }

    /// Whether nothing comes between the preflight and the first script: nobody is asked, no other script is run, and the
    /// journal is not looked at.
    fn begins_ahead(&self, runner: &Runner<'_>, plan: &Plan<'_>) -> bool {
        let is_agreed = !self.context.project.config.settings.confirm || self.options.yes;
        let all_within = plan.steps.iter().all(|step| step.script.is_transactional());
        is_agreed && all_within && !self.options.rehearse && !runner.may_ask(plan)
    }

    /// Asks where the settings say so.
    fn agree(&self, plan: &Plan<'_>) -> Result<(), Error> {
        let (yes, confirm) = (self.options.yes, self.options.confirm);
        match self.options.rehearse {
            true => rehearse::agree(self.context, plan, yes, confirm),
            false => super::agree(self.context, plan, yes, confirm),
        }
    }

    /// Judges what always holds, and tells what came of the run.
    async fn conclude(&self, mut runner: Runner<'_>, ended: Ended, report: &mut Report) {
        let Ended {
            outcome,
            mut failed,
            notices,
            rehearsal,
            ..
        } = ended;
        let is_applied = |line: &MigrationReport| line.state == MigrationState::Applied;
        let applied_any = runner.migrations.iter().any(is_applied);
        let always = self.always();
        if matches!(outcome, Outcome::Done) && applied_any && runner.verify && !always.is_empty() {
            failed = self.conclude_always(&mut runner, &always).await.err();
        }
        if self.options.no_verify && applied_any {
            runner.diagnostics.push(
                Diagnostic::warning("applied without verification (--no-verify)")
                    .help("judge the database now with `pgplumb verify`"),
            );
        }
        report.checks = std::mem::take(&mut runner.checks);
        report.rehearsal = rehearsal
            .or_else(|| self.options.rehearse.then(Rehearsal::default))
            .map(Box::new);
        report.exit = match (&outcome, &failed) {
            (_, Some(error)) => error.exit(),
            (Outcome::Stopped(exit), None) => *exit,
            (Outcome::Done, None) if report.totals().approved(runner.strict) => ExitCode::Done,
            (Outcome::Done, None) => ExitCode::NotApproved,
            (Outcome::HistoryChanged, None) => ExitCode::HistoryDisagrees,
        };
        if report.exit != ExitCode::Done {
            runner.tell_all().await;
        }
        report.migrations = runner.migrations;
        report.diagnostics.extend(notices);
        report.diagnostics.extend(runner.diagnostics);
        report.isolation = runner.matrices;
        if let Some(error) = failed {
            report.diagnostics.extend(error.into_diagnostics());
        } else if matches!(outcome, Outcome::HistoryChanged) {
            report.diagnostics.push(
                Diagnostic::error("the history kept changing under this run")
                    .help("find out who else writes to the history, then run apply again"),
            );
        }
        report.conclusion = Some(match report.exit {
            ExitCode::Done => Conclusion::Approved,
            _ => Conclusion::NotApproved,
        });
        if !self.options.is_unread || report.exit != ExitCode::Done {
            runner.clock.tell(&mut report.migrations);
            facts::makers(report, self.context.project);
            facts::root_causes(report);
        }
    }

    /// The always-on suites, behind the last COMMIT.
    async fn conclude_always(&self, runner: &mut Runner<'_>, always: &[&Suite]) -> Result<(), Error> {
        let judged = judge_always(self.context, runner, always).await?;
        runner.diagnostics.extend(judged.notes);
        runner.matrices.extend(judged.matrices);
        if !Totals::of(&judged.verdicts).approved(runner.strict) {
            runner.diagnostics.push(stays_applied(&runner.migrations));
        }
        runner.checks.extend(judged.verdicts);
        Ok(())
    }
}

/// The history as it is now, when another runner changed it since it was read: what stands in the way of a plan made
/// before may be what that one did.
async fn moved_on(runner: &mut Runner<'_>, reading: &Reading) -> Result<Option<Reading>, Error> {
    let newer = reread(runner).await?;
    Ok((newer.history != reading.history).then_some(newer))
}

/// Reads the history again, for the runner as well.
async fn reread(runner: &mut Runner<'_>) -> Result<Reading, Error> {
    let reading = runner.context.load_history(&mut runner.session).await?;
    runner.reread(reading.clone());
    Ok(reading)
}

/// The always-on suites are judged behind the last COMMIT: what they find takes nothing back.
fn stays_applied(migrations: &[MigrationReport]) -> Diagnostic {
    let applied: Vec<String> = migrations
        .iter()
        .filter(|migration| migration.state == MigrationState::Applied)
        .map(MigrationReport::stem)
        .collect();
    Diagnostic::warning(format!(
        "{} met {} own checks and {} applied: what failed is a suite that always holds",
        applied.join(", "),
        if applied.len() == 1 { "its" } else { "their" },
        if applied.len() == 1 { "stays" } else { "stay" },
    ))
    .help("correct what the suite finds and run `pgplumb verify`, or take it back with `pgplumb rollback`")
}

/// The steps that were not reached are still pending.
fn mark_unrun(runner: &mut Runner<'_>, plan: &Plan<'_>) {
    for step in &plan.steps {
        if !runner
            .migrations
            .iter()
            .any(|line| line.stem() == step.migration.stem())
        {
            let line = describe(step.migration, MigrationState::Pending);
            runner.migrations.push(line);
        }
    }
}

/// The always-on suites, once at the end, in a transaction that is rolled back.
async fn judge_always(
    context: &Context<'_>,
    runner: &Runner<'_>,
    always: &[&Suite],
) -> Result<Judged, Error> {
    let session = &runner.session;
    let mut batch = Batch::new();
    session.begin(&mut batch, "ISOLATION LEVEL REPEATABLE READ", &session.settings);
    let sql = reading::read_sql(&check::scope(always), session.version_num());
    session.read_catalog(&mut batch, Stage::After, &sql);
    let reply = ask(session, "reading the catalog", batch).await?;
    let catalog = runner::decode(&reply, Stage::After)?;
    let judged = judge(context, session, always, &catalog, Place::Apart, |_| true).await;
    session.rollback().await;
    judged
}

/// A plan that cannot be made, as an error of the verb.
pub fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Disagreement(diagnostics) => Error::Disagreement(diagnostics),
        Refusal::Usage(diagnostics) => Error::Input(diagnostics),
    }
}

/// Whether every script of the plan can be run, and the way back from it.
pub(super) fn check_scripts(plan: &Plan<'_>) -> Result<(), Error> {
    let mut problems = Vec::new();
    for step in &plan.steps {
        problems.extend(step.migration.up.validate());
        problems.extend(step.migration.down.iter().flat_map(|down| down.validate()));
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Input(problems))
    }
}

/// Whether every script may share a transaction.
fn check_single(plan: &Plan<'_>) -> Result<(), Error> {
    let outside = plan.steps.iter().filter(|step| !step.script.is_transactional());
    let problems: Vec<Diagnostic> = outside
        .map(|step| {
            let stem = step.migration.stem();
            let problem = Diagnostic::error(format!("{stem} runs outside a transaction, and all are to share one"));
            let problem = match step.script.outside_span() {
                Some(span) => problem.at(&step.script.file, span),
                None => problem.in_file(step.script.file.path()),
            };
            problem.help(format!(
                "apply those before it with `--single-transaction --to`, then {stem} without --single-transaction"
            ))
        })
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Input(problems))
    }
}

/// What is said of scripts of other tools that run outside a transaction.
pub(super) fn outside_notices(plan: &Plan<'_>) -> Vec<Diagnostic> {
    let scripts = plan.steps.iter().map(|step| step.script);
    scripts.filter_map(MigrationScript::outside_notice).collect()
}

/// Whether every version fits into the history table.
pub(super) fn check_width(plan: &Plan<'_>, reading: &Reading, width: Width) -> Result<(), Error> {
    let table = reading.history.table();
    let problems: Vec<Diagnostic> = plan
        .steps
        .iter()
        .filter(|step| !width.holds(step.migration.version))
        .map(|step| {
            Diagnostic::error(format!(
                "version {} does not fit into {table}, whose version column is of type integer",
                step.migration.label
            ))
            .in_file(step.migration.up.file.path())
            .help(format!(
                "widen it with `ALTER TABLE {table} ALTER COLUMN version TYPE bigint`, \
                 and build applications that embed refinery with its feature int8-versions"
            ))
        })
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Input(problems))
    }
}

/// The suites of no migration, which are judged once behind the last COMMIT of a plan.
fn judged_behind(always: &[&Suite]) -> Option<Diagnostic> {
    let suites: Vec<String> = always
        .iter()
        .map(|suite| match suite.checks() {
            1 => format!("{} (1 check)", suite.file.path()),
            checks => format!("{} ({checks} checks)", suite.file.path()),
        })
        .collect();
    (!suites.is_empty()).then(|| {
        Diagnostic::note(
            "what always has to hold is judged behind the last migration, and takes nothing back",
        )
        .fact("suites", suites.join(", "))
    })
}

/// The plan for `--dry-run`: every statement that would run.
pub fn describe_plan(report: &mut Report, plan: &Plan<'_>, suites: &[Suite]) {
    for step in &plan.steps {
        let state = match plan.direction {
            crate::plan::Direction::Up => MigrationState::Pending,
            crate::plan::Direction::Down => MigrationState::Applied,
        };
        let mut line = describe(step.migration, state);
        line.source = Some(step.script.file.location(0));
        line.statements = step
            .script
            .statements()
            .iter()
            .map(|statement| StatementLine {
                source: step.script.file.location(statement.span.start),
                tag: statement.tag.clone(),
                text: step.script.file.slice(statement.span).to_string(),
            })
            .collect();
        let suite = suites
            .iter()
            .find(|suite| suite.version == Some(step.migration.version));
        facts::of_files(&mut line, step.migration, step.script, suite);
        let gates = suites.iter().filter(|suite| {
            plan.direction == crate::plan::Direction::Up && suite.version == Some(step.migration.version)
        });
        line.gates = gates
            .flat_map(|suite| unjudged(suite, "not run"))
            .map(|verdict| Gate {
                id: verdict.id,
                kind: verdict.kind,
                source: verdict.source,
            })
            .collect();
        report.migrations.push(line);
    }
}
