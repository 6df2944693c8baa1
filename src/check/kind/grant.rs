//! `[table.NAME.grant]`: `role = ["select", …]`, all that the role holds on the table and nothing more.

use std::collections::BTreeSet;

use crate::catalog::{Kind, ObjectId, Parts, Scope};
use crate::check::document::{Item, items_of};
use crate::check::object::{cover, missing_relation, sentence};
use crate::check::parse::{Parser, Table};
use crate::check::rule::{Claim, Judge, Outcome, Rule};
use crate::check::verdict::Difference;
use crate::sql::fragment::{PrivilegeKind, privilege};
use crate::sql::quote_ident;

/// What ALL means; PostgreSQL 17 added MAINTAIN.
const ALL: &[&str] = &[
    "select",
    "insert",
    "update",
    "delete",
    "truncate",
    "references",
    "trigger",
];

/// What ALL means for a column.
const ALL_OF_COLUMN: &[&str] = &["select", "insert", "update", "references"];

/// What ALL means for a sequence.
const ALL_OF_SEQUENCE: &[&str] = &["select", "usage", "update"];

/// What ALL means for a relation of that kind.
pub(crate) fn all(relation: Kind) -> &'static [&'static str] {
    match relation {
        Kind::Sequence => ALL_OF_SEQUENCE,
        _ => ALL,
    }
}

pub(crate) fn parse(p: &mut Parser, table: &Table, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of roles with their privileges") else {
        return;
    };
    for entry in &entries {
        let Some(role) = p.reader.ident("grant", &entry.key) else {
            continue;
        };
        let mut rule = Grant {
            id: table.object(Kind::Grant, role.clone()),
            relation: table.kind,
            privileges: BTreeSet::new(),
            grantable: BTreeSet::new(),
        };
        let fields = if items_of(entry.value).is_some() {
            let want = "an array of privileges";
            let Some(fields) = p
                .reader
                .fields(entry, "the grant", want, &["privileges", "grantable"])
            else {
                continue;
            };
            Some(fields)
        } else {
            None
        };
        match &fields {
            None => rule.add(p, entry, false),
            Some(fields) => {
                if let Some(item) = fields.get("privileges") {
                    rule.add(p, item, false);
                }
                if let Some(item) = fields.get("grantable") {
                    rule.add(p, item, true);
                }
            }
        }
        let expected = words(&rule.privileges);
        let path = format!("{}/grant.{}", table.path, quote_ident(&role));
        p.add(path, "grant", &entry.key, expected, rule);
    }
}

#[derive(Debug)]
struct Grant {
    id: ObjectId,
    relation: Kind,
    privileges: BTreeSet<String>,
    grantable: BTreeSet<String>,
}

impl Grant {
    fn add(&mut self, p: &mut Parser, item: &Item<'_>, grantable: bool) {
        let Some(texts) = p.reader.strings(item) else {
            return;
        };
        for text in &texts {
            let Some(privilege) = p.fragment(&item.key.value, text, privilege) else {
                continue;
            };
            let words = match (privilege.kind, privilege.columns.is_empty()) {
                (PrivilegeKind::All, true) => all(self.relation).to_vec(),
                (PrivilegeKind::All, false) if self.relation == Kind::Sequence => ALL_OF_SEQUENCE.to_vec(),
                (PrivilegeKind::All, false) => ALL_OF_COLUMN.to_vec(),
                (kind, _) => vec![kind.as_str()],
            };
            let names: Vec<String> = match privilege.columns.as_slice() {
                [] => words.into_iter().map(str::to_string).collect(),
                columns => words
                    .iter()
                    .flat_map(|word| {
                        columns
                            .iter()
                            .map(move |column| format!("{word} ({})", quote_ident(column)))
                    })
                    .collect(),
            };
            if grantable || privilege.grantable {
                self.grantable.extend(names.iter().cloned());
            }
            self.privileges.extend(names);
        }
    }
}

fn words(privileges: &BTreeSet<String>) -> String {
    if privileges.is_empty() {
        return "none".to_string();
    }
    privileges.iter().cloned().collect::<Vec<_>>().join(", ")
}

/// As GRANT and REVOKE spell them; a column keeps its capitals: `SELECT (org_id)`.
fn in_sql(privileges: &[&str]) -> String {
    let spelled: Vec<String> = privileges
        .iter()
        .map(|privilege| match privilege.split_once(' ') {
            Some((word, columns)) => format!("{} {columns}", word.to_uppercase()),
            None => privilege.to_uppercase(),
        })
        .collect();
    spelled.join(", ")
}

impl Rule for Grant {
    fn claims(&self) -> Vec<Claim<'_>> {
        let mut claims = vec![Claim::Property(&self.id, "privileges")];
        // no privileges is no object
        if !self.privileges.is_empty() {
            claims.push(Claim::Presence(&self.id));
        }
        claims
    }

    fn cover(&self, scope: &mut Scope) {
        cover(&self.id, Parts::default().with_bare(Kind::Grant), scope);
    }

    fn judge(&self, judge: &mut Judge<'_>) -> Outcome {
        if let Some(missing) = missing_relation(&self.id.schema, &self.id.relation, judge) {
            return Outcome::missing(&missing);
        }
        if !judge.holds(&Claim::Property(&self.id, "privileges")) {
            return Outcome::pass();
        }
        let object = judge.catalog.get(&self.id);
        let set = |property: &str| -> BTreeSet<String> {
            object
                .map(|object| object.list(property).iter().cloned().collect())
                .unwrap_or_default()
        };
        let (mut have, mut grantable) = (set("privileges"), set("grantable"));
        // ALL, whatever the version means by it
        for (have, want) in [(&mut have, &self.privileges), (&mut grantable, &self.grantable)] {
            if ALL.iter().all(|word| want.contains(*word)) && !want.contains("maintain") {
                have.remove("maintain");
            }
        }
        let mut differences = Vec::new();
        let mut remedies = Vec::new();
        let on = format!(
            "ON {}{}.{}",
            if self.relation == Kind::Sequence {
                "SEQUENCE "
            } else {
                ""
            },
            quote_ident(&self.id.schema),
            quote_ident(&self.id.relation)
        );
        let role = if self.id.name == "public" {
            "PUBLIC".to_string()
        } else {
            quote_ident(&self.id.name)
        };
        for (part, have, want) in [
            ("privileges", &have, &self.privileges),
            ("grant options", &grantable, &self.grantable),
        ] {
            if have == want {
                continue;
            }
            let missing: Vec<&str> = want.difference(have).map(String::as_str).collect();
            let extra: Vec<&str> = have.difference(want).map(String::as_str).collect();
            let option = part == "grant options";
            if !missing.is_empty() {
                remedies.push(format!(
                    "GRANT {} {on} TO {role}{}",
                    in_sql(&missing),
                    if option { " WITH GRANT OPTION" } else { "" }
                ));
            }
            if !extra.is_empty() {
                remedies.push(format!(
                    "REVOKE {}{} {on} FROM {role}",
                    if option { "GRANT OPTION FOR " } else { "" },
                    in_sql(&extra)
                ));
            }
            differences.push(Difference {
                part: part.to_string(),
                have: Some(words(have)),
                want: Some(words(want)),
                refusal: None,
            });
        }
        let outcome = if differences.is_empty() {
            Outcome::pass()
        } else {
            Outcome::fail(sentence(&self.id.to_string(), &differences))
                .differences(differences)
                .remedy(Some(remedies.join("; ")))
        };
        outcome.actual(words(&have)).object(self.id.path())
    }
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::testing::{literal, sample, settle, suite};

    #[test]
    fn a_column_keeps_its_capitals() {
        assert_eq!(
            super::in_sql(&["select", "update (\"Total\")"]),
            "SELECT, UPDATE (\"Total\")"
        );
    }

    #[test]
    fn privileges_are_all_and_no_more() {
        for (grant, status, remedy) in [
            (
                "app = [\"select with grant option\", \"insert\"]",
                Status::Pass,
                None,
            ),
            (
                "app = [\"select\", \"insert\"]",
                Status::Fail,
                Some("REVOKE GRANT OPTION FOR SELECT ON public.t FROM app"),
            ),
            (
                "app = { privileges = [\"insert\", \"delete\"], grantable = [\"select\"] }",
                Status::Fail,
                Some("GRANT DELETE ON public.t TO app"),
            ),
            ("public = []", Status::Pass, None),
            (
                "public = [\"select\"]",
                Status::Fail,
                Some("GRANT SELECT ON public.t TO PUBLIC"),
            ),
        ] {
            let suite = suite("0001", &format!("[table.t.grant]\n{grant}\n"));
            let verdicts = settle(&[&suite], &sample(), literal);
            let verdict = &verdicts[1];
            assert_eq!(verdict.status, status, "{grant}: {}", verdict.message);
            assert_eq!(verdict.remedy.as_deref(), remedy, "{grant}");
        }
    }
}
