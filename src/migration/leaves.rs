//! What a script may leave in its session that neither COMMIT nor ROLLBACK ends, and RESET ALL does not take back.

use super::MigrationScript;
use crate::sql::{Scope, Statement, lex};

/// What is to be ended behind a script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leaves {
    /// Prepared statements.
    pub prepared: bool,
    /// Their names as SQL, where the text tells all of them and takes none away.
    pub names: Vec<String>,
    /// Advisory locks of the session.
    pub locks: bool,
    /// It listens to something.
    pub listens: bool,
    /// The settings of the session that its statements change, by name.
    pub settings: Vec<String>,
    /// It becomes another user or role.
    pub acts: bool,
    /// It may change more than its text tells.
    pub secret: bool,
    /// The words with a dot in what may: settings of others are named so.
    pub words: Vec<String>,
}

impl MigrationScript {
    /// What may be left of it in the session that ran it.
    pub fn leaves(&self) -> Leaves {
        let mut leaves = Leaves::default();
        let mut is_all_told = true;
        for statement in self.statements() {
            let text = || self.file.slice(statement.span);
            match statement.tag.as_str() {
                "PREPARE" => {
                    leaves.prepared = true;
                    leaves.names.extend(second_word(text()));
                }
                "LISTEN" => leaves.listens = true,
                "DEALLOCATE" | "DISCARD ALL" => is_all_told = false,
                _ => {}
            }
            let Some(name) = set_by(statement) else { continue };
            match name {
                "role" | "session_authorization" => leaves.acts = true,
                // the driver reads the encoding that it asked for
                "client_encoding" | "all" => {}
                "session characteristics" => leaves.settings.extend(CHARACTERISTICS.map(str::to_string)),
                name if is_plain(name) => leaves.settings.push(name.to_string()),
                _ => {}
            }
        }
        for statement in self.statements().iter().filter(|statement| statement.opaque) {
            let text = self.file.slice(statement.span).to_ascii_lowercase();
            leaves.prepared |= text.contains("prepare");
            leaves.listens |= text.contains("listen");
            leaves.locks |= text.contains("advisory");
            is_all_told &= !text.contains("prepare") && !text.contains("deallocate");
            leaves.secret = true;
            leaves.words.extend(words_with_a_dot(&text));
        }
        leaves.words.sort_unstable();
        leaves.words.dedup();
        if !is_all_told {
            leaves.names.clear();
        }
        leaves
    }
}

/// What SET SESSION CHARACTERISTICS sets.
const CHARACTERISTICS: [&str; 3] = [
    "default_transaction_isolation",
    "default_transaction_read_only",
    "default_transaction_deferrable",
];

/// The setting of the session that a statement changes.
fn set_by(statement: &Statement) -> Option<&str> {
    let setting = statement.sets.as_ref()?;
    (setting.scope == Scope::Session).then_some(&*setting.name)
}

/// Whether a name needs no quotes, and is written by people.
fn is_plain(name: &str) -> bool {
    name.chars()
        .all(|c| c.is_ascii_alphanumeric() || "_.".contains(c))
}

fn words_with_a_dot(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "_.".contains(c)));
    let is_name = |part: &str| part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_dotted = move |word: &&str| word.contains('.') && word.split('.').all(is_name);
    words.filter(is_dotted).map(str::to_string)
}

fn second_word(text: &str) -> Option<String> {
    let tokens = lex(text);
    let mut words = tokens.iter().filter(|token| !token.kind.is_trivia());
    Some(words.nth(1)?.text(text).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::directives::Direction;
    use crate::source::SourceFile;

    fn leaves(text: &str) -> Leaves {
        let (script, _) = MigrationScript::new(SourceFile::new("a.sql", text), Direction::Up);
        script.leaves()
    }

    #[test]
    fn what_ends_with_the_session_alone() {
        let none = Leaves::default();
        for text in [
            "create table prepare_me (a int); set local work_mem = '1MB'; reset all; set local role app",
            "select 'pg_advisory_lock'; insert into t values ('prepare x')",
        ] {
            assert_eq!(leaves(text), none, "{text}");
        }
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let found = leaves("prepare a as select 1; PREPARE \"B b\" (int) AS select $1; listen x");
        assert_eq!(found.names, names(&["a", "\"B b\""]));
        assert!(found.prepared && found.listens && !found.locks);
        let found = leaves("prepare a as select 1; deallocate a");
        assert!(found.prepared && found.names.is_empty());
        let found = leaves("do $$ begin execute 'prepare a as select 1'; end $$");
        assert!(found.prepared && found.names.is_empty());
        let found = leaves("select pg_advisory_lock(1)");
        assert!(found.locks && found.secret);
        let found = leaves("do $$ begin perform set_config('app.who', 'a', false), 1.5, s.f(); end $$");
        assert_eq!(found.words, names(&["app.who", "s.f"]));
        assert!(leaves("set role app").acts && leaves("reset session authorization").acts);
        let found = leaves("set work_mem = '1MB'; set app.x to y; select set_config('app.z', '', false)");
        assert_eq!(found.settings, names(&["work_mem", "app.x", "app.z"]));
    }
}
