//! A trigger that does not fire.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "disabled_trigger",
    severity: Severity::Warn,
    about: "a trigger that does not fire",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let triggers = facts
        .triggers
        .iter()
        .filter(|trigger| !trigger.foreign_key)
        .map(|trigger| {
            Found::new(
                format!("trigger {} on {}", trigger.name, trigger.table),
                match trigger.replica {
                    true => "it fires where changes are replicated, and nowhere else",
                    false => "it is disabled: it does not fire",
                },
                format!("ALTER TABLE {} ENABLE TRIGGER {};", trigger.table, trigger.name),
            )
        });
    let event_triggers = facts.event_triggers.iter().map(|name| {
        Found::new(
            format!("event trigger {name}"),
            "it is disabled: it does not fire",
            format!("ALTER EVENT TRIGGER {name} ENABLE;"),
        )
    });
    triggers.chain(event_triggers).collect()
}
