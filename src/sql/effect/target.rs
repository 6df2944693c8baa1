//! Names of objects, each kind in its own way.

use std::sync::Arc;

use crate::source::Span;
use crate::sql::cursor::Cursor;
use crate::sql::fragment::parameters;
use crate::sql::lex::TokenKind;
use crate::sql::name::Name;
use crate::sql::types;

use super::object::{ObjectKind, ObjectRef};

/// An object by a plain name.
pub(super) fn named(c: &mut Cursor<'_>, kind: ObjectKind) -> Option<ObjectRef> {
    let start = *c;
    let name = c.name()?;
    Some(ObjectRef {
        kind,
        name,
        on: None,
        arguments: None,
        span: c.since(&start),
    })
}

/// The same object among the temporary ones.
pub(super) fn temporary(mut object: ObjectRef) -> ObjectRef {
    object.name.schema = Some("pg_temp".to_owned());
    object
}

/// An object as ALTER, DROP, COMMENT and GRANT name it, with all that belongs to its name.
pub(super) fn target(c: &mut Cursor<'_>, kind: ObjectKind) -> Option<ObjectRef> {
    use ObjectKind::*;
    let start = *c;
    match kind {
        Function | Procedure | Routine | Aggregate => routine(c, kind),
        Trigger | Policy | Rule | Constraint => {
            let mut object = named(c, kind)?;
            if c.word("on") {
                let _ =
                    kind == Constraint && c.is_word("domain") && !c.is_word_at(1, "is") && c.word("domain");
                object.on = Some(Arc::new(c.name()?));
            }
            Some(object)
        }
        Column => {
            let mut parts = c.dotted()?;
            let name = Name::unqualified(parts.pop()?);
            let on = parts.pop().map(|table| Name {
                schema: parts.pop(),
                name: table,
            });
            Some(ObjectRef {
                kind,
                name,
                on: on.map(Arc::new),
                arguments: None,
                span: c.since(&start),
            })
        }
        Cast => cast(c),
        Operator => operator(c),
        OperatorClass | OperatorFamily => {
            let object = named(c, kind)?;
            if c.word("using") {
                c.ident()?;
            }
            Some(object)
        }
        UserMapping | Transform => {
            if !c.word("for") {
                return None;
            }
            let of = *c;
            let name = if kind == Transform {
                Name::unqualified(types::type_name(c).ok()?.unmodified)
            } else {
                Name::unqualified(c.ident()?)
            };
            let span = c.since(&of);
            let on = if c.word("server") || c.word("language") {
                Some(c.name()?)
            } else {
                None
            };
            Some(ObjectRef {
                kind,
                name,
                on: on.map(Arc::new),
                arguments: None,
                span,
            })
        }
        LargeObject => {
            let token = c.advance()?;
            let name = Name::unqualified(token.text(c.text));
            Some(ObjectRef {
                kind,
                name,
                on: None,
                arguments: None,
                span: token.span,
            })
        }
        _ => named(c, kind),
    }
}

fn routine(c: &mut Cursor<'_>, kind: ObjectKind) -> Option<ObjectRef> {
    let mut object = named(c, kind)?;
    if let Some(inner) = c.group() {
        object.arguments = arguments(inner);
    }
    Some(object)
}

/// The canonical input types of a routine; `None` when they cannot be read.
pub(super) fn arguments(mut inner: Cursor<'_>) -> Option<Vec<String>> {
    if inner.is_punct("*") {
        inner.advance();
    }
    // an ordered-set aggregate: its direct arguments, then the aggregated ones
    let mut direct = inner;
    direct.skip_until(|c| c.word_ahead("order by"));
    let mut parts = vec![inner.up_to(&direct)];
    if direct.word("order by") {
        parts.push(direct);
    }
    let mut types = Vec::new();
    for part in parts {
        let parameters = parameters(part).ok()?;
        types.extend(
            parameters
                .into_iter()
                .filter(|found| found.mode.is_input())
                .map(|found| found.type_name),
        );
    }
    Some(types)
}

/// `(source as target)`
fn cast(c: &mut Cursor<'_>) -> Option<ObjectRef> {
    let start = *c;
    let mut inner = c.group()?;
    let source = types::type_name(&mut inner).ok()?.unmodified;
    if !inner.word("as") {
        return None;
    }
    let target = types::type_name(&mut inner).ok()?.unmodified;
    Some(ObjectRef {
        kind: ObjectKind::Cast,
        name: Name::unqualified(format!("{source} AS {target}")),
        on: None,
        arguments: Some(vec![source, target]),
        span: c.since(&start),
    })
}

/// `s.=`, with `(left, right)` where it follows.
pub(super) fn operator(c: &mut Cursor<'_>) -> Option<ObjectRef> {
    let start = *c;
    let mut schema = None;
    while c.is_ident() {
        schema = c.ident();
        if !c.punct(".") {
            return None;
        }
    }
    let symbol = c.advance().filter(|token| token.kind == TokenKind::Operator)?;
    let name = Name {
        schema,
        name: symbol.text(c.text).to_owned(),
    };
    let span: Span = c.since(&start);
    let mut arguments = None;
    let mut ahead = *c;
    if let Some(inner) = ahead.group()
        && let Some(operands) = operands(inner)
    {
        arguments = Some(operands);
        *c = ahead;
    }
    Some(ObjectRef {
        kind: ObjectKind::Operator,
        name,
        on: None,
        arguments,
        span,
    })
}

fn operands(inner: Cursor<'_>) -> Option<Vec<String>> {
    let operand = |mut part: Cursor<'_>| {
        if part.word("none") {
            return Some("NONE".to_owned());
        }
        let parsed = types::type_name(&mut part).ok()?;
        part.is_end().then_some(parsed.unmodified)
    };
    inner.split_commas().into_iter().map(operand).collect()
}
