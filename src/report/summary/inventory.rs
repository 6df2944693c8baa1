//! What a migration made, sorted into what a report lists.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Kind, Object, ObjectId};
use crate::report::model::is_partition;

/// A table with the number of things that stand on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSummary<'a> {
    pub table: &'a Object,
    pub columns: usize,
    pub indexes: usize,
    pub policies: usize,
    pub triggers: usize,
    pub foreign_keys: usize,
    /// Those of a partitioned table.
    pub partitions: usize,
}

/// Objects that stand on one relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnRelation<'a> {
    /// SQL name of the relation.
    pub relation: String,
    pub objects: Vec<&'a Object>,
}

impl<'a> OnRelation<'a> {
    /// Without what a partition has because its parent has it.
    pub fn own(&self) -> impl Iterator<Item = &'a Object> {
        self.objects
            .iter()
            .copied()
            .filter(|object| object.get("partition_of").is_none())
    }
}

/// The objects of one kind, ready to be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory<'a> {
    pub tables: Vec<TableSummary<'a>>,
    pub partitions: Vec<&'a Object>,
    pub policies: Vec<OnRelation<'a>>,
    pub indexes: Vec<OnRelation<'a>>,
    /// Triggers, without the copies that partitions have of their parent's.
    pub triggers: Vec<OnRelation<'a>>,
    /// Foreign keys, without those that partitions have because their parent has them.
    pub foreign_keys: Vec<OnRelation<'a>>,
    /// All others by kind. Columns and constraints of tables that are listed themselves are left out.
    pub others: BTreeMap<Kind, Vec<&'a Object>>,
}

impl Inventory<'_> {
    /// How many objects are listed under `groups`.
    pub fn count(groups: &[OnRelation<'_>]) -> usize {
        groups.iter().map(|group| group.objects.len()).sum()
    }
}

/// Sorts objects into what a report lists.
pub fn inventory(objects: &[Object]) -> Inventory<'_> {
    let of_kind = |kind: Kind| objects.iter().filter(move |object| object.id.kind == kind);
    let tables: BTreeSet<(&str, &str)> = of_kind(Kind::Table)
        .map(|table| (table.id.schema.as_str(), table.id.name.as_str()))
        .collect();
    let mut others: BTreeMap<Kind, Vec<&Object>> = BTreeMap::new();
    for object in objects {
        let of_listed_table = tables.contains(&(object.id.schema.as_str(), object.id.relation.as_str()));
        let listed_elsewhere = match object.id.kind {
            Kind::Table | Kind::Index | Kind::Policy | Kind::Trigger | Kind::ForeignKey => true,
            Kind::Column | Kind::PrimaryKey | Kind::Unique | Kind::Check | Kind::Exclusion => of_listed_table,
            Kind::Role
            | Kind::Schema
            | Kind::Extension
            | Kind::Enum
            | Kind::Composite
            | Kind::Range
            | Kind::Domain
            | Kind::Sequence
            | Kind::Server
            | Kind::Statistics
            | Kind::Function
            | Kind::EventTrigger
            | Kind::Rule
            | Kind::View
            | Kind::MaterializedView
            | Kind::Grant
            | Kind::DefaultPrivileges
            | Kind::Other
            | Kind::Publication => false,
        };
        if !listed_elsewhere {
            others.entry(object.id.kind).or_default().push(object);
        }
    }
    let partitions: Vec<&Object> = of_kind(Kind::Table).filter(|table| is_partition(table)).collect();
    let is_partitions = |object: &Object| {
        partitions
            .iter()
            .any(|partition| on(object, &partition.id.schema, &partition.id.name))
    };
    Inventory {
        tables: of_kind(Kind::Table)
            .filter(|table| !is_partition(table))
            .map(|table| table_summary(table, objects, &partitions))
            .collect(),
        policies: by_relation(of_kind(Kind::Policy)),
        indexes: by_relation(of_kind(Kind::Index)),
        triggers: by_relation(of_kind(Kind::Trigger).filter(|trigger| !trigger.flag("cloned"))),
        foreign_keys: by_relation(of_kind(Kind::ForeignKey).filter(|key| !is_partitions(key))),
        partitions,
        others,
    }
}

/// As [`inventory`], of objects that are gone: what went with its table is only counted there.
pub fn inventory_of_removed(objects: &[Object]) -> Inventory<'_> {
    let mut inventory = inventory(objects);
    let gone: BTreeSet<String> = objects
        .iter()
        .filter(|object| object.id.kind == Kind::Table)
        .map(|table| table.id.path())
        .collect();
    for groups in [
        &mut inventory.policies,
        &mut inventory.indexes,
        &mut inventory.triggers,
        &mut inventory.foreign_keys,
    ] {
        groups.retain(|group| !gone.contains(&group.relation));
    }
    inventory.partitions.retain(|partition| {
        partition
            .text("partition_of")
            .is_none_or(|parent| !gone.contains(parent))
    });
    if let Some(grants) = inventory.others.get_mut(&Kind::Grant) {
        grants.retain(|grant| !gone.contains(&relation_path(grant)));
    }
    inventory
}

/// SQL name of the relation that an object stands on.
pub fn relation_path(object: &Object) -> String {
    ObjectId::new(Kind::Table, object.id.schema.clone(), object.id.relation.clone()).path()
}

fn on(object: &Object, schema: &str, relation: &str) -> bool {
    object.id.schema == schema && object.id.relation == relation
}

fn table_summary<'a>(table: &'a Object, objects: &[Object], partitions: &[&Object]) -> TableSummary<'a> {
    let count = |kind: Kind| {
        objects
            .iter()
            .filter(|object| object.id.kind == kind && on(object, &table.id.schema, &table.id.name))
            .filter(|object| !object.flag("cloned"))
            .count()
    };
    let path = table.id.path();
    TableSummary {
        table,
        columns: count(Kind::Column),
        indexes: count(Kind::Index),
        policies: count(Kind::Policy),
        triggers: count(Kind::Trigger),
        foreign_keys: count(Kind::ForeignKey),
        partitions: partitions
            .iter()
            .filter(|partition| partition.text("partition_of") == Some(path.as_str()))
            .count(),
    }
}

fn by_relation<'a>(objects: impl Iterator<Item = &'a Object>) -> Vec<OnRelation<'a>> {
    let mut groups: Vec<OnRelation<'a>> = Vec::new();
    for object in objects {
        let relation = relation_path(object);
        match groups.iter_mut().find(|group| group.relation == relation) {
            Some(group) => group.objects.push(object),
            None => groups.push(OnRelation {
                relation,
                objects: vec![object],
            }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::{Inventory, inventory};
    use crate::catalog::Kind;
    use crate::report::fixture;

    #[test]
    fn an_inventory_counts_what_stands_on_a_table() {
        let report = fixture::apply_approved();
        let inventory = inventory(&report.migrations[0].artifacts.created);
        let progress = &inventory.tables[2];
        assert_eq!(progress.table.id.name, "sync_progress");
        assert_eq!(
            (progress.columns, progress.indexes, progress.triggers),
            (19, 7, 4)
        );
        assert_eq!(inventory.tables[0].partitions, 5);
        assert_eq!(Inventory::count(&inventory.indexes), 55);
        assert_eq!(Inventory::count(&inventory.policies), 12);
        assert!(!inventory.others.contains_key(&Kind::Column));
    }
}
