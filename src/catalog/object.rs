//! Objects of the catalog: identity and properties.

use std::fmt;

use smol_str::SmolStr;

use super::kind::Kind;
use crate::sql::name::push_ident;

/// Which object. Names are as the catalog stores them: unquoted, with their capitals. Short ones take no room of their own, long ones
/// are shared by the copies: of identities there are many.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    pub kind: Kind,
    /// Empty for what lives in no schema (a role, an extension, a schema itself).
    pub schema: SmolStr,
    /// The table of a column, constraint, index, trigger, policy or grant; empty elsewhere.
    pub relation: SmolStr,
    /// The object's own name; of a routine its signature, `f(integer, text)`; of a grant the grantee.
    pub name: SmolStr,
}

impl ObjectId {
    /// An object that stands directly in a schema (or in none, when `schema` is empty).
    pub fn new(kind: Kind, schema: impl Into<SmolStr>, name: impl Into<SmolStr>) -> ObjectId {
        ObjectId {
            kind,
            schema: schema.into(),
            relation: SmolStr::default(),
            name: name.into(),
        }
    }

    /// An object that stands on a relation.
    pub fn on(
        kind: Kind,
        schema: impl Into<SmolStr>,
        relation: impl Into<SmolStr>,
        name: impl Into<SmolStr>,
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
        // the identity that the server gives it
        if self.kind == Kind::Other {
            return self.name.to_string();
        }
        let mut path = String::with_capacity(self.schema.len() + self.relation.len() + self.name.len() + 2);
        let relation = match self.kind {
            Kind::Index | Kind::Statistics => "",
            _ => &self.relation,
        };
        if !self.schema.is_empty() {
            for part in [&self.schema, relation]
                .into_iter()
                .filter(|part| !part.is_empty())
            {
                push_ident(&mut path, part);
                path.push('.');
            }
        }
        match self.kind {
            // a signature is already SQL
            Kind::Function => path.push_str(&self.name),
            _ => push_ident(&mut path, &self.name),
        }
        path
    }
}

/// `index public.idx_sync_progress_active`, `policy public.sync_progress.sync_progress_select`.
impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.word(), self.path())
    }
}

/// The value of one property. An absent property is not among the properties.
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

/// The properties of an object by name, in the order of the names. They are few, and objects are many: a list takes less
/// room than a map, and is searched as fast.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Properties(Vec<(&'static str, Value)>);

impl Properties {
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter()
            .find_map(|(known, value)| (*known == name).then_some(value))
    }

    /// Sets a property, and returns what it was.
    pub fn insert(&mut self, name: &'static str, value: Value) -> Option<Value> {
        match self.0.binary_search_by_key(&name, |(known, _)| known) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.0.insert(at, (name, value));
                None
            }
        }
    }

    /// Takes a property out.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.remove(at).1)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&&'static str, &Value)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    pub fn keys(&self) -> impl Iterator<Item = &&'static str> {
        self.0.iter().map(|(name, _)| name)
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl Extend<(&'static str, Value)> for Properties {
    fn extend<T: IntoIterator<Item = (&'static str, Value)>>(&mut self, properties: T) {
        for (name, value) in properties {
            self.insert(name, value);
        }
    }
}

impl IntoIterator for Properties {
    type Item = (&'static str, Value);
    type IntoIter = std::vec::IntoIter<(&'static str, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// One object with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub id: ObjectId,
    pub properties: Properties,
}

impl Object {
    pub fn new(id: ObjectId) -> Object {
        Object {
            id,
            properties: Properties::default(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_in_the_order_of_their_names_and_there_once() {
        let mut properties = Properties::default();
        properties.extend([("b", Value::Int(1)), ("a", Value::Int(2)), ("b", Value::Int(3))]);
        assert_eq!(properties.keys().copied().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(properties.get("b"), Some(&Value::Int(3)));
        assert_eq!(properties.remove("a"), Some(Value::Int(2)));
        assert_eq!(properties.get("a"), None);
        assert_eq!(properties.remove("a"), None);
        assert_eq!(properties.into_iter().collect::<Vec<_>>(), [("b", Value::Int(3))]);
    }

    #[test]
    fn a_path_is_quoted_where_sql_needs_it() {
        for (id, path) in [
            (
                ObjectId::new(Kind::Role, "", "Odd \"one\""),
                "\"Odd \"\"one\"\"\"",
            ),
            (
                ObjectId::new(Kind::Table, "public", "select"),
                "public.\"select\"",
            ),
            (ObjectId::on(Kind::Column, "Odd", "t", "c"), "\"Odd\".t.c"),
            (ObjectId::on(Kind::Index, "public", "t", "i"), "public.i"),
            (
                ObjectId::new(Kind::Function, "public", "f(\"T\")"),
                "public.f(\"T\")",
            ),
            (ObjectId::on(Kind::Other, "", "operator", "a.=(b,c)"), "a.=(b,c)"),
        ] {
            assert_eq!(id.path(), path);
        }
    }
}
