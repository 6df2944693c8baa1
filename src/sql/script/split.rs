//! Where statements end: as psql sees it, which the server agrees with.

use std::ops::Range;

use crate::sql::lex::{Token, TokenKind};

/// Ranges of significant tokens, one a statement, without the semicolons. Empty statements are left out.
pub(super) fn split(text: &str, tokens: &[Token]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    let mut nesting = Nesting::default();
    for (index, token) in tokens.iter().enumerate() {
        let end = match token.kind {
            // the data is not part of any statement, nor is a command of psql's
            TokenKind::CopyData => true,
            TokenKind::MetaCommand => index == start || sends(token.text(text)),
            _ => nesting.read(text, tokens, index),
        };
        if end {
            if index > start {
                ranges.push(start..index);
            }
            start = index + 1;
            nesting = Nesting::default();
        }
    }
    if start < tokens.len() {
        ranges.push(start..tokens.len());
    }
    ranges
}

/// Whether a meta-command sends what stands before it.
fn sends(command: &str) -> bool {
    let name = command.split_whitespace().next().unwrap_or(command);
    name.starts_with("\\g") || matches!(name, "\\crosstabview" | "\\watch" | "\\;")
}

/// What a semicolon may be inside of.
#[derive(Default)]
struct Nesting {
    parentheses: usize,
    /// CREATE FUNCTION or PROCEDURE, where `BEGIN ATOMIC` opens a body.
    routine: bool,
    /// Words read of this statement; the kind of it shows in the first four.
    words: usize,
    /// BEGIN ATOMIC, and CASE within it, each until its END.
    blocks: usize,
}

impl Nesting {
    /// Reads a token; true for the semicolon that ends the statement.
    fn read(&mut self, text: &str, tokens: &[Token], index: usize) -> bool {
        let token = tokens[index];
        let spelled = token.text(text);
        let is = |word: &str| spelled.eq_ignore_ascii_case(word);
        match token.kind {
            TokenKind::Punct => match spelled {
                "(" => self.parentheses += 1,
                ")" => self.parentheses = self.parentheses.saturating_sub(1),
                ";" => return self.parentheses == 0 && self.blocks == 0,
                _ => {}
            },
            TokenKind::Ident => {
                match self.words {
                    0 => self.routine = is("create"),
                    1..4 if self.routine => {
                        // create [or replace] function
                        let header = is("or") || is("replace");
                        if is("function") || is("procedure") {
                            self.words = 4;
                        } else if !header {
                            self.routine = false;
                        }
                    }
                    4.. if self.routine && self.parentheses == 0 => self.block(text, tokens, index),
                    _ => {}
                }
                self.words = (self.words + 1).min(5);
            }
            _ => self.words = self.words.max(1),
        }
        false
    }

    fn block(&mut self, text: &str, tokens: &[Token], index: usize) {
        let spelled = tokens[index].text(text);
        let is = |word: &str| spelled.eq_ignore_ascii_case(word);
        if self.blocks == 0 {
            let atomic = tokens
                .get(index + 1)
                .is_some_and(|next| next.text(text).eq_ignore_ascii_case("atomic"));
            self.blocks = usize::from(is("begin") && atomic);
        } else if is("case") {
            self.blocks += 1;
        } else if is("end") {
            self.blocks -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::lex::significant;

    fn pieces(text: &str) -> Vec<String> {
        let tokens = significant(text);
        split(text, &tokens)
            .into_iter()
            .map(|range| text[tokens[range.start].span.start..tokens[range.end - 1].span.end].to_owned())
            .collect()
    }

    #[test]
    fn semicolons_inside_of_something_end_nothing() {
        for statement in [
            "select ';', E'\\';', $$;$$, $a$;$$;$a$, \";\", U&\";\"",
            "select 1 /* ; /* ; */ ; */ + 1",
            "select 1 -- ;\n + 1",
            "select 'a'\n';b'",
            "select e'a'\n'\\';'",
            "create rule r as on insert to t do also (insert into a values (1); insert into b values (2))",
            "create function f(a int) returns int begin atomic; select case when a > 0 then 1 else 2 end; select 2; end",
            "create or replace procedure p() language sql begin atomic insert into t values (1); end",
            "create function a$b$() returns int as $b$ select 1; $b$ language sql",
            "do $do$ begin perform ';'; end $do$",
        ] {
            assert_eq!(pieces(&format!("{statement};select 2")), [statement, "select 2"]);
        }
    }

    #[test]
    fn words_that_only_look_like_blocks_end_nothing_either() {
        for statement in [
            "begin",
            "create table begin (atomic int)",
            "create function begin() returns int language sql as 'select 1'",
            "select case when true then 1 end",
            "create view v as select case 1 when 1 then 2 end as \"begin\"",
        ] {
            assert_eq!(pieces(&format!("{statement};select 2")), [statement, "select 2"]);
        }
    }

    #[test]
    fn empty_statements_and_comments_are_nothing() {
        assert_eq!(pieces(";; /* a */ ; -- b\n"), [""; 0]);
        assert_eq!(pieces("-- a\nselect 1 /* b */ ; /* c */"), ["select 1"]);
    }

    #[test]
    fn copy_data_belongs_to_no_statement() {
        let text = "COPY t FROM stdin;\n1\t;'\n\\.\nselect 2;";
        assert_eq!(pieces(text), ["COPY t FROM stdin", "select 2"]);
    }

    #[test]
    fn commands_of_psql_stand_alone() {
        assert_eq!(
            pieces("\\i a.sql\nselect 1;\n\\echo x\nselect 2 \\gset\nselect 3"),
            ["select 1", "select 2", "select 3"]
        );
    }
}
