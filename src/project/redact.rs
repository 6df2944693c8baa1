//! Passwords in text that may be shown.

/// The text with the passwords of its connection strings as asterisks, of the same length in bytes, so that positions in
/// it stay what they were. Hides rather too much than too little.
pub fn redact(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for (start, _) in text.match_indices("://") {
        hide_userinfo(text, start + "://".len(), &mut bytes);
    }
    // ASCII only, so that offsets are those of the text
    let lower = text.to_ascii_lowercase();
    for word in ["password", "passwd"] {
        for (start, _) in lower.match_indices(word) {
            hide_value(text, start + word.len(), &mut bytes);
        }
    }
    // whole characters became whole runs of asterisks
    String::from_utf8(bytes).unwrap_or_default()
}

/// `scheme://user:secret@host`: from the first colon to the last `@`.
fn hide_userinfo(text: &str, start: usize, bytes: &mut [u8]) {
    let rest = &text[start..];
    let end = rest
        .find(|c: char| c.is_whitespace() || c == '"' || c == '\'')
        .unwrap_or(rest.len());
    let Some(at) = rest[..end].rfind('@') else { return };
    if let Some(colon) = rest[..at].find(':') {
        bytes[start + colon + 1..start + at].fill(b'*');
    }
}

/// `password=secret`, `password = "secret"`, `password='se cret'`.
fn hide_value(text: &str, start: usize, bytes: &mut [u8]) {
    let rest = &text[start..];
    // a key of TOML or JSON may stand in quotes
    let behind_key = rest.trim_start_matches(['"', '\'']).trim_start();
    let Some(value) = behind_key.strip_prefix('=').or(behind_key.strip_prefix(':')) else {
        return;
    };
    let value = value.trim_start_matches([' ', '\t']);
    let start = start + rest.len() - value.len();
    let (from, to) = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => (
            1,
            value[1..].find([quote, '\n']).map_or(value.len(), |end| end + 1),
        ),
        _ => (
            0,
            value
                .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '&'))
                .unwrap_or(value.len()),
        ),
    };
    bytes[start + from..start + to].fill(b'*');
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
                "postgres://db/shop?user=a&password=hunter2&sslmode=require",
                "postgres://db/shop?user=a&password=*******&sslmode=require",
            ),
            (
                "host=db password=hunter2 user=a",
                "host=db password=******* user=a",
            ),
            (
                "host=db password = 'hunter 2' user=a",
                "host=db password = '********' user=a",
            ),
            (
                "password = \"hunter2\"\nrole = \"a\"",
                "password = \"*******\"\nrole = \"a\"",
            ),
            ("\"password\" = 'hunter2", "\"password\" = '*******"),
            ("PGPASSWORD=hunter2", "PGPASSWORD=*******"),
            ("the password is asked for", "the password is asked for"),
            ("password=", "password="),
            ("", ""),
        ] {
            assert_eq!(redact(text), shown);
            assert_eq!(redact(text).len(), text.len());
        }
    }
}
