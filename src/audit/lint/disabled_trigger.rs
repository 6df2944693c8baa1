//! A trigger that does not fire.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "disabled_trigger",
    severity: Severity::Warn,
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let triggers = facts.triggers.iter();
    triggers
        .map(|trigger| Found {
            object: format!("trigger {} on {}", trigger.name, trigger.table),
            message: "it is disabled: it does not fire".to_owned(),
            fix: format!("ALTER TABLE {} ENABLE TRIGGER {};", trigger.table, trigger.name),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Trigger;

    #[test]
    fn is_found_where_it_is_and_nowhere_else() {
        let bad = Facts {
            triggers: vec![Trigger::default(); 1],
            ..Facts::default()
        };
        assert_eq!(find(&bad).len(), 1);
        let good = Facts {
            triggers: vec![Trigger::default(); 0],
            ..Facts::default()
        };
        assert_eq!(find(&good), []);
    }
}
