//! `[table.NAME.grant]`: `role = ["select", …]`, all that the role holds on the table and nothing more.

use std::collections::BTreeSet;

use crate::catalog::{Kind, Object, ObjectId, Parts, Scope};
use crate::check::compare::Comparison;
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
            all: false,
            all_grantable: false,
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

/// Whether this is what the dump of a server before 17 gives to the owner who once was granted an option: each privilege
/// by its name, and so all but MAINTAIN.
pub(crate) fn is_from_older(owners: &Object) -> bool {
    let privileges = owners.list("privileges");
    let has = |word: &&str| privileges.iter().any(|privilege| privilege == word);
    owners.flag("without_maintain") && !owners.list("grantable").is_empty() && ALL.iter().all(has)
}

#[derive(Debug)]
struct Grant {
    id: ObjectId,
    relation: Kind,
    privileges: BTreeSet<String>,
    grantable: BTreeSet<String>,
    /// Whether ALL is said, whatever the server's version means by it.
    all: bool,
    all_grantable: bool,
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
            let is_all = privilege.kind == PrivilegeKind::All && privilege.columns.is_empty();
            self.all |= is_all;
            if grantable || privilege.grantable {
                self.all_grantable |= is_all;
                self.grantable.extend(names.iter().cloned());
            }
            self.privileges.extend(names);
        }
    }
}

impl Grant {
    /// What an owner holds who lacks nothing.
    fn of_owner(&self, judge: &mut Judge<'_>) -> Result<BTreeSet<String>, Box<Outcome>> {
        let mut held: BTreeSet<String> = all(self.relation).iter().map(|word| word.to_string()).collect();
        let is_close = !self.all && held.iter().all(|word| self.privileges.contains(word));
        // all else is less than what any version gives
        if self.relation != Kind::Sequence && is_close {
            match judge.major_version() {
                Ok(version) if version >= 17 => {
                    held.insert("maintain".to_string());
                }
                Ok(_) => {}
                Err(Comparison::CannotTell(reason)) => {
                    let message = format!("{} cannot be judged: {reason}", self.id);
                    return Err(Box::new(Outcome::blocked(reason, message)));
                }
                Err(_) => {
                    let message = format!("{} was not put to the server", self.id);
                    return Err(Box::new(Outcome::blocked("the server", message)));
                }
            }
        }
        Ok(held)
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

/// The statement that takes back what nobody lists.
pub(crate) fn revocation(grant: &Object, on: Kind) -> String {
    let on = match on {
        Kind::Sequence => "SEQUENCE ",
        _ => "",
    };
    let table = ObjectId::new(Kind::Table, grant.id.schema.clone(), grant.id.relation.clone());
    let role = match grant.id.name.as_str() {
        "public" => "PUBLIC".to_string(),
        role => quote_ident(role),
    };
    let privileges: Vec<&str> = grant.list("privileges").iter().map(String::as_str).collect();
    format!(
        "REVOKE {} ON {on}{} FROM {role}",
        in_sql(&privileges),
        table.path()
    )
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
        // the owner is told by the relation
        let parts = Parts::default().with_bare(Kind::Grant).with_bare(self.relation);
        cover(&self.id, parts, scope);
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
        let (mut want, mut want_grantable) = (self.privileges.clone(), self.grantable.clone());
        let has_maintain =
            have.contains("maintain") || object.is_some_and(|object| object.flag("without_maintain"));
        if self.relation != Kind::Sequence && has_maintain {
            for (want, all) in [(&mut want, self.all), (&mut want_grantable, self.all_grantable)] {
                if all {
                    want.insert("maintain".to_string());
                }
            }
        }
        if let Some(relation) = judge.catalog.relation(&self.id.schema, &self.id.relation)
            && relation.text("owner") == Some(self.id.name.as_str())
        {
            // the owner has an entry only where it lacks something
            if object.is_none() {
                match self.of_owner(judge) {
                    Ok(held) => have = held,
                    Err(outcome) => return *outcome,
                }
            }
            // what an owner has of the whole holds for each column, and is the owner's to pass on
            let whole = have.clone();
            for privileges in [&mut have, &mut want] {
                privileges.retain(|privilege| match privilege.split_once(" (") {
                    Some((word, _)) => !whole.contains(word),
                    None => true,
                });
            }
            grantable.clone_from(&want_grantable);
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
            ("privileges", &have, &want),
            ("grant options", &grantable, &want_grantable),
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
    use crate::catalog::{Catalog, Kind, Object, ObjectId, Value};
    use crate::check::testing::{literal, one, sample, settle, suite};
    use crate::check::{Answer, Question, Status};

    #[test]
    fn a_column_keeps_its_capitals() {
        assert_eq!(
            super::in_sql(&["select", "update (\"Total\")"]),
            "SELECT, UPDATE (\"Total\")"
        );
    }

    /// The catalog with table t of boss, who lacks what is not in `left`, and a grant to app.
    fn owned(left: Option<&[&str]>, app: &[&str], without_maintain: bool) -> Catalog {
        let list = |words: &[&str]| Value::List(words.iter().map(|word| word.to_string()).collect());
        let mut catalog = sample();
        let mut table = catalog
            .get(&ObjectId::new(Kind::Table, "public", "t"))
            .unwrap()
            .clone();
        table.properties.insert("owner", Value::Text("boss".to_string()));
        if let Some(left) = left {
            let mut grant = Object::new(ObjectId::on(Kind::Grant, "public", "t", "boss"));
            grant.properties.insert("privileges", list(left));
            if left == super::ALL {
                grant.properties.insert("without_maintain", Value::Bool(true));
            }
            catalog.insert(grant);
        }
        catalog.insert(table);
        let mut grant = Object::new(ObjectId::on(Kind::Grant, "public", "t", "app"));
        grant.properties.insert("privileges", list(app));
        if without_maintain {
            grant.properties.insert("without_maintain", Value::Bool(true));
        }
        catalog.insert(grant);
        catalog
    }

    const EIGHT: &[&str] = &[
        "delete",
        "insert",
        "maintain",
        "references",
        "select",
        "trigger",
        "truncate",
        "update",
    ];
    const SEVEN_WORDS: &str =
        r#"["select", "insert", "update", "delete", "truncate", "references", "trigger"]"#;

    fn status(grant: &str, catalog: &Catalog, version: &str) -> Status {
        let suite = suite("0001", &format!("[table.t.grant]\n{grant}\n"));
        let verdicts = settle(&[&suite], catalog, |question| match question {
            Question::Rows { .. } => Answer::Rows(vec![vec![Some(version.to_string())]]),
            other => literal(other),
        });
        verdicts[1].status
    }

    #[test]
    fn all_is_what_the_version_means_by_it() {
        let seven = super::ALL;
        let words = format!("app = {SEVEN_WORDS}");
        for (grant, app, without_maintain, wanted) in [
            (r#"app = ["all"]"#, EIGHT, false, Status::Pass),
            (r#"app = ["all"]"#, seven, false, Status::Pass),
            // one that has MAINTAIN to give
            (r#"app = ["all"]"#, seven, true, Status::Fail),
            (words.as_str(), seven, true, Status::Pass),
            (words.as_str(), seven, false, Status::Pass),
            (words.as_str(), EIGHT, false, Status::Fail),
        ] {
            let catalog = owned(None, app, without_maintain);
            assert_eq!(status(grant, &catalog, "170000"), wanted, "{grant} {app:?}");
        }
    }

    #[test]
    fn what_a_dump_of_an_older_server_leaves_an_owner_is_no_change() {
        let complete = suite("0001", "complete = true\n[table.t]\n");
        for (left, grantable, status) in [
            (super::ALL, &["select"][..], Status::Pass),
            // somebody took MAINTAIN away
            (super::ALL, &[], Status::Fail),
            (&["select"], &["select"], Status::Fail),
        ] {
            let mut catalog = owned(Some(left), &[], false);
            let id = ObjectId::on(Kind::Grant, "public", "t", "boss");
            let mut grant = catalog.get(&id).unwrap().clone();
            let words = grantable.iter().map(|word| word.to_string());
            grant.properties.insert("grantable", Value::List(words.collect()));
            catalog.insert(grant);
            let verdicts = settle(&[&complete], &catalog, literal);
            let exact = verdicts.iter().find(|verdict| verdict.kind == "exact").unwrap();
            let named = exact.message.contains("grant public.t.boss");
            assert_eq!(named, status == Status::Fail, "{left:?}: {}", exact.message);
        }
    }

    #[test]
    fn an_owner_holds_all_but_what_was_revoked() {
        let words = format!("boss = {SEVEN_WORDS}");
        for (grant, left, version, wanted) in [
            (r#"boss = ["all"]"#, None, "180000", Status::Pass),
            (r#"boss = ["all", "select (id)"]"#, None, "180000", Status::Pass),
            ("boss = []", None, "180000", Status::Fail),
            (r#"boss = ["select"]"#, None, "180000", Status::Fail),
            (words.as_str(), None, "160004", Status::Pass),
            (words.as_str(), None, "170001", Status::Fail),
            (words.as_str(), Some(super::ALL), "170001", Status::Pass),
            (r#"boss = ["all"]"#, Some(super::ALL), "170001", Status::Fail),
            (
                r#"boss = ["select"]"#,
                Some(&["select"][..]),
                "170001",
                Status::Pass,
            ),
            ("boss = []", Some(&[][..]), "170001", Status::Pass),
            ("boss = []", Some(&["select"][..]), "170001", Status::Fail),
        ] {
            let catalog = owned(left, &[], false);
            assert_eq!(status(grant, &catalog, version), wanted, "{grant} {left:?}");
        }
        for (left, wanted) in [
            (None, Status::Fail),
            (Some(&["select"][..]), Status::Fail),
            (Some(&[][..]), Status::Pass),
        ] {
            let suite = suite("0001", "absent = [\"grant t.boss\"]\n");
            let verdicts = settle(&[&suite], &owned(left, &[], false), literal);
            assert_eq!(verdicts[0].status, wanted, "{left:?}");
        }
    }

    #[test]
    fn one_that_nobody_lists_is_told_with_its_privileges_and_what_takes_it_back() {
        let suite = suite("0001", "[table.t]\nexact = [\"grants\"]\n");
        let verdicts = settle(&[&suite], &sample(), literal);
        let verdict = one(&verdicts, "0001/table.t/exact");
        assert!(
            verdict.message.contains("grant public.t.app (insert, select)"),
            "{}",
            verdict.message
        );
        assert_eq!(
            verdict.remedy.as_deref(),
            Some("REVOKE INSERT, SELECT ON public.t FROM app")
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
