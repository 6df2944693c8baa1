//! Several statements in one simple-query message, and the way back from an error to the place that caused it.
//!
//! A message costs one round trip whatever it holds, and the server stops at its first error. Each part of a
//! [`Batch`] is known by its [`Stage`], so an error leads to the part, and inside a script to the statement
//! or the very character.

use futures_util::StreamExt;
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use super::error::{Error, ServerError};
use crate::migration::MigrationScript;
use crate::source::{Place, SourceFile, Span};

/// The column name of a marker row: what stands behind it belongs to the next part.
const MARKER: &str = "pgplumb_part_end";

/// The server's clock in microseconds since 1970, whatever a script made of `search_path`.
const CLOCK: &str = "(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) OPERATOR(pg_catalog.*) 1000000)\
     ::pg_catalog.int8";

/// A row of the answer, its values as texts.
pub type Row = SimpleQueryRow;

/// What a part of a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Ends the transaction of the step before.
    Commit,
    Begin,
    /// Takes the runner's lock and looks whether the history is still as planned.
    Lock,
    /// Reads the catalog before the script.
    Before,
    /// Makes sure that the transaction is the expected one.
    Guard,
    /// The user's script.
    Script,
    /// Brings the session's settings back and fires deferred constraints.
    Settle,
    /// Reads the catalog behind the script.
    After,
    /// Writes history and journal.
    Record,
    /// Anything else that pgplumb asks.
    Query,
}

#[derive(Debug, Clone)]
struct Part {
    stage: Stage,
    /// Byte offsets in the message.
    span: Span,
    /// How many statements it has; `None` when a marker row tells its end.
    statements: Option<usize>,
    /// Of a script: its place in the file, and its statements there.
    script: Option<(Place, Vec<Span>)>,
}

/// One simple-query message under construction.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    text: String,
    parts: Vec<Part>,
}

impl Batch {
    pub fn new() -> Batch {
        Batch::default()
    }

    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Adds one statement of pgplumb's own.
    pub fn one(&mut self, stage: Stage, sql: &str) -> &mut Batch {
        self.push(stage, sql, Some(1), None);
        self
    }

    /// Adds several statements of pgplumb's own.
    pub fn many(&mut self, stage: Stage, sql: &str) -> &mut Batch {
        self.push(stage, sql, None, None);
        self.mark("NULL");
        self
    }

    /// Reads the server's clock: one more of [`Reply::moments`].
    pub fn clock(&mut self, stage: Stage) -> &mut Batch {
        self.push(stage, "", None, None);
        self.mark(CLOCK);
        self
    }

    /// Adds a script, without its own outer BEGIN and COMMIT.
    pub fn script(&mut self, script: &MigrationScript) -> &mut Batch {
        self.part(script, script.body_span().unwrap_or_default())
    }

    /// Adds that part of a script.
    pub fn part(&mut self, script: &MigrationScript, span: Span) -> &mut Batch {
        let statements = script
            .statements()
            .iter()
            .map(|statement| statement.span)
            .collect();
        let place = Place::new(&script.file, span);
        let text = script.file.slice(span).to_string();
        self.push(Stage::Script, &text, None, Some((place, statements)));
        self.mark("NULL");
        self
    }

    /// Adds one statement of a script, to share a transaction with what stands around it. The server's clock is read
    /// behind it.
    pub fn statement(&mut self, script: &MigrationScript, span: Span) -> &mut Batch {
        let (place, text) = (
            Place::new(&script.file, span),
            script.file.slice(span).to_string(),
        );
        self.push(Stage::Script, &text, None, Some((place, vec![span])));
        self.mark(CLOCK);
        self
    }

    /// A message of nothing but one statement of a script: only so does the server run it outside a transaction.
    pub fn lone(script: &MigrationScript, span: Span) -> Batch {
        let (place, text) = (
            Place::new(&script.file, span),
            script.file.slice(span).to_string(),
        );
        let mut batch = Batch::new();
        batch.push(Stage::Script, &text, Some(1), Some((place, vec![span])));
        batch
    }

    /// One statement, whose error leads back to the name.
    pub fn named(&mut self, stage: Stage, name: &str, sql: &str) -> &mut Batch {
        let span = Span::new(0, sql.len());
        let place = Place::new(&SourceFile::new(name, sql), span);
        self.push(stage, sql, Some(1), Some((place, vec![span])));
        self
    }

    fn push(
        &mut self,
        stage: Stage,
        sql: &str,
        statements: Option<usize>,
        script: Option<(Place, Vec<Span>)>,
    ) {
        let start = self.text.len();
        self.text.push_str(sql);
        let span = Span::new(start, self.text.len());
        // on a line of its own: the text may end in a comment, or without a semicolon
        self.text.push_str("\n;\n");
        self.parts.push(Part {
            stage,
            span,
            statements,
            script,
        });
    }

    /// Ends a part whose statements nobody counts, with a row of one value.
    fn mark(&mut self, value: &str) {
        self.text.push_str("SELECT ");
        self.text.push_str(value);
        self.text.push_str(" AS ");
        self.text.push_str(MARKER);
        self.text.push_str(";\n");
    }

    /// Sends it without waiting for the answer: several messages may be under way at once.
    pub async fn send(self, client: &Client) -> Sent {
        let stream = client.simple_query_raw(&self.text).await;
        Sent { batch: self, stream }
    }

    /// Sends it and waits for the answer.
    pub async fn run(self, client: &Client) -> Result<Reply, Failure> {
        self.send(client).await.reply().await
    }

    /// From the server's error to stage and place.
    fn locate(&self, part: usize, completed: usize, error: Error) -> Failure {
        let current = self.parts.get(part.min(self.parts.len().saturating_sub(1)));
        let offset = error
            .server()
            .and_then(|error| error.position)
            .map(|position| self.offset_of(position));
        let hit = offset.and_then(|offset| {
            self.parts
                .iter()
                .find(|part| (part.span.start..=part.span.end).contains(&offset))
        });
        let Some(part) = hit.or(current) else {
            return Failure::of(error);
        };
        let place = part
            .script
            .as_ref()
            .and_then(|(script, statements)| match offset {
                Some(offset) if hit.is_some() => {
                    let at = script.span.start + (offset - part.span.start);
                    Some(Place::new(
                        &script.file,
                        Span::new(at, at + token_length(script.file.text(), at)),
                    ))
                }
                _ => {
                    let statement = statements.get(completed.min(statements.len().saturating_sub(1)))?;
                    Some(Place::new(&script.file, *statement))
                }
            });
        Failure {
            stage: part.stage,
            place,
            ..Failure::of(error)
        }
    }

    /// Byte offset of a 1-based position in characters.
    fn offset_of(&self, position: usize) -> usize {
        self.text
            .char_indices()
            .nth(position.saturating_sub(1))
            .map_or(self.text.len(), |(offset, _)| offset)
    }
}

/// How many bytes to underline: a word, a quoted name, or one character.
fn token_length(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or("");
    let quoted = rest
        .strip_prefix('"')
        .and_then(|inner| inner.find('"'))
        .map(|end| end + 2);
    quoted.unwrap_or_else(|| {
        let word = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.' || c == '$'))
            .unwrap_or(rest.len());
        if word == 0 {
            rest.chars().next().map_or(0, char::len_utf8)
        } else {
            word
        }
    })
}

/// A message under way.
pub struct Sent {
    batch: Batch,
    stream: Result<tokio_postgres::SimpleQueryStream, tokio_postgres::Error>,
}

impl Sent {
    /// Waits for the answer.
    ///
    /// # Errors
    /// [`Failure`] with stage and place of the first error.
    pub async fn reply(self) -> Result<Reply, Failure> {
        self.reply_beside(|_, _| false).await
    }

    /// Waits for the answer, and keeps the rows that `take` leaves: it is handed each as it comes, while the server
    /// goes on, and says whether it took it.
    ///
    /// # Errors
    /// As [`reply`](Sent::reply).
    pub async fn reply_beside(self, mut take: impl FnMut(Stage, &Row) -> bool) -> Result<Reply, Failure> {
        let mut reply = Reply {
            rows: Vec::new(),
            affected: Vec::new(),
            moments: Vec::new(),
        };
        let moments = self
            .hear(|stage, heard| match heard {
                Heard::Row(row) if take(stage, &row) => {}
                Heard::Row(row) => reply.rows.push((stage, SimpleQueryMessage::Row(row))),
                Heard::Affected(count) => reply.affected.push((stage, count)),
            })
            .await?;
        Ok(Reply { moments, ..reply })
    }

    /// Waits for the answer, and hands on each row as it comes: none is kept.
    ///
    /// # Errors
    /// As [`reply`](Sent::reply); rows may have come before.
    pub async fn rows(self, mut take: impl FnMut(Stage, &SimpleQueryRow)) -> Result<(), Failure> {
        self.hear(|stage, heard| match heard {
            Heard::Row(row) => take(stage, &row),
            Heard::Affected(_) => {}
        })
        .await
        .map(drop)
    }

    /// Hands on what comes, and returns what the server's clock said.
    async fn hear(self, mut take: impl FnMut(Stage, Heard)) -> Result<Vec<i64>, Failure> {
        let batch = self.batch;
        let stream = match self.stream {
            Ok(stream) => stream,
            Err(error) => return Err(batch.locate(0, 0, error.into())),
        };
        let mut stream = std::pin::pin!(stream);
        let (mut part, mut completed) = (0, 0);
        let mut marked = false;
        let mut moments = Vec::new();
        while let Some(message) = stream.next().await {
            match message {
                Err(error) => {
                    return Err(Failure {
                        moments,
                        ..batch.locate(part, completed, error.into())
                    });
                }
                Ok(SimpleQueryMessage::RowDescription(_)) => {}
                Ok(SimpleQueryMessage::Row(row)) => {
                    if row
                        .columns()
                        .first()
                        .is_some_and(|column| column.name() == MARKER)
                    {
                        marked = true;
                        moments.extend(row.get(0).and_then(|moment| moment.parse::<i64>().ok()));
                    } else if let Some(part) = batch.parts.get(part) {
                        take(part.stage, Heard::Row(row));
                    }
                }
                Ok(SimpleQueryMessage::CommandComplete(affected)) => {
                    completed += 1;
                    if let Some(part) = batch.parts.get(part).filter(|_| !marked) {
                        take(part.stage, Heard::Affected(affected));
                    }
                    let ends = match batch.parts.get(part).and_then(|part| part.statements) {
                        Some(statements) => completed >= statements,
                        None => std::mem::take(&mut marked),
                    };
                    if ends {
                        (part, completed) = (part + 1, 0);
                    }
                }
                Ok(_) => {}
            }
        }
        if part < batch.parts.len() {
            let missing = batch.parts[part].stage;
            return Err(Failure {
                stage: missing,
                place: None,
                error: Error::Unexpected("the answer ended before the message did".to_string()),
                moments,
            });
        }
        Ok(moments)
    }
}

/// What comes back for a part of a message.
enum Heard {
    Row(SimpleQueryRow),
    /// How many rows a statement changed or returned.
    Affected(u64),
}

/// The rows of a message, with the stage that each belongs to.
pub struct Reply {
    rows: Vec<(Stage, SimpleQueryMessage)>,
    affected: Vec<(Stage, u64)>,
    moments: Vec<i64>,
}

impl Reply {
    /// What the server's clock said at each [`Batch::clock`] and behind each [`Batch::statement`], in order: microseconds
    /// since 1970.
    pub fn moments(&self) -> &[i64] {
        &self.moments
    }

    /// The messages of one stage that hold rows.
    pub fn messages(&self, stage: Stage) -> impl Iterator<Item = &SimpleQueryMessage> {
        self.rows
            .iter()
            .filter(move |(of, _)| *of == stage)
            .map(|(_, row)| row)
    }

    /// How many rows the last statement of a stage changed or returned.
    pub fn affected(&self, stage: Stage) -> u64 {
        let mut counts = self.affected.iter().rev();
        counts.find(|(of, _)| *of == stage).map_or(0, |(_, count)| *count)
    }

    /// How many rows each statement of a script read or changed, as it reports itself; 0 of one that reports none.
    pub fn script_counts(&self) -> Vec<u64> {
        let of_script = self.affected.iter().filter(|(of, _)| *of == Stage::Script);
        of_script.map(|(_, count)| *count).collect()
    }

    /// The rows of one stage.
    pub fn rows(&self, stage: Stage) -> impl Iterator<Item = &SimpleQueryRow> {
        self.messages(stage).filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        })
    }
}

/// The first error of a message.
#[derive(Debug, Clone)]
pub struct Failure {
    pub stage: Stage,
    /// In the script, when the error is there.
    pub place: Option<Place>,
    pub error: Error,
    /// What the server's clock had said before, as in [`Reply::moments`].
    pub moments: Vec<i64>,
}

impl Failure {
    /// An error without a place, of something that pgplumb asked.
    pub fn of(error: Error) -> Failure {
        Failure {
            stage: Stage::Query,
            place: None,
            error,
            moments: Vec::new(),
        }
    }

    /// The server's own error, when it is one.
    pub fn server(&self) -> Option<&ServerError> {
        self.error.server()
    }
}
