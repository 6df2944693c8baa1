//! What proofs amount to: groups by outcome. Renderers use these and add nothing.

use super::model::{Chain, ChangeLine, Proof, Report};
use super::summary::quantity;
use crate::check::Status;
use crate::proof::{Outcome, Reapply};

/// Migrations whose proofs came out the same.
#[derive(Debug, Clone)]
pub struct Group<'r> {
    pub outcome: Outcome,
    pub status: Status,
    pub proofs: Vec<&'r Proof>,
}

/// How an outcome is marked, as checks are.
pub fn status(proof: &Proof) -> Status {
    match (proof.reapply, proof.outcome.gates()) {
        (Reapply::Failed | Reapply::Differs, _) | (_, Some(true)) => Status::Fail,
        (_, Some(false)) => Status::Warn,
        (_, None) if proof.outcome == Outcome::Irreversible => Status::Skip,
        (_, None) => Status::Pass,
    }
}

/// `order only`, `no rollback`; of one that cannot be applied again that as well.
pub fn words(proof: &Proof) -> String {
    let outcome = proof.outcome.as_str().replace('_', " ");
    match proof.reapply {
        // the second run is what it is about
        _ if proof.outcome == Outcome::NotRepeatable => outcome,
        Reapply::Failed => format!("{outcome}, re-apply fails"),
        Reapply::Differs => format!("{outcome}, re-apply differs"),
        Reapply::Same | Reapply::NotRun => outcome,
    }
}

/// The groups, what is worst first.
pub fn groups(report: &Report) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for proof in &report.proofs {
        let (outcome, status) = (proof.outcome, status(proof));
        match groups
            .iter_mut()
            .find(|group| group.outcome == outcome && group.status == status)
        {
            Some(group) => group.proofs.push(proof),
            None => groups.push(Group {
                outcome,
                status,
                proofs: vec![proof],
            }),
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse((group.outcome, group.status == Status::Fail)));
    groups
}

/// How many are exact, of all that have a rollback.
pub fn exact(report: &Report) -> (usize, usize) {
    let has_rollback = |proof: &&Proof| {
        !matches!(
            proof.outcome,
            Outcome::Irreversible | Outcome::NoRollback | Outcome::Repeatable | Outcome::NotRepeatable
        )
    };
    let tried: Vec<&Proof> = report.proofs.iter().filter(has_rollback).collect();
    let exact = tried.iter().filter(|proof| status(proof) == Status::Pass).count();
    (exact, tried.len())
}

/// `249 of 285 rollbacks exact, 8 order only`.
pub fn sentence(report: &Report) -> String {
    let (exact, tried) = self::exact(report);
    let mut parts = vec![format!("{exact} of {} exact", quantity(tried, "rollback"))];
    for group in groups(report)
        .iter()
        .filter(|group| group.outcome != Outcome::Exact)
    {
        parts.push(format!(
            "{} {}",
            group.proofs.len(),
            group.outcome.as_str().replace('_', " ")
        ));
    }
    parts.join(", ")
}

/// Whether the migration's own proof says already that there is no way back.
pub fn is_known(report: &Report, stem: &str) -> bool {
    report.proofs.iter().any(|proof| {
        proof.stem() == *stem
            && matches!(
                proof.outcome,
                Outcome::NoRollback | Outcome::Irreversible | Outcome::RollbackFailed
            )
    })
}

/// What came of taking everything back from the end.
pub fn chain(report: &Report, chain: &Chain) -> (Status, String) {
    let left = chain.residue.iter().filter(|(_, line)| !line.follows).count();
    let taken_back = quantity(chain.taken_back, "migration");
    match (chain.failed.first(), left) {
        (None, 0) => (
            Status::Pass,
            format!("{taken_back} taken back from the end, and the start is reached"),
        ),
        (None, left) => (
            Status::Fail,
            format!(
                "{taken_back} taken back from the end, and {} from the start",
                match left {
                    1 => "1 thing differs".to_string(),
                    left => format!("{left} things differ"),
                }
            ),
        ),
        (Some((stem, reason)), left) => (
            match left == 0 && is_known(report, stem) {
                true => Status::Warn,
                false => Status::Fail,
            },
            format!(
                "{taken_back} taken back from the end, as far as {stem}: {reason}{}",
                match left {
                    0 => String::new(),
                    1 => "; 1 thing of those taken back is left".to_string(),
                    left => format!("; {left} things of those taken back are left"),
                }
            ),
        ),
    }
}

/// `+`, `-` or `~`.
pub fn sign(line: &ChangeLine) -> &'static str {
    match line.change {
        "added" => "+",
        "removed" => "-",
        _ => "~",
    }
}

/// What stands behind the object of a difference: `type: integer → bigint`.
pub fn detail(line: &ChangeLine, arrow: &str) -> String {
    let value = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_string());
    match &line.property {
        Some(property) => format!(
            "{property}: {} {arrow} {}",
            value(&line.before),
            value(&line.after)
        ),
        None => line.before.clone().or(line.after.clone()).unwrap_or_default(),
    }
}
