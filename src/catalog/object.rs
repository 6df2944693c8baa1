//! Objects of the catalog: identity and properties.

use std::collections::BTreeMap;
use std::fmt;

use super::kind::Kind;
use crate::sql::name::quote_ident;

/// Which object. Names are as the catalog stores them: unquoted, with their capitals.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    pub kind: Kind,
    /// Empty for what lives in no schema (a role, an extension, a schema itself).
    pub schema: String,
    /// The table of a column, constraint, index, trigger, policy or grant; empty elsewhere.
    pub relation: String,
    /// The object's own name; of a routine its signature, `f(integer, text)`; of a grant the grantee.
    pub name: String,
}

impl ObjectId {
    /// An object that stands directly in a schema (or in none, when `schema` is empty).
    pub fn new(kind: Kind, schema: impl Into<String>, name: impl Into<String>) -> ObjectId {
        ObjectId {
            kind,
            schema: schema.into(),
            relation: String::new(),
            name: name.into(),
        }
    }

    /// An object that stands on a relation.
    pub fn on(
        kind: Kind,
        schema: impl Into<String>,
        relation: impl Into<String>,
        name: impl Into<String>,
    ) -> ObjectId {
        ObjectId {
            kind,
            schema: schema.into(),
            relation: relation.into(),
            name: name.into(),
        }
    }

    /// What it is, in SQL's word: `index`, `policy`; of [`Kind::Other`] the server's own word: `rule`, `operator`.
    pub fn word(&self) -> &str {
        match self.kind {
            Kind::Other => &self.relation,
            kind => kind.as_str(),
        }
    }

    /// The SQL spelling without the kind: `public.sync_progress`, `public.sync_progress.org_id`,
    /// `public."Odd.Name"`. An index is named as SQL names it, without its table.
    pub fn path(&self) -> String {
        let name = match self.kind {
            // a signature is already SQL
            Kind::Function => self.name.clone(),
            // the identity that the server gives it
            Kind::Other => return self.name.clone(),
            _ => quote_ident(&self.name),
        };
        match (self.schema.as_str(), self.relation.as_str()) {
            ("", _) => name,
            (schema, "") => format!("{}.{name}", quote_ident(schema)),
            (schema, _) if matches!(self.kind, Kind::Index | Kind::Statistics) => {
                format!("{}.{name}", quote_ident(schema))
            }
            (schema, relation) => format!("{}.{}.{name}", quote_ident(schema), quote_ident(relation)),
        }
    }
}

/// `index public.idx_sync_progress_active`, `policy public.sync_progress.sync_progress_select`.
impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.word(), self.path())
    }
}

/// The value of one property. An absent property is not in the map.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<String>),
}

impl Value {
    pub fn as_text(&self) -> Option<&str> {
        if let Value::Text(text) = self {
            Some(text)
        } else {
            None
        }
    }

    pub fn as_list(&self) -> Option<&[String]> {
        if let Value::List(list) = self {
            Some(list)
        } else {
            None
        }
    }
}

/// For people: text as it is, lists in parentheses.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(value) => write!(f, "{}", if *value { "yes" } else { "no" }),
            Value::Int(value) => write!(f, "{value}"),
            Value::Text(value) => f.write_str(value),
            Value::List(items) => write!(f, "({})", items.join(", ")),
        }
    }
}

/// One object with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub id: ObjectId,
    pub properties: BTreeMap<&'static str, Value>,
}

impl Object {
    pub fn new(id: ObjectId) -> Object {
        Object {
            id,
            properties: BTreeMap::new(),
        }
    }

    pub fn get(&self, property: &str) -> Option<&Value> {
        self.properties.get(property)
    }

    /// A text property.
    pub fn text(&self, property: &str) -> Option<&str> {
        self.get(property).and_then(Value::as_text)
    }

    /// A list property; empty when absent.
    pub fn list(&self, property: &str) -> &[String] {
        self.get(property).and_then(Value::as_list).unwrap_or(&[])
    }

    /// A yes/no property; absent is no.
    pub fn flag(&self, property: &str) -> bool {
        self.get(property) == Some(&Value::Bool(true))
    }
}
