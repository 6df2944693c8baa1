//! Passwords in text that may be shown.

use std::ops::Range;

/// The text with the passwords of its connection strings as asterisks, of the same length in bytes, so that positions in
/// it stay what they were. Hides rather too much than too little.
///
/// Known are `scheme://user:secret@host`, `password=secret` in a URL, a key=value string, a file or an environment,
/// `"password": "secret"`, and `PASSWORD 'secret'` in SQL.
pub fn redact(text: &str) -> String {
    // ASCII only, so that offsets are those of the text
    let lower = text.to_ascii_lowercase();
    let mut secrets: Vec<Range<usize>> = Vec::new();
    for (start, _) in text.match_indices("://") {
        secrets.extend(userinfo(text, start + "://".len()));
    }
    for word in ["password", "passwd"] {
        for (start, _) in lower.match_indices(word) {
            secrets.extend(value(text, start, start + word.len()));
        }
    }
    if secrets.is_empty() {
        return text.to_string();
    }
    let mut bytes = text.as_bytes().to_vec();
    for secret in secrets {
        bytes[secret].fill(b'*');
    }
    // whole characters became whole runs of asterisks
    String::from_utf8(bytes).unwrap_or_default()
}

/// `user:secret@host` from `start`: from the first colon to the last `@`. A secret that holds a space or a quote
/// is no URL any more; then the last `@` of the line counts.
fn userinfo(text: &str, start: usize) -> Option<Range<usize>> {
    let line = text[start..].lines().next()?;
    let word = line
        .find(|c: char| c.is_whitespace() || c == '"' || c == '\'')
        .map_or(line, |end| &line[..end]);
    let at = word.rfind('@').or_else(|| {
        let (_, behind) = word.split_once(':')?;
        let port = behind
            .split(['/', '?', ',', ')', ';', '.'])
            .next()
            .unwrap_or(behind);
        let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
        (!is_port).then(|| line.rfind('@')).flatten()
    })?;
    let colon = line[..at].find(':')?;
    Some(start + colon + 1..start + at)
}

/// The value of the key that ends with the word at `start..end`.
fn value(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let before = text[..start].trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let in_query = before.ends_with(['?', '&']);
    let key_is_quoted = before.ends_with(['"', '\'']);
    // a key of TOML or JSON may stand in quotes, one of a log in colour
    let behind = skip(&text[end..], |c| matches!(c, '"' | '\'' | '\\'));
    let behind = skip(behind, char::is_whitespace);
    let separator = [":=", "=>", "==", "=", ":"]
        .into_iter()
        .find(|separator| behind.starts_with(separator));
    let rest = skip(&behind[separator.map_or(0, str::len)..], |c| {
        matches!(c, ' ' | '\t' | '\\')
    });
    let opens = rest
        .strip_prefix(['E', 'e'])
        .unwrap_or(rest)
        .starts_with(['"', '\'', '$']);
    match separator {
        // prose may go on with a colon
        Some(":") if !opens && !key_is_quoted => return None,
        // SQL: PASSWORD 'secret'
        None if !opens || key_is_quoted || behind.len() == text[end..].len() => return None,
        _ => {}
    }
    let length = length(rest, in_query);
    let from = text.len() - rest.len();
    Some(from + length.start..from + length.end)
}

/// Without the characters at the beginning that are to be skipped, and without colours.
fn skip(text: &str, skipped: fn(char) -> bool) -> &str {
    let mut rest = text.trim_start_matches(skipped);
    while let Some(sequence) = rest.strip_prefix("\u{1b}[") {
        let Some(end) = sequence.find('m') else { break };
        rest = sequence[end + 1..].trim_start_matches(skipped);
    }
    rest
}

/// How far a value goes.
fn length(text: &str, in_query: bool) -> Range<usize> {
    let start = match text.strip_prefix(['E', 'e']) {
        Some(rest) if rest.starts_with('\'') => 1,
        _ => 0,
    };
    match text[start..].chars().next() {
        Some(quote @ ('"' | '\'')) => quoted(text, start + 1, quote),
        Some('$') if text[1..].contains('$') => {
            let tag = text[1..].find('$').map_or(text, |end| &text[..end + 2]);
            let end = text[tag.len()..]
                .find(tag)
                .map_or(text.len(), |end| tag.len() + end);
            tag.len()..end
        }
        _ => 0..bare(text, in_query),
    }
}

/// To the closing quote; a doubled or escaped one does not close. A line end does.
fn quoted(text: &str, start: usize, quote: char) -> Range<usize> {
    let mut characters = text[start..].char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\n' => return start..start + at,
            '\\' => {
                // of a text in JSON the quotes themselves are escaped
                let closes = characters.next_if(|(_, next)| *next == quote).is_some()
                    && ends_value(&text[start + at + 2..]);
                if closes {
                    return start..start + at;
                }
            }
            _ if character == quote && characters.next_if(|(_, next)| *next == quote).is_none() => {
                return start..start + at;
            }
            _ => {}
        }
    }
    start..text.len()
}

/// What may stand behind the quote that closes a value in a text that is quoted as a whole.
fn ends_value(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with([',', '}', ']', '"'])
}

/// To the next space that is not escaped, or to the quote around the whole string.
fn bare(text: &str, in_query: bool) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        let rest = &text[at + character.len_utf8()..];
        let closes = matches!(character, '"' | '\'' | '`')
            && (rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace() || ",;:.)]}>\\".contains(c)));
        let ends = character.is_whitespace() || closes || (in_query && character == '&');
        if ends && !escaped || character == '\n' || character == '\u{1b}' {
            return at;
        }
        escaped = character == '\\' && !escaped;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn passwords_are_hidden_wherever_they_stand() {
        for (text, shown) in [
            ("postgres://app:hunter2@db/shop", "postgres://app:*******@db/shop"),
            (
                "url = \"postgres://app:p@ss:é@db:5432/shop?x=1\"",
                "url = \"postgres://app:*******@db:5432/shop?x=1\"",
            ),
            ("postgres://app@db/shop", "postgres://app@db/shop"),
            ("postgres:///shop", "postgres:///shop"),
            (
                "postgres://app:hun ter2@db/shop",
                "postgres://app:********@db/shop",
            ),
            (
                "\"postgres://app:hun'ter2@db/shop\"",
                "\"postgres://app:********@db/shop\"",
            ),
            (
                "\"postgres://db:5432/shop\" of a@b",
                "\"postgres://db:5432/shop\" of a@b",
            ),
            (
                "postgres://db/shop?user=a&password=hunter2&sslmode=require",
                "postgres://db/shop?user=a&password=*******&sslmode=require",
            ),
            (
                "host=db password=hunter2 user=a",
                "host=db password=******* user=a",
            ),
            (
                "host=db password=hun&ter'2 user=a",
                "host=db password=********* user=a",
            ),
            (
                "host=db password=hun\\ ter2 user=a",
                "host=db password=********* user=a",
            ),
            (
                "host=db password = 'hunter 2' user=a",
                "host=db password = '********' user=a",
            ),
            (
                "password='hunt\\'er2' sslpassword='hun''ter2'",
                "password='*********' sslpassword='*********'",
            ),
            (
                "\"host=db password=hunter2\", x",
                "\"host=db password=*******\", x",
            ),
            (
                "password = \"hunter2\"\nrole = \"a\"",
                "password = \"*******\"\nrole = \"a\"",
            ),
            ("\"password\" = 'hunter2", "\"password\" = '*******"),
            (
                "{\"password\": \"hunter2\", \"x\": 1}",
                "{\"password\": \"*******\", \"x\": 1}",
            ),
            (
                "\"{\\\"password\\\":\\\"hunter2\\\"}\"",
                "\"{\\\"password\\\":\\\"*******\\\"}\"",
            ),
            (
                "\u{1b}[3mpassword\u{1b}[0m\u{1b}[2m=\u{1b}[0mhunter2 \u{1b}[3mx",
                "\u{1b}[3mpassword\u{1b}[0m\u{1b}[2m=\u{1b}[0m******* \u{1b}[3mx",
            ),
            ("PGPASSWORD=hunter2", "PGPASSWORD=*******"),
            (
                "ALTER ROLE app PASSWORD 'hunter2'; -- x",
                "ALTER ROLE app PASSWORD '*******'; -- x",
            ),
            (
                "alter role app encrypted password E'hunter2'",
                "alter role app encrypted password E'*******'",
            ),
            (
                "alter role app password $a$hunter2$a$;",
                "alter role app password $a$*******$a$;",
            ),
            (
                "set_password(password => 'hunter2')",
                "set_password(password => '*******')",
            ),
            ("the password is asked for", "the password is asked for"),
            (
                "column public.users.password: type is `text`",
                "column public.users.password: type is `text`",
            ),
            ("table \"password\" 'x'", "table \"password\" 'x'"),
            ("password=", "password="),
            ("", ""),
        ] {
            assert_eq!(redact(text), shown);
            assert_eq!(redact(shown), shown, "once more");
        }
    }

    proptest::proptest! {
        #[test]
        fn lengths_stay_and_nothing_panics(text in "(postgres://|password|=|:| |'|\"|\\\\|\\$|@|é|a|\n|E|&){0,24}") {
            proptest::prop_assert_eq!(redact(&text).len(), text.len());
        }
    }
}
