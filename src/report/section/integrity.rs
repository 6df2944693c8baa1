//! Whether what was made is in force: constraints that were checked against the rows, indexes that can be used, triggers
//! that fire.

use std::collections::BTreeSet;

use super::{Section, Words};
use crate::catalog::{Kind, Object};
use crate::report::describe;
use crate::report::model::is_partition;
use crate::report::summary::{capital, quantity, relation_path};

/// One kind, and when one of it is in force.
struct Force {
    kind: Kind,
    /// Behind `all`.
    good: &'static str,
    /// Behind the names of those that are not.
    bad: &'static str,
    is_good: fn(&Object) -> bool,
}

const FORCES: [Force; 4] = [
    Force {
        kind: Kind::ForeignKey,
        good: "validated",
        bad: "not validated: rows from before it may break them",
        is_good: |key| key.flag("validated"),
    },
    Force {
        kind: Kind::Check,
        good: "validated",
        bad: "not validated: rows from before it may break them",
        is_good: |check| check.flag("validated"),
    },
    Force {
        kind: Kind::Index,
        good: "valid",
        bad: "not valid: no query uses them",
        is_good: |index| index.flag("valid"),
    },
    Force {
        kind: Kind::Trigger,
        good: "enabled",
        bad: "disabled, or enabled on replicas alone",
        is_good: |trigger| matches!(trigger.text("enabled"), Some("origin" | "always")),
    },
];

/// A line a kind, ticked where all of it are in force; `None` where nothing of these kinds is there.
pub fn integrity(objects: &[Object]) -> Option<Section> {
    let partitions: BTreeSet<String> = objects
        .iter()
        .filter(|object| is_partition(object))
        .map(|object| object.id.path())
        .collect();
    // what a partition has because its parent has it is the parent's
    let follows = |object: &Object| {
        object.flag("cloned") || object.id.kind != Kind::Index && partitions.contains(&relation_path(object))
    };
    let mut items = Vec::new();
    for force in &FORCES {
        let of_kind: Vec<&Object> = objects
            .iter()
            .filter(|object| object.id.kind == force.kind && !follows(object))
            .collect();
        let bad: Vec<String> = of_kind
            .iter()
            .filter(|object| !(force.is_good)(object))
            .map(|object| describe::name(object))
            .collect();
        let count = capital(&quantity(of_kind.len(), force.kind.as_str()));
        match (of_kind.len(), bad.as_slice()) {
            (0, _) => {}
            (1, []) => items.push((true, Words::of(format!("{count}: {}", force.good)))),
            (_, []) => items.push((true, Words::of(format!("{count}: all {}", force.good)))),
            (_, names) => items.push((
                false,
                Words::of(format!("{count}: "))
                    .codes(names)
                    .plain(format!(" {}", force.bad)),
            )),
        }
    }
    if items.is_empty() {
        return None;
    }
    let mut section = Section::titled("Schema integrity");
    section.blocks.push(super::Block::Checklist(items));
    Some(section)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{ObjectId, Value};
    use crate::report::section::Block;

    fn object(kind: Kind, name: &str, property: &'static str, value: Value) -> Object {
        let mut object = Object::new(ObjectId::on(kind, "public", "t", name));
        object.properties.insert(property, value);
        object
    }

    #[test]
    fn one_that_is_not_in_force_is_named() {
        let objects = [
            object(Kind::ForeignKey, "a_fkey", "validated", Value::Bool(true)),
            object(Kind::Check, "a_check", "validated", Value::Bool(true)),
            object(Kind::Check, "b_check", "validated", Value::Bool(false)),
            object(Kind::Trigger, "x", "enabled", Value::Text("disabled".to_string())),
        ];
        let section = integrity(&objects).expect("there is something to say");
        let [Block::Checklist(items)] = section.blocks.as_slice() else {
            panic!("{section:?}");
        };
        let ticked: Vec<bool> = items.iter().map(|(good, _)| *good).collect();
        assert_eq!(ticked, [true, false, false]);
        assert!(items[1].1.pieces().iter().any(
            |piece| matches!(piece, crate::report::section::Piece::Code(name) if name.contains("b_check"))
        ));
        assert_eq!(integrity(&[]), None);
    }
}
