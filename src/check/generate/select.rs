//! Which objects of a catalog a suite is about.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, Kind, Object, ObjectId};
use crate::sql::fragment::commented_identity;
use crate::sql::parse_name;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Everything that is not the server's, an extension's or pgplumb's.
    All,
    /// What these schemas hold, with the roles, extensions and servers that it uses.
    Schemas(Vec<String>),
    /// These objects, with what stands on them, their sequences and their partitions, unless those are `elsewhere`.
    Objects {
        objects: BTreeSet<ObjectId>,
        elsewhere: BTreeSet<ObjectId>,
    },
}

/// The part of the catalog that the selection is about.
pub fn select(catalog: &Catalog, selection: &Selection) -> Catalog {
    let mut part = Catalog::default();
    part.read_at.clone_from(&catalog.read_at);
    for object in catalog
        .iter()
        .filter(|object| is_chosen(catalog, selection, object))
    {
        part.insert(object.clone());
    }
    let roles = roles(catalog, &part);
    for object in catalog
        .of_kind(Kind::Role)
        .filter(|object| roles.contains(object.id.name.as_str()))
    {
        part.insert(object.clone());
    }
    let servers: BTreeSet<String> = part
        .of_kind(Kind::Table)
        .filter_map(|table| table.text("server").map(str::to_string))
        .collect();
    for name in servers {
        if let Some(object) = catalog.get(&ObjectId::new(Kind::Server, "", name)) {
            part.insert(object.clone());
        }
    }
    part
}

fn is_chosen(catalog: &Catalog, selection: &Selection, object: &Object) -> bool {
    let id = &object.id;
    match (selection, id.kind) {
        (_, Kind::Role) => false,
        // it is there in every database
        (_, Kind::Extension) if id.name == "plpgsql" => false,
        (Selection::All, Kind::Grant) => stands_on_read(catalog, id),
        (Selection::All, _) => true,
        (Selection::Schemas(schemas), Kind::Schema) => schemas.iter().any(|schema| *schema == id.name),
        (Selection::Schemas(_), Kind::Extension) => true,
        (Selection::Schemas(schemas), Kind::EventTrigger) => object
            .text("function")
            .and_then(|name| parse_name(name).ok())
            .and_then(|name| name.schema)
            .is_some_and(|schema| schemas.contains(&schema)),
        (Selection::Schemas(schemas), Kind::Publication) => {
            let tables = object.list("tables");
            !tables.is_empty()
                && tables.iter().all(|line| {
                    crate::sql::fragment::published_table(line)
                        .ok()
                        .and_then(|table| table.name.schema)
                        .is_some_and(|schema| schemas.contains(&schema))
                })
        }
        (Selection::Schemas(schemas), Kind::DefaultPrivileges) => {
            schemas.iter().any(|schema| *schema == id.schema)
        }
        (Selection::Schemas(_), Kind::Server) => false,
        (Selection::Schemas(schemas), Kind::Other) => commented_identity(&id.relation, &id.name)
            .and_then(|on| on.schema("").map(|schema| schemas.iter().any(|of| of == schema)))
            .unwrap_or(false),
        (Selection::Schemas(schemas), _) => schemas.iter().any(|schema| *schema == id.schema),
        (Selection::Objects { objects, elsewhere }, _) => {
            objects.contains(id) || (!elsewhere.contains(id) && belongs(catalog, objects, elsewhere, object))
        }
    }
}

/// A grant of a relation that the reading left out would be a grant on nothing.
fn stands_on_read(catalog: &Catalog, id: &ObjectId) -> bool {
    catalog.relation(&id.schema, &id.relation).is_some()
}

/// Whether the object stands on one of those, is a sequence of one or a partition.
fn belongs(
    catalog: &Catalog,
    objects: &BTreeSet<ObjectId>,
    elsewhere: &BTreeSet<ObjectId>,
    object: &Object,
) -> bool {
    let is_its = |owner: &Object| {
        objects.contains(&owner.id)
            || (!elsewhere.contains(&owner.id) && belongs(catalog, objects, elsewhere, owner))
    };
    let id = &object.id;
    if !id.relation.is_empty() && id.kind != Kind::Other {
        return catalog.relation(&id.schema, &id.relation).is_some_and(is_its);
    }
    let table = match id.kind {
        Kind::Sequence => object
            .text("owned_by")
            .and_then(crate::check::kind::absent::dotted)
            .filter(|parts| parts.len() == 3)
            .map(|parts| ObjectId::new(Kind::Table, parts[0].clone(), parts[1].clone())),
        Kind::Table => object
            .text("partition_of")
            .and_then(|text| parse_name(text).ok())
            .map(|name| ObjectId::new(Kind::Table, name.schema.unwrap_or_default(), name.name)),
        _ => None,
    };
    table.and_then(|table| catalog.get(&table)).is_some_and(is_its)
}

/// The roles that the part names, and those that they are members of; those of the server left out.
fn roles(catalog: &Catalog, part: &Catalog) -> BTreeSet<String> {
    let mut named: Vec<String> = Vec::new();
    for object in part.iter() {
        match object.id.kind {
            Kind::Grant | Kind::DefaultPrivileges => named.push(object.id.name.to_string()),
            Kind::Policy => named.extend(object.list("roles").iter().cloned()),
            _ => {}
        }
        let of_defaults = ["tables", "sequences", "functions", "types", "schemas"];
        let lists = of_defaults
            .iter()
            .filter(|_| object.id.kind == Kind::DefaultPrivileges)
            .chain(&["privileges"]);
        for line in lists.flat_map(|key| object.list(key)) {
            if let Some((_, role)) = line.split_once(" to ") {
                let role = role.strip_suffix(" with grant option").unwrap_or(role);
                named.extend(parse_name(role).map(|name| name.name));
            }
        }
    }
    let mut roles = BTreeSet::new();
    while let Some(name) = named.pop() {
        let Some(object) = catalog.get(&ObjectId::new(Kind::Role, "", name.clone())) else {
            continue;
        };
        // a superuser needs no grant, and is the platform's
        if name.starts_with("pg_") || object.flag("superuser") || !roles.insert(name) {
            continue;
        }
        named.extend(object.list("member_of").iter().cloned());
    }
    roles
}
