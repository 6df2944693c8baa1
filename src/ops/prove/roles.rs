//! Whether a script makes, changes or drops roles, which belong to the whole server.

use crate::migration::MigrationScript;

/// Whether it may, by its words: they may stand in the body of a DO block as well. Said too often rather than too
/// seldom, as it only has runs wait for each other.
pub(super) fn may_make(script: &MigrationScript) -> bool {
    may_make_by_words(script.file.text())
        || script
            .statements()
            .iter()
            .any(|statement| statement.tag == "GRANT ROLE" || statement.tag == "REVOKE ROLE")
}

fn may_make_by_words(text: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = text
        .split(|c| !is_word(c))
        .filter(|word| !word.is_empty())
        .peekable();
    let is_one_of = |word: &str, of: &[&str]| of.iter().any(|other| word.eq_ignore_ascii_case(other));
    while let Some(word) = words.next() {
        let next = words.peek().copied().unwrap_or_default();
        if is_one_of(word, &["create", "alter", "drop", "on"]) && is_one_of(next, &["role", "user", "group"])
        {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_found_by_the_words_around_them() {
        for (text, expected) in [
            ("CREATE ROLE app", true),
            ("create\n  user app", true),
            ("DO $$ BEGIN EXECUTE 'drop role ' || r; END $$", true),
            ("alter group a add user b", true),
            ("comment on role app is 'x'", true),
            ("create table role_of (user_id int)", false),
            ("create table \"user\" (a int); grant select on t to app", false),
            ("", false),
        ] {
            assert_eq!(may_make_by_words(text), expected, "{text}");
        }
    }
}
