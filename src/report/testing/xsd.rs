//! Validation against an XML schema, as far as the JUnit schema goes: global elements and types, sequences and
//! choices, attributes, patterns. A part of a schema that is not understood is a panic, never a pass.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::{Document, Node};

const XS: &str = "http://www.w3.org/2001/XMLSchema";

/// What an element may hold.
#[derive(Debug, Clone)]
enum Type {
    Text(Option<regex::Regex>),
    Complex {
        mixed: bool,
        content: Option<Particle>,
        attributes: BTreeMap<String, (Type, bool)>,
    },
}

#[derive(Debug, Clone)]
struct Particle {
    min: usize,
    max: usize,
    term: Term,
}

#[derive(Debug, Clone)]
enum Term {
    /// A reference to a global element, or a local element with the name of its type.
    Element(String, Option<String>),
    Sequence(Vec<Particle>),
    Choice(Vec<Particle>),
}

/// A schema.
pub struct Schema {
    elements: BTreeMap<String, Type>,
    types: BTreeMap<String, Type>,
}

impl Schema {
    /// Reads a schema.
    pub fn parse(text: &str) -> Schema {
        let document = Document::parse(text).expect("the schema is XML");
        let mut schema = Schema {
            elements: BTreeMap::new(),
            types: BTreeMap::from([("xs:string".to_string(), Type::Text(None))]),
        };
        let root = document.root_element();
        let of = |name: &'static str| parts(root).filter(move |node| node.tag_name().name() == name);
        for node in of("simpleType").chain(of("complexType")) {
            let ty = schema.ty(node);
            schema.types.insert(name(node), ty);
        }
        for node in of("element") {
            let ty = schema.type_of(node);
            schema.elements.insert(name(node), ty);
        }
        schema
    }

    /// Validates a document.
    pub fn validate(&self, text: &str) -> Result<(), String> {
        let document = Document::parse(text).map_err(|error| error.to_string())?;
        let root = document.root_element();
        let ty = self.elements.get(root.tag_name().name());
        self.check(
            root,
            ty.ok_or_else(|| format!("unknown root {:?}", root.tag_name()))?,
        )
    }

    fn check(&self, node: Node, ty: &Type) -> Result<(), String> {
        let tag = node.tag_name().name();
        let (mixed, content, attributes) = match ty {
            Type::Text(_) => {
                return match node.children().any(|child| child.is_element()) {
                    true => Err(format!("<{tag}> has elements")),
                    false => self.check_text(tag, node.text().unwrap_or(""), ty),
                };
            }
            Type::Complex {
                mixed,
                content,
                attributes,
            } => (*mixed, content, attributes),
        };
        for attribute in node.attributes() {
            let (ty, _) = attributes
                .get(attribute.name())
                .ok_or_else(|| format!("<{tag}> has no attribute {}", attribute.name()))?;
            self.check_text(tag, attribute.value(), ty)?;
        }
        for (attribute, (_, required)) in attributes {
            if *required && node.attribute(attribute.as_str()).is_none() {
                return Err(format!("<{tag}> lacks {attribute}"));
            }
        }
        let has_text = node
            .children()
            .any(|child| child.is_text() && !child.text().unwrap_or("").trim().is_empty());
        if has_text && !mixed {
            return Err(format!("<{tag}> has text"));
        }
        let children: Vec<Node> = node.children().filter(Node::is_element).collect();
        let names: Vec<&str> = children.iter().map(|child| child.tag_name().name()).collect();
        let ends = match content {
            Some(particle) => particle.ends(&names, 0),
            None => BTreeSet::from([0]),
        };
        if !ends.contains(&names.len()) {
            return Err(format!("<{tag}> may not hold {names:?}"));
        }
        for child in children {
            let name = child.tag_name().name();
            let local = content.as_ref().and_then(|content| content.type_name(name));
            let ty = match &local {
                Some(ty) => &self.types[ty],
                None => &self.elements[name],
            };
            self.check(child, ty)?;
        }
        Ok(())
    }

    fn check_text(&self, tag: &str, text: &str, ty: &Type) -> Result<(), String> {
        match ty {
            Type::Text(Some(pattern)) if !pattern.is_match(text) => Err(format!("<{tag}>: {text:?}")),
            Type::Text(_) => Ok(()),
            Type::Complex { .. } => Err(format!("<{tag}>: an attribute is no element")),
        }
    }

    /// The type of an element or attribute: named, or inside.
    fn type_of(&self, node: Node) -> Type {
        match (node.attribute("type"), parts(node).next()) {
            (Some(name), None) => self.types[name].clone(),
            (None, Some(inside)) => self.ty(inside),
            _ => panic!("not understood: {node:?}"),
        }
    }

    fn ty(&self, node: Node) -> Type {
        if node.tag_name().name() == "simpleType" {
            let restriction = parts(node).next().expect("a restriction");
            assert_eq!(restriction.attribute("base"), Some("xs:string"));
            let pattern = parts(restriction).next().expect("a pattern");
            assert_eq!(pattern.tag_name().name(), "pattern");
            let pattern = format!("^(?:{})$", pattern.attribute("value").expect("a pattern"));
            return Type::Text(Some(regex::Regex::new(&pattern).expect("a pattern")));
        }
        assert_eq!(node.tag_name().name(), "complexType");
        let mut content = None;
        let mut attributes = BTreeMap::new();
        for part in parts(node) {
            match part.tag_name().name() {
                "attribute" => {
                    let required = part.attribute("use") == Some("required");
                    attributes.insert(name(part), (self.type_of(part), required));
                }
                _ => content = Some(particle(part)),
            }
        }
        Type::Complex {
            mixed: node.attribute("mixed") == Some("true"),
            content,
            attributes,
        }
    }
}

impl Particle {
    /// Where in the names this may end when it begins at `start`.
    fn ends(&self, names: &[&str], start: usize) -> BTreeSet<usize> {
        let mut ends = BTreeSet::new();
        let mut now = BTreeSet::from([start]);
        for round in 0..=self.max.min(names.len() + self.min) {
            if round >= self.min {
                ends.extend(&now);
            }
            if round == self.max {
                break;
            }
            now = now.iter().flat_map(|at| self.term.ends(names, *at)).collect();
            if now.is_empty() || (round >= self.min && now.is_subset(&ends)) {
                break;
            }
        }
        ends
    }

    fn type_name(&self, name: &str) -> Option<String> {
        match &self.term {
            Term::Element(element, ty) if element == name => ty.clone(),
            Term::Element(..) => None,
            Term::Sequence(parts) | Term::Choice(parts) => parts.iter().find_map(|part| part.type_name(name)),
        }
    }
}

impl Term {
    fn ends(&self, names: &[&str], start: usize) -> BTreeSet<usize> {
        match self {
            Term::Element(name, _) if names.get(start) == Some(&name.as_str()) => BTreeSet::from([start + 1]),
            Term::Element(..) => BTreeSet::new(),
            Term::Sequence(parts) => parts.iter().fold(BTreeSet::from([start]), |now, part| {
                now.iter().flat_map(|at| part.ends(names, *at)).collect()
            }),
            Term::Choice(parts) => parts.iter().flat_map(|part| part.ends(names, start)).collect(),
        }
    }
}

fn particle(node: Node) -> Particle {
    let bound = |name: &str| match node.attribute(name) {
        None => 1,
        Some("unbounded") => usize::MAX,
        Some(number) => number.parse().expect("a number"),
    };
    let inside = || parts(node).map(particle).collect();
    Particle {
        min: bound("minOccurs"),
        max: bound("maxOccurs"),
        term: match (
            node.tag_name().name(),
            node.attribute("ref"),
            node.attribute("type"),
        ) {
            ("element", Some(reference), None) => Term::Element(reference.to_string(), None),
            ("element", None, Some(ty)) => Term::Element(name(node), Some(ty.to_string())),
            ("sequence", None, None) => Term::Sequence(inside()),
            ("choice", None, None) => Term::Choice(inside()),
            other => panic!("not understood: {other:?}"),
        },
    }
}

fn parts<'a, 'input>(node: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children()
        .filter(Node::is_element)
        .inspect(|child| assert_eq!(child.tag_name().namespace(), Some(XS)))
}

fn name(node: Node) -> String {
    node.attribute("name").expect("a name").to_string()
}

#[test]
fn what_is_not_valid_is_refused() {
    let schema = Schema::parse(include_str!("../../../tests/schemas/junit-10.xsd"));
    let suite = |inside: &str| {
        format!(
            "<testsuites><testsuite name='a' tests='1' failures='0' errors='0' time='1.5'>{inside}</testsuite></testsuites>"
        )
    };
    let valid = suite(
        "<properties/><testcase name='a'><failure>x</failure><system-out/></testcase><testcase name='b'/>",
    );
    assert_eq!(schema.validate(&valid), Ok(()));
    for text in [
        "<testsuites>".to_string(),
        "<suites/>".to_string(),
        "<testsuites><testcase name='a'/></testsuites>".to_string(),
        "<testsuites><testsuite name='a'/></testsuites>".to_string(),
        suite("<testcase/>"),
        suite("<testcase name='a' file='b'/>"),
        suite("<testcase name='a'>text</testcase>"),
        suite("<testcase name='a'><properties/></testcase>"),
        valid.replace("1.5", "1,5 s"),
    ] {
        assert!(schema.validate(&text).is_err(), "{text}");
    }
}
