//! Policies that read each other's tables: statements fail with infinite recursion.

use crate::audit::{Facts, Found, Lint, Policy, Severity};

pub const LINT: Lint = Lint {
    id: "policy_recursion",
    severity: Severity::Error,
    about: "policies that read each other's tables: statements fail with infinite recursion",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let protected = |table: &str| {
        facts
            .relations
            .iter()
            .any(|relation| relation.path == table && relation.protected)
    };
    let starts = facts
        .policies
        .iter()
        .filter(|policy| protected(&policy.table) && !policy.reads.is_empty());
    starts.filter_map(|policy| {
        let mut way = vec![policy.table.as_str()];
        comes_back(facts, policy, &mut way, &protected).then(|| Found::new(
            policy.object(),
            format!("it reads {}, whose policy leads back to a table that is being read: statements fail with infinite recursion", way[1..].join(", then ")),
            format!("ALTER POLICY {} ON {} …, with a SECURITY DEFINER function in place of the subquery", policy.name, policy.table),
        ))
    }).collect()
}

/// Follows the subqueries of a policy through the policies of the tables that they read, as the server does: a
/// table whose policies have subqueries must not be met again on the way.
fn comes_back<'f>(
    facts: &'f Facts,
    policy: &'f Policy,
    way: &mut Vec<&'f str>,
    protected: &dyn Fn(&str) -> bool,
) -> bool {
    read_as_caller(facts, policy)
        .into_iter()
        .filter(|table| protected(table))
        .any(|table| {
            let mut next = facts
                .policies
                .iter()
                .filter(|next| {
                    next.table == table && next.is_for("r") && next.meets(policy) && !next.reads.is_empty()
                })
                .peekable();
            if next.peek().is_some() && way.contains(&table) {
                way.push(table);
                return true;
            }
            way.push(table);
            let back = next.any(|next| comes_back(facts, next, way, protected));
            if !back {
                way.pop();
            }
            back
        })
}

/// The tables of a policy's subqueries. A view reads with the rights of its owner, whom row security does not
/// bind as a rule: the way ends there.
fn read_as_caller<'f>(facts: &'f Facts, policy: &'f Policy) -> Vec<&'f str> {
    let mut tables = Vec::new();
    for path in &policy.reads {
        match facts
            .relations
            .iter()
            .find(|relation| relation.path == *path && relation.kind == "v")
        {
            Some(view) if view.invoker => tables.extend(view.reads_protected.iter().map(String::as_str)),
            Some(_) => {}
            None => tables.push(path.as_str()),
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::audit::Relation;

    fn table(path: &str) -> Relation {
        Relation {
            path: path.into(),
            kind: "r".into(),
            protected: true,
            ..Relation::default()
        }
    }

    fn policy(table: &str, command: &str, role: &str, reads: &[&str]) -> Policy {
        Policy {
            table: table.into(),
            name: "p".into(),
            command: command.into(),
            roles: vec![role.into()],
            reads: reads.iter().map(|path| path.to_string()).collect(),
            ..Policy::default()
        }
    }

    fn recursive(policies: Vec<Policy>) -> usize {
        find(&Facts {
            relations: vec![table("a"), table("b"), table("c")],
            policies,
            ..Facts::default()
        })
        .len()
    }

    #[test]
    fn a_way_that_comes_back_is_found_from_each_of_its_policies() {
        assert_eq!(recursive(vec![policy("a", "r", "PUBLIC", &["a"])]), 1);
        assert_eq!(
            recursive(vec![
                policy("a", "*", "PUBLIC", &["b"]),
                policy("b", "r", "PUBLIC", &["a"])
            ]),
            2
        );
        assert_eq!(
            recursive(vec![
                policy("a", "r", "x", &["b"]),
                policy("b", "r", "PUBLIC", &["c"]),
                policy("c", "r", "x", &["b"])
            ]),
            3
        );
    }

    #[test]
    fn a_way_that_ends_is_none() {
        assert_eq!(
            recursive(vec![policy("a", "a", "PUBLIC", &["a"])]),
            0,
            "reading a has no subquery"
        );
        assert_eq!(
            recursive(vec![
                policy("a", "r", "PUBLIC", &["b"]),
                policy("b", "w", "PUBLIC", &["a"])
            ]),
            0
        );
        assert_eq!(
            recursive(vec![policy("a", "r", "x", &["b"]), policy("b", "r", "y", &["a"])]),
            0,
            "other roles"
        );
    }
}
