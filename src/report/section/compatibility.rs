//! What was there before the run and is not as it was.

use std::collections::BTreeSet;

use super::{Section, Words};
use crate::catalog::{Kind, Object, ObjectId};
use crate::report::describe;
use crate::report::model::{MigrationReport, MigrationState, Report};

/// The section; `None` where no migration was applied.
pub fn compatibility(report: &Report) -> Option<Section> {
    let run: Vec<&MigrationReport> = report
        .migrations
        .iter()
        .filter(|migration| {
            matches!(
                migration.state,
                MigrationState::Applied | MigrationState::RolledBack
            )
        })
        .collect();
    if run.is_empty() || report.command != "apply" {
        return None;
    }
    let mut section = Section::titled("Backward compatibility");
    let altered: Vec<&(Object, Vec<String>)> = run
        .iter()
        .flat_map(|migration| &migration.artifacts.altered)
        .collect();
    let removed: Vec<&Object> = run
        .iter()
        .flat_map(|migration| &migration.artifacts.removed)
        .collect();
    let added = added(&run);
    if altered.is_empty() && removed.is_empty() && added.is_empty() {
        section.paragraph(Words::of("Existing objects touched: ").strong("none").plain(
            " of those that the scripts and their checks name, by the difference of the catalog before and \
                     after. The run only added.",
        ));
    } else {
        section.paragraph(Words::of(
            "Existing objects touched, by the difference of the catalog before and after:",
        ));
        let rows = altered.into_iter().map(changed).collect();
        section.table(["Kind", "Object", "Differs in"], rows);
        let rows = removed
            .iter()
            .map(|object| {
                [
                    Words::of(object.id.kind.to_string()),
                    Words::default().code(describe::name(object)),
                ]
            })
            .collect();
        section.table(["Kind", "Removed"], rows);
        let rows = added.iter().map(|name| [Words::default().code(name)]).collect();
        section.table(["Added to what was there before"], rows);
    }
    let opaque: Vec<Words> = run
        .iter()
        .flat_map(|migration| &migration.effects)
        .filter(|effect| effect.action == "run")
        .map(|effect| {
            Words::default()
                .code(&effect.source.file)
                .plain(format!(" line {}", effect.source.line))
        })
        .collect();
    if !opaque.is_empty() {
        section.paragraph(Words::of(
            "Statements that may do more than their text tells, and so may touch what was not looked at:",
        ));
        section.list(opaque);
    }
    Some(section)
}

/// An object that was there before, and in what it differs now.
pub fn changed((object, properties): &(Object, Vec<String>)) -> [Words; 3] {
    let properties: Vec<String> = properties.iter().map(|word| word.replace('_', " ")).collect();
    [
        Words::of(object.id.kind.to_string()),
        Words::default().code(describe::name(object)),
        Words::of(properties.join(", ")),
    ]
}

/// What migrations added to relations that were there before.
fn added(run: &[&MigrationReport]) -> Vec<String> {
    let created: BTreeSet<&ObjectId> = run
        .iter()
        .flat_map(|migration| migration.artifacts.created.iter().map(|object| &object.id))
        .collect();
    let is_new = |id: &ObjectId| {
        Kind::RELATIONS
            .iter()
            .any(|&kind| created.contains(&ObjectId::new(kind, id.schema.clone(), id.relation.clone())))
    };
    created
        .iter()
        .filter(|id| !id.relation.is_empty() && id.kind != Kind::Grant && !is_new(id))
        .map(ToString::to_string)
        .collect()
}
