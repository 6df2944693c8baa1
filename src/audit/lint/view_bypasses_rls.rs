//! A view reads protected tables with the rights of its owner, and others may use it.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "view_bypasses_rls",
    severity: Severity::Error,
    about: "a view reads protected tables with the rights of its owner, and others may use it",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let views = facts.relations.iter().filter(|view| {
        view.kind == "v" && !view.invoker && !view.reads_protected.is_empty() && !view.readers.is_empty()
    });
    views.map(|view| Found::new(
        view.object(),
        format!("it reads {} with the rights of its owner, and {} may use it: the policies for these roles do not hold", view.reads_protected.join(", "), view.readers.join(", ")),
        match facts.version >= 150_000 {
            true => format!("ALTER VIEW {} SET (security_invoker = true);", view.path),
            false => format!("REVOKE ALL ON {} FROM {};", view.path, view.readers.join(", ")),
        },
    )).collect()
}
