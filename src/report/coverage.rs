//! What a run made and no check named.

use std::collections::BTreeSet;

use super::model::{EffectLine, MigrationReport, MigrationState, Report, is_partition};
use super::summary::relation_path;
use crate::catalog::{Kind, Object};
use crate::check::{Status, Verdict};

/// Objects of a migration that no check named, by kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncovered {
    /// Stem of the migration.
    pub migration: String,
    /// Kind and names, in the order of kinds.
    pub objects: Vec<(String, Vec<String>)>,
}

/// What of the run's migrations no check named. Of what was run, the catalog's difference tells what it made;
/// of what was only judged, its script does.
pub fn unverified(report: &Report) -> Vec<Uncovered> {
    let checked = Checked::of(&report.checks);
    report
        .migrations
        .iter()
        .filter(|migration| {
            !matches!(
                migration.state,
                MigrationState::RolledBack | MigrationState::Failed
            )
        })
        .map(|migration| Uncovered {
            migration: migration.stem(),
            objects: by_kind(if migration.artifacts.created.is_empty() {
                let judged = checked.suites.contains(migration.version.as_str());
                let lines = migration.effects.iter().filter(|_| judged);
                lines.filter_map(|line| checked.misses_effect(line)).collect()
            } else {
                made(migration)
                    .filter_map(|object| checked.misses(object))
                    .collect()
            }),
        })
        .filter(|uncovered| !uncovered.objects.is_empty())
        .collect()
}

/// Whether no check judges a migration at all, though it was to be judged.
pub fn has_no_suite(report: &Report, migration: &MigrationReport) -> bool {
    !report.checks.iter().any(|check| check.suite == migration.version)
}

/// What a plan's migration alters, drops or renames that neither it nor one before it in the plan creates.
pub fn touched<'a>(report: &'a Report, migration: &'a MigrationReport) -> Vec<&'a EffectLine> {
    let until = report
        .migrations
        .iter()
        .position(|line| line.version == migration.version)
        .map_or(report.migrations.len(), |index| index + 1);
    let made: BTreeSet<&str> = report.migrations[..until]
        .iter()
        .flat_map(|line| &line.effects)
        .filter(|effect| effect.action == "create" && effect.kind != "column")
        .map(|effect| effect.name.as_str())
        .collect();
    let is_made = |effect: &EffectLine| match &effect.on {
        Some(on) => made.contains(on.as_str()),
        None => made.contains(effect.name.as_str()),
    };
    migration
        .effects
        .iter()
        .filter(|effect| {
            matches!(
                effect.action,
                "alter" | "drop" | "rename" | "move" | "attach" | "detach"
            )
        })
        .filter(|effect| !is_made(effect))
        .collect()
}

/// What a migration made, without what follows from something else that it made: indexes of constraints, copies
/// on partitions, columns of views, sequences of columns.
fn made(migration: &MigrationReport) -> impl Iterator<Item = &Object> {
    let objects = &migration.artifacts.created;
    let partitions: BTreeSet<String> = objects
        .iter()
        .filter(|object| is_partition(object))
        .map(|object| object.id.path())
        .collect();
    let views: BTreeSet<String> = objects
        .iter()
        .filter(|object| matches!(object.id.kind, Kind::View | Kind::MaterializedView))
        .map(|object| object.id.path())
        .collect();
    objects.iter().filter(move |object| {
        let relation = relation_path(object);
        let follows = match object.id.kind {
            Kind::Index => object.get("constraint").is_some() || object.get("partition_of").is_some(),
            Kind::Trigger => object.flag("cloned"),
            Kind::Column => partitions.contains(&relation) || views.contains(&relation),
            Kind::PrimaryKey | Kind::Unique | Kind::Check | Kind::ForeignKey | Kind::Exclusion => {
                partitions.contains(&relation)
            }
            Kind::Sequence => object.get("owned_by").is_some(),
            _ => false,
        };
        !follows
    })
}

fn by_kind(found: Vec<(Kind, String)>) -> Vec<(String, Vec<String>)> {
    let mut sorted = found;
    sorted.sort();
    sorted.dedup();
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for (kind, name) in sorted {
        match groups.last_mut() {
            Some((word, names)) if word == kind.as_str() => names.push(name),
            _ => groups.push((kind.as_str().to_string(), vec![name])),
        }
    }
    groups
}

/// The objects that checks judged.
struct Checked<'a> {
    objects: BTreeSet<(&'a str, &'a str)>,
    suites: BTreeSet<&'a str>,
}

impl<'a> Checked<'a> {
    fn of(checks: &'a [Verdict]) -> Checked<'a> {
        let judged = || checks.iter().filter(|check| check.status != Status::Skip);
        Checked {
            objects: judged()
                .map(|check| (check.kind, check.object.as_str()))
                .collect(),
            suites: judged().map(|check| check.suite.as_str()).collect(),
        }
    }

    fn names(&self, kind: Kind, path: &str) -> bool {
        words(kind)
            .iter()
            .any(|word| self.objects.contains(&(*word, path)))
    }

    fn misses(&self, object: &Object) -> Option<(Kind, String)> {
        let path = object.id.path();
        (!self.names(object.id.kind, &path)).then(|| (object.id.kind, super::describe::name(object)))
    }

    /// Of what a script says, the kinds that have a name of their own there.
    fn misses_effect(&self, line: &EffectLine) -> Option<(Kind, String)> {
        let kind = match line.kind {
            "table" | "foreign table" => Kind::Table,
            "index" => Kind::Index,
            "enum" => Kind::Enum,
            "domain" => Kind::Domain,
            "view" => Kind::View,
            "materialized view" => Kind::MaterializedView,
            "sequence" => Kind::Sequence,
            "function" | "procedure" | "aggregate" => Kind::Function,
            "trigger" => Kind::Trigger,
            "policy" => Kind::Policy,
            "extension" => Kind::Extension,
            "role" => Kind::Role,
            "schema" => Kind::Schema,
            "rule" => Kind::Rule,
            "server" => Kind::Server,
            "event trigger" => Kind::EventTrigger,
            "publication" => Kind::Publication,
            _ => return None,
        };
        if line.action != "create" {
            return None;
        }
        let (name, on) = (line.name.as_str(), line.on.as_deref());
        let named = self
            .objects
            .iter()
            .filter(|(word, _)| words(kind).contains(word))
            .any(|(_, path)| same(path, kind, name, on));
        (!named).then(|| {
            let shown = match on.filter(|_| matches!(kind, Kind::Trigger | Kind::Policy | Kind::Rule)) {
                Some(on) => format!("{on}.{name}"),
                None => name.to_string(),
            };
            (kind, shown)
        })
    }
}

/// Whether a check's object is the one that a script names, perhaps without its schema.
fn same(path: &str, kind: Kind, name: &str, on: Option<&str>) -> bool {
    let path = match kind {
        Kind::Function => path.split('(').next().unwrap_or(path),
        _ => path,
    };
    let ends_with = |path: &str, name: &str| {
        path == name
            || path
                .strip_suffix(name)
                .is_some_and(|before| before.ends_with('.'))
    };
    match (kind, on) {
        (Kind::Trigger | Kind::Policy, Some(on)) => path
            .strip_suffix(name)
            .and_then(|before| before.strip_suffix('.'))
            .is_some_and(|table| ends_with(table, on)),
        // an index is named without its schema, which is that of its table
        _ => ends_with(path, name),
    }
}

/// The words of check files that judge an object of that kind.
fn words(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Role => &["role"],
        Kind::Schema => &["schema", "schemas"],
        Kind::Extension => &["extension"],
        Kind::Enum => &["enum"],
        Kind::Composite => &["composite"],
        Kind::Range => &["range"],
        Kind::Domain => &["domain"],
        Kind::Server => &["server"],
        Kind::Statistics => &["statistics"],
        Kind::EventTrigger => &["event_trigger"],
        Kind::Rule => &["rule"],
        Kind::DefaultPrivileges => &["default_privileges"],
        Kind::Publication => &["publication"],
        Kind::Sequence => &["sequence"],
        Kind::Table => &["table", "partition"],
        Kind::Column => &["column"],
        Kind::PrimaryKey => &["primary_key"],
        Kind::Unique => &["unique"],
        Kind::Check => &["check"],
        Kind::ForeignKey => &["foreign_key"],
        Kind::Exclusion => &["exclude", "exclusion"],
        Kind::Index => &["index"],
        Kind::Function => &["function", "procedure", "aggregate"],
        Kind::Trigger => &["trigger"],
        Kind::Policy => &["policy"],
        Kind::View => &["view"],
        Kind::MaterializedView => &["materialized_view"],
        Kind::Grant => &["grant"],
        Kind::Other => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn an_object_that_no_check_names_is_told() {
        let mut report = fixture::apply_approved();
        report
            .checks
            .retain(|check| !check.object.contains("idx_sync_progress_active") && check.kind != "enum");
        let found = unverified(&report);
        assert_eq!(found.len(), 1);
        let kinds: Vec<(&str, usize)> = found[0]
            .objects
            .iter()
            .map(|(kind, names)| (kind.as_str(), names.len()))
            .collect();
        // the fixture's suite names primary keys by their tables, and no columns
        assert_eq!(
            kinds,
            [
                ("enum", 4),
                ("column", 41),
                ("primary key", 3),
                ("index", 3),
                ("function", 1)
            ]
        );
    }

    #[test]
    fn names_of_scripts_may_lack_their_schema() {
        assert!(same("public.t", Kind::Table, "t", None));
        assert!(same("public.t", Kind::Table, "public.t", None));
        assert!(!same("public.at", Kind::Table, "t", None));
        assert!(same("public.t.p", Kind::Policy, "p", Some("t")));
        assert!(!same("public.u.p", Kind::Policy, "p", Some("t")));
        assert!(same("public.f(integer)", Kind::Function, "f", None));
    }
}
