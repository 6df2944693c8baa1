//! `host=… dbname='…'`, read as libpq reads it.

use std::iter::Peekable;
use std::str::Chars;

use crate::db::parameters::keys::{self, Key};
use crate::db::parameters::{Form, ParameterError};

/// Splits a string into keywords and values. The first of several values of a keyword counts least.
pub(super) fn parse(text: &str) -> Result<Vec<(&'static Key, String)>, ParameterError> {
    let mut reader = Reader {
        chars: text.chars().peekable(),
        position: 1,
    };
    let mut settings: Vec<(&'static Key, String)> = Vec::new();
    loop {
        reader.skip_space();
        let begin = reader.position;
        let Some(first) = reader.chars.peek().copied() else {
            return Ok(settings);
        };
        let name = reader.take_while(|c| c != '=' && !c.is_ascii_whitespace());
        reader.skip_space();
        if reader.next() != Some('=') {
            return Err(malformed(begin, "a word without '=' behind it"));
        }
        let Some(key) = keys::find(&name) else {
            // behind a password with a space in it, this would be a piece of it
            let safe = !settings.iter().any(|(key, _)| key.name.ends_with("password")) && first != '=';
            return Err(ParameterError::UnknownKey {
                suggestion: keys::suggestion(&name),
                key: safe.then_some(name),
                form: Form::Conninfo,
                position: begin,
            });
        };
        reader.skip_space();
        settings.push((key, reader.value()?));
    }
}

fn malformed(position: usize, what: &'static str) -> ParameterError {
    ParameterError::Malformed {
        form: Form::Conninfo,
        what,
        position,
    }
}

struct Reader<'a> {
    chars: Peekable<Chars<'a>>,
    /// 1-based, of the next character.
    position: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.chars.next();
        self.position += usize::from(next.is_some());
        next
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(c) = self.chars.peek().copied().filter(|&c| wanted(c)) {
            taken.push(c);
            self.next();
        }
        taken
    }

    fn skip_space(&mut self) {
        self.take_while(|c| c.is_ascii_whitespace());
    }

    /// A value: up to the next space, or in quotes; a backslash takes the next character as it is.
    fn value(&mut self) -> Result<String, ParameterError> {
        let begin = self.position;
        let quoted = self.chars.peek() == Some(&'\'');
        if quoted {
            self.next();
        }
        let mut value = String::new();
        loop {
            match self.chars.peek().copied() {
                None if quoted => return Err(malformed(begin, "a quoted value without its end")),
                None => return Ok(value),
                Some('\'') if quoted => {
                    self.next();
                    return Ok(value);
                }
                Some(c) if !quoted && c.is_ascii_whitespace() => return Ok(value),
                Some('\\') => {
                    self.next();
                    value.extend(self.next());
                }
                Some(c) => {
                    value.push(c);
                    self.next();
                }
            }
        }
    }
}
