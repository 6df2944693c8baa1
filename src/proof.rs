//! What the proof of a rollback comes to: pure functions of the difference that it left.

use std::collections::BTreeSet;

use crate::catalog::Kind;
use crate::catalog::diff::{Change, ChangeKind};

/// What a proof found, in the words of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The catalog is as before, and the second apply makes what the first one made.
    Exact,
    /// But for the order of columns: one that is added again stands last.
    OrderOnly,
    /// It has no way back and needs none: it runs again whenever it changed, and a second run makes what the first one
    /// made.
    Repeatable,
    /// The migration declares that there is no way back.
    Irreversible,
    NoRollback,
    /// Two runs of the same script make different things, so nothing can be said of the rollback.
    Nondeterministic,
    /// Something has another property than before.
    Changed,
    /// Something is there that was not.
    Residue,
    /// Something is gone, or rows are.
    Loss,
    /// It is to run again whenever it changed, and a second run fails or makes something else.
    NotRepeatable,
    RollbackFailed,
    ApplyFailed,
}

impl Outcome {
    pub const ALL: [Outcome; 12] = [
        Outcome::Exact,
        Outcome::OrderOnly,
        Outcome::Repeatable,
        Outcome::Irreversible,
        Outcome::NoRollback,
        Outcome::Nondeterministic,
        Outcome::Changed,
        Outcome::Residue,
        Outcome::Loss,
        Outcome::NotRepeatable,
        Outcome::RollbackFailed,
        Outcome::ApplyFailed,
    ];

    /// The word of the JSON report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Exact => "exact",
            Outcome::OrderOnly => "order_only",
            Outcome::Repeatable => "repeatable",
            Outcome::NotRepeatable => "not_repeatable",
            Outcome::Irreversible => "irreversible",
            Outcome::NoRollback => "no_rollback",
            Outcome::Nondeterministic => "nondeterministic",
            Outcome::Changed => "changed",
            Outcome::Residue => "residue",
            Outcome::Loss => "loss",
            Outcome::RollbackFailed => "rollback_failed",
            Outcome::ApplyFailed => "apply_failed",
        }
    }

    /// Whether it gates: always, only when warnings do (`Some(false)`), or never (`None`).
    pub const fn gates(self) -> Option<bool> {
        match self {
            Outcome::Exact | Outcome::Repeatable | Outcome::Irreversible => None,
            Outcome::OrderOnly | Outcome::NoRollback => Some(false),
            Outcome::Nondeterministic
            | Outcome::Changed
            | Outcome::Residue
            | Outcome::Loss
            | Outcome::NotRepeatable
            | Outcome::RollbackFailed
            | Outcome::ApplyFailed => Some(true),
        }
    }
}

/// What came of applying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reapply {
    Same,
    Failed,
    Differs,
    NotRun,
}

impl Reapply {
    /// The word of the JSON report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reapply::Same => "same",
            Reapply::Failed => "failed",
            Reapply::Differs => "differs",
            Reapply::NotRun => "not_run",
        }
    }
}

/// What a difference amounts to: of several kinds the worst.
pub fn outcome(changes: &[Change]) -> Outcome {
    changes
        .iter()
        .map(|change| match &change.kind {
            ChangeKind::Removed => Outcome::Loss,
            ChangeKind::Added => Outcome::Residue,
            ChangeKind::Changed { .. } if is_order(change) => Outcome::OrderOnly,
            ChangeKind::Changed { .. } => Outcome::Changed,
        })
        .max()
        .unwrap_or(Outcome::Exact)
}

/// Whether a column stands in another place, and no more.
pub fn is_order(change: &Change) -> bool {
    change.object.kind == Kind::Column
        && matches!(
            change.kind,
            ChangeKind::Changed {
                property: "position",
                ..
            }
        )
}

/// Whether what is there now is the same, apart from the order of columns.
pub fn is_same(changes: &[Change]) -> bool {
    outcome(changes) <= Outcome::OrderOnly
}

/// Splits off what a rollback declares to leave on purpose: `extension pgcrypto`, `table public.t` and what stands
/// on it. The second value are the declared ones.
pub fn without_kept(changes: Vec<Change>, keeps: &[&str]) -> (Vec<Change>, Vec<Change>) {
    changes.into_iter().partition(|change| {
        change.kind != ChangeKind::Added || !keeps.iter().any(|kept| is_kept(change, kept))
    })
}

fn is_kept(change: &Change, kept: &str) -> bool {
    let object = &change.object;
    let wanted = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    let is = |word: &str, path: &str| {
        wanted.eq_ignore_ascii_case(&format!("{word} {path}"))
            || path
                .strip_prefix("public.")
                .is_some_and(|bare| wanted.eq_ignore_ascii_case(&format!("{word} {bare}")))
    };
    if is(object.word(), &object.path()) {
        return true;
    }
    let relation = crate::sql::name::quote_ident(&object.schema)
        + "."
        + &crate::sql::name::quote_ident(&object.relation);
    !object.relation.is_empty() && Kind::RELATIONS.iter().any(|kind| is(kind.as_str(), &relation))
}

/// Of each difference whether it only follows another: it stands on a table that came or went as a whole.
pub fn following(changes: &[Change]) -> Vec<bool> {
    let word = |kind: &ChangeKind| match kind {
        ChangeKind::Added => Some(true),
        ChangeKind::Removed => Some(false),
        ChangeKind::Changed { .. } => None,
    };
    let wholes: BTreeSet<(&str, &str, bool)> = changes
        .iter()
        .filter(|change| Kind::RELATIONS.contains(&change.object.kind))
        .filter_map(|change| {
            let object = &change.object;
            Some((object.schema.as_str(), object.name.as_str(), word(&change.kind)?))
        })
        .collect();
    changes
        .iter()
        .map(|change| {
            let object = &change.object;
            object.kind != Kind::Other
                && !object.relation.is_empty()
                && word(&change.kind).is_some_and(|word| {
                    wholes.contains(&(object.schema.as_str(), object.relation.as_str(), word))
                })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{ObjectId, Value};

    fn added(kind: Kind, relation: &str, name: &str) -> Change {
        Change {
            object: ObjectId::on(kind, "public", relation, name),
            kind: ChangeKind::Added,
        }
    }

    fn changed(kind: Kind, property: &'static str) -> Change {
        Change {
            object: ObjectId::on(kind, "public", "t", "a"),
            kind: ChangeKind::Changed {
                property,
                before: Some(Value::Int(1)),
                after: Some(Value::Int(2)),
            },
        }
    }

    #[test]
    fn the_worst_difference_decides() {
        let order = changed(Kind::Column, "position");
        let other = changed(Kind::Column, "type");
        let gone = Change {
            kind: ChangeKind::Removed,
            ..other.clone()
        };
        let left = added(Kind::Index, "t", "i");
        assert_eq!(outcome(&[]), Outcome::Exact);
        assert_eq!(outcome(std::slice::from_ref(&order)), Outcome::OrderOnly);
        assert_eq!(outcome(&[order.clone(), other.clone()]), Outcome::Changed);
        assert_eq!(outcome(&[left.clone(), other, order]), Outcome::Residue);
        assert_eq!(outcome(&[left, gone]), Outcome::Loss);
        assert_eq!(outcome(&[changed(Kind::Enum, "position")]), Outcome::Changed);
    }

    #[test]
    fn what_is_declared_to_stay_is_no_residue() {
        let changes = vec![
            Change {
                object: ObjectId::new(Kind::Extension, "", "pgcrypto"),
                kind: ChangeKind::Added,
            },
            added(Kind::Table, "", "kept"),
            added(Kind::Column, "kept", "id"),
            added(Kind::Table, "", "left"),
        ];
        let (rest, kept) = without_kept(changes, &["EXTENSION pgcrypto", "table  kept"]);
        assert_eq!(kept.len(), 3);
        assert_eq!(rest.len(), 1);
        assert_eq!(rest[0].object.name, "left");
    }

    #[test]
    fn a_table_speaks_for_what_stands_on_it() {
        let changes = [
            added(Kind::Table, "", "t"),
            added(Kind::Column, "t", "id"),
            added(Kind::Index, "u", "i"),
        ];
        assert_eq!(following(&changes), [false, true, false]);
        let mixed = [changed(Kind::Table, "owner"), added(Kind::Column, "a", "id")];
        assert_eq!(following(&mixed), [false, false]);
    }

    #[test]
    fn every_outcome_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<&str> =
            Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
        assert_eq!(words.len(), Outcome::ALL.len());
    }
}
