//! Why a fragment was refused.

use crate::source::Span;

/// A fragment that is not what it has to be: where, and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FragmentError {
    /// One sentence without a full stop that says what was expected.
    pub message: String,
    /// Byte offsets within the fragment.
    pub span: Span,
    /// One imperative line, where there is something to say.
    pub help: Option<String>,
}

impl FragmentError {
    pub(crate) fn new(message: impl Into<String>, span: Span) -> FragmentError {
        FragmentError {
            message: message.into(),
            span,
            help: None,
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> FragmentError {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn shifted(mut self, by: usize) -> FragmentError {
        self.span = self.span.shifted(by);
        self
    }
}

/// The option that a misspelt word was probably meant to be.
pub(crate) fn suggestion<'a>(word: &str, options: &[&'a str]) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    options
        .iter()
        .map(|option| (strsim::damerau_levenshtein(&word, option), *option))
        .filter(|(distance, option)| *distance <= option.len().max(3) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, option)| option)
}

/// `unknown event "insrt": did you mean "insert"?`
pub(crate) fn unknown(what: &str, word: &str, span: Span, options: &[&str]) -> FragmentError {
    match suggestion(word, options) {
        Some(option) => FragmentError::new(
            format!("unknown {what} \"{word}\": did you mean \"{option}\"?"),
            span,
        ),
        None => FragmentError::new(format!("unknown {what} \"{word}\""), span)
            .help(format!("use one of: {}", options.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions_need_some_likeness() {
        assert_eq!(suggestion("insrt", &["insert", "update"]), Some("insert"));
        assert_eq!(suggestion("INSERTS", &["insert", "update"]), Some("insert"));
        assert_eq!(suggestion("xyz", &["insert", "update"]), None);
        let error = unknown("event", "foo", Span::new(0, 3), &["insert", "update"]);
        assert_eq!(error.help.as_deref(), Some("use one of: insert, update"));
    }
}
