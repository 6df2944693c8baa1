//! What the files of a migration tell about it, for the reports that people read.

use std::collections::BTreeMap;

use crate::check::{Status, Suite, Verdict};
use crate::history::{Entry, Ledger};
use crate::migration::{Migration, MigrationScript, Version, sha256};
use crate::project::Project;
use crate::report::model::{
    EffectLine, FileLine, MigrationReport, MigrationState, Report, RootCause, WayBack,
};
use crate::report::needs;
use crate::report::summary::without_tag;
use crate::source::{Location, SourceFile};
use crate::sql::{Action, ObjectKind, Statement, TokenKind, lex};

/// Fills in files, effects and the way back. `script` is the one that runs: the migration's own, or its rollback.
pub fn of_files(
    line: &mut MigrationReport,
    migration: &Migration,
    script: &MigrationScript,
    suite: Option<&Suite>,
) {
    line.files = vec![file(
        "migration",
        &migration.up.file,
        migration.up.statements().len(),
    )];
    line.files.extend(
        migration
            .down
            .as_ref()
            .map(|down| file("rollback", &down.file, down.statements().len())),
    );
    line.files
        .extend(suite.map(|suite| file("checks", &suite.file, suite.checks())));
    line.effects = effects(script);
    line.way_back = Some(way_back(migration));
}

/// How a migration is taken back.
pub fn way_back(migration: &Migration) -> WayBack {
    match (&migration.down, migration.irreversible()) {
        (Some(down), _) => WayBack::Script(down.file.path().to_string()),
        (None, Some(reason)) => WayBack::Irreversible(reason.to_string()),
        (None, None) if migration.is_repeatable() => WayBack::Repeatable,
        (None, None) => WayBack::None,
    }
}

fn file(role: &'static str, file: &SourceFile, parts: usize) -> FileLine {
    FileLine {
        role,
        path: file.path().to_string(),
        lines: file.line_count(),
        parts,
        sha256: sha256(file.text()),
    }
}

/// What each statement does to which object.
fn effects(script: &MigrationScript) -> Vec<EffectLine> {
    script
        .statements()
        .iter()
        .flat_map(|statement| {
            let whole = one_line(script.file.slice(statement.span));
            let text = without_tag(&whole, &statement.tag);
            let mut lines: Vec<EffectLine> = statement
                .effects
                .iter()
                .map(|effect| EffectLine {
                    action: action(&effect.action),
                    kind: kind(effect.object.kind, statement),
                    name: effect.object.name.to_string(),
                    on: effect.object.on.as_ref().map(ToString::to_string),
                    text: match effect.action {
                        Action::Grant | Action::Revoke => text.clone(),
                        _ => {
                            let behind = script.file.text().get(effect.object.span.end..statement.span.end);
                            let unique = whole.to_lowercase().starts_with("create unique");
                            format!(
                                "{}{}",
                                if unique { "UNIQUE " } else { "" },
                                one_line(behind.unwrap_or_default())
                            )
                        }
                    },
                    source: script.file.location(effect.object.span.start),
                })
                .collect();
            if statement.opaque {
                lines.push(EffectLine {
                    action: "run",
                    kind: "statement",
                    name: statement.tag.clone(),
                    on: None,
                    text,
                    source: script.file.location(statement.span.start),
                });
            }
            lines
        })
        .collect()
}

/// A statement without comments and line ends.
fn one_line(sql: &str) -> String {
    let tokens = lex(sql);
    let kept: String = tokens
        .iter()
        .map(|token| match token.kind {
            TokenKind::LineComment | TokenKind::BlockComment => " ",
            _ => token.text(sql),
        })
        .collect();
    let words: Vec<&str> = kept.split_whitespace().collect();
    words.join(" ")
}

fn kind(kind: ObjectKind, statement: &Statement) -> &'static str {
    match kind {
        ObjectKind::Table if statement.tag == "CREATE FOREIGN TABLE" => "foreign table",
        kind => kind.as_str(),
    }
}

fn action(action: &Action) -> &'static str {
    match action {
        Action::Create { .. } => "create",
        Action::Alter => "alter",
        Action::Drop { .. } => "drop",
        Action::Rename { .. } => "rename",
        Action::Move { .. } => "move",
        Action::Attach { .. } => "attach",
        Action::Detach { .. } => "detach",
        Action::Comment => "comment",
        Action::Grant => "grant",
        Action::Revoke => "revoke",
        Action::Refresh => "refresh",
    }
}

/// Names what blocked checks wait for, each once, where the verb has not done so.
pub fn root_causes(report: &mut Report) {
    if !report.root_causes.is_empty() {
        return;
    }
    let mut causes: Vec<RootCause> = Vec::new();
    let blocked = report
        .checks
        .iter()
        .filter(|check| check.status == Status::Blocked);
    for check in blocked {
        // where nothing is missing, what keeps it from being judged is the cause
        let object = check.blocked_by.as_ref().unwrap_or(&check.message);
        match causes.iter_mut().find(|cause| cause.object == *object) {
            Some(cause) => cause.blocks += 1,
            None => causes.push(RootCause {
                object: object.clone(),
                blocks: 1,
                remedy: check.remedy.clone().unwrap_or_else(|| remedy(report, object)),
                sources: Vec::new(),
            }),
        }
    }
    for cause in &mut causes {
        cause.sources = made_at(report, &cause.object);
    }
    report.root_causes = causes;
}

/// The line of the script that creates an object, as far as the run's migrations tell.
fn made_at(report: &Report, object: &str) -> Vec<Location> {
    let name = object.split_once(' ').map_or(object, |(_, name)| name);
    let bare = name.split_once('.').map_or(name, |(_, bare)| bare);
    let makes =
        |effect: &&EffectLine| effect.action == "create" && [name, bare].contains(&effect.name.as_str());
    // of several the one that is called the maker, else the first
    let maker = report.makers.get(name);
    let is_maker = |line: &&MigrationReport| Some(&line.stem()) == maker;
    let called = report.migrations.iter().filter(is_maker);
    let effects = called.chain(&report.migrations).flat_map(|line| &line.effects);
    let made = effects.into_iter().find(makes);
    made.map(|effect| effect.source.clone()).into_iter().collect()
}

/// What to do about an object that a check missed; nothing where no check looked for it.
fn remedy(report: &Report, object: &str) -> String {
    let name = object.split_once(' ').map_or(object, |(_, name)| name);
    let is_missed = |check: &Verdict| check.status == Status::Fail && check.object == name;
    if !report.checks.iter().any(is_missed) {
        return String::new();
    }
    let maker = report.makers.get(name);
    let line = report.migrations.iter().find(|line| Some(&line.stem()) == maker);
    match (maker, line.map(|line| line.state)) {
        (Some(maker), Some(MigrationState::Pending | MigrationState::Skipped)) => format!("apply {maker}"),
        (Some(maker), Some(MigrationState::Applied)) => format!("create it again, as {maker} does"),
        _ => "create it in a migration, or correct the suite that names it".to_string(),
    }
}

/// Stems of the applied versions that are `wanted`, in order.
pub fn applied(ledger: &Ledger<'_>, wanted: impl Fn(Version) -> bool) -> Vec<String> {
    let entries = ledger
        .iter()
        .filter(|entry| entry.is_applied() && wanted(entry.version));
    entries.map(Entry::stem).collect()
}

/// Tells which migrations make what others rest on: of a run what was there before it, else what is missing. What was made
/// anew is the later one's.
pub fn makers(report: &mut Report, project: &Project) {
    let mut makers = BTreeMap::new();
    let mut note = |name: &str, is_earlier: &dyn Fn(&Migration) -> bool| {
        if let Some(maker) = maker(project, name, is_earlier) {
            makers.insert(name.to_string(), maker.stem());
        }
    };
    let versions: BTreeMap<String, Version> = project
        .set
        .iter()
        .map(|migration| (migration.stem(), migration.version))
        .collect();
    for line in &report.migrations {
        let Some(&needing) = versions.get(&line.stem()) else {
            continue;
        };
        for need in needs::needs(&line.artifacts.created) {
            note(&need.name, &|migration| migration.version < needing);
        }
    }
    let is_unapplied = |migration: &Migration| {
        let line = report
            .migrations
            .iter()
            .find(|line| line.stem() == migration.stem());
        line.is_some_and(|line| matches!(line.state, MigrationState::Pending | MigrationState::Skipped))
    };
    let missing = report
        .checks
        .iter()
        .filter_map(|check| check.blocked_by.as_deref());
    let causes = report.root_causes.iter().map(|cause| cause.object.as_str());
    let mut names: Vec<&str> = missing
        .chain(causes)
        .filter_map(|object| Some(object.split_once(' ')?.1))
        .collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        note(name, &|migration| !is_unapplied(migration));
    }
    report.makers = makers;
}

/// The last of those migrations whose script makes the object; else the first of all.
fn maker<'p>(
    project: &'p Project,
    name: &str,
    is_earlier: &dyn Fn(&Migration) -> bool,
) -> Option<&'p Migration> {
    let bare = name.split('(').next().unwrap_or(name);
    let last = bare.rsplit('.').next().unwrap_or(bare);
    let mut found = project.set.iter().filter(|migration| {
        // to take a script apart costs more than to look whether it has the word
        migration.up.file.text().contains(last.trim_matches('"'))
            && migration
                .up
                .statements()
                .iter()
                .flat_map(|statement| &statement.effects)
                .any(|effect| {
                    let made = effect.object.name.to_string();
                    matches!(effect.action, Action::Create { .. })
                        && (effect.object.on.is_none() || effect.object.kind == ObjectKind::Table)
                        && (made == bare || effect.object.name.schema.is_none() && made == last)
                })
    });
    let first = found.next()?;
    let earlier = std::iter::once(first)
        .chain(found)
        .filter(|migration| is_earlier(migration));
    Some(earlier.last().unwrap_or(first))
}
