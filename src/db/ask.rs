//! Puts the questions of the checks to the server, all in one round trip.
//!
//! It happens inside the transaction of the reading, and leaves nothing behind: the judge works in
//! subtransactions that are rolled back, and each query of a check file runs READ ONLY behind a savepoint, so
//! that an error in one does not disturb the others.

use std::sync::Arc;

use tokio_postgres::error::SqlState;

use super::audit;
use super::batch::{Batch, Failure, Stage};
use super::error::Error;
use super::judge;
use super::session::Session;
use crate::check::{Answer, Answers, Question};
use crate::migration::Timeout;
use crate::sql::name::{quote_ident, quote_literal};

/// How long one query of a check file may take, unless the session has a tighter limit.
const QUERY_TIMEOUT: Timeout = Timeout::from_secs(30);

/// Asks all questions but probes inside the open transaction.
///
/// # Errors
/// [`Failure`] when the conversation breaks; what a single question meets is in its answer.
pub async fn ask(session: &Session, questions: &[Question]) -> Result<Answers, Failure> {
    let client = session.client();
    let judge_under_way = match judge::judge_sql(questions) {
        None => None,
        Some(sql) => {
            let mut batch = savepoint("pgplumb_judge");
            let mut begun = None;
            // a text that the database cannot hold: the server does not take the message
            if !session.connection().server.is_unicode {
                begun = Some(std::mem::replace(&mut batch, Batch::new()).send(client).await);
            }
            batch.many(Stage::Query, &sql);
            Some((begun, batch.send(client).await))
        }
    };
    let judge_end = match judge_under_way {
        None => None,
        Some(_) => Some(undo("pgplumb_judge").send(client).await),
    };
    let mut queries = Vec::new();
    for question in questions {
        if let Question::Rows { sql, schema } = question {
            let begun = begin_query(session, schema).send(client).await;
            let mut batch = Batch::new();
            batch.many(Stage::Script, sql);
            let asked = batch.send(client).await;
            queries.push((question, begun, asked, undo("pgplumb_query").send(client).await));
        }
    }

    let audited = match questions.contains(&Question::Audit) {
        false => None,
        true => {
            let mut batch = Batch::new();
            batch.one(Stage::Query, "SAVEPOINT pgplumb_audit");
            audit::read(&mut batch);
            let asked = batch.send(client).await;
            Some((asked, undo("pgplumb_audit").send(client).await))
        }
    };

    // what is no one expression was not asked
    let mut answers = judge::answers(questions, []);
    if let (Some((begun, asked)), Some(end)) = (judge_under_way, judge_end) {
        if let Some(begun) = begun {
            begun.reply().await?;
        }
        match asked.reply().await {
            Ok(reply) => answers.extend(judge::answers(questions, reply.messages(Stage::Query))),
            // the judge as a whole was refused, say by a server without PL/pgSQL
            Err(Failure {
                error: Error::Server(error),
                ..
            }) => {
                let reason = format!("the server could not be asked: {}", error.message);
                answers.extend(judge::cannot_tell(questions, &reason));
            }
            Err(failure) => return Err(failure),
        }
        end.reply().await?;
    }
    for (question, begun, asked, end) in queries {
        begun.reply().await?;
        let answer = match asked.reply().await {
            Ok(reply) => {
                let rows = reply.rows(Stage::Script);
                Answer::Rows(
                    rows.map(|row| {
                        (0..row.len())
                            .map(|index| row.get(index).map(str::to_string))
                            .collect()
                    })
                    .collect(),
                )
            }
            Err(Failure {
                error: Error::Server(error),
                ..
            }) => {
                let message = match error.is(&SqlState::QUERY_CANCELED) {
                    true => format!("{} (a check's query has {QUERY_TIMEOUT})", error.message),
                    false => error.message,
                };
                Answer::Refused {
                    sqlstate: error.sqlstate,
                    message,
                }
            }
            Err(failure) => return Err(failure),
        };
        answers.insert(question.clone(), answer);
        end.reply().await?;
    }
    if let Some((asked, end)) = audited {
        let answer = match asked.reply().await {
            Ok(reply) => Answer::Audit(Arc::new(audit::facts(&reply)?)),
            Err(Failure {
                error: Error::Server(error),
                ..
            }) => Answer::Refused {
                sqlstate: error.sqlstate,
                message: error.message,
            },
            Err(failure) => return Err(failure),
        };
        answers.insert(Question::Audit, answer);
        end.reply().await?;
    }
    Ok(answers)
}

/// How long one statement of a check file may take.
pub(super) fn limit(session: &Session) -> Timeout {
    session
        .settings
        .statement_timeout
        .filter(|own| own.as_millis() > 0)
        .map_or(QUERY_TIMEOUT, |own| own.min(QUERY_TIMEOUT))
}

fn savepoint(name: &str) -> Batch {
    let mut batch = Batch::new();
    batch.one(Stage::Query, &format!("SAVEPOINT {name}"));
    batch
}

/// What one query of a check file runs behind, a message of its own: the server reads a whole message, by the settings
/// that are in force, before it does anything of it.
fn begin_query(session: &Session, schema: &str) -> Batch {
    let limit = limit(session);
    let path = format!("{}, public", quote_ident(schema));
    let settings = format!(
        "SELECT pg_catalog.set_config('transaction_read_only', 'on', true), \
         pg_catalog.set_config('statement_timeout', '{}ms', true), \
         pg_catalog.set_config('search_path', {}, true), {}",
        limit.as_millis(),
        quote_literal(&path),
        Session::meaning_calls(),
    );
    let mut batch = savepoint("pgplumb_query");
    batch.one(Stage::Query, &settings);
    batch
}

/// Takes back everything behind a savepoint, settings included.
fn undo(savepoint: &str) -> Batch {
    let mut batch = Batch::new();
    batch.one(Stage::Query, &format!("ROLLBACK TO SAVEPOINT {savepoint}"));
    batch
}
