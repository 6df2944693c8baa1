//! What was there before and is used.

use super::{Section, Words};
use crate::catalog::Object;
use crate::report::model::Report;
use crate::report::needs::{Need, needs};
use crate::report::summary::quantity;

/// The section; `None` where what was made rests on nothing but itself.
pub fn dependencies(report: &Report, made: &[Object]) -> Option<Section> {
    let needs = needs(made);
    let before = report.before.as_ref();
    let applied = before.map_or(&[][..], |before| &before.applied);
    if needs.is_empty() && applied.is_empty() {
        return None;
    }
    let mut section = Section::titled("Dependencies and prerequisites");
    if !needs.is_empty() {
        needed(&mut section, report, &needs);
    }
    if let Some(words) = earlier(applied) {
        section.paragraph(words);
    }
    let extensions = before.map(|before| &before.extensions);
    if let Some(extensions) = extensions.filter(|extensions| !extensions.is_empty()) {
        let listed: Vec<String> = extensions
            .iter()
            .map(|(name, version)| format!("{name} {version}"))
            .collect();
        section.paragraph(Words::of("Extensions that were installed: ").codes(&listed));
    }
    if let Some(database) = &report.database {
        section.paragraph(Words::of(format!(
            "Server: PostgreSQL {}.",
            database.server_version
        )));
    }
    Some(section)
}

/// How many earlier migrations are named.
const NAMED: usize = 10;

/// The migrations that were applied before; the latest of many.
fn earlier(applied: &[String]) -> Option<Words> {
    let latest = applied.last()?;
    Some(match applied.len() {
        ..=NAMED => Words::of("Migrations that were applied before: ").codes(applied),
        count => Words::of(format!(
            "{} were applied before, the latest ",
            quantity(count, "migration")
        ))
        .code(latest),
    })
}

/// What was made rests on these.
fn needed(section: &mut Section, report: &Report, needs: &[Need]) {
    section.paragraph(Words::of(
        "These were there before and are used by what was created: the catalog names them. Bodies of functions \
         are texts to the catalog, and what they name is not in this list.",
    ));
    let rows = needs
        .iter()
        .map(|need| {
            [
                Words::of(need.kind),
                Words::default().code(&need.name),
                Words::of(users(need)),
                maker(report, &need.name).map_or(Words::default(), |stem| Words::default().code(stem)),
            ]
        })
        .collect();
    section.table(["Kind", "Object", "Used by", "Made by"], rows);
}

fn users(need: &Need) -> String {
    let users: Vec<String> = need
        .users
        .iter()
        .map(|(kind, count)| quantity(*count, kind.as_str()))
        .collect();
    users.join(", ")
}

/// The stem of the migration of the project that makes an object, as far as scripts tell.
pub fn maker<'a>(report: &'a Report, name: &str) -> Option<&'a str> {
    let bare = name.strip_prefix("public.").unwrap_or(name);
    let stem = report.makers.get(name).or_else(|| report.makers.get(bare))?;
    Some(stem)
}
