//! goose: `00001_name.sql` with `-- +goose Up` and `-- +goose Down`; `-- +goose NO TRANSACTION` for the whole file.

use super::annotated::{self, Mark, Marks, words};
use super::{Layout, LayoutName};

pub(super) const LAYOUT: Layout = Layout {
    name: LayoutName::Goose,
    evidence: |folder| annotated::evidence(folder, &MARKS),
    read: |folder| annotated::read(folder, &MARKS),
    is_nested: false,
};

const MARKS: Marks = Marks {
    up: "-- +goose Up",
    down: "-- +goose Down",
    word: "+goose",
    read: mark,
};

fn mark(line: &str) -> Option<Mark> {
    let words: Vec<String> = words(line, MARKS.word)?
        .iter()
        .map(|word| word.to_ascii_lowercase())
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Some(match words.as_slice() {
        ["up"] => Mark::Up { outside: false },
        ["down"] => Mark::Down { outside: false },
        ["no", "transaction"] => Mark::Outside,
        ["statementbegin" | "statementend"] | ["envsub", "off"] => Mark::Split,
        ["envsub", "on"] => Mark::Variables,
        _ => Mark::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_lines;
    use super::*;

    #[test]
    fn both_ways_keep_the_lines_of_their_file() {
        assert_eq!(
            read_lines(
                LayoutName::Goose,
                &[
                    "m/00001_a-b.sql=-- a word\n-- +goose Up\n-- +goose StatementBegin\n  select 'é', 1;\n\
                     -- +goose StatementEnd\n\n-- +goose Down\n-- +goose StatementBegin\n\n  drop table a;\n\
                     -- +goose StatementEnd\n",
                    "m/00002_b.sql=-- +goose NO TRANSACTION\n-- +goose up\nselect 1;\n-- +goose down\nselect 2;",
                    "m/00003_c.sql=-- +goose Up\nselect 1;\n-- +goose Down\n-- +goose StatementBegin\n-- nothing\n",
                    "m/00004_d.sql=-- +goose Up\nbegin; select 1; commit;",
                    "m/00005_e.go=package x",
                ]
            ),
            [
                "00001 a_b: m/00001_a-b.sql:4:3 [select 'é', 1] / m/00001_a-b.sql:10:3 [drop table a]",
                "00002 b: m/00002_b.sql:3:1 outside [select 1] / m/00002_b.sql:5:1 outside [select 2]",
                "00003 c: m/00003_c.sql:2:1 [select 1] / -",
                "00004 d: m/00004_d.sql:2:8 [select 1] / -",
                "warning: m/00005_e.go:1:1 m/00005_e.go is not read: it is a program",
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_place() {
        assert_eq!(
            read_lines(
                LayoutName::Goose,
                &[
                    "m/1_a.sql=select 1;",
                    "m/2_b.sql=/* x */\nselect 1;\n-- +goose Up\n",
                    "m/3_c.sql=-- +goose Up\n-- +goose ENVSUB ON\nselect 1;",
                    "m/4_d.sql=-- +goose Up\nselect 1;\n-- +goose Dwon\n",
                    "m/e.sql=-- +goose Up\nselect 1;",
                    "m/99999999999999999999_f.sql=-- +goose Up\nselect 1;",
                ]
            ),
            [
                "error: m/1_a.sql:1:1 m/1_a.sql has no line `-- +goose Up`",
                "error: m/2_b.sql:2:1 a statement stands above `-- +goose Up`",
                "error: m/3_c.sql:2:1 variables of the environment are not filled in",
                "error: m/4_d.sql:3:1 \"-- +goose Dwon\" says nothing that is known",
                "error: m/99999999999999999999_f.sql:1:1 version 99999999999999999999 is too large: a version has at most 64 \
                 bits (up to 9223372036854775807)",
                "error: m/e.sql:1:1 m/e.sql has no version",
            ]
        );
    }
}
