//! sqitch: the changes of `sqitch.plan` in its order, `deploy/name.sql` with `revert/name.sql`.
//!
//! A change has no number: its place in the plan is its version. A change that was reworked is in the plan twice; the
//! scripts of its earlier form carry the tag that follows it: `deploy/name@v1.sql`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Folder, Found, Layout, LayoutName, PsqlSettings, Text, plain};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};

pub(super) const LAYOUT: Layout = Layout {
    name: LayoutName::Sqitch,
    evidence: |folder| {
        let plan = plan_path(folder)?;
        Some(format!("{plan} is there"))
    },
    read,
    is_nested: true,
};

const PLAN: &str = "sqitch.plan";

/// What sqitch.conf says of the files.
struct Settings {
    plan: String,
    deploy: String,
    revert: String,
    extension: String,
}

/// A change of the plan, or a tag.
#[derive(Debug, PartialEq, Eq)]
enum Line<'p> {
    Change { name: &'p str, span: Span },
    Tag(&'p str),
}

/// Where the plan is: in the folder, in the root, or where the root's settings have it.
fn plan_path(folder: &Folder<'_>) -> Option<String> {
    let settings = folder.file("sqitch.conf").and_then(Result::ok);
    let settled = settings.map(|file| Settings::of(file.text(), "").plan);
    let paths = [Some(folder.path(PLAN)), Some(PLAN.to_string()), settled];
    let paths: Vec<String> = paths.into_iter().flatten().collect();
    paths.into_iter().find(|path| folder.root.join(path).is_file())
}

fn read(folder: &Folder<'_>) -> Found {
    let mut found = Found::default();
    let within = if folder.root.join(folder.path(PLAN)).is_file() && folder.shown != "." {
        format!("{}/", folder.shown)
    } else {
        String::new()
    };
    let settings = match folder.file(&format!("{within}sqitch.conf")) {
        None => {
            found.psql = Some(psql("", &within));
            Settings::of("", &within)
        }
        Some(Ok(file)) => {
            found.psql = Some(psql(file.text(), &within));
            Settings::of(file.text(), &within)
        }
        Some(Err(problem)) => {
            found.problems.push(*problem);
            return found;
        }
    };
    let plan = match folder.file(&settings.plan) {
        Some(Ok(plan)) => plan,
        Some(Err(problem)) => {
            found.problems.push(*problem);
            return found;
        }
        None => {
            let problem = Diagnostic::error(format!("{} is not there", settings.plan));
            found
                .problems
                .push(problem.help("name the folder that holds it with --migrations"));
            return found;
        }
    };
    let (lines, problems) = changes(&plan);
    found.problems.extend(problems);
    let mut number = 0;
    for (at, line) in lines.iter().enumerate() {
        let Line::Change { name, span } = line else {
            continue;
        };
        number += 1;
        match script_name(&lines, at) {
            Ok(script) => take(
                &mut found,
                folder,
                &settings,
                &plan,
                (number, name, *span),
                &script,
            ),
            Err(()) => found.problems.push(
                Diagnostic::error(format!(
                    "{name} is reworked, and no tag stands between its two forms"
                ))
                .at(&plan, *span)
                .help("tag the plan before the change is reworked"),
            ),
        }
    }
    found
}

/// The values of a section of sqitch.conf, in its order.
fn section<'t>(text: &'t str, wanted: &str) -> Vec<(&'t str, &'t str)> {
    let mut section = "";
    let mut values = Vec::new();
    for line in text.lines().map(str::trim) {
        match line.strip_prefix('[') {
            Some(head) => section = head.trim_end_matches(']').trim(),
            None if section == wanted && !line.is_empty() && !line.starts_with(['#', ';']) => {
                let (name, written) = line.split_once('=').unwrap_or((line, ""));
                values.push((name.trim(), written.trim().trim_matches('"')));
            }
            None => {}
        }
    }
    values
}

/// How sqitch runs psql: a revert has the variables of the deploy as well, unless it has its own.
fn psql(text: &str, within: &str) -> PsqlSettings {
    let variables = |head: &str| -> BTreeMap<String, String> {
        let values = section(text, &format!("{head} \"variables\"")).into_iter();
        values
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect()
    };
    let deploy = variables("deploy");
    let mut revert = deploy.clone();
    revert.extend(variables("revert"));
    PsqlSettings {
        directory: within.to_string(),
        deploy: deploy.into_iter().collect(),
        revert: revert.into_iter().collect(),
    }
}

fn take(
    found: &mut Found,
    folder: &Folder<'_>,
    settings: &Settings,
    plan: &Arc<SourceFile>,
    (number, name, span): (usize, &str, Span),
    script: &str,
) {
    let path = |directory: &str| format!("{directory}/{script}.{}", settings.extension);
    let Some(up) = folder.file(&path(&settings.deploy)) else {
        found.problems.push(
            Diagnostic::error(format!(
                "{} is not there, and the plan has the change",
                path(&settings.deploy)
            ))
            .at(plan, span)
            .help("add the script, or take the change out of the plan"),
        );
        return;
    };
    let down = folder.file(&path(&settings.revert)).transpose();
    match (up, down) {
        (Ok(up), Ok(down)) => found.take(
            &format!("{number:04}"),
            &plain(name),
            Text::of(&up),
            down.as_ref().map(Text::of),
        ),
        (up, down) => {
            let problems = [up.err(), down.err()].into_iter().flatten();
            found.problems.extend(problems.map(|problem| *problem));
        }
    }
}

/// The scripts of a change: with the tag behind it when the change comes again later.
fn script_name(lines: &[Line<'_>], at: usize) -> Result<String, ()> {
    let Line::Change { name, .. } = &lines[at] else {
        return Err(());
    };
    let later = &lines[at + 1..];
    let again = later
        .iter()
        .position(|line| matches!(line, Line::Change { name: other, .. } if other == name));
    let Some(again) = again else {
        return Ok((*name).to_string());
    };
    let tag = later[..again].iter().find_map(|line| match line {
        Line::Tag(tag) => Some(tag),
        Line::Change { .. } => None,
    });
    tag.map(|tag| format!("{name}@{tag}")).ok_or(())
}

/// The plan, without pragmas and comments.
fn changes(plan: &Arc<SourceFile>) -> (Vec<Line<'_>>, Vec<Diagnostic>) {
    let (mut lines, mut problems) = (Vec::new(), Vec::new());
    let mut start = 0;
    for line in plan.text().split_inclusive('\n') {
        let offset = start + (line.len() - line.trim_start().len());
        start += line.len();
        let line = line.trim();
        if line.is_empty() || line.starts_with(['%', '#']) {
            continue;
        }
        let written = line.strip_prefix('+').unwrap_or(line).trim_start();
        let name = written.split_whitespace().next().unwrap_or(written);
        let span = Span::new(offset, offset + line.len());
        match name.strip_prefix('@') {
            Some(tag) => lines.push(Line::Tag(tag)),
            None if line.starts_with('-') => problems.push(
                Diagnostic::error("a plan that takes a change back is not read")
                    .at(plan, span)
                    .help("rework the change, or remove it from the plan"),
            ),
            None => lines.push(Line::Change { name, span }),
        }
    }
    (lines, problems)
}

impl Settings {
    fn of(text: &str, within: &str) -> Settings {
        let values = section(text, "core");
        let core = |key: &str| {
            let mut values = values.iter().rev();
            values
                .find(|(name, _)| *name == key)
                .map(|(_, value)| (*value).to_string())
        };
        let top = core("top_dir").filter(|top| top != ".");
        let top = top.map_or(within.to_string(), |top| {
            format!("{within}{}/", top.trim_end_matches('/'))
        });
        let folder = |key: &str, default: &str| {
            core(key).map_or(format!("{top}{default}"), |path| format!("{within}{path}"))
        };
        Settings {
            plan: core("plan_file").map_or_else(
                || {
                    // the plan stands in the top directory, which is the root by default
                    format!("{top}{PLAN}")
                },
                |path| format!("{within}{path}"),
            ),
            deploy: folder("deploy_dir", "deploy"),
            revert: folder("revert_dir", "revert"),
            extension: core("extension").unwrap_or_else(|| "sql".to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{lines, look, read_lines};
    use super::*;

    const BY: &str = "2025-01-01T00:00:00Z a <a@example.com>";

    #[test]
    fn the_plan_gives_the_order_and_tags_the_older_forms() {
        let plan = format!(
            "sqitch.plan=%syntax-version=1.0.0\n%project=x\n\nusers {BY} # users\n+ app/view [users !old] {BY}\n@v1 {BY}\n\
             # a word\napp/view [app/view@v1] {BY}\nlast {BY}\n"
        );
        assert_eq!(
            read_lines(
                LayoutName::Sqitch,
                &[
                    &plan,
                    "deploy/users.sql=-- Deploy\nBEGIN;\ncreate table users ();\nCOMMIT;\n",
                    "revert/users.sql=BEGIN;\ndrop table users;\nCOMMIT;\n",
                    "verify/users.sql",
                    "deploy/app/view@v1.sql=select 'old';",
                    "deploy/app/view.sql=select 'new';",
                    "revert/app/view.sql=select 'old';",
                ]
            ),
            [
                "0001 users: deploy/users.sql:3:1 [create table users ()] / revert/users.sql:2:1 [drop table users]",
                "0002 app_view: deploy/app/view@v1.sql:1:1 [select 'old'] / -",
                "0003 app_view: deploy/app/view.sql:1:1 [select 'new'] / revert/app/view.sql:1:1 [select 'old']",
                "error: sqitch.plan:9:1 deploy/last.sql is not there, and the plan has the change",
            ]
        );
    }

    #[test]
    fn variables_of_psql_are_those_of_the_settings() {
        let text = "[core]\nengine = pg\n[deploy \"variables\"]\n# a word\n\tapp = shop\n\tschema = \"a b\"\n[revert \"variables\"]\nschema = c\n";
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_string(), (*value).to_string()))
                .collect()
        };
        assert_eq!(
            psql(text, "db/"),
            PsqlSettings {
                directory: "db/".to_string(),
                deploy: pairs(&[("app", "shop"), ("schema", "a b")]),
                revert: pairs(&[("app", "shop"), ("schema", "c")]),
            }
        );
    }

    #[test]
    fn settings_name_the_folders() {
        let read =
            |entries: &[&str], folder: &str| look(entries, folder, |folder| lines(&super::read(folder)));
        assert_eq!(
            read(
                &[
                    "db/sqitch.plan=a x\n-b x\na x\n",
                    "db/sqitch.conf=[core]\n\tengine = pg\n\tdeploy_dir = up\n\textension = ddl\n[deploy]\n\tverify = true\n",
                    "db/up/a.ddl",
                    "db/revert/a.ddl",
                ],
                "db"
            ),
            [
                "0002 a: db/up/a.ddl:1:1 [select 1] / db/revert/a.ddl:1:1 [select 1]",
                "error: db/sqitch.plan:2:1 a plan that takes a change back is not read",
                "error: db/sqitch.plan:1:1 a is reworked, and no tag stands between its two forms",
            ]
        );
        assert_eq!(
            read(
                &[
                    "sqitch.plan=a x\n",
                    "sqitch.conf=[core]\ntop_dir = sql\n",
                    "sql/sqitch.plan=b x\n",
                    "sql/deploy/b.sql"
                ],
                "m"
            ),
            ["0001 b: sql/deploy/b.sql:1:1 [select 1] / -"]
        );
    }
}
