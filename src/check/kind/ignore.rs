//! `ignore = ["table tmp_*", "function audit.*"]`: what `exact` passes over.

use crate::check::document::{Item, Text};
use crate::check::parse::Parser;
use crate::check::rule::Ignored;
use crate::sql::parse_name;

use super::absent::{Shape, parts, word_of};

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    for text in p.reader.strings(item).unwrap_or_default() {
        if let Some(ignored) = ignored(p, &text) {
            p.ignored.push(ignored);
        }
    }
}

fn ignored(p: &mut Parser, text: &Text) -> Option<Ignored> {
    let (word, kinds, shape) = word_of(p, "ignore", text)?;
    let pattern = text.value.trim()[word.len()..].trim();
    let names: Option<Vec<String>> = match shape {
        // a signature may hold dots of its own
        Shape::Routine => Some(routine(pattern)),
        _ => parts(pattern).into_iter().map(name).collect(),
    };
    let own = p.schema.clone();
    let found = match (shape, names.as_deref()) {
        (Shape::Bare, Some([name])) => Some((String::new(), None, name.clone())),
        (Shape::InSchema | Shape::Routine, Some([name])) => Some((own, None, name.clone())),
        (Shape::InSchema | Shape::Routine, Some([schema, name])) => {
            Some((schema.clone(), None, name.clone()))
        }
        (Shape::OnTable, Some([name])) => Some((own, None, name.clone())),
        (Shape::OnTable, Some([table, name])) => Some((own, Some(table.clone()), name.clone())),
        (Shape::OnTable, Some([schema, table, name])) => {
            Some((schema.clone(), Some(table.clone()), name.clone()))
        }
        (Shape::OfTable, Some([table])) => Some((own, Some(table.clone()), "*".to_string())),
        (Shape::OfTable, Some([schema, table])) => {
            Some((schema.clone(), Some(table.clone()), "*".to_string()))
        }
        _ => None,
    };
    let Some((schema, relation, name)) = found else {
        p.reader.error_help(
            text.span,
            format!("`ignore`: \"{pattern}\" is not the name of a {word}, nor a pattern"),
            "write it like \"table tmp_*\" or \"function audit.*\"",
        );
        return None;
    };
    Some(Ignored {
        kinds,
        schema,
        relation,
        name,
    })
}

/// `audit.f(integer)` → schema and signature; without parentheses any arguments.
fn routine(pattern: &str) -> Vec<String> {
    let (name, arguments) = match pattern.find('(') {
        Some(at) => pattern.split_at(at),
        None => (pattern, "(*)"),
    };
    let mut names: Vec<String> = parts(name).into_iter().map(str::to_string).collect();
    if let Some(last) = names.last_mut() {
        last.push_str(arguments);
    }
    names
}

/// A name, or a pattern, folded as SQL does.
fn name(text: &str) -> Option<String> {
    if text.contains('*') && !text.starts_with('"') {
        return Some(text.to_lowercase());
    }
    parse_name(text)
        .ok()
        .filter(|name| name.schema.is_none())
        .map(|name| name.name)
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{complaints, literal, one, sample, settle, suite};

    #[test]
    fn what_is_ignored_is_not_extra() {
        let text = "exact = [\"tables\", \"functions\", \"enums\"]\n\
                    ignore = [\"table log*\", \"function *\", \"policy t.*\", \"enum mood\", \"view v\"]\n\
                    [table.t]\nexact = [\"policies\"]\n";
        let suite = suite("0001", text);
        let verdicts = settle(&[&suite], &sample(), literal);
        let exact = one(&verdicts, "0001/exact");
        assert!(!exact.message.contains("log"), "{}", exact.message);
        assert!(!exact.message.contains("function"), "{}", exact.message);
        assert!(!exact.message.contains("mood"), "{}", exact.message);
        assert_eq!(one(&verdicts, "0001/table.t/exact").message, "");
    }

    #[test]
    fn a_word_or_a_name_that_is_none() {
        assert_eq!(
            complaints("ignore = [\"tabel x\", \"table a.b.c\"]\n[table.t]\n"),
            [
                "1:11 `ignore`: \"tabel x\" does not say what kind of thing it is (did you mean `table …`?)",
                "1:22 `ignore`: \"a.b.c\" is not the name of a table, nor a pattern (write it like \"table tmp_*\" \
                 or \"function audit.*\")"
            ]
        );
    }
}
