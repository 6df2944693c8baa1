//! The JSON schema of check files against the parser, type by type: what the schema allows is no wrong type to the
//! parser, and what it does not allow is refused where it stands in the file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::{Pgplumb, Project};

/// A value of each type, with the words by which the parser calls it.
const SAMPLES: [(&str, &str, &str); 6] = [
    ("string", "\"x\"", "a string"),
    ("integer", "7", "an integer"),
    ("boolean", "true", "a boolean"),
    ("array", "[\"x\"]", "an array"),
    ("object", "{}", "a table"),
    ("number", "1.5", "a float"),
];

/// What an entry cannot be without: where it lacks, nothing else of the entry is looked at.
const NEEDED: [(&str, &[(&str, &str)]); 19] = [
    ("unique", &[("columns", "[\"a\"]")]),
    ("primary_key", &[("columns", "[\"a\"]")]),
    ("view", &[("definition", "\"select 1\"")]),
    ("materialized_view", &[("definition", "\"select 1\"")]),
    ("column", &[("definition", "\"int\"")]),
    ("check", &[("definition", "\"a > 0\"")]),
    ("foreign_key", &[("definition", "\"(a) references t (a)\"")]),
    ("exclude", &[("definition", "\"using gist (a with &&)\"")]),
    ("index", &[("definition", "\"(a)\"")]),
    ("statistics", &[("definition", "\"on a, b\"")]),
    (
        "trigger",
        &[(
            "definition",
            "\"before update for each row execute function f()\"",
        )],
    ),
    ("rule", &[("definition", "\"on delete do nothing\"")]),
    ("domain", &[("definition", "\"int\"")]),
    (
        "event_trigger",
        &[("definition", "\"on ddl_command_end execute function f()\"")],
    ),
    ("count", &[("name", "\"n\""), ("of", "\"tables\"")]),
    ("query", &[("name", "\"n\""), ("sql", "\"select 1\"")]),
    ("probe", &[("name", "\"n\""), ("run", "\"select 1\"")]),
    ("step", &[("run", "\"select 1\"")]),
    ("isolation", &[("tables", "[\"t(c)\"]"), ("as_role", "\"r\"")]),
];

/// `{ null = true }`, which is no table of any other kind; and `options = { toast.autovacuum_enabled = false }`, a table within
/// one without saying so.
const APART: [(&str, &str); 5] = [
    ("query.[].expect", "object"),
    ("probe.[].expect", "object"),
    ("probe.[].rows.[].[]", "object"),
    ("probe.[].step.[].expect", "object"),
    ("table.x.column.x.options.x", "object"),
];

/// A place in a check file, as the keys that lead there; `[]` is an item of an array.
type Place = Vec<String>;

struct Schema {
    root: Value,
    /// The types that a value may have, by place.
    places: BTreeMap<Place, BTreeSet<String>>,
    /// Types that were followed already: a table's columns look alike wherever they stand.
    seen: BTreeSet<String>,
}

impl Schema {
    fn resolve<'s>(root: &'s Value, mut node: &'s Value) -> &'s Value {
        while let Some(name) = node["$ref"].as_str() {
            node = root
                .pointer(name.trim_start_matches('#'))
                .expect("a known definition");
        }
        node
    }

    /// The node itself, or each that it may be instead.
    fn alternatives<'s>(root: &'s Value, node: &'s Value) -> Vec<&'s Value> {
        let node = Schema::resolve(root, node);
        let any: Vec<&Value> = ["anyOf", "oneOf", "allOf"]
            .iter()
            .filter_map(|key| node[*key].as_array())
            .flatten()
            .flat_map(|node| Schema::alternatives(root, node))
            .collect();
        if any.is_empty() { vec![node] } else { any }
    }

    fn types(root: &Value, node: &Value) -> BTreeSet<String> {
        let mut types = BTreeSet::new();
        for node in Schema::alternatives(root, node) {
            match &node["type"] {
                Value::String(name) => types.insert(name.clone()),
                Value::Array(names) => {
                    types.extend(names.iter().filter_map(Value::as_str).map(str::to_string));
                    true
                }
                _ => types.insert(
                    match node.get("const").or(node["enum"].get(0)) {
                        Some(Value::Bool(_)) => "boolean",
                        Some(Value::Number(_)) => "integer",
                        Some(Value::String(_)) => "string",
                        other => panic!("no type: {node}, {other:?}"),
                    }
                    .to_string(),
                ),
            };
        }
        types
    }

    fn walk(&mut self, node: &Value, place: &Place) {
        let root = self.root.clone();
        for node in Schema::alternatives(&root, node) {
            if !place.is_empty() && !self.seen.insert(node.to_string()) {
                continue;
            }
            let keys = node["properties"].as_object().into_iter().flatten();
            let mut below: Vec<(String, &Value)> = keys.map(|(key, node)| (key.clone(), node)).collect();
            if node["additionalProperties"].is_object() {
                let is_routine =
                    ["function", "procedure", "aggregate"].contains(&place.last().map_or("", String::as_str));
                let name = if is_routine { "f()" } else { "x" };
                below.push((name.to_string(), &node["additionalProperties"]));
            }
            if node["items"].is_object() {
                below.push(("[]".to_string(), &node["items"]));
            }
            // what tables share with other kinds is tried on tables, which take the most
            below.sort_by_key(|(key, _)| key != "table");
            for (key, node) in below {
                let place: Place = place.iter().cloned().chain([key]).collect();
                self.places.insert(place.clone(), Schema::types(&root, node));
                self.walk(node, &place);
            }
        }
    }
}

/// The line that puts a value in its place, and the column where the value begins.
fn line(place: &Place, value: &str) -> (String, usize) {
    let (mut before, mut behind) = (String::new(), String::new());
    for (index, key) in place.iter().enumerate() {
        if key == "[]" {
            before.push_str("[ ");
            behind.insert_str(0, " ]");
            continue;
        }
        if index > 0 {
            before.push_str("{ ");
            behind.insert_str(0, " }");
        }
        let named = !["x", "f()"].contains(&key.as_str());
        let within = place[..index]
            .iter()
            .rev()
            .find(|key| !["x", "f()", "[]"].contains(&key.as_str()));
        let needed = within.and_then(|within| NEEDED.iter().find(|(name, _)| name == within));
        for (other, value) in needed.map_or(&[][..], |(_, needed)| needed) {
            // a probe has steps, or is one
            let instead = key == other || (key == "step" && *other == "run");
            if named && !instead {
                before.push_str(&format!("{other} = {value}, "));
            }
        }
        before.push_str(&format!("{key:?} = "));
    }
    let column = before.chars().count() + 1;
    (format!("{before}{value}{behind}"), column)
}

#[test]
fn each_place_takes_the_types_of_the_schema_and_refuses_the_others() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schema/checks-1.json");
    let root: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut schema = Schema {
        root: root.clone(),
        places: BTreeMap::new(),
        seen: BTreeSet::new(),
    };
    schema.walk(&root, &Vec::new());

    let project = Project::new();
    let mut cases = Vec::new();
    for (place, types) in &schema.places {
        for (name, value, words) in SAMPLES {
            let path = place.join(".");
            // a float where whole numbers go as well, and the other way round
            let allowed = types.contains(name) || (name == "integer" && types.contains("number"));
            if APART.contains(&(path.as_str(), name)) {
                continue;
            }
            let file = format!("checks/c{:05}.toml", cases.len());
            let (line, column) = line(place, value);
            let title = if path == "title" { "" } else { "title = \"x\"" };
            project.write(&file, format!("{title}\n{line}\n"));
            cases.push((file, line, column, allowed, words));
        }
    }
    let outcome = Pgplumb::at(project.path())
        .args(&["checks", "lint", "--format", "json"])
        .run()
        .expect(2);
    let report = outcome.json();
    let mut found: BTreeMap<&str, Vec<(u64, u64, &str)>> = BTreeMap::new();
    for diagnostic in report["diagnostics"].as_array().expect("diagnostics") {
        if diagnostic["severity"] == "error" {
            let source = &diagnostic["source"];
            let at = |key: &str| source[key].as_u64().expect("a place in the file");
            found
                .entry(source["file"].as_str().expect("a file"))
                .or_default()
                .push((
                    at("line"),
                    at("column"),
                    diagnostic["message"].as_str().unwrap_or_default(),
                ));
        }
    }
    let (mut refused, mut taken, mut wrong) = (0, 0, Vec::new());
    for (file, line, column, allowed, words) in &cases {
        let said = found.get(file.as_str()).map_or(&[][..], Vec::as_slice);
        let is_type = |(at_line, at, message): &(u64, u64, &str)| {
            *at_line == 2 && *at <= *column as u64 && message.contains("want ") && message.ends_with(words)
        };
        let here = said
            .iter()
            .any(|said| is_type(said) && said.1 == *column as u64 && said.2.contains(", have "));
        let complained = here
            || said
                .iter()
                .any(|said| is_type(said) || (said.0 == 2 && said.1 == *column as u64));
        match allowed {
            true if !here => taken += 1,
            false if complained => refused += 1,
            _ => wrong.push(format!("{file}: {line}\n    allowed: {allowed}, said: {said:?}")),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} are wrong:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    assert!(
        taken > 300 && refused > 1000,
        "{taken} values taken, {refused} refused"
    );
}
