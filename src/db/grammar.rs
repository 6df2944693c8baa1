//! What the server's own grammar says of scripts, of which nothing runs.
//!
//! The server takes a text apart in full before it runs the first statement of it, and in front of each script stands one
//! that fails. So there are two errors: that one, or what the grammar refuses.

use std::collections::BTreeSet;

use super::batch::{Batch, Failure, Reply, Sent, Stage};
use super::session::Session;
use crate::migration::MigrationScript;
use crate::preflight::Refusal;
use crate::source::Span;
use crate::sql::name::{do_block, quote_literal};

/// Fails, and so keeps what stands behind it from running. No grammar refuses with its SQLSTATE.
const FAILS: &str = "SELECT 1 OPERATOR(pg_catalog./) 0";

/// What is longer is data: a copy of it costs more than it tells.
const LONGEST: usize = 4 << 20;

/// Of all scripts together.
const ALTOGETHER: usize = 32 << 20;

/// Of one message: what the driver once needed to send something, it keeps.
const PORTION: usize = 64 << 10;

/// How a text is read hangs on these, which a script may set between its statements.
const READ_BY: [&str; 2] = ["standard_conforming_strings", "backslash_quote"];

/// The part of a script that the server would read as it would read it now; `None` when there is none, or when it is too
/// long to be worth the question.
pub fn readable(script: &MigrationScript) -> Option<Span> {
    let body = script.body_span()?;
    // what runs in a transaction is read as a whole, before any of it is run
    let first = match script.is_transactional() {
        true => None,
        false => script.statements().iter().find(|statement| {
            let text = script.file.slice(statement.span).to_ascii_lowercase();
            READ_BY.iter().any(|name| text.contains(name))
        }),
    };
    let span = Span::new(body.start, first.map_or(body.end, |first| first.span.start));
    let text = script.file.slice(span);
    (!text.is_empty() && text.len() <= LONGEST && !text.contains('\0')).then_some(span)
}

/// Adds the question which of the scripts are refused. They are one value: statistics of statements hold none of them.
/// What a database of another encoding may not even hold is left out, for it would fail the whole message.
fn ask(batch: &mut Batch, scripts: &[&MigrationScript], is_unicode: bool) {
    if scripts.is_empty() {
        return;
    }
    let texts: Vec<String> = scripts
        .iter()
        .map(|script| {
            let text = readable(script).map(|span| script.file.slice(span));
            quote_literal(
                text.filter(|text| is_unicode || text.is_ascii())
                    .unwrap_or_default(),
            )
        })
        .collect();
    let texts = format!("ARRAY[{}]::pg_catalog.text[]::pg_catalog.text", texts.join(", "));
    let keep = format!("SELECT pg_catalog.set_config('pgplumb.scripts', {texts}, true) IS NULL");
    batch.one(Stage::Query, &keep);
    batch.one(
        Stage::Query,
        &do_block(include_str!("sql/grammar.sql").trim_end()),
    );
    batch.one(
        Stage::Query,
        "SELECT pg_catalog.current_setting('pgplumb.refused') AS refused",
    );
}

/// What one message asks about: scripts that follow one another. There is always a first.
fn portions<'s>(scripts: &'s [&'s MigrationScript]) -> Vec<&'s [&'s MigrationScript]> {
    let mut portions = Vec::new();
    let (mut from, mut size, mut altogether) = (0, 0, 0);
    for (number, script) in scripts.iter().enumerate() {
        let length = readable(script).map_or(0, |span| span.end - span.start);
        altogether += length;
        if altogether > ALTOGETHER {
            portions.push(&scripts[from..number]);
            return portions;
        }
        if size + length > PORTION && number > from {
            portions.push(&scripts[from..number]);
            (from, size) = (number, 0);
        }
        size += length;
    }
    portions.push(&scripts[from..]);
    portions
}

/// Messages under way.
pub struct Asked<'s> {
    sent: Vec<(&'s [&'s MigrationScript], Sent)>,
    is_unicode: bool,
}

impl Asked<'_> {
    /// The answer to the first message, and which of the scripts are refused, by their place in the list.
    ///
    /// # Errors
    /// The first [`Failure`]: the server refuses the question or is lost.
    pub async fn answer(self) -> Result<(Option<Reply>, Vec<usize>), Failure> {
        let (mut first, mut numbers, mut from) = (None, Vec::new(), 0);
        for (portion, sent) in self.sent {
            let reply = sent.reply().await?;
            let refused = refused(&reply, portion, self.is_unicode);
            numbers.extend(refused.into_iter().map(|number| from + number));
            from += portion.len();
            first.get_or_insert(reply);
        }
        Ok((first, numbers))
    }
}

/// Which scripts of the question were refused, by their place in it, or may be and could not be asked about with others.
fn refused(reply: &Reply, scripts: &[&MigrationScript], is_unicode: bool) -> Vec<usize> {
    let row = reply
        .rows(Stage::Query)
        .find_map(|row| row.try_get("refused").ok().flatten());
    let numbers = row.unwrap_or_default().split(',');
    let mut refused: BTreeSet<usize> = numbers.filter_map(|number| number.parse().ok()).collect();
    let is_apart = |script: &MigrationScript| {
        readable(script).is_some_and(|span| !is_unicode && !script.file.slice(span).is_ascii())
    };
    refused.extend((0..scripts.len()).filter(|number| is_apart(scripts[*number])));
    refused.into_iter().collect()
}

impl Session {
    /// Asks about scripts in the transaction that a message begins, and those that do not fit in transactions of their own
    /// right behind it: all messages are under way at once.
    pub async fn ask_grammar<'s>(&self, begun: Batch, scripts: &'s [&'s MigrationScript]) -> Asked<'s> {
        let is_unicode = self.connection().server.is_unicode;
        let mut sent = Vec::new();
        let mut begun = Some(begun);
        for portion in portions(scripts) {
            let mut batch = begun.take().unwrap_or_else(|| self.begin_question());
            ask(&mut batch, portion, is_unicode);
            batch.one(Stage::Query, "ROLLBACK");
            sent.push((portion, batch.send(self.client()).await));
        }
        Asked { sent, is_unicode }
    }

    /// Begins a transaction that writes nothing.
    pub fn begin_question(&self) -> Batch {
        let mut batch = Batch::new();
        self.begin(&mut batch, "READ ONLY", &self.settings);
        batch
    }

    /// Which of the scripts are refused, by their place in the list.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses the question or is lost; the transaction is to be rolled back then.
    pub async fn refused(&self, scripts: &[&MigrationScript]) -> Result<Vec<usize>, Failure> {
        let asked = self.ask_grammar(self.begin_question(), scripts).await;
        Ok(asked.answer().await?.1)
    }

    /// What is refused in each of the scripts, and where: a block is not told the place, so each is sent once more. One
    /// message follows the other without waiting for answers. `None` of one that is not refused any more.
    pub async fn refusals(&self, scripts: &[&MigrationScript]) -> Vec<Option<Refusal>> {
        let mut sent = Vec::new();
        for &script in scripts {
            let mut batch = Batch::new();
            batch.one(Stage::Query, FAILS);
            batch.part(script, readable(script).unwrap_or_default());
            sent.push((script, batch.send(self.client()).await));
        }
        let mut refusals = Vec::new();
        for (script, sent) in sent {
            let failure = sent.reply().await.err();
            refusals.push(failure.and_then(|failure| refusal(script, &failure)));
        }
        refusals
    }
}

fn refusal(script: &MigrationScript, failure: &Failure) -> Option<Refusal> {
    let error = failure.server()?;
    let is_grammar = ["42", "22", "0A"]
        .iter()
        .any(|class| error.sqlstate.starts_with(class));
    if !is_grammar || error.sqlstate == "22012" {
        return None;
    }
    let first = script.statements().first().map(|statement| statement.span);
    let place = failure.place.as_ref().map(|place| place.span);
    let place = place.or_else(|| foreign(script, &error.message));
    Some(Refusal {
        message: error.message.clone(),
        hint: error.hint.clone(),
        span: place.or(first).unwrap_or_default(),
    })
}

/// Where the character is that the database's encoding has not: `byte sequence 0xe2 0x86 0x92 in encoding …`.
fn foreign(script: &MigrationScript, message: &str) -> Option<Span> {
    let words = message.split_once("byte sequence ")?.1.split(' ');
    let bytes = words.map_while(|word| u8::from_str_radix(word.strip_prefix("0x")?, 16).ok());
    let character = String::from_utf8(bytes.collect()).ok()?;
    let at = readable(script)?.start;
    let found = script.file.text()[at..].find(&character)?;
    Some(Span::new(at + found, at + found + character.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::Direction;
    use crate::source::SourceFile;

    fn read(text: &str) -> Option<String> {
        let file = SourceFile::new("migrations/0001_a.sql", text);
        let (script, _) = MigrationScript::new(file, Direction::Up);
        readable(&script).map(|span| script.file.slice(span).to_owned())
    }

    #[test]
    fn what_the_server_would_read_otherwise_is_left_out() {
        let sets = "SELECT 1;\nSET Standard_Conforming_Strings = off;\nSELECT 2;\n";
        let outside = format!("-- pgplumb: no-transaction\n{sets}");
        assert_eq!(read(&outside).as_deref(), Some("SELECT 1;\n"), "one by one");
        assert_eq!(read(sets).as_deref(), Some(sets.trim_end().trim_end_matches(';')));
        assert_eq!(read("-- nothing\n"), None);
        assert_eq!(read(&format!("SELECT '{}'", "x".repeat(LONGEST))), None);
    }

    #[test]
    fn a_portion_is_what_fits() {
        let script = |length: usize| {
            let file = SourceFile::new(
                "migrations/0001_a.sql",
                format!("SELECT '{}'", "x".repeat(length)),
            );
            MigrationScript::new(file, Direction::Up).0
        };
        let (small, half, large, empty) = (
            script(10),
            script(PORTION / 2 - "SELECT ''".len()),
            script(2 * PORTION),
            script(LONGEST),
        );
        let lengths = |scripts: &[&MigrationScript]| -> Vec<usize> {
            portions(scripts).iter().map(|portion| portion.len()).collect()
        };
        assert_eq!(lengths(&[]), [0]);
        assert_eq!(lengths(&[&half, &half, &small, &empty]), [2, 2]);
        assert_eq!(lengths(&[&large, &large, &small]), [1, 1, 1]);
        let many = vec![&large; ALTOGETHER / PORTION];
        assert!(
            lengths(&many).iter().sum::<usize>() < many.len(),
            "no more than that is asked about"
        );
    }

    #[test]
    fn scripts_are_texts_whatever_they_hold() {
        let text = "SELECT $pgplumb$ '\\' $pgplumb$";
        let file = SourceFile::new("migrations/0001_a.sql", text);
        let (script, _) = MigrationScript::new(file, Direction::Up);
        let mut batch = Batch::new();
        ask(&mut batch, &[], true);
        assert!(batch.is_empty(), "nothing to ask");
        ask(&mut batch, &[&script], true);
        let sent = format!("{batch:?}");
        let value = format!("{:?}", quote_literal(text));
        assert!(sent.contains(value.trim_matches('"')), "{sent}");
    }
}
