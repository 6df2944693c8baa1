//! Two texts with the words that differ marked.

use similar::{ChangeTag, TextDiff};

use crate::report::markup::escape;

/// More than that is shown without marks: a difference of everything says nothing.
const LONGEST: usize = 20_000;

/// What was expected and what is there, each as HTML.
pub fn sides(want: &str, have: &str) -> (String, String) {
    if want.len().max(have.len()) > LONGEST {
        return (escape(want), escape(have));
    }
    let difference = TextDiff::from_words(want, have);
    let (mut wanted, mut found) = (Side::new("ins"), Side::new("del"));
    for change in difference.iter_all_changes() {
        let text = change.value();
        match change.tag() {
            ChangeTag::Equal => {
                wanted.push(text, false);
                found.push(text, false);
            }
            ChangeTag::Delete => wanted.push(text, true),
            ChangeTag::Insert => found.push(text, true),
        }
    }
    (wanted.finish(), found.finish())
}

/// One side; words that differ and stand together share a mark.
struct Side {
    tag: &'static str,
    out: String,
    marked: bool,
}

impl Side {
    fn new(tag: &'static str) -> Side {
        Side {
            tag,
            out: String::new(),
            marked: false,
        }
    }

    fn push(&mut self, text: &str, marked: bool) {
        if marked != self.marked {
            let slash = if marked { "" } else { "/" };
            self.out.push_str(&format!("<{slash}{}>", self.tag));
            self.marked = marked;
        }
        self.out.push_str(&escape(text));
    }

    fn finish(mut self) -> String {
        self.push("", false);
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::sides;

    #[test]
    fn words_are_marked() {
        assert_eq!(
            sides("a <b> c d", "a x d"),
            (
                "a <ins>&lt;b&gt; c</ins> d".to_string(),
                "a <del>x</del> d".to_string()
            )
        );
        assert_eq!(sides("same", "same"), ("same".to_string(), "same".to_string()));
    }
}
