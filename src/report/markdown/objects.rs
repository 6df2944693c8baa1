//! Objects of the catalog as sections of a document.

use super::page::{Page, code, codes, name, text};
use crate::catalog::{Kind, Object};
use crate::report::describe;
use crate::report::summary::{self, Inventory, OnRelation, capital, plural};

/// How many there are of each kind; with `verb`, as in `created`.
pub fn counts(page: &mut Page, inventory: &Inventory<'_>, verb: &str) {
    let mut rows: Vec<[String; 3]> = Vec::new();
    let mut row = |kind: &str, count: usize, names: String| {
        if count > 0 {
            rows.push([kind.to_string(), count.to_string(), names]);
        }
    };
    let paths =
        |objects: &[&Object]| codes(&objects.iter().map(|object| object.id.path()).collect::<Vec<_>>());
    let tables: Vec<&Object> = inventory.tables.iter().map(|table| table.table).collect();
    row("Tables", tables.len(), paths(&tables));
    row(
        "Partitions",
        inventory.partitions.len(),
        paths(&inventory.partitions),
    );
    let on = |groups: &[OnRelation<'_>]| -> String {
        let parts: Vec<String> = groups
            .iter()
            .map(|group| format!("{} on {}", group.objects.len(), code(&group.relation)))
            .collect();
        parts.join(", ")
    };
    for (kind, groups) in [
        ("Indexes", &inventory.indexes),
        ("Row-security policies", &inventory.policies),
        ("Triggers", &inventory.triggers),
        ("Foreign keys", &inventory.foreign_keys),
    ] {
        row(kind, Inventory::count(groups), on(groups));
    }
    for (kind, objects) in &inventory.others {
        let names: Vec<String> = objects
            .iter()
            .map(|object| code(&describe::name(object)))
            .collect();
        row(&capital(&plural(kind.as_str())), objects.len(), names.join(", "));
    }
    page.table(["Kind", verb, "Which"], &rows);
}

/// Tables with what stands on them.
pub fn tables(page: &mut Page, inventory: &Inventory<'_>) {
    let rows: Vec<[String; 8]> = inventory
        .tables
        .iter()
        .map(|table| {
            let object = table.table;
            [
                code(&object.id.path()),
                table.columns.to_string(),
                table.indexes.to_string(),
                table.policies.to_string(),
                table.triggers.to_string(),
                table.foreign_keys.to_string(),
                describe::row_security(object).to_string(),
                match object.text("partition_by") {
                    Some(key) => format!(
                        "{} by {}",
                        summary::quantity(table.partitions, "partition"),
                        code(key)
                    ),
                    None => String::new(),
                },
            ]
        })
        .collect();
    page.table(
        [
            "Table",
            "Columns",
            "Indexes",
            "Policies",
            "Triggers",
            "Foreign keys",
            "Row security",
            "Partitions",
        ],
        &rows,
    );
    let purposes: Vec<String> = inventory
        .tables
        .iter()
        .filter_map(|table| {
            let comment = table.table.text("comment")?;
            Some(format!("{}: {}", code(&table.table.id.path()), text(comment)))
        })
        .collect();
    page.list(&purposes);
}

/// Enums with their labels, in order.
pub fn enums(page: &mut Page, enums: &[&Object]) {
    let rows: Vec<[String; 4]> = enums
        .iter()
        .map(|object| {
            [
                code(&object.id.path()),
                object.list("labels").len().to_string(),
                codes(object.list("labels")),
                object.text("comment").map_or(String::new(), text),
            ]
        })
        .collect();
    page.table(["Enum", "Labels", "In order", "Purpose"], &rows);
}

/// Partitions with their bounds.
pub fn partitions(page: &mut Page, partitions: &[&Object]) {
    let rows: Vec<[String; 4]> = partitions
        .iter()
        .map(|partition| {
            let (from, to) = bounds(partition.text("bound").unwrap_or_default());
            [
                code(&partition.id.path()),
                code(partition.text("partition_of").unwrap_or_default()),
                code(&from),
                code(&to),
            ]
        })
        .collect();
    page.table(["Partition", "Of", "From, or which values", "To"], &rows);
}

/// The two ends of a range; of a list or a hash what it holds, and nothing.
pub fn bounds(bound: &str) -> (String, String) {
    let bound = bound.strip_prefix("FOR VALUES ").unwrap_or(bound);
    let ends = bound
        .strip_prefix("FROM (")
        .and_then(|rest| rest.split_once(") TO ("))
        .and_then(|(from, to)| Some((from, to.strip_suffix(')')?)));
    match ends {
        Some((from, to)) => (from.to_string(), to.to_string()),
        None => (bound.to_string(), String::new()),
    }
}

/// Indexes by relation; those that a partition has because its parent has them are counted.
pub fn indexes(page: &mut Page, groups: &[OnRelation<'_>]) {
    let mut rows: Vec<[String; 4]> = Vec::new();
    let mut inherited: Vec<String> = Vec::new();
    for group in groups {
        let own: Vec<&Object> = group.own().collect();
        for index in &own {
            rows.push([
                code(&group.relation),
                name(&index.id.name),
                code(&describe::index_shape(index)),
                match index.text("constraint") {
                    Some(_) => "behind a constraint".to_string(),
                    None => String::new(),
                },
            ]);
        }
        let rest = group.objects.len() - own.len();
        if rest > 0 {
            inherited.push(format!(
                "{}: {}, from its parent",
                code(&group.relation),
                summary::quantity(rest, "index")
            ));
        }
    }
    page.table(["Table", "Index", "Definition", "Note"], &rows);
    page.list(&inherited);
}

/// Policies, and the conditions that they share.
pub fn policies(page: &mut Page, groups: &[OnRelation<'_>]) {
    policy_table(page, groups);
    patterns(page, groups);
}

/// Policies, without their conditions.
pub fn policy_table(page: &mut Page, groups: &[OnRelation<'_>]) {
    let rows: Vec<[String; 4]> = groups
        .iter()
        .flat_map(|group| group.objects.iter().map(move |policy| (group, policy)))
        .map(|(group, policy)| {
            let restrictive = policy.get("permissive").is_some() && !policy.flag("permissive");
            [
                code(&group.relation),
                name(&policy.id.name),
                text(&policy.text("command").unwrap_or("all").to_uppercase())
                    + if restrictive { " (restrictive)" } else { "" },
                codes(policy.list("roles")),
            ]
        })
        .collect();
    page.table(["Table", "Policy", "For", "To"], &rows);
}

/// Each distinct condition once, with the policies that have it. Conditions that differ in nothing but the name of
/// their own table count as one.
pub fn patterns(page: &mut Page, groups: &[OnRelation<'_>]) {
    let mut patterns: Vec<(String, Vec<String>)> = Vec::new();
    for policy in groups.iter().flat_map(|group| &group.objects) {
        for (property, word) in [("using", "USING"), ("with_check", "WITH CHECK")] {
            let Some(condition) = policy.text(property) else {
                continue;
            };
            let own = crate::sql::quote_ident(&policy.id.relation);
            let pattern = without_own_name(condition, &own);
            let user = format!("{} ({word})", code(&policy.id.name));
            match patterns.iter_mut().find(|(known, _)| *known == pattern) {
                Some((_, users)) => users.push(user),
                None => patterns.push((pattern, vec![user])),
            }
        }
    }
    for (pattern, users) in patterns {
        let own = if pattern.contains("TABLE.") {
            " (TABLE is the policy's own)"
        } else {
            ""
        };
        page.paragraph(&format!("Condition of {}{own}:", users.join(", ")));
        page.fence("sql", &pattern);
    }
}

/// `t.org_id` becomes `TABLE.org_id` where `t` is the policy's own table.
fn without_own_name(condition: &str, own: &str) -> String {
    let mut out = String::with_capacity(condition.len());
    let mut rest = condition;
    let needle = format!("{own}.");
    while let Some(at) = rest.find(&needle) {
        let begins_a_name = rest[..at]
            .chars()
            .next_back()
            .is_none_or(|before| !before.is_alphanumeric() && !"_.$\"".contains(before));
        out.push_str(&rest[..at]);
        out.push_str(if begins_a_name { "TABLE." } else { &needle });
        rest = &rest[at + needle.len()..];
    }
    out + rest
}

/// Triggers.
pub fn triggers(page: &mut Page, groups: &[OnRelation<'_>]) {
    let rows: Vec<[String; 3]> = groups
        .iter()
        .flat_map(|group| group.objects.iter().map(move |trigger| (group, trigger)))
        .map(|(group, trigger)| {
            [
                code(&group.relation),
                name(&trigger.id.name),
                text(&describe::trigger_shape(trigger)),
            ]
        })
        .collect();
    page.table(["Table", "Trigger", "Fires"], &rows);
}

/// Functions, without their bodies.
pub fn functions(page: &mut Page, functions: &[&Object]) {
    let rows: Vec<[String; 5]> = functions
        .iter()
        .map(|function| {
            [
                code(&function.id.path()),
                function.text("returns").map_or(String::new(), code),
                function.text("language").map_or(String::new(), text),
                function.text("security").map_or(String::new(), text),
                function.text("comment").map_or(String::new(), text),
            ]
        })
        .collect();
    page.table(["Function", "Returns", "Language", "Security", "Purpose"], &rows);
}

/// Foreign keys.
pub fn foreign_keys(page: &mut Page, groups: &[OnRelation<'_>]) {
    let rows: Vec<[String; 2]> = groups
        .iter()
        .flat_map(|group| group.objects.iter().map(move |key| (group, key)))
        .map(|(group, key)| [code(&group.relation), code(&describe::foreign_key("→", key))])
        .collect();
    page.table(["Table", "Foreign key"], &rows);
}

/// All that has no table of its own above.
pub fn others(page: &mut Page, level: usize, inventory: &Inventory<'_>, skip: &[Kind]) {
    for (kind, objects) in &inventory.others {
        if skip.contains(kind) {
            continue;
        }
        page.heading(
            level,
            &format!("{} ({})", capital(&plural(kind.as_str())), objects.len()),
        );
        let rows: Vec<[String; 3]> = objects
            .iter()
            .map(|object| {
                let facts: Vec<String> = describe::facts(object)
                    .into_iter()
                    .filter(|fact| !fact.is_empty())
                    .collect();
                [
                    code(&describe::name(object)),
                    text(&facts.join(", ")),
                    object.text("comment").map_or(String::new(), text),
                ]
            })
            .collect();
        page.table([&capital(kind.as_str()), "What it is", "Purpose"], &rows);
    }
}

/// All of them, a section a kind, at that level of headings.
pub fn sections(page: &mut Page, level: usize, inventory: &Inventory<'_>) {
    let part = |page: &mut Page, title: &str, count: usize, fill: &dyn Fn(&mut Page)| {
        if count > 0 {
            page.heading(level, &format!("{title} ({count})"));
            fill(page);
        }
    };
    let of = |kind: Kind| inventory.others.get(&kind).map_or(&[][..], Vec::as_slice);
    part(page, "Tables", inventory.tables.len(), &|page| {
        tables(page, inventory)
    });
    part(page, "Partitions", inventory.partitions.len(), &|page| {
        partitions(page, &inventory.partitions);
    });
    part(page, "Enum types", of(Kind::Enum).len(), &|page| {
        enums(page, of(Kind::Enum))
    });
    part(
        page,
        "Row-security policies",
        Inventory::count(&inventory.policies),
        &|page| {
            policies(page, &inventory.policies);
        },
    );
    part(page, "Indexes", Inventory::count(&inventory.indexes), &|page| {
        indexes(page, &inventory.indexes);
    });
    part(page, "Triggers", Inventory::count(&inventory.triggers), &|page| {
        triggers(page, &inventory.triggers);
    });
    part(page, "Functions", of(Kind::Function).len(), &|page| {
        functions(page, of(Kind::Function));
    });
    part(
        page,
        "Foreign keys",
        Inventory::count(&inventory.foreign_keys),
        &|page| {
            foreign_keys(page, &inventory.foreign_keys);
        },
    );
    others(page, level, inventory, &[Kind::Enum, Kind::Function]);
}

#[cfg(test)]
mod tests {
    use super::bounds;

    #[test]
    fn bounds_have_two_ends() {
        let both = |from: &str, to: &str| (from.to_string(), to.to_string());
        assert_eq!(
            bounds("FOR VALUES FROM ('2025-11-01') TO (MAXVALUE)"),
            both("'2025-11-01'", "MAXVALUE")
        );
        assert_eq!(bounds("FOR VALUES IN ('a', 'b')"), both("IN ('a', 'b')", ""));
        assert_eq!(bounds("DEFAULT"), both("DEFAULT", ""));
    }
}
