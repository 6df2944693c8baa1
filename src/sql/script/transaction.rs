//! Transaction control, and what a transaction cannot hold.

use crate::sql::cursor::Cursor;
use crate::sql::lex::{TokenKind, significant};
use crate::sql::name::Name;

/// A statement that begins, ends or divides a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransactionControl {
    /// BEGIN, START TRANSACTION.
    Begin,
    /// COMMIT, END; `chain` for AND CHAIN.
    Commit {
        chain: bool,
    },
    /// ROLLBACK, ABORT; `chain` for AND CHAIN.
    Rollback {
        chain: bool,
    },
    Savepoint,
    ReleaseSavepoint,
    RollbackToSavepoint,
    PrepareTransaction,
    CommitPrepared,
    RollbackPrepared,
}

impl TransactionControl {
    /// Whether it leaves the transaction that it stands in.
    pub fn is_savepoint(self) -> bool {
        matches!(
            self,
            TransactionControl::Savepoint
                | TransactionControl::ReleaseSavepoint
                | TransactionControl::RollbackToSavepoint
        )
    }
}

pub(super) fn control(mut cursor: Cursor<'_>) -> Option<TransactionControl> {
    use TransactionControl::*;
    let c = &mut cursor;
    Some(match () {
        () if c.word("begin") || c.word("start transaction") => Begin,
        () if c.word("commit prepared") => CommitPrepared,
        () if c.word("rollback prepared") => RollbackPrepared,
        () if c.word("prepare transaction") => PrepareTransaction,
        () if c.word("commit") || c.word("end") => Commit { chain: chain(c) },
        () if c.word("rollback") || c.word("abort") => {
            let _ = c.word("work") || c.word("transaction");
            if c.word("to") {
                RollbackToSavepoint
            } else {
                Rollback { chain: chain(c) }
            }
        }
        () if c.word("savepoint") => Savepoint,
        () if c.word("release") => ReleaseSavepoint,
        () => return None,
    })
}

fn chain(cursor: &mut Cursor<'_>) -> bool {
    let _ = cursor.word("work") || cursor.word("transaction");
    cursor.word("and chain")
}

/// What cannot run inside a transaction block, by the name that the server's error gives it: every caller of
/// PreventInTransactionBlock whose decision the text shows.
pub(super) fn outside(mut cursor: Cursor<'_>) -> Option<&'static str> {
    let c = &mut cursor;
    if c.word("create") {
        let _ = c.word("unique");
        return match () {
            () if c.word("index concurrently") => Some("CREATE INDEX CONCURRENTLY"),
            () if c.word("database") => Some("CREATE DATABASE"),
            () if c.word("tablespace") => Some("CREATE TABLESPACE"),
            () if c.word("subscription") => {
                let connects = option(c, "connect") != Some(false);
                (connects && option(c, "create_slot") != Some(false))
                    .then_some("CREATE SUBSCRIPTION ... WITH (create_slot = true)")
            }
            () => None,
        };
    }
    if c.word("drop") {
        return match () {
            () if c.word("index concurrently") => Some("DROP INDEX CONCURRENTLY"),
            () if c.word("database") => Some("DROP DATABASE"),
            () if c.word("tablespace") => Some("DROP TABLESPACE"),
            // unless its slot was taken from it before, which the text does not show
            () if c.word("subscription") => Some("DROP SUBSCRIPTION"),
            () => None,
        };
    }
    if c.word("alter") {
        return match () {
            () if c.word("system") => Some("ALTER SYSTEM"),
            () if c.word("database") => {
                c.ident();
                c.word("set tablespace")
                    .then_some("ALTER DATABASE SET TABLESPACE")
            }
            () if c.word("subscription") => {
                c.ident();
                alter_subscription(c)
            }
            () if c.word("table") => {
                c.skip_until(|c| c.word_ahead("detach partition"));
                let detaches = c.word("detach partition") && c.name().is_some();
                (detaches && c.word("concurrently")).then_some("ALTER TABLE ... DETACH CONCURRENTLY")
            }
            () => None,
        };
    }
    match () {
        () if c.word("vacuum") => Some("VACUUM"),
        () if c.word("reindex") => {
            let mut concurrently = false;
            if let Some(mut options) = c.group() {
                options.skip_until(|c| c.is_word("concurrently"));
                concurrently = options.word("concurrently")
                    && !["false", "off", "0"]
                        .iter()
                        .any(|off| options.peek_text().eq_ignore_ascii_case(off));
            }
            let kind = c.any_word(&["schema", "database", "system", "table", "index"]);
            concurrently |= c.is_word("concurrently");
            match kind {
                Some("schema") => Some("REINDEX SCHEMA"),
                Some("database") => Some("REINDEX DATABASE"),
                Some("system") => Some("REINDEX SYSTEM"),
                _ => concurrently.then_some("REINDEX CONCURRENTLY"),
            }
        }
        () if c.word("cluster") => {
            let _ = c.word("verbose");
            let _ = c.group();
            c.is_end().then_some("CLUSTER")
        }
        () if c.word("do") && has_control_within(*c) => Some("DO with a COMMIT of its own"),
        () if c.word("discard all") => Some("DISCARD ALL"),
        () if c.word("commit prepared") => Some("COMMIT PREPARED"),
        () if c.word("rollback prepared") => Some("ROLLBACK PREPARED"),
        () => None,
    }
}

/// Whether a body that stands in quotes, of DO or of a procedure, ends transactions: `COMMIT;`, `ROLLBACK AND CHAIN;`.
pub(super) fn has_control_within(mut cursor: Cursor<'_>) -> bool {
    while let Some(token) = cursor.advance() {
        let body = match token.kind {
            TokenKind::DollarString | TokenKind::String => cursor.slice(token.span),
            _ => continue,
        };
        let body = body.trim_start_matches(|c: char| c != '$' && c != '\'');
        let inner = match body.strip_prefix('$').and_then(|rest| rest.split_once('$')) {
            Some((_, inner)) => inner,
            None => body.trim_start_matches('\''),
        };
        let tokens = significant(inner);
        let mut inner = Cursor::new(inner, &tokens);
        while !inner.is_end() {
            if inner.word("commit") || inner.word("rollback") {
                let _ = inner.word("and chain") || inner.word("and no chain");
                if inner.is_punct(";") {
                    return true;
                }
            } else {
                inner.advance();
            }
        }
    }
    false
}

/// The procedure that a CALL names.
pub(super) fn called(mut cursor: Cursor<'_>) -> Option<Name> {
    cursor.word("call").then(|| cursor.name())?
}

/// The procedure that a statement makes whose body ends transactions.
pub(super) fn makes_committing(mut cursor: Cursor<'_>) -> Option<Name> {
    if !cursor.word("create") {
        return None;
    }
    let _ = cursor.word("or replace");
    if !cursor.word("procedure") {
        return None;
    }
    let name = cursor.name()?;
    has_control_within(cursor).then_some(name)
}

fn alter_subscription(c: &mut Cursor<'_>) -> Option<&'static str> {
    if c.word("refresh publication") {
        return Some("ALTER SUBSCRIPTION ... REFRESH");
    }
    if c.word("set publication") || c.word("add publication") || c.word("drop publication") {
        return (option(c, "refresh") != Some(false)).then_some("ALTER SUBSCRIPTION with refresh");
    }
    // from 17 on, when it changes the slot on the publisher
    if c.is_word("set") && (option(c, "failover").is_some() || option(c, "two_phase").is_some()) {
        return Some("ALTER SUBSCRIPTION ... SET (failover)");
    }
    None
}

/// The boolean value of an option in a list `( … )` further on, when it is given.
fn option(cursor: &Cursor<'_>, name: &str) -> Option<bool> {
    let mut ahead = *cursor;
    ahead.skip_until(|c| c.is_punct("("));
    ahead.group()?.split_commas().into_iter().find_map(|mut option| {
        option.word(name).then(|| {
            option.punct("=");
            let value = option.peek_text().trim_matches('\'').to_ascii_lowercase();
            !matches!(value.as_str(), "false" | "off" | "0" | "no")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::lex::significant;

    fn outside_of(text: &str) -> Option<&'static str> {
        outside(Cursor::new(text, &significant(text)))
    }

    #[test]
    fn control_is_recognised_in_all_its_spellings() {
        use TransactionControl::*;
        for (text, expected) in [
            ("BEGIN WORK", Some(Begin)),
            ("start transaction isolation level serializable", Some(Begin)),
            ("end transaction", Some(Commit { chain: false })),
            ("commit and no chain", Some(Commit { chain: false })),
            ("COMMIT WORK AND CHAIN", Some(Commit { chain: true })),
            ("abort", Some(Rollback { chain: false })),
            ("rollback transaction to savepoint a", Some(RollbackToSavepoint)),
            ("rollback to a", Some(RollbackToSavepoint)),
            ("rollback and chain", Some(Rollback { chain: true })),
            ("savepoint a", Some(Savepoint)),
            ("release a", Some(ReleaseSavepoint)),
            ("prepare transaction 'x'", Some(PrepareTransaction)),
            ("commit prepared 'x'", Some(CommitPrepared)),
            ("prepare x as select 1", None),
            ("set transaction read only", None),
        ] {
            assert_eq!(control(Cursor::new(text, &significant(text))), expected, "{text}");
        }
    }

    #[test]
    fn what_the_server_refuses_in_a_transaction() {
        for text in [
            "do $$ begin loop exit; commit; end loop; end $$",
            "do language plpgsql 'begin update t set a = 1; rollback and chain; end'",
            "create index concurrently a on t (x)",
            "create unique index concurrently on t (x)",
            "drop index concurrently if exists a",
            "reindex table concurrently t",
            "reindex (concurrently) table t",
            "reindex (verbose, concurrently true) index i",
            "reindex schema s",
            "reindex (verbose) database d",
            "reindex system d",
            "vacuum",
            "vacuum (analyze) t",
            "create database d",
            "drop database if exists d",
            "create tablespace s location '/x'",
            "drop tablespace s",
            "alter system set work_mem = '1MB'",
            "alter database d set tablespace s",
            "cluster",
            "cluster verbose",
            "create subscription s connection 'x' publication p",
            "create subscription s connection 'x' publication p with (create_slot = on)",
            "drop subscription s",
            "alter subscription s refresh publication",
            "alter subscription s set publication p",
            "alter table only s.t detach partition s.p concurrently",
            "alter table if exists t detach partition p concurrently",
            "discard all",
            "rollback prepared 'x'",
        ] {
            assert!(outside_of(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_it() {
        for text in [
            "create index a on t (x)",
            "create index concurrent on t (x)",
            "drop index a",
            "reindex table t",
            "reindex (concurrently false) table t",
            "analyze t",
            "alter database d set work_mem = '1MB'",
            "cluster t using i",
            "create subscription s connection 'x' publication p with (connect = false)",
            "create subscription s connection 'x' publication p with (create_slot = false, enabled)",
            "alter subscription s set publication p with (refresh = false)",
            "alter subscription s disable",
            "alter table t detach partition p",
            "alter table t detach partition p finalize",
            "alter type mood add value 'x'",
            "refresh materialized view concurrently v",
            "discard plans",
        ] {
            assert_eq!(outside_of(text), None, "{text}");
        }
    }
}
